package main

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// The guest who signs in, and the application that she signs in to.
const (
	guestEmail    = "ada@example.com"
	guestPassword = "open-sesame-42"
	callback      = "https://shop.example/callback"
	verifier      = "a-verifier-that-everybody-may-know-since-it-is-for-measuring"
)

// guest is a browser, as far as a sign-in needs one.
type guest struct {
	site *site
	wire *wire
	jar  jar
}

// visit follows one step, which must be a redirect, and returns where to.
func (g *guest) visit(method, path, body string, headers ...string) (string, error) {
	a, err := g.wire.do(request(method, path, body, append(headers, g.jar.header())...))
	if err == nil && a.location == "" {
		err = fmt.Errorf("%s %s answered %d and not a redirect: %.300s", method, path, a.status, a.body)
	}
	g.jar.keep(a.cookies)
	return a.location, err
}

// begin starts an interaction and returns the path of its first page.
func (g *guest) begin() (string, error) {
	return g.visit(http.MethodGet, g.authorization("consent"), "")
}

// signIn signs in with the password and returns the code that the application
// gets.
func (g *guest) signIn() (string, error) {
	page, err := g.begin()
	if err != nil {
		return "", err
	}
	form := url.Values{"identifier": {guestEmail}, "password": {guestPassword}}
	resume, err := g.visit(http.MethodPost, page, form.Encode(), formType, "Origin: http://localhost", "Sec-Fetch-Site: same-origin")
	if err != nil {
		return "", err
	}
	if resume, err = local(resume); err != nil {
		return "", err
	}
	return g.arrive(resume)
}

// code gets another code of the session.
func (g *guest) code() (string, error) { return g.arrive(g.authorization("")) }

// arrive follows redirects until the application has its code.
func (g *guest) arrive(path string) (string, error) {
	const most = 4
	for range most {
		to, err := g.visit(http.MethodGet, path, "")
		if err != nil {
			return "", err
		}
		u, err := url.Parse(to)
		if err != nil {
			return "", err
		}
		if code := u.Query().Get("code"); code != "" {
			return code, nil
		}
		if u.Host == "shop.example" {
			return "", fmt.Errorf("the application was told %s", u.RawQuery)
		}
		path = u.RequestURI()
	}
	return "", errors.New("the way back to the application has no end")
}

func (g *guest) authorization(prompt string) string {
	challenge := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"client_id": {g.site.spa.ID}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid profile email"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"}, "state": {"x"},
	}
	if prompt != "" {
		query.Set("prompt", prompt)
	}
	return "/oidc/auth?" + query.Encode()
}
