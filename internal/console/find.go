package console

import (
	"net/http"
	"net/url"
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

func findRoutes() []route {
	return []route{get(Path+"/find", getFind), get(Path+"/find.json", getFindData)}
}

// maxFound is how many users and how many applications are offered.
const maxFound = 6

// found is something that a search leads to.
type found struct {
	Text string `json:"text"`
	Kind string `json:"kind"`
	Href string `json:"href"`
}

// find looks for pages, users and applications.
func (v *visit) find(q string) ([]found, error) {
	var list []found
	q = strings.TrimSpace(q)
	for _, g := range v.places() {
		for _, item := range g.Items {
			if strings.Contains(strings.ToLower(item.Text), strings.ToLower(q)) {
				list = append(list, found{item.Text, v.T("shell.kind.page"), item.Href})
			}
		}
	}
	if q == "" {
		return list, nil
	}
	for _, t := range v.experienceHeader("").Tabs {
		if v.reads() && strings.Contains(strings.ToLower(t.Text), strings.ToLower(q)) {
			list = append(list, found{t.Text, v.T("experience.title"), t.Href})
		}
	}
	if v.has(pathInvitations) {
		more, err := v.findInvitations(q)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	if v.has(Path + "/users") {
		users, err := v.findUsers(q)
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			list = append(list, found{userName(u), v.T("shell.kind.user"), Path + "/users/" + client.Segment(u.ID)})
		}
	}
	if v.has(Path + "/applications") {
		var apps []guestlist.Application
		if _, err := v.api.List(v.ctx(), "/applications", searching(q), 1, maxFound, &apps); err != nil {
			return nil, err
		}
		for _, a := range apps {
			list = append(list, found{a.Name, v.T("shell.kind.application"), Path + "/applications/" + client.Segment(a.ID)})
		}
	}
	return list, nil
}

// findInvitations are the ways to invite, and the invitations of addresses that
// begin so.
func (v *visit) findInvitations(q string) ([]found, error) {
	var list []found
	for _, page := range []found{{Text: v.T("invitations.new"), Href: pathInvitations + "/new"}, {Text: v.T("invitations.codes.new"), Href: pathCodes + "/new"}} {
		if v.invites() && strings.Contains(strings.ToLower(page.Text), strings.ToLower(q)) {
			page.Kind = v.T("shell.kind.page")
			list = append(list, page)
		}
	}
	if len(q) > maxAddress {
		return list, nil
	}
	var rows []invitation
	if _, err := v.api.List(v.ctx(), "/invitations", query("email", q), 1, maxFound, &rows); err != nil {
		return nil, err
	}
	for _, i := range rows {
		list = append(list, found{v.invitationName(i.Invitation), v.T("shell.kind.invitation"), invitationPath(i.ID)})
	}
	return list, nil
}

func (v *visit) findUsers(q string) ([]guestlist.User, error) {
	var users []guestlist.User
	_, err := v.api.List(v.ctx(), "/users", seekingUsers(q), 1, maxFound, &users)
	return users, err
}

// userName is what a user is called on a page.
func userName(u guestlist.User) string {
	for _, s := range []*string{u.Name, u.Username, u.PrimaryEmail} {
		if s != nil && *s != "" {
			return *s
		}
	}
	if u.PrimaryPhone != nil && *u.PrimaryPhone != "" {
		return "+" + *u.PrimaryPhone
	}
	return string(u.ID)
}

func getFindData(v *visit) error {
	list, err := v.find(v.query.Get("q"))
	if err != nil {
		return err
	}
	if list == nil {
		list = []found{}
	}
	web.NoStore(v.w)
	return web.WriteJSON(v.w, http.StatusOK, map[string]any{"items": list})
}

// getFind is the palette for those without scripts.
func getFind(v *visit) error {
	q := v.query.Get("q")
	list, err := v.find(q)
	if err != nil {
		return err
	}
	t := ui.Table{
		Search:  &ui.Search{Action: Path + "/find", Value: q, Label: v.T("shell.find.search")},
		Columns: []ui.Column{{Text: v.T("shell.find.name")}, {Text: v.T("shell.find.kind")}},
	}
	for _, f := range list {
		t.Rows = append(t.Rows, ui.Row{Href: f.Href, Cells: []ui.Cell{ui.Text(f.Text), {Text: f.Kind, Quiet: true}}})
	}
	return v.show(&ui.Page{Name: "find", Header: ui.Header{Title: v.T("shell.find.title")}, Body: []ui.Block{t}})
}

// query builds the query of a call from pairs.
func query(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	return q
}
