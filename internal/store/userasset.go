package store

import (
	"encoding/base64"

	"guestlist"
)

// UserAsset is a picture that was uploaded. Its id names its content, so that
// the same picture is kept once.
type UserAsset struct {
	ID          string
	ContentType string
	Content     []byte
	CreatedAt   guestlist.Time
}

// PutUserAsset keeps a picture, unless it is there.
func (tx *Tx) PutUserAsset(a UserAsset) error {
	return tx.run(`INSERT INTO user_assets (id, content_type, content, size, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO NOTHING`,
		a.ID, a.ContentType, base64.StdEncoding.EncodeToString(a.Content), len(a.Content), a.CreatedAt)
}

// UserAsset returns a picture; ErrNotFound if there is none of that id.
func (tx *Tx) UserAsset(id string) (UserAsset, error) {
	a := UserAsset{ID: id}
	var content string
	if err := tx.row("SELECT content_type, content, created_at FROM user_assets WHERE id = $1", []any{id},
		&a.ContentType, &content, &a.CreatedAt); err != nil {
		return a, err
	}
	var err error
	a.Content, err = base64.StdEncoding.DecodeString(content)
	return a, err
}

// CountUserAssets says how many pictures there are; their number is bounded.
func (tx *Tx) CountUserAssets() (int, error) {
	var n int
	err := tx.row("SELECT COUNT(*) FROM user_assets", nil, &n)
	return n, err
}

// DeleteUserAsset removes a picture; ErrNotFound if there is none of that id.
func (tx *Tx) DeleteUserAsset(id string) error {
	return changed(tx.exec("DELETE FROM user_assets WHERE id = $1", id))
}
