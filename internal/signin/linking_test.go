package signin_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// dataOf returns the data of a refusal.
func dataOf(err error) any {
	var e *guestlist.Error
	if errors.As(err, &e) {
		return e.Data
	}
	return nil
}

// A new guest of a social provider becomes a user at an open door, and comes
// in again as the same one, whatever else changed there.
func TestSocialNewcomer(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		uid := o.begin(guestlist.EventSignIn)
		err := o.enters(uid, google, sue("sue@example.com"), false)
		if guestlist.CodeOf(err) != "user.identity_not_exist" || jsonOf(o, dataOf(err)) != `{}` {
			o.Fatalf("identify: %v, data %s", err, jsonOf(o, dataOf(err)))
		}
		o.ok(uid, signin.ChangeEvent{Event: guestlist.EventRegister})
		if step := o.ok(uid, signin.Identify{Latest: true}); !step.Registered {
			o.Errorf("identify: %+v", step)
		}
		if o.users() != 0 {
			o.Error("the account exists before the end")
		}
		o.signsIn(uid)
		if got := o.events(); !slices.Equal(got, []string{"PostRegister", "User.Created"}) {
			o.Errorf("events %v", got)
		}
		id := o.holder(google, "https://accounts.google.com", "sue-1")
		u := o.user(id)
		if *u.PrimaryEmail != "sue@example.com" || u.EmailVerifiedAt == nil || *u.Name != "Social Sue" || *u.Avatar != "https://img.example/sue.png" {
			o.Errorf("the user is %s", jsonOf(o, u))
		}
		if u.HasPassword || jsonOf(o, u.Identities["google"]) != `{"userId":"sue-1","details":{"avatar":"https://img.example/sue.png",`+
			`"email":"sue@example.com","id":"sue-1","name":"Social Sue","rawData":{"login":"sue"}}}` {
			o.Errorf("the identity is %s", jsonOf(o, u.Identities))
		}

		again := sue("other@example.com")
		again.Name = "Sue Newname"
		o.mode(guestlist.ModeSignIn)
		uid = o.begin(guestlist.EventSignIn)
		if err := o.enters(uid, google, again, false); err != nil {
			o.Fatal(err)
		}
		o.signsIn(uid)
		if got := o.user(id); *got.Name != "Social Sue" || *got.PrimaryEmail != "sue@example.com" || o.users() != 1 {
			o.Errorf("the second sign-in made %s", jsonOf(o, got))
		}
		if got := o.events(); !slices.Equal(got, []string{"PostSignIn"}) {
			o.Errorf("events %v", got)
		}
	})
}

// A user whose address the provider proves is told of, and joined on request;
// both alike need the proof.
func TestRelatedUser(t *testing.T) {
	type row struct {
		name     string
		who      guestlist.OutsideIdentity
		trusted  []string
		relation string
	}
	asserted := func(change func(*guestlist.OutsideIdentity)) guestlist.OutsideIdentity {
		id := sue("ada@example.com")
		change(&id)
		return id
	}
	phone := func(id *guestlist.OutsideIdentity) { id.Phone, id.PhoneVerified = "14155550123", true }
	any, ours := []string{guestlist.AnyDomain}, []string{"EXAMPLE.com"}
	none := `{}`
	byEmail := `{"relatedUser":{"type":"email","value":"ada@example.com"}}`
	rows := []row{
		{"verified, any domain", sue("ada@example.com"), any, byEmail},
		{"verified, this domain", sue("ada@example.com"), ours, byEmail},
		{"letter case", sue("ADA@Example.COM"), ours, `{"relatedUser":{"type":"email","value":"ADA@Example.COM"}}`},
		{"not asserted", asserted(func(id *guestlist.OutsideIdentity) { id.EmailVerified = false }), any, none},
		{"not believed", sue("ada@example.com"), []string{"other.example"}, none},
		{"not believed by default", sue("ada@example.com"), nil, none},
		{"lookalike", sue("ada@exAmple.com.evil.example"), ours, none},
		{"nobody's", sue("nobody@example.com"), any, none},
		{"phone first", asserted(phone), any, `{"relatedUser":{"type":"phone","value":"14155550123"}}`},
		{"phone has no domain", asserted(phone), ours, byEmail},
		{"phone not asserted", asserted(func(id *guestlist.OutsideIdentity) { phone(id); id.PhoneVerified = false }), any, byEmail},
	}
	eachOutside(t, func(o *outsiders) {
		ada := o.person(guestlist.User{PrimaryEmail: text("ada@example.com"), PrimaryPhone: text("14155550123")}, goodPassword)
		o.mode(guestlist.ModeSignIn)
		for _, r := range rows {
			o.trusted = r.trusted
			o.settings(func(*guestlist.SignInExperience) {}) // so that nothing cached is believed
			uid := o.begin(guestlist.EventSignIn)
			err := o.enters(uid, github, r.who, false)
			if guestlist.CodeOf(err) != "user.identity_not_exist" || jsonOf(o, dataOf(err)) != r.relation {
				o.Errorf("%s: %v, data %s", r.name, err, jsonOf(o, dataOf(err)))
			}
			if r.relation == none {
				err := o.refusal(uid, signin.Identify{Latest: true, LinkSocial: true}, "user.identity_not_exist")
				if dataOf(err) != nil {
					o.Errorf("%s: data %v", r.name, dataOf(err))
				}
				o.refused(uid, signin.Finish{}, "session.identifier_not_found")
				continue
			}
			o.ok(uid, signin.Identify{Latest: true, LinkSocial: true})
			if id := o.loaded(uid).UserID; id != ada.ID {
				o.Errorf("%s: identified as %q", r.name, id)
			}
		}
		if h := o.holder(github, "", "sue-1"); h != "" {
			o.Error("an identity was linked before the end")
		}
	})
}

// Joining makes the identity the user's at the end, with the events of a
// change; a name only where the connector keeps profiles up to date.
func TestJoiningARelatedUser(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		ada := o.person(guestlist.User{PrimaryEmail: text("ada@example.com"), Username: text("ada")}, "")
		o.mode(guestlist.ModeSignIn)
		uid := o.begin(guestlist.EventSignIn)
		if err := o.enters(uid, github, sue("ada@example.com"), true); err != nil {
			o.Fatal(err)
		}
		want := `{"socialIdentity":{"target":"github","userInfo":{"avatar":"https://img.example/sue.png","email":"ada@example.com",` +
			`"id":"sue-1","name":"Social Sue","rawData":{"login":"sue"}}}}`
		if got := jsonOf(o, o.loaded(uid).Public()["profile"]); got != want {
			o.Error(cmp.Diff(want, got))
		}
		o.signsIn(uid)
		if got := o.events(); !slices.Equal(got, []string{"PostSignIn", "User.Data.Updated"}) {
			o.Errorf("events %v", got)
		}
		u := o.user(ada.ID)
		if o.holder(github, "", "sue-1") != ada.ID || u.Name != nil || u.EmailVerifiedAt == nil {
			o.Errorf("the user is %s", jsonOf(o, u))
		}
	})
}

// An identity of somebody else never moves, whoever proves what.
func TestIdentityNeverMoves(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		owner := o.person(guestlist.User{Username: text("owner")}, goodPassword)
		ada := o.person(guestlist.User{Username: text("ada"), PrimaryEmail: text("ada@example.com")}, goodPassword)
		o.update(func(tx *store.Tx) error {
			if err := tx.LinkIdentity(owner.ID, "github", "", guestlist.Identity{UserID: "sue-1"}); err != nil {
				return err
			}
			return tx.LinkSSOIdentity(guestlist.SSOIdentity{ID: "x", UserID: owner.ID, SSOConnectorID: "corp", Issuer: o.corp.issuer, IdentityID: "w-1", Detail: []byte("{}")})
		})
		// With a proved address of another user it is still its owner's.
		uid := o.begin(guestlist.EventSignIn)
		if err := o.enters(uid, github, sue("ada@example.com"), true); err != nil || o.loaded(uid).UserID != owner.ID {
			o.Errorf("identified as %q, %v", o.loaded(uid).UserID, err)
		}
		// Nor does it go to whoever signed in by other means.
		uid = o.begin(guestlist.EventSignIn)
		o.ok(uid, signin.VerifyPassword{Identifier: username("ada"), Password: goodPassword}, signin.Identify{Latest: true})
		record := o.prove(uid, github, sue(""))
		o.refused(uid, signin.SetIdentity{VerificationID: record}, "user.identity_already_in_use")
		o.refused(uid, signin.Identify{VerificationID: record}, "session.identity_conflict")
		// Nor to a new account, of either way.
		uid = o.begin(guestlist.EventRegister)
		for id, who := range map[guestlist.ConnectorID]guestlist.OutsideIdentity{github: sue("new@example.com"), corp: worker("new@corp.example")} {
			if err := o.enters(uid, id, who, false); guestlist.CodeOf(err) != "user.identity_already_in_use" {
				o.Errorf("%s: %v", id, err)
			}
		}
		o.refused(uid, signin.SetIdentity{VerificationID: o.prove(uid, github, sue(""))}, "user.identity_already_in_use")
		// Nor when it is given to somebody else while the guest is on the way.
		uid = o.begin(guestlist.EventSignIn)
		late := sue("ada@example.com")
		late.Subject = "late"
		if err := o.enters(uid, github, late, true); err != nil {
			o.Fatal(err)
		}
		o.update(func(tx *store.Tx) error {
			return tx.PutIdentity(owner.ID, "github", "", guestlist.Identity{UserID: "late"})
		})
		o.refused(uid, signin.Finish{}, "user.identity_already_in_use")
		if o.holder(github, "", "late") != owner.ID || len(o.user(ada.ID).Identities) != 0 {
			o.Error("the identity moved")
		}
	})
}

// The subject is somebody at its issuer alone. What an administrator wrote has
// no issuer until its first use.
func TestIdentityIsOfItsIssuer(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		ada := o.person(guestlist.User{Username: text("ada")}, "")
		o.update(func(tx *store.Tx) error {
			return tx.PutIdentity(ada.ID, "google", "", guestlist.Identity{UserID: "sue-1", Details: []byte(`{"name":"Old"}`)})
		})
		uid := o.begin(guestlist.EventSignIn)
		if err := o.enters(uid, google, sue(""), false); err != nil {
			o.Fatal(err)
		}
		o.signsIn(uid)
		if got := jsonOf(o, o.user(ada.ID).Identities); got != `{"google":{"userId":"sue-1","details":{"name":"Old"}}}` {
			o.Errorf("the details became %s", got)
		}
		stranger := sue("")
		stranger.Issuer = "https://login.evil.example"
		if err := o.enters(o.begin(guestlist.EventSignIn), google, stranger, false); guestlist.CodeOf(err) != "user.identity_not_exist" {
			o.Errorf("another issuer's subject: %v", err)
		}
		foreign := worker("w@corp.example")
		o.update(func(tx *store.Tx) error {
			return tx.LinkSSOIdentity(guestlist.SSOIdentity{ID: "x", UserID: ada.ID, SSOConnectorID: "corp", Issuer: o.corp.issuer, IdentityID: "w-1", Detail: []byte("{}")})
		})
		if err := o.enters(o.begin(guestlist.EventSignIn), corpTwo, foreign, false); guestlist.CodeOf(err) != "user.sso_identity_not_exist" {
			o.Errorf("another employer's subject: %v", err)
		}
	})
}

// What a SAML provider calls itself is its own word: with the name of another
// employer's it is still not that one. Two connectors of one OpenID provider
// know the same people.
func TestAnEmployerSpeaksForItsOwnPeople(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		ada := o.person(guestlist.User{PrimaryEmail: text("w@corp.example")}, "")
		o.update(func(tx *store.Tx) error {
			return tx.LinkSSOIdentity(guestlist.SSOIdentity{ID: "x", UserID: ada.ID, SSOConnectorID: "corp", Issuer: o.corp.issuer, IdentityID: "w-1", Detail: []byte("{}")})
		})
		v := o.visits(o.begin(guestlist.EventSignIn))
		posing := worker("w@corp.example")
		posing.Issuer = o.corp.issuer
		answer, err := o.accept(samlCo, o.form(v, "a-1", posing))
		if err != nil {
			o.Fatal(err)
		}
		o.ok(v.uid, v.with(answer))
		o.refused(v.uid, signin.Identify{VerificationID: v.record}, "user.sso_identity_not_exist")
		o.ok(v.uid, signin.ChangeEvent{Event: guestlist.EventRegister})
		o.refused(v.uid, signin.Identify{VerificationID: v.record}, "user.identity_already_in_use")

		o.corpTwo.issuer = o.corp.issuer
		uid := o.begin(guestlist.EventSignIn)
		if err := o.enters(uid, corpTwo, worker("w@corp.example"), false); err != nil || o.loaded(uid).UserID != ada.ID {
			o.Errorf("by another connector of the same issuer: %v", err)
		}
	})
}

// Who is suspended is refused before anything is linked.
func TestSuspendedUsersAreNotJoined(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		o.person(guestlist.User{PrimaryEmail: text("ada@example.com"), IsSuspended: true}, "")
		o.person(guestlist.User{PrimaryEmail: text("w@corp.example"), IsSuspended: true}, "")
		uid := o.begin(guestlist.EventSignIn)
		if err := o.enters(uid, github, sue("ada@example.com"), true); guestlist.CodeOf(err) != "user.suspended" {
			o.Errorf("social: %v", err)
		}
		if err := o.enters(uid, corp, worker("w@corp.example"), false); guestlist.CodeOf(err) != "user.suspended" {
			o.Errorf("enterprise: %v", err)
		}
		i := o.loaded(uid)
		if i.UserID != "" || i.Profile != (signin.Profile{}) {
			o.Errorf("something was staged: %+v", i.Profile)
		}
	})
}

// Enterprise people join the user of the same address by themselves, where the
// connector vouches for its domain; whoever has a former colleague's address is
// not that colleague.
func TestEnterpriseJoinsByAddress(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		old := o.person(guestlist.User{PrimaryEmail: text("Old@corp.example")}, goodPassword)
		o.person(guestlist.User{PrimaryEmail: text("ada@example.com")}, "")
		o.mode(guestlist.ModeSignIn)
		unproved := worker("old@corp.example")
		unproved.EmailVerified = false
		for name, who := range map[string]guestlist.OutsideIdentity{
			"not asserted": unproved, "another domain": worker("ada@example.com"), "unknown": worker("x@corp.example"), "no address": worker(""),
		} {
			if err := o.enters(o.begin(guestlist.EventSignIn), corp, who, true); guestlist.CodeOf(err) != "user.sso_identity_not_exist" || dataOf(err) != nil {
				o.Errorf("%s: %v", name, err)
			}
		}
		uid := o.begin(guestlist.EventSignIn)
		if err := o.enters(uid, corp, worker("old@corp.example"), false); err != nil {
			o.Fatal(err)
		}
		want := `{"enterpriseSsoIdentity":{"detail":{"email":"old@corp.example","id":"w-1","name":"Corp New"},"identityId":"w-1",` +
			`"issuer":"https://idp.corp.example","ssoConnectorId":"corp"}}`
		if got := jsonOf(o, o.loaded(uid).Public()["profile"]); got != want {
			o.Error(cmp.Diff(want, got))
		}
		o.signsIn(uid)
		if o.holder(corp, o.corp.issuer, "w-1") != old.ID || o.user(old.ID).EmailVerifiedAt == nil || !o.user(old.ID).HasPassword {
			o.Error("the identity was not joined, or the administrator's password went")
		}
		colleague := worker("old@corp.example")
		colleague.Subject = "w-2"
		if err := o.enters(o.begin(guestlist.EventSignIn), corp, colleague, false); guestlist.CodeOf(err) != "session.identity_conflict" {
			o.Errorf("a second identity of the same employer: %v", err)
		}
	})
}

// trustUnverifiedEmail counts an address as asserted, within the domains.
func TestTrustUnverifiedEmail(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		o.person(guestlist.User{PrimaryEmail: text("w@corp.example")}, "")
		o.person(guestlist.User{PrimaryEmail: text("ada@example.com")}, "")
		o.update(func(tx *store.Tx) error {
			c, err := tx.SSOConnector(corp)
			if err != nil {
				return err
			}
			c.Config = guestlist.JSONObject(`{"trustUnverifiedEmail":true}`)
			return tx.UpdateSSOConnector(c)
		})
		for address, code := range map[string]string{"w@corp.example": "", "ada@example.com": "user.sso_identity_not_exist"} {
			who := worker(address)
			who.EmailVerified = false
			if err := o.enters(o.begin(guestlist.EventSignIn), corp, who, false); guestlist.CodeOf(err) != code {
				o.Errorf("%s: %v, want %q", address, err, code)
			}
		}
	})
}

// squat puts on a user what a holder of the account could have.
func (o *outsiders) squat(id guestlist.UserID) {
	o.Helper()
	digest, algorithm, err := hasher.Hash(context.Background(), goodPassword)
	if err != nil {
		o.Fatal(err)
	}
	o.update(func(tx *store.Tx) error {
		if err := tx.SetPassword(id, &guestlist.PasswordDigest{Digest: digest, Algorithm: algorithm, Own: true}); err != nil {
			return err
		}
		if err := tx.LinkIdentity(id, "google", "", guestlist.Identity{UserID: "squatter"}); err != nil {
			return err
		}
		if err := tx.LinkSSOIdentity(guestlist.SSOIdentity{ID: "s", UserID: id, SSOConnectorID: "corptwo", Issuer: "i", IdentityID: "squatter", Detail: []byte("{}")}); err != nil {
			return err
		}
		return tx.InsertSession(guestlist.Session{ID: "squatter", UserID: id, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(time.Hour), SignedInAt: tx.Now}, "cookie")
	})
}

// A provider that may vouch for an address gives its first proof, too: what a
// squatter put on the account goes, and what comes in stays (ADR 13).
func TestVouchedAddressIsAFirstProof(t *testing.T) {
	for name, in := range map[string]struct {
		connector guestlist.ConnectorID
		who       guestlist.OutsideIdentity
	}{
		"social":     {github, sue("new@corp.example")},
		"enterprise": {corp, worker("new@corp.example")},
	} {
		t.Run(name, func(t *testing.T) {
			eachOutside(t, func(o *outsiders) {
				o.settings(func(e *guestlist.SignInExperience) { e.SingleSignOnEnabled = in.connector == corp })
				u := o.person(guestlist.User{Username: text("new"), PrimaryEmail: text("new@corp.example")}, "")
				o.squat(u.ID)
				uid := o.begin(guestlist.EventSignIn)
				if err := o.enters(uid, in.connector, in.who, true); err != nil {
					o.Fatal(err)
				}
				if !o.user(u.ID).HasPassword {
					o.Error("the password went before the end")
				}
				o.signsIn(uid)
				got := o.user(u.ID)
				if got.HasPassword || got.EmailVerifiedAt == nil || o.holder(google, "", "squatter") != "" || o.holder(corpTwo, "i", "squatter") != "" {
					o.Errorf("something of the squatter's is left: %s", jsonOf(o, got))
				}
				if o.holder(in.connector, o.of(in.connector).issuer, in.who.Subject) != u.ID {
					o.Error("the identity is not linked")
				}
				if s, err := o.desk.Session(context.Background(), "cookie"); err != nil || s != nil {
					o.Errorf("the squatter's session lives: %v, %v", s, err)
				}
				// A second time strips nothing.
				o.squat(u.ID)
				uid = o.begin(guestlist.EventSignIn)
				if err := o.enters(uid, in.connector, in.who, false); err != nil {
					o.Fatal(err)
				}
				o.signsIn(uid)
				if !o.user(u.ID).HasPassword {
					o.Error("a proved account was stripped")
				}
			})
		})
	}
}

// Who comes in by an own identity, whose provider proves the address for the
// first time, keeps that identity.
func TestFirstProofKeepsTheIdentityThatProves(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		for id, who := range map[guestlist.ConnectorID]guestlist.OutsideIdentity{github: sue("sue@example.com"), corp: worker("w@corp.example")} {
			uid := o.begin(guestlist.EventRegister)
			if err := o.enters(uid, id, who, false); err != nil {
				o.Fatal(err)
			}
			o.signsIn(uid)
			user := o.holder(id, o.of(id).issuer, who.Subject)
			o.update(func(tx *store.Tx) error { // as when an administrator writes the address anew
				u, err := tx.User(user)
				if err != nil {
					return err
				}
				u.EmailVerifiedAt = nil
				return tx.UpdateUser(u)
			})
			uid = o.begin(guestlist.EventSignIn)
			if err := o.enters(uid, id, who, false); err != nil {
				o.Fatal(err)
			}
			o.signsIn(uid)
			if o.holder(id, o.of(id).issuer, who.Subject) != user || o.user(user).EmailVerifiedAt == nil {
				o.Errorf("%s: the identity went with the first proof, or proved nothing", id)
			}
		}
	})
}

// A guest who is not known by the identity may prove who they are in another
// way, and link it then, with the door closed.
func TestLinkAfterProvingAnotherWay(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		ada := o.person(guestlist.User{PrimaryEmail: text("ada@example.com")}, "")
		o.mode(guestlist.ModeSignIn)
		uid := o.begin(guestlist.EventSignIn)
		record := o.prove(uid, github, sue("private@example.org"))
		o.refused(uid, signin.Identify{VerificationID: record}, "user.identity_not_exist")
		o.refused(uid, signin.SetIdentity{VerificationID: record}, "session.identifier_not_found")
		o.proveByCode(uid, "ada@example.com")
		o.ok(uid, signin.Identify{Latest: true})
		o.refused(uid, signin.SetIdentity{VerificationID: "nosuch"}, "session.verification_session_not_found")
		o.ok(uid, signin.SetIdentity{VerificationID: record})
		o.signsIn(uid)
		if o.holder(github, "", "sue-1") != ada.ID {
			o.Error("the identity is not linked")
		}
		// It is theirs: linking it again is nothing, another one of the provider is refused.
		uid = o.begin(guestlist.EventSignIn)
		o.proveByCode(uid, "ada@example.com")
		o.ok(uid, signin.Identify{Latest: true}, signin.SetIdentity{VerificationID: o.prove(uid, github, sue(""))})
		second := sue("ada@example.com")
		second.Subject = "sue-2"
		o.refused(uid, signin.SetIdentity{VerificationID: o.prove(uid, github, second)}, "user.social_account_exists_in_profile")
		o.refused(uid, signin.SetIdentity{VerificationID: o.attempt(uid, github)}, "session.verification_failed")
		if err := o.enters(o.begin(guestlist.EventSignIn), github, second, true); guestlist.CodeOf(err) != "user.social_account_exists_in_profile" {
			o.Errorf("joining a second identity: %v", err)
		}
		reset := o.begin(guestlist.EventForgotPassword)
		record = o.prove(reset, github, sue(""))
		o.refused(reset, signin.SetIdentity{VerificationID: record}, "session.not_supported_for_forgot_password")
		o.refused(reset, signin.Identify{VerificationID: record}, "session.not_supported_for_forgot_password")
	})
}

// What is taken away while a guest is on the way is gone at the end.
func TestWhatIsTakenAwayMeanwhile(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		ada := o.person(guestlist.User{Username: text("ada"), PrimaryEmail: text("ada@corp.example")}, "")
		link := func(tx *store.Tx) error {
			return tx.PutIdentity(ada.ID, "github", "", guestlist.Identity{UserID: "sue-1"})
		}
		o.update(link)
		enter := func() string {
			uid := o.begin(guestlist.EventSignIn)
			if err := o.enters(uid, github, sue(""), false); err != nil {
				o.Fatal(err)
			}
			return uid
		}
		uid := enter()
		o.update(func(tx *store.Tx) error { return tx.DeleteIdentity(ada.ID, "github") })
		o.refused(uid, signin.Finish{}, "session.verification_failed")
		o.update(link)
		uid = enter()
		o.settings(func(e *guestlist.SignInExperience) { e.SocialSignInConnectorTargets = []string{} })
		o.refused(uid, signin.Finish{}, "user.sign_in_method_not_enabled")
		// An employer that wants its people to come in by single sign-on from now on.
		o.settings(func(e *guestlist.SignInExperience) { e.SingleSignOnEnabled = false })
		uid = o.begin(guestlist.EventRegister)
		o.proveByCode(uid, "new@corp.example")
		o.ok(uid, signin.Identify{Latest: true})
		o.settings(func(e *guestlist.SignInExperience) { e.SingleSignOnEnabled = true })
		o.refused(uid, signin.Finish{}, "session.sso_enabled")
		uid = o.begin(guestlist.EventSignIn)
		if err := o.enters(uid, corp, worker("ada@corp.example"), false); err != nil {
			o.Fatal(err)
		}
		record := o.loaded(uid).Records[0].ID
		o.update(func(tx *store.Tx) error { return tx.DeleteSSOConnector(corp) })
		o.refused(uid, signin.Finish{}, "user.sign_in_method_not_enabled")
		o.refused(uid, signin.Identify{VerificationID: record}, "entity.not_exists_with_id")
	})
}

// syncProfile keeps name and picture up to date at each sign-in, and says so
// only when something changed.
func TestSyncProfile(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		ada := o.person(guestlist.User{Username: text("ada"), Name: text("Old Name")}, "")
		o.update(func(tx *store.Tx) error {
			c, err := tx.Connector(github)
			if err != nil {
				return err
			}
			c.SyncProfile = true
			if err := tx.UpdateConnector(c); err != nil {
				return err
			}
			return tx.PutIdentity(ada.ID, "github", "", guestlist.Identity{UserID: "sue-1"})
		})
		for n, want := range [][]string{{"PostSignIn", "User.Data.Updated"}, {"PostSignIn"}} {
			uid := o.begin(guestlist.EventSignIn)
			if err := o.enters(uid, github, sue(""), false); err != nil {
				o.Fatal(err)
			}
			if got := jsonOf(o, o.loaded(uid).Public()["profile"]); n == 0 && got != `{"avatar":"https://img.example/sue.png","name":"Social Sue"}` {
				o.Errorf("staged %s", got)
			}
			o.signsIn(uid)
			if got := o.events(); !slices.Equal(got, want) {
				o.Errorf("events %v, want %v", got, want)
			}
			if u := o.user(ada.ID); *u.Name != "Social Sue" || *u.Avatar != "https://img.example/sue.png" {
				o.Errorf("the user is %s", jsonOf(o, u))
			}
		}
	})
}

// Two interactions that register one identity at once: one becomes a user.
func TestOneIdentityOneUser(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		for id, person := range map[guestlist.ConnectorID]func(n int) guestlist.OutsideIdentity{
			github: func(int) guestlist.OutsideIdentity { return sue("") },
			corp: func(n int) guestlist.OutsideIdentity {
				return worker([]string{"a", "b", "c", "d"}[n] + "@corp.example") // so that the address does not decide
			},
		} {
			before := o.users()
			uids := make([]string, 4)
			for n := range uids {
				uids[n] = o.begin(guestlist.EventRegister)
				if err := o.enters(uids[n], id, person(n), false); err != nil {
					o.Fatal(err)
				}
			}
			results := make([]error, len(uids))
			var wg sync.WaitGroup
			for n, uid := range uids {
				wg.Go(func() { _, results[n] = o.submit(uid, signin.Finish{}) })
			}
			wg.Wait()
			won := 0
			for _, err := range results {
				if err == nil {
					won++
				} else if guestlist.CodeOf(err) != "user.identity_already_in_use" {
					o.Errorf("%s: a loser got %v", id, err)
				}
			}
			if won != 1 || o.users() != before+1 {
				o.Errorf("%s: %d won, %d users", id, won, o.users()-before)
			}
		}
	})
}
