// Package crypt keeps the secrets: it hashes passwords, seals values that must
// come back, keyed-hashes values that must only be recognised, and draws the
// random codes and identifiers of the whole house.
//
// It promises that a copy of the database opens no door. Every stored secret
// has passed through one [Key], which lives outside the database: [Key.Hash]
// for tokens, codes and client secrets, [Key.Seal] for the few that have to be
// shown or used again. Passwords need no key; they go through [Hasher], which
// makes Argon2id digests, still understands the digests that other systems
// made, bounds what any of them may cost, and spends the same work on a user
// that does not exist. Randomness comes from crypto/rand without bias.
//
// It refuses to know what a purpose means, where a digest is stored, who the
// user is, or what time it is. It knows no SQL, no HTTP and no configuration;
// the only file it touches is the key file it is told about.
package crypt

import "crypto/subtle"

// Equal reports whether a and b are the same, in a time that depends on their
// lengths only. Use it wherever one side is a secret or the hash of one.
func Equal(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
