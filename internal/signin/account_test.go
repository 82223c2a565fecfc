package signin_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// sit gives somebody a session and returns its cookie.
func (d *door) sit(u guestlist.User) string {
	d.Helper()
	cookie := crypt.Opaque()
	d.update(func(tx *store.Tx) error {
		return tx.InsertSession(guestlist.Session{
			ID: guestlist.SessionID(crypt.ID()), UserID: u.ID, SignedInAt: tx.Now, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(240 * time.Hour),
		}, cookie)
	})
	return cookie
}

// changes makes a change and returns the code of its refusal.
func (d *door) changes(cookie string, c signin.AccountChange) string {
	d.Helper()
	_, err := d.desk.ChangeAccount(context.Background(), cookie, c, here)
	if err != nil && guestlist.CodeOf(err) == "" {
		d.Fatalf("%T: %v", c, err)
	}
	return guestlist.CodeOf(err)
}

func (d *door) wants(cookie string, c signin.AccountChange, code string) {
	d.Helper()
	if got := d.changes(cookie, c); got != code {
		d.Fatalf("%T%+v: %q, want %q", c, c, got, code)
	}
}

// lines returns the keys of the audit log about somebody, those of refusals
// with an exclamation mark.
func (d *door) lines(u guestlist.User) []string {
	d.Helper()
	var keys []string
	d.view(func(tx *store.Tx) error {
		list, _, err := tx.Logs(store.LogFilter{UserID: u.ID}, store.Page{Limit: 100}, 0)
		for _, l := range list {
			var p struct {
				Result string `json:"result"`
			}
			if err := json.Unmarshal(l.Payload, &p); err != nil {
				return err
			}
			key := l.Key
			if p.Result != "Success" {
				key += "!"
			}
			keys = append(keys, key)
		}
		return err
	})
	return keys
}

func TestAChangeLeavesItsTraceOrNothing(t *testing.T) {
	eachDoor(t, func(d *door) {
		u := d.person(guestlist.User{PrimaryEmail: text("ada@example.com")}, goodPassword)
		cookie := d.sit(u)
		d.events()
		d.wants(cookie, signin.ChangeProfile{Values: map[string]any{"name": "Ada"}}, "")
		if got := d.events(); len(got) != 1 || got[0] != guestlist.EventUserDataUpdated {
			d.Errorf("events: %v", got)
		}
		d.wants(cookie, signin.ChangeProfile{Values: map[string]any{"name": "Ada", "isAdmin": "true"}}, "custom_profile_fields.invalid_value")
		d.wants(cookie, signin.ChangeProfile{Values: map[string]any{"avatar": "javascript:x"}}, "custom_profile_fields.invalid_value")
		d.wants(crypt.Opaque(), signin.ChangeProfile{}, "session.not_found")
		d.wants("", signin.SignOutOthers{}, "session.not_found")
		if got := d.events(); len(got) != 0 {
			d.Errorf("events of refusals: %v", got)
		}
		if got := strings.Join(d.lines(u), " "); strings.Count(got, "Account.Profile.Update!") != 2 || strings.Count(got, "Account.Profile.Update") != 3 {
			d.Errorf("log: %s", got)
		}
	})
}

func TestWhatDecidesWhoGetsInNeedsAProof(t *testing.T) {
	eachDoor(t, func(d *door) {
		u := d.person(guestlist.User{PrimaryEmail: text("ada@example.com")}, goodPassword)
		cookie := d.sit(u)
		d.clock.Advance(signin.ProofTTL)
		guarded := []signin.AccountChange{
			signin.SendAddressCode{Identifier: email("new@example.com")}, signin.UnlinkIdentity{Target: "github"},
			signin.ChangePassword{Password: "Another-9-long-one"}, // last: it changes the cookie
		}
		for _, c := range guarded {
			d.wants(cookie, c, "user.proof_required")
		}
		if _, err := d.desk.BeginLink(context.Background(), cookie, guestlist.AuthRequest{}); !errors.Is(err, signin.ErrProofRequired) {
			d.Errorf("BeginLink: %v", err)
		}
		d.wants(cookie, signin.ProvePassword{Password: "wrong"}, "session.invalid_credentials")
		d.wants(cookie, signin.ProvePassword{Password: goodPassword}, "")
		d.wants(d.sitLongAgo(u), guarded[0], "user.proof_required")
		for _, c := range guarded {
			d.wants(cookie, c, "")
		}
	})
}

// sitLongAgo gives somebody a session of yesterday.
func (d *door) sitLongAgo(u guestlist.User) string {
	d.Helper()
	cookie := crypt.Opaque()
	d.update(func(tx *store.Tx) error {
		return tx.InsertSession(guestlist.Session{
			ID: guestlist.SessionID(crypt.ID()), UserID: u.ID, SignedInAt: tx.Now.Add(-24 * time.Hour), CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(time.Hour),
		}, cookie)
	})
	return cookie
}

// An address that somebody else wrote into the account proves nothing.
func TestACodeProvesOnlyByAnAddressThatWasProved(t *testing.T) {
	d := liteDoor(t)
	u := d.person(guestlist.User{PrimaryEmail: text("ada@example.com")}, "")
	cookie := d.sitLongAgo(u)
	d.wants(cookie, signin.SendProof{Type: guestlist.IdentifierEmail}, "guard.invalid_input")
	d.wants(cookie, signin.SendProof{Type: guestlist.IdentifierUsername}, "guard.invalid_input")
	d.update(func(tx *store.Tx) error {
		u.EmailVerifiedAt = &tx.Now
		return tx.UpdateUser(u)
	})
	d.wants(cookie, signin.SendProof{Type: guestlist.IdentifierEmail}, "")
	code := d.delivered("ada@example.com")
	d.wants(d.sitLongAgo(u), signin.ProveCode{Type: guestlist.IdentifierEmail, Code: code}, "verification_code.not_found")
	d.wants(cookie, signin.ProveCode{Type: guestlist.IdentifierEmail, Code: "x"}, "verification_code.code_mismatch")
	d.wants(cookie, signin.ProveCode{Type: guestlist.IdentifierEmail, Code: code}, "")
	d.wants(cookie, signin.ProveCode{Type: guestlist.IdentifierEmail, Code: code}, "verification_code.not_found")
	d.wants(cookie, signin.ChangePassword{Password: goodPassword}, "")
}

// A code for one thing serves for nothing else, and a code that was asked for
// in one session for none in another.
func TestCodesOfAccountsServeForOneThing(t *testing.T) {
	d := liteDoor(t)
	now := guestlist.TimeOf(d.clock.Now())
	u := d.person(guestlist.User{PrimaryEmail: text("ada@example.com"), EmailVerifiedAt: &now}, goodPassword)
	cookie, other := d.sit(u), d.sit(u)
	d.wants(cookie, signin.SendAddressCode{Identifier: email("new@example.com")}, "")
	code := d.delivered("new@example.com")
	d.wants(other, signin.VerifyAddress{Identifier: email("new@example.com"), Code: code}, "verification_code.not_found")
	d.wants(cookie, signin.VerifyAddress{Identifier: email("third@example.com"), Code: code}, "verification_code.not_found")
	d.wants(cookie, signin.VerifyAddress{Identifier: email("NEW@example.com"), Code: code}, "")
	if d.find(guestlist.IdentifierEmail, "ada@example.com") != nil {
		t.Error("the old address is still there")
	}
	d.wants(cookie, signin.SendAddressCode{Identifier: email("new@EXAMPLE.com")}, "guard.invalid_input")
	d.wants(cookie, signin.SendAddressCode{Identifier: phone("12")}, "guard.invalid_input")
	d.wants(cookie, signin.SendAddressCode{Identifier: username("x")}, "guard.invalid_input")
}

func TestAnAddressIsGivenToOneOfTwo(t *testing.T) {
	eachDoor(t, func(d *door) {
		const wanted = "wanted@example.com"
		var cookies, codes []string
		for _, name := range []string{"a", "b"} {
			cookie := d.sit(d.person(guestlist.User{Username: text("user_" + name)}, goodPassword))
			d.wants(cookie, signin.SendAddressCode{Identifier: email(wanted)}, "")
			cookies, codes = append(cookies, cookie), append(codes, d.delivered(wanted))
		}
		var wg sync.WaitGroup
		results := make([]error, len(cookies))
		for i := range cookies {
			wg.Go(func() {
				_, results[i] = d.desk.ChangeAccount(context.Background(), cookies[i], signin.VerifyAddress{Identifier: email(wanted), Code: codes[i]}, here)
			})
		}
		wg.Wait()
		won := 0
		for _, err := range results {
			if err == nil {
				won++
			} else if guestlist.CodeOf(err) != "user.email_already_in_use" {
				d.Errorf("the other one: %v", err)
			}
		}
		if won != 1 {
			d.Errorf("%d won", won)
		}
	})
}

func TestUsernamesOfAccounts(t *testing.T) {
	d := liteDoor(t)
	u := d.person(guestlist.User{Username: text("ada")}, goodPassword)
	d.person(guestlist.User{Username: text("grace")}, "")
	cookie := d.sit(u)
	rename := func(name string) signin.ChangeProfile { return signin.ChangeProfile{Username: &name} }
	d.wants(cookie, rename("grace"), "user.username_already_in_use")
	d.wants(cookie, rename("no spaces"), "guard.invalid_input")
	d.wants(cookie, rename(""), "guard.invalid_input")
	d.wants(cookie, rename("Ada"), "")
	for d.changes(cookie, rename("grace")) == "user.username_already_in_use" {
		continue
	}
	d.wants(cookie, rename("grace"), "request.message_rate_limited")
	d.settings(func(e *guestlist.SignInExperience) {
		e.SignIn.Methods = []guestlist.SignInMethod{{Identifier: guestlist.IdentifierEmail, Password: true}}
	})
	d.wants(cookie, rename("other"), "user.sign_in_method_not_enabled")
}

func TestANewPasswordEndsWhatTheOldOneLetIn(t *testing.T) {
	eachDoor(t, func(d *door) {
		u := d.person(guestlist.User{PrimaryEmail: text("ada@example.com")}, goodPassword)
		cookie, other := d.sit(u), d.sit(u)
		grant := func(id string, session guestlist.SessionID) guestlist.GrantID {
			d.update(func(tx *store.Tx) error {
				return tx.InsertGrant(guestlist.Grant{
					ID: guestlist.GrantID(id), UserID: u.ID, ApplicationID: "app", SessionID: session, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(time.Hour),
				})
			})
			return guestlist.GrantID(id)
		}
		mine, err := d.desk.Session(context.Background(), cookie)
		if err != nil || mine == nil {
			d.Fatal(err)
		}
		kept, stray := grant("kept", mine.ID), grant("stray", "a session that is over")
		d.update(func(tx *store.Tx) error {
			return tx.PutSessionApplication(mine.ID, guestlist.SessionApplication{ApplicationID: "app", GrantID: kept, SID: "sid"})
		})
		step, err := d.desk.ChangeAccount(context.Background(), cookie, signin.ChangePassword{Password: "Another-9-long-one"}, here)
		if err != nil || step.NewCookie == "" {
			d.Fatal(err)
		}
		for name, c := range map[string]string{"the old cookie": cookie, "the other session": other} {
			if s, err := d.desk.Session(context.Background(), c); err != nil || s != nil {
				d.Errorf("%s is live: %v", name, err)
			}
		}
		if s, err := d.desk.Session(context.Background(), step.NewCookie); err != nil || s == nil || s.ID != mine.ID {
			d.Errorf("the new cookie: %v %v", s, err)
		}
		d.view(func(tx *store.Tx) error {
			if _, err := tx.Grant(kept); err != nil {
				d.Errorf("what was allowed in this session: %v", err)
			}
			if _, err := tx.Grant(stray); !errors.Is(err, store.ErrNotFound) {
				d.Errorf("what was allowed elsewhere: %v", err)
			}
			return nil
		})
		third := d.sit(u)
		if _, err := d.desk.ChangeAccount(context.Background(), step.NewCookie, signin.ChangePassword{Password: "Yet-another-9", KeepOthers: true}, here); err != nil {
			d.Fatal(err)
		}
		if s, err := d.desk.Session(context.Background(), third); err != nil || s == nil {
			d.Errorf("the session that was to be kept: %v", err)
		}
	})
}
