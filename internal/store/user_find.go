package store

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"guestlist"
)

// candidates are the users who may match a search, by what blocks say.
type candidates struct {
	blocks  []candidateBlock // the newest first
	total   int
	changed []string       // users whom no block knows as they are
	since   guestlist.Time // whoever came then or later is in no block
}

type candidateBlock struct {
	userBlock
	members members
}

// maxWaiting is how many users may wait for their blocks. While there are more,
// all are read in their order, which is the quickest way to judge many.
const maxWaiting = 3 * blockUsers

// candidates looks a search up in the blocks. It returns nil where they do not
// help: there are too few of them, another index does it, or there is no text to
// look for.
func (tx *Tx) candidates(f UserFilter) (*candidates, error) {
	if len(f.Search.Matches) == 0 || f.isNarrow() {
		return nil, nil
	}
	either := gramsOfSearch(f.Search)
	if either == nil || len(either) > maxGrams {
		return nil, nil
	}
	blocks, err := tx.userBlocks()
	if err != nil || len(blocks) == 0 {
		return nil, err
	}
	c := &candidates{since: blocks[0].reachedAt}
	var waiting int
	if err := tx.row("SELECT COUNT(*) FROM (SELECT 1 FROM users WHERE created_at >= $1 LIMIT $2) found", []any{c.since, maxWaiting + 1}, &waiting); err != nil || waiting > maxWaiting {
		return nil, err
	}
	found, err := tx.membersOf(either)
	if err != nil {
		return nil, err
	}
	for _, b := range blocks {
		if m := found[b.number]; m != nil {
			if n := m.count(); n > 0 {
				c.blocks = append(c.blocks, candidateBlock{b, *m})
				c.total += n
			}
		}
	}
	c.changed, err = collect(tx, scanText, "SELECT user_id FROM user_changes")
	return c, err
}

// membersOf returns who has all grams of one of the lists, by block.
func (tx *Tx) membersOf(either [][]gram) (map[int64]*members, error) {
	type progress struct {
		members members
		grams   int // that were seen
	}
	var names []any
	users := map[string][]int{} // which lists have a gram
	for i, all := range either {
		for _, g := range all {
			name := g.String()
			if users[name] == nil {
				names = append(names, name)
			}
			users[name] = append(users[name], i)
		}
	}
	seen := make([]map[int64]*progress, len(either))
	for i := range seen {
		seen[i] = map[int64]*progress{}
	}
	if err := tx.rowsIn(func(sc scanner) error {
		var name string
		var block int64
		var raw []byte
		if err := sc.Scan(&name, &block, &raw); err != nil {
			return err
		}
		m := decodeMembers(raw)
		for _, i := range users[name] {
			if p := seen[i][block]; p == nil {
				seen[i][block] = &progress{m, 1}
			} else {
				p.members.and(m)
				p.grams++
			}
		}
		return nil
	}, "SELECT gram, block, members FROM user_grams WHERE gram IN", names); err != nil {
		return nil, err
	}
	found := map[int64]*members{}
	for i, all := range either {
		for block, p := range seen[i] {
			switch {
			case p.grams < len(all):
			case found[block] == nil:
				found[block] = &p.members
			default:
				found[block].or(p.members)
			}
		}
	}
	return found, nil
}

// some are candidates that a statement is restricted to.
type some struct {
	ids   []string        // all of the changed, all of mixed blocks, and the newest others
	first map[string]bool // of ids, those before whom nobody was left out
	last  string          // the oldest of first
	whole bool            // nobody was left out
	since guestlist.Time
}

// newest returns at least so many candidates, if there are, the newest first.
func (tx *Tx) newest(c *candidates, enough int) (some, error) {
	s := some{ids: slices.Clone(c.changed), first: map[string]bool{}, whole: true, since: c.since}
	var parts []int64
	lastPart := int64(-1)
	words := map[int64]uint64{}
	mixed := map[int64]bool{}
	for _, b := range c.blocks {
		for i, word := range slices.Backward(b.members[:]) {
			if word == 0 {
				continue
			}
			if !b.isMixed && enough <= 0 {
				s.whole = false
				break
			}
			if !b.isMixed {
				enough -= bits.OnesCount64(word)
			}
			part := b.number*blockParts + int64(i)
			parts, words[part], mixed[part] = append(parts, part), word, b.isMixed
			if !b.isMixed {
				lastPart = part
			}
		}
	}
	return s, tx.partsOf(parts, func(part int64, ids string) {
		for word := words[part]; word != 0 && ids != ""; word >>= 1 {
			var id string
			id, ids, _ = strings.Cut(ids, "\n")
			if word&1 == 0 {
				continue
			}
			if s.ids = append(s.ids, id); mixed[part] {
				continue
			}
			if s.first[id] = true; part == lastPart && s.last == "" {
				s.last = id
			}
		}
	})
}

// maxParts is how many parts of blocks one statement reads.
const maxParts = 4096

func (tx *Tx) partsOf(parts []int64, fn func(part int64, ids string)) error {
	for chunk := range slices.Chunk(parts, maxParts) {
		list, err := tx.listArg(chunk)
		if err != nil {
			return err
		}
		if err := tx.rows(func(sc scanner) error {
			var part int64
			var ids string
			err := sc.Scan(&part, &ids)
			fn(part, ids)
			return err
		}, "SELECT part, ids FROM user_block_parts WHERE "+fmt.Sprintf(tx.s.dialect.oneOf, "part", 1), list); err != nil {
			return err
		}
	}
	return nil
}

// listArg is an argument for the dialect's oneOf.
func (tx *Tx) listArg(list any) (any, error) {
	if tx.s.dialect.name == postgresDialect.name {
		return list, nil
	}
	return jsonText(list)
}

// among restricts a WHERE clause to candidates.
func (tx *Tx) among(s some, where string, args []any) (string, []any, error) {
	list, err := tx.listArg(s.ids)
	n := len(args)
	return where + fmt.Sprintf(" AND ("+tx.s.dialect.oneOf+" OR users.created_at >= $%d)", "users.id", n+1, n+2), with(args, list, s.since), err
}

// How many candidates are judged for a page or a count at first, for each row
// that is wanted; and how many times more where that was not enough.
const (
	judgedAtFirst = 2
	judgedBesides = 100
	judgedAgain   = 8
)

// maxJudged is how many candidates are judged one by one. With more of them it is
// quicker to read all users.
const maxJudged = 100_000

// pageOf reads a page of the users who match, the newest first: first among the
// newest candidates, and if these do not fill it among more.
func (tx *Tx) pageOf(c *candidates, where string, args []any, p Page) ([]guestlist.User, error) {
	enough := judgedAtFirst*(p.Limit+p.Offset) + judgedBesides
	if p.Limit == 0 {
		enough = c.total
	}
	for ; ; enough *= judgedAgain {
		if min(enough, c.total) > maxJudged {
			return tx.selectUsers(where, args, inOrder, true, p)
		}
		s, err := tx.newest(c, enough)
		if err != nil {
			return nil, err
		}
		where, args, err := tx.among(s, where, args)
		if err != nil {
			return nil, err
		}
		users, err := tx.selectUsers(where, args, byMatch, true, p)
		if err != nil {
			return nil, err
		}
		if s.whole {
			return users, nil
		}
		if len(users) < p.Limit {
			continue
		}
		if sure, err := tx.isBeforeOthers(s, users[len(users)-1]); err != nil || sure {
			return users, err
		}
	}
}

// isBeforeOthers reports whether a user is surely before all who were left out.
func (tx *Tx) isBeforeOthers(s some, u guestlist.User) (bool, error) {
	if s.first[string(u.ID)] || u.CreatedAt > s.since {
		return true, nil
	}
	var oldest guestlist.Time
	err := tx.row("SELECT created_at FROM users WHERE id = $1", []any{s.last}, &oldest)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return u.CreatedAt > oldest, err
}

// matched are the users who match: all of them, the newest first, or only how many
// there are at least.
type matched struct {
	total int
	ids   []any
	all   bool // ids are all
}

// matching finds the users who match, until there are more than most.
func (tx *Tx) matching(c *candidates, where string, args []any, most int) (m matched, err error) {
	for enough := most + judgedBesides; ; enough *= judgedAgain {
		if min(enough, c.total) > maxJudged {
			m.total, err = tx.countUpTo(where, args, true, most)
			return m, err
		}
		s, err := tx.newest(c, enough)
		if err != nil {
			return m, err
		}
		where, args, err := tx.among(s, where, args)
		if err != nil {
			return m, err
		}
		found, err := tx.findUpTo(where, args, most)
		if m.total = len(found); err != nil || m.total > most {
			return m, err
		}
		if m.all = s.whole; m.all {
			for _, id := range found {
				m.ids = append(m.ids, id)
			}
			return m, nil
		}
	}
}

// findUpTo finds the users that a condition lets pass, the newest first, until
// there are more than most. The order keeps PostgreSQL from reading all users in the hope
// that enough of them match.
func (tx *Tx) findUpTo(where string, args []any, most int) ([]string, error) {
	tx.unusual = true
	defer func() { tx.unusual = false }()
	return collect(tx, scanText, fmt.Sprintf("SELECT id FROM users%s ORDER BY +%s LIMIT $%d", where, newestFirst, len(args)+1), with(args, most+1)...)
}

// usersAmong lists users where blocks say who may match, and counts them up to
// most.
func (tx *Tx) usersAmong(c *candidates, where string, args []any, p Page, most int) ([]guestlist.User, int, error) {
	m, err := tx.matching(c, where, args, most)
	if err != nil {
		return nil, 0, err
	}
	if !m.all {
		users, err := tx.pageOf(c, where, args, p)
		return users, m.total, err
	}
	from, to := min(p.Offset, len(m.ids)), len(m.ids)
	if p.Limit > 0 {
		to = min(from+p.Limit, to)
	}
	users, err := tx.usersByID(m.ids[from:to])
	return users, m.total, err
}
