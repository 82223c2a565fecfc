package crypt

import (
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	maxBcryptCost   = 14 // about two seconds of one core; each step doubles it
	bcryptLength    = 60 // characters of "$2b$10$" + 22 of salt + 31 of hash
	bcryptPassword  = 72 // bytes of the password that bcrypt looks at
	bcryptAlphabet  = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	bcryptSaltStart = 7 // where salt and hash begin
)

type bcryptDigest struct{ text string }

// parseBcrypt reads the modular crypt format with the prefixes 2a, 2b and 2y,
// which are the same function. 2x marks digests of a broken implementation
// that would need its fault to verify; it is refused.
func parseBcrypt(text string) (digest, error) {
	if len(text) != bcryptLength || strings.Trim(text[bcryptSaltStart:], bcryptAlphabet) != "" {
		return nil, badDigest("it is not a bcrypt string like $2b$10$ with 53 characters behind")
	}
	switch text[:4] {
	case "$2a$", "$2b$", "$2y$":
	default:
		return nil, badDigest("only the bcrypt prefixes 2a, 2b and 2y are understood")
	}
	cost, err := bcrypt.Cost([]byte(text))
	if err != nil || text[bcryptSaltStart-1] != '$' {
		return nil, badDigest("its bcrypt cost is out of range")
	}
	if cost > maxBcryptCost {
		return nil, badDigest("its bcrypt cost is above %d", maxBcryptCost)
	}
	return bcryptDigest{text}, nil
}

// matches looks at the first 72 bytes of the password only, as every system
// did that such digests come from: whoever signed in there with a longer one
// must get in here too. The Argon2id digest that replaces this one at that
// moment is of the whole password. A password with a NUL never matches: C
// implementations stop there, and Go's takes "a" and "a\x00a" for the same.
func (d bcryptDigest) matches(password string) bool {
	if strings.Contains(password, "\x00") {
		return false
	}
	key := []byte(password)
	return bcrypt.CompareHashAndPassword([]byte(d.text), key[:min(len(key), bcryptPassword)]) == nil
}

func (d bcryptDigest) current() bool  { return false }
func (d bcryptDigest) memory() uint32 { return 4 } // Blowfish's tables
