package signin_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

const (
	missingProfile = "user.missing_profile"
	wrongValue     = "custom_profile_fields.invalid_value"
)

// ask sets custom profile fields up.
func (d *door) ask(fields ...guestlist.ProfileField) {
	d.Helper()
	d.update(func(tx *store.Tx) error {
		for i, f := range fields {
			f.ID, f.SIEOrder, f.CreatedAt = guestlist.ProfileFieldID(f.Name), i, tx.Now
			if err := tx.InsertProfileField(f); err != nil {
				return err
			}
		}
		return nil
	})
}

func company() guestlist.ProfileField {
	two := 2
	return guestlist.ProfileField{
		Name: "company", Type: guestlist.ProfileText, Label: "Company", Required: true,
		Config: guestlist.ProfileFieldConfig{MinLength: &two},
	}
}

func missingOf(t *testing.T, err error) []string {
	t.Helper()
	var e *guestlist.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	return e.Data.(map[string]any)["missingProfile"].([]string)
}

func TestNewPeopleAreAskedForTheCustomFieldsAfterEverythingElse(t *testing.T) {
	const address = "grace@example.com"
	eachDoor(t, func(d *door) {
		d.settings(func(e *guestlist.SignInExperience) {
			e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{"email"}, Password: true}
		})
		d.ask(company(), guestlist.ProfileField{Name: "nickname", Type: guestlist.ProfileText},
			guestlist.ProfileField{Name: "name", Type: guestlist.ProfileText},
			guestlist.ProfileField{Name: "guests", Type: guestlist.ProfileNumber})
		uid := d.begin(guestlist.EventRegister)
		d.proveByCode(uid, address)
		identify := signin.Identify{Latest: true}
		if missing := missingOf(t, d.refusal(uid, identify, missingProfile)); !slices.Equal(missing, []string{"password"}) {
			t.Errorf("missing %v, want the password first", missing)
		}
		step := d.ok(uid, signin.SetPassword{Password: goodPassword})
		if step.Page != signin.PageExtraProfile || !slices.Equal(step.Missing, []string{"extraProfile"}) {
			t.Errorf("after the password comes %s with %v missing", step.Page, step.Missing)
		}
		if missing := missingOf(t, d.refusal(uid, identify, missingProfile)); !slices.Equal(missing, []string{"extraProfile"}) {
			t.Errorf("missing %v, want the custom fields", missing)
		}
		for _, wrong := range []map[string]any{
			nil, {}, {"company": "x"}, {"company": 5}, {"company": "ACME", "nosuch": "x"}, {"company": nil}, {"company": map[string]any{}},
			{"company": "ACME", "isSuspended": false}, {"company": "ACME", "customData": map[string]any{"x": 1}}, {"company": "ACME", "guests": "many"},
		} {
			d.refused(uid, signin.SetExtraProfile{Values: wrong}, wrongValue)
		}
		d.refused(uid, signin.Finish{}, "session.identifier_not_found")
		d.ok(uid, signin.SetExtraProfile{Values: map[string]any{"company": "ACME", "nickname": "Gracie", "name": "Grace", "guests": "2"}})

		i, err := d.desk.Load(d.Context(), uid)
		if err != nil {
			t.Fatal(err)
		}
		shown, err := json.Marshal(i.Public()["profile"])
		want := `{"customData":{"company":"ACME","guests":2},"name":"Grace","primaryEmail":"grace@example.com","profile":{"nickname":"Gracie"}}`
		if err != nil || string(shown) != want {
			t.Errorf("the interaction shows %s, want %s", shown, want)
		}

		d.ok(uid, identify, signin.Finish{})
		u := d.find(guestlist.IdentifierEmail, address)
		if u == nil || u.Name == nil || *u.Name != "Grace" || u.Profile.Nickname != "Gracie" {
			t.Fatalf("the account is %+v", u)
		}
		var custom map[string]any
		if err := json.Unmarshal(u.CustomData, &custom); err != nil || custom["company"] != "ACME" || custom["guests"] != 2.0 || len(custom) != 2 {
			t.Errorf("custom data = %s, %v", u.CustomData, err)
		}
	})
}

// Fields that may all stay empty are asked once, and an empty answer does.
func TestFieldsThatMayStayEmptyAreAskedOnce(t *testing.T) {
	d := liteDoor(t)
	d.ask(guestlist.ProfileField{Name: "nickname", Type: guestlist.ProfileText})
	uid := d.begin(guestlist.EventRegister)
	step := d.ok(uid, signin.NewPasswordIdentity{Username: "zoe", Password: goodPassword})
	identify := signin.Identify{VerificationID: step.VerificationID}
	d.refused(uid, identify, missingProfile)
	d.ok(uid, signin.SetExtraProfile{}, identify, signin.Finish{})
	if u := d.find(guestlist.IdentifierUsername, "zoe"); u == nil || u.Profile.Nickname != "" {
		t.Errorf("the account is %+v", u)
	}
}

func TestSignUpProfileFieldsChooseWhatIsAsked(t *testing.T) {
	d := liteDoor(t)
	d.ask(company(), guestlist.ProfileField{Name: "nickname", Type: guestlist.ProfileText, Required: true})
	d.settings(func(e *guestlist.SignInExperience) {
		e.SignUpProfileFields = &[]guestlist.ProfileFieldName{{Name: "nickname"}}
	})
	uid := d.begin(guestlist.EventRegister)
	d.ok(uid, signin.NewPasswordIdentity{Username: "zoe", Password: goodPassword})
	d.refused(uid, signin.SetExtraProfile{Values: map[string]any{"company": "ACME"}}, wrongValue)
	d.ok(uid, signin.SetExtraProfile{Values: map[string]any{"nickname": "Z"}}, signin.Identify{Latest: true})

	d.settings(func(e *guestlist.SignInExperience) { e.SignUpProfileFields = &[]guestlist.ProfileFieldName{} })
	uid = d.begin(guestlist.EventRegister)
	d.ok(uid, signin.NewPasswordIdentity{Username: "yan", Password: goodPassword}, signin.Identify{Latest: true}, signin.Finish{})
}

// Those who have an account are not asked; they may answer once they are known,
// and what they did not answer stays.
func TestWhoHasAnAccountIsNotAsked(t *testing.T) {
	d := liteDoor(t)
	d.ask(company(), guestlist.ProfileField{Name: "address", Type: guestlist.ProfileAddressF, Config: guestlist.ProfileFieldConfig{
		Parts: []guestlist.ProfilePart{{Name: "locality", Type: guestlist.ProfileText, Enabled: true}},
	}})
	d.person(guestlist.User{
		Username: text("ada"), CustomData: json.RawMessage(`{"company":"Old","big":12345678901234567890}`),
		Profile: guestlist.Profile{Nickname: "A", Address: &guestlist.ProfileAddress{Country: "GB"}},
	}, goodPassword)
	prove := []signin.Action{signin.VerifyPassword{Identifier: username("ada"), Password: goodPassword}, signin.Identify{Latest: true}}
	d.ok(d.begin(guestlist.EventSignIn), append(prove, signin.Finish{})...)

	uid := d.begin(guestlist.EventSignIn)
	answer := signin.SetExtraProfile{Values: map[string]any{"company": "New", "address": map[string]any{"locality": "London"}}}
	d.refused(uid, answer, "session.identifier_not_found")
	d.ok(uid, append(prove, answer, signin.Finish{})...)
	u := d.find(guestlist.IdentifierUsername, "ada")
	var custom map[string]json.RawMessage
	if err := json.Unmarshal(u.CustomData, &custom); err != nil {
		t.Fatal(err)
	}
	if string(custom["company"]) != `"New"` || string(custom["big"]) != "12345678901234567890" {
		t.Errorf("custom data = %s", u.CustomData)
	}
	if u.Profile.Nickname != "A" || *u.Profile.Address != (guestlist.ProfileAddress{Locality: "London"}) {
		t.Errorf("profile = %+v %+v", u.Profile, u.Profile.Address)
	}

	uid = d.begin(guestlist.EventForgotPassword)
	d.refused(uid, answer, "session.not_supported_for_forgot_password")
}

func TestNobodyIsAskedAtAClosedDoor(t *testing.T) {
	d := liteDoor(t)
	d.ask(company())
	d.mode(guestlist.ModeSignIn)
	d.refused(d.begin(guestlist.EventRegister), signin.SetExtraProfile{Values: map[string]any{"company": "ACME"}}, "auth.forbidden")
}

// A field that is set up while somebody registers is asked before the end.
func TestAFieldThatIsNewHoldsTheEndUp(t *testing.T) {
	d := liteDoor(t)
	uid := d.begin(guestlist.EventRegister)
	d.ok(uid, signin.NewPasswordIdentity{Username: "zoe", Password: goodPassword}, signin.Identify{Latest: true})
	d.ask(company())
	if missing := missingOf(t, d.refusal(uid, signin.Finish{}, missingProfile)); !slices.Equal(missing, []string{"extraProfile"}) {
		t.Errorf("missing %v", missing)
	}
	d.ok(uid, signin.SetExtraProfile{Values: map[string]any{"company": "ACME"}}, signin.Finish{})
}
