// Package oidc is the door for applications: everything under /oidc, an OpenID
// provider in Logto's dialect.
//
// It promises that a browser is only ever sent to an address that the
// application registered, that a client is who it says before anything is
// given to it, that no answer with a token is kept by a cache, and that every
// error carries both the members of RFC 6749 and those that Logto's SDKs read.
// The paths that machines take by the thousand, client_credentials, discovery
// and the key set, read nothing but memory.
//
// It refuses to know how people sign in (package signin), what is inside a
// token (package token), and SQL.
package oidc

import (
	"net/http"
	"net/netip"
	"strings"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
	"guestlist/internal/token"
	"guestlist/internal/web"
)

// Door serves /oidc. Wire it by struct literal; BuiltIn and Trusted may be nil.
type Door struct {
	Store   *store.Store
	Desk    *signin.Desk
	Mint    *token.Mint
	Manners *web.Manners
	Cookies web.Cookies
	Audit   *Audit

	// Endpoint is the public origin, without a slash at its end. The issuer is
	// Endpoint + "/oidc".
	Endpoint string

	// BuiltIn are the clients that have no row, such as demo-app.
	BuiltIn map[guestlist.ApplicationID]guestlist.Application

	// Draw answers with a page in the tenant's dress. The page is made with the
	// phrases ("pages." is left out) of the language that Draw chose.
	Draw func(w http.ResponseWriter, r *http.Request, page func(phrase func(key string) string) *web.Page) error

	// Trusted are the proxies whose X-Forwarded-For counts.
	Trusted []netip.Prefix

	documents documents
}

// Paths of the endpoints, below the public origin.
const (
	pathBase       = "/oidc"
	pathDiscovery  = pathBase + "/.well-known/openid-configuration"
	pathDiscovery2 = pathBase + "/.well-known/oauth-authorization-server" // RFC 8414 §3, Logto's place for it
	pathKeys       = pathBase + "/jwks"
	pathToken      = pathBase + "/token"
	pathIntrospect = pathBase + "/token/introspection"
	pathRevoke     = pathBase + "/token/revocation"
	pathUserInfo   = pathBase + "/me"
	pathAuthorize  = pathBase + "/auth"
	pathPush       = pathBase + "/request"
	pathEndSession = pathBase + "/session/end"
)

// Mount adds every route of the door. What else lies under /oidc, wrong methods
// included, is 404 in OAuth's error form.
func (d *Door) Mount(mux *web.Mux) {
	d.public(mux, pathDiscovery, d.discovery)
	d.public(mux, pathDiscovery2, d.discovery)
	d.public(mux, pathKeys, d.keys)

	d.shared(mux, pathToken, d.token, http.MethodPost)
	d.shared(mux, pathIntrospect, d.introspect, http.MethodPost)
	d.shared(mux, pathRevoke, d.revoke, http.MethodPost)
	d.shared(mux, pathUserInfo, d.userInfo, http.MethodGet, http.MethodPost)

	mux.Handle("GET "+pathAuthorize, d.page(d.authorize))
	mux.Handle("POST "+pathAuthorize, d.page(d.authorize))
	mux.Handle("GET "+pathAuthorize+"/{uid}", d.page(d.resume))
	mux.Handle("GET "+pathEndSession, d.page(d.endSession))
	mux.Handle("POST "+pathEndSession, d.page(d.endSession))
	mux.Handle("POST "+pathConfirmEnd, d.page(d.confirmEnd))
	mux.Handle("GET "+pathEnded, d.page(d.ended))
	d.shared(mux, pathPush, d.push, http.MethodPost)

	unknown := d.handle(d.unknown)
	mux.Handle(pathBase, unknown)
	mux.Handle(pathBase+"/", unknown)
}

// public routes a document that every origin may read.
func (d *Door) public(mux *web.Mux, path string, h web.Handler) {
	mux.Handle("GET "+path, d.handle(h))
	mux.Handle("OPTIONS "+path, d.preflight("GET"))
}

// shared routes an endpoint that the pages of applications call: which origin
// may, is decided once the client is known.
func (d *Door) shared(mux *web.Mux, path string, h web.Handler, methods ...string) {
	allowed := ""
	for i, method := range methods {
		mux.Handle(method+" "+path, d.handle(h))
		if i > 0 {
			allowed += ","
		}
		allowed += method
	}
	mux.Handle("OPTIONS "+path, d.preflight(allowed))
}

// preflightAge is how many seconds a browser may remember a preflight.
const preflightAge = 3600

// preflight allows every origin to ask; the refusal comes with the real call,
// which alone knows the client.
func (d *Door) preflight(methods string) http.Handler {
	return web.CORS{AllowOrigin: web.AnyOrigin, Methods: methods, MaxAge: preflightAge}.Wrap(d.handle(d.unknown))
}

// handle adapts h; its errors become OAuth's.
func (d *Door) handle(h web.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			d.writeError(w, r, err)
		}
	})
}

// page adapts h for browsers: a person who meets an error there sees a page,
// everybody else OAuth's JSON.
func (d *Door) page(h web.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		if e := asError(err); e.Target == nil && d.Manners.ErrorPage != nil && strings.Contains(r.Header.Get("Accept"), "text/html") {
			d.Manners.WriteErrorPage(w, r, e.refusal())
			return
		}
		d.writeError(w, r, err)
	})
}

// unknown answers for everything that is no endpoint.
func (d *Door) unknown(_ http.ResponseWriter, r *http.Request) error {
	path := r.URL.Path[len(pathBase):]
	if path == "" {
		path = "/"
	}
	e := newError(guestlist.KindNotFound, "invalid_request",
		"unrecognized route or not allowed method (%s on %s)", excerpt(r.Method), excerpt(path))
	e.Keep = true
	return e
}

// ip returns the caller's address for the audit log.
func (d *Door) ip(r *http.Request) string {
	if ip := web.ClientIP(r, d.Trusted); ip.IsValid() {
		return ip.String()
	}
	return ""
}
