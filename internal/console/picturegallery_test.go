//go:build pictures

package console_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web/webtest"
)

// call asks the management API, and fails the test where it refuses.
func (h *house) call(method, path string, in, out any) {
	h.t.Helper()
	if err := h.api.Do(context.Background(), method, path, in, out); err != nil {
		h.t.Fatal(method, path, err)
	}
}

// update writes to the store as of the server's time.
func (h *house) update(do func(tx *store.Tx) error) {
	h.t.Helper()
	if err := h.store(do); err != nil {
		h.t.Fatal(err)
	}
}

// carrier lets the house send mail to a carrier that takes all but what is
// addressed to "refused", and is too busy for "later".
func (h *house) carrier() {
	h.t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case strings.Contains(string(body), `"refused`):
			http.Error(w, "550 5.7.1 Message refused by policy", http.StatusUnprocessableEntity)
		case strings.Contains(string(body), `"later`):
			http.Error(w, "451 4.3.0 Mailbox busy, try again", http.StatusServiceUnavailable)
		}
	}))
	h.t.Cleanup(srv.Close)
	h.call("POST", "/connectors", map[string]any{"connectorId": "http-email", "config": map[string]any{"endpoint": srv.URL}}, nil)
}

// partsGallery shows parts that other pages than those of invitations have.
func partsGallery(t *testing.T) *gallery {
	h := newHouse(t)
	for i := range 45 {
		h.user(map[string]any{
			"username": fmt.Sprintf("guest%02d", i), "name": fmt.Sprintf("Guest Number %d", i), "primaryEmail": fmt.Sprintf("guest%d@example.com", i),
		})
	}
	b, _ := h.admin()
	g := &gallery{h: h, b: b}
	a := b.Submit(b.Get(h.url+"/console/roles/new"), "#form", map[string]string{"name": "editor", "description": "Writes and publishes"})
	base := strings.TrimPrefix(strings.TrimSuffix(a.URL.Path, "/permissions"), "/console")
	stale := b.Get(h.url + "/console" + base)
	other, _ := h.admin()
	other.Submit(other.Get(h.url+"/console"+base), "#form", map[string]string{"description": "Theirs", "isDefault": "true"})
	g.from("part-conflict", func() *webtest.Answer { return b.Submit(stale, "#form", map[string]string{"description": "Mine"}) })
	g.at("part-role", base)
	g.at("part-members", base+"/members")
	g.at("part-members-add", base+"/members/add")
	g.at("part-delete", base+"/delete")
	g.after("part-wrong", "/roles/new", map[string]string{"name": ""})
	g.at("part-error", "/nowhere")
	return g
}

// emptyGallery shows the pages of a server on which nothing was done yet.
func emptyGallery(t *testing.T) *gallery {
	h := newHouse(t)
	b, _ := h.admin()
	g := &gallery{h: h, b: b}
	g.at("overview-empty", "")
	g.at("invitations-empty", "/invitations")
	g.at("invite-without-mail", "/invitations/new")
	g.at("codes-empty", "/invitation-codes")
	g.at("campaigns-empty", "/campaigns")
	g.at("waitlist-off", "/waitlist")
	g.at("actions-empty", "/invitation-actions")
	g.at("sign-up-policy", "/sign-in-experience/sign-up-and-sign-in")
	return g
}

// crowd are guests whose names and addresses are as long, and as foreign, as
// names and addresses are.
var crowd = []string{
	"Ada Lovelace <ada@example.com>", "Jean-Baptiste de la Tour d’Auvergne-Lauraguais <jean-baptiste.de.la.tour.d.auvergne@departement.universite-de-lyon.example>",
	"محمد بن موسى الخوارزمي <alkhwarizmi@baghdad.example>", "高橋 花子 <hanako@tokyo.example>", "<plain.address@example.org>", "Σοφία Κοβαλέφσκαγια <sofia@stockholm.example>",
	"Bea Bounced <bea@example.com>", "Rex Refused <refused@example.com>", "Lana Later <later@example.com>", "Olga Opened <olga@example.com>",
	"Stan Started <stan@example.com>", "Dora Declined <dora@example.com>", "Rita Revoked <rita@example.com>", "Sam Spam <sam@example.com>",
}

// issue invites somebody as they stand among the people.
func (h *house) issue(person string, more map[string]any) guestlist.Invitation {
	h.t.Helper()
	name, address, _ := strings.Cut(strings.TrimSuffix(person, ">"), "<")
	in := map[string]any{"email": address}
	if name = strings.TrimSpace(name); name != "" {
		in["name"] = name
	}
	for k, v := range more {
		in[k] = v
	}
	var i guestlist.Invitation
	h.call("POST", "/invitations", in, &i)
	return i
}

// mailed waits until it is known what became of the mail of an invitation.
func (h *house) mailed(id guestlist.InvitationID) guestlist.Invitation {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var i guestlist.Invitation
		if h.call("GET", "/invitations/"+string(id), nil, &i); i.Delivery != guestlist.InvitationQueued {
			return i
		}
		select {
		case <-ctx.Done():
			h.t.Fatal("no mail leaves")
		case <-tick.C:
		}
	}
}

// reported has the carrier say what became of a mail.
func (h *house) reported(id guestlist.InvitationID, status store.MessageStatus, detail string) {
	h.t.Helper()
	h.update(func(tx *store.Tx) error {
		list, err := tx.InvitationMessages(id)
		if err != nil || len(list) == 0 {
			return fmt.Errorf("%d mails: %w", len(list), err)
		}
		_, err = tx.ReportMessage(store.MessageReport{
			ID: list[len(list)-1].ID, Status: status, Dead: status == store.MessageBounced, Detail: detail,
		})
		return err
	})
}

// comes has a guest come as far as one is asked: look, begin, accept.
func (h *house) comes(id guestlist.InvitationID, far int) {
	h.t.Helper()
	var by guestlist.UserID
	i := h.mailed(id)
	if far > 2 {
		by = h.user(map[string]any{"name": i.Name, "primaryEmail": i.RecipientEmail}).ID
	}
	h.update(func(tx *store.Tx) error {
		if _, err := tx.MarkInvitationOpened(id); err != nil || far < 2 {
			return err
		}
		if err := tx.MarkInvitationStarted(id); err != nil || far < 3 {
			return err
		}
		_, err := tx.TakeSeat(id, i.Generation, store.Seat{UserID: by, Identity: i.RecipientEmail, IsNew: true})
		return err
	})
}

// week invites on each of some days, and guests do what guests do.
func (h *house) week(terms map[string]any) map[string]guestlist.InvitationID {
	h.t.Helper()
	const days = 6
	h.later(-days * 24 * time.Hour)
	ids := map[string]guestlist.InvitationID{}
	h.issue("Elsa Expired <elsa@example.com>", map[string]any{"expiresIn": 2 * 24 * 3600, "send": false})
	h.issue("Ned Near <ned@example.com>", map[string]any{"expiresIn": (days + 2) * 24 * 3600, "send": false})
	for n, person := range crowd {
		i := h.issue(person, terms)
		name, _, _ := strings.Cut(person, " ")
		ids[name] = i.ID
		if h.mailed(i.ID); !strings.Contains(person, "<refused@") && !strings.Contains(person, "<later@") {
			h.later(7 * time.Minute)
			h.reported(i.ID, store.MessageDelivered, "")
		}
		if n%3 == 0 {
			for k := range 2 + n%4 {
				more := h.issue(fmt.Sprintf("<crowd%d.%d@example.net>", n, k), map[string]any{"send": true})
				if h.comes(more.ID, k%4); k > 0 {
					h.reported(more.ID, store.MessageDelivered, "")
				}
			}
			h.later(24 * time.Hour)
		}
	}
	h.shift.Store(-time.Hour.Milliseconds() * 3)
	h.comes(ids["Ada"], 3)
	h.comes(ids["Olga"], 1)
	h.comes(ids["Stan"], 2)
	h.reported(ids["Bea"], store.MessageBounced, "550 5.1.1 The email account that you tried to reach does not exist")
	h.reported(ids["Sam"], store.MessageComplained, "")
	h.update(func(tx *store.Tx) error { _, err := tx.DeclineInvitation(ids["Dora"]); return err })
	h.call("POST", "/invitations/"+string(ids["Rita"])+"/revoke", map[string]any{"reason": "Left the company"}, nil)
	h.shift.Store(0)
	h.call("PATCH", "/invitations/"+string(ids["Stan"]), map[string]any{"message": "Welcome, and bring your friends.", "expiresIn": 5 * 24 * 3600}, nil)
	return ids
}

// invitationGallery shows the pages of invitations and codes of a house with
// guests, and its overview.
func invitationGallery(t *testing.T) *gallery {
	h := newHouse(t)
	h.carrier()
	app, role, org, boss := h.choices()
	ids := h.week(map[string]any{
		"message": "Come in, and bring your friends.", "applicationId": app, "requiredSteps": []string{"password", "terms"}, "strict": true,
		"grants": map[string]any{"roleIds": []string{role}, "organizations": []any{map[string]any{"id": org, "roleIds": []string{boss}}}},
	})
	var code, over guestlist.Invitation
	h.call("POST", "/invitation-codes", map[string]any{
		"seats": 20, "name": "Talk in Berlin", "applicationId": app, "allowedDomains": []string{"example.com", "example.org"}, "identityBinding": "domain",
	}, &code)
	h.call("POST", "/invitation-codes", map[string]any{"seats": 1200, "name": "Poster in the hall", "message": "See you there"}, &over)
	h.call("POST", "/invitations/"+string(over.ID)+"/revoke", map[string]any{"reason": "The poster was copied"}, nil)
	h.call("POST", "/invitation-codes", map[string]any{"seats": 5}, nil)
	for _, view := range []map[string]any{
		{"name": "Came back", "filter": map[string]any{"delivery": "bounced"}}, {"name": "Open", "filter": map[string]any{"status": "pending"}},
		{"name": "Open, ends soon", "filter": map[string]any{"status": "pending", "endingWithinDays": 3}},
	} {
		h.call("POST", "/invitation-views", view, nil)
	}
	b, _ := h.admin()
	g := &gallery{h: h, b: b}
	item := func(who string) string { return "/invitations/" + string(ids[who]) }
	g.at("overview", "")
	g.at("invitations", "/invitations")
	g.at("invitations-filtered", "/invitations?status=pending&ending=soon")
	g.unfolded("invitations-menu", "/invitations?status=pending", "menu")
	g.at("invitations-none", "/invitations?q=nobody&status=accepted")
	g.at("invitation-pending", item("Jean-Baptiste"))
	g.at("invitation-accepted", item("Ada"))
	g.at("invitation-revoked", item("Rita"))
	g.at("invitation-declined", item("Dora"))
	g.at("invitation-bounced", item("Bea"))
	g.at("invitation-refused", item("Rex"))
	g.at("invitation-started", item("Stan"))
	g.at("invitation-edit", item("Stan")+"/edit")
	g.after("invitation-edit-wrong", item("Stan")+"/edit", map[string]string{"message": "see https://evil.example"})
	g.at("invitation-link-ask", item("Stan")+"/link")
	g.at("invitation-revoke-ask", item("Jean-Baptiste")+"/revoke")
	g.at("invitation-delete-ask", item("Rita")+"/delete")
	g.unfolded("invite", "/invitations/new", "section folded")
	g.after("invite-wrong", "/invitations/new", map[string]string{"people": "new@example.com", "message": "see https://evil.example", "days": "9999"})
	g.after("invite-links", "/invitations/new", map[string]string{
		"people": "New Guest <new@example.com>\n高橋 太郎 <taro@tokyo.example>\nnot an address\nnew@example.com", "deliver": "link",
	})
	for _, do := range []string{"resend", "extend", "revoke"} {
		g.at("all-"+do, "/invitations/all?do="+do+"&status=pending&ending=soon")
	}
	g.after("all-revoke-wrong", "/invitations/all?do=revoke&q=bea", map[string]string{"reason": "Second thoughts"})
	chosen := func(do string) func() *webtest.Answer {
		return func() *webtest.Answer {
			return b.Post(h.url+"/console/invitations/bulk", values("do", do, "id", string(ids["Stan"]), "id", string(ids["Olga"])))
		}
	}
	g.from("chosen-extend", chosen("extend"))
	g.from("chosen-revoke", chosen("revoke"))
	g.at("view-save", "/invitations/views?status=pending&delivery=sent")
	g.after("view-wrong", "/invitations/views?status=pending", map[string]string{"name": "came BACK"})
	g.at("rules", "/invitations/rules")
	g.after("rules-wrong", "/invitations/rules", map[string]string{"expiresIn": "40", "maxExpiresIn": "30", "maxOpen": "-1"})
	g.at("codes", "/invitation-codes")
	g.at("code", "/invitation-codes/"+string(code.ID))
	g.at("code-revoked", "/invitation-codes/"+string(over.ID))
	g.at("code-revoke-ask", "/invitation-codes/"+string(code.ID)+"/revoke")
	g.unfolded("code-new", "/invitation-codes/new", "section folded")
	g.after("code-wrong", "/invitation-codes/new", map[string]string{"seats": "0", "allowedDomains": "not a domain", "days": "x"})
	g.actions()
	return g
}

// actions adds what was done to many, at its end and on its way.
func (g *gallery) actions() {
	h := g.h
	h.t.Helper()
	var acts [3]guestlist.InvitationAction
	for n := range acts {
		h.call("POST", "/invitations/actions", map[string]any{"action": "extend", "expiresIn": 864000, "filter": map[string]any{"status": "pending", "email": "crowd"}}, &acts[n])
		h.finished(g.b, g.b.Get(h.url+"/console/invitation-actions/"+string(acts[n].ID)))
	}
	h.update(func(tx *store.Tx) error { // nobody works on it, who would be done too soon
		for n, state := range []guestlist.InvitationActionState{guestlist.ActionRunning, guestlist.ActionFailed} {
			a, err := tx.InvitationAction(acts[n+1].ID)
			if err != nil {
				return err
			}
			a.State, a.Expected, a.Done, a.Changed, a.FinishedAt = state, 12_345, 6789, 6500, nil
			if err := tx.UpdateInvitationAction(a); err != nil {
				return err
			}
		}
		return nil
	})
	g.at("actions", "/invitation-actions")
	for n, name := range []string{"action-finished", "action-running", "action-failed"} {
		g.at(name, "/invitation-actions/"+string(acts[n].ID))
	}
}

// campaignFile is a file of people with some that are wrong.
func campaignFile(of string, n int) string {
	var b strings.Builder
	b.WriteString("E-Mail;Full name;Plan;Sprache\r\n")
	for i := range n {
		fmt.Fprintf(&b, "guest%d@%s.example;Guest Number %d;pro;de\r\n", i, of, i)
	}
	fmt.Fprintf(&b, "not an address;Eve;free;en\r\nGUEST1@%s.example;Ada again;;\r\nrefused@%[1]s.example;Rex;;ja\r\n", of)
	return b.String()
}

// campaignGallery shows campaigns in every state that they may be in.
func campaignGallery(t *testing.T) *gallery {
	h := newHouse(t)
	h.carrier()
	app, _, _, _ := h.choices()
	b, _ := h.admin()
	g := &gallery{h: h, b: b}
	loaded := 0
	load := func(name string, n int) *webtest.Answer {
		loaded++
		return h.campaign(b, name, campaignFile(fmt.Sprint("company", loaded), n))
	}
	start := func(a *webtest.Answer, fill map[string]string) string {
		fill["column0"], fill["column1"] = "email", "name"
		h.at(b.Submit(a, "#form", fill), 200, "campaign")
		return strings.TrimPrefix(a.URL.Path, "/console")
	}
	sends := func(path string) {
		h.awaited(b, h.url+"/console"+path, func(a *webtest.Answer) bool {
			var r guestlist.CampaignReport
			h.call("GET", "/invitation-campaigns"+strings.TrimPrefix(path, "/campaigns")+"/report", nil, &r)
			return r.Sent > 0 && strings.Contains(a.One("h1").Text(), "Sending")
		})
	}
	waves := func(size string) map[string]string {
		return map[string]string{"how": "waves", "size": size, "interval": "90", "timeZone": "Europe/Berlin", "fromHour": "0", "toHour": "0"}
	}
	h.later(-30 * time.Hour)
	done := start(load("Autumn launch.csv", 40), map[string]string{"name": "Autumn launch", "applicationId": app, "message": "Come in", "locale": "fr", "digest": "weekly"})
	h.awaited(b, h.url+"/console"+done, func(a *webtest.Answer) bool { return strings.Contains(a.One("h1").Text(), "Finished") })
	var list []guestlist.Invitation
	h.call("GET", "/invitations?page_size=100&campaignId="+strings.TrimPrefix(done, "/campaigns/"), nil, &list)
	for n, i := range list {
		if i.Delivery != guestlist.InvitationSent {
			continue
		}
		if n%2 == 0 {
			h.reported(i.ID, store.MessageDelivered, "")
		}
		h.later(20 * time.Minute)
		h.comes(i.ID, n%4)
	}
	h.shift.Store(-4 * time.Hour.Milliseconds())
	running := start(load("many.csv", 47), waves("10"))
	sends(running)
	h.shift.Store(0)
	sends(running)
	paused := start(load("friends.csv", 15), waves("5"))
	sends(paused)
	b.Post(h.url+"/console"+paused+"/pause", values("x", "y"))
	failed := start(load("broken.csv", 3), waves("2"))
	reading := start(load("a-very-long-name-of-a-file-that-somebody-exported-from-a-system-2026-11-25-final-final.csv", 2), waves("2"))
	ended := start(load("ended.csv", 8), waves("3"))
	sends(ended)
	b.Submit(b.Get(h.url+"/console"+ended+"/cancel"), "#form", nil)
	for _, path := range []string{failed, reading} {
		sends(path)
	}
	h.update(func(tx *store.Tx) error { // nobody works on them any more
		for path, state := range map[string]guestlist.CampaignState{failed: guestlist.CampaignFailed, reading: guestlist.CampaignImporting} {
			c, err := tx.Campaign(guestlist.CampaignID(strings.TrimPrefix(path, "/campaigns/")))
			if err != nil {
				return err
			}
			c.State, c.Total, c.Done, c.NextWaveAt = state, 1_234_567, 345_678, nil
			if err := tx.UpdateCampaign(c); err != nil {
				return err
			}
		}
		return nil
	})
	fresh := load("new.csv", 200)
	setup := strings.TrimPrefix(fresh.URL.Path, "/console")
	g.at("campaigns", "/campaigns")
	g.at("campaign-new", "/campaigns/new")
	g.from("campaign-new-wrong", func() *webtest.Answer {
		return b.Upload(h.url+"/console/campaigns", nil, "file", "header.csv", "email\n")
	})
	g.unfolded("campaign-setup", setup, "section folded")
	g.after("campaign-setup-wrong", setup, map[string]string{
		"column0": "", "days": "x", "remindAfter": "soon", "timeZone": "Nowhere/Land", "fromHour": "99", "startAt": "then", "how": "waves", "size": "0",
	})
	g.after("campaign-foreseen", setup, map[string]string{"column0": "email", "column1": "name", "column2": "customData.Plan", "do": "check", "how": "waves", "remindAfter": "2, 5"})
	g.at("campaign-reading", reading)
	g.at("campaign-running", running)
	g.unfolded("campaign-running-table", running, "behind")
	g.at("campaign-paused", paused)
	g.at("campaign-finished", done)
	g.at("campaign-failed", failed)
	g.at("campaign-ended", ended)
	g.at("campaign-cancel-ask", running+"/cancel")
	g.at("campaign-delete-ask", done+"/delete")
	return g
}

// waitlistGallery shows the waitlist, and who is on it.
func waitlistGallery(t *testing.T) *gallery {
	h := newHouse(t)
	h.carrier()
	b, _ := h.admin()
	g := &gallery{h: h, b: b}
	b.Post(h.url+"/console/waitlist/on", nil)
	g.at("waitlist-nobody", "/waitlist")
	ids := h.waiting(true, "Ada Lovelace", "Jean-Baptiste de la Tour d’Auvergne-Lauraguais", "محمد بن موسى الخوارزمي", "", "高橋 花子", "Dora", "Edsger", "Nora No", "Yves Yes")
	at := func(n int) string { return "/waitlist/" + string(ids[n]) }
	h.call("POST", "/registration-requests/"+string(ids[7])+"/reject", map[string]any{"reason": "No address of a member"}, nil)
	h.call("POST", "/registration-requests/"+string(ids[8])+"/approve", map[string]any{}, nil)
	h.call("PATCH", "/registration-requests/"+string(ids[4]), map[string]any{"score": 1250}, nil)
	h.issue("<e@example.com>", nil) // who cannot be invited twice
	g.from("waitlist-promoted", func() *webtest.Answer {
		return b.Submit(b.Get(h.url+"/console/waitlist/promote"), "#form", map[string]string{"count": "1"})
	})
	g.shots[0].show = func() *webtest.Answer { return b.Get(h.url + "/console/waitlist?status=unconfirmed") }
	g.at("waitlist", "/waitlist")
	g.at("waitlist-let-in", "/waitlist?status=approved")
	g.at("waitlist-none", "/waitlist?q=nobody%40example.com")
	g.at("request", at(0))
	g.at("request-of-nobody", at(6))
	g.at("request-rejected", at(7))
	g.at("request-approved", at(8))
	g.after("request-wrong", at(0), map[string]string{"score": "x"})
	g.at("request-reject-ask", at(0)+"/reject")
	g.at("request-forget-ask", at(1)+"/forget")
	g.at("waitlist-promote", "/waitlist/promote")
	g.after("waitlist-promote-wrong", "/waitlist/promote", map[string]string{"count": "0", "how": "waves", "wave": "x"})
	g.at("waitlist-settings", "/waitlist/settings")
	g.after("waitlist-settings-wrong", "/waitlist/settings", map[string]string{"referralPoints": "1001"})
	g.at("overview-waiting", "")
	return g
}

// referralGallery shows what is left to users: how many they may invite, and
// whom they brought.
func referralGallery(t *testing.T) *gallery {
	h := newHouse(t)
	h.choices()
	h.carrier()
	var role struct{ ID string }
	h.call("POST", "/roles", map[string]any{"name": "Friends", "description": "May bring others", "type": "User"}, &role)
	h.call("PUT", "/roles/"+role.ID+"/invitation-quota", map[string]any{"quota": 5}, nil)
	made := map[string]guestlist.UserID{}
	for n, by := range []string{"", "host", "host", "guest1", "guest3", "guest1"} {
		name := fmt.Sprintf("guest%d", n)
		if by == "" {
			name = "host"
		}
		made[name] = h.user(map[string]any{"username": name, "name": strings.ToUpper(name[:1]) + name[1:] + " of the house"}).ID
		if by != "" {
			h.brought(made[by], made[name])
		}
	}
	h.brought(made["host"], "")
	h.call("PATCH", "/users/"+string(made["guest2"])+"/is-suspended", map[string]any{"isSuspended": true}, nil)
	b, _ := h.as("inviter", "/console")
	boss, _ := h.admin()
	g := &gallery{h: h, b: boss}
	g.at("quota", "/roles/"+role.ID)
	form := boss.Get(h.url + "/console/roles/" + role.ID)
	g.from("quota-wrong", func() *webtest.Answer { return boss.Submit(form, "#quota", map[string]string{"quota": "10001"}) })
	g.at("tree", "/users/"+string(made["host"])+"/invited")
	g.at("tree-leaf", "/users/"+string(made["guest4"])+"/invited")
	g.at("tree-take-back", "/users/"+string(made["host"])+"/invited/take-back")
	g.at("overview-steps", "")
	g.from("overview-inviter", func() *webtest.Answer {
		lang := boss.Get(h.url + "/console/invitations").One("html").Attr("lang")
		b.Post(h.url+"/console/preferences", values("lang", lang, "theme", "auto"))
		return b.Get(h.url + "/console")
	})
	return g
}
