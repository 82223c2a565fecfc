package management

import (
	"context"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/signin"
)

func TestDraftsAreSeenByTheirKeyAlone(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		key := strings.Repeat("k", 40)
		before := f.must(200, "GET", "/api/sign-in-exp", nil).body
		var kept keptDraft
		f.must(201, "POST", "/api/sign-in-exp/drafts", map[string]any{
			"key": key, "signInExperience": map[string]any{"signInMode": "SignIn", "hideLogtoBranding": true},
			"customPhrases": map[string]any{"de": map[string]any{"pages": map[string]any{"sign_in": map[string]any{"title": "Herein"}}}},
		}).decode(t, &kept)
		if !signin.IsDraft(kept.Handle) || kept.ExpiresAt < guestlist.TimeOf(start) {
			t.Fatalf("kept %+v", kept)
		}
		d, err := f.api.Desk.Draft(context.Background(), kept.Handle, key)
		if err != nil || d.Experience.SignInMode != guestlist.ModeSignIn || d.Wording["de"] == nil {
			t.Fatalf("%+v, %v", d, err)
		}
		for _, other := range []string{"", strings.Repeat("x", 40)} {
			if _, err := f.api.Desk.Draft(context.Background(), kept.Handle, other); guestlist.KindOf(err) != guestlist.KindNotFound {
				t.Errorf("with the key %q: %v", other, err)
			}
		}
		if after := f.must(200, "GET", "/api/sign-in-exp", nil).body; string(after) != string(before) {
			t.Error("a draft changed the settings in force")
		}
	})
}

func TestDraftsAreFewAndShort(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		key := strings.Repeat("k", 40)
		var first, last keptDraft
		for i := range 25 {
			to := &last
			if i == 0 {
				to = &first
			}
			f.must(201, "POST", "/api/sign-in-exp/drafts", map[string]any{"key": key}).decode(t, to)
		}
		if _, err := f.api.Desk.Draft(context.Background(), first.Handle, key); guestlist.KindOf(err) != guestlist.KindNotFound {
			t.Errorf("the oldest is there still: %v", err)
		}
		if _, err := f.api.Desk.Draft(context.Background(), last.Handle, key); err != nil {
			t.Errorf("the latest: %v", err)
		}
		if ttl := last.ExpiresAt.Sub(guestlist.TimeOf(start)); ttl > signin.DraftTTL+time.Minute {
			t.Errorf("kept for %v", ttl)
		}
	})
}

func TestDraftsAreJudgedAsIfTheyWereSaved(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		key := strings.Repeat("k", 40)
		for name, tt := range map[string]struct {
			code string
			body map[string]any
		}{
			"short key":        {"guard.invalid_input", map[string]any{"key": "short"}},
			"bad colour":       {"guard.invalid_input", map[string]any{"key": key, "signInExperience": map[string]any{"color": map[string]any{"primaryColor": "red", "isDarkModeEnabled": true, "darkPrimaryColor": "#000000"}}}},
			"no connector":     {"sign_in_experiences.enabled_connector_not_found", map[string]any{"key": key, "signInExperience": map[string]any{"signUp": signUp(false, true, "email")}}},
			"unknown phrase":   {"localization.invalid_translation_structure", map[string]any{"key": key, "customPhrases": map[string]any{"de": map[string]any{"nope": "x"}}}},
			"unknown language": {"guard.invalid_input", map[string]any{"key": key, "customPhrases": map[string]any{"../x": map[string]any{}}}},
		} {
			a := f.call("POST", "/api/sign-in-exp/drafts", tt.body)
			if a.code() != tt.code {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
	})
}

func TestTheSignatureCanBeHidden(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var exp guestlist.SignInExperience
		f.must(200, "PATCH", "/api/sign-in-exp", map[string]any{"hideLogtoBranding": true}).decode(t, &exp)
		if !exp.HideLogtoBranding {
			t.Error("it is shown still")
		}
	})
}
