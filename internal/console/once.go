package console

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"
)

// A form that must not be done twice has a key of its own. From it and from what
// is ordered comes the Idempotency-Key of the call: pressed twice, or sent again
// because the answer was lost, the same form orders the same, and it is done
// once.
const (
	fieldOnce = "_once"
	// maxOnce is the longest key of a form that is taken, in bytes.
	maxOnce = 64
	// keepOnce is for how long the API remembers what was done.
	keepOnce = 24 * time.Hour
)

// onceKey is the key of a form: that under which it was sent, or a new one.
func (v *visit) onceKey() string {
	if sent := v.form.Get(fieldOnce); sent != "" && len(sent) <= maxOnce {
		return sent
	}
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// onceFor is the Idempotency-Key of an order that came by a form with a key; ""
// for a form that has none.
func onceFor(key string, order any) string {
	if key == "" || len(key) > maxOnce {
		return ""
	}
	text, err := json.Marshal(order) // in the order of the members' names
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(append([]byte(key+"\n"), text...))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
