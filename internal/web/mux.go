package web

import (
	"net/http"
	"net/url"
	"strings"

	"guestlist"
)

var (
	errNoRoute  = guestlist.Refuse(guestlist.KindNotFound, "request.route_not_found")
	errNoMethod = guestlist.Refuse(guestlist.KindMethod, "request.method_not_allowed")
	errOdd      = guestlist.Refuse(guestlist.KindNotImplemented, "request.method_not_implemented")
)

// Mux is http.ServeMux with manners: what it has no route for is answered in
// JSON, or as a page where Pages says so, with 404, 405 and Allow, or 501 for a
// method that HTTP does not define. A trailing slash that no route wants is
// ignored, as in the contract.
type Mux struct {
	m     *Manners
	mux   *http.ServeMux
	pages func(*http.Request) bool
}

// NewMux returns a Mux without routes. pages, which may be nil, reports the
// requests whose errors are to be pages.
func NewMux(m *Manners, pages func(*http.Request) bool) *Mux {
	return &Mux{m: m, mux: http.NewServeMux(), pages: pages}
}

// API routes pattern to h; its errors become JSON.
func (x *Mux) API(pattern string, h Handler) { x.mux.Handle(pattern, x.m.API(h)) }

// Page routes pattern to h; its errors become pages.
func (x *Mux) Page(pattern string, h Handler) { x.mux.Handle(pattern, x.m.Page(h)) }

// Handle routes pattern to h.
func (x *Mux) Handle(pattern string, h http.Handler) { x.mux.Handle(pattern, h) }

// HandleFunc routes pattern to h. With ServeHTTP it makes a Mux usable where a
// library wants an *http.ServeMux.
func (x *Mux) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	x.mux.HandleFunc(pattern, h)
}

// ServeHTTP answers r.
func (x *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fallback, pattern := x.mux.Handler(r)
	if pattern != "" {
		x.mux.ServeHTTP(w, r)
		return
	}
	if p := r.URL.Path; len(p) > 1 && strings.HasSuffix(p, "/") && !strings.HasSuffix(p, "//") {
		short := withPath(r, p[:len(p)-1])
		if _, pattern := x.mux.Handler(short); pattern != "" {
			x.mux.ServeHTTP(w, short)
			return
		}
	}
	probe := &probe{header: http.Header{}}
	fallback.ServeHTTP(probe, r)
	x.unmatched(w, r, probe)
}

// unmatched answers what ServeMux has no route for; its own answer was probed.
func (x *Mux) unmatched(w http.ResponseWriter, r *http.Request, p *probe) {
	err := errNoRoute
	if p.status == http.StatusMethodNotAllowed {
		w.Header()["Allow"] = p.header["Allow"]
		switch r.Method {
		case http.MethodOptions:
			w.WriteHeader(http.StatusOK)
			return
		case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
			err = errNoMethod
		default:
			err = errOdd
		}
	}
	if x.pages != nil && x.pages(r) {
		x.m.WriteErrorPage(w, r, err)
		return
	}
	x.m.WriteError(w, r, err)
}

func withPath(r *http.Request, path string) *http.Request {
	c := new(http.Request)
	*c = *r
	c.URL = new(url.URL)
	*c.URL = *r.URL
	c.URL.Path, c.URL.RawPath = path, ""
	return c
}

// probe takes the header and status of an answer and drops its body.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header { return p.header }
func (p *probe) WriteHeader(s int)   { p.status = s }

func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
