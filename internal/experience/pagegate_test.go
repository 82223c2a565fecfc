package experience_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/experience"
	"guestlist/internal/web/webtest"
)

// pageWalker goes a way over the pages to its end, whatever stands on them: it
// sends the forms that it wants, not those that it is shown.
type pageWalker struct {
	*outside
	b     *webtest.Browser
	token string
	last  *webtest.Answer
}

func (w *pageWalker) post(path string, values form) {
	w.t.Helper()
	fill := url.Values{}
	for name, v := range values {
		fill.Set(name, v)
	}
	a := w.b.Post(w.srv.URL+path, fill)
	if w.last == nil || !strings.HasPrefix(w.last.One("body").Text(), "In as ") { // who is in stays in
		w.last = a
	}
}

// code types the latest code that was sent to an address, or any.
func (w *pageWalker) code(path, address string) {
	code := "000000"
	if sent := w.mailed(address); len(sent) > 0 {
		code = sent[len(sent)-1]
	}
	w.post(path, form{"code": code})
}

// by presses a provider's button on a page, and comes back as somebody.
func (w *pageWalker) by(path string, id guestlist.ConnectorID, who guestlist.OutsideIdentity) {
	w.at[id].expects(who)
	w.post(path, form{"provider": string(id)})
}

// pageWay is a way over the pages on which a new account might come to be.
type pageWay struct {
	name  string
	walk  func(w *pageWalker)
	opens []guestlist.SignInMode
	who   string
}

func pageWays() []pageWay {
	both := []guestlist.SignInMode{guestlist.ModeSignInAndRegister}
	open := append([]guestlist.SignInMode{guestlist.ModeRegister}, both...)
	every := append([]guestlist.SignInMode{guestlist.ModeSignIn}, open...)
	stranger, guest := person(strangerEmail), person(guestEmail)
	return []pageWay{
		{"a code for registration", func(w *pageWalker) {
			w.post("/register", form{"identifier": strangerEmail})
			w.code("/register/verification-code", strangerEmail)
		}, open, strangerEmail},
		{"a code from the page of identifiers", func(w *pageWalker) {
			w.post("/identifier-register", form{"identifier": strangerEmail})
			w.code("/register/verification-code", strangerEmail)
		}, open, strangerEmail},
		{"a code for signing in, and the offer", func(w *pageWalker) {
			w.post("/sign-in", form{"identifier": strangerEmail})
			w.code("/sign-in/verification-code", strangerEmail)
			w.post("/sign-in/verification-code", form{"submit": "register"})
		}, both, strangerEmail},
		{"a password", func(w *pageWalker) {
			w.post("/identifier-sign-in", form{"identifier": strangerEmail})
			w.post("/sign-in/password", form{"password": newPassword})
			w.post("/register/password", form{"newPassword": newPassword, "confirmPassword": newPassword})
			w.post("/continue/password", form{"newPassword": newPassword, "confirmPassword": newPassword})
			w.post("/continue/extra-profile", form{"familyName": "Eve"})
		}, nil, ""},
		{"recovery", func(w *pageWalker) {
			w.post("/reset-password", form{"identifier": strangerEmail})
			w.post("/forgot-password", form{"identifier": strangerEmail})
			w.code("/forgot-password/verification-code", strangerEmail)
			w.post("/forgot-password/reset", form{"newPassword": newPassword, "confirmPassword": newPassword})
		}, nil, ""},
		{"a provider's button on the sign-in page", func(w *pageWalker) {
			w.by("/sign-in", github, stranger)
			w.post("/social/register/github", form{"terms": "true"})
			w.post("/social/link/github", form{"submit": "create"})
		}, both, strangerEmail},
		{"a provider's button on the register page", func(w *pageWalker) {
			w.by("/register", github, stranger)
			w.post("/social/register/github", form{"terms": "true"})
			w.post("/social/link/github", nil)
		}, open, strangerEmail},
		{"a provider whose word is not taken, and a code", func(w *pageWalker) {
			w.by("/register", gossip, guest)
			w.post("/continue/email", form{"identifier": strangerEmail})
			w.code("/continue/verification-code", strangerEmail)
		}, open, strangerEmail},
		{"a provider that the application named", func(w *pageWalker) {
			w.at[github].expects(stranger)
			w.post("/direct/social/github", nil)
		}, open, strangerEmail},
		{"an answer that is posted", func(w *pageWalker) {
			w.at[github].posts = true
			w.by("/register", github, stranger)
			if w.last.Has("form") {
				w.last = w.b.Submit(w.last, "form", nil)
			}
		}, open, strangerEmail},
		{"an answer that is posted to the other address", func(w *pageWalker) {
			w.b.Stay = []string{w.srv.URL + "/callback/github"}
			w.by("/register", github, stranger)
			w.b.Stay = nil
			answer, err := url.Parse(w.last.Header.Get("Location"))
			w.must(err)
			w.last = w.b.Post(w.srv.URL+"/callback/social/github", answer.Query())
		}, open, strangerEmail},
		{"an organization, by the typed address", func(w *pageWalker) {
			w.at[corp].expects(person(worker))
			w.post("/register", form{"identifier": worker})
		}, open, worker},
		{"an organization, by its page", func(w *pageWalker) {
			w.at[corp].expects(person(worker))
			w.post("/single-sign-on", form{"identifier": worker})
		}, open, worker},
		{"an organization, by its other page and a choice", func(w *pageWalker) {
			w.post("/single-sign-on/email", form{"identifier": "lin@shared.example"})
			w.by("/single-sign-on/connectors", two, person("lin@shared.example"))
		}, open, "lin@shared.example"},
		{"an organization that posts its answer", func(w *pageWalker) {
			w.at[samlCo].expects(person("worker@co.example"))
			w.post("/single-sign-on", form{"identifier": "worker@co.example"})
			if w.last.Has("form") {
				w.last = w.b.Submit(w.last, "form", nil)
			}
		}, open, "worker@co.example"},
		{"an answer that nobody asked for", func(w *pageWalker) {
			w.post("/api/authn/saml/github", form{"RelayState": "x", "SAMLResponse": "y"})
			w.post("/callback/github", form{"state": "x", "code": "y"})
		}, nil, ""},
		{"the invitation", func(w *pageWalker) {
			w.post("/one-time-token", form{"one_time_token": w.token, "login_hint": guestEmail, "identifier": guestEmail})
		}, every, guestEmail},
		{"the invitation, recognised as whom it is for", func(w *pageWalker) {
			w.at[github].expects(guest)
			w.post("/one-time-token", form{"one_time_token": w.token, "login_hint": guestEmail, "provider": "github"})
		}, every, guestEmail},
		{"the invitation, recognised as somebody else", func(w *pageWalker) {
			w.at[github].expects(stranger)
			w.post("/one-time-token", form{"one_time_token": w.token, "login_hint": guestEmail, "provider": "github"})
		}, open, strangerEmail},
		{"an invitation, by its link", func(w *pageWalker) {
			w.post("/invitation", form{"one_time_token": w.issue(to(guestEmail)).code, "identifier": guestEmail})
		}, every, guestEmail},
		{"an invitation, by its link as somebody else", func(w *pageWalker) {
			w.post("/invitation", form{"one_time_token": w.issue(to(guestEmail)).code, "identifier": strangerEmail})
		}, nil, ""},
		{"an invitation that others have seen, and a code", func(w *pageWalker) {
			w.post("/invitation", form{"one_time_token": w.issue(to(guestEmail), copied).code})
			w.code("/invitation/verification-code", guestEmail)
		}, every, guestEmail},
		{"a shared invitation, and a code", func(w *pageWalker) {
			w.post("/invitation/code", form{"code": "0000-0000-0000"})
			w.post("/invitation", form{"one_time_token": w.issue(shared).code, "identifier": strangerEmail})
			w.code("/invitation/verification-code", strangerEmail)
		}, every, strangerEmail},
		{"an invitation for whoever confirms", func(w *pageWalker) {
			i := w.issue(to(guestEmail), func(i *guestlist.Invitation) { i.Binding = guestlist.BindAny })
			w.post("/invitation?as=other", form{"one_time_token": i.code, "identifier": strangerEmail})
			w.code("/invitation/verification-code", strangerEmail)
			w.post("/invitation/confirm", form{"as": strangerEmail})
		}, every, strangerEmail},
		{"an invitation, recognised as somebody else than it is for", func(w *pageWalker) {
			w.at[github].expects(stranger)
			w.post("/invitation", form{"one_time_token": w.issue(to(guestEmail)).code, "provider": "github"})
			w.post("/invitation/other", nil)
		}, nil, ""},
		{"an invitation, declined", func(w *pageWalker) {
			code := w.issue(to(guestEmail)).code
			w.post("/invitation/decline", form{"one_time_token": code, "identifier": guestEmail})
			w.post("/invitation", form{"one_time_token": code, "identifier": guestEmail})
			w.post("/invitation/expired", nil)
		}, nil, ""},
		{"the invitation of nobody", func(w *pageWalker) {
			w.at[github].expects(stranger)
			w.post("/one-time-token", form{"one_time_token": "nonsense", "login_hint": strangerEmail, "provider": "github"})
		}, nil, ""},
	}
}

// Pages that make no account: one changes what an application may do, the other
// is for the first administrator and has a test of its own.
var madeByNobody = []string{
	"POST /consent", "POST /setup",
	"POST /waitlist", "POST /waitlist/confirm", "POST /i/{code}/reminders", // they leave requests behind, and no accounts
}

// TestPageGate goes every way over the pages in every mode: an account comes to
// be where the gate lets it, and nowhere else; and there is no page with a form
// that is on none of the ways.
func TestPageGate(t *testing.T) {
	taken := map[string]bool{}
	for _, mode := range []guestlist.SignInMode{guestlist.ModeSignIn, guestlist.ModeRegister, guestlist.ModeSignInAndRegister} {
		for _, way := range pageWays() {
			t.Run(string(mode)+"/"+way.name, func(t *testing.T) {
				h := newHouse(t, func(e *guestlist.SignInExperience) {
					e.SignInMode = mode
					e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierEmail}, Verify: true}
					e.SignIn.Methods[0].IsPasswordPrimary = false
				})
				w := &pageWalker{outside: surrounded(h), b: h.browser(), token: h.token(guestEmail)}
				h.open(w.b, "/sign-in", nil)
				way.walk(w)
				opens, n := slices.Contains(way.opens, mode), h.users()
				if opens != (n == 1) || n > 1 {
					t.Fatalf("%d accounts; the way opens: %v; at %s %v: %s", n, opens, w.last.URL, w.last.History, w.last.One("body").Text())
				}
				if opens {
					in(t, w.last, way.who)
				} else if w.last.Status >= http.StatusInternalServerError {
					t.Errorf("ended with %d at %s", w.last.Status, w.last.URL)
				}
				for pattern := range h.taken {
					taken[pattern] = true
				}
			})
		}
	}
	for _, pattern := range experience.PagePatterns() {
		changes := strings.HasPrefix(pattern, "POST ") || strings.HasPrefix(pattern, "GET /callback/")
		own := strings.Contains(pattern, " "+experience.PathAccount) // needs an account, see TestAccountPagesWantASession
		if changes && !own && !taken[pattern] && !slices.Contains(madeByNobody, pattern) {
			t.Errorf("%s is on no way that was gone", pattern)
		}
	}
}
