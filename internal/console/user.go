package console

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

const pathUsers = Path + "/users"

func userRoutes() []route {
	return []route{
		get(pathUsers, getUsers),
		get(pathUsers+"/new", getNewUser),
		post(pathUsers+"/new", postNewUser),
		get(pathUsers+"/export", getUserExport),
		post(pathUsers+"/bulk", postUserBulk),
		get(pathUsers+"/{id}", getUser),
		post(pathUsers+"/{id}", postUser),
		get(pathUsers+"/{id}/identities", getUserIdentities),
		post(pathUsers+"/{id}/identities", postUserIdentities),
		get(pathUsers+"/{id}/roles", getUserRoles),
		get(pathUsers+"/{id}/roles/add", getAddUserRoles),
		post(pathUsers+"/{id}/roles/add", postAddUserRoles),
		post(pathUsers+"/{id}/roles/remove", postRemoveUserRole),
		post(pathUsers+"/{id}/administrator", postAdministrator),
		get(pathUsers+"/{id}/sessions", getUserSessions),
		post(pathUsers+"/{id}/sessions", postUserSessions),
		get(pathUsers+"/{id}/events", getUserEvents),
		get(pathUsers+"/{id}/data", getUserData),
		post(pathUsers+"/{id}/data", postUserData),
		post(pathUsers+"/{id}/suspended", postUserSuspended),
		get(pathUsers+"/{id}/password", getUserPassword),
		post(pathUsers+"/{id}/password", postUserPassword),
		post(pathUsers+"/{id}/password-link", postUserPasswordLink),
		post(pathUsers+"/{id}/deletion", postUserDeletion),
		get(pathUsers+"/{id}/delete", getDeleteUser),
		post(pathUsers+"/{id}/delete", postDeleteUser),
	}
}

// seekingUsers is the query that finds users by a part of a text.
func seekingUsers(text string) url.Values {
	q := url.Values{}
	if text = strings.TrimSpace(text); strings.HasPrefix(text, "+") {
		text = digitsOf(text) // a phone number, which is kept without
	}
	if text != "" {
		q = searching(text)
	}
	q.Set("enableCap", "true")
	return q
}

// chosenUsers is the query of the list as its search and filters stand.
func (v *visit) chosenUsers() url.Values {
	q := seekingUsers(v.query.Get("q"))
	for _, name := range []string{"state", "role"} {
		if value := v.query.Get(name); value != "" {
			q.Set(map[string]string{"state": "state", "role": "roleId"}[name], value)
		}
	}
	return q
}

func getUsers(v *visit) error {
	var users []guestlist.User
	paging, err := v.list("/users", v.chosenUsers(), &users)
	if err != nil {
		return err
	}
	roles, err := v.roleChoices()
	if err != nil {
		return err
	}
	create := ui.Action{Text: v.T("users.new"), Href: pathUsers + "/new", Primary: true, Icon: "plus"}
	t := ui.Table{
		Caption: v.T("users.title"), Paging: paging,
		Search: &ui.Search{Action: pathUsers, Value: v.query.Get("q"), Label: v.T("users.search")},
		Filters: []ui.Filter{
			{Name: "state", Label: v.T("users.state"), Value: v.query.Get("state"), Options: []ui.Option{
				{Text: v.T("users.any")}, {Value: "new", Text: v.T("users.never")},
				{Value: "suspended", Text: v.T("users.suspended")}, {Value: "leaving", Text: v.T("users.leaving")},
			}},
		},
		Columns: []ui.Column{
			{Text: v.T("users.name")}, {Text: v.T("users.address_of")}, {Text: v.T("users.state")},
			{Text: v.T("users.last_sign_in")}, {Text: v.T("users.created_at"), Minor: true},
		},
		Empty: &ui.Empty{Icon: "users", Title: v.T("users.empty"), Text: v.T("users.empty_text"), Actions: []ui.Action{create}},
		Bulk: []ui.Action{
			{Text: v.T("users.suspend"), Href: pathUsers + "/bulk", Name: "do", Value: "suspend"},
			{Text: v.T("users.give_role"), Href: pathUsers + "/bulk", Name: "do", Value: "role"},
			{Text: v.T("users.delete"), Href: pathUsers + "/bulk", Name: "do", Value: "delete", Danger: true},
		},
	}
	if len(users) > 0 { // beside the rows, and not over them: it goes with what is typed
		t.Matching = &ui.Matching{Beside: []ui.Action{{Text: v.T("users.export"), Href: pathUsers + "/export" + v.filterQuery()}}}
	}
	if len(roles) > 0 {
		t.Filters = append(t.Filters, ui.Filter{
			Name: "role", Label: v.T("users.role"), Value: v.query.Get("role"),
			Options: append([]ui.Option{{Text: v.T("users.any")}}, roles...),
		})
	}
	for _, u := range users {
		t.Rows = append(t.Rows, v.userRow(u))
	}
	p := &ui.Page{Name: "users", Body: []ui.Block{t}, Header: ui.Header{Title: v.T("users.title"), Lead: v.T("users.lead"), Actions: []ui.Action{
		{Text: v.T("users.import"), Href: pathImports}, create,
	}}}
	return v.show(p)
}

// filterQuery is the search and the filters of the list, for what is done with
// all of them.
func (v *visit) filterQuery() string {
	q := url.Values{}
	for _, name := range []string{"q", "state", "role"} {
		if value := v.query.Get(name); value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

func (v *visit) userRow(u guestlist.User) ui.Row {
	name := ui.Cell{Text: userName(u), Mark: initials(userName(u))}
	if u.Username != nil && name.Text != *u.Username {
		name.Sub = *u.Username
	}
	seen, state := ui.Cell{}, v.userState(u)
	if u.LastSignInAt != nil {
		seen = ui.At(*u.LastSignInAt)
	}
	return ui.Row{ID: string(u.ID), Href: userPath(u.ID), Cells: []ui.Cell{
		name, addressCell(u), {Pill: &state}, seen, ui.At(u.CreatedAt),
	}}
}

// initials are drawn beside a name.
func initials(name string) string {
	for _, r := range strings.TrimSpace(name) {
		return strings.ToUpper(string(r))
	}
	return "?"
}

// addressCell is how a user is reached: the e-mail address, the phone number, or
// both.
func addressCell(u guestlist.User) ui.Cell {
	c, phone := ui.Maybe(u.PrimaryEmail), ""
	if u.PrimaryPhone != nil && *u.PrimaryPhone != "" {
		phone = "+" + *u.PrimaryPhone
	}
	if c.Text == "" {
		return ui.Cell{Text: phone, Code: phone != ""}
	}
	c.Sub = phone
	return c
}

// userState is how a user stands, in a word.
func (v *visit) userState(u guestlist.User) ui.Pill {
	switch {
	case u.DeletionDueAt != nil:
		return ui.Pill{Text: v.T("users.leaving"), Tone: ui.Bad}
	case u.IsSuspended:
		return ui.Pill{Text: v.T("users.suspended"), Tone: ui.Warn}
	case u.LastSignInAt == nil:
		return ui.Pill{Text: v.T("users.never")}
	default:
		return ui.Pill{Text: v.T("users.active"), Tone: ui.Good}
	}
}

// roleChoices are the roles of people, for a choice.
func (v *visit) roleChoices() ([]ui.Option, error) {
	var roles []guestlist.Role
	if _, err := v.api.List(v.ctx(), "/roles", query("type", string(guestlist.RoleUser)), 1, maxChoices, &roles); err != nil {
		return nil, err
	}
	var options []ui.Option
	for _, r := range roles {
		options = append(options, ui.Option{Value: string(r.ID), Text: r.Name})
	}
	return options, nil
}

func userPath(id guestlist.UserID) string { return pathUsers + "/" + client.Segment(id) }

// The ways to a first password.
const (
	passwordNone      = "none"
	passwordTemporary = "temporary"
	passwordLink      = "link"
)

func (v *visit) newUserForm() *ui.Form {
	return &ui.Form{
		Action: pathUsers + "/new", Submit: v.T("users.new"), Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: pathUsers},
		Sections: []ui.FormSection{
			{Text: v.T("users.new_text"), Fields: []ui.Field{
				{Name: "primaryEmail", Label: v.T("users.email"), Type: "email", Max: guestlist.MaxEmailLength, Focus: true, Code: true},
				{Name: "name", Label: v.T("users.name"), Max: guestlist.MaxNameLength, Optional: true},
				{Name: "username", Label: v.T("users.username"), Help: v.T("users.username_help"), Max: guestlist.MaxUsernameLength, Optional: true, Code: true},
				{Name: "primaryPhone", Label: v.T("users.phone"), Help: v.T("users.phone_help"), Type: "tel", Max: guestlist.MaxPhoneLength, Optional: true, Code: true},
			}},
			{Title: v.T("users.first_password"), Fields: []ui.Field{
				{Kind: ui.KindRadio, Name: "first", Label: v.T("users.first_password_how"), Value: passwordLink, Options: []ui.Option{
					{Value: passwordLink, Text: v.T("users.by_link"), Help: v.T("users.by_link_help")},
					{Value: passwordTemporary, Text: v.T("users.by_temporary"), Help: v.T("users.by_temporary_help")},
					{Value: passwordNone, Text: v.T("users.by_none"), Help: v.T("users.by_none_help")},
				}},
				{Kind: ui.KindSecret, Name: "password", Label: v.T("users.temporary_password"), Help: v.T("users.temporary_password_help"), Optional: true},
			}},
		},
	}
}

func (v *visit) newUserPage(form *ui.Form) *ui.Page {
	page := &ui.Page{
		Name: "new-user", Body: []ui.Block{form},
		Header: ui.Header{Title: v.T("users.new"), Crumbs: []ui.Link{{Text: v.T("users.title"), Href: pathUsers}}},
	}
	if ways, err := v.ways(); err == nil && len(ways) > 0 { // a hint: without it the page is as good
		page.Header.Lead = v.T("users.sign_in_by", "ways", v.waysText(ways))
	}
	return page
}

func getNewUser(v *visit) error { return v.show(v.newUserPage(v.newUserForm())) }

// userFields says which refusal is about which field.
var userFields = []string{
	"user.username_already_in_use", "username", "user.email_already_in_use", "primaryEmail", "user.phone_already_in_use", "primaryPhone",
	"user.invalid_phone", "primaryPhone", "user.no_email", "primaryEmail",
}

func postNewUser(v *visit) error {
	form := v.newUserForm()
	page := v.newUserPage(form)
	in := map[string]any{}
	for _, name := range []string{"primaryEmail", "name", "username", "primaryPhone"} {
		if value := strings.TrimSpace(v.form.Get(name)); value != "" {
			in[name] = value
		}
	}
	if phone, ok := in["primaryPhone"].(string); ok {
		in["primaryPhone"] = digitsOf(phone)
	}
	how, password := v.form.Get("first"), v.form.Get("password")
	switch {
	case in["primaryEmail"] == nil && in["username"] == nil && in["primaryPhone"] == nil:
		form.Mark("primaryEmail", v.T("users.needs_identifier"))
		return v.again(page, form, errMarked)
	case how == passwordLink && in["primaryEmail"] == nil:
		form.Mark("primaryEmail", v.T("users.needs_email"))
		return v.again(page, form, errMarked)
	case how == passwordTemporary:
		if password == "" {
			password = newPassword()
		}
		in["password"], in["passwordIsTemporary"] = password, true
	}
	var u guestlist.User
	if err := v.api.Do(v.ctx(), "POST", "/users", in, &u); err != nil {
		return v.again(page, form, err, userFields...)
	}
	switch how {
	case passwordTemporary:
		return v.showOnce(u, v.passwordPage(u, password))
	case passwordLink:
		return v.sendLink(u)
	}
	return v.done(userPath(u.ID), v.T("users.created", "name", userName(u)))
}

// digitsOf makes the digits of a phone number as people write it. What is none
// stays, for the API to refuse.
func digitsOf(phone string) string {
	var b strings.Builder
	for _, r := range phone {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case !strings.ContainsRune("+ -.()/\u00a0\u202f", r):
			return phone
		}
	}
	return b.String()
}

// passwordLetters have none that are mistaken for others.
const passwordLetters = "abcdefghijkmnpqrstuvwxyz23456789"

// newPassword makes a password that is easy to read out: four groups of four,
// 80 bits.
func newPassword() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	var out strings.Builder
	for i, c := range b {
		if i > 0 && i%4 == 0 {
			out.WriteByte('-')
		}
		out.WriteByte(passwordLetters[int(c)%len(passwordLetters)])
	}
	return out.String()
}

// passwordPage shows a password, once.
func (v *visit) passwordPage(u guestlist.User, password string) *ui.Page {
	return v.oncePage("user-password-shown", u, v.T("users.password_shown", "name", userName(u)), v.T("users.password_shown_text"),
		ui.Snippet{Title: v.T("users.temporary_password"), Text: password})
}

// oncePage shows a secret, once.
func (v *visit) oncePage(name string, u guestlist.User, title, text string, secret ui.Snippet) *ui.Page {
	return &ui.Page{
		Name:   name,
		Header: ui.Header{Title: title, Crumbs: []ui.Link{{Text: v.T("users.title"), Href: pathUsers}, {Text: userName(u), Href: userPath(u.ID)}}},
		Body: []ui.Block{ui.Section{
			Text: text, Body: []ui.Block{secret, ui.Notice{Text: v.T("users.once"), Tone: ui.Warn}},
		}, buttons(ui.Action{Text: v.T("users.to_user"), Href: userPath(u.ID), Primary: true})},
	}
}

// showOnce shows such a page, and says if what is on it is not enough to come in.
func (v *visit) showOnce(u guestlist.User, page *ui.Page) error {
	notice, err := v.stranded(u)
	if err != nil {
		return err
	}
	page.Body = append(page.Body, notice...)
	return v.show(page)
}

// sendLink has a user sent a link to set a password, or shows it where nothing
// can be sent.
func (v *visit) sendLink(u guestlist.User) error {
	var link struct {
		Sent        bool
		Email, Link string
		ExpiresAt   guestlist.Time
	}
	if err := v.api.Do(v.ctx(), "POST", "/users/"+client.Segment(u.ID)+"/password-link", map[string]any{}, &link); err != nil {
		return v.refused(userPath(u.ID), err)
	}
	if link.Sent {
		return v.done(userPath(u.ID), v.T("users.link_sent", "email", link.Email))
	}
	return v.showOnce(u, v.oncePage("user-link-shown", u, v.T("users.link_shown"), v.T("users.link_shown_text", "email", link.Email),
		ui.Snippet{Title: v.T("users.link"), Text: link.Link}))
}

// exportPatience is how long an export waits for the browser to take the next
// bytes.
const exportPatience = time.Minute

// getUserExport hands the users of the list on as a file, as they are read.
func getUserExport(v *visit) error {
	return v.download(client.Call{Path: "/users/export", Query: v.chosenUsers()})
}

// exportOf hands the invitations of a query of the API on likewise.
func (v *visit) exportOf(q url.Values) error {
	return v.download(client.Call{Path: "/invitations/export", Query: q})
}

// download hands a stream of the API on, as a file.
func (v *visit) download(call client.Call) error {
	res, err := v.api.Open(v.ctx(), call)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	for _, name := range []string{"Content-Type", "Content-Disposition", "Content-Length", "X-Content-Type-Options"} {
		if value := res.Header.Get(name); value != "" {
			v.w.Header().Set(name, value)
		}
	}
	v.w.Header().Set("Cache-Control", "no-store")
	v.w.WriteHeader(http.StatusOK)
	conn := http.NewResponseController(v.w)
	chunk := make([]byte, 64<<10)
	for {
		n, err := res.Body.Read(chunk)
		if n > 0 {
			_ = conn.SetWriteDeadline(time.Now().Add(exportPatience)) // see patientBody
			if _, err := v.w.Write(chunk[:n]); err != nil {
				return nil // the browser went away
			}
		}
		switch err {
		case nil:
		case io.EOF:
			return nil
		default:
			panic(http.ErrAbortHandler) // half of a file must not look like the whole
		}
	}
}

// jsonObject reads what was typed into a field of JSON. line is that of the
// fault, 0 where there is none.
func jsonObject(text string) (object json.RawMessage, line int) {
	if strings.TrimSpace(text) == "" {
		return json.RawMessage("{}"), 0
	}
	d := json.NewDecoder(strings.NewReader(text))
	var tree map[string]json.RawMessage
	err := d.Decode(&tree)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = io.ErrUnexpectedEOF
		}
	}
	if err != nil || tree == nil {
		at := 0
		if syntax := new(json.SyntaxError); errors.As(err, &syntax) {
			at = min(max(int(syntax.Offset)-1, 0), len(text))
		}
		return nil, 1 + strings.Count(text[:at], "\n")
	}
	return json.RawMessage(text), 0
}
