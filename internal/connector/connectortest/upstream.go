// Package connectortest holds outside identity providers to test against:
// small ones, written from the documents of Google, GitHub, Apple and
// Microsoft, and one of no brand that can be told to do everything wrong.
//
// They promise to be as strict as their documents: codes are used once, redirect
// URIs, secrets and PKCE verifiers must fit, and a person has to be chosen on a
// page, by a browser with or without scripts or by a call. Keys are made anew
// for each process and sign nothing but tests.
//
// They refuse to be complete: what no client of ours asks for is not there.
// Nothing of the product imports this package.
package connectortest

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Person is somebody with an account at a provider.
type Person struct {
	ID            string // what the provider knows them by
	Name          string
	Email         string
	EmailVerified bool
	Avatar        string // an https URL, or empty
	// Claims are said of the person over the usual ones, in ID tokens and by
	// user info endpoints: hd, tid, xms_edov, ….
	Claims map[string]any
}

// Client is the one client that a provider knows.
type Client struct {
	ID, Secret string
	// Redirects are the redirect URIs that it may use; empty permits all.
	Redirects []string
}

// Upstream is one provider, an OpenID provider of no brand if nothing else is
// said. Set its fields before it is used; Faults and People may be changed at
// any time with Change.
type Upstream struct {
	Issuer string // without a slash at the end
	Client Client
	People []Person
	Now    func() time.Time // nil means time.Now
	Faults Faults

	brand string // on the page
	ways  ways
	keys  []*signingKey // the last one signs

	mu     sync.Mutex
	codes  map[string]grant
	access map[string]grant
	seen   map[string]bool // who has consented before
	asked  map[string]int  // requests by path
}

// ways is what a brand does in its own way. Nil takes what OpenID Connect says.
type ways struct {
	claims    func(u *Upstream, g grant, claims map[string]any)         // changes those of an ID token
	noIDToken bool                                                      // plain OAuth 2
	client    func(u *Upstream, form url.Values) error                  // authenticates the client
	tokens    func(w http.ResponseWriter, r *http.Request, t tokenSet)  // writes the token answer
	refused   func(w http.ResponseWriter, r *http.Request, code string) // writes the token endpoint's error
	answer    func(u *Upstream, p Person, q, answer url.Values)         // adds to what the browser brings
}

// grant is a consent that was given.
type grant struct {
	person   Person
	query    url.Values // the authorization request
	redirect string
}

type tokenSet map[string]any

// New returns a provider of no brand.
func New(issuer string, client Client, people ...Person) *Upstream {
	return &Upstream{Issuer: issuer, Client: client, People: people, brand: "Acme ID", keys: []*signingKey{newECKey("key-1")}}
}

// Change changes the provider while it is in use.
func (u *Upstream) Change(change func(*Upstream)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	change(u)
}

// Asked says how often a path was asked.
func (u *Upstream) Asked(path string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.asked[path]
}

// RotateKeys makes the provider sign with a new key. It goes on publishing the
// old ones unless it forgets them.
func (u *Upstream) RotateKeys(forget bool) {
	u.Change(func(u *Upstream) {
		next := newECKey(fmt.Sprintf("key-%d", len(u.keys)+1))
		if forget {
			u.keys = nil
		}
		u.keys = append(u.keys, next)
	})
}

func (u *Upstream) now() time.Time {
	if u.Now == nil {
		return time.Now()
	}
	return u.Now()
}

// ServeHTTP serves an OpenID provider whose issuer ends where this handler is
// mounted: /.well-known/openid-configuration, /authorize, /token, /userinfo and
// /jwks.
func (u *Upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if u.intercepted(w, r) {
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		u.serveMetadata(w, r)
	case "/authorize":
		u.serveAuthorize(w, r)
	case "/token":
		u.serveToken(w, r)
	case "/userinfo":
		u.serveUserInfo(w, r)
	case "/jwks":
		u.serveKeys(w, r)
	default:
		http.NotFound(w, r)
	}
}

// intercepted counts a request, and lets the faults have it first.
func (u *Upstream) intercepted(w http.ResponseWriter, r *http.Request) bool {
	u.mu.Lock()
	if u.asked == nil {
		u.asked = map[string]int{}
	}
	u.asked[r.URL.Path]++
	before := u.Faults.Before
	u.mu.Unlock()
	return before != nil && before(w, r)
}

func (u *Upstream) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	m := map[string]any{
		"issuer": u.Issuer, "authorization_endpoint": u.Issuer + "/authorize", "token_endpoint": u.Issuer + "/token",
		"userinfo_endpoint": u.Issuer + "/userinfo", "jwks_uri": u.Issuer + "/jwks",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"ES256", "RS256"},
		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
	}
	u.mu.Lock()
	change := u.Faults.Metadata
	u.mu.Unlock()
	if change != nil {
		change(m)
	}
	w.Header().Set("Cache-Control", "public, max-age=3600")
	writeJSON(w, http.StatusOK, m)
}

// Errors of Answer and Refuse, and what the page says.
var (
	errClient   = errors.New("there is no such client")
	errRedirect = errors.New("this redirect URI is not registered")
	errRequest  = errors.New("the request is out of shape")
	errPerson   = errors.New("there is no such person")
)

// Answer lets somebody sign in and consent at the address that Begin returned,
// and returns what their browser brings back.
func (u *Upstream) Answer(location, personID string) (url.Values, error) {
	q, err := query(location)
	if err != nil {
		return nil, err
	}
	return u.consent(q, personID)
}

// Refuse lets somebody say no there.
func (u *Upstream) Refuse(location string) (url.Values, error) {
	q, err := query(location)
	if err != nil {
		return nil, err
	}
	return u.consent(q, "")
}

func query(location string) (url.Values, error) {
	parsed, err := url.Parse(location)
	if err != nil {
		return nil, err
	}
	return parsed.Query(), nil
}

// judge checks an authorization request (RFC 6749 §4.1.1).
func (u *Upstream) judge(q url.Values) error {
	switch {
	case q.Get("client_id") != u.Client.ID:
		return errClient
	case q.Get("redirect_uri") == "" || len(u.Client.Redirects) > 0 && !slices.Contains(u.Client.Redirects, q.Get("redirect_uri")):
		return errRedirect
	case !strings.Contains(q.Get("response_type"), "code"),
		q.Get("code_challenge") != "" && q.Get("code_challenge_method") != "S256":
		return errRequest
	}
	return nil
}

// consent answers an authorization request. No person means that they refused.
func (u *Upstream) consent(q url.Values, personID string) (url.Values, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := u.judge(q); err != nil {
		return nil, err
	}
	answer := url.Values{"state": {q.Get("state")}}
	if u.sendsIssuer() {
		answer.Set("iss", u.Issuer) // RFC 9207 §2
	}
	if personID == "" {
		answer.Set("error", "access_denied")
		answer.Set("error_description", "The person said no.")
		u.spoil(answer)
		return answer, nil
	}
	i := slices.IndexFunc(u.People, func(p Person) bool { return p.ID == personID })
	if i < 0 {
		return nil, errPerson
	}
	g := grant{person: u.People[i], query: q, redirect: q.Get("redirect_uri")}
	code := rand.Text()
	if u.codes == nil {
		u.codes, u.access, u.seen = map[string]grant{}, map[string]grant{}, map[string]bool{}
	}
	u.codes[code] = g
	answer.Set("code", code)
	if strings.Contains(q.Get("response_type"), "id_token") { // OpenID Connect Core §3.3
		raw, err := u.idToken(g, "")
		if err != nil {
			return nil, err
		}
		answer.Set("id_token", raw)
	}
	if u.ways.answer != nil {
		u.ways.answer(u, g.person, q, answer)
	}
	u.seen[personID] = true
	u.spoil(answer)
	return answer, nil
}

// sendsIssuer reports whether answers carry iss: those of no brand do.
func (u *Upstream) sendsIssuer() bool { return u.ways.claims == nil && !u.ways.noIDToken }

func (u *Upstream) spoil(answer url.Values) {
	if u.Faults.Answer != nil {
		u.Faults.Answer(answer)
	}
}

func (u *Upstream) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	g, ok := u.bearer(w, r)
	if !ok {
		return
	}
	claims := u.profile(g.person)
	u.mu.Lock()
	change := u.Faults.UserInfo
	u.mu.Unlock()
	if change != nil {
		change(claims)
	}
	writeJSON(w, http.StatusOK, claims)
}

// bearer finds whose access token a request carries (RFC 6750 §2.1).
func (u *Upstream) bearer(w http.ResponseWriter, r *http.Request) (grant, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	u.mu.Lock()
	g, known := u.access[token]
	u.mu.Unlock()
	if !ok || !known {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
		return grant{}, false
	}
	return g, true
}

// profile is the standard claims of a person (OpenID Connect Core §5.1).
func (u *Upstream) profile(p Person) map[string]any {
	claims := map[string]any{"sub": p.ID, "name": p.Name, "email": p.Email, "email_verified": p.EmailVerified}
	if p.Avatar != "" {
		claims["picture"] = p.Avatar
	}
	maps.Copy(claims, p.Claims)
	return claims
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that has gone away misses nothing
}
