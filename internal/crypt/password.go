package crypt

import (
	"context"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"guestlist"
)

// The cost of a new digest: Argon2id with 19 MiB, two passes, one lane, the
// smallest of OWASP's equivalent recommendations ("Password Storage Cheat
// Sheet"). A digest made with anything else is rehashed at the next sign-in.
const (
	argonMemory  = 19 * 1024 // KiB
	argonPasses  = 2
	argonLanes   = 1
	argonSaltLen = 16 // bytes
	argonTagLen  = 32 // bytes
)

// MaxPasswordLength is the longest password, in characters. Longer ones are
// refused when set and never verify.
const MaxPasswordLength = 256

// hashesPerCore is how many digests a core computes at the same time: one that
// works, one that is ready to. More would only spend memory.
const hashesPerCore = 2

// Hasher computes and checks password digests, at most two per core at a time;
// the rest wait until their context ends. Make one per process with
// [NewHasher] and share it: the bound is the point.
type Hasher struct {
	slots chan struct{}
	heavy chan struct{} // held as well by digests above heavyMemory
}

// NewHasher returns a Hasher sized for the cores this process may use.
func NewHasher() *Hasher {
	return &Hasher{
		slots: make(chan struct{}, hashesPerCore*runtime.GOMAXPROCS(0)),
		heavy: make(chan struct{}, 1),
	}
}

// Hash returns a new digest of password as a PHC string, and the name of its
// algorithm, [Argon2id]. It fails with password.rejected when the password is
// longer than [MaxPasswordLength], and with the context's error when that ends
// before its turn comes. The rules for good passwords are not its business.
func (h *Hasher) Hash(ctx context.Context, password string) (digest, algorithm string, err error) {
	if utf8.RuneCountInString(password) > MaxPasswordLength {
		return "", "", errPasswordTooLong
	}
	release, err := h.acquire(ctx, false)
	if err != nil {
		return "", "", err
	}
	defer release()
	var salt [argonSaltLen]byte
	readRandom(salt[:])
	tag := currentArgon(password, salt[:])
	return argonPHC(Argon2id, argonParams{argonMemory, argonPasses, argonLanes}, salt[:], tag), Argon2id, nil
}

var errPasswordTooLong = guestlist.Refuse(guestlist.KindUnprocessable, "password.rejected").With([]passwordIssue{
	{Code: "password_rejected.too_long", Interpolation: map[string]int{"max": MaxPasswordLength}},
})

// passwordIssue is one reason in the data of password.rejected.
type passwordIssue struct {
	Code          string         `json:"code"`
	Interpolation map[string]int `json:"interpolation"`
}

// Verify reports whether password made digest, and if so whether the digest
// should be replaced by a new one of [Hasher.Hash]: everything that is not
// Argon2id at today's cost should. A digest that [ValidateDigest] would refuse
// never verifies; it is no error, for there is nothing the caller could do.
// The only error is the context's.
//
// A wrong password costs at least as much as for a user with a new digest, so
// that an imported MD5 does not answer faster than an unknown name does. (A
// digest that is slower than ours still shows, until it is rehashed.)
func (h *Hasher) Verify(ctx context.Context, password, digest, algorithm string) (ok, rehash bool, err error) {
	d, err := parseDigest(digest, algorithm)
	if err != nil || !verifiable(password) {
		return false, false, h.VerifyNothing(ctx, password)
	}
	release, err := h.acquire(ctx, d.memory() > heavyMemory)
	if err != nil {
		return false, false, err
	}
	defer release()
	ok = d.matches(password)
	if !ok && !d.current() {
		burn(password)
	}
	return ok, ok && !d.current(), nil
}

// VerifyNothing spends what [Hasher.Verify] spends on a new digest, and has no
// answer. Call it when the user is unknown or has no password. The only error
// is the context's.
func (h *Hasher) VerifyNothing(ctx context.Context, password string) error {
	release, err := h.acquire(ctx, false)
	if err != nil {
		return err
	}
	defer release()
	burn(password)
	return nil
}

// acquire waits for a turn. The heavy turn is taken first, so that nobody
// holds a slot while waiting for it.
func (h *Hasher) acquire(ctx context.Context, heavy bool) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err // select would choose at random
	}
	if heavy {
		select {
		case h.heavy <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	giveBack := func() {
		if heavy {
			<-h.heavy
		}
	}
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots; giveBack() }, nil
	case <-ctx.Done():
		giveBack()
		return nil, ctx.Err()
	}
}

// verifiable says whether a password may be tried at all. C implementations
// stop at a NUL, and Go's bcrypt takes "a" and "a\x00a" for the same.
func verifiable(password string) bool {
	return utf8.RuneCountInString(password) <= MaxPasswordLength && !strings.Contains(password, "\x00")
}

// burn computes a digest nobody wants. The password is cut, so that a huge one
// costs nothing extra.
func burn(password string) {
	var salt [argonSaltLen]byte
	currentArgon(password[:min(len(password), utf8.UTFMax*MaxPasswordLength)], salt[:])
}

func currentArgon(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonLanes, argonTagLen)
}
