package token

import (
	"context"
	"time"

	"github.com/go-jose/go-jose/v4"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// MaxKeys is how many keys of a kind are kept. Rotating beyond it forgets the
// oldest, whose tokens have long expired.
const MaxKeys = 10

// KeyInfo is what the management API shows of a key.
type KeyInfo struct {
	ID               guestlist.KeyID `json:"id"`
	CreatedAt        int64           `json:"createdAt"`                     // seconds since the epoch
	SigningAlgorithm string          `json:"signingKeyAlgorithm,omitempty"` // EC, RSA or OKP
	Algorithm        string          `json:"algorithm,omitempty"`           // of JWS; ours, beside the wire's
	Status           string          `json:"status,omitempty"`              // Next, Current or Previous
	EffectiveAt      *guestlist.Time `json:"effectiveAt,omitempty"`         // of Next
}

// The refusals of the key routes.
var (
	ErrKeyRequired     = guestlist.Refuse(guestlist.KindUnprocessable, "oidc.key_required")
	ErrOnlyPreviousKey = guestlist.Refuse(guestlist.KindUnprocessable, "oidc.only_previous_key_can_be_deleted")
	ErrKeyNotFound     = guestlist.Refuse(guestlist.KindNotFound, "oidc.key_not_found")
)

// keyTypes translates the wire's choice at a rotation; JWS names stand for
// themselves.
var keyTypes = map[string]string{"": "", "EC": string(jose.ES384), "RSA": string(jose.RS256)}

// ListKeys returns the keys of a kind, the newest first.
func (m *Mint) ListKeys(ctx context.Context, kind store.KeyKind) ([]KeyInfo, error) {
	var list []KeyInfo
	err := m.Store.View(ctx, func(tx *store.Tx) error {
		keys, err := tx.Keys(kind)
		list = describe(keys, tx.Now)
		return err
	})
	return list, err
}

// RotateKeys adds a key of a kind and returns the ring. algorithm is "" for the
// current one's, EC, RSA, or one of Algorithms; cookie keys have none. A new
// signing key is published at once and signs from grace on; until then a
// further rotation replaces it. What it signed before stays verifiable.
func (m *Mint) RotateKeys(ctx context.Context, kind store.KeyKind, algorithm string, grace time.Duration) ([]KeyInfo, error) {
	if name, ok := keyTypes[algorithm]; ok {
		algorithm = name
	}
	if algorithm == "" && kind == store.KeySigning {
		keys, err := m.Keys(ctx)
		if err != nil {
			return nil, err
		}
		algorithm = keys.CurrentAlgorithm(m.Store.Now())
	}
	secret, algorithm, err := newSecret(kind, algorithm)
	if err != nil {
		return nil, err
	}
	var list []KeyInfo
	err = m.Store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.LockKeys(); err != nil {
			return err
		}
		if err := makeRoom(tx, kind); err != nil {
			return err
		}
		if err := tx.InsertKey(store.Key{ID: guestlist.KeyID(crypt.ID()), Kind: kind, Algorithm: algorithm, Secret: secret,
			CreatedAt: tx.Now, StartsAt: tx.Now.Add(grace)}); err != nil {
			return err
		}
		keys, err := tx.Keys(kind)
		list = describe(keys, tx.Now)
		return err
	})
	return list, err
}

// makeRoom removes keys that have not started, and the oldest beyond MaxKeys.
func makeRoom(tx *store.Tx, kind store.KeyKind) error {
	keys, err := tx.Keys(kind)
	if err != nil {
		return err
	}
	started := 0
	for _, k := range keys {
		if k.StartsAt <= tx.Now {
			started++
		}
		if k.StartsAt > tx.Now || started >= MaxKeys {
			if err := tx.DeleteKey(kind, k.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// DeleteKey removes a key: of the signing keys only former ones, of the cookie
// keys any, but never the last.
func (m *Mint) DeleteKey(ctx context.Context, kind store.KeyKind, id guestlist.KeyID) error {
	return m.Store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.LockKeys(); err != nil {
			return err
		}
		keys, err := tx.Keys(kind)
		if err != nil {
			return err
		}
		if len(keys) <= 1 {
			return ErrKeyRequired
		}
		for _, k := range describe(keys, tx.Now) {
			if k.ID != id {
				continue
			}
			if kind == store.KeySigning && k.Status != statusPrevious {
				return ErrOnlyPreviousKey
			}
			return tx.DeleteKey(kind, id)
		}
		return ErrKeyNotFound
	})
}

// The wire's states of a signing key.
const (
	statusNext     = "Next"
	statusCurrent  = "Current"
	statusPrevious = "Previous"
)

// describe tells what may be known of keys, which are the newest first.
func describe(keys []store.Key, now guestlist.Time) []KeyInfo {
	list := make([]KeyInfo, len(keys))
	current := false
	for i, k := range keys {
		list[i] = KeyInfo{ID: k.ID, CreatedAt: k.CreatedAt.Unix()}
		if k.Kind == store.KeyCookie {
			continue
		}
		list[i].SigningAlgorithm, list[i].Algorithm = keyType(k.Algorithm), k.Algorithm
		switch {
		case k.StartsAt > now:
			list[i].Status, list[i].EffectiveAt = statusNext, &keys[i].StartsAt
		case !current:
			list[i].Status, current = statusCurrent, true
		default:
			list[i].Status = statusPrevious
		}
	}
	return list
}

func keyType(algorithm string) string {
	switch jose.SignatureAlgorithm(algorithm) {
	case jose.RS256:
		return "RSA"
	case jose.EdDSA:
		return "OKP"
	default:
		return "EC"
	}
}
