package console_test

import (
	"context"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/server"
	"guestlist/internal/store"
)

// store changes the database of a house as another process would.
func (h *house) store(do func(tx *store.Tx) error) error {
	h.t.Helper()
	key, err := crypt.LoadOrCreateKeyFile(filepath.Join(h.data, server.KeyFile))
	if err != nil {
		return err
	}
	st, err := store.Open(context.Background(), store.Options{Database: filepath.Join(h.data, server.DatabaseFile), Key: key, Now: h.now})
	if err != nil {
		return err
	}
	defer st.Close()
	return st.Update(context.Background(), do)
}

// TestTheAuditLogIsLookedThrough filters by all that can be filtered by, opens a
// line, and goes on to whoever it is about.
func TestTheAuditLogIsLookedThrough(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	grace := h.user(map[string]any{"username": "grace", "name": `<b>"Grace"</b>`, "password": adminPassword})
	h.user(map[string]any{"username": "gracious"})
	guest := h.browser()
	h.signIn(guest, "/console", "grace", adminPassword)
	h.signIn(h.browser(), "/console", "grace", "not-the-password")

	rows := func(query string) int {
		t.Helper()
		a := b.Get(h.url + "/console/logs?" + query)
		h.at(a, 200, "logs")
		return len(a.All(".rows tbody tr"))
	}
	all := rows("")
	if all < 5 {
		t.Fatalf("%d lines", all)
	}
	failed, good := rows("result=Error"), rows("result=Success")
	if failed == 0 || good == 0 || failed >= all {
		t.Errorf("%d failed and %d did not, of %d", failed, good, all)
	}
	for _, query := range []string{"userId=" + string(grace.ID), "userId=grace%3C", "kind=sign_in&result=Error", "applicationId=" + string(guestlist.ConsoleApplication), "kind=token", "from=2020-01-01"} {
		n := rows(query)
		if n == 0 && query != "userId=grace%3C" {
			t.Errorf("%s finds nothing", query)
		}
	}
	for _, query := range []string{"to=2020-01-01", "userId=nobody-at-all", "from=9999-12-31"} {
		if n := rows(query); n != 0 {
			t.Errorf("%s finds %d", query, n)
		}
	}
	for _, query := range []string{"kind=x", "result=x", "from=yesterday", "page=-1", "page=abc", "until=x", "until=-1", "from=2030-01-01&to=2020-01-01"} {
		rows(query)
	}
	a := b.Get(h.url + "/console/logs?userId=grac")
	if len(a.All(".empty .actions a")) != 2 {
		t.Errorf("it is not asked which of two is meant: %s", a.One("main").HTML())
	}

	a = b.Get(h.url + "/console/logs?result=Error&kind=sign_in")
	a = b.Get(h.url + a.All(".rows tbody th a")[0].Attr("href"))
	h.at(a, 200, "log")
	if !strings.Contains(a.Source, "session.invalid_credentials") {
		t.Errorf("the line does not say why: %s", a.One("main").HTML())
	}
	a = b.Get(h.url + "/console/logs?userId=grace")
	a = b.Get(h.url + a.All(".rows tbody th a")[0].Attr("href"))
	if !strings.Contains(a.One("main").Text(), `<b>"Grace"</b>`) {
		t.Errorf("the line does not say who: %s", a.One("main").HTML())
	}
	a = b.Get(h.url + a.All(".section-head .actions a")[0].Attr("href"))
	h.at(a, 200, "logs")
	if a.URL.Query().Get("userId") != string(grace.ID) || len(a.All(".rows tbody tr")) == 0 {
		t.Errorf("drilling down led to %s", a.URL)
	}
	if a = b.Get(h.url + "/console/logs/nothing"); a.Status != 404 {
		t.Errorf("a line that is none: %d", a.Status)
	}
}

// TestTheSettingsOfAServer changes the life of sessions and takes it back, and
// rotates and deletes keys.
func TestTheSettingsOfAServer(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Get(h.url + "/console/settings")
	h.at(a, 200, "settings-general")
	before := a.One("#f-life").Attr("value")
	for _, bad := range []map[string]string{{"life": "0"}, {"life": "x"}, {"life": "366", "unit": "days"}, {"life": "99999999999999999999"}, {"life": "1", "unit": "years"}} {
		r := b.Submit(b.Get(h.url+"/console/settings"), "#form", bad)
		h.at(r, 422, "settings-general")
		if len(r.All(".field .error")) != 1 {
			t.Errorf("%v: %s", bad, r.One("#form").HTML())
		}
	}
	mine := b.Get(h.url + "/console/settings")
	a = b.Submit(a, "#form", map[string]string{"life": "36", "unit": "hours"})
	h.at(a, 200, "settings-general")
	if a.One("#f-life").Attr("value") != "36" {
		t.Errorf("sessions live for %s", a.One("#f-life").Attr("value"))
	}
	if r := b.Submit(mine, "#form", map[string]string{"life": "2", "unit": "days"}); r.Status != http.StatusConflict || !r.Has(".conflict") {
		t.Errorf("overwrote what somebody else saved: %d", r.Status)
	}
	a = b.Submit(a, ".flash form", nil)
	if a.One("#f-life").Attr("value") != before {
		t.Errorf("taken back sessions live for %s, it was %s", a.One("#f-life").Attr("value"), before)
	}

	keys := func() int { return len(b.Get(h.url + "/console/settings/keys").All("#list-private-keys tbody tr")) }
	if keys() != 1 {
		t.Fatalf("%d signing keys", keys())
	}
	a = b.Get(h.url + "/console/settings/keys/rotate?kind=private-keys")
	h.at(b.Submit(a, "#form", map[string]string{"algorithm": "HS256", "grace": "0"}), 422, "rotate-key")
	h.at(b.Submit(a, "#form", map[string]string{"grace": "-5"}), 422, "rotate-key")
	h.at(b.Submit(a, "#form", map[string]string{"algorithm": "ES256", "grace": "0"}), 200, "settings-keys")
	if keys() != 2 {
		t.Fatalf("%d signing keys after a rotation", keys())
	}
	h.at(b.Get(h.url+"/console/settings/keys"), 200, "settings-keys") // with a token that the former key signed
	a = b.Get(h.url + "/console/settings/keys")
	current := a.All("#list-private-keys tbody th")[0].Text()
	if code := a.All("#list-private-keys tbody td")[1].Text(); code != "ES256" {
		t.Errorf("the new key is for %q", code)
	}
	a = b.Post(h.url+"/console/settings/keys/private-keys/"+current+"/delete", nil)
	h.at(a, 200, "settings-keys")
	if keys() != 2 || !a.Has(".flash") {
		t.Error("the key in use was deleted")
	}
	h.at(b.Submit(b.Get(h.url+"/console/settings/keys/rotate?kind=cookie-keys"), "#form", nil), 200, "settings-keys")
	a = b.Get(h.url + "/console/settings/keys")
	a = b.Get(h.url + a.One("#list-private-keys .row-actions a").Attr("href"))
	h.at(a, 200, "delete-key")
	b.Submit(a, ".confirm", nil) // the token of this session was signed by it
	b2, _ := h.admin()
	if n := len(b2.Get(h.url + "/console/settings/keys").All("#list-private-keys tbody tr")); n != 1 {
		t.Errorf("%d signing keys after one was deleted", n)
	}
	for _, path := range []string{"/keys/rotate?kind=x", "/keys/rotate", "/keys/x/y/delete", "/keys/cookie-keys/nothing/delete"} {
		if a := b2.Get(h.url + "/console/settings" + path); a.Status != 404 {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
}

// TestABackupIsDownloaded as a file that is a whole database; a session that
// ended gets none.
func TestABackupIsDownloaded(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Submit(b.Get(h.url+"/console/settings"), "#backup form", nil)
	if a.Status != 200 || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") || !strings.HasPrefix(a.Source, "SQLite format 3\x00") {
		t.Fatalf("%d %v", a.Status, a.Header)
	}
	if size := a.Header.Get("Content-Length"); size != strconv.Itoa(len(a.Source)) {
		t.Errorf("%d bytes of %s", len(a.Source), size)
	}
	if a := h.browser().Post(h.url+"/console/settings/backup", nil); a.Status != 401 || strings.Contains(a.Source, "SQLite format") {
		t.Errorf("a stranger got %d", a.Status)
	}
	// Another site cannot have one made.
	req, err := http.NewRequestWithContext(context.Background(), "POST", h.url+"/console/settings/backup", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "https://evil.example")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := (&http.Client{Timeout: 20 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %d %s %v", res.StatusCode, body, err)
	}
}

// TestTheStateOfTheServerIsSeenAndMended: a host finds what failed, tries one again
// and discards another; addresses that get no mail are let go.
func TestTheStateOfTheServerIsSeenAndMended(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	h.at(b.Get(h.url+"/console/settings/health"), 200, "settings-health")
	err := h.store(func(tx *store.Tx) error {
		var jobs []guestlist.Job
		for range 3 {
			// Of a kind that nobody works on, so that it stays as it is.
			jobs = append(jobs, guestlist.Job{Kind: "test.nothing"})
		}
		if err := tx.Enqueue(jobs...); err != nil {
			return err
		}
		claimed, err := tx.ClaimJobs("test.nothing", tx.Now.Add(time.Minute), 9)
		if err != nil {
			return err
		}
		var results []store.JobResult
		for _, c := range claimed {
			results = append(results, store.JobResult{ID: c.ID, Lease: c.Lease, State: store.JobDead, Error: `<script>alert("it")</script>`})
		}
		if _, err := tx.FinishJobs(results); err != nil {
			return err
		}
		m := guestlist.Message{ID: "m1", Channel: guestlist.ChannelEmail, To: "Gone+x/y@Example.com"}
		if err := tx.PutMessage(m, store.MessageState{Status: store.MessageSent, CarrierID: "c1"}); err != nil {
			return err
		}
		_, err = tx.ReportMessage(store.MessageReport{ID: "m1", Status: store.MessageBounced, Dead: true, Detail: "no such person"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	a := b.Get(h.url + "/console")
	for _, want := range []string{"/console/settings/health", "/console/connectors/suppressions"} {
		if !strings.Contains(a.Source, want) {
			t.Errorf("the overview does not lead to %s", want)
		}
	}
	health := h.url + "/console/settings/health"
	dead := func() int { return len(b.Get(health).All("#list-dead tbody tr")) }
	if dead() != 3 {
		t.Fatalf("%d are dead", dead())
	}
	a = b.Post(health+"/retry", values("id", b.Get(health).All("#list-dead .row-actions button")[0].Attr("value")))
	h.at(a, 200, "settings-health")
	if dead() != 2 {
		t.Errorf("%d are dead after one was tried again", dead())
	}
	id := b.Get(health).All("#list-dead tbody .choose input")[0].Attr("value")
	a = b.Post(health+"/discard", values("id", id))
	h.at(a, 200, "discard-jobs")
	if dead() != 2 {
		t.Error("discarded without asking")
	}
	a = b.Submit(a, ".confirm", nil)
	h.at(a, 200, "settings-health")
	if dead() != 1 {
		t.Errorf("%d are dead after one was discarded", dead())
	}
	h.at(b.Post(health+"/retry", nil), 200, "settings-health")
	h.at(b.Post(health+"/discard", nil), 200, "settings-health")
	h.at(b.Post(health+"/retry", values("id", id)), 200, "settings-health") // it is gone

	a = b.Get(h.url + "/console/settings/messages?outcome=failed")
	h.at(a, 200, "settings-messages")
	if !strings.Contains(a.One("main").Text(), "Gone+x/y@Example.com") {
		t.Error("the message that came back is not shown")
	}
	h.at(b.Follow(a, "Addresses without mail"), 200, "suppressions")
}
