package crypt

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"guestlist"
)

func TestHasherRoundTrip(t *testing.T) {
	h, ctx := NewHasher(), t.Context()
	longest := strings.Repeat("é", MaxPasswordLength)
	for _, password := range []string{"", "secret", "pass\x00word", longest} {
		digest, algorithm, err := h.Hash(ctx, password)
		if err != nil {
			t.Fatal(err)
		}
		if algorithm != Argon2id || !strings.HasPrefix(digest, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Fatalf("Hash = %s, %s", digest, algorithm)
		}
		if err := ValidateDigest(digest, algorithm); err != nil {
			t.Error(err)
		}
		if ok, rehash, err := h.Verify(ctx, password, digest, algorithm); !ok || rehash || err != nil {
			t.Errorf("%q: Verify = %v, %v, %v", password, ok, rehash, err)
		}
		if ok, rehash, err := h.Verify(ctx, password+"x", digest, algorithm); ok || rehash || err != nil {
			t.Errorf("%q with an x: Verify = %v, %v, %v", password, ok, rehash, err)
		}
	}
}

func TestHashesOfOnePasswordDiffer(t *testing.T) {
	h := NewHasher()
	a, _, err1 := h.Hash(t.Context(), "secret")
	b, _, err2 := h.Hash(t.Context(), "secret")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if a == b {
		t.Error("two digests have the same salt")
	}
}

func TestVerifyAsksForRehash(t *testing.T) {
	h := NewHasher()
	for _, c := range knownDigests {
		if ok, rehash, err := h.Verify(t.Context(), c.password, c.digest, c.algorithm); !ok || !rehash || err != nil {
			t.Errorf("%s: Verify = %v, %v, %v", c.name, ok, rehash, err)
		}
		if ok, rehash, err := h.Verify(t.Context(), "x"+c.password, c.digest, c.algorithm); ok || rehash || err != nil {
			t.Errorf("%s, wrong password: Verify = %v, %v, %v", c.name, ok, rehash, err)
		}
	}
}

// TestOnlyTodaysCostIsCurrent pins that a change of any parameter is seen.
func TestOnlyTodaysCostIsCurrent(t *testing.T) {
	salt, tag := strings.Repeat("s", argonSaltLen), strings.Repeat("t", argonTagLen)
	now := argonParams{argonMemory, argonPasses, argonLanes}
	for _, c := range []struct {
		name, algorithm, salt, tag string
		params                     argonParams
		want                       bool
	}{
		{"today's", Argon2id, salt, tag, now, true},
		{"other family", Argon2i, salt, tag, now, false},
		{"less memory", Argon2id, salt, tag, argonParams{argonMemory - 1, argonPasses, argonLanes}, false},
		{"more memory", Argon2id, salt, tag, argonParams{argonMemory + 1, argonPasses, argonLanes}, false},
		{"fewer passes", Argon2id, salt, tag, argonParams{argonMemory, argonPasses - 1, argonLanes}, false},
		{"more lanes", Argon2id, salt, tag, argonParams{argonMemory, argonPasses, argonLanes + 1}, false},
		{"short salt", Argon2id, salt[1:], tag, now, false},
		{"short tag", Argon2id, salt, tag[1:], now, false},
	} {
		d, err := parseDigest(argonPHC(c.algorithm, c.params, []byte(c.salt), []byte(c.tag)), c.algorithm)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if d.current() != c.want {
			t.Errorf("%s: current = %v", c.name, d.current())
		}
	}
}

func TestPasswordTooLong(t *testing.T) {
	h := NewHasher()
	long := strings.Repeat("a", MaxPasswordLength+1)
	_, _, err := h.Hash(t.Context(), long)
	if guestlist.CodeOf(err) != "password.rejected" || guestlist.KindOf(err) != guestlist.KindUnprocessable {
		t.Fatalf("Hash: %v", err)
	}
	var e *guestlist.Error
	errors.As(err, &e)
	data, jsonErr := json.Marshal(e.Data)
	if want := `[{"code":"password_rejected.too_long","interpolation":{"max":256}}]`; jsonErr != nil || string(data) != want {
		t.Errorf("data = %s, want %s", data, want)
	}
	// A bcrypt digest looks at the first 72 bytes only; the limit comes before.
	first72 := "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	ok, _, err := h.Verify(t.Context(), first72+long, "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui", Bcrypt)
	if ok || err != nil {
		t.Errorf("Verify = %v, %v", ok, err)
	}
}

func TestBrokenDigestNeverVerifies(t *testing.T) {
	h := NewHasher()
	for _, c := range []struct{ digest, algorithm string }{
		{"", ""}, {"", MD5}, {"", Argon2id}, {"$2b$broken", Bcrypt}, {"null", Legacy}, {md5Horse, "SHA512"},
		{"$argon2id$v=19$m=4294967295,t=1,p=1$" + salt8 + "$AAAAAAAAAAAAAAAAAAAAAA", Argon2id},
	} {
		for _, password := range []string{"", "correct horse"} {
			if ok, rehash, err := h.Verify(t.Context(), password, c.digest, c.algorithm); ok || rehash || err != nil {
				t.Errorf("%s %q: Verify = %v, %v, %v", c.algorithm, c.digest, ok, rehash, err)
			}
		}
	}
}

func TestEndedContextComputesNothing(t *testing.T) {
	h := NewHasher()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := h.Hash(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("Hash: %v", err)
	}
	if ok, _, err := h.Verify(ctx, "correct horse", md5Horse, MD5); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("Verify = %v, %v", ok, err)
	}
	if err := h.VerifyNothing(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("VerifyNothing: %v", err)
	}
	wantIdle(t, h)
}

func TestWaitersLeaveWithTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &Hasher{slots: make(chan struct{}, 1), heavy: make(chan struct{}, 1), queue: make(chan struct{}, 9)}
		release, err := h.acquire(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				if _, err := h.acquire(ctx, i%2 == 0); !errors.Is(err, context.Canceled) {
					t.Errorf("acquire: %v", err)
				}
			})
		}
		synctest.Wait() // all four wait
		if len(h.queue) != 5 || len(h.slots) != 1 {
			t.Errorf("%d in the queue, %d at work", len(h.queue), len(h.slots))
		}
		cancel()
		wg.Wait()
		release()
		wantIdle(t, h)
	})
}

func TestHeavyDigestsGoOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &Hasher{slots: make(chan struct{}, 3), heavy: make(chan struct{}, 1), queue: make(chan struct{}, 9)}
		first, err := h.acquire(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		second := make(chan func())
		go func() {
			release, err := h.acquire(t.Context(), true)
			if err != nil {
				t.Error(err)
			}
			second <- release
		}()
		synctest.Wait()
		if len(h.slots) != 1 {
			t.Errorf("%d slots are taken while a heavy digest waits", len(h.slots))
		}
		light, err := h.acquire(t.Context(), false) // a light one overtakes
		if err != nil {
			t.Fatal(err)
		}
		light()
		first()
		(<-second)()
		wantIdle(t, h)
	})
}

func TestFullQueueIsBusy(t *testing.T) {
	h := &Hasher{slots: make(chan struct{}, 2), heavy: make(chan struct{}, 1), queue: make(chan struct{}, 1)}
	release, err := h.acquire(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.Hash(t.Context(), "x"); !errors.Is(err, ErrBusy) || guestlist.KindOf(err) != guestlist.KindUnavailable {
		t.Errorf("Hash: %v", err)
	}
	if err := h.VerifyNothing(t.Context(), "x"); !errors.Is(err, ErrBusy) {
		t.Errorf("VerifyNothing: %v", err)
	}
	release()
	if _, _, err := h.Hash(t.Context(), "x"); err != nil {
		t.Errorf("after a release: %v", err)
	}
	wantIdle(t, h)
}

func wantIdle(t *testing.T, h *Hasher) {
	t.Helper()
	if len(h.slots)+len(h.heavy)+len(h.queue) != 0 {
		t.Errorf("turns were not given back: %d slots, %d heavy, %d queue", len(h.slots), len(h.heavy), len(h.queue))
	}
}

// TestWrongPasswordsCostTheSame measures work by the memory that Argon2id
// needs for it, because time cannot be asserted: no answer "no" may come
// without having filled it.
func TestWrongPasswordsCostTheSame(t *testing.T) {
	h := NewHasher()
	digest, _, err := h.Hash(t.Context(), "secret")
	if err != nil {
		t.Fatal(err)
	}
	wrong := func(password, digest, algorithm string) func() {
		return func() {
			if ok, _, err := h.Verify(t.Context(), password, digest, algorithm); ok || err != nil {
				t.Errorf("Verify = %v, %v", ok, err)
			}
		}
	}
	for name, work := range map[string]func(){
		"unknown user": func() {
			if err := h.VerifyNothing(t.Context(), "wrong"); err != nil {
				t.Error(err)
			}
		},
		"new digest":        wrong("wrong", digest, Argon2id),
		"cheap argon2":      wrong("wrong", knownDigests[0].digest, Argon2i),
		"bcrypt":            wrong("wrong", bcryptUU, Bcrypt),
		"md5":               wrong("wrong", md5Horse, MD5),
		"legacy":            wrong("wrong", legacySHA2, Legacy),
		"broken digest":     wrong("wrong", "$2b$broken", Bcrypt),
		"password too long": wrong(strings.Repeat("a", 1000), digest, Argon2id),
	} {
		got := allocated(work)
		if want := uint64(argonMemory * 1024); got < want || got > 2*want {
			t.Errorf("%s: %d bytes were filled, want %d and a little", name, got, want)
		}
	}
}

// allocated returns the bytes that work allocates. The tests of this package
// do not run in parallel.
func allocated(work func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
