package console_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/web/webtest"
)

// hostileGuest tries to leave the place where it stands.
const hostileGuest = `<b>"Eve"</b> & 'co'`

// guests reads the invitations that there are.
func (h *house) guests() []guestlist.Invitation {
	h.t.Helper()
	var list []guestlist.Invitation
	if err := h.api.Do(context.Background(), "GET", "/invitations?page_size=100", nil, &list); err != nil {
		h.t.Fatal(err)
	}
	return list
}

// mailer lets the house send mail, to nowhere.
func (h *house) mailer() {
	h.t.Helper()
	if err := h.api.Do(context.Background(), "POST", "/connectors", map[string]any{
		"connectorId": "http-email", "config": map[string]any{"endpoint": "http://127.0.0.1:1/nowhere"},
	}, nil); err != nil {
		h.t.Fatal(err)
	}
}

// as signs somebody in who has a role in the console, and opens a page.
func (h *house) as(role, path string) (*webtest.Browser, *webtest.Answer) {
	h.t.Helper()
	u := h.user(map[string]any{"username": role, "password": adminPassword})
	if err := h.api.Do(context.Background(), "PUT", "/users/"+string(u.ID)+"/administrator", map[string]any{"role": role}, nil); err != nil {
		h.t.Fatal(err)
	}
	b := h.browser()
	return b, h.signIn(b, path, role, adminPassword)
}

// TestInvitingManyLosesNothing: each line is an invitation of its own, what is
// wrong with one leaves the others alone and stands in the form again, and links
// are shown once.
func TestInvitingManyLosesNothing(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Get(h.url + "/console/invitations")
	h.at(a, 200, "invitations")
	if !a.Has(".empty .actions a") || !a.Has(".notice.warn .actions a") {
		t.Errorf("nothing teaches the next step: %s", a.One("main").HTML())
	}
	a = b.Follow(a, "Invite")
	h.at(a, 200, "invite")
	// Without a way to send mail nothing is done, and all stays as it was typed.
	r := b.Submit(a, "#form", map[string]string{"people": "ada@example.com\nbea@example.com", "message": "Come in"})
	h.at(r, 422, "invite")
	if !strings.Contains(r.Source, "ada@example.com\nbea@example.com</textarea>") || r.One("#f-message").Text() != "Come in" || len(h.guests()) != 0 {
		t.Errorf("what was typed is lost: %s", r.One("#form").HTML())
	}
	typed := hostileGuest + " <eve@example.com>\nnot an address\nADA@example.com\nada@example.com\n\n+4915112345678\n" + strings.Repeat("x", 900)
	r = b.Submit(r, "#form", map[string]string{"people": typed, "deliver": "link"})
	h.at(r, 200, "invited")
	if n := len(h.guests()); n != 3 {
		t.Errorf("%d are invited: %s", n, r.One("main").Text())
	}
	if !strings.Contains(r.One("#f-people").HTML(), ">not an address\nada@example.com\nxxx") {
		t.Errorf("left are %q", r.One("#f-people").HTML())
	}
	if links := strings.Count(r.One(".rows").HTML(), h.url+"/i/"); links < 3 || !strings.Contains(r.One(".rows").Text(), hostileGuest) || r.Has(".rows b") {
		t.Errorf("%d links: %s", links, r.One(".rows").HTML())
	}
	h.mailer()
	r = b.Submit(b.Get(h.url+"/console/invitations/new"), "#form", map[string]string{"people": "Grace <grace@example.com>", "message": "Come in"})
	h.at(r, 200, "invitation")
	if strings.Contains(r.Source, "/i/") || !strings.Contains(r.One("main").Text(), "grace@example.com") || !r.Has(".flash") {
		t.Errorf("the one that is mailed: %s", r.One("main").HTML())
	}
	// What is wrong with all is said at its field, and nothing is done.
	before := len(h.guests())
	form := b.Get(h.url + "/console/invitations/new")
	for field, bad := range map[string]map[string]string{
		"message": {"message": "see https://evil.example"}, "days": {"days": "9999"}, "people": {"people": " \n "},
	} {
		in := map[string]string{"people": "new@example.com"}
		for k, s := range bad {
			in[k] = s
		}
		r = b.Submit(form, "#form", in)
		h.at(r, 422, "invite")
		if !r.Has("#f-" + field + "-error") {
			t.Errorf("%s: %s", field, r.One("#form").HTML())
		}
	}
	r = b.Submit(form, "#form", map[string]string{"people": strings.Repeat("many@example.com\n", 101)})
	h.at(r, 422, "invite")
	if len(h.guests()) != before {
		t.Error("something was done all the same")
	}
}

// TestAnInvitationFromItsFirstMailToItsEnd looks at one, sends it again, makes a
// link, extends it and takes that back, edits it beside somebody else, takes it
// back and deletes it.
func TestAnInvitationFromItsFirstMailToItsEnd(t *testing.T) {
	h := newHouse(t)
	h.mailer()
	b, _ := h.admin()
	a := b.Submit(b.Get(h.url+"/console/invitations/new"), "#form", map[string]string{"people": hostileGuest + " <eve@example.com>"})
	h.at(a, 200, "invitation")
	page := a.URL.String()
	if len(a.All(".list li")) == 0 || a.Has("h1 b") {
		t.Errorf("the timeline: %s", a.One("main").HTML())
	}
	before := h.guests()[0]
	a = b.Submit(a, ".head form", nil)
	h.at(a, 200, "invitation")
	if now := h.guests()[0]; now.Generation != before.Generation+1 || !strings.Contains(a.One(".list").Text(), "Sent again") {
		t.Errorf("not sent again: %+v", now)
	}
	a = b.Submit(b.Get(page+"/link"), ".confirm", nil)
	h.at(a, 200, "invitation-link")
	if !strings.HasPrefix(a.One(".snippet code").Text(), h.url+"/i/") {
		t.Errorf("the link: %s", a.One("main").HTML())
	}
	if a = b.Get(page); strings.Contains(a.Source, "/i/") {
		t.Error("the link is shown again")
	}
	before = h.guests()[0]
	a = b.Submit(a, "#extend", map[string]string{"days": "3"})
	if now := h.guests()[0]; now.ExpiresAt != before.ExpiresAt.Add(3*24*time.Hour) {
		t.Errorf("it ends %v, before %v", now.ExpiresAt, before.ExpiresAt)
	}
	b.Submit(a, ".flash form", nil)
	if now := h.guests()[0]; now.ExpiresAt != before.ExpiresAt {
		t.Error("more time was not taken back")
	}
	if a = b.Post(page+"/extend", values("days", "4000")); !a.Has(".flash.bad") {
		t.Error("extended beyond every limit")
	}

	mine := b.Get(page + "/edit")
	a = b.Submit(b.Get(page+"/edit"), "#form", map[string]string{"message": "Come\nin"})
	h.at(a, 200, "invitation")
	r := b.Submit(mine, "#form", map[string]string{"message": "Stay out"})
	if r.Status != 409 || !r.Has(".conflict") || h.guests()[0].Message != "Come\nin" {
		t.Errorf("overwrote what somebody else saved: %d", r.Status)
	}
	b.Submit(a, ".flash form", nil)
	if m := h.guests()[0].Message; m != "" {
		t.Errorf("taken back the message is %q", m)
	}
	h.at(b.Submit(b.Get(page+"/edit"), "#form", map[string]string{"message": "www.evil.example"}), 422, "edit-invitation")

	a = b.Submit(b.Get(page+"/revoke"), ".confirm", nil)
	h.at(a, 200, "invitation")
	if h.guests()[0].Status != guestlist.InvitationRevoked || a.Has("#extend") {
		t.Error("it is not taken back")
	}
	if a = b.Post(page+"/revoke", nil); !a.Has(".flash.bad") {
		t.Error("taking back twice says nothing")
	}
	h.at(b.Submit(b.Get(page+"/delete"), ".confirm", nil), 200, "invitations")
	h.at(b.Get(page), 404, "error")
}

// TestTheListOfInvitationsIsLookedThrough by every filter, page by page and back,
// and several are sent again or taken back at once.
func TestTheListOfInvitationsIsLookedThrough(t *testing.T) {
	h := newHouse(t)
	h.mailer()
	b, _ := h.admin()
	var lines []string
	for c := 'a'; c <= 'z'; c++ {
		lines = append(lines, string(c)+"@example.com")
	}
	h.at(b.Submit(b.Get(h.url+"/console/invitations/new"), "#form", map[string]string{"people": strings.Join(lines, "\n"), "days": "2", "deliver": "link"}), 200, "invited")
	list := h.url + "/console/invitations"
	first := b.Get(list)
	if n := len(first.All(".rows tbody tr")); n != 20 || !strings.Contains(first.One(".paging p").Text(), "26") {
		t.Fatalf("%d rows, %s", n, first.One(".paging").Text())
	}
	second := b.Get(h.url + first.One(".paging a[rel=next]").Attr("href"))
	if n := len(second.All(".rows tbody tr")); n != 6 || second.Has(".paging a[rel=next]") {
		t.Fatalf("%d rows on the second page", n)
	}
	if back := b.Get(h.url + second.One(".paging a[rel=prev]").Attr("href")); back.All(".rows tbody th")[0].Text() != first.All(".rows tbody th")[0].Text() {
		t.Error("the way back leads elsewhere")
	}
	for query, want := range map[string]int{
		"q=k%40": 1, "q=nobody": 0, "status=pending": 20, "status=accepted": 0, "kind=shared": 0, "kind=personal": 20, "delivery=bounced": 0,
		"ending=soon": 20, "status=%3Cb%3E&delivery=x&kind=x&ending=x": 20, "cursor=%22&trail=.%3C.": 20, "applicationId=nobody": 0,
		"q=" + url.QueryEscape(`"><b>`): 0,
	} {
		a := b.Get(list + "?" + query)
		h.at(a, 200, "invitations")
		if n := len(a.All(".rows tbody tr")); n != want {
			t.Errorf("%s finds %d, want %d", query, n, want)
		}
	}
	over := b.Get(h.url + "/console")
	if !over.Has("#funnel .funnel [role=img]") || len(over.All("#funnel .funnel tbody tr")) != 5 || !strings.Contains(over.One("#funnel").Text(), "26") {
		t.Errorf("the funnel: %s", over.One("main").HTML())
	}
	if text := over.One("main").Text(); !strings.Contains(text, "26 invitations end within 3 days") {
		t.Errorf("the overview does not say that ends are near: %s", text)
	}
	h.at(b.Follow(over, "Look at them"), 200, "invitations")
	all := h.guests()
	chosen := values("do", "revoke", "id", string(all[0].ID), "id", string(all[1].ID))
	a := b.Post(list+"/bulk", chosen)
	h.at(a, 200, "revoke-invitations")
	if h.guests()[0].Status != guestlist.InvitationPending {
		t.Error("taken back without asking")
	}
	h.at(b.Submit(a, ".confirm", nil), 200, "invitations")
	chosen.Add("id", string(all[2].ID))
	chosen.Set("do", "resend")
	a = b.Post(list+"/bulk", chosen)
	if now := h.guests(); now[0].Status != guestlist.InvitationRevoked || now[2].Generation != all[2].Generation+1 || !a.Has(".flash.warn") {
		t.Errorf("several at once: %s", a.One(".flash").Text())
	}
	if a = b.Post(list+"/bulk", values("do", "resend")); !a.Has(".flash.warn") {
		t.Error("nothing chosen says nothing")
	}
	h.at(b.Post(list+"/bulk", values("do", "eat", "id", "x")), 404, "error")
}

// TestACodeIsHandedOnAndTakenBack makes one, sees code, link and picture, and
// revokes it.
func TestACodeIsHandedOnAndTakenBack(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Follow(b.Get(h.url+"/console/invitation-codes"), "Create code")
	h.at(a, 200, "new-invitation-code")
	for field, bad := range map[string]map[string]string{
		"seats": {"seats": "0"}, "allowedDomains": {"allowedDomains": "not a domain"}, "days": {"days": "x"}, "message": {"message": "http://x.example"},
	} {
		r := b.Submit(a, "#form", bad)
		h.at(r, 422, "new-invitation-code")
		if !r.Has(".field .error") {
			t.Errorf("%s: %s", field, r.One("#form").HTML())
		}
	}
	a = b.Submit(a, "#form", map[string]string{"name": hostileGuest, "seats": "3", "allowedDomains": "Example.com"})
	h.at(a, 200, "invitation-code")
	page := a.URL.String()
	text := a.One("main").Text()
	if !strings.Contains(text, "3 of 3") || !strings.Contains(text, h.url+"/i/") || !strings.Contains(text, "example.com") || a.Has("h1 b") {
		t.Errorf("the code: %s", a.One("main").HTML())
	}
	picture := b.Get(h.url + a.One("img.picture").Attr("src"))
	if picture.Status != 200 || picture.Header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(picture.Header.Get("Content-Security-Policy"), "sandbox") ||
		!strings.HasPrefix(picture.Source, "<svg") {
		t.Errorf("the picture: %d %v", picture.Status, picture.Header)
	}
	if n := len(b.Get(h.url + "/console/invitation-codes?status=pending").All(".rows tbody tr")); n != 1 {
		t.Errorf("%d codes are listed", n)
	}
	h.at(b.Get(h.url+"/console/invitations/"+page[strings.LastIndex(page, "/")+1:]), 200, "invitation-code")
	a = b.Submit(b.Get(page+"/revoke"), ".confirm", nil)
	h.at(a, 200, "invitation-code")
	if a.Has("img.picture") || strings.Contains(a.One("main").Text(), "/i/") {
		t.Error("a code that was taken back is still handed on")
	}
	h.at(b.Get(h.url+"/console/invitation-codes/nobody"), 404, "error")
}

// TestRolesOfTheConsole: an inviter sees invitations and nothing else, a viewer
// everything and changes nothing, whatever they post.
func TestRolesOfTheConsole(t *testing.T) {
	h := newHouse(t)
	h.mailer()
	inviter, a := h.as("inviter", "/console")
	h.at(a, 200, "overview")
	for _, link := range a.All("nav a[href]") {
		if href := link.Attr("href"); strings.HasPrefix(href, "/console/") && !strings.Contains(href, "/invitation") && href != "/console/find" && !strings.Contains(href, "/campaigns") && !strings.Contains(href, "/waitlist") {
			t.Errorf("an inviter is led to %s", href)
		}
	}
	a = inviter.Submit(inviter.Get(h.url+"/console/invitations/new"), "#form", map[string]string{"people": "ada@example.com"})
	h.at(a, 200, "invitation")
	item := a.URL.String()
	if r := inviter.Submit(inviter.Get(h.url+"/console/invitations/new"), "#form", map[string]string{"people": "bea@example.com", "applicationId": "none"}); r.Status != 422 || !r.Has("#f-applicationId-error") {
		t.Errorf("an application that there is not: %d", r.Status)
	}
	if a = inviter.Get(h.url + "/console/find?q=a"); a.Status != 200 || !strings.Contains(a.One("main").Text(), "ada@example.com") {
		t.Errorf("an inviter finds %d %s", a.Status, a.One("main").Text())
	}
	for _, path := range []string{"/users", "/applications", "/settings", "/logs"} {
		h.at(inviter.Get(h.url+"/console"+path), 403, "denied")
	}
	viewer, a := h.as("viewer", "/console/invitations")
	h.at(a, 200, "invitations")
	if a.Has(".head .actions a") || a.Has(".bulk") {
		t.Error("a viewer is offered what they may not do")
	}
	h.at(viewer.Get(h.url+"/console"), 200, "overview")
	h.at(viewer.Get(h.url+"/console/invitations/new"), 200, "invite")
	h.at(viewer.Get(item), 200, "invitation")
	for _, path := range []string{"/resend", "/link", "/revoke", "/delete", "/extend", "/edit"} {
		if r := viewer.Post(item+path, values("days", "3", "message", "x")); r.Status != 403 {
			t.Errorf("a viewer posts %s: %d", path, r.Status)
		}
	}
	h.at(viewer.Post(h.url+"/console/invitations/new", values("people", "eve@example.com", "days", "3")), 403, "denied")
	h.at(viewer.Post(h.url+"/console/invitation-codes/new", values("seats", "3", "days", "3")), 403, "denied")
	if list := h.guests(); len(list) != 1 || list[0].Status != guestlist.InvitationPending {
		t.Errorf("there are %+v", list)
	}
	b, _ := h.admin()
	var users []guestlist.User
	if err := h.api.Do(context.Background(), "GET", "/users?search=viewer", nil, &users); err != nil || len(users) != 1 {
		t.Fatal(users, err)
	}
	roles := h.url + "/console/users/" + string(users[0].ID)
	a = b.Post(roles+"/administrator", values("role", "inviter"))
	if a.One("#administrator .pill").Text() != "Inviter" {
		t.Errorf("the role is %s", a.One("#administrator").HTML())
	}
	if a = b.Submit(a, ".flash form", nil); a.One("#administrator .pill").Text() != "Viewer" {
		t.Error("the role was not taken back")
	}
	if a = b.Post(roles+"/administrator", values("role", "king")); !a.Has(".flash.bad") {
		t.Error("a role that is none was given")
	}
	viewer.Get(roles + "/roles")
	if r := viewer.Post(roles+"/administrator", values("role", "owner")); r.Status != 403 {
		t.Errorf("a viewer made themselves owner: %d", r.Status)
	}
}

// TestInvitingWithoutASession keeps what was typed, and an address of nobody is
// none.
func TestInvitingWithoutASession(t *testing.T) {
	h := newHouse(t)
	a := h.browser().Post(h.url+"/console/invitations/new", values("people", "ada@example.com\n<b>", "message", "Come in"))
	h.at(a, 401, "expired")
	if !strings.Contains(a.One("form.form").HTML(), "ada@example.com") || len(h.guests()) != 0 {
		t.Errorf("what was typed is lost: %s", a.Source)
	}
	b, _ := h.admin()
	for _, path := range []string{"", "/edit", "/link", "/revoke", "/delete"} {
		h.at(b.Get(h.url+"/console/invitations/nobody"+path), 404, "error")
	}
}
