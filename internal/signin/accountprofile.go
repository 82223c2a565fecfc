package signin

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// ChangeProfile writes what somebody says of themselves. Values are those of
// the fields of AccountFields, all of them: what is left empty is taken away.
// Its refusal is custom_profile_fields.invalid_value with
// guestlist.ProfileIssues.
type ChangeProfile struct {
	Values map[string]any
	// More is for the second list of fields.
	More bool
	// Username is the new one; nil leaves it as it is.
	Username *string
}

// How many usernames somebody may try who is signed in: a taken one is told.
const (
	usernameTries    = 20
	usernameWindow   = time.Hour
	counterUsernames = "usernames|"
)

// AccountFields lists what people may say of themselves: first their name and
// picture and what the host asks, then the standard claims (OpenID Connect Core
// §5.1) that are not among these.
func (d *Desk) AccountFields(ctx context.Context) (first, more guestlist.ProfileFields, err error) {
	type lists struct{ first, more guestlist.ProfileFields }
	l, err := store.Cached(ctx, d.Store, "signin/account-fields", func(tx *store.Tx) (lists, error) {
		first, more, err := accountFields(tx)
		return lists{first, more}, err
	})
	return l.first, l.more, err
}

func accountFields(tx *store.Tx) (first, more guestlist.ProfileFields, err error) {
	host, err := tx.ProfileFields()
	if err != nil {
		return nil, nil, err
	}
	taken := map[string]bool{}
	for _, f := range host {
		taken[f.Name] = true
		for _, p := range f.Config.Parts {
			if f.Type == guestlist.ProfileFullname && p.Enabled {
				taken[p.Name] = true
			}
		}
	}
	for _, f := range guestlist.OwnFields() {
		switch {
		case taken[f.Name]:
		case f.Name == "name" || f.Name == "avatar":
			first = append(first, f)
		default:
			more = append(more, f)
		}
	}
	return append(first, host...), more, nil
}

func (ChangeProfile) logKey() string { return "Account.Profile.Update" }

func (a ChangeProfile) prepare(r *accountRun) error {
	if a.Username == nil || r.user.Username != nil && *r.user.Username == *a.Username {
		return nil
	}
	if !UsesUsernames(r.exp) {
		return errMethodNotEnabled
	}
	return goodUsername(r.exp, *a.Username)
}

// UsesUsernames reports whether people here sign in or up with usernames.
func UsesUsernames(exp guestlist.SignInExperience) bool {
	_, ok := exp.SignIn.Method(guestlist.IdentifierUsername)
	return ok || slices.Contains(exp.SignUp.Identifiers, guestlist.IdentifierUsername)
}

func (a ChangeProfile) apply(tx *store.Tx, r *accountRun) error {
	first, more, err := accountFields(tx)
	if err != nil {
		return err
	}
	fields := first
	if a.More {
		fields = more
	}
	answers, err := fields.Check(a.Values)
	if err != nil {
		return err
	}
	if refused, err := a.rename(tx, r); err != nil {
		return err
	} else if refused != nil {
		return r.refuse(refused)
	}
	if err := rewrite(&r.user, fields, answers); err != nil {
		return err
	}
	return r.write(tx)
}

// rename gives the user the new username, if it is one.
func (a ChangeProfile) rename(tx *store.Tx, r *accountRun) (refused, err error) {
	if a.Username == nil || r.user.Username != nil && *r.user.Username == *a.Username {
		return nil, nil
	}
	l, err := tx.Hit(counterUsernames+string(r.user.ID), tx.Now.Add(usernameWindow))
	if err != nil {
		return nil, err
	}
	if l.Hits > usernameTries {
		return errRateLimited, nil
	}
	id := guestlist.Identifier{Type: guestlist.IdentifierUsername, Value: *a.Username}
	switch holder, err := tx.UserByIdentifier(id); {
	case err == nil && holder.ID != r.user.ID:
		return guestlist.Refuse(guestlist.KindUnprocessable, "user.username_already_in_use"), nil
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	r.user.Username = a.Username
	return nil, nil
}

// rewrite puts answers in the place of what the fields held before. What no
// field is about stays, as it was written.
func rewrite(u *guestlist.User, fields guestlist.ProfileFields, answers guestlist.ProfileAnswers) error {
	profile, custom := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	was, err := marshal(u.Profile)
	if err != nil {
		return err
	}
	if err := unmarshal(was, &profile); err != nil {
		return err
	}
	if len(u.CustomData) > 0 {
		if err := unmarshal(u.CustomData, &custom); err != nil {
			return err
		}
	}
	for _, f := range fields {
		for _, name := range f.Keeps() {
			switch {
			case name == "name":
				u.Name = optional(answers.Name)
			case name == "avatar":
				u.Avatar = optional(answers.Avatar)
			case guestlist.IsClaim(name):
				delete(profile, name)
			default:
				delete(custom, name)
			}
		}
	}
	if err := merge(profile, answers.Profile); err != nil {
		return err
	}
	if err := merge(custom, answers.Custom); err != nil {
		return err
	}
	text, err := marshal(profile)
	if err != nil {
		return err
	}
	u.Profile = guestlist.Profile{}
	if err := unmarshal(text, &u.Profile); err != nil {
		return err
	}
	u.CustomData, err = marshal(custom)
	return err
}

// merge adds the members of an object.
func merge(to map[string]json.RawMessage, from any) error {
	text, err := marshal(from)
	if err != nil {
		return err
	}
	return unmarshal(text, &to)
}
