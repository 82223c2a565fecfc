package management

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// sendFile sends a file.
func (f *fixture) sendFile(name string, body io.Reader) answer {
	f.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, f.srv.URL+"/api/user-imports?name="+name, body)
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+f.good)
	req.Header.Set("Content-Type", "text/csv")
	return f.do(req)
}

// uploaded sends a file that is good and returns the import.
func (f *fixture) uploaded(text string) guestlist.UserImport {
	f.t.Helper()
	a := f.sendFile("guests.csv", strings.NewReader(text))
	var i guestlist.UserImport
	a.decode(f.t, &i)
	if a.status != http.StatusCreated || i.State != guestlist.ImportUploaded {
		f.t.Fatalf("upload: %d %s", a.status, a.body)
	}
	return i
}

// works runs the job of an import to its end.
func (f *fixture) works(id guestlist.UserImportID) guestlist.UserImport {
	f.t.Helper()
	payload, err := json.Marshal(guestlist.UserImportRun{ID: id})
	if err != nil {
		f.t.Fatal(err)
	}
	if more, err := f.api.ImportOn(context.Background(), payload); more || err != nil {
		f.t.Fatalf("more %v, %v", more, err)
	}
	var i guestlist.UserImport
	f.must(200, "GET", "/api/user-imports/"+string(id), nil).decode(f.t, &i)
	return i
}

func (f *fixture) reportOf(id guestlist.UserImportID, query string) [][]string {
	f.t.Helper()
	a := f.must(200, "GET", "/api/user-imports/"+string(id)+"/report"+query, nil)
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(a.body, byteOrderMark))).ReadAll()
	if err != nil {
		f.t.Fatal(err)
	}
	return rows
}

const hostileFile = "\ufeffFull name;E-mail;Mobile;Plan;Password;Notes\r\n" +
	"Ada Lovelace;ada@example.com;+44 7700 900123;pro; secret ;x\r\n" +
	"\"=HYPERLINK(\"\"http://evil.example\"\")\"; eve@example.com ;;;;\r\n" +
	";;;;;\r\n" +
	"\"<script>alert(1)</script>\nsecond line\";html@example.com;;;;\r\n" +
	"Twice;ADA@example.com;;;;\r\n" +
	"Shorter;short@example.com\r\n" +
	"Longer;longer@example.com;;;;;;surplus\r\n" +
	"Bad;not an address;;;;\r\n" +
	"Number;number@example.com;12;;;\r\n" +
	"stray\"quote;q@example.com;;;;\r\n" +
	"Byte\xff;byte@example.com;;;;\r\n" +
	"@SUM(1);sum@example.com;;;;"

var hostileOrder = map[string]any{
	"columns": []string{"name", "primaryEmail", "primaryPhone", "customData.plan", "password", ""}, "temporaryPasswords": true,
}

func TestAFileIsLookedAtStartedAndReported(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		i := f.uploaded(hostileFile)
		path := "/api/user-imports/" + string(i.ID)
		if i.Total != 11 || len(i.Columns) != 6 || i.Columns[1] != "E-mail" || i.Name != "guests.csv" {
			t.Fatalf("%+v", i)
		}
		var preview importPreview
		f.must(200, "POST", path+"/preview", hostileOrder).decode(t, &preview)
		want := []string{
			"2 true ", "3 true ", "5 true ", "7 false user.email_already_in_use", "8 true ", "9 false request.invalid_csv",
			"10 false guard.invalid_input", "11 false guard.invalid_input", "12 false request.invalid_csv", "13 false request.invalid_text", "14 true ",
		}
		for k, line := range preview.Lines {
			if got := fmt.Sprintf("%d %v %s", line.Line, line.OK, line.Code); k >= len(want) || got != want[k] && line.Line != 11 {
				t.Errorf("preview: %s, want %s", got, want[k])
			}
		}
		if p := preview.Lines[0]; p.Phone != "447700900123" || !p.Password || p.Name != "Ada Lovelace" {
			t.Errorf("the first line is %+v", p)
		}
		f.holds(0)
		f.must(200, "POST", path+"/start", hostileOrder)
		f.refused(http.StatusConflict, "user_import.started", "POST", path+"/start", hostileOrder)
		f.refused(http.StatusConflict, "user_import.started", "POST", path+"/preview", hostileOrder)
		if i = f.works(i.ID); i.State != guestlist.ImportFinished || i.Done != 11 || i.Created != 5 || i.Refused != 6 || i.FinishedAt == nil {
			t.Errorf("%+v", i)
		}
		f.holds(5)
		rows := f.reportOf(i.ID, "")
		if len(rows) != 12 || rows[2][3] != `'=HYPERLINK("http://evil.example")` || rows[11][3] != "'@SUM(1)" || rows[4][7] != "user.email_already_in_use" {
			t.Errorf("the report is %q", rows)
		}
		if rows := f.reportOf(i.ID, "?status=error"); len(rows) != 7 {
			t.Errorf("the report of those refused is %q", rows)
		}
		var users []guestlist.User
		f.must(200, "GET", "/api/users?search=ada@example.com", nil).decode(t, &users)
		if len(users) != 1 || string(users[0].CustomData) != `{"plan":"pro"}` || !users[0].HasPassword {
			t.Fatalf("%+v", users)
		}
		f.must(204, "POST", "/api/users/"+string(users[0].ID)+"/password/verify", map[string]any{"password": " secret "})
		if err := f.st.View(context.Background(), func(tx *store.Tx) error {
			p, err := tx.Password(users[0].ID)
			if err == nil && !p.Temporary {
				err = errors.New("the password need not be changed")
			}
			if lines, failed := tx.ImportSpool(i.ID).Lines(0); lines != "" || failed != nil {
				err = errors.New("the lines are still there")
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		f.must(204, "DELETE", path, nil)
		f.refused(http.StatusNotFound, "entity.not_found", "GET", path, nil)
		f.refused(http.StatusNotFound, "entity.not_found", "GET", path+"/report", nil)
		f.holds(5)
	})
}

func TestWhatIsNoFileOfUsersIsRefused(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for text, want := range map[string]string{
			"":                                   "422 user_import.empty",
			"name,email":                         "422 user_import.empty",
			"name,email\n,\n\n":                  "422 user_import.empty",
			",,,\na,b,c,d":                       "400 request.invalid_csv",
			"PK\x03\x04\x14\x00\x08\n":           "400 request.invalid_text",
			"PK\x03\x04aa\n":                     "400 request.invalid_text",
			"\xff\xfen\x00a\x00":                 "400 request.invalid_text",
			"na\"me\na":                          "400 request.invalid_csv",
			strings.Repeat("c,", 300) + "c\n":    "400 request.invalid_csv",
			strings.Repeat("x", maxImportLine+9): "413 request.body_too_large",
		} {
			if a := f.sendFile("x.csv", strings.NewReader(text)); fmt.Sprint(a.status, " ", a.code()) != want {
				t.Errorf("%.20q: %d %s, want %s", text, a.status, a.body, want)
			}
		}
		lost := httptest.NewRequest(http.MethodPost, "/api/user-imports", io.MultiReader(strings.NewReader("name\na\n"), brokenReader{}))
		lost.Header.Set("Authorization", "Bearer "+f.good)
		lost.Header.Set("Content-Type", "text/csv")
		answer := httptest.NewRecorder()
		if f.srv.Config.Handler.ServeHTTP(answer, lost); answer.Code != http.StatusBadRequest {
			t.Errorf("a file that broke off: %d", answer.Code)
		}
		var rows []guestlist.UserImport
		f.must(200, "GET", "/api/user-imports?page=1", nil).decode(t, &rows)
		if len(rows) != 0 {
			t.Errorf("%d are left", len(rows))
		}
		i := f.uploaded("name,email\nAda,ada@example.com\n")
		path := "/api/user-imports/" + string(i.ID)
		for _, columns := range [][]string{{}, {"name"}, {"", ""}, {"name", "name"}, {"name", "nope"}, {"customData", "name"}, {"name", "isSuspended"}, {"customData.a", "customData.a.b"}} {
			for _, do := range []string{"preview", "start"} {
				f.refused(http.StatusBadRequest, "guard.invalid_input", "POST", path+"/"+do, map[string]any{"columns": columns})
			}
		}
		f.refused(http.StatusNotFound, "entity.not_found", "POST", "/api/user-imports/x/start", map[string]any{"columns": []string{"name"}})
		f.holds(0)
	})
}

// brokenReader is a connection that is lost.
type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("lost") }

// TestAnImportGoesOnWhereItWas: attempts that end within a part, fail, or run
// beside each other make every user once.
func TestAnImportGoesOnWhereItWas(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		const people = 700
		var b strings.Builder
		b.WriteString("username\n")
		for n := range people {
			fmt.Fprintf(&b, "guest_%d\n", n)
		}
		i := f.uploaded(b.String())
		payload, _ := json.Marshal(guestlist.UserImportRun{ID: i.ID})
		f.must(200, "POST", "/api/user-imports/"+string(i.ID)+"/start", map[string]any{"columns": []string{"username"}})
		soon, cancel := context.WithTimeout(context.Background(), importMargin-time.Second)
		defer cancel()
		if more, err := f.api.ImportOn(soon, payload); !more || err != nil {
			t.Errorf("short of time: more %v, %v", more, err)
		}
		if _, err := f.api.importBatch(context.Background(), i.ID); err != nil {
			t.Fatal(err)
		}
		if err := f.api.FailImport(context.Background(), payload, errors.New("x")); err != nil {
			t.Fatal(err)
		}
		f.works(i.ID) // nothing: it was given up
		f.holds(importBatch)
		f.must(200, "POST", "/api/user-imports/"+string(i.ID)+"/start", map[string]any{"columns": []string{"name"}}) // the choices of before hold
		parallel(4, func(int) {
			if _, err := f.api.ImportOn(context.Background(), payload); err != nil {
				t.Error(err)
			}
		})
		if i = f.works(i.ID); i.State != guestlist.ImportFinished || i.Created != people {
			t.Errorf("%+v", i)
		}
		f.holds(people)
		if rows := f.reportOf(i.ID, ""); len(rows) != people+1 {
			t.Errorf("%d rows", len(rows))
		}
	})
}

func TestExportsHoldNoFormulasAndNoPasswords(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.addUser(map[string]any{"username": "ada", "password": "secret-4711", "profile": map[string]any{"givenName": "Ada", "address": map[string]any{"country": "GB"}}})
		f.addUser(map[string]any{"name": "=1+1", "primaryEmail": "+x@example.com", "customData": map[string]any{"a": "b,\"c\"\n"}})
		for range 3 {
			f.addUser(map[string]any{"name": "-2"})
		}
		read := func(query string) [][]string {
			t.Helper()
			a := f.must(200, "GET", "/api/users/export"+query, nil)
			rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(a.body, byteOrderMark))).ReadAll()
			if err != nil || strings.Contains(string(a.body), "argon") || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") {
				t.Fatalf("%v: %s", err, a.body)
			}
			return rows
		}
		rows := read("")
		if len(rows) != 6 || rows[4][4] != "'=1+1" || rows[4][2] != "'+x@example.com" || rows[5][1] != "ada" {
			t.Errorf("%q", rows)
		}
		column := map[string]int{}
		for n, name := range rows[0] {
			column[name] = n
		}
		if rows[5][column["profile.givenName"]] != "Ada" || rows[5][column["profile.address.country"]] != "GB" || rows[5][column["hasPassword"]] != "true" {
			t.Errorf("%q", rows[5])
		}
		if rows := read("?search.username=ad%25"); len(rows) != 2 {
			t.Errorf("%q", rows)
		}
		if rows := read("?state=suspended"); len(rows) != 1 {
			t.Errorf("%q", rows)
		}
		f.refused(http.StatusBadRequest, "guard.invalid_input", "GET", "/api/users/export?state=x", nil)
		f.refused(http.StatusBadRequest, "request.invalid_input", "GET", "/api/users/export?search.nope=x", nil)
	})
}
