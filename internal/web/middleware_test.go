package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func write(contentType, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, body)
	})
}

func TestRequestID(t *testing.T) {
	m, _ := manners(t)
	var inside string
	h := m.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { inside = RequestID(r.Context()) }))
	for _, tt := range []struct {
		given string
		kept  bool
	}{
		{"abc_-9", true}, {"", false}, {"a b", false}, {"a\"b", false}, {"a\nb", false},
		{strings.Repeat("a", 64), true}, {strings.Repeat("a", 65), false}, {"é", false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header[HeaderRequestID] = []string{tt.given}
		res, _ := run(h, r)
		got := res.Header.Get(HeaderRequestID)
		if got == "" || got != inside || (got == tt.given) != tt.kept {
			t.Errorf("%q: answered %q, inside %q", tt.given, got, inside)
		}
	}
}

func TestSecurityHeaders(t *testing.T) {
	m, _ := manners(t)
	res, _ := run(m.Wrap(write("text/plain", "x")), httptest.NewRequest("GET", "/", nil))
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN",
		"Referrer-Policy": "strict-origin-when-cross-origin", "Cross-Origin-Resource-Policy": "same-origin",
		"Strict-Transport-Security": "max-age=15552000; includeSubDomains",
		"Content-Security-Policy":   "", "Cross-Origin-Opener-Policy": "",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	m.Endpoint = "http://localhost:3001"
	res, _ = run(m.Wrap(write("text/plain", "x")), httptest.NewRequest("GET", "/", nil))
	if got := res.Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("HSTS over http: %q", got)
	}
}

func TestGzip(t *testing.T) {
	m, _ := manners(t)
	long := strings.Repeat("guest ", 1000)
	for _, tt := range []struct {
		name, accept, contentType, body string
		zipped                          bool
	}{
		{"accepted", "gzip, deflate, br", "text/html; charset=utf-8", long, true},
		{"weighted", "br;q=1, gzip;q=0.5", "application/json; charset=utf-8", long, true},
		{"refused by weight", "gzip;q=0", "text/html", long, false},
		{"refused by long weight", "gzip;q=0.000", "text/html", long, false},
		{"identity", "identity", "text/html", long, false},
		{"absent", "", "text/html", long, false},
		{"small", "gzip", "text/html", "small", false},
		{"picture", "gzip", "image/png", long, false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", tt.accept)
		w := httptest.NewRecorder()
		m.Wrap(write(tt.contentType, tt.body)).ServeHTTP(w, r)
		body := io.Reader(w.Body)
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != tt.zipped {
			t.Errorf("%s: compressed %v", tt.name, got)
		} else if got {
			z, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			body = z
		}
		got, err := io.ReadAll(body)
		if err != nil || string(got) != tt.body {
			t.Errorf("%s: body of %d bytes, %v", tt.name, len(got), err)
		}
		if vary := w.Header().Get("Vary"); strings.HasPrefix(tt.contentType, "text/") && vary != "Accept-Encoding" {
			t.Errorf("%s: Vary %q", tt.name, vary)
		}
	}
}

func TestGzipInPieces(t *testing.T) {
	m, _ := manners(t)
	h := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		for range 500 {
			_, _ = io.WriteString(w, "a piece; ")
		}
	}))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(z)
	if err != nil || string(got) != strings.Repeat("a piece; ", 500) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestFlushReachesTheReader(t *testing.T) {
	m, _ := manners(t)
	read := make(chan struct{})
	srv := httptest.NewServer(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}\n")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-read
		_, _ = io.WriteString(w, "{}\n")
	})))
	defer srv.Close()
	res, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, 3)
	if _, err := io.ReadFull(res.Body, first); err != nil {
		t.Fatal(err)
	}
	close(read)
	rest, err := io.ReadAll(res.Body)
	if string(first)+string(rest) != "{}\n{}\n" || err != nil {
		t.Errorf("%q %q %v", first, rest, err)
	}
}

func TestBodyLimit(t *testing.T) {
	m, _ := manners(t)
	m.LargeBody = func(r *http.Request) bool { return r.URL.Path == "/bulk" }
	var n int64
	h := m.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { n, _ = io.Copy(io.Discard, r.Body) }))
	for path, want := range map[string]int64{"/": MaxBody, "/bulk": MaxBody + 100} {
		run(h, httptest.NewRequest("POST", path, strings.NewReader(strings.Repeat("x", MaxBody+100))))
		if n != want {
			t.Errorf("%s: read %d bytes, want %d", path, n, want)
		}
	}
}

func TestAccessLogHasNoSecrets(t *testing.T) {
	m, log := manners(t)
	x := NewMux(m, nil)
	x.Handle("GET /i/{code}", write("text/plain", "x"))
	r := httptest.NewRequest("GET", "/i/s3cret-code?one_time_token=s3cret-token", nil)
	r.Header.Set("Authorization", "Bearer s3cret-bearer")
	r.Header.Set("Cookie", "_session=s3cret-session")
	run(m.Wrap(x), r)
	if s := log.String(); strings.Contains(s, "s3cret") || !strings.Contains(s, "GET /i/{code}") {
		t.Errorf("log:\n%s", s)
	}
}

func TestAsset(t *testing.T) {
	m, _ := manners(t)
	a := m.Wrap(NewAsset("application/json", "public, max-age=60", []byte(strings.Repeat("[1] ", 1000))))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	res, _ := run(a, r)
	tag := res.Header.Get("Etag")
	if res.StatusCode != 200 || res.Header.Get("Content-Encoding") != "gzip" || tag == "" || res.Header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	for _, match := range []string{tag, strings.TrimPrefix(tag, "W/"), `"other", ` + tag, "*"} {
		r.Header.Set("If-None-Match", match)
		res, _ = run(a, r)
		if res.StatusCode != 304 || len(res.Body) != 0 || res.Header.Get("Content-Encoding") != "" {
			t.Errorf("If-None-Match %s: %d %v", match, res.StatusCode, res.Header)
		}
	}
	r.Header.Set("If-None-Match", `"other"`)
	if res, _ = run(a, r); res.StatusCode != 200 {
		t.Errorf("other tag: %d", res.StatusCode)
	}
}

func TestWriteTagged(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { WriteTagged(w, r, "text/html", []byte("hi")) })
	res, _ := run(h, httptest.NewRequest("GET", "/", nil))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("If-None-Match", res.Header.Get("Etag"))
	if again, _ := run(h, r); again.StatusCode != 304 {
		t.Errorf("status %d", again.StatusCode)
	}
	if post, _ := run(h, httptest.NewRequest("POST", "/", nil)); post.Header.Get("Etag") != "" || post.StatusCode != 200 {
		t.Errorf("POST: %d %v", post.StatusCode, post.Header)
	}
}

// The whole of the middleware around an idle JSON GET. The target is below
// 10 µs per request.
func BenchmarkWrappedJSON(b *testing.B) {
	m, _ := manners(b)
	m.Log = discardLog()
	x := NewMux(m, nil)
	x.API("GET /api/status", func(w http.ResponseWriter, _ *http.Request) error {
		return WriteJSON(w, 200, struct {
			OK bool `json:"ok"`
		}{true})
	})
	benchmark(b, m.Wrap(x))
}

func BenchmarkWrappedAsset(b *testing.B) {
	m, _ := manners(b)
	m.Log = discardLog()
	x := NewMux(m, nil)
	x.Handle("GET /api/status", NewAsset("application/json", "", []byte(strings.Repeat("{} ", 800))))
	benchmark(b, m.Wrap(CORS{AllowOrigin: AnyOrigin}.Wrap(x)))
}

// BenchmarkBare is the floor: the same answer without manners.
func BenchmarkBare(b *testing.B) {
	x := http.NewServeMux()
	x.Handle("GET /api/status", write("application/json; charset=utf-8", `{"ok":true}`))
	benchmark(b, x)
}

func benchmark(b *testing.B, h http.Handler) {
	r := httptest.NewRequest("GET", "/api/status", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(&nullWriter{h: http.Header{}}, r)
	}
}

type nullWriter struct{ h http.Header }

func (w *nullWriter) Header() http.Header         { return w.h }
func (w *nullWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w *nullWriter) WriteHeader(int)             {}
