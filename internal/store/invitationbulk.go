package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"guestlist"
)

// ImportedInvitation is an invitation of an import: what is its own. Everything
// else is the import's, see Import.
type ImportedInvitation struct {
	ID               guestlist.InvitationID
	Name             string
	Recipient        guestlist.Identifier
	OrganizationsKey string
	Application      guestlist.ApplicationID
	Terms            guestlist.InvitationTermID
	Own              guestlist.InvitationOwn
	Locale           string

	key, own string // of the row, see complete
	ends     guestlist.Time
}

// Import is what the invitations of an import have in common.
type Import struct {
	Campaign  guestlist.CampaignID
	Inviter   guestlist.Inviter
	ExpiresAt guestlist.Time // of those that have no end of their own
}

// importedInvitationColumns are written by an import; the others keep what a new
// invitation has.
const importedInvitationColumns = `id, kind, status, name, recipient, recipient_key, organizations_key, inviter_type, inviter_id,
	authority, parent_id, campaign_id, application_id, terms_id, own, locale, generation, copied, seats, taken, delivery,
	delivery_error, message_id, sends, visits, accepted_by, end_reason, expires_at, created_at, updated_at`

// importedInvitationRow takes what differs from v, and the rest as arguments.
const importedInvitationRow = `v.column1, 'personal', 'pending', v.column2, v.column3, v.column4, v.column5, $1, $2, $3, '', $4,
	v.column6, v.column7, v.column8, v.column9, 1, FALSE, 1, 0, 'queued', '', '', 0, 0, '', '', v.column10, $5, $5`

// importedAlike is importedInvitationRow for rows that differ in the first four
// columns only, which most imports consist of.
const importedAlike = `v.column1, 'personal', 'pending', v.column2, v.column3, v.column4, $6, $1, $2, $3, '', $4,
	$7, $8, $9, $10, 1, FALSE, 1, 0, 'queued', '', '', 0, 0, '', '', $11, $5, $5`

// importedColumns is how many columns of v there are, and importedOwn how many
// of them always differ.
const (
	importedColumns = 10
	importedOwn     = 4
)

// ImportInvitations writes the invitations of an import with few statements,
// and says of each whether it was inserted. They wait for their campaign's turn.
// Those whose recipient has an open invitation to the same organizations are
// left out; of two in the batch that exclude each other the first wins.
func (tx *Tx) ImportInvitations(imp Import, batch []*ImportedInvitation) ([]bool, error) {
	order := make([]int, len(batch))
	for at, i := range batch {
		if err := i.complete(imp); err != nil {
			return nil, err
		}
		order[at] = at
	}
	// In one order, so that two imports of the same people wait for each other
	// instead of both for ever, and so that the pages of the one index that is not
	// appended to are each read once. It is stable: the first of equals stays first.
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(batch[a].key, batch[b].key) })
	all, inserted := 0, make([]bool, len(batch))
	for chunk := range slices.Chunk(order, tx.s.dialect.importRows) {
		n, err := tx.importChunk(imp, batch, chunk)
		if err != nil {
			return nil, err
		}
		if n == len(chunk) {
			for _, at := range chunk {
				inserted[at] = true
			}
		} else if err := tx.importedOf(batch, chunk, inserted); err != nil {
			return nil, err
		}
		all += n
	}
	tx.countIssued(imp.Campaign, imp.Inviter, int64(all))
	l := lots{}
	for at, i := range batch {
		if inserted[at] {
			l.add(i.ID, imp.Inviter, i.Application)
		}
	}
	return inserted, tx.widenLots(imp.Campaign, l)
}

// SurveyInvitations lets PostgreSQL count how many invitations there are and of
// which campaigns, and note which of their pages everybody sees alike. By itself
// it does so within a minute or some after many came at once. Until then it takes
// a campaign of a million for one of few, whose lists it gathers and sorts, and
// it looks at rows where their index would do. SQLite looks things up without
// having counted.
func (s *Store) SurveyInvitations(ctx context.Context) error {
	if s.dialect.name != postgresDialect.name {
		return nil
	}
	// Whoever holds the lock counts too. Indexes are left to the engine: cleaning
	// them takes as long as the table is large, and not as what is new.
	if _, err := s.writer.ExecContext(ctx, "VACUUM (ANALYZE, SKIP_LOCKED, INDEX_CLEANUP OFF, TRUNCATE OFF) invitations, invitation_lots"); err != nil {
		return fmt.Errorf("store: survey: %w", err)
	}
	return nil
}

// complete fills in what the row has beside what its reader knows.
func (i *ImportedInvitation) complete(imp Import) error {
	i.key, i.ends = i.Recipient.Key(), imp.ExpiresAt
	if i.Own.ExpiresAt != nil {
		i.ends = *i.Own.ExpiresAt
	}
	var err error
	i.own, err = ownText(i.Own)
	return err
}

// values are the columns of v but for the last, which is the end.
func (i *ImportedInvitation) values() [importedColumns - 1]string {
	return [...]string{
		string(i.ID), i.Name, i.Recipient.Value, i.key, i.OrganizationsKey, string(i.Application), string(i.Terms), i.own, i.Locale,
	}
}

// importChunk inserts rows by one statement and returns how many of them were.
func (tx *Tx) importChunk(imp Import, batch []*ImportedInvitation, chunk []int) (int, error) {
	args := []any{string(imp.Inviter.Type), imp.Inviter.ID, string(imp.Inviter.Authority), imp.Campaign, tx.Now}
	columns, from := importedInvitationRow, ""
	switch first := batch[chunk[0]]; {
	case tx.s.dialect.name == postgresDialect.name:
		from = `unnest($6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
			$15::bigint[]) AS v (column1, column2, column3, column4, column5, column6, column7, column8, column9, column10)`
		args = append(args, arraysOf(batch, chunk)...)
	case areAlike(batch, chunk):
		columns, from = importedAlike, valuesOf(importedOwn, len(chunk))
		values := first.values()
		for _, value := range values[importedOwn:] {
			args = append(args, value)
		}
		args = append(args, int64(first.ends))
		for _, at := range chunk {
			i := batch[at]
			args = append(args, string(i.ID), i.Name, i.Recipient.Value, i.key)
		}
	default:
		from = valuesOf(importedColumns, len(chunk))
		for _, at := range chunk {
			for _, value := range batch[at].values() {
				args = append(args, value)
			}
			args = append(args, int64(batch[at].ends))
		}
	}
	n, err := tx.exec("INSERT INTO invitations ("+importedInvitationColumns+") SELECT "+columns+" FROM "+from+
		" WHERE TRUE ON CONFLICT DO NOTHING", args...)
	return int(n), err
}

// arraysOf are rows as arrays of their columns.
func arraysOf(batch []*ImportedInvitation, chunk []int) []any {
	var columns [importedColumns - 1][]string
	ends := make([]int64, 0, len(chunk))
	for _, at := range chunk {
		for c, value := range batch[at].values() {
			columns[c] = append(columns[c], value)
		}
		ends = append(ends, int64(batch[at].ends))
	}
	args := make([]any, 0, importedColumns)
	for _, column := range columns {
		args = append(args, column)
	}
	return append(args, ends)
}

// areAlike reports whether rows differ in the first columns only.
func areAlike(batch []*ImportedInvitation, chunk []int) bool {
	first := batch[chunk[0]]
	for _, at := range chunk[1:] {
		if i := batch[at]; i.ends != first.ends || i.OrganizationsKey != first.OrganizationsKey || i.Application != first.Application ||
			i.Terms != first.Terms || i.own != first.own || i.Locale != first.Locale {
			return false
		}
	}
	return true
}

// valuesOf is a table v of so many columns and rows of arguments.
func valuesOf(columns, rows int) string {
	row := "(" + strings.Repeat("?, ", columns-1) + "?)"
	return "(VALUES " + strings.Repeat(row+", ", rows-1) + row + ") AS v"
}

// importedOf marks those of a chunk that are there.
func (tx *Tx) importedOf(batch []*ImportedInvitation, chunk []int, inserted []bool) error {
	ids, places := make([]string, len(chunk)), make(map[string]int, len(chunk))
	for n, at := range chunk {
		ids[n] = string(batch[at].ID)
		places[ids[n]] = at
	}
	return tx.rowsAmong(func(sc scanner) error {
		var id string
		err := sc.Scan(&id)
		inserted[places[id]] = true
		return err
	}, "SELECT id FROM invitations WHERE id", ids)
}

// Standing is an open invitation that is in the way of another one.
type Standing struct {
	ID       guestlist.InvitationID
	Campaign guestlist.CampaignID
	Overdue  bool // and so in nobody's way once that is written down
}

// StandingKey names what only one open invitation can be for.
func StandingKey(recipient guestlist.Identifier, organizationsKey string) string {
	return recipient.Key() + "\x00" + organizationsKey
}

// StandingInvitations returns the open personal invitations of recipients, given
// by Identifier.Key, by StandingKey.
func (tx *Tx) StandingInvitations(recipients []string) (map[string]Standing, error) {
	found := map[string]Standing{}
	return found, tx.rowsAmong(func(sc scanner) error {
		var s Standing
		var key, organizations string
		var ends guestlist.Time
		err := sc.Scan(&s.ID, &s.Campaign, &key, &organizations, &ends)
		s.Overdue = ends <= tx.Now
		found[key+"\x00"+organizations] = s
		return err
	}, standingInvitations, recipients)
}

const standingInvitations = `SELECT id, campaign_id, recipient_key, organizations_key, expires_at FROM invitations
	WHERE status = 'pending' AND kind = 'personal' AND recipient_key`

// UsersAmong returns which of some identifiers are of users, as they were given.
// They must all be of one type.
func (tx *Tx) UsersAmong(kind guestlist.IdentifierType, values []string) (map[string]bool, error) {
	column, keys := "primary_phone", values
	if kind == guestlist.IdentifierEmail {
		column, keys = "email_key", emailKeys(values)
	}
	return tx.keysAmong("SELECT "+column+" FROM users WHERE "+column, keys, values)
}

// SuppressedAmong returns which of some addresses take no more mail.
func (tx *Tx) SuppressedAmong(addresses []string) (map[string]bool, error) {
	return tx.keysAmong("SELECT address FROM suppressions WHERE address", emailKeys(addresses), addresses)
}

func emailKeys(addresses []string) []string {
	keys := make([]string, len(addresses))
	for at, address := range addresses {
		keys[at] = guestlist.EmailKey(address)
	}
	return keys
}

// keysAmong returns which values have a key that a query finds.
func (tx *Tx) keysAmong(query string, keys, values []string) (map[string]bool, error) {
	there := map[string]bool{}
	if err := tx.rowsAmong(func(sc scanner) error {
		var key string
		err := sc.Scan(&key)
		there[key] = true
		return err
	}, query, keys); err != nil || len(there) == 0 {
		return nil, err
	}
	found := map[string]bool{}
	for at, key := range keys {
		if there[key] {
			found[values[at]] = true
		}
	}
	return found, nil
}

// rowsAmong runs a query that ends in a column over the rows that have one of
// many values in it, as one statement with one argument.
func (tx *Tx) rowsAmong(scan func(scanner) error, query string, values []string) error {
	if len(values) == 0 {
		return nil
	}
	if tx.s.dialect.name == postgresDialect.name {
		return tx.rows(scan, query+" = ANY($1::text[])", values)
	}
	list, err := json.Marshal(values)
	if err != nil {
		return err
	}
	return tx.rows(scan, query+" IN (SELECT value FROM json_each($1))", string(list))
}

// ImportedBetween returns the recipients of the invitations of a campaign whose
// ids are between two, both included.
func (tx *Tx) ImportedBetween(campaign guestlist.CampaignID, from, to guestlist.InvitationID) (map[guestlist.InvitationID]string, error) {
	found := map[guestlist.InvitationID]string{}
	return found, tx.rows(func(sc scanner) error {
		var id guestlist.InvitationID
		var recipient string
		err := sc.Scan(&id, &recipient)
		found[id] = recipient
		return err
	}, importedBetween, campaign, from, to)
}

const importedBetween = `SELECT id, recipient FROM invitations
	WHERE campaign_id = $1 AND campaign_id <> '' AND id >= $2 AND id <= $3`
