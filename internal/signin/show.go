package signin

import (
	"context"
	"encoding/json"
	"errors"

	"guestlist"
	"guestlist/internal/store"
)

// What pages show is read here, so that the door for guests needs no store.

// Experience returns the sign-in experience in force. The value is shared and
// must not be changed.
func (d *Desk) Experience(ctx context.Context) (guestlist.SignInExperience, error) {
	return store.Cached(ctx, d.Store, "signin/experience", func(tx *store.Tx) (guestlist.SignInExperience, error) {
		return tx.SignInExperience()
	})
}

// Application returns an application by its client id; entity.not_found if
// there is none. The value is shared and must not be changed.
func (d *Desk) Application(ctx context.Context, id guestlist.ApplicationID) (guestlist.Application, error) {
	return store.Cached(ctx, d.Store, "signin/application/"+string(id), func(tx *store.Tx) (guestlist.Application, error) {
		return tx.Application(id)
	})
}

// User returns a user, for pages that say who is signed in.
func (d *Desk) User(ctx context.Context, id guestlist.UserID) (u guestlist.User, err error) {
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		u, err = tx.User(id)
		return err
	})
	return u, err
}

// ApplicationLook is an application's own branding; empty members leave the
// tenant's (wire: application sign-in experience).
type ApplicationLook struct {
	DisplayName string                    `json:"displayName"`
	Color       guestlist.ExperienceColor `json:"color"`
	Branding    guestlist.Branding        `json:"branding"`
	CustomCSS   *string                   `json:"customCss"`
	TermsURL    *string                   `json:"termsOfUseUrl"`
	PrivacyURL  *string                   `json:"privacyPolicyUrl"`
	OwnDarkMode *bool                     `json:"-"` // whether it says itself if there is a dark mode
}

// ApplicationLook returns what an application set for itself, or nothing.
func (d *Desk) ApplicationLook(ctx context.Context, id guestlist.ApplicationID) (ApplicationLook, error) {
	return store.Cached(ctx, d.Store, "signin/look/"+string(id), func(tx *store.Tx) (ApplicationLook, error) {
		var look ApplicationLook
		text, err := tx.ApplicationExperience(id)
		if errors.Is(err, store.ErrNotFound) || len(text) == 0 {
			return look, nil
		}
		if err != nil {
			return look, err
		}
		var mode struct {
			Color struct {
				Dark *bool `json:"isDarkModeEnabled"`
			} `json:"color"`
		}
		if err := errors.Join(json.Unmarshal(text, &look), json.Unmarshal(text, &mode)); err != nil {
			return look, err
		}
		look.OwnDarkMode = mode.Color.Dark
		return look, nil
	})
}

// Wording returns the tenant's own texts by language, nested as they were
// written. The value is shared and must not be changed.
func (d *Desk) Wording(ctx context.Context) (map[string]map[string]any, error) {
	return store.Cached(ctx, d.Store, "signin/wording", func(tx *store.Tx) (map[string]map[string]any, error) {
		list, err := tx.CustomPhrases()
		if err != nil || len(list) == 0 {
			return nil, err
		}
		all := make(map[string]map[string]any, len(list))
		for _, p := range list {
			var tree map[string]any
			if err := json.Unmarshal(p.Translation, &tree); err != nil {
				return nil, err
			}
			all[p.LanguageTag] = tree
		}
		return all, nil
	})
}
