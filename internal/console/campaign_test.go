package console_test

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"guestlist/internal/web/webtest"
)

const hostileCampaign = "\ufeffE-Mail;Full name;<b>Plan</b>\r\n" +
	"ada@example.com;Ada;pro\r\n" +
	"ADA@example.com;Ada again;\r\n" +
	"\"<script>alert(1)</script>\";Eve;\r\n" +
	"grace@example.com;=1+1;\r\n"

// campaign uploads a file and returns the page that asks what it means.
func (h *house) campaign(b *webtest.Browser, name, content string) *webtest.Answer {
	h.t.Helper()
	a := b.Upload(h.url+"/console/campaigns", nil, "file", name, content)
	h.at(a, 200, "campaign-setup")
	return a
}

// TestACampaignFromAFile is uploaded, looked at, started, and reported on, without
// scripts; what is in the file stays text.
func TestACampaignFromAFile(t *testing.T) {
	h := newHouse(t)
	h.mailer()
	b, _ := h.admin()
	a := b.Get(h.url + "/console/campaigns")
	h.at(a, 200, "campaigns")
	h.at(b.Follow(a, "New campaign"), 200, "new-campaign")
	for name, content := range map[string]string{"empty.csv": "", "header.csv": "email\n", "latin.csv": "email\n\xe4@example.com\n"} {
		a := b.Upload(h.url+"/console/campaigns", nil, "file", name, content)
		if name == "latin.csv" && a.Status == 200 {
			continue // a row that is wrong, not the file
		}
		h.at(a, 422, "new-campaign")
		if a.One("#f-file-error").Text() == "" {
			t.Errorf("%s: no reason", name)
		}
	}
	h.at(b.Upload(h.url+"/console/campaigns", nil, "other", "x.csv", "email\na\n"), 422, "new-campaign")
	a = h.campaign(b, `../"><b>x.csv`, hostileCampaign)
	inspect(t, "setup", a)
	if strings.Contains(a.Source, "<b>") {
		t.Error("the file is not text")
	}
	for n, want := range []string{"email", "name", ""} {
		if got := chosen(a, "column"+string(rune('0'+n))); got != want {
			t.Errorf("column %d is taken for %q, want %q", n, got, want)
		}
	}
	for name, wrong := range map[string]string{
		"column1": "email", "column0": "", "days": "x", "remindAfter": "soon", "timeZone": "Nowhere/Land", "fromHour": "99", "startAt": "then",
	} {
		if got := b.Submit(a, "#form", map[string]string{name: wrong}); got.Status != 422 {
			t.Errorf("%s = %q: %d", name, wrong, got.Status)
		}
	}
	looked := b.Submit(a, "#form", map[string]string{"column2": "customData.bPlanb", "remindAfter": "2, 5", "do": "check"})
	h.at(looked, 200, "campaign-setup")
	inspect(t, "foreseen", looked)
	text := looked.One("#foreseen").Text()
	for _, want := range []string{"New guest", "Twice in the file", "Wrong", "Line 4"} {
		if !strings.Contains(text, want) {
			t.Errorf("the look ahead does not say %s: %s", want, text)
		}
	}
	if strings.Contains(looked.Source, "<script>alert") || looked.One("[name=remindAfter]").Attr("value") != "2, 5" {
		t.Errorf("what was typed is %s", looked.One("#form").HTML())
	}
	if n := len(h.guests()); n != 0 {
		t.Errorf("%d invitations were made by looking", n)
	}
	h.at(b.Submit(looked, "#form", nil), 200, "campaign")
	a = h.awaited(b, a.URL.String(), func(a *webtest.Answer) bool {
		return a.Has("#verdicts") && !strings.Contains(a.One("h1").Text(), "Reading")
	})
	inspect(t, "campaign", a)
	if n := len(h.guests()); n != 2 || !a.Has("#figures .timeline svg") || len(a.All("#figures .funnel tbody tr")) != 5 {
		t.Errorf("%d invitations: %s", n, a.One("main").HTML())
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.Get(a.URL.String()+"/rows").Source, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 5 {
		t.Errorf("%v: %q", err, rows)
	}
	rows, err = csv.NewReader(strings.NewReader(strings.TrimPrefix(b.Get(a.URL.String()+"/rows?verdict=invalid").Source, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Errorf("%v: %q", err, rows)
	}
	if report := b.Get(a.URL.String() + "/report"); !strings.HasPrefix(report.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the report is %s", report.Source)
	}
	if again := b.Post(a.URL.String(), values("x", "y")); !again.Has(".flash.bad") {
		t.Errorf("starting it twice: %d %s", again.Status, again.One("main").Text())
	}
	if early := b.Submit(b.Get(a.URL.String()+"/delete"), ".confirm", nil); !early.Has(".flash.bad") {
		t.Errorf("what is sent now was deleted: %s", early.One("main").Text())
	}
	h.at(b.Submit(b.Get(a.URL.String()+"/cancel"), "#form", nil), 200, "campaign")
	h.at(b.Submit(b.Get(a.URL.String()+"/delete"), ".confirm", nil), 200, "campaigns")
	h.at(b.Get(a.URL.String()), 404, "error")
}

// TestACampaignInWaves is paused, goes on, and is ended; who may only look does
// none of that.
func TestACampaignInWaves(t *testing.T) {
	h := newHouse(t)
	h.mailer()
	b, _ := h.admin()
	a := h.campaign(b, "many.csv", "email\na@example.com\nb@example.com\nc@example.com\nd@example.com\ne@example.com\n")
	tomorrow := time.Now().UTC().Add(24 * time.Hour).Format("2006-01-02T15:04")
	h.at(b.Submit(a, "#form", map[string]string{"how": "waves", "size": "2", "interval": "60", "startAt": tomorrow, "timeZone": "Asia/Tokyo"}), 200, "campaign")
	page := a.URL.String()
	a = h.awaited(b, page, func(a *webtest.Answer) bool { return strings.Contains(a.One("h1").Text(), "Sending") })
	if n := len(a.All(".timeline .wave")); n != 3 || a.Has(".timeline .wave.sent") || !a.Has("#progress[data-renews=figures]") {
		t.Errorf("%d waves are drawn: %s", n, a.One("main").HTML())
	}
	viewer, _ := h.as("viewer", "/console/campaigns")
	h.at(viewer.Get(page), 200, "campaign")
	for _, deed := range []string{"", "/pause", "/cancel", "/delete"} {
		if got := viewer.Post(page+deed, values("x", "y")); got.Status != 403 {
			t.Errorf("%s of a viewer: %d", deed, got.Status)
		}
	}
	a = b.Post(page+"/pause", values("x", "y"))
	if !strings.Contains(a.One("h1").Text(), "Paused") {
		t.Errorf("it is %s", a.One("h1").Text())
	}
	if a = b.Post(page+"/pause", values("x", "y")); !a.Has(".flash.bad") {
		t.Error("it was paused twice")
	}
	a = b.Post(page+"/resume", values("x", "y"))
	if !strings.Contains(a.One("h1").Text(), "Sending") {
		t.Errorf("it is %s", a.One("h1").Text())
	}
	h.at(b.Submit(b.Get(page+"/cancel"), "#form", map[string]string{"revoke": "true"}), 200, "campaign")
	if a = b.Get(page); !strings.Contains(a.One("h1").Text(), "Ended early") {
		t.Errorf("it is %s", a.One("h1").Text())
	}
	if b.Get(h.url+"/console/campaigns/nothing").Status != 404 {
		t.Error("a campaign that is none is shown")
	}
}
