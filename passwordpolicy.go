package guestlist

import (
	"strings"
	"time"
	"unicode/utf8"
)

// PasswordIssue is one reason why a password is refused, as the data of
// password.rejected and check-password have it.
type PasswordIssue struct {
	Code          string         `json:"code"`
	Interpolation map[string]int `json:"interpolation,omitempty"`
}

// The codes of password issues.
const (
	IssueTooShort       = "password_rejected.too_short"
	IssueTooLong        = "password_rejected.too_long"
	IssueCharacterTypes = "password_rejected.character_types"
	IssueUnsupported    = "password_rejected.unsupported_characters"
	IssuePwned          = "password_rejected.pwned"
	IssueWords          = "password_rejected.restricted.words"
	IssueRepetition     = "password_rejected.restricted.repetition"
	IssueSequence       = "password_rejected.restricted.sequence"
	IssueUserInfo       = "password_rejected.restricted.user_info"
)

// The defaults and the fixed numbers of the password policy.
const (
	DefaultPasswordMinLength      = 8
	DefaultPasswordMaxLength      = 256
	DefaultPasswordCharacterTypes = 1

	// passwordSlack is how many characters beside restricted phrases make a
	// password acceptable when exceeded.
	passwordSlack = 3
	// minPhrase is the shortest repetition, sequence or piece of user data
	// that counts as a restricted phrase, in characters.
	minPhrase = 3
)

// Rules is a PasswordPolicy with its defaults filled in.
type Rules struct {
	MinLength, MaxLength, CharacterTypes   int
	Pwned, RepetitionAndSequence, UserInfo bool
	Words                                  []string
}

// Rules fills in the defaults of the contract.
func (p PasswordPolicy) Rules() Rules {
	r := Rules{
		MinLength: DefaultPasswordMinLength, MaxLength: DefaultPasswordMaxLength, CharacterTypes: DefaultPasswordCharacterTypes,
		Pwned: true, RepetitionAndSequence: true, UserInfo: true,
	}
	if p.Length != nil {
		set(&r.MinLength, p.Length.Min)
		set(&r.MaxLength, p.Length.Max)
	}
	if p.CharacterTypes != nil {
		set(&r.CharacterTypes, p.CharacterTypes.Min)
	}
	if p.Rejects != nil {
		set(&r.Pwned, p.Rejects.Pwned)
		set(&r.RepetitionAndSequence, p.Rejects.RepetitionAndSequence)
		set(&r.UserInfo, p.Rejects.UserInfo)
		set(&r.Words, p.Rejects.Words)
	}
	r.MaxLength = min(r.MaxLength, DefaultPasswordMaxLength)
	return r
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// PasswordSubject is what is known of the person whose password it is; empty
// members are not compared.
type PasswordSubject struct {
	Username, Email, Phone, Name string
}

// SubjectOf returns what is known of a user.
func SubjectOf(u User) PasswordSubject {
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	return PasswordSubject{Username: text(u.Username), Email: text(u.PrimaryEmail), Phone: text(u.PrimaryPhone), Name: text(u.Name)}
}

// PasswordIssues lists why the policy refuses a password; none means that it
// is good, but for the list of breached passwords, which needs a look outside.
func PasswordIssues(policy PasswordPolicy, password string, who PasswordSubject) []PasswordIssue {
	r := policy.Rules()
	var issues []PasswordIssue
	n := utf8.RuneCountInString(password)
	if n < r.MinLength {
		issues = append(issues, PasswordIssue{IssueTooShort, map[string]int{"min": r.MinLength}})
	}
	if n > r.MaxLength {
		return append(issues, PasswordIssue{IssueTooLong, map[string]int{"max": r.MaxLength}})
	}
	kinds, supported := characterKinds(password)
	switch {
	case !supported:
		issues = append(issues, PasswordIssue{Code: IssueUnsupported})
	case kinds < r.CharacterTypes:
		issues = append(issues, PasswordIssue{IssueCharacterTypes, map[string]int{"min": r.CharacterTypes}})
	}
	return append(issues, restrictedPhrases(r, password, who)...)
}

// characterKinds counts which of lower case, upper case, digits and symbols
// occur, and reports whether all characters are printable ASCII.
func characterKinds(password string) (kinds int, supported bool) {
	var lower, upper, digit, symbol int
	supported = true
	for _, c := range password {
		switch {
		case 'a' <= c && c <= 'z':
			lower = 1
		case 'A' <= c && c <= 'Z':
			upper = 1
		case '0' <= c && c <= '9':
			digit = 1
		case ' ' <= c && c <= '~':
			symbol = 1
		default:
			supported = false
		}
	}
	return lower + upper + digit + symbol, supported
}

// restrictedPhrases marks what words, repetitions, sequences and user data
// cover. A password of which no more than passwordSlack characters stay
// uncovered is refused, for each kind of phrase that was found.
func restrictedPhrases(r Rules, password string, who PasswordSubject) []PasswordIssue {
	text := []rune(strings.ToLower(password))
	covered := make([]bool, len(text))
	var found []PasswordIssue
	add := func(code string, hit bool) {
		if hit {
			found = append(found, PasswordIssue{Code: code})
		}
	}
	add(IssueWords, coverPhrases(text, covered, r.Words, 1))
	if r.RepetitionAndSequence {
		add(IssueRepetition, coverRuns(text, covered, func(a, b rune) int { return boolInt(a == b) }))
		add(IssueSequence, coverSequences(text, covered))
	}
	if r.UserInfo {
		add(IssueUserInfo, coverPhrases(text, covered, who.phrases(), minPhrase))
	}
	left := 0
	for _, c := range covered {
		left += boolInt(!c)
	}
	if left > passwordSlack {
		return nil
	}
	return found
}

// phrases returns what of a person must not make up a password: the values,
// the words of the name, and the part of the address before the at sign.
func (s PasswordSubject) phrases() []string {
	local, _, _ := strings.Cut(s.Email, "@")
	list := []string{s.Username, s.Email, local, s.Phone, s.Name}
	return append(list, strings.Fields(s.Name)...)
}

// coverPhrases marks every occurrence of the phrases of at least shortest
// characters.
func coverPhrases(text []rune, covered []bool, phrases []string, shortest int) bool {
	hit := false
	for _, phrase := range phrases {
		p := []rune(strings.ToLower(phrase))
		if len(p) < shortest {
			continue
		}
		for i := 0; i+len(p) <= len(text); i++ {
			if string(text[i:i+len(p)]) == string(p) {
				cover(covered, i, i+len(p))
				hit = true
			}
		}
	}
	return hit
}

// coverRuns marks runs of at least minPhrase characters in which step gives
// the same non-zero number for every neighbouring pair.
func coverRuns(text []rune, covered []bool, step func(a, b rune) int) bool {
	hit := false
	for start := 0; start+1 < len(text); {
		direction := step(text[start], text[start+1])
		end := start + 1
		for direction != 0 && end < len(text) && step(text[end-1], text[end]) == direction {
			end++
		}
		if end-start >= minPhrase {
			cover(covered, start, end)
			hit = true
		}
		start = max(start+1, end-1)
	}
	return hit
}

// sequences are the rows in which neighbours are easy to guess, forwards and
// backwards.
var sequences = []string{
	"abcdefghijklmnopqrstuvwxyz", "01234567890",
	"qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn",
	"1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "!@#$%^&*()",
}

func coverSequences(text []rune, covered []bool) bool {
	hit := false
	for _, row := range sequences {
		step := func(a, b rune) int {
			for i := 0; i+1 < len(row); i++ {
				x, y := rune(row[i]), rune(row[i+1])
				switch {
				case a == x && b == y:
					return 1
				case a == y && b == x:
					return -1
				}
			}
			return 0
		}
		if coverRuns(text, covered, step) {
			hit = true
		}
	}
	return hit
}

func cover(covered []bool, from, to int) {
	for i := from; i < to; i++ {
		covered[i] = true
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// PasswordHasExpired reports whether a password must not be used any longer:
// an administrator expired it, or its period is over. The period of a password
// that is older than the rule counts from the day the rule was made.
func PasswordHasExpired(u User, rule PasswordExpiration, now Time) bool {
	if u.PasswordIsExpired {
		return true
	}
	if rule.Enabled == nil || !*rule.Enabled || rule.ValidPeriodDays == nil {
		return false
	}
	since := u.CreatedAt
	if u.PasswordChangedAt != nil {
		since = *u.PasswordChangedAt
	}
	if rule.EnabledAt != nil {
		since = max(since, *rule.EnabledAt)
	}
	return since.Add(time.Duration(*rule.ValidPeriodDays)*24*time.Hour) <= now
}

// RejectPassword returns password.rejected with the issues, or nil if there
// are none.
func RejectPassword(issues []PasswordIssue) error {
	if len(issues) == 0 {
		return nil
	}
	return Refuse(KindUnprocessable, "password.rejected").With(issues)
}
