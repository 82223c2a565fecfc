package management

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/store"
)

// giveUp writes jobs and has each of them given up.
func (f *fixture) giveUp(jobs ...guestlist.Job) {
	f.t.Helper()
	err := f.st.Update(context.Background(), func(tx *store.Tx) error {
		if err := tx.Enqueue(jobs...); err != nil {
			return err
		}
		for _, j := range jobs {
			claimed, err := tx.ClaimJobs(j.Kind, tx.Now.Add(1000), len(jobs))
			if err != nil {
				return err
			}
			var results []store.JobResult
			for _, c := range claimed {
				results = append(results, store.JobResult{ID: c.ID, Lease: c.Lease, State: store.JobDead, Error: "no answer"})
			}
			if _, err := tx.FinishJobs(results); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

func TestTheSystemSaysHowItStands(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.giveUp(guestlist.Job{Kind: "message.send"}, guestlist.Job{Kind: "message.send"})
		if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
			return tx.Enqueue(guestlist.Job{Kind: "hook.deliver", Lane: "h1"}, guestlist.Job{Kind: "message.send"})
		}); err != nil {
			t.Fatal(err)
		}
		var s system
		f.must(200, "GET", "/api/system", nil).decode(t, &s)
		if s.Version != "test" || s.SchemaVersion < 8 || s.SizeBytes < 10_000 || s.EngineVersion == "" || s.FailedMessages != 0 {
			t.Errorf("%+v", s)
		}
		kinds := map[string]store.QueuedKind{}
		for _, k := range s.Jobs {
			kinds[k.Kind] = k
		}
		mail, hook := kinds["message.send"], kinds["hook.deliver"]
		if mail.Dead != 2 || mail.Queued != 1 || mail.OldestAt == nil || hook.Queued != 1 || hook.Dead != 0 || hook.DueAt == nil {
			t.Errorf("%+v and %+v", mail, hook)
		}
	})
}

func TestWorkThatWasGivenUpIsTriedAgainOrForgotten(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.giveUp(guestlist.Job{Kind: "message.send"}, guestlist.Job{Kind: "message.send"}, guestlist.Job{Kind: "message.send"})
		var dead []store.JobRow
		a := f.must(200, "GET", "/api/dead-jobs?page_size=2", nil)
		a.decode(t, &dead)
		if a.header.Get("Total-Number") != "3" || len(dead) != 2 || dead[0].LastError != "no answer" || dead[0].FinishedAt == nil {
			t.Fatalf("%s of %+v", a.header.Get("Total-Number"), dead)
		}
		if strings.Contains(string(a.body), "ayload") {
			t.Errorf("what is to be done may be secret: %s", a.body)
		}
		retry := "/api/dead-jobs/" + string(dead[0].ID)
		f.must(204, "POST", retry+"/retry", nil)
		f.refused(404, "entity.not_exists_with_id", "POST", retry+"/retry", nil)
		f.refused(404, "entity.not_exists_with_id", "DELETE", retry, nil)
		f.must(204, "DELETE", "/api/dead-jobs/"+string(dead[1].ID), nil)
		f.refused(404, "entity.not_exists_with_id", "POST", "/api/dead-jobs/nothing/retry", nil)
		f.refused(400, "request.invalid_text", "POST", "/api/dead-jobs/%00/retry", nil)
		err := f.st.Update(context.Background(), func(tx *store.Tx) error {
			again, err := tx.ClaimJobs("message.send", tx.Now.Add(1000), 9)
			if err != nil || len(again) != 1 || again[0].ID != dead[0].ID || again[0].Attempt != 1 {
				t.Errorf("to be done again: %+v, %v", again, err)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		f.must(200, "GET", "/api/dead-jobs", nil).decode(t, &dead)
		if len(dead) != 1 {
			t.Errorf("%d are dead still, want 1", len(dead))
		}
	})
}

func TestMessagesThatFailedAreListedAlone(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
			for id, status := range map[string]store.MessageStatus{"a": store.MessageSent, "b": store.MessageFailed, "c": store.MessageDeferred} {
				if err := tx.PutMessage(guestlist.Message{ID: id, Channel: guestlist.ChannelEmail, To: id + "@example.com"}, store.MessageState{Status: status}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		var rows []store.MessageRow
		f.must(200, "GET", "/api/messages?outcome=failed&enableCap=true", nil).decode(t, &rows)
		if len(rows) != 1 || rows[0].ID != "b" {
			t.Errorf("%+v", rows)
		}
		f.must(200, "GET", "/api/messages", nil).decode(t, &rows)
		if len(rows) != 3 {
			t.Errorf("%+v", rows)
		}
		f.refused(400, "guard.invalid_input", "GET", "/api/messages?outcome=sent", nil)
	})
}

func TestLogsAreFilteredByKindAndResult(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.log(
			guestlist.LogEntry{Key: "Interaction.SignIn.Submit", UserID: "ada"},
			guestlist.LogEntry{Key: "Interaction.SignIn.Verification.Password.Submit", UserID: "ada", Failed: true, Error: "session.invalid_credentials"},
			guestlist.LogEntry{Key: "Interaction.Register.Submit", UserID: "bob"},
		)
		for query, want := range map[string]int{
			"logKeyPrefix=Interaction.SignIn.": 2, "logKeyPrefix=Interaction.": 3, "logKeyPrefix=%25": 0, "result=Error": 1, "result=Success": 2,
			"result=Error&userId=bob": 0, "result=Error&userId=ada": 1, "logKeyPrefix=Interaction.SignIn.&result=Success&enableCap=true": 1,
		} {
			var logs []guestlist.Log
			a := f.must(200, "GET", "/api/logs?"+query, nil)
			a.decode(t, &logs)
			if len(logs) != want || a.header.Get("Looked-Until") != "" {
				t.Errorf("%s: %d lines, want %d; looked until %q", query, len(logs), want, a.header.Get("Looked-Until"))
			}
		}
		f.refused(400, "guard.invalid_input", "GET", "/api/logs?result=Maybe", nil)
		f.refused(400, "request.invalid_text", "GET", "/api/logs?logKeyPrefix=%00", nil)
	})
}

// TestTheBackupOpensWithItsKey: what is downloaded is a database that has
// everything, and who took it stands in the audit log.
func TestTheBackupOpensWithItsKey(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		scopeless := f.token(f.addMachine("no-role", ""), guestlist.ManagementAPI)
		if a := f.send("GET", "/api/backup", nil, "Bearer "+scopeless); a.status != http.StatusForbidden {
			t.Errorf("without the scope: %d", a.status)
		}
		if a := f.send("GET", "/api/backup", nil, ""); a.status != http.StatusUnauthorized {
			t.Errorf("without a token: %d", a.status)
		}
		var s system
		f.must(200, "GET", "/api/system", nil).decode(t, &s)
		if s.Engine != "sqlite" {
			f.refused(400, "store.backup_not_here", "GET", "/api/backup", nil)
			return
		}
		a := f.must(200, "GET", "/api/backup", nil)
		if a.header.Get("Content-Type") != contentTypeSQLite || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment; filename=\"guestlist-") ||
			a.header.Get("Cache-Control") != "no-store" || !bytes.HasPrefix(a.body, []byte("SQLite format 3\x00")) {
			t.Fatalf("%v %q", a.header, a.body[:min(len(a.body), 32)])
		}
		file := filepath.Join(t.TempDir(), "copy.db")
		if err := os.WriteFile(file, a.body, 0o600); err != nil {
			t.Fatal(err)
		}
		st, err := store.Open(context.Background(), store.Options{Database: file, Key: f.st.Key()})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		if err := st.View(context.Background(), func(tx *store.Tx) error {
			_, err := tx.Application(f.machine.ID)
			return err
		}); err != nil {
			t.Errorf("the copy lacks an application: %v", err)
		}
		var logs []guestlist.Log
		f.must(200, "GET", "/api/logs?logKey=Action.Backup.Download", nil).decode(t, &logs)
		if len(logs) != 1 || !strings.Contains(string(logs[0].Payload), string(f.machine.ID)) {
			t.Errorf("the audit log has %+v", logs)
		}
		// The readers are readers still: one that could write would be a second
		// writer.
		f.log(guestlist.LogEntry{Key: "After"})
		f.must(200, "GET", "/api/backup", nil)
	})
}

func TestTwoBackupsAreNotMadeAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var s system
		f.must(200, "GET", "/api/system", nil).decode(t, &s)
		if s.Engine != "sqlite" {
			f.refused(400, "store.backup_not_here", "GET", "/api/backup", nil) // and never two of them
			return
		}
		err := f.st.Snapshot(context.Background(), func(copied *os.File, size int64) error {
			about, err := copied.Stat()
			if err != nil || about.Size() != size || size == 0 {
				t.Errorf("a copy of %d bytes: %v", size, err)
			}
			f.refused(409, "store.backup_running", "GET", "/api/backup", nil)
			f.must(200, "POST", "/api/roles", map[string]any{"name": "meanwhile", "description": "x"})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		f.must(200, "GET", "/api/backup", nil)
	})
}

func TestTwoHostsDoNotOverwriteTheLifeOfSessions(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		tag := f.must(200, "GET", "/api/configs/oidc/session", nil).header.Get("ETag")
		if tag == "" {
			t.Fatal("no tag")
		}
		f.must(200, "PATCH", "/api/configs/oidc/session", map[string]any{"ttl": 60})
		req, err := http.NewRequestWithContext(context.Background(), "PATCH", f.srv.URL+"/api/configs/oidc/session", strings.NewReader(`{"ttl":70}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+f.good)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("If-Match", tag)
		if a := f.do(req); a.status != http.StatusPreconditionFailed || a.code() != "request.stale" {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}
