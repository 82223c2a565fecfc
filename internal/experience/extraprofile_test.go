package experience_test

import (
	"encoding/json"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web/webtest"
)

// ask sets custom profile fields up.
func (h *house) ask(fields ...guestlist.ProfileField) {
	h.t.Helper()
	h.update(func(tx *store.Tx) error {
		for i, f := range fields {
			f.ID, f.SIEOrder, f.CreatedAt = guestlist.ProfileFieldID(f.Name), i, tx.Now
			if err := tx.InsertProfileField(f); err != nil {
				return err
			}
		}
		return nil
	})
}

// someFields has a field of every type.
func someFields() []guestlist.ProfileField {
	two, forty := 2, 40
	one, five := 1.0, 5.0
	why := "As it stands on your invoices."
	part := func(name string, required bool) guestlist.ProfilePart {
		return guestlist.ProfilePart{Name: name, Type: guestlist.ProfileText, Enabled: true, Required: required}
	}
	return []guestlist.ProfileField{
		{Name: "fullname", Type: guestlist.ProfileFullname, Config: guestlist.ProfileFieldConfig{
			Parts: []guestlist.ProfilePart{part("givenName", true), part("familyName", false), {Name: "middleName", Type: guestlist.ProfileText}},
		}},
		{
			Name: "company", Type: guestlist.ProfileText, Label: "Company", Description: &why, Required: true,
			Config: guestlist.ProfileFieldConfig{MinLength: &two, MaxLength: &forty, Placeholder: "Northwind Ltd"},
		},
		{
			Name: "guests", Type: guestlist.ProfileNumber, Label: "How many of you are there?", Required: true,
			Config: guestlist.ProfileFieldConfig{MinValue: &one, MaxValue: &five},
		},
		{
			Name: "size", Type: guestlist.ProfileSelect, Label: "Size",
			Config: guestlist.ProfileFieldConfig{Options: []guestlist.ProfileOption{{Value: "s", Label: "Small"}, {Value: "large"}}},
		},
		{Name: "birthdate", Type: guestlist.ProfileDate, Config: guestlist.ProfileFieldConfig{Format: "MM/dd/yyyy"}},
		{Name: "website", Type: guestlist.ProfileURL},
		{Name: "ticket", Type: guestlist.ProfileRegex, Label: "Ticket", Config: guestlist.ProfileFieldConfig{Format: "^[A-Z]{2}[0-9]+$"}},
		{
			Name: "address", Type: guestlist.ProfileAddressF,
			Config: guestlist.ProfileFieldConfig{Parts: []guestlist.ProfilePart{part("locality", false), part("country", false)}},
		},
		{Name: "news", Type: guestlist.ProfileCheckbox, Label: "Tell me what is new", Config: guestlist.ProfileFieldConfig{DefaultValue: "true"}},
	}
}

// toDetails registers an address up to the page of the custom fields.
func (h *house) toDetails(b *webtest.Browser, address string) *webtest.Answer {
	h.t.Helper()
	a := b.Submit(h.open(b, "/register", nil), "form.form", form{"identifier": address})
	a = b.Submit(a, "form.form", form{"code": h.code(address)})
	return b.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password})
}

func TestNewGuestsAnswerTheHostsQuestions(t *testing.T) {
	eachHouse(t, nil, func(t *testing.T, h *house) {
		h.ask(someFields()...)
		b := h.browser()
		a := h.toDetails(b, grace)
		at(t, a, 200, "extra-profile")
		if !strings.HasPrefix(a.URL.Path, "/continue/extra-profile") {
			t.Errorf("the page is at %s", a.URL)
		}
		for name, kind := range map[string]string{
			"givenName": "text", "company": "text", "guests": "number", "birthdate": "date", "website": "url", "ticket": "text",
			"address.locality": "text", "news": "checkbox",
		} {
			if got := a.One("[name=profile." + name + "]").Attr("type"); got != kind {
				t.Errorf("%s is an input of type %q, want %q", name, got, kind)
			}
		}
		if options := a.One("select[name=profile.size]").All("option"); len(options) != 3 || options[1].Text() != "Small" || options[2].Text() != "large" {
			t.Errorf("size: %s", a.One("select[name=profile.size]").HTML())
		}
		if len(a.All("fieldset")) != 2 || a.Has("[name=profile.middleName]") || !a.One("[name=profile.news]").HasAttr("checked") {
			t.Errorf("the form: %s", a.One("form.form").HTML())
		}
		if a.One("[name=profile.company]").HasAttr("required") != true || a.One("[name=profile.website]").HasAttr("required") {
			t.Error("what must be filled in is not marked")
		}

		wrong := b.Submit(a, "form.form", form{
			"profile.company": "x", "profile.guests": "9", "profile.birthdate": "2001-02-30", "profile.website": "javascript:alert(1)",
			"profile.ticket": "nope", "profile.address.locality": "Oslo", "profile.size": "huge",
		})
		at(t, wrong, 422, "extra-profile")
		for name, says := range map[string]string{
			"givenName": "Fill this in", "company": "at least 2", "guests": "largest possible number is 5", "birthdate": "real date",
			"website": "whole web address", "ticket": "form that is asked", "size": "Choose one",
		} {
			if got := wrong.One("[id=f-profile." + name + "-error]").Text(); !strings.Contains(got, says) {
				t.Errorf("%s: %q, want %q in it", name, got, says)
			}
			if field := wrong.One("[name=profile." + name + "]"); field.Attr("aria-invalid") != "true" {
				t.Errorf("%s is not marked as wrong", name)
			}
		}
		if got := wrong.One("[name=profile.address.locality]").Attr("value"); got != "Oslo" || wrong.Has("[id=f-profile.address.locality-error]") {
			t.Errorf("what was right is gone or marked: %q", got)
		}

		in(t, b.Submit(wrong, "form.form", form{
			"profile.givenName": "Grace", "profile.company": "ACME", "profile.guests": "3", "profile.birthdate": "1906-12-09",
			"profile.website": "https://grace.example", "profile.ticket": "AB12", "profile.size": "s", "profile.address.country": "Norway",
		}), grace)
		u := h.account(grace)
		want := guestlist.Profile{
			GivenName: "Grace", Birthdate: "1906-12-09", Website: "https://grace.example",
			Address: &guestlist.ProfileAddress{Locality: "Oslo", Country: "Norway"},
		}
		if u.Profile.Address == nil || *u.Profile.Address != *want.Address {
			t.Errorf("address = %+v", u.Profile.Address)
		}
		u.Profile.Address, want.Address = nil, nil
		if u.Profile != want {
			t.Errorf("profile = %+v, want %+v", u.Profile, want)
		}
		var custom map[string]any
		if err := json.Unmarshal(u.CustomData, &custom); err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]any{"company": "ACME", "guests": 3.0, "ticket": "AB12", "size": "s", "news": true} {
			if custom[name] != value {
				t.Errorf("custom data: %s = %v, want %v", name, custom[name], value)
			}
		}
	})
}

func (h *house) account(address string) (u guestlist.User) {
	h.t.Helper()
	h.must(h.st.View(h.t.Context(), func(tx *store.Tx) (err error) {
		u, err = tx.UserByIdentifier(guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: address})
		return err
	}))
	return u
}

// The page is for those who register and are asked something.
func TestThePageOfDetailsHasItsTurn(t *testing.T) {
	h := newHouse(t, nil)
	b := h.browser()
	h.open(b, "/sign-in", nil)
	at(t, b.Get(h.srv.URL+"/continue/extra-profile"), 200, "register")
	h.ask(someFields()...)
	at(t, b.Get(h.srv.URL+"/continue/extra-profile"), 200, "register")
	at(t, b.Post(h.srv.URL+"/continue/extra-profile", nil), 200, "register")
	at(t, b.Get(h.srv.URL+"/continue/extraProfile"), 404, "error")
	if a := h.browser().Get(h.srv.URL + "/continue/extra-profile"); a.Has("form.form") {
		t.Error("somebody without an interaction is asked")
	}
	at(t, h.browser().Get(h.srv.URL+"/continue/extra-profile?preview=true"), 200, "extra-profile")

	h.user(ada, password)
	b = h.browser()
	a := b.Submit(h.open(b, "/sign-in", nil), "form.form", form{"identifier": ada})
	in(t, b.Submit(a, "form.form", form{"password": password}), ada)
}

func TestAQuestionWithMarkupInItIsText(t *testing.T) {
	h := newHouse(t, nil)
	why := "<img src=x onerror=alert(1)>"
	h.ask(guestlist.ProfileField{
		Name: "company", Type: guestlist.ProfileSelect, Label: `"><script>alert(1)</script>`, Description: &why,
		Config: guestlist.ProfileFieldConfig{Options: []guestlist.ProfileOption{{Value: `"><b>`, Label: "</select><script>"}}},
	})
	a := h.toDetails(h.browser(), grace)
	at(t, a, 200, "extra-profile")
	if len(a.All("script")) != 1 || a.Has("b") || len(a.All("img")) != 0 {
		t.Errorf("markup came through: %s", a.One("form.form").HTML())
	}
}
