package console

import (
	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

const pathApplications = Path + "/applications"

func applicationRoutes() []route {
	const one = pathApplications + "/{id}"
	return []route{
		get(pathApplications, getApplications),
		get(pathApplications+"/new", getNewApplication),
		post(pathApplications+"/new", postNewApplication),
		get(pathApplications+"/check.json", getURICheck),
		get(one, getApplication),
		post(one, postApplication),
		post(one+"/redirect-uris/add", postAddRedirect),
		post(one+"/redirect-uris/remove", postRemoveRedirect),
		get(one+"/delete", getDeleteApplication),
		post(one+"/delete", postDeleteApplication),
		get(one+"/snippets", getSnippets),
		post(one+"/snippets", postSnippets),
		get(one+"/secrets", getSecrets),
		post(one+"/secrets", postShowSecret),
		get(one+"/secrets/new", getNewSecret),
		post(one+"/secrets/new", postNewSecret),
		get(one+"/secrets/delete", getDeleteSecret),
		post(one+"/secrets/delete", postDeleteSecret),
		get(one+"/roles", getApplicationRoles),
		post(one+"/roles/management", postManagement),
		get(one+"/roles/add", getAddApplicationRoles),
		post(one+"/roles/add", postAddApplicationRoles),
		post(one+"/roles/remove", postRemoveApplicationRole),
		get(one+"/branding", getApplicationBranding),
		post(one+"/branding", postApplicationBranding),
		get(one+"/permissions", getConsentScopes),
		post(one+"/permissions", postConsentScopes),
		get(one+"/magic-link", getMagicLink),
		post(one+"/magic-link", postMagicLink),
		post(one+"/magic-link/revoke", postRevokeMagicLink),
		get(one+"/try", getTry),
		post(one+"/try", postTry),
		get(pathTried, getTried),
		get(one+"/activity", getApplicationActivity),
	}
}

// application is what the API says of one.
type application struct {
	guestlist.Application
	IsAdmin bool `json:"isAdmin"` // may use the management API
}

func applicationPath(id guestlist.ApplicationID) string {
	return pathApplications + "/" + client.Segment(id)
}

// path is where the API has the application.
func (a application) path() string { return "/applications/" + client.Segment(a.ID) }

// isBuiltIn reports whether an application belongs to the server itself, and
// has nothing to be set.
func (a application) isBuiltIn() bool {
	return a.ID == guestlist.DemoApplication || a.ID == guestlist.ConsoleApplication
}

// applicationTypes are those that can be made here, the likeliest first.
var applicationTypes = []guestlist.ApplicationType{
	guestlist.ApplicationTraditional, guestlist.ApplicationSPA, guestlist.ApplicationNative, guestlist.ApplicationMachine,
}

// applicationType says what kind of application it is.
func (v *visit) applicationType(t guestlist.ApplicationType) string {
	for _, known := range applicationTypes {
		if t == known {
			return v.T("applications.type." + string(t))
		}
	}
	return string(t)
}

func getApplications(v *visit) error {
	q := searching(v.query.Get("q"))
	kind, third := v.query.Get("type"), v.query.Get("third")
	if kind != "" {
		q.Set("types", kind)
	}
	if third != "" {
		q.Set("isThirdParty", third)
	}
	var apps []guestlist.Application
	paging, err := v.list("/applications", q, &apps)
	if err != nil {
		return err
	}
	create := ui.Action{Text: v.T("applications.new"), Href: pathApplications + "/new", Primary: true, Icon: "plus"}
	types := []ui.Option{{Text: v.T("applications.any")}}
	for _, t := range applicationTypes {
		types = append(types, ui.Option{Value: string(t), Text: v.applicationType(t)})
	}
	t := ui.Table{
		Caption: v.T("applications.title"), Paging: paging,
		Search: &ui.Search{Action: pathApplications, Value: v.query.Get("q"), Label: v.T("applications.search")},
		Filters: []ui.Filter{
			{Name: "type", Label: v.T("applications.type.label"), Value: kind, Options: types},
			{Name: "third", Label: v.T("applications.third.label"), Value: third, Options: []ui.Option{
				{Text: v.T("applications.any")},
				{Value: "false", Text: v.T("applications.third.ours")}, {Value: "true", Text: v.T("applications.third.theirs")},
			}},
		},
		Columns: []ui.Column{
			{Text: v.T("applications.name")}, {Text: v.T("applications.type.label")}, {Text: v.T("applications.id"), Minor: true},
			{Text: v.T("applications.created_at"), Minor: true},
		},
		Empty: &ui.Empty{Icon: "app", Title: v.T("applications.empty"), Text: v.T("applications.empty_text"), Actions: []ui.Action{create}},
	}
	for _, a := range apps {
		name, kind := ui.Text(a.Name), ui.Text(v.applicationType(a.Type))
		if a.Description != nil {
			name.Sub = *a.Description
		}
		if a.IsThirdParty {
			kind.Sub = v.T("applications.third.theirs")
		}
		t.Rows = append(t.Rows, ui.Row{ID: string(a.ID), Href: applicationPath(a.ID), Cells: []ui.Cell{
			name, kind, ui.Code(string(a.ID)), ui.At(a.CreatedAt),
		}})
	}
	return v.show(&ui.Page{
		Name: "applications", Body: []ui.Block{t},
		Header: ui.Header{Title: v.T("applications.title"), Lead: v.T("applications.lead"), Actions: []ui.Action{create}},
	})
}

func (v *visit) newApplicationForm() *ui.Form {
	types := ui.Field{
		Kind: ui.KindRadio, Name: "type", Label: v.T("applications.type.ask"), Value: string(guestlist.ApplicationTraditional),
	}
	for _, t := range applicationTypes {
		types.Options = append(types.Options, ui.Option{
			Value: string(t), Text: v.applicationType(t), Help: v.T("applications.type." + string(t) + "_help"),
		})
	}
	uris := v.redirectField(nil)
	uris.Optional, uris.Help = true, v.T("applications.redirect.help_new")
	return &ui.Form{
		Action: pathApplications + "/new", Submit: v.T("applications.new"),
		Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: pathApplications},
		Sections: []ui.FormSection{{Fields: []ui.Field{
			{Name: "name", Label: v.T("applications.name"), Help: v.T("applications.name_help"), Max: 256, Focus: true},
			types, uris,
			{Kind: ui.KindSwitch, Name: "isThirdParty", Label: v.T("applications.third.switch"), Help: v.T("applications.third.help")},
			{Kind: ui.KindSwitch, Name: "isAdmin", Label: v.T("applications.management.switch"), Help: v.T("applications.management.help")},
		}}},
	}
}

func (v *visit) newApplicationPage(form *ui.Form) *ui.Page {
	return &ui.Page{
		Name: "new-application", Body: []ui.Block{form},
		Header: ui.Header{
			Title: v.T("applications.new"), Crumbs: []ui.Link{{Text: v.T("applications.title"), Href: pathApplications}},
		},
	}
}

func getNewApplication(v *visit) error { return v.show(v.newApplicationPage(v.newApplicationForm())) }

// postNewApplication makes an application. What makes no sense for its type is
// said, and not dropped unseen.
func postNewApplication(v *visit) error {
	form := v.newApplicationForm()
	page := v.newApplicationPage(form)
	kind := guestlist.ApplicationType(v.form.Get("type"))
	uris := ui.ListOf(v.form, "redirectUris")
	admin := v.form.Get("isAdmin") == ui.Yes
	fits := v.markURIs(form, "redirectUris")
	v.markEmpty(form, "name")
	if admin && kind != guestlist.ApplicationMachine {
		form.Mark("isAdmin", v.T("applications.management.machines_only"))
		fits = false
	}
	if len(uris) > 0 && kind == guestlist.ApplicationMachine {
		form.Mark(form.Field("redirectUris").MarkName(), v.T("applications.redirect.no_machine"))
		fits = false
	}
	if !fits {
		return v.again(page, form, errMarked)
	}
	var created application
	err := v.api.Do(v.ctx(), "POST", "/applications", map[string]any{
		"name": v.form.Get("name"), "type": kind, "isThirdParty": v.form.Get("isThirdParty") == ui.Yes,
		"oidcClientMetadata": guestlist.OIDCClientMetadata{RedirectURIs: uris, PostLogoutRedirectURIs: []string{}},
	}, &created)
	if err != nil {
		return v.again(page, form, err, "application.invalid_third_party_application_type", "isThirdParty")
	}
	if admin {
		if err := v.api.Do(v.ctx(), "PATCH", created.path(), map[string]any{"isAdmin": true}, nil); err != nil {
			return err
		}
	}
	return v.done(applicationPath(created.ID)+"/snippets", v.T("applications.created", "name", created.Name))
}

var errNoApplication = guestlist.Refuse(guestlist.KindNotFound, "entity.not_found")

// application reads the application of the path, with its tag. There is no
// page for what can only be looked at but its first one.
func (v *visit) application() (application, string, error) {
	var a application
	tag, err := v.api.Get(v.ctx(), "/applications/"+client.Segment(v.id("id")), &a)
	if err == nil && a.isBuiltIn() {
		err = errNoApplication
	}
	return a, tag, err
}

// applicationTabs are the pages of an application.
func applicationTabs(a application) []string {
	tabs := []string{"settings", "snippets"}
	if a.Type.IsConfidential() {
		tabs = append(tabs, "secrets")
	}
	if a.Type == guestlist.ApplicationMachine {
		return append(tabs, "roles", "try", "activity")
	}
	tabs = append(tabs, "magic-link", "try", "branding")
	if a.IsThirdParty {
		tabs = append(tabs, "permissions")
	}
	return append(tabs, "activity")
}

// applicationPage is one of the pages of an application.
func (v *visit) applicationPage(a application, tab string, body ...ui.Block) *ui.Page {
	h := ui.Header{
		Title: a.Name, ID: string(a.ID), Crumbs: []ui.Link{{Text: v.T("applications.title"), Href: pathApplications}},
		Pill: &ui.Pill{Text: v.applicationType(a.Type)},
	}
	if a.IsThirdParty {
		h.Pill.Text += " · " + v.T("applications.third.theirs")
	}
	if tab == "settings" {
		h.Actions = []ui.Action{{Text: v.T("applications.delete.do"), Href: applicationPath(a.ID) + "/delete", Danger: true}}
	}
	for _, t := range applicationTabs(a) {
		href := applicationPath(a.ID)
		if t != "settings" {
			href += "/" + t
		}
		h.Tabs = append(h.Tabs, ui.Tab{Text: v.T("applications.tab." + t), Href: href, Current: t == tab})
	}
	return &ui.Page{Name: "application-" + tab, Header: h, Body: body}
}

// applicationSubpage is a page below one of an application's pages.
func (v *visit) applicationSubpage(a application, tab, name, title string, body ...ui.Block) *ui.Page {
	crumbs := []ui.Link{{Text: v.T("applications.title"), Href: pathApplications}, {Text: a.Name, Href: applicationPath(a.ID)}}
	if tab != "" {
		crumbs = append(crumbs, ui.Link{Text: v.T("applications.tab." + tab), Href: applicationPath(a.ID) + "/" + tab})
	}
	return &ui.Page{Name: name, Header: ui.Header{Title: title, Crumbs: crumbs}, Body: body}
}

// deleteApplicationPage asks for the name: sign-ins of all its users depend on
// it.
func (v *visit) deleteApplicationPage(a application, problem string) *ui.Page {
	return v.applicationSubpage(a, "", "delete-application", v.T("applications.delete.title", "name", a.Name), ui.Confirm{
		Text: v.T("applications.delete.text"), Action: applicationPath(a.ID) + "/delete", Submit: v.T("applications.delete.do"),
		Type: a.Name, Label: v.T("applications.delete.type"), Error: problem,
		Cancel: ui.Link{Text: v.T("shell.cancel"), Href: applicationPath(a.ID)},
	})
}

func getDeleteApplication(v *visit) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	return v.show(v.deleteApplicationPage(a, ""))
}
