package console

import (
	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

const pathRoles = Path + "/roles"

func roleRoutes() []route {
	return []route{
		get(pathRoles, getRoles),
		get(pathRoles+"/new", getNewRole),
		post(pathRoles+"/new", postNewRole),
		get(pathRoles+"/{id}", getRole),
		post(pathRoles+"/{id}", postRole),
		get(pathRoles+"/{id}/delete", getDeleteRole),
		post(pathRoles+"/{id}/delete", postDeleteRole),
		get(pathRoles+"/{id}/permissions", getRolePermissions),
		get(pathRoles+"/{id}/permissions/add", getAddRolePermissions),
		post(pathRoles+"/{id}/permissions/add", postAddRolePermissions),
		post(pathRoles+"/{id}/permissions/remove", postRemoveRolePermission),
		get(pathRoles+"/{id}/members", getRoleMembers),
		get(pathRoles+"/{id}/members/add", getAddRoleMembers),
		post(pathRoles+"/{id}/members/add", postAddRoleMembers),
		post(pathRoles+"/{id}/members/remove", postRemoveRoleMembers),
	}
}

func getRoles(v *visit) error {
	q := searching(v.query.Get("q"))
	kind := v.query.Get("type")
	if kind != "" {
		q.Set("type", kind)
	}
	var roles []struct {
		guestlist.Role
		UsersCount        int `json:"usersCount"`
		ApplicationsCount int `json:"applicationsCount"`
	}
	paging, err := v.list("/roles", q, &roles)
	if err != nil {
		return err
	}
	create := ui.Action{Text: v.T("roles.new"), Href: pathRoles + "/new", Primary: true, Icon: "plus"}
	t := ui.Table{
		Caption: v.T("roles.title"), Paging: paging,
		Search: &ui.Search{Action: pathRoles, Value: v.query.Get("q"), Label: v.T("roles.search")},
		Filters: []ui.Filter{{Name: "type", Label: v.T("roles.type"), Value: kind, Options: []ui.Option{
			{Text: v.T("roles.type_any")},
			{Value: string(guestlist.RoleUser), Text: v.T("roles.type_user")},
			{Value: string(guestlist.RoleMachine), Text: v.T("roles.type_machine")},
		}}},
		Columns: []ui.Column{
			{Text: v.T("roles.name")}, {Text: v.T("roles.description"), Minor: true}, {Text: v.T("roles.type")},
			{Text: v.T("roles.members"), Number: true},
		},
		Empty: &ui.Empty{Icon: "role", Title: v.T("roles.empty"), Text: v.T("roles.empty_text"), Actions: []ui.Action{create}},
	}
	for _, r := range roles {
		cell := ui.Cell{Text: v.roleType(r.Type)}
		if r.IsDefault {
			cell.Sub = v.T("roles.default_pill")
		}
		t.Rows = append(t.Rows, ui.Row{ID: string(r.ID), Href: rolePath(r.ID), Cells: []ui.Cell{
			ui.Text(r.Name), {Text: r.Description, Quiet: true}, cell, ui.Text(v.count(r.UsersCount + r.ApplicationsCount)),
		}})
	}
	return v.show(&ui.Page{
		Name: "roles", Body: []ui.Block{t},
		Header: ui.Header{Title: v.T("roles.title"), Lead: v.T("roles.lead"), Actions: []ui.Action{create}},
	})
}

func (v *visit) roleType(t guestlist.RoleType) string {
	if t == guestlist.RoleMachine {
		return v.T("roles.type_machine")
	}
	return v.T("roles.type_user")
}

func rolePath(id guestlist.RoleID) string { return pathRoles + "/" + client.Segment(id) }

func (v *visit) newRoleForm() *ui.Form {
	return &ui.Form{
		Action: pathRoles + "/new", Submit: v.T("roles.new"), Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: pathRoles},
		Sections: []ui.FormSection{{Fields: []ui.Field{
			{Name: "name", Label: v.T("roles.name"), Help: v.T("roles.name_help"), Max: 128, Focus: true},
			{Name: "description", Label: v.T("roles.description"), Help: v.T("roles.description_help"), Max: 128},
			{Kind: ui.KindRadio, Name: "type", Label: v.T("roles.type"), Value: string(guestlist.RoleUser), Options: []ui.Option{
				{Value: string(guestlist.RoleUser), Text: v.T("roles.type_user"), Help: v.T("roles.type_user_help")},
				{Value: string(guestlist.RoleMachine), Text: v.T("roles.type_machine"), Help: v.T("roles.type_machine_help")},
			}},
		}}},
	}
}

func (v *visit) newRolePage(form *ui.Form) *ui.Page {
	return &ui.Page{
		Name: "new-role", Body: []ui.Block{form},
		Header: ui.Header{Title: v.T("roles.new"), Crumbs: []ui.Link{{Text: v.T("roles.title"), Href: pathRoles}}},
	}
}

func getNewRole(v *visit) error { return v.show(v.newRolePage(v.newRoleForm())) }

func postNewRole(v *visit) error {
	var created guestlist.Role
	err := v.api.Do(v.ctx(), "POST", "/roles", map[string]any{
		"name": v.form.Get("name"), "description": v.form.Get("description"), "type": v.form.Get("type"),
	}, &created)
	if err != nil {
		form := v.newRoleForm()
		return v.again(v.newRolePage(form), form, err, "role.name_in_use", "name")
	}
	return v.done(rolePath(created.ID)+"/permissions", v.T("roles.created", "name", created.Name))
}

// role reads the role of the path, with its tag.
func (v *visit) role() (guestlist.Role, string, error) {
	var r guestlist.Role
	tag, err := v.api.Get(v.ctx(), "/roles/"+client.Segment(v.id("id")), &r)
	return r, tag, err
}

// rolePage is one of the pages of a role: its settings, permissions, members.
func (v *visit) rolePage(r guestlist.Role, tab string, body ...ui.Block) *ui.Page {
	h := ui.Header{
		Title: r.Name, ID: string(r.ID), Crumbs: []ui.Link{{Text: v.T("roles.title"), Href: pathRoles}},
		Actions: []ui.Action{{Text: v.T("roles.delete"), Href: rolePath(r.ID) + "/delete", Danger: true}},
	}
	if r.IsDefault {
		h.Pill = &ui.Pill{Text: v.T("roles.default_pill"), Tone: ui.Info}
	}
	for _, t := range []string{"settings", "permissions", "members"} {
		href := rolePath(r.ID)
		if t != "settings" {
			href += "/" + t
		}
		h.Tabs = append(h.Tabs, ui.Tab{Text: v.T("roles." + t), Href: href, Current: t == tab})
	}
	return &ui.Page{Name: "role-" + tab, Header: h, Body: body}
}

func (v *visit) roleForm(r guestlist.Role, tag string) *ui.Form {
	fields := []ui.Field{
		{Name: "name", Label: v.T("roles.name"), Help: v.T("roles.name_help"), Value: r.Name, Max: 128},
		{Name: "description", Label: v.T("roles.description"), Help: v.T("roles.description_help"), Value: r.Description, Max: 128},
	}
	if r.Type == guestlist.RoleUser {
		fields = append(fields, ui.Field{
			Kind: ui.KindSwitch, Name: "isDefault", Label: v.T("roles.default"), Help: v.T("roles.default_help"), On: r.IsDefault,
		})
	}
	return &ui.Form{Action: rolePath(r.ID), Submit: v.T("shell.save"), Tag: tag, Sections: []ui.FormSection{{Fields: fields}}}
}

func getRole(v *visit) error {
	r, tag, err := v.role()
	if err != nil {
		return err
	}
	body, err := v.withQuota(r, v.roleForm(r, tag))
	if err != nil {
		return err
	}
	return v.show(v.rolePage(r, "settings", body...))
}

func postRole(v *visit) error {
	r, tag, err := v.role()
	if err != nil {
		return err
	}
	change := map[string]any{"name": v.form.Get("name"), "description": v.form.Get("description")}
	if r.Type == guestlist.RoleUser {
		change["isDefault"] = v.form.Get("isDefault") == ui.Yes
	}
	_, err = v.api.Send(v.ctx(), client.Call{
		Method: "PATCH", Path: "/roles/" + client.Segment(r.ID), In: change, Tag: v.form.Get(ui.FieldTag),
	})
	if err != nil {
		form := v.roleForm(r, tag)
		return v.again(v.rolePage(r, "settings", form), form, err, "role.name_in_use", "name")
	}
	return v.done(rolePath(r.ID), v.T("shell.saved"))
}

func getDeleteRole(v *visit) error {
	r, _, err := v.role()
	if err != nil {
		return err
	}
	return v.show(&ui.Page{
		Name: "delete-role",
		Header: ui.Header{
			Title:  v.T("roles.delete_title", "name", r.Name),
			Crumbs: []ui.Link{{Text: v.T("roles.title"), Href: pathRoles}, {Text: r.Name, Href: rolePath(r.ID)}},
		},
		Body: []ui.Block{ui.Confirm{
			Text: v.T("roles.delete_text"), Action: rolePath(r.ID) + "/delete", Submit: v.T("roles.delete"),
			Cancel: ui.Link{Text: v.T("shell.cancel"), Href: rolePath(r.ID)},
		}},
	})
}

func postDeleteRole(v *visit) error {
	r, _, err := v.role()
	if err != nil {
		return err
	}
	if err := v.api.Do(v.ctx(), "DELETE", "/roles/"+client.Segment(r.ID), nil, nil); err != nil {
		return err
	}
	return v.done(pathRoles, v.T("roles.deleted", "name", r.Name))
}
