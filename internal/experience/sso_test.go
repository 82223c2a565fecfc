package experience_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web/webtest"
)

const worker = "worker@corp.example"

// Whoever types an address of an organization that signs its people in by
// itself is led there, and asked for no password.
func TestTypedAddressLeadsToTheOrganization(t *testing.T) {
	eachHouse(t, nil, func(t *testing.T, h *house) {
		h.t = t
		o := surrounded(h)
		for _, page := range []string{"/sign-in", "/register", "/single-sign-on", "/single-sign-on/email", "/identifier-sign-in"} {
			o.at[corp].expects(person(worker))
			b := o.browser()
			in(t, b.Submit(o.open(b, page, nil), "form.form", form{"identifier": "Worker@Corp.Example"}), worker)
			if hint := o.at[corp].hint; hint != "Worker@Corp.Example" {
				t.Errorf("%s: the provider is told %q", page, hint)
			}
		}
		o.settings(func(e *guestlist.SignInExperience) {
			for i := range e.SignIn.Methods {
				e.SignIn.Methods[i].VerificationCode = false
			}
		})
		b := o.browser()
		a := o.open(b, "/sign-in", nil)
		if !a.Has("#f-password") {
			t.Fatal("the page asks for no password anyway")
		}
		o.at[corp].expects(person(worker))
		in(t, b.Submit(a, "form.form", form{"identifier": worker}), worker)
		if n := o.users(); n != 1 {
			t.Errorf("%d accounts", n)
		}
	})
}

// The closed door is closed here too: who has no account is told so, and who
// has one with the address comes in.
func TestSSOAtAClosedDoor(t *testing.T) {
	o := newOutside(t, closed)
	o.at[corp].expects(person(worker))
	b := o.browser()
	said(t, b.Submit(o.open(b, "/sign-in", nil), "form.form", form{"identifier": worker}), "sign-in", "no account", worker)
	if n := o.users(); n != 0 {
		t.Fatalf("%d accounts", n)
	}
	o.user(worker, "")
	in(t, b.Submit(b.Get(o.srv.URL+"/sign-in"), "form.form", form{"identifier": worker}), worker)
}

func TestOrganizationsWithMoreThanOneWay(t *testing.T) {
	o := newOutside(t, nil)
	b := o.browser()
	a := b.Submit(o.open(b, "/sign-in", nil), "form.form", form{"identifier": "lin@shared.example"})
	at(t, a, http.StatusOK, "single-sign-on-connectors")
	var names []string
	for _, button := range a.All(".provider") {
		names = append(names, button.One("bdi").Text())
	}
	if got := strings.Join(names, ", "); got != "Continue with Corp, Continue with Two" {
		t.Errorf("choices: %s", got)
	}
	if policy := a.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self'") {
		t.Errorf("policy: %s", policy)
	}
	at(t, b.Post(a.URL.String(), nil), http.StatusOK, "single-sign-on-connectors")
	o.at[two].refuses = true
	said(t, o.press(b, a, two), "single-sign-on-connectors", "Two did not let you through")
	o.at[two].refuses = false
	o.at[two].expects(person("lin@shared.example"))
	in(t, o.press(b, a, two), "lin@shared.example")
	at(t, o.open(o.browser(), "/single-sign-on/connectors", nil), http.StatusOK, "single-sign-on")
}

func TestThePageOfSingleSignOn(t *testing.T) {
	o := newOutside(t, nil)
	b := o.browser()
	a := b.Follow(o.open(b, "/sign-in", url.Values{"login_hint": {worker}}), "Use single sign-on")
	at(t, a, http.StatusOK, "single-sign-on")
	if a.One("#f-identifier").Attr("value") != worker {
		t.Errorf("the hint is not there: %s", a.One("form.form").HTML())
	}
	for typed, want := range map[string]string{"": "Fill this in", "nobody": "full email", "sue@example.com": "no single sign-on"} {
		a := b.Submit(a, "form.form", form{"identifier": typed})
		at(t, a, http.StatusUnprocessableEntity, "single-sign-on")
		if got := a.One(".error").Text(); !strings.Contains(got, want) {
			t.Errorf("%q: %s", typed, got)
		}
	}
	o.settings(func(e *guestlist.SignInExperience) { e.SingleSignOnEnabled = false })
	at(t, b.Submit(a, "form.form", form{"identifier": worker}), http.StatusOK, "sign-in")
	at(t, b.Get(o.srv.URL+"/single-sign-on/email"), http.StatusOK, "sign-in")
	b.Get(o.srv.URL + "/sign-in").None("[href=/single-sign-on]")
	o.settings(func(e *guestlist.SignInExperience) { e.SingleSignOnEnabled = true })
}

// Whoever proved an address of an organization in another way is led to where
// it signs people in.
func TestOtherProofsOfAnOrganizationsAddressLeadThere(t *testing.T) {
	o := newOutside(t, nil)
	o.at[github].expects(person(worker))
	b := o.browser()
	a := o.press(b, o.open(b, "/sign-in", nil), github)
	at(t, a, http.StatusOK, "single-sign-on-connectors")
	if !strings.Contains(a.One(".lead").Text(), worker) {
		t.Errorf("lead: %s", a.One(".lead").Text())
	}
	o.at[corp].expects(person(worker))
	in(t, o.press(b, a, corp), worker)

	// A code that was on its way when single sign-on was switched on.
	o.settings(func(e *guestlist.SignInExperience) { e.SingleSignOnEnabled = false })
	b = o.browser()
	a = b.Submit(o.open(b, "/register", nil), "form.form", form{"identifier": "new@corp.example"})
	at(t, a, http.StatusOK, "verification-code")
	o.settings(func(e *guestlist.SignInExperience) { e.SingleSignOnEnabled = true })
	a = b.Submit(a, "form.form", form{"code": o.code("new@corp.example")})
	at(t, a, http.StatusOK, "single-sign-on-connectors")
}

// An application may name the provider itself. Opening the page begins nothing:
// the guest's script presses the button, or the guest does.
func TestDirectSignIn(t *testing.T) {
	o := newOutside(t, closed)
	o.linked(github, ada, person(sue))
	o.user(worker, "")
	o.at[github].expects(person(sue))
	o.at[corp].expects(person(worker))
	for path, who := range map[string]string{"/direct/social/github": ada, "/direct/sso/corp": worker} {
		b := o.browser()
		a := o.open(b, path, nil)
		at(t, a, http.StatusOK, "direct")
		if !a.Has("form[data-auto]") || a.Header.Get("Refresh") != "" || o.started(b) {
			t.Errorf("%s: opening it began something, or it has no button", path)
		}
		in(t, b.Submit(a, "form.form", nil), who)
	}
	b := webtest.NewBrowser(t, o.srv.Client(), o.srv.URL+"/sign-in", o.srv.URL+"/register")
	o.open(b, "/account-suspended", nil)
	for path, want := range map[string]string{
		"/direct/social/nosuch?fallback=register": "/register?fallback=register", "/direct/sso/github": "/sign-in", "/direct/social/corp": "/sign-in",
		"/direct/sso/smtp": "/sign-in", "/direct/social/gossip/x": "/sign-in", "/direct/other/github": "/sign-in",
		"/direct/social/github?one_time_token=t0ken": "/sign-in?one_time_token=t0ken",
	} {
		answers := map[string]*webtest.Answer{"GET": b.Get(o.srv.URL + path)}
		if !strings.Contains(path, "one_time_token") { // whoever presses the button there wants to
			answers["POST"] = b.Post(o.srv.URL+path, nil)
		}
		for method, a := range answers {
			if a.Status != http.StatusSeeOther || a.Header.Get("Location") != want {
				t.Errorf("%s %s: %d %s, want 303 to %s", method, path, a.Status, a.Header.Get("Location"), want)
			}
		}
	}
}

// started reports whether a browser's interaction has begun.
func (o *outside) started(b *webtest.Browser) bool {
	s := &script{t: o.t, h: o.house, browser: b, header: http.Header{}}
	return s.call("GET", "/api/experience/interaction", "").status != http.StatusNotFound
}

// A link invites an address; whoever proves it at a provider needs no password,
// and whoever proves another one is told what is wrong, and has lost nothing.
func TestInvitedByLinkAndRecognisedByAProvider(t *testing.T) {
	eachHouse(t, closed, func(t *testing.T, h *house) {
		h.t = t
		o := surrounded(h)
		token := o.token(grace)
		b := o.browser()
		a := o.open(b, "/sign-in", link(token, grace))
		at(t, a, http.StatusOK, "one-time-token")
		if providers := a.All(".provider"); len(providers) != 1 || providers[0].Text() != "Continue with GitHub" {
			t.Fatalf("who may vouch for the address: %s", a.One("form.form").Text())
		}
		o.at[github].expects(person(sue))
		a = o.press(b, a, github)
		said(t, a, "one-time-token", "invitation is for", grace, sue, "GitHub")
		if o.users() != 0 || !o.active(token) {
			t.Fatal("the wrong identity cost something")
		}
		o.at[github].expects(person("Grace@Example.com"))
		in(t, o.press(b, a, github), "Grace@Example.com")
		if o.active(token) {
			t.Error("the invitation is still good")
		}
		in(t, o.enter(o.browser(), "/sign-in", github, person("Grace@Example.com")), "Grace@Example.com")
	})
}

// active reports whether a one-time token is still good.
func (o *outside) active(token string) (active bool) {
	o.t.Helper()
	o.update(func(tx *store.Tx) error {
		t, err := tx.OneTimeTokenByToken(token)
		active = t.Status == guestlist.OneTimeTokenActive
		return err
	})
	return active
}

// The organization of an invited address is the only way on.
func TestInvitedByLinkIntoAnOrganization(t *testing.T) {
	o := newOutside(t, closed)
	b := o.browser()
	token := o.token(worker)
	a := o.open(b, "/sign-in", link(token, worker))
	at(t, a, http.StatusOK, "one-time-token")
	a.None(".primary")
	o.at[corp].expects(person("other@corp.example"))
	said(t, o.press(b, a, corp), "one-time-token", "invitation is for", worker)
	o.at[corp].expects(person(worker))
	in(t, o.press(b, a, corp), worker)
	if o.active(token) {
		t.Error("the invitation is still good")
	}
	// A page that was open when single sign-on was switched on leads there too.
	o.settings(func(e *guestlist.SignInExperience) { e.SingleSignOnEnabled = false })
	b = o.browser()
	a = o.open(b, "/sign-in", link(o.token("new@corp.example"), "new@corp.example"))
	a.One(".primary")
	o.settings(func(e *guestlist.SignInExperience) { e.SingleSignOnEnabled = true })
	a = b.Submit(a, "form.form", nil)
	at(t, a, http.StatusOK, "single-sign-on-connectors")
	o.at[corp].expects(person("new@corp.example"))
	in(t, o.press(b, a, corp), "new@corp.example")
}

func TestLinksThatOfferNoProvider(t *testing.T) {
	o := newOutside(t, closed)
	o.user(ada, "")
	o.open(o.browser(), "/sign-in", link(o.token(ada), ada)).None(".provider") // she only has to confirm
	b := o.browser()
	o.open(b, "/sign-in", nil)
	b.Get(o.srv.URL + "/one-time-token?one_time_token=" + o.token(grace)).None(".provider") // without an address
	o.settings(func(e *guestlist.SignInExperience) { e.OneTimeTokenConfirmation = guestlist.ConfirmAlways })
	o.open(o.browser(), "/sign-in", link(o.token(grace), grace)).None(".provider")
}
