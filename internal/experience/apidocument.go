package experience

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"guestlist/internal/web"
)

// documentPath is where the API describes itself, for everybody.
const documentPath = "/api/.well-known/experience.openapi.json"

// document serves the OpenAPI document, which is built at its first use.
func (d *Door) document() web.Handler {
	text := sync.OnceValues(d.describe)
	return func(w http.ResponseWriter, r *http.Request) error {
		body, err := text()
		if err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "public, max-age=0, must-revalidate")
		web.WriteTagged(w, r, "application/json; charset=utf-8", body)
		return nil
	}
}

// describe writes the OpenAPI 3.1 document of every route.
func (d *Door) describe() ([]byte, error) {
	paths := map[string]map[string]any{}
	for _, rt := range apiRoutes() {
		method, path, _ := strings.Cut(rt.pattern, " ")
		if paths[path] == nil {
			paths[path] = map[string]any{}
		}
		paths[path][strings.ToLower(method)] = rt.document()
	}
	return json.Marshal(map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{
			"title": "Guestlist experience API", "version": d.Version,
			"description": "What a sign-in page of your own does, in the interaction of the browser that opens it. " +
				"It is for pages on the origin of the server: the cookie of the authorization request comes along by itself.",
		},
		"servers":  []any{map[string]any{"url": d.Desk.Endpoint}},
		"security": []any{map[string]any{"interaction": []string{}}},
		"paths":    paths,
		"components": map[string]any{
			"securitySchemes": map[string]any{
				"interaction": map[string]any{
					"type": "apiKey", "in": "cookie", "name": d.Cookies.Name(cookieInteraction), "description": "Set by /oidc/auth.",
				},
			},
			"parameters": map[string]any{
				"App": map[string]any{
					"name": headerApp, "in": "header", "schema": map[string]any{"type": "string"},
					"description": "The application whose interaction is meant, for a browser with several.",
				},
			},
			"schemas": map[string]any{"Error": errorSchema},
		},
	})
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

func (rt apiRoute) document() map[string]any {
	doc := map[string]any{
		"operationId": rt.operationID(), "summary": rt.summary, "tags": []string{rt.tag()},
		"parameters": rt.parameters(), "responses": rt.responses(),
	}
	if rt.body != nil {
		content := jsonContent(rt.body.schema())
		if rt.file {
			content = map[string]any{"multipart/form-data": content["application/json"]}
		}
		doc["requestBody"] = map[string]any{"required": rt.mustHaveBody(), "content": content}
	}
	return doc
}

func jsonContent(schema any) map[string]any {
	return map[string]any{"application/json": map[string]any{"schema": schema}}
}

// mustHaveBody reports whether a request without a body is refused.
func (rt apiRoute) mustHaveBody() bool {
	_, required := rt.body.schema()["required"]
	_, either := rt.body.(oneOf)
	return required || either
}

// responses are those of success, and the refusals by status with their codes.
func (rt apiRoute) responses() map[string]any {
	success := map[string]any{"description": http.StatusText(rt.status)}
	if rt.answer != nil {
		success["content"] = jsonContent(rt.answer.schema())
	}
	all := map[string]any{strconv.Itoa(rt.status): success}
	if rt.also != 0 {
		all[strconv.Itoa(rt.also)] = map[string]any{"description": http.StatusText(rt.also)}
	}
	byStatus := map[string][]string{}
	for _, refusal := range rt.allRefusals() {
		status, code, _ := strings.Cut(refusal, " ")
		byStatus[status] = append(byStatus[status], code)
	}
	for status, codes := range byStatus {
		all[status] = refusalOf(strings.Join(codes, ", "))
	}
	all["default"] = refusalOf("Refused; nothing has changed.")
	return all
}

func refusalOf(description string) map[string]any {
	return map[string]any{"description": description, "content": jsonContent(map[string]any{"$ref": "#/components/schemas/Error"})}
}

// allRefusals are the route's own codes and those that come of what it needs.
func (rt apiRoute) allRefusals() []string {
	all := of(rt.refusals)
	if rt.needs != needsNothing {
		all = append(all, "400 session.not_found")
	}
	if rt.needs > needsRequest {
		all = append(all, "404 session.interaction_not_found")
	}
	if rt.body != nil || rt.query != nil {
		all = append(all, "400 guard.invalid_input")
	}
	return all
}

// parameters are those of path, query and header.
func (rt apiRoute) parameters() []any {
	list := []any{map[string]any{"$ref": "#/components/parameters/App"}}
	for part := range strings.SplitSeq(rt.pattern, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			list = append(list, map[string]any{
				"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "schema": str{}.schema(),
			})
		}
	}
	if query, ok := rt.query.(object); ok {
		for _, name := range slices.Sorted(maps.Keys(query)) {
			plain, optional := strings.CutSuffix(name, "?")
			list = append(list, map[string]any{"name": plain, "in": "query", "required": !optional, "schema": query[name].schema()})
		}
	}
	return list
}

// operationID is made from method and path: PUT /api/experience/profile/password
// becomes putExperienceProfilePassword.
func (rt apiRoute) operationID() string {
	method, path, _ := strings.Cut(rt.pattern, " ")
	id := strings.ToLower(method)
	for _, w := range strings.FieldsFunc(strings.TrimPrefix(path, "/api"), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		id += strings.ToUpper(w[:1]) + w[1:]
	}
	return id
}

// tag names the group of a route: the third part of its path, or the second.
func (rt apiRoute) tag() string {
	parts := strings.Split(strings.TrimPrefix(rt.pattern[strings.Index(rt.pattern, "/"):], "/api/"), "/")
	if len(parts) > 2 {
		return parts[1]
	}
	return parts[0]
}
