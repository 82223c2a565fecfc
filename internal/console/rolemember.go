package console

import (
	"net/url"
	"slices"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// maxChoices is how many resources are looked through for permissions.
const maxChoices = 100

type rolePermission struct {
	guestlist.Scope
	Resource guestlist.Resource `json:"resource"`
}

func getRolePermissions(v *visit) error {
	r, _, err := v.role()
	if err != nil {
		return err
	}
	var scopes []rolePermission
	paging, err := v.list("/roles/"+client.Segment(r.ID)+"/scopes", nil, &scopes)
	if err != nil {
		return err
	}
	add := ui.Action{Text: v.T("roles.add_permission"), Href: rolePath(r.ID) + "/permissions/add", Icon: "plus"}
	t := ui.Table{
		Caption: v.T("roles.permissions"), Paging: paging,
		Columns: []ui.Column{{Text: v.T("roles.permission")}, {Text: v.T("roles.description"), Minor: true}, {Text: v.T("roles.resource")}},
		Empty:   &ui.Empty{Icon: "resource", Title: v.T("roles.no_permissions"), Text: v.T("roles.no_permissions_text"), Actions: []ui.Action{add}},
	}
	for _, s := range scopes {
		about := ui.Maybe(s.Description)
		about.Quiet = true
		t.Rows = append(t.Rows, ui.Row{
			Cells: []ui.Cell{{Text: s.Name, Code: true}, about, ui.Text(s.Resource.Name)},
			Actions: []ui.Action{{
				Text: v.T("shell.remove"), Href: rolePath(r.ID) + "/permissions/remove", Post: true, Name: "id", Value: string(s.ID),
			}},
		})
	}
	page := v.rolePage(r, "permissions", t)
	if len(scopes) > 0 {
		page.Header.Actions = append([]ui.Action{add}, page.Header.Actions...)
	}
	return v.show(page)
}

// permissionChoices are the permissions that a role does not have yet. Those of
// the management API are for machines alone.
func (v *visit) permissionChoices(r guestlist.Role) ([]rolePermission, error) {
	var resources []struct {
		guestlist.Resource
		Scopes []guestlist.Scope `json:"scopes"`
	}
	if _, err := v.api.List(v.ctx(), "/resources", query("includeScopes", "true"), 1, maxChoices, &resources); err != nil {
		return nil, err
	}
	var has []rolePermission
	if err := v.api.Do(v.ctx(), "GET", "/roles/"+client.Segment(r.ID)+"/scopes", nil, &has); err != nil {
		return nil, err
	}
	var out []rolePermission
	for _, res := range resources {
		if res.Indicator == guestlist.ManagementAPI && r.Type == guestlist.RoleUser {
			continue
		}
		for _, s := range res.Scopes {
			if !slices.ContainsFunc(has, func(p rolePermission) bool { return p.ID == s.ID }) {
				out = append(out, rolePermission{s, res.Resource})
			}
		}
	}
	return out, nil
}

// choosing is a page on which rows are chosen to be added to a role.
func (v *visit) choosing(r guestlist.Role, title, back string, t ui.Table) error {
	t.Bulk = []ui.Action{{Text: v.T("roles.add_chosen"), Href: v.r.URL.EscapedPath()}}
	return v.show(&ui.Page{
		Name: "role-add",
		Header: ui.Header{Title: title, Crumbs: []ui.Link{
			{Text: v.T("roles.title"), Href: pathRoles}, {Text: r.Name, Href: rolePath(r.ID)}, {Text: v.T("roles." + back), Href: rolePath(r.ID) + "/" + back},
		}},
		Body: []ui.Block{t},
	})
}

func getAddRolePermissions(v *visit) error {
	r, _, err := v.role()
	if err != nil {
		return err
	}
	choices, err := v.permissionChoices(r)
	if err != nil {
		return err
	}
	t := ui.Table{
		Caption: v.T("roles.add_permission"),
		Columns: []ui.Column{{Text: v.T("roles.permission")}, {Text: v.T("roles.description"), Minor: true}, {Text: v.T("roles.resource")}},
		Empty:   &ui.Empty{Icon: "resource", Title: v.T("roles.no_permissions"), Text: v.T("roles.no_resources_text")},
	}
	if v.has(Path + "/resources") {
		t.Empty.Actions = []ui.Action{{Text: v.T("shell.nav.resources"), Href: Path + "/resources"}}
	}
	for _, s := range choices {
		about := ui.Maybe(s.Description)
		about.Quiet = true
		t.Rows = append(t.Rows, ui.Row{ID: string(s.ID), Cells: []ui.Cell{{Text: s.Name, Code: true}, about, ui.Text(s.Resource.Name)}})
	}
	return v.choosing(r, v.T("roles.add_permission"), "permissions", t)
}

func postAddRolePermissions(v *visit) error {
	path := pathRoles + "/" + client.Segment(v.id("id")) + "/permissions"
	ids := v.form["id"]
	if len(ids) == 0 {
		return v.doneWith(path+"/add", ui.Flash{Text: v.T("roles.choose_first"), Tone: ui.Warn})
	}
	if err := v.api.Do(v.ctx(), "POST", "/roles/"+client.Segment(v.id("id"))+"/scopes", map[string]any{"scopeIds": ids}, nil); err != nil {
		return err
	}
	return v.done(path, v.T("roles.permissions_added"))
}

// postRemoveRolePermission takes a permission out. One press brings it back.
func postRemoveRolePermission(v *visit) error {
	path := pathRoles + "/" + client.Segment(v.id("id")) + "/permissions"
	id := v.form.Get("id")
	if err := v.api.Do(v.ctx(), "DELETE", "/roles/"+client.Segment(v.id("id"))+"/scopes/"+client.Segment(id), nil, nil); err != nil {
		return err
	}
	return v.doneWith(path, ui.Flash{Text: v.T("roles.permission_removed"), Undo: &ui.Action{
		Text: v.T("ui.undo"), Href: path + "/add", Post: true, Name: "id", Value: id,
	}})
}

// memberKind says who can have a role, in the words of the API.
func memberKind(r guestlist.Role) (list, ids string) {
	if r.Type == guestlist.RoleMachine {
		return "applications", "applicationIds"
	}
	return "users", "userIds"
}

// memberTable lists users or machines, whichever the role is for.
func (v *visit) memberTable(r guestlist.Role, path string, exclude bool) (ui.Table, error) {
	var err error
	q := v.seekingMembers(r)
	if exclude {
		q.Set("excludeRoleId", string(r.ID))
	}
	t := ui.Table{
		Caption: v.T("roles.members"),
		Search:  &ui.Search{Action: v.r.URL.EscapedPath(), Value: v.query.Get("q"), Label: v.T("roles.search_members")},
	}
	if r.Type == guestlist.RoleMachine {
		var apps []guestlist.Application
		t.Paging, err = v.list(path, withTypes(q, exclude), &apps)
		t.Columns = []ui.Column{{Text: v.T("roles.name")}, {Text: v.T("roles.description"), Minor: true}}
		for _, a := range apps {
			t.Rows = append(t.Rows, ui.Row{ID: string(a.ID), Href: v.link(Path+"/applications", string(a.ID)), Cells: []ui.Cell{ui.Text(a.Name), ui.Maybe(a.Description)}})
		}
		return t, err
	}
	var users []guestlist.User
	t.Paging, err = v.list(path, q, &users)
	t.Columns = []ui.Column{{Text: v.T("roles.name")}, {Text: v.T("roles.email"), Minor: true}, {Text: v.T("roles.last_sign_in")}}
	for _, u := range users {
		seen := ui.Cell{}
		if u.LastSignInAt != nil {
			seen = ui.At(*u.LastSignInAt)
		}
		t.Rows = append(t.Rows, ui.Row{ID: string(u.ID), Href: v.link(Path+"/users", string(u.ID)), Cells: []ui.Cell{ui.Text(userName(u)), ui.Maybe(u.PrimaryEmail), seen}})
	}
	return t, err
}

// seekingMembers is the query that finds who could have a role.
func (v *visit) seekingMembers(r guestlist.Role) url.Values {
	if r.Type == guestlist.RoleMachine {
		return searching(v.query.Get("q"))
	}
	return seekingUsers(v.query.Get("q"))
}

// link leads to a thing, if its pages are there.
func (v *visit) link(place, id string) string {
	if !v.has(place) {
		return ""
	}
	return place + "/" + client.Segment(id)
}

func withTypes(q map[string][]string, all bool) map[string][]string {
	if all {
		q["types"] = []string{string(guestlist.ApplicationMachine)}
	}
	return q
}

func getRoleMembers(v *visit) error {
	r, _, err := v.role()
	if err != nil {
		return err
	}
	kind, _ := memberKind(r)
	t, err := v.memberTable(r, "/roles/"+client.Segment(r.ID)+"/"+kind, false)
	if err != nil {
		return err
	}
	add := ui.Action{Text: v.T("roles.add_member"), Href: rolePath(r.ID) + "/members/add", Icon: "plus"}
	t.Empty = &ui.Empty{Icon: "users", Title: v.T("roles.no_members"), Text: v.T("roles.no_members_text"), Actions: []ui.Action{add}}
	t.Bulk = []ui.Action{{Text: v.T("roles.remove_chosen"), Href: rolePath(r.ID) + "/members/remove"}}
	page := v.rolePage(r, "members", t)
	if len(t.Rows) > 0 {
		page.Header.Actions = append([]ui.Action{add}, page.Header.Actions...)
	}
	return v.show(page)
}

func getAddRoleMembers(v *visit) error {
	r, _, err := v.role()
	if err != nil {
		return err
	}
	kind, _ := memberKind(r)
	t, err := v.memberTable(r, "/"+kind, true)
	if err != nil {
		return err
	}
	t.Empty = &ui.Empty{Icon: "users", Title: v.T("roles.nobody_left")}
	return v.choosing(r, v.T("roles.add_member_title", "name", r.Name), "members", t)
}

func postAddRoleMembers(v *visit) error {
	r, _, err := v.role()
	if err != nil {
		return err
	}
	path, ids := rolePath(r.ID)+"/members", v.form["id"]
	if len(ids) == 0 {
		return v.doneWith(path+"/add", ui.Flash{Text: v.T("roles.choose_first"), Tone: ui.Warn})
	}
	kind, name := memberKind(r)
	if err := v.api.Do(v.ctx(), "POST", "/roles/"+client.Segment(r.ID)+"/"+kind, map[string]any{name: ids}, nil); err != nil {
		return err
	}
	return v.done(path, v.T("roles.members_added", "n", v.count(len(ids))))
}

// postRemoveRoleMembers takes the role from everybody chosen. One press gives
// it back.
func postRemoveRoleMembers(v *visit) error {
	r, _, err := v.role()
	if err != nil {
		return err
	}
	path, ids := rolePath(r.ID)+"/members", v.form["id"]
	if len(ids) == 0 {
		return v.doneWith(path, ui.Flash{Text: v.T("roles.choose_first"), Tone: ui.Warn})
	}
	kind, _ := memberKind(r)
	undo := &ui.Action{Text: v.T("ui.undo"), Href: path + "/add", Post: true}
	for _, id := range ids {
		if err := v.api.Do(v.ctx(), "DELETE", "/roles/"+client.Segment(r.ID)+"/"+kind+"/"+client.Segment(id), nil, nil); err != nil {
			return err
		}
		undo.Hidden = append(undo.Hidden, ui.Hidden{Name: "id", Value: id})
	}
	return v.doneWith(path, ui.Flash{Text: v.T("roles.members_removed", "n", v.count(len(ids))), Undo: undo})
}
