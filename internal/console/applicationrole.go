package console

import (
	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// getApplicationRoles shows what a machine may do.
func getApplicationRoles(v *visit) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	var roles []guestlist.Role
	paging, err := v.list(a.path()+"/roles", nil, &roles)
	if err != nil {
		return err
	}
	path := applicationPath(a.ID) + "/roles"
	add := ui.Action{Text: v.T("applications.role.add"), Href: path + "/add", Icon: "plus"}
	t := ui.Table{
		Caption: v.T("applications.tab.roles"), Paging: paging,
		Columns: []ui.Column{{Text: v.T("applications.name")}, {Text: v.T("applications.description"), Minor: true}},
		Empty:   &ui.Empty{Icon: "role", Title: v.T("applications.role.empty"), Text: v.T("applications.role.empty_text"), Actions: []ui.Action{add}},
	}
	for _, r := range roles {
		t.Rows = append(t.Rows, ui.Row{
			Href: v.link(pathRoles, string(r.ID)), Cells: []ui.Cell{ui.Text(r.Name), {Text: r.Description, Quiet: true}},
			Actions: []ui.Action{{Text: v.T("shell.remove"), Href: path + "/remove", Post: true, Name: "id", Value: string(r.ID)}},
		})
	}
	page := v.applicationPage(a, "roles", v.managementSwitch(a), t)
	if len(roles) > 0 {
		page.Header.Actions = []ui.Action{add}
	}
	return v.show(page)
}

// managementSwitch lets a machine use the management API, or no longer.
func (v *visit) managementSwitch(a application) ui.Switch {
	s := ui.Switch{
		Title: v.T("applications.management.title"), Text: v.T("applications.management.text"),
		Action: applicationPath(a.ID) + "/roles/management", Name: "isAdmin", On: a.IsAdmin,
		State: ui.Pill{Text: v.T("shell.off")}, Press: v.T("applications.management.allow"),
	}
	if a.IsAdmin {
		s.State, s.Press = ui.Pill{Text: v.T("shell.on"), Tone: ui.Good}, v.T("applications.management.forbid")
	}
	return s
}

// postManagement turns the switch over. One press turns it back.
func postManagement(v *visit) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	on := v.form.Get("isAdmin") == ui.Yes
	if err := v.api.Do(v.ctx(), "PATCH", a.path(), map[string]any{"isAdmin": on}, nil); err != nil {
		return err
	}
	text, back := v.T("applications.management.now_off"), ui.Yes
	if on {
		text, back = v.T("applications.management.now_on"), "false"
	}
	path := applicationPath(a.ID) + "/roles"
	return v.doneWith(path, ui.Flash{Text: text, Undo: &ui.Action{
		Text: v.T("ui.undo"), Href: path + "/management", Post: true, Hidden: []ui.Hidden{{Name: "isAdmin", Value: back}},
	}})
}

func getAddApplicationRoles(v *visit) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	q := searching(v.query.Get("q"))
	q.Set("type", string(guestlist.RoleMachine))
	q.Set("excludeApplicationId", string(a.ID))
	var roles []guestlist.Role
	paging, err := v.list("/roles", q, &roles)
	if err != nil {
		return err
	}
	path := applicationPath(a.ID) + "/roles/add"
	t := ui.Table{
		Caption: v.T("applications.role.add"), Paging: paging,
		Search:  &ui.Search{Action: path, Value: v.query.Get("q"), Label: v.T("roles.search")},
		Columns: []ui.Column{{Text: v.T("applications.name")}, {Text: v.T("applications.description"), Minor: true}},
		Bulk:    []ui.Action{{Text: v.T("roles.add_chosen"), Href: path}},
		Empty: &ui.Empty{
			Icon: "role", Title: v.T("applications.role.none_left"), Text: v.T("applications.role.none_left_text"),
			Actions: []ui.Action{{Text: v.T("roles.new"), Href: pathRoles + "/new", Icon: "plus"}},
		},
	}
	for _, r := range roles {
		t.Rows = append(t.Rows, ui.Row{ID: string(r.ID), Cells: []ui.Cell{ui.Text(r.Name), {Text: r.Description, Quiet: true}}})
	}
	return v.show(v.applicationSubpage(a, "roles", "application-role-add", v.T("applications.role.add"), t))
}

func postAddApplicationRoles(v *visit) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	path, ids := applicationPath(a.ID)+"/roles", v.form["id"]
	if len(ids) == 0 {
		return v.doneWith(path+"/add", ui.Flash{Text: v.T("roles.choose_first"), Tone: ui.Warn})
	}
	if err := v.api.Do(v.ctx(), "POST", a.path()+"/roles", map[string]any{"roleIds": ids}, nil); err != nil {
		return err
	}
	return v.done(path, v.T("applications.role.added"))
}

// postRemoveApplicationRole takes a role from a machine. One press gives it
// back.
func postRemoveApplicationRole(v *visit) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	path, id := applicationPath(a.ID)+"/roles", v.form.Get("id")
	if err := v.api.Do(v.ctx(), "DELETE", a.path()+"/roles/"+client.Segment(id), nil, nil); err != nil {
		return err
	}
	return v.doneWith(path, ui.Flash{Text: v.T("applications.role.removed"), Undo: &ui.Action{
		Text: v.T("ui.undo"), Href: path + "/add", Post: true, Name: "id", Value: id,
	}})
}
