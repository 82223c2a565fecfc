package console

import (
	"errors"
	"slices"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

// moment writes a time, in UTC.
func (v *visit) moment(at guestlist.Time) string { return web.Moment(v.lang, at) }

// postUserSuspended suspends a user, or ends that. One press takes it back.
func postUserSuspended(v *visit) error {
	path := pathUsers + "/" + client.Segment(v.id("id"))
	suspend := v.form.Get("suspended") == ui.Yes
	if err := v.suspend(v.id("id"), suspend); err != nil {
		return v.refused(path, err)
	}
	text, back := v.T("users.now_active"), ui.Yes
	if suspend {
		text, back = v.T("users.now_suspended"), "false"
	}
	return v.doneWith(path, ui.Flash{Text: text, Undo: &ui.Action{
		Text: v.T("ui.undo"), Href: path + "/suspended", Post: true, Name: "suspended", Value: back,
	}})
}

func (v *visit) suspend(id string, suspended bool) error {
	return v.api.Do(v.ctx(), "PATCH", "/users/"+client.Segment(id)+"/is-suspended", map[string]any{"isSuspended": suspended}, nil)
}

// postUserDeletion plans a deletion, or takes that back.
func postUserDeletion(v *visit) error {
	path := pathUsers + "/" + client.Segment(v.id("id"))
	if v.form.Get("do") == "restore" {
		if err := v.restore(v.id("id")); err != nil {
			return v.refused(path, err)
		}
		return v.done(path, v.T("users.restored"))
	}
	u, err := v.leave(v.id("id"))
	if err != nil {
		return v.refused(path, err)
	}
	return v.doneWith(path, ui.Flash{Text: v.T("users.now_leaving", "when", v.moment(*u.DeletionDueAt)), Undo: &ui.Action{
		Text: v.T("ui.undo"), Href: path + "/deletion", Post: true, Name: "do", Value: "restore",
	}})
}

// leave plans the deletion of a user.
func (v *visit) leave(id string) (guestlist.User, error) {
	var u guestlist.User
	err := v.api.Do(v.ctx(), "PUT", "/users/"+client.Segment(id)+"/deletion", map[string]any{}, &u)
	if err == nil && u.DeletionDueAt == nil {
		u.DeletionDueAt = &u.UpdatedAt
	}
	return u, err
}

func (v *visit) restore(id string) error {
	return v.api.Do(v.ctx(), "DELETE", "/users/"+client.Segment(id)+"/deletion", nil, nil)
}

// getDeleteUser asks before a user is deleted at once.
func getDeleteUser(v *visit) error {
	u, _, err := v.user()
	if err != nil {
		return err
	}
	return v.show(&ui.Page{
		Name: "delete-user",
		Header: ui.Header{
			Title:  v.T("users.delete_title", "name", userName(u)),
			Crumbs: []ui.Link{{Text: v.T("users.title"), Href: pathUsers}, {Text: userName(u), Href: userPath(u.ID)}},
		},
		Body: []ui.Block{ui.Confirm{
			Text: v.T("users.delete_text"), Action: userPath(u.ID) + "/delete", Submit: v.T("users.delete_now"),
			Facts:  []ui.Fact{{Term: v.T("users.email"), Cell: ui.Maybe(u.PrimaryEmail)}, {Term: v.T("users.created_at"), Cell: ui.At(u.CreatedAt)}},
			Cancel: ui.Link{Text: v.T("shell.cancel"), Href: userPath(u.ID)},
		}},
	})
}

func postDeleteUser(v *visit) error {
	u, _, err := v.user()
	if err != nil {
		return err
	}
	if err := v.api.Do(v.ctx(), "DELETE", "/users/"+client.Segment(u.ID), nil, nil); err != nil {
		return v.refused(userPath(u.ID), err)
	}
	return v.done(pathUsers, v.T("users.deleted", "name", userName(u)))
}

func (v *visit) setPasswordForm(u guestlist.User) *ui.Form {
	return &ui.Form{
		Action: userPath(u.ID) + "/password", Submit: v.T("users.set_password"), Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: userPath(u.ID)},
		Sections: []ui.FormSection{{Title: v.T("users.choose_password"), Text: v.T("users.choose_password_text"), Fields: []ui.Field{
			{Kind: ui.KindSecret, Name: "password", Label: v.T("users.password"), Help: v.T("users.temporary_password_help"), Optional: true},
			{Kind: ui.KindSwitch, Name: "temporary", Label: v.T("users.must_change"), Help: v.T("users.must_change_help"), On: true},
		}}},
	}
}

func (v *visit) setPasswordPage(u guestlist.User, form *ui.Form) *ui.Page {
	p := &ui.Page{
		Name: "user-password",
		Header: ui.Header{Title: v.T("users.password_of", "name", userName(u)), Crumbs: []ui.Link{
			{Text: v.T("users.title"), Href: pathUsers}, {Text: userName(u), Href: userPath(u.ID)},
		}},
	}
	if u.PrimaryEmail != nil {
		p.Body = append(p.Body, ui.Section{Title: v.T("users.send_link"), Text: v.T("users.send_link_text", "email", *u.PrimaryEmail), Actions: []ui.Action{
			{Text: v.T("users.send_link_do"), Href: userPath(u.ID) + "/password-link", Post: true, Icon: "invitations"},
		}})
	}
	p.Body = append(p.Body, form)
	return p
}

func getUserPassword(v *visit) error {
	u, _, err := v.user()
	if err != nil {
		return err
	}
	return v.show(v.setPasswordPage(u, v.setPasswordForm(u)))
}

// postUserPassword sets a password that was typed, or one that is made up and
// shown.
func postUserPassword(v *visit) error {
	u, _, err := v.user()
	if err != nil {
		return err
	}
	typed := v.form.Get("password")
	password := typed
	if password == "" {
		password = newPassword()
	}
	err = v.api.Do(v.ctx(), "PATCH", "/users/"+client.Segment(u.ID)+"/password", map[string]any{
		"password": password, "isTemporary": v.form.Get("temporary") == ui.Yes,
	}, nil)
	if err != nil {
		form := v.setPasswordForm(u)
		return v.again(v.setPasswordPage(u, form), form, err)
	}
	if typed == "" {
		return v.show(v.passwordPage(u, password))
	}
	return v.done(userPath(u.ID), v.T("users.password_set"))
}

func postUserPasswordLink(v *visit) error {
	u, _, err := v.user()
	if err != nil {
		return err
	}
	return v.sendLink(u)
}

// bulkDeeds are what can be done with several users, and how each is undone.
var bulkDeeds = map[string]struct {
	do   func(*visit, string) error
	undo string // another of them
	said string // the phrase of what was done
}{
	"suspend":    {func(v *visit, id string) error { return v.suspend(id, true) }, "reactivate", "users.bulk.suspend"},
	"reactivate": {func(v *visit, id string) error { return v.suspend(id, false) }, "suspend", "users.bulk.reactivate"},
	"delete":     {func(v *visit, id string) error { _, err := v.leave(id); return err }, "restore", "users.bulk.delete"},
	"restore":    {func(v *visit, id string) error { return v.restore(id) }, "", "users.bulk.restore"},
	"give":       {func(v *visit, id string) error { return v.giveRole(id) }, "take", "users.bulk.give"},
	"take":       {func(v *visit, id string) error { return v.takeRole(id) }, "give", "users.bulk.take"},
}

// maxBulk is how many users one press is about: more than a page has.
const maxBulk = 100

// postUserBulk does the same with every chosen user. Where it is refused for
// some, it is done for the others, and the page says so.
func postUserBulk(v *visit) error {
	ids, do := v.form["id"], v.form.Get("do")
	if len(ids) == 0 {
		return v.doneWith(pathUsers, ui.Flash{Text: v.T("roles.choose_first"), Tone: ui.Warn})
	}
	ids = ids[:min(len(ids), maxBulk)]
	if do == "role" {
		return v.chooseRole(ids, "")
	}
	deed, ok := bulkDeeds[do]
	switch {
	case !ok:
		return errNoPage
	case (do == "give" || do == "take") && v.form.Get("role") == "":
		return v.chooseRole(ids, v.T("ui.issue.required"))
	}
	var done []string
	var refused *guestlist.Error
	for _, id := range ids {
		err := deed.do(v, id)
		var e *guestlist.Error
		switch {
		case err == nil:
			done = append(done, id)
		case errors.As(err, &e) && isRefusal(e):
			refused = e
		default:
			return err
		}
	}
	return v.bulkDone(deed.said, deed.undo, done, len(ids)-len(done), refused)
}

// bulkDone says what was done with how many, and what was not.
func (v *visit) bulkDone(said, undo string, done []string, left int, refused *guestlist.Error) error {
	f := ui.Flash{Text: v.N(said, len(done))}
	if refused != nil {
		f.Tone = ui.Warn
		if len(done) == 0 {
			f.Tone, f.Text = ui.Bad, ""
		}
		f.Text += " " + v.N("users.bulk.left", left) + " " + v.says(refused)
	}
	if undo != "" && len(done) > 0 {
		f.Undo = &ui.Action{Text: v.T("ui.undo"), Href: pathUsers + "/bulk", Post: true, Name: "do", Value: undo}
		if role := v.form.Get("role"); role != "" {
			f.Undo.Hidden = append(f.Undo.Hidden, ui.Hidden{Name: "role", Value: role})
		}
		for _, id := range done {
			f.Undo.Hidden = append(f.Undo.Hidden, ui.Hidden{Name: "id", Value: id})
		}
	}
	return v.doneWith(pathUsers, f)
}

// chooseRole asks which role several users get.
func (v *visit) chooseRole(ids []string, wrong string) error {
	roles, err := v.roleChoices()
	if err != nil {
		return err
	}
	p := &ui.Page{Name: "users-role", Header: ui.Header{
		Title: v.N("users.give_role_to", len(ids)), Crumbs: []ui.Link{{Text: v.T("users.title"), Href: pathUsers}},
	}}
	if len(roles) == 0 {
		p.Body = []ui.Block{v.noRolesYet()}
		return v.show(p)
	}
	form := &ui.Form{
		Action: pathUsers + "/bulk", Submit: v.T("users.give_role"), Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: pathUsers},
		Hidden: []ui.Hidden{{Name: "do", Value: "give"}},
		Sections: []ui.FormSection{{Fields: []ui.Field{{
			Kind: ui.KindRadio, Name: "role", Label: v.T("users.role"), Options: roles, Value: roles[0].Value, Error: wrong,
		}}}},
	}
	for _, id := range ids {
		form.Hidden = append(form.Hidden, ui.Hidden{Name: "id", Value: id})
	}
	p.Body = []ui.Block{form}
	return v.show(p)
}

// noRolesYet teaches where roles come from.
func (v *visit) noRolesYet() ui.Block {
	e := ui.Empty{Icon: "role", Title: v.T("roles.empty"), Text: v.T("roles.empty_text")}
	if v.has(pathRoles + "/new") {
		e.Actions = []ui.Action{{Text: v.T("roles.new"), Href: pathRoles + "/new", Icon: "plus"}}
	}
	return e
}

// giveRole gives a user the role of the form.
func (v *visit) giveRole(id string) error {
	return v.api.Do(v.ctx(), "POST", "/users/"+client.Segment(id)+"/roles", map[string]any{"roleIds": []string{v.form.Get("role")}}, nil)
}

func (v *visit) takeRole(id string) error {
	return v.api.Do(v.ctx(), "DELETE", "/users/"+client.Segment(id)+"/roles/"+client.Segment(v.form.Get("role")), nil, nil)
}

func getUserRoles(v *visit) error {
	u, _, err := v.user()
	if err != nil {
		return err
	}
	var roles []guestlist.Role
	paging, err := v.list("/users/"+client.Segment(u.ID)+"/roles", nil, &roles)
	if err != nil {
		return err
	}
	var admin struct{ Role string }
	if err := v.api.Do(v.ctx(), "GET", "/users/"+client.Segment(u.ID)+"/administrator", nil, &admin); err != nil {
		return err
	}
	add := ui.Action{Text: v.T("users.give_role"), Href: userPath(u.ID) + "/roles/add", Icon: "plus"}
	t := ui.Table{
		Caption: v.T("users.tab.roles"), Paging: paging,
		Columns: []ui.Column{{Text: v.T("roles.name")}, {Text: v.T("roles.description"), Minor: true}},
		Empty:   &ui.Empty{Icon: "role", Title: v.T("users.no_roles"), Text: v.T("users.no_roles_text"), Actions: []ui.Action{add}},
	}
	for _, r := range roles {
		t.Rows = append(t.Rows, ui.Row{
			Href: v.link(pathRoles, string(r.ID)), Cells: []ui.Cell{ui.Text(r.Name), {Text: r.Description, Quiet: true}},
			Actions: []ui.Action{{Text: v.T("shell.remove"), Href: userPath(u.ID) + "/roles/remove", Post: true, Name: "role", Value: string(r.ID)}},
		})
	}
	page := v.userPage(u, "roles", t, v.administratorRoles(u, admin.Role))
	if len(roles) > 0 {
		page.Header.Actions = append([]ui.Action{add}, page.Header.Actions...)
	}
	return v.show(page)
}

// administratorRoles lets a user into the console, to do as much as their role
// there lets them.
func (v *visit) administratorRoles(u guestlist.User, role string) ui.Block {
	s := ui.Section{
		ID: "administrator", Title: v.T("users.admin"), Text: v.T("users.admin_off"),
		Body: []ui.Block{ui.Facts{Rows: []ui.Fact{{Term: v.T("users.admin_role"), Cell: ui.State(v.T("users.admin_is."+adminNone), ui.Neutral)}}}},
	}
	for _, r := range adminRoles {
		if r == role {
			s.Text = v.T("users.admin_may." + r)
			s.Body = []ui.Block{ui.Facts{Rows: []ui.Fact{{Term: v.T("users.admin_role"), Cell: ui.State(v.T("users.admin_is."+r), ui.Info)}}}}
		}
	}
	if !v.owns() {
		return s
	}
	for _, r := range append(slices.Clone(adminRoles), adminNone) {
		if r != role {
			s.Actions = append(s.Actions, ui.Action{
				Text: v.T("users.admin_do." + r), Href: userPath(u.ID) + "/administrator", Post: true, Name: "role", Value: r, Danger: r == adminNone,
			})
		}
	}
	return s
}

// adminRoles are what administrators can be, in the words of the API, and
// adminNone is who is none.
var adminRoles = []string{"owner", "inviter", "viewer"}

const adminNone = "none"

// postAdministrator makes a user an owner, an inviter or a viewer, or ends that.
// One press takes it back.
func postAdministrator(v *visit) error {
	path, api := pathUsers+"/"+client.Segment(v.id("id")), "/users/"+client.Segment(v.id("id"))+"/administrator"
	var before struct{ Role string }
	if err := v.api.Do(v.ctx(), "GET", api, nil, &before); err != nil {
		return err
	}
	role := v.form.Get("role")
	if !slices.Contains(adminRoles, role) && role != adminNone {
		return v.doneWith(path+"/roles", ui.Flash{Text: v.T("ui.issue.other"), Tone: ui.Bad})
	}
	if err := v.api.Do(v.ctx(), "PUT", api, map[string]any{"role": role}, nil); err != nil {
		return v.refused(path+"/roles", err)
	}
	return v.doneWith(path+"/roles", ui.Flash{Text: v.T("users.admin_now." + role), Undo: &ui.Action{
		Text: v.T("ui.undo"), Href: path + "/administrator", Post: true, Name: "role", Value: before.Role,
	}})
}

func getAddUserRoles(v *visit) error {
	u, _, err := v.user()
	if err != nil {
		return err
	}
	var has, roles []guestlist.Role
	if _, err := v.api.List(v.ctx(), "/users/"+client.Segment(u.ID)+"/roles", nil, 1, maxChoices, &has); err != nil {
		return err
	}
	q := searching(v.query.Get("q"))
	q.Set("type", string(guestlist.RoleUser))
	paging, err := v.list("/roles", q, &roles)
	if err != nil {
		return err
	}
	t := ui.Table{
		Caption: v.T("users.give_role"), Paging: paging,
		Search:  &ui.Search{Action: v.r.URL.EscapedPath(), Value: v.query.Get("q"), Label: v.T("roles.search")},
		Columns: []ui.Column{{Text: v.T("roles.name")}, {Text: v.T("roles.description"), Minor: true}},
		Bulk:    []ui.Action{{Text: v.T("roles.add_chosen"), Href: userPath(u.ID) + "/roles/add"}},
	}
	for _, r := range roles {
		row := ui.Row{ID: string(r.ID), Cells: []ui.Cell{ui.Text(r.Name), {Text: r.Description, Quiet: true}}}
		if slices.ContainsFunc(has, func(h guestlist.Role) bool { return h.ID == r.ID }) {
			row.ID, row.Cells[0].Sub = "", v.T("users.has_role")
		}
		t.Rows = append(t.Rows, row)
	}
	p := &ui.Page{Name: "user-add-roles", Body: []ui.Block{t}, Header: ui.Header{Title: v.T("users.give_role"), Crumbs: []ui.Link{
		{Text: v.T("users.title"), Href: pathUsers}, {Text: userName(u), Href: userPath(u.ID)}, {Text: v.T("users.tab.roles"), Href: userPath(u.ID) + "/roles"},
	}}}
	if len(roles) == 0 && v.query.Get("q") == "" {
		p.Body = []ui.Block{v.noRolesYet()}
	}
	return v.show(p)
}

func postAddUserRoles(v *visit) error {
	path := pathUsers + "/" + client.Segment(v.id("id")) + "/roles"
	ids := append(v.form["id"], v.form["role"]...)
	if len(ids) == 0 {
		return v.doneWith(path+"/add", ui.Flash{Text: v.T("roles.choose_first"), Tone: ui.Warn})
	}
	if err := v.api.Do(v.ctx(), "POST", "/users/"+client.Segment(v.id("id"))+"/roles", map[string]any{"roleIds": ids}, nil); err != nil {
		return v.refused(path, err)
	}
	return v.done(path, v.N("users.roles_given", len(ids)))
}

// postRemoveUserRole takes a role away. One press gives it back.
func postRemoveUserRole(v *visit) error {
	path := pathUsers + "/" + client.Segment(v.id("id")) + "/roles"
	if err := v.takeRole(v.id("id")); err != nil {
		return v.refused(path, err)
	}
	return v.doneWith(path, ui.Flash{Text: v.T("users.role_taken"), Undo: &ui.Action{
		Text: v.T("ui.undo"), Href: path + "/add", Post: true, Name: "role", Value: v.form.Get("role"),
	}})
}
