package management

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// importRequest makes the request of an import.
func (f *fixture) importRequest(ctx context.Context, contentType, key string, body io.Reader) *http.Request {
	f.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.srv.URL+"/api/users/bulk", body)
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+f.good)
	req.Header.Set("Content-Type", contentType)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return req
}

// importAll sends an import and returns its verdicts.
func (f *fixture) importAll(contentType, key string, body io.Reader) (int, []verdict) {
	f.t.Helper()
	res, err := f.srv.Client().Do(f.importRequest(context.Background(), contentType, key, body))
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	verdicts, err := readVerdicts(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return res.StatusCode, verdicts
}

func readVerdicts(r io.Reader) ([]verdict, error) {
	var list []verdict
	dec := json.NewDecoder(r)
	for {
		var v verdict
		switch err := dec.Decode(&v); {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return list, err
		}
		list = append(list, v)
	}
}

// outcomes writes verdicts as "line created" or "line code".
func outcomes(verdicts []verdict) []string {
	var list []string
	for _, v := range verdicts {
		what := v.Status
		if v.Code != "" {
			what = v.Code
		}
		if (v.Status == "created") != (v.ID != "") || (v.Message == "") != (v.Code == "") {
			what += " out of shape"
		}
		list = append(list, fmt.Sprintf("%d %s", v.Line, what))
	}
	return list
}

var importTests = []struct {
	name, contentType, body string
	want                    []string
}{
	{"nothing", "application/x-ndjson", "", nil},
	{"empty lines, CRLF, a mark and no last line feed", "application/x-ndjson; charset=utf-8",
		"\ufeff{\"username\":\"anna\"}\r\n\n   \n{\"username\":\"bert\"}", []string{"1 created", "4 created"}},
	{"every fault stands alone", "application/x-ndjson", strings.Join([]string{
		`{"primaryEmail":"one@example.com","customData":{"a":[1]},"profile":{"givenName":"One"}}`,
		`{"primaryEmail":"ONE@example.com"}`,
		`{"primaryEmail":"no"}`,
		`{"a":`,
		`[1]`,
		`null`,
		"{\"name\":\"\xff\"}",
		`{"name":"\u0000"}`,
		`{"name":"` + strings.Repeat("n", 129) + `"}`,
		`{"name":"` + strings.Repeat("n", maxImportLine) + `"}`,
		`{"primaryPhone":"123"}`,
		`{"password":"x","passwordDigest":"y","passwordAlgorithm":"MD5"}`,
		`{"passwordDigest":"d43136c27cf9ee0fe672369270e05d2a","passwordAlgorithm":"MD5"}`,
		`{"password":"secret","passwordIsTemporary":true}`,
		`{}`,
	}, "\n"), []string{
		"1 created", "2 user.email_already_in_use", "3 guard.invalid_input", "4 request.invalid_json", "5 guard.invalid_input",
		"6 guard.invalid_input", "7 request.invalid_text", "8 request.invalid_text", "9 entity.value_too_long",
		"10 request.body_too_large", "11 user.invalid_phone", "12 user.password_and_digest", "13 created", "14 created", "15 created",
	}},
	{"CSV", "text/csv", "\ufeffprimaryEmail,name,customData.plan,profile.address.country,passwordIsTemporary\r\n" +
		"one@example.com,\"One, the \"\"first\"\"\nof all\",pro,GB,\r\n" +
		"\r\n" +
		"two@example.com,stray\"quote,,,\n" +
		"three@example.com,,,,maybe\n" +
		"four@example.com\n" +
		"five@example.com,,,,,\n" +
		"six@example.com,\xff,,,\n" +
		"seven@example.com,,,,false\n" +
		"\"" + strings.Repeat("x", maxImportLine) + "\n\",,,,\n" +
		"eight@example.com,,,,",
		[]string{
			"2 created", "5 request.invalid_csv", "6 guard.invalid_input", "7 request.invalid_csv", "8 request.invalid_csv",
			"9 request.invalid_text", "10 created", "11 request.body_too_large", "13 created",
		}},
	{"CSV with a quote that never ends", "text/csv", "name\n\"a\nb\n", []string{"2 request.invalid_csv"}},
	{"CSV with a header alone", "text/csv", "name\n", nil},
}

func TestImportGivesAVerdictPerLine(t *testing.T) {
	for _, tt := range importTests {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				status, verdicts := f.importAll(tt.contentType, "", strings.NewReader(tt.body))
				if diff := cmp.Diff(tt.want, outcomes(verdicts)); status != 200 || diff != "" {
					t.Errorf("%d (-want +got):\n%s", status, diff)
				}
				f.holds(count(verdicts))
			})
		})
	}
}

// count returns how many verdicts are good.
func count(verdicts []verdict) int {
	n := 0
	for _, v := range verdicts {
		if v.Status == "created" {
			n++
		}
	}
	return n
}

// holds fails the test unless the store has so many users.
func (f *fixture) holds(users int) {
	f.t.Helper()
	var total struct{ TotalUserCount int }
	f.must(200, "GET", "/api/dashboard/users/total", nil).decode(f.t, &total)
	if total.TotalUserCount != users {
		f.t.Errorf("%d users, want %d", total.TotalUserCount, users)
	}
}

func TestImportKeepsWhatLinesSay(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.must(200, "POST", "/api/roles", map[string]any{"name": "crew", "description": "d", "isDefault": true})
		_, verdicts := f.importAll("text/csv", "", strings.NewReader(importTests[3].body))
		var u guestlist.User
		a := f.must(200, "GET", "/api/users/"+string(verdicts[0].ID), nil)
		a.decode(t, &u)
		if *u.Name != "One, the \"first\"\nof all" || string(u.CustomData) != `{"plan":"pro"}` || u.Profile.Address.Country != "GB" {
			t.Errorf("%s", a.body)
		}
		var roles []guestlist.Role
		f.must(200, "GET", "/api/users/"+string(u.ID)+"/roles", nil).decode(t, &roles)
		if len(roles) != 1 || roles[0].Name != "crew" {
			t.Errorf("roles %+v", roles)
		}
		_, verdicts = f.importAll("application/x-ndjson", "", strings.NewReader(`{"password":"secret","passwordIsTemporary":true}`))
		f.must(204, "POST", "/api/users/"+string(verdicts[0].ID)+"/password/verify", map[string]any{"password": "secret"})
		view(t, f.st, func(tx *store.Tx) error {
			p, err := tx.Password(verdicts[0].ID)
			if err != nil || !p.Temporary {
				t.Errorf("%+v %v", p, err)
			}
			return err
		})
	})
}

func view(t testing.TB, st *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	if err := st.View(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func TestImportOutOfShapeIsRefusedAsAWhole(t *testing.T) {
	f := newFixture(t, storetest.Open(t, "sqlite", nil))
	for _, tt := range []struct {
		contentType, key, encoding, body, want string
	}{
		{"application/json", "", "", `{}`, "415 request.unsupported_media_type"},
		{"", "", "", `{}`, "415 request.unsupported_media_type"},
		{";", "", "", `{}`, "415 request.unsupported_media_type"},
		{"application/x-ndjson", "", "gzip", `{}`, "415 request.unsupported_encoding"},
		{"application/x-ndjson", strings.Repeat("k", 256), "", `{}`, "400 guard.invalid_input"},
		{"application/x-ndjson", "ключ", "", `{}`, "400 guard.invalid_input"},
		{"text/csv", "", "", "", "400 request.invalid_csv"},
		{"text/csv", "", "", "\n\n", "400 request.invalid_csv"},
		{"text/csv", "", "", "nope\nx\n", "400 guard.invalid_input"},
		{"text/csv", "", "", "id\nx\n", "400 guard.invalid_input"},
		{"text/csv", "", "", "customData\n{}\n", "400 guard.invalid_input"},
		{"text/csv", "", "", "profile.nope\nx\n", "400 guard.invalid_input"},
		{"text/csv", "", "", "customData.\nx\n", "400 guard.invalid_input"},
		{"text/csv", "", "", "customData.a,customData.a.b\nx,y\n", "400 guard.invalid_input"},
		{"text/csv", "", "", "customData.a.b.c.d\nx\n", "400 guard.invalid_input"},
		{"text/csv", "", "", "name,name\nx,y\n", "400 guard.invalid_input"},
		{"text/csv", "", "", "name\xff\nx\n", "400 request.invalid_text"},
		{"text/csv", "", "", "\"name\nx\n", "400 request.invalid_csv"},
		{"text/csv", "", "", strings.Repeat("x", maxImportLine+1) + "\nx\n", "413 request.body_too_large"},
	} {
		req := f.importRequest(context.Background(), tt.contentType, tt.key, strings.NewReader(tt.body))
		if tt.encoding != "" {
			req.Header.Set("Content-Encoding", tt.encoding)
		}
		res, err := f.srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		a := answer{status: res.StatusCode, body: body}
		if got := fmt.Sprintf("%d %s", a.status, a.code()); got != tt.want {
			t.Errorf("%q %.40q: %s, want %s", tt.contentType, tt.body, body, tt.want)
		}
	}
	f.holds(0)
}

func TestImportAnswersLineByLine(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		body, feed := io.Pipe()
		res := make(chan *http.Response)
		go func() {
			r, err := f.srv.Client().Do(f.importRequest(context.Background(), "application/x-ndjson", "", body)) //nolint:bodyclose // whoever takes it closes it
			if err != nil {
				t.Error(err)
			}
			res <- r
		}()
		var answers *bufio.Scanner
		for i := range 3 {
			if _, err := fmt.Fprintf(feed, "{\"username\":\"u%d\"}\n", i); err != nil {
				t.Fatal(err)
			}
			if answers == nil {
				r := <-res
				defer r.Body.Close()
				answers = bufio.NewScanner(r.Body)
			}
			if !answers.Scan() || !strings.Contains(answers.Text(), `"created"`) {
				t.Fatalf("line %d: %s %v", i, answers.Text(), answers.Err())
			}
		}
		if err := feed.Close(); err != nil {
			t.Fatal(err)
		}
		if answers.Scan() {
			t.Errorf("more: %s", answers.Text())
		}
	})
}

// TestImportAnswersThoseWhoReadLast sends everything before it reads anything,
// more than the buffers between the two can hold.
func TestImportAnswersThoseWhoReadLast(t *testing.T) {
	f := newFixture(t, storetest.Open(t, "sqlite", nil))
	const lines = 100_000
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.srv.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := strings.Repeat(strings.Repeat("x", 200)+"\n", lines)
	if _, err := fmt.Fprintf(conn, "POST /api/users/bulk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		f.good, contentTypeNDJSON, len(body), body); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	verdicts, err := readVerdicts(res.Body)
	if err != nil || len(verdicts) != lines || verdicts[lines-1].Line != lines || verdicts[lines-1].Code != "request.invalid_json" {
		t.Errorf("%d verdicts, the last %+v, %v", len(verdicts), verdicts[len(verdicts)-1], err)
	}
}

func TestSpoolKeepsTheOrder(t *testing.T) {
	s := newSpool()
	var want, got bytes.Buffer
	done := make(chan struct{})
	release := make(chan struct{})
	go func() {
		defer close(done)
		s.drain(func(p []byte) error {
			<-release
			got.Write(p)
			return nil
		})
	}()
	for i := range 60_000 {
		p := fmt.Appendf(nil, "verdict number %d, some text that fills the spool\n", i)
		want.Write(p)
		if err := s.write(p); err != nil {
			t.Fatal(err)
		}
		if i == 50_000 {
			close(release) // what comes now meets a file that is being read
		}
	}
	s.close()
	<-done
	if !bytes.Equal(want.Bytes(), got.Bytes()) || s.file != nil {
		t.Errorf("wrote %d bytes, read %d; file %v", want.Len(), got.Len(), s.file)
	}
}

func TestSpoolStopsWhenNobodyListens(t *testing.T) {
	s := newSpool()
	gone := errors.New("gone")
	if err := s.write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	s.drain(func([]byte) error { return gone })
	if err := s.write([]byte("y")); !errors.Is(err, gone) {
		t.Errorf("wrote on: %v", err)
	}
}

func peopleLines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"primaryEmail\":\"person%d@example.com\",\"username\":\"person_%d\",\"name\":\"Person %d\"}\n", i, i, i)
	}
	return b.String()
}

// TestImportThatBrokeOffCanBeSentAgain cuts the connection in the middle and
// repeats the import under its key.
func TestImportThatBrokeOffCanBeSentAgain(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		const people, key = 3000, "import of the spring"
		if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
			return tx.InsertHook(guestlist.Hook{
				ID: "hook", Name: "h", Events: []string{guestlist.EventUserCreated}, Enabled: true, CreatedAt: tx.Now,
				Config: guestlist.HookConfig{URL: "https://hook.example"}, SigningKey: "key",
			})
		}); err != nil {
			t.Fatal(err)
		}
		text := peopleLines(people)
		first := f.breakOff(text[:len(text)*2/3-10], key, 400)
		status, second := f.importAll("application/x-ndjson", key, strings.NewReader(text))
		if status != 200 || count(second) != people {
			t.Fatalf("%d, %d created", status, count(second))
		}
		for i, v := range first {
			if v.Status == "created" && v.ID != second[i].ID {
				t.Fatalf("line %d: %s at first, then %s", v.Line, v.ID, second[i].ID)
			}
		}
		f.holds(people)
		_, third := f.importAll("application/x-ndjson", "another key", strings.NewReader(text))
		if count(third) != 0 {
			t.Errorf("%d created under another key", count(third))
		}
		changed := strings.Replace(text, "Person 7\"", "Person seven\"", 1)
		if _, fourth := f.importAll("application/x-ndjson", key, strings.NewReader(changed)); count(fourth) != people-1 || fourth[7].Code == "" {
			t.Errorf("a line that changed: %d created, %+v", count(fourth), fourth[7])
		}
		f.holds(people)
		f.emitted(guestlist.EventUserCreated, people)
	})
}

// breakOff sends part of an import, reads so many verdicts and cuts the
// connection.
func (f *fixture) breakOff(text, key string, read int) []verdict {
	f.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	body, feed := io.Pipe()
	go func() {
		_, _ = io.Copy(feed, strings.NewReader(text)) // fails when the connection is cut
	}()
	res, err := f.srv.Client().Do(f.importRequest(ctx, "application/x-ndjson", key, body))
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	var got []verdict
	dec := json.NewDecoder(res.Body)
	for range read {
		var v verdict
		if err := dec.Decode(&v); err != nil {
			f.t.Fatal(err)
		}
		got = append(got, v)
	}
	return got
}

// emitted fails the test unless so many events of a key wait.
func (f *fixture) emitted(key string, want int) {
	f.t.Helper()
	got := 0
	if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
		events, err := tx.TakeEvents(100_000)
		for _, e := range events {
			if e.Key == key && json.Valid(e.Payload) && bytes.Contains(e.Payload, []byte(`"matchedRoute":"/users/bulk"`)) {
				got++
			}
		}
		return err
	}); err != nil {
		f.t.Fatal(err)
	}
	if got != want {
		f.t.Errorf("%d events, want %d", got, want)
	}
}

func FuzzImport(f *testing.F) {
	for _, tt := range importTests {
		if len(tt.body) < maxImportLine { // long ones slow the search down
			f.Add(strings.HasPrefix(tt.contentType, "text/csv"), tt.body)
		}
	}
	s := importSchema()
	f.Fuzz(func(t *testing.T, csv bool, body string) {
		var source lineSource = newNDJSONSource(strings.NewReader(body))
		var parser lineParser = ndjsonParser{s}
		if csv {
			source = newCSVSource(strings.NewReader(body))
			header, err := source.next()
			if err != nil || header.fault != nil {
				return
			}
			if parser, err = newCSVParser(s, header.text); err != nil {
				return
			}
		}
		last := 0
		for {
			line, err := source.next()
			if line.number > 0 {
				if line.number <= last || len(line.text) > maxImportLine {
					t.Fatalf("line %d of %d bytes after line %d", line.number, len(line.text), last)
				}
				last = line.number
				checkLine(t, parser, line)
			}
			if err != nil {
				if !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
				return
			}
		}
	})
}

// checkLine holds a line to the promise that it gives a user within the limits
// or a refusal that has a code.
func checkLine(t *testing.T, parser lineParser, line sourceLine) {
	t.Helper()
	if line.fault != nil {
		return
	}
	n, err := parser.parse(line.text)
	var u guestlist.User
	if err == nil {
		u, _, _, err = n.user()
	}
	if err != nil {
		if guestlist.CodeOf(err) == "" {
			t.Fatalf("%q: a refusal without a code: %v", line.text, err)
		}
		return
	}
	if u.Refusal() != nil || u.PrimaryEmail != nil && !guestlist.IsEmail(*u.PrimaryEmail) || !json.Valid(u.CustomData) {
		t.Fatalf("%q gives %+v", line.text, u)
	}
}

func BenchmarkImport(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			f := newFixture(b, storetest.Open(b, engine, nil))
			const people = 40_000
			b.ReportAllocs()
			users := 0
			for b.Loop() {
				text := strings.ReplaceAll(peopleLines(people), "person", fmt.Sprintf("p%d_", users))
				b.StartTimer()
				_, verdicts := f.importAll("application/x-ndjson", "", strings.NewReader(text))
				users += count(verdicts)
			}
			b.ReportMetric(float64(users)/b.Elapsed().Seconds(), "users/s")
		})
	}
}
