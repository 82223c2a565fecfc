package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"guestlist"
)

// Tx is one transaction. Its methods, one file per word, are the only SQL of
// the product. Now is the instant at which it began: everything that happens
// in it happens then.
type Tx struct {
	Now guestlist.Time

	ctx      context.Context
	s        *Store
	sql      *sql.Tx
	stmts    *stmtCache
	writable bool
	unusual  bool // the text of the next statements will hardly come again

	tallies       map[string]int64
	experience    *guestlist.SignInExperience // read once per transaction
	configChanged bool
	hasWork       bool
}

// Context returns the context that the transaction runs under.
func (tx *Tx) Context() context.Context { return tx.ctx }

// exec runs a statement and returns how many rows it touched.
func (tx *Tx) exec(query string, args ...any) (int64, error) {
	var res sql.Result
	var err error
	if st := tx.stmts.get(query); st != nil {
		res, err = tx.within(st).ExecContext(tx.ctx, args...) //nolint:sqlclosecheck // the cached statement ends with the transaction
	} else {
		res, err = tx.sql.ExecContext(tx.ctx, query, args...)
	}
	if err != nil {
		return 0, tx.s.dialect.explain(err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("store: rows affected: %w", err)
	}
	return n, nil
}

// prepared returns the cached statement of a text, or nil.
func (tx *Tx) prepared(query string) *sql.Stmt {
	if tx.unusual {
		return nil
	}
	return tx.stmts.get(query)
}

// planned asks PostgreSQL to plan an unusual statement for its arguments: the
// plan that it would keep may come from when the table was small.
func (tx *Tx) planned(args []any) []any {
	if !tx.unusual || tx.s.dialect.name != postgresDialect.name {
		return args
	}
	return append([]any{pgx.QueryExecModeCacheDescribe}, args...)
}

// within returns a cached statement for use in this transaction.
func (tx *Tx) within(st *sql.Stmt) *sql.Stmt {
	return tx.sql.StmtContext(tx.ctx, st)
}

// run is exec where nobody asks for the count.
func (tx *Tx) run(query string, args ...any) error {
	_, err := tx.exec(query, args...)
	return err
}

// rows runs a query and calls scan for each row.
func (tx *Tx) rows(scan func(scanner) error, query string, args ...any) error {
	var rows *sql.Rows
	var err error
	if st := tx.prepared(query); st != nil {
		rows, err = tx.within(st).QueryContext(tx.ctx, args...) //nolint:sqlclosecheck // the cached statement ends with the transaction
	} else {
		rows, err = tx.sql.QueryContext(tx.ctx, query, tx.planned(args)...)
	}
	if err != nil {
		return tx.s.dialect.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return tx.s.dialect.explain(rows.Err())
}

// row runs a query that gives at most one row; none is ErrNotFound.
func (tx *Tx) row(query string, args []any, dest ...any) error {
	var row *sql.Row
	if st := tx.prepared(query); st != nil {
		row = tx.within(st).QueryRowContext(tx.ctx, args...) //nolint:sqlclosecheck // the cached statement ends with the transaction
	} else {
		row = tx.sql.QueryRowContext(tx.ctx, query, tx.planned(args)...)
	}
	return tx.s.dialect.explain(row.Scan(dest...))
}

// scanner is what Row and Rows have in common.
type scanner interface{ Scan(dest ...any) error }

// collect gathers the rows of a query.
func collect[T any](tx *Tx, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	list := []T{}
	err := tx.rows(func(sc scanner) error {
		v, err := scan(sc)
		if err != nil {
			return err
		}
		list = append(list, v)
		return nil
	}, query, args...)
	return list, err
}

// one reads the single row of a query, or ErrNotFound.
func one[T any](tx *Tx, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	list, err := collect(tx, scan, query, args...)
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return list[0], nil
}

// changed turns "no row touched" into ErrNotFound.
func changed(n int64, err error) error {
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// placeholders returns "$first, $first+1, ..." for n values.
func placeholders(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", first+i)
	}
	return b.String()
}

// jsonText marshals v for a TEXT column.
func jsonText(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("store: marshal %T: %w", v, err)
	}
	return string(b), nil
}

// fromJSON fills v from a TEXT column.
func fromJSON(text string, v any) error {
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("store: unmarshal %T: %w", v, err)
	}
	return nil
}

// objectText returns a JSON object column's text; nil means {}.
func objectText(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "{}"
	}
	return string(raw)
}

// Page says which part of a list is wanted. The zero Page is the whole list.
type Page struct {
	Limit  int // rows; 0 means all
	Offset int // rows
}

// sql returns the LIMIT clause with its arguments numbered from first.
func (p Page) sql(first int) (string, []any) {
	if p.Limit == 0 {
		return "", nil
	}
	return fmt.Sprintf(" LIMIT $%d OFFSET $%d", first, first+1), []any{p.Limit, p.Offset}
}

// hasLast reports whether a page that has so many rows ends where the list does.
func (p Page) hasLast(got int) bool {
	return p.Limit == 0 || got < p.Limit && (got > 0 || p.Offset == 0)
}

// page reads a window of a list and counts the whole of it. from is all between
// FROM and ORDER BY.
func page[T any](tx *Tx, scan func(scanner) (T, error), columns, from, order string, args []any, p Page) ([]T, int, error) {
	limit, more := p.sql(len(args) + 1)
	rows, err := collect(tx, scan, "SELECT "+columns+" FROM "+from+" ORDER BY "+order+limit,
		append(args[:len(args):len(args)], more...)...)
	if err != nil || p.Limit == 0 {
		return rows, len(rows), err
	}
	var total int
	err = tx.row("SELECT COUNT(*) FROM "+from, args, &total)
	return rows, total, err
}
