package guestlist

import (
	"fmt"
	"regexp"
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
