package signin_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// enter signs a user in by password and returns the session.
func (d *door) enter(name string) (cookie string, s guestlist.Session) {
	d.Helper()
	uid := d.begin(guestlist.EventSignIn)
	d.ok(uid, signin.VerifyPassword{Identifier: username(name), Password: goodPassword}, signin.Identify{Latest: true}, signin.Finish{})
	res, err := d.desk.Resume(context.Background(), uid, "", here)
	if err != nil {
		d.Fatal(err)
	}
	return res.NewCookie, res.Session
}

func (d *door) beginConsent(r guestlist.AuthRequest, token string, s *guestlist.Session) string {
	d.Helper()
	uid, err := d.desk.Begin(context.Background(), signin.Start{Request: r, OneTimeToken: token, Prompt: signin.PromptConsent, Session: s})
	if err != nil {
		d.Fatal(err)
	}
	return uid
}

func (d *door) consent(uid, cookie string, decision signin.Decision) signin.ConsentStep {
	d.Helper()
	step, err := d.desk.Consent(context.Background(), uid, cookie, decision, here)
	if err != nil {
		d.Fatalf("Consent: %v", err)
	}
	return step
}

// TestConsentGuard: a link is never ignored because a session exists.
func TestConsentGuard(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.person(guestlist.User{Username: text("alice"), PrimaryEmail: text("Alice@example.com")}, goodPassword)
		d.person(guestlist.User{Username: text("bare")}, goodPassword)
		alice, session := d.enter("alice")
		bare, _ := d.enter("bare")
		token := d.token("alice@example.com")
		request := func(hint string, prompts ...string) guestlist.AuthRequest {
			return guestlist.AuthRequest{ClientID: "app", LoginHint: hint, Prompts: prompts, Scopes: []string{"openid"}}
		}
		own := "one-time-token?login_hint=alice%40example.com&one_time_token=" + token
		for _, c := range []struct {
			name, cookie, want string
			r                  guestlist.AuthRequest
		}{
			{"own link", alice, own, request("alice@example.com")},
			{"own link without a hint", alice, own, request("")},
			{"another's link", bare, "switch-account?login_hint=alice%40example.com&one_time_token=" + token, request("alice@example.com")},
			{"another's link without a hint", bare, "switch-account?login_hint=alice%40example.com&one_time_token=" + token, request("")},
			{"another's link with prompt=login", bare, own, request("alice@example.com", "login")},
		} {
			if got := d.consent(d.beginConsent(c.r, token, nil), c.cookie, signin.Ask).Redirect; got != c.want {
				d.Errorf("%s: to %q, want %q", c.name, got, c.want)
			}
		}
		if got := d.consent(d.beginConsent(request("alice@example.com"), "unknown", nil), alice, signin.Ask); guestlist.CodeOf(got.TokenError) != "one_time_token.token_not_found" {
			d.Errorf("an unknown token: %+v", got)
		}
		// The same interaction goes on with the link, and comes back without it.
		uid := d.beginConsent(request("alice@example.com"), token, &session)
		d.ok(uid, signin.SetEvent{Event: guestlist.EventSignIn}, signin.VerifyOneTimeToken{Email: "alice@example.com", Token: token},
			signin.Identify{Latest: true}, signin.Finish{})
		res, err := d.desk.Resume(context.Background(), uid, alice, here)
		if err != nil || res.OneTimeToken != "" {
			d.Fatalf("Resume: %+v, %v", res, err)
		}
		replay := d.beginConsent(request("alice@example.com"), token, nil)
		if got := d.consent(replay, res.NewCookie, signin.Ask); !strings.HasSuffix(got.Redirect, "/oidc/auth/"+replay) {
			d.Errorf("a consumed link of the signed-in user: %+v", got)
		}
		if _, err := d.desk.Consent(context.Background(), uid, "", signin.Ask, here); guestlist.CodeOf(err) != "session.not_found" {
			d.Errorf("consent without a session: %v", err)
		}
	})
}

// TestFirstPartyConsent: granted silently, once, and extended later.
func TestFirstPartyConsent(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.person(guestlist.User{Username: text("alice")}, goodPassword)
		cookie, session := d.enter("alice")
		give := func(scopes ...string) guestlist.Grant {
			d.Helper()
			uid := d.beginConsent(guestlist.AuthRequest{ClientID: "app", Scopes: scopes}, "", &session)
			step := d.consent(uid, cookie, signin.Ask)
			if step.Redirect != "https://id.example/oidc/auth/"+uid {
				d.Fatalf("consent: %+v", step)
			}
			if again := d.consent(uid, cookie, signin.Ask); again.Redirect != step.Redirect {
				d.Errorf("looking again: %+v", again)
			}
			res, err := d.desk.Resume(context.Background(), uid, cookie, here)
			if err != nil || res.GrantID == "" || res.NewCookie != "" {
				d.Fatalf("Resume: %+v, %v", res, err)
			}
			var g guestlist.Grant
			d.update(func(tx *store.Tx) error {
				g, err = tx.Grant(res.GrantID)
				if err != nil {
					return err
				}
				return tx.PutSessionApplication(session.ID, guestlist.SessionApplication{ApplicationID: "app", GrantID: g.ID, SID: "s"})
			})
			return g
		}
		first := give("openid", "profile", "nonsense")
		if !slices.Equal(first.Scopes, []string{"openid", "profile"}) {
			d.Errorf("granted %v", first.Scopes)
		}
		second := give("openid", "email", "offline_access")
		if second.ID != first.ID || len(second.Scopes) != 4 {
			d.Errorf("extended to %+v", second)
		}
	})
}

// TestThirdPartyConsent: asked, and only for what it may have.
func TestThirdPartyConsent(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.person(guestlist.User{Username: text("alice")}, goodPassword)
		cookie, session := d.enter("alice")
		d.update(func(tx *store.Tx) error {
			if err := tx.InsertApplication(guestlist.Application{ID: "partner", Name: "Partner", Type: guestlist.ApplicationTraditional, IsThirdParty: true, CreatedAt: tx.Now}); err != nil {
				return err
			}
			return tx.AddApplicationConsent("partner", []string{"profile"}, nil)
		})
		begin := func() string {
			return d.beginConsent(guestlist.AuthRequest{ClientID: "partner", Scopes: []string{"openid", "profile", "email"}}, "", &session)
		}
		uid := begin()
		page := d.consent(uid, cookie, signin.Ask).Page
		if page == nil || page.Application.Name != "Partner" || !slices.Equal(page.Scopes, []string{"profile"}) {
			d.Fatalf("the page shows %+v", page)
		}
		if _, err := d.desk.Resume(context.Background(), uid, cookie, here); guestlist.CodeOf(err) != "oidc.interaction_required" {
			d.Errorf("Resume before the decision: %v", err)
		}
		d.consent(uid, cookie, signin.Deny)
		if res, err := d.desk.Resume(context.Background(), uid, cookie, here); err != nil || !res.Denied || res.GrantID != "" {
			d.Errorf("after refusal: %+v, %v", res, err)
		}
		uid = begin()
		d.consent(uid, cookie, signin.Allow)
		res, err := d.desk.Resume(context.Background(), uid, cookie, here)
		if err != nil {
			d.Fatal(err)
		}
		d.view(func(tx *store.Tx) error {
			g, err := tx.Grant(res.GrantID)
			if !slices.Equal(g.Scopes, []string{"openid", "profile"}) {
				d.Errorf("granted %v", g.Scopes)
			}
			return err
		})
	})
}

// TestConsentIsNoSignIn: who has a session does not get around a sign-in that
// the application asked for (prompt=login, max_age) by consenting instead.
func TestConsentIsNoSignIn(t *testing.T) {
	d := liteDoor(t)
	d.person(guestlist.User{Username: text("alice")}, goodPassword)
	cookie, session := d.enter("alice")
	ctx := context.Background()
	uid, err := d.desk.Begin(ctx, signin.Start{
		Request: guestlist.AuthRequest{ClientID: "app", Prompts: []string{"login"}, Scopes: []string{"openid"}},
		Prompt:  signin.PromptLogin, Session: &session,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, decision := range []signin.Decision{signin.Ask, signin.Allow, signin.Deny} {
		if step, err := d.desk.Consent(ctx, uid, cookie, decision, here); guestlist.CodeOf(err) != "session.not_found" {
			t.Errorf("Consent %q: %+v, %v", decision, step, err)
		}
	}
	if page, err := d.desk.ConsentData(ctx, uid, cookie); guestlist.CodeOf(err) != "session.not_found" {
		t.Errorf("ConsentData: %+v, %v", page, err)
	}
	if _, err := d.desk.Resume(ctx, uid, cookie, here); !errors.Is(err, signin.ErrUnfinished) {
		t.Errorf("Resume: %v, want that it is unfinished", err)
	}
}

// TestConsentDataChangesNothing: looking neither grants nor finishes, and says
// what consent would give until it is given.
func TestConsentDataChangesNothing(t *testing.T) {
	eachDoor(t, func(d *door) {
		d.person(guestlist.User{Username: text("alice")}, goodPassword)
		cookie, session := d.enter("alice")
		ctx := context.Background()
		uid := d.beginConsent(guestlist.AuthRequest{ClientID: "app", RedirectURI: "https://app.example/cb", Scopes: []string{"openid", "email"}}, "", &session)
		for range 2 {
			page, err := d.desk.ConsentData(ctx, uid, cookie)
			if err != nil || !slices.Equal(page.Scopes, []string{"email"}) || page.RedirectURI != "https://app.example/cb" {
				d.Fatalf("ConsentData: %+v, %v", page, err)
			}
		}
		if _, err := d.desk.ConsentData(ctx, uid, ""); guestlist.CodeOf(err) != "session.not_found" {
			d.Errorf("without a session: %v", err)
		}
		d.consent(uid, cookie, signin.Allow)
		if _, err := d.desk.ConsentData(ctx, uid, cookie); guestlist.CodeOf(err) != "session.not_found" {
			d.Errorf("after the decision: %v", err)
		}
	})
}
