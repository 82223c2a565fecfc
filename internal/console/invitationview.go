package console

import (
	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// pathViews is where the search and filters of the list are saved.
const pathViews = pathInvitations + "/views"

// someViews are the saved views, of which there are few.
func (v *visit) someViews() ([]guestlist.InvitationView, error) {
	var views []guestlist.InvitationView
	_, err := v.api.List(v.ctx(), "/invitation-views", nil, 1, maxChoices, &views)
	return views, err
}

// withViews puts the saved views over the list: each is one press away, and the
// one that is shown can be forgotten. What is shown and has no name yet can be
// saved.
func (v *visit) withViews(t *ui.Table, m matching) error {
	views, err := v.someViews()
	if err != nil {
		return err
	}
	var current *guestlist.InvitationView
	for n, view := range views {
		is := current == nil && view.Filter == m.InvitationViewFilter
		if is {
			current = &views[n]
		}
		t.Views = append(t.Views, ui.Tab{Text: view.Name, Href: matching{InvitationViewFilter: view.Filter}.at(pathInvitations), Current: is})
	}
	if len(views) > 0 {
		t.Views = append([]ui.Tab{{Text: v.T("invitations.views.all"), Href: pathInvitations, Current: current == nil && m.isAll()}}, t.Views...)
	}
	switch {
	case !v.invites():
	case current != nil:
		t.Matching.Beside = append(t.Matching.Beside, ui.Action{
			Text: v.T("invitations.views.delete"), Href: pathViews + "/delete", Post: true, Hidden: []ui.Hidden{{Name: "view", Value: string(current.ID)}},
		})
	case !m.isAll():
		t.Matching.Beside = append(t.Matching.Beside, ui.Action{Text: v.T("invitations.views.save"), Href: m.at(pathViews)})
	}
	return nil
}

func (v *visit) viewForm(m matching) *ui.Form {
	return &ui.Form{
		Action: pathViews, Hidden: m.pairs(), Submit: v.T("invitations.views.save"), Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: m.at(pathInvitations)},
		Sections: []ui.FormSection{{Fields: []ui.Field{{
			Name: "name", Label: v.T("invitations.views.name"), Help: v.T("invitations.views.name_help"), Max: guestlist.MaxInvitationViewName, Focus: true,
		}}}},
	}
}

func (v *visit) viewPage(m matching, form *ui.Form) *ui.Page {
	return &ui.Page{
		Name: "save-invitation-view", Header: ui.Header{Title: v.T("invitations.views.save"), Crumbs: v.invitationCrumbs()},
		Body: []ui.Block{ui.Section{Title: v.T("invitations.match.title"), Body: []ui.Block{ui.Facts{Rows: v.matchingFacts(m)}}}, form},
	}
}

func getSaveView(v *visit) error {
	m := matchingOf(v.query)
	return v.show(v.viewPage(m, v.viewForm(m)))
}

// postSaveView saves a view for everybody. One press takes it back.
func postSaveView(v *visit) error {
	m := matchingOf(v.form)
	var saved guestlist.InvitationView
	err := v.api.Do(v.ctx(), "POST", "/invitation-views", map[string]any{"name": v.form.Get("name"), "filter": m.InvitationViewFilter}, &saved)
	if err != nil {
		form := v.viewForm(m)
		if _, ok := refusalOf(err, codeTaken); ok {
			form.Mark("name", v.T("invitations.views.taken"))
			err = errMarked
		}
		return v.again(v.viewPage(m, form), form, err, "invitation.invalid_text", "name")
	}
	return v.doneWith(m.at(pathInvitations), ui.Flash{Text: v.T("invitations.views.saved", "name", saved.Name), Undo: &ui.Action{
		Text: v.T("ui.undo"), Href: pathViews + "/delete", Post: true, Hidden: []ui.Hidden{{Name: "view", Value: string(saved.ID)}},
	}})
}

// postDeleteView forgets a view. One press brings it back.
func postDeleteView(v *visit) error {
	views, err := v.someViews()
	if err != nil {
		return err
	}
	id := v.form.Get("view")
	if err := v.api.Do(v.ctx(), "DELETE", "/invitation-views/"+client.Segment(id), nil, nil); err != nil {
		return v.refused(pathInvitations, err)
	}
	f := ui.Flash{Text: v.T("invitations.views.deleted")}
	for _, view := range views {
		if string(view.ID) == id {
			f.Undo = &ui.Action{
				Text: v.T("ui.undo"), Href: pathViews, Post: true,
				Hidden: append(matching{InvitationViewFilter: view.Filter}.pairs(), ui.Hidden{Name: "name", Value: view.Name}),
			}
		}
	}
	return v.doneWith(pathInvitations, f)
}
