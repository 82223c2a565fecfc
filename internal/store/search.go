package store

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"

	"modernc.org/sqlite"

	"guestlist"
)

// searchColumn is a searchable column: as it is, and folded for comparison
// without regard to letter case. ordered says that there is an index over the
// folded form, in the order of its bytes.
type searchColumn struct {
	plain, folded string
	ordered       bool
}

// columnsOf makes the search columns of a table whose folding is left to the
// engine.
func (tx *Tx) columnsOf(table string, fields ...string) map[string]searchColumn {
	columns := make(map[string]searchColumn, len(fields))
	for _, f := range fields {
		column := table + "." + f
		columns[f] = searchColumn{plain: column, folded: tx.s.dialect.fold(column)}
	}
	return columns
}

// search writes a search as a condition whose placeholders begin at $first. A
// search without matches is always true. Both engines give the same answer:
// what SQLite lacks is Go's regular expressions.
func (tx *Tx) search(s guestlist.Search, columns map[string]searchColumn, first int) (string, []any, error) {
	var all []string
	var args []any
	for _, m := range s.Matches {
		var any []string
		for _, f := range m.Fields {
			column, ok := columns[f]
			if !ok {
				return "", nil, fmt.Errorf("store: search in unknown column %q", f)
			}
			condition, more, err := tx.s.dialect.match(column, m, s.CaseSensitive, first+len(args))
			if err != nil {
				return "", nil, err
			}
			any = append(any, condition)
			args = append(args, more...)
		}
		all = append(all, "("+strings.Join(any, " OR ")+")")
	}
	if len(all) == 0 {
		return "TRUE", nil, nil
	}
	joint := " OR "
	if s.Joint == guestlist.JointAnd {
		joint = " AND "
	}
	return "(" + strings.Join(all, joint) + ")", args, nil
}

// fold writes an expression without regard to letter case.
func (d dialect) fold(expression string) string {
	if d.name == sqliteDialect.name {
		return "guestlist_fold(" + expression + ")"
	}
	return "lower(" + expression + ")"
}

// match writes that a column matches.
func (d dialect) match(column searchColumn, m guestlist.Match, caseSensitive bool, first int) (string, []any, error) {
	if column.ordered {
		if m.Mode == guestlist.ModeLike {
			if text, whole := guestlist.LikePrefix(m.Values[0]); whole {
				m.Mode, m.Values = guestlist.ModeExact, []string{text}
			}
		}
		if narrow, args := narrowed(column, m, first); narrow != "" {
			if m.Mode == guestlist.ModeExact && !caseSensitive {
				return narrow, args, nil
			}
			column.ordered = false
			exact, more, err := d.match(column, m, caseSensitive, first+len(args))
			return "(" + narrow + " AND " + exact + ")", append(args, more...), err
		}
	}
	left := column.folded
	value := strings.ToLower
	if caseSensitive {
		left, value = column.plain, func(s string) string { return s }
	}
	switch m.Mode {
	case guestlist.ModeExact:
		var args []any
		for _, v := range m.Values {
			args = append(args, value(v))
		}
		return left + " IN (" + placeholders(first, len(args)) + ")", args, nil
	case guestlist.ModeLike, "":
		return d.like(left, value(m.Values[0]), caseSensitive, first)
	case guestlist.ModePosix:
		return d.posix(column.plain, m.Values[0], caseSensitive, first)
	case guestlist.ModeSimilarTo:
		if d.name == postgresDialect.name {
			return fmt.Sprintf("%s SIMILAR TO $%d", column.plain, first), []any{m.Values[0]}, nil
		}
		expression, err := guestlist.SimilarToRegexp(m.Values[0])
		if err != nil {
			return "", nil, err
		}
		return d.posix(column.plain, expression, true, first)
	}
	return "", nil, fmt.Errorf("store: unknown search mode %q", m.Mode)
}

// narrowed writes a condition that an index answers and that every row that
// matches fulfils; "" if there is none.
func narrowed(column searchColumn, m guestlist.Match, first int) (string, []any) {
	switch m.Mode {
	case guestlist.ModeExact:
		var args []any
		for _, v := range m.Values {
			args = append(args, strings.ToLower(v))
		}
		return column.folded + " IN (" + placeholders(first, len(args)) + ")", args
	case guestlist.ModeLike:
		prefix, _ := guestlist.LikePrefix(strings.ToLower(m.Values[0]))
		after := successor(prefix)
		if after == "" {
			return "", nil
		}
		return fmt.Sprintf("%s >= $%d AND %s < $%d", column.folded, first, column.folded, first+1), []any{prefix, after}
	case guestlist.ModePosix, guestlist.ModeSimilarTo: // no index knows expressions
	}
	return "", nil
}

// successor returns the least text after all that begin with a prefix, in the
// order of bytes; "" if there is no prefix or nothing comes after it.
func successor(prefix string) string {
	runes := []rune(prefix)
	for i := len(runes) - 1; i >= 0; i-- {
		switch next := runes[i] + 1; {
		case next == surrogates:
			return string(append(runes[:i], afterSurrogates))
		case next <= unicode.MaxRune:
			return string(append(runes[:i], next))
		}
	}
	return ""
}

// No text has a character from surrogates up to afterSurrogates.
const surrogates, afterSurrogates = 0xD800, 0xE000

// like writes an SQL LIKE. SQLite's ignores the case of ASCII letters, so that
// a case-sensitive one is an expression there.
func (d dialect) like(left, pattern string, caseSensitive bool, first int) (string, []any, error) {
	if caseSensitive && d.name == sqliteDialect.name {
		return d.posix(left, guestlist.LikeRegexp(pattern), true, first)
	}
	if strings.HasSuffix(pattern, `\`) && !strings.HasSuffix(pattern, `\\`) {
		pattern += `\` // PostgreSQL refuses a pattern that ends in the escape character
	}
	return fmt.Sprintf(`%s LIKE $%d ESCAPE '\'`, left, first), []any{pattern}, nil
}

func (d dialect) posix(left, expression string, caseSensitive bool, first int) (string, []any, error) {
	if d.name == sqliteDialect.name {
		if !caseSensitive {
			expression = "(?i)" + expression
		}
		return fmt.Sprintf("guestlist_regexp($%d, %s)", first, left), []any{expression}, nil
	}
	operator := "~"
	if !caseSensitive {
		operator = "~*"
	}
	return fmt.Sprintf("%s %s $%d", left, operator, first), []any{expression}, nil
}

// registerFunctions teaches SQLite what searches need. The driver keeps
// functions per process, so it is done once.
var registerFunctions = sync.OnceValue(func() error {
	return errors.Join(
		sqlite.RegisterDeterministicScalarFunction("guestlist_fold", 1,
			func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
				if s, ok := args[0].(string); ok {
					return strings.ToLower(s), nil
				}
				return args[0], nil
			}),
		sqlite.RegisterDeterministicScalarFunction("guestlist_regexp", 2, sqliteRegexp),
	)
})

// lastExpression saves compiling an expression for every row.
var lastExpression atomic.Pointer[regexp.Regexp]

func sqliteRegexp(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	expression, _ := args[0].(string)
	text, ok := args[1].(string)
	if !ok {
		return nil, nil // NULL matches nothing, and is not false either
	}
	re := lastExpression.Load()
	if re == nil || re.String() != expression {
		var err error
		if re, err = regexp.Compile(expression); err != nil {
			return nil, err
		}
		lastExpression.Store(re)
	}
	return re.MatchString(text), nil
}
