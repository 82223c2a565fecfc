package store

import "guestlist"

// The purposes of the secrets in this file.
const (
	hashDraft = "draft.handle"
	sealDraft = "draft.content"
)

// Draft is settings that somebody tries out. It is found by its handle and the
// key of who made it together, and by neither alone.
type Draft struct {
	Owner     string // who made it
	Content   []byte // JSON of package signin's, sealed at rest
	ExpiresAt guestlist.Time
}

func (tx *Tx) draftID(handle, key string) string {
	return tx.s.key.Hash(hashDraft, handle+" "+key)
}

// InsertDraft keeps a draft, and forgets the owner's oldest beyond keep.
func (tx *Tx) InsertDraft(handle, key string, d Draft, keep int) error {
	if err := tx.run("INSERT INTO drafts (id, owner, sealed, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
		tx.draftID(handle, key), d.Owner, tx.s.key.SealString(sealDraft, string(d.Content)), tx.Now, d.ExpiresAt); err != nil {
		return err
	}
	return tx.run(`DELETE FROM drafts WHERE owner = $1 AND id NOT IN
		(SELECT id FROM drafts WHERE owner = $1 ORDER BY created_at DESC, id LIMIT $2)`, d.Owner, keep)
}

// Draft returns a draft whose time is not up; ErrNotFound if there is none.
func (tx *Tx) Draft(handle, key string) (Draft, error) {
	var d Draft
	var sealed string
	if err := tx.row("SELECT owner, sealed, expires_at FROM drafts WHERE id = $1 AND expires_at > $2",
		[]any{tx.draftID(handle, key), tx.Now}, &d.Owner, &sealed, &d.ExpiresAt); err != nil {
		return d, err
	}
	content, err := tx.s.key.OpenString(sealDraft, sealed)
	d.Content = []byte(content)
	return d, err
}
