package experience_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
)

// TestNobodyKeepsPagesOfInvitations: no cache does, no search engine finds a link,
// and their addresses are told to no other site; whether a page is shown, refused
// or leads on.
func TestNobodyKeepsPagesOfInvitations(t *testing.T) {
	h := newHouse(t, waitlisted)
	i := h.issue()
	h.user(ada, password)
	signedIn := h.seated(ada)
	invited := h.browser()
	at(t, h.invitedTo(invited, i), 200, "invitation")
	h.asks(grace, "")
	confirm, err := url.Parse(h.confirmLink(grace))
	h.must(err)
	for _, path := range []string{
		"/i/" + i.code, "/i/nonsense", "/i/" + i.code + invite.ReminderPath, "/i/nonsense" + invite.ReminderPath,
		"/invitation", "/invitation/verification-code", "/invitation/code", "/invitation/confirm", "/invitation/other", "/invitation/decline",
		"/invitation/declined", "/invitation/expired", "/invitation/invalid", "/invitation/done",
		"/waitlist", "/waitlist/sent", "/waitlist/confirm?" + confirm.RawQuery, "/waitlist/confirm?token=nonsense", "/account/invitations",
	} {
		b := invited
		if strings.HasPrefix(path, "/account") {
			b = signedIn
		}
		client := *h.srv.Client()
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			req, err := http.NewRequestWithContext(t.Context(), method, h.srv.URL+path, strings.NewReader(""))
			h.must(err)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for _, name := range []string{"_interaction", "_session", "_account", "_invitation"} {
				for _, n := range []string{name, name + ".sig"} {
					if v := b.Cookie(h.srv.URL, n); v != "" {
						req.AddCookie(&http.Cookie{Name: n, Value: v})
					}
				}
			}
			res, err := client.Do(req)
			h.must(err)
			h.must(res.Body.Close())
			if res.StatusCode == http.StatusMethodNotAllowed {
				continue
			}
			for header, want := range map[string]string{"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
				if got := res.Header.Get(header); got != want {
					t.Errorf("%s %s: %d, %s: %q", method, path, res.StatusCode, header, got)
				}
			}
			if to := res.Header.Get("Location"); strings.Contains(to, i.code[guestlist.IDLength:]) || strings.Contains(to, "token=") {
				t.Errorf("%s %s leads to %s", method, path, to)
			}
		}
	}
}

// TestALandingThatWasGivenUpGetsNoCode: an application that does not stand by an
// address any more has its guests led to our own page.
func TestALandingThatWasGivenUpGetsNoCode(t *testing.T) {
	h := newHouse(t, closed)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	i := h.issue(func(i *guestlist.Invitation) {
		i.Landing, i.LandingURL = guestlist.LandingApplication, "https://former.example/welcome"
	})
	for home, want := range map[string]string{"https://former.example/callback": "former.example", "https://app.example/callback": ""} {
		h.update(func(tx *store.Tx) error {
			app, err := tx.Application(testApp)
			if err != nil {
				return err
			}
			app.OIDCClientMetadata.RedirectURIs = []string{home}
			return tx.UpdateApplication(app)
		})
		res, err := client.Get(h.srv.URL + "/i/" + i.code)
		h.must(err)
		h.must(res.Body.Close())
		to, err := res.Location()
		h.must(err)
		if strings.HasSuffix(to.Host, "example") != (want != "") || strings.Contains(to.String(), i.code) != (want != "") {
			t.Errorf("at home at %s: led to %s", home, to)
		}
	}
}

// TestNobodyMovesUpByThemselves: friends who leave in turns and bring each other
// back are never ahead of one friend; who comes back is last; and another spelling
// of one's own domain is nobody else.
func TestNobodyMovesUpByThemselves(t *testing.T) {
	h := newHouse(t, waitlisted)
	comes := func(email, ref string) *guestlist.RegistrationRequest {
		t.Helper()
		h.now = h.now.Add(2 * guestlist.RequestWindow)
		at(t, h.asks(email, ref), http.StatusOK, "waitlist-sent")
		at(t, h.confirms(h.confirmLink(email)), http.StatusOK, "waitlist-place")
		return h.request(email)
	}
	ring := []*guestlist.RegistrationRequest{comes("a@example.com", ""), comes("b@example.com", "")}
	for n := range 6 {
		leaves, stays := n%2, 1-n%2
		before := ring[leaves]
		h.update(func(tx *store.Tx) error { return tx.DeleteRequest(before.ID) })
		ring[leaves] = comes(before.Email, ring[stays].ReferralCode)
		ring[stays] = h.request(ring[stays].Email)
		if ring[leaves].Score != 0 || ring[stays].Score > 10 || *ring[leaves].ConfirmedAt <= *before.ConfirmedAt {
			t.Errorf("after %d turns: %+v and %+v", n+1, ring[leaves], ring[stays])
		}
	}
	self := comes("me@xn--bcher-kva.example", "")
	h.asks("ME@Bücher.example", self.ReferralCode)
	h.asks("me+1@bücher.example", self.ReferralCode)
	at(t, h.confirms(h.confirmLink("me+1@xn--bcher-kva.example")), http.StatusOK, "waitlist-place")
	if got := h.request("me@xn--bcher-kva.example"); got.Score != 0 || got.Referrals != 0 {
		t.Errorf("who refers themselves: %+v", got)
	}
}

// TestTokensOfTheWaitlistAreNowhere: neither in the audit log nor in what hooks
// are told.
func TestTokensOfTheWaitlistAreNowhere(t *testing.T) {
	h := newHouse(t, waitlisted)
	h.asks(grace, "")
	link, err := url.Parse(h.confirmLink(grace))
	h.must(err)
	placed := h.confirms(link.String())
	at(t, placed, http.StatusOK, "waitlist-place")
	if placed.URL.RawQuery != "" {
		t.Errorf("the page after is at %s", placed.URL)
	}
	secret := link.Query().Get("token")
	h.update(func(tx *store.Tx) error {
		var said strings.Builder
		events, err := tx.TakeEvents(100)
		for _, e := range events {
			said.Write(e.Payload)
		}
		logs, _, err2 := tx.Logs(store.LogFilter{}, store.Page{Limit: 100}, 0)
		for _, l := range logs {
			said.Write(l.Payload)
		}
		if err != nil || err2 != nil || secret == "" || !strings.Contains(said.String(), "requestId") || strings.Contains(said.String(), secret) {
			t.Errorf("%v, %v: %s", err, err2, said.String())
		}
		return nil
	})
}

// TestGuessesOnPageAndAPIAreCountedTogether: twenty misses are twenty, wherever
// they were typed; and the link of a personal invitation, or its id, is no code.
func TestGuessesOnPageAndAPIAreCountedTogether(t *testing.T) {
	h := newHouse(t, closed)
	i := h.issue(shared)
	personal := h.issue(to(ada))
	b := h.browser()
	page := b.Get(h.srv.URL + "/invitation/code")
	for n := range 10 {
		typed := []string{"0000-0000-0000", string(personal.ID), "7KQ2-M0XD-4RTU"}[n%3]
		at(t, b.Submit(page, "form.form", form{"code": typed}), 422, "invitation-code")
	}
	s := h.begun(t, guestlist.EventSignIn)
	for range 10 {
		s.want(http.StatusNotFound, "invitation.not_found", "POST", "/api/experience/invitation", `{"code":"0000-0000-0001"}`)
	}
	s.want(http.StatusTooManyRequests, "invitation.too_many_codes", "POST", "/api/experience/invitation", `{"code":"`+typable+`"}`)
	at(t, b.Submit(page, "form.form", form{"code": typable}), 429, "invitation-code")
	h.now = h.now.Add(61 * time.Minute)
	b.Submit(page, "form.form", form{"code": typable})
	if got := b.Cookie(h.srv.URL, "_invitation"); got != i.code {
		t.Errorf("an hour later the browser carries %q", got)
	}
}
