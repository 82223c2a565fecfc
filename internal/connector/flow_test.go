package connector

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/connector/connectortest"
)

const callback = "https://guestlist.example/callback/abc"

var (
	testClient = connectortest.Client{ID: "client-1", Secret: "s3cret with spaces & signs", Redirects: []string{callback}}
	grace      = connectortest.Person{ID: "grace", Name: "Grace Hopper", Email: "grace@example.com", EmailVerified: true, Avatar: "https://cdn.example/grace.png"}
)

// upstream starts a provider of no brand and returns a Set that reaches it.
func upstream(t *testing.T) (*connectortest.Upstream, *Set) {
	t.Helper()
	u := connectortest.New("", testClient, grace)
	srv := httptest.NewServer(u)
	t.Cleanup(srv.Close)
	u.Issuer = srv.URL
	return u, &Set{Client: &http.Client{Transport: srv.Client().Transport, Timeout: 5 * time.Second}, Endpoint: "https://guestlist.example"}
}

func discovered(s *Set, u *connectortest.Upstream) Provider {
	return s.newOIDC(oidcOptions{Issuer: u.Issuer, ClientID: testClient.ID, ClientSecret: testClient.Secret, Scope: "profile email"})
}

// visitTo lets a person sign in at a provider and returns who that is.
func visitTo(t *testing.T, p Provider, answer func(location string) (url.Values, error)) (guestlist.OutsideIdentity, error) {
	t.Helper()
	location, pending, err := p.Begin(t.Context(), Attempt{State: "state-1", RedirectURI: callback})
	if err != nil {
		return guestlist.OutsideIdentity{}, err
	}
	brought, err := answer(location)
	if err != nil {
		t.Fatalf("the provider refuses the request %s: %v", location, err)
	}
	return p.Finish(t.Context(), pending, brought)
}

func as(u *connectortest.Upstream, person string) func(string) (url.Values, error) {
	return func(location string) (url.Values, error) { return u.Answer(location, person) }
}

// wantCode fails unless err has a code and a cause, and is no failure of ours.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if got := guestlist.CodeOf(err); got != code {
		t.Fatalf("error is %v, want code %s", err, code)
	}
	if guestlist.KindOf(err) == guestlist.KindInternal {
		t.Errorf("%v counts as a failure of ours", err)
	}
	var e *guestlist.Error
	if errors.As(err, &e) && e.Err == nil {
		t.Errorf("%v has no reason for the audit", err)
	}
}

func TestAGuestComesBackAsWhoTheProviderSays(t *testing.T) {
	u, s := upstream(t)
	who, err := visitTo(t, discovered(s, u), as(u, "grace"))
	if err != nil {
		t.Fatal(err)
	}
	raw := who.Raw
	who.Raw = nil
	want := guestlist.OutsideIdentity{
		Issuer: u.Issuer, Subject: "grace", Email: "grace@example.com", EmailVerified: true, Name: "Grace Hopper", Avatar: "https://cdn.example/grace.png",
	}
	if a, b := mustJSON(t, who), mustJSON(t, want); a != b {
		t.Errorf("identity is %s, want %s", a, b)
	}
	for _, secret := range []string{"nonce", "at_hash"} {
		if strings.Contains(string(raw), `"`+secret+`"`) {
			t.Errorf("the raw data hold %s: %s", secret, raw)
		}
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEveryFaultOfAProviderEndsInItsCode(t *testing.T) {
	for _, f := range connectortest.AllFaults() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			u, s := upstream(t)
			s.Client.Timeout = time.Minute // a busy machine is no fault of the provider
			if strings.HasSuffix(f.Name, "slow") {
				s.Client.Timeout = 50 * time.Millisecond
			}
			u.Change(f.Provoke)
			who, err := visitTo(t, discovered(s, u), as(u, "grace"))
			wantCode(t, err, f.Code)
			if who.Subject != "" {
				t.Errorf("somebody came in: %+v", who)
			}
			if strings.Contains(err.Error(), testClient.Secret) {
				t.Errorf("the error tells the client secret: %v", err)
			}
		})
	}
}

func TestAGuestWhoRefusesIsToldSo(t *testing.T) {
	u, s := upstream(t)
	_, err := visitTo(t, discovered(s, u), u.Refuse)
	wantCode(t, err, "connector.authorization_failed")
}

func TestACodeIsGoodOnce(t *testing.T) {
	u, s := upstream(t)
	p := discovered(s, u)
	location, pending, err := p.Begin(t.Context(), Attempt{State: "s", RedirectURI: callback})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := u.Answer(location, "grace")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Finish(t.Context(), pending, answer); err != nil {
		t.Fatal(err)
	}
	_, err = p.Finish(t.Context(), pending, answer)
	wantCode(t, err, "connector.social_auth_code_invalid")
}

func TestAnAnswerToOneAttemptDoesNotFinishAnother(t *testing.T) {
	u, s := upstream(t)
	p := discovered(s, u)
	begin := func(state string) (string, Pending) {
		location, pending, err := p.Begin(t.Context(), Attempt{State: state, RedirectURI: callback})
		if err != nil {
			t.Fatal(err)
		}
		return location, pending
	}
	stolen, _ := begin("thief")
	_, victim := begin("victim")
	answer, err := u.Answer(stolen, "grace")
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Finish(t.Context(), victim, answer)
	wantCode(t, err, "connector.invalid_request_parameters")

	// Even with the state set right, the code is bound to the verifier of the
	// other attempt (RFC 7636), and the ID token to its nonce.
	answer.Set("state", "victim")
	_, err = p.Finish(t.Context(), victim, answer)
	wantCode(t, err, "connector.social_auth_code_invalid")
}

func TestAnEmptyStateIsNeverRight(t *testing.T) {
	u, s := upstream(t)
	p := discovered(s, u)
	location, pending, err := p.Begin(t.Context(), Attempt{RedirectURI: callback})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := u.Answer(location, "grace")
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Finish(t.Context(), pending, answer)
	wantCode(t, err, "connector.invalid_request_parameters")
}

func TestANewKeyIsFetchedAndUnknownOnesAreNotAskedForAllDay(t *testing.T) {
	u, s := upstream(t)
	clock := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	s.Now = func() time.Time { return clock }
	u.Now = s.Now
	p := discovered(s, u)
	signIn := func() error {
		_, err := visitTo(t, p, as(u, "grace"))
		return err
	}
	if err := signIn(); err != nil {
		t.Fatal(err)
	}
	u.RotateKeys(true)
	if err := signIn(); err != nil {
		t.Fatalf("after a rotation: %v", err)
	}
	if n := u.Asked("/jwks"); n != 2 {
		t.Fatalf("keys were fetched %d times, want 2", n)
	}
	u.RotateKeys(true)
	for range 5 {
		wantCode(t, signIn(), "connector.social_invalid_id_token")
	}
	if n := u.Asked("/jwks"); n != 2 {
		t.Errorf("keys were fetched %d times within %v, want 2", n, refetchPause)
	}
	clock = clock.Add(refetchPause)
	if err := signIn(); err != nil {
		t.Errorf("after the pause: %v", err)
	}
	if n := u.Asked("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("metadata were fetched %d times, want 1", n)
	}
}

func TestClocksMayDifferALittle(t *testing.T) {
	for _, tt := range []struct {
		by time.Duration
		ok bool
	}{{50 * time.Second, true}, {-50 * time.Second, true}, {2 * time.Minute, false}, {-tokenLifeOfFakes - 30*time.Second, true}, {-tokenLifeOfFakes - 2*time.Minute, false}} {
		u, s := upstream(t)
		now := time.Now()
		s.Now = func() time.Time { return now }
		u.Now = func() time.Time { return now.Add(tt.by) }
		_, err := visitTo(t, discovered(s, u), as(u, "grace"))
		if (err == nil) != tt.ok {
			t.Errorf("clock of the provider %v off: %v", tt.by, err)
		}
	}
}

const tokenLifeOfFakes = time.Hour

func TestClaimsThatTheTokenLacksComeFromUserInfo(t *testing.T) {
	u, s := upstream(t)
	u.Change(func(u *connectortest.Upstream) {
		u.Faults.Claims = func(c map[string]any) {
			for _, name := range []string{"email", "name", "picture"} {
				delete(c, name)
			}
			c["email_verified"] = true // of an address that the token does not name
		}
		u.Faults.UserInfo = func(c map[string]any) { c["email_verified"] = false }
	})
	who, err := visitTo(t, discovered(s, u), as(u, "grace"))
	if err != nil {
		t.Fatal(err)
	}
	if who.Email != "grace@example.com" || who.EmailVerified || who.Name != "Grace Hopper" {
		t.Errorf("identity is %+v", who)
	}
}

func TestUserInfoOfAnotherPersonIsRefused(t *testing.T) {
	u, s := upstream(t)
	u.Change(func(u *connectortest.Upstream) {
		u.Faults.Claims = func(c map[string]any) { delete(c, "email") }
		u.Faults.UserInfo = func(c map[string]any) { c["sub"] = "ada" }
	})
	_, err := visitTo(t, discovered(s, u), as(u, "grace"))
	wantCode(t, err, "connector.invalid_response")
}

func TestAddressesAreBelievedAsTheSettingsSay(t *testing.T) {
	for _, tt := range []struct {
		claim any
		trust bool
		want  bool
	}{{true, false, true}, {false, false, false}, {"true", false, false}, {nil, false, false}, {false, true, true}, {1, false, false}} {
		u, s := upstream(t)
		u.Change(func(u *connectortest.Upstream) {
			u.Faults.Claims = func(c map[string]any) { c["email_verified"] = tt.claim }
		})
		p := s.newOIDC(oidcOptions{Issuer: u.Issuer, ClientID: testClient.ID, ClientSecret: testClient.Secret, TrustUnverifiedEmail: tt.trust})
		who, err := visitTo(t, p, as(u, "grace"))
		if err != nil {
			t.Fatal(err)
		}
		if who.EmailVerified != tt.want {
			t.Errorf("email_verified %v, trusting %v: verified is %v", tt.claim, tt.trust, who.EmailVerified)
		}
	}
}

func TestAGuestWhoLeavesDoesNotCutTheRequestShortForOthers(t *testing.T) {
	u, s := upstream(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	u.Change(func(u *connectortest.Upstream) {
		u.Faults.Before = func(_ http.ResponseWriter, r *http.Request) bool {
			if strings.Contains(r.URL.Path, "well-known") {
				close(arrived)
				<-release
			}
			return false
		}
	})
	p := discovered(s, u)
	leaving, leave := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, _, err := p.Begin(leaving, Attempt{State: "s", RedirectURI: callback})
		gone <- err
	}()
	<-arrived
	stayed := make(chan error)
	go func() {
		_, _, err := p.Begin(t.Context(), Attempt{State: "s", RedirectURI: callback})
		stayed <- err
	}()
	leave()
	wantCode(t, <-gone, "connector.general")
	close(release)
	if err := <-stayed; err != nil {
		t.Errorf("who stayed got %v", err)
	}
	if n := u.Asked("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("metadata were fetched %d times, want 1", n)
	}
}
