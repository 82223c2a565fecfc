package console_test

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/web/webtest"
)

const hostileGuests = "\ufeffFull name;E-Mail;Mobile;<b>Plan</b>;Password\r\n" +
	"Ada Lovelace;ada@example.com;+44 7700 900123;pro;secret-4711\r\n" +
	"\"=HYPERLINK(\"\"http://evil.example\"\")\";eve@example.com;;;\r\n" +
	"<script>alert(1)</script>;html@example.com;;\"<img src=x>\";\r\n" +
	"Bad;not an address;;;\r\n"

// awaited opens a page until it is as wanted.
func (h *house) awaited(b *webtest.Browser, address string, as func(*webtest.Answer) bool) *webtest.Answer {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if a := b.Get(address); as(a) {
			return a
		}
		select {
		case <-ctx.Done():
			h.t.Fatalf("%s does not become as it should", address)
		case <-tick.C:
		}
	}
}

// TestAnImportWithoutScripts uploads a file, says what its columns are, looks at
// the verdicts, starts it, and reads the report.
func TestAnImportWithoutScripts(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Get(h.url + "/console/user-imports")
	h.at(a, 200, "user-imports")
	if current := a.One("nav a[aria-current=page]").Attr("href"); current != "/console/users" {
		t.Errorf("the navigation is at %s", current)
	}
	for name, content := range map[string]string{"empty.csv": "", "header.csv": "name\n", "book.xlsx": "PK\x03\x04\x14\x00\x06\x00"} {
		refused := b.Upload(h.url+"/console/user-imports", nil, "file", name, content)
		h.at(refused, 422, "user-imports")
		if refused.One("#f-file-error").Text() == "" {
			t.Errorf("%s: no reason", name)
		}
	}
	h.at(b.Upload(h.url+"/console/user-imports", nil, "other", "x.csv", "name\na\n"), 422, "user-imports")
	a = b.Upload(h.url+"/console/user-imports", nil, "file", `../../"><script>x.csv`, hostileGuests)
	h.at(a, 200, "user-import-columns")
	inspect(t, "columns", a)
	if strings.Contains(a.Source, "<script>") && !strings.Contains(a.Source, "<script src") || strings.Contains(a.Source, "<img src=x") {
		t.Errorf("the file is not text: %s", a.Source)
	}
	for i, want := range []string{"name", "primaryEmail", "primaryPhone", "", "password"} {
		if got := chosen(a, fmt.Sprintf("column%d", i)); got != want {
			t.Errorf("column %d is taken for %q, want %q", i, got, want)
		}
	}
	if strings.Contains(a.Source, "secret-4711") {
		t.Error("a password is on the page")
	}
	if n := len(a.All("#preview .pill.bad")); n != 1 {
		t.Errorf("%d lines would be refused: %s", n, a.One("#preview").HTML())
	}
	twice := b.Submit(a, "#form", map[string]string{"column3": "name", "do": "preview"})
	h.at(twice, 422, "user-import-columns")
	if twice.One("#f-column3-error").Text() == "" {
		t.Error("nobody says that a column is there twice")
	}
	h.at(b.Post(a.URL.String(), values("do", "preview")), 422, "user-import-columns") // nothing is anything
	a = b.Post(a.URL.String(), values("do", "preview", "column0", "name", "column1", "primaryEmail", "column3", "customData.bPlanb"))
	h.at(a, 200, "user-import-columns")
	started := b.Post(a.URL.String(), values("column0", "name", "column1", "primaryEmail", "column2", "primaryPhone", "column3", "customData.bPlanb", "column4", "password", "temporary", "true"))
	h.at(started, 200, "user-import")
	a = h.awaited(b, a.URL.String(), func(a *webtest.Answer) bool { return a.Has(".stats") })
	if text := a.One(".stats").Text(); !strings.Contains(text, "Created3") && !strings.Contains(strings.ReplaceAll(text, " ", ""), "Created3") {
		t.Errorf("it came to %s", text)
	}
	if !strings.Contains(a.One("#report").Text(), "not an address") {
		t.Errorf("the report is %s", a.One("#report").Text())
	}
	report := b.Get(a.URL.String() + "/download")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(report.Source, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 5 || rows[2][3] != `'=HYPERLINK("http://evil.example")` || !strings.HasPrefix(report.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%v: %q", err, rows)
	}
	export := b.Get(h.url + "/console/users/export?q=eve@")
	rows, err = csv.NewReader(strings.NewReader(strings.TrimPrefix(export.Source, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 2 || !strings.HasPrefix(rows[1][4], "'=") || !strings.HasPrefix(export.Header.Get("Content-Type"), "text/csv") {
		t.Errorf("%v: %q", err, rows)
	}
	h.at(b.Post(a.URL.String()+"/discard", values("x", "y")), 200, "user-imports")
	h.at(b.Get(a.URL.String()), 404, "error")
}

// chosen returns the value of a choice.
func chosen(a *webtest.Answer, name string) string {
	for _, o := range a.All("[name=" + name + "] option[selected]") {
		return o.Attr("value")
	}
	return ""
}

// TestAnImportDoesNotNeedItsWatcher: whoever follows it may go away, and comes
// back to where it is then.
func TestAnImportDoesNotNeedItsWatcher(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	var file strings.Builder
	file.WriteString("username\n")
	const people = 3000
	for n := range people {
		fmt.Fprintf(&file, "guest_%d\n", n)
	}
	a := b.Upload(h.url+"/console/user-imports", nil, "file", "many.csv", file.String())
	h.at(b.Post(a.URL.String(), values("column0", "username")), 200, "user-import")
	ctx, leave := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL.String()+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{cookieSession, cookieSession + ".sig"} {
		req.AddCookie(&http.Cookie{Name: name, Value: b.Cookie(h.url+"/console", name)})
	}
	req.Header.Set("Accept", "text/event-stream")
	res, err := (&http.Client{Timeout: 60 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(res.Body).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, `data: {"done":`) || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%v: %q", err, line)
	}
	leave()
	_ = res.Body.Close()
	h.awaited(b, a.URL.String(), func(a *webtest.Answer) bool { return a.Has(".stats") })
	var all []guestlist.UserImport
	if err := h.api.Do(context.Background(), "GET", "/user-imports", nil, &all); err != nil || len(all) != 1 || all[0].Created != people {
		t.Errorf("%v: %+v", err, all)
	}
}
