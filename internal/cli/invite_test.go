package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/server"
	"guestlist/internal/store/storetest"
)

// house is an installation that nobody serves.
type house struct {
	t   *testing.T
	env map[string]string
}

// eachHouse runs a test on both engines.
func eachHouse(t *testing.T, test func(h house)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			h := house{t, map[string]string{"GUESTLIST_DATA": t.TempDir(), "GUESTLIST_ALLOWED_NETWORKS": "127.0.0.0/8"}}
			if engine == "postgres" {
				h.env["GUESTLIST_DATABASE"] = storetest.EmptyDatabase(t)
			}
			test(h)
		})
	}
}

func (h house) must(args ...string) string {
	h.t.Helper()
	status, out, errs := call(h.t, h.env, args...)
	if status != 0 {
		h.t.Fatalf("%v: status %d: %s", args, status, errs)
	}
	return out
}

// refused expects a status and what is said of it.
func (h house) refused(want int, said string, args ...string) {
	h.t.Helper()
	status, out, errs := call(h.t, h.env, args...)
	if status != want || !strings.Contains(errs, said) || !strings.HasPrefix(errs, "guestlist: ") {
		h.t.Errorf("%q: status %d, want %d with %q:\n%s%s", args, status, want, said, out, errs)
	}
}

// connectMail lets the installation send, to somebody who throws it away.
func (h house) connectMail() {
	h.t.Helper()
	drain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	h.t.Cleanup(drain.Close)
	h.do(http.MethodPost, "/connectors", map[string]any{"connectorId": "http-email", "config": map[string]any{"endpoint": drain.URL}})
}

// do calls the management API in process.
func (h house) do(method, path string, body any) {
	h.t.Helper()
	ctx := context.Background()
	s, err := server.Open(ctx, server.Options{
		Data: h.env["GUESTLIST_DATA"], Database: h.env["GUESTLIST_DATABASE"], Listen: "localhost:0", DatabaseConns: 4, SigningAlgorithm: "ES384",
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if err := s.Client().Do(ctx, method, path, body, nil); err != nil {
		h.t.Error(err)
	}
	if err := s.Stop(ctx); err != nil {
		h.t.Error(err)
	}
}

// field reads a line such as "id  x" of what a command printed.
func (h house) field(out, name string) string {
	h.t.Helper()
	m := regexp.MustCompile(`(?m)^` + name + ` +(\S+)$`).FindStringSubmatch(out)
	if m == nil {
		h.t.Fatalf("no %s in:\n%s", name, out)
	}
	return m[1]
}

// TestInvitationsAreIssuedSeenAndTakenBack by the command line.
func TestInvitationsAreIssuedSeenAndTakenBack(t *testing.T) {
	eachHouse(t, func(h house) {
		out := h.must("invite", "ada@example.com", "--no-send", "--name", "Ada", "--message", "Come in", "--expires-in", "2d")
		id, link := guestlist.InvitationID(h.field(out, "id")), h.field(out, "link")
		if !strings.Contains(link, "/i/"+string(id)) {
			h.t.Errorf("the link is %s", link)
		}
		if out := h.must("invite", "list", "--status", "pending"); !strings.Contains(out, string(id)) || !strings.Contains(out, "ada@example.com") {
			h.t.Errorf("the list is\n%s", out)
		}
		if out := h.must("invite", "show", string(id)); !strings.Contains(out, "Come in") || !strings.Contains(out, "Created") || strings.Contains(out, "/i/") {
			h.t.Errorf("it is shown as\n%s", out)
		}
		var shown guestlist.Invitation
		if err := json.Unmarshal([]byte(h.must("invite", "show", string(id), "--json")), &shown); err != nil || shown.TTL != 2*24*60*60 {
			h.t.Errorf("%+v, %v", shown, err)
		}
		if again := h.field(h.must("invite", "resend", string(id), "--no-send"), "link"); again == link {
			h.t.Error("the link of before is sent again")
		}
		if out := h.must("invite", "revoke", string(id), "--reason", "a mistake"); !strings.Contains(out, "revoked") {
			h.t.Errorf("revoke says %q", out)
		}
		h.refused(1, string(id)+": ", "invite", "revoke", string(id))
		if out := h.must("invite", "list", "--status", "revoked", "--json", "--email", "ada"); strings.Count(out, "\n") != 1 || !strings.Contains(out, "a mistake") {
			h.t.Errorf("the list is %s", out)
		}
		for _, address := range []string{"b@example.com", "c@example.com", "d@example.com"} {
			h.must("invite", "send", address, "--no-send")
		}
		_, out, errs := call(h.t, h.env, "invite", "list", "--limit", "2")
		if strings.Count(out, "\n") != 3 || !strings.Contains(errs, "2 of 4") {
			h.t.Errorf("two of four are\n%s%s", out, errs)
		}
	})
}

// TestWrongWordsAreToldWithAWayOn.
func TestWrongWordsAreToldWithAWayOn(t *testing.T) {
	h := house{t, map[string]string{"GUESTLIST_DATA": t.TempDir()}}
	h.must("migrate")
	for _, c := range []struct {
		status int
		said   string
		args   string
	}{
		{1, "guestlist: ", "invite not-an-address --no-send"},
		{1, "guestlist: No connector", "invite ada@example.com"},
		{2, "7d or 2w", "invite ada@example.com --expires-in soon"},
		{1, "hint: give its name", "invite ada@example.com --no-send --role nobody"},
		{1, "guestlist: ", "invite ada@example.com --no-send --role aaaaaaaaaaaaaaaaaaaaa"},
		{2, "hint: ", "invite"},
		{2, "--status", "invite list --status lost"},
		{1, "guestlist: ", "invite show nobody"},
		{1, "nobody: ", "invite resend nobody --no-send"},
		{1, "hint: ", "invite import missing.csv"},
		{1, "hint: ", "invite import ."},
		{1, "--map 'E-Mail=email'", "invite import missing.csv --map =email"},
		{1, "guestlist: ", "campaign show nobody"},
		{1, "guestlist: ", "campaign pause nobody"},
		{1, "guestlist: ", "campaign resume nobody"},
		{1, "guestlist: ", "campaign cancel nobody"},
		{1, "guestlist: ", "campaign report nobody"},
		{1, "did not ask", "waitlist approve nobody@example.com"},
		{1, "nobody: ", "waitlist reject nobody"},
		{1, "from 1 to 1000", "waitlist promote 0"},
		{1, "from 1 to 1000", "waitlist promote 1001"},
		{2, "hint: ", "waitlist promote many"},
		{1, "add --server", "invite list --client-id x"},
		{1, "is no address", "invite list --server ftp://x"},
		{1, "GUESTLIST_CLIENT_ID", "invite list --server https://id.example.com"},
		{1, "cannot be reached", "invite list --server http://127.0.0.1:1 --client-id x --client-secret y"},
	} {
		h.refused(c.status, c.said, strings.Fields(c.args)...)
	}
	env := map[string]string{"GUESTLIST_DATA": h.env["GUESTLIST_DATA"], "GUESTLIST_CLIENT_SECRET_FILE": "/nowhere"}
	if status, _, errs := call(t, env, "invite", "list"); status != 1 || !strings.Contains(errs, "CLIENT_SECRET_FILE") {
		t.Errorf("a secret that cannot be read: status %d: %s", status, errs)
	}
}

// interrupter ends a context when something was said.
type interrupter struct {
	bytes.Buffer
	at   string
	stop context.CancelFunc
}

func (i *interrupter) Write(b []byte) (int, error) {
	n, err := i.Buffer.Write(b)
	if strings.Contains(i.String(), i.at) {
		i.stop()
	}
	return n, err
}

// TestAnInterruptedImportGoesOn where it was, by the same command, and invites
// nobody twice.
func TestAnInterruptedImportGoesOn(t *testing.T) {
	eachHouse(t, func(h house) {
		const rows = 3000
		var list strings.Builder
		list.WriteString("email\n")
		for n := range rows {
			fmt.Fprintf(&list, "guest-%d@example.com\n", n)
		}
		path := file(h.t, "guests.csv", list.String())
		args := []string{"invite", "import", path, "--wave", "1", "--interval", "1d", "--json"}
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		errs := &interrupter{at: "campaign ", stop: stop}
		status := run(ctx, args, terminal{in: strings.NewReader(""), out: io.Discard, err: errs},
			func(name string) (string, bool) { v, ok := h.env[name]; return v, ok })
		if status != 1 || !strings.Contains(errs.String(), "interrupted") || !strings.Contains(errs.String(), "the same command goes on") {
			h.t.Fatalf("status %d: %s", status, errs)
		}
		var made guestlist.Campaign
		if err := json.Unmarshal([]byte(h.must(args...)), &made); err != nil {
			h.t.Fatal(err)
		}
		if made.Done != rows || made.Verdicts[string(guestlist.RowNew)] != rows || !strings.Contains(errs.String(), string(made.ID)) {
			h.t.Errorf("%+v after %s", made, errs)
		}
		if out := h.must("campaign", "list", "--json"); strings.Count(out, "\n") != 1 {
			h.t.Errorf("the campaigns are\n%s", out)
		}
	})
}

const guests = "Full Name;E-Mail;Notes\nGrace;grace@example.com;x\nBad;nowhere;\nAlan;alan@example.com;\nGrace;GRACE@example.com;twice\n"

// TestAFileIsForeseenImportedAndNotTwice.
func TestAFileIsForeseenImportedAndNotTwice(t *testing.T) {
	eachHouse(t, func(h house) {
		h.connectMail()
		path, report := file(h.t, "guests.csv", guests), filepath.Join(h.t.TempDir(), "report.csv")
		h.refused(1, "Notes", "invite", "import", path, "--dry-run")
		h.refused(1, "no column", "invite", "import", path, "--map", "Nots=", "--map", "Notes=")
		args := []string{"invite", "import", path, "--map", "Notes=", "--message", "Come in", "--report", report}
		counts := regexp.MustCompile(`(?s) 2 new\n.* 1 duplicate\n.* 1 invalid\n`)
		if out := h.must(append(args, "--dry-run")...); !counts.MatchString(out) || !strings.Contains(out, "nothing was changed") {
			h.t.Errorf("the dry run says\n%s", out)
		}
		wants := []string{"3,invalid,", "5,duplicate,", "2,new,grace@example.com"}
		h.holds(report, wants...)
		if out := h.must("invite", "list", "--json"); out != "" {
			h.t.Errorf("the dry run invited\n%s", out)
		}
		out := h.must(args...)
		id := h.field(out, "id")
		if !counts.MatchString(out) || !strings.Contains(out, "guests.csv") {
			h.t.Errorf("the import says\n%s", out)
		}
		h.holds(report, wants...)
		var again guestlist.Campaign
		if err := json.Unmarshal([]byte(h.must(append(args, "--json")...)), &again); err != nil || string(again.ID) != id {
			h.t.Errorf("the same file makes campaign %s beside %s, %v", again.ID, id, err)
		}
		if out := h.must(append(args, "--again")...); !strings.Contains(out, " 3 already pending\n") {
			h.t.Errorf("imported once more it says\n%s", out)
		}
		if out := h.must("invite", "list", "--campaign", id, "--json"); strings.Count(out, "\n") != 2 || !strings.Contains(out, "Come in") {
			h.t.Errorf("the campaign has\n%s", out)
		}
		if out := h.must("campaign", "list"); strings.Count(out, "guests.csv") != 2 || !strings.Contains(out, id) {
			h.t.Errorf("the campaigns are\n%s", out)
		}
		h.refused(1, "hint: choose another file", "campaign", "report", id, "--rows", filepath.Join(report, "no"))
	})
}

// holds expects lines in a file that nobody else may read.
func (h house) holds(path string, lines ...string) {
	h.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, line := range lines {
		if !bytes.Contains(text, []byte("\n"+line)) {
			h.t.Errorf("no %q in %s", line, text)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		h.t.Errorf("%v, %v", info, err)
	}
}

// TestCampaignsAreHeldAndEnded.
func TestCampaignsAreHeldAndEnded(t *testing.T) {
	eachHouse(t, func(h house) {
		h.connectMail()
		path := file(h.t, "guests.jsonl", `{"email":"grace@example.com"}`+"\n"+`{"email":"alan@example.com","name":"Alan"}`+"\n")
		id := h.field(h.must("invite", "import", path, "--wave", "1", "--interval", "1d", "--name", "Launch"), "id")
		if out := h.must("campaign", "pause", id); h.field(out, "state") != "paused" {
			h.t.Errorf("paused it is\n%s", out)
		}
		h.refused(1, "guestlist: ", "campaign", "pause", id)
		if out := h.must("campaign", "resume", id); h.field(out, "state") != "sending" {
			h.t.Errorf("resumed it is\n%s", out)
		}
		if out := h.must("campaign", "report", id); !strings.Contains(out, "2 imported\n") {
			h.t.Errorf("the report is\n%s", out)
		}
		if out := h.must("campaign", "report", id, "--csv"); !strings.Contains(out, id+",Launch,sending,2,") {
			h.t.Errorf("the report is\n%s", out)
		}
		if out := h.must("campaign", "cancel", id, "--revoke"); h.field(out, "state") != "cancelled" {
			h.t.Errorf("cancelled it is\n%s", out)
		}
		if out := h.must("campaign", "show", id, "--json"); !strings.Contains(out, `"state":"cancelled"`) {
			h.t.Errorf("it is\n%s", out)
		}
	})
}

// TestAnImportShowsHowFastItIsAndWhatIsLeft on a terminal, and on none.
func TestAnImportShowsHowFastItIsAndWhatIsLeft(t *testing.T) {
	now := time.Unix(0, 0)
	var out bytes.Buffer
	p := &progress{out: &out, terminal: true, now: func() time.Time { return now }}
	p.show("rows", 0, 1000)
	now = now.Add(10 * time.Second)
	p.show("rows", 250, 1000)
	now = now.Add(time.Millisecond)
	p.show("rows", 251, 1000) // too soon after the last
	p.show("rows", 1000, 1000)
	p.end()
	want := "\r[........................]   0%  0 of 1000 rows\x1b[K" +
		"\r[######..................]  25%  250 of 1000 rows, 25/s, 30s left\x1b[K" +
		"\r[########################] 100%  1000 of 1000 rows, 99/s\x1b[K\n"
	if out.String() != want {
		t.Errorf("drawn was %q", out.String())
	}
	out.Reset()
	p = &progress{out: &out, now: func() time.Time { return now }}
	p.show("bytes", 0, 4e6)
	now = now.Add(10 * time.Second)
	p.show("bytes", 2e6, 4e6)
	p.close()
	p.show("bytes", 3e6, 4e6)
	if want := " 50%  2.0 MB of 4.0 MB, 0.2 MB/s, 10s left\n"; out.String() != want {
		t.Errorf("written was %q", out.String())
	}
}

// TestStrangersDoNotWriteToTheTerminal: a name is shown without what would move
// the cursor or turn the direction of writing.
func TestStrangersDoNotWriteToTheTerminal(t *testing.T) {
	if got := plain("Ada\x1b]0;owned\x07\r\n\u202eLovelace"); got != "Ada]0;ownedLovelace" {
		t.Errorf("shown as %q", got)
	}
}
