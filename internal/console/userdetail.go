package console

import (
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// user reads the user of the path, with the tag.
func (v *visit) user() (guestlist.User, string, error) {
	var u guestlist.User
	tag, err := v.api.Get(v.ctx(), "/users/"+client.Segment(v.id("id")), &u)
	return u, tag, err
}

// userTabs are the pages of a user, and what follows the user's path.
var userTabs = []struct{ name, path string }{
	{"profile", ""}, {"identities", "/identities"}, {"roles", "/roles"}, {"sessions", "/sessions"}, {"invited", "/invited"}, {"events", "/events"}, {"data", "/data"},
}

// userPage is one of the pages of a user.
func (v *visit) userPage(u guestlist.User, tab string, body ...ui.Block) *ui.Page {
	state := v.userState(u)
	h := ui.Header{
		Title: userName(u), ID: string(u.ID), Pill: &state, Crumbs: []ui.Link{{Text: v.T("users.title"), Href: pathUsers}},
		Actions: v.userActions(u),
	}
	for _, t := range userTabs {
		h.Tabs = append(h.Tabs, ui.Tab{Text: v.T("users.tab." + t.name), Href: userPath(u.ID) + t.path, Current: t.name == tab})
	}
	if u.DeletionDueAt != nil {
		body = append([]ui.Block{ui.Notice{
			Tone: ui.Bad, Title: v.T("users.leaving_title", "when", v.moment(*u.DeletionDueAt)), Text: v.T("users.leaving_text"),
			Actions: []ui.Action{
				{Text: v.T("users.restore"), Href: userPath(u.ID) + "/deletion", Post: true, Name: "do", Value: "restore"},
				{Text: v.T("users.delete_now"), Href: userPath(u.ID) + "/delete", Danger: true},
			},
		}}, body...)
	}
	return &ui.Page{Name: "user-" + tab, Header: h, Body: body}
}

// userActions are what can be done with a user on every page.
func (v *visit) userActions(u guestlist.User) []ui.Action {
	if !v.owns() {
		return nil
	}
	list := []ui.Action{{Text: v.T("users.set_password"), Href: userPath(u.ID) + "/password"}}
	if u.DeletionDueAt != nil {
		return list
	}
	if u.IsSuspended {
		list = append(list, ui.Action{Text: v.T("users.reactivate"), Href: userPath(u.ID) + "/suspended", Post: true, Name: "suspended", Value: "false"})
	} else {
		list = append(list, ui.Action{Text: v.T("users.suspend"), Href: userPath(u.ID) + "/suspended", Post: true, Name: "suspended", Value: ui.Yes})
	}
	return append(list, ui.Action{Text: v.T("users.delete"), Href: userPath(u.ID) + "/deletion", Post: true, Name: "do", Value: "delete", Danger: true})
}

// claim is a claim of the profile as the form has it.
type claim struct {
	name string // of the field, and its phrase
	api  string // as the API names it
	kind string // of the input
	of   func(*guestlist.Profile) *string
}

var claims = []claim{
	{"givenName", "profile.givenName", "", func(p *guestlist.Profile) *string { return &p.GivenName }},
	{"middleName", "profile.middleName", "", func(p *guestlist.Profile) *string { return &p.MiddleName }},
	{"familyName", "profile.familyName", "", func(p *guestlist.Profile) *string { return &p.FamilyName }},
	{"nickname", "profile.nickname", "", func(p *guestlist.Profile) *string { return &p.Nickname }},
	{"preferredUsername", "profile.preferredUsername", "", func(p *guestlist.Profile) *string { return &p.PreferredUsername }},
	{"profileURL", "profile.profile", "url", func(p *guestlist.Profile) *string { return &p.Profile }},
	{"website", "profile.website", "url", func(p *guestlist.Profile) *string { return &p.Website }},
	{"gender", "profile.gender", "", func(p *guestlist.Profile) *string { return &p.Gender }},
	{"birthdate", "profile.birthdate", "", func(p *guestlist.Profile) *string { return &p.Birthdate }},
	{"zoneinfo", "profile.zoneinfo", "", func(p *guestlist.Profile) *string { return &p.Zoneinfo }},
	{"locale", "profile.locale", "", func(p *guestlist.Profile) *string { return &p.Locale }},
}

var addressClaims = []claim{
	{"formatted", "profile.address.formatted", "", func(p *guestlist.Profile) *string { return &p.Address.Formatted }},
	{"streetAddress", "profile.address.streetAddress", "", func(p *guestlist.Profile) *string { return &p.Address.StreetAddress }},
	{"postalCode", "profile.address.postalCode", "", func(p *guestlist.Profile) *string { return &p.Address.PostalCode }},
	{"locality", "profile.address.locality", "", func(p *guestlist.Profile) *string { return &p.Address.Locality }},
	{"region", "profile.address.region", "", func(p *guestlist.Profile) *string { return &p.Address.Region }},
	{"country", "profile.address.country", "", func(p *guestlist.Profile) *string { return &p.Address.Country }},
}

func (v *visit) userForm(u guestlist.User, tag string) *ui.Form {
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	profile := u.Profile
	if profile.Address == nil {
		profile.Address = &guestlist.ProfileAddress{}
	}
	fields := func(list []claim) []ui.Field {
		var out []ui.Field
		for _, c := range list {
			out = append(out, ui.Field{
				Name: c.name, API: c.api, Label: v.T("users.claim." + c.name), Type: c.kind, Value: *c.of(&profile), Max: maxClaim, Code: c.kind == "url",
			})
		}
		return out
	}
	return &ui.Form{Action: userPath(u.ID), Submit: v.T("shell.save"), Tag: tag, Sections: []ui.FormSection{
		{Title: v.T("users.section.account"), Fields: []ui.Field{
			{Name: "name", Label: v.T("users.name"), Value: text(u.Name), Max: guestlist.MaxNameLength},
			{Name: "primaryEmail", Label: v.T("users.email"), Help: v.T("users.email_help"), Type: "email", Value: text(u.PrimaryEmail), Max: guestlist.MaxEmailLength, Code: true},
			{Name: "primaryPhone", Label: v.T("users.phone"), Help: v.T("users.phone_help"), Type: "tel", Prefix: "+", Value: text(u.PrimaryPhone), Max: guestlist.MaxPhoneLength, Code: true},
			{Name: "username", Label: v.T("users.username"), Help: v.T("users.username_help"), Value: text(u.Username), Max: guestlist.MaxUsernameLength, Code: true},
			{Name: "avatar", Label: v.T("users.avatar"), Help: v.T("users.avatar_help"), Type: "url", Value: text(u.Avatar), Max: guestlist.MaxAvatarLength, Code: true},
		}},
		{Title: v.T("users.section.claims"), Text: v.T("users.section.claims_text"), Fields: fields(claims), Folded: true},
		{Title: v.T("users.section.address"), Fields: fields(addressClaims), Folded: true},
	}}
}

// maxClaim is the longest claim of a profile, in characters.
const maxClaim = 2048

// userFacts are what nobody edits.
func (v *visit) userFacts(u guestlist.User) ui.Block {
	facts := []ui.Fact{
		{Term: v.T("users.created_at"), Cell: ui.At(u.CreatedAt)},
		{Term: v.T("users.last_sign_in"), Cell: ui.Cell{Text: v.T("users.not_yet"), Quiet: true}},
		{Term: v.T("users.password"), Cell: ui.Text(v.T("users.password_absent"))},
		{Term: v.T("users.changed_at"), Cell: ui.At(u.UpdatedAt)},
	}
	if u.LastSignInAt != nil {
		facts[1].Cell = ui.At(*u.LastSignInAt)
	}
	if u.HasPassword {
		facts[2].Cell = ui.Text(v.T("users.password_set_already"))
	}
	if u.ApplicationID != nil {
		name := v.names().look("/applications/"+client.Segment(*u.ApplicationID), func(path string) (string, error) {
			var a guestlist.Application
			err := v.api.Do(v.ctx(), "GET", path, nil, &a)
			return a.Name, err
		})
		if name == "" {
			name = string(*u.ApplicationID)
		}
		facts = append(facts, ui.Fact{Term: v.T("users.application"), Cell: ui.Text(name)})
	}
	return ui.Section{Title: v.T("users.at_a_glance"), Body: []ui.Block{ui.Facts{Rows: facts}}}
}

func (v *visit) profilePage(u guestlist.User, form *ui.Form) *ui.Page {
	return v.userPage(u, "profile", ui.Columns{Main: []ui.Block{form}, Side: []ui.Block{v.userFacts(u)}})
}

func getUser(v *visit) error {
	u, tag, err := v.user()
	if err != nil {
		return err
	}
	page := v.profilePage(u, v.userForm(u, tag))
	notice, err := v.stranded(u)
	if err != nil {
		return err
	}
	page.Body = append(notice, page.Body...)
	return v.show(page)
}

func postUser(v *visit) error {
	u, tag, err := v.user()
	if err != nil {
		return err
	}
	in := map[string]any{"primaryPhone": digitsOf(v.form.Get("primaryPhone"))}
	for _, name := range []string{"name", "primaryEmail", "username", "avatar"} {
		in[name] = strings.TrimSpace(v.form.Get(name))
	}
	profile := guestlist.Profile{Address: &guestlist.ProfileAddress{}}
	for _, c := range append(claims[:len(claims):len(claims)], addressClaims...) {
		*c.of(&profile) = strings.TrimSpace(v.form.Get(c.name))
	}
	if *profile.Address == (guestlist.ProfileAddress{}) {
		profile.Address = nil
	}
	in["profile"] = profile
	_, err = v.api.Send(v.ctx(), client.Call{Method: "PATCH", Path: "/users/" + client.Segment(u.ID), In: in, Tag: v.form.Get(ui.FieldTag)})
	if err != nil {
		form := v.userForm(u, tag)
		return v.again(v.profilePage(u, form), form, err, userFields...)
	}
	return v.done(userPath(u.ID), v.T("shell.saved"))
}

func (v *visit) dataForm(u guestlist.User, tag string) *ui.Form {
	return &ui.Form{Action: userPath(u.ID) + "/data", Submit: v.T("shell.save"), Tag: tag, Sections: []ui.FormSection{{Fields: []ui.Field{
		{Kind: ui.KindJSON, Name: "customData", Label: v.T("users.tab.data"), Help: v.T("users.data_help"), Value: indent(u.CustomData), Rows: 16},
	}}}}
}

func getUserData(v *visit) error {
	u, tag, err := v.user()
	if err != nil {
		return err
	}
	return v.show(v.userPage(u, "data", v.dataForm(u, tag)))
}

func postUserData(v *visit) error {
	u, tag, err := v.user()
	if err != nil {
		return err
	}
	form := v.dataForm(u, tag)
	page := v.userPage(u, "data", form)
	data, line := jsonObject(v.form.Get("customData"))
	if line > 0 {
		form.Mark("customData", v.T("ui.issue.json", "n", line))
		return v.again(page, form, errMarked)
	}
	_, err = v.api.Send(v.ctx(), client.Call{
		Method: "PATCH", Path: "/users/" + client.Segment(u.ID), In: map[string]any{"customData": data}, Tag: v.form.Get(ui.FieldTag),
	})
	if err != nil {
		return v.again(page, form, err, "entity.value_too_long", "customData")
	}
	return v.done(userPath(u.ID)+"/data", v.T("shell.saved"))
}
