package crypt

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"guestlist"
)

// testKey has the bytes 0 to 31.
func testKey(t testing.TB) Key {
	t.Helper()
	key, err := ParseKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestParseKeySpellings(t *testing.T) {
	raw := bytes.Repeat([]byte{0xfb, 0xff}, KeySize/2) // needs the characters that differ
	want := base64.StdEncoding.EncodeToString(raw)
	for _, text := range []string{
		hex.EncodeToString(raw),
		strings.ToUpper(hex.EncodeToString(raw)),
		want,
		base64.RawStdEncoding.EncodeToString(raw),
		base64.URLEncoding.EncodeToString(raw),
		base64.RawURLEncoding.EncodeToString(raw),
		" \t" + want + "\r\n",
	} {
		key, err := ParseKey(text)
		if err != nil {
			t.Errorf("ParseKey(%q): %v", text, err)
			continue
		}
		if key.Reveal() != want {
			t.Errorf("ParseKey(%q) read another key", text)
		}
	}
}

func TestParseKeyRefuses(t *testing.T) {
	good := NewKey().Reveal()
	for name, text := range map[string]string{
		"empty":           "",
		"too short":       base64.StdEncoding.EncodeToString(make([]byte, 31)),
		"too long":        base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("ab"), 17)),
		"a passphrase":    "correct horse battery staple!!!!",
		"no hex":          strings.Repeat("zz", 32),
		"all zero":        strings.Repeat("00", 32),
		"one byte":        strings.Repeat("ab", 32),
		"something else":  good + "!",
		"two keys":        good + "\n" + good,
		"hex of 48 bytes": hex.EncodeToString(make([]byte, 48)),
	} {
		_, err := ParseKey(text)
		var e *guestlist.Error
		if !errors.As(err, &e) || e.Code != "config.invalid_secret_key" || e.Hint == "" {
			t.Errorf("%s: got %v, want config.invalid_secret_key with a hint", name, err)
			continue
		}
		if text != "" && strings.Contains(e.Error()+e.Hint, text) {
			t.Errorf("%s: the error repeats the text", name)
		}
	}
}

func TestNewKeysDiffer(t *testing.T) {
	a, b := NewKey(), NewKey()
	if a.Reveal() == b.Reveal() || a.Fingerprint() == b.Fingerprint() {
		t.Fatal("two new keys are the same")
	}
	again, err := ParseKey(a.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	if again.Fingerprint() != a.Fingerprint() {
		t.Error("the fingerprint of a key changed on the way through its text")
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	key := testKey(t)
	type holder struct {
		K Key
	}
	type hidden struct{ k Key }
	var log bytes.Buffer
	var text strings.Builder
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("x", "key", key)
	logger.Info("x", "hidden", hidden{key})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%t"} {
		for _, v := range []any{key, &key, holder{key}, &holder{key}, []Key{key}, hidden{key}} {
			fmt.Fprintf(&text, verb+"\n", v)
		}
	}
	fmt.Fprintf(&text, "%p", key)
	master := key.state().master[:]
	for _, leak := range []string{
		key.Reveal(), hex.EncodeToString(master), strings.ToUpper(hex.EncodeToString(master)), fmt.Sprintf("%d", master), "0x0, 0x1, 0x2",
	} {
		if strings.Contains(log.String(), leak) || strings.Contains(text.String(), leak) {
			t.Errorf("printed as %q", leak)
		}
	}
	if !strings.Contains(log.String(), redacted) || !strings.Contains(text.String(), redacted) {
		t.Error("nothing says that something was redacted")
	}
}

func TestHashVectors(t *testing.T) {
	key := testKey(t)
	// Computed with another implementation of HKDF and HMAC (Python's hmac);
	// a change here makes every stored hash and sealed value worthless.
	if got, want := key.Hash("one-time-token", "abc"), "Iri4GefzVox7KJyDcp1EbSkjeVdEix6MkvfcICuJxrE"; got != want {
		t.Errorf("Hash = %s, want %s", got, want)
	}
	if got, want := DerivedID(key, "user", "row", "1"), "m51xw5p4kezn"; got != want {
		t.Errorf("DerivedID = %s, want %s", got, want)
	}
	if got := len(key.Hash("p", "")); got != HashLength {
		t.Errorf("a hash has %d characters, want %d", got, HashLength)
	}
}

func TestHashDependsOnEverything(t *testing.T) {
	key := testKey(t)
	seen := map[string]string{}
	for name, h := range map[string]string{
		"base":          key.Hash("p", "token"),
		"other token":   key.Hash("p", "tokeN"),
		"other purpose": key.Hash("q", "token"),
		"shifted":       key.Hash("pt", "oken"),
		"other key":     NewKey().Hash("p", "token"),
	} {
		if was, ok := seen[h]; ok {
			t.Errorf("%s and %s give the same hash", name, was)
		}
		seen[h] = name
	}
	if !Equal(key.Hash("p", "token"), key.Hash("p", "token")) {
		t.Error("the same token gives two hashes")
	}
}

func TestHashFromManyGoroutines(t *testing.T) {
	key := NewKey()
	want := key.Hash("p", "token-7")
	fresh, err := ParseKey(key.Reveal()) // subkeys not yet derived
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 200 {
				got := fresh.Hash("p", fmt.Sprintf("token-%d", i))
				if i == 7 && got != want {
					t.Errorf("Hash = %s, want %s", got, want)
				}
				if _, err := fresh.Open("p", fresh.Seal("p", []byte("x"))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestDerivedID(t *testing.T) {
	key := testKey(t)
	base := DerivedID(key, "user", "ab", "c")
	if base != DerivedID(key, "user", "ab", "c") {
		t.Error("the same parts give two ids")
	}
	for name, other := range map[string]string{
		"shifted parts": DerivedID(key, "user", "a", "bc"),
		"joined parts":  DerivedID(key, "user", "abc"),
		"empty part":    DerivedID(key, "user", "ab", "c", ""),
		"purpose":       DerivedID(key, "role", "ab", "c"),
		"key":           DerivedID(NewKey(), "user", "ab", "c"),
	} {
		if other == base {
			t.Errorf("another %s gives the same id", name)
		}
	}
	seen := map[string]bool{}
	for i := range 20_000 {
		id := DerivedID(key, "user", fmt.Sprint(i))
		if len(id) != guestlist.ShortIDLength || strings.Trim(id, lowerAlphabet) != "" {
			t.Fatalf("%q is not a short id", id)
		}
		if seen[id] {
			t.Fatalf("%q came twice", id)
		}
		seen[id] = true
	}
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"", "", true}, {"a", "a", true}, {"a", "b", false}, {"a", "aa", false}, {"", "a", false}} {
		if got := Equal(c.a, c.b); got != c.want {
			t.Errorf("Equal(%q, %q) = %v", c.a, c.b, got)
		}
	}
}
