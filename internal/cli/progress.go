package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// progress says how far something is: on a terminal by a bar that is drawn anew,
// elsewhere by a line now and then.
type progress struct {
	out      io.Writer
	terminal bool
	now      func() time.Time

	mu    sync.Mutex // an upload is read by the transport, which may lag behind
	over  bool
	what  string
	since time.Time // what began
	last  time.Time // something was written
	dirty bool      // a bar stands there
}

// How often something is written, and how wide a bar is.
const (
	drawEvery = 100 * time.Millisecond
	lineEvery = 5 * time.Second
	barWidth  = 24
)

func newProgress(term terminal) *progress {
	f, ok := term.err.(*os.File)
	if ok {
		info, err := f.Stat()
		ok = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return &progress{out: term.err, terminal: ok, now: time.Now}
}

// show says that done of total are done. The first call for what starts the
// clock.
func (p *progress) show(what string, done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	now := p.now()
	if p.what != what {
		p.leave()
		p.what, p.since, p.last = what, now, time.Time{}
		if !p.terminal {
			p.last = now // a short one needs no lines
		}
	}
	every := lineEvery
	if p.terminal {
		every = drawEvery
	}
	if now.Sub(p.last) < every && (!p.terminal || done < total) {
		return
	}
	p.last = now
	line := p.line(done, total, now.Sub(p.since))
	if !p.terminal {
		fmt.Fprintln(p.out, line)
		return
	}
	p.dirty = true
	full := barWidth
	if total > 0 {
		full = int(min(done, total) * barWidth / total)
	}
	fmt.Fprintf(p.out, "\r[%s%s] %s\x1b[K", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), line)
}

// line is how far it is, with the rate and the time that is left.
func (p *progress) line(done, total int64, took time.Duration) string {
	amount := func(n int64) string { return fmt.Sprint(n) }
	if p.what == "bytes" {
		amount = megabytes
	}
	percent := int64(100)
	if total > 0 {
		percent = min(done, total) * 100 / total
	}
	s := fmt.Sprintf("%3d%%  %s of %s %s", percent, amount(done), amount(total), p.what)
	if p.what == "bytes" {
		s = fmt.Sprintf("%3d%%  %s of %s", percent, amount(done), amount(total))
	}
	if took <= 0 || done <= 0 {
		return s
	}
	rate := float64(done) / took.Seconds()
	s += fmt.Sprintf(", %s/s", amount(int64(rate)))
	if left := total - done; left > 0 {
		s += fmt.Sprintf(", %s left", time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second))
	}
	return s
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// end leaves the bar where it is and goes on below.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leave()
}

// close ends it for good.
func (p *progress) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leave()
	p.over = true
}

func (p *progress) leave() {
	if p.dirty {
		fmt.Fprintln(p.out)
	}
	p.dirty, p.what = false, ""
}

// countingReader shows how much was read.
type countingReader struct {
	r     io.Reader
	bar   *progress
	total int64
	done  int64
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.done += int64(n)
	c.bar.show("bytes", c.done, c.total)
	return n, err
}
