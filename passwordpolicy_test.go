package guestlist_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"guestlist"
)

func pointer[T any](v T) *T { return &v }

// TestPasswordIssues: what a running Logto answered, and what follows from the
// rules.
func TestPasswordIssues(t *testing.T) {
	policy := func(types int, words ...string) guestlist.PasswordPolicy {
		return guestlist.PasswordPolicy{
			CharacterTypes: &guestlist.PasswordCharacters{Min: &types},
			Rejects:        &guestlist.PasswordRejects{Words: &words},
		}
	}
	strict, loose := policy(3, "acme", "wonder"), policy(1, "acme", "wonder")
	who := guestlist.PasswordSubject{Username: "oscard5a54d", Email: "maria@example.com", Phone: "14155550100", Name: "Maria Lopez"}
	for _, c := range []struct {
		policy   guestlist.PasswordPolicy
		password string
		want     []string
	}{
		{strict, "aB1", []string{guestlist.IssueTooShort}},
		{strict, "abdfhjlnpr", []string{guestlist.IssueCharacterTypes}},
		{strict, "Pässw0rd-x-y", []string{guestlist.IssueUnsupported}},
		{strict, "aaaaaaB1-xy", nil},
		{strict, "Acme-77-Xyq", nil},
		{strict, "acme111", []string{guestlist.IssueTooShort, guestlist.IssueCharacterTypes, guestlist.IssueWords, guestlist.IssueRepetition}},
		{strict, strings.Repeat("aB1-", 65), []string{guestlist.IssueTooLong}},
		{strict, "aB1-😀xyqwert", []string{guestlist.IssueUnsupported}},
		{strict, "Vq8-zTr4-Lm2", nil},
		{loose, "aaaaaaaa", []string{guestlist.IssueRepetition}},
		{loose, "12345678", []string{guestlist.IssueSequence}},
		{loose, "qwertyui", []string{guestlist.IssueSequence}},
		{loose, "oscard5a54d", []string{guestlist.IssueUserInfo}},
		{loose, "Oscard5a54d-9", []string{guestlist.IssueUserInfo}},
		{loose, "acmeacme", []string{guestlist.IssueWords}},
		{loose, "ACMEwonder", []string{guestlist.IssueWords}},
		{loose, "aaaa1234", []string{guestlist.IssueRepetition, guestlist.IssueSequence}},
		{loose, "aaa123", []string{guestlist.IssueTooShort, guestlist.IssueRepetition, guestlist.IssueSequence}},
		{guestlist.PasswordPolicy{}, "abc", []string{guestlist.IssueTooShort, guestlist.IssueSequence}},
		{loose, "87654321", []string{guestlist.IssueSequence}},
		{loose, "marialopez", []string{guestlist.IssueUserInfo}},
		{loose, "14155550100", []string{guestlist.IssueRepetition, guestlist.IssueUserInfo}},
		{loose, "maria@example.com", []string{guestlist.IssueUserInfo}},
		{loose, "maria-is-not-here", nil},
		{guestlist.PasswordPolicy{Rejects: &guestlist.PasswordRejects{RepetitionAndSequence: pointer(false), UserInfo: pointer(false)}}, "aaaaaaaa", nil},
		{guestlist.PasswordPolicy{Length: &guestlist.PasswordLength{Min: pointer(2)}}, "q9", nil},
	} {
		var got []string
		for _, issue := range guestlist.PasswordIssues(c.policy, c.password, who) {
			got = append(got, issue.Code)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("PasswordIssues(%q) = %v, want %v", c.password, got, c.want)
		}
	}
}

func FuzzPasswordIssues(f *testing.F) {
	f.Add("aaaa1234", "anna", "anna@example.com", "word")
	f.Add("\xff\x00😀", "", "@", "")
	f.Fuzz(func(t *testing.T, password, name, email, word string) {
		policy := guestlist.PasswordPolicy{Rejects: &guestlist.PasswordRejects{Words: &[]string{word}}}
		issues := guestlist.PasswordIssues(policy, password, guestlist.PasswordSubject{Username: name, Email: email, Name: name})
		n := utf8.RuneCountInString(password)
		if n < guestlist.DefaultPasswordMinLength && len(issues) == 0 {
			t.Errorf("%q is accepted though it is too short", password)
		}
		if n >= guestlist.DefaultPasswordMinLength && n <= guestlist.DefaultPasswordMaxLength && name == password && len(name) > 3 && len(issues) == 0 {
			t.Errorf("%q is accepted though it is the name", password)
		}
	})
}

func TestPasswordHasExpired(t *testing.T) {
	day := guestlist.Time((24 * time.Hour).Milliseconds())
	rule := guestlist.PasswordExpiration{Enabled: pointer(true), ValidPeriodDays: pointer(10), EnabledAt: pointer(5 * day)}
	for _, c := range []struct {
		changed, now guestlist.Time
		expired      bool
	}{
		{0, 14 * day, false}, {0, 15 * day, true}, {8 * day, 17 * day, false}, {8 * day, 18 * day, true},
	} {
		u := guestlist.User{PasswordChangedAt: &c.changed}
		if got := guestlist.PasswordHasExpired(u, rule, c.now); got != c.expired {
			t.Errorf("changed on day %d, now day %d: expired %v, want %v", c.changed/day, c.now/day, got, c.expired)
		}
	}
	if !guestlist.PasswordHasExpired(guestlist.User{PasswordIsExpired: true}, guestlist.PasswordExpiration{}, 0) {
		t.Error("a password that an administrator expired is not expired")
	}
}

func TestMissingProfile(t *testing.T) {
	u, e, p := guestlist.IdentifierUsername, guestlist.IdentifierEmail, guestlist.IdentifierPhone
	ids := func(list ...guestlist.IdentifierType) []guestlist.IdentifierType { return list }
	second := func(list ...guestlist.IdentifierType) (out []guestlist.SignUpIdentifier) {
		for _, t := range list {
			out = append(out, guestlist.SignUpIdentifier{Identifier: t})
		}
		return out
	}
	for _, c := range []struct {
		settings guestlist.SignUpSettings
		have     guestlist.ProfileFacts
		want     []string
	}{
		{guestlist.SignUpSettings{}, guestlist.ProfileFacts{}, nil},
		{guestlist.SignUpSettings{Identifiers: ids(u), Password: true}, guestlist.ProfileFacts{}, []string{"username", "password"}},
		{guestlist.SignUpSettings{Identifiers: ids(e, u)}, guestlist.ProfileFacts{Email: true}, []string{"username"}},
		{guestlist.SignUpSettings{Identifiers: ids(e, p)}, guestlist.ProfileFacts{}, []string{"emailOrPhone"}},
		{guestlist.SignUpSettings{Identifiers: ids(e, p)}, guestlist.ProfileFacts{Phone: true}, nil},
		{guestlist.SignUpSettings{Identifiers: ids(p)}, guestlist.ProfileFacts{Email: true}, []string{"phone"}},
		{guestlist.SignUpSettings{Identifiers: ids(u), SecondaryIdentifiers: second(e, p), Password: true}, guestlist.ProfileFacts{Username: true}, []string{"email", "phone", "password"}},
		{guestlist.SignUpSettings{Identifiers: ids(u), SecondaryIdentifiers: second("emailOrPhone")}, guestlist.ProfileFacts{}, []string{"username", "emailOrPhone"}},
		{guestlist.SignUpSettings{Identifiers: ids(u), SecondaryIdentifiers: second(u)}, guestlist.ProfileFacts{}, []string{"username"}},
	} {
		if got := guestlist.MissingProfile(c.settings, c.have); !slices.Equal(got, c.want) {
			t.Errorf("MissingProfile(%+v, %+v) = %v, want %v", c.settings, c.have, got, c.want)
		}
	}
}

func TestUsernames(t *testing.T) {
	open := guestlist.DefaultSignInExperience().UsernamePolicy
	strict := guestlist.UsernamePolicy{MinLength: 4, MaxLength: 10, AllowedChars: guestlist.UsernameAllowedChars{Lowercase: true}}
	for _, c := range []struct {
		policy guestlist.UsernamePolicy
		name   string
		shape  bool
		code   string
	}{
		{open, "", false, ""}, {open, "9lives", false, ""}, {open, "a-b", false, ""}, {open, "a b", false, ""},
		{open, "zoë", false, ""}, {open, "Alice_9", true, ""}, {open, strings.Repeat("a", 128), true, ""},
		{open, strings.Repeat("a", 129), true, "user.username_too_long"},
		{strict, "abc", true, "user.username_too_short"}, {strict, "abcdefghijk", true, "user.username_too_long"},
		{strict, "Abcde", true, "user.username_uppercase_not_allowed"}, {strict, "abcd1", true, "user.username_numbers_not_allowed"},
		{strict, "ab_cd", true, "user.username_underscore_not_allowed"}, {strict, "abcde", true, ""},
	} {
		if got := guestlist.IsUsername(c.name); got != c.shape {
			t.Errorf("IsUsername(%q) = %v, want %v", c.name, got, c.shape)
		}
		if c.shape && guestlist.CodeOf(c.policy.Refusal(c.name)) != c.code {
			t.Errorf("Refusal(%q) = %v, want %q", c.name, c.policy.Refusal(c.name), c.code)
		}
	}
}

func TestIdentifiers(t *testing.T) {
	for email, want := range map[string]bool{
		"a@b.c": true, "a@b@c.d": true, "": false, "nope": false, "a@b": false, "@b.c": false, "a@.c": false, "a@b.": false,
		"a b@c.d": false, "a\n@b.c": false, "a@b.c\x00": false, "\u202ea@b.c": false, strings.Repeat("a", 128) + "@b.c": false,
	} {
		if got := guestlist.IsEmail(email); got != want {
			t.Errorf("IsEmail(%q) = %v, want %v", email, got, want)
		}
	}
	for phone, want := range map[string]bool{"14155550100": true, "+1415": false, "12": false, "1415555010000000": false, "1 415": false} {
		if got := guestlist.IsPhone(phone); got != want {
			t.Errorf("IsPhone(%q) = %v, want %v", phone, got, want)
		}
	}
}
