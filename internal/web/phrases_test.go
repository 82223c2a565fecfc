package web

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"guestlist"

	"github.com/google/go-cmp/cmp"
)

func mustLoad(t testing.TB) *Phrases {
	t.Helper()
	p, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var (
	placeholder  = regexp.MustCompile(`{{\s*(\w+)\s*}}`)
	pluralSuffix = regexp.MustCompile(`_(zero|one|two|few|many|other)$`)
)

// keysOf lists keys with the plural forms of one phrase counted as one, since
// languages differ in how many they have.
func keysOf(texts map[string]string) []string {
	set := map[string]bool{}
	for k := range texts {
		set[pluralSuffix.ReplaceAllString(k, "_n")] = true
	}
	return slices.Sorted(maps.Keys(set))
}

func TestLanguagesHaveTheSameKeys(t *testing.T) {
	p := mustLoad(t)
	want := keysOf(p.texts[Fallback])
	if len(want) < 200 {
		t.Fatalf("only %d phrases in English", len(want))
	}
	for _, lang := range Languages {
		if diff := cmp.Diff(want, keysOf(p.texts[lang])); diff != "" {
			t.Errorf("%s (-en +%s):\n%s", lang, lang, diff)
		}
	}
}

func TestLanguagesHaveTheSamePlaceholders(t *testing.T) {
	p := mustLoad(t)
	names := func(s string) []string {
		var list []string
		for _, m := range placeholder.FindAllStringSubmatch(s, -1) {
			list = append(list, m[1])
		}
		slices.Sort(list)
		return slices.Compact(list)
	}
	for key, english := range p.texts[Fallback] {
		if pluralSuffix.MatchString(key) {
			continue // "one guest" needs no number
		}
		for _, lang := range Languages {
			if got, want := names(p.texts[lang][key]), names(english); !slices.Equal(got, want) {
				t.Errorf("%s %s: placeholders %v, want %v", lang, key, got, want)
			}
		}
	}
}

func TestPhrasesAreTexts(t *testing.T) {
	p := mustLoad(t)
	for lang, texts := range p.texts {
		for key, s := range texts {
			if s == "" || s != strings.TrimSpace(s) {
				t.Errorf("%s %s: %q is empty or has outer space", lang, key, s)
			}
			if strings.Count(s, "{{") != len(placeholder.FindAllString(s, -1)) {
				t.Errorf("%s %s: %q has a broken placeholder", lang, key, s)
			}
		}
	}
}

// Texts that clients compare with; the contract pins them in English.
func TestPinnedTexts(t *testing.T) {
	p := mustLoad(t)
	args := map[string]any{"token": "abc", "identifier": "ann@example.com", "type": "body", "details": "Why."}
	for code, want := range map[string]string{
		"one_time_token.token_not_found":            "Token abc not found.",
		"one_time_token.email_mismatch":             "Email mismatch with given token.",
		"one_time_token.token_expired":              "The token is expired.",
		"one_time_token.token_consumed":             "The token has been consumed.",
		"one_time_token.token_revoked":              "The token has been revoked.",
		"one_time_token.cannot_reactivate_token":    "Cannot reactivate the token.",
		"one_time_token.interaction_event_mismatch": "The token cannot be used for this interaction.",
		"user.user_not_exist":                       "User with ann@example.com does not exist.",
		"oidc.invalid_request":                      "Request is invalid.",
		"guard.invalid_input":                       "The request body is invalid.",
		"request.invalid_input":                     "Input is invalid. Why.",
	} {
		if got := p.T("en", "errors."+code, args); got != want {
			t.Errorf("%s = %q, want %q", code, got, want)
		}
	}
}

func TestMatch(t *testing.T) {
	p := mustLoad(t)
	tests := []struct {
		name, ui, accept string
		auto             bool
		fallback         string
		custom           []string
		want             string
	}{
		{"nothing", "", "", true, "en", nil, "en"},
		{"header", "", "fr-CA,fr;q=0.9,en;q=0.8", true, "en", nil, "fr"},
		{"header by weight", "", "en;q=0.2, ja", true, "en", nil, "ja"},
		{"header refused by weight", "", "ja;q=0, es", true, "en", nil, "es"},
		{"header off", "", "fr", false, "de", nil, "de"},
		{"ui_locales first", "es-MX fr", "ja", true, "en", nil, "es"},
		{"ui_locales although autodetect is off", "ar-EG", "ja", false, "en", nil, "ar"},
		{"unknown entries are passed over", "xx tlh de-AT", "", true, "en", nil, "de"},
		{"related is not the same", "ca br gsw", "", true, "en", nil, "en"},
		{"custom exact wins", "fr-CA", "", true, "en", []string{"fr-CA"}, "fr-CA"},
		{"built-in before custom of same base", "fr-BE", "", true, "en", []string{"fr-CA"}, "fr"},
		{"custom of same base", "pt", "", true, "en", []string{"pt-BR"}, "pt-BR"},
		{"custom fallback", "", "", true, "pt-BR", []string{"pt-BR"}, "pt-BR"},
		{"unknown fallback", "", "", true, "pt-BR", nil, "en"},
		{"garbage", "<script>", ";;;=,\x00", true, "??", nil, "en"},
		{"too long", strings.Repeat("de ", 500), strings.Repeat("de,", 500), true, "en", nil, "en"},
	}
	for _, tt := range tests {
		if got := p.Match(tt.ui, tt.accept, tt.auto, tt.fallback, tt.custom...); got != tt.want {
			t.Errorf("%s: Match = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestPhrasesWith(t *testing.T) {
	p := mustLoad(t)
	own := p.With("pt-BR", map[string]any{
		"pages":  map[string]any{"action": map[string]any{"continue": "Continuar já", "back": ""}},
		"number": 5.0,
	})
	if got := own.T("pt-BR", "pages.action.continue", nil); got != "Continuar já" {
		t.Errorf("custom text = %q", got)
	}
	if got := own.T("pt-BR", "pages.action.back", nil); got != "Back" {
		t.Errorf("gap = %q, want the English text", got)
	}
	if got := p.T("pt-BR", "pages.action.continue", nil); got != "Continue" {
		t.Errorf("With changed its receiver: %q", got)
	}
	tree := own.Nested("pt-BR")
	if got := tree["pages"].(map[string]any)["action"].(map[string]any)["continue"]; got != "Continuar já" {
		t.Errorf("Nested: %v", got)
	}
}

func TestNestedSurvivesTextWhereABranchIs(t *testing.T) {
	p := mustLoad(t).With("en", map[string]any{"errors": "all of it", "pages": map[string]any{"common": "x"}})
	for range 20 { // the order of a map decides which comes first
		p.Nested("en")
	}
}

func TestPlural(t *testing.T) {
	p := mustLoad(t).With("en", map[string]any{"seat_one": "One seat left", "seat_other": "{{count}} seats left"})
	p = p.With("ar", map[string]any{"seat_two": "مقعدان", "seat_other": "{{count}} مقعد"})
	for _, tt := range []struct {
		lang  string
		count int
		want  string
	}{
		{"en", 1, "One seat left"}, {"en", 0, "0 seats left"}, {"en", 12, "12 seats left"},
		{"ar", 2, "مقعدان"}, {"ar", 100, "100 مقعد"}, {"de", 1, "One seat left"},
	} {
		if got := p.N(tt.lang, "seat", tt.count, nil); got != tt.want {
			t.Errorf("N(%s, %d) = %q, want %q", tt.lang, tt.count, got, tt.want)
		}
	}
}

func TestFill(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"plain", "plain"}, {"{{a}}{{ a }}", "11"}, {"{{missing}}.", "."}, {"{{a", "{{a"}, {"x}}{{a}}", "x}}1"},
	} {
		if got := fill(tt.in, map[string]any{"a": 1}); got != tt.want {
			t.Errorf("fill(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
	// A value is never read as a phrase again.
	if got := fill("{{a}}", map[string]any{"a": "{{b}}", "b": "secret"}); got != "{{b}}" {
		t.Errorf("fill expanded a value: %q", got)
	}
}

func TestDir(t *testing.T) {
	for lang, want := range map[string]string{"ar": "rtl", "ar-EG": "rtl", "en": "ltr", "arn": "ltr"} {
		if got := Dir(lang); got != want {
			t.Errorf("Dir(%s) = %s", lang, got)
		}
	}
}

// Every code that this room refuses with has a phrase.
func TestOwnCodesHavePhrases(t *testing.T) {
	p := mustLoad(t)
	for _, e := range []*guestlist.Error{
		errTooLarge, errInvalidJSON, errInvalidText, errEncoding, errUnreadable, errNotForm,
		errBadParams, errNoRoute, errNoMethod, errOdd,
	} {
		if p.T("en", "errors."+e.Code, nil) == "" {
			t.Errorf("no phrase for %s", e.Code)
		}
	}
}

// TestMarksStayWithTheirWords: no line of French begins with a mark, whatever
// space a file has before it.
func TestMarksStayWithTheirWords(t *testing.T) {
	p := mustLoad(t)
	kept := 0
	for key, text := range p.texts["fr"] {
		kept += strings.Count(text, "\u00a0")
		if at := strings.IndexAny(text, "?!:;»"); at > 0 && text[at-1] == ' ' {
			t.Errorf("a line can end before a mark of %s: %s", key, text)
		}
	}
	if kept < 10 {
		t.Errorf("%d marks are kept", kept)
	}
}

func TestDayIsWrittenAsInTheLanguage(t *testing.T) {
	at := guestlist.TimeOf(time.Date(2026, 3, 4, 23, 59, 0, 0, time.UTC))
	for lang, want := range map[string]string{"en": "4 Mar 2026", "de": "04.03.2026", "fr": "04/03/2026", "es": "04/03/2026", "ja": "2026/03/04", "ar": "2026/03/04", "pt": "2026-03-04"} {
		if got := Day(lang, at); got != want {
			t.Errorf("%s: %s, want %s", lang, got, want)
		}
	}
}
