package signin

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// Draft is settings that an administrator tries out before saving: what the
// preview of a page shows. No door obeys it.
type Draft struct {
	Experience guestlist.SignInExperience `json:"experience"`
	// Wording is the tenant's own texts by language, in place of those in force
	// in the languages that it has.
	Wording map[string]map[string]any `json:"wording,omitempty"`
}

const (
	// DraftTTL is how long a draft can be looked at.
	DraftTTL = 15 * time.Minute
	// maxDrafts is how many drafts of one person are kept: the latest.
	maxDrafts = 20
	// draftPrefix tells handles from other values of the parameter.
	draftPrefix = "draft_"
)

// IsDraft reports whether a text is the handle of a draft, live or not.
func IsDraft(handle string) bool { return strings.HasPrefix(handle, draftPrefix) }

// KeepDraft keeps a draft in the transaction and returns its handle. Only who
// has the key too can look at it.
func KeepDraft(tx *store.Tx, owner, key string, d Draft) (handle string, expires guestlist.Time, err error) {
	content, err := json.Marshal(d)
	if err != nil {
		return "", 0, err
	}
	handle, expires = draftPrefix+crypt.Opaque(), tx.Now.Add(DraftTTL)
	return handle, expires, tx.InsertDraft(handle, key, store.Draft{Owner: owner, Content: content, ExpiresAt: expires}, maxDrafts)
}

// Draft returns a draft; entity.not_found if there is none of that handle and
// key, or its time is up.
func (d *Desk) Draft(ctx context.Context, handle, key string) (draft Draft, err error) {
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		kept, err := tx.Draft(handle, key)
		if err != nil {
			return err
		}
		return json.Unmarshal(kept.Content, &draft)
	})
	return draft, err
}

// DraftFaces is SocialFaces for settings that are not in force.
func (d *Desk) DraftFaces(ctx context.Context, exp guestlist.SignInExperience) ([]ConnectorFace, error) {
	dir, err := d.directory(ctx)
	if err != nil {
		return nil, err
	}
	return dir.faces(exp), nil
}
