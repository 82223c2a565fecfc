package connectortest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

const back = "https://guestlist.example/callback/abc?kept=1"

func start(t *testing.T) (*Upstream, *httptest.Server, *http.Client) {
	t.Helper()
	u := New("", Client{ID: "client-1", Secret: "secret", Redirects: []string{back}}, Person{ID: "grace", Name: `Grace "<b>"`, Email: "grace@example.com"})
	srv := httptest.NewServer(u)
	t.Cleanup(srv.Close)
	u.Issuer = srv.URL
	client := srv.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return u, srv, client
}

func request(more ...string) string {
	q := url.Values{"client_id": {"client-1"}, "redirect_uri": {back}, "response_type": {"code"}, "state": {`s"1`}}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return "/authorize?" + q.Encode()
}

func read(t *testing.T, resp *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestABrowserChoosesWhoToBe(t *testing.T) {
	_, srv, client := start(t)
	resp, err := client.Get(srv.URL + request())
	page := read(t, resp, err)
	if !strings.Contains(page, `value="grace"`) || strings.Contains(page, "<b>") {
		t.Errorf("page:\n%s", page)
	}
	resp, err = client.PostForm(srv.URL+request(), url.Values{"person": {"grace"}})
	read(t, resp, err)
	to, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	if q := to.Query(); resp.StatusCode != http.StatusSeeOther || q.Get("code") == "" || q.Get("state") != `s"1` || q.Get("iss") != srv.URL || q.Get("kept") != "1" {
		t.Errorf("sent to %s with status %d", to, resp.StatusCode)
	}
}

func TestABrowserMayRefuse(t *testing.T) {
	_, srv, client := start(t)
	resp, err := client.PostForm(srv.URL+request(), url.Values{"refuse": {"yes"}})
	read(t, resp, err)
	to, err := resp.Location()
	if err != nil || to.Query().Get("error") != "access_denied" || to.Query().Has("code") {
		t.Errorf("sent to %v, %v", to, err)
	}
}

func TestAnAnswerMayComeAsAForm(t *testing.T) {
	_, srv, client := start(t)
	resp, err := client.PostForm(srv.URL+request("response_mode", "form_post"), url.Values{"person": {"grace"}})
	page := read(t, resp, err)
	for _, want := range []string{`action="https://guestlist.example/callback/abc?kept=1"`, `name="code"`, `name="state" value="s&#34;1"`, "submit()"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
}

func TestStrangersAreNotSentBack(t *testing.T) {
	_, srv, client := start(t)
	for name, path := range map[string]string{
		"another client": request("client_id", "other"), "another redirect URI": request("redirect_uri", "https://evil.example/"),
		"no redirect URI": request("redirect_uri", ""), "another response type": request("response_type", "token"),
		"a plain challenge": request("code_challenge", "x", "code_challenge_method", "plain"),
	} {
		for _, try := range []func() (*http.Response, error){
			func() (*http.Response, error) { return client.Get(srv.URL + path) },
			func() (*http.Response, error) { return client.PostForm(srv.URL+path, url.Values{"person": {"grace"}}) },
		} {
			resp, err := try()
			read(t, resp, err)
			if resp.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: status %d", name, resp.StatusCode)
			}
		}
	}
	resp, err := client.PostForm(srv.URL+request(), url.Values{"person": {"nobody"}})
	read(t, resp, err)
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("nobody: status %d", resp.StatusCode)
	}
}

func TestTheTokenEndpointIsStrict(t *testing.T) {
	u, srv, client := start(t)
	for name, change := range map[string]func(form url.Values){
		"right":                func(url.Values) {},
		"another secret":       func(f url.Values) { f.Set("client_secret", "x") },
		"another redirect URI": func(f url.Values) { f.Set("redirect_uri", "https://evil.example/") },
		"another verifier":     func(f url.Values) { f.Set("code_verifier", "x") },
		"no verifier":          func(f url.Values) { f.Del("code_verifier") },
		"another code":         func(f url.Values) { f.Set("code", "x") },
		"another grant":        func(f url.Values) { f.Set("grant_type", "password") },
	} {
		// The verifier and challenge of RFC 7636, Appendix B.
		answer, err := u.Answer(srv.URL+request("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method", "S256"), "grace")
		if err != nil {
			t.Fatal(err)
		}
		form := url.Values{"grant_type": {"authorization_code"}, "client_id": {"client-1"}, "client_secret": {"secret"}, "redirect_uri": {back},
			"code": {answer.Get("code")}, "code_verifier": {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}}
		change(form)
		resp, err := client.PostForm(srv.URL+"/token", form)
		body := read(t, resp, err)
		if right := name == "right"; right != (resp.StatusCode == http.StatusOK) || right != strings.Contains(body, "access_token") {
			t.Errorf("%s: status %d: %s", name, resp.StatusCode, body)
		}
	}
}
