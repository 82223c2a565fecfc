package mail

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	googleTokens = "https://oauth2.googleapis.com/token" //nolint:gosec // a public address; where no accessUrl is given
	googleScope  = "https://mail.google.com/"
	jwtBearer    = "urn:ietf:params:oauth:grant-type:jwt-bearer" //nolint:gosec // the name of a grant, RFC 7523 §2.1
	tokenLeeway  = time.Minute                                   // a token is renewed this long before it ends
	tokenLife    = time.Hour                                     // where the server does not say
)

// tokenSource finds the access token of an OAuth 2 login for SMTP: the given
// one while it lasts, then by refresh token (RFC 6749 §6) or by an assertion
// signed with a service account's key (RFC 7523).
type tokenSource struct {
	auth   smtpAuth
	client *http.Client

	mu     sync.Mutex
	access string
	until  time.Time // zero for a token of unknown end
}

func newTokenSource(auth smtpAuth, client *http.Client) *tokenSource {
	s := &tokenSource{auth: auth, client: client, access: auth.AccessToken}
	if auth.Expires != nil {
		s.until = time.UnixMilli(int64(*auth.Expires))
	}
	return s
}

// token returns an access token that is good at now.
func (s *tokenSource) token(ctx context.Context, now time.Time) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	canRenew := s.auth.RefreshToken != "" || s.auth.ServiceClient != ""
	if s.access != "" && (!canRenew || s.until.IsZero() || now.Add(tokenLeeway).Before(s.until)) {
		return s.access, nil
	}
	if !canRenew {
		return "", failure("the config has no access token and nothing to get one with", nil, false)
	}
	form := url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {s.auth.RefreshToken},
		"client_id": {s.auth.ClientID}, "client_secret": {s.auth.ClientSecret},
	}
	if s.auth.ServiceClient != "" {
		assertion, err := s.assertion(now)
		if err != nil {
			return "", failure(err.Error(), nil, false)
		}
		form = url.Values{"grant_type": {jwtBearer}, "assertion": {assertion}}
	}
	return s.fetch(ctx, form, now)
}

func (s *tokenSource) fetch(ctx context.Context, form url.Values, now time.Time) (string, error) {
	secrets := []string{form.Get("assertion"), s.auth.RefreshToken, s.auth.ClientSecret}
	secrets = nonEmpty(secrets)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.endpoint(), strings.NewReader(form.Encode()))
	if err != nil {
		return "", failure(err.Error(), secrets, false)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	answer, err := do(s.client, req, secrets)
	if err != nil {
		var p *PermanentError
		if errors.As(err, &p) {
			return "", p.Err // a login that somebody can mend while the letter waits
		}
		return "", err
	}
	var t struct {
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"`
	}
	if json.Unmarshal(answer, &t) != nil || t.AccessToken == "" {
		return "", failure("the token endpoint answered without an access token", nil, false)
	}
	life := tokenLife
	if t.ExpiresIn > 0 {
		life = time.Duration(t.ExpiresIn) * time.Second
	}
	s.access, s.until = t.AccessToken, now.Add(life)
	return s.access, nil
}

func nonEmpty(list []string) []string {
	var kept []string
	for _, s := range list {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return kept
}

func (s *tokenSource) endpoint() string {
	if s.auth.AccessURL != "" {
		return s.auth.AccessURL
	}
	return googleTokens
}

// assertion is the RS256 JWT of RFC 7523 §3 for a service account acting for
// the mailbox's user.
func (s *tokenSource) assertion(now time.Time) (string, error) {
	key, err := parseRSAKey(s.auth.PrivateKey)
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{
		"iss": s.auth.ServiceClient, "sub": s.auth.User, "scope": googleScope, "aud": s.endpoint(),
		"iat": now.Unix(), "exp": now.Add(tokenLife).Unix(),
	})
	if err != nil {
		return "", err
	}
	enc := base64.RawURLEncoding
	input := enc.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + enc.EncodeToString(claims)
	sum := sha256.Sum256([]byte(input))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", errors.New("the private key cannot sign")
	}
	return input + "." + enc.EncodeToString(sig), nil
}

// parseRSAKey reads a PEM key; keys pasted into JSON often carry "\n" as two
// characters.
func parseRSAKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(strings.ReplaceAll(text, `\n`, "\n")))
	if block == nil {
		return nil, errors.New("the private key is not PEM")
	}
	if k, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return k, nil
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the private key cannot be read")
	}
	if r, ok := k.(*rsa.PrivateKey); ok {
		return r, nil
	}
	return nil, errors.New("the private key is not an RSA key")
}
