package store

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"guestlist"
)

// Users are found by any part of what they are called by grams: for each
// character, and each two in a row, it is written down who has them, and for three
// in a row that two say too little of. That is done
// for 8192 users at once, a block, some time after they came, and not in the
// statements that write users: so importing many costs nothing more, and a database
// that has a million when it learns this goes on at once and is indexed in the
// background.
//
// A user is in one of three places at least, and a search looks into all of them:
//
//   - a block, whose grams say who may match;
//   - user_changes, where everybody is put whose name or address changes, in the
//     transaction that does it, and who is judged one by one;
//   - behind the newest block, which ends at the user whom it reached: whoever came
//     later is judged one by one too.
//
// What blocks say is a hint. Everybody whom they name is judged by the user's own
// row, so that stale entries of changed and deleted users do no harm. Too many
// changed users go into a block of their own, and too many of such blocks make
// all begin anew.

const (
	// settled is how long after their creation users may go into a block: no
	// transaction that writes users takes as long, and no clocks of two processes
	// are as far apart.
	settled = 2 * time.Minute
	// manyChanges is from how many changed users on they get a block.
	manyChanges = 2048
	// fewMixed and mixedEvery say how many blocks of changed users there may be.
	fewMixed, mixedEvery = 4, 32
)

// userBlock is a block as searches and the next one need it.
type userBlock struct {
	number    int64
	reachedAt guestlist.Time
	reachedID guestlist.UserID
	isMixed   bool
}

// userBlocks returns all blocks, the newest first.
func (tx *Tx) userBlocks() ([]userBlock, error) {
	return collect(tx, func(sc scanner) (userBlock, error) {
		var b userBlock
		err := sc.Scan(&b.number, &b.reachedAt, &b.reachedID, &b.isMixed)
		return b, err
	}, "SELECT number, reached_at, reached_id, is_mixed FROM user_blocks ORDER BY number DESC")
}

// newestBlock returns the newest block, the zero value if there is none.
func (tx *Tx) newestBlock() (userBlock, error) {
	var b userBlock
	err := tx.row("SELECT number, reached_at, reached_id, is_mixed FROM user_blocks ORDER BY number DESC LIMIT 1", nil,
		&b.number, &b.reachedAt, &b.reachedID, &b.isMixed)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return b, err
}

// draftBlock is a block before it is written.
type draftBlock struct {
	userBlock
	after   userBlock // the newest one when this was begun
	ids     []guestlist.UserID
	texts   [][]string
	changes map[guestlist.UserID]int64 // how often they had changed
	parts   [][]any
	grams   [][]any
}

// blockSizes say when there are enough users for a block.
type blockSizes struct {
	users   int // of an ordinary one, at most blockUsers
	changes int // from how many changed ones on they get one
}

// IndexUsers makes the next block of users, if there are enough for one, and
// reports whether it did. One process at a time calls it.
func (s *Store) IndexUsers(ctx context.Context) (more bool, err error) {
	return s.indexUsers(ctx, blockSizes{blockUsers, manyChanges})
}

func (s *Store) indexUsers(ctx context.Context, sizes blockSizes) (more bool, err error) {
	var tidy bool
	var d *draftBlock
	if err := s.View(ctx, func(tx *Tx) error {
		tidy, err = tx.atLeast("user_changes", sizes.changes)
		return err
	}); err != nil {
		return false, err
	}
	if tidy {
		if err := s.Update(ctx, (*Tx).tidyChanges); err != nil {
			return false, err
		}
	}
	if err := s.View(ctx, func(tx *Tx) error {
		d, err = tx.draftBlock(sizes)
		return err
	}); err != nil || d == nil {
		return false, err
	}
	d.fill()
	return true, s.Update(ctx, func(tx *Tx) error { return tx.putBlock(d) })
}

// tidyChanges forgets the changes of users who are in no block yet, and all
// blocks when too many of them are mixed.
func (tx *Tx) tidyChanges() error {
	blocks, err := tx.userBlocks()
	if err != nil {
		return err
	}
	mixed := 0
	for _, b := range blocks {
		if b.isMixed {
			mixed++
		}
	}
	if mixed >= fewMixed+(len(blocks)-mixed)/mixedEvery {
		for _, table := range []string{"user_grams", "user_block_parts", "user_blocks", "user_changes"} {
			if err := tx.run("DELETE FROM " + table); err != nil {
				return err
			}
		}
		return nil
	}
	var reached userBlock
	if len(blocks) > 0 {
		reached = blocks[0]
	}
	return tx.run(`DELETE FROM user_changes WHERE user_id IN (SELECT user_changes.user_id FROM user_changes JOIN users ON users.id = user_changes.user_id
		WHERE (users.created_at, users.id) > ($1, $2))`, reached.reachedAt, reached.reachedID)
}

// atLeast reports whether a table has so many rows.
func (tx *Tx) atLeast(table string, rows int) (bool, error) {
	var n int
	err := tx.row("SELECT COUNT(*) FROM (SELECT 1 FROM "+table+" LIMIT $1) found", []any{rows}, &n)
	return n == rows, err
}

const indexedColumns = "users.created_at, users.id, users.username, users.primary_email, users.primary_phone, users.name"

// draftBlock reads the users of the next block, nil if there are too few.
func (tx *Tx) draftBlock(sizes blockSizes) (*draftBlock, error) {
	after, err := tx.newestBlock()
	if err != nil {
		return nil, err
	}
	d := &draftBlock{after: after, userBlock: after, changes: map[guestlist.UserID]int64{}}
	d.number++
	args := []any{after.reachedAt, after.reachedID, tx.Now.Add(-settled), sizes.users}
	const next = " FROM users WHERE (created_at, id) > ($1, $2) AND created_at <= $3 ORDER BY created_at, id LIMIT $4"
	var n int
	if err := tx.row("SELECT COUNT(*) FROM (SELECT 1"+next+") found", args, &n); err != nil {
		return nil, err
	}
	if n == sizes.users {
		d.isMixed = false
		return d, tx.rows(d.scan(), "SELECT "+indexedColumns+", 0"+next, args...)
	}
	many, err := tx.atLeast("user_changes", sizes.changes)
	if err != nil || !many {
		return nil, err
	}
	d.isMixed = true
	err = tx.rows(d.scan(), "SELECT "+indexedColumns+", user_changes.times FROM user_changes JOIN users ON users.id = user_changes.user_id LIMIT $1", blockUsers)
	d.reachedAt, d.reachedID = after.reachedAt, after.reachedID
	return d, err
}

// scan takes a user up.
func (d *draftBlock) scan() func(scanner) error {
	return func(sc scanner) error {
		var id guestlist.UserID
		var times int64
		var fields [4]*string
		if err := sc.Scan(&d.reachedAt, &id, &fields[0], &fields[1], &fields[2], &fields[3], &times); err != nil {
			return err
		}
		d.reachedID = id
		texts := []string{string(id)}
		for _, f := range fields {
			if f != nil {
				texts = append(texts, *f)
			}
		}
		d.ids, d.texts = append(d.ids, id), append(d.texts, texts)
		if d.isMixed {
			d.changes[id] = times
		}
		return nil
	}
}

// fill makes the rows of a block.
func (d *draftBlock) fill() {
	places := map[gram][]uint16{}
	for i, texts := range d.texts {
		at := uint16(i)
		for _, text := range texts {
			eachGram(text, func(g gram) {
				if list := places[g]; len(list) == 0 || list[len(list)-1] != at {
					places[g] = append(list, at)
				}
			})
		}
	}
	order := slices.SortedFunc(maps.Keys(places), func(a, b gram) int { return slices.Compare(a[:], b[:]) })
	for _, g := range order {
		d.grams = append(d.grams, []any{g.String(), d.number, encodeMembers(places[g])})
	}
	part := d.number * blockParts
	for ids := range slices.Chunk(d.ids, partUsers) {
		var b strings.Builder
		for _, id := range ids {
			b.WriteString(string(id) + "\n")
		}
		d.parts = append(d.parts, []any{part, b.String()})
		part++
	}
	d.texts = nil
}

// putBlock writes a block, unless there is another one since it was begun.
func (tx *Tx) putBlock(d *draftBlock) error {
	newest, err := tx.newestBlock()
	if err != nil || newest != d.after {
		return err
	}
	if err := tx.run("INSERT INTO user_blocks (number, reached_at, reached_id, is_mixed) VALUES ($1, $2, $3, $4)",
		d.number, d.reachedAt, d.reachedID, d.isMixed); err != nil {
		return err
	}
	if err := tx.insertRows("INSERT INTO user_block_parts (part, ids) VALUES ", "($, $)", "", nil, d.parts); err != nil {
		return err
	}
	if err := tx.insertRows("INSERT INTO user_grams (gram, block, members) VALUES ", "($, $, $)", "", nil, d.grams); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(d.changes)) { // who changed once more meanwhile stays
		if err := tx.run("DELETE FROM user_changes WHERE user_id = $1 AND times = $2", id, d.changes[id]); err != nil {
			return err
		}
	}
	return nil
}

// noteChange puts a user into user_changes who will be called otherwise than
// before. It is asked before the user is written.
func (tx *Tx) noteChange(u guestlist.User) error {
	return tx.run(`INSERT INTO user_changes (user_id, times) SELECT id, 0 FROM users WHERE id = $1 AND (username IS DISTINCT FROM $2
			OR primary_email IS DISTINCT FROM $3 OR primary_phone IS DISTINCT FROM $4 OR name IS DISTINCT FROM $5)
		ON CONFLICT (user_id) DO UPDATE SET times = user_changes.times + 1`,
		u.ID, u.Username, u.PrimaryEmail, u.PrimaryPhone, u.Name)
}

// noteOld puts new users into user_changes who are older than the newest block:
// it will not be made anew for them. at is the creation of the oldest.
func (tx *Tx) noteOld(at guestlist.Time, ids []any) error {
	if at.Sub(tx.Now) > -settled/2 {
		return nil
	}
	newest, err := tx.newestBlock()
	if err != nil || at.Sub(newest.reachedAt) > 0 {
		return err
	}
	for part := range slices.Chunk(ids, maxUsersByID) {
		if err := tx.run("INSERT INTO user_changes (user_id, times) SELECT id, 0 FROM users WHERE id IN ("+placeholders(1, len(part))+
			") ON CONFLICT (user_id) DO UPDATE SET times = user_changes.times + 1", part...); err != nil {
			return err
		}
	}
	return nil
}
