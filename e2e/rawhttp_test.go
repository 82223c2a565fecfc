package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// raw sends bytes as they are and returns what comes back until the server
// hangs up.
func (s *site) raw(t *testing.T, text string) string {
	t.Helper()
	conn := s.dial(t)
	// The server may have heard enough before the end, and hang up.
	_, _ = io.WriteString(conn, text)
	answer, err := io.ReadAll(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the server holds the connection of %.80q", text)
	}
	return string(answer)
}

func (s *site) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(2 * awaitFor)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// statusOf reads the status of an answer, 0 if it is none.
func statusOf(answer string) int {
	res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), nil)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	return res.StatusCode
}

// TestRawRequests writes what no HTTP library would. Each is refused, or
// answered as if it were harmless because it is.
func TestRawRequests(t *testing.T) {
	t.Parallel()
	s := newSite(t, "sqlite")
	p := s.serve()
	head := "Host: " + s.address + "\r\nConnection: close\r\n"
	asForm := head + "Content-Type: application/x-www-form-urlencoded\r\n"
	for _, tt := range []struct {
		name, request string
		want          []int
	}{
		{"a header over the limit", "GET /healthz HTTP/1.1\r\n" + head + "X: " + strings.Repeat("a", 100_000) + "\r\n\r\n", []int{431}},
		{"a thousand headers over the limit", "GET /healthz HTTP/1.1\r\n" + head + strings.Repeat("X: "+strings.Repeat("a", 90)+"\r\n", 1000) + "\r\n", []int{431}},
		{"a path over the limit", "GET /" + strings.Repeat("a", 100_000) + " HTTP/1.1\r\n" + head + "\r\n", []int{431}},
		{"a cookie of many", "GET /sign-in HTTP/1.1\r\n" + head + "Cookie: " + strings.Repeat("_interaction=a; ", 3000) + "\r\n\r\n", []int{302, 400}},
		{"NUL in a header", "GET /healthz HTTP/1.1\r\n" + head + "X: a\x00b\r\n\r\n", []int{400}},
		{"a line end in a header name", "GET /healthz HTTP/1.1\r\n" + head + "X\ry: a\r\n\r\n", []int{400}},
		{"a space before the colon", "GET /healthz HTTP/1.1\r\n" + head + "X : a\r\n\r\n", []int{400}},
		{"no host", "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", []int{400}},
		{"two hosts", "GET /healthz HTTP/1.1\r\n" + head + "Host: evil.example\r\n\r\n", []int{400}},
		{"a host that is none", "GET /healthz HTTP/1.1\r\nConnection: close\r\nHost: a b/c\r\n\r\n", []int{400}},
		{"two lengths", "POST /oidc/token HTTP/1.1\r\n" + asForm + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", []int{400}},
		{"a negative length", "POST /oidc/token HTTP/1.1\r\n" + asForm + "Content-Length: -1\r\n\r\n", []int{400}},
		{"a length with a sign", "POST /oidc/token HTTP/1.1\r\n" + asForm + "Content-Length: +1\r\n\r\na", []int{400}},
		{"a length beyond numbers", "POST /oidc/token HTTP/1.1\r\n" + asForm + "Content-Length: 99999999999999999999\r\n\r\n", []int{400}},
		{"a length over the limit, and no body", "POST /oidc/token HTTP/1.1\r\n" + asForm + "Content-Length: 99999999999\r\n\r\n", []int{413}},
		{"an unknown transfer", "POST /oidc/token HTTP/1.1\r\n" + asForm + "Transfer-Encoding: gzip, chunked\r\n\r\n", []int{400, 501}},
		{"a transfer in disguise", "POST /oidc/token HTTP/1.1\r\n" + asForm + "Transfer-Encoding: \x0bchunked\r\n\r\n", []int{400, 501}},
		{"a chunk beyond numbers", "POST /oidc/token HTTP/1.1\r\n" + asForm + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", []int{400}},
		{"chunks over the limit", "POST /oidc/token HTTP/1.1\r\n" + asForm + "Transfer-Encoding: chunked\r\n\r\n" +
			strings.Repeat("10000\r\n"+strings.Repeat("a", 0x10000)+"\r\n", 17) + "0\r\n\r\n", []int{413}},
		{"HTTP/0.9", "GET /healthz\r\n\r\n", []int{400}},
		{"HTTP/9.9", "GET /healthz HTTP/9.9\r\n" + head + "\r\n", []int{505}},
		{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{400, 404, 505}},
		{"a tunnel", "CONNECT evil.example:443 HTTP/1.1\r\n" + head + "\r\n", []int{400, 404, 405, 501}},
		{"an echo", "TRACE /sign-in HTTP/1.1\r\n" + head + "X: secret-of-mine\r\n\r\n", []int{405, 501}},
		{"a method of its own", "FROBNICATE /sign-in HTTP/1.1\r\n" + head + "\r\n", []int{405, 501}},
		{"a method in small letters", "get /healthz HTTP/1.1\r\n" + head + "\r\n", []int{405, 501}},
		{"another server's address", "GET http://evil.example/sign-in HTTP/1.1\r\n" + head + "\r\n", []int{302}},
		{"a server's address for a path", "GET //evil.example/%2e%2e HTTP/1.1\r\n" + head + "\r\n", []int{301, 307, 308, 404}},
		{"a path that is none", "GET healthz HTTP/1.1\r\n" + head + "\r\n", []int{400}},
		{"the server itself", "OPTIONS * HTTP/1.1\r\n" + head + "\r\n", []int{200, 400, 404}},
		{"a range", "GET /oidc/jwks HTTP/1.1\r\n" + head + "Range: bytes=" + strings.Repeat("0-,", 5000) + "\r\n\r\n", []int{200}},
		{"an upgrade", "GET /sign-in HTTP/1.1\r\n" + head + "Upgrade: h2c, websocket\r\nConnection: Upgrade\r\n\r\n", []int{302}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer := s.raw(t, tt.request)
			if status := statusOf(answer); !slices.Contains(tt.want, status) {
				t.Errorf("status %d, want %v: %.300q", status, tt.want, answer)
			}
			for _, tell := range []string{"secret-of-mine", "evil.example", "\nSet-Cookie: evil"} {
				if strings.Contains(answer, tell) {
					t.Errorf("the answer repeats %q: %.300q", tell, answer)
				}
			}
		})
	}
	p.unharmed(t)
}

// TestAssetsStayInTheirRoom asks for files of the machine below /assets.
func TestAssetsStayInTheirRoom(t *testing.T) {
	t.Parallel()
	s := newSite(t, "sqlite")
	p := s.serve()
	for _, path := range []string{
		"/assets/", "/assets", "/assets/.", "/assets/..", "/assets/../secret.key", "/assets/..%2fsecret.key", "/assets/%2e%2e/secret.key",
		"/assets/..%5csecret.key", "/assets/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/assets/....//....//etc/passwd", "/assets//etc/passwd",
		"/assets/%2fetc%2fpasswd", "/assets/page.css%00.js", "/assets/page.css/../../secret.key", "/assets/page.css;", "/assets/page.css::$DATA",
		"/assets/page.00000000.css", "/assets/%c0%ae%c0%ae/secret.key", "/data/guestlist.db", "/guestlist.db", "/secret.key", "/.git/config", "/.env",
	} {
		answer := s.raw(t, "GET "+path+" HTTP/1.1\r\nHost: "+s.address+"\r\nConnection: close\r\n\r\n")
		if status := statusOf(answer); status < 300 || status >= 500 {
			t.Errorf("%s: %d %.200q", path, status, answer)
		}
		if strings.Contains(answer, "root:") || strings.Contains(answer, "SQLite format") {
			t.Errorf("%s: gives a file: %.200q", path, answer)
		}
	}
	p.unharmed(t)
}

// TestMethodConfusion asks every route with every method that it does not
// have.
func TestMethodConfusion(t *testing.T) {
	t.Parallel()
	s := newSite(t, "sqlite")
	p := s.serve()
	s.administer()
	before := s.state(t)
	offered := map[string][]string{}
	for _, page := range pages {
		offered[page] = append(offered[page], "GET", "HEAD")
	}
	for _, form := range forms {
		offered[form] = append(offered[form], "POST")
	}
	offered["/demo-app/sign-out"] = []string{"POST"}
	for _, r := range append(s.managed(t), oidcRoutes...) {
		path := r.fill(nil)
		if offered[path] = append(offered[path], r.method); r.method == http.MethodGet {
			offered[path] = append(offered[path], http.MethodHead)
		}
	}
	for path, methods := range offered {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "QUERY"} {
			if !slices.Contains(methods, method) {
				s.refusesMethod(t, method, path)
			}
		}
	}
	s.sameState(t, before)
	p.unharmed(t)
}

func (s *site) refusesMethod(t *testing.T, method, path string) {
	t.Helper()
	req := s.request(method, path, strings.NewReader("_method=DELETE"))
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("X-HTTP-Method-Override", "GET")
	res, err := machine.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	// Where the last part of a path is a word that another route takes for an id,
	// it is no good one.
	badID := strings.HasPrefix(path, "/api/") && (res.StatusCode == 400 || res.StatusCode == 422)
	known := badID || res.StatusCode == 404 || res.StatusCode == 405 && res.Header.Get("Allow") != "" || res.StatusCode == 501
	if !known || len(res.Header["Set-Cookie"]) > 0 {
		t.Errorf("%s %s: %d, Allow %q, cookies %v", method, path, res.StatusCode, res.Header.Get("Allow"), res.Header["Set-Cookie"])
	}
	if strings.HasPrefix(path, "/api/") && method != http.MethodHead && !bytes.HasPrefix(body, []byte(`{"code":"`)) || !json.Valid(orEmptyJSON(body, path)) {
		t.Errorf("%s %s: no error of the contract: %.200s", method, path, body)
	}
}

// orEmptyJSON leaves pages and answers without a body to others.
func orEmptyJSON(body []byte, path string) []byte {
	if len(body) == 0 || !strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/oidc/") {
		return []byte("{}")
	}
	return body
}

// TestSlowCallers hold connections with a header or a body that never ends. The
// server hangs up on both, by itself.
func TestSlowCallers(t *testing.T) {
	t.Parallel()
	s := newSite(t, "sqlite")
	p := s.serve()
	var callers sync.WaitGroup
	for _, tt := range []struct{ name, request string }{
		{"nothing", ""},
		{"half a header", "GET /healthz HTTP/1.1\r\nHost: " + s.address + "\r\nX-"},
		{"half a form", "POST /oidc/token HTTP/1.1\r\nHost: " + s.address + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\ngrant_type="},
		{"half a page's form", "POST /setup HTTP/1.1\r\nHost: " + s.address + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\na"},
		{"half a document", "POST /api/users HTTP/1.1\r\nHost: " + s.address + "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"na"},
		{"a body that nobody reads", "POST /healthz HTTP/1.1\r\nHost: " + s.address + "\r\nContent-Length: 1000\r\n\r\na"},
		{"an import without a token", "POST /api/users/bulk HTTP/1.1\r\nHost: " + s.address + "\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n\r\nname"},
	} {
		conn := s.dial(t)
		callers.Go(func() { // together, since each takes its time
			if _, err := io.WriteString(conn, tt.request); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: the server holds the connection", tt.name)
			}
		})
	}
	callers.Wait()
	p.unharmed(t)
}
