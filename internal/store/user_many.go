package store

import (
	"fmt"
	"slices"

	"guestlist"
)

// UsersUpTo is Users for a reader who looks at the first pages and needs no
// exact count: counting what a filter finds stops at most, and capped says so. So it
// takes about the same time whatever the number of users.
func (tx *Tx) UsersUpTo(f UserFilter, p Page, most int) (users []guestlist.User, total int, capped bool, err error) {
	if slices.ContainsFunc(f.Search.Matches, isExpression) {
		users, total, err = tx.usersByExpression(f, p)
		return users, total, false, err
	}
	if f.isOfRole() {
		users, total, err = tx.usersOfRole(f.OfRole, p)
		return users, total, false, err
	}
	where, args, err := tx.userConditions(f)
	if err != nil {
		return nil, 0, false, err
	}
	c, err := tx.candidates(f)
	if err != nil {
		return nil, 0, false, err
	}
	if c != nil {
		users, total, err = tx.usersAmong(c, where, args, p, most)
		return users, min(total, most), total > most, err
	}
	if where == "" {
		users, total, err = tx.allUsers(p)
		return users, total, false, err
	}
	if f.isCounted() {
		total, err = tx.countUsers(f, Page{Limit: 1}, 1, where, args)
	} else {
		total, err = tx.countUpTo(where, args, len(f.Search.Matches) > 0, most)
		capped = total > most
		total = min(total, most)
	}
	if err != nil {
		return nil, 0, false, err
	}
	order := asPlanned
	switch {
	case len(f.Search.Matches) == 0:
	case capped:
		if order, err = tx.wayToMany(f, where, args, p); err != nil {
			return nil, 0, false, err
		}
	case f.isNarrow():
		order = byMatch
	}
	users, err = tx.selectUsers(where, args, order, len(f.Search.Matches) > 0, p)
	return users, total, capped, err
}

// Of how many of the newest users it is looked how many match; how many have to
// for the order of the list to be the quicker way to a page that is not far down;
// one that is depends on both ways' length.
const (
	sampledUsers = 20_000
	denseMatches = 100
	farthest     = 10 // rows are read in order in the time of finding one by its match
)

// wayToMany says how a page of very many that match is found: the newest of them
// soon, in the order of the list, unless they are far down in it, such as people
// who were imported together years ago. PostgreSQL estimates that by itself.
func (tx *Tx) wayToMany(f UserFilter, where string, args []any, p Page) (way, error) {
	if tx.s.dialect.inOrder == "" || !f.isNarrow() {
		return asPlanned, nil
	}
	enough := denseMatches
	if p.Offset >= farDown {
		enough = sampledUsers
	}
	n, err := tx.sampleMatches(where, args, enough)
	switch {
	case err != nil, n < denseMatches:
		return byMatch, err
	case p.Offset < farDown:
		return inOrder, nil
	}
	all, err := tx.CountUsers()
	if read, match := (p.Offset+p.Limit)*sampledUsers/n, n*(all/sampledUsers+1); read > farthest*match {
		return byMatch, err
	}
	return inOrder, err
}

// sampleMatches counts, up to enough, how many of the newest users match.
func (tx *Tx) sampleMatches(where string, args []any, enough int) (int, error) {
	tx.unusual = true
	defer func() { tx.unusual = false }()
	var n int
	err := tx.row(fmt.Sprintf("SELECT COUNT(*) FROM (SELECT 1 FROM (SELECT * FROM users ORDER BY %s LIMIT $%d) users%s LIMIT $%d) found",
		newestFirst, len(args)+1, where, len(args)+2), append(args[:len(args):len(args)], sampledUsers, enough), &n)
	return n, err
}

// countUpTo counts rows until there are more than most.
func (tx *Tx) countUpTo(where string, args []any, unusual bool, most int) (int, error) {
	tx.unusual = unusual
	defer func() { tx.unusual = false }()
	var n int
	err := tx.row(fmt.Sprintf("SELECT COUNT(*) FROM (SELECT 1 FROM users%s LIMIT $%d) found", where, len(args)+1),
		append(args[:len(args):len(args)], most+1), &n)
	return n, err
}

// NextUsers lists up to limit users that pass a filter and come after the last
// of those before, f.Before, without a count: for whoever reads all of them.
func (tx *Tx) NextUsers(f UserFilter, limit int) ([]guestlist.User, error) {
	if slices.ContainsFunc(f.Search.Matches, isExpression) {
		return nil, guestlist.Refuse(guestlist.KindInvalid, "request.invalid_input")
	}
	where, args, err := tx.userConditions(f)
	if err != nil {
		return nil, err
	}
	order := asPlanned
	if len(f.Search.Matches) > 0 {
		order = inOrder // all of them are read, once
	}
	return tx.selectUsers(where, args, order, len(f.Search.Matches) > 0, Page{Limit: limit})
}
