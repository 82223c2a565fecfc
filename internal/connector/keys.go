package connector

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

const (
	maxKeys    = 128  // of one set that are looked at
	minRSABits = 2048 // RFC 7518 §3.3
)

// key is one key of a set. Issuer is for whom alone it signs; only Microsoft
// publishes it.
type key struct {
	jose.JSONWebKey
	issuer string
}

// checkSignature verifies a signature with the keys at an address and returns
// what was signed, and for whom alone the key signs, if that is said.
func (s *Set) checkSignature(ctx context.Context, address string, jws *jose.JSONWebSignature) ([]byte, string, error) {
	header := jws.Signatures[0].Header
	for _, newer := range []bool{false, true} { // a key that is not there may be new: Core §10.1.1
		keys, err := s.keys(ctx, address, newer)
		if err != nil {
			return nil, "", err
		}
		for _, k := range keys {
			if !k.fits(header) {
				continue
			}
			if payload, err := jws.Verify(k.JSONWebKey); err == nil {
				return payload, k.issuer, nil
			}
		}
	}
	return nil, "", fail(errIDToken, "no key of the provider made its signature (kid %q, alg %s)", header.KeyID, header.Algorithm)
}

// fits reports whether a key may have made a signature.
func (k key) fits(header jose.Header) bool {
	return (header.KeyID == "" || k.KeyID == header.KeyID) && (k.Algorithm == "" || k.Algorithm == header.Algorithm)
}

// keys returns the key set at an address.
func (s *Set) keys(ctx context.Context, address string, newer bool) ([]key, error) {
	value, err := s.documents.get(ctx, address, s.now(), newer, func(ctx context.Context) (any, http.Header, error) {
		var set struct {
			Keys []json.RawMessage `json:"keys"`
		}
		header, err := s.getJSON(ctx, address, "", &set)
		if err != nil {
			return nil, nil, err
		}
		keys := parseKeys(set.Keys)
		if len(keys) == 0 {
			return nil, nil, fail(errResponse, "%s: there is no key to verify with", hostOf(address))
		}
		return keys, header, nil
	})
	if err != nil {
		return nil, err
	}
	return value.([]key), nil
}

// parseKeys reads the keys that can verify, and passes over the others
// (RFC 7517 §5): unknown kinds, those for encryption, secrets, weak ones.
func parseKeys(raw []json.RawMessage) []key {
	var keys []key
	for _, r := range raw[:min(len(raw), maxKeys)] {
		var k key
		var more struct {
			Issuer string `json:"issuer"`
		}
		if k.UnmarshalJSON(r) != nil || json.Unmarshal(r, &more) != nil {
			continue
		}
		k.issuer = more.Issuer
		if k.IsPublic() && k.Valid() && k.Use != "enc" && strong(k.Key) {
			keys = append(keys, k)
		}
	}
	return keys
}

func strong(k any) bool {
	if r, ok := k.(*rsa.PublicKey); ok {
		return r.N.BitLen() >= minRSABits
	}
	return true
}

// tenantMark stands for the tenant in what Microsoft publishes.
const tenantMark = "{tenantid}"

// keyMaySign reports whether a key signs for an issuer: any, where nothing is
// said. In what Microsoft publishes, "{tenantid}" stands for the tenant.
func keyMaySign(keyIssuer, issuer, tenant string) bool {
	return keyIssuer == "" || issuer == strings.ReplaceAll(keyIssuer, tenantMark, tenant)
}
