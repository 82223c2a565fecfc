package signin_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

func jsonOf(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The records of outside providers look as on the wire, and show nothing of
// the attempt.
func TestOutsideRecordsAsOnTheWire(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		uid := o.begin(guestlist.EventSignIn)
		record := o.attempt(uid, github)
		public := func() string { return jsonOf(o, o.loaded(uid).Public()["verificationRecords"]) }
		if got, want := public(), `[{"connectorId":"github","id":"`+record+`","type":"Social"}]`; got != want {
			o.Errorf("under way: %s", cmp.Diff(want, got))
		}
		o.ok(uid, answer(github, record, o.github.knows(sue("sue@example.com"))))
		want := `[{"connectorId":"github","id":"` + record + `","socialUserInfo":{"avatar":"https://img.example/sue.png",` +
			`"email":"sue@example.com","id":"sue-1","name":"Social Sue","rawData":{"login":"sue"}},"type":"Social"}]`
		if got := public(); got != want {
			o.Errorf("verified: %s", cmp.Diff(want, got))
		}
		if captcha := jsonOf(o, o.loaded(uid).Public()["captcha"]); captcha != `{"skipped":true,"verified":false}` {
			o.Errorf("captcha %s", captcha)
		}
		second := o.prove(uid, corp, worker("new@corp.example"))
		want = `{"connectorId":"corp","enterpriseSsoUserInfo":{"email":"new@corp.example","id":"w-1","name":"Corp New"},` +
			`"id":"` + second + `","issuer":"https://idp.corp.example","type":"EnterpriseSso"}]`
		if got := public(); !strings.HasSuffix(got, want) {
			o.Errorf("enterprise: %s", got)
		}
		if all := jsonOf(o, o.loaded(uid).Public()); strings.Contains(all, "secret") {
			o.Errorf("a secret of the attempt is shown: %s", all)
		}
	})
}

// An attempt is refused before anybody is asked, with the codes of the wire.
func TestAttemptsThatAreRefused(t *testing.T) {
	o := liteOutside(t)
	begin := func(way guestlist.Way, id guestlist.ConnectorID, state, uri string) signin.BeginOutside {
		return signin.BeginOutside{Way: way, ConnectorID: id, State: state, RedirectURI: uri}
	}
	social, sso := guestlist.WaySocial, guestlist.WaySSO
	uid := o.begin(guestlist.EventSignIn)
	for _, c := range []struct {
		action signin.Action
		code   string
	}{
		{begin(social, "nosuch", "s", back), "entity.not_found"},
		{begin(social, sender, "s", back), "connector.unexpected_type"},
		{begin(social, corp, "s", back), "entity.not_found"},
		{begin(sso, github, "s", back), "entity.not_exists_with_id"},
		{begin(sso, "halfway", "s", back), "connector.invalid_config"},
		{begin(social, github, "", back), "session.insufficient_info"},
		{begin(social, github, "s", ""), "session.insufficient_info"},
		{begin("other", github, "s", back), "guard.invalid_input"},
		{begin(social, github, strings.Repeat("s", 1025), back), "guard.invalid_input"},
		{begin(social, github, "\xff", back), "guard.invalid_input"},
		{begin(social, github, "s", "javascript:alert(1)"), "guard.invalid_input"},
		{begin(social, github, "s", "https://u@id.example/x"), "guard.invalid_input"},
		{begin(social, github, "s", "/callback/x"), "guard.invalid_input"},
		{begin(social, github, "s", "https://id.example/x#y"), "guard.invalid_input"},
		{begin(sso, samlCo, "s", "https://elsewhere.example/x"), "guard.invalid_input"},
		{begin(sso, samlCo, "s", "https://id.example.evil.example/x"), "guard.invalid_input"},
		{begin(sso, samlCo, "s", "http://id.example/x"), "guard.invalid_input"},
	} {
		o.refused(uid, c.action, c.code)
	}
	o.settings(func(e *guestlist.SignInExperience) {
		e.SocialSignInConnectorTargets, e.SingleSignOnEnabled = []string{}, false
	})
	o.refused(uid, begin(social, github, "s", back), "user.sign_in_method_not_enabled")
	o.refused(uid, begin(sso, corp, "s", back), "user.sign_in_method_not_enabled")
	if n := len(o.loaded(uid).Records); n != 0 {
		o.Errorf("%d records were left", n)
	}
}

// An answer belongs to one attempt, of one interaction, and is used once.
func TestAnswerBelongsToItsAttempt(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		uid := o.begin(guestlist.EventSignIn)
		first := o.attempt(uid, github)
		record := o.attempt(uid, github) // takes the place of the first
		code := o.github.knows(sue(""))
		o.refused(uid, answer(github, first, code), "session.verification_session_not_found")
		o.refused(uid, answer(github, "", code), "session.verification_session_not_found")
		o.refused(uid, answer(google, record, code), "session.verification_session_not_found")
		o.refused(uid, answer("nosuch", record, code), "entity.not_exists_with_id")
		o.refused(uid, signin.VerifyOutside{Way: guestlist.WaySocial, ConnectorID: "nosuch", VerificationID: record}, "session.invalid_connector_id")
		o.refused(o.begin(guestlist.EventSignIn), answer(github, record, code), "session.verification_session_not_found")

		planted := answer(github, record, code)
		planted.Answer.Set("state", "other")
		o.refused(uid, planted, "session.connector_validation_session_not_found")
		planted.StateChecked = true
		o.refused(uid, planted, "session.connector_validation_session_not_found")
		stateless := answer(github, record, code)
		stateless.Answer.Del("state")
		o.refused(uid, stateless, "session.connector_validation_session_not_found")
		huge := answer(github, record, code)
		huge.Answer.Set("x", strings.Repeat("x", 64<<10))
		o.refused(uid, huge, "guard.invalid_input")
		if o.github.asked != 0 {
			o.Fatal("the provider was asked about an answer to another attempt")
		}

		stateless.StateChecked = true
		o.ok(uid, stateless)
		o.refused(uid, answer(github, record, code), "session.verification_session_not_found")
		if o.github.asked != 1 {
			o.Errorf("the provider was asked %d times", o.github.asked)
		}
	})
}

// An answer that the provider refuses spends the attempt as well; nothing is
// believed of it, and the exact reason is in the audit log without secrets.
func TestRefusedAnswerIsSpentAndExplained(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		uid := o.begin(guestlist.EventSignIn)
		record := o.attempt(uid, github)
		o.refused(uid, answer(github, record, "wrong"), "connector.social_auth_code_invalid")
		o.refused(uid, answer(github, record, o.github.knows(sue(""))), "session.verification_session_not_found")
		o.refused(uid, signin.Identify{VerificationID: record}, "session.verification_failed")
		o.github.fails = errors.New("dial tcp: connection refused")
		o.refused(uid, signin.BeginOutside{Way: guestlist.WaySocial, ConnectorID: github, State: "s", RedirectURI: back}, "connector.general")
		var payloads string
		o.view(func(tx *store.Tx) error {
			list, _, err := tx.Logs(store.LogFilter{}, store.Page{Limit: 100}, 0)
			for _, l := range list {
				payloads += string(l.Payload) + "\n"
			}
			return err
		})
		for _, want := range []string{"https://provider.example/token?… invalid_grant", "connection refused", "Interaction.SignIn.Verification.Social.Submit"} {
			if !strings.Contains(payloads, want) {
				o.Errorf("%q is not in the audit log:\n%s", want, payloads)
			}
		}
		if strings.Contains(payloads, "hush") {
			o.Error("a secret is in the audit log")
		}
	})
}

// Of two callers with one answer one asks the provider, and one is believed.
func TestOneAnswerOneCaller(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		uid := o.begin(guestlist.EventSignIn)
		record := o.attempt(uid, github)
		a := answer(github, record, o.github.knows(sue("")))
		var wg sync.WaitGroup
		results := make([]error, 6)
		for n := range results {
			wg.Go(func() { _, results[n] = o.submit(uid, a) })
		}
		wg.Wait()
		won := 0
		for _, err := range results {
			if err == nil {
				won++
			} else if code := guestlist.CodeOf(err); code != "session.verification_session_not_found" && code != "session.interaction_changed" {
				o.Errorf("a loser got %v", err)
			}
		}
		if won != 1 || o.github.asked != 1 {
			o.Errorf("%d won, and the provider was asked %d times", won, o.github.asked)
		}
	})
}

// What happens in another tab while the provider is asked does not lose the
// answer, which cannot be had again; a later attempt does replace it.
func TestAnswerSurvivesWhatHappensMeanwhile(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		uid := o.begin(guestlist.EventSignIn)
		record := o.attempt(uid, github)
		o.github.meet = func() { o.ok(uid, signin.SendCode{Identifier: email("ada@example.com")}) }
		o.ok(uid, answer(github, record, o.github.knows(sue(""))))
		if records := o.loaded(uid).Records; len(records) != 2 || !records[1].Verified {
			o.Errorf("the records are %s", jsonOf(o, o.loaded(uid).Public()["verificationRecords"]))
		}
		record = o.attempt(uid, github)
		o.github.meet = func() { o.attempt(uid, github) }
		o.refused(uid, answer(github, record, o.github.knows(sue(""))), "session.verification_session_not_found")
		record = o.attempt(uid, github)
		o.github.meet = func() { o.ok(uid, signin.SetEvent{Event: guestlist.EventSignIn}) }
		o.refused(uid, answer(github, record, o.github.knows(sue(""))), "session.verification_session_not_found")
	})
}

// What a provider says is kept only where it fits; nobody is no person.
func TestOutsidersAreBounded(t *testing.T) {
	o := liteOutside(t)
	uid := o.begin(guestlist.EventSignIn)
	for name, id := range map[string]guestlist.OutsideIdentity{
		"no subject": {}, "long subject": {Subject: strings.Repeat("s", 256)}, "broken subject": {Subject: "\xff"},
	} {
		record := o.attempt(uid, github)
		if err := o.refusal(uid, answer(github, record, o.github.knows(id)), "connector.invalid_response"); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	record := o.prove(uid, github, guestlist.OutsideIdentity{
		Subject: "s", Email: "no address", EmailVerified: true, Phone: "+1x", PhoneVerified: true, Name: strings.Repeat("n", 129),
		Avatar: "javascript:alert(1)", Raw: guestlist.JSONObject(`"` + strings.Repeat("r", 32<<10) + `"`),
	})
	want := `[{"connectorId":"github","id":"` + record + `","socialUserInfo":{"id":"s","rawData":{}},"type":"Social"}]`
	if got := jsonOf(t, o.loaded(uid).Public()["verificationRecords"]); got != want {
		t.Error(cmp.Diff(want, got))
	}
}

// The buttons are those that the settings offer, in their order, and show no
// config.
func TestFaces(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		ctx := context.Background()
		names := func(list []signin.ConnectorFace, err error) string {
			if err != nil {
				o.Fatal(err)
			}
			if strings.Contains(jsonOf(o, list), "hush") {
				o.Error("a face shows a secret")
			}
			ids := []string{}
			for _, f := range list {
				ids = append(ids, string(f.ID))
			}
			return strings.Join(ids, " ")
		}
		check := func(what, got, want string) {
			if got != want {
				o.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		check("social", names(o.desk.SocialFaces(ctx)), "google github")
		check("all enterprise", names(o.desk.SSOFaces(ctx, "")), "corp corptwo samlco")
		check("by address", names(o.desk.SSOFaces(ctx, "A@CORP.example")), "corp")
		for _, address := range []string{"a@bücher.example", "a@BÜCHER.example", "a@xn--bcher-kva.example", "a@XN--BCHER-KVA.example"} {
			check("by "+address, names(o.desk.SSOFaces(ctx, address)), "corptwo")
		}
		check("of a subdomain", names(o.desk.SSOFaces(ctx, "a@x.corp.example")), "")
		check("incomplete", names(o.desk.SSOFaces(ctx, "a@half.example")), "")
		if f, err := o.desk.Face(ctx, corp); err != nil || f.Name.In("de") != "Corp" || f.Logo != "data:,kind" || f.Way != guestlist.WaySSO {
			o.Errorf("face %+v, %v", f, err)
		}
		o.update(func(tx *store.Tx) error {
			c, err := tx.Connector(google)
			if err != nil {
				return err
			}
			c.Config = json.RawMessage(`{}`)
			return tx.UpdateConnector(c)
		})
		check("not set up to its end", names(o.desk.SocialFaces(ctx)), "github")
		o.settings(func(e *guestlist.SignInExperience) {
			e.SocialSignInConnectorTargets, e.SingleSignOnEnabled = []string{string(github)}, false
		})
		check("fewer", names(o.desk.SocialFaces(ctx)), "github")
		check("switched off", names(o.desk.SSOFaces(ctx, "")), "")
		for _, id := range []guestlist.ConnectorID{google, corp, sender, "nosuch"} {
			if _, err := o.desk.Face(ctx, id); guestlist.CodeOf(err) != "entity.not_found" {
				o.Errorf("face of %s: %v", id, err)
			}
		}
	})
}

// A guest who goes away while the provider is asked leaves nothing half done,
// and begins anew.
func TestGuestWhoGoesAwayMeanwhile(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		uid := o.begin(guestlist.EventRegister)
		record := o.attempt(uid, github)
		ctx, gone := context.WithCancel(context.Background())
		o.github.meet = gone
		if _, err := o.desk.Submit(ctx, uid, answer(github, record, o.github.knows(sue(""))), here); err == nil {
			o.Fatal("the answer was written for somebody who is gone")
		}
		o.github.meet = nil
		o.refused(uid, signin.Identify{VerificationID: record}, "session.verification_failed")
		o.refused(uid, answer(github, record, o.github.knows(sue(""))), "session.verification_session_not_found")
		if err := o.enters(uid, github, sue(""), false); err != nil {
			o.Fatal(err)
		}
		o.signsIn(uid)
	})
}

// A whole sign-in by a provider, but for what the provider takes.
func BenchmarkOutsideSignIn(b *testing.B) {
	o := liteOutside(b)
	o.person(guestlist.User{Username: text("ada")}, "")
	o.update(func(tx *store.Tx) error {
		u, err := tx.UserByIdentifier(username("ada"))
		if err != nil {
			return err
		}
		return tx.PutIdentity(u.ID, "github", "", guestlist.Identity{UserID: "sue-1"})
	})
	for b.Loop() {
		uid := o.begin(guestlist.EventSignIn)
		if err := o.enters(uid, github, sue(""), false); err != nil {
			b.Fatal(err)
		}
		o.ok(uid, signin.Finish{})
	}
}
