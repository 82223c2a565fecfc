package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"guestlist"
)

// session is who is signed in to the console. It lives in the browser, sealed.
type session struct {
	Access  string           `json:"a"`
	Refresh string           `json:"r"`
	Ends    guestlist.Time   `json:"e"` // of Access
	Got     guestlist.Time   `json:"g"` // when Access was
	UserID  guestlist.UserID `json:"u"`
	Name    string           `json:"n"`
	Detail  string           `json:"d"`
	// Scopes are those of the management API that Access has. They only say what
	// is worth showing: what may be done, the API decides.
	Scopes []string `json:"s,omitempty"`
}

const (
	cookieSession  = "console_session"
	purposeSession = "console.session"

	// freshFor is how long an access token is used before a new one is asked
	// for. It would live longer, but a session that was ended elsewhere, or a
	// stolen copy of the cookie, is good for no more than this.
	freshFor = 5 * time.Minute
	// sessionSeconds is how long a sign-in lasts; afterwards the provider is
	// asked again, which mostly goes by itself.
	sessionSeconds = 12 * 60 * 60
	// maxShownName is how much of a name travels in the cookie, in bytes.
	maxShownName = 120
)

// Client is the console's registration with the server: a public client, since
// it has no secret of its own to keep, whose refresh token stays the same,
// since it never leaves the sealed cookie, and tabs may renew at once.
func Client(endpoint string) guestlist.Application {
	yes, no, life := true, false, sessionSeconds
	return guestlist.Application{
		TenantID: guestlist.TenantID, ID: guestlist.ConsoleApplication, Name: "Guestlist", Type: guestlist.ApplicationSPA,
		OIDCClientMetadata: guestlist.OIDCClientMetadata{
			RedirectURIs: []string{endpoint + pathCallback}, PostLogoutRedirectURIs: []string{endpoint + pathSignedOut},
		},
		CustomClientMetadata: guestlist.CustomClientMetadata{
			AlwaysIssueRefreshToken: &yes, RotateRefreshToken: &no, RefreshTokenTTL: &life,
		},
		CustomData: guestlist.JSONObject("{}"),
	}
}

// keep writes a session into the browser. One that is too long for a cookie is
// refused.
func (d *Door) keep(w http.ResponseWriter, s session) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	dropCookie(w, cookieSession)
	if !d.Cookies.Set(w, cookieSession, d.Seal(purposeSession, string(text)), cookieOptions()) {
		return guestlist.Refuse(guestlist.KindTooLarge, "request.body_too_large")
	}
	return nil
}

// forget removes the session from the browser.
func (d *Door) forget(w http.ResponseWriter) {
	dropCookie(w, cookieSession)
	d.Cookies.Clear(w, cookieSession, "")
}

// dropCookie takes back a cookie that this answer was going to set, so that
// there is one word and not two.
func dropCookie(w http.ResponseWriter, name string) {
	lines := w.Header()["Set-Cookie"]
	lines = slices.DeleteFunc(lines, func(line string) bool {
		key, _, _ := strings.Cut(line, "=")
		return strings.TrimSuffix(strings.TrimPrefix(key, "__Host-"), ".sig") == name
	})
	if len(lines) == 0 {
		w.Header().Del("Set-Cookie")
		return
	}
	w.Header()["Set-Cookie"] = lines
}

// kept reads the session that the browser sent, whatever its age.
func (d *Door) kept(r *http.Request) (session, bool) {
	var s session
	sealed, ok := d.Cookies.Get(r, cookieSession)
	if !ok {
		return s, false
	}
	text, err := d.Open(purposeSession, sealed)
	if err != nil || json.Unmarshal([]byte(text), &s) != nil {
		return s, false
	}
	return s, s.Access != ""
}

// session returns who is signed in, with an access token that is fresh; false
// if nobody is. It writes the cookie anew when it renewed the token.
func (d *Door) session(w http.ResponseWriter, r *http.Request) (session, bool, error) {
	s, ok := d.kept(r)
	now := guestlist.TimeOf(d.Now())
	if !ok || now < s.Got+guestlist.Time(freshFor.Milliseconds()) && now < s.Ends {
		return s, ok, nil
	}
	renewed, err := d.renew(r, s, now)
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused):
		d.forget(w)
		return session{}, false, nil
	case err != nil && now < s.Ends:
		d.Manners.Describe(r, err) // logged; the token that there is still works
		return s, true, nil
	case err != nil:
		return s, false, err
	}
	return renewed, true, d.keep(w, renewed)
}

// renew asks for a new access token (RFC 6749 §6) for the management API
// (RFC 8707 §2.2).
func (d *Door) renew(r *http.Request, s session, now guestlist.Time) (session, error) {
	client, _, err := d.relyingParty(r.Context())
	if err != nil {
		return s, err
	}
	tokens, err := d.redeem(r.Context(), client, map[string]string{"grant_type": "refresh_token", "refresh_token": s.Refresh})
	if err != nil {
		return s, err
	}
	s.take(tokens, now)
	return s, nil
}

// take notes the tokens of an answer.
func (s *session) take(t *oauth2.Token, now guestlist.Time) {
	s.Access, s.Got, s.Ends = t.AccessToken, now, guestlist.TimeOf(t.Expiry)
	if t.ExpiresIn > 0 {
		s.Ends = now.Add(time.Duration(t.ExpiresIn) * time.Second)
	}
	if t.RefreshToken != "" {
		s.Refresh = t.RefreshToken
	}
	if scope, ok := t.Extra("scope").(string); ok { // RFC 6749 §5.1
		s.Scopes = nil
		for _, known := range guestlist.ManagementScopes() {
			if slices.Contains(strings.Fields(scope), known) {
				s.Scopes = append(s.Scopes, known)
			}
		}
	}
}

// introduce notes who the ID token says is signed in.
func (s *session) introduce(id *oidc.IDToken) error {
	var c struct {
		Name     *string `json:"name"`
		Username *string `json:"username"`
		Email    *string `json:"email"`
	}
	if err := id.Claims(&c); err != nil {
		return err
	}
	s.UserID = guestlist.UserID(id.Subject)
	for _, name := range []*string{c.Name, c.Username, c.Email} {
		if name == nil || *name == "" {
			continue
		}
		if s.Name == "" {
			s.Name = shorten(*name)
		} else if s.Detail == "" {
			s.Detail = shorten(*name)
		}
	}
	if s.Name == "" {
		s.Name = id.Subject
	}
	return nil
}

func shorten(s string) string {
	if len(s) <= maxShownName {
		return s
	}
	s = s[:maxShownName]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}
