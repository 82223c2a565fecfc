package crypt

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"math/bits"
	"sync"

	"guestlist"
)

// HashLength is the length of [Key.Hash]'s result, in characters.
const HashLength = 43

// Hash returns the keyed hash of a token, code or client secret: HMAC-SHA256
// under the subkey of purpose, as base64url without padding. It is what the
// database keeps instead of the secret, and it can be looked up by. Long
// random secrets need no slow hash, and short codes are worth nothing without
// the key.
func (k Key) Hash(purpose, token string) string {
	var sum [sha256.Size]byte
	k.mac(&k.state().hashes, "hash", purpose, &sum, token)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// mac fills sum with the HMAC of parts under the subkey of use and purpose.
// Keyed states are pooled: keying one costs more than hashing a token.
func (k Key) mac(pools *sync.Map, use, purpose string, sum *[sha256.Size]byte, parts ...string) {
	v, ok := pools.Load(purpose)
	if !ok {
		sub := k.subkey(use, purpose)
		v, _ = pools.LoadOrStore(purpose, &sync.Pool{New: func() any { return hmac.New(sha256.New, sub) }})
	}
	pool := v.(*sync.Pool)
	h := pool.Get().(hash.Hash)
	h.Reset()
	for _, part := range parts {
		_, _ = h.Write([]byte(part)) // a hash.Hash never fails
	}
	h.Sum(sum[:0])
	pool.Put(h)
}

// DerivedID returns a short id (12 characters of [0-9a-z]) that is the same
// for the same key, purpose and parts, and random to everybody without the
// key. A bulk import that is sent again makes the same ids with it. The parts
// are kept apart: ("ab", "c") and ("a", "bc") give different ids.
func DerivedID(key Key, purpose string, parts ...string) string {
	framed := make([]string, 0, 2*len(parts))
	for _, part := range parts {
		length := binary.BigEndian.AppendUint64(nil, uint64(len(part)))
		framed = append(framed, string(length), part)
	}
	var sum [sha256.Size]byte
	key.mac(&key.state().derived, "id", purpose, &sum, framed...)

	// 128 bits modulo 36^12 leave a bias below 2^-65.
	n := bits.Rem64(binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16]), shortIDs)
	var id [guestlist.ShortIDLength]byte
	for i := len(id) - 1; i >= 0; i-- {
		id[i] = lowerAlphabet[n%uint64(len(lowerAlphabet))]
		n /= uint64(len(lowerAlphabet))
	}
	return string(id[:])
}

// shortIDs is the number of short ids, 36^12.
const shortIDs = 36 * 36 * 36 * 36 * 36 * 36 * 36 * 36 * 36 * 36 * 36 * 36
