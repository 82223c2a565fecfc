package store

import (
	"guestlist"
)

// sealImport is the purpose under which the lines of an import and its verdicts
// are sealed: both hold personal data, and lines perhaps passwords.
const sealImport = "user.import"

// The kinds of parts of an import.
const (
	importLines    = "lines"
	importVerdicts = "verdicts"
)

const importColumns = `id, name, state, columns, choices, total, done, created, part, offset_in, error, user_id,
	created_at, started_at, finished_at, expires_at`

func scanImport(sc scanner) (guestlist.UserImport, error) {
	var i guestlist.UserImport
	var columns, choices string
	if err := sc.Scan(&i.ID, &i.Name, &i.State, &columns, &choices, &i.Total, &i.Done, &i.Created, &i.Part, &i.Offset, &i.Error,
		&i.UserID, &i.CreatedAt, &i.StartedAt, &i.FinishedAt, &i.ExpiresAt); err != nil {
		return i, err
	}
	i.Refused = i.Done - i.Created
	if err := fromJSON(columns, &i.Columns); err != nil {
		return i, err
	}
	return i, fromJSON(choices, &i.Choices)
}

// InsertUserImport writes a new import.
func (tx *Tx) InsertUserImport(i guestlist.UserImport) error {
	columns, err := jsonText(i.Columns)
	if err != nil {
		return err
	}
	return tx.run(`INSERT INTO user_imports (id, name, state, columns, choices, total, done, created, part, offset_in, error, user_id,
			created_at, expires_at) VALUES ($1, $2, $3, $4, '{}', 0, 0, 0, 0, 0, '', $5, $6, $7)`,
		i.ID, i.Name, i.State, columns, i.UserID, i.CreatedAt, i.ExpiresAt)
}

// UpdateUserImport writes how an import stands.
func (tx *Tx) UpdateUserImport(i guestlist.UserImport) error {
	choices, err := jsonText(i.Choices)
	if err != nil {
		return err
	}
	return changed(tx.exec(`UPDATE user_imports SET state = $2, choices = $3, total = $4, done = $5, created = $6, part = $7,
			offset_in = $8, error = $9, started_at = $10, finished_at = $11, expires_at = $12 WHERE id = $1`,
		i.ID, i.State, choices, i.Total, i.Done, i.Created, i.Part, i.Offset, i.Error, i.StartedAt, i.FinishedAt, i.ExpiresAt))
}

// UserImport returns an import; ErrNotFound if there is none.
func (tx *Tx) UserImport(id guestlist.UserImportID) (guestlist.UserImport, error) {
	return one(tx, scanImport, "SELECT "+importColumns+" FROM user_imports WHERE id = $1", id)
}

// UserImportForUpdate is UserImport for a caller that will write it back.
func (tx *Tx) UserImportForUpdate(id guestlist.UserImportID) (guestlist.UserImport, error) {
	return one(tx, scanImport, "SELECT "+importColumns+" FROM user_imports WHERE id = $1"+tx.s.dialect.forUpdate, id)
}

// UserImports lists imports, the newest first, and how many there are.
func (tx *Tx) UserImports(p Page) ([]guestlist.UserImport, int, error) {
	return page(tx, scanImport, importColumns, "user_imports", "created_at DESC, id DESC", nil, p)
}

// DeleteUserImport removes an import with its lines and report; ErrNotFound if
// there is none. Users that came of it stay.
func (tx *Tx) DeleteUserImport(id guestlist.UserImportID) error {
	return changed(tx.exec("DELETE FROM user_imports WHERE id = $1", id))
}

// PutImportLines keeps a part of the lines of an import, sealed.
func (tx *Tx) PutImportLines(id guestlist.UserImportID, number int, text string) error {
	return tx.putImportPart(id, importLines, number, text)
}

// PutImportVerdicts keeps a part of the report of an import, sealed.
func (tx *Tx) PutImportVerdicts(id guestlist.UserImportID, number int, text string) error {
	return tx.putImportPart(id, importVerdicts, number, text)
}

func (tx *Tx) putImportPart(id guestlist.UserImportID, kind string, number int, text string) error {
	return tx.run("INSERT INTO user_import_parts (import_id, kind, number, sealed) VALUES ($1, $2, $3, $4)",
		id, kind, number, tx.s.key.SealString(sealImport, text))
}

// ImportLines returns a part of the lines; ErrNotFound if there is none.
func (tx *Tx) ImportLines(id guestlist.UserImportID, number int) (string, error) {
	var sealed string
	if err := tx.row("SELECT sealed FROM user_import_parts WHERE import_id = $1 AND kind = $2 AND number = $3",
		[]any{id, importLines, number}, &sealed); err != nil {
		return "", err
	}
	return tx.s.key.OpenString(sealImport, sealed)
}

// DeleteImportLines forgets a part of the lines.
func (tx *Tx) DeleteImportLines(id guestlist.UserImportID, number int) error {
	return tx.run("DELETE FROM user_import_parts WHERE import_id = $1 AND kind = $2 AND number = $3", id, importLines, number)
}

// NextImportVerdicts returns the part of a report that comes after a number, -1
// for the first, with its own; ErrNotFound after the last.
func (tx *Tx) NextImportVerdicts(id guestlist.UserImportID, after int) (number int, text string, err error) {
	var sealed string
	if err := tx.row(`SELECT number, sealed FROM user_import_parts WHERE import_id = $1 AND kind = $2 AND number > $3
		ORDER BY number LIMIT 1`, []any{id, importVerdicts, after}, &number, &sealed); err != nil {
		return 0, "", err
	}
	text, err = tx.s.key.OpenString(sealImport, sealed)
	return number, text, err
}
