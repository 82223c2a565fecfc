package console_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/web/webtest"
)

// invited issues an invitation for each address, whose links nobody sees.
func (h *house) invited(addresses ...string) {
	h.t.Helper()
	for _, a := range addresses {
		if err := h.api.Do(context.Background(), "POST", "/invitations", map[string]any{"email": a, "name": hostileGuest, "send": false}, nil); err != nil {
			h.t.Fatal(err)
		}
	}
}

// guest reads the invitation of an address.
func (h *house) guest(address string) guestlist.Invitation {
	h.t.Helper()
	for _, i := range h.guests() {
		if i.RecipientEmail == address {
			return i
		}
	}
	h.t.Fatal(address)
	return guestlist.Invitation{}
}

// files reads a file of invitations, without its head.
func files(t *testing.T, a *webtest.Answer) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(a.Source, "\ufeff"))).ReadAll()
	if err != nil || a.Status != 200 || len(rows) == 0 || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") {
		t.Fatalf("%d %v: %s", a.Status, err, a.Source)
	}
	return rows[1:]
}

// finished waits until an action is done, and returns its page.
func (h *house) finished(b *webtest.Browser, a *webtest.Answer) *webtest.Answer {
	h.t.Helper()
	h.at(a, 200, "invitation-action")
	return h.awaited(b, a.URL.String(), func(a *webtest.Answer) bool { return strings.Contains(a.One("h1").Text(), "Finished") })
}

// TestEverythingThatMatchesIsActedOn: sent again, extended and taken back, by
// what was looked for and not by what a page shows; pressed twice it is done
// once, and nothing is taken back without a word.
func TestEverythingThatMatchesIsActedOn(t *testing.T) {
	h := newHouse(t)
	h.mailer()
	b, _ := h.admin()
	h.invited("a1@x.example", "a2@x.example", "a3@x.example", "b1@x.example", "c1@x.example")
	status := h.guest
	list := b.Get(h.url + "/console/invitations?q=a&status=pending")
	inspect(t, "list", list)
	if text := list.One(".matching summary").Text(); !strings.Contains(text, "With all 3 that match") {
		t.Errorf("the list offers %s", list.One(".matching").HTML())
	}
	ask := b.Follow(list, "Send again")
	h.at(ask, 200, "act-on-invitations")
	inspect(t, "ask", ask)
	if text := ask.One("main").Text(); !strings.Contains(text, "Send 3 invitations again?") || !strings.Contains(text, "Open") {
		t.Errorf("the page asks %s", text)
	}
	first := b.Submit(ask, "#form", nil)
	if again := b.Submit(ask, "#form", nil); again.URL.String() != first.URL.String() {
		t.Errorf("pressed twice it is done twice: %s and %s", first.URL, again.URL)
	}
	done := h.finished(b, first)
	inspect(t, "done", done)
	if text := done.One("main").Text(); !strings.Contains(text, "It was done with 3 invitations.") || done.Has("progress") {
		t.Errorf("at the end the page says %s", text)
	}
	if status("a1@x.example").Generation != 2 || status("b1@x.example").Generation != 1 {
		t.Error("others were sent than matched")
	}

	before, other := status("b1@x.example").ExpiresAt, status("c1@x.example").ExpiresAt
	ask = b.Get(h.url + "/console/invitations/all?do=extend&q=b")
	h.at(b.Submit(ask, "#form", map[string]string{"days": "4000"}), 422, "act-on-invitations")
	h.finished(b, b.Submit(ask, "#form", map[string]string{"days": "30"}))
	if now := status("b1@x.example"); now.ExpiresAt < before.Add(20*24*time.Hour) || status("c1@x.example").ExpiresAt != other {
		t.Errorf("it ends %v, before %v", now.ExpiresAt, before)
	}

	ask = b.Get(h.url + "/console/invitations/all?do=revoke&q=a")
	refused := b.Submit(ask, "#form", map[string]string{"reason": "Second thoughts"})
	h.at(refused, 422, "act-on-invitations")
	if !refused.Has("#f-sure-error") || refused.One("#f-reason").Attr("value") != "Second thoughts" || status("a1@x.example").Status != guestlist.InvitationPending {
		t.Errorf("taken back without a word: %s", refused.One("#form").HTML())
	}
	done = h.finished(b, b.Submit(refused, "#form", map[string]string{"sure": "true"}))
	if i := status("a3@x.example"); i.Status != guestlist.InvitationRevoked || i.EndReason != "Second thoughts" || status("b1@x.example").Status != guestlist.InvitationPending {
		t.Errorf("%+v", i)
	}
	if got := b.Follow(done, "Look at these invitations"); got.URL.Query().Get("q") != "a" || len(got.All(".rows tbody tr")) != 3 {
		t.Errorf("the page leads to %s", got.URL)
	}

	actions := b.Get(h.url + "/console/invitation-actions")
	h.at(actions, 200, "invitation-actions")
	if n := len(actions.All(".rows tbody tr")); n != 3 || actions.One("nav a[aria-current]").Attr("href") != "/console/invitations" {
		t.Errorf("%d actions are listed: %s", n, actions.One("main").HTML())
	}
	if stopped := b.Post(done.URL.String()+"/stop", nil); !stopped.Has(".flash.bad") {
		t.Error("what is done was stopped")
	}
	h.at(b.Get(h.url+"/console/invitations/all?do=eat"), 404, "error")
	h.at(b.Post(h.url+"/console/invitations/all", values("do", "eat")), 404, "error")
	h.at(b.Get(h.url+"/console/invitation-actions/nobody"), 404, "error")
	hostile := b.Get(h.url + "/console/invitations/all?do=revoke&q=" + url.QueryEscape(hostileGuest))
	if inspect(t, "hostile", hostile); hostile.Has("main b") {
		t.Error("what was looked for is no text")
	}

	viewer, a := h.as("viewer", "/console/invitations?q=a")
	if text := a.One(".matching").Text(); strings.Contains(text, "Take back") || strings.Contains(text, "Save view") || !strings.Contains(text, "Download") {
		t.Errorf("a viewer is offered %s", text)
	}
	for _, path := range []string{"/invitations/all", "/invitations/views", "/invitations/views/delete", "/invitation-actions/x/stop"} {
		if r := viewer.Post(h.url+"/console"+path, values("do", "extend", "days", "3", "name", "x", "view", "x")); r.Status != 403 {
			t.Errorf("a viewer posts to %s: %d", path, r.Status)
		}
	}
	if n := len(files(t, viewer.Get(h.url+"/console/invitations/export?q=b"))); n != 1 {
		t.Errorf("a viewer's file has %d rows", n)
	}
}

// TestChosenInvitationsAreExtendedAndDownloaded, with what was looked for kept.
func TestChosenInvitationsAreExtendedAndDownloaded(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	h.invited("=1@x.example", "a@x.example", "b@x.example")
	one, two, three := h.guest("=1@x.example"), h.guest("a@x.example"), h.guest("b@x.example")
	bulk := h.url + "/console/invitations/bulk"
	ask := b.Post(bulk, values("id", string(two.ID), "id", string(three.ID), "q", "b", "do", "extend"))
	h.at(ask, 200, "extend-invitations")
	a := b.Submit(ask, "#form", map[string]string{"days": "30"})
	h.at(a, 200, "invitations")
	if h.guest("b@x.example").ExpiresAt <= three.ExpiresAt || h.guest("=1@x.example").ExpiresAt != one.ExpiresAt || a.URL.Query().Get("q") != "b" ||
		!strings.Contains(a.One(".flash").Text(), "2 invitations have more time.") {
		t.Errorf("extended: %s at %s", a.One(".flash").Text(), a.URL)
	}
	rows := files(t, b.Post(bulk, values("do", "export", "id", string(one.ID), "id", string(three.ID))))
	if len(rows) != 2 || rows[0][3] != "'=1@x.example" || rows[0][5] != hostileGuest || rows[1][3] != "b@x.example" {
		t.Errorf("the file has %q", rows)
	}
	if rows := files(t, b.Get(h.url+"/console/invitations/export?status=pending&kind=personal")); len(rows) != 3 {
		t.Errorf("the file has %q", rows)
	}
	if rows := files(t, b.Get(h.url+"/console/invitations/export?delivery=bounced")); len(rows) != 0 {
		t.Errorf("the file has %q", rows)
	}
}

// TestAViewIsSavedShownAndForgotten, by everybody who invites.
func TestAViewIsSavedShownAndForgotten(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	h.invited("a@x.example", "b@x.example")
	list := h.url + "/console/invitations"
	if b.Get(list).Has(".tabled .tabs") {
		t.Error("there are views before any was saved")
	}
	ask := b.Follow(b.Get(list+"?q=a&ending=soon&status=pending"), "Save view")
	h.at(ask, 200, "save-invitation-view")
	inspect(t, "save", ask)
	h.at(b.Submit(ask, "#form", map[string]string{"name": " "}), 422, "save-invitation-view")
	a := b.Submit(ask, "#form", map[string]string{"name": hostileGuest})
	h.at(a, 200, "invitations")
	tab := a.One(".tabled .tabs a[aria-current]")
	if tab.Text() != hostileGuest || a.URL.Query().Get("q") != "a" || a.URL.Query().Get("ending") != "soon" || a.Has(".tabled .tabs b") {
		t.Errorf("saved as %s at %s", a.One(".tabled .tabs").HTML(), a.URL)
	}
	taken := b.Submit(ask, "#form", map[string]string{"name": strings.ToUpper(hostileGuest)})
	h.at(taken, 422, "save-invitation-view")
	if !taken.Has("#f-name-error") {
		t.Errorf("a name twice: %s", taken.One("#form").HTML())
	}
	inviter, a := h.as("inviter", "/console/invitations")
	if tabs := a.All(".tabled .tabs a"); len(tabs) != 2 || tabs[0].Attr("aria-current") != "page" || tabs[1].Text() != hostileGuest {
		t.Errorf("another sees %s", a.One("main").HTML())
	}
	a = inviter.Get(h.url + a.All(".tabled .tabs a")[1].Attr("href"))
	if len(a.All(".rows tbody tr")) != 0 {
		t.Errorf("the view shows %s", a.One(".rows").HTML())
	}
	a = inviter.Submit(a, ".matching form", nil)
	h.at(a, 200, "invitations")
	if a.Has(".tabled .tabs") {
		t.Error("the view is there still")
	}
	if a = inviter.Submit(a, ".flash form", nil); a.One(".tabled .tabs a[aria-current]").Text() != hostileGuest {
		t.Error("the view did not come back")
	}
	if a = b.Post(list+"/views/delete", values("view", "nothing")); !a.Has(".flash.bad") {
		t.Error("a view that is none was forgotten")
	}
}

// TestTheSameFormInvitesNobodyTwice: pressed twice, or sent again after the
// answer was lost, each line is done once; what was done comes back as done, with
// its link.
func TestTheSameFormInvitesNobodyTwice(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	form := b.Get(h.url + "/console/invitations/new")
	in := map[string]string{"people": "Ada <ada@example.com>\nbea@example.com\nbea@example.com", "deliver": "link", "message": "Come in"}
	first := b.Submit(form, "#form", in)
	h.at(first, 200, "invited")
	issued := h.guests()
	again := b.Submit(form, "#form", in)
	h.at(again, 200, "invited")
	if len(issued) != 2 || len(h.guests()) != 2 || again.One(".rows").Text() != first.One(".rows").Text() || strings.Count(first.One(".rows").Text(), "Not invited") != 1 {
		t.Errorf("first %s, then %s", first.One(".rows").Text(), again.One(".rows").Text())
	}
	// Another line, or other terms, is another order; who has an invitation gets no second.
	more := b.Submit(form, "#form", map[string]string{"people": in["people"] + "\ncleo@example.com", "deliver": "link", "message": "Come in"})
	if h.at(more, 200, "invited"); len(h.guests()) != 3 {
		t.Errorf("one line more makes %d invitations", len(h.guests()))
	}
	other := b.Submit(form, "#form", map[string]string{"people": "ada@example.com", "deliver": "link", "message": "Other words"})
	if h.at(other, 422, "invited"); len(h.guests()) != 3 {
		t.Errorf("other words make %d invitations", len(h.guests()))
	}
	// What was taken back since is not what the same form means.
	if err := h.api.Do(context.Background(), "POST", "/invitations/"+string(h.guests()[0].ID)+"/revoke", map[string]any{}, nil); err != nil {
		t.Fatal(err)
	}
	b.Submit(form, "#form", map[string]string{"people": in["people"] + "\ncleo@example.com", "deliver": "link", "message": "Come in"})
	if n := len(h.guests()); n != 4 {
		t.Errorf("there are %d invitations", n)
	}
}

// choices makes an application, a role, and an organization with a role in it.
func (h *house) choices() (app, role, org, member string) {
	h.t.Helper()
	for path, body := range map[string]map[string]any{
		"/applications": {"name": "Shop", "type": "SPA", "oidcClientMetadata": map[string]any{
			"redirectUris": []string{"https://shop.example/callback"}, "postLogoutRedirectUris": []string{},
		}},
		"/roles": {"name": "editor", "description": "Writes"}, "/organizations": {"name": "Acme"}, "/organization-roles": {"name": "boss"},
	} {
		var made struct{ ID string }
		if err := h.api.Do(context.Background(), "POST", path, body, &made); err != nil {
			h.t.Fatal(err)
		}
		switch path {
		case "/applications":
			app = made.ID
		case "/roles":
			role = made.ID
		case "/organizations":
			org = made.ID
		default:
			member = made.ID
		}
	}
	return app, role, org, member
}

// TestInvitersChooseByName what a guest is given and asked: application, roles
// and organizations are lists of names to who may see nothing else of them, and
// every choice arrives.
func TestInvitersChooseByName(t *testing.T) {
	h := newHouse(t)
	app, role, org, boss := h.choices()
	b, _ := h.as("inviter", "/console")
	form := b.Get(h.url + "/console/invitations/new")
	h.at(form, 200, "invite")
	inspect(t, "invite", form)
	if text := form.One("#form").Text(); !strings.Contains(text, "Shop") || !strings.Contains(text, "editor") || !strings.Contains(text, "Acme") || !strings.Contains(text, "Member as boss") {
		t.Errorf("an inviter chooses from %s", text)
	}
	landing := func(address string) url.Values {
		return values("people", "ada@example.com", "deliver", "link", "days", "3", "applicationId", app, "roles", role, "organizations", org+"/"+boss,
			"landing", "application", "landingUrl", address, "requiredSteps", "password", "requiredSteps", "terms", "strict", "true", "locale", "de")
	}
	for address, field := range map[string]string{"": "landingUrl", "https://evil.example/": "landingUrl", "javascript:alert(1)": "landingUrl"} {
		r := b.Post(h.url+"/console/invitations/new", landing(address))
		h.at(r, 422, "invite")
		if !r.Has("#f-" + field + "-error") {
			t.Errorf("%q: %s", address, r.One("#form").HTML())
		}
	}
	nowhere := landing("https://shop.example/in")
	nowhere.Del("applicationId")
	if r := b.Post(h.url+"/console/invitations/new", nowhere); r.Status != 422 || !r.Has("#f-applicationId-error") {
		t.Errorf("a page of no application: %d", r.Status)
	}
	h.at(b.Post(h.url+"/console/invitations/new", landing("https://shop.example/in")), 200, "invited")
	i := h.guests()[0]
	if !i.Strict || i.Landing != guestlist.LandingApplication || i.LandingURL != "https://shop.example/in" || len(i.RequiredSteps) != 2 || i.Locale != "de" ||
		len(i.Grants.RoleIDs) != 1 || len(i.Grants.Organizations) != 1 || string(i.Grants.Organizations[0].ID) != org || len(i.Grants.Organizations[0].RoleIDs) != 1 {
		t.Errorf("%+v", i)
	}
	item := b.Get(h.url + "/console/invitations/" + string(i.ID))
	inspect(t, "item", item)
	text := item.One("main").Text()
	for _, want := range []string{"Shop", "editor", "Acme", "boss", "https://shop.example/in", "A password", "A code to the address is asked for"} {
		if !strings.Contains(text, want) {
			t.Errorf("the invitation does not say %s: %s", want, text)
		}
	}
	if strings.Contains(text, app) || strings.Contains(text, org) {
		t.Errorf("an inviter reads ids: %s", text)
	}
	blank := b.Get(h.url + "/console/invitation-codes/new")
	talk := map[string]string{"name": "Talk", "seats": "3", "organizations": org, "requiredSteps": "password"}
	code := b.Submit(blank, "#form", talk)
	h.at(code, 200, "invitation-code")
	if again := b.Submit(blank, "#form", talk); again.URL.Path != code.URL.Path {
		t.Errorf("pressed twice it made another code: %s, %s", code.URL, again.URL)
	}
	if text := code.One("main").Text(); !strings.Contains(text, "Acme") || !strings.Contains(text, "A password") {
		t.Errorf("the code says %s", text)
	}
	if a := b.Get(h.url + "/console/invitations?applicationId=" + app); len(a.All(".rows tbody tr")) == 0 || chosen(a, "applicationId") != app {
		t.Errorf("an inviter cannot filter by application: %s", a.One("main").HTML())
	}
}

// TestACampaignKeepsAllThatWasChosen, also when it is only looked at.
func TestACampaignKeepsAllThatWasChosen(t *testing.T) {
	h := newHouse(t)
	h.mailer()
	app, _, org, boss := h.choices()
	b, _ := h.admin()
	a := h.campaign(b, "few.csv", "email\na@example.com\n")
	form := values("column0", "email", "name", "Launch", "days", "9", "how", "once", "timeZone", "UTC", "do", "check", "applicationId", app,
		"landing", "application", "landingUrl", "https://shop.example/in", "strict", "true", "requiredSteps", "profile",
		"organizations", org, "organizations", org+"/"+boss, "locale", "fr", "digest", "weekly")
	looked := b.Post(a.URL.String(), form)
	h.at(looked, 200, "campaign-setup")
	inspect(t, "setup", looked)
	for field, want := range map[string]string{"landingUrl": "https://shop.example/in"} {
		if got := looked.One("[name=" + field + "]").Attr("value"); got != want {
			t.Errorf("%s is %q", field, got)
		}
	}
	if chosen(looked, "locale") != "fr" || chosen(looked, "digest") != "weekly" || chosen(looked, "applicationId") != app || !looked.Has("[name=strict][checked]") ||
		len(looked.All("[name=organizations][checked]")) != 2 || len(looked.All("[name=requiredSteps][checked]")) != 1 || !looked.Has("[name=landing][value=application][checked]") {
		t.Errorf("what was chosen is lost: %s", looked.One("#form").HTML())
	}
	var c guestlist.Campaign
	path := "/invitation-campaigns/" + a.URL.Path[strings.LastIndex(a.URL.Path, "/")+1:]
	if err := h.api.Do(context.Background(), "GET", path, nil, &c); err != nil {
		t.Fatal(err)
	}
	if !c.Terms.Strict || c.Terms.LandingURL == "" || c.Locale != "fr" || c.Digest != "weekly" || len(c.Terms.Grants.Organizations) != 1 || len(c.Terms.RequiredSteps) != 1 {
		t.Errorf("%+v", c)
	}
	form.Set("applicationId", "")
	form.Del("landing")
	if looked = b.Post(a.URL.String(), form); chosen(looked, "applicationId") != "" {
		t.Errorf("no application is kept as %q", chosen(looked, "applicationId"))
	}
	h.at(b.Submit(looked, "#form", nil), 200, "campaign")
	a = h.awaited(b, a.URL.String(), func(*webtest.Answer) bool { return len(h.guests()) == 1 })
	if text := a.One("main").Text(); !strings.Contains(text, "Acme") || !strings.Contains(text, "A whole profile") || !strings.Contains(text, "Every week") {
		t.Errorf("the campaign does not say what it gives and asks: %s", text)
	}
	if i := h.guests()[0]; !i.Strict || i.Locale != "fr" || i.ApplicationID != "" || fmt.Sprint(i.Grants.Organizations[0].RoleIDs) != "["+boss+"]" {
		t.Errorf("%+v", i)
	}
}

// TestWhatIsNotOfferedIsKept when a form is sent that names it already: only the
// first hundred are offered.
func TestWhatIsNotOfferedIsKept(t *testing.T) {
	h := newHouse(t)
	h.mailer()
	_, _, _, boss := h.choices()
	for n := range 100 {
		if err := h.api.Do(context.Background(), "POST", "/organizations", map[string]any{"name": fmt.Sprint("Company ", n)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	var rest []struct{ ID string }
	if _, err := h.api.List(context.Background(), "/invitation-choices/organizations", nil, 2, 100, &rest); err != nil || len(rest) != 1 {
		t.Fatal(rest, err)
	}
	hidden := rest[0].ID
	b, _ := h.admin()
	a := h.campaign(b, "few.csv", "email\na@example.com\n")
	looked := b.Post(a.URL.String(), values("column0", "email", "name", "Launch", "days", "9", "how", "once", "timeZone", "UTC", "do", "check",
		"organizations", hidden, "organizations", hidden+"/"+boss))
	h.at(looked, 200, "campaign-setup")
	if n := len(looked.All("[name=organizations][checked]")); n != 2 {
		t.Errorf("%d of 2 are still chosen", n)
	}
	h.at(b.Submit(looked, "#form", nil), 200, "campaign")
	h.awaited(b, a.URL.String(), func(*webtest.Answer) bool { return len(h.guests()) == 1 })
	if o := h.guests()[0].Grants.Organizations; len(o) != 1 || string(o[0].ID) != hidden || fmt.Sprint(o[0].RoleIDs) != "["+boss+"]" {
		t.Errorf("it gives %+v", o)
	}
}

// TestAnActionIsWatchedAndStopped on its way: the page says how far it is, and
// what was done stays done.
func TestAnActionIsWatchedAndStopped(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	const many = 8000 // takes a second and more
	var rows strings.Builder
	rows.WriteString("email\n")
	for n := range many {
		fmt.Fprintf(&rows, "guest%d@x.example\n", n)
	}
	var c guestlist.Campaign
	if _, err := h.api.Send(context.Background(), client.Call{
		Method: "POST", Path: "/invitations/batch", ContentType: "text/csv", Body: strings.NewReader(rows.String()), Out: &c,
		Query: url.Values{"name": {"Many"}, "waves": {fmt.Sprintf(`{"startAt":%d}`, time.Now().Add(24*time.Hour).UnixMilli())}},
	}); err != nil {
		t.Fatal(err)
	}
	h.awaited(b, h.url+"/console/campaigns/"+string(c.ID), func(a *webtest.Answer) bool { return strings.Contains(a.One("h1").Text(), "Sending") })
	ask := b.Get(h.url + "/console/invitations/all?do=extend&campaignId=" + string(c.ID))
	if text := ask.One("main").Text(); !strings.Contains(text, "Give 8,000 invitations more time?") || !strings.Contains(text, "Many") {
		t.Errorf("the page asks %s", text)
	}
	a := b.Submit(ask, "#form", map[string]string{"days": "30"})
	h.at(a, 200, "invitation-action")
	inspect(t, "running", a)
	if text := a.One(".progress").Text(); !strings.Contains(text, "of 8,000 looked at") || !strings.Contains(a.Source, `http-equiv="refresh"`) {
		t.Errorf("on its way the page says %s", text)
	}
	a = b.Submit(a, ".head form", nil)
	var act guestlist.InvitationAction
	if err := h.api.Do(context.Background(), "GET", "/invitations/actions/"+a.URL.Path[strings.LastIndex(a.URL.Path, "/")+1:], nil, &act); err != nil {
		t.Fatal(err)
	}
	if text := a.One("main").Text(); !strings.Contains(text, "It was stopped on the way.") || a.Has("progress") || act.State != guestlist.ActionCancelled || act.Changed >= many {
		t.Errorf("stopped the page says %s of %+v", text, act)
	}
}
