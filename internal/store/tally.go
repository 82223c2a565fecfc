package store

import (
	"strconv"
	"strings"

	"guestlist"
)

// The names of what is counted, and what the names of what is counted for each of
// many things begin with.
const (
	tallyUsers         = "users"
	tallyLogs          = "logs"
	tallyOneTimeTokens = "one_time_tokens"

	talliesRole   = "role."   // who has a role, by its id
	talliesNew    = "new."    // today's users who came on a day, by its number
	talliesActive = "active." // who was active on a day, by its name
)

const dayMillis = 24 * 60 * 60 * 1000

// tallyNew counts users who came at a time, or went again.
func (tx *Tx) tallyNew(at guestlist.Time, delta int64) {
	tx.tally(talliesNew+strconv.FormatInt(int64(at)/dayMillis, 10), delta)
}

// tallyRole counts who has a role.
func (tx *Tx) tallyRole(id guestlist.RoleID, delta int64) { tx.tally(talliesRole+string(id), delta) }

// countsBetween returns the counts from one name to another, both included,
// by what follows the prefix.
func (tx *Tx) countsBetween(prefix, from, to string) (map[string]int, error) {
	counts := map[string]int{}
	return counts, tx.rows(func(sc scanner) error {
		var name string
		var n int
		err := sc.Scan(&name, &n)
		counts[strings.TrimPrefix(name, prefix)] = n
		return err
	}, "SELECT name, SUM(delta) FROM tallies WHERE name >= $1 AND name <= $2 GROUP BY name", prefix+from, prefix+to)
}

// tally adds to a count when the transaction commits.
func (tx *Tx) tally(name string, delta int64) {
	if tx.tallies == nil {
		tx.tallies = map[string]int64{}
	}
	tx.tallies[name] += delta
}

// compactEvery is how many transactions that count one process lets pass
// before it adds the deltas up itself: a burst of new users must not slow every
// list down until somebody comes to tidy up.
const compactEvery = 256

// flush writes what the transaction gathered, just before it commits. Nothing
// waits for another transaction after it, so adding up cannot deadlock.
func (tx *Tx) flush() error {
	if len(tx.tallies) > 0 && tx.s.tallied.Add(1)%compactEvery == 0 {
		if err := tx.CompactTallies(); err != nil {
			return err
		}
	}
	rows := make([][]any, 0, len(tx.tallies))
	for name, delta := range tx.tallies {
		if delta != 0 {
			rows = append(rows, []any{name, delta})
		}
	}
	return tx.insertRows("INSERT INTO tallies (name, delta) VALUES ", "($, $)", "", nil, rows)
}

// count returns a count in time that does not grow with what is counted.
func (tx *Tx) count(name string) (int, error) {
	var n int
	err := tx.row("SELECT COALESCE(SUM(delta), 0) FROM tallies WHERE name = $1", []any{name}, &n)
	return n, err
}

// countSoFar is count with what this transaction will write.
func (tx *Tx) countSoFar(name string) (int, error) {
	n, err := tx.count(name)
	return n + int(tx.tallies[name]), err
}

// CompactTallies adds the deltas of a name up where there are several, so that
// counting stays cheap. Deltas that arrive meanwhile are left for the next time.
func (tx *Tx) CompactTallies() error {
	sums := map[string]int64{}
	if err := tx.rows(func(sc scanner) error {
		var name string
		var delta int64
		if err := sc.Scan(&name, &delta); err != nil {
			return err
		}
		sums[name] += delta
		return nil
	}, `DELETE FROM tallies WHERE name IN (SELECT name FROM tallies GROUP BY name HAVING COUNT(*) > 1)
		RETURNING name, delta`); err != nil {
		return err
	}
	for name, sum := range sums {
		tx.tally(name, sum)
	}
	return nil
}
