package crypt

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestSealOpens(t *testing.T) {
	key := testKey(t)
	for _, plain := range []string{"", "x", "a secret", strings.Repeat("long ", 10_000), "\x00\xff"} {
		sealed := key.Seal("p", []byte(plain))
		if len(sealed) != len(plain)+SealOverhead {
			t.Errorf("%d bytes sealed to %d", len(plain), len(sealed))
		}
		got, err := key.Open("p", sealed)
		if err != nil || string(got) != plain {
			t.Errorf("Open = %.20q, %v", got, err)
		}
		text, err := key.OpenString("p", key.SealString("p", plain))
		if err != nil || text != plain {
			t.Errorf("OpenString = %.20q, %v", text, err)
		}
	}
}

func TestSealNeverRepeats(t *testing.T) {
	key := testKey(t)
	seen := map[string]bool{}
	for range 1000 {
		s := key.SealString("p", "same")
		if seen[s] {
			t.Fatal("two seals of the same value are the same")
		}
		seen[s] = true
	}
}

func TestOpenRefuses(t *testing.T) {
	key := testKey(t)
	sealed := key.Seal("p", []byte("a secret"))
	refuse := func(name string, key Key, purpose string, sealed []byte) {
		t.Helper()
		if plain, err := key.Open(purpose, sealed); !errors.Is(err, ErrSealed) || plain != nil {
			t.Errorf("%s: Open = %q, %v", name, plain, err)
		}
	}
	refuse("other key", NewKey(), "p", sealed)
	refuse("other purpose", key, "q", sealed)
	refuse("appended", key, "p", append(bytes.Clone(sealed), 0))
	refuse("empty", key, "p", nil)
	for i := range sealed {
		refuse("cut", key, "p", sealed[:i])
		for bit := range 8 {
			changed := bytes.Clone(sealed)
			changed[i] ^= 1 << bit
			refuse("one bit changed", key, "p", changed)
		}
	}
}

func TestOpenStringRefusesOtherSpellings(t *testing.T) {
	key := testKey(t)
	sealed := key.SealString("p", "ab") // 31 bytes: the last character has spare bits
	for name, text := range map[string]string{
		"padding":    sealed + "=",
		"line break": sealed[:8] + "\n" + sealed[8:],
		"space":      " " + sealed,
		"spare bits": sealed[:len(sealed)-1] + string(nextBase64(sealed[len(sealed)-1])),
		"garbage":    "!!!",
		"empty":      "",
	} {
		if _, err := key.OpenString("p", text); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: got %v, want ErrSealed", name, err)
		}
	}
}

// nextBase64 returns the base64url digit after c, which has the same high bits
// when c ends a value with spare bits.
func nextBase64(c byte) byte {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return digits[strings.IndexByte(digits, c)+1]
}

func FuzzOpen(f *testing.F) {
	key, other := testKey(f), NewKey()
	f.Add(key.SealString("p", "a secret"))
	f.Add(other.SealString("p", "a secret"))
	f.Add("")
	f.Add("AQ")
	f.Fuzz(func(t *testing.T, text string) {
		// The seed that key sealed opens; whatever else does must seal to it.
		plain, err := key.OpenString("p", text)
		if err != nil {
			if plain != "" || !errors.Is(err, ErrSealed) {
				t.Errorf("OpenString = %q, %v", plain, err)
			}
			return
		}
		if plain != "a secret" {
			t.Errorf("forged %q", plain)
		}
		if _, err := other.OpenString("p", text); err == nil {
			t.Error("two keys open the same value")
		}
	})
}
