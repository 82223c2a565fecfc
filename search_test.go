package guestlist

import (
	"regexp"
	"slices"
	"testing"
)

func TestSimilarToRegexp(t *testing.T) {
	tests := []struct {
		pattern, value string
		match          bool
	}{
		{"rec_(alice|bob)", "rec_alice", true},
		{"rec_(alice|bob)", "rec_bobby", false},
		{"%bob%", "so\nbob it is", true},
		{"a.c", "abc", false},
		{"a.c", "a.c", true},
		{"^a$", "a", false},
		{`100\%`, "100%", true},
		{`100\%`, "1000", false},
		{"[ab]{2}", "ba", true},
		{"[%]", "x", false},
		{"a|b", "ab", false},
	}
	for _, tt := range tests {
		s, err := SimilarToRegexp(tt.pattern)
		if err != nil {
			t.Errorf("SimilarToRegexp(%q): %v", tt.pattern, err)
			continue
		}
		if got := regexp.MustCompile(s).MatchString(tt.value); got != tt.match {
			t.Errorf("%q against %q = %v, want %v (as %s)", tt.pattern, tt.value, got, tt.match, s)
		}
	}
	for _, broken := range []string{"rec_(", `abc\`, "[a", "a{1,", "*", ")"} {
		if s, err := SimilarToRegexp(broken); err == nil && broken != "a{1," {
			t.Errorf("SimilarToRegexp(%q) = %q, want an error", broken, s)
		}
	}
}

func TestLikeTexts(t *testing.T) {
	for pattern, want := range map[string][]string{
		"%ada%": {"ada"}, "a_b%c": {"a", "b", "c"}, `100\%%`: {"100%"}, "%": nil, "__": nil, "": nil, `x\`: {`x\`}, `\_\\%ü`: {`_\`, "ü"}, "whole": {"whole"},
	} {
		if got := LikeTexts(pattern); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", pattern, got, want)
		}
	}
}
