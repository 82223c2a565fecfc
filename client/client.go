// Package client speaks the management API. The command line and the console
// use it as anybody else may: over HTTP with a bearer token, or in process
// through an http.RoundTripper that calls the server's handler.
//
// It promises that a refusal by the server comes back as a *guestlist.Error
// with the server's code and message, and that a context that ends ends the
// call.
//
// It refuses to know rules: what is allowed, the server decides.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"guestlist"
)

// Client calls one server. Every field is required.
type Client struct {
	// Endpoint is the server's public base URL, without a trailing slash.
	Endpoint string
	// Token returns the bearer token of a call.
	Token func(context.Context) (string, error)
	// HTTP sends the requests; give it a time limit, or use InProcess.
	HTTP *http.Client
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 32 << 20

// Do calls a route below /api, e.g. Do(ctx, "POST", "/users", user, &created).
// in and out may be nil.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("client: %s %s: %w", method, path, err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Endpoint+"/api"+path, body)
	if err != nil {
		return fmt.Errorf("client: %s %s: %w", method, path, err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	token, err := c.Token(ctx)
	if err != nil {
		return fmt.Errorf("client: token: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := c.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("client: %s %s: %w", method, path, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("client: %s %s: %w", method, path, err)
	}
	if res.StatusCode >= 300 {
		return refusal(res.StatusCode, answer)
	}
	if out == nil || len(answer) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("client: answer of %s %s: %w", method, path, err)
	}
	return nil
}

// refusal turns an error answer back into the error that caused it.
func refusal(status int, answer []byte) error {
	var e struct {
		Code, Message, Details string
		Data                   any
	}
	if json.Unmarshal(answer, &e) != nil || e.Code == "" {
		return fmt.Errorf("client: the server answered %d", status)
	}
	return &guestlist.Error{Kind: kinds[status], Code: e.Code, Message: e.Message, Details: e.Details, Data: e.Data}
}

var kinds = map[int]guestlist.Kind{
	http.StatusBadRequest:            guestlist.KindInvalid,
	http.StatusUnauthorized:          guestlist.KindUnauthenticated,
	http.StatusForbidden:             guestlist.KindForbidden,
	http.StatusNotFound:              guestlist.KindNotFound,
	http.StatusMethodNotAllowed:      guestlist.KindMethod,
	http.StatusConflict:              guestlist.KindConflict,
	http.StatusGone:                  guestlist.KindGone,
	http.StatusRequestEntityTooLarge: guestlist.KindTooLarge,
	http.StatusUnsupportedMediaType:  guestlist.KindMediaType,
	http.StatusUnprocessableEntity:   guestlist.KindUnprocessable,
	http.StatusTooManyRequests:       guestlist.KindTooMany,
	http.StatusNotImplemented:        guestlist.KindNotImplemented,
	http.StatusServiceUnavailable:    guestlist.KindUnavailable,
}

// InProcess returns an HTTP client whose requests a handler answers directly,
// without a network.
func InProcess(h http.Handler) *http.Client { return &http.Client{Transport: roundTripper{h}} }

type roundTripper struct{ h http.Handler }

// RoundTrip runs the handler and returns what it wrote.
func (t roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	in.Host = r.URL.Host
	in.RemoteAddr = "127.0.0.1:0"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	t.h.ServeHTTP(w, in)
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}, nil
}

type recorder struct {
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if !w.wrote {
		w.status, w.wrote = status, true
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.wrote = true
	return w.body.Write(p)
}

// escape makes one path segment of an id.
func escape(id string) string { return url.PathEscape(strings.TrimSpace(id)) }
