package experience_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/web/webtest"
)

// issued is an invitation with the code of its link.
type issued struct {
	guestlist.Invitation
	code string
}

const typable = "7KQ2-M0XD-4RTB"

// issue writes an invitation to grace, whose link only a mail carries, unless it
// is changed; a shared one has a typable code.
func (h *house) issue(change ...func(*guestlist.Invitation)) issued {
	h.t.Helper()
	var out issued
	h.update(func(tx *store.Tx) error {
		i := guestlist.Invitation{
			ID: guestlist.InvitationID(crypt.OrderedID(tx.Now)), Kind: guestlist.InvitationPersonal, RecipientEmail: grace,
			Inviter: guestlist.Inviter{Type: guestlist.InviterSystem, Authority: guestlist.AuthorityHost}, Seats: 1,
			Delivery: guestlist.InvitationSent, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(guestlist.DefaultInvitationTTL),
		}
		i.Binding, i.Landing, i.ApplicationID = guestlist.BindExact, guestlist.LandingHosted, testApp
		i.TTL = int(guestlist.DefaultInvitationTTL / time.Second)
		for _, c := range change {
			c(&i)
		}
		shared := ""
		if i.Kind == guestlist.InvitationShared {
			shared = typable[:len(typable)-h.shared] + strings.Repeat("Z", h.shared)
			h.shared++
		}
		if err := tx.InsertInvitation(i, shared); err != nil {
			return err
		}
		var err error
		out.Invitation, err = tx.Invitation(i.ID)
		out.code = string(tx.InvitationCode(out.Invitation))
		return err
	})
	return out
}

func (h *house) read(i issued) guestlist.Invitation {
	h.t.Helper()
	var now guestlist.Invitation
	h.must(h.st.View(context.Background(), func(tx *store.Tx) error {
		var err error
		now, err = tx.Invitation(i.ID)
		return err
	}))
	return now
}

func copied(i *guestlist.Invitation) { i.Copied = true }

func shared(i *guestlist.Invitation) {
	i.Kind, i.RecipientEmail, i.Seats = guestlist.InvitationShared, "", 2
}

// invitedTo opens the page of an invitation, as the request that took it up
// leads there.
func (h *house) invitedTo(b *webtest.Browser, i issued, params ...string) *webtest.Answer {
	h.t.Helper()
	q := url.Values{"one_time_token": {i.code}}
	for n := 0; n+1 < len(params); n += 2 {
		q.Set(params[n], params[n+1])
	}
	return h.open(b, "/sign-in", q)
}

// A guest is shown who invites them, to what, as whom and until when, and is in
// on the second screen.
func TestInvitationInTwoScreens(t *testing.T) {
	eachHouse(t, closed, func(t *testing.T, h *house) {
		host := h.user("host@example.com", "")
		h.update(func(tx *store.Tx) error {
			u, err := tx.User(host)
			if err != nil {
				return err
			}
			name := "Ada <Lovelace>"
			u.Name = &name
			return tx.UpdateUser(u)
		})
		i := h.issue(func(i *guestlist.Invitation) {
			i.Inviter = guestlist.Inviter{Type: guestlist.InviterUser, ID: string(host), Authority: guestlist.AuthorityNamed}
			i.Message = "Come & see <b>us</b>\nSoon."
		})
		b := h.browser()
		a := h.invitedTo(b, i)
		at(t, a, 200, "invitation")
		if strings.Contains(a.URL.String(), i.code) || strings.Contains(a.Source, i.code) {
			t.Error("the code is in the address or on the page")
		}
		for header, want := range map[string]string{"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex"} {
			if got := a.Header.Get(header); got != want {
				t.Errorf("%s: %q", header, got)
			}
		}
		if title := a.One("h1").Text(); title != "Ada <Lovelace> invites you to Northwind" {
			t.Errorf("title %q", title)
		}
		if words := a.One(".words").Text(); !strings.Contains(words, "Come & see <b>us</b>") || a.Has(".words b") {
			t.Errorf("the message is %q", a.One(".words").HTML())
		}
		if !strings.Contains(a.One(".facts").Text(), grace) || !a.Has(".facts time") {
			t.Errorf("as whom and until when is not said: %s", a.One(".facts").Text())
		}
		a = b.Submit(a, "form.form", nil)
		at(t, a, 200, "continue")
		in(t, b.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password}), grace)
		if now := h.read(i); now.Status != guestlist.InvitationAccepted {
			t.Errorf("the invitation is %s", now.Status)
		}
		again := h.invitedTo(h.browser(), i)
		at(t, again, 200, "invitation-invalid")
	})
}

// A link that others may have seen proves nothing: a code to the recipient does,
// whose address the page does not tell.
func TestCopiedInvitationAsksForACode(t *testing.T) {
	h := newHouse(t, closed)
	i := h.issue(copied)
	b := h.browser()
	a := h.invitedTo(b, i)
	at(t, a, 200, "invitation")
	if strings.Contains(a.Source, grace) {
		t.Error("the page tells the address of the recipient")
	}
	a = b.Submit(a, "form.form", nil)
	at(t, a, 200, "verification-code")
	if strings.Contains(a.Source, grace) {
		t.Error("the page of the code tells the address of the recipient")
	}
	if strings.Contains(a.One(".actions").Text(), "different email") {
		t.Error("the page of the code offers another address, where nobody else is invited")
	}
	letters := h.letters(grace)
	if len(letters) != 1 || letters[0].Type != guestlist.TemplateGeneric {
		t.Fatalf("the code does not go to somebody who may be new: %+v", letters)
	}
	a = b.Submit(a, "form.form", form{"code": letters[0].Payload["code"].(string)})
	at(t, a, 200, "continue")
	in(t, b.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password}), grace)
}

// The page of a link that others may have seen is the same whether its recipient
// has an account or not.
func TestCopiedInvitationTellsNobodyWhoIsKnown(t *testing.T) {
	h := newHouse(t, func(e *guestlist.SignInExperience) {
		closed(e)
		e.TermsOfUseURL, e.AgreeToTermsPolicy = new("https://shop.example/terms"), "ManualRegistrationOnly"
	})
	h.user(grace, password)
	i := h.issue(copied)
	known := h.invitedTo(h.browser(), i).One("main").Text()
	h.update(func(tx *store.Tx) error {
		u, err := tx.UserByIdentifier(guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: grace})
		if err != nil {
			return err
		}
		return tx.DeleteUser(u.ID)
	})
	unknown := h.invitedTo(h.browser(), i).One("main").Text()
	if known != unknown {
		t.Errorf("known: %s\nunknown: %s", known, unknown)
	}
}

// Who has an account comes in by a code, or by a click where they are signed in.
func TestInvitationOfAnExistingUser(t *testing.T) {
	h := newHouse(t, closed)
	h.user(grace, password)
	first := h.issue()
	b := h.browser()
	a := b.Submit(h.invitedTo(b, first), "form.form", nil)
	at(t, a, 200, "verification-code")
	in(t, b.Submit(a, "form.form", form{"code": h.code(grace)}), grace)

	second := h.issue()
	a = h.open(b, "/consent", url.Values{"one_time_token": {second.code}})
	at(t, a, 200, "invitation")
	if !strings.Contains(a.One(".facts").Text(), grace) || a.Has(".field") {
		t.Errorf("who is signed in is asked: %s", a.One("main").Text())
	}
	in(t, b.Submit(a, "form.form", nil), grace)
	for _, i := range []issued{first, second} {
		if now := h.read(i); now.Status != guestlist.InvitationAccepted {
			t.Errorf("the invitation is %s", now.Status)
		}
	}
}

// Who is signed in as somebody else is asked which of the two to be.
func TestInvitationForSomebodyElse(t *testing.T) {
	h := newHouse(t, closed)
	h.user(ada, password)
	b := h.browser()
	a := h.open(b, "/sign-in", nil)
	a = b.Submit(a, "form.form", form{"identifier": ada})
	in(t, b.Submit(a, "form.form", form{"password": password}), ada)

	i := h.issue()
	open := func() *webtest.Answer { return h.open(b, "/consent", url.Values{"one_time_token": {i.code}}) }
	a = open()
	at(t, a, 200, "invitation-mismatch")
	if strings.Contains(a.Source, grace) {
		t.Error("the page tells the address of the recipient")
	}
	in(t, b.Post(h.srv.URL+"/invitation?app_id=northwind", url.Values{"submit": {"skip"}}), ada)
	a = b.Follow(open(), "Go on with the invitation")
	at(t, a, 200, "invitation")
	a = b.Submit(a, "form.form", nil)
	at(t, a, 200, "continue")
	in(t, b.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password}), grace)
}

// A shared invitation is for whoever proves an address, as often as it has seats.
func TestSharedInvitation(t *testing.T) {
	h := newHouse(t, closed)
	i := h.issue(shared)
	come := func(address string) *webtest.Answer {
		b := h.browser()
		a := h.invitedTo(b, i)
		if a.One("body").Attr("data-page") != "invitation" {
			return a
		}
		a = b.Submit(a, "form.form", form{"identifier": address})
		at(t, a, 200, "verification-code")
		a = b.Submit(a, "form.form", form{"code": h.code(address)})
		if a.One("body").Attr("data-page") == "continue" {
			a = b.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password})
		}
		return a
	}
	in(t, come("one@example.com"), "one@example.com")
	in(t, come("one@example.com"), "one@example.com") // once more, without a seat
	in(t, come("two@example.com"), "two@example.com")
	at(t, come("three@example.com"), 200, "invitation-invalid")
	if now := h.read(i); now.Taken != 2 {
		t.Errorf("%d seats are taken", now.Taken)
	}
}

// Nobody waits for a code that does not come: an address of another domain is
// refused where the domains stand anyway.
func TestInvitationOfADomainSaysWhichAddressesItTakes(t *testing.T) {
	h := newHouse(t, closed)
	for name, i := range map[string]issued{
		"shared":   h.issue(shared, func(i *guestlist.Invitation) { i.AllowedDomains = []string{"northwind.example"} }),
		"personal": h.issue(to("grace@northwind.example"), func(i *guestlist.Invitation) { i.Binding = guestlist.BindDomain }),
	} {
		b := h.browser()
		a := h.invitedTo(b, i)
		if name == "personal" {
			a = b.Follow(a, "Use a different email")
		}
		a = b.Submit(a, "form.form", form{"identifier": "eve@other.example"})
		at(t, a, 422, "invitation")
		if text := a.One(".field .error").Text(); !strings.Contains(text, "northwind.example") {
			t.Errorf("%s: %q", name, text)
		}
		if letters := h.letters("eve@other.example"); len(letters) > 0 {
			t.Errorf("%s: a code was sent", name)
		}
	}
	copiedLink := h.issue(copied, to("lin@northwind.example"), func(i *guestlist.Invitation) { i.Binding = guestlist.BindDomain })
	b := h.browser()
	a := b.Follow(h.invitedTo(b, copiedLink), "Use a different email")
	a = b.Submit(a, "form.form", form{"identifier": "eve@other.example"})
	at(t, a, 200, "verification-code")
	if strings.Contains(a.Source, "northwind.example") {
		t.Error("the page tells the domain of the recipient")
	}
}

// Who may accept as somebody else than the recipient is shown both addresses.
func TestInvitationAcceptedAsAnother(t *testing.T) {
	for _, mode := range []func(*guestlist.SignInExperience){nil, closed} {
		acceptedAsAnother(t, newHouse(t, mode))
	}
}

func acceptedAsAnother(t *testing.T, h *house) {
	t.Helper()
	i := h.issue(func(i *guestlist.Invitation) { i.Binding = guestlist.BindAny })
	b := h.browser()
	a := b.Follow(h.invitedTo(b, i), "Use a different email")
	a = b.Submit(a, "form.form", form{"identifier": ada})
	at(t, a, 200, "verification-code")
	a = b.Submit(a, "form.form", form{"code": h.code(ada)})
	at(t, a, 200, "invitation-confirm")
	if facts := a.One(".facts").Text(); !strings.Contains(facts, ada) || !strings.Contains(facts, "g•••") {
		t.Errorf("both addresses are to be shown: %s", facts)
	}
	a = b.Submit(a, "form.form", nil)
	at(t, a, 200, "continue")
	in(t, b.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password}), ada)
}

// An invitation that asks for a profile asks for all of it, whatever the settings
// of sign-up leave out.
func TestInvitationAsksForAProfile(t *testing.T) {
	h := newHouse(t, func(e *guestlist.SignInExperience) {
		closed(e)
		e.SignUp.Password, e.SignUpProfileFields = false, &[]guestlist.ProfileFieldName{}
	})
	h.ask(someFields()...)
	h.settings(func(e *guestlist.SignInExperience) { e.SignUpProfileFields = &[]guestlist.ProfileFieldName{} })
	come := func(i issued) *webtest.Answer {
		b := h.browser()
		return b.Submit(h.invitedTo(b, i), "form.form", form{"identifier": i.RecipientEmail})
	}
	in(t, come(h.issue()), grace)
	at(t, come(h.issue(to(ada), func(i *guestlist.Invitation) {
		i.RequiredSteps = []guestlist.InvitationStep{guestlist.StepProfile}
	})), 200, "extra-profile")
}

// Declining takes the address, and is final.
func TestDecliningAnInvitation(t *testing.T) {
	h := newHouse(t, closed)
	i := h.issue()
	b := h.browser()
	a := b.Follow(h.invitedTo(b, i), "Decline the invitation")
	at(t, a, 200, "invitation-decline")
	at(t, b.Submit(a, "form.form", nil), 422, "invitation-decline")
	at(t, b.Submit(a, "form.form", form{"identifier": ada}), 422, "invitation-decline")
	if now := h.read(i); now.Status != guestlist.InvitationPending {
		t.Fatalf("the invitation is %s", now.Status)
	}
	at(t, b.Submit(a, "form.form", form{"identifier": "GRACE@example.com"}), 200, "invitation-declined")
	if now := h.read(i); now.Status != guestlist.InvitationDeclined {
		t.Errorf("the invitation is %s", now.Status)
	}
}

// A machine that opens everything and presses every button gets nothing and
// takes nothing, and the guest gets in afterwards.
func TestScannerOfAnInvitation(t *testing.T) {
	for name, change := range map[string]func(*guestlist.Invitation){
		"personal": func(*guestlist.Invitation) {}, "copied": copied, "strict": func(i *guestlist.Invitation) { i.Strict = true }, "shared": shared,
		"any": func(i *guestlist.Invitation) { i.Binding = guestlist.BindAny },
	} {
		for _, known := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				h := newHouse(t, func(e *guestlist.SignInExperience) {
					closed(e)
					e.SignUp.Password = false
				})
				if known {
					h.user(grace, password)
				}
				i := h.issue(change)
				scanner := h.browser()
				a := h.invitedTo(scanner, i)
				pages, done := []*webtest.Answer{a}, map[string]bool{}
				for n := 0; n < len(pages) && n < 40; n++ {
					for _, f := range pages[n].All("form") {
						fill := url.Values{}
						for _, in := range f.All("input") {
							fill.Set(in.Attr("name"), in.Attr("value"))
						}
						for _, button := range f.All("button") {
							fill.Set(button.Attr("name"), button.Attr("value"))
							if act := f.Attr("action") + fill.Encode(); done[act] {
								continue
							} else {
								done[act] = true
							}
							next := scanner.Post(h.srv.URL+f.Attr("action"), fill)
							if strings.HasPrefix(next.One("body").Text(), "In as") || scanner.Cookie(h.srv.URL, "_session") != "" {
								t.Fatal("the scanner got in")
							}
							pages = append(pages, next)
						}
					}
				}
				if now := h.read(i); now.Status != guestlist.InvitationPending || now.Taken != 0 {
					t.Fatalf("the scanner left the invitation %+v", now)
				}
				h.mailed(grace)
				b := h.browser()
				a = h.invitedTo(b, i)
				if a.Has("#f-identifier") {
					a = b.Submit(a, "form.form", form{"identifier": grace})
				} else {
					a = b.Submit(a, "form.form", nil)
				}
				if a.One("body").Attr("data-page") == "verification-code" {
					codes := h.mailed(grace)
					a = b.Submit(a, "form.form", form{"code": codes[len(codes)-1]})
				}
				in(t, a, grace)
			})
		}
	}
}

// By a provider: who is recognised by the invited address is in at once and
// linked; who is somebody else is told so; and where the provider proves nothing, a
// code to the invited mailbox does, and the account is linked all the same.
func TestInvitationByAProvider(t *testing.T) {
	linked := func(t *testing.T, o *outside, id guestlist.ConnectorID, who guestlist.OutsideIdentity) {
		t.Helper()
		o.must(o.st.View(t.Context(), func(tx *store.Tx) error {
			_, err := tx.UserByIdentity(string(id), who.Issuer, who.Subject)
			return err
		}))
	}
	come := func(t *testing.T, who guestlist.OutsideIdentity, id guestlist.ConnectorID, change ...func(*guestlist.Invitation)) (*outside, *webtest.Browser, *webtest.Answer) {
		t.Helper()
		h := newHouse(t, closed)
		o := surrounded(h)
		b := h.browser()
		a := h.invitedTo(b, h.issue(change...))
		at(t, a, 200, "invitation")
		o.at[id].expects(who)
		return o, b, o.press(b, a, id)
	}
	t.Run("equal", func(t *testing.T) {
		who := person("GRACE@example.com")
		o, _, a := come(t, who, github)
		in(t, a, "GRACE@example.com")
		linked(t, o, github, who)
	})
	t.Run("somebody else", func(t *testing.T) {
		o, b, a := come(t, person(ada), github)
		at(t, a, 200, "invitation-other")
		if facts := a.One(".facts").Text(); !strings.Contains(facts, ada) || strings.Contains(a.Source, grace) {
			t.Errorf("the page says %s", a.One("main").Text())
		}
		a = b.Follow(a, "Use another account")
		at(t, a, 200, "invitation")
		o.at[github].expects(person(grace))
		in(t, o.press(b, a, github), grace)
	})
	t.Run("without an address, by the link", func(t *testing.T) {
		who := person("")
		o, _, a := come(t, who, github)
		in(t, a, grace)
		linked(t, o, github, who)
	})
	t.Run("not believed, and a code", func(t *testing.T) {
		who := person(grace)
		o, b, a := come(t, who, gossip, copied)
		at(t, a, 200, "invitation")
		a = b.Submit(a, "form.form", nil)
		at(t, a, 200, "verification-code")
		in(t, b.Submit(a, "form.form", form{"code": o.code(grace)}), grace)
		linked(t, o, gossip, who)
	})
	t.Run("by the connector that is asked for", func(t *testing.T) {
		_, _, a := come(t, person(ada), github, func(i *guestlist.Invitation) {
			i.Binding, i.AllowedConnectors = guestlist.BindConnector, []string{string(github)}
		})
		in(t, a, ada)
	})
}
