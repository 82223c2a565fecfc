package management

import (
	"net/http"
	"sync"
	"time"
)

// answerStream sends an answer while its request still comes in. What the caller
// does not read yet waits in a spool, so that neither waits for the other for
// ever.
type answerStream struct {
	c     *call
	conn  *http.ResponseController
	spool *spool

	sending sync.WaitGroup
}

func newAnswerStream(c *call) *answerStream {
	return &answerStream{c: c, conn: http.NewResponseController(c.w), spool: newSpool()}
}

// begin sends the head of the answer. Nothing can be refused any more.
func (s *answerStream) begin(contentType string) {
	// The answer begins before the request ends. Where the transport cannot do
	// that, callers see it when they have sent everything.
	_ = s.conn.EnableFullDuplex()
	s.c.w.Header().Set("Content-Type", contentType)
	s.c.w.Header().Set("X-Accel-Buffering", "no") // proxies shall not hold the answer back
	s.c.w.WriteHeader(s.c.status)
	s.sending.Go(func() { s.spool.drain(s.send) })
}

// end waits until everything was sent, or cannot be.
func (s *answerStream) end() {
	s.spool.close()
	s.sending.Wait()
}

func (s *answerStream) send(text []byte) error {
	_ = s.conn.SetWriteDeadline(time.Now().Add(importPatience)) // see patientReader
	if _, err := s.c.w.Write(text); err != nil {
		return err
	}
	return s.conn.Flush()
}
