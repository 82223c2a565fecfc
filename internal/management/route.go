package management

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/token"
	"guestlist/internal/web"
)

// route is one operation of the API: what it is called, what it takes and
// gives, and what it does. Everything but the doing is in the document too.
type route struct {
	method  string
	path    string // of ServeMux, e.g. "/api/roles/{id}"
	summary string
	status  int      // of success
	open    bool     // needs no token
	holder  bool     // is for users themselves, by an access token that opens no API
	scopes  []string // any of them opens it beside guestlist.ScopeAll
	secret  bool     // what it answers is more than guestlist.ScopeRead shows
	input   input
	output  reflect.Type
	stream  string // content type of a body that is not held against a schema
	serve   func(*call) error
	version version // of the thing that the path names; nil where it has none
}

// none is the answer without a body; its status is 204.
type none struct{}

// created is the answer of relations: 201 with the text "Created".
type created struct{}

// object is an answer whose members are not known beforehand.
type object = guestlist.JSONObject

// list is a page of rows. On the wire it is the array of the rows; the counts
// go into headers.
type list[T any] struct {
	Rows   []T
	Total  int
	Capped bool // counting stopped at Total
}

// capAt says where counting stopped, if it did: the store counts one more than
// most. 0 means that all were counted.
func (l *list[T]) capAt(most int) {
	if most > 0 && l.Total > most {
		l.Total, l.Capped = most, true
	}
}

func (list[T]) rowType() reflect.Type    { return reflect.TypeFor[T]() }
func (l list[T]) page() (any, int, bool) { return orEmpty(l.Rows), l.Total, l.Capped }
func orEmpty[T any](rows []T) []T {
	if rows == nil {
		return []T{}
	}
	return rows
}

// call is one request on its way through a route.
type call struct {
	api    *API
	route  *route
	w      http.ResponseWriter
	r      *http.Request
	who    token.Subject
	status int    // what the route answers with; handlers may change it
	tag    string // of the thing, for the answer's ETag
	paging web.Paging
	// pagingOptional says that without page and page_size the whole list is
	// meant.
	pagingOptional bool
}

// ctx returns the context of the request.
func (c *call) ctx() context.Context { return c.r.Context() }

// window returns the rows that the caller asks for.
func (c *call) window() store.Page {
	if c.pagingOptional && !c.paging.Given {
		return store.Page{}
	}
	return store.Page{Limit: c.paging.PageSize, Offset: c.paging.Offset()}
}

// withoutTotal keeps the counts out of the answer: the caller goes by a cursor.
func (c *call) withoutTotal() { c.pagingOptional, c.paging.Given = true, false }

// op makes a route. In is a struct whose fields say what the request has:
//
//	ID     guestlist.RoleID `path:"id"`
//	Type   string           `query:"type" check:"enum=User|MachineToMachine"`
//	Paging web.Paging       `paging:"required"` // or "optional"
//	Search guestlist.Search `search:"id,name"`
//	Body   roleInput
//	Raw    []byte // instead of Body: as it came, for a signature over it
//
// Out is what is answered as JSON; none, created and list are special.
func op[In, Out any](method, path, summary string, do func(*call, In) (Out, error)) route {
	in, out := inputOf(reflect.TypeFor[In]()), reflect.TypeFor[Out]()
	rt := route{method: method, path: path, summary: summary, status: http.StatusOK, input: in, output: out}
	switch out {
	case reflect.TypeFor[none]():
		rt.status = http.StatusNoContent
	case reflect.TypeFor[created]():
		rt.status = http.StatusCreated
	}
	rt.serve = func(c *call) error {
		c.watchVersion()
		var given In
		if err := in.read(c, reflect.ValueOf(&given).Elem()); err != nil {
			return err
		}
		answer, err := do(c, given)
		if err != nil {
			return err
		}
		return c.answer(answer)
	}
	return rt
}

func get[In, Out any](path, summary string, do func(*call, In) (Out, error)) route {
	return op(http.MethodGet, path, summary, do)
}

func post[In, Out any](path, summary string, do func(*call, In) (Out, error)) route {
	return op(http.MethodPost, path, summary, do)
}

func put[In, Out any](path, summary string, do func(*call, In) (Out, error)) route {
	return op(http.MethodPut, path, summary, do)
}

func patch[In, Out any](path, summary string, do func(*call, In) (Out, error)) route {
	return op(http.MethodPatch, path, summary, do)
}

func remove[In, Out any](path, summary string, do func(*call, In) (Out, error)) route {
	return op(http.MethodDelete, path, summary, do)
}

// raw makes a route that reads its body and writes its answer itself, for
// streams. contentType is what it answers with.
func raw(method, path, summary, contentType string, do func(*call) error) route {
	return route{
		method: method, path: path, summary: summary, status: http.StatusOK,
		input: input{paging: -1, search: -1, body: -1, raw: -1}, stream: contentType, output: reflect.TypeFor[none](), serve: do,
	}
}

// rawGet is raw for a route that takes parameters, as op has them.
func rawGet[In any](path, summary, contentType string, do func(*call, In) error) route {
	rt := raw(http.MethodGet, path, summary, contentType, nil)
	rt.input = inputOf(reflect.TypeFor[In]())
	rt.serve = func(c *call) error {
		var given In
		if err := rt.input.read(c, reflect.ValueOf(&given).Elem()); err != nil {
			return err
		}
		return do(c, given)
	}
	return rt
}

// with201 makes success answer 201.
func (rt route) with201() route {
	rt.status = http.StatusCreated
	return rt
}

// byHolder is for users who look after their own account: the token is one that
// an application of the house has for them, as for userinfo.
func (rt route) byHolder() route {
	rt.holder = true
	return rt
}

// anonymous lets callers without a token in.
func (rt route) anonymous() route {
	rt.open = true
	return rt
}

// takes names the narrower scopes that open a route, beside that of everything.
func (rt route) takes(scopes ...string) route {
	rt.scopes = scopes
	return rt
}

// secrets keeps a route that answers with secrets from who may only look.
func (rt route) secrets() route {
	rt.secret = true
	return rt
}

// openedBy lists the scopes of which one is enough: that of everything, those
// that the route names, and for what only reads that of reading.
func (rt route) openedBy() []string {
	if rt.holder {
		return []string{"openid"}
	}
	scopes := append([]string{guestlist.ScopeAll}, rt.scopes...)
	if rt.method == http.MethodGet && !rt.secret && !slices.Contains(scopes, guestlist.ScopeRead) {
		scopes = append(scopes, guestlist.ScopeRead)
	}
	return scopes
}

// answer writes what a route gave.
func (c *call) answer(v any) error {
	if c.tag != "" {
		c.w.Header().Set("ETag", c.tag)
	}
	switch v := v.(type) {
	case none:
		c.w.WriteHeader(c.status)
		return nil
	case created:
		c.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		c.w.WriteHeader(c.status)
		_, _ = c.w.Write([]byte("Created")) // the only failure is a closed connection
		return nil
	case interface{ page() (any, int, bool) }:
		rows, total, capped := v.page()
		switch {
		case c.pagingOptional && !c.paging.Given:
		case capped:
			web.WriteCappedPaging(c.w, c.r, c.paging, total)
		default:
			web.WritePaging(c.w, c.r, c.paging, total)
		}
		return web.WriteJSON(c.w, c.status, rows)
	}
	return web.WriteJSON(c.w, c.status, v)
}

// rawObject takes a JSON object's text as it came.
type rawObject struct{ text []byte }

// UnmarshalJSON keeps the text.
func (o *rawObject) UnmarshalJSON(b []byte) error {
	o.text = bytes.Clone(b)
	return nil
}

// rawArray takes a JSON array's text as it came.
type rawArray []byte

// UnmarshalJSON keeps the text.
func (a *rawArray) UnmarshalJSON(b []byte) error {
	*a = bytes.Clone(b)
	return nil
}

// readBody reads a body, holds it against s and fills v, a pointer.
func readBody(c *call, s *schema, v any) error {
	if s.kind == kindArray {
		body := rawArray("null")
		if err := web.ReadJSON(c.w, c.r, &body); err != nil {
			return err
		}
		return fill(s, body, v)
	}
	var body rawObject
	if err := web.ReadJSON(c.w, c.r, &body); err != nil {
		return err
	}
	if body.text == nil {
		body.text = []byte("{}")
	}
	return fill(s, body.text, v)
}

// fill holds a JSON text against s and fills v, a pointer.
func fill(s *schema, object []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(object))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return err
	}
	return fillTree(s, tree, v)
}

// fillTree is fill for a text that was decoded.
func fillTree(s *schema, tree, v any) error {
	var ch checker
	clean, _ := ch.check(s, "", tree, true)
	if err := ch.Err(); err != nil {
		return err
	}
	text, err := json.Marshal(clean)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// tag names the group of a route in the document, by the first part of its
// path.
func (rt route) tag() string {
	name, _, _ := strings.Cut(strings.TrimPrefix(rt.path, "/api/"), "/")
	return name
}
