package management

import (
	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) draftRoutes() []route {
	return []route{
		post("/api/sign-in-exp/drafts", "Keep settings for a while to look at what they would be like", a.keepDraft).with201(),
	}
}

// keptDraft is where a draft is looked at: with ?preview=<handle>, by who has
// its key.
type keptDraft struct {
	Handle    string         `json:"handle"`
	ExpiresAt guestlist.Time `json:"expiresAt"`
}

// maxDraftLanguages is how many languages a draft can have words in.
const maxDraftLanguages = 10

// keepDraft judges settings as if they were to be saved, but puts nothing into
// force. What they are is known to who has the key alone, which the caller
// chooses.
func (a *API) keepDraft(c *call, in struct {
	Body struct {
		Key              string                           `json:"key" check:"min=32,max=128"`
		SignInExperience *signInExperienceChange          `json:"signInExperience"`
		CustomPhrases    *map[string]guestlist.JSONObject `json:"customPhrases"`
	}
},
) (keptDraft, error) {
	var d signin.Draft
	if given := in.Body.CustomPhrases; given != nil {
		if err := a.draftWording(&d, *given); err != nil {
			return keptDraft{}, err
		}
	}
	owner := string(c.who.UserID)
	if owner == "" {
		owner = string(c.who.ClientID)
	}
	var kept keptDraft
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		before, err := tx.SignInExperience()
		if err != nil {
			return err
		}
		d.Experience = before
		if change := in.Body.SignInExperience; change != nil {
			if err := change.apply(&d.Experience); err != nil {
				return err
			}
			rules := experienceRules{tx: tx, change: *change, before: before, after: &d.Experience, phrases: a.Phrases, draft: true}
			if err := rules.refusal(); err != nil {
				return err
			}
		}
		kept.Handle, kept.ExpiresAt, err = signin.KeepDraft(tx, owner, in.Body.Key, d)
		return err
	})
	return kept, err
}

func (a *API) draftWording(d *signin.Draft, given map[string]guestlist.JSONObject) error {
	var inv web.Invalid
	inv.Check(len(given) <= maxDraftLanguages, "customPhrases", "too_big", "Too many languages")
	for tag := range given {
		inv.Check(isLanguage(tag), join("customPhrases", clip(tag)), "custom", "Invalid input")
	}
	if err := inv.Err(); err != nil {
		return err
	}
	for tag, text := range given {
		clean, err := a.cleanPhrases(text)
		if err != nil {
			return err
		}
		if d.Wording == nil {
			d.Wording = map[string]map[string]any{}
		}
		d.Wording[tag] = clean
	}
	return nil
}
