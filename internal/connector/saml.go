package connector

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"guestlist"
	"guestlist/internal/saml"
)

// The fields of the form that a SAML provider makes the browser post (SAML
// Bindings §3.5.4).
const (
	fieldResponse = "SAMLResponse"
	fieldRelay    = "RelayState"
)

// samlProvider is a Poster of SAML 2.0.
type samlProvider struct {
	set *Set
	sp  saml.ServiceProvider // without ACS: that is the attempt's
	// idp returns the provider's description. newer asks for one that was
	// fetched again, after a signature did not fit; ok says that there is one.
	idp    func(ctx context.Context, newer bool) (idp saml.IdentityProvider, ok bool, err error)
	claims samlClaims
}

// Begin returns an AuthnRequest (SAML Core §3.4.1) in the redirect binding.
func (p *samlProvider) Begin(ctx context.Context, a Attempt) (string, Pending, error) {
	idp, _, err := p.idp(ctx, false)
	if err != nil {
		return "", Pending{}, err
	}
	pending := Pending{
		State: a.State, RedirectURI: a.RedirectURI, ACS: a.ACS,
		RequestID: saml.NewRequestID(), Relay: rand.Text(),
	}
	sp := p.sp
	sp.ACS = a.ACS
	location, err := sp.SignInURL(idp, pending.RequestID, pending.Relay, p.set.now())
	if err != nil {
		return "", Pending{}, fail(errGeneral, "%w", err)
	}
	return location, pending, nil
}

// Finish refuses: a SAML answer never comes to the redirect URI.
func (p *samlProvider) Finish(context.Context, Pending, url.Values) (guestlist.OutsideIdentity, error) {
	return guestlist.OutsideIdentity{}, fail(errNoAnswer, "a SAML provider posts its answer to the assertion consumer service")
}

// Accept verifies a posted response (SAML Profiles §4.1.4.3). It asks the
// network only for metadata that it does not have any more, or that do not fit.
func (p *samlProvider) Accept(pending Pending, form url.Values) (Assertion, error) {
	switch {
	case len(form[fieldResponse]) > 1 || len(form[fieldRelay]) > 1:
		return Assertion{}, fail(errForeignAnswer, "a field comes twice")
	case pending.Relay == "" || subtle.ConstantTimeCompare([]byte(form.Get(fieldRelay)), []byte(pending.Relay)) != 1:
		return Assertion{}, fail(errForeignAnswer, "the relay state is not that of this attempt")
	case form.Get(fieldResponse) == "":
		return Assertion{}, fail(errNoAnswer, "the form has no %s", fieldResponse)
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	idp, _, err := p.idp(ctx, false)
	if err != nil {
		return Assertion{}, err
	}
	sp := p.sp
	sp.ACS = pending.ACS
	a, err := sp.Verify(idp, pending.RequestID, form.Get(fieldResponse), p.set.now())
	var no *saml.StatusError
	if err != nil && !errors.As(err, &no) {
		// The provider may have changed its key since its metadata were read.
		if next, ok, failed := p.idp(ctx, true); failed == nil && ok {
			a, err = sp.Verify(next, pending.RequestID, form.Get(fieldResponse), p.set.now())
		}
	}
	if err != nil {
		return Assertion{}, failedAssertion(err)
	}
	who, err := p.claims.identity(a)
	if err != nil {
		return Assertion{}, err
	}
	return Assertion{ID: a.ID, Until: guestlist.TimeOf(a.Until), Identity: who}, nil
}

// denials are the statuses that say that somebody said no, or was not known
// (SAML Core §3.2.2.2).
var denials = map[string]bool{
	"urn:oasis:names:tc:SAML:2.0:status:AuthnFailed":      true,
	"urn:oasis:names:tc:SAML:2.0:status:RequestDenied":    true,
	"urn:oasis:names:tc:SAML:2.0:status:NoPassive":        true,
	"urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal": true,
}

func failedAssertion(err error) error {
	var no *saml.StatusError
	switch {
	case !errors.As(err, &no):
		return fail(errResponse, "SAML response: %w", err)
	case denials[no.Code]:
		return fail(errDenied, "%w", no)
	}
	return fail(errGeneral, "%w", no)
}

// samlClaims names the attributes that a person is read from. What is empty is
// looked for under the names that providers usually give it.
type samlClaims struct {
	ID     string `json:"id,omitempty"`
	Email  string `json:"email,omitempty"`
	Phone  string `json:"phone,omitempty"`
	Name   string `json:"name,omitempty"`
	Avatar string `json:"avatar,omitempty"`
}

// The names that stand for the name identifier where no attribute has them.
const (
	claimNameID = "nameID"
	claimID     = "id"
)

// usualClaims are the names of attributes in the wild: the profiles of LDAP
// (RFC 4519, RFC 2798) and of Microsoft, and the words of everybody else.
var usualClaims = map[string][]string{
	"email": {
		"email", "mail", "urn:oid:0.9.2342.19200300.100.1.3",
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "emailAddress", "Email",
	},
	"phone": {"phone", "phone_number"},
	"name": {
		"name", "displayName", "urn:oid:2.16.840.1.113730.3.1.241",
		"http://schemas.microsoft.com/identity/claims/displayname", "cn", "urn:oid:2.5.4.3",
	},
	"avatar": {"avatar", "picture"},
}

// identity reads who an assertion speaks of.
func (c samlClaims) identity(a saml.Assertion) (guestlist.OutsideIdentity, error) {
	none := guestlist.OutsideIdentity{}
	subject, transient := c.subject(a)
	if transient {
		// It would be somebody else at every sign-in (SAML Core §8.3.8).
		return none, fail(errResponse, "the provider gives names that are for one session; ask it for persistent ones")
	}
	email := claimOf(a, c.Email, claimEmail)
	if email == "" && c.Email == "" && a.NameIDFormat == saml.NameIDEmail {
		email = a.NameID
	}
	who := guestlist.OutsideIdentity{
		Issuer: a.Issuer, Subject: subject, Email: email, EmailVerified: email != "",
		Phone: claimOf(a, c.Phone, "phone"), Name: claimOf(a, c.Name, "name"), Avatar: claimOf(a, c.Avatar, "avatar"),
		Raw: rawAttributes(a),
	}
	who.PhoneVerified = who.Phone != ""
	return plausible(who)
}

// subject returns the id, and whether it is one that lasts a session only.
func (c samlClaims) subject(a saml.Assertion) (id string, transient bool) {
	name := first(c.ID, claimNameID)
	if name != claimNameID {
		if values := a.Attribute(name); len(values) > 0 && values[0] != "" {
			return values[0], false
		}
		if name != claimID {
			return "", false
		}
	}
	return a.NameID, a.NameIDFormat == saml.NameIDTransient
}

// claimOf returns the first value of an attribute: that of the config's name,
// or else of a usual one.
func claimOf(a saml.Assertion, name, kind string) string {
	names := usualClaims[kind]
	if name != "" {
		names = []string{name}
	}
	for _, n := range names {
		for _, v := range a.Attribute(n) {
			if v != "" {
				return v
			}
		}
		if n == claimNameID {
			return a.NameID
		}
	}
	return ""
}

// rawAttributes is what the provider said, as an object: a text where an
// attribute has one value, a list otherwise.
func rawAttributes(a saml.Assertion) guestlist.JSONObject {
	all := map[string]any{}
	for _, at := range a.Attributes {
		if len(at.Values) == 1 {
			all[at.Name] = at.Values[0]
		} else {
			all[at.Name] = at.Values
		}
	}
	all[claimNameID] = a.NameID
	b, err := json.Marshal(all)
	if err != nil || len(b) > maxRaw {
		return guestlist.JSONObject("{}")
	}
	return b
}

// fixedProvider is a description that is in the config.
func fixedProvider(idp saml.IdentityProvider) func(context.Context, bool) (saml.IdentityProvider, bool, error) {
	return func(_ context.Context, newer bool) (saml.IdentityProvider, bool, error) { return idp, !newer, nil }
}

// signingKey reads the key of a config. algorithm may be empty.
func signingKey(private, certificate, algorithm string) (saml.Key, error) {
	var k saml.Key
	var err error
	if k.Signer, err = saml.ParseKey(private); err != nil {
		return k, err
	}
	if certificate != "" {
		if k.Certificate, err = saml.ParseCertificate(certificate); err != nil {
			return k, err
		}
	}
	k.Hash, err = saml.SignatureHash(strings.TrimSpace(algorithm))
	return k, err
}
