package oidc

import (
	"net/http"
	"strings"

	"guestlist"
	"guestlist/internal/token"
	"guestlist/internal/web"
)

// maxBearer is the longest access token that is looked up, in bytes.
const maxBearer = 4 << 10

// userInfo serves the userinfo endpoint (OpenID Connect Core §5.3). Its errors
// follow RFC 6750 §3.
func (d *Door) userInfo(w http.ResponseWriter, r *http.Request) error {
	web.AddVary(w.Header(), "Origin")
	bearer, err := bearerOf(w, r)
	var info token.UserInfo
	if err == nil {
		info, err = d.Mint.UserInfo(r.Context(), bearer)
	}
	origin := r.Header.Get("Origin")
	if err != nil {
		if origin != "" {
			web.Allow(w, origin) // nothing but the refusal is to be read
		}
		return challenged(err)
	}
	if origin != "" {
		c, err := d.client(r.Context(), string(info.ClientID))
		if err == nil {
			err = d.checkOrigin(w, c, origin)
		}
		if err != nil {
			return challenged(err)
		}
	}
	noStore(w)
	web.WriteTagged(w, r, contentTypeJSON[0], info.Claims)
	return nil
}

// challenged makes an error name the scheme by which to do better.
func challenged(err error) error {
	e := *asError(err)
	if e.Kind != guestlist.KindInternal {
		e.Challenge = "Bearer"
	}
	return &e
}

// bearerOf finds the access token of a request: in the header, or in the body
// of a POST (RFC 6750 §2.1 and §2.2). The query is refused: it ends up in logs.
func bearerOf(w http.ResponseWriter, r *http.Request) (string, error) {
	if strings.Contains(r.URL.RawQuery, "access_token") && r.URL.Query().Has("access_token") {
		return "", invalidRequest("access tokens must not be provided via query parameter")
	}
	header := r.Header.Get("Authorization")
	inBody := ""
	if r.Method == http.MethodPost {
		form, err := readForm(w, r)
		if err != nil {
			return "", err
		}
		inBody = form.Get("access_token")
	}
	switch {
	case header == "" && inBody == "":
		e := newError(guestlist.KindUnauthenticated, "invalid_token", "no access token provided")
		e.Bare = true
		return "", e
	case header == "":
		return limited(inBody)
	case inBody != "":
		return "", invalidRequest("access token must only be provided using one mechanism")
	}
	scheme, value, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", invalidRequest("authorization header scheme must be `Bearer`")
	}
	return limited(strings.TrimSpace(value))
}

func limited(bearer string) (string, error) {
	if bearer == "" || len(bearer) > maxBearer {
		return "", token.ErrInvalidToken
	}
	return bearer, nil
}
