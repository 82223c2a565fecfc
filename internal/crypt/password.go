package crypt

import (
	"context"
	"runtime"
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

// hashesPerCore is how many digests a core computes at the same time. Hashing
// waits for nothing, so a second one would only take memory and cache from the
// first, and keep other requests waiting twice as long for the core.
const hashesPerCore = 1

// waitingPerCore is how many callers may wait for a turn, per core. A core
// does about thirty digests a second, so the last one would wait ten seconds;
// whoever comes after that is better told at once.
const waitingPerCore = 300

// Hasher computes and checks password digests, at most one per core at a time.
// The rest wait until their context ends, and where too many wait already the
// next is refused with [ErrBusy]. Make one per process with [NewHasher] and
// share it: the bound is the point.
type Hasher struct {
	slots chan struct{}
	heavy chan struct{} // held as well by digests above heavyMemory
	queue chan struct{} // held by everybody who works or waits
}

// ErrBusy is returned by a [Hasher] that has too many callers waiting.
var ErrBusy error = guestlist.Refuse(guestlist.KindUnavailable, "request.overloaded")

// NewHasher returns a Hasher sized for the cores this process may use.
func NewHasher() *Hasher {
	cores := runtime.GOMAXPROCS(0)
	return &Hasher{
		slots: make(chan struct{}, hashesPerCore*cores),
		heavy: make(chan struct{}, 1),
		queue: make(chan struct{}, (hashesPerCore+waitingPerCore)*cores),
	}
}

// Hash returns a new digest of password as a PHC string, and the name of its
// algorithm, [Argon2id]. It fails with password.rejected when the password is
// longer than [MaxPasswordLength], with [ErrBusy], and with the context's error
// when that ends before its turn comes. The rules for good passwords are not its business.
func (h *Hasher) Hash(ctx context.Context, password string) (digest, algorithm string, err error) {
	if tooLong(password) {
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
// The only errors are [ErrBusy] and the context's.
//
// A wrong password costs at least as much as for a user with a new digest, so
// that an imported MD5 does not answer faster than an unknown name does. (A
// digest that is slower than ours still shows, until it is rehashed.)
func (h *Hasher) Verify(ctx context.Context, password, digest, algorithm string) (ok, rehash bool, err error) {
	d, err := parseDigest(digest, algorithm)
	if err != nil || tooLong(password) {
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
// answer. Call it when the user is unknown or has no password. The only errors
// are [ErrBusy] and the context's.
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
	select {
	case h.queue <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	held := []chan struct{}{h.queue}
	release = func() {
		for _, c := range held {
			<-c
		}
	}
	turns := []chan struct{}{h.slots}
	if heavy {
		turns = []chan struct{}{h.heavy, h.slots}
	}
	for _, turn := range turns {
		select {
		case turn <- struct{}{}:
			held = append(held, turn)
		case <-ctx.Done():
			release()
			return nil, ctx.Err()
		}
	}
	return release, nil
}

// tooLong says whether a password is longer than any that could be set.
func tooLong(password string) bool {
	return utf8.RuneCountInString(password) > MaxPasswordLength
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
