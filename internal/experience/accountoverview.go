package experience

import (
	"maps"
	"slices"
	"strings"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// getAccount shows who somebody is here, and leads to everything else.
func getAccount(v *visit) error {
	u := v.acct.User
	p := &web.Page{Name: "account", Title: v.t("account.title"), Lead: v.sentence("account.lead", "name", called(u))}
	if text(u.Name) != "" {
		p.Title = *u.Name
	}
	rows, err := v.accountRows()
	if err != nil {
		return err
	}
	p.Rows = rows
	p.Actions = []web.Action{{Text: v.t("action.sign_out"), Href: v.link(pageAccountSignOut), Post: true}}
	if p.Alert, err = v.notice(); err != nil {
		return err
	}
	return v.show(p)
}

// called is the name by which somebody signs in, or else what they are called.
func called(u guestlist.User) string {
	if text(u.PrimaryEmail) == "" && text(u.Username) == "" && text(u.PrimaryPhone) != "" {
		return leftToRight("+" + *u.PrimaryPhone)
	}
	for _, name := range []*string{u.PrimaryEmail, u.Username, u.Name} {
		if text(name) != "" {
			return *name
		}
	}
	return string(u.ID)
}

// leftToRight isolates an address from the direction of the text around it, and
// keeps the plus sign before a number: in an Arabic sentence it would go last.
func leftToRight(address string) string { return "\u2066" + address + "\u2069" }

func (v *visit) accountRows() ([]web.Row, error) {
	u := v.acct.User
	row := func(key, path, value string) web.Row {
		r := web.Row{Title: v.t("account.row." + key), Href: v.link(path)}
		if value == "" {
			value = v.t("account.none")
		}
		r.Facts = []web.Fact{{Value: value}}
		return r
	}
	rows := []web.Row{
		row("profile", pageAccountProfile, v.t("account.row.profile_text")),
		row("details", pageAccountDetails, v.t("account.row.details_text")),
		row("email", pageAccountEmail, text(u.PrimaryEmail)),
	}
	if u.PrimaryPhone != nil {
		rows = append(rows, row("phone", pageAccountPhone, leftToRight("+"+*u.PrimaryPhone)))
	} else if v.canSend(guestlist.ChannelSMS) {
		rows = append(rows, row("phone", pageAccountPhone, ""))
	}
	if u.HasPassword || v.usesPasswords() {
		r := row("password", pageAccountPassword, v.t("account.row.password_none"))
		if u.HasPassword {
			r.Facts[0].Value = v.t("account.row.password_set")
		}
		if u.HasPassword && u.PasswordChangedAt != nil {
			r.Facts[0] = web.Fact{Term: v.t("account.row.password_since"), At: *u.PasswordChangedAt}
		}
		rows = append(rows, r)
	}
	names, offered, err := v.identityNames()
	if err != nil {
		return nil, err
	}
	if offered || len(names) > 0 {
		rows = append(rows, row("identities", pageAccountIdentities, strings.Join(names, " · ")))
	}
	own, err := v.d.Desk.OwnInvitations(v.r.Context(), v.acct, 1)
	if err != nil {
		return nil, err
	}
	if own.Quota.Quota > 0 || len(own.List) > 0 {
		rows = append(rows, row("invitations", pageAccountInvitations, v.t("account.row.invitations_text")))
	}
	return append(rows, row("sessions", pageAccountSessions, v.t("account.row.sessions_text"))), nil
}

// usesPasswords reports whether people here sign in with passwords.
func (v *visit) usesPasswords() bool {
	return slices.ContainsFunc(v.exp.SignIn.Methods, func(m guestlist.SignInMethod) bool { return m.Password })
}

// identityNames lists what is connected, and whether anything could be.
func (v *visit) identityNames() (names []string, offered bool, err error) {
	faces, err := v.socialFaces()
	if err != nil {
		return nil, false, err
	}
	for _, target := range slices.Sorted(maps.Keys(v.acct.User.Identities)) {
		names = append(names, v.targetName(faces, target))
	}
	if len(v.acct.Enterprise) > 0 {
		names = append(names, v.t("account.identities.organization"))
	}
	return names, len(faces) > 0, nil
}

// targetName is what a provider is called; of one that is no longer offered its
// target is all that is known.
func (v *visit) targetName(faces []signin.ConnectorFace, target string) string {
	for _, f := range faces {
		if f.Target == target {
			return v.called(f)
		}
	}
	return target
}
