package management

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/job"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// batch sends rows and returns the answer.
func (f *fixture) batch(query, contentType, key string, body io.Reader) answer {
	f.t.Helper()
	return f.batchBy("Bearer "+f.good, query, contentType, key, body)
}

func (f *fixture) batchBy(bearer, query, contentType, key string, body io.Reader) answer {
	f.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, f.srv.URL+"/api/invitations/batch"+query, body)
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Authorization", bearer)
	req.Header.Set("Content-Type", contentType)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return f.do(req)
}

// work runs the jobs of campaigns and actions until none is due.
func (f *fixture) work() {
	f.t.Helper()
	run := func(on func(context.Context, json.RawMessage) (bool, error)) job.Handler {
		return func(ctx context.Context, j job.Job) error {
			if more, err := on(ctx, j.Payload); err != nil || !more {
				return err
			}
			return job.Snooze(0)
		}
	}
	r := &job.Runner{Store: f.st, Log: f.api.Log, Kinds: map[string]job.Kind{
		guestlist.JobImportCampaign:   {Run: run(f.api.ImportCampaignOn)},
		guestlist.JobInvitationAction: {Run: run(f.api.ActOnInvitations)},
	}}
	if err := r.RunDue(context.Background()); err != nil {
		f.t.Fatal(err)
	}
}

// campaignOf reads a campaign of an answer as it stands now.
func (f *fixture) campaignOf(a answer) guestlist.Campaign {
	f.t.Helper()
	var c guestlist.Campaign
	if a.status != 201 && a.status != 200 {
		f.t.Fatalf("%d %s", a.status, a.body)
	}
	a.decode(f.t, &c)
	f.must(200, "GET", "/api/invitation-campaigns/"+string(c.ID), nil).decode(f.t, &c)
	return c
}

// rowsOf reads the report of a campaign's rows as "line verdict recipient code field".
func (f *fixture) rowsOf(c guestlist.Campaign) []string {
	f.t.Helper()
	a := f.must(200, "GET", "/api/invitation-campaigns/"+string(c.ID)+"/rows.csv", nil)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(a.body), "\ufeff"))).ReadAll()
	if err != nil {
		f.t.Fatal(err)
	}
	var list []string
	for _, r := range rows[1:] {
		if (r[3] != "") != (r[1] == "new" || r[1] == "existing_user") || (r[4] != "") != (r[6] != "") {
			f.t.Errorf("row out of shape: %q", r)
		}
		list = append(list, strings.TrimSpace(strings.Join([]string{r[0], r[1], r[2], r[4], r[5]}, " ")))
	}
	return list
}

// forecastOf reads a dry run likewise.
func (f *fixture) forecastOf(a answer) []string {
	f.t.Helper()
	var list []string
	lines := bufio.NewScanner(strings.NewReader(string(a.body)))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r struct {
			guestlist.RowReport
			Done  bool
			Total int
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			f.t.Fatal(err)
		}
		if r.Done {
			if r.Total != len(list) {
				f.t.Errorf("%d of %d", len(list), r.Total)
			}
			continue
		}
		list = append(list, strings.TrimSpace(fmt.Sprint(r.Line, " ", r.Verdict, " ", r.Recipient, " ", r.Code, " ", r.Field)))
	}
	return list
}

var rowTests = []struct {
	name, contentType, body string
	want                    []string
}{
	{"CSV with a mark, CRLF, quotes and empty lines", "text/csv", "\ufeffE-mail;Full name;customData.plan;profile.givenName;\"locale\"\r\n" +
		"one@example.com;\"One; \"\"the first\"\"\";pro;One;de\r\n\r\n" +
		" TWO@example.com ;Two;;;\n" +
		"two@EXAMPLE.com;again;;;\n" +
		"known@example.com\n" +
		"no address;;;;\n" +
		";nobody;;;\n" +
		"three@example.com;stray\"quote;;;\n" +
		"four@example.com;;;;;;more\n" +
		"five@bücher.example;;;;\n" +
		"five@xn--bcher-kva.example;;;;\n" +
		"six@example.com;See www.evil.example;;;\n" +
		"seven@example.com;;;;not a language\n" +
		"\xff@example.com;;;;\n" +
		"\"" + strings.Repeat("x", maxImportLine) + "\n\";;;;\n" +
		"eight@example.com;=cmd();;;",
		[]string{
			"2 new one@example.com", "4 new TWO@example.com", "5 duplicate two@example.com", "6 existing_user known@example.com",
			"7 invalid no address invitation.invalid_recipient email", "8 invalid  invitation.invalid_recipient email",
			"9 invalid  request.invalid_csv", "10 invalid  request.invalid_csv", "11 new five@xn--bcher-kva.example",
			"12 duplicate five@xn--bcher-kva.example", "13 invalid six@example.com invitation.invalid_text name",
			"14 invalid seven@example.com invitation.invalid_terms locale", "15 invalid  request.invalid_text",
			"16 invalid  request.body_too_large", "18 new eight@example.com",
		}},
	{"NDJSON with every fault by itself", "application/x-ndjson", strings.Join([]string{
		`{"email":"one@example.com","customData":{"a":[1]},"profile":{"givenName":"One"},"roleIds":[]}`,
		`{"email":"two@example.com","roleIds":["nobody-has-it"]}`,
		`{"email":"three@example.com","organizationIds":["nowhere"]}`,
		`{"email":"four@example.com","applicationId":"nothing"}`,
		`{"email":"five@example.com","expiresIn":5}`,
		`{"email":"six@example.com","expiresIn":99999999}`,
		`{"email":"seven@example.com","expiresAt":"2001-01-01"}`,
		`{"email":"eight@example.com","expiresAt":"2026-12-24"}`,
		`{"email":"nine@example.com","surprise":1}`,
		`{"email":7}`,
		`{"email":"x`,
		`[]`,
		`{"phone":"+44 7700 900123"}`,
		`{"phone":"+44 7700 900001"}`,
		`{"phone":"12"}`,
		`{"email":"ten@example.com","phone":"+447700900124"}`,
		`{"email":"eleven@example.com","roleIds":["a b"]}`,
		`{"email":"twelve@example.com","customData":"x"}`,
		`{"email":"thirteen@example.com","message":"Come to https://evil.example"}`,
		`{"email":"ONE@EXAMPLE.COM"}`,
	}, "\n"), []string{
		"1 new one@example.com", "2 invalid two@example.com invitation.unknown_reference roleIds",
		"3 invalid three@example.com invitation.unknown_reference organizationIds",
		"4 invalid four@example.com invitation.unknown_reference applicationId",
		"5 invalid five@example.com invitation.invalid_expiry expiresIn", "6 invalid six@example.com invitation.invalid_expiry expiresIn",
		"7 invalid seven@example.com invitation.invalid_expiry expiresAt", "8 new eight@example.com",
		"9 invalid  guard.invalid_input surprise", "10 invalid  guard.invalid_input email", "11 invalid  request.invalid_json",
		"12 invalid  guard.invalid_input", "13 new 447700900123", "14 existing_user 447700900001",
		"15 invalid 12 user.invalid_phone phone", "16 invalid ten@example.com invitation.invalid_recipient phone",
		"17 invalid eleven@example.com invitation_campaign.bad_id roleIds", "18 invalid twelve@example.com guard.invalid_input customData",
		"19 invalid thirteen@example.com invitation.invalid_text message", "20 duplicate ONE@example.com",
	}},
}

func TestBatchGivesAVerdictPerRowAndADryRunTheSame(t *testing.T) {
	for _, tt := range rowTests {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				f.must(200, "POST", "/api/users", map[string]any{"primaryEmail": "Known@example.com", "primaryPhone": "447700900001"})
				dry := f.batch("?dryRun=true", tt.contentType, "", strings.NewReader(tt.body))
				if diff := cmp.Diff(tt.want, f.forecastOf(dry)); dry.status != 200 || diff != "" {
					t.Errorf("dry run: %d (-want +got):\n%s", dry.status, diff)
				}
				if n := f.must(200, "GET", "/api/invitations?page_size=1", nil).header.Get("Total-Number"); n != "0" {
					t.Errorf("a dry run made %s invitations", n)
				}
				made := f.batch("", tt.contentType, "", strings.NewReader(tt.body))
				f.work()
				c := f.campaignOf(made)
				if diff := cmp.Diff(tt.want, f.rowsOf(c)); diff != "" {
					t.Errorf("import (-want +got):\n%s", diff)
				}
				issued := c.Verdicts["new"] + c.Verdicts["existing_user"]
				if c.State != guestlist.CampaignSending || c.Done != len(tt.want) || c.Total != c.Done || c.NextWaveAt == nil {
					t.Errorf("%+v", c)
				}
				if n := f.must(200, "GET", "/api/invitations?page_size=1&campaignId="+string(c.ID), nil).header.Get("Total-Number"); n != fmt.Sprint(issued) {
					t.Errorf("%s invitations, want %d", n, issued)
				}
				again := f.campaignOf(f.batch("", tt.contentType, "", strings.NewReader(tt.body)))
				f.work()
				again = f.campaignOf(answer{status: 200, body: []byte(`{"id":"` + string(again.ID) + `"}`)})
				if again.Verdicts["new"]+again.Verdicts["existing_user"] != 0 || again.Verdicts["already_pending"] == 0 {
					t.Errorf("the same rows again: %v", again.Verdicts)
				}
			})
		})
	}
}

// TestPostgreSQLCountsALargeImportAtOnce and so reads the lists of its campaign by
// the index, and not by sorting it whole, as long as it would have to find out.
func TestPostgreSQLCountsALargeImportAtOnce(t *testing.T) {
	o := storetest.Options(t, "postgres", ticking())
	st, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	f := newFixture(t, st)
	db, err := sql.Open("pgx", o.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	known := func() (rows, campaigns int) {
		err := db.QueryRowContext(t.Context(), `SELECT c.reltuples, COALESCE((SELECT cardinality(most_common_freqs) FROM pg_stats
			WHERE tablename = c.relname AND attname = 'campaign_id'), 0) FROM pg_class AS c WHERE c.relname = 'invitations'`).Scan(&rows, &campaigns)
		if err != nil {
			t.Fatal(err)
		}
		return rows, campaigns
	}
	var lines strings.Builder
	lines.WriteString("email\n")
	for n := range surveyFrom + 1 {
		fmt.Fprintf(&lines, "guest%d@example.com\n", n)
	}
	f.campaignOf(f.batch("", "text/csv", "", strings.NewReader(lines.String())))
	if rows, _ := known(); rows > 0 {
		t.Fatalf("it counted %d rows before", rows)
	}
	f.work()
	if rows, campaigns := known(); rows != surveyFrom+1 || campaigns != 1 {
		t.Errorf("it takes them for %d rows of %d campaigns", rows, campaigns)
	}
}

func TestBatchUnderOneKeyIsOneCampaign(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		body := "email\na@example.com\nb@example.com\n"
		first := f.campaignOf(f.batch("?name=Launch", "text/csv", "k1", strings.NewReader(body)))
		same := f.batch("?name=Launch", "text/csv", "k1", strings.NewReader(body))
		if c := f.campaignOf(same); same.status != 200 || c.ID != first.ID {
			t.Errorf("%d %s, want %s", same.status, c.ID, first.ID)
		}
		for name, other := range map[string]answer{
			"another body":  f.batch("?name=Launch", "text/csv", "k1", strings.NewReader(body+"c@example.com\n")),
			"other choices": f.batch("?name=Lunch", "text/csv", "k1", strings.NewReader(body)),
		} {
			if other.status != 422 || other.code() != "request.idempotency_key_reused" {
				t.Errorf("%s: %d %s", name, other.status, other.body)
			}
		}
		f.work()
		if c := f.campaignOf(same); c.Done != 2 || c.Verdicts["new"] != 2 {
			t.Errorf("%+v", c)
		}
	})
}

func TestBatchThatBreaksOffLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		broken := io.MultiReader(strings.NewReader("email\na@example.com\n"), failingReader{})
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, f.srv.URL+"/api/invitations/batch", broken)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+f.good)
		req.Header.Set("Content-Type", "text/csv")
		if res, err := f.srv.Client().Do(req); err == nil {
			res.Body.Close()
		}
		for name, a := range map[string]answer{
			"no rows":            f.batch("", "text/csv", "", strings.NewReader("email\n")),
			"no header":          f.batch("", "text/csv", "", strings.NewReader("")),
			"an unknown column":  f.batch("", "text/csv", "", strings.NewReader("email,shoe size\na@example.com,7\n")),
			"no address":         f.batch("", "text/csv", "", strings.NewReader("name\nAda\n")),
			"a type":             f.batch("", "text/plain", "", strings.NewReader("email\n")),
			"bad terms":          f.batch("?terms={", "text/csv", "", strings.NewReader("email\na@example.com")),
			"an unknown role":    f.batch(`?terms=%7B%22grants%22:%7B%22roleIds%22:%5B%22x%22%5D%7D%7D`, "text/csv", "", strings.NewReader("email\na@example.com")),
			"a mapping too long": f.batch("?mapping=email,name", "text/csv", "", strings.NewReader("email\na@example.com")),
			"waves that rush":    f.batch(`?waves=%7B%22size%22:5,%22interval%22:1%7D`, "text/csv", "", strings.NewReader("email\na@example.com")),
		} {
			if a.status < 400 || a.status > 499 || a.code() == "" {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		deadline := time.Now().Add(10 * time.Second)
		for {
			n := f.must(200, "GET", "/api/invitation-campaigns?page_size=1", nil).header.Get("Total-Number")
			if n == "0" {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s campaigns are left", n)
			}
		}
	})
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestCampaignIsMadeFilledMappedAndStarted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.campaignOf(f.must(201, "POST", "/api/invitation-campaigns", map[string]any{
			"name": "Spring", "terms": map[string]any{"message": "Come in", "expiresIn": 86400, "remindAfterDays": []int{}},
			"waves": map[string]any{"size": 2, "interval": 3600, "timeZone": "Europe/Berlin", "fromHour": 9, "toHour": 17},
		}))
		path := "/api/invitation-campaigns/" + string(c.ID)
		f.refused(409, "invitation_campaign.incomplete", "POST", path+"/start", map[string]any{})
		up := f.batch("?start=false&campaignId="+string(c.ID), "text/csv", "", strings.NewReader("who,what\na@example.com,Ada\nb@example.com,Bob\nnobody,x\n"))
		c = f.campaignOf(up)
		if c.State != guestlist.CampaignUploaded || c.Total != 3 || cmp.Diff([]string{"who", "what"}, c.Columns) != "" {
			t.Fatalf("%+v", c)
		}
		f.refused(422, "invitation_campaign.wrong_columns", "POST", path+"/start", map[string]any{})
		f.refused(400, "guard.invalid_input", "PATCH", path, map[string]any{"mapping": []string{"email"}})
		f.must(200, "PATCH", path, map[string]any{"mapping": []string{"email", "name"}})
		preview := f.must(200, "POST", path+"/preview", nil)
		want := []string{"2 new a@example.com", "3 new b@example.com", "4 invalid nobody invitation.invalid_recipient email"}
		if diff := cmp.Diff(want, f.forecastOf(preview)); diff != "" {
			t.Errorf("preview (-want +got):\n%s", diff)
		}
		f.must(200, "POST", path+"/start", map[string]any{})
		f.refused(409, "invitation_campaign.started", "POST", path+"/start", map[string]any{})
		f.must(200, "POST", path+"/pause", map[string]any{})
		f.work()
		if c = f.campaignOf(up); c.State != guestlist.CampaignPaused || c.Done != 0 {
			t.Errorf("it goes on while it pauses: %+v", c)
		}
		f.refused(409, "invitation_campaign.wrong_state", "POST", path+"/pause", map[string]any{})
		f.must(200, "POST", path+"/resume", map[string]any{})
		f.work()
		if c = f.campaignOf(up); c.State != guestlist.CampaignSending || c.Done != 3 || c.NextWaveAt == nil {
			t.Errorf("%+v", c)
		}
		if at := c.NextWaveAt.Std(); at.Hour() != 9 || at.Sub(start) > time.Hour { // 10:30 in Berlin
			t.Errorf("the first wave is at %v", at)
		}
		if diff := cmp.Diff(want, f.rowsOf(c)); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		var r guestlist.CampaignReport
		f.must(200, "GET", path+"/report", nil).decode(t, &r)
		if diff := cmp.Diff(guestlist.CampaignReport{Imported: 2, Queued: 2}, r); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
		f.must(200, "POST", path+"/cancel", map[string]any{})
		f.work()
		f.must(200, "GET", path+"/report", nil).decode(t, &r)
		if diff := cmp.Diff(guestlist.CampaignReport{Imported: 2, Revoked: 2}, r); diff != "" {
			t.Errorf("report of a cancelled one (-want +got):\n%s", diff)
		}
		f.must(204, "DELETE", path, nil)
		f.refused(404, "entity.not_exists_with_id", "GET", path, nil)
	})
}

func TestActionIsDoneToEveryInvitationOfItsFilter(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		const many = 450
		var body strings.Builder
		body.WriteString("email\n")
		for i := range many {
			fmt.Fprintf(&body, "g%d@example.com\n", i)
		}
		c := f.campaignOf(f.batch("", "text/csv", "", strings.NewReader(body.String())))
		f.batch("", "text/csv", "", strings.NewReader("email\nother@example.com\n"))
		f.work()
		f.refused(400, "guard.invalid_input", "POST", "/api/invitations/actions", map[string]any{"action": "revoke"})
		run := func(order map[string]any) guestlist.InvitationAction {
			t.Helper()
			var a guestlist.InvitationAction
			f.must(201, "POST", "/api/invitations/actions", order).decode(t, &a)
			f.work()
			f.must(200, "GET", "/api/invitations/actions/"+string(a.ID), nil).decode(t, &a)
			if a.State != guestlist.ActionFinished || a.FinishedAt == nil {
				t.Fatalf("%+v", a)
			}
			return a
		}
		filter := map[string]any{"campaignId": c.ID}
		if a := run(map[string]any{"action": "extend", "filter": filter, "expiresIn": 600}); a.Done != many || a.Changed != many {
			t.Errorf("extend: %+v", a)
		}
		if a := run(map[string]any{"action": "revoke", "filter": filter, "reason": "second thoughts"}); a.Done != many || a.Changed != many {
			t.Errorf("revoke: %+v", a)
		}
		if a := run(map[string]any{"action": "revoke", "filter": filter}); a.Done != many || a.Changed != 0 {
			t.Errorf("revoke again: %+v", a)
		}
		if a := run(map[string]any{"action": "delete", "filter": filter}); a.Done != many || a.Changed != many {
			t.Errorf("delete: %+v", a)
		}
		if n := f.must(200, "GET", "/api/invitations?page_size=1", nil).header.Get("Total-Number"); n != "1" {
			t.Errorf("%s invitations are left", n)
		}
	})
}
