package store

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"guestlist"
)

// UserFilter says which users a list has; the zero value means all.
type UserFilter struct {
	Search      guestlist.Search
	ExcludeRole guestlist.RoleID // only users who lack the role
	OfRole      guestlist.RoleID // only users who have the role
	State       UserState        // only users in it

	OfOrganization      guestlist.OrganizationID // only its members
	ExcludeOrganization guestlist.OrganizationID // only users who are not in it
	// OfOrganizationRole, with OfOrganization, leaves members who have the role
	// there.
	OfOrganizationRole guestlist.OrganizationRoleID

	// Before, if not nil, is a user: the list has those who come after it, as if
	// a page ended there.
	Before *guestlist.User
}

// UserState is how a user stands.
type UserState string

// The states that lists can be of. Each has an index.
const (
	UsersSuspended UserState = "suspended" // those who will be deleted included
	UsersLeaving   UserState = "leaving"   // a deletion is planned
	UsersNew       UserState = "new"       // never signed in
)

var userStates = map[UserState]string{
	UsersSuspended: "users.is_suspended", UsersLeaving: "users.deletion_due_at IS NOT NULL", UsersNew: "users.last_sign_in_at IS NULL",
}

// userSearchColumns are the columns that searches name. Every folded form has an index in the
// order of its bytes, so that texts and prefixes are found at once among any
// number of users.
var userSearchColumns = map[string]searchColumn{
	"id":            {plain: "users.id", folded: "users.id", ordered: true},
	"username":      {plain: "users.username", folded: "lower(users.username)", ordered: true},
	"primary_email": {plain: "users.primary_email", folded: "users.email_key", ordered: true},
	"primary_phone": {plain: "users.primary_phone", folded: "users.primary_phone", ordered: true},
	"name":          {plain: "users.name", folded: "users.name_key", ordered: true},
}

// newestFirst is the order of a list of users; its index is read backwards.
const (
	newestFirst = "users.created_at DESC, users.id DESC"
	oldestFirst = "users.created_at, users.id"
)

// Users lists the users that pass a filter, the newest first, with how many
// pass it in all. Texts, prefixes and parts of texts are found by index; a count
// of very many, an expression, and a pattern without any text read every user once.
func (tx *Tx) Users(f UserFilter, p Page) ([]guestlist.User, int, error) {
	if slices.ContainsFunc(f.Search.Matches, isExpression) {
		return tx.usersByExpression(f, p)
	}
	where, args, err := tx.userConditions(f)
	if err != nil {
		return nil, 0, err
	}
	if f.isOfRole() {
		return tx.usersOfRole(f.OfRole, p)
	}
	c, err := tx.candidates(f)
	if err != nil {
		return nil, 0, err
	}
	if c != nil && c.total <= maxJudged {
		return tx.usersAmong(c, where, args, p, math.MaxInt32)
	}
	if c != nil {
		users, err := tx.pageOf(c, where, args, p)
		if err != nil {
			return nil, 0, err
		}
		total, err := tx.countUsers(f, p, len(users), where, args)
		return users, total, err
	}
	if where == "" {
		return tx.allUsers(p)
	}
	// Where an index knows the few that match, reading all users in the wanted
	// order until enough do would take long.
	order := asPlanned
	if len(f.Search.Matches) > 0 && f.isNarrow() {
		order = byMatch
	}
	users, err := tx.selectUsers(where, args, order, len(f.Search.Matches) > 0, p)
	if err != nil {
		return nil, 0, err
	}
	total, err := tx.countUsers(f, p, len(users), where, args)
	return users, total, err
}

// allUsers is Users without a filter.
func (tx *Tx) allUsers(p Page) ([]guestlist.User, int, error) {
	total, err := tx.CountUsers()
	if err != nil {
		return nil, 0, err
	}
	near, by := p.lastOf(total)
	users, err := tx.selectUsers("", nil, by, false, near)
	return users, total, err
}

// How a page of users is found: as the engine thinks best, by the indexes of
// what is searched for, in the order of the list, or from its end.
type way int

const (
	asPlanned way = iota
	byMatch
	inOrder
	fromEnd
)

// farDown is from which row on it is looked whether a page is nearer to the end of
// the list.
const farDown = 1000

// lastOf turns a page of a list of so many rows around, if it is nearer to its
// end: then it is read from there.
func (p Page) lastOf(total int) (Page, way) {
	if p.Limit == 0 || p.Offset < farDown || p.Offset < total/2 || p.Offset >= total {
		return p, asPlanned
	}
	end := min(p.Offset+p.Limit, total)
	return Page{Limit: end - p.Offset, Offset: total - end}, fromEnd
}

// selectUsers reads a page of users in the order of lists. A sign before the
// order keeps the engines from using its index.
func (tx *Tx) selectUsers(where string, args []any, by way, unusual bool, p Page) ([]guestlist.User, error) {
	order, from := newestFirst, " FROM users"
	switch by {
	case asPlanned:
	case byMatch:
		order = "+" + newestFirst
	case inOrder:
		from += tx.s.dialect.inOrder
	case fromEnd:
		order = oldestFirst
	}
	tx.unusual = unusual
	defer func() { tx.unusual = false }()
	limit, more := p.sql(len(args) + 1)
	users, err := collect(tx, scanUser, "SELECT "+userColumns+from+where+" ORDER BY "+order+limit,
		append(args[:len(args):len(args)], more...)...)
	if err != nil {
		return nil, err
	}
	if by == fromEnd {
		slices.Reverse(users)
	}
	return users, tx.fillIdentities(users)
}

// isExpression reports whether a match needs Go's regular expressions.
func isExpression(m guestlist.Match) bool {
	return m.Mode == guestlist.ModePosix || m.Mode == guestlist.ModeSimilarTo
}

// isNarrow reports whether indexes find what a search is about.
func (f UserFilter) isNarrow() bool {
	narrow := func(m guestlist.Match) bool {
		if m.Mode == guestlist.ModeExact {
			return true
		}
		prefix, _ := guestlist.LikePrefix(m.Values[0])
		return prefix != ""
	}
	if f.Search.Joint == guestlist.JointAnd {
		return slices.ContainsFunc(f.Search.Matches, narrow)
	}
	return !slices.ContainsFunc(f.Search.Matches, func(m guestlist.Match) bool { return !narrow(m) })
}

// isOfRole reports whether a role is all that is asked for.
func (f UserFilter) isOfRole() bool {
	role := f.OfRole
	f.OfRole = ""
	return role != "" && f.isAll()
}

// isCounted reports whether the count needs no look at users.
func (f UserFilter) isCounted() bool {
	return f.OfRole == "" && f.OfOrganization == "" && f.State == "" && f.Before == nil && len(f.Search.Matches) == 0
}

// isAll reports whether all users pass.
func (f UserFilter) isAll() bool {
	return f.isCounted() && f.ExcludeRole == "" && f.ExcludeOrganization == ""
}

// userConditions writes a filter as a WHERE clause.
func (tx *Tx) userConditions(f UserFilter) (string, []any, error) {
	match, args, err := tx.search(f.Search, userSearchColumns, 1)
	if err != nil {
		return "", nil, err
	}
	var all []string
	if len(f.Search.Matches) > 0 {
		all = append(all, match)
	}
	elsewhere := tx.s.dialect.elsewhere
	// Who lacks something is asked of each user, since PostgreSQL would take NOT EXISTS
	// for a join of everybody.
	for _, c := range []struct{ id, text string }{
		{string(f.ExcludeRole), "(SELECT COUNT(*) FROM user_roles WHERE role_id = $%d AND user_id = users.id" + elsewhere + ") = 0"},
		{string(f.OfRole), "users.id IN (SELECT user_id FROM user_roles WHERE role_id = $%d)"},
		{string(f.ExcludeOrganization), "(SELECT COUNT(*) FROM organization_users WHERE organization_id = $%d AND user_id = users.id" + elsewhere + ") = 0"},
		{string(f.OfOrganization), "users.id IN (SELECT user_id FROM organization_users WHERE organization_id = $%d)"},
	} {
		if c.id != "" {
			args = append(args, c.id)
			all = append(all, fmt.Sprintf(c.text, len(args)))
		}
	}
	if f.OfOrganizationRole != "" {
		args = append(args, f.OfOrganization, f.OfOrganizationRole)
		all = append(all, fmt.Sprintf("users.id IN (SELECT user_id FROM organization_user_roles WHERE organization_id = $%d AND role_id = $%d)",
			len(args)-1, len(args)))
	}
	if f.State != "" {
		all = append(all, userStates[f.State])
	}
	if f.Before != nil {
		args = append(args, f.Before.CreatedAt, f.Before.ID)
		all = append(all, fmt.Sprintf("(users.created_at, users.id) < ($%d, $%d)", len(args)-1, len(args)))
	}
	if len(all) == 0 {
		return "", nil, nil
	}
	return " WHERE " + strings.Join(all, " AND "), args, nil
}

// countUsers counts what a filter lets pass, in the cheapest way that is
// exact. got is how many rows the page p has.
func (tx *Tx) countUsers(f UserFilter, p Page, got int, where string, args []any) (int, error) {
	if p.hasLast(got) {
		return p.Offset + got, nil
	}
	if !f.isCounted() {
		var n int
		err := tx.row("SELECT COUNT(*) FROM users"+where, args, &n)
		return n, err
	}
	all, err := tx.CountUsers()
	if err != nil {
		return 0, err
	}
	var with int
	switch { // at most one of them: the API refuses both
	case f.ExcludeRole != "":
		with, err = tx.count(talliesRole + string(f.ExcludeRole))
	case f.ExcludeOrganization != "":
		err = tx.row("SELECT COUNT(*) FROM organization_users WHERE organization_id = $1", []any{f.ExcludeOrganization}, &with)
	}
	return all - with, err
}

const usersOfRole = "SELECT " + userColumns + ` FROM user_roles JOIN users ON users.id = user_roles.user_id
	WHERE user_roles.role_id = $1 ORDER BY user_roles.user_created_at DESC, user_roles.user_id DESC`

// usersOfRole lists who has a role, the newest first.
func (tx *Tx) usersOfRole(role guestlist.RoleID, p Page) ([]guestlist.User, int, error) {
	limit, more := p.sql(2) //nolint:mnd // the role is the first
	users, err := collect(tx, scanUser, usersOfRole+limit, with([]any{role}, more...)...)
	if err != nil {
		return nil, 0, err
	}
	total, err := tx.count(talliesRole + string(role))
	return users, total, errors.Join(err, tx.fillIdentities(users))
}

// usersByExpression reads every user that the rest of the filter lets pass and
// lets Go judge: the engines' own expressions differ from each other.
func (tx *Tx) usersByExpression(f UserFilter, p Page) ([]guestlist.User, int, error) {
	matches, err := f.Search.Matcher()
	if err != nil {
		return nil, 0, guestlist.Refuse(guestlist.KindInvalid, "request.invalid_input").Because(err)
	}
	f.Search = guestlist.Search{}
	where, args, err := tx.userConditions(f)
	if err != nil {
		return nil, 0, err
	}
	names := []string{"id", "username", "primary_email", "primary_phone", "name"}
	values := make([]*string, len(names))
	dest := make([]any, len(names))
	for i := range values {
		dest[i] = &values[i]
	}
	field := func(name string) (string, bool) {
		if i := slices.Index(names, name); i >= 0 && values[i] != nil {
			return *values[i], true
		}
		return "", false
	}
	var ids []any
	total := 0
	err = tx.rows(func(sc scanner) error {
		if err := sc.Scan(dest...); err != nil {
			return err
		}
		if !matches(field) {
			return nil
		}
		if total++; total > p.Offset && (p.Limit == 0 || len(ids) < p.Limit) {
			ids = append(ids, *values[0])
		}
		return nil
	}, "SELECT "+strings.Join(names, ", ")+" FROM users"+where+" ORDER BY "+newestFirst, args...)
	if err != nil {
		return nil, 0, err
	}
	users, err := tx.usersByID(ids)
	return users, total, err
}

// maxUsersByID is how many users one statement names at most.
const maxUsersByID = 500

// usersByID returns the users with these ids, the newest first.
func (tx *Tx) usersByID(ids []any) ([]guestlist.User, error) {
	users := []guestlist.User{}
	for part := range slices.Chunk(ids, maxUsersByID) {
		some, err := collect(tx, scanUser, "SELECT "+userColumns+" FROM users WHERE id IN ("+placeholders(1, len(part))+
			") ORDER BY "+newestFirst, part...)
		if err = errors.Join(err, tx.fillIdentities(some)); err != nil {
			return nil, err
		}
		users = append(users, some...)
	}
	return users, nil
}
