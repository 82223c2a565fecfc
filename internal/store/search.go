package store

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	"modernc.org/sqlite"

	"guestlist"
)

// searchColumn is a searchable column: as it is, and folded for comparison
// without regard to letter case.
type searchColumn struct{ plain, folded string }

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

// like writes an SQL LIKE. SQLite's ignores the case of ASCII letters, so that
// a case-sensitive one is an expression there.
func (d dialect) like(left, pattern string, caseSensitive bool, first int) (string, []any, error) {
	if caseSensitive && d.name == sqliteDialect.name {
		return d.posix(left, likeRegexp(pattern), true, first)
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

// likeRegexp translates a LIKE pattern.
func likeRegexp(pattern string) string {
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
