package experience

import (
	"strconv"
	"strings"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

const (
	fieldMessage    = "message"
	fieldInvitation = "invitation"
)

// getAccountInvitations shows whom somebody invited, and lets them invite whom
// they have an invitation left for.
func getAccountInvitations(v *visit) error {
	p, err := v.invitationsPage("", "", "")
	if err != nil {
		return err
	}
	return v.own(p)
}

func (v *visit) invitationsPage(email, name, message string) (*web.Page, error) {
	number, err := strconv.Atoi(v.query.Get(paramPage))
	if err != nil || number < 1 || number > maxPages {
		number = 1
	}
	own, err := v.d.Desk.OwnInvitations(v.r.Context(), v.acct, number)
	if err != nil {
		return nil, err
	}
	p := &web.Page{Name: "account-invitations", Title: v.t("account.invitations.title")}
	if own.Quota.Left > 0 {
		p.Lead = web.Plain(v.t("account.invitations.lead", "n", strconv.Itoa(own.Quota.Left)))
		p.Form = &web.Form{
			Action: v.link(pageAccountInvitations), Submit: v.t("account.invitations.give"),
			Fields: []web.Field{
				{Name: fieldIdentifier, Label: v.t("account.invitations.email"), Type: "email", Autocomplete: "off", Value: email, Max: guestlist.MaxEmailLength},
				{Name: fieldName, Label: v.optional(v.t("account.invitations.name")), Autocomplete: "off", Value: name, Optional: true, Max: guestlist.MaxNameLength},
				{
					Name: fieldMessage, Label: v.optional(v.t("account.invitations.message")), Hint: v.t("account.invitations.message_hint"), Value: message,
					Autocomplete: "off", Optional: true, Max: guestlist.MaxInvitationMessage,
				},
			},
		}
	} else {
		p.Lead = web.Plain(v.t("account.invitations.none_left"))
	}
	for _, i := range own.List {
		p.Rows = append(p.Rows, v.invitationRow(i))
	}
	turn := func(key string, to int) {
		q := v.keptParams()
		q.Set(paramPage, strconv.Itoa(to))
		p.Actions = append(p.Actions, web.Action{Text: v.t(key), Href: pageAccountInvitations + "?" + q.Encode()})
	}
	if number > 1 {
		turn("account.sessions.newer", number-1)
	}
	if own.More {
		turn("account.sessions.older", number+1)
	}
	return p, nil
}

func (v *visit) invitationRow(i guestlist.Invitation) web.Row {
	row := web.Row{Title: i.RecipientEmail, Tag: v.t("account.invitations.status_" + string(i.Status))}
	switch i.Status {
	case guestlist.InvitationDeclined, guestlist.InvitationRevoked, guestlist.InvitationExpired:
		row.Past = true
	default:
	}
	if i.Name != "" {
		row.Facts = append(row.Facts, web.Fact{Value: i.Name})
	}
	switch {
	case i.AcceptedAt != nil:
		row.Facts = append(row.Facts, web.Fact{Term: v.t("account.invitations.accepted_at"), At: *i.AcceptedAt})
	case i.Status == guestlist.InvitationPending:
		row.Facts = append(row.Facts, web.Fact{Term: v.t("account.invitations.until"), At: i.ExpiresAt})
		row.Action = &web.Action{
			Text: v.t("account.invitations.take_back"), Label: v.t("account.invitations.take_back_label", "name", i.RecipientEmail),
			Href: v.link(pageAccountInvitations), Hidden: []web.Hidden{{Name: fieldInvitation, Value: string(i.ID)}},
		}
	}
	return row
}

func postAccountInvitations(v *visit) error {
	if id := v.form.Get(fieldInvitation); id != "" {
		if err := v.changeOwn(signin.TakeBackInvitation{ID: guestlist.InvitationID(id)}); err != nil {
			return v.invitationRefused("", "", "", err)
		}
		return v.done(pageAccountInvitations, "account.invitations.taken_back")
	}
	email, name := strings.TrimSpace(v.form.Get(fieldIdentifier)), strings.TrimSpace(v.form.Get(fieldName))
	message := strings.TrimSpace(v.form.Get(fieldMessage))
	if !guestlist.IsEmail(email) {
		p, err := v.invitationsPage(email, name, message)
		if err != nil {
			return err
		}
		wrong(p, fieldIdentifier, v.t("problem.email_shape"))
		return v.again(v.withBack(p))
	}
	if err := v.changeOwn(signin.GiveInvitation{Email: email, Name: name, Message: message, Locale: v.look.Lang}); err != nil {
		return v.invitationRefused(email, name, message, err)
	}
	return v.done(pageAccountInvitations, "account.invitations.given", "name", email)
}

// invitationRefused shows the page again with what was typed.
func (v *visit) invitationRefused(email, name, message string, err error) error {
	p, pageErr := v.invitationsPage(email, name, message)
	if pageErr != nil {
		return pageErr
	}
	return v.turnedDown(p, err)
}
