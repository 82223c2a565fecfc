package management

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

func method(identifier string, password, code bool) map[string]any {
	return map[string]any{"identifier": identifier, "password": password, "verificationCode": code, "isPasswordPrimary": password}
}

func methods(list ...map[string]any) map[string]any { return map[string]any{"methods": list} }

func signUp(password, verify bool, identifiers ...string) map[string]any {
	return map[string]any{"identifiers": identifiers, "password": password, "verify": verify}
}

// TestRulesThatNeedSenders covers what the goldens, which have no connector,
// cannot.
func TestRulesThatNeedSenders(t *testing.T) {
	const prefix = "sign_in_experiences."
	tests := []struct {
		name   string
		before map[string]any
		change map[string]any
		want   string // code, or "" for accepted
	}{
		{"e-mail code", nil, map[string]any{"signIn": methods(method("email", true, true))}, ""},
		{"phone code has no sender", nil, map[string]any{"signIn": methods(method("phone", true, true))}, prefix + "enabled_connector_not_found"},
		{"phone by password needs none", nil, map[string]any{"signIn": methods(method("phone", true, false))}, ""},
		{"sign-up by e-mail", nil, map[string]any{"signUp": signUp(false, true, "email")}, ""},
		{"sign-up by phone has no sender", nil, map[string]any{"signUp": signUp(false, true, "phone")}, prefix + "enabled_connector_not_found"},
		{"sign-up by code, sign-in by password", nil, map[string]any{
			"signUp": signUp(false, true, "email"), "signIn": methods(method("email", true, false)),
		}, prefix + "code_sign_in_must_be_enabled"},
		{"sign-up by code earlier, sign-in by password now", map[string]any{"signUp": signUp(false, true, "email")}, map[string]any{
			"signIn": methods(method("email", true, false)),
		}, prefix + "code_sign_in_must_be_enabled"},
		{"sign-up with password, sign-in by code", nil, map[string]any{
			"signUp": signUp(true, true, "email"), "signIn": methods(method("email", false, true)),
		}, ""},
		{"second identifier not verified", nil, map[string]any{"signUp": map[string]any{
			"identifiers": []string{"username"}, "password": true, "verify": true,
			"secondaryIdentifiers": []any{map[string]any{"identifier": "email", "verify": false}},
		}}, prefix + "passwordless_requires_verify"},
		{"either address, and one of them again", nil, map[string]any{"signUp": map[string]any{
			"identifiers": []string{"email"}, "password": true, "verify": true,
			"secondaryIdentifiers": []any{map[string]any{"identifier": "emailOrPhone", "verify": true}},
		}}, prefix + "duplicated_sign_up_identifiers"},
		{"codes as first and second factor", nil, map[string]any{
			"signIn": methods(method("email", true, true)),
			"mfa":    map[string]any{"factors": []string{"EmailVerificationCode"}, "policy": "UserControlled"},
		}, prefix + "email_verification_code_cannot_be_used_for_sign_in"},
		{"codes as second factor, first one earlier", map[string]any{"signIn": methods(method("email", true, true))}, map[string]any{
			"mfa": map[string]any{"factors": []string{"EmailVerificationCode"}, "policy": "UserControlled"},
		}, prefix + "email_verification_code_cannot_be_used_for_mfa"},
		{"resetting by e-mail", nil, map[string]any{"forgotPasswordMethods": []string{"EmailVerificationCode"}}, ""},
		{"resetting by SMS has no sender", nil, map[string]any{"forgotPasswordMethods": []string{"PhoneVerificationCode"}}, prefix + "forgot_password_method_requires_connector"},
		{"resetting by whatever there is", nil, map[string]any{"forgotPasswordMethods": nil}, ""},
	}
	each(t, func(t *testing.T, f *fixture) {
		f.must(200, "POST", "/api/connectors", httpEmail("https://mail.test/"))
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				f := &fixture{t: t, api: f.api, st: f.st, srv: f.srv, good: f.good}
				if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
					return tx.PutSignInExperience(guestlist.DefaultSignInExperience())
				}); err != nil {
					t.Fatal(err)
				}
				if tt.before != nil {
					f.must(200, "PATCH", "/api/sign-in-exp", tt.before)
				}
				before := f.must(200, "GET", "/api/sign-in-exp", nil)
				if tt.want == "" {
					f.must(200, "PATCH", "/api/sign-in-exp", tt.change)
					return
				}
				f.refused(400, tt.want, "PATCH", "/api/sign-in-exp", tt.change)
				if diff := cmp.Diff(string(before.body), string(f.must(200, "GET", "/api/sign-in-exp", nil).body)); diff != "" {
					t.Errorf("a refused change left something behind:\n%s", diff)
				}
			})
		}
	})
}

func TestPasswordExpiryCountsFromItsFirstDay(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		expiry := func(body map[string]any) guestlist.PasswordExpiration {
			var exp guestlist.SignInExperience
			f.must(200, "PATCH", "/api/sign-in-exp", map[string]any{"passwordExpiration": body}).decode(t, &exp)
			return exp.PasswordExpiration
		}
		on := expiry(map[string]any{"enabled": true, "validPeriodDays": 90, "enabledAt": 1})
		if on.EnabledAt == nil || *on.EnabledAt < guestlist.TimeOf(start) {
			t.Fatalf("switched on at %v", on.EnabledAt)
		}
		longer := expiry(map[string]any{"enabled": true, "validPeriodDays": 120})
		if *longer.EnabledAt != *on.EnabledAt || *longer.ValidPeriodDays != 120 {
			t.Errorf("changed to %+v, want the same beginning", longer)
		}
		if same := expiry(map[string]any{}); *same.ValidPeriodDays != 120 {
			t.Errorf("nothing changed it to %+v", same)
		}
		if off := expiry(map[string]any{"enabled": false}); off.EnabledAt != nil || off.ValidPeriodDays != nil {
			t.Errorf("switched off: %+v", off)
		}
	})
}

func TestUsernamesThatDifferByCaseKeepItsImportance(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var ids []string
		for _, name := range []string{"ada", "Ada", "grace"} {
			id := crypt.ShortID()
			ids = append(ids, id)
			if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
				return tx.InsertUser(guestlist.User{ID: guestlist.UserID(id), Username: &name, CreatedAt: tx.Now, UpdatedAt: tx.Now}, nil)
			}); err != nil {
				t.Fatal(err)
			}
		}
		policy := map[string]any{"usernamePolicy": map[string]any{
			"caseSensitive": false, "minLength": 1, "maxLength": 128,
			"allowedChars": map[string]any{"lowercase": true, "uppercase": true, "numbers": true, "underscore": true},
		}}
		a := f.call("PATCH", "/api/sign-in-exp", policy)
		var refusal struct {
			Code string
			Data usernameConflicts
		}
		a.decode(t, &refusal)
		want := usernameConflicts{TotalConflicts: 1, Samples: []store.UsernameConflict{
			{UsernameLower: "ada", UserIDs: []guestlist.UserID{guestlist.UserID(ids[0]), guestlist.UserID(ids[1])}},
		}}
		if diff := cmp.Diff(want, refusal.Data); a.status != 409 || diff != "" {
			t.Errorf("%d %s (-want +got):\n%s", a.status, refusal.Code, diff)
		}
		if err := f.st.Update(context.Background(), func(tx *store.Tx) error { return tx.DeleteUser(guestlist.UserID(ids[1])) }); err != nil {
			t.Fatal(err)
		}
		f.must(200, "PATCH", "/api/sign-in-exp", policy)
	})
}

func TestPasswordsAreHeldAgainstTheirOwner(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		name := "grace_hopper"
		id := guestlist.UserID(crypt.ShortID())
		if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
			return tx.InsertUser(guestlist.User{ID: id, Username: &name, CreatedAt: tx.Now, UpdatedAt: tx.Now}, nil)
		}); err != nil {
			t.Fatal(err)
		}
		const path = "/api/sign-in-exp/default/check-password"
		f.must(200, "POST", path, map[string]any{"password": "Str0ng-Pass-w", "userId": id})
		var verdict passwordVerdict
		f.must(400, "POST", path, map[string]any{"password": "grace_hopper1", "userId": id}).decode(t, &verdict)
		want := passwordVerdict{Issues: []guestlist.PasswordIssue{{Code: guestlist.IssueUserInfo}}}
		if diff := cmp.Diff(want, verdict); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
