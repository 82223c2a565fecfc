package store

import (
	"guestlist"
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
