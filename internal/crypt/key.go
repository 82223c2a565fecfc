package crypt

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"guestlist"
)

// KeySize is the length of a master key, in bytes.
const KeySize = 32

// redacted stands for a secret wherever one would be printed.
const redacted = "[redacted]"

// Key is the master key of an installation. Everything secret in the database
// is sealed or keyed-hashed under a subkey of it, one for each purpose, so
// that a value of one purpose is worthless for another. A Key may be copied
// and used by many goroutines at once; its zero value has no key in it and
// panics when used. It prints as "[redacted]".
//
// Purposes are constants of the code such as "one-time-token". Their subkeys
// stay in memory, so a purpose must never be built from input.
type Key struct {
	state func() *keyState // a closure, because fmt prints what a pointer points to
}

func keyOf(s *keyState) Key { return Key{func() *keyState { return s }} }

type keyState struct {
	master  [KeySize]byte
	seals   sync.Map // purpose -> cipher.AEAD
	hashes  sync.Map // purpose -> *sync.Pool of hash.Hash
	derived sync.Map // purpose -> *sync.Pool of hash.Hash
}

// NewKey draws a new master key.
func NewKey() Key {
	s := new(keyState)
	readRandom(s.master[:])
	return keyOf(s)
}

// ParseKey reads a master key from text: 32 bytes in hex (64 digits) or in
// base64, standard or URL-safe, padded or not. White space around it is
// ignored. The error never repeats the text.
func ParseKey(text string) (Key, error) {
	text = strings.TrimSpace(text)
	raw, ok := decodeKey(text)
	if !ok {
		return Key{}, badKey("it is not 32 bytes in base64 or hex")
	}
	if bytes.Count(raw, raw[:1]) == KeySize {
		return Key{}, badKey("all its bytes are the same, so it protects nothing")
	}
	s := new(keyState)
	copy(s.master[:], raw)
	return keyOf(s), nil
}

func decodeKey(text string) (raw []byte, ok bool) {
	var err error
	switch {
	case len(text) == hex.EncodedLen(KeySize): // 64 base64 characters would be 48 bytes
		raw, err = hex.DecodeString(text)
	case strings.ContainsAny(text, "-_"):
		raw, err = base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(text, "="))
	default:
		raw, err = base64.RawStdEncoding.Strict().DecodeString(strings.TrimRight(text, "="))
	}
	return raw, err == nil && len(raw) == KeySize
}

func badKey(why string) error {
	return &guestlist.Error{
		Kind:    guestlist.KindInternal,
		Code:    "config.invalid_secret_key",
		Message: "The secret key cannot be used: " + why + ".",
		Hint:    "Make one with `openssl rand -base64 32`, or give the key that this database was created with.",
	}
}

// Reveal returns the key as base64 text that [ParseKey] reads. It is meant for
// the key file and for nothing else.
func (k Key) Reveal() string { return base64.StdEncoding.EncodeToString(k.state().master[:]) }

// Fingerprint returns 43 characters that tell two keys apart without saying
// anything about either. Stored beside the data, it shows at start that the
// key at hand is not the one the data was written with.
func (k Key) Fingerprint() string { return k.Hash("key-fingerprint", "") }

// String redacts the key.
func (k Key) String() string { return redacted }

// GoString redacts the key.
func (k Key) GoString() string { return redacted }

// Format redacts the key under every verb of package fmt.
func (k Key) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(redacted)) }

// LogValue redacts the key in logs.
func (k Key) LogValue() slog.Value { return slog.StringValue(redacted) }

// subkey derives the 32-byte key of one use and purpose by HKDF-SHA256
// (RFC 5869 §2). The use keeps sealing and hashing apart even where they share
// the name of a purpose.
func (k Key) subkey(use, purpose string) []byte {
	sub, err := hkdf.Key(sha256.New, k.state().master[:], nil, "guestlist/1/"+use+"/"+purpose, KeySize)
	if err != nil {
		panic(err) // only a length above 255 hashes fails, and ours is a constant
	}
	return sub
}

// aead returns the cipher of a purpose, made once.
func (k Key) aead(purpose string) cipher.AEAD {
	if v, ok := k.state().seals.Load(purpose); ok {
		return v.(cipher.AEAD)
	}
	v, _ := k.state().seals.LoadOrStore(purpose, newAEAD(k.subkey("seal", purpose)))
	return v.(cipher.AEAD)
}
