package store

import "guestlist"

// KeyKind says what a key is for.
type KeyKind string

// The kinds of keys.
const (
	KeySigning KeyKind = "signing" // signs tokens; its public half is published
	KeyCookie  KeyKind = "cookie"  // signs cookies
)

// sealKey is the purpose under which private keys are sealed.
const sealKey = "key"

// Key is a row of the key ring with its secret opened. It never goes to the
// wire; the rooms above publish what may be known of it.
type Key struct {
	ID        guestlist.KeyID
	Kind      KeyKind
	Algorithm string // JWS algorithm (RFC 7518 §3.1); "" for cookie keys
	Secret    string // PKCS #8 DER of a private key, or the text of a cookie key
	CreatedAt guestlist.Time
	StartsAt  guestlist.Time // before this instant the key is published, not used
}

// LockKeys makes everybody else who wants to change the key ring wait for the
// end of this transaction, and tells every process that the ring changed. Call
// it before reading what the change depends on.
func (tx *Tx) LockKeys() error { return tx.touchConfig() }

// Keys returns the keys of a kind, the newest first.
func (tx *Tx) Keys(kind KeyKind) ([]Key, error) {
	return collect(tx, func(sc scanner) (Key, error) {
		k := Key{Kind: kind}
		var sealed string
		if err := sc.Scan(&k.ID, &k.Algorithm, &sealed, &k.CreatedAt, &k.StartsAt); err != nil {
			return k, err
		}
		var err error
		k.Secret, err = tx.s.key.OpenString(sealKey, sealed)
		return k, err
	}, `SELECT id, algorithm, sealed, created_at, starts_at FROM keys WHERE kind = $1
		ORDER BY starts_at DESC, created_at DESC, id`, kind)
}

// InsertKey adds a key.
func (tx *Tx) InsertKey(k Key) error {
	if err := tx.run(`INSERT INTO keys (id, kind, algorithm, sealed, created_at, starts_at)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		k.ID, k.Kind, k.Algorithm, tx.s.key.SealString(sealKey, k.Secret), k.CreatedAt, k.StartsAt); err != nil {
		return err
	}
	return tx.touchConfig()
}

// DeleteKey removes a key; ErrNotFound if there is none of the kind.
func (tx *Tx) DeleteKey(kind KeyKind, id guestlist.KeyID) error {
	if err := changed(tx.exec("DELETE FROM keys WHERE kind = $1 AND id = $2", kind, id)); err != nil {
		return err
	}
	return tx.touchConfig()
}
