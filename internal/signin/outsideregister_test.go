package signin_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/signin"
)

// At a closed door an outside identity opens nothing. With a one-time token it
// comes along, if its provider proves the address that was invited, or the
// account takes that address by the token.
func TestClosedDoorForOutsiders(t *testing.T) {
	unproved := sue(invited)
	unproved.EmailVerified = false
	type row struct {
		name      string
		connector guestlist.ConnectorID
		who       guestlist.OutsideIdentity
		token     string
		first     bool // identify by the token first
		trusted   []string
		code      string
	}
	any := []string{guestlist.AnyDomain}
	rows := []row{
		{"social, no token", github, sue(invited), "", false, any, "auth.forbidden"},
		{"enterprise, no token", corp, worker("w@corp.example"), "", false, any, "auth.forbidden"},
		{"social, equal", github, sue("INVITED@example.com"), invited, false, any, ""},
		{"social, differs", github, sue(stranger), invited, false, any, "auth.forbidden"},
		{"social, not asserted", github, unproved, invited, false, any, "auth.forbidden"},
		{"social, not believed", github, sue(invited), invited, false, []string{"other.example"}, "auth.forbidden"},
		{"social, no address", github, sue(""), invited, false, any, "auth.forbidden"},
		{"enterprise, equal", corp, worker("w@corp.example"), "w@corp.example", false, any, ""},
		{"enterprise, differs", corp, worker("w@corp.example"), invited, false, any, "auth.forbidden"},
		{"social, differs, by the token", github, sue(stranger), invited, true, any, ""},
		{"social, not asserted, by the token", github, unproved, invited, true, any, ""},
	}
	eachOutside(t, func(o *outsiders) {
		for _, r := range rows {
			o.trusted = r.trusted
			o.mode(guestlist.ModeSignIn)
			before := o.users()
			uid := o.begin(guestlist.EventRegister)
			token := ""
			if r.token != "" {
				token = o.token(r.token)
				o.ok(uid, signin.VerifyOneTimeToken{Email: r.token, Token: token})
			}
			if r.first {
				o.ok(uid, signin.Identify{Latest: true})
			}
			err := o.enters(uid, r.connector, r.who, true)
			if guestlist.CodeOf(err) != r.code {
				o.Errorf("%s: %v, want %q", r.name, err, r.code)
			}
			if r.code != "" {
				o.refused(uid, signin.Finish{}, "session.identifier_not_found")
				if o.users() != before {
					o.Errorf("%s: somebody came in", r.name)
				}
				if r.token != "" && o.tokenStatus(token) != guestlist.OneTimeTokenActive {
					o.Errorf("%s: the token is %s", r.name, o.tokenStatus(token))
				}
				continue
			}
			o.signsIn(uid)
			id := o.holder(r.connector, o.of(r.connector).issuer, r.who.Subject)
			if u := o.user(id); guestlist.EmailKey(*u.PrimaryEmail) != guestlist.EmailKey(r.token) || u.EmailVerifiedAt == nil {
				o.Errorf("%s: the user is %s", r.name, jsonOf(o, u))
			}
			if o.tokenStatus(token) != guestlist.OneTimeTokenConsumed {
				o.Errorf("%s: the token is %s", r.name, o.tokenStatus(token))
			}
			o.evict()
		}
	})
}

// The same by the profile: the identity goes into the account of the token.
func TestIdentityIntoTheInvitedAccount(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		o.mode(guestlist.ModeSignIn)
		uid := o.begin(guestlist.EventRegister)
		record := o.prove(uid, github, sue(stranger))
		o.refused(uid, signin.SetIdentity{VerificationID: record}, "auth.forbidden")
		o.ok(uid, signin.VerifyOneTimeToken{Email: invited, Token: o.token(invited)})
		byToken := o.loaded(uid).Records[1].ID
		o.ok(uid, signin.SetIdentity{VerificationID: record}, signin.Identify{VerificationID: byToken})
		o.signsIn(uid)
		u := o.user(o.holder(github, "", "sue-1"))
		if *u.PrimaryEmail != invited || *u.Name != "Social Sue" {
			o.Errorf("the user is %s", jsonOf(o, u))
		}
	})
}

// outsideWays are the paths to an account by outside providers.
func outsideWays(o *outsiders) []way {
	by := func(id guestlist.ConnectorID, who guestlist.OutsideIdentity, last ...signin.Action) func(*door, string) []func() signin.Action {
		return func(*door, string) []func() signin.Action {
			var record string
			latest := func() string {
				for _, r := range o.loaded(o.latest).Records {
					if r.Outside != nil {
						record = r.ID
					}
				}
				return record
			}
			steps := []func() signin.Action{
				action(signin.BeginOutside{Way: wayOf(id), ConnectorID: id, State: "st", RedirectURI: back}),
				func() signin.Action { return answer(id, latest(), o.of(id).knows(who)) },
			}
			for _, a := range last {
				if _, ok := a.(signin.SetIdentity); ok {
					steps = append(steps, func() signin.Action { return signin.SetIdentity{VerificationID: latest()} })
					continue
				}
				steps = append(steps, action(a))
			}
			return steps
		}
	}
	return []way{
		{"social, the invited address", invited, by(github, sue(invited), signin.Identify{Latest: true})},
		{"social, another address", stranger, by(github, sue(stranger), signin.Identify{Latest: true})},
		{"social, no address", "", by(github, sue(""), signin.Identify{Latest: true})},
		{"social, joining nobody", stranger, by(google, sue(stranger), signin.Identify{Latest: true, LinkSocial: true})},
		{"social through the profile", "", by(github, sue(invited), signin.SetIdentity{}, signin.Identify{})},
		{"enterprise", "w@corp.example", by(corp, worker("w@corp.example"), signin.Identify{Latest: true})},
		{
			"sign-in that turns into registration", stranger,
			by(github, sue(stranger), signin.ChangeEvent{Event: guestlist.EventSignIn}, signin.ChangeEvent{Event: guestlist.EventRegister}, signin.Identify{Latest: true}),
		},
	}
}

// TestOutsideGateMatrix is TestGateMatrix for outside providers.
func TestOutsideGateMatrix(t *testing.T) {
	o := liteOutside(t)
	for _, w := range outsideWays(o) {
		for _, mode := range []guestlist.SignInMode{guestlist.ModeSignIn, guestlist.ModeRegister, guestlist.ModeSignInAndRegister} {
			for _, holds := range []bool{false, true} {
				steps := len(w.steps(o.door, "")) + 1
				if holds {
					steps++
				}
				for closeAt := range steps {
					tryGate(o.door, w, mode, holds, closeAt)
					o.expel()
				}
			}
		}
	}
}

// An address of somebody else is not taken over; the guest is asked for
// another.
func TestSocialAddressOfSomebodyElse(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		o.settings(func(e *guestlist.SignInExperience) {
			e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierEmail}, Verify: true}
		})
		ada := o.person(guestlist.User{PrimaryEmail: text("ada@example.com")}, "")
		uid := o.begin(guestlist.EventRegister)
		err := o.enters(uid, github, sue("ada@example.com"), false)
		if guestlist.CodeOf(err) != "user.missing_profile" || jsonOf(o, dataOf(err)) != `{"missingProfile":["email"]}` {
			o.Fatalf("%v, data %s", err, jsonOf(o, dataOf(err)))
		}
		if got := jsonOf(o, o.loaded(uid).Public()["profile"]); !strings.Contains(got, `"name":"Social Sue","socialIdentity":{"target":"github"`) {
			o.Errorf("staged %s", got)
		}
		o.proveByCode(uid, "sue@example.com")
		o.ok(uid, signin.SetAddress{Type: guestlist.IdentifierEmail, Latest: true}, signin.Identify{})
		o.signsIn(uid)
		u := o.user(o.holder(github, "", "sue-1"))
		if *u.PrimaryEmail != "sue@example.com" || u.ID == ada.ID || len(o.user(ada.ID).Identities) != 0 {
			o.Errorf("the user is %s", jsonOf(o, u))
		}
	})
}

// What new people are asked for is asked of social guests, unless the settings
// skip it; an employer's people are asked for nothing but an address that
// nobody vouches for.
func TestWhatOutsidersAreAskedFor(t *testing.T) {
	unproved := worker("w@corp.example")
	unproved.EmailVerified = false
	eachOutside(t, func(o *outsiders) {
		for _, r := range []struct {
			name      string
			connector guestlist.ConnectorID
			who       guestlist.OutsideIdentity
			skip      bool
			missing   []string
		}{
			{"social", github, sue(""), false, []string{"username", "email"}},
			{"social with an address", github, sue("sue@example.com"), false, []string{"username"}},
			{"social, skipped", github, sue(""), true, nil},
			{"enterprise", corp, worker("w@corp.example"), false, nil},
			{"enterprise, not asserted", corp, unproved, true, []string{"email"}},
			{"enterprise, another domain", corp, worker("w@example.com"), true, []string{"email"}},
		} {
			o.settings(func(e *guestlist.SignInExperience) {
				e.SignUp = guestlist.SignUpSettings{
					Identifiers: []guestlist.IdentifierType{guestlist.IdentifierUsername}, Password: true, Verify: true,
					SecondaryIdentifiers: []guestlist.SignUpIdentifier{{Identifier: guestlist.IdentifierEmail}},
				}
				e.SocialSignIn.SkipRequiredIdentifiers = &r.skip
			})
			uid := o.begin(guestlist.EventRegister)
			err := o.enters(uid, r.connector, r.who, false)
			if len(r.missing) == 0 {
				if err != nil {
					o.Errorf("%s: %v", r.name, err)
					continue
				}
				o.signsIn(uid)
				// At the next sign-in they are asked for no more than at the first.
				uid = o.begin(guestlist.EventSignIn)
				if err := o.enters(uid, r.connector, r.who, false); err != nil {
					o.Fatal(err)
				}
				o.signsIn(uid)
				o.expel()
				continue
			}
			data, _ := dataOf(err).(map[string]any)
			if missing, _ := data["missingProfile"].([]string); guestlist.CodeOf(err) != "user.missing_profile" || !slices.Equal(missing, r.missing) {
				o.Errorf("%s: %v, missing %v", r.name, err, missing)
			}
			o.refused(uid, signin.Finish{}, "session.identifier_not_found")
		}
		// The way on: the guest proves an address.
		uid := o.begin(guestlist.EventRegister)
		_ = o.enters(uid, corp, unproved, false) // as above
		o.proveByCode(uid, "private@example.com")
		o.ok(uid, signin.SetAddress{Type: guestlist.IdentifierEmail, Latest: true}, signin.Identify{})
		o.signsIn(uid)
		if u := o.user(o.holder(corp, o.corp.issuer, "w-1")); *u.PrimaryEmail != "private@example.com" || *u.Name != "Corp New" {
			o.Errorf("the user is %s", jsonOf(o, u))
		}
	})
}

// Whoever showed an employer's identity, and registers by something else, is
// asked for everything.
func TestAnEmployersRecordAloneSkipsNothing(t *testing.T) {
	o := liteOutside(t)
	o.settings(func(e *guestlist.SignInExperience) {
		e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierUsername}, Verify: true}
	})
	uid := o.begin(guestlist.EventRegister)
	o.prove(uid, corp, worker("w@corp.example"))
	o.proveByCode(uid, "sue@example.com")
	o.refused(uid, signin.Identify{Latest: true}, "user.missing_profile")
}

// An enterprise newcomer is made from what the employer tells.
func TestEnterpriseNewcomer(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		uid := o.begin(guestlist.EventSignIn)
		if err := o.enters(uid, corp, worker("new@corp.example"), false); guestlist.CodeOf(err) != "user.sso_identity_not_exist" {
			o.Fatal(err)
		}
		o.ok(uid, signin.ChangeEvent{Event: guestlist.EventRegister}, signin.Identify{Latest: true})
		o.signsIn(uid)
		if got := o.events(); !slices.Equal(got, []string{"PostRegister", "User.Created"}) {
			o.Errorf("events %v", got)
		}
		u := o.user(o.holder(corp, o.corp.issuer, "w-1"))
		if *u.PrimaryEmail != "new@corp.example" || *u.Name != "Corp New" || u.EmailVerifiedAt == nil {
			o.Errorf("the user is %s", jsonOf(o, u))
		}
		// Who has the address of a user already signs in as them: nobody registers over them.
		o.person(guestlist.User{PrimaryEmail: text("old@corp.example")}, "")
		colleague := worker("old@corp.example")
		colleague.Subject = "w-2"
		if err := o.enters(o.begin(guestlist.EventRegister), corp, colleague, false); guestlist.CodeOf(err) != "user.email_already_in_use" {
			o.Error(err)
		}
	})
}

// Addresses on the block-list register by no provider.
func TestBlockedAddressesOfOutsiders(t *testing.T) {
	o := liteOutside(t)
	blocked := []string{"@example.com", "@corp.example"}
	o.settings(func(e *guestlist.SignInExperience) { e.EmailBlocklistPolicy.CustomBlocklist = &blocked })
	for id, who := range map[guestlist.ConnectorID]guestlist.OutsideIdentity{github: sue(stranger), corp: worker("w@corp.example")} {
		if err := o.enters(o.begin(guestlist.EventRegister), id, who, false); guestlist.CodeOf(err) != "session.email_blocklist.email_not_allowed" {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// Whose employer wants them to come in by single sign-on comes in by nothing
// else, and is told by what, without its config.
func TestSSOOnlyDomains(t *testing.T) {
	const address = "ada@corp.example"
	want := `{"ssoConnectors":[{"connectorName":"Corp","id":"corp","logo":"data:,kind"}]}`
	type try struct {
		name  string
		event guestlist.InteractionEvent
		walk  func(o *outsiders, uid string) error
	}
	signIn, register := guestlist.EventSignIn, guestlist.EventRegister
	byCode := func(o *outsiders, uid string) error {
		o.proveByCode(uid, address)
		_, err := o.submit(uid, signin.Identify{Latest: true})
		return err
	}
	byToken := func(o *outsiders, uid string) error {
		o.ok(uid, signin.VerifyOneTimeToken{Email: address, Token: o.token(address)})
		_, err := o.submit(uid, signin.Identify{Latest: true})
		return err
	}
	bySocial := func(o *outsiders, uid string) error { return o.enters(uid, github, sue(address), true) }
	known := []try{
		{"password", signIn, func(o *outsiders, uid string) error {
			o.ok(uid, signin.VerifyPassword{Identifier: email(address), Password: goodPassword})
			_, err := o.submit(uid, signin.Identify{Latest: true})
			return err
		}},
		{"code", signIn, byCode}, {"one-time token", signIn, byToken}, {"social", signIn, bySocial},
		{"social to link", signIn, func(o *outsiders, uid string) error {
			o.ok(uid, signin.VerifyPassword{Identifier: username("ada"), Password: goodPassword}, signin.Identify{Latest: true})
			_, err := o.submit(uid, signin.SetIdentity{VerificationID: o.prove(uid, github, sue(address))})
			return err
		}},
	}
	unknown := []try{
		{"code", register, byCode}, {"one-time token", register, byToken}, {"social", register, bySocial},
		{"profile", register, func(o *outsiders, uid string) error {
			o.proveByCode(uid, address)
			_, err := o.submit(uid, signin.SetAddress{Type: guestlist.IdentifierEmail, Latest: true})
			return err
		}},
	}
	eachOutside(t, func(o *outsiders) {
		check := func(tries []try, code string) {
			for _, try := range tries {
				err := try.walk(o, o.begin(try.event))
				if guestlist.CodeOf(err) != code || code != "" && jsonOf(o, dataOf(err)) != want {
					o.Errorf("%s %s: %v, data %s", try.event, try.name, err, jsonOf(o, dataOf(err)))
				}
			}
		}
		check(unknown, "session.sso_enabled")
		ada := o.person(guestlist.User{Username: text("ada"), PrimaryEmail: text(address)}, goodPassword)
		check(known, "session.sso_enabled")
		uid := o.begin(signIn)
		o.ok(uid, signin.VerifyPassword{Identifier: username("ada"), Password: goodPassword}, signin.Identify{Latest: true})
		if err := o.enters(o.begin(signIn), corp, worker(address), false); err != nil {
			o.Errorf("by single sign-on: %v", err)
		}
		// Whoever was sent a link comes in by the employer with it.
		o.settings(func(e *guestlist.SignInExperience) { e.SingleSignOnEnabled = false })
		check(known, "")
		if len(o.user(ada.ID).Identities) != 0 {
			o.Error("something was written")
		}
	})
}

// An invited guest of an employer is sent on from the link, and the same
// interaction ends by single sign-on, with the token spent.
func TestInvitedBySingleSignOn(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		o.mode(guestlist.ModeSignIn)
		token := o.token("w@corp.example")
		uid := o.begin(guestlist.EventSignIn)
		o.ok(uid, signin.VerifyOneTimeToken{Email: "w@corp.example", Token: token})
		o.refused(uid, signin.Identify{Latest: true}, "user.user_not_exist")
		o.ok(uid, signin.ChangeEvent{Event: guestlist.EventRegister})
		o.refused(uid, signin.Identify{Latest: true}, "session.sso_enabled")
		if err := o.enters(uid, corp, worker("w@corp.example"), false); err != nil {
			o.Fatal(err)
		}
		o.signsIn(uid)
		if o.tokenStatus(token) != guestlist.OneTimeTokenConsumed || o.holder(corp, o.corp.issuer, "w-1") == "" {
			o.Errorf("the token is %s", o.tokenStatus(token))
		}
	})
}

// What happened at the provider ends in a session, of whom it was.
func TestOutsiderResumes(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		uid := o.begin(guestlist.EventRegister)
		if err := o.enters(uid, github, sue(""), false); err != nil {
			o.Fatal(err)
		}
		o.signsIn(uid)
		res, err := o.desk.Resume(context.Background(), uid, "", here)
		if err != nil || res.Session.UserID != o.holder(github, "", "sue-1") {
			o.Fatalf("%+v, %v", res, err)
		}
		want := `[{"connectorId":"github","id"`
		got := jsonOf(o, res.Session.LastSubmission)
		if !strings.Contains(got, want) || strings.Contains(got, "secret") {
			o.Error(cmp.Diff(want, got))
		}
	})
}
