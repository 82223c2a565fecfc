package management

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// exported reads a file of invitations.
func (f *fixture) exported(query string) [][]string {
	f.t.Helper()
	a := f.must(200, "GET", "/api/invitations/export"+query, nil)
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(a.body, byteOrderMark))).ReadAll()
	if err != nil || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") || bytes.Contains(a.body, []byte("/i/")) {
		f.t.Fatalf("%v: %.300s", err, a.body)
	}
	return rows[1:]
}

func TestExportsOfInvitationsHoldWhatMatchesAndNoFormulasAndNoLinks(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var made [3]shownInvitation
		for n, order := range []map[string]any{
			{"email": "ada@example.com", "name": "=1+1", "message": "+1, said\nI", "send": false},
			{"email": "-x@example.com", "name": "@you", "grants": map[string]any{"customData": map[string]any{"plan": "a,\"b\""}}, "send": false},
			{"phone": "+4915112345678", "send": false},
		} {
			f.must(201, "POST", "/api/invitations", order).decode(t, &made[n])
		}
		var code shownInvitation
		f.must(201, "POST", "/api/invitation-codes", map[string]any{"seats": 5, "name": "Talk"}).decode(t, &code)
		f.must(200, "POST", "/api/invitations/"+string(made[2].ID)+"/revoke", map[string]any{"reason": "=now()"})
		rows := f.exported("")
		at := func(row []string, column string) string { return row[slices.Index(invitationColumns, column)] }
		if len(rows) != 4 || at(rows[3], "name") != "'=1+1" || at(rows[3], "message") != "'+1, said\nI" || at(rows[2], "name") != "'@you" ||
			at(rows[2], "email") != "'-x@example.com" || at(rows[2], "customData") != `{"plan":"a,\"b\""}` ||
			at(rows[1], "status") != "revoked" || at(rows[1], "endReason") != "'=now()" || at(rows[1], "phone") != "4915112345678" || at(rows[0], "seats") != "5" {
			t.Errorf("%q", rows)
		}
		for _, secret := range []string{code.Code, code.Link, made[0].Link} {
			if secret == "" || strings.Contains(fmt.Sprint(rows), secret) {
				t.Errorf("the file shows %q", secret)
			}
		}
		for query, want := range map[string]int{
			"?status=pending": 3, "?kind=shared": 1, "?email=ADA": 1, "?delivery=bounced": 0, "?expiringBefore=1": 0,
			"?id=" + string(made[0].ID) + "&id=" + string(made[2].ID) + "&id=gone": 2,
		} {
			if rows := f.exported(query); len(rows) != want {
				t.Errorf("%s: %q", query, rows)
			}
		}
		f.refused(400, "guard.invalid_input", "GET", "/api/invitations/export?status=x", nil)
		f.refused(400, "guard.invalid_input", "GET", "/api/invitations/export?id=%3Cb%3E", nil)
		f.refused(400, "request.invalid_input", "GET", "/api/invitations/export?id=a"+strings.Repeat("&id=a", maxExportIDs), nil)
	})
}

// TestNoCellOfAnyFileIsAFormula: neither of reports nor of what became of rows,
// whatever strangers wrote. That of users is looked at in
// TestAFileIsLookedAtStartedAndReported.
func TestNoCellOfAnyFileIsAFormula(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a=b": "a=b", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "\nx": "'\nx",
		"＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠x": "'＠x", "'x": "'x", "49": "49",
	} {
		if got := noFormula(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	f := newFixture(t, storetest.Open(t, "sqlite", ticking()))
	c := f.campaignOf(f.batch("?name=%3Dcmd()", "text/csv", "", strings.NewReader("email\n=1+1\n+cmd@example.com\n@x\n-1\n")))
	f.work()
	for _, path := range []string{
		"/api/invitation-campaigns/" + string(c.ID) + "/report.csv", "/api/invitation-campaigns/" + string(c.ID) + "/rows.csv",
		"/api/invitations/export?campaignId=" + string(c.ID),
	} {
		a := f.must(200, "GET", path, nil)
		rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(a.body, byteOrderMark))).ReadAll()
		if err != nil || len(rows) < 2 {
			t.Errorf("%s: %v, %q", path, err, a.body)
		}
		marked := 0
		for _, row := range rows {
			for _, cell := range row {
				if strings.IndexAny(cell, "=+-@") == 0 {
					t.Errorf("%s: %q", path, row)
				} else if strings.HasPrefix(cell, "'") {
					marked++
				}
			}
		}
		if marked == 0 {
			t.Errorf("%s shows nothing of what was written: %q", path, rows)
		}
	}
}

// TestExportsOfInvitationsGoOnBeyondWhatIsReadAtOnce, of a filter that no index
// has.
func TestExportsOfInvitationsGoOnBeyondWhatIsReadAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		const many = exportBatch + 7
		if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
			for n := range many {
				if err := tx.InsertInvitation(guestlist.Invitation{
					ID: guestlist.InvitationID(fmt.Sprintf("%021d", n)), Kind: guestlist.InvitationPersonal, Seats: 1, Generation: 1,
					RecipientEmail: fmt.Sprintf("guest%d@example.com", n), Delivery: guestlist.InvitationSent, ExpiresAt: tx.Now.Add(time.Hour),
				}, ""); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		rows := f.exported("?delivery=sent")
		seen := map[string]bool{}
		for _, r := range rows {
			seen[r[0]] = true
		}
		if len(rows) != many || len(seen) != many {
			t.Errorf("%d rows of %d invitations, want %d", len(rows), len(seen), many)
		}
	})
}

func TestViewsOfInvitationsAreSavedOnceAndForgotten(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		filter := map[string]any{"status": "pending", "delivery": "bounced", "endingWithinDays": 3, "email": "a"}
		var made guestlist.InvitationView
		f.must(201, "POST", "/api/invitation-views", map[string]any{"name": " Came\u202e back\n", "filter": filter}).decode(t, &made)
		if made.Name != "Came back" || made.Filter.Delivery != guestlist.InvitationBounced || made.Filter.EndingWithinDays != 3 {
			t.Errorf("%+v", made)
		}
		f.refused(422, "entity.unique_integrity_violation", "POST", "/api/invitation-views", map[string]any{"name": "CAME BACK", "filter": filter})
		f.refused(422, "invitation.invalid_text", "POST", "/api/invitation-views", map[string]any{"name": " \u202e "})
		for _, wrong := range []map[string]any{
			{"name": ""}, {"name": strings.Repeat("x", guestlist.MaxInvitationViewName+1)}, {"name": "x", "filter": map[string]any{"status": "gone"}},
			{"name": "x", "filter": map[string]any{"endingWithinDays": 367}}, {},
		} {
			f.refused(400, "guard.invalid_input", "POST", "/api/invitation-views", wrong)
		}
		for n := range guestlist.MaxInvitationViews - 1 {
			f.must(201, "POST", "/api/invitation-views", map[string]any{"name": fmt.Sprint("aView ", n)})
		}
		f.refused(422, "invitation.too_many_views", "POST", "/api/invitation-views", map[string]any{"name": "one more"})
		var list []guestlist.InvitationView
		f.must(200, "GET", "/api/invitation-views", nil).decode(t, &list)
		if len(list) != guestlist.MaxInvitationViews || list[len(list)-1].ID != made.ID {
			t.Errorf("%d views, the last is %+v", len(list), list[len(list)-1])
		}
		a := f.must(200, "GET", "/api/invitation-views?page=2&page_size=20", nil)
		if a.decode(t, &list); len(list) != guestlist.MaxInvitationViews-20 || a.header.Get("Total-Number") != fmt.Sprint(guestlist.MaxInvitationViews) {
			t.Errorf("%d on the second page", len(list))
		}
		f.must(204, "DELETE", "/api/invitation-views/"+string(made.ID), nil)
		f.refused(404, "entity.not_exists_with_id", "DELETE", "/api/invitation-views/"+string(made.ID), nil)
	})
}

// TestInvitersLearnNamesAndNothingElse: who may only invite gets id and name of
// what they may give, and none of the lists that show more.
func TestInvitersLearnNamesAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		app := f.must(200, "POST", "/api/applications", map[string]any{"name": "Shop", "type": "SPA"}).field(t, "id")
		f.must(200, "POST", "/api/applications", map[string]any{"name": "Worker", "type": "MachineToMachine"})
		role := f.must(200, "POST", "/api/roles", map[string]any{"name": "editor", "description": "Writes"}).field(t, "id")
		f.must(200, "POST", "/api/roles", map[string]any{"name": "robot", "description": "Works", "type": "MachineToMachine"})
		org := f.must(201, "POST", "/api/organizations", map[string]any{"name": "Acme", "customData": map[string]any{"secret": 1}}).field(t, "id")
		member := f.must(201, "POST", "/api/organization-roles", map[string]any{"name": "member"}).field(t, "id")
		f.must(201, "POST", "/api/organization-roles", map[string]any{"name": "cron", "type": "MachineToMachine"})
		inviter := f.machineWith(guestlist.ScopeInvitationsRead, guestlist.ScopeInvitationsWrite)
		for what, want := range map[string][]choice{
			"applications": {{app, "Shop"}}, "roles": {{role, "editor"}}, "organizations": {{org, "Acme"}}, "organization-roles": {{member, "member"}},
		} {
			a := f.send("GET", "/api/invitation-choices/"+what, nil, inviter)
			var got []map[string]any
			if a.status != 200 {
				t.Fatalf("%s: %d %s", what, a.status, a.body)
			}
			a.decode(t, &got)
			if len(got) != len(want) || got[0]["id"] != want[0].ID || got[0]["name"] != want[0].Name || len(got[0]) != 2 {
				t.Errorf("%s: %s", what, a.body)
			}
			if a := f.send("GET", "/api/invitation-choices/"+what+"?search=nothing", nil, inviter); string(a.body) != "[]\n" && string(a.body) != "[]" {
				t.Errorf("%s without a match: %s", what, a.body)
			}
			if a := f.send("GET", "/api/invitation-choices/"+what, nil, f.machineWith(guestlist.ScopeInvitationsRead)); a.status != http.StatusForbidden {
				t.Errorf("who may only look at invitations gets %s: %s", what, a.body)
			}
			if a := f.send("GET", "/api/"+what, nil, inviter); a.status != http.StatusForbidden {
				t.Errorf("an inviter gets all of %s: %s", what, a.body)
			}
		}
	})
}

// TestAnActionIsStartedOnceUnderAKey, and says how many it is about.
func TestAnActionIsStartedOnceUnderAKey(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for n := range 3 {
			f.must(201, "POST", "/api/invitations", map[string]any{"email": fmt.Sprintf("guest%d@example.com", n), "send": false})
		}
		start := func(body string) answer {
			t.Helper()
			req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, f.srv.URL+"/api/invitations/actions", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+f.good)
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Idempotency-Key", "once")
			return f.do(req)
		}
		var first, again guestlist.InvitationAction
		start(`{"action":"revoke","filter":{"email":"guest"}}`).decode(t, &first)
		start(`{"filter":{"email":"guest"},"action":"revoke"}`).decode(t, &again)
		if first.ID == "" || first.ID != again.ID || first.Expected != 3 {
			t.Errorf("%+v, %+v", first, again)
		}
		if a := start(`{"action":"delete","filter":{"email":"guest"}}`); a.code() != "request.idempotency_key_reused" {
			t.Errorf("another order under the key: %d %s", a.status, a.body)
		}
		f.work()
		f.must(200, "GET", "/api/invitations/actions/"+string(first.ID), nil).decode(t, &again)
		if again.Done != 3 || again.Changed != 3 || again.State != guestlist.ActionFinished {
			t.Errorf("%+v", again)
		}
	})
}
