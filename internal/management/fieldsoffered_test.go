package management

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/store"
)

func textField(name string) map[string]any {
	return map[string]any{"name": name, "type": "Text", "required": false}
}

func TestProfileFieldsAreAskedInTheOrderThatWasChosen(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for _, name := range []string{"one", "two", "three"} {
			f.must(201, "POST", "/api/custom-profile-fields", textField(name))
		}
		shown := func() string {
			t.Helper()
			var public struct{ CustomProfileFields, CustomProfileFieldCatalog guestlist.ProfileFields }
			f.ask("/api/.well-known/sign-in-exp", http.Header{}).decode(t, &public)
			names := func(fields guestlist.ProfileFields) string {
				var list []string
				for _, field := range fields {
					list = append(list, field.Name)
				}
				return strings.Join(list, " ")
			}
			return names(public.CustomProfileFields) + " of " + names(public.CustomProfileFieldCatalog)
		}
		for _, tt := range []struct {
			chosen any
			want   string
		}{
			{nil, "one two three of one two three"},
			{[]string{}, " of one two three"},
			{[]string{"three", "nope", "one", "three"}, "three one of one two three"},
		} {
			chosen := tt.chosen
			if names, ok := chosen.([]string); ok {
				list := []map[string]any{}
				for _, name := range names {
					list = append(list, map[string]any{"name": name})
				}
				chosen = list
			}
			f.must(200, "PATCH", "/api/sign-in-exp", map[string]any{"signUpProfileFields": chosen})
			if got := shown(); got != tt.want {
				t.Errorf("%v: %q, want %q", tt.chosen, got, tt.want)
			}
		}
		f.must(204, "DELETE", "/api/custom-profile-fields/three", nil)
		f.must(200, "POST", "/api/custom-profile-fields/properties/sie-order", map[string]any{
			"order": []map[string]any{{"name": "two", "sieOrder": 0}},
		})
		if got, want := shown(), "one of two one"; got != want {
			t.Errorf("after a deletion and an order: %q, want %q", got, want)
		}
		var exp guestlist.SignInExperience
		f.must(200, "GET", "/api/sign-in-exp", nil).decode(t, &exp)
		if diff := cmp.Diff(&[]guestlist.ProfileFieldName{{Name: "one"}}, exp.SignUpProfileFields); diff != "" {
			t.Errorf("the record (-want +got):\n%s", diff)
		}
	})
}

func TestProfileFieldsEndSomewhere(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		batch := []map[string]any{}
		for _, none := range []string{"before there is one", "when there is no room"} {
			if none == "when there is no room" {
				for i := range guestlist.MaxProfileFields {
					batch = append(batch, textField(fmt.Sprint("f", i)))
				}
				f.must(201, "POST", "/api/custom-profile-fields/batch", batch)
			}
			if a := f.must(201, "POST", "/api/custom-profile-fields/batch", []any{}); strings.TrimSpace(string(a.body)) != "[]" {
				t.Errorf("no fields %s: %s", none, a.body)
			}
		}
		f.refused(400, "guard.invalid_input", "POST", "/api/custom-profile-fields/batch", append(batch[:len(batch):len(batch)], textField("more")))
		f.refused(422, "custom_profile_fields.too_many", "POST", "/api/custom-profile-fields", textField("more"))
		f.must(204, "DELETE", "/api/custom-profile-fields/f1", nil)
		f.must(201, "POST", "/api/custom-profile-fields", textField("more"))
	})
}

func TestCaptchaIsAskedOnlyWhileSomebodyJudgesIt(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		on := map[string]any{"captchaPolicy": map[string]any{"enabled": true}}
		shown := func() map[string]any {
			t.Helper()
			var public struct{ CaptchaConfig map[string]any }
			a := f.ask("/api/.well-known/sign-in-exp", http.Header{})
			a.decode(t, &public)
			if strings.Contains(string(a.body), "s3cret") {
				t.Errorf("the secret is public: %s", a.body)
			}
			return public.CaptchaConfig
		}
		f.refused(400, "request.invalid_input", "PATCH", "/api/sign-in-exp", on)
		f.must(200, "PUT", "/api/captcha-provider", map[string]any{"config": map[string]any{
			"type": "RecaptchaEnterprise", "siteKey": "site", "secretKey": "s3cret", "projectId": "p", "mode": "checkbox",
		}})
		if got := shown(); got != nil {
			t.Errorf("while it is off: %v", got)
		}
		f.must(200, "PATCH", "/api/sign-in-exp", on)
		want := map[string]any{"type": "RecaptchaEnterprise", "siteKey": "site", "projectId": "p", "mode": "checkbox"}
		if diff := cmp.Diff(want, shown()); diff != "" {
			t.Errorf("while it is on (-want +got):\n%s", diff)
		}
		f.must(204, "DELETE", "/api/captcha-provider", nil)
		if got := shown(); got != nil {
			t.Errorf("without a provider: %v", got)
		}
		if err := f.st.View(t.Context(), func(tx *store.Tx) error {
			exp, err := tx.SignInExperience()
			if isTrue(exp.CaptchaPolicy.Enabled) {
				t.Error("a captcha is still asked")
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	})
}
