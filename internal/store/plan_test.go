package store

import "strings"

// PlanOfUsers returns how the engine would find the users of a filter: the
// page and, unless the count needs no look at users, the count.
func (tx *Tx) PlanOfUsers(f UserFilter) (string, error) {
	where, args, err := tx.userConditions(f)
	if err != nil {
		return "", err
	}
	order := newestFirst
	if len(f.Search.Matches) > 0 && f.isNarrow() {
		order = "+" + newestFirst
	}
	plan, err := tx.explain("SELECT "+userColumns+" FROM users"+where+" ORDER BY "+order+" LIMIT 20", args)
	if err != nil || where == "" {
		return plan, err
	}
	count, err := tx.explain("SELECT COUNT(*) FROM users"+where, args)
	return plan + "\n" + count, err
}

func (tx *Tx) explain(query string, args []any) (string, error) {
	if tx.s.dialect.name == sqliteDialect.name {
		return collectLines(tx, "EXPLAIN QUERY PLAN "+query, args, func(sc scanner) (string, error) {
			var id, parent, unused int
			var detail string
			err := sc.Scan(&id, &parent, &unused, &detail)
			return detail, err
		})
	}
	return collectLines(tx, "EXPLAIN "+query, args, func(sc scanner) (string, error) {
		var line string
		err := sc.Scan(&line)
		return line, err
	})
}

func collectLines(tx *Tx, query string, args []any, scan func(scanner) (string, error)) (string, error) {
	lines, err := collect(tx, scan, query, args...)
	return strings.Join(lines, "\n"), err
}
