package connectortest

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Faults are the places where a provider can be made to go wrong. Nil leaves a
// place right.
type Faults struct {
	Before   func(http.ResponseWriter, *http.Request) bool // answers a request; false lets it pass
	Metadata func(map[string]any)
	Answer   func(url.Values)     // of the authorization endpoint
	Tokens   func(map[string]any) // of the token endpoint
	UserInfo func(map[string]any)
	Claims   func(map[string]any)                                // of the ID token
	Sign     func(map[string]any, crypto.Signer) (string, error) // the ID token
}

// Fault is one thing that a provider of no brand can do wrong, and the code
// that it must end in. Provoke expects an upstream that is right.
type Fault struct {
	Name    string
	Code    string
	Provoke func(*Upstream)
}

// The codes that faults end in.
const (
	codeGeneral     = "connector.general"
	codeResponse    = "connector.invalid_response"
	codeIDToken     = "connector.social_invalid_id_token"
	codeAccessToken = "connector.social_invalid_access_token"
)

// AllFaults lists everything that a provider of no brand can do wrong.
func AllFaults() []Fault {
	return append(append(backChannelFaults(), answerFaults()...), tokenFaults()...)
}

const (
	pathMetadata = "/.well-known/openid-configuration"
	pathToken    = "/token"
	pathUserInfo = "/userinfo"
	pathKeys     = "/jwks"
)

// at lets a path be answered by something else.
func at(path string, answer http.HandlerFunc) func(*Upstream) {
	return func(u *Upstream) {
		u.Faults.Before = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, path) {
				return false
			}
			answer(w, r)
			return true
		}
	}
}

func down(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "down", http.StatusServiceUnavailable)
}

// hang answers when the client has lost patience.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // a server watches for the client only once the body is read
	<-r.Context().Done()
}

func huge(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"a":"`))
	block := bytes.Repeat([]byte("a"), 64<<10)
	for range 64 { // 4 MiB, or until the client goes
		if _, err := w.Write(block); err != nil {
			return
		}
	}
	_, _ = w.Write([]byte(`"}`))
}

func redirecting(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
}

func words(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func backChannelFaults() []Fault {
	html := words(http.StatusOK, "text/html", "<!doctype html><p>Welcome!")
	list := []Fault{
		{"metadata in HTML", codeResponse, at(pathMetadata, html)},
		{"metadata of another issuer", codeResponse, metadata(func(m map[string]any) { m["issuer"] = "https://evil.example" })},
		{"metadata without a token endpoint", codeResponse, metadata(func(m map[string]any) { delete(m, "token_endpoint") })},
		{"metadata that lead to a file", codeResponse, metadata(func(m map[string]any) { m["jwks_uri"] = "file:///etc/passwd" })},
		{"metadata of the wrong types", codeResponse, metadata(func(m map[string]any) { m["token_endpoint"] = 5 })},
		{"token answer in HTML", codeResponse, at(pathToken, words(http.StatusOK, "application/json", "{nothing"))},
		{"token answer without a token", codeAccessToken, at(pathToken, words(http.StatusOK, "application/json", "{}"))},
		{"code refused", "connector.social_auth_code_invalid", at(pathToken, words(http.StatusBadRequest, "application/json", `{"error":"invalid_grant"}`))},
		{"client refused", codeGeneral, at(pathToken, words(http.StatusUnauthorized, "application/json", `{"error":"invalid_client"}`))},
		{"asked too often", "connector.rate_limit_exceeded", at(pathToken, words(http.StatusTooManyRequests, "text/plain", "slow down"))},
		{"no keys", codeResponse, at(pathKeys, words(http.StatusOK, "application/json", `{"keys":[]}`))},
		{"keys of unknown kinds", codeResponse, at(pathKeys, words(http.StatusOK, "application/json", `{"keys":[{"kty":"oct","k":"AAAA"},{"kty":"x"},5]}`))},
	}
	for _, path := range []string{pathMetadata, pathToken, pathKeys} {
		list = append(list,
			Fault{path + " down", codeGeneral, at(path, down)},
			Fault{path + " slow", codeGeneral, at(path, hang)},
			Fault{path + " huge", codeGeneral, at(path, huge)},
			Fault{path + " redirects to a private address", codeGeneral, at(path, redirecting)},
		)
	}
	return list
}

func metadata(change func(map[string]any)) func(*Upstream) {
	return func(u *Upstream) { u.Faults.Metadata = change }
}

func answerFaults() []Fault {
	spoiled := func(change func(url.Values)) func(*Upstream) {
		return func(u *Upstream) { u.Faults.Answer = change }
	}
	return []Fault{
		{"answer of another issuer", codeResponse, spoiled(func(v url.Values) { v.Set("iss", "https://evil.example") })},
		{"answer without the issuer that was promised", codeResponse, spoiled(func(v url.Values) { v.Del("iss") })},
		{"answer to another attempt", "connector.invalid_request_parameters", spoiled(func(v url.Values) { v.Set("state", "another") })},
		{"answer without a state", "connector.invalid_request_parameters", spoiled(func(v url.Values) { v.Del("state") })},
		{"answer without a code", "connector.insufficient_request_parameters", spoiled(func(v url.Values) { v.Del("code") })},
		{"answer with two codes", "connector.invalid_request_parameters", spoiled(func(v url.Values) { v.Add("code", "another") })},
		{"answer with a made-up code", "connector.social_auth_code_invalid", spoiled(func(v url.Values) { v.Set("code", "made-up") })},
		{"answer with an endless code", "connector.social_auth_code_invalid", spoiled(func(v url.Values) { v.Set("code", strings.Repeat("a", 5000)) })},
		{"guest refuses", "connector.authorization_failed", spoiled(func(v url.Values) { v.Del("code"); v.Set("error", "access_denied") })},
		{"provider in trouble", codeGeneral, spoiled(func(v url.Values) { v.Del("code"); v.Set("error", "server_error") })},
	}
}

func tokenFaults() []Fault {
	claim := func(name string, value any) func(*Upstream) {
		return func(u *Upstream) { u.Faults.Claims = func(c map[string]any) { c[name] = value } }
	}
	without := func(name string) func(*Upstream) {
		return func(u *Upstream) { u.Faults.Claims = func(c map[string]any) { delete(c, name) } }
	}
	shifted := func(by time.Duration) func(*Upstream) {
		return func(u *Upstream) {
			u.Faults.Claims = func(c map[string]any) {
				for _, name := range []string{"iat", "exp"} {
					c[name] = c[name].(int64) + int64(by.Seconds())
				}
			}
		}
	}
	signed := func(by func(map[string]any, crypto.Signer) (string, error)) func(*Upstream) {
		return func(u *Upstream) { u.Faults.Sign = by }
	}
	token := func(change func(map[string]any)) func(*Upstream) {
		return func(u *Upstream) { u.Faults.Tokens = change }
	}
	return []Fault{
		{"wrong issuer", codeIDToken, claim("iss", "https://evil.example")},
		{"no issuer", codeIDToken, without("iss")},
		{"wrong audience", codeIDToken, claim("aud", "another-client")},
		{"no audience", codeIDToken, without("aud")},
		{"several audiences and no authorized party", codeIDToken, func(u *Upstream) {
			u.Faults.Claims = func(c map[string]any) { c["aud"] = []string{u.Client.ID, "another-client"} }
		}},
		{"another authorized party", codeIDToken, claim("azp", "another-client")},
		{"wrong nonce", codeIDToken, claim("nonce", "another")},
		{"no nonce", codeIDToken, without("nonce")},
		{"no subject", codeIDToken, without("sub")},
		{"endless subject", codeIDToken, claim("sub", strings.Repeat("a", 300))},
		{"no end", codeIDToken, without("exp")},
		{"no beginning", codeIDToken, without("iat")},
		{"ended", codeIDToken, shifted(-2 * tokenLife)},
		{"from the future", codeIDToken, shifted(10 * time.Minute)},
		{"not valid yet", codeIDToken, claim("nbf", time.Now().Add(24*365*100*time.Hour).Unix())},
		{"another access token", codeIDToken, claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")},
		{"times out of shape", codeIDToken, claim("exp", "tomorrow")},
		{"no ID token", codeIDToken, token(func(t map[string]any) { delete(t, "id_token") })},
		{"ID token is nothing of the kind", codeIDToken, token(func(t map[string]any) { t["id_token"] = "a.b.c" })},
		{"token of another type", codeAccessToken, token(func(t map[string]any) { t["token_type"] = "mac" })},
		{"unsigned", codeIDToken, signed(unsigned)},
		{"algorithm none", codeIDToken, signed(none)},
		{"HS256 with the public key", codeIDToken, signed(publicKeyAsSecret)},
		{"HS256 with the client secret", codeIDToken, func(u *Upstream) {
			u.Faults.Sign = func(c map[string]any, _ crypto.Signer) (string, error) { return hs256(c, []byte(u.Client.Secret)) }
		}},
		{"signed by a stranger", codeIDToken, signed(byStranger)},
		{"signed by a key that it brings along", codeIDToken, signed(byOwnKey)},
		{"changed after signing", codeIDToken, signed(changed)},
	}
}

func unsigned(c map[string]any, key crypto.Signer) (string, error) {
	raw, err := sign(c, jose.ES256, key)
	return raw[:strings.LastIndexByte(raw, '.')+1], err
}

func none(c map[string]any, _ crypto.Signer) (string, error) {
	b, err := json.Marshal(c)
	enc := base64.RawURLEncoding
	return enc.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + enc.EncodeToString(b) + ".", err
}

func hs256(c map[string]any, secret []byte) (string, error) {
	for len(secret) < 32 { // go-jose signs with no shorter one
		secret = append(secret, 0)
	}
	return sign(c, jose.HS256, jose.JSONWebKey{Key: secret, KeyID: "key-1"})
}

func publicKeyAsSecret(c map[string]any, key crypto.Signer) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", err
	}
	return hs256(c, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func byStranger(c map[string]any, _ crypto.Signer) (string, error) { return newECKey("key-1").sign(c) }

// byOwnKey brings the key in the header (RFC 7515 §4.1.3), which proves nothing.
func byOwnKey(c map[string]any, _ crypto.Signer) (string, error) {
	key := newECKey("")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key.private}, &jose.SignerOptions{EmbedJWK: true})
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

func changed(c map[string]any, key crypto.Signer) (string, error) {
	raw, err := sign(c, jose.ES256, jose.JSONWebKey{Key: key, KeyID: "key-1"})
	if err != nil {
		return "", err
	}
	c["sub"] = "somebody-else"
	b, err := json.Marshal(c)
	parts := strings.Split(raw, ".")
	return parts[0] + "." + base64.RawURLEncoding.EncodeToString(b) + "." + parts[2], err
}
