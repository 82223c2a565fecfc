package management

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// documentRoutes serve the OpenAPI document, built at its first use.
func (a *API) documentRoutes() []route {
	document := sync.OnceValue(a.document)
	serve := func(*call, struct{}) (object, error) { return document(), nil }
	return []route{
		get("/api/swagger.json", "This document, where tools of Logto look for it", serve).anonymous(),
		get("/api/.well-known/management.openapi.json", "This document, for everybody", serve).anonymous(),
	}
}

// document writes the OpenAPI 3.1 document of every route.
func (a *API) document() object {
	paths := map[string]map[string]any{}
	for _, group := range a.groups() {
		for _, rt := range group {
			at := paths[rt.path]
			if at == nil {
				at = map[string]any{}
				paths[rt.path] = at
			}
			at[strings.ToLower(rt.method)] = rt.document()
		}
	}
	b, err := json.Marshal(map[string]any{
		"openapi": "3.1.0",
		"info":    map[string]any{"title": "Guestlist management API", "version": a.Version},
		"servers": []any{map[string]any{"url": a.Endpoint}},
		"paths":   paths,
		"components": map[string]any{
			"securitySchemes": map[string]any{
				"token": map[string]any{"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
			},
			"schemas": map[string]any{"Error": errorSchema},
		},
	})
	if err != nil {
		panic(err) // maps of strings, numbers and booleans
	}
	return b
}

var errorSchema = map[string]any{
	"type": "object", "required": []string{"code", "message"},
	"properties": map[string]any{
		"code":    map[string]any{"type": "string", "description": "Stable; what programs decide by."},
		"message": map[string]any{"type": "string", "description": "For people, in the language of Accept-Language."},
		"data":    map[string]any{},
		"details": map[string]any{"type": "string"},
	},
}

func (rt route) document() map[string]any {
	doc := map[string]any{
		"operationId": rt.operationID(), "summary": rt.summary, "tags": []string{rt.tag()},
		"responses": map[string]any{
			strconv.Itoa(rt.status): rt.success(),
			"default": map[string]any{
				"description": "Refused; nothing has changed.",
				"content":     content(map[string]any{"$ref": "#/components/schemas/Error"}),
			},
		},
	}
	if params := rt.input.document(); len(params) > 0 {
		doc["parameters"] = params
	}
	if rt.input.body >= 0 {
		doc["requestBody"] = map[string]any{"required": true, "content": content(rt.input.bodySchema.document())}
	}
	if rt.input.raw >= 0 {
		doc["requestBody"] = map[string]any{"required": true, "content": map[string]any{"*/*": map[string]any{}}}
	}
	if !rt.open {
		// One of these scopes of the management API opens it.
		var security []any
		for _, scope := range rt.openedBy() {
			security = append(security, map[string]any{"token": []string{scope}})
		}
		doc["security"] = security
	}
	return doc
}

func content(schema any) map[string]any {
	return map[string]any{"application/json": map[string]any{"schema": schema}}
}

func (rt route) success() map[string]any {
	answer := map[string]any{"description": http.StatusText(rt.status)}
	switch {
	case rt.stream != "":
		answer["content"] = map[string]any{rt.stream: map[string]any{}}
	case rt.output == reflect.TypeFor[created]():
		answer["content"] = map[string]any{"text/plain": map[string]any{"schema": map[string]any{"const": "Created"}}}
	case rt.output != reflect.TypeFor[none]():
		answer["content"] = content(answerOf(rt.output).document())
	}
	if rt.input.paging >= 0 {
		answer["headers"] = map[string]any{
			"Total-Number": map[string]any{"schema": map[string]any{"type": "integer"}},
			"Link":         map[string]any{"schema": map[string]any{"type": "string"}},
		}
	}
	return answer
}

// operationID is made from method and path: GET /api/roles/{id}/users becomes
// getRolesIdUsers.
func (rt route) operationID() string {
	words := strings.FieldsFunc(strings.TrimPrefix(rt.path, "/api"), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	id := strings.ToLower(rt.method)
	for _, w := range words {
		id += strings.ToUpper(w[:1]) + w[1:]
	}
	return id
}

func (in input) document() []any {
	var list []any
	for _, p := range in.params {
		where := "path"
		if p.query {
			where = "query"
		}
		list = append(list, map[string]any{"name": p.name, "in": where, "required": !p.query, "schema": p.schema.document()})
	}
	query := func(name string, schema map[string]any) {
		list = append(list, map[string]any{"name": name, "in": "query", "schema": schema})
	}
	if in.paging >= 0 {
		query("page", map[string]any{"type": "integer", "minimum": 1})
		query("page_size", map[string]any{"type": "integer", "minimum": 1, "maximum": 100})
	}
	if in.search >= 0 {
		modes := map[string]any{"type": "string", "enum": []string{"exact", "like", "similar_to", "posix"}}
		text := map[string]any{"type": "string"}
		query("search", text)
		query("mode", modes)
		for _, field := range in.searchable {
			query("search."+field, text)
			query("mode."+field, modes)
		}
		query("joint", map[string]any{"type": "string", "enum": []string{"or", "and"}})
		query("isCaseSensitive", map[string]any{"type": "boolean"})
	}
	return list
}

// document writes a schema as JSON Schema 2020-12.
func (s *schema) document() map[string]any {
	doc := map[string]any{}
	if s.kind != kindAny {
		doc["type"] = s.kind
		if s.nullable {
			doc["type"] = []string{s.kind, "null"}
		}
	}
	if len(s.enum) > 0 {
		doc["enum"] = s.enum
		if s.orEmpty {
			doc["enum"] = append(slices.Clone(s.enum), "")
		}
	}
	if s.format == "url" || s.format == "email" {
		doc["format"] = map[string]string{"url": "uri", "email": "email"}[s.format]
	}
	s.documentLimits(doc)
	switch {
	case s.kind == kindArray:
		doc["items"] = s.item.document()
	case s.record:
		doc["additionalProperties"] = s.item.document()
	case s.kind == kindObject:
		properties, required := map[string]any{}, []string{}
		for _, f := range s.fields {
			properties[f.name] = f.document()
			if !f.optional {
				required = append(required, f.name)
			}
		}
		doc["properties"] = properties
		if len(required) > 0 {
			doc["required"] = required
		}
	}
	return doc
}

func (s *schema) documentLimits(doc map[string]any) {
	least, most := "minimum", "maximum"
	switch s.kind {
	case kindString:
		least, most = "minLength", "maxLength"
	case kindArray:
		least, most = "minItems", "maxItems"
	}
	if s.exclusive {
		least = "exclusiveMinimum"
	}
	if s.min != nil {
		doc[least] = *s.min
	}
	if s.max != nil {
		doc[most] = *s.max
	}
}
