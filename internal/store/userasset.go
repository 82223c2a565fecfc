package store

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
)

// MaxUserAssets is how many pictures of hosts are kept.
const MaxUserAssets = 1000

// KeepUnused is how long a picture is kept that nothing uses yet: those of
// previews that are never saved, and of guests who never finish.
const KeepUnused = 24 * time.Hour

// MaxUnusedAvatars bounds the pictures of guests that nobody has yet, so that
// strangers fill no disk.
const MaxUnusedAvatars = 500

// UserAsset is a picture that was uploaded. The id of a host's names its
// content, so that the same picture is kept once. That of a guest's is random,
// and unknown to others until its account shows it.
type UserAsset struct {
	ID          string
	ContentType string
	Content     []byte
	CreatedAt   guestlist.Time
}

// Picture is one that was judged, with what files of its type end in.
type Picture struct {
	ContentType string
	Ending      string
	Content     []byte
}

// KeepPicture keeps a picture of a host's and returns its id. One that is passing
// goes after KeepUnused unless UseAsset was called for it; one that is kept
// already stays so. Its refusal is storage.full.
func (tx *Tx) KeepPicture(p Picture, passing bool) (string, error) {
	sum := sha256.Sum256(p.Content)
	id := hex.EncodeToString(sum[:16]) + "." + p.Ending
	var expires *guestlist.Time
	if passing {
		at := tx.Now.Add(KeepUnused)
		expires = &at
	}
	n, err := tx.exec(`UPDATE user_assets SET expires_at = CASE WHEN expires_at IS NULL THEN NULL ELSE CAST($2 AS BIGINT) END
		WHERE id = $1`, id, expires)
	if err != nil || n == 1 {
		return id, err
	}
	if n, err := tx.countRows("user_assets WHERE NOT is_avatar", nil, MaxUserAssets); err != nil {
		return "", err
	} else if n >= MaxUserAssets {
		return "", guestlist.Refuse(guestlist.KindUnprocessable, "storage.full").WithArgs(map[string]any{"max": MaxUserAssets})
	}
	return id, tx.insertAsset(id, p, expires, false)
}

// KeepAvatar keeps a guest's picture of themselves and returns its id. It goes
// after KeepUnused unless a user is written who has it, and then with them. Its
// refusal is storage.uploads_limited, when too many wait for their users.
func (tx *Tx) KeepAvatar(p Picture) (string, error) {
	n, err := tx.countRows("user_assets WHERE expires_at IS NOT NULL AND is_avatar", nil, MaxUnusedAvatars)
	if err != nil {
		return "", err
	}
	if n >= MaxUnusedAvatars {
		return "", guestlist.Refuse(guestlist.KindTooMany, "storage.uploads_limited")
	}
	id := crypt.ID() + crypt.ID() + "." + p.Ending
	expires := tx.Now.Add(KeepUnused)
	return id, tx.insertAsset(id, p, &expires, true)
}

func (tx *Tx) insertAsset(id string, p Picture, expires *guestlist.Time, avatar bool) error {
	return tx.run(`INSERT INTO user_assets (id, content_type, content, size, created_at, expires_at, is_avatar) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO NOTHING`,
		id, p.ContentType, base64.StdEncoding.EncodeToString(p.Content), len(p.Content), tx.Now, expires, avatar)
}

// UseAsset keeps a picture of a host's from now on, because settings refer to
// it, and reports whether it is still there. Of it and a sweep the first wins.
func (tx *Tx) UseAsset(id string) (bool, error) {
	n, err := tx.exec("UPDATE user_assets SET expires_at = NULL WHERE id = $1 AND NOT is_avatar", id)
	return n == 1, err
}

// assetPath finds the picture that an address leads to.
var assetPath = regexp.MustCompile(`/api/user-assets/([0-9a-z]+\.[a-z]+)$`)

// ownAvatar gives a user the picture that their avatar leads to, if nobody has
// it, and removes the one that they had.
func (tx *Tx) ownAvatar(u guestlist.User) error {
	id := ""
	if u.Avatar != nil {
		if m := assetPath.FindStringSubmatch(*u.Avatar); m != nil {
			id = m[1]
		}
	}
	if id != "" {
		if err := tx.run("UPDATE user_assets SET user_id = $1, expires_at = NULL WHERE id = $2 AND is_avatar AND user_id IS NULL", u.ID, id); err != nil {
			return err
		}
	}
	return tx.run("DELETE FROM user_assets WHERE user_id = $1 AND id <> $2", u.ID, id)
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

// DeleteUserAsset removes a picture; ErrNotFound if there is none of that id.
func (tx *Tx) DeleteUserAsset(id string) error {
	return changed(tx.exec("DELETE FROM user_assets WHERE id = $1", id))
}
