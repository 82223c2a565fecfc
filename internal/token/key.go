package token

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// DefaultAlgorithm signs where nothing else was chosen: Logto's own default.
const DefaultAlgorithm = string(jose.ES384)

const rsaBits = 2048

// Algorithms lists the JWS algorithms that may be chosen (RFC 7518 §3.1).
var Algorithms = []string{string(jose.ES384), string(jose.ES256), string(jose.RS256), string(jose.EdDSA)}

// Keys is the ring of signing keys at one revision of the configuration. It is
// shared and never changes.
type Keys struct {
	// JWKS is the published key set (RFC 7517 §5), keys to come and former ones
	// included. Every member of a key is a string, since Logto's Go SDK takes
	// nothing else.
	JWKS []byte

	// Algorithms are those of the keys: what tokens are accepted under.
	Algorithms []string

	ring       []ringKey // the newest first
	algorithms []jose.SignatureAlgorithm
}

type ringKey struct {
	id       guestlist.KeyID
	kid      string
	alg      jose.SignatureAlgorithm
	public   crypto.PublicKey
	startsAt guestlist.Time
	plain    jose.Signer // ID tokens: no typ
	access   jose.Signer // typ at+jwt (RFC 9068 §2.1)
	logout   jose.Signer // typ logout+jwt (Back-Channel Logout §2.4)
}

// The values of the header member typ.
const (
	typAccess = "at+jwt"
	typLogout = "logout+jwt"
)

// Start makes the first keys of an installation unless they are there. Of
// several processes that start at once one makes them.
func (m *Mint) Start(ctx context.Context) error {
	if m.Algorithm != "" && !slices.Contains(Algorithms, m.Algorithm) {
		return &guestlist.Error{Kind: guestlist.KindInvalid, Code: "config.signing_algorithm",
			Message: "the signing algorithm " + m.Algorithm + " is not known", Hint: "choose ES384, ES256, RS256 or EdDSA"}
	}
	for _, kind := range []store.KeyKind{store.KeySigning, store.KeyCookie} {
		if err := m.ensureKey(ctx, kind); err != nil {
			return err
		}
	}
	_, err := m.Keys(ctx)
	return err
}

func (m *Mint) ensureKey(ctx context.Context, kind store.KeyKind) error {
	var have []store.Key
	if err := m.Store.View(ctx, func(tx *store.Tx) (err error) {
		have, err = tx.Keys(kind)
		return err
	}); err != nil || len(have) > 0 {
		return err
	}
	secret, algorithm, err := newSecret(kind, m.Algorithm)
	if err != nil {
		return err
	}
	return m.Store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.LockKeys(); err != nil {
			return err
		}
		if have, err := tx.Keys(kind); err != nil || len(have) > 0 {
			return err
		}
		return tx.InsertKey(store.Key{ID: guestlist.KeyID(crypt.ID()), Kind: kind, Algorithm: algorithm,
			Secret: secret, CreatedAt: tx.Now, StartsAt: tx.Now})
	})
}

// Keys returns the signing keys in force.
func (m *Mint) Keys(ctx context.Context) (*Keys, error) {
	return store.Cached(ctx, m.Store, "token.keys", func(tx *store.Tx) (*Keys, error) {
		stored, err := tx.Keys(store.KeySigning)
		if err != nil {
			return nil, err
		}
		// The cache is emptied by every change of configuration; the ring
		// seldom changes, and parsing keys is dear.
		if last := m.parsed.Load(); last != nil && last.holds(stored) {
			return last, nil
		}
		keys, err := parseKeys(stored)
		if err != nil {
			return nil, err
		}
		m.parsed.Store(keys)
		return keys, nil
	})
}

// holds reports whether k was made of just these rows. Keys never change under
// their id.
func (k *Keys) holds(stored []store.Key) bool {
	return slices.EqualFunc(k.ring, stored, func(a ringKey, b store.Key) bool { return a.id == b.ID })
}

// CookieKeys returns the keys that sign cookies, the newest first: it signs,
// all of them verify.
func (m *Mint) CookieKeys(ctx context.Context) ([][]byte, error) {
	return store.Cached(ctx, m.Store, "token.cookies", func(tx *store.Tx) ([][]byte, error) {
		stored, err := tx.Keys(store.KeyCookie)
		if err != nil {
			return nil, err
		}
		keys := make([][]byte, len(stored))
		for i, k := range stored {
			keys[i] = []byte(k.Secret)
		}
		return keys, nil
	})
}

// current returns the newest key that has started.
func (k *Keys) current(now guestlist.Time) (ringKey, error) {
	for _, key := range k.ring {
		if key.startsAt <= now {
			return key, nil
		}
	}
	return ringKey{}, fmt.Errorf("token: no signing key has started")
}

// byID returns the key that a JWS header names (RFC 7515 §4.1.4).
func (k *Keys) byID(kid string) (ringKey, bool) {
	for _, key := range k.ring {
		if key.kid == kid {
			return key, true
		}
	}
	return ringKey{}, false
}

// CurrentAlgorithm returns the algorithm that signs at now.
func (k *Keys) CurrentAlgorithm(now guestlist.Time) string {
	key, err := k.current(now)
	if err != nil {
		return DefaultAlgorithm
	}
	return string(key.alg)
}

func parseKeys(stored []store.Key) (*Keys, error) {
	keys := &Keys{}
	var set struct {
		Keys []map[string]string `json:"keys"`
	}
	for _, s := range stored {
		key, err := parseKey(s)
		if err != nil {
			return nil, fmt.Errorf("token: key %s: %w", s.ID, err)
		}
		keys.ring = append(keys.ring, key)
		if !slices.Contains(keys.algorithms, key.alg) {
			keys.algorithms = append(keys.algorithms, key.alg)
			keys.Algorithms = append(keys.Algorithms, s.Algorithm)
		}
		published, err := publish(key)
		if err != nil {
			return nil, fmt.Errorf("token: key %s: %w", s.ID, err)
		}
		set.Keys = append(set.Keys, published)
	}
	var err error
	keys.JWKS, err = json.Marshal(set)
	return keys, err
}

func parseKey(s store.Key) (ringKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey([]byte(s.Secret))
	if err != nil {
		return ringKey{}, err
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return ringKey{}, fmt.Errorf("%T cannot sign", parsed)
	}
	thumbprint, err := (&jose.JSONWebKey{Key: private.Public()}).Thumbprint(crypto.SHA256) // RFC 7638
	if err != nil {
		return ringKey{}, err
	}
	key := ringKey{id: s.ID, alg: jose.SignatureAlgorithm(s.Algorithm), public: private.Public(), startsAt: s.StartsAt,
		kid: base64.RawURLEncoding.EncodeToString(thumbprint)}
	for _, signer := range []struct {
		to  *jose.Signer
		typ jose.ContentType
	}{{&key.plain, ""}, {&key.access, typAccess}, {&key.logout, typLogout}} {
		options := &jose.SignerOptions{}
		if signer.typ != "" {
			options = options.WithType(signer.typ)
		}
		*signer.to, err = jose.NewSigner(jose.SigningKey{Algorithm: key.alg,
			Key: jose.JSONWebKey{Key: parsed, KeyID: key.kid}}, options)
		if err != nil {
			return ringKey{}, err
		}
	}
	return key, nil
}

// publish returns the public half of a key with string members alone.
func publish(k ringKey) (map[string]string, error) {
	text, err := jose.JSONWebKey{Key: k.public, KeyID: k.kid, Algorithm: string(k.alg), Use: "sig"}.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var members map[string]string
	return members, json.Unmarshal(text, &members)
}

// newSecret draws a key: PKCS #8 of a signing key, or the text of a cookie key.
func newSecret(kind store.KeyKind, algorithm string) (secret, alg string, err error) {
	if kind == store.KeyCookie {
		return crypt.Token32(), "", nil
	}
	if algorithm == "" {
		algorithm = DefaultAlgorithm
	}
	var key any
	switch jose.SignatureAlgorithm(algorithm) {
	case jose.ES384:
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case jose.ES256:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.RS256:
		key, err = rsa.GenerateKey(rand.Reader, rsaBits)
	case jose.EdDSA:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		return "", "", fmt.Errorf("token: algorithm %q is not offered", algorithm)
	}
	if err != nil {
		return "", "", fmt.Errorf("token: generate key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return string(der), algorithm, err
}
