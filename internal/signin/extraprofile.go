package signin

import (
	"context"
	"encoding/json"

	"guestlist"
	"guestlist/internal/store"
)

// SetExtraProfile stages what a guest answered to the custom profile fields, in
// place of earlier answers. Its refusal is custom_profile_fields.invalid_value
// with guestlist.ProfileIssues.
type SetExtraProfile struct{ Values map[string]any }

func (SetExtraProfile) logKey() string { return logProfileUpdate }

func (a SetExtraProfile) prepare(r *run) error { return r.mayStage() }

func (a SetExtraProfile) apply(tx *store.Tx, r *run) error {
	if err := r.mayStage(); err != nil {
		return err
	}
	fields, err := r.asked(tx)
	if err != nil {
		return err
	}
	answers, err := fields.Check(a.Values)
	if err != nil {
		return err
	}
	r.i.Profile.Extra = &answers
	return nil
}

// ProfileFields lists what new people are asked, in order. The list is shared
// and must not be changed.
func (d *Desk) ProfileFields(ctx context.Context) (guestlist.ProfileFields, error) {
	return store.Cached(ctx, d.Store, "signin/profile-fields", func(tx *store.Tx) (guestlist.ProfileFields, error) {
		exp, err := tx.SignInExperience()
		if err != nil {
			return nil, err
		}
		return askedFields(tx, exp)
	})
}

func askedFields(tx *store.Tx, exp guestlist.SignInExperience) (guestlist.ProfileFields, error) {
	all, err := tx.ProfileFields()
	return all.Asked(exp.SignUpProfileFields), err
}

// asked is what this guest is asked: by an invitation that asks for a profile,
// everything, whatever the settings leave out.
func (r *run) asked(tx *store.Tx) (guestlist.ProfileFields, error) {
	if r.asks(guestlist.StepProfile) {
		return tx.ProfileFields()
	}
	return askedFields(tx, r.exp)
}

// ProfileFieldsOf is ProfileFields for the guest of an interaction.
func (d *Desk) ProfileFieldsOf(ctx context.Context, i *Interaction) (fields guestlist.ProfileFields, err error) {
	if i == nil || i.Invite == nil {
		return d.ProfileFields(ctx)
	}
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		r := &run{d: d, i: i, now: tx.Now}
		if r.exp, err = tx.SignInExperience(); err != nil {
			return err
		}
		if err := r.loadInvitation(tx); err != nil {
			return err
		}
		fields, err = r.asked(tx)
		return err
	})
	return fields, err
}

// withExtra adds the custom fields to what a new account still needs, once
// nothing else is missing. They are asked once, even if all may stay empty.
func (r *run) withExtra(tx *store.Tx, missing []string) ([]string, error) {
	if len(missing) > 0 || r.i.Profile.Extra != nil {
		return missing, nil
	}
	fields, err := r.asked(tx)
	if err == nil && len(fields) > 0 {
		missing = []string{guestlist.MissingExtraProfile}
	}
	return missing, err
}

// writeExtra writes the answers into an account. What was not asked or not
// answered stays as it is.
func (p Profile) writeExtra(u *guestlist.User) error {
	if p.Extra == nil {
		return nil
	}
	if p.Extra.Name != "" {
		u.Name = &p.Extra.Name
	}
	if p.Extra.Avatar != "" {
		u.Avatar = &p.Extra.Avatar
	}
	if p.Extra.Profile.Address != nil {
		u.Profile.Address = nil // half of an old one would make a third
	}
	answered, err := marshal(p.Extra.Profile)
	if err != nil {
		return err
	}
	if err := unmarshal(answered, &u.Profile); err != nil { // absent members stay
		return err
	}
	if len(p.Extra.Custom) == 0 {
		return nil
	}
	custom := map[string]json.RawMessage{} // numbers of others stay as they were written
	if len(u.CustomData) > 0 {
		if err := unmarshal(u.CustomData, &custom); err != nil {
			return err
		}
	}
	for name, value := range p.Extra.Custom {
		if custom[name], err = marshal(value); err != nil {
			return err
		}
	}
	u.CustomData, err = marshal(custom)
	return err
}

// publicExtra adds the answers to what the guest may see of the profile.
func (p Profile) publicExtra(m map[string]any) {
	if p.Extra == nil {
		return
	}
	custom := p.Extra.Custom
	if custom == nil {
		custom = map[string]any{}
	}
	m["profile"], m["customData"] = p.Extra.Profile, custom
	if p.Extra.Name != "" {
		m["name"] = p.Extra.Name
	}
	if p.Extra.Avatar != "" {
		m["avatar"] = p.Extra.Avatar
	}
}
