package token

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/go-jose/go-jose/v4"

	"guestlist"
)

// Claims are what we read of a token of our own.
type Claims struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	Audience  string `json:"aud"`
	ExpiresAt int64  `json:"exp"` // seconds since the epoch
	IssuedAt  int64  `json:"iat"`
	ID        string `json:"jti"`
	ClientID  string `json:"client_id"`
	Scope     string `json:"scope"`
	SID       string `json:"sid"`
	AuthTime  int64  `json:"auth_time"`
	Nonce     string `json:"nonce"`
}

// Sort says what a JWT is for; it is the header's typ. Verifying one sort
// never accepts another, so that an ID token opens no API (RFC 9068 §4).
type Sort int

// The sorts of JWTs.
const (
	SortID     Sort = iota // ID tokens (OpenID Connect Core §2)
	SortAccess             // access tokens (RFC 9068)
	SortLogout             // logout tokens (Back-Channel Logout §2.4)
)

// Sign signs a JSON payload with the current key.
func (m *Mint) Sign(ctx context.Context, sort Sort, payload []byte) (string, error) {
	keys, err := m.Keys(ctx)
	if err != nil {
		return "", err
	}
	key, err := keys.current(m.Store.Now())
	if err != nil {
		return "", err
	}
	signer := key.plain
	switch sort {
	case SortAccess:
		signer = key.access
	case SortLogout:
		signer = key.logout
	case SortID:
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("token: sign: %w", err)
	}
	return signed.CompactSerialize()
}

// Verify checks signature, algorithm, sort and issuer of a token of ours, and
// returns its claims. The caller judges audience and time: an id_token_hint
// may have expired (RP-Initiated Logout §2). Anything wrong is
// ErrInvalidToken.
func (m *Mint) Verify(ctx context.Context, sort Sort, token string) (Claims, error) {
	keys, err := m.Keys(ctx)
	if err != nil {
		return Claims{}, err
	}
	return m.verify(keys, sort, token)
}

func (m *Mint) verify(keys *Keys, sort Sort, token string) (Claims, error) {
	if len(token) > maxTokenLength {
		return Claims{}, ErrInvalidToken
	}
	// Only the algorithms of our own keys are parsed at all: neither "none"
	// nor a MAC keyed with a public key is among them (RFC 8725 §3.1).
	signed, err := jose.ParseSignedCompact(token, keys.algorithms)
	if err != nil {
		return Claims{}, ErrInvalidToken.Because(err)
	}
	header := signed.Signatures[0].Header
	key, ok := keys.byID(header.KeyID)
	if !ok || header.Algorithm != string(key.alg) || !sort.matches(header) {
		return Claims{}, ErrInvalidToken
	}
	payload, err := signed.Verify(key.public)
	if err != nil {
		return Claims{}, ErrInvalidToken.Because(err)
	}
	var claims Claims
	if err := json.Unmarshal(payload, &claims); err != nil {
		return Claims{}, ErrInvalidToken.Because(err)
	}
	if claims.Issuer != m.Issuer || claims.Subject == "" {
		return Claims{}, ErrInvalidToken
	}
	return claims, nil
}

func (s Sort) matches(h jose.Header) bool {
	typ, _ := h.ExtraHeaders[jose.HeaderType].(string)
	switch s {
	case SortAccess:
		return typ == typAccess
	case SortLogout:
		return typ == typLogout
	default:
		return typ == ""
	}
}

// IsJWT reports whether a token has the shape of a JWS (RFC 7515 §3.1) and so
// cannot be one of our opaque ones.
func IsJWT(token string) bool { return strings.Count(token, ".") == 2 }

// verifiedTokens remembers which access tokens were verified with which ring,
// because verifying P-384 costs more than most requests.
type verifiedTokens struct {
	mu     sync.RWMutex
	keys   *Keys
	claims map[[sha256.Size]byte]Claims
}

// verifyAccess is Verify of an access token that has not expired, remembered.
func (m *Mint) verifyAccess(ctx context.Context, token string) (Claims, error) {
	keys, err := m.Keys(ctx)
	if err != nil {
		return Claims{}, err
	}
	if len(token) > maxTokenLength {
		return Claims{}, ErrInvalidToken
	}
	sum := sha256.Sum256([]byte(token))
	v := &m.verified
	v.mu.RLock()
	claims, known := v.claims[sum]
	known = known && v.keys == keys
	v.mu.RUnlock()
	if !known {
		if claims, err = m.verify(keys, SortAccess, token); err != nil {
			return Claims{}, err
		}
		v.remember(keys, sum, claims)
	}
	if claims.ExpiresAt <= m.Store.Now().Unix() {
		return Claims{}, ErrInvalidToken
	}
	return claims, nil
}

func (v *verifiedTokens) remember(keys *Keys, sum [sha256.Size]byte, claims Claims) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.keys != keys || len(v.claims) >= maxVerifiedTokens {
		v.keys, v.claims = keys, map[[sha256.Size]byte]Claims{}
	}
	v.claims[sum] = claims
}

// hasScope reports whether a space-separated list contains a scope.
func hasScope(scopes []string, scope string) bool { return slices.Contains(scopes, scope) }

// seconds returns the NumericDate of an instant a while after t.
func seconds(t guestlist.Time, ttl int64) int64 { return t.Unix() + ttl }
