package connector

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" // RFC 7523 §2.2
	assertionLife = time.Minute
)

// assertion proves the client by a JWT under its secret (OpenID Connect Core
// §9, client_secret_jwt; RFC 7523 §3).
func (f *flow) assertion(audience string) (string, error) {
	algorithm := jose.SignatureAlgorithm(f.secretAlgorithm)
	if algorithm == "" {
		algorithm = jose.HS256
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: []byte(f.clientSecret)},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	now := f.set.now()
	return signed(signer, map[string]any{
		"iss": f.clientID, claimSubject: f.clientID, "aud": audience, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
}

func signed(signer jose.Signer, claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

// sniff says what the answer of a token endpoint is by looking at it. JSON is
// demanded (RFC 6749 §5.1), forms are older, and either comes under the name of
// the other, or of text.
type sniff struct{ next http.RoundTripper }

// RoundTrip passes a request on.
func (t sniff) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body) // limits has bounded it
	if err != nil {
		return nil, err
	}
	kind := "application/x-www-form-urlencoded"
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		kind = "application/json"
	}
	resp.Header.Set("Content-Type", kind)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}
