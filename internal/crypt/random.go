package crypt

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"guestlist"
)

const (
	lowerAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
	mixedAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	// typableAlphabet is Crockford's: no I, L, O and U, so that nothing looks
	// like something else and no words come of it.
	typableAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)

// Token32Length and OpaqueLength are the lengths of the random tokens, in
// characters.
const (
	Token32Length = 32
	OpaqueLength  = 43
)

// ID returns a random id of 21 characters of [0-9a-z], 108 bits.
func ID() string { return draw(lowerAlphabet, guestlist.IDLength) }

// ShortID returns a random id of 12 characters of [0-9a-z], 62 bits: an id of
// users and connectors, never a secret.
func ShortID() string { return draw(lowerAlphabet, guestlist.ShortIDLength) }

// orderedTime is how many characters of an OrderedID are the time: enough for
// milliseconds until the year 5188.
const orderedTime = 9

// OrderedID returns an id of 21 characters of [0-9a-z] that begins with the
// time: those that are made later come later in their order, and those made in
// the same millisecond lie together. The other 12 characters are random, 62
// bits. It says when it was made, and is never a secret.
func OrderedID(now guestlist.Time) string {
	at := strconv.FormatInt(max(0, int64(now)), len(lowerAlphabet))
	return strings.Repeat("0", max(0, orderedTime-len(at))) + at + draw(lowerAlphabet, guestlist.IDLength-orderedTime)
}

// TypableCode returns random groups of characters that people can read to each
// other, with hyphens between, e.g. "7KQ2-M0XD-4RTB". A character holds five
// bits, so whoever accepts short codes must count the attempts.
func TypableCode(groups, size int) string {
	parts := make([]string, groups)
	for i := range parts {
		parts[i] = draw(typableAlphabet, size)
	}
	return strings.Join(parts, "-")
}

// Token32 returns 32 random characters of [0-9A-Za-z], 190 bits: one-time
// tokens, signing keys of hooks, client secrets.
func Token32() string { return draw(mixedAlphabet, Token32Length) }

// Opaque returns 43 characters of base64url that hold 256 random bits: codes,
// access and refresh tokens, cookies.
func Opaque() string {
	var raw [32]byte
	readRandom(raw[:])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// Code6 returns six random digits, leading zeros included. They hold 20 bits,
// so whoever accepts them must count the attempts.
func Code6() string {
	const codes = 1_000_000
	const limit = 1<<32 - 1<<32%codes // numbers from here up would favour the low codes
	for {
		var raw [4]byte
		readRandom(raw[:])
		if n := binary.BigEndian.Uint32(raw[:]); uint64(n) < limit {
			return fmt.Sprintf("%06d", n%codes)
		}
	}
}

// draw returns n characters of alphabet, each as likely as any other. Bytes
// that would favour the front of the alphabet are thrown away; reading some
// more than needed makes one system call enough nearly always, and leaves no
// pool of future secrets in memory.
func draw(alphabet string, n int) string {
	limit := 256 - 256%len(alphabet)
	var raw [48]byte
	out := make([]byte, 0, n)
	for {
		readRandom(raw[:n+n/4+4])
		for _, b := range raw[:n+n/4+4] {
			if int(b) < limit {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
			if len(out) == n {
				return string(out)
			}
		}
	}
}

// readRandom fills p from the system's generator. crypto/rand.Read never
// returns an error; it ends the program when there is no randomness.
func readRandom(p []byte) { _, _ = rand.Read(p) }
