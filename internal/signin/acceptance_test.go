package signin_test

import (
	"errors"
	"testing"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// answering is how somebody answers an invitation in a test: what they prove, and
// what comes of it.
type answering struct {
	name string
	with []func(*guestlist.Invitation)
	// how goes as far as the guest can and returns why no further.
	how  func(o *outsiders, i issued) error
	code string // "" for: they are in
	who  string // the address of the account then
}

// byLink takes the invitation up and goes on by it.
func byLink(o *outsiders, i issued) error {
	uid := o.begin(guestlist.EventSignIn)
	o.ok(uid, signin.VerifyOneTimeToken{Token: i.code, Hosted: true, Typed: i.RecipientEmail})
	return o.goesOn(uid, "")
}

// byCodeTo takes it up and proves an address by a code.
func byCodeTo(address string) func(*outsiders, issued) error {
	return func(o *outsiders, i issued) error {
		uid := o.begin(guestlist.EventSignIn)
		o.ok(uid, take(i), signin.SendCode{Identifier: email(address)})
		code := o.delivered(address)
		if code == "" {
			return errors.New("no code was sent")
		}
		o.ok(uid, signin.VerifyCode{Identifier: email(address), Code: code})
		return o.goesOn(uid, "")
	}
}

// byProvider takes it up and comes by a provider.
func byProvider(id guestlist.ConnectorID, who guestlist.OutsideIdentity) func(*outsiders, issued) error {
	return func(o *outsiders, i issued) error {
		uid := o.begin(guestlist.EventSignIn)
		o.ok(uid, take(i))
		return o.goesOn(uid, o.prove(uid, id, who))
	}
}

// byProviderThenCode is byProvider, and then a code to the recipient, since the
// provider proves no address; the account is linked.
func byProviderThenCode(id guestlist.ConnectorID, who guestlist.OutsideIdentity, address string) func(*outsiders, issued) error {
	return func(o *outsiders, i issued) error {
		uid := o.begin(guestlist.EventSignIn)
		o.ok(uid, take(i))
		record := o.prove(uid, id, who)
		if err := o.goesOn(uid, record); guestlist.CodeOf(err) != "invitation.needs_proof" {
			o.Errorf("before the code: %v", err)
		}
		o.proveByCode(uid, address)
		o.ok(uid, signin.ChangeEvent{Event: guestlist.EventRegister}, signin.SetAddress{Type: guestlist.IdentifierEmail, Latest: true})
		o.ok(uid, signin.Identify{VerificationID: record}, signin.Finish{})
		if o.holder(id, who.Issuer, who.Subject) == "" {
			o.Error("the account has no link to the provider")
		}
		return nil
	}
}

// TestAcceptance is the decision table of acceptance for people without an
// account, at a closed door and an open one.
func TestAcceptance(t *testing.T) {
	other := stranger
	unproved := sue(invited)
	unproved.EmailVerified = false
	table := []answering{
		{"exact, by the link", nil, byLink, "", invited},
		{"exact, copied link alone", mods(copied), byLink, "none", ""},
		{"exact, copied link and a code", mods(copied), byCodeTo(invited), "", invited},
		{"exact, a code to somebody else", mods(copied), byCodeTo(other), "closed", ""},
		{"exact, strict, link alone", mods(strict), byLink, "none", ""},
		{"exact, strict and a code", mods(strict), byCodeTo(invited), "", invited},
		{"exact, social equal", nil, byProvider(github, sue("INVITED@example.com")), "", "INVITED@example.com"},
		{"exact, social differs", nil, byProvider(github, sue(other)), "invitation.wrong_identity", ""},
		{"exact, social unverified, by the link", nil, byProvider(github, unproved), "", invited},
		{"exact, social without an address, by the link", nil, byProvider(github, sue("")), "", invited},
		{"exact, copied, social unverified", mods(copied), byProvider(github, unproved), "invitation.needs_proof", ""},
		{"exact, copied, social unverified and a code", mods(copied), byProviderThenCode(github, unproved, invited), "", invited},
		{"exact, copied, social equal", mods(copied), byProvider(github, sue(invited)), "", invited},
		{"exact, strict, social equal", mods(strict), byProvider(github, sue(invited)), "invitation.needs_proof", ""},
		{"exact, employer equal", mods(func(i *guestlist.Invitation) { i.RecipientEmail = "w@corp.example" }),
			byProvider(corp, worker("w@corp.example")), "", "w@corp.example"},
		{"domain, by the link", mods(bound(guestlist.BindDomain)), byLink, "", invited},
		{"domain, another address in it", mods(bound(guestlist.BindDomain)), byCodeTo(other), "", other},
		{"domain, an address outside", mods(bound(guestlist.BindDomain, "work.example")), byCodeTo(other), "closed", ""},
		{"domain, social in it", mods(bound(guestlist.BindDomain)), byProvider(github, sue(other)), "", other},
		{"domain, social outside", mods(bound(guestlist.BindDomain, "work.example")), byProvider(github, sue(other)), "invitation.wrong_identity", ""},
		{"any, by the link", mods(bound(guestlist.BindAny)), byLink, "", invited},
		{"any, another address", mods(bound(guestlist.BindAny)), byCodeTo(other), "invitation.needs_confirm", ""},
		{"any, another address, confirmed", mods(bound(guestlist.BindAny)), confirmed(byCodeTo(other), other), "", other},
		{"any, another address, another confirmed", mods(bound(guestlist.BindAny)), confirmed(byCodeTo(other), "third@example.com"), "invitation.needs_confirm", ""},
		{"any, social differs", mods(bound(guestlist.BindAny)), byProvider(github, sue(other)), "invitation.needs_confirm", ""},
		{"any, social differs, confirmed", mods(bound(guestlist.BindAny)), confirmed(byProvider(github, sue(other)), other), "", other},
		{"connector, by it", mods(by("github")), byProvider(github, sue(other)), "", other},
		{"connector, by another", mods(by("github")), byProvider(google, sue(other)), "invitation.wrong_identity", ""},
		{"connector, by the link", mods(by("github")), byLink, "invitation.wrong_identity", ""},
		{"shared, by the link alone", mods(shared(3)), byLink, "none", ""},
		{"shared, with a code", mods(shared(3)), byCodeTo(other), "", other},
		{"shared with domains", mods(shared(3), bound(guestlist.BindExact, "work.example")), byCodeTo(other), "closed", ""},
		{"shared, social", mods(shared(3)), byProvider(github, sue(other)), "", other},
		{"shared, social unverified and a code", mods(shared(3)), byProviderThenCode(github, unproved, other), "", other},
	}
	eachOutside(t, func(o *outsiders) {
		for _, mode := range []guestlist.SignInMode{guestlist.ModeSignIn, guestlist.ModeSignInAndRegister} {
			o.mode(mode)
			for _, c := range table {
				o.answers(c, mode)
			}
		}
	})
}

func mods(m ...func(*guestlist.Invitation)) []func(*guestlist.Invitation) { return m }

// confirmed goes as far as the guest can, says as whom they want to accept, and
// goes on.
func confirmed(how func(*outsiders, issued) error, as string) func(*outsiders, issued) error {
	return func(o *outsiders, i issued) error {
		if err := how(o, i); guestlist.CodeOf(err) != "invitation.needs_confirm" {
			return err
		}
		o.ok(o.latest, signin.ConfirmInvitation{As: as})
		return o.goesOn(o.latest, "")
	}
}

func (o *outsiders) answers(c answering, mode guestlist.SignInMode) {
	o.Helper()
	i := o.issue(c.with...)
	before := o.users()
	err := c.how(o, i)
	code := guestlist.CodeOf(err)
	if err != nil && code == "" {
		code = "no code: " + err.Error()
	}
	open := mode != guestlist.ModeSignIn
	switch c.code {
	case "none": // nothing but the link was shown, which proves nothing
		if err == nil {
			o.Errorf("%s, %s: in by the link alone", c.name, mode)
		}
	case "closed": // the address is not asked at a closed door, and refused at an open one
		if !open && code != "no code: no code was sent" || open && code != "invitation.wrong_identity" {
			o.Errorf("%s, %s: %v", c.name, mode, err)
		}
	default:
		if code != c.code {
			o.Errorf("%s, %s: %v, want %q", c.name, mode, err, c.code)
		}
	}
	now, grown := o.now(i), o.users()-before
	if in := c.code == ""; in != (grown == 1) || in != (now.Taken == 1) {
		o.Errorf("%s, %s: %d accounts, %d seats", c.name, mode, grown, now.Taken)
	}
	if c.who != "" && o.find(guestlist.IdentifierEmail, c.who) == nil {
		o.Errorf("%s, %s: nobody is %s", c.name, mode, c.who)
	}
	o.expel()
	o.evict()
	o.update(func(tx *store.Tx) error {
		if u, err := tx.UserByIdentifier(email("w@corp.example")); err == nil {
			if err := tx.DeleteUser(u.ID); err != nil {
				return err
			}
		}
		_, err := tx.RevokeInvitation(i.ID, "")
		return err
	})
}
