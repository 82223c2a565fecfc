package crypt

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"

	"guestlist"
)

// sealVersion is the first byte of a sealed value. It is authenticated, so
// that a later format cannot be passed off as this one.
const sealVersion = 1

// SealOverhead is how many bytes longer a sealed value is than the plain one:
// version, 12 bytes of nonce and 16 of tag.
const SealOverhead = 1 + 12 + 16

// ErrSealed is returned by [Key.Open] for anything that [Key.Seal] did not
// make under the same key and purpose. It does not say what was wrong.
var ErrSealed error = &guestlist.Error{
	Kind:    guestlist.KindInternal,
	Code:    "crypt.cannot_open",
	Message: "A sealed value could not be opened.",
	Hint:    "It was sealed with another secret key, or changed since. Start with the key that the data was created with.",
}

// Seal encrypts plain under the subkey of purpose with AES-256-GCM and a
// random 96-bit nonce, which is safe for 2^32 values of one purpose (NIST SP
// 800-38D §8.3). The same input gives another result every time.
func (k Key) Seal(purpose string, plain []byte) []byte {
	out := make([]byte, 1, SealOverhead+len(plain))
	out[0] = sealVersion
	return k.aead(purpose).Seal(out, nil, plain, sealContext(purpose)) //nolint:gosec // no nonce: this AEAD draws its own
}

// Open returns what [Key.Seal] encrypted under the same key and purpose, or
// [ErrSealed].
func (k Key) Open(purpose string, sealed []byte) ([]byte, error) {
	if len(sealed) < SealOverhead || sealed[0] != sealVersion {
		return nil, ErrSealed
	}
	plain, err := k.aead(purpose).Open(nil, nil, sealed[1:], sealContext(purpose))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// SealString is [Key.Seal] for text; the result is base64url without padding
// and fits cookies and URLs.
func (k Key) SealString(purpose, plain string) string {
	return base64.RawURLEncoding.EncodeToString(k.Seal(purpose, []byte(plain)))
}

// OpenString returns the text that [Key.SealString] sealed, or [ErrSealed].
// Each text has one sealed spelling: non-canonical base64 is refused.
func (k Key) OpenString(purpose, sealed string) (string, error) {
	// The decoder skips line breaks; a cookie or a column has none.
	raw, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil || base64.RawURLEncoding.EncodedLen(len(raw)) != len(sealed) {
		return "", ErrSealed
	}
	plain, err := k.Open(purpose, raw)
	return string(plain), err
}

func sealContext(purpose string) []byte {
	return append([]byte{sealVersion}, purpose...)
}

func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only a wrong key length fails, and ours is a constant
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // AES has the block size that GCM wants
	}
	return aead
}
