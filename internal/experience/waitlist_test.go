package experience_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web/webtest"
)

// waitlisted is a closed door with a waitlist.
func waitlisted(e *guestlist.SignInExperience) {
	e.SignInMode, e.RegistrationPolicy = guestlist.ModeSignIn, guestlist.PolicyWaitlist
}

// confirmLink returns the link of the latest mail to an address, "" for none.
func (h *house) confirmLink(to string) string {
	h.t.Helper()
	link := ""
	for _, m := range h.letters(to) {
		if m.Type == guestlist.TemplateWaitlistConfirmation {
			link, _ = m.Payload["link"].(string)
		}
	}
	return link
}

// asks has somebody ask for a place, and returns the page after.
func (h *house) asks(email, ref string) *webtest.Answer {
	h.t.Helper()
	b := h.browser()
	page := b.Get(h.srv.URL + "/waitlist?" + url.Values{"app_id": {string(testApp)}, "ref": {ref}}.Encode())
	if page.One("body").Attr("data-page") != "waitlist" {
		h.t.Fatalf("at %s %d", page.URL, page.Status)
	}
	return b.Submit(page, "form.form", form{"identifier": email, "name": "Grace"})
}

// request returns the request of an address, or nil.
func (h *house) request(email string) (r *guestlist.RegistrationRequest) {
	h.update(func(tx *store.Tx) error {
		if found, err := tx.RequestByEmail(email); err == nil {
			r = &found
		}
		return nil
	})
	return r
}

// TestAPlaceOnTheWaitlist: an address is on the list once its mailbox confirms
// it, by a press of a button; looking at the link changes nothing; and whose
// link brought friends moves up, once for each person.
func TestAPlaceOnTheWaitlist(t *testing.T) {
	eachHouse(t, waitlisted, func(t *testing.T, h *house) {
		b := h.browser()
		signIn := h.open(b, "/sign-in", nil)
		at(t, b.Follow(signIn, "Join the waitlist"), http.StatusOK, "waitlist")

		confirm := func(email string) *webtest.Answer {
			t.Helper()
			link := h.confirmLink(email)
			b := h.browser()
			page := b.Get(link)
			at(t, page, http.StatusOK, "waitlist-confirm")
			if r := h.request(email); r.Status != guestlist.RequestUnconfirmed {
				t.Fatalf("looking at the link made it %s", r.Status)
			}
			h.now = h.now.Add(time.Minute)
			placed := b.Submit(page, "form.form", nil)
			at(t, placed, http.StatusOK, "waitlist-place")
			return placed
		}
		for _, email := range []string{"first@example.com", "second@example.com"} {
			at(t, h.asks(email, ""), http.StatusOK, "waitlist-sent")
			confirm(email)
		}
		second := h.request("second@example.com")
		if second.ApplicationID != testApp || second.Name != "Grace" || second.ConfirmedAt == nil {
			t.Errorf("%+v", second)
		}
		place := func(email string) (n int) {
			r := h.request(email)
			h.update(func(tx *store.Tx) (err error) {
				n, err = tx.PlaceOf(*r, guestlist.MaxPlaceShown)
				return err
			})
			return n
		}
		if place("first@example.com") != 1 || place("second@example.com") != 2 {
			t.Errorf("places %d and %d", place("first@example.com"), place("second@example.com"))
		}
		for _, friend := range []string{"friend@example.com", "friend+again@example.com", "second+self@example.com"} {
			at(t, h.asks(friend, second.ReferralCode), http.StatusOK, "waitlist-sent")
			confirm(friend)
		}
		if again := h.request("second@example.com"); again.Referrals != 1 || again.Score != 10 || place("second@example.com") != 1 {
			t.Errorf("%d referrals, score %d, place %d", again.Referrals, again.Score, place("second@example.com"))
		}
		waiting := 0
		h.update(func(tx *store.Tx) (err error) { waiting, err = tx.RequestsWaiting(); return err })
		if waiting != 5 {
			t.Errorf("%d wait, want 5", waiting)
		}
	})
}

// TestWhoLeavesTheWaitlistIsForgotten: by the link of the mail, confirmed or not;
// looking at it forgets nothing, and who comes back begins anew. A request that
// was decided stays.
func TestWhoLeavesTheWaitlistIsForgotten(t *testing.T) {
	eachHouse(t, waitlisted, func(t *testing.T, h *house) {
		for _, confirmed := range []bool{false, true} {
			h.asks(grace, "")
			b := h.browser()
			page := b.Get(h.confirmLink(grace))
			if confirmed {
				page = b.Submit(page, "form.form", nil)
				at(t, page, http.StatusOK, "waitlist-place")
			}
			at(t, b.Submit(page, ".actions form", nil), http.StatusOK, "waitlist-left")
			if h.request(grace) != nil {
				t.Errorf("confirmed %v: the address is still there", confirmed)
			}
			at(t, b.Submit(page, ".actions form", nil), http.StatusNotFound, "waitlist-error")
		}
		h.asks(grace, "")
		link := h.confirmLink(grace)
		b := h.browser()
		placed := b.Submit(b.Get(link), "form.form", nil)
		r := h.request(grace)
		h.update(func(tx *store.Tx) error {
			r.Status = guestlist.RequestApproved
			_, err := tx.DecideRequest(*r)
			return err
		})
		at(t, b.Submit(placed, ".actions form", nil), http.StatusNotFound, "waitlist-error")
		if h.request(grace) == nil {
			t.Error("what was decided is forgotten")
		}
		waiting := 0
		h.update(func(tx *store.Tx) (err error) { waiting, err = tx.RequestsWaiting(); return err })
		if waiting != 0 {
			t.Errorf("%d wait", waiting)
		}
	})
}

// TestTheWaitlistTellsNobodyWhoIsKnown: the answer is the same for a new
// address, one that waits, one that has an account and one that was rejected;
// only mailboxes tell the difference.
func TestTheWaitlistTellsNobodyWhoIsKnown(t *testing.T) {
	eachHouse(t, waitlisted, func(t *testing.T, h *house) {
		h.user("known@example.com", "")
		h.asks("waits@example.com", "")
		h.asks("rejected@example.com", "")
		r := h.request("rejected@example.com")
		h.update(func(tx *store.Tx) error {
			if _, err := tx.ConfirmRequest(r.ID); err != nil {
				return err
			}
			r.Status = guestlist.RequestRejected
			_, err := tx.DecideRequest(*r)
			return err
		})
		h.letters("")
		all := []string{"new@example.com", "waits@example.com", "known@example.com", "rejected@example.com"}
		first := ""
		for _, email := range all {
			page := h.asks(email, "")
			at(t, page, http.StatusOK, "waitlist-sent")
			if first == "" {
				first = page.One("body").Text()
			}
			if page.One("body").Text() != first {
				t.Errorf("%s gets another page", email)
			}
			h.script(t).want(http.StatusNoContent, "", "POST", "/api/experience/waitlist", `{"email":"`+email+`"}`)
			want := 2
			if email == "known@example.com" || email == "rejected@example.com" {
				want = 0
			}
			if got := len(h.letters(email)); got != want {
				t.Errorf("%s gets %d mails, want %d", email, got, want)
			}
		}
	})
}

// TestNobodyAsksWhereNobodyIsAsked: with another policy there is no list, and a
// link that ran out or is made up leads nowhere.
func TestNobodyAsksWhereNobodyIsAsked(t *testing.T) {
	h := newHouse(t, nil)
	b := h.browser()
	at(t, b.Get(h.srv.URL+"/waitlist"), http.StatusNotFound, "waitlist-closed")
	at(t, b.Get(h.srv.URL+"/waitlist/confirm?token=made-up"), http.StatusNotFound, "waitlist-error")
	h.script(t).want(http.StatusForbidden, "registration_request.not_taken", "POST", "/api/experience/waitlist", `{"email":"a@example.com"}`)
	h.settings(waitlisted)
	for _, body := range []string{`{}`, `{"email":"nope"}`, `{"email":7}`, `{"email":"a@example.com","name":"` + strings.Repeat("n", 129) + `"}`} {
		h.script(t).want(http.StatusBadRequest, "guard.invalid_input", "POST", "/api/experience/waitlist", body)
	}
	page := h.asks("nope", "")
	at(t, page, http.StatusUnprocessableEntity, "waitlist")
	h.asks("late@example.com", "")
	link := h.confirmLink("late@example.com")
	h.now = h.now.Add(guestlist.RequestConfirmTTL)
	at(t, b.Get(link), http.StatusNotFound, "waitlist-error")
	for range guestlist.RequestsPerNetwork {
		h.asks("many@example.com", "")
	}
	at(t, h.asks("one-more@example.com", ""), http.StatusTooManyRequests, "waitlist")
}

// TestSigningUpLeadsToTheWaitlist where there is one: by the pages of
// registration, and by what the API says to pages of others. Who has a link is
// let go on with it, and who has an account finds the way to it.
func TestSigningUpLeadsToTheWaitlist(t *testing.T) {
	h := newHouse(t, waitlisted)
	for policy, lead := range map[guestlist.RegistrationPolicy]string{
		guestlist.PolicyWaitlist: "We let people in step by step.", guestlist.PolicyApproval: "Somebody looks at each request.",
	} {
		h.settings(func(e *guestlist.SignInExperience) { e.RegistrationPolicy = policy })
		for _, path := range []string{"/register", "/identifier-register"} {
			b := h.browser()
			page := h.open(b, path, url.Values{"app_id": {string(testApp)}})
			at(t, page, http.StatusOK, "waitlist")
			if !strings.Contains(page.One("body").Text(), lead) {
				t.Errorf("with %s the page says %s", policy, page.One("body").Text())
			}
			at(t, b.Follow(page, "Sign in"), http.StatusOK, "sign-in")
			at(t, b.Post(h.srv.URL+path, url.Values{"identifier": {grace}}), http.StatusOK, "waitlist")
		}
		stranger := webtest.NewBrowser(t, h.srv.Client(), h.srv.URL+"/sign-in", h.srv.URL+"/waitlist")
		if a := stranger.Get(h.srv.URL + "/register"); a.Header.Get("Location") != "/waitlist" {
			t.Errorf("a stranger is led to %s", a.Header.Get("Location"))
		}
		if a := stranger.Get(h.srv.URL + "/register?one_time_token=t0ken"); a.Header.Get("Location") != "/sign-in?one_time_token=t0ken" {
			t.Errorf("who has a link is led to %s", a.Header.Get("Location"))
		}
		refused := h.begun(t, register).want(http.StatusForbidden, "auth.forbidden", "POST", "/api/experience/profile", `{"type":"username","value":"grace"}`)
		if !strings.Contains(string(refused.body), `"data":{"registrationPolicy":"`+string(policy)+`"}`) {
			t.Errorf("the API says %s", refused.body)
		}
	}
	h.settings(func(e *guestlist.SignInExperience) { e.RegistrationPolicy = guestlist.PolicyInviteOnly })
	if refused := h.begun(t, register).want(http.StatusForbidden, "auth.forbidden", "POST", "/api/experience/profile", `{"type":"username","value":"grace"}`); strings.Contains(string(refused.body), "data") {
		t.Errorf("without a list the API says %s", refused.body)
	}
}

// confirms opens the link of a mail and presses the button.
func (h *house) confirms(link string) *webtest.Answer {
	h.t.Helper()
	b := h.browser()
	return b.Submit(b.Get(link), "form.form", nil)
}

// TestAPersonCountsOnce: who leaves the list and comes back, or comes twice at
// once by other spellings of one mailbox, moves nobody up again.
func TestAPersonCountsOnce(t *testing.T) {
	eachHouse(t, waitlisted, func(t *testing.T, h *house) {
		h.asks("first@example.com", "")
		h.confirms(h.confirmLink("first@example.com"))
		first := h.request("first@example.com")
		for range 2 {
			h.asks("friend@example.com", first.ReferralCode)
			placed := h.confirms(h.confirmLink("friend@example.com"))
			at(t, h.browser().Submit(placed, ".actions form", nil), http.StatusOK, "waitlist-left")
		}
		if r := h.request("first@example.com"); r.Referrals != 1 || r.Score != 10 {
			t.Errorf("leaving and coming back: %d referrals, score %d", r.Referrals, r.Score)
		}
		var links []string
		for _, spelling := range []string{"one.person@gmail.com", "o.n.e.person@gmail.com", "oneperson+a@gmail.com", "oneperson@googlemail.com"} {
			h.asks(spelling, first.ReferralCode)
			links = append(links, h.confirmLink(spelling))
		}
		var all sync.WaitGroup
		for _, link := range links {
			all.Go(func() {
				u, err := url.Parse(link)
				if err == nil {
					_, err = h.desk.ConfirmRequest(t.Context(), u.Query().Get("token"))
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if r := h.request("first@example.com"); r.Referrals != 2 || r.Score != 20 {
			t.Errorf("several spellings at once: %d referrals, score %d", r.Referrals, r.Score)
		}
	})
}

// TestStrangersKeepNobodyOffTheWaitlist: whoever asks in somebody else's name
// neither decides what is known of them, nor takes credit, nor ends the link that
// they have, nor fills their mailbox.
func TestStrangersKeepNobodyOffTheWaitlist(t *testing.T) {
	eachHouse(t, waitlisted, func(t *testing.T, h *house) {
		h.asks("eve@example.com", "")
		h.confirms(h.confirmLink("eve@example.com"))
		eve := h.request("eve@example.com")
		s := h.script(t)
		ask := func(status int, code, body string) { s.want(status, code, "POST", "/api/experience/waitlist", body) }
		ask(http.StatusUnprocessableEntity, "invitation.invalid_text", `{"email":"`+grace+`","name":"see www.evil.example"}`)
		ask(http.StatusNoContent, "", `{"email":"`+grace+`","name":"Fool","locale":"no language!","applicationId":"made-up","referralCode":"`+eve.ReferralCode+`"}`)
		if r := h.request(grace); r.Locale != "" || r.ApplicationID != "" {
			t.Errorf("kept what no invitation can have: %+v", r)
		}
		h.asks(grace, "")
		if r := h.request(grace); r.Name != "Grace" || r.ReferrerID != "" || r.ApplicationID != testApp {
			t.Errorf("what somebody else said stays: %+v", r)
		}
		h.now = h.now.Add(2 * guestlist.RequestWindow)
		h.letters(grace)
		for range guestlist.RequestMailsPerPerson + 1 {
			ask(http.StatusNoContent, "", `{"email":"`+grace+`","name":"Fool"}`)
		}
		ask(http.StatusNoContent, "", `{"email":"grace+more@example.com"}`)
		mails := h.letters(grace)
		if n := len(mails) + len(h.letters("grace+more@example.com")); n != guestlist.RequestMailsPerPerson {
			t.Fatalf("%d mails to one mailbox in an hour", n)
		}
		link, _ := mails[len(mails)-1].Payload["link"].(string)
		at(t, h.confirms(link), http.StatusOK, "waitlist-place")
		h.asks(grace, eve.ReferralCode)
		if r := h.request(grace); r.ReferrerID != "" || h.request("eve@example.com").Referrals != 0 {
			t.Errorf("changed after it was confirmed: %+v", r)
		}
	})
}

// TestARequestIsCalledARequest: who asks for approval is promised no place.
func TestARequestIsCalledARequest(t *testing.T) {
	h := newHouse(t, func(e *guestlist.SignInExperience) {
		waitlisted(e)
		e.RegistrationPolicy = guestlist.PolicyApproval
	})
	b := h.browser()
	b.Submit(b.Get(h.srv.URL+"/waitlist"), "form.form", form{"identifier": grace})
	page := b.Get(h.confirmLink(grace))
	at(t, page, http.StatusOK, "waitlist-confirm")
	if text := page.One("main").Text(); strings.Contains(text, "place") || !strings.Contains(text, "Yes, send my request") {
		t.Errorf("before: %s", text)
	}
	page = b.Submit(page, "form.form", nil)
	at(t, page, http.StatusOK, "waitlist-place")
	if text := page.One("main").Text(); strings.Contains(text, "on the list") || !strings.Contains(text, "We have your request") {
		t.Errorf("after: %s", text)
	}
}
