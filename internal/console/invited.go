package console

import (
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// invitedRoutes are the pages on invitations that people give in their own name.
func invitedRoutes() []route {
	return []route{
		post(pathRoles+"/{id}/invitation-quota", postRoleQuota),
		get(pathUsers+"/{id}/invited", getInvited),
		get(pathUsers+"/{id}/invited/take-back", getTakeBack),
		post(pathUsers+"/{id}/invited/take-back", postTakeBack),
	}
}

// quotaForm says how many invitations users of a role may hold.
func (v *visit) quotaForm(r guestlist.Role, quota int) *ui.Form {
	none, most := 0, guestlist.MaxReferralQuota
	return &ui.Form{
		ID: "quota", Action: rolePath(r.ID) + "/invitation-quota", Submit: v.T("shell.save"), Quiet: true,
		Sections: []ui.FormSection{{Title: v.T("waitlist.quota_title"), Text: v.T("waitlist.quota_text"), Fields: []ui.Field{{
			Kind: ui.KindNumber, Name: "quota", Label: v.T("waitlist.quota"), Help: v.T("waitlist.quota_help"), Value: v.plain(quota), Least: &none, Most: &most,
		}}}},
	}
}

// withQuota adds what users of a role may invite to its settings.
func (v *visit) withQuota(r guestlist.Role, body ...ui.Block) ([]ui.Block, error) {
	if r.Type != guestlist.RoleUser {
		return body, nil
	}
	var now struct{ Quota int }
	err := v.api.Do(v.ctx(), "GET", "/roles/"+client.Segment(r.ID)+"/invitation-quota", nil, &now)
	return append(body, v.quotaForm(r, now.Quota)), err
}

func postRoleQuota(v *visit) error {
	r, tag, err := v.role()
	if err != nil {
		return err
	}
	form := v.quotaForm(r, 0)
	quota := v.number(form, "quota")
	if err = errMarked; len(form.Problems()) == 0 {
		err = v.api.Do(v.ctx(), "PUT", "/roles/"+client.Segment(r.ID)+"/invitation-quota", map[string]any{"quota": quota}, nil)
	}
	if err != nil {
		return v.again(v.rolePage(r, "settings", v.roleForm(r, tag), form), form, err)
	}
	return v.done(rolePath(r.ID), v.T("shell.saved"))
}

// invitationTree is who came in below a user.
type invitationTree struct {
	Nodes []guestlist.TreeNode
	More  bool
}

func (v *visit) invitationTree(id guestlist.UserID) (invitationTree, error) {
	var t invitationTree
	return t, v.api.Do(v.ctx(), "GET", "/users/"+client.Segment(id)+"/invitation-tree", nil, &t)
}

// ordered puts everybody under who brought them. Nobody is there twice.
func (t invitationTree) ordered() []guestlist.TreeNode {
	below := map[guestlist.UserID][]guestlist.TreeNode{}
	for _, n := range t.Nodes[min(1, len(t.Nodes)):] {
		below[n.ParentID] = append(below[n.ParentID], n)
	}
	var out []guestlist.TreeNode
	var walk func(guestlist.UserID)
	walk = func(id guestlist.UserID) {
		children := below[id]
		delete(below, id)
		for _, n := range children {
			out = append(out, n)
			walk(n.UserID)
		}
	}
	if len(t.Nodes) > 0 {
		walk(t.Nodes[0].UserID)
	}
	return out
}

// open counts the invitations that were given and not used yet.
func (t invitationTree) open() int {
	n := 0
	for _, node := range t.Nodes {
		n += node.Pending
	}
	return n
}

func (v *visit) nodeName(n guestlist.TreeNode) string {
	if n.Name == "" {
		return v.T("waitlist.gone")
	}
	return n.Name
}

// getInvited shows by whom a user came in, and who came in by them.
func getInvited(v *visit) error {
	u, _, err := v.user()
	if err != nil {
		return err
	}
	tree, err := v.invitationTree(u.ID)
	if err != nil {
		return err
	}
	t := ui.Table{Caption: v.T("waitlist.tree"), Columns: []ui.Column{
		{Text: v.T("users.name")}, {Text: v.T("waitlist.level"), Number: true}, {Text: v.T("waitlist.open"), Number: true}, {Text: v.T("users.state")},
	}, Empty: &ui.Empty{Icon: "invitations", Title: v.T("waitlist.tree_empty"), Text: v.T("waitlist.tree_empty_text")}}
	names := map[guestlist.UserID]string{}
	for _, n := range tree.Nodes {
		names[n.UserID] = v.nodeName(n)
	}
	for _, n := range tree.ordered() {
		state := ui.State(v.T("users.active"), ui.Good)
		if n.IsSuspended {
			state = ui.State(v.T("users.suspended"), ui.Warn)
		}
		name := ui.Cell{Text: v.nodeName(n), Sub: v.T("waitlist.brought_by", "name", names[n.ParentID])}
		row := ui.Row{Indent: min(n.Depth-1, maxIndent), Href: userPath(n.UserID), Cells: []ui.Cell{name, ui.Text(v.count(n.Depth)), ui.Text(v.count(n.Pending)), state}}
		if n.Name == "" { // deleted
			row.Href, row.Cells[3] = "", ui.Cell{}
		}
		t.Rows = append(t.Rows, row)
	}
	body := []ui.Block{}
	if tree.More {
		body = append(body, ui.Notice{Text: v.T("waitlist.tree_more", "n", v.count(guestlist.MaxTreeNodes))})
	}
	main := ui.Section{Title: v.T("waitlist.tree"), Plain: true, Body: append(body, t)}
	if v.owns() && (tree.open() > 0 || len(t.Rows) > 0) {
		main.Actions = []ui.Action{{Text: v.T("waitlist.take_back"), Href: userPath(u.ID) + "/invited/take-back", Danger: true}}
	}
	return v.show(v.userPage(u, "invited", ui.Columns{Main: []ui.Block{main}, Side: []ui.Block{v.cameIn(tree)}}))
}

// maxIndent is how far a row is moved in at most.
const maxIndent = 6

// cameIn says by whom a user came in.
func (v *visit) cameIn(tree invitationTree) ui.Block {
	facts := []ui.Fact{
		{Term: v.T("waitlist.came_by"), Cell: ui.Cell{Text: v.T("waitlist.by_nobody"), Quiet: true}},
		{Term: v.T("waitlist.open"), Cell: ui.Text(v.count(0))},
	}
	if len(tree.Nodes) > 0 {
		facts[1].Cell = ui.Text(v.count(tree.Nodes[0].Pending))
	}
	if len(tree.Nodes) == 0 || tree.Nodes[0].InvitationID == "" {
		return ui.Section{Title: v.T("waitlist.came_in"), Body: []ui.Block{ui.Facts{Rows: facts}}}
	}
	root := tree.Nodes[0]
	facts[0].Cell = ui.Text(v.T("waitlist.by_host"))
	if root.ParentID != "" {
		name := v.names().of(payload{UserID: root.ParentID})
		if facts[0].Cell = (ui.Cell{Text: name, Href: v.link(pathUsers, string(root.ParentID))}); name == "" {
			facts[0].Cell = ui.Cell{Text: v.T("waitlist.gone"), Quiet: true}
		}
	}
	facts = append(facts, ui.Fact{Term: v.T("waitlist.invitation"), Cell: ui.Cell{
		Text: string(root.InvitationID), Code: true, Href: v.link(pathInvitations, string(root.InvitationID)),
	}})
	return ui.Section{Title: v.T("waitlist.came_in"), Body: []ui.Block{ui.Facts{Rows: facts}}}
}

func (v *visit) takeBackForm(u guestlist.User) *ui.Form {
	return &ui.Form{
		Action: userPath(u.ID) + "/invited/take-back", Submit: v.T("waitlist.take_back"), Danger: true,
		Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: userPath(u.ID) + "/invited"},
		Sections: []ui.FormSection{{Fields: []ui.Field{
			{Kind: ui.KindTextarea, Name: "reason", Label: v.T("waitlist.reason"), Rows: 2, Max: guestlist.MaxRequestReason, Optional: true},
			{Kind: ui.KindSwitch, Name: "suspend", Label: v.T("waitlist.suspend"), Help: v.T("waitlist.suspend_help")},
		}}},
	}
}

func (v *visit) takeBackPage(u guestlist.User, form *ui.Form) *ui.Page {
	return &ui.Page{Name: "user-take-back", Body: []ui.Block{form}, Header: ui.Header{
		Title: v.T("waitlist.take_back_title", "name", userName(u)), Lead: v.T("waitlist.take_back_text"),
		Crumbs: []ui.Link{
			{Text: v.T("users.title"), Href: pathUsers}, {Text: userName(u), Href: userPath(u.ID)},
			{Text: v.T("users.tab.invited"), Href: userPath(u.ID) + "/invited"},
		},
	}}
}

func getTakeBack(v *visit) error {
	u, _, err := v.user()
	if err != nil {
		return err
	}
	return v.show(v.takeBackPage(u, v.takeBackForm(u)))
}

// postTakeBack takes back every open invitation of a user and of whom they
// brought, and suspends them all if that is asked for.
func postTakeBack(v *visit) error {
	u, _, err := v.user()
	if err != nil {
		return err
	}
	in := map[string]any{"suspendUsers": v.on("suspend")}
	if reason := strings.TrimSpace(v.form.Get("reason")); reason != "" {
		in["reason"] = reason
	}
	var done struct {
		Revoked, Suspended int
		More               bool
	}
	if err := v.api.Do(v.ctx(), "POST", "/users/"+client.Segment(u.ID)+"/invitation-tree/revoke", in, &done); err != nil {
		form := v.takeBackForm(u)
		return v.again(v.takeBackPage(u, form), form, err)
	}
	f := ui.Flash{Text: v.T("waitlist.taken_back", "n", v.count(done.Revoked), "users", v.count(done.Suspended))}
	if done.More {
		f.Text, f.Tone = f.Text+" "+v.T("waitlist.taken_more"), ui.Warn
	}
	return v.doneWith(userPath(u.ID)+"/invited", f)
}
