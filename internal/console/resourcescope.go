package console

import (
	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

func scopesPath(r guestlist.Resource) string { return resourcePath(r.ID) + "/permissions" }

func getResourceScopes(v *visit) error {
	r, _, err := v.resource()
	if err != nil {
		return err
	}
	var scopes []guestlist.Scope
	paging, err := v.list(resourceAPI(r.ID)+"/scopes", searching(v.query.Get("q")), &scopes)
	if err != nil {
		return err
	}
	fixed := r.Indicator == guestlist.ManagementAPI
	create := ui.Action{Text: v.T("resources.scope.new"), Href: scopesPath(r) + "/new", Icon: "plus"}
	t := ui.Table{
		Caption: v.T("resources.permissions"), Paging: paging,
		Search:  &ui.Search{Action: scopesPath(r), Value: v.query.Get("q"), Label: v.T("resources.scope.search")},
		Columns: []ui.Column{{Text: v.T("resources.scope.name")}, {Text: v.T("resources.scope.description")}},
		Empty:   &ui.Empty{Icon: "resource", Title: v.T("resources.scope.empty"), Text: v.T("resources.scope.empty_text"), Actions: []ui.Action{create}},
	}
	for _, s := range scopes {
		about := ui.Maybe(s.Description)
		about.Quiet = true
		row := ui.Row{Cells: []ui.Cell{{Text: s.Name, Code: true}, about}}
		if !fixed {
			row.Href = scopesPath(r) + "/" + client.Segment(s.ID)
			row.Actions = []ui.Action{{Text: v.T("shell.delete"), Href: row.Href + "/delete", Danger: true}}
		}
		t.Rows = append(t.Rows, row)
	}
	page := v.resourcePage(r, "permissions", t)
	if len(scopes) > 0 && !fixed {
		page.Header.Actions = []ui.Action{create}
	}
	return v.show(page)
}

func (v *visit) scopeForm(action string, r guestlist.Resource, s guestlist.Scope, submit string) *ui.Form {
	return &ui.Form{
		Action: action, Submit: submit, Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: scopesPath(r)},
		Sections: []ui.FormSection{{Fields: []ui.Field{
			{Name: "name", Label: v.T("resources.scope.name"), Help: v.T("resources.scope.name_help"), Value: s.Name, Code: true, Max: 256, Focus: s.ID == "", Placeholder: "read:orders"},
			{Name: "description", Label: v.T("resources.scope.description"), Help: v.T("resources.scope.description_help"), Value: deref(s.Description), Optional: true, Max: 2048},
		}}},
	}
}

func (v *visit) scopePage(r guestlist.Resource, name, title string, body ui.Block) *ui.Page {
	return &ui.Page{Name: name, Body: []ui.Block{body}, Header: ui.Header{Title: title, Crumbs: []ui.Link{
		{Text: v.T("resources.title"), Href: pathResources}, {Text: r.Name, Href: resourcePath(r.ID)},
		{Text: v.T("resources.permissions"), Href: scopesPath(r)},
	}}}
}

func (v *visit) newScopePage(r guestlist.Resource) (*ui.Page, *ui.Form) {
	form := v.scopeForm(scopesPath(r)+"/new", r, guestlist.Scope{}, v.T("resources.scope.new"))
	return v.scopePage(r, "new-permission", v.T("resources.scope.new"), form), form
}

func getNewResourceScope(v *visit) error {
	r, _, err := v.resource()
	if err != nil {
		return err
	}
	page, _ := v.newScopePage(r)
	return v.show(page)
}

// The codes by which a name of a permission is refused.
const (
	codeScopeExists = "scope.name_exists"
	codeScopeSpace  = "scope.name_with_space"
)

func postNewResourceScope(v *visit) error {
	r, _, err := v.resource()
	if err != nil {
		return err
	}
	in := map[string]any{"name": v.form.Get("name"), "description": orNull(v.form.Get("description"))}
	if err := v.api.Do(v.ctx(), "POST", resourceAPI(r.ID)+"/scopes", in, nil); err != nil {
		page, form := v.newScopePage(r)
		return v.again(page, form, err, codeScopeExists, "name", codeScopeSpace, "name")
	}
	return v.done(scopesPath(r), v.T("resources.scope.created", "name", v.form.Get("name")))
}

// resourceScope reads the permission of the path.
func (v *visit) resourceScope() (guestlist.Resource, guestlist.Scope, error) {
	var s guestlist.Scope
	r, _, err := v.resource()
	if err != nil {
		return r, s, err
	}
	var found []guestlist.Scope
	q := query("search.id", v.id("scope"), "mode.id", "exact")
	if _, err := v.api.List(v.ctx(), resourceAPI(r.ID)+"/scopes", q, 1, 1, &found); err != nil {
		return r, s, err
	}
	if len(found) == 0 || string(found[0].ID) != v.id("scope") {
		return r, s, errNoApplication
	}
	return r, found[0], nil
}

func scopeAPI(r guestlist.Resource, s guestlist.Scope) string {
	return resourceAPI(r.ID) + "/scopes/" + client.Segment(s.ID)
}

func (v *visit) editScopePage(r guestlist.Resource, s guestlist.Scope) (*ui.Page, *ui.Form) {
	form := v.scopeForm(scopesPath(r)+"/"+client.Segment(s.ID), r, s, v.T("shell.save"))
	return v.scopePage(r, "permission", s.Name, form), form
}

func getResourceScope(v *visit) error {
	r, s, err := v.resourceScope()
	if err != nil {
		return err
	}
	page, _ := v.editScopePage(r, s)
	return v.show(page)
}

func postResourceScope(v *visit) error {
	r, s, err := v.resourceScope()
	if err != nil {
		return err
	}
	in := map[string]any{"name": v.form.Get("name"), "description": orNull(v.form.Get("description"))}
	if err := v.api.Do(v.ctx(), "PATCH", scopeAPI(r, s), in, nil); err != nil {
		page, form := v.editScopePage(r, s)
		return v.again(page, form, err, codeScopeExists, "name", codeScopeSpace, "name")
	}
	return v.done(scopesPath(r), v.T("shell.saved"))
}

func getDeleteResourceScope(v *visit) error {
	r, s, err := v.resourceScope()
	if err != nil {
		return err
	}
	return v.show(v.scopePage(r, "delete-permission", v.T("resources.scope.delete_title", "name", s.Name), ui.Confirm{
		Text: v.T("resources.scope.delete_text"), Action: scopesPath(r) + "/" + client.Segment(s.ID) + "/delete",
		Submit: v.T("shell.delete"), Cancel: ui.Link{Text: v.T("shell.cancel"), Href: scopesPath(r)},
	}))
}

func postDeleteResourceScope(v *visit) error {
	r, s, err := v.resourceScope()
	if err != nil {
		return err
	}
	if err := v.api.Do(v.ctx(), "DELETE", scopeAPI(r, s), nil, nil); err != nil {
		return err
	}
	return v.done(scopesPath(r), v.T("resources.scope.deleted", "name", s.Name))
}
