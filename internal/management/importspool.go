package management

import (
	"errors"
	"io"
	"os"
	"sync"
)

// spool holds the verdicts that the caller has not read yet. Many HTTP clients
// read nothing before they have sent everything; so what exceeds maxSpool goes
// into a temporary file, memory stays flat, and nobody waits for the other for
// ever.
type spool struct {
	mu     sync.Mutex
	cond   sync.Cond
	memory []byte
	file   *os.File // what came after memory, or nil
	read   int64    // bytes of file that were taken
	size   int64    // bytes of file
	closed bool
	err    error // why nothing more is sent
}

const (
	maxSpool   = 1 << 20  // bytes in memory
	spoolChunk = 64 << 10 // bytes taken from the file at a time
)

func newSpool() *spool {
	s := &spool{}
	s.cond.L = &s.mu
	return s
}

// write adds to what is to be sent. It fails once sending has.
func (s *spool) write(p []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.cond.Broadcast()
	switch {
	case s.err != nil:
		return s.err
	case s.file == nil && len(s.memory)+len(p) <= maxSpool:
		s.memory = append(s.memory, p...)
		return nil
	case s.file == nil:
		if s.file, s.err = os.CreateTemp("", "guestlist-import-*"); s.err != nil {
			return s.err
		}
	}
	var n int
	n, s.err = s.file.WriteAt(p, s.size)
	s.size += int64(n)
	return s.err
}

// take waits for something to be sent and returns it, io.EOF after the last.
func (s *spool) take() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.memory) == 0 && s.file == nil && !s.closed {
		s.cond.Wait()
	}
	if len(s.memory) > 0 {
		p := s.memory
		s.memory = nil
		return p, nil
	}
	if s.file == nil {
		return nil, io.EOF
	}
	p := make([]byte, min(spoolChunk, s.size-s.read))
	if _, err := s.file.ReadAt(p, s.read); err != nil {
		return nil, err
	}
	if s.read += int64(len(p)); s.read == s.size {
		return p, s.drop()
	}
	return p, nil
}

// drop removes the file. The caller holds the lock.
func (s *spool) drop() error {
	if s.file == nil {
		return nil
	}
	err := errors.Join(s.file.Close(), os.Remove(s.file.Name()))
	s.file, s.read, s.size = nil, 0, 0
	return err
}

// close says that nothing more will be written.
func (s *spool) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.cond.Broadcast()
}

// drain hands everything to send, in order, until the spool is closed and
// empty or send fails.
func (s *spool) drain(send func([]byte) error) {
	var err error
	for err == nil {
		var p []byte
		if p, err = s.take(); len(p) > 0 && err == nil {
			err = send(p)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(err, io.EOF) {
		err = nil
	}
	s.err = errors.Join(err, s.drop())
}
