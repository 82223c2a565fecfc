package web

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"guestlist"
)

const (
	maxSearchValue  = 512 // bytes of one value or pattern
	maxSearchValues = 100 // values of one field
)

// ParseSearch reads search, search.<field>, mode, mode.<field>, joint (also
// jointMode) and isCaseSensitive. allowed are the list's searchable columns in
// snake_case; callers may name them in camelCase too. What is out of shape is
// 400 request.invalid_input with the reason in its message.
func ParseSearch(q url.Values, allowed []string) (guestlist.Search, error) {
	p := searchParser{q: q, allowed: allowed}
	s := guestlist.Search{CaseSensitive: Truthy(q.Get("isCaseSensitive"))}
	var err error
	if s.Joint, err = p.joint(); err != nil {
		return guestlist.Search{}, err
	}
	fields, err := p.fields()
	if err != nil {
		return guestlist.Search{}, err
	}
	if values, ok := q["search"]; ok {
		if err := p.add(&s, allowed, "", values); err != nil {
			return guestlist.Search{}, err
		}
	}
	for _, f := range fields {
		if err := p.add(&s, []string{f.column}, f.given, q["search."+f.given]); err != nil {
			return guestlist.Search{}, err
		}
	}
	return s, nil
}

type searchParser struct {
	q       url.Values
	allowed []string
}

// searchField is a column and the name that the caller gave it.
type searchField struct{ column, given string }

// refuse tells the caller why. The wire's answer has an empty data member.
func refuseSearch(format string, args ...any) error {
	e := guestlist.Refuse(guestlist.KindInvalid, "request.invalid_input").With(struct{}{})
	return e.WithArgs(map[string]any{"details": fmt.Sprintf(format, args...)})
}

func (p searchParser) joint() (guestlist.Joint, error) {
	v := p.q.Get("joint")
	if v == "" {
		v = p.q.Get("jointMode")
	}
	switch j := guestlist.Joint(v); j {
	case "":
		return guestlist.JointOr, nil
	case guestlist.JointOr, guestlist.JointAnd:
		return j, nil
	}
	return "", refuseSearch("Search joint mode `%s` is not valid, expect one of or, and.", excerpt(v))
}

// fields lists the search.<field> keys in the order of their names.
func (p searchParser) fields() ([]searchField, error) {
	var list []searchField
	for key := range p.q {
		given, ok := strings.CutPrefix(key, "search.")
		if !ok {
			continue
		}
		if strings.Contains(given, ".") {
			return nil, refuseSearch("Unsupported nested search field path `%s` detected. Only the first level field is supported.", excerpt(given))
		}
		column := snake(given)
		if !slices.Contains(p.allowed, column) {
			return nil, refuseSearch("Search field `%s` is not valid, expect one of %s.", excerpt(given), strings.Join(p.allowed, ", "))
		}
		list = append(list, searchField{column, given})
	}
	slices.SortFunc(list, func(a, b searchField) int { return strings.Compare(a.given, b.given) })
	return list, nil
}

func (p searchParser) mode(given string) (guestlist.MatchMode, error) {
	v, where := "", ""
	if given != "" {
		if v = p.q.Get("mode." + given); v != "" {
			where = fmt.Sprintf(" for field `%s`", excerpt(given))
		}
	}
	if v == "" {
		v = p.q.Get("mode")
	}
	switch m := guestlist.MatchMode(v); m {
	case "":
		return guestlist.ModeLike, nil
	case guestlist.ModeExact, guestlist.ModeLike, guestlist.ModeSimilarTo, guestlist.ModePosix:
		return m, nil
	}
	return "", refuseSearch("Search match mode `%s`%s is not valid, expect one of exact, like, similar_to, posix.", excerpt(v), where)
}

func (p searchParser) add(s *guestlist.Search, columns []string, given string, values []string) error {
	mode, err := p.mode(given)
	if err != nil {
		return err
	}
	if mode == guestlist.ModeSimilarTo && !s.CaseSensitive {
		return refuseSearch("Cannot use case-insensitive match for `similar to`.")
	}
	if mode != guestlist.ModeExact && len(values) > 1 {
		return refuseSearch("Only one search value is allowed when search mode is not `exact`.")
	}
	if len(values) > maxSearchValues {
		return refuseSearch("At most %d search values are allowed.", maxSearchValues)
	}
	for _, v := range values {
		if err := checkValue(mode, v); err != nil {
			return err
		}
	}
	s.Matches = append(s.Matches, guestlist.Match{Fields: columns, Mode: mode, Values: values})
	return nil
}

// checkValue refuses what a database would choke on. Expressions have to be
// ones that Go understands too, in linear time, so that both engines agree and
// no pattern can be a weapon.
func checkValue(mode guestlist.MatchMode, v string) error {
	if v == "" {
		return refuseSearch("Search value cannot be empty.")
	}
	if len(v) > maxSearchValue || !cleanText(v) {
		return refuseSearch("Search value is too long or not valid text.")
	}
	var err error
	switch mode {
	case guestlist.ModePosix:
		_, err = regexp.Compile(v)
	case guestlist.ModeSimilarTo:
		_, err = guestlist.SimilarToRegexp(v)
	case guestlist.ModeExact, guestlist.ModeLike: // every text is one
	}
	if err != nil {
		return refuseSearch("Search value is not a valid `%s` expression.", mode)
	}
	return nil
}

// snake turns primaryEmail into primary_email and leaves snake_case alone.
func snake(s string) string {
	var b strings.Builder
	for _, c := range s {
		if c >= 'A' && c <= 'Z' {
			b.WriteByte('_')
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// excerpt keeps what an error repeats short.
func excerpt(s string) string {
	const most = 64
	if len(s) <= most {
		return strings.ToValidUTF8(s, "\ufffd")
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
