package console

import (
	"errors"
	"net/url"

	"guestlist"
	"guestlist/internal/console/ui"
)

// bulkDeeds are what can be done with chosen rows.
func (v *visit) bulkDeeds() []ui.Action {
	deed := func(do string) ui.Action {
		return ui.Action{Text: v.T("invitations.wide." + do + ".do"), Href: pathInvitations + "/bulk", Name: "do", Value: do, Danger: do == deedRevoke}
	}
	export := ui.Action{Text: v.T("invitations.export_chosen"), Href: pathInvitations + "/bulk", Name: "do", Value: deedExport, Stays: true}
	return []ui.Action{deed(deedResend), deed(deedExtend), export, deed(deedRevoke)}
}

// postInvitationBulk does the same with every chosen invitation. Where it is
// refused for some it is done for the others, and the page says so. Taking back
// is final, so that it is asked for once more.
func postInvitationBulk(v *visit) error {
	ids, do, m := v.form["id"], v.form.Get("do"), matchingOf(v.form)
	if len(ids) == 0 {
		return v.doneWith(m.at(pathInvitations), ui.Flash{Text: v.T("roles.choose_first"), Tone: ui.Warn})
	}
	ids = ids[:min(len(ids), maxBulk)]
	switch do {
	case deedResend:
		return v.eachInvitation(ids, "POST", "/resend", map[string]any{}, "invitations.bulk.resend")
	case deedExtend:
		n := v.typedDaysMore()
		if n == 0 {
			return v.askHowLong(m, ids)
		}
		return v.eachInvitation(ids, "PATCH", "", map[string]any{"expiresIn": n * secondsOfDay}, "invitations.bulk.extend")
	case deedExport:
		return v.exportOf(url.Values{"id": ids})
	case deedRevoke:
		if v.form.Get("sure") != ui.Yes {
			return v.confirmRevoking(m, ids)
		}
		return v.eachInvitation(ids, "POST", "/revoke", map[string]any{}, "invitations.bulk.revoke")
	default:
		return errNoPage
	}
}

func (v *visit) eachInvitation(ids []string, method, deed string, in map[string]any, said string) error {
	done, left := 0, 0
	var refused *guestlist.Error
	for _, id := range ids {
		err := v.api.Do(v.ctx(), method, invitationAPI(id)+deed, in, nil)
		var e *guestlist.Error
		switch {
		case err == nil:
			done++
		case errors.As(err, &e) && (isRefusal(e) || e.Code == codeNotGiven):
			refused, left = e, left+1
		default:
			return err
		}
	}
	f := ui.Flash{}
	if done > 0 {
		f.Text = v.N(said, done)
	}
	if refused != nil {
		f.Tone = ui.Warn
		if done == 0 {
			f.Tone = ui.Bad
		}
		f.Text += " " + v.N("users.bulk.left", left) + " " + v.says(refused)
	}
	return v.doneWith(matchingOf(v.form).at(pathInvitations), f)
}

// codeNotGiven is how the API refuses to give what whoever invites may not. It
// is about what was asked for, and not about who may use the page.
const codeNotGiven = "invitation.grants_not_allowed"

// codeTaken is how the API refuses what is there already.
const codeTaken = "entity.unique_integrity_violation"

// askHowLong asks for how long chosen invitations are to be good.
func (v *visit) askHowLong(m matching, ids []string) error {
	f := &ui.Form{
		Action: pathInvitations + "/bulk", Submit: v.T("invitations.wide.extend.do"), Hidden: append(m.pairs(), ui.Hidden{Name: "do", Value: deedExtend}),
		Cancel:   &ui.Link{Text: v.T("shell.cancel"), Href: m.at(pathInvitations)},
		Sections: []ui.FormSection{{Text: v.T("invitations.wide.extend.text"), Fields: []ui.Field{v.daysField()}}},
	}
	for _, id := range ids {
		f.Hidden = append(f.Hidden, ui.Hidden{Name: "id", Value: id})
	}
	return v.show(&ui.Page{Name: "extend-invitations", Body: []ui.Block{f}, Header: ui.Header{
		Title: v.N("invitations.wide.extend.title", len(ids)), Crumbs: v.invitationCrumbs(),
	}})
}

func (v *visit) confirmRevoking(m matching, ids []string) error {
	c := ui.Confirm{
		Text: v.T("invitations.revoke_text"), Action: pathInvitations + "/bulk", Submit: v.T("invitations.revoke"),
		Hidden: append(m.pairs(), ui.Hidden{Name: "do", Value: deedRevoke}, ui.Hidden{Name: "sure", Value: ui.Yes}),
		Cancel: ui.Link{Text: v.T("shell.cancel"), Href: m.at(pathInvitations)},
	}
	for _, id := range ids {
		c.Hidden = append(c.Hidden, ui.Hidden{Name: "id", Value: id})
	}
	return v.show(&ui.Page{
		Name: "revoke-invitations", Body: []ui.Block{c},
		Header: ui.Header{Title: v.N("invitations.revoke_many", len(ids)), Crumbs: v.invitationCrumbs()},
	})
}

// invitationCrumbs is the way up to the list, and further below it.
func (v *visit) invitationCrumbs(below ...ui.Link) []ui.Link {
	return append([]ui.Link{{Text: v.T("invitations.title"), Href: pathInvitations}}, below...)
}
