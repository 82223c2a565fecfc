// Package client speaks the management API. The command line and the console
// use it as anybody else may: over HTTP with a bearer token, or in process
// through an http.RoundTripper that calls the server's handler, see InProcess.
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
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"guestlist"
)

// Client calls one server. Every field but Lang is required.
type Client struct {
	// Endpoint is the server's public base URL, without a trailing slash.
	Endpoint string
	// Token returns the bearer token of a call.
	Token func(context.Context) (string, error)
	// HTTP sends the requests; give it a time limit, or use InProcess.
	HTTP *http.Client
	// Lang is the language of refusals' messages, e.g. "de"; English if empty.
	Lang string
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 32 << 20

// Call is a request to a route, with all that one may want.
type Call struct {
	Method string // GET if empty
	Path   string // below /api, e.g. "/users"
	Query  url.Values
	In     any    // sent as JSON; nil for nothing
	Out    any    // filled from the answer's JSON; may be nil
	Tag    string // If-Match: refused with request.stale unless the thing still has it
	Key    string // Idempotency-Key: the same call again does nothing twice

	// Body is sent as it is in place of In, with its type.
	Body        io.Reader
	ContentType string
}

// Answer is what a route says besides the thing itself.
type Answer struct {
	Tag    string // ETag of the thing, "" where it has none
	Total  int    // rows of a list over all pages
	Capped bool   // counting stopped at Total

	// Next is, where a list goes on by a cursor, the cursor; "" at its end.
	Next string

	// Until is, where a list looked at the newest rows alone, the moment of the
	// first that it did not look at.
	Until guestlist.Time
}

// Do calls a route below /api, e.g. Do(ctx, "POST", "/users", user, &created).
// in and out may be nil.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	_, err := c.Send(ctx, Call{Method: method, Path: path, In: in, Out: out})
	return err
}

// Get reads a thing and returns its tag.
func (c *Client) Get(ctx context.Context, path string, out any) (tag string, err error) {
	a, err := c.Send(ctx, Call{Path: path, Out: out})
	return a.Tag, err
}

// List reads a page of rows, from 1, and says how many there are.
func (c *Client) List(ctx context.Context, path string, query url.Values, page, pageSize int, out any) (Answer, error) {
	q := url.Values{}
	maps.Copy(q, query)
	q.Set("page", strconv.Itoa(page))
	q.Set("page_size", strconv.Itoa(pageSize))
	return c.Send(ctx, Call{Path: path, Query: q, Out: out})
}

// Send makes a call.
func (c *Client) Send(ctx context.Context, call Call) (Answer, error) {
	var a Answer
	res, err := c.Open(ctx, call)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return a, fmt.Errorf("client: %s %s: %w", call.Method, call.Path, err)
	}
	a.Tag = res.Header.Get("ETag")
	a.Total, _ = strconv.Atoi(res.Header.Get("Total-Number")) // absent where there is no list
	a.Capped = res.Header.Get("Total-Number-Is-Capped") == "true"
	a.Next = res.Header.Get("Next-Cursor")
	if until, err := strconv.ParseInt(res.Header.Get("Looked-Until"), 10, 64); err == nil {
		a.Until = guestlist.Time(until)
	}
	if call.Out == nil || len(answer) == 0 {
		return a, nil
	}
	if err := json.Unmarshal(answer, call.Out); err != nil {
		return a, fmt.Errorf("client: answer of %s %s: %w", call.Method, call.Path, err)
	}
	return a, nil
}

// Open makes a call and returns the answer unread, whose body the caller
// closes. What is not a success is an error.
func (c *Client) Open(ctx context.Context, call Call) (*http.Response, error) {
	if call.Method == "" {
		call.Method = http.MethodGet
	}
	req, err := c.request(ctx, call)
	if err != nil {
		return nil, fmt.Errorf("client: %s %s: %w", call.Method, call.Path, err)
	}
	token, err := c.Token(ctx)
	if err != nil {
		return nil, fmt.Errorf("client: token: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := c.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("client: %s %s: %w", call.Method, call.Path, err)
	}
	if res.StatusCode >= 300 {
		defer res.Body.Close()
		answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
		if err != nil {
			return nil, fmt.Errorf("client: %s %s: %w", call.Method, call.Path, err)
		}
		return nil, refusal(res.StatusCode, answer)
	}
	return res, nil
}

func (c *Client) request(ctx context.Context, call Call) (*http.Request, error) {
	body, contentType := call.Body, call.ContentType
	if call.In != nil {
		b, err := json.Marshal(call.In)
		if err != nil {
			return nil, err
		}
		body, contentType = bytes.NewReader(b), "application/json"
	}
	address := c.Endpoint + "/api" + call.Path
	if len(call.Query) > 0 {
		address += "?" + call.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, call.Method, address, body)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if call.Tag != "" {
		req.Header.Set("If-Match", call.Tag)
	}
	if call.Key != "" {
		req.Header.Set("Idempotency-Key", call.Key)
	}
	if c.Lang != "" {
		req.Header.Set("Accept-Language", c.Lang)
	}
	return req, nil
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
	http.StatusPreconditionFailed:    guestlist.KindStale,
	http.StatusRequestEntityTooLarge: guestlist.KindTooLarge,
	http.StatusUnsupportedMediaType:  guestlist.KindMediaType,
	http.StatusUnprocessableEntity:   guestlist.KindUnprocessable,
	http.StatusTooManyRequests:       guestlist.KindTooMany,
	http.StatusNotImplemented:        guestlist.KindNotImplemented,
	http.StatusServiceUnavailable:    guestlist.KindUnavailable,
}

// escape makes one path segment of an id.
func escape(id string) string { return Segment(strings.TrimSpace(id)) }

// Segment makes one path segment of an id, e.g. "/users/" + Segment(id). It
// cannot leave the place where it stands, whatever the id says.
func Segment[ID ~string](id ID) string {
	switch s := string(id); s {
	case ".", "..":
		return strings.ReplaceAll(s, ".", "%2E")
	default:
		return url.PathEscape(s)
	}
}
