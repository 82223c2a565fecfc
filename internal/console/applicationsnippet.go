package console

import (
	"embed"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"guestlist"
	"guestlist/internal/console/ui"
)

//go:embed snippets/*.txt
var snippetFiles embed.FS

// snippet is a piece of code for applications of some types. path is where the
// SDK wants to be called back below the application's own address; "" if the
// code says where.
type snippet struct {
	file, title, path string
	types             []guestlist.ApplicationType
}

var (
	onServers  = []guestlist.ApplicationType{guestlist.ApplicationTraditional}
	inBrowsers = []guestlist.ApplicationType{guestlist.ApplicationSPA}
	onMachines = []guestlist.ApplicationType{guestlist.ApplicationMachine}
	withPeople = []guestlist.ApplicationType{guestlist.ApplicationTraditional, guestlist.ApplicationSPA, guestlist.ApplicationNative}
)

// snippets are the pieces of code that there are, in the order of their tabs.
var snippets = []snippet{
	{"react", "React", "", inBrowsers},
	{"vue", "Vue", "", inBrowsers},
	{"next", "Next.js", "/callback", onServers},
	{"express", "Express", "/logto/sign-in-callback", onServers},
	{"go", "Go", "", onServers},
	{"python", "Python", "", onServers},
	{"oidc", "OpenID Connect", "", withPeople},
	{"machine-curl", "curl", "", onMachines},
	{"machine-node", "Node.js", "", onMachines},
	{"machine-go", "Go", "", onMachines},
	{"machine-python", "Python", "", onMachines},
}

// linkSnippets are those of the page that a magic link leads to.
var linkSnippets = []snippet{
	{"link-script", "React, Vue", "", []guestlist.ApplicationType{guestlist.ApplicationSPA, guestlist.ApplicationNative}},
	{"link-next", "Next.js", "", onServers},
	{"link-express", "Express", "", onServers},
	{"link-go", "Go", "", onServers},
	{"link-oidc", "OpenID Connect", "", withPeople},
}

// noSecret stands where a secret belongs, until somebody asks for it.
const noSecret = "<secret>"

// values are what is filled into snippets, by name.
func (v *visit) values(a application, secret string) map[string]string {
	base, redirect := v.home(a)
	callback := "/callback"
	if u, err := url.Parse(redirect); err == nil && u.Path != "" {
		callback = u.Path
	}
	return map[string]string{
		"ENDPOINT": v.d.Endpoint, "ID": string(a.ID), "SECRET": secret, "BASE": base, "REDIRECT": redirect, "CALLBACK": callback,
		"MANAGEMENT": guestlist.ManagementAPI,
	}
}

// fillSnippet writes values into a snippet. They stand between double quotes, in
// languages that all read JSON's escapes.
func fillSnippet(file string, values map[string]string) (string, error) {
	text, err := snippetFiles.ReadFile("snippets/" + file + ".txt")
	if err != nil {
		return "", err
	}
	var pairs []string
	for name, value := range values {
		pairs = append(pairs, "%"+name+"%", value)
	}
	return strings.TrimSpace(strings.NewReplacer(pairs...).Replace(string(text))), nil
}

// quoted is a value as it stands between double quotes.
func quoted(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string cannot fail
	text := strings.TrimSpace(b.String())
	return text[1 : len(text)-1]
}

// fillSnippets fills the snippets that fit an application.
func fillSnippets(list []snippet, a application, values map[string]string) (ui.Snippets, error) {
	safe := map[string]string{}
	for name, value := range values {
		safe[name] = quoted(value)
	}
	out := ui.Snippets{Name: "snippets"}
	for _, s := range list {
		if !slices.Contains(s.types, a.Type) {
			continue
		}
		mine := safe
		if s.path != "" {
			mine = map[string]string{}
			for name, value := range safe {
				mine[name] = value
			}
			mine["REDIRECT"] = safe["BASE"] + s.path
		}
		text, err := fillSnippet(s.file, mine)
		if err != nil {
			return out, err
		}
		if !a.Type.IsConfidential() {
			text = withoutSecret(text)
		}
		out.Items = append(out.Items, ui.Snippet{Title: s.title, Text: text, Open: len(out.Items) == 0})
	}
	return out, nil
}

// withoutSecret drops the lines that are about a secret, for applications that
// have none.
func withoutSecret(text string) string {
	lines := strings.Split(text, "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.Contains(l, noSecret) })
	return strings.Join(lines, "\n")
}

func getSnippets(v *visit) error { return v.showSnippets(false) }

// postSnippets fills the secret in. It is a form, so that no history leads back
// to it.
func postSnippets(v *visit) error { return v.showSnippets(true) }

func (v *visit) showSnippets(reveal bool) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	secret := noSecret
	if reveal = reveal && a.Type.IsConfidential(); reveal {
		if secret, err = v.liveSecret(a); err != nil {
			return err
		}
	}
	if secret == "" {
		return v.doneWith(applicationPath(a.ID)+"/secrets", ui.Flash{Text: v.T("applications.secret.none_live"), Tone: ui.Warn})
	}
	code, err := fillSnippets(snippets, a, v.values(a, secret))
	if err != nil {
		return err
	}
	path := applicationPath(a.ID) + "/snippets"
	main := ui.Section{Title: v.T("applications.code.title"), Text: v.T("applications.code.text"), Body: []ui.Block{code}}
	if a.Type.IsConfidential() {
		main.Actions = []ui.Action{{Text: v.T("applications.code.reveal"), Href: path, Post: true}}
		if reveal {
			main.Actions = []ui.Action{{Text: v.T("applications.code.hide"), Href: path}}
		}
	}
	body := []ui.Block{main}
	if a.Type.MayRedirect() {
		body = append(body, v.callbacks(a), ui.Section{
			Title: v.T("applications.next.title"), Text: v.T("applications.next.text"), Actions: []ui.Action{
				{Text: v.T("applications.tab.try"), Href: applicationPath(a.ID) + "/try"},
				{Text: v.T("applications.next.invite"), Href: applicationPath(a.ID) + "/magic-link", Primary: true},
			},
		})
	}
	return v.show(v.applicationPage(a, "snippets", append(body, v.endpoints(a))...))
}

// callbacks are the redirect URIs that the snippets need, each with whether it
// is registered.
func (v *visit) callbacks(a application) ui.Block {
	base, redirect := v.home(a)
	users := map[string][]string{}
	order := []string{}
	for _, s := range snippets {
		if !slices.Contains(s.types, a.Type) {
			continue
		}
		uri := redirect
		if s.path != "" {
			uri = base + s.path
		}
		if users[uri] == nil {
			order = append(order, uri)
		}
		users[uri] = append(users[uri], s.title)
	}
	l := ui.List{}
	for _, uri := range order {
		item := ui.ListItem{Cell: ui.Cell{Text: uri, Code: true, Sub: strings.Join(users[uri], ", ")}, Tone: ui.Good}
		if a.AllowsRedirect(uri) {
			item.When = ui.Cell{Text: v.T("applications.code.listed"), Quiet: true}
		} else {
			item.Tone = ui.Neutral
			item.Actions = []ui.Action{v.redirectAction(a, v.T("applications.code.list"), "add", uri, "snippets")}
		}
		l.Items = append(l.Items, item)
	}
	return ui.Section{Title: v.T("applications.code.callbacks"), Text: v.T("applications.code.callbacks_text"), Body: []ui.Block{l}}
}

// endpoints are the addresses for libraries that do not read the discovery
// document.
func (v *visit) endpoints(a application) ui.Block {
	oidc := v.d.Endpoint + "/oidc"
	rows := []ui.Fact{
		{Term: v.T("applications.code.endpoint"), Cell: ui.Code(v.d.Endpoint)},
		{Term: v.T("applications.code.issuer"), Cell: ui.Code(oidc)},
		{Term: v.T("applications.code.discovery"), Cell: ui.Code(oidc + "/.well-known/openid-configuration")},
	}
	if a.Type.MayRedirect() {
		rows = append(rows, ui.Fact{Term: v.T("applications.code.authorization"), Cell: ui.Code(oidc + "/auth")})
	}
	rows = append(rows,
		ui.Fact{Term: v.T("applications.code.token"), Cell: ui.Code(oidc + "/token")},
		ui.Fact{Term: v.T("applications.code.keys"), Cell: ui.Code(oidc + "/jwks")},
	)
	if a.Type.MayRedirect() {
		rows = append(rows,
			ui.Fact{Term: v.T("applications.code.userinfo"), Cell: ui.Code(oidc + "/me")},
			ui.Fact{Term: v.T("applications.code.end"), Cell: ui.Code(oidc + "/session/end")},
		)
	}
	return ui.Section{Title: v.T("applications.code.addresses"), Body: []ui.Block{ui.Facts{Rows: rows}}}
}
