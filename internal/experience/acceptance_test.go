package experience_test

import (
	"net/url"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/web/webtest"
)

// The addresses of the decision table: the recipient's, one of the same domain,
// and one of another.
const (
	colleague = "colleague@example.com"
	outsider  = "eve@other.example"
)

// arriving is a guest at a house that has an invitation for grace.
type arriving struct {
	*testing.T
	*outside
	b      *webtest.Browser
	issued issued
}

// situation is a row of the decision table: what the guest does, and what comes
// of it for each binding: as whom they are in, or on which page they stay.
type situation struct {
	name                string
	with                func(*guestlist.Invitation)
	before              func(*arriving) // what is there before the invitation
	do                  func(*arriving) *webtest.Answer
	exact, domain, anyC string
}

// takeUp opens the invitation.
func (a *arriving) takeUp() *webtest.Answer {
	a.Helper()
	page := a.invitedTo(a.b, a.issued)
	at(a.T, page, 200, "invitation")
	return page
}

// by comes by a provider.
func (a *arriving) by(id guestlist.ConnectorID, email string) *webtest.Answer {
	a.Helper()
	page := a.takeUp()
	a.at[id].expects(person(email))
	return a.press(a.b, page, id)
}

// typesCode goes on from a page that sends a code.
func (a *arriving) typesCode(page *webtest.Answer, values form, address string) *webtest.Answer {
	a.Helper()
	page = a.b.Submit(page, "form.form", values)
	at(a.T, page, 200, "verification-code")
	return a.b.Submit(page, "form.form", form{"code": a.code(address)})
}

// isIn signs somebody in, who has proved their address.
func (a *arriving) isIn(email string) {
	a.Helper()
	a.user(email, password)
	page := a.b.Submit(a.open(a.b, "/sign-in", nil), "form.form", form{"identifier": email})
	in(a.T, a.b.Submit(page, "form.form", form{"password": password}), email)
}

func (a *arriving) openSignedIn() *webtest.Answer {
	a.Helper()
	return a.open(a.b, "/consent", url.Values{"one_time_token": {a.issued.code}})
}

func situations() []situation {
	anyway := func(s situation) situation { s.exact, s.domain, s.anyC = grace, grace, grace; return s }
	return []situation{
		anyway(situation{name: "a mailed link", do: func(a *arriving) *webtest.Answer {
			return a.b.Submit(a.takeUp(), "form.form", form{"identifier": grace})
		}}),
		anyway(situation{name: "a copied link and a code", with: copied, do: func(a *arriving) *webtest.Answer {
			return a.typesCode(a.takeUp(), nil, grace)
		}}),
		anyway(situation{name: "strict, and a code", with: func(i *guestlist.Invitation) { i.Strict = true }, do: func(a *arriving) *webtest.Answer {
			return a.typesCode(a.takeUp(), nil, grace)
		}}),
		{name: "another address of the domain", do: func(a *arriving) *webtest.Answer {
			page := a.takeUp()
			if !strings.Contains(page.Source, "as=other") {
				return page
			}
			return a.typesCode(a.b.Follow(page, "Use a different email"), form{"identifier": colleague}, colleague)
		}, exact: "invitation", domain: colleague, anyC: "invitation-confirm"},
		anyway(situation{name: "social, equal", do: func(a *arriving) *webtest.Answer { return a.by(github, grace) }}),
		{name: "social, another of the domain", do: func(a *arriving) *webtest.Answer { return a.by(github, colleague) },
			exact: "invitation-other", domain: colleague, anyC: "invitation-confirm"},
		{name: "social, of another domain", do: func(a *arriving) *webtest.Answer { return a.by(github, outsider) },
			exact: "invitation-other", domain: "invitation-other", anyC: "invitation-confirm"},
		{name: "social, of another domain, confirmed", do: func(a *arriving) *webtest.Answer {
			page := a.by(github, outsider)
			if page.One("body").Attr("data-page") == "invitation-confirm" {
				page = a.b.Submit(page, "form.form", nil)
			}
			return page
		}, exact: "invitation-other", domain: "invitation-other", anyC: outsider},
		anyway(situation{name: "social, not believed, and a code", with: copied, do: func(a *arriving) *webtest.Answer {
			page := a.by(gossip, grace)
			at(a.T, page, 200, "invitation")
			page = a.typesCode(page, nil, grace)
			a.must(a.st.View(a.Context(), func(tx *store.Tx) error {
				_, err := tx.UserByIdentity(string(gossip), "", person(grace).Subject)
				return err
			}))
			return page
		}}),
		anyway(situation{name: "signed in, the same", with: copied, before: func(a *arriving) { a.isIn(grace) }, do: func(a *arriving) *webtest.Answer {
			page := a.openSignedIn()
			at(a.T, page, 200, "invitation")
			return a.b.Submit(page, "form.form", nil)
		}}),
		{name: "signed in, somebody else", before: func(a *arriving) { a.isIn(outsider) }, do: func(a *arriving) *webtest.Answer {
			page := a.openSignedIn()
			if page.One("body").Attr("data-page") == "invitation" {
				if lead := page.One(".lead").Text(); !strings.Contains(lead, "g•••") || !strings.Contains(page.One("form.form").Text(), outsider) {
					a.Errorf("both addresses are to be shown: %s", page.One("main").Text())
				}
				page = a.b.Submit(page, "form.form", nil)
			}
			return page
		}, exact: "invitation-mismatch", domain: "invitation-mismatch", anyC: outsider},
		anyway(situation{name: "an account that was never proved", before: func(a *arriving) { a.squat(grace) }, do: func(a *arriving) *webtest.Answer {
			page := a.b.Submit(a.takeUp(), "form.form", form{"identifier": grace})
			a.must(a.st.View(a.Context(), func(tx *store.Tx) error {
				u, err := tx.UserByIdentifier(guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: grace})
				if u.HasPassword || u.EmailVerifiedAt == nil {
					a.Errorf("the account is %+v", u)
				}
				return err
			}))
			return page
		}}),
	}
}

// squat makes an account that somebody else may have put a password on.
func (a *arriving) squat(email string) {
	a.Helper()
	a.update(func(tx *store.Tx) error {
		digest := &guestlist.PasswordDigest{Digest: "of a squatter", Algorithm: "Argon2i", Own: true}
		return tx.InsertUser(guestlist.User{
			ID: guestlist.UserID(crypt.ShortID()), PrimaryEmail: &email, CreatedAt: tx.Now, UpdatedAt: tx.Now, HasPassword: true,
		}, digest)
	})
}

// TestAcceptance is the decision table of acceptance, over the pages: each
// situation with each binding. Whoever is in has the seat, and nobody else.
func TestAcceptance(t *testing.T) {
	change := func(e *guestlist.SignInExperience) {
		closed(e)
		e.SignUp.Password = false
	}
	for _, s := range situations() {
		for binding, want := range map[guestlist.IdentityBinding]string{
			guestlist.BindExact: s.exact, guestlist.BindDomain: s.domain, guestlist.BindAny: s.anyC,
		} {
			t.Run(s.name+"/"+string(binding), func(t *testing.T) {
				eachHouse(t, change, func(t *testing.T, h *house) {
					a := &arriving{T: t, outside: surrounded(h), b: h.browser()}
					if s.before != nil {
						s.before(a)
					}
					a.issued = h.issue(func(i *guestlist.Invitation) {
						i.Binding = binding
						if s.with != nil {
							s.with(i)
						}
					})
					page := s.do(a)
					accepted := strings.Contains(want, "@")
					if accepted {
						in(t, page, want)
					} else {
						at(t, page, 200, want)
					}
					now := h.read(a.issued)
					if accepted != (now.Status == guestlist.InvitationAccepted) || accepted != (now.Taken == 1) {
						t.Errorf("the invitation is %s, %d seats are taken", now.Status, now.Taken)
					}
				})
			})
		}
	}
}
