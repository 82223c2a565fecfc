package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// get returns a load that asks for one path again and again.
func get(name, path string, conns int) load {
	return load{name: name, conns: conns, warm: true, prepare: func(_ *site, w *wire, _ int) (operation, error) {
		return repeated(w, request(http.MethodGet, path, "")), nil
	}}
}

// list is get with the rights of the management API.
func list(name, path string) load {
	return load{name: name, warm: true, prepare: func(s *site, w *wire, _ int) (operation, error) {
		return repeated(w, request(http.MethodGet, path, "", s.bearer())), nil
	}}
}

func repeated(w *wire, req []byte) operation {
	return func() error {
		_, err := w.succeed(req)
		return err
	}
}

// clientCredentials asks for access tokens of the management API: a signed JWT
// and an audit line each.
var clientCredentials = load{name: "token endpoint, client_credentials", warm: true,
	prepare: func(s *site, w *wire, _ int) (operation, error) {
		return repeated(w, s.tokenRequest()), nil
	}}

func (s *site) tokenRequest() []byte {
	form := url.Values{"grant_type": {"client_credentials"}, "resource": {managementAPI}, "scope": {"all"}}
	basic := base64.StdEncoding.EncodeToString([]byte(s.machine.ID + ":" + s.machine.Secret))
	return request(http.MethodPost, "/oidc/token", form.Encode(), formType, "Authorization: Basic "+basic)
}

// codesPerConnection is how many codes are fetched before their exchange is
// measured. They live for a minute.
const codesPerConnection = 200

// codeExchange redeems codes for an ID token, an opaque access token and a
// refresh token.
var codeExchange = load{name: "code exchange", prepare: func(s *site, w *wire, _ int) (operation, error) {
	g := &guest{site: s, wire: w, jar: jar{}}
	if _, err := g.signIn(); err != nil {
		return nil, err
	}
	var requests [][]byte
	for range codesPerConnection {
		code, err := g.code()
		if err != nil {
			return nil, err
		}
		requests = append(requests, s.codeRequest(code))
	}
	return func() error {
		if len(requests) == 0 {
			return errDone
		}
		_, err := w.succeed(requests[0])
		requests = requests[1:]
		return err
	}, nil
}}

func (s *site) codeRequest(code string) []byte {
	return request(http.MethodPost, "/oidc/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {s.spa.ID}, "code": {code},
		"redirect_uri": {callback}, "code_verifier": {verifier},
	}.Encode(), formType)
}

// refresh exchanges a refresh token for the next one, an opaque access token
// and an ID token, and so on.
var refresh = load{name: "opaque refresh, rotated", prepare: func(s *site, w *wire, _ int) (operation, error) {
	code, err := (&guest{site: s, wire: w, jar: jar{}}).signIn()
	if err != nil {
		return nil, err
	}
	a, err := w.succeed(s.codeRequest(code))
	return func() error {
		var tokens struct {
			RefreshToken string `json:"refresh_token"`
		}
		if err := json.Unmarshal(a.body, &tokens); err != nil {
			return err
		}
		var err error
		a, err = w.succeed(request(http.MethodPost, "/oidc/token", url.Values{
			"grant_type": {"refresh_token"}, "client_id": {s.spa.ID}, "refresh_token": {tokens.RefreshToken},
		}.Encode(), formType))
		return err
	}, err
}}

// signIns are whole: authorization request, password, and back with a code.
var signIns = load{name: "password sign-in, from request to code", prepare: func(s *site, w *wire, _ int) (operation, error) {
	return func() error {
		_, err := (&guest{site: s, wire: w, jar: jar{}}).signIn()
		return err
	}, nil
}}

// signInPage draws the page of an interaction.
func signInPage(name string, conns int) load {
	return load{name: name, conns: conns, warm: true, prepare: func(s *site, w *wire, _ int) (operation, error) {
		g := &guest{site: s, wire: w, jar: jar{}}
		path, err := g.begin()
		return repeated(w, request(http.MethodGet, path, "", g.jar.header(), "Accept-Encoding: gzip")), err
	}}
}

// createUsers creates users without a password, one per request.
var createUsers = load{name: "create user without password", warm: true, prepare: func(s *site, w *wire, worker int) (operation, error) {
	s.mu.Lock()
	s.round++
	run := s.round
	s.mu.Unlock()
	n := 0
	return func() error {
		n++
		body := fmt.Sprintf(`{"primaryEmail":"guest-%d-%d-%d@example.com","name":"Guest %d"}`, run, worker, n, n)
		_, err := w.succeed(request(http.MethodPost, "/api/users", body, jsonType, s.bearer()))
		return err
	}, nil
}}

// The lists whose cost must not grow with what lies behind a page.
var lists = []load{
	list("users list", "/api/users?page=1&page_size=20"),
	list("users by exact e-mail", "/api/users?search.primaryEmail="+url.QueryEscape(bulkEmail(findable))+"&mode.primaryEmail=exact"),
	list("users by beginning of e-mail", "/api/users?search="+url.QueryEscape(bulkEmail(findable)[:findablePrefix]+"%")),
	list("audit log", "/api/logs?page=1&page_size=20"),
}

// findable is a user whom every size of list has, and findablePrefix how much
// of the address a search by beginning gives.
const (
	findable       = 777
	findablePrefix = len("member-0000777@")
)

// bulkEmail is the address of the n-th user that is created in bulk.
func bulkEmail(n int) string { return fmt.Sprintf("member-%07d@example.com", n) }

// served are the loads that the goals name. Some have a floor.
func served(sign, hash operation) []load {
	tokens, people := clientCredentials, signIns
	tokens.bare, people.bare = sign, hash
	return append([]load{
		tokens, codeExchange, refresh, people,
		get("discovery", "/oidc/.well-known/openid-configuration", 0),
		get("JWKS", "/oidc/jwks", 0),
		signInPage("sign-in page", 0),
		signInPage("sign-in page, one connection", 1),
		createUsers,
	}, experienced()...)
}
