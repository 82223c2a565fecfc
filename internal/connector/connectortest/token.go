package connectortest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"time"
)

const tokenLife = time.Hour

// serveToken exchanges a code (RFC 6749 §4.1.3).
func (u *Upstream) serveToken(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "POST", http.StatusMethodNotAllowed)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		u.refuse(w, r, "invalid_request")
		return
	}
	tokens, code := u.exchange(r)
	if code != "" {
		u.refuse(w, r, code)
		return
	}
	if u.ways.tokens != nil {
		u.ways.tokens(w, r, tokens)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, tokens)
}

func (u *Upstream) refuse(w http.ResponseWriter, r *http.Request, code string) {
	if u.ways.refused != nil {
		u.ways.refused(w, r, code)
		return
	}
	status := http.StatusBadRequest
	if code == "invalid_client" {
		status = http.StatusUnauthorized
	}
	writeJSON(w, status, map[string]string{"error": code, "error_description": "The request was refused."})
}

// exchange returns the tokens for a code, or the error code of RFC 6749 §5.2.
func (u *Upstream) exchange(r *http.Request) (tokenSet, string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	form := r.PostForm
	if id, secret, ok := r.BasicAuth(); ok { // both come URL-encoded, RFC 6749 §2.3.1
		id, errID := url.QueryUnescape(id)
		secret, errSecret := url.QueryUnescape(secret)
		if errID != nil || errSecret != nil {
			return nil, "invalid_client"
		}
		form.Set("client_id", id)
		form.Set("client_secret", secret)
	}
	authenticate := u.ways.client
	if authenticate == nil {
		authenticate = bySecret
	}
	if authenticate(u, form) != nil {
		return nil, "invalid_client"
	}
	code := form.Get("code")
	g, ok := u.codes[code]
	delete(u.codes, code) // RFC 6749 §4.1.2: used once, whatever comes of it
	switch {
	case form.Get("grant_type") != "authorization_code":
		return nil, "unsupported_grant_type"
	case !ok || g.redirect != form.Get("redirect_uri") || !verifies(g.query.Get("code_challenge"), form.Get("code_verifier")):
		return nil, "invalid_grant"
	}
	access := rand.Text()
	u.access[access] = g
	tokens := tokenSet{
		"access_token": access, "token_type": "Bearer", "expires_in": int(tokenLife.Seconds()), "scope": g.query.Get("scope"),
	}
	if !u.ways.noIDToken {
		raw, err := u.idToken(g, access)
		if err != nil {
			return nil, "server_error"
		}
		tokens["id_token"] = raw
	}
	if u.Faults.Tokens != nil {
		u.Faults.Tokens(tokens)
	}
	return tokens, ""
}

var errSecret = errors.New("the client does not prove itself")

func bySecret(u *Upstream, form url.Values) error {
	if form.Get("client_id") != u.Client.ID || form.Get("client_secret") != u.Client.Secret {
		return errSecret
	}
	return nil
}

// verifies checks a PKCE verifier (RFC 7636 §4.6). Without a challenge there
// must be none (RFC 9700 §2.1.1: a downgrade).
func verifies(challenge, verifier string) bool {
	if challenge == "" {
		return verifier == ""
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == challenge
}

// idToken makes the ID token of a grant (OpenID Connect Core §2). The caller
// holds the lock.
func (u *Upstream) idToken(g grant, access string) (string, error) {
	now := u.now()
	claims := u.profile(g.person)
	claims["iss"], claims["aud"] = u.Issuer, u.Client.ID
	claims["iat"], claims["exp"] = now.Unix(), now.Add(tokenLife).Unix()
	if nonce := g.query.Get("nonce"); nonce != "" {
		claims["nonce"] = nonce
	}
	if access != "" {
		sum := sha256.Sum256([]byte(access)) // all our algorithms are of 256 bits
		claims["at_hash"] = base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	}
	if u.ways.claims != nil {
		u.ways.claims(u, g, claims)
	}
	if u.Faults.Claims != nil {
		u.Faults.Claims(claims)
	}
	key := u.keys[len(u.keys)-1]
	for _, k := range u.keys {
		if k.issuer == claims["iss"] {
			key = k
		}
	}
	if u.Faults.Sign != nil {
		return u.Faults.Sign(claims, key.private)
	}
	return key.sign(claims)
}
