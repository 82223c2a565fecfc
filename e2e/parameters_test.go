package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// TestHostileParameters puts what is no text, too long or too much into the
// query and the path of every route. No answer is a failure of the server's,
// and nothing changes.
func TestHostileParameters(t *testing.T) {
	t.Parallel()
	s := newSite(t, "sqlite")
	p := s.serve()
	s.administer()
	ids := s.stock(t)
	before := s.state(t)
	queries := []string{
		"page=%00", "page=-1&page_size=99999999999999999999", "page=1&page=2", "search=%ff%fe", "search.primaryEmail=%25&mode=like&isCaseSensitive=maybe",
		"q=%zz", strings.Repeat("a=b&", 300), "page_size=" + strings.Repeat("9", 4000), "search=" + strings.Repeat("%25", 2000) + "_",
		"search.id=(((((((((((((((((((((((&mode.id=regex", "ui_locales=%00", "app_id=%00%ff", "one_time_token=%00", "login_hint=" + strings.Repeat("a", 9000),
		"id_token_hint=a.b.c", "request_uri=urn:x", "startTime=yesterday&endTime=never", "date=2026-02-31", ";=;&&==&%3d",
	}
	segments := []string{
		"%00", "%ff%fe", "..%2f..%2fguestlist.db", "%2e%2e", strings.Repeat("a", 10000), "'%20OR%20'1'='1", "%25", "a%0d%0ab", "null", "%F0%9F%92%A9",
		"{id}", "*", "0", "-1",
	}
	var routes []route
	for _, page := range pages {
		routes = append(routes, route{"GET", page})
	}
	for _, r := range append(append(routes, s.managed(t)...), oidcRoutes...) {
		for _, query := range queries {
			if r.method == http.MethodGet { // others do what they are asked, whatever the query
				s.survives(t, r.method, r.fill(ids)+"?"+query)
			}
		}
		for _, segment := range segments {
			if pathParameter.MatchString(r.path) {
				s.survives(t, r.method, pathParameter.ReplaceAllLiteralString(r.path, segment))
			}
			// A real id with a hostile one behind it.
			s.survives(t, http.MethodGet, r.fill(ids)+"/"+segment)
		}
	}
	s.sameState(t, before)
	p.unharmed(t)
}

// survives asks for a path with the rights of an administrator.
func (s *site) survives(t *testing.T, method, path string) {
	t.Helper()
	req := s.request(method, "", nil)
	var err error
	if req.URL, err = url.Parse(s.url + path); err != nil {
		u, q, _ := strings.Cut(path, "?")
		req.URL.Opaque, req.URL.RawQuery = s.url+u, q // as it is
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	status, body := s.send(req)
	if status >= 500 && status != http.StatusNotImplemented {
		t.Errorf("%s %.200s: %d %.200s", method, path, status, body)
	}
	at, _, _ := strings.Cut(path, "?")
	if leak := leaks(body); leak != "" && (leak != "sqlite" || !slices.Contains(namesEngine, at)) {
		t.Errorf("%s %.200s: the answer tells %q: %.300s", method, path, leak, body)
	}
}

// namesEngine are the answers that tell administrators which database they
// have, the file of it, and the document that describes these.
var namesEngine = []string{"/api/system", "/api/backup", "/api/swagger.json", "/api/.well-known/management.openapi.json"}

// elsewhere are addresses that a guest must not be sent to, and ways to write
// them that some browsers or parsers take for an address.
var elsewhere = []string{
	"https://evil.example/", "//evil.example/", `/\evil.example/`, `\\evil.example/`, "/%09/evil.example/", "https:evil.example", "/\t/evil.example/",
	"javascript:fetch('//evil.example')", "data:text/html,evil.example", "https://localhost@evil.example/", "https://evil.example#@localhost",
	"%2f%2fevil.example", "a\r\nSet-Cookie: evil=1\r\nLocation: https://evil.example/\r\n\r\n<script>evil.example", "\u2028https://evil.example",
}

// parameters are those that any page or endpoint reads, and those that others
// are known to read.
var parameters = []string{
	"redirect_uri", "post_logout_redirect_uri", "state", "app_id", "organization_id", "ui_locales", "identifier", "login_hint",
	"one_time_token", "token", "fallback", "first_screen", "interaction_mode", "direct_sign_in", "errorMessage", "preview", "client_id",
	"next", "return_to", "returnTo", "redirect", "redirect_to", "continue", "url", "target", "callback", "logout_hint", "id_token_hint", "request_uri",
}

// TestNobodyIsSentElsewhere asks for every page and endpoint with addresses of
// a stranger in every parameter and header, with and without an interaction. No
// answer leads there, and none has a header that was not ours.
func TestNobodyIsSentElsewhere(t *testing.T) {
	t.Parallel()
	s := newSite(t, "sqlite")
	p := s.serve()
	s.connectMail()
	s.closeDoor(false, nil)
	inside := newGuest()
	if err := inside.visit(s.link(s.invite(anybody()))); err != nil || inside.at.Path != "/one-time-token" {
		t.Fatal(inside.lost("no interaction: %v", err))
	}
	var paths []string
	paths = append(paths, pages...)
	for _, r := range oidcRoutes {
		if r.method == http.MethodGet {
			paths = append(paths, r.path)
		}
	}
	for _, path := range paths {
		for _, address := range elsewhere {
			all := url.Values{}
			for _, name := range parameters {
				q := url.Values{name: {address}}
				s.staysHere(t, nil, path+"?"+q.Encode())
				all.Set(name, address)
			}
			s.staysHere(t, inside.client.Jar, path+"?"+all.Encode())
			all.Set("app_id", "demo-app")
			all.Set("client_id", "demo-app")
			s.staysHere(t, inside.client.Jar, path+"?"+all.Encode())
		}
		s.staysHere(t, inside.client.Jar, path)
	}
	p.unharmed(t)
}

// staysHere asks for a page in the name of another host, and requires that
// everything in the answer that leads anywhere leads to this one.
func (s *site) staysHere(t *testing.T, jar http.CookieJar, path string) {
	t.Helper()
	req := s.request(http.MethodGet, path, nil)
	if jar != nil {
		for _, c := range jar.Cookies(req.URL) {
			req.AddCookie(c)
		}
	}
	req.Host = "evil.example"
	for _, name := range []string{"X-Forwarded-Host", "X-Host", "X-Original-Host", "X-Forwarded-Server", "Origin", "Referer"} {
		req.Header.Set(name, "https://evil.example")
	}
	req.Header.Set("Forwarded", "host=evil.example;proto=https")
	req.Header.Set("X-Original-URL", "/\\evil.example")
	req.Header.Set("X-Rewrite-URL", "//evil.example")
	res, err := machine.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	base := *req.URL
	for _, c := range res.Cookies() {
		if strings.Contains(c.Name, "evil") || c.Domain != "" {
			t.Errorf("%s: sets %v", path, c)
		}
	}
	for name, values := range res.Header {
		for _, v := range values {
			// What the bearer of a token may read is not bound to an origin.
			open := name == "Access-Control-Allow-Origin" && res.Header.Get("Access-Control-Allow-Credentials") == ""
			if name != "Location" && name != "Set-Cookie" && !open && strings.Contains(v, "evil.example") {
				t.Errorf("%s: %s: %s", path, name, v)
			}
			if strings.ContainsAny(v, "\r\n\x00") {
				t.Errorf("%s: %s has a line of its own: %q", path, name, v)
			}
		}
	}
	if to := res.Header.Get("Location"); to != "" {
		s.isOurs(t, &base, path, "Location", to)
	}
	if res.StatusCode >= 500 {
		t.Errorf("%s: %d", path, res.StatusCode)
	}
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		return
	}
	doc, err := html.Parse(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		for _, name := range []string{"href", "src", "action", "formaction", "content", "srcset", "poster", "data", "style"} {
			if n.Type == html.ElementNode && has(n, name) && n.Data != "meta" {
				s.isOurs(t, &base, path, "<"+n.Data+" "+name+">", attr(n, name))
			}
		}
		if n.Data == "script" && n.FirstChild != nil || n.Data == "iframe" || n.Data == "base" {
			t.Errorf("%s: a <%s>", path, n.Data)
		}
	}
}

// isOurs requires that an address, read as browsers read it, stays on the
// server. Browsers drop tabs and line ends, and take \ for /.
func (s *site) isOurs(t *testing.T, base *url.URL, path, where, address string) {
	t.Helper()
	plain := strings.NewReplacer("\t", "", "\r", "", "\n", "", `\`, "/").Replace(strings.TrimSpace(address))
	u, err := base.Parse(plain)
	if err != nil || u.Host != s.address || u.Scheme != "http" {
		if strings.HasPrefix(address, "data:image/") || strings.HasPrefix(where, "<input") {
			return
		}
		t.Errorf("%s: %s leads to %q", path, where, address)
	}
}

// TestOtherSitesCannotPost sends every form from another site, in every way in
// which a browser would say so. It is refused, and nothing comes of it.
func TestOtherSitesCannotPost(t *testing.T) {
	t.Parallel()
	s := newSite(t, "sqlite")
	p := s.serve()
	s.connectMail()
	s.closeDoor(false, nil)
	token := s.invite(anybody())
	g := newGuest()
	if err := g.visit(s.link(token)); err != nil {
		t.Fatal(err)
	}
	given := url.Values{"identifier": {token.Email}, "password": {knownPassword}, "submit": {"allow"}, "logout": {"yes"}}
	for _, path := range append(forms, "/oidc/session/end/confirm") {
		for _, origin := range []http.Header{
			{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Sec-Fetch-Site": {"cross-site"}, "Origin": {s.url}},
			{"Origin": {"https://evil.example"}}, {"Origin": {"null"}}, {"Origin": {"http://localhost"}},
		} {
			req := s.request(http.MethodPost, path, strings.NewReader(given.Encode()))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for name, v := range origin {
				req.Header[name] = v
			}
			for _, c := range g.client.Jar.Cookies(req.URL) {
				req.AddCookie(c)
			}
			res, err := machine.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusForbidden || len(res.Header["Set-Cookie"]) > 0 {
				t.Errorf("%s from %v: %d, cookies %v", path, origin, res.StatusCode, res.Header["Set-Cookie"])
			}
		}
	}
	if status := s.status(token); status != "active" || len(s.accounts(token.Email)) > 0 {
		t.Errorf("another site redeemed the token: %s", status)
	}
	// From here it works.
	if err := g.fill("identifier", token.Email); err != nil {
		t.Fatal(err)
	}
	if err := g.press("Continue"); err != nil || g.at.Path != "/demo-app" {
		t.Fatal(g.lost("the guest is not in: %v", err))
	}
	s.staysSignedIn(t, g)
	p.unharmed(t)
}

// staysSignedIn requires that another site cannot sign a guest out by what it
// may navigate to.
func (s *site) staysSignedIn(t *testing.T, g *guest) {
	t.Helper()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		req := s.request(method, "/oidc/session/end", strings.NewReader(url.Values{"logout": {"yes"}}.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		res, err := g.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	q := url.Values{
		"client_id": {"demo-app"}, "redirect_uri": {s.url + "/demo-app"}, "response_type": {"code"}, "scope": {"openid"}, "prompt": {"none"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, "state": {"s"},
	}
	req := s.request(http.MethodGet, "/oidc/auth?"+q.Encode(), nil)
	for _, c := range g.client.Jar.Cookies(req.URL) {
		req.AddCookie(c)
	}
	res, err := machine.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if to := res.Header.Get("Location"); !strings.Contains(to, "code=") {
		t.Errorf("signed out by another site: %s", fmt.Sprint(res.StatusCode, " ", to))
	}
}
