package console

import (
	"guestlist/internal/console/ui"
)

// postResendInvitation sends an invitation again. The link of before is
// worthless then.
func postResendInvitation(v *visit) error {
	path := invitationPath(v.id("id"))
	if err := v.api.Do(v.ctx(), "POST", invitationAPI(v.id("id"))+"/resend", map[string]any{}, nil); err != nil {
		return v.notGiven(path, err)
	}
	return v.done(path, v.T("invitations.resent"))
}

// notGiven is refused, and says as well what whoever looks may not give.
func (v *visit) notGiven(path string, err error) error {
	if e, ok := refusalOf(err, codeNotGiven); ok {
		return v.doneWith(path, ui.Flash{Text: v.says(e), Tone: ui.Bad})
	}
	return v.refused(path, err)
}

func (v *visit) invitationConfirm(i invitation, name, title string, c ui.Confirm) error {
	path := invitationPath(i.ID)
	c.Action, c.Cancel = path+"/"+name, ui.Link{Text: v.T("shell.cancel"), Href: path}
	return v.show(&ui.Page{Name: name + "-invitation", Body: []ui.Block{c}, Header: ui.Header{
		Title: title, Crumbs: v.invitationCrumbs(ui.Link{Text: v.invitationName(i.Invitation), Href: path}),
	}})
}

// getNewInvitationLink asks first: the links that are out stop working.
func getNewInvitationLink(v *visit) error {
	i, _, err := v.invitation()
	if err != nil {
		return err
	}
	return v.invitationConfirm(i, "link", v.T("invitations.link_title", "name", v.invitationName(i.Invitation)),
		ui.Confirm{Text: v.T("invitations.link_text"), Submit: v.T("invitations.new_link")})
}

// postNewInvitationLink shows a new link, in this answer and no other.
func postNewInvitationLink(v *visit) error {
	var i invitation
	if err := v.api.Do(v.ctx(), "POST", invitationAPI(v.id("id"))+"/resend", map[string]any{"send": false}, &i); err != nil {
		return v.notGiven(invitationPath(v.id("id")), err)
	}
	name := v.invitationName(i.Invitation)
	return v.show(&ui.Page{
		Name: "invitation-link",
		Header: ui.Header{
			Title: v.T("invitations.link_of", "name", name), Lead: v.T("invitations.link_once"),
			Crumbs: v.invitationCrumbs(ui.Link{Text: name, Href: invitationPath(i.ID)}),
		},
		Body: []ui.Block{
			ui.Snippet{Title: v.T("invitations.link"), Text: i.Link},
			buttons(ui.Action{Text: v.T("invitations.to_invitation"), Href: invitationPath(i.ID), Primary: true}),
		},
	})
}

func getRevokeInvitation(v *visit) error {
	i, _, err := v.invitation()
	if err != nil {
		return err
	}
	return v.invitationConfirm(i, "revoke", v.T("invitations.revoke_title", "name", v.invitationName(i.Invitation)),
		ui.Confirm{Text: v.T("invitations.revoke_text"), Submit: v.T("invitations.revoke")})
}

func postRevokeInvitation(v *visit) error {
	if err := v.api.Do(v.ctx(), "POST", invitationAPI(v.id("id"))+"/revoke", map[string]any{}, nil); err != nil {
		return v.refused(v.itemPath(), err)
	}
	return v.done(v.itemPath(), v.T("invitations.revoked"))
}

func getDeleteInvitation(v *visit) error {
	i, _, err := v.invitation()
	if err != nil {
		return err
	}
	return v.invitationConfirm(i, "delete", v.T("invitations.delete_title", "name", v.invitationName(i.Invitation)),
		ui.Confirm{Text: v.T("invitations.delete_text"), Submit: v.T("shell.delete")})
}

func postDeleteInvitation(v *visit) error {
	if err := v.api.Do(v.ctx(), "DELETE", invitationAPI(v.id("id")), nil, nil); err != nil {
		return v.refused(invitationPath(v.id("id")), err)
	}
	return v.done(pathInvitations, v.T("invitations.deleted"))
}
