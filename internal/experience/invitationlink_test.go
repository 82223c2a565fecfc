package experience_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/job"
	"guestlist/internal/store"
)

// Opening the link changes nothing but a count, which no HEAD has a part in; it
// sets a cookie and leads to a clean address.
func TestOpeningTheLinkOfAnInvitation(t *testing.T) {
	h := newHouse(t, closed)
	i := h.issue()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(method, code string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, h.srv.URL+"/i/"+code, nil)
		h.must(err)
		res, err := client.Do(req)
		h.must(err)
		h.must(res.Body.Close())
		return res
	}
	if res := ask(http.MethodHead, i.code); res.StatusCode != 200 || len(res.Cookies()) != 0 { //nolint:bodyclose // ask does
		t.Errorf("HEAD: %d, %v", res.StatusCode, res.Cookies())
	}
	if now := h.read(i); now.Visits != 0 || now.OpenedAt != nil {
		t.Error("a HEAD counts as a visit")
	}
	for n := range 2 {
		res := ask(http.MethodGet, i.code) //nolint:bodyclose // ask does
		to, err := res.Location()
		h.must(err)
		if res.StatusCode != 303 || to.Path != "/oidc/auth" || strings.Contains(to.String(), i.code[guestlist.IDLength:]) {
			t.Errorf("GET leads to %d %s", res.StatusCode, to)
		}
		for header, want := range map[string]string{"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex"} {
			if got := res.Header.Get(header); got != want {
				t.Errorf("%s: %q", header, got)
			}
		}
		cookie := res.Cookies()[0]
		if cookie.Name != "_invitation" || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.MaxAge != 3600 {
			t.Errorf("the cookie is %+v", cookie)
		}
		for h.read(i).Visits <= n { // it is counted when the answer is out
			if t.Context().Err() != nil {
				t.Fatal("the visit is not counted")
			}
			runtime.Gosched()
		}
		if now := h.read(i); now.Visits != n+1 || now.OpenedAt == nil || now.Taken != 0 || now.StartedAt != nil {
			t.Errorf("after %d visits the invitation is %+v", n+1, now)
		}
	}
}

// A link leads to the entry of an application that has one, or to its own
// landing page.
func TestWhereAnInvitationLeads(t *testing.T) {
	h := newHouse(t, closed)
	h.update(func(tx *store.Tx) error {
		app, err := tx.Application(testApp)
		if err != nil {
			return err
		}
		app.CustomClientMetadata.InitiateLoginURI = "https://app.example/start?x=1"
		app.OIDCClientMetadata.RedirectURIs = []string{"https://app.example/callback"}
		return tx.UpdateApplication(app)
	})
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	lead := func(i issued) *url.URL {
		t.Helper()
		res, err := client.Get(h.srv.URL + "/i/" + i.code)
		h.must(err)
		h.must(res.Body.Close())
		to, err := res.Location()
		h.must(err)
		return to
	}
	hosted := h.issue(func(i *guestlist.Invitation) { i.LandingURL = "https://app.example/deep" })
	to := lead(hosted)
	q := to.Query()
	if to.Host != "app.example" || to.Path != "/start" || q.Get("x") != "1" || q.Get("iss") != h.srv.URL+"/oidc" ||
		q.Get("login_hint") != grace || q.Get("target_link_uri") != "https://app.example/deep" || q.Has("one_time_token") {
		t.Errorf("hosted: %s", to)
	}
	shown := h.issue(func(i *guestlist.Invitation) { i.RecipientEmail, i.Copied = "copied@example.com", true })
	if to := lead(shown); to.Path != "/start" || to.Query().Has("login_hint") {
		t.Errorf("a link that others may have tells whose it is: %s", to)
	}
	landing := h.issue(func(i *guestlist.Invitation) {
		i.RecipientEmail, i.Landing, i.LandingURL = ada, guestlist.LandingApplication, "https://app.example/welcome?y=2"
	})
	to = lead(landing)
	if q := to.Query(); to.Path != "/welcome" || q.Get("y") != "2" || q.Get("one_time_token") != landing.code || q.Get("email") != ada {
		t.Errorf("application: %s", to)
	}
}

// Whatever is wrong with a link, the answer is the same.
func TestLinksThatDoNotServeAreAlike(t *testing.T) {
	h := newHouse(t, closed)
	revoked, declined, accepted, gone := h.issue(), h.issue(to("b@example.com")), h.issue(to("c@example.com")), h.issue(to("d@example.com"))
	later := h.issue(to("e@example.com"), func(i *guestlist.Invitation) {
		at := i.ExpiresAt - 1
		i.NotBefore = &at
	})
	full := h.issue(shared, func(i *guestlist.Invitation) { i.Seats = 1 })
	noInviter := h.issue(to("f@example.com"), func(i *guestlist.Invitation) {
		i.Inviter = guestlist.Inviter{Type: guestlist.InviterUser, ID: "nobody", Authority: guestlist.AuthorityHost}
	})
	user := h.user("in@example.com", "")
	h.update(func(tx *store.Tx) error {
		for _, act := range []func() (bool, error){
			func() (bool, error) { return tx.RevokeInvitation(revoked.ID, "") },
			func() (bool, error) { return tx.DeclineInvitation(declined.ID) },
			func() (bool, error) { return tx.TakeSeat(accepted.ID, accepted.Generation, store.Seat{UserID: user}) },
			func() (bool, error) { return tx.TakeSeat(full.ID, full.Generation, store.Seat{UserID: user}) },
			func() (bool, error) { return true, tx.DeleteInvitation(gone.ID) },
		} {
			if ok, err := act(); err != nil || !ok {
				t.Errorf("not done: %v", err)
			}
		}
		return nil
	})
	var first string
	for name, code := range map[string]string{
		"revoked": revoked.code, "declined": declined.code, "accepted": accepted.code, "deleted": gone.code, "later": later.code,
		"full": full.code, "no inviter": noInviter.code, "never was": strings.Repeat("a", 64), "short": "a", "altered": revoked.code[:63] + "_",
	} {
		a := h.browser().Get(h.srv.URL + "/i/" + code)
		at(t, a, 404, "invitation-invalid")
		body := nonces.ReplaceAllString(a.Source, "")
		if first == "" {
			first = body
		}
		if body != first {
			t.Errorf("%s: the page differs", name)
		}
	}
}

// nonces are new on each page.
var nonces = regexp.MustCompile(`nonce="[^"]*"`)

func to(address string) func(*guestlist.Invitation) {
	return func(i *guestlist.Invitation) { i.RecipientEmail = address }
}

// Who has a link whose time is up asks for another one, without typing, and is
// told the same whatever comes of it.
func TestFreshLinkFromTheExpiredPage(t *testing.T) {
	h := newHouse(t, closed)
	i := h.issue(func(i *guestlist.Invitation) { i.ExpiresAt = i.CreatedAt.Add(time.Minute) })
	h.now = h.now.Add(time.Hour)
	ask := func(code string) (page, answer string) {
		t.Helper()
		b := h.browser()
		a := b.Get(h.srv.URL + "/i/" + code)
		at(t, a, 200, "invitation-expired")
		page = a.One("main").HTML()
		a = b.Submit(a, ".actions form", nil)
		at(t, a, 200, "invitation-expired")
		r := &job.Runner{Store: h.st, Log: h.manners.Log, Kinds: map[string]job.Kind{
			guestlist.JobFreshLink: {Run: func(ctx context.Context, j job.Job) error { return h.desk.FreshLink(ctx, j.Payload) }},
		}}
		h.must(r.RunDue(t.Context()))
		return page, a.One("main").HTML()
	}
	page, answer := ask(i.code)
	now := h.read(i)
	if now.Generation != i.Generation+1 || now.SendAt == nil {
		t.Errorf("no fresh link: %+v", now)
	}
	other := h.issue(to(ada), copied, func(i *guestlist.Invitation) { i.ExpiresAt = i.CreatedAt.Add(time.Minute) })
	h.now = h.now.Add(time.Hour)
	otherPage, otherAnswer := ask(other.code)
	if page != otherPage || answer != otherAnswer {
		t.Error("the pages differ")
	}
	if h.read(other).Generation != other.Generation {
		t.Error("a link that was shown to others was renewed")
	}
}

// The code of a shared invitation is typed in any form.
func TestTypedInvitationCode(t *testing.T) {
	h := newHouse(t, closed)
	i := h.issue(shared)
	b := h.browser()
	a := b.Get(h.srv.URL + "/invitation/code")
	at(t, a, 200, "invitation-code")
	at(t, b.Submit(a, "form.form", form{"code": "0000-0000-0000"}), 422, "invitation-code")
	b.Submit(a, "form.form", form{"code": "7kq2 moxd-4rtb"})
	if got := b.Cookie(h.srv.URL, "_invitation"); got != i.code {
		t.Errorf("the browser carries %q", got)
	}
	for range 19 {
		b.Submit(a, "form.form", form{"code": "0000-0000-0000"})
	}
	at(t, b.Submit(a, "form.form", form{"code": typable}), 429, "invitation-code")
}
