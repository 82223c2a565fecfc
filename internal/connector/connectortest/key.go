package connectortest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// signingKey is a key that a provider publishes. issuer is for whom alone it
// signs; only Microsoft says so.
type signingKey struct {
	id      string
	alg     jose.SignatureAlgorithm
	private crypto.Signer
	issuer  string
}

// must ends a test program that cannot make a key: nothing could follow.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newECKey(id string) *signingKey {
	return &signingKey{id: id, alg: jose.ES256, private: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))}
}

// rsaKey is made once, since making one takes long.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })

func newRSAKey(id string) *signingKey {
	return &signingKey{id: id, alg: jose.RS256, private: rsaKey()}
}

func (k *signingKey) sign(claims map[string]any) (string, error) {
	return sign(claims, k.alg, jose.JSONWebKey{Key: k.private, KeyID: k.id})
}

func sign(claims map[string]any, alg jose.SignatureAlgorithm, key any) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
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

func (u *Upstream) serveKeys(w http.ResponseWriter, _ *http.Request) {
	u.mu.Lock()
	defer u.mu.Unlock()
	list := []map[string]any{}
	for _, k := range u.keys {
		b := must(json.Marshal(jose.JSONWebKey{Key: k.private.Public(), KeyID: k.id, Algorithm: string(k.alg), Use: "sig"}))
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if k.issuer != "" {
			m["issuer"] = k.issuer
		}
		list = append(list, m)
	}
	w.Header().Set("Cache-Control", "public, max-age=3600")
	writeJSON(w, http.StatusOK, map[string]any{"keys": list})
}
