package experience_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web/webtest"
)

// away sends a browser to a provider and keeps what it would bring back.
func (o *outside) away(b *webtest.Browser, page string, id guestlist.ConnectorID, who guestlist.OutsideIdentity) (answer string) {
	o.t.Helper()
	stay := b.Stay
	b.Stay = []string{o.srv.URL + "/callback/"}
	a := o.enter(b, page, id, who)
	b.Stay = stay
	answer = a.Header.Get("Location")
	if !strings.Contains(answer, "/callback/") {
		o.t.Fatalf("at %s (%v), want to come back", a.URL, a.History)
	}
	return answer
}

// An answer is taken from the browser whose attempt it is, and once: brought by
// another browser, or with another state, it does nothing to either.
func TestAnswersBelongToTheBrowserThatAsked(t *testing.T) {
	eachHouse(t, closed, func(t *testing.T, h *house) {
		h.t = t
		o := surrounded(h)
		o.linked(github, ada, person(sue))
		mine, theirs := o.browser(), o.browser()
		o.open(theirs, "/sign-in", nil)
		answer := o.away(mine, "/sign-in", github, person(sue))
		said(t, theirs.Get(answer), "sign-in", "Start again")
		at(t, o.browser().Get(answer), http.StatusOK, "unknown-session")

		forged := strings.Replace(answer, "state=", "state=X", 1)
		said(t, mine.Get(forged), "sign-in", "Start again")
		said(t, mine.Get(o.srv.URL+"/callback/github?code=x"), "sign-in", "Start again")
		said(t, mine.Get(strings.Replace(answer, "/callback/github", "/callback/gossip", 1)), "sign-in", "Start again")
		said(t, mine.Get(strings.Replace(answer, "/callback/github", "/callback/corp", 1)), "sign-in", "Start again")
		in(t, mine.Get(answer), ada)

		// A newer attempt takes the place of an older one.
		b := o.browser()
		old := o.away(b, "/sign-in", github, person(sue))
		b.Stay = []string{o.srv.URL + "/callback/"}
		answer = o.press(b, b.Get(o.srv.URL+"/sign-in"), github).Header.Get("Location")
		b.Stay = nil
		said(t, b.Get(old), "sign-in", "Start again")
		in(t, b.Get(answer), ada)
	})
}

// An answer that comes again goes on to where the first one led.
func TestAnswersThatComeAgain(t *testing.T) {
	o := newOutside(t, func(e *guestlist.SignInExperience) {
		e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierUsername}}
	})
	b := o.browser()
	answer := o.away(b, "/sign-in", github, person(sue))
	at(t, b.Get(answer), http.StatusOK, "continue")
	a := b.Get(answer)
	at(t, a, http.StatusOK, "continue")
	b.Stay = []string{o.srv.URL + "/oidc/auth/"}
	first := b.Submit(a, "form.form", form{"identifier": "sue"}).Header.Get("Location")
	if again := b.Get(answer).Header.Get("Location"); again != first || first == "" {
		t.Errorf("led to %q, then to %q", first, again)
	}
	b.Stay = nil
	in(t, b.Get(answer), sue)
	at(t, b.Get(answer), http.StatusOK, "unknown-session") // long over
	if n := o.users(); n != 1 {
		t.Errorf("%d accounts", n)
	}

	// One that was refused is refused again.
	b = o.browser()
	o.at[github].refuses = true
	answer = o.away(b, "/sign-in", github, person(sue))
	said(t, b.Get(answer), "sign-in", "did not let you through")
	at(t, b.Get(answer), http.StatusOK, "sign-in")
}

// A browser with several applications brings an answer to the one that asked.
func TestAnswersFindTheirApplication(t *testing.T) {
	o := newOutside(t, closed)
	o.linked(github, ada, person(sue))
	b := o.browser()
	answer := o.away(b, "/sign-in", github, person(sue))
	a := o.open(b, "/sign-in", url.Values{"app": {string(otherApp)}})
	if !strings.Contains(a.One("main").Text(), "Partner") {
		t.Fatal(a.One("main").Text())
	}
	in(t, b.Get(answer), ada)
	at(t, b.Get(o.srv.URL+"/sign-in"), http.StatusOK, "sign-in") // the other is as it was

	// So do attempts in two tabs of one application.
	b = o.browser()
	answer = o.away(b, "/sign-in", github, person(sue))
	o.open(b, "/sign-in", nil)
	in(t, b.Get(answer), ada)
}

// An answer that is posted, as Apple's is, comes without cookies: it is turned
// into a request that has them.
func TestAnswersThatArePosted(t *testing.T) {
	o := newOutside(t, closed)
	o.linked(github, ada, person(sue))
	o.at[github].posts = true
	b := o.browser()
	a := o.enter(b, "/sign-in", github, person(sue))
	at(t, a, http.StatusOK, "abroad")
	in(t, b.Submit(a, "form", nil), ada)

	a = o.postAcross("/callback/github", url.Values{"code": {"a&b"}, "state": {"ü"}})
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/callback/github?code=a%26b&state=%C3%BC" {
		t.Errorf("%d to %s", a.Status, a.Header.Get("Location"))
	}
	if a.Header.Get("Set-Cookie") != "" || a.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers: %v", a.Header)
	}
	a = o.postAcross("/callback/social/"+url.PathEscape("//evil.example/"), url.Values{"code": {"x"}})
	if to := a.Header.Get("Location"); a.Status == http.StatusSeeOther && !strings.HasPrefix(to, "/callback/social/") {
		t.Errorf("%d to %s", a.Status, to)
	}
	if a = o.postAcross("/callback/github", url.Values{"code": {strings.Repeat("x", 20<<10)}}); a.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("too much: %d", a.Status)
	}
	if a = o.postAcross("/callback/github", url.Values{"code": {strings.Repeat("%", 10<<10)}}); a.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("too much as a query: %d", a.Status)
	}
}

// postAcross posts a form as a page of another site makes a browser do it:
// without cookies.
func (o *outside) postAcross(path string, values url.Values) *webtest.Answer {
	o.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, o.srv.URL+path, strings.NewReader(values.Encode()))
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	req.Header.Set("Origin", "https://idp.example")
	c := *o.srv.Client()
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := c.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return &webtest.Answer{Doc: webtest.Parse(o.t, string(body)), Status: res.StatusCode, Header: res.Header}
}

// A SAML provider's answer is posted to us, and fetched by the browser whose
// attempt it is.
func TestSAMLAnswers(t *testing.T) {
	eachHouse(t, func(e *guestlist.SignInExperience) { e.SignUp = guestlist.SignUpSettings{} }, func(t *testing.T, h *house) {
		h.t = t
		o := surrounded(h)
		b := o.browser()
		o.at[samlCo].expects(person("worker@co.example"))
		a := b.Submit(o.open(b, "/sign-in", nil), "form.form", form{"identifier": "worker@co.example"})
		at(t, a, http.StatusOK, "abroad")
		relay := a.One("[name=RelayState]").Attr("value")
		in(t, b.Submit(a, "form", nil), "worker@co.example")

		// Posted by somebody else, wrong or again, it gives nobody anything.
		a = o.postAcross("/api/authn/single-sign-on/saml/samlco", url.Values{"RelayState": {relay}, "SAMLResponse": {o.at[samlCo].code()}})
		if to := a.Header.Get("Location"); a.Status != http.StatusSeeOther || to != "/callback/samlco?error=answer_refused" {
			t.Errorf("again: %d to %s", a.Status, to)
		}
		b = o.browser()
		a = b.Submit(o.open(b, "/sign-in", nil), "form.form", form{"identifier": "worker@co.example"})
		relay = a.One("[name=RelayState]").Attr("value")
		a = o.postAcross("/api/authn/single-sign-on/saml/samlco", url.Values{"RelayState": {relay}, "SAMLResponse": {"forged"}})
		said(t, b.Get(o.srv.URL+a.Header.Get("Location")), "sign-in", "SAML Co cannot be reached")
		a = o.postAcross("/api/authn/saml/samlco", url.Values{"RelayState": {relay}, "SAMLResponse": {o.at[samlCo].code()}})
		if to := a.Header.Get("Location"); to != "/callback/samlco?error=answer_refused" {
			t.Errorf("at the other door: %s", to)
		}
		a = o.postAcross("/api/authn/single-sign-on/saml/samlco", url.Values{"SAMLResponse": {strings.Repeat("x", 600<<10)}})
		if a.Status != http.StatusRequestEntityTooLarge || a.One("body").Attr("data-page") != "error" {
			t.Errorf("too much: %d", a.Status)
		}
	})
}

// What a SAML provider has to know of us is public, and nothing else is.
func TestServiceProviderMetadata(t *testing.T) {
	o := newOutside(t, closed)
	s := o.script(t)
	at := func(id guestlist.ConnectorID) string {
		return "/api/authn/single-sign-on/saml/" + string(id) + "/metadata"
	}
	a := s.call("GET", at(samlCo), "")
	if a.status != http.StatusOK || string(a.body) != "<EntityDescriptor/>" || a.header.Get("Content-Type") != "application/samlmetadata+xml" {
		t.Errorf("%d %s %s", a.status, a.header.Get("Content-Type"), a.body)
	}
	for _, id := range []guestlist.ConnectorID{corp, github, "nosuch"} {
		if a := s.call("GET", at(id), ""); a.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", id, a.status, a.body)
		}
	}
}

// What a provider answers is written down nowhere: not its code, not the state.
func TestAnswersAreNotLogged(t *testing.T) {
	o := newOutside(t, closed)
	var log bytes.Buffer
	o.manners.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.linked(github, ada, person(sue))
	b := o.browser()
	answer := o.away(b, "/sign-in", github, person(sue))
	b.Get(strings.Replace(answer, "state=", "state=X", 1))
	in(t, b.Get(answer), ada)
	u, err := url.Parse(answer)
	if err != nil {
		t.Fatal(err)
	}
	var payloads strings.Builder
	o.update(func(tx *store.Tx) error {
		logs, _, err := tx.Logs(store.LogFilter{}, store.Page{Limit: 100}, 0)
		for _, l := range logs {
			payloads.Write(l.Payload)
		}
		return err
	})
	if !strings.Contains(payloads.String(), "Verification.Social") || !strings.Contains(log.String(), "GET /callback/{connector}") {
		t.Fatalf("nothing was logged: %s %s", &payloads, &log)
	}
	for _, name := range []string{"code", "state"} {
		secret := u.Query().Get(name)
		if secret == "" || strings.Contains(payloads.String(), secret) || strings.Contains(log.String(), secret) {
			t.Errorf("%s %q is written down", name, secret)
		}
	}
}

// A refusal is in the audit log with its reason, be it of an answer that nobody
// waits for.
func TestStrayAnswersAreInTheAuditLog(t *testing.T) {
	o := newOutside(t, closed)
	b := o.browser()
	o.away(b, "/sign-in", github, person(sue))
	b.Get(o.srv.URL + "/callback/github?code=x&state=forged")
	var keys []string
	o.update(func(tx *store.Tx) error {
		logs, _, err := tx.Logs(store.LogFilter{}, store.Page{Limit: 100}, 0)
		for _, l := range logs {
			if strings.Contains(string(l.Payload), "session.verification_session_not_found") && strings.Contains(string(l.Payload), `"Error"`) {
				keys = append(keys, l.Key)
			}
		}
		return err
	})
	if len(keys) != 1 || keys[0] != "Interaction.SignIn.Verification.Social.Submit" {
		t.Errorf("audit: %v", keys)
	}
}
