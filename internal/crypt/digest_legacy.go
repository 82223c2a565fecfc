package crypt

import (
	"crypto/md5" //nolint:gosec // to let in once who has such a digest; new ones are Argon2id
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // the same
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"hash"
	"slices"
	"strconv"
	"strings"

	"guestlist"
)

const (
	// passwordArgument stands for the password among a legacy digest's arguments.
	passwordArgument = "@"

	minPBKDF2Key  = 16        // bytes; a shorter key can be guessed
	maxPBKDF2Work = 4_000_000 // iterations times blocks of output, below two seconds
	pbkdf2Name    = "pbkdf2"
)

// fastHashes are the hash functions that imported digests may name. They are
// no protection for a password; knowing them lets its owner in once, and then
// they are replaced.
var fastHashes = map[string]func() hash.Hash{
	"md5":        md5.New,
	"sha1":       sha1.New,
	"sha224":     sha256.New224,
	"sha256":     sha256.New,
	"sha384":     sha512.New384,
	"sha512":     sha512.New,
	"sha512-224": sha512.New512_224,
	"sha512-256": sha512.New512_256,
	"sha3-224":   func() hash.Hash { return sha3.New224() },
	"sha3-256":   func() hash.Hash { return sha3.New256() },
	"sha3-384":   func() hash.Hash { return sha3.New384() },
	"sha3-512":   func() hash.Hash { return sha3.New512() },
}

// parseLegacy reads `[algorithm, [argument, ...], hex]`. For a plain hash the
// arguments are joined, with the password in the place of "@":
// `["sha256",["salt","@"],"..."]`. For pbkdf2 they are salt, iterations, key
// length in bytes, hash, "@". Salts are taken as the text they are.
func parseLegacy(text string) (digest, error) {
	name, arguments, sumText, ok := splitLegacy(text)
	if !ok || !slices.Contains(arguments, passwordArgument) {
		return nil, errLegacyFormat
	}
	lower := strings.ToLower(name)
	newHash := fastHashes[lower]
	if newHash == nil && lower != pbkdf2Name {
		return nil, unsupportedLegacy(name)
	}
	sum, err := hex.DecodeString(sumText)
	if err != nil {
		return nil, errLegacyFormat
	}
	if lower == pbkdf2Name {
		return parsePBKDF2(arguments, sum)
	}
	if len(sum) != newHash().Size() {
		return nil, errLegacyFormat
	}
	return fastDigest{newHash, arguments, sum}, nil
}

// splitLegacy takes the array apart; everything in it must be text, null is
// not.
func splitLegacy(text string) (name string, arguments []string, sum string, ok bool) {
	var parts []any
	if json.Unmarshal([]byte(text), &parts) != nil || len(parts) != 3 {
		return "", nil, "", false
	}
	name, nameOK := parts[0].(string)
	list, listOK := parts[1].([]any)
	sum, sumOK := parts[2].(string)
	for _, item := range list {
		argument, itemOK := item.(string)
		arguments = append(arguments, argument)
		listOK = listOK && itemOK
	}
	return name, arguments, sum, nameOK && listOK && sumOK
}

func parsePBKDF2(arguments []string, sum []byte) (digest, error) {
	if len(arguments) != 5 || arguments[4] != passwordArgument {
		return nil, errLegacyFormat
	}
	newHash := fastHashes[strings.ToLower(arguments[3])]
	if newHash == nil {
		return nil, unsupportedLegacy(arguments[3])
	}
	iterations, err1 := strconv.Atoi(arguments[1])
	length, err2 := strconv.Atoi(arguments[2])
	if err1 != nil || err2 != nil || iterations < 1 || length < minPBKDF2Key || length != len(sum) {
		return nil, errLegacyFormat
	}
	size := newHash().Size()
	if blocks := (length + size - 1) / size; iterations > maxPBKDF2Work/blocks {
		return nil, errLegacyFormat.Saying("Invalid legacy password format: more than %d rounds of PBKDF2.", maxPBKDF2Work)
	}
	return pbkdf2Digest{newHash, arguments[0], iterations, sum}, nil
}

var errLegacyFormat = guestlist.Refuse(guestlist.KindInvalid, "password.invalid_legacy_password_format")

func unsupportedLegacy(name string) error {
	return guestlist.Refuse(guestlist.KindInvalid, "password.unsupported_legacy_hash_algorithm").
		WithArgs(map[string]any{"algorithm": name})
}

// fastDigest is one round of a fast hash over its arguments.
type fastDigest struct {
	new       func() hash.Hash
	arguments []string
	sum       []byte
}

func (d fastDigest) matches(password string) bool {
	h := d.new()
	for _, argument := range d.arguments {
		if argument == passwordArgument {
			argument = password
		}
		_, _ = h.Write([]byte(argument)) // a hash.Hash never fails
	}
	return subtle.ConstantTimeCompare(h.Sum(nil), d.sum) == 1
}

func (d fastDigest) current() bool  { return false }
func (d fastDigest) memory() uint32 { return 0 }

type pbkdf2Digest struct {
	new        func() hash.Hash
	salt       string
	iterations int
	sum        []byte
}

func (d pbkdf2Digest) matches(password string) bool {
	sum, err := pbkdf2.Key(d.new, password, []byte(d.salt), d.iterations, len(d.sum))
	return err == nil && subtle.ConstantTimeCompare(sum, d.sum) == 1
}

func (d pbkdf2Digest) current() bool  { return false }
func (d pbkdf2Digest) memory() uint32 { return 0 }
