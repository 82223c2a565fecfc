package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// linkLives are the lives that a magic link can be given, in seconds, with the
// keys of their phrases.
var linkLives = []struct {
	seconds int
	phrase  string
}{{600, "minutes"}, {3600, "hour"}, {86400, "day"}, {172800, "days"}, {604800, "week"}, {2592000, "month"}}

// defaultLinkLife is the life of an invitation unless somebody says otherwise,
// in seconds: two days, as people do not read mail at once.
const defaultLinkLife = 172800

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

func (v *visit) linkForm(a application) *ui.Form {
	base, _ := v.home(a)
	life := ui.Field{Kind: ui.KindSelect, Name: "expiresIn", Label: v.T("applications.link.life"), Value: strconv.Itoa(defaultLinkLife)}
	for _, l := range linkLives {
		life.Options = append(life.Options, ui.Option{Value: strconv.Itoa(l.seconds), Text: v.T("applications.link.life_" + l.phrase)})
	}
	event := ui.Field{Kind: ui.KindSelect, Name: "interactionEvent", API: "context.interactionEvent", Label: v.T("applications.link.event"), Help: v.T("applications.link.event_help"), Options: []ui.Option{{Text: v.T("applications.link.event_any")}}}
	for _, e := range []guestlist.InteractionEvent{guestlist.EventSignIn, guestlist.EventRegister, guestlist.EventForgotPassword} {
		event.Options = append(event.Options, ui.Option{Value: string(e), Text: v.T("applications.link.event_" + string(e))})
	}
	return &ui.Form{
		Action: applicationPath(a.ID) + "/magic-link", Submit: v.T("applications.link.do"),
		Sections: []ui.FormSection{{Fields: []ui.Field{
			{Name: "email", Type: "email", Label: v.T("applications.link.email"), Help: v.T("applications.link.email_help"), Max: 128, Placeholder: "ada@example.com"},
			life, event,
			{Name: "landing", Type: "url", Code: true, Label: v.T("applications.link.landing"), Help: v.T("applications.link.landing_help"), Value: base + "/invited", Max: guestlist.MaxRedirectURILength},
		}}},
	}
}

func (v *visit) linkPage(a application, body ...ui.Block) *ui.Page {
	page := v.applicationPage(a, "magic-link", body...)
	page.Header.Lead = v.T("applications.link.lead")
	return page
}

// linkApplication is an application that people sign in to.
func (v *visit) linkApplication() (application, error) {
	a, _, err := v.application()
	if err == nil && !a.Type.MayRedirect() {
		err = errNoApplication
	}
	return a, err
}

func getMagicLink(v *visit) error {
	a, err := v.linkApplication()
	if err != nil {
		return err
	}
	body := []ui.Block{v.linkForm(a), ui.Paragraph{
		Text: v.T("applications.link.no_page"), Links: []ui.Link{{Text: v.T("applications.link.no_page_do"), Href: pathUsers + "/new"}},
	}}
	if !a.AllowsRedirect(v.d.tryURI()) {
		body = append(body, ui.Paragraph{
			Text: v.T("applications.link.no_try"), Links: []ui.Link{{Text: v.T("applications.tab.try"), Href: applicationPath(a.ID) + "/try"}},
		})
	}
	return v.show(v.linkPage(a, body...))
}

// postMagicLink makes a one-time token and shows what to do with it. It is not
// led on: a token is in no address but that of its own link.
func postMagicLink(v *visit) error {
	a, err := v.linkApplication()
	if err != nil {
		return err
	}
	form := v.linkForm(a)
	landing := strings.TrimSpace(v.form.Get("landing"))
	problem := v.uriProblem(landing)
	if problem == "" && strings.Contains(landing, "*") {
		problem = v.T("applications.uri.wildcard")
	}
	if problem != "" {
		form.Mark("landing", problem)
		return v.again(v.linkPage(a, form), form, errMarked)
	}
	order := linkOrder{Email: strings.TrimSpace(v.form.Get("email")), ExpiresIn: defaultLinkLife}
	if n, err := strconv.Atoi(v.form.Get("expiresIn")); err == nil {
		order.ExpiresIn = n
	}
	if e := v.form.Get("interactionEvent"); e != "" {
		order.Context = map[string]string{"interactionEvent": e}
	}
	var made guestlist.OneTimeToken
	if err := v.api.Do(v.ctx(), http.MethodPost, "/one-time-tokens", order, &made); err != nil {
		return v.again(v.linkPage(a, form), form, err)
	}
	return v.showLink(a, order, made, landing)
}

// linkOrder is the request for a one-time token, as it is shown too.
type linkOrder struct {
	Email     string            `json:"email"`
	ExpiresIn int               `json:"expiresIn"`
	Context   map[string]string `json:"context,omitempty"`
}

// showLink shows a link, the request that makes one, and the code that takes
// one in.
func (v *visit) showLink(a application, order linkOrder, made guestlist.OneTimeToken, landing string) error {
	u, err := url.Parse(landing)
	if err != nil {
		return err
	}
	q := u.Query()
	q.Set("token", made.Token)
	q.Set("email", made.Email)
	u.RawQuery = q.Encode()
	path := applicationPath(a.ID) + "/magic-link"
	link := ui.Section{
		ID: "link", Title: v.T("applications.link.made"), Text: v.T("applications.link.made_text", "email", made.Email),
		Body: []ui.Block{
			ui.Snippet{Title: v.T("applications.link.link"), Text: u.String()},
			ui.Facts{Rows: []ui.Fact{
				{Term: v.T("applications.link.for"), Cell: ui.Text(made.Email)},
				{Term: v.T("applications.link.until"), Cell: ui.At(made.ExpiresAt)},
			}},
		},
		Actions: []ui.Action{{Text: v.T("applications.link.another"), Href: path}, {Text: v.T("applications.link.revoke"), Href: path + "/revoke", Post: true, Name: "id", Value: string(made.ID), Danger: true}},
	}
	if a.AllowsRedirect(v.d.tryURI()) {
		link.Actions = append([]ui.Action{{Text: v.T("applications.link.try"), Href: applicationPath(a.ID) + "/try", Post: true, Hidden: []ui.Hidden{
			{Name: "one_time_token", Value: made.Token}, {Name: "login_hint", Value: made.Email}, {Name: "scope", Value: tryScopes},
		}}}, link.Actions...)
	}
	values := v.values(a, noSecret)
	values["LANDING"], values["PATH"] = landing, u.EscapedPath()
	code, err := fillSnippets(linkSnippets, a, values)
	if err != nil {
		return err
	}
	request, err := v.linkRequest(order)
	if err != nil {
		return err
	}
	return v.show(v.linkPage(a, link,
		ui.Section{Title: v.T("applications.link.code"), Text: v.T("applications.link.code_text"), Body: []ui.Block{code}},
		ui.Section{Title: v.T("applications.link.request"), Text: v.T("applications.link.request_text"), Body: []ui.Block{request}},
	))
}

// linkRequest is the request that makes such a token, for a shell.
func (v *visit) linkRequest(order linkOrder) (ui.Block, error) {
	body, err := json.Marshal(order)
	if err != nil {
		return nil, err
	}
	text, err := fillSnippet("link-curl", map[string]string{
		"ENDPOINT": quoted(v.d.Endpoint), "BODY": "'" + strings.ReplaceAll(string(body), "'", `'\''`) + "'",
	})
	return ui.Snippet{Title: "curl", Text: text}, err
}

func postRevokeMagicLink(v *visit) error {
	a, err := v.linkApplication()
	if err != nil {
		return err
	}
	err = v.api.Do(v.ctx(), http.MethodPut, "/one-time-tokens/"+client.Segment(v.form.Get("id"))+"/status",
		map[string]any{"status": guestlist.OneTimeTokenRevoked}, nil)
	if err != nil {
		return err
	}
	return v.done(applicationPath(a.ID)+"/magic-link", v.T("applications.link.revoked"))
}
