package crypt

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	argon2d "github.com/go-crypt/x/argon2"
	"golang.org/x/crypto/argon2"
)

// What an imported Argon2 digest may cost. The work limit is exactly Logto's
// own m=4096,t=256, half a second of one core.
const (
	maxArgonMemory = 256 * 1024      // KiB
	maxArgonWork   = 1024 * 1024     // KiB written in all passes together
	maxArgonLanes  = 16              // goroutines
	minArgonSalt   = 8               // bytes, RFC 9106 §3.1
	minArgonTag    = 16              // bytes; a shorter tag can be guessed
	maxArgonTag    = MaxDigestLength // bytes; the text is shorter anyway
	heavyMemory    = 64 * 1024       // KiB; digests above it go one at a time
	argonVersion   = "v=19"          // version 1.3, the only one still made
)

type argonParams struct{ memory, passes, lanes uint32 }

type argonDigest struct {
	algorithm string // Argon2i, Argon2id or Argon2d
	params    argonParams
	salt, tag []byte
}

// argonNames maps the identifiers of PHC strings to the algorithms.
var argonNames = map[string]string{"argon2i": Argon2i, "argon2id": Argon2id, "argon2d": Argon2d}

// parseArgon reads "$argon2id$v=19$m=19456,t=2,p=1$salt$tag", the PHC string
// format with its parameters in any order.
func parseArgon(text string) (digest, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || argonNames[parts[1]] == "" {
		return nil, badDigest("it is not a PHC string like $argon2id$v=19$m=19456,t=2,p=1$salt$tag")
	}
	if parts[2] != argonVersion {
		return nil, badDigest("only version 19 of Argon2 is understood")
	}
	params, ok := parseArgonParams(parts[3])
	if !ok {
		return nil, badDigest("its parameters are not m, t and p")
	}
	if why := params.refusal(); why != "" {
		return nil, badDigest("%s", why)
	}
	salt, err1 := decodePHC(parts[4])
	tag, err2 := decodePHC(parts[5])
	if err1 != nil || err2 != nil || len(salt) < minArgonSalt || len(tag) < minArgonTag || len(tag) > maxArgonTag {
		return nil, badDigest("its salt or tag is too short, or not base64 without padding")
	}
	return argonDigest{argonNames[parts[1]], params, salt, tag}, nil
}

func parseArgonParams(text string) (p argonParams, ok bool) {
	fields := strings.Split(text, ",")
	into := map[string]*uint32{"m": &p.memory, "t": &p.passes, "p": &p.lanes}
	for _, field := range fields {
		name, number, _ := strings.Cut(field, "=")
		n, err := strconv.ParseUint(number, 10, 32)
		if into[name] == nil || err != nil {
			return p, false
		}
		*into[name] = uint32(n)
		delete(into, name) // each once
	}
	return p, len(into) == 0
}

// refusal says why digests of these parameters are not computed, or "".
func (p argonParams) refusal() string {
	switch {
	case p.passes < 1 || p.lanes < 1 || p.memory < 8*p.lanes: // RFC 9106 §3.1
		return "its parameters are below what Argon2 allows"
	case p.lanes > maxArgonLanes:
		return fmt.Sprintf("p is above %d", maxArgonLanes)
	case p.memory > maxArgonMemory:
		return fmt.Sprintf("m is above %d", maxArgonMemory)
	case uint64(p.memory)*uint64(p.passes) > maxArgonWork:
		return fmt.Sprintf("m times t is above %d", maxArgonWork)
	}
	return ""
}

func (d argonDigest) matches(password string) bool {
	return subtle.ConstantTimeCompare(d.compute([]byte(password)), d.tag) == 1
}

func (d argonDigest) compute(password []byte) []byte {
	p, size := d.params, uint32(len(d.tag)) //nolint:gosec // at most maxArgonTag
	lanes := uint8(p.lanes)                 //nolint:gosec // at most maxArgonLanes
	switch d.algorithm {
	case Argon2i:
		return argon2.Key(password, d.salt, p.passes, p.memory, lanes, size)
	case Argon2d: // golang.org/x/crypto leaves this one out
		return argon2d.DKey(password, d.salt, p.passes, p.memory, p.lanes, size)
	default:
		return argon2.IDKey(password, d.salt, p.passes, p.memory, lanes, size)
	}
}

func (d argonDigest) current() bool {
	return d.algorithm == Argon2id && d.params == argonParams{argonMemory, argonPasses, argonLanes} &&
		len(d.salt) >= argonSaltLen && len(d.tag) == argonTagLen
}

func (d argonDigest) memory() uint32 { return d.params.memory }

// argonPHC spells a digest the way parseArgon reads it.
func argonPHC(algorithm string, p argonParams, salt, tag []byte) string {
	return fmt.Sprintf("$%s$%s$m=%d,t=%d,p=%d$%s$%s", strings.ToLower(algorithm), argonVersion,
		p.memory, p.passes, p.lanes, phcBase64.EncodeToString(salt), phcBase64.EncodeToString(tag))
}

// phcBase64 is the encoding of salt and tag in a PHC string.
var phcBase64 = base64.RawStdEncoding.Strict()

// decodePHC decodes a salt or tag; the base64 decoder alone would skip line
// breaks.
func decodePHC(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, base64.CorruptInputError(0)
	}
	return phcBase64.DecodeString(text)
}
