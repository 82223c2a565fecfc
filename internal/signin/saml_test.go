package signin_test

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/crypt"
	"guestlist/internal/signin"
)

// visit is a guest at the SAML provider.
type visit struct{ uid, record, relay string }

func (o *outsiders) visits(uid string) visit {
	o.Helper()
	step := o.ok(uid, signin.BeginOutside{Way: guestlist.WaySSO, ConnectorID: samlCo, State: "st", RedirectURI: back})
	u, err := url.Parse(step.Location)
	if err != nil {
		o.Fatal(err)
	}
	return visit{uid, step.VerificationID, u.Query().Get("RelayState")}
}

// form is what the provider makes the browser post.
func (o *outsiders) form(v visit, assertion string, who guestlist.OutsideIdentity) url.Values {
	if who.Issuer == "" {
		who.Issuer = o.saml.issuer
	}
	key := crypt.ID()
	o.saml.mu.Lock()
	defer o.saml.mu.Unlock()
	o.saml.assertions[key] = connector.Assertion{
		ID: assertion, Until: guestlist.TimeOf(o.clock.Now()).Add(5 * time.Minute), Identity: who,
	}
	return url.Values{"RelayState": {v.relay}, "SAMLResponse": {key}}
}

func (o *outsiders) accept(id guestlist.ConnectorID, form url.Values) (url.Values, error) {
	o.Helper()
	location, err := o.desk.Accept(context.Background(), guestlist.WaySSO, id, form, here)
	if err != nil {
		if location != "" {
			o.Errorf("a refused answer leads to %s", location)
		}
		return nil, err
	}
	if !strings.HasPrefix(location, back+"?") {
		o.Fatalf("the answer leads to %s", location)
	}
	u, err := url.Parse(location)
	if err != nil {
		o.Fatal(err)
	}
	return u.Query(), nil
}

func (v visit) with(answer url.Values) signin.VerifyOutside {
	return signin.VerifyOutside{Way: guestlist.WaySSO, ConnectorID: samlCo, VerificationID: v.record, Answer: answer}
}

// A posted answer is fetched by its own interaction, once.
func TestPostedAnswer(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		v := o.visits(o.begin(guestlist.EventSignIn))
		o.refused(v.uid, v.with(url.Values{"state": {"st"}}), "session.connector_validation_session_not_found")
		o.refused(v.uid, v.with(url.Values{"state": {"st"}, "handle": {"made-up"}}), "session.connector_validation_session_not_found")
		answer, err := o.accept(samlCo, o.form(v, "a-1", worker("w@co.example")))
		if err != nil {
			o.Fatal(err)
		}
		thief := o.visits(o.begin(guestlist.EventSignIn))
		o.refused(thief.uid, thief.with(answer), "session.connector_validation_session_not_found")
		o.ok(v.uid, v.with(answer))
		o.refused(v.uid, v.with(answer), "session.verification_session_not_found")
		if i := o.loaded(v.uid); i.Records[0].Outside.Identity.Subject != "w-1" {
			o.Errorf("the record is %+v", i.Records[0])
		}
	})
}

// What is posted to the wrong place, twice, or too late is refused, and the
// provider's answer to one attempt serves for no other.
func TestPostsThatAreRefused(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		refused := func(what, code string, id guestlist.ConnectorID, form url.Values) {
			o.Helper()
			if _, err := o.accept(id, form); guestlist.CodeOf(err) != code {
				o.Errorf("%s: %v, want %s", what, err, code)
			}
		}
		const lost = "session.connector_validation_session_not_found"
		v := o.visits(o.begin(guestlist.EventSignIn))
		form := o.form(v, "a-1", worker("w@co.example"))
		refused("another connector", lost, corp, form)
		refused("no RelayState", lost, samlCo, url.Values{"SAMLResponse": form["SAMLResponse"]})
		refused("unknown RelayState", lost, samlCo, url.Values{"SAMLResponse": form["SAMLResponse"], "RelayState": {crypt.Opaque()}})
		refused("long RelayState", lost, samlCo, url.Values{"RelayState": {strings.Repeat("r", 129)}})
		refused("unsigned", "connector.invalid_response", samlCo, url.Values{"RelayState": {v.relay}, "SAMLResponse": {"forged"}})
		refused("too long", "guard.invalid_input", samlCo, url.Values{"RelayState": {v.relay}, "SAMLResponse": {strings.Repeat("x", 2<<20)}})
		if _, err := o.accept(samlCo, form); err != nil {
			o.Fatalf("the refusals spent the attempt: %v", err)
		}
		refused("again", lost, samlCo, form)
		other := o.visits(o.begin(guestlist.EventSignIn))
		refused("an assertion that was used", "session.verification_failed", samlCo, o.form(other, "a-1", worker("w@co.example")))
		if _, err := o.accept(samlCo, o.form(other, "a-2", worker("w@co.example"))); err != nil {
			o.Errorf("a refused replay spent the attempt: %v", err)
		}
		late := o.visits(o.begin(guestlist.EventSignIn))
		form = o.form(late, "a-3", worker("w@co.example"))
		o.clock.Advance(signin.InteractionTTL * time.Second)
		refused("too late", lost, samlCo, form)
	})
}

// Of many posts of one answer one is kept.
func TestOnePostOneAnswer(t *testing.T) {
	eachOutside(t, func(o *outsiders) {
		v := o.visits(o.begin(guestlist.EventSignIn))
		form := o.form(v, "a-1", worker("w@co.example"))
		answers := make([]url.Values, 6)
		var wg sync.WaitGroup
		for n := range answers {
			wg.Go(func() { answers[n], _ = o.accept(samlCo, form) })
		}
		wg.Wait()
		won := 0
		for _, a := range answers {
			if a != nil {
				won++
				o.ok(v.uid, v.with(a))
			}
		}
		if won != 1 {
			o.Errorf("%d posts were taken", won)
		}
	})
}

// The database holds neither the RelayState, nor the handle, nor who it was.
func TestPostedAnswersAreSealed(t *testing.T) {
	o := liteOutside(t)
	v := o.visits(o.begin(guestlist.EventSignIn))
	answer, err := o.accept(samlCo, o.form(v, "a-secret", worker("w@co.example")))
	if err != nil {
		t.Fatal(err)
	}
	dump := dumpOf(t, o.st)
	for _, secret := range []string{v.relay, answer.Get("handle"), "w@co.example", "a-secret"} {
		if strings.Contains(dump, secret) {
			t.Errorf("the database holds %q in clear", secret)
		}
	}
}
