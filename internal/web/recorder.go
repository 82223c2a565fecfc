package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"sync"
)

// minGzip is the smallest body, in bytes, that is worth compressing.
const minGzip = 1 << 10

// recorder is the one response writer of the middleware. It notes status and
// size, and holds back the first minGzip bytes of a body that may be
// compressed until it is clear whether that pays.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	held   []byte
	zip    *gzip.Writer
	gzip   bool // the caller accepts gzip
	head   bool // the method is HEAD
	sent   bool // the header is out
}

var gzipWriters = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // fails only on an unknown level
	return z
}}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Status returns the status so far, 200 if none was written.
func (w *recorder) Status() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// WriteHeader notes the status. It goes out with the first bytes.
func (w *recorder) WriteHeader(status int) {
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if !w.sent {
		compress := w.gzip && w.compressible()
		if compress && len(w.held)+len(p) < minGzip {
			w.held = append(w.held, p...)
			return len(p), nil
		}
		if err := w.start(compress); err != nil {
			return 0, err
		}
	}
	return w.out(p)
}

func (w *recorder) out(p []byte) (int, error) {
	w.bytes += int64(len(p))
	if w.zip != nil {
		return w.zip.Write(p)
	}
	return w.ResponseWriter.Write(p)
}

// compressible reports whether this answer is of a sort that compresses. A
// handler keeps its answer out by setting any Content-Encoding, "identity"
// included.
func (w *recorder) compressible() bool {
	if w.head || w.status == http.StatusNoContent || w.status == http.StatusNotModified || w.status == http.StatusPartialContent {
		return false
	}
	h := w.Header()
	if _, set := h["Content-Encoding"]; set {
		return false
	}
	ct := h.Get("Content-Type")
	return strings.HasPrefix(ct, "text/") || strings.HasPrefix(ct, "application/json") ||
		strings.HasPrefix(ct, "application/javascript") || strings.HasPrefix(ct, "image/svg")
}

// start sends the header and what was held back.
func (w *recorder) start(compress bool) error {
	w.sent = true
	h := w.Header()
	if w.compressible() {
		AddVary(h, "Accept-Encoding")
	}
	if ce := h["Content-Encoding"]; len(ce) == 1 && ce[0] == "identity" {
		delete(h, "Content-Encoding")
	}
	if compress {
		h.Del("Content-Length")
		h["Content-Encoding"] = []string{"gzip"}
		w.zip = gzipWriters.Get().(*gzip.Writer)
		w.zip.Reset(w.ResponseWriter)
	}
	w.ResponseWriter.WriteHeader(w.status)
	if len(w.held) == 0 {
		return nil
	}
	held := w.held
	w.held = nil
	_, err := w.out(held)
	return err
}

// FlushError sends what there is, so that streams reach their reader in time.
func (w *recorder) FlushError() error {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if !w.sent {
		if err := w.start(false); err != nil {
			return err
		}
	}
	if w.zip != nil {
		if err := w.zip.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Flush is FlushError for callers of the older interface.
func (w *recorder) Flush() { _ = w.FlushError() }

// close ends the body.
func (w *recorder) close() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if !w.sent {
		_ = w.start(false) // the only failure is a closed connection
	}
	if w.zip != nil {
		_ = w.zip.Close()
		gzipWriters.Put(w.zip)
		w.zip = nil
	}
}

// discard forgets an answer of which nothing went out, and reports whether it
// could.
func (w *recorder) discard() bool {
	if w.sent {
		return false
	}
	w.status, w.held = 0, nil
	return true
}

// acceptsGzip reads Accept-Encoding (RFC 9110 §12.5.3).
func acceptsGzip(r *http.Request) bool {
	v := r.Header["Accept-Encoding"]
	if len(v) == 0 || len(v[0]) > maxNegotiation {
		return false
	}
	for part := range strings.SplitSeq(v[0], ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		q := strings.TrimSpace(params)
		return !strings.HasPrefix(q, "q=0") || strings.Trim(q[len("q=0"):], ".0") != ""
	}
	return false
}

// maxNegotiation is the longest Accept-* header, in bytes, that is read.
const maxNegotiation = 512

// AddVary adds a field to the Vary header unless it is there.
func AddVary(h http.Header, field string) {
	v := h["Vary"]
	for _, have := range v {
		if strings.Contains(have, field) {
			return
		}
	}
	h["Vary"] = append(v[:len(v):len(v)], field)
}
