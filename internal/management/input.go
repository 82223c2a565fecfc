package management

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"guestlist"
	"guestlist/internal/web"
)

// input says where the fields of a request's struct come from.
type input struct {
	params []param
	paging int // index of the web.Paging field, or -1
	search int // index of the guestlist.Search field, or -1
	body   int // index of the Body field, or -1
	raw    int // index of the Raw field, or -1

	pagingOptional bool
	searchable     []string
	bodySchema     *schema
}

// param is a value from the path or the query.
type param struct {
	name   string
	query  bool
	index  []int
	many   bool // may be repeated
	schema *schema
}

// maxParam is the longest value of a path or query parameter, in characters.
const maxParam = 2048

func inputOf(t reflect.Type) input {
	in := input{paging: -1, search: -1, body: -1, raw: -1}
	for i := range t.NumField() {
		f := t.Field(i)
		if name, ok := f.Tag.Lookup("path"); ok {
			in.params = append(in.params, param{name: name, index: f.Index, schema: paramSchema(f, false)})
		} else if name, ok := f.Tag.Lookup("query"); ok {
			in.params = append(in.params, param{
				name: name, query: true, index: f.Index, many: f.Type.Kind() == reflect.Slice, schema: paramSchema(f, true),
			})
		} else if f.Anonymous {
			for _, p := range inputOf(f.Type).params { // parameters that several routes have
				p.index = append([]int{i}, p.index...)
				in.params = append(in.params, p)
			}
		} else if kind, ok := f.Tag.Lookup("paging"); ok {
			in.paging, in.pagingOptional = i, kind == "optional"
		} else if columns, ok := f.Tag.Lookup("search"); ok {
			in.search, in.searchable = i, strings.Split(columns, ",")
		} else if f.Name == "Body" {
			in.body, in.bodySchema = i, requestOf(f.Type)
			in.bodySchema.apply(f.Tag.Get("check"))
		} else if f.Name == "Raw" {
			in.raw = i
		} else {
			panic("management: field " + f.Name + " of " + t.String() + " comes from nowhere")
		}
	}
	return in
}

func paramSchema(f reflect.StructField, optional bool) *schema {
	s := requestOf(f.Type)
	s.optional = optional
	if s.kind == kindArray {
		s.item.apply(f.Tag.Get("check"))
		return s
	}
	s.apply(f.Tag.Get("check"))
	return s
}

// read fills v, the struct, from the request.
func (in input) read(c *call, v reflect.Value) error {
	query, err := web.Query(c.r)
	if err != nil {
		return err
	}
	for _, p := range in.params {
		if err := p.read(c, query, v.FieldByIndex(p.index)); err != nil {
			return err
		}
	}
	if in.paging >= 0 {
		if c.paging, err = web.PagingOf(query); err != nil {
			return err
		}
		c.pagingOptional = in.pagingOptional
		v.Field(in.paging).Set(reflect.ValueOf(c.paging))
	}
	if in.search >= 0 {
		search, err := web.ParseSearch(query, in.searchable)
		if err != nil {
			return err
		}
		v.Field(in.search).Set(reflect.ValueOf(search))
	}
	if in.body >= 0 {
		return readBody(c, in.bodySchema, v.Field(in.body).Addr().Interface())
	}
	if in.raw >= 0 {
		body, err := readRaw(c)
		v.Field(in.raw).SetBytes(body)
		return err
	}
	if c.r.Method == http.MethodGet || c.r.Method == http.MethodDelete {
		return nil
	}
	// Nothing is taken from the body, but one out of shape is a mistake of the
	// caller's here too, and then nothing must happen.
	return web.ReadJSON(c.w, c.r, new(rawObject))
}

// readRaw reads a body whose bytes matter, of any type, up to web.MaxBody.
func readRaw(c *call) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, web.MaxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, guestlist.Refuse(guestlist.KindTooLarge, "request.body_too_large")
	}
	if err != nil {
		return nil, guestlist.Refuse(guestlist.KindInvalid, "request.body_unreadable").Because(err)
	}
	return body, nil
}

func (p param) read(c *call, query url.Values, v reflect.Value) error {
	values := query[p.name]
	inv := web.Invalid{What: "query"}
	if !p.query {
		values, inv.What = []string{c.r.PathValue(p.name)}, "params"
		if !utf8.ValidString(values[0]) || strings.ContainsRune(values[0], 0) {
			return guestlist.Refuse(guestlist.KindInvalid, "request.invalid_text")
		}
	}
	if len(values) == 0 {
		return nil
	}
	ch := checker{Invalid: inv}
	if p.many {
		for _, text := range values {
			item := reflect.New(v.Type().Elem()).Elem()
			ch.param(p.schema.item, p.name, text, item)
			v.Set(reflect.Append(v, item))
		}
		return ch.Err()
	}
	if len(values) > 1 {
		ch.Type(p.name, p.schema.expected(), kindArray)
		return ch.Err()
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	ch.param(p.schema, p.name, values[0], v)
	return ch.Err()
}

// param reads one value as the kind of v.
func (c *checker) param(s *schema, path, text string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(web.Truthy(text))
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			c.Type(path, kindNumber, "nan")
			return
		}
		bounded, zero := *s, 0
		if bounded.min == nil {
			bounded.min = &zero
		}
		c.number(&bounded, path, json.Number(text))
		v.SetInt(n)
	default:
		if c.Check(utf8.RuneCountInString(text) <= maxParam, path, "too_big",
			"String must contain at most "+strconv.Itoa(maxParam)+" character(s)") {
			c.text(s, path, text)
		}
		v.SetString(text)
	}
}
