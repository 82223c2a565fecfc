package experience_test

import (
	"net/http"
	"testing"

	"guestlist"
	"guestlist/internal/web/webtest"
)

// Whichever way people come in, they agree before they are in: everybody, new
// people alone, or nobody by a box.
func TestTermsStandOnEveryWayIn(t *testing.T) {
	terms := "https://tenant.example/terms"
	ways := []struct {
		name  string
		new   bool // it makes an account
		who   string
		page  string                                           // that asks
		enter func(*outside, *webtest.Browser) *webtest.Answer // to the page that may ask
	}{
		{
			name: "a link for somebody known", who: ada, page: "one-time-token",
			enter: func(o *outside, b *webtest.Browser) *webtest.Answer {
				return o.open(b, "/sign-in", link(o.token(ada), ada))
			},
		},
		{
			name: "a link for somebody new", new: true, who: grace, page: "one-time-token",
			enter: func(o *outside, b *webtest.Browser) *webtest.Answer {
				return o.open(b, "/sign-in", link(o.token(grace), grace))
			},
		},
		{
			name: "single sign-on", who: worker, page: "single-sign-on",
			enter: func(o *outside, b *webtest.Browser) *webtest.Answer { return o.open(b, "/single-sign-on", nil) },
		},
		{
			name: "a provider by name", who: ada, page: "direct",
			enter: func(o *outside, b *webtest.Browser) *webtest.Answer { return o.open(b, "/direct/social/github", nil) },
		},
	}
	for policy, asks := range map[string]func(isNew bool) bool{
		"Automatic":              func(bool) bool { return false },
		"ManualRegistrationOnly": func(isNew bool) bool { return isNew },
		"Manual":                 func(bool) bool { return true },
	} {
		for _, w := range ways {
			t.Run(policy+", "+w.name, func(t *testing.T) {
				o := newOutside(t, func(e *guestlist.SignInExperience) {
					e.TermsOfUseURL, e.AgreeToTermsPolicy = &terms, policy
					e.OneTimeTokenConfirmation = guestlist.ConfirmNever
					e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierEmail}, Verify: true}
				})
				o.linked(github, ada, person(sue))
				o.user(worker, "")
				o.at[github].expects(person(sue))
				o.at[corp].expects(person(worker))
				b := o.browser()
				a := w.enter(o, b)
				at(t, a, http.StatusOK, w.page)
				fill := form{}
				if a.Has("#f-identifier") {
					fill["identifier"] = w.who
				}
				if asked := a.Has("#f-terms"); asked != asks(w.new) {
					t.Fatalf("asked = %v", asked)
				} else if asked {
					if a.Has("form[data-auto]") {
						t.Error("a page that asks presses its own button")
					}
					refused := b.Submit(a, "form.form", fill)
					at(t, refused, http.StatusUnprocessableEntity, w.page)
					if refused.One("#f-terms").Attr("aria-invalid") != "true" || o.started(b) {
						t.Error("somebody went on without consent")
					}
					fill["terms"] = "true"
				}
				in(t, b.Submit(a, "form.form", fill), w.who)
			})
		}
	}
}
