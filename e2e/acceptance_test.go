package e2e

import (
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// What a mail brings.
var (
	linkInMail = regexp.MustCompile(`(http\S+/i/[\w-]{64})`)
	codeInMail = regexp.MustCompile(`Code (\d{6})`)
)

// arrivals is an installation whose mail goes by SMTP.
type arrivals struct {
	*site
	world *world
	mail  *post
}

// arrival is somebody with an invitation.
type arrival struct {
	*testing.T
	*arrivals
	g    *guest
	i    invited
	code string // of a shared one
	to   string // whom it is for
}

// row is one of the decision table of acceptance.
type row struct {
	name   string
	with   map[string]any   // what the invitation says
	before func(a *arrival) // what is there before the invitation; nil: nobody has met its recipient
	do     func(a *arrival) (as string)
	// page is where the guest is in the end, and status how the invitation stands
	// then. Who is in (done) is so as whom do returns, with what it gives; who
	// accepts stays out otherwise.
	page, status string
}

const (
	done     = "invitation-done"
	accepted = "accepted"
	pending  = "pending"

	uninvited = "eve@elsewhere.example" // of no domain that may accept
)

// must ends the row at the first step that goes wrong.
func (a *arrival) must(errs ...error) {
	a.Helper()
	for _, err := range errs {
		if err != nil {
			a.Fatal(err)
		}
	}
}

// received waits for a mail to somebody.
func (a *arrival) received(to string, what *regexp.Regexp) string {
	a.Helper()
	match, err := a.mail.wait(to, what)
	a.must(err)
	return match[1]
}

// opens opens the invitation in the guest's browser.
func (a *arrival) opens(g *guest) {
	a.Helper()
	link := a.i.Link
	if link == "" {
		link = a.received(a.to, linkInMail)
		a.i.Link = link
	}
	a.must(g.visit(link))
}

// accepts opens the invitation and accepts it by the link.
func (a *arrival) accepts() string {
	a.Helper()
	a.opens(a.g)
	a.must(a.g.fill("identifier", a.to), a.g.press("Accept invitation"))
	return a.to
}

// proves goes on from a page that sends a code to an address.
func (a *arrival) proves(button, to string) string {
	a.Helper()
	a.must(a.g.press(button))
	a.must(a.g.fill("code", a.received(to, codeInMail)), a.g.press("Continue"))
	return to
}

// comesBy opens the invitation and comes by a provider that knows them by an
// address, verified or not.
func (a *arrival) comesBy(provider, email string, verified bool) string {
	a.Helper()
	a.world.person("acme", email, verified)
	a.opens(a.g)
	if a.g.press(provider) != nil { // the page leads to an employer once it knows whose guest it is
		a.must(a.g.fill("identifier", a.to), a.g.press("Accept invitation"), a.g.press(provider))
	}
	if a.g.press(email) != nil { // by way of a page of our own
		a.must(a.g.follow("Continue"), a.g.press(email))
	}
	return email
}

// isMember makes somebody who came by an invitation before, and proved their
// address: in the guest's browser, or in another one.
func (a *arrival) isMember(g *guest, email string) {
	a.Helper()
	a.asks(email, nil)
	a.must(g.visit(a.received(email, linkInMail)))
	a.must(g.fill("identifier", email), g.press("Accept invitation"))
}

// asRecipient are the rows of whom an invitation is for. It is all the same for
// them who else might accept it.
func asRecipient() []row {
	copied, strict := map[string]any{"send": false}, map[string]any{"strict": true}
	return []row{
		{"a new guest, by the mailed link", nil, nil, (*arrival).accepts, done, accepted},
		{"a copied link takes a code", copied, nil, (*arrival).sendsCode, done, accepted},
		{"a strict one takes a code", strict, nil, (*arrival).sendsCode, done, accepted},
		{"social, the same address", nil, nil, func(a *arrival) string { return a.comesBy("Acme", a.to, true) }, done, accepted},
		{"social, an address that nobody vouches for, takes a code", copied, nil, func(a *arrival) string {
			a.comesBy("Acme", a.to, false)
			return a.proves("Send me a code", a.to)
		}, done, accepted},
		{"by the employer", map[string]any{"email": atCompany()}, nil, func(a *arrival) string {
			return a.comesBy("company", a.to, true)
		}, done, accepted},
		{"a member who is signed out takes a code", nil, func(a *arrival) { a.isMember(newGuest(), a.to) }, (*arrival).sendsCode, done, accepted},
		{"a member who is signed in", nil, func(a *arrival) { a.isMember(a.g, a.to) }, func(a *arrival) string {
			a.opens(a.g)
			a.must(a.g.press("Accept invitation"))
			return a.to
		}, done, accepted},
		{"an account that was made for them", nil, func(a *arrival) { a.resident(map[string]any{"primaryEmail": a.to}) },
			(*arrival).accepts, done, accepted},
		{"an account with a password, whose address nobody proved", nil, (*arrival).squats, func(a *arrival) string {
			a.accepts()
			if a.hasPassword() {
				a.Error("whoever chose the password may use it still")
			}
			return a.to
		}, done, accepted},
	}
}

// sendsCode opens the invitation, and accepts by a code to whom it is for.
func (a *arrival) sendsCode() string {
	a.Helper()
	a.opens(a.g)
	return a.proves("Send me a code", a.to)
}

// bindings say who else may accept an invitation: nobody, or others.
var bindings = []string{"exact", "domain", "any_confirmed"}

// rows are the others.
func rows() []row {
	domain := map[string]any{"identityBinding": "domain", "allowedDomains": []string{"guests.example"}}
	anyone := map[string]any{"identityBinding": "any_confirmed"}
	signedInAs := func(who string) func(*arrival) {
		return func(a *arrival) { a.isMember(a.g, who) }
	}
	opens := func(a *arrival) string {
		a.opens(a.g)
		return ""
	}
	stranger, member, other, third := anybody(), anybody(), anybody(), anybody()
	foreign := strings.Replace(anybody(), "guests.example", "elsewhere.example", 1)
	return []row{
		{"social, another address", nil, nil, func(a *arrival) string {
			a.comesBy("Acme", stranger, true)
			return ""
		}, "invitation-other", pending},
		{"social, another address, which may accept", anyone, nil, func(a *arrival) string {
			as := a.comesBy("Acme", anybody(), true)
			a.must(a.g.press("Accept as " + as))
			return as
		}, done, accepted},
		{"another address of the domain", domain, nil, func(a *arrival) string {
			a.uses(other)
			return a.proves("Send a code", other)
		}, done, accepted},
		{"an address of another domain is refused, and gets no code", domain, nil, func(a *arrival) string {
			a.uses(uninvited)
			a.must(a.g.press("Send a code"))
			return ""
		}, "invitation", pending},
		{"signed in as somebody else", nil, signedInAs(anybody()), opens, "invitation-mismatch", pending},
		{"signed in as somebody else, and then not", nil, signedInAs(anybody()), func(a *arrival) string {
			a.opens(a.g)
			a.must(a.g.follow("Go on with the invitation"))
			a.must(a.g.fill("identifier", a.to), a.g.press("Accept invitation"))
			return a.to
		}, done, accepted},
		{"signed in as somebody else, who may accept", anyone, signedInAs(member), func(a *arrival) string {
			a.opens(a.g)
			a.must(a.g.press("Accept as " + member))
			return member
		}, done, accepted},
		{"an account that is suspended", nil, func(a *arrival) {
			u := a.resident(map[string]any{"primaryEmail": a.to})
			a.api("PATCH", "/users/"+u.ID+"/is-suspended", map[string]any{"isSuspended": true}, http.StatusOK, nil)
		}, (*arrival).accepts, "account-suspended", pending},
		{"a shared one, by its code", map[string]any{"seats": 1}, nil, func(a *arrival) string {
			a.types(a.g)
			as := anybody()
			a.must(a.g.fill("identifier", as))
			a.proves("Send a code", as)
			late := newGuest()
			if a.types(late); !strings.Contains(text(late.doc), "its places are taken") {
				a.Error(late.lost("a second one on the only seat"))
			}
			return as
		}, done, accepted},
		{"used", nil, nil, func(a *arrival) string {
			a.accepts()
			a.g = newGuest()
			return opens(a)
		}, "invitation-invalid", accepted},
		{"revoked", nil, nil, func(a *arrival) string {
			a.opens(newGuest()) // the mail has come
			a.api("POST", "/invitations/"+a.i.ID+"/revoke", map[string]any{}, http.StatusOK, nil)
			return opens(a)
		}, "invitation-invalid", "revoked"},
		{"declined, by whom it is for", nil, nil, func(a *arrival) string {
			a.opens(a.g)
			a.must(a.g.follow("Decline the invitation"))
			a.must(a.g.fill("identifier", stranger), a.g.press("Decline"))
			if now := a.invitation(a.i.ID); now.Status != pending {
				a.Errorf("somebody else declined it: %+v", now)
			}
			a.must(a.g.fill("identifier", a.to), a.g.press("Decline"))
			return ""
		}, "invitation-declined", "declined"},
		{"social, another address of the domain", domain, nil, func(a *arrival) string {
			return a.comesBy("Acme", anybody(), true)
		}, done, accepted},
		{"social, an address of another domain", domain, nil, func(a *arrival) string {
			a.comesBy("Acme", strings.Replace(anybody(), "guests.example", "elsewhere.example", 1), true)
			return ""
		}, "invitation-other", pending},
		{"social, another address, before the guest says so", anyone, nil, func(a *arrival) string {
			a.comesBy("Acme", anybody(), true)
			return ""
		}, "invitation-confirm", pending},
		{"another address, which may accept", anyone, nil, func(a *arrival) string {
			as := anybody()
			a.uses(as)
			a.proves("Send a code", as)
			a.must(a.g.press("Accept as " + as))
			return as
		}, done, accepted},
		{"strict, and signed in", map[string]any{"strict": true}, func(a *arrival) { a.isMember(a.g, a.to) }, opens, "invitation", pending},
		{"signed in with another address of the domain", domain, signedInAs(third), func(a *arrival) string {
			a.opens(a.g)
			a.must(a.g.press("Accept"))
			return third
		}, done, accepted},
		{"signed in with an address of another domain", domain, signedInAs(foreign), opens, "invitation-mismatch", pending},
		{"by the employer, as somebody else", map[string]any{"email": atCompany()}, nil, func(a *arrival) string {
			a.comesBy("company", atCompany(), true)
			return ""
		}, "invitation-other", pending},
		{"by a connector that is named", map[string]any{"identityBinding": "connector", "allowedConnectors": []string{"acme"}}, nil,
			func(a *arrival) string { return a.comesBy("Acme", anybody(), true) }, done, accepted},
		{"by none of the connectors that are named", map[string]any{"identityBinding": "connector", "allowedConnectors": []string{"github"}}, nil,
			func(a *arrival) string {
				a.opens(a.g)
				if a.g.press("Acme") == nil || a.g.press("Accept") == nil || a.g.press("Send") == nil {
					a.Error(a.g.lost("another way in"))
				}
				return ""
			}, "invitation", pending},
		{"expired, and a fresh link", nil, nil, (*arrival).renews, done, accepted}, // the last: time passes for all
	}
}

// squats makes an account with a password that its holder chose, and then the
// address, which they did not prove.
func (a *arrival) squats() {
	first, g := anybody(), newGuest()
	a.asks(first, map[string]any{"requiredSteps": []string{"password"}})
	a.must(g.visit(a.received(first, linkInMail)))
	a.must(g.press("Accept invitation"))
	a.must(g.fill("newPassword", "A-door-with-7-hinges"), g.fill("confirmPassword", "A-door-with-7-hinges"), g.press("Save"))
	a.api("PATCH", "/users/"+a.accounts(first)[0].ID, map[string]any{"primaryEmail": a.to}, http.StatusOK, nil)
	if !a.hasPassword() {
		a.Fatal(g.lost("no password was chosen"))
	}
}

// hasPassword reports whether the recipient's account has one.
func (a *arrival) hasPassword() bool {
	var has struct{ HasPassword bool }
	a.api("GET", "/users/"+a.accounts(a.to)[0].ID+"/has-password", nil, http.StatusOK, &has)
	return has.HasPassword
}

// uses opens the invitation and says that another address is theirs.
func (a *arrival) uses(other string) {
	a.Helper()
	a.opens(a.g)
	a.must(a.g.follow("Use a different email"))
	a.must(a.g.fill("identifier", other))
}

// types types the code of a shared invitation.
func (a *arrival) types(g *guest) {
	a.Helper()
	a.must(g.visit(a.url + "/invitation/code"))
	a.must(g.fill("code", strings.ToLower(a.code)), g.press("Continue"))
}

// renews comes too late, asks for a fresh link, and accepts by that.
func (a *arrival) renews() string {
	a.opens(newGuest()) // the mail has come
	old := a.i.Link
	a.pass(a.T, 8*24*time.Hour)
	a.opens(a.g)
	if pageOf(a.g) != "invitation-expired" {
		a.Fatal(a.g.lost("the link is good for ever"))
	}
	a.must(a.g.press("Send me a fresh link"))
	a.i.Link = ""
	as := a.accepts()
	late := newGuest()
	if a.must(late.visit(old)); pageOf(late) != "invitation-invalid" || a.i.Link == old {
		a.Error(late.lost("the old link is worth something"))
	}
	return as
}

// pageOf is the name of the page that a guest is at.
func pageOf(g *guest) string {
	for _, body := range all(g.doc, "body") {
		return attr(body, "data-page")
	}
	return ""
}

// TestAcceptance walks the decision table of acceptance from the mail, which a
// mail server got, to where each way ends.
func TestAcceptance(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := &arrivals{site: newSite(t, engine, w.env(t)...), world: w}
			s.setClock()
			p := s.serve()
			s.mail = s.connectPost()
			s.closeDoor(false, nil)
			w.connect(s.site)
			w.employ(s.site, "company.example")
			s.set(map[string]any{"singleSignOnEnabled": true})
			for _, binding := range bindings {
				for _, r := range asRecipient() {
					r.with = maps.Clone(r.with)
					if r.with == nil {
						r.with = map[string]any{}
					}
					r.with["identityBinding"] = binding
					t.Run(r.name+"/"+binding, func(t *testing.T) { s.walk(t, r) })
				}
			}
			for _, r := range rows() {
				t.Run(r.name, func(t *testing.T) { s.walk(t, r) })
			}
			if s.mail.has(uninvited) {
				t.Error("a code went to an address that may not accept")
			}
			p.unharmed(t)
		})
	}
}

// walk walks one row, and holds it to where it ends.
func (s *arrivals) walk(t *testing.T, r row) {
	a := &arrival{T: t, arrivals: s, g: newGuest()}
	body := map[string]any{"grants": map[string]any{"customData": map[string]any{"row": r.name}}}
	for name, value := range r.with {
		body[name] = value
	}
	to, isSet := body["email"].(string)
	if a.to = to; !isSet {
		a.to = anybody()
	}
	if r.before != nil {
		r.before(a)
	}
	if r.with["seats"] != nil {
		var shared struct {
			invited
			Code string
		}
		s.api("POST", "/invitation-codes", body, http.StatusCreated, &shared)
		a.i, a.code = shared.invited, shared.Code
	} else {
		a.i = s.asks(a.to, body)
	}
	as := r.do(a)
	if page := pageOf(a.g); page != r.page {
		t.Error(a.g.lost("the page is %q, not %q,", page, r.page))
	}
	now := s.invitation(a.i.ID)
	if taken := map[bool]int{true: 1}[r.status == accepted]; now.Status != r.status || now.Taken != taken {
		t.Errorf("the invitation is %s, %d seats are taken", now.Status, now.Taken)
	}
	if as == "" {
		return
	}
	found := s.accounts(as)
	if len(found) != 1 {
		t.Fatalf("%s has the accounts %v", as, found)
	}
	var u struct {
		CustomData struct{ Row string }
	}
	s.api("GET", "/users/"+found[0].ID, nil, http.StatusOK, &u)
	if (u.CustomData.Row == r.name) != (r.page == done) {
		t.Errorf("%s, who is at %s, has %+v", as, r.page, u)
	}
}
