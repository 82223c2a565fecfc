package crypt

import (
	"strings"
	"testing"

	"guestlist"
)

func TestRandomShapes(t *testing.T) {
	const base64url = mixedAlphabet + "-_"
	for _, c := range []struct {
		name, alphabet string
		length         int
		next           func() string
	}{
		{"ID", lowerAlphabet, 21, ID},
		{"ShortID", lowerAlphabet, 12, ShortID},
		{"Token32", mixedAlphabet, 32, Token32},
		{"Opaque", base64url, 43, Opaque},
	} {
		seen := map[string]bool{}
		for range 5000 {
			s := c.next()
			if len(s) != c.length || strings.Trim(s, c.alphabet) != "" {
				t.Fatalf("%s = %q", c.name, s)
			}
			if seen[s] {
				t.Fatalf("%s came twice: %q", c.name, s)
			}
			seen[s] = true
		}
	}
	for range 5000 {
		if s := Code6(); len(s) != 6 || strings.Trim(s, "0123456789") != "" {
			t.Fatalf("Code6 = %q", s)
		}
	}
}

// TestRandomIsUnbiased compares the counts of characters with what chance
// allows. The bound is far out (a sound generator fails about once in 10^12
// runs), and a generator without rejection misses it by a wide margin.
func TestRandomIsUnbiased(t *testing.T) {
	for _, c := range []struct {
		name, alphabet string
		next           func() string
	}{
		{"ID", lowerAlphabet, ID},
		{"Token32", mixedAlphabet, Token32},
		{"Code6", "0123456789", Code6},
	} {
		counts, total := map[rune]int{}, 0
		for total < 600_000 {
			for _, r := range c.next() {
				counts[r]++
				total++
			}
		}
		if x, limit := chiSquare(counts, c.alphabet, total), chiLimit(len(c.alphabet)); x > limit {
			t.Errorf("%s: chi-square %.0f is above %.0f", c.name, x, limit)
		}
	}
}

// TestChiSquareSeesModuloBias shows that the test above can fail: bytes taken
// modulo the alphabet, without throwing any away, do.
func TestChiSquareSeesModuloBias(t *testing.T) {
	counts, total := map[rune]int{}, 0
	var raw [32]byte
	for total < 600_000 {
		readRandom(raw[:])
		for _, b := range raw {
			counts[rune(mixedAlphabet[int(b)%len(mixedAlphabet)])]++
			total++
		}
	}
	if x := chiSquare(counts, mixedAlphabet, total); x <= chiLimit(len(mixedAlphabet)) {
		t.Errorf("chi-square %.0f does not show the bias", x)
	}
}

func chiSquare(counts map[rune]int, alphabet string, total int) float64 {
	expected := float64(total) / float64(len(alphabet))
	var x float64
	for _, r := range alphabet {
		d := float64(counts[r]) - expected
		x += d * d / expected
	}
	return x
}

// chiLimit is 120 above the degrees of freedom, more than ten standard
// deviations for the largest alphabet.
func chiLimit(size int) float64 { return float64(size-1) + 120 }

func TestOrderedIDsAreInTheOrderOfTime(t *testing.T) {
	last := ""
	for _, at := range []guestlist.Time{-5, 0, 1, 35, 36, 1_700_000_000_000, 1_700_000_000_001, 90_000_000_000_000} {
		id := OrderedID(at)
		if len(id) != guestlist.IDLength || strings.Trim(id, lowerAlphabet) != "" {
			t.Errorf("%d: %q", at, id)
		}
		if at > 0 && id <= last {
			t.Errorf("%d: %q does not come after %q", at, id, last)
		}
		if again := OrderedID(at); again == id || again[:9] != id[:9] {
			t.Errorf("%d: %q and %q", at, id, again)
		}
		last = id
	}
}

func TestTypableCodesHoldNothingThatLooksAlike(t *testing.T) {
	for range 1000 {
		code := TypableCode(3, 4)
		if len(code) != 14 || strings.ContainsAny(code, "ILOU") || code[4] != '-' || code[9] != '-' {
			t.Fatal(code)
		}
		folded, ok := guestlist.FoldInvitationCode(strings.ToLower(code))
		if !ok || folded != strings.ReplaceAll(code, "-", "") {
			t.Fatal(code, folded, ok)
		}
	}
}
