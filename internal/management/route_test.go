package management

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// routes walks everything the API offers.
func (a *API) routes() []route {
	var all []route
	for _, group := range a.groups() {
		all = append(all, group...)
	}
	return all
}

var wildcard = regexp.MustCompile(`\{[^}]+\}`)

// samplePath fills the wildcards of a route with ids that nothing has.
func samplePath(rt route) string {
	path := rt.path
	for _, p := range rt.input.params {
		sample := "nope"
		switch {
		case len(p.schema.enum) > 0:
			sample = p.schema.enum[0]
		case p.schema.format == "language":
			sample = "fr"
		}
		path = strings.Replace(path, "{"+p.name+"}", sample, 1)
	}
	return wildcard.ReplaceAllString(path, "nope")
}

// publicRoutes are the only ones that answer without a token.
var publicRoutes = map[string]bool{
	"GET /api/user-assets/{file}":                  true,
	"GET /api/status":                              true,
	"GET /api/.well-known/management.openapi.json": true,
	"GET /api/swagger.json":                        true,
	"GET /api/.well-known/sign-in-exp":             true,
	"GET /api/.well-known/experience":              true,
	"GET /api/.well-known/phrases":                 true,
	"POST /api/webhooks/messages/{connectorId}":    true, // the provider's signature instead
}

func TestEveryRouteWantsATokenOfThisAPI(t *testing.T) {
	f := newFixture(t, storetest.Open(t, "sqlite", nil))
	if err := f.st.Update(t.Context(), func(tx *store.Tx) error {
		return tx.InsertResource(guestlist.Resource{ID: "other", Name: "other", Indicator: "https://other.test/api", AccessTokenTTL: 60})
	}); err != nil {
		t.Fatal(err)
	}
	unscoped := f.token(f.addMachine("unscoped", ""), guestlist.ManagementAPI)
	foreign := f.token(f.machine, "https://other.test/api")
	tests := map[string]string{
		"":                       "401 auth.authorization_header_missing",
		"Basic bWU6bWU=":         "401 auth.authorization_token_type_not_supported",
		"bearer " + f.good:       "401 auth.authorization_token_type_not_supported",
		"Bearer":                 "401 auth.unauthorized",
		"Bearer a.b.c":           "401 auth.unauthorized",
		"Bearer " + f.good + "x": "401 auth.unauthorized",
		"Bearer " + foreign:      "401 auth.unauthorized",
		"Bearer " + unscoped:     "403 auth.forbidden",
	}
	for _, rt := range f.api.routes() {
		name := rt.method + " " + rt.path
		if rt.open != publicRoutes[name] {
			t.Errorf("%s: open is %v", name, rt.open)
		}
		if rt.open {
			continue
		}
		for authorization, want := range tests {
			a := f.send(rt.method, samplePath(rt), nil, authorization)
			if rt.holder && strings.HasPrefix(want, "403") {
				want = "401 auth.unauthorized" // no token of the management API opens an account
			}
			if got := fmt.Sprintf("%d %s", a.status, a.code()); got != want {
				t.Errorf("%s with %.30q: %s, want %s", name, authorization, got, want)
			}
		}
	}
}

func TestBodiesOutOfShapeAreRefusedByEveryRoute(t *testing.T) {
	f := newFixture(t, storetest.Open(t, "sqlite", nil))
	bodies := map[string]string{
		`{"a":`:                                "400 request.invalid_json",
		`[1]`:                                  "400 guard.invalid_input",
		`"x"`:                                  "400 guard.invalid_input",
		`null`:                                 "400 guard.invalid_input",
		`5`:                                    "400 guard.invalid_input",
		"{\"a\":\"\x00\"}":                     "400 request.invalid_text",
		`{"a":"\u0000"}`:                       "400 request.invalid_text",
		"{\"a\":\"\xff\"}":                     "400 request.invalid_text",
		strings.Repeat(" ", 1<<20) + `{"a":1}`: "413 request.body_too_large",
	}
	for _, rt := range f.api.routes() {
		if rt.input.body < 0 {
			continue
		}
		for body, want := range bodies {
			a := f.call(rt.method, samplePath(rt), body)
			if got := fmt.Sprintf("%d %s", a.status, a.code()); got != want {
				t.Errorf("%s %s with %.20q: %s %s, want %s", rt.method, rt.path, body, got, a.body, want)
			}
		}
	}
}

func TestParametersOutOfShapeAreRefusedByEveryRoute(t *testing.T) {
	f := newFixture(t, storetest.Open(t, "sqlite", nil))
	for _, rt := range f.api.routes() {
		if strings.Contains(rt.path, "{") {
			path := strings.Replace(rt.path, wildcard.FindString(rt.path), "a%00b", 1)
			if a := f.call(rt.method, wildcard.ReplaceAllString(path, "nope"), nil); a.status != http.StatusBadRequest {
				t.Errorf("%s %s with NUL: %d %s", rt.method, rt.path, a.status, a.body)
			}
		}
		if rt.input.paging >= 0 {
			for _, query := range []string{"page=0", "page=x", "page_size=101", "page_size=-1", "page=1.5", "page=1&page=2"} {
				f.refused(400, "guard.invalid_pagination", rt.method, samplePath(rt)+"?"+query, nil)
			}
		}
		if rt.input.search >= 0 {
			for _, query := range []string{"search=", "search.nope=x", "search=x&mode=nope", "search=x&joint=xor", "search=(&mode=posix"} {
				f.refused(400, "request.invalid_input", rt.method, samplePath(rt)+"?"+query, nil)
			}
		}
		for _, p := range rt.input.params {
			if p.query && len(p.schema.enum) > 0 {
				f.refused(400, "guard.invalid_input", rt.method, samplePath(rt)+"?"+p.name+"=nope", nil)
			}
		}
	}
}

func TestUnknownRoutesAndMethodsAreJSON(t *testing.T) {
	f := newFixture(t, storetest.Open(t, "sqlite", nil))
	for _, path := range []string{
		"/api/nope", "/api/status/x", "/api", "/api/cimd", "/api/sso-connectors/x/signing-keys",
		"/api/sso-connectors/x/idp-initiated-auth-config", "/api/account-center",
		"/api/configs/jwt-customizer", "/api/domains", "/api/saml-applications/x",
	} {
		f.refused(404, "request.route_not_found", "GET", path, nil)
	}
	a := f.call("POST", "/api/status", map[string]any{})
	if a.status != 405 || a.header.Get("Allow") != "GET, HEAD" || a.code() != "request.method_not_allowed" {
		t.Errorf("POST /api/status: %d %q %s", a.status, a.header.Get("Allow"), a.body)
	}
}

func TestDocumentDescribesEveryRoute(t *testing.T) {
	f := newFixture(t, storetest.Open(t, "sqlite", nil))
	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			OperationID string           `json:"operationId"`
			Security    []map[string]any `json:"security"`
		} `json:"paths"`
	}
	f.send("GET", "/api/.well-known/management.openapi.json", nil, "").decode(t, &doc)
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("openapi %q", doc.OpenAPI)
	}
	ids := map[string]string{}
	for _, rt := range f.api.routes() {
		op, ok := doc.Paths[rt.path][strings.ToLower(rt.method)]
		if !ok {
			t.Errorf("%s %s is not in the document", rt.method, rt.path)
		}
		if other, taken := ids[op.OperationID]; taken {
			t.Errorf("%s is the operation of %s and of %s", op.OperationID, other, rt.path)
		}
		ids[op.OperationID] = rt.path
		if (len(op.Security) == 0) != rt.open {
			t.Errorf("%s %s: security %v", rt.method, rt.path, op.Security)
		}
	}
	if a := f.send("GET", "/api/swagger.json", nil, ""); a.status != 200 {
		t.Errorf("swagger.json for everybody: %d %s", a.status, a.body)
	}
}
