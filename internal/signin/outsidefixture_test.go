package signin_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/crypt"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// provider is an outside identity provider as the desk sees it: it knows its
// people by the codes that it gave them, and each code works once.
type provider struct {
	mu     sync.Mutex
	issuer string
	people map[string]guestlist.OutsideIdentity
	asked  int
	fails  error
	meet   func() // called while the provider is asked
}

func (p *provider) Begin(_ context.Context, a connector.Attempt) (string, connector.Pending, error) {
	if p.fails != nil {
		return "", connector.Pending{}, p.fails
	}
	return "https://provider.example/authorize?" + url.Values{"state": {a.State}, "redirect_uri": {a.RedirectURI}}.Encode(),
		connector.Pending{State: a.State, RedirectURI: a.RedirectURI, Nonce: "secret-nonce", Verifier: "secret-verifier"}, nil
}

func (p *provider) Finish(_ context.Context, pending connector.Pending, answer url.Values) (guestlist.OutsideIdentity, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.meet != nil {
		p.meet()
	}
	if p.fails != nil {
		return guestlist.OutsideIdentity{}, p.fails
	}
	if answer.Get("state") != pending.State || pending.Verifier != "secret-verifier" {
		return guestlist.OutsideIdentity{}, errors.New("an answer to another attempt")
	}
	id, ok := p.people[answer.Get("code")]
	if !ok {
		return guestlist.OutsideIdentity{}, guestlist.Refuse(guestlist.KindUnauthenticated, "connector.social_auth_code_invalid").
			Because(errors.New("POST https://provider.example/token?client_secret=hush: invalid_grant"))
	}
	delete(p.people, answer.Get("code"))
	if id.Issuer == "" {
		id.Issuer = p.issuer
	}
	return id, nil
}

// knows lets the provider answer a code with a person, and returns the code.
func (p *provider) knows(id guestlist.OutsideIdentity) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	code := crypt.ID()
	p.people[code] = id
	return code
}

// poster is a provider whose answers are posted.
type poster struct {
	provider
	assertions map[string]connector.Assertion
}

func (p *poster) Begin(_ context.Context, a connector.Attempt) (string, connector.Pending, error) {
	relay := crypt.Opaque()
	return "https://idp.example/sso?RelayState=" + relay,
		connector.Pending{State: a.State, RedirectURI: a.RedirectURI, ACS: a.ACS, RequestID: "id-" + relay, Relay: relay}, nil
}

func (p *poster) Finish(context.Context, connector.Pending, url.Values) (guestlist.OutsideIdentity, error) {
	return guestlist.OutsideIdentity{}, errors.New("a poster's answer is posted")
}

func (p *poster) Accept(_ connector.Pending, form url.Values) (connector.Assertion, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	a, ok := p.assertions[form.Get("SAMLResponse")]
	if !ok {
		return a, guestlist.Refuse(guestlist.KindInvalid, "connector.invalid_response").Because(errors.New("the signature does not fit"))
	}
	return a, nil
}

const (
	github  = guestlist.ConnectorID("github")
	google  = guestlist.ConnectorID("google") // with an issuer
	corp    = guestlist.ConnectorID("corp")
	corpTwo = guestlist.ConnectorID("corptwo")
	samlCo  = guestlist.ConnectorID("samlco")
	sender  = guestlist.ConnectorID("smtp")
	back    = "https://id.example/callback/x"
)

// ways in by outside providers, on a door.
type outsiders struct {
	*door
	github, google, corp, corpTwo *provider
	saml                          *poster
	trusted                       []string // of the social connectors
}

// expel removes whoever the outside ways could have made.
func (o *outsiders) expel() {
	o.Helper()
	for _, id := range []guestlist.ConnectorID{github, google, corp} {
		for _, subject := range []string{"sue-1", "w-1"} {
			if user := o.holder(id, o.of(id).issuer, subject); user != "" {
				o.update(func(tx *store.Tx) error { return tx.DeleteUser(user) })
			}
		}
	}
}

// eachOutside runs a test on both engines, with providers.
func eachOutside(t *testing.T, fn func(*outsiders)) {
	t.Helper()
	eachDoor(t, func(d *door) { fn(withOutsiders(d)) })
}

func liteOutside(t testing.TB) *outsiders { return withOutsiders(liteDoor(t)) }

func withOutsiders(d *door) *outsiders {
	d.Helper()
	people := func(issuer string) *provider {
		return &provider{issuer: issuer, people: map[string]guestlist.OutsideIdentity{}}
	}
	o := &outsiders{
		door: d, github: people(""), google: people("https://accounts.google.com"), corp: people("https://idp.corp.example"),
		corpTwo: people("https://idp.two.example"),
		saml: &poster{
			provider:   provider{issuer: "https://saml.co.example", people: map[string]guestlist.OutsideIdentity{}},
			assertions: map[string]connector.Assertion{},
		},
		trusted: []string{guestlist.AnyDomain},
	}
	d.desk.OpenSocial = func(c guestlist.Connector) (connector.Provider, error) {
		if string(c.Config) == `{}` {
			return nil, guestlist.Refuse(guestlist.KindInvalid, "connector.invalid_config")
		}
		return map[guestlist.ConnectorID]connector.Provider{github: o.github, google: o.google}[c.ID], nil
	}
	d.desk.OpenSSO = func(c guestlist.SSOConnector) (connector.Provider, error) {
		if string(c.Config) == `{}` {
			return nil, guestlist.Refuse(guestlist.KindInvalid, "connector.invalid_config")
		}
		return map[guestlist.ConnectorID]connector.Provider{corp: o.corp, corpTwo: o.corpTwo, samlCo: o.saml}[c.ID], nil
	}
	d.desk.SocialKind = func(factory string) (signin.SocialKind, bool) {
		universal := "Universal"
		return signin.SocialKind{ConnectorTraits: guestlist.ConnectorTraits{
			Target: factory, Name: guestlist.Translations{"en": factory}, Logo: "data:,", Platform: &universal,
		}, TrustedEmailDomains: o.trusted}, factory == string(github) || factory == string(google)
	}
	d.desk.SSOKind = func(name string) (guestlist.SSOProvider, bool) {
		return guestlist.SSOProvider{Logo: "data:,kind", ProviderType: strings.ToLower(name)}, true
	}
	d.update(func(tx *store.Tx) error {
		for n, id := range []guestlist.ConnectorID{github, google} {
			c := guestlist.Connector{ID: id, FactoryID: string(id), Config: json.RawMessage(`{"clientSecret":"hush"}`), CreatedAt: tx.Now + guestlist.Time(n)}
			if err := tx.InsertConnector(guestlist.ConnectorSocial, c); err != nil {
				return err
			}
		}
		if err := tx.InsertConnector(guestlist.ConnectorEmail, guestlist.Connector{ID: sender, FactoryID: "mail", CreatedAt: tx.Now}); err != nil {
			return err
		}
		for n, c := range []guestlist.SSOConnector{
			{ID: corp, ProviderName: "OIDC", ConnectorName: "Corp", Domains: []string{"corp.example"}, Config: guestlist.JSONObject(`{"clientSecret":"hush"}`)},
			{ID: corpTwo, ProviderName: "OIDC", ConnectorName: "Two", Domains: []string{"two.example", "xn--bcher-kva.example"}, Config: guestlist.JSONObject(`{"clientSecret":"hush"}`)},
			{ID: samlCo, ProviderName: "SAML", ConnectorName: "SAML Co", Domains: []string{"co.example"}, Config: guestlist.JSONObject(`{"entityId":"x"}`)},
			{ID: "halfway", ProviderName: "OIDC", ConnectorName: "Halfway", Domains: []string{"half.example"}, Config: guestlist.JSONObject(`{}`)},
		} {
			c.CreatedAt = tx.Now + guestlist.Time(n)
			if err := tx.InsertSSOConnector(c); err != nil {
				return err
			}
		}
		return nil
	})
	d.settings(func(e *guestlist.SignInExperience) {
		e.SocialSignInConnectorTargets = []string{string(google), string(github)}
		e.SingleSignOnEnabled = true
	})
	return o
}

func wayOf(id guestlist.ConnectorID) guestlist.Way {
	if id == github || id == google {
		return guestlist.WaySocial
	}
	return guestlist.WaySSO
}

// of returns the provider behind a connector.
func (o *outsiders) of(id guestlist.ConnectorID) *provider {
	return map[guestlist.ConnectorID]*provider{github: o.github, google: o.google, corp: o.corp, corpTwo: o.corpTwo, samlCo: &o.saml.provider}[id]
}

// attempt begins at a provider and returns the record.
func (o *outsiders) attempt(uid string, id guestlist.ConnectorID) string {
	o.Helper()
	step := o.ok(uid, signin.BeginOutside{Way: wayOf(id), ConnectorID: id, State: "st", RedirectURI: back})
	if step.Location == "" || step.VerificationID == "" {
		o.Fatalf("the attempt led to %+v", step)
	}
	return step.VerificationID
}

// answer is what the browser brings back to an attempt.
func answer(id guestlist.ConnectorID, record, code string) signin.VerifyOutside {
	return signin.VerifyOutside{
		Way: wayOf(id), ConnectorID: id, VerificationID: record, Answer: url.Values{"code": {code}, "state": {"st"}},
	}
}

// prove proves a person by a provider and returns the record.
func (o *outsiders) prove(uid string, id guestlist.ConnectorID, who guestlist.OutsideIdentity) string {
	o.Helper()
	record := o.attempt(uid, id)
	o.ok(uid, answer(id, record, o.of(id).knows(who)))
	return record
}

// enters proves a person and identifies them; the error is that of Identify.
func (o *outsiders) enters(uid string, id guestlist.ConnectorID, who guestlist.OutsideIdentity, join bool) error {
	o.Helper()
	_, err := o.submit(uid, signin.Identify{VerificationID: o.prove(uid, id, who), LinkSocial: join})
	return err
}

// holder returns who has a social identity, or "".
func (o *outsiders) holder(id guestlist.ConnectorID, issuer, subject string) guestlist.UserID {
	o.Helper()
	var holder guestlist.UserID
	o.view(func(tx *store.Tx) error {
		find := func() (guestlist.User, error) { return tx.UserByIdentity(string(id), issuer, subject) }
		if wayOf(id) == guestlist.WaySSO {
			find = func() (guestlist.User, error) {
				u, _, err := tx.UserBySSOIdentity(issuer, subject)
				return u, err
			}
		}
		u, err := find()
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		holder = u.ID
		return err
	})
	return holder
}

func (o *outsiders) user(id guestlist.UserID) guestlist.User {
	o.Helper()
	var u guestlist.User
	o.view(func(tx *store.Tx) error {
		var err error
		u, err = tx.User(id)
		return err
	})
	return u
}

func (o *outsiders) loaded(uid string) *signin.Interaction {
	o.Helper()
	i, err := o.desk.Load(context.Background(), uid)
	if err != nil {
		o.Fatal(err)
	}
	return i
}

// sue is a person with a verified address at a social provider.
func sue(email string) guestlist.OutsideIdentity {
	return guestlist.OutsideIdentity{
		Subject: "sue-1", Email: email, EmailVerified: email != "", Name: "Social Sue", Avatar: "https://img.example/sue.png",
		Raw: guestlist.JSONObject(`{"login":"sue"}`),
	}
}

// worker is a person of an employer.
func worker(email string) guestlist.OutsideIdentity {
	return guestlist.OutsideIdentity{Subject: "w-1", Email: email, EmailVerified: true, Name: "Corp New"}
}

func (o *outsiders) signsIn(uid string) signin.Step {
	o.Helper()
	step := o.ok(uid, signin.Finish{})
	if !step.Finished {
		o.Fatalf("not finished: %+v", step)
	}
	o.clock.Advance(time.Second)
	return step
}

// dumpOf returns the bytes of a copy of a SQLite database.
func dumpOf(t testing.TB, st *store.Store) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "copy")
	if err := st.Backup(context.Background(), file); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
