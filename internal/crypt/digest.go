package crypt

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"guestlist"
)

// The algorithms of stored digests, as the wire spells them. Only Argon2id is
// made here; the others arrive by import and leave at the next sign-in.
const (
	Argon2i  = "Argon2i"
	Argon2id = "Argon2id"
	Argon2d  = "Argon2d"
	SHA1     = "SHA1"
	SHA256   = "SHA256"
	MD5      = "MD5"
	Bcrypt   = "Bcrypt"
	Legacy   = "Legacy" // a JSON array that says how, see parseLegacy
)

var algorithms = []string{Argon2i, Argon2id, Argon2d, SHA1, SHA256, MD5, Bcrypt, Legacy}

// Algorithms returns the names of the digest algorithms in the order of the
// wire contract.
func Algorithms() []string { return slices.Clone(algorithms) }

// MaxDigestLength is the longest digest, in characters.
const MaxDigestLength = 256

// digest is a parsed stored digest. matches may be slow.
type digest interface {
	matches(password string) bool
	current() bool  // made as Hasher.Hash makes them
	memory() uint32 // KiB that matches needs
}

// ValidateDigest says whether an imported digest can ever verify, without
// computing anything. All failures are 400: user.password_algorithm_required
// without an algorithm, password.invalid_legacy_password_format and
// password.unsupported_legacy_hash_algorithm for Legacy, and else
// guard.invalid_input naming passwordAlgorithm or passwordDigest, also for
// digests that would cost more than the limits of this package allow.
//
// The family of an Argon2 digest is read from the PHC string; which of the
// three names it was declared as makes no difference.
func ValidateDigest(digest, algorithm string) error {
	_, err := parseDigest(digest, algorithm)
	return err
}

func parseDigest(text, algorithm string) (digest, error) {
	if algorithm == "" {
		return nil, guestlist.Refuse(guestlist.KindInvalid, "user.password_algorithm_required")
	}
	if n := utf8.RuneCountInString(text); n > MaxDigestLength {
		return nil, digestTooLong()
	}
	switch algorithm {
	case Argon2i, Argon2id, Argon2d:
		return parseArgon(text)
	case Bcrypt:
		return parseBcrypt(text)
	case MD5, SHA1, SHA256:
		return parsePlain(text, algorithm)
	case Legacy:
		return parseLegacy(text)
	}
	return nil, unknownAlgorithm(algorithm)
}

// parsePlain reads an unsalted hash in hex, of either case.
func parsePlain(text, algorithm string) (digest, error) {
	name := strings.ToLower(algorithm)
	sum, err := hex.DecodeString(text)
	if err != nil || len(sum) != fastHashes[name]().Size() {
		return nil, badDigest("it is not the hash of %s in hex", algorithm)
	}
	return fastDigest{new: fastHashes[name], arguments: []string{passwordArgument}, sum: sum}, nil
}

// inputIssue is one entry of guard.invalid_input's data, as the wire has it.
type inputIssue struct {
	Received  string   `json:"received,omitempty"`
	Code      string   `json:"code"`
	Options   []string `json:"options,omitempty"`
	Maximum   int      `json:"maximum,omitempty"`
	Type      string   `json:"type,omitempty"`
	Inclusive *bool    `json:"inclusive,omitempty"`
	Exact     *bool    `json:"exact,omitempty"`
	Path      []string `json:"path"`
	Message   string   `json:"message"`
}

type inputIssues struct {
	Issues []inputIssue `json:"issues"`
	Name   string       `json:"name"`
}

func invalidInput(issue inputIssue) error {
	return &guestlist.Error{
		Kind:    guestlist.KindInvalid,
		Code:    "guard.invalid_input",
		Args:    map[string]any{"type": "body"},
		Data:    inputIssues{Issues: []inputIssue{issue}, Name: "ZodError"},
		Details: fmt.Sprintf("Error in key path %q: (%s) %s", issue.Path[0], issue.Code, issue.Message),
	}
}

// badDigest refuses a digest. The reason never repeats any part of it.
func badDigest(format string, args ...any) error {
	return invalidInput(inputIssue{
		Code:    "custom",
		Path:    []string{"passwordDigest"},
		Message: "The digest cannot be used: " + fmt.Sprintf(format, args...),
	})
}

func digestTooLong() error {
	inclusive, exact := true, false
	return invalidInput(inputIssue{
		Code: "too_big", Maximum: MaxDigestLength, Type: "string", Inclusive: &inclusive, Exact: &exact,
		Path:    []string{"passwordDigest"},
		Message: fmt.Sprintf("String must contain at most %d character(s)", MaxDigestLength),
	})
}

func unknownAlgorithm(algorithm string) error {
	return invalidInput(inputIssue{
		Received: algorithm, Code: "invalid_enum_value", Options: Algorithms(),
		Path: []string{"passwordAlgorithm"},
		Message: fmt.Sprintf("Invalid enum value. Expected '%s', received '%s'",
			strings.Join(algorithms, "' | '"), algorithm),
	})
}
