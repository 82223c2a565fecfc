package store

import (
	"errors"

	"guestlist"
)

// Spool keeps the rows of a file until they are worked off, and what became of
// them: in parts, each of which is written and forgotten in the transaction that
// does the work. Both hold personal data, and rows perhaps passwords, so parts are
// sealed.
type Spool struct {
	tx    *Tx
	table string
	owner string // the column that says whose a part is
	id    string
	seal  string // the purpose of the seal
}

// The kinds of parts.
const (
	spoolLines    = "lines"
	spoolVerdicts = "verdicts"
)

// CampaignSpool is that of a campaign.
func (tx *Tx) CampaignSpool(id guestlist.CampaignID) Spool {
	return Spool{tx, "invitation_campaign_parts", "campaign_id", string(id), "invitation.campaign"}
}

// ImportSpool is that of an import of users.
func (tx *Tx) ImportSpool(id guestlist.UserImportID) Spool {
	return Spool{tx, "user_import_parts", "import_id", string(id), "user.import"}
}

// PutLines keeps a part of the rows, counted from 0.
func (s Spool) PutLines(number int, text string) error { return s.put(spoolLines, number, text) }

// PutVerdicts keeps what became of a part of the rows.
func (s Spool) PutVerdicts(number int, text string) error { return s.put(spoolVerdicts, number, text) }

func (s Spool) put(kind string, number int, text string) error {
	return s.tx.run("INSERT INTO "+s.table+" ("+s.owner+", kind, number, sealed) VALUES ($1, $2, $3, $4)",
		s.id, kind, number, s.tx.s.key.SealString(s.seal, text))
}

// Lines returns a part of the rows, "" after the last.
func (s Spool) Lines(number int) (string, error) {
	at, text, err := s.next(spoolLines, number-1)
	if errors.Is(err, ErrNotFound) || err == nil && at != number {
		return "", nil
	}
	return text, err
}

// DropLines forgets a part of the rows.
func (s Spool) DropLines(number int) error {
	return s.tx.run("DELETE FROM "+s.table+" WHERE "+s.owner+" = $1 AND kind = $2 AND number = $3", s.id, spoolLines, number)
}

// DropAllLines forgets the rows.
func (s Spool) DropAllLines() error {
	return s.tx.run("DELETE FROM "+s.table+" WHERE "+s.owner+" = $1 AND kind = $2", s.id, spoolLines)
}

// NextVerdicts returns the verdicts that come after a number, -1 for the first,
// with their own; ErrNotFound after the last.
func (s Spool) NextVerdicts(after int) (number int, text string, err error) {
	return s.next(spoolVerdicts, after)
}

func (s Spool) next(kind string, after int) (number int, text string, err error) {
	var sealed string
	if err := s.tx.row("SELECT number, sealed FROM "+s.table+" WHERE "+s.owner+` = $1 AND kind = $2 AND number > $3
		ORDER BY number LIMIT 1`, []any{s.id, kind, after}, &number, &sealed); err != nil {
		return 0, "", err
	}
	text, err = s.tx.s.key.OpenString(s.seal, sealed)
	return number, text, err
}
