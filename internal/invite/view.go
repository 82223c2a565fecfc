package invite

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// settingViews names the setting that holds the saved views.
const settingViews = "invitation-views"

// errViews says that there are as many views as there may be.
var errViews = guestlist.Refuse(guestlist.KindUnprocessable, "invitation.too_many_views")

// Views returns the saved views, in the order of their names.
func Views(tx *store.Tx) ([]guestlist.InvitationView, error) {
	var list []guestlist.InvitationView
	return list, tx.SettingJSON(settingViews, &list)
}

// SaveView adds a view. What cannot be seen of its name is dropped; then it has
// 1 to guestlist.MaxInvitationViewName characters (invitation.invalid_text), and
// is no other's, whatever the case (entity.unique_integrity_violation). Beyond
// guestlist.MaxInvitationViews there are none (invitation.too_many_views).
func SaveView(tx *store.Tx, name string, f guestlist.InvitationViewFilter) (guestlist.InvitationView, error) {
	seen := strings.Map(func(r rune) rune {
		if isVisible(r) {
			return r
		}
		return -1
	}, name)
	v := guestlist.InvitationView{
		ID: guestlist.InvitationViewID(crypt.ID()), Name: strings.TrimSpace(seen), Filter: f, CreatedAt: tx.Now,
	}
	if v.Name == "" || utf8.RuneCountInString(v.Name) > guestlist.MaxInvitationViewName {
		return v, errText.WithArgs(map[string]any{"max": guestlist.MaxInvitationViewName})
	}
	list, err := lockViews(tx)
	if err != nil {
		return v, err
	}
	if slices.ContainsFunc(list, func(other guestlist.InvitationView) bool { return strings.EqualFold(other.Name, v.Name) }) {
		return v, errTaken
	}
	if len(list) >= guestlist.MaxInvitationViews {
		return v, errViews
	}
	list = append(list, v)
	slices.SortFunc(list, func(a, b guestlist.InvitationView) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return v, tx.PutSettingJSON(settingViews, list)
}

// ForgetView removes a view; store.ErrNotFound if there is none.
func ForgetView(tx *store.Tx, id guestlist.InvitationViewID) error {
	list, err := lockViews(tx)
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(list), func(v guestlist.InvitationView) bool { return v.ID == id })
	if len(left) == len(list) {
		return store.ErrNotFound
	}
	return tx.PutSettingJSON(settingViews, left)
}

// lockViews is Views for a caller that will write them back: whoever else
// changes them waits.
func lockViews(tx *store.Tx) ([]guestlist.InvitationView, error) {
	if err := tx.LockName(settingViews); err != nil {
		return nil, err
	}
	return Views(tx)
}
