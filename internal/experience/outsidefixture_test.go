package experience_test

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/crypt"
	"guestlist/internal/signin"
	"guestlist/internal/store"
	"guestlist/internal/web/webtest"
)

// abroad is an outside provider with pages of its own: whoever is sent there is
// recognised at once as the next guest, and sent back.
type abroad struct {
	srv    *httptest.Server
	issuer string

	mu      sync.Mutex
	next    guestlist.OutsideIdentity
	people  map[string]guestlist.OutsideIdentity // by code, once
	refuses bool                                 // the guest says no
	posts   bool                                 // the answer is a form
	down    error
	hint    string // of the latest attempt
}

// expects makes a person the next guest.
func (p *abroad) expects(id guestlist.OutsideIdentity) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = id
}

// code is what the provider gives for its next guest.
func (p *abroad) code() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	code := crypt.ID()
	p.people[code] = p.next
	return code
}

func (p *abroad) take(code string) (guestlist.OutsideIdentity, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, ok := p.people[code]
	if !ok {
		return id, guestlist.Refuse(guestlist.KindUnauthenticated, "connector.social_auth_code_invalid")
	}
	delete(p.people, code)
	id.Issuer = p.issuer
	return id, p.down
}

func (p *abroad) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if relay := q.Get("RelayState"); relay != "" {
		postTo(w, q.Get("acs"), url.Values{"RelayState": {relay}, "SAMLResponse": {p.code()}})
		return
	}
	answer := url.Values{"state": {q.Get("state")}, "code": {p.code()}}
	if p.refuses {
		answer = url.Values{"state": {q.Get("state")}, "error": {"access_denied"}}
	}
	if p.posts {
		postTo(w, q.Get("redirect_uri"), answer)
		return
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+answer.Encode(), http.StatusFound)
}

// postTo answers with a form that a guest without scripts sends by hand.
func postTo(w http.ResponseWriter, to string, values url.Values) {
	w.Header().Set("Content-Type", "text/html")
	page := `<body data-page="abroad"><form method="post" action="` + html.EscapeString(to) + `">`
	for name := range values {
		page += `<input type="hidden" name="` + name + `" value="` + html.EscapeString(values.Get(name)) + `">`
	}
	_, _ = io.WriteString(w, page+`<button>Back</button></form>`)
}

// client is the door's side of a provider.
type client struct{ *abroad }

func (c client) Begin(_ context.Context, a connector.Attempt) (string, connector.Pending, error) {
	c.hint = a.LoginHint
	return c.srv.URL + "/?" + url.Values{"state": {a.State}, "redirect_uri": {a.RedirectURI}}.Encode(),
		connector.Pending{State: a.State, RedirectURI: a.RedirectURI}, c.down
}

func (c client) Finish(_ context.Context, _ connector.Pending, answer url.Values) (guestlist.OutsideIdentity, error) {
	if answer.Get("error") != "" {
		return guestlist.OutsideIdentity{}, guestlist.Refuse(guestlist.KindUnauthenticated, "connector.authorization_failed")
	}
	return c.take(answer.Get("code"))
}

// posted is the door's side of a provider that speaks SAML.
type posted struct{ client }

func (c posted) Begin(_ context.Context, a connector.Attempt) (string, connector.Pending, error) {
	relay := crypt.Opaque()
	return c.srv.URL + "/?" + url.Values{"RelayState": {relay}, "acs": {a.ACS}}.Encode(),
		connector.Pending{State: a.State, RedirectURI: a.RedirectURI, ACS: a.ACS, Relay: relay}, nil
}

func (c posted) Accept(_ connector.Pending, form url.Values) (connector.Assertion, error) {
	id, err := c.take(form.Get("SAMLResponse"))
	if err != nil {
		err = guestlist.Refuse(guestlist.KindInvalid, "connector.invalid_response").Because(err)
	}
	return connector.Assertion{ID: crypt.ID(), Until: 1 << 60, Identity: id}, err
}

// The connectors. Nobody takes gossip's word for an address.
const (
	github = guestlist.ConnectorID("github")
	gossip = guestlist.ConnectorID("gossip")
	native = guestlist.ConnectorID("githubnative")
	corp   = guestlist.ConnectorID("corp")
	two    = guestlist.ConnectorID("two")
	samlCo = guestlist.ConnectorID("samlco")
	sender = guestlist.ConnectorID("smtp")

	pixel = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
)

// outside is a house with providers around it.
type outside struct {
	*house
	at map[guestlist.ConnectorID]*abroad
}

func newOutside(t *testing.T, change func(*guestlist.SignInExperience)) *outside {
	t.Helper()
	return surrounded(newHouse(t, change))
}

// surrounded puts providers around a house and offers them.
func surrounded(h *house) *outside {
	h.t.Helper()
	o := &outside{house: h, at: map[guestlist.ConnectorID]*abroad{}}
	for _, id := range []guestlist.ConnectorID{github, gossip, native, corp, two, samlCo} {
		p := &abroad{people: map[string]guestlist.OutsideIdentity{}}
		p.srv = httptest.NewServer(p)
		h.t.Cleanup(p.srv.Close)
		if wayTo(id) == guestlist.WaySSO {
			p.issuer = "https://idp." + string(id) + ".example"
		}
		o.at[id] = p
	}
	h.desk.OpenSocial = func(c guestlist.Connector) (connector.Provider, error) { return client{o.at[c.ID]}, nil }
	h.desk.OpenSSO = func(c guestlist.SSOConnector) (connector.Provider, error) {
		if c.ID == samlCo {
			return posted{client{o.at[c.ID]}}, nil
		}
		return client{o.at[c.ID]}, nil
	}
	h.desk.SocialKind = socialKind
	h.desk.Describe = func(c guestlist.SSOConnector) ([]byte, error) {
		if c.ID != samlCo {
			return nil, store.ErrNotFound
		}
		return []byte("<EntityDescriptor/>"), nil
	}
	h.update(func(tx *store.Tx) error {
		var errs []error
		for n, id := range []guestlist.ConnectorID{github, gossip, native} {
			errs = append(errs, tx.InsertConnector(guestlist.ConnectorSocial, guestlist.Connector{
				ID: id, FactoryID: string(id), CreatedAt: tx.Now + guestlist.Time(n),
			}))
		}
		errs = append(errs, tx.InsertConnector(guestlist.ConnectorEmail, guestlist.Connector{ID: sender, FactoryID: "mail", CreatedAt: tx.Now}))
		for n, c := range []guestlist.SSOConnector{
			{ID: corp, ConnectorName: "Corp", Domains: []string{"corp.example", "shared.example"}},
			{ID: two, ConnectorName: "Two", Domains: []string{"shared.example"}},
			{ID: samlCo, ConnectorName: "SAML Co", Domains: []string{"co.example"}},
		} {
			c.ProviderName, c.CreatedAt = "OIDC", tx.Now+guestlist.Time(n)
			errs = append(errs, tx.InsertSSOConnector(c))
		}
		exp, err := tx.SignInExperience()
		exp.SocialSignInConnectorTargets, exp.SingleSignOnEnabled = []string{"gossip", "github"}, true
		return errors.Join(append(errs, err, tx.PutSignInExperience(exp))...)
	})
	return o
}

func socialKind(factory string) (signin.SocialKind, bool) {
	universal, onPhones := "Universal", "Native"
	kind := signin.SocialKind{ConnectorTraits: guestlist.ConnectorTraits{Target: "github", Platform: &universal, Logo: pixel}}
	switch guestlist.ConnectorID(factory) {
	case github:
		kind.Name, kind.TrustedEmailDomains = guestlist.Translations{"en": "GitHub"}, []string{guestlist.AnyDomain}
	case native:
		kind.Name, kind.Platform = guestlist.Translations{"en": "GitHub app"}, &onPhones
	case gossip:
		kind.Name, kind.Target = guestlist.Translations{"en": "Gossip", "de": "Klatsch"}, "gossip"
	default:
		return kind, false
	}
	return kind, true
}

func wayTo(id guestlist.ConnectorID) guestlist.Way {
	if id == github || id == gossip || id == native {
		return guestlist.WaySocial
	}
	return guestlist.WaySSO
}

// person is somebody whom a provider knows, with a verified address.
func person(email string) guestlist.OutsideIdentity {
	return guestlist.OutsideIdentity{Subject: "subject of " + email, Email: email, EmailVerified: email != "", Name: "Sue Outside"}
}

// linked makes an account that a social identity belongs to.
func (o *outside) linked(id guestlist.ConnectorID, email string, who guestlist.OutsideIdentity) guestlist.UserID {
	o.t.Helper()
	user := o.user(email, "")
	o.update(func(tx *store.Tx) error {
		return tx.LinkIdentity(user, string(id), o.at[id].issuer, guestlist.Identity{UserID: who.Subject, Details: json.RawMessage("{}")})
	})
	return user
}

// press presses a provider's button and comes back as the person whom the
// provider expects.
func (o *outside) press(b *webtest.Browser, a *webtest.Answer, id guestlist.ConnectorID) *webtest.Answer {
	o.t.Helper()
	return b.Submit(a, "form.form", form{"submit": string(id)})
}

// enter opens a page, presses a button there and comes back as somebody.
func (o *outside) enter(b *webtest.Browser, page string, id guestlist.ConnectorID, who guestlist.OutsideIdentity) *webtest.Answer {
	o.t.Helper()
	o.at[id].expects(who)
	return o.press(b, o.open(b, page, nil), id)
}
