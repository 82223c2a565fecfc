package store

import (
	"strconv"
	"strings"
)

// rowCounts are the numbers of rows that one statement inserts. They are few,
// so that the texts are few and stay prepared.
var rowCounts = [...]int{256, 64, 16, 4, 1}

// insertRows inserts many rows with few statements. insert ends in VALUES,
// values is the form of one row with a "$" for each argument, and suffix
// follows the rows. scan, which may be nil, sees the rows that suffix returns.
func (tx *Tx) insertRows(insert, values, suffix string, scan func(scanner) error, rows [][]any) error {
	for _, count := range rowCounts {
		for len(rows) >= count {
			args := make([]any, 0, count*len(rows[0]))
			for _, row := range rows[:count] {
				args = append(args, row...)
			}
			query := insert + tx.s.dialect.repeat(values, count) + suffix
			var err error
			if scan == nil {
				err = tx.run(query, args...)
			} else {
				err = tx.rows(scan, query, args...)
			}
			if err != nil {
				return err
			}
			rows = rows[count:]
		}
	}
	return nil
}

// repeat writes a form several times and numbers its placeholders, except on
// SQLite, which looks every numbered one up among all the others.
func (d dialect) repeat(form string, times int) string {
	parts := strings.Split(form, "$")
	var b strings.Builder
	n := 0
	for i := range times {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(parts[0])
		for _, part := range parts[1:] {
			if n++; d.name == sqliteDialect.name {
				b.WriteByte('?')
			} else {
				b.WriteString("$" + strconv.Itoa(n))
			}
			b.WriteString(part)
		}
	}
	return b.String()
}

// rowsIn runs a query that ends in "IN (...)" over any number of values.
// query ends before the parenthesis.
func (tx *Tx) rowsIn(scan func(scanner) error, query string, values []any) error {
	for _, count := range rowCounts {
		for len(values) >= count {
			if err := tx.rows(scan, query+" ("+tx.s.dialect.repeat("$", count)+")", values[:count]...); err != nil {
				return err
			}
			values = values[count:]
		}
	}
	return nil
}
