package client

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
)

// InProcess returns an HTTP client whose requests a handler answers directly,
// without a network. An answer is whole when it is returned, unless its handler
// flushes it: then it is a stream, and the handler waits for its reader.
func InProcess(h http.Handler) *http.Client { return &http.Client{Transport: roundTripper{h}} }

type roundTripper struct{ h http.Handler }

var errBrokenOff = errors.New("client: the answer broke off")

// RoundTrip runs the handler and returns what it wrote.
func (t roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	in.Host = r.URL.Host
	in.RemoteAddr = "127.0.0.1:0"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := &recorder{header: http.Header{}, status: http.StatusOK, ready: make(chan struct{})}
	done := make(chan any, 1)
	go func() {
		defer func() {
			p := recover()
			w.end(p)
			done <- p
		}()
		t.h.ServeHTTP(w, in)
	}()
	select {
	case <-w.ready:
		return w.answer(r, w.reader, -1), nil
	case p := <-done:
		if p != nil {
			panic(p) // where the caller's own panics are handled
		}
	}
	if w.reader != nil { // flushed and ended at the same time
		return w.answer(r, w.reader, -1), nil
	}
	return w.answer(r, io.NopCloser(&w.body), int64(w.body.Len())), nil
}

// recorder keeps an answer, or hands it on once it was flushed.
type recorder struct {
	header http.Header
	sent   http.Header // as it was when the answer began
	status int
	wrote  bool
	body   bytes.Buffer

	ready  chan struct{} // closed by the first flush
	once   sync.Once
	reader *io.PipeReader
	writer *io.PipeWriter
}

func (w *recorder) answer(r *http.Request, body io.ReadCloser, length int64) *http.Response {
	header := w.header
	if w.sent != nil {
		header = w.sent
	}
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: body, ContentLength: length, Request: r,
	}
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if !w.wrote {
		w.status, w.wrote = status, true
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.wrote = true
	if w.writer != nil {
		return w.writer.Write(p)
	}
	return w.body.Write(p)
}

// FlushError hands the answer to the caller and goes on as a stream. It waits
// until what was written so far is read.
func (w *recorder) FlushError() error {
	w.wrote = true
	w.once.Do(func() {
		w.sent = w.header.Clone()
		w.reader, w.writer = io.Pipe()
		close(w.ready)
	})
	if w.body.Len() == 0 {
		return nil
	}
	_, err := w.writer.Write(w.body.Bytes())
	w.body.Reset()
	return err
}

// end ends the stream, if the answer became one.
func (w *recorder) end(panicked any) {
	switch {
	case w.writer == nil:
	case panicked != nil:
		_ = w.writer.CloseWithError(errBrokenOff) // never fails
	default:
		_ = w.writer.Close() // never fails
	}
}
