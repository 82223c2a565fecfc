package signin_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// TestRegisterWithEverything: what is missing is asked for in the contract's
// order, and nothing exists before Finish.
func TestRegisterWithEverything(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.settings(func(e *guestlist.SignInExperience) {
			e.SignUp = guestlist.SignUpSettings{
				Identifiers: []guestlist.IdentifierType{guestlist.IdentifierUsername}, Password: true, Verify: true,
				SecondaryIdentifiers: []guestlist.SignUpIdentifier{{Identifier: guestlist.IdentifierEmail}},
			}
		})
		var roleID guestlist.RoleID
		d.update(func(tx *store.Tx) error {
			roleID = "role"
			return tx.InsertRole(guestlist.Role{ID: roleID, Name: "guest", Type: guestlist.RoleUser, IsDefault: true})
		})
		uid := d.begin(guestlist.EventRegister)
		err := d.refusal(uid, signin.Identify{}, "user.missing_profile")
		if got := missing(err); !slices.Equal(got, []string{"username", "email", "password"}) {
			d.Errorf("missing %v", got)
		}
		if step := d.ok(uid, signin.SetUsername{Username: "newcomer"}); step.Page != "/continue/email" {
			d.Errorf("after the username comes %+v", step)
		}
		d.refused(uid, signin.SetPassword{Password: "newcomer1"}, "password.rejected")
		d.ok(uid, signin.SetPassword{Password: goodPassword})
		d.proveByCode(uid, stranger)
		d.refused(uid, signin.Finish{}, "session.identifier_not_found")
		step := d.ok(uid, signin.Identify{Latest: true})
		if !step.Registered || d.users() != 0 {
			d.Errorf("after identification: %+v, %d users", step, d.users())
		}
		step = d.ok(uid, signin.Finish{})
		if !step.Finished || step.RedirectTo != "https://id.example/oidc/auth/"+uid {
			d.Errorf("finished with %+v", step)
		}
		if again := d.ok(uid, signin.Finish{}); again.RedirectTo != step.RedirectTo || d.users() != 1 {
			d.Errorf("a double click: %+v, %d users", again, d.users())
		}
		d.refused(uid, signin.SetEvent{Event: guestlist.EventSignIn}, "session.not_found")
		u := d.find(guestlist.IdentifierUsername, "newcomer")
		if u == nil || !u.HasPassword || *u.PrimaryEmail != stranger || u.EmailVerifiedAt == nil || *u.ApplicationID != "app" {
			d.Fatalf("the account is %+v", u)
		}
		d.view(func(tx *store.Tx) error {
			roles, err := tx.RolesOfUser(u.ID)
			if len(roles) != 1 || roles[0].ID != roleID {
				d.Errorf("roles %v, want the default one", roles)
			}
			return err
		})
		late := d.begin(guestlist.EventRegister)
		d.refused(late, signin.SetUsername{Username: "newcomer"}, "user.username_already_in_use")
	})
}

func missing(err error) []string {
	var e *guestlist.Error
	if !errors.As(err, &e) {
		return nil
	}
	data, _ := e.Data.(map[string]any)
	list, _ := data["missingProfile"].([]string)
	return list
}

// TestAbandonedNamesAreFree: what is staged in one interaction takes nothing
// from another; the first to finish has it.
func TestAbandonedNamesAreFree(t *testing.T) {
	eachDoor(t, func(d *door) {
		uids := []string{d.begin(guestlist.EventRegister), d.begin(guestlist.EventRegister)}
		for _, uid := range uids {
			d.ok(uid, signin.SetUsername{Username: "newcomer"}, signin.SetPassword{Password: goodPassword}, signin.Identify{})
		}
		d.ok(uids[1], signin.Finish{})
		d.refused(uids[0], signin.Finish{}, "user.username_already_in_use")
	})
}

// TestSignInGuards: the refusals of identification.
func TestSignInGuards(t *testing.T) {
	d := liteDoor(t)
	d.person(guestlist.User{Username: text("alice"), PrimaryEmail: text("alice@example.com")}, goodPassword)
	d.person(guestlist.User{Username: text("bob")}, goodPassword)
	d.person(guestlist.User{Username: text("gone"), IsSuspended: true}, goodPassword)
	alice := signin.VerifyPassword{Identifier: username("alice"), Password: goodPassword}
	bob := signin.VerifyPassword{Identifier: username("bob"), Password: goodPassword}

	uid := d.begin("")
	d.refused(uid, signin.Finish{}, "session.interaction_not_found")
	d.refused("nosuch", signin.Finish{}, "session.not_found")
	d.refused(uid, signin.SetEvent{Event: "Nope"}, "guard.invalid_input")
	d.ok(uid, signin.SetEvent{Event: guestlist.EventSignIn})
	d.refused(uid, signin.Identify{}, "guard.invalid_input")
	d.refused(uid, signin.Identify{VerificationID: "x"}, "session.verification_session_not_found")
	d.refused(uid, signin.SetUsername{Username: "abc"}, "session.identifier_not_found")
	d.refused(uid, signin.SetNewPassword{Password: goodPassword}, "session.invalid_interaction_type")
	d.refused(uid, signin.ChangeEvent{Event: guestlist.EventForgotPassword}, "session.not_supported_for_forgot_password")
	d.refused(uid, signin.VerifyPassword{Identifier: username("gone"), Password: goodPassword}, "user.suspended")
	d.ok(uid, alice, signin.Identify{Latest: true}, signin.Identify{Latest: true}, bob)
	d.refused(uid, signin.Identify{Latest: true}, "session.identity_conflict")
	d.refused(uid, signin.SetPassword{Password: "Another-Pass-77"}, "user.password_exists_in_profile")
	d.refused(uid, signin.SetUsername{Username: "other"}, "user.username_exists_in_profile")

	// Logto makes a second, empty user here.
	d.ok(uid, signin.ChangeEvent{Event: guestlist.EventRegister})
	before := d.users()
	d.refused(uid, signin.Identify{}, "session.identity_conflict")
	d.refused(uid, signin.Finish{}, "session.identifier_not_found")
	if d.users() != before {
		t.Error("a second user was made")
	}

	reset := d.begin(guestlist.EventForgotPassword)
	d.ok(reset, alice)
	if err := d.refusal(reset, signin.Identify{Latest: true}, "session.not_supported_for_forgot_password"); guestlist.KindOf(err) != guestlist.KindUnprocessable {
		t.Errorf("identification by password in a recovery: %v", err)
	}
	d.refused(reset, signin.SetUsername{Username: "abc"}, "session.not_supported_for_forgot_password")

	d.settings(func(e *guestlist.SignInExperience) { e.SignIn.Methods[0].Password = false })
	off := d.begin(guestlist.EventSignIn)
	d.ok(off, alice)
	d.refused(off, signin.Identify{Latest: true}, "user.sign_in_method_not_enabled")
}

// TestSuspendedMeanwhile: between any two steps.
func TestSuspendedMeanwhile(t *testing.T) {
	d := liteDoor(t)
	u := d.person(guestlist.User{Username: text("alice")}, goodPassword)
	suspend := func(yes bool) {
		d.update(func(tx *store.Tx) error {
			u.IsSuspended = yes
			return tx.UpdateUser(u)
		})
	}
	uid := d.begin(guestlist.EventSignIn)
	d.ok(uid, signin.VerifyPassword{Identifier: username("alice"), Password: goodPassword})
	suspend(true)
	d.refused(uid, signin.Identify{Latest: true}, "user.suspended")
	suspend(false)
	d.ok(uid, signin.Identify{Latest: true})
	suspend(true)
	d.refused(uid, signin.Finish{}, "user.suspended")
	suspend(false)
	d.ok(uid, signin.Finish{})
	suspend(true)
	if _, err := d.desk.Resume(context.Background(), uid, "", here); guestlist.CodeOf(err) != "user.suspended" {
		t.Errorf("Resume of a suspended user: %v", err)
	}
}

// TestPasswordsOfOthers: temporary ones must be changed, expired ones are
// refused, and weak digests are replaced.
func TestPasswordsOfOthers(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.person(guestlist.User{Username: text("temp"), PasswordIsTemporary: true}, goodPassword)
		uid := d.begin(guestlist.EventSignIn)
		step := d.ok(uid, signin.VerifyPassword{Identifier: username("temp"), Password: goodPassword}, signin.Identify{Latest: true})
		if step.Page != "/continue/password" {
			d.Errorf("after a temporary password comes %+v", step)
		}
		if got := missing(d.refusal(uid, signin.Finish{}, "user.missing_profile")); !slices.Equal(got, []string{"password"}) {
			d.Errorf("missing %v", got)
		}
		d.refused(uid, signin.SetPassword{Password: goodPassword}, "user.same_password")
		d.ok(uid, signin.SetPassword{Password: "Another-Pass-77"}, signin.Finish{})
		uid = d.begin(guestlist.EventSignIn)
		d.ok(uid, signin.VerifyPassword{Identifier: username("temp"), Password: "Another-Pass-77"}, signin.Identify{Latest: true}, signin.Finish{})

		old := d.person(guestlist.User{Username: text("old")}, "")
		sum := "5f4dcc3b5aa765d61d8327deb882cf99" // MD5 of "password"
		d.update(func(tx *store.Tx) error {
			return tx.SetPassword(old.ID, &guestlist.PasswordDigest{Digest: sum, Algorithm: crypt.MD5})
		})
		uid = d.begin(guestlist.EventSignIn)
		d.ok(uid, signin.VerifyPassword{Identifier: username("old"), Password: "password"})
		d.view(func(tx *store.Tx) error {
			p, err := tx.Password(old.ID)
			if p.Algorithm != crypt.Argon2id || p.Digest == sum {
				d.Errorf("the digest is still %s", p.Algorithm)
			}
			return err
		})
		d.ok(uid, signin.VerifyPassword{Identifier: username("old"), Password: "password"})

		days := 10
		d.settings(func(e *guestlist.SignInExperience) {
			yes := true
			e.PasswordExpiration = guestlist.PasswordExpiration{Enabled: &yes, ValidPeriodDays: &days}
		})
		d.clock.Advance(11 * 24 * time.Hour)
		uid = d.begin(guestlist.EventSignIn)
		d.refused(uid, signin.VerifyPassword{Identifier: username("old"), Password: "password"}, "password.expired")
		d.refused(uid, signin.VerifyPassword{Identifier: username("old"), Password: "wrong"}, "session.invalid_credentials")
	})
}

// TestFirstProofStrips (promise 7): who held an account before its address was
// proved keeps nothing of it but what an administrator gave.
func TestFirstProofStrips(t *testing.T) {
	eachDoor(t, func(d *door) {
		squatter := func(uid string) string {
			d.ok(uid, signin.Finish{})
			res, err := d.desk.Resume(context.Background(), uid, "", here)
			if err != nil {
				d.Fatal(err)
			}
			return res.NewCookie
		}
		alive := func(cookie string) bool {
			s, err := d.desk.Session(context.Background(), cookie)
			if err != nil {
				d.Fatal(err)
			}
			return s != nil
		}
		prove := func(address string) string {
			uid := d.begin(guestlist.EventSignIn)
			d.proveByCode(uid, address)
			d.ok(uid, signin.Identify{Latest: true}, signin.Finish{})
			return uid
		}
		// An administrator's temporary password reached the wrong person.
		d.person(guestlist.User{Username: text("owner"), PrimaryEmail: text("owner@example.com"), PasswordIsTemporary: true}, goodPassword)
		uid := d.begin(guestlist.EventSignIn)
		d.ok(uid, signin.VerifyPassword{Identifier: username("owner"), Password: goodPassword}, signin.Identify{Latest: true},
			signin.SetPassword{Password: "Squatters-Pass-1"})
		cookie := squatter(uid)
		prove("owner@example.com")
		if alive(cookie) {
			d.Error("a session from before the proof is alive")
		}
		uid = d.begin(guestlist.EventSignIn)
		d.refused(uid, signin.VerifyPassword{Identifier: username("owner"), Password: "Squatters-Pass-1"}, "session.invalid_credentials")
		if u := d.find(guestlist.IdentifierUsername, "owner"); u.HasPassword || u.EmailVerifiedAt == nil {
			d.Errorf("after the proof: %+v", u)
		}
		// A second proof strips nothing.
		d.ok(prove2(d, "owner@example.com"), signin.Finish{})

		// What an administrator set stays.
		d.person(guestlist.User{PrimaryEmail: text("staff@example.com")}, goodPassword)
		prove("staff@example.com")
		uid = d.begin(guestlist.EventSignIn)
		d.ok(uid, signin.VerifyPassword{Identifier: email("staff@example.com"), Password: goodPassword})
	})
}

// prove2 signs in by code and sets a password on the way, if one is missing.
func prove2(d *door, address string) string {
	d.Helper()
	uid := d.begin(guestlist.EventSignIn)
	d.proveByCode(uid, address)
	d.ok(uid, signin.Identify{Latest: true})
	d.ok(uid, signin.SetPassword{Password: "Owners-Pass-99"})
	return uid
}

// TestSessionReplacement: the same user's session goes on under a new cookie,
// another user's is ended with what it allowed.
func TestSessionReplacement(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.person(guestlist.User{Username: text("alice")}, goodPassword)
		d.person(guestlist.User{Username: text("bob")}, goodPassword)
		enter := func(name, cookie string) signin.Resumed {
			d.Helper()
			uid := d.begin(guestlist.EventSignIn)
			if _, err := d.desk.Resume(context.Background(), uid, cookie, here); guestlist.CodeOf(err) != "oidc.interaction_required" {
				d.Fatalf("Resume before the end: %v", err)
			}
			d.ok(uid, signin.VerifyPassword{Identifier: username(name), Password: goodPassword}, signin.Identify{Latest: true}, signin.Finish{})
			res, err := d.desk.Resume(context.Background(), uid, cookie, here)
			if err != nil {
				d.Fatal(err)
			}
			return res
		}
		first := enter("alice", "")
		d.clock.Advance(time.Minute)
		again := enter("alice", first.NewCookie)
		if again.Session.ID != first.Session.ID || again.NewCookie == first.NewCookie || again.Ended != nil {
			d.Errorf("the same user again: %+v", again)
		}
		if s, _ := d.desk.Session(context.Background(), first.NewCookie); s != nil {
			d.Error("the cookie from before the sign-in still opens the session")
		}
		other := enter("bob", again.NewCookie)
		if other.Ended == nil || other.Ended.ID != first.Session.ID || other.Session.ID == first.Session.ID {
			d.Errorf("another user: %+v", other)
		}
		if s, _ := d.desk.Session(context.Background(), again.NewCookie); s != nil {
			d.Error("the replaced session is alive")
		}
		d.clock.Advance(guestlist.DefaultSessionTTLSeconds * time.Second)
		if s, _ := d.desk.Session(context.Background(), other.NewCookie); s != nil {
			d.Error("a lapsed session is alive")
		}
	})
}

// TestNothingSecretIsStored: the interaction's row and the audit log hold
// nothing that was typed, and no token.
func TestNothingSecretIsStored(t *testing.T) {
	d := liteDoor(t)
	token := d.token(invited)
	uid := d.begin(guestlist.EventSignIn)
	d.ok(uid, signin.VerifyOneTimeToken{Email: invited, Token: token}, signin.ChangeEvent{Event: guestlist.EventRegister}, signin.SetPassword{Password: goodPassword})
	d.refused(uid, signin.VerifyOneTimeToken{Email: invited, Token: "Unknown" + token}, "one_time_token.token_not_found")
	i, err := d.desk.Load(context.Background(), uid)
	if err != nil {
		t.Fatal(err)
	}
	if string(i.ID) == uid || strings.Contains(string(i.ID), uid) {
		t.Error("the row's id gives the uid away")
	}
	d.view(func(tx *store.Tx) error {
		logs, _, err := tx.Logs(store.LogFilter{}, store.Page{Limit: 100}, 0)
		for _, l := range logs {
			for _, secret := range []string{uid, token, goodPassword} {
				if strings.Contains(string(l.Payload), secret) {
					t.Errorf("log %s holds a secret: %s", l.Key, l.Payload)
				}
			}
		}
		if len(logs) < 5 {
			t.Errorf("%d log lines, want one per step", len(logs))
		}
		return err
	})
	public, err := json.Marshal(i.Public())
	if err != nil || strings.Contains(string(public), "argon") || strings.Contains(string(public), token) {
		t.Errorf("the public view is %s, %v", public, err)
	}
}

// TestNoAccountWithoutAWayBack: whatever the settings ask, an account has a
// name and something to come in with.
func TestNoAccountWithoutAWayBack(t *testing.T) {
	d := liteDoor(t)
	uid := d.begin(guestlist.EventRegister)
	d.refused(uid, signin.Identify{}, "user.missing_profile")
	d.ok(uid, signin.SetUsername{Username: "newcomer"})
	if got := missing(d.refusal(uid, signin.Identify{}, "user.missing_profile")); !slices.Equal(got, []string{"password"}) {
		t.Errorf("missing %v, want a password", got)
	}
	d.ok(uid, signin.SetPassword{Password: goodPassword}, signin.Identify{}, signin.Finish{})

	uid = d.begin(guestlist.EventRegister)
	d.ok(uid, signin.SetPassword{Password: goodPassword})
	d.refused(uid, signin.Identify{}, "session.identifier_not_found")
}
