package console_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/web/webtest"
)

// rowsOf returns the first cells of a table.
func rowsOf(a *webtest.Answer) []string {
	var out []string
	for _, row := range a.All(".rows tbody th bdi") {
		out = append(out, row.Text())
	}
	return out
}

// TestUsersWithoutScripts finds, makes, changes, suspends and deletes people,
// and takes back what can be taken back.
func TestUsersWithoutScripts(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	list := b.Get(h.url + "/console/users")
	h.at(list, 200, "users")

	a := b.Follow(list, "Create user")
	h.at(a, 200, "new-user")
	h.at(b.Submit(a, "#form", map[string]string{"first": "link"}), 422, "new-user")
	h.at(b.Submit(a, "#form", map[string]string{"first": "link", "username": "grace"}), 422, "new-user") // a link needs an address
	refused := b.Submit(a, "#form", map[string]string{"first": "none", "primaryEmail": "no address", "name": "Kept"})
	h.at(refused, 422, "new-user")
	if refused.One("#f-primaryEmail-error").Text() == "" || refused.One("#f-name").Attr("value") != "Kept" {
		t.Errorf("what was typed is lost: %s", refused.One("#form").HTML())
	}
	grace := b.Submit(a, "#form", map[string]string{"first": "none", "primaryEmail": "grace@example.com", "name": "Grace Hopper", "primaryPhone": "+44 (0)7700 900123"})
	h.at(grace, 200, "user-profile")
	if v := grace.One("#f-primaryPhone").Attr("value"); v != "447700900123" {
		t.Errorf("the number is %q", v)
	}
	h.at(b.Submit(a, "#form", map[string]string{"first": "none", "primaryEmail": "GRACE@example.com"}), 422, "new-user")
	for _, q := range []string{"hopper", "grace@", "+447700", "GRACE"} {
		if rows := rowsOf(b.Get(h.url + "/console/users?q=" + url.QueryEscape(q))); len(rows) != 1 || rows[0] != "Grace Hopper" {
			t.Errorf("looking for %q: %q", q, rows)
		}
	}

	a = b.Submit(grace, "#form", map[string]string{"givenName": "Grace", "country": "US", "avatar": "https://pictures.example/g.png"})
	h.at(a, 200, "user-profile")
	if a.One("#f-givenName").Attr("value") != "Grace" || a.One("#f-country").Attr("value") != "US" {
		t.Error("the profile is not kept")
	}
	stale := b.Submit(grace, "#form", map[string]string{"name": "Somebody else"}) // the page of before
	h.at(stale, 409, "user-profile")
	h.at(b.Submit(stale, "#form", nil), 200, "user-profile")
	for field, bad := range map[string]string{"avatar": "javascript:alert(1)", "primaryEmail": "x", "primaryPhone": "12ab", "username": "1 x", "name": strings.Repeat("n", 200)} {
		h.at(b.Submit(a, "#form", map[string]string{field: bad, "_tag": ""}), 422, "user-profile")
	}
	path := strings.TrimPrefix(grace.URL.String(), h.url)

	a = b.Post(h.url+path+"/suspended", values("suspended", "true"))
	if pill := a.One("h1 .pill").Text(); pill != "Suspended" {
		t.Errorf("suspended: %q", pill)
	}
	if rows := rowsOf(b.Get(h.url + "/console/users?state=suspended")); len(rows) != 1 {
		t.Errorf("suspended are %q", rows)
	}
	a = b.Submit(b.Post(h.url+path+"/suspended", values("suspended", "true")), ".flash form", nil)
	if pill := a.One("h1 .pill").Text(); pill == "Suspended" {
		t.Error("undoing did nothing")
	}
	a = b.Post(h.url+path+"/deletion", values("do", "delete"))
	if pill := a.One("h1 .pill").Text(); pill != "To be deleted" || !a.Has(".notice.bad") {
		t.Errorf("to be deleted: %q", pill)
	}
	a = b.Submit(a, ".flash form", nil)
	if pill := a.One("h1 .pill").Text(); pill != "Never signed in" {
		t.Errorf("restored: %q", pill)
	}
	a = b.Post(h.url+path+"/deletion", values("do", "delete"))
	h.at(b.Submit(b.Follow(a, "Delete now"), ".confirm", nil), 200, "users")
	h.at(b.Get(h.url+path), 404, "error")
	for _, what := range []string{"/suspended", "/deletion", "/sessions", "/roles/remove", "/administrator", "/identities"} {
		if a := b.Post(h.url+path+what, values("x", "y")); a.Status >= 500 {
			t.Errorf("%s of nobody: %d", what, a.Status)
		}
	}
}

// TestFirstPasswords: one that was made up is shown once and signs in; a link is
// shown where nothing can be sent.
func TestFirstPasswords(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Submit(b.Get(h.url+"/console/users/new"), "#form", map[string]string{"first": "temporary", "username": "eve"})
	h.at(a, 200, "user-password-shown")
	password := a.One(".snippet code").Text()
	if len(password) < 16 || !strings.Contains(a.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("the password is %q", password)
	}
	guest := h.browser()
	if at := h.signIn(guest, "/demo-app", "eve", password).One("body").Attr("data-page"); at != "continue" {
		t.Errorf("with a temporary password one is at %q", at)
	}
	a = b.Submit(b.Get(h.url+"/console/users/new"), "#form", map[string]string{"first": "link", "primaryEmail": "link+1@example.com", "username": "linked"})
	h.at(a, 200, "user-link-shown")
	link := a.One(".snippet code").Text()
	at := guest.Get(link)
	if !strings.Contains(at.Text(), "link+1@example.com") || at.One("body").Attr("data-page") != "one-time-token" {
		t.Errorf("the link leads to %s: %s", at.URL, at.Text())
	}
	at = guest.Submit(at, "form.form", nil)
	if page := at.One("body").Attr("data-page"); page != "new-password" {
		t.Errorf("then one is at %q", page)
	}
	at = guest.Submit(at, "form.form", map[string]string{"newPassword": "Chosen-by-guest-1", "confirmPassword": "Chosen-by-guest-1"})
	at = guest.Submit(at, "form.form", map[string]string{"identifier": "linked", "password": "Chosen-by-guest-1"})
	if at.URL.Path != "/account" {
		t.Errorf("in the end one is at %s: %s", at.URL, at.Text())
	}
	u := h.user(map[string]any{"username": "nomail"})
	path := h.url + "/console/users/" + string(u.ID)
	h.at(b.Post(path+"/password-link", values("x", "y")), 200, "user-profile") // it says why not
	h.at(b.Submit(b.Get(path+"/password"), "#form", map[string]string{"password": "Chosen-by-host-1"}), 200, "user-profile")
	h.at(b.Submit(b.Get(path+"/password"), "#form", nil), 200, "user-password-shown")
}

// TestTheLastAdministratorInTheConsole: nobody locks everybody out.
func TestTheLastAdministratorInTheConsole(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	var users []guestlist.User
	if err := h.api.Do(context.Background(), "GET", "/users", nil, &users); err != nil || len(users) != 1 {
		t.Fatal(err)
	}
	path := h.url + "/console/users/" + string(users[0].ID)
	for what, form := range map[string]url.Values{
		"/deletion": values("do", "delete"), "/delete": values("x", "y"), "/suspended": values("suspended", "true"), "/administrator": values("role", "none"),
	} {
		a := b.Post(path+what, form)
		if a.Status != 200 || !a.Has(".flash.bad") {
			t.Errorf("%s: %d without a reason: %s", what, a.Status, a.Source)
		}
	}
	for _, do := range []string{"suspend", "delete"} {
		if a := b.Post(h.url+"/console/users/bulk", values("do", do, "id", string(users[0].ID))); !a.Has(".flash.bad") {
			t.Errorf("%s them: %s", do, a.Source)
		}
	}
	u := h.user(map[string]any{"username": "second"})
	a := b.Post(h.url+"/console/users/"+string(u.ID)+"/administrator", values("role", "owner"))
	if a.One("#administrator .pill").Text() != "Owner" {
		t.Errorf("no administrator: %s", a.Source)
	}
	a = b.Submit(a, ".flash form", nil)
	if a.One("#administrator .pill").Text() != "None" {
		t.Errorf("still an administrator: %s", a.Source)
	}
}

// TestManyUsersAtOnce does things with chosen rows, and takes them back.
func TestManyUsersAtOnce(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	form := values()
	for i := range 5 {
		form.Add("id", string(h.user(map[string]any{"username": fmt.Sprintf("guest_%d", i)}).ID))
	}
	h.at(b.Post(h.url+"/console/users/bulk", values("do", "suspend")), 200, "users")                  // nobody chosen
	h.at(b.Post(h.url+"/console/users/bulk", values("do", "nonsense", "id", "x")), 404, "error")      // nothing to do
	if a := b.Post(h.url+"/console/users/bulk", values("do", "delete", "id", "x")); a.Status != 200 { // nobody
		t.Errorf("%d", a.Status)
	}
	in := func(state string) int { return len(rowsOf(b.Get(h.url + "/console/users?state=" + state))) }
	for do, state := range map[string]string{"suspend": "suspended", "delete": "leaving"} {
		form.Set("do", do)
		a := b.Post(h.url+"/console/users/bulk", form)
		if in(state) != 5 {
			t.Errorf("%s: %d", do, in(state))
		}
		if b.Submit(a, ".flash form", nil); in(state) != 0 {
			t.Errorf("undone: %d", in(state))
		}
	}
	form.Set("do", "role")
	if a := b.Post(h.url+"/console/users/bulk", form); a.Status != 200 || !a.Has(".empty") {
		t.Errorf("without roles: %d", a.Status)
	}
	var r guestlist.Role
	if err := h.api.Do(context.Background(), "POST", "/roles", map[string]any{"name": "editor", "description": "x", "type": "User"}, &r); err != nil {
		t.Fatal(err)
	}
	a := b.Post(h.url+"/console/users/bulk", form)
	h.at(a, 200, "users-role")
	a = b.Post(h.url+"/console/users/bulk", func() url.Values { form.Set("do", "give"); form.Set("role", string(r.ID)); return form }())
	with := func() int { return len(rowsOf(b.Get(h.url + "/console/users?role=" + string(r.ID)))) }
	if with() != 5 {
		t.Errorf("%d have the role", with())
	}
	if b.Submit(a, ".flash form", nil); with() != 0 {
		t.Errorf("undone, %d have the role", with())
	}
}

// TestWhatUsersBring: names, data and identities of strangers are text on every
// page.
func TestWhatUsersBring(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	const evil = `"><script>alert(1)</script>{{.}}<img src=x onerror=alert(1)>`
	u := h.user(map[string]any{"name": evil, "customData": map[string]any{evil: evil}, "profile": map[string]any{"nickname": evil, "gender": evil}})
	id := string(u.ID)
	if err := h.api.Do(context.Background(), "PUT", "/users/"+id+"/identities/github", map[string]any{
		"userId": evil, "details": map[string]any{"name": evil, "email": evil, "rawData": map[string]any{"a": strings.Repeat("x", 5000)}},
	}, nil); err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"", "/identities", "/roles", "/sessions", "/events", "/data", "/password", "/delete"} {
		a := b.Get(h.url + "/console/users/" + id + page)
		if a.Status != 200 || strings.Contains(a.Source, "<script>alert") || strings.Contains(a.Source, "<img src=x") {
			t.Errorf("%s: %d: %s", page, a.Status, a.Source)
		}
		inspect(t, page, a)
	}
	a := b.Post(h.url+"/console/users/"+id+"/identities", values("target", "github"))
	if rows := rowsOf(a); len(rows) != 0 {
		t.Errorf("unlinked: %q", rows)
	}
	a = b.Submit(a, ".flash form", nil)
	if rows := rowsOf(a); len(rows) == 0 || !strings.Contains(a.One(".rows").Text(), evil) {
		t.Errorf("linked again: %q, %s", rows, a.One(".rows").HTML())
	}
	data := b.Get(h.url + "/console/users/" + id + "/data")
	for bad, line := range map[string]string{"{": "line 1", "{\n\"a\": 1,\n}": "line 3", "[1]": "line 1", "null": "line 1", "{} {}": "line 1", "\"x\"": "line 1"} {
		a := b.Submit(data, "#form", map[string]string{"customData": bad})
		h.at(a, 422, "user-data")
		if !strings.Contains(a.One("#f-customData-error").Text(), line) || a.One("#f-customData").Text() != strings.Join(strings.Fields(bad), " ") {
			t.Errorf("%q: %s", bad, a.One("#form").HTML())
		}
	}
	h.at(b.Submit(data, "#form", map[string]string{"customData": `{"plan":"pro","n":1.50,"deep":[{"a":null}]}`}), 200, "user-data")
	var kept struct {
		Plan string
		Deep []any
	}
	if err := h.api.Do(context.Background(), "GET", "/users/"+id+"/custom-data", nil, &kept); err != nil || kept.Plan != "pro" {
		t.Errorf("%+v, %v", kept, err)
	}
}

// TestSessionsEndInTheConsole signs somebody out, of one browser and everywhere.
func TestSessionsEndInTheConsole(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	u := h.user(map[string]any{"username": "guest", "password": "Guests-own-4711"})
	page := h.url + "/console/users/" + string(u.ID) + "/sessions"
	if a := b.Get(page); !a.Has(".empty") {
		t.Error("there are sessions")
	}
	for range 3 {
		guest := h.browser()
		guest.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
		h.signIn(guest, "/demo-app", "guest", "Guests-own-4711")
	}
	a := b.Get(page)
	if rows := rowsOf(a); len(rows) < 3 || !strings.HasPrefix(rows[0], "Firefox, Linux") {
		t.Fatalf("the sessions are %q", rows)
	}
	a = b.Post(page, values("session", a.All(".row-actions button")[0].Attr("value")))
	if n := len(a.All(".rows tbody tr")); n != 2 {
		t.Errorf("%d are left", n)
	}
	if a := b.Post(page, values("session", "nope")); a.Status != 200 || !a.Has(".flash.bad") {
		t.Errorf("a session that is none: %d", a.Status)
	}
	if a = b.Post(page, values("all", "true")); !a.Has(".empty") {
		t.Errorf("%d are left", len(rowsOf(a)))
	}
	if rows := rowsOf(b.Get(h.url + "/console/users/" + string(u.ID) + "/events")); len(rows) == 0 {
		t.Error("nothing is known of them")
	}
}

// TestADeletionHappens: whoever was not restored is gone when the time has come,
// and whoever was restored is not.
func TestADeletionHappens(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	gone, stays := h.user(map[string]any{"username": "gone"}), h.user(map[string]any{"username": "stays"})
	for _, u := range []guestlist.User{gone, stays} {
		b.Post(h.url+"/console/users/"+string(u.ID)+"/deletion", values("do", "delete"))
	}
	b.Post(h.url+"/console/users/"+string(stays.ID)+"/deletion", values("do", "restore"))
	h.later(guestlist.DefaultDeletionPeriod + time.Minute)
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		var u guestlist.User
		if err := h.api.Do(ctx, "GET", "/users/"+string(gone.ID), nil, &u); guestlist.CodeOf(err) == "entity.not_found" {
			break
		}
		select {
		case <-ctx.Done():
			t.Fatal("the user is still there")
		case <-tick.C:
		}
	}
	var u guestlist.User
	if err := h.api.Do(context.Background(), "GET", "/users/"+string(stays.ID), nil, &u); err != nil || u.IsSuspended {
		t.Errorf("%+v, %v", u, err)
	}
}
