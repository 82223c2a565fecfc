package console

import (
	"errors"

	"guestlist"
	"guestlist/internal/console/ui"
)

// postInvitationBulk does the same with every chosen invitation. Where it is
// refused for some it is done for the others, and the page says so. Taking back
// is final, so that it is asked for once more.
func postInvitationBulk(v *visit) error {
	ids, do := v.form["id"], v.form.Get("do")
	if len(ids) == 0 {
		return v.doneWith(pathInvitations, ui.Flash{Text: v.T("roles.choose_first"), Tone: ui.Warn})
	}
	ids = ids[:min(len(ids), maxBulk)]
	switch do {
	case "resend":
		return v.eachInvitation(ids, "/resend", "invitations.bulk.resend")
	case "revoke":
		if v.form.Get("sure") != ui.Yes {
			return v.confirmRevoking(ids)
		}
		return v.eachInvitation(ids, "/revoke", "invitations.bulk.revoke")
	default:
		return errNoPage
	}
}

func (v *visit) eachInvitation(ids []string, deed, said string) error {
	done, left := 0, 0
	var refused *guestlist.Error
	for _, id := range ids {
		err := v.api.Do(v.ctx(), "POST", invitationAPI(id)+deed, map[string]any{}, nil)
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
	return v.doneWith(pathInvitations, f)
}

// codeNotGiven is how the API refuses to give what whoever invites may not. It
// is about what was asked for, and not about who may use the page.
const codeNotGiven = "invitation.grants_not_allowed"

func (v *visit) confirmRevoking(ids []string) error {
	c := ui.Confirm{
		Text: v.T("invitations.revoke_text"), Action: pathInvitations + "/bulk", Submit: v.T("invitations.revoke"),
		Hidden: []ui.Hidden{{Name: "do", Value: "revoke"}, {Name: "sure", Value: ui.Yes}},
		Cancel: ui.Link{Text: v.T("shell.cancel"), Href: pathInvitations},
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
