package guestlist

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Search is a list's search as the management API takes it: which columns
// must match what, and how the matches combine. The zero value matches every
// row.
type Search struct {
	Matches       []Match
	Joint         Joint
	CaseSensitive bool
}

// Match asks that any of Fields matches any of Values. Fields are column names
// in snake_case and come from the list's own table of searchable columns,
// never from the caller. Values has one element unless Mode is ModeExact.
type Match struct {
	Fields []string
	Mode   MatchMode
	Values []string
}

// Joint says how the matches of a Search combine.
type Joint string

// The joints. The zero value means JointOr.
const (
	JointOr  Joint = "or"
	JointAnd Joint = "and"
)

// MatchMode says how a value is compared.
type MatchMode string

// The modes. ModeLike takes an SQL LIKE pattern with "\" as escape character,
// ModeSimilarTo an SQL:1999 SIMILAR TO pattern, ModePosix a regular expression.
const (
	ModeExact     MatchMode = "exact"
	ModeLike      MatchMode = "like"
	ModeSimilarTo MatchMode = "similar_to"
	ModePosix     MatchMode = "posix"
)

// SimilarToRegexp translates a SIMILAR TO pattern to an anchored regular
// expression of package regexp, so that an engine without the operator gives
// the same answer. "%" is any text, "_" any character, "\" escapes, and
// | * + ? { } ( ) [ ] keep their meaning. It fails on a broken pattern.
func SimilarToRegexp(pattern string) (string, error) {
	var b strings.Builder
	b.WriteString(`(?s)\A(?:`)
	escaped, class := false, false
	for _, c := range pattern {
		switch {
		case escaped:
			b.WriteString(regexp.QuoteMeta(string(c)))
			escaped = false
		case c == '\\':
			escaped = true
		case class:
			class = c != ']'
			b.WriteRune(c)
		case c == '[':
			class = true
			b.WriteRune(c)
		case c == '%':
			b.WriteString(".*")
		case c == '_':
			b.WriteString(".")
		case strings.ContainsRune("|*+?{}()", c):
			b.WriteRune(c)
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	if escaped {
		return "", fmt.Errorf("pattern ends in its escape character")
	}
	b.WriteString(`)\z`)
	s := b.String()
	if _, err := regexp.Compile(s); err != nil {
		return "", err
	}
	return s, nil
}

// LikeRegexp translates a LIKE pattern with "\\" as escape character to an
// anchored regular expression of package regexp.
func LikeRegexp(pattern string) string {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	escaped := false
	for _, c := range pattern {
		switch {
		case escaped:
			b.WriteString(regexp.QuoteMeta(string(c)))
			escaped = false
		case c == '\\':
			escaped = true
		case c == '%':
			b.WriteString(".*")
		case c == '_':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	if escaped {
		b.WriteString(`\\`)
	}
	b.WriteString(`\z`)
	return b.String()
}

// LikePrefix returns the text that everything a LIKE pattern matches begins
// with, and whether the pattern is that text and nothing more.
func LikePrefix(pattern string) (prefix string, whole bool) {
	var b strings.Builder
	escaped := false
	for _, c := range pattern {
		switch {
		case !escaped && (c == '%' || c == '_'):
			return b.String(), false
		case !escaped && c == '\\':
			escaped = true
			continue
		}
		b.WriteRune(c)
		escaped = false
	}
	if escaped {
		b.WriteByte('\\')
	}
	return b.String(), true
}

// LikeTexts returns the texts that everything a LIKE pattern matches has in it:
// what stands between its wildcards.
func LikeTexts(pattern string) []string {
	var texts []string
	var b strings.Builder
	end := func() {
		if b.Len() > 0 {
			texts = append(texts, b.String())
		}
		b.Reset()
	}
	escaped := false
	for _, c := range pattern {
		switch {
		case !escaped && (c == '%' || c == '_'):
			end()
			continue
		case !escaped && c == '\\':
			escaped = true
			continue
		}
		b.WriteRune(c)
		escaped = false
	}
	if escaped {
		b.WriteByte('\\')
	}
	end()
	return texts
}

// Matcher judges one row: field returns the text of a column, and false for
// one that is null.
type Matcher func(field func(name string) (text string, ok bool)) bool

// Matcher compiles a search. It is what the answer of a database has to agree
// with, and it decides where no database can: expressions mean the same on
// every engine only if the same program reads them. It fails on a broken
// expression.
func (s Search) Matcher() (Matcher, error) {
	all := make([]Matcher, 0, len(s.Matches))
	for _, m := range s.Matches {
		test, err := m.test(s.CaseSensitive)
		if err != nil {
			return nil, err
		}
		all = append(all, func(field func(string) (string, bool)) bool {
			return slices.ContainsFunc(m.Fields, func(name string) bool {
				text, ok := field(name)
				return ok && test(text)
			})
		})
	}
	and := s.Joint == JointAnd || len(all) == 0
	return func(field func(string) (string, bool)) bool {
		for _, matches := range all {
			if matches(field) != and {
				return !and
			}
		}
		return and
	}, nil
}

// test returns what judges one text.
func (m Match) test(caseSensitive bool) (func(string) bool, error) {
	fold := strings.ToLower
	if caseSensitive {
		fold = func(s string) string { return s }
	}
	var expression string
	var err error
	switch m.Mode {
	case ModeExact:
		return func(s string) bool {
			return slices.ContainsFunc(m.Values, func(v string) bool { return fold(v) == fold(s) })
		}, nil
	case ModePosix:
		expression, fold = m.Values[0], func(s string) string { return s }
		if !caseSensitive {
			expression = "(?i)" + expression
		}
	case ModeSimilarTo:
		expression, err = SimilarToRegexp(m.Values[0])
	default:
		expression = LikeRegexp(fold(m.Values[0]))
	}
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(expression)
	if err != nil {
		return nil, err
	}
	return func(s string) bool { return re.MatchString(fold(s)) }, nil
}
