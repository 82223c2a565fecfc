package management

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// keepDone is how long an Idempotency-Key is remembered.
const keepDone = 24 * time.Hour

// errKeyReused says that another order came under the same key.
var errKeyReused = guestlist.Refuse(guestlist.KindUnprocessable, "request.idempotency_key_reused")

// idempotencyKey returns the caller's Idempotency-Key, "" for none.
func (c *call) idempotencyKey() (string, error) {
	keys := c.r.Header.Values("Idempotency-Key")
	switch {
	case len(keys) == 0:
		return "", nil
	case len(keys) == 1 && isIdempotencyKey(keys[0]):
		return keys[0], nil
	}
	inv := web.Invalid{What: "header"}
	inv.Check(false, "Idempotency-Key", "invalid_string", "Give one key of 1 to "+strconv.Itoa(maxIdempotencyKey)+" printable ASCII characters")
	return "", inv.Err()
}

// maxIdempotencyKey is the longest Idempotency-Key, in bytes.
const maxIdempotencyKey = 255

func isIdempotencyKey(key string) bool {
	if key == "" || len(key) > maxIdempotencyKey {
		return false
	}
	for _, c := range []byte(key) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// ownKey is a key as it is remembered: for one kind of deed, and of this caller
// alone. "" stays "".
func (c *call) ownKey(kind, key string) string {
	if key == "" {
		return ""
	}
	return kind + "|" + string(c.who.ClientID) + "|" + string(c.who.UserID) + "|" + key
}

// doneBefore fills once with what was remembered under a key, and reports
// whether there was anything. Whoever comes under the same key waits for the end
// of the transaction.
func doneBefore(tx *store.Tx, key string, once any) (bool, error) {
	if key == "" {
		return false, nil
	}
	if err := tx.LockName(key); err != nil {
		return false, err
	}
	before, err := tx.Token(key, store.TokenOnce)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, json.Unmarshal(before.Data, once)
}

// rememberDone keeps what was done under a key, for keepDone.
func rememberDone(tx *store.Tx, key string, once any) error {
	if key == "" {
		return nil
	}
	data, err := json.Marshal(once)
	if err != nil {
		return err
	}
	// One that is over but not yet swept is in the way.
	if err := tx.DropToken(key); err != nil {
		return err
	}
	return tx.InsertToken(key, store.Token{Kind: store.TokenOnce, Data: data, ExpiresAt: tx.Now.Add(keepDone)})
}

// fingerprint is the same for two bodies that say the same.
func fingerprint(body any) (string, error) {
	text, err := json.Marshal(body)
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:]), err
}
