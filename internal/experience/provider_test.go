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

const sue = "sue@example.com"

// said fails the test unless a page says something that went wrong, in words
// with these parts.
func said(t *testing.T, a *webtest.Answer, page string, parts ...string) {
	t.Helper()
	at(t, a, http.StatusOK, page)
	alert := a.One(".alert").Text()
	for _, part := range parts {
		if !strings.Contains(alert, part) {
			t.Errorf("%q does not say %q", alert, part)
		}
	}
	if a.Has(".alert.good") {
		t.Errorf("%q is no good news", alert)
	}
	if a.URL.Query().Has("code") || a.URL.Query().Has("state") {
		t.Errorf("the answer stands in the address: %s", a.URL)
	}
}

func TestProviderButtons(t *testing.T) {
	o := newOutside(t, nil)
	for _, page := range []string{"/sign-in", "/register"} {
		b := o.browser()
		b.Header.Set("Accept-Language", "de")
		a := o.open(b, page, nil)
		var names []string
		for _, button := range a.All(".provider") {
			names = append(names, button.Text())
		}
		if got := strings.Join(names, ", "); got != "Weiter mit Klatsch, Weiter mit GitHub" {
			t.Errorf("%s: %s", page, got)
		}
		if img := a.All(".provider img"); len(img) != 2 || img[0].Attr("src") != pixel {
			t.Errorf("%s: no logos", page)
		}
		if !strings.Contains(a.Header.Get("Content-Security-Policy"), "img-src 'self' data:") {
			t.Errorf("%s: %s", page, a.Header.Get("Content-Security-Policy"))
		}
	}
	o.open(o.browser(), "/identifier-sign-in", nil).None(".provider")
	o.settings(func(e *guestlist.SignInExperience) { e.SocialSignInConnectorTargets = nil })
	o.open(o.browser(), "/sign-in", nil).None(".provider")
}

// Where nothing but a provider serves, the page asks for nothing else.
func TestProvidersAlone(t *testing.T) {
	o := newOutside(t, func(e *guestlist.SignInExperience) {
		e.SignIn.Methods, e.SignUp = nil, guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{}}
	})
	for _, page := range []string{"/sign-in", "/register"} {
		b := o.browser()
		a := o.open(b, page, nil)
		at(t, a, http.StatusOK, strings.TrimPrefix(page, "/"))
		a.None(".field")
		a.None(".primary")
		at(t, b.Post(a.URL.String(), url.Values{"identifier": {sue}}), http.StatusUnprocessableEntity, strings.TrimPrefix(page, "/"))
	}
	in(t, o.enter(o.browser(), "/sign-in", github, person(sue)), sue)
}

// The closed door: who has the identity comes in, nobody else does, and the
// guest is told what would help.
func TestSocialSignInAtAClosedDoor(t *testing.T) {
	eachHouse(t, closed, func(t *testing.T, h *house) {
		h.t = t
		o := surrounded(h)
		b := o.browser()
		said(t, o.enter(b, "/sign-in", github, person(sue)), "sign-in", "no account", sue, "invitation")
		if n := o.users(); n != 0 {
			t.Fatalf("%d accounts came to be", n)
		}
		b.Get(o.srv.URL + "/sign-in").None(".alert") // said once
		o.linked(github, ada, person(sue))
		in(t, o.enter(o.browser(), "/sign-in", github, person(sue)), ada)
		in(t, o.press(b, b.Get(o.srv.URL+"/sign-in"), github), ada)
	})
}

func TestSocialSignInMakesAnAccountWhereTheDoorIsOpen(t *testing.T) {
	for _, page := range []string{"/sign-in", "/register"} {
		o := newOutside(t, func(e *guestlist.SignInExperience) {
			e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierEmail}, Verify: true}
		})
		in(t, o.enter(o.browser(), page, github, person(sue)), sue)
		in(t, o.enter(o.browser(), page, github, person(sue)), sue) // the same one
		if n := o.users(); n != 1 {
			t.Errorf("%s: %d accounts", page, n)
		}
	}
}

// What the account still needs is asked for, and the identity is not forgotten
// on the way.
func TestSocialSignInAsksForWhatIsMissing(t *testing.T) {
	o := newOutside(t, func(e *guestlist.SignInExperience) {
		e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierUsername}, Password: true}
	})
	b := o.browser()
	a := o.enter(b, "/sign-in", github, person(sue))
	at(t, a, http.StatusOK, "continue")
	in(t, b.Submit(a, "form.form", form{"identifier": "sue"}), sue)
	in(t, o.enter(o.browser(), "/sign-in", github, person(sue)), sue)

	// An address that nobody vouches for has to be proved.
	o.settings(func(e *guestlist.SignInExperience) {
		e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierEmail}, Verify: true}
	})
	b = o.browser()
	a = o.enter(b, "/sign-in", gossip, person(grace))
	at(t, a, http.StatusOK, "continue")
	a = b.Submit(a, "form.form", form{"identifier": grace})
	in(t, b.Submit(a, "form.form", form{"code": o.code(grace)}), grace)
	in(t, o.enter(o.browser(), "/sign-in", gossip, person(grace)), grace)
}

// An account that has the proved address is offered, or linked where the
// operator says so; an address that is merely claimed leads to nobody.
func TestLinkingWithAnAccount(t *testing.T) {
	eachHouse(t, closed, func(t *testing.T, h *house) {
		h.t = t
		o := surrounded(h)
		o.user(sue, "")
		said(t, o.enter(o.browser(), "/sign-in", gossip, person(sue)), "sign-in", "linked to your Gossip account", "invitation")
		b := o.browser()
		a := o.enter(b, "/sign-in", github, person(sue))
		at(t, a, http.StatusOK, "social-link")
		if text := a.One("main").Text(); !strings.Contains(text, sue) || !strings.Contains(text, "GitHub") || strings.Contains(text, "Create new one") {
			t.Errorf("the page: %s", text)
		}
		in(t, b.Submit(a, "form.form", nil), sue)
		in(t, o.enter(o.browser(), "/sign-in", github, person(sue)), sue)
		if n := o.users(); n != 1 {
			t.Errorf("%d accounts", n)
		}
	})
}

func TestLinkingByItself(t *testing.T) {
	yes := true
	o := newOutside(t, func(e *guestlist.SignInExperience) {
		closed(e)
		e.SocialSignIn.AutomaticAccountLinking = &yes
	})
	o.user(sue, "")
	in(t, o.enter(o.browser(), "/sign-in", github, person(sue)), sue)
	said(t, o.enter(o.browser(), "/sign-in", gossip, person(sue)), "sign-in", "linked to your Gossip account")
	said(t, o.enter(o.browser(), "/sign-in", github, person("")), "sign-in", "linked to your GitHub account")
}

func TestCreatingAnotherAccountInsteadOfLinking(t *testing.T) {
	o := newOutside(t, func(e *guestlist.SignInExperience) {
		e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierUsername}}
	})
	o.user(sue, "")
	b := o.browser()
	a := o.enter(b, "/sign-in", github, person(sue))
	at(t, a, http.StatusOK, "social-link")
	a = b.Submit(a, ".actions form", form{"submit": "create"})
	at(t, a, http.StatusOK, "continue")
	in(t, b.Submit(a, "form.form", form{"identifier": "another_sue"}), "another_sue")
	if n := o.users(); n != 2 {
		t.Errorf("%d accounts", n)
	}
	// The door closed meanwhile: the page's button is gone, and so is its way.
	b = o.browser()
	o.user(grace, "")
	a = o.enter(b, "/sign-in", github, person(grace))
	o.settings(closed)
	b.Submit(a, ".actions form", form{"submit": "create"})
	if n := o.users(); n != 3 {
		t.Errorf("%d accounts", n)
	}
}

func TestThePageOfLinkingNeedsAnIdentity(t *testing.T) {
	o := newOutside(t, nil)
	b := o.browser()
	o.open(b, "/sign-in", nil)
	for _, path := range []string{"/social/link/github", "/social/link/nosuch", "/social/register/github", "/social/register/nosuch"} {
		at(t, b.Get(o.srv.URL+path), http.StatusOK, "sign-in")
		at(t, b.Post(o.srv.URL+path, nil), http.StatusOK, "sign-in")
	}
}

// Whatever goes wrong at the provider ends where it began, with a way on.
func TestProviderFaults(t *testing.T) {
	o := newOutside(t, nil)
	b := o.browser()
	o.at[github].refuses = true
	said(t, o.enter(b, "/register", github, person(sue)), "register", "GitHub did not let you through")
	o.at[github].refuses = false

	a := b.Get(o.srv.URL + "/sign-in")
	o.at[github].down = guestlist.Refuse(guestlist.KindInvalid, "connector.general")
	a = o.press(b, a, github)
	at(t, a, http.StatusBadRequest, "sign-in")
	if alert := a.One(".alert").Text(); !strings.Contains(alert, "GitHub cannot be reached") {
		t.Errorf("down before: %s", alert)
	}
	o.at[github].down = nil

	leaving := webtest.NewBrowser(t, o.srv.Client(), o.at[github].srv.URL)
	a = o.press(leaving, o.open(leaving, "/sign-in", nil), github)
	at(t, a, http.StatusOK, "leaving")
	o.at[github].down = guestlist.Refuse(guestlist.KindInvalid, "connector.general")
	leaving.Stay = nil
	said(t, leaving.Follow(a, "Continue"), "sign-in", "GitHub cannot be reached")
	o.at[github].down = nil

	a = b.Get(o.srv.URL + "/sign-in")
	o.settings(func(e *guestlist.SignInExperience) { e.SocialSignInConnectorTargets = []string{"gossip"} })
	said(t, o.press(b, a, github), "sign-in", "not available")
	said(t, b.Post(o.srv.URL+"/sign-in", url.Values{"provider": {"nosuch"}}), "sign-in", "not available")
	said(t, b.Post(o.srv.URL+"/sign-in", url.Values{"provider": {string(sender)}}), "sign-in", "not available")
	b = o.browser()
	o.open(b, "/sign-in", nil)
	said(t, b.Get(o.srv.URL+"/callback/nosuch?code=x&state=y"), "sign-in", "not available")
	if n := o.users(); n != 0 {
		t.Errorf("%d accounts", n)
	}
}

func TestSuspendedAtAProvider(t *testing.T) {
	o := newOutside(t, nil)
	id := o.linked(github, ada, person(sue))
	o.update(func(tx *store.Tx) error {
		u, err := tx.User(id)
		if err != nil {
			return err
		}
		u.IsSuspended = true
		return tx.UpdateUser(u)
	})
	at(t, o.enter(o.browser(), "/sign-in", github, person(sue)), http.StatusOK, "account-suspended")
}

// The terms come before the provider where signing in needs them, and before
// the account where only registering does.
func TestTermsAndProviders(t *testing.T) {
	terms := "https://tenant.example/terms"
	o := newOutside(t, func(e *guestlist.SignInExperience) {
		e.TermsOfUseURL, e.AgreeToTermsPolicy = &terms, "Manual"
		e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierEmail}, Verify: true}
	})
	b := o.browser()
	a := o.enter(b, "/sign-in", github, person(sue))
	at(t, a, http.StatusUnprocessableEntity, "sign-in")
	in(t, b.Submit(a, "form.form", form{"terms": "true", "submit": "github"}), sue)

	o.settings(func(e *guestlist.SignInExperience) { e.AgreeToTermsPolicy = "ManualRegistrationOnly" })
	in(t, o.enter(o.browser(), "/sign-in", github, person(sue)), sue)
	b = o.browser()
	a = o.enter(b, "/sign-in", github, person(grace))
	at(t, a, http.StatusOK, "social-register")
	if !strings.Contains(a.One("main").Text(), grace) {
		t.Errorf("the page does not say for whom: %s", a.One("main").Text())
	}
	at(t, b.Submit(a, "form.form", nil), http.StatusUnprocessableEntity, "social-register")
	if n := o.users(); n != 1 {
		t.Fatalf("%d accounts before the terms", n)
	}
	in(t, b.Submit(a, "form.form", form{"terms": "true"}), grace)
	b = o.browser()
	a = o.enter(b, "/register", github, person(ada))
	at(t, a, http.StatusUnprocessableEntity, "register")
	in(t, b.Submit(a, "form.form", form{"terms": "true", "submit": "github"}), ada)
}

// Where only new people are let in, a provider's button leads to an account of
// one's own, once.
func TestProvidersAtADoorForNewPeople(t *testing.T) {
	o := newOutside(t, func(e *guestlist.SignInExperience) {
		e.SignInMode = guestlist.ModeRegister
		e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierEmail}, Verify: true}
	})
	in(t, o.enter(o.browser(), "/register", github, person(sue)), sue)
	said(t, o.enter(o.browser(), "/register", github, person(sue)), "register", "already")
}
