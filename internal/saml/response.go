package saml

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/beevik/etree"
)

const (
	version       = "2.0"
	statusSuccess = "urn:oasis:names:tc:SAML:2.0:status:Success"
	methodBearer  = "urn:oasis:names:tc:SAML:2.0:cm:bearer" //nolint:gosec // the name of a method, no secret
)

// responseRules are what a response may hold. Comments have been used to make
// one reader see less of a name than another; nobody needs them here.
var responseRules = rules{bytes: MaxResponse, elements: maxElements}

// Verify checks the value of the form field SAMLResponse, as it was posted to
// the assertion consumer service, against the request with that id, at the time
// now. A provider that did not authenticate its user gives a *StatusError;
// every other error says in words what is wrong with the message. It does not
// know whether the assertion has been used before.
func (sp ServiceProvider) Verify(idp IdentityProvider, requestID, encoded string, now time.Time) (Assertion, error) {
	if requestID == "" {
		return Assertion{}, errors.New("no request was made")
	}
	if len(encoded) > base64.StdEncoding.EncodedLen(MaxResponse)*2 { // with room for line breaks
		return Assertion{}, fmt.Errorf("larger than %d bytes", MaxResponse)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(encoded), ""))
	if err != nil {
		return Assertion{}, fmt.Errorf("not base64: %w", err)
	}
	root, err := parse(raw, responseRules)
	if err != nil {
		return Assertion{}, err
	}
	v := verification{sp: sp, idp: idp, requestID: requestID, now: now}
	return v.response(root)
}

// verification is one run of Verify.
type verification struct {
	sp        ServiceProvider
	idp       IdentityProvider
	requestID string
	now       time.Time
}

func (v verification) response(root *etree.Element) (Assertion, error) {
	if !is(root, nsProtocol, "Response") {
		return Assertion{}, errors.New("not a SAML response")
	}
	holders := append(children(root, nsAssertion, "Assertion"), root)
	if err := checkPlaces(root, holders...); err != nil {
		return Assertion{}, err
	}
	signed, err := verified(root, v.idp.Certificates, v.now)
	if err != nil {
		return Assertion{}, err
	}
	if err := v.envelope(root, signed != nil); err != nil {
		return Assertion{}, err
	}
	el, err := v.theAssertion(root, signed)
	if err != nil {
		return Assertion{}, err
	}
	return v.assertion(el)
}

// envelope checks the response around the assertion (SAML Core §3.2.2). Where
// it is not signed these checks are courtesy: those of the assertion decide.
func (v verification) envelope(root *etree.Element, signed bool) error {
	issuer, err := childText(root, nsAssertion, "Issuer")
	if err != nil {
		return err
	}
	issued, err := timeAttr(root, "IssueInstant")
	if err != nil {
		return err
	}
	destination := attr(root, "Destination")
	switch {
	case attr(root, "Version") != version:
		return errors.New("not of version 2.0")
	case issuer != "" && issuer != v.idp.EntityID:
		return fmt.Errorf("the response is from %q", clip(issuer))
	case attr(root, "InResponseTo") == "":
		return errors.New("the response answers no request")
	case attr(root, "InResponseTo") != v.requestID:
		return errors.New("the response answers another request")
	case destination != "" && destination != v.sp.ACS, destination == "" && signed: // SAML Bindings §3.5.5.2
		return fmt.Errorf("the response is meant for %q", clip(destination))
	case issued.After(v.now.Add(MaxSkew)):
		return errors.New("the response is from the future")
	}
	return status(root)
}

// status returns a *StatusError unless the provider says that it succeeded.
func status(root *etree.Element) error {
	st, err := must(root, nsProtocol, "Status")
	if err != nil {
		return err
	}
	code, err := must(st, nsProtocol, "StatusCode")
	if err != nil {
		return err
	}
	if attr(code, "Value") == statusSuccess {
		return nil
	}
	failure := &StatusError{Code: attr(code, "Value")}
	if second, err := child(code, nsProtocol, "StatusCode"); err == nil && second != nil {
		failure.Code = attr(second, "Value")
	}
	failure.Code = clip(failure.Code)
	if message, err := childText(st, nsProtocol, "StatusMessage"); err == nil {
		failure.Message = clip(message)
	}
	return failure
}

// theAssertion returns the only assertion of a response, as the signature of
// the response, or else its own, covers it. Every signature that there is has
// to be valid.
func (v verification) theAssertion(root, signed *etree.Element) (*etree.Element, error) {
	plain, sealed := children(root, nsAssertion, "Assertion"), children(root, nsAssertion, "EncryptedAssertion")
	if len(plain)+len(sealed) != 1 {
		return nil, fmt.Errorf("%d assertions", len(plain)+len(sealed))
	}
	if len(sealed) == 1 {
		return v.sealedAssertion(sealed[0], signed)
	}
	own, err := verified(plain[0], v.idp.Certificates, v.now)
	switch {
	case err != nil:
		return nil, err
	case own != nil:
		return own, nil
	case signed == nil:
		return nil, errors.New("nothing is signed")
	}
	return must(signed, nsAssertion, "Assertion")
}

// assertion reads an assertion whose every octet is known to be signed, and
// checks that it is for us, for now, and for this request.
func (v verification) assertion(el *etree.Element) (Assertion, error) {
	a := Assertion{ID: attr(el, "ID")}
	issued, err := timeAttr(el, "IssueInstant")
	if err != nil {
		return a, err
	}
	if a.Issuer, err = childText(el, nsAssertion, "Issuer"); err != nil {
		return a, err
	}
	switch {
	case !is(el, nsAssertion, "Assertion"):
		return a, errors.New("not an assertion")
	case attr(el, "Version") != version:
		return a, errors.New("not of version 2.0")
	case a.ID == "" || len(a.ID) > maxMessageID:
		return a, errors.New("the assertion has no id that can be remembered")
	case a.Issuer != v.idp.EntityID:
		return a, fmt.Errorf("the assertion is from %q", clip(a.Issuer))
	case issued.After(v.now.Add(MaxSkew)):
		return a, errors.New("the assertion is from the future")
	case issued.Add(MaxAge + MaxSkew).Before(v.now):
		return a, fmt.Errorf("the assertion was issued at %s", issued)
	}
	confirmed, err := v.subject(el, &a)
	if err != nil {
		return a, err
	}
	if err := v.conditions(el); err != nil {
		return a, err
	}
	if err := v.statements(el, &a); err != nil {
		return a, err
	}
	a.Until = earlier(confirmed, issued.Add(MaxAge)).Add(MaxSkew)
	return a, nil
}

// subject reads who it is, and finds a confirmation that makes the assertion
// good for whoever brings it, here and for this request (SAML Profiles
// §4.1.4.3). It returns until when.
func (v verification) subject(el *etree.Element, a *Assertion) (time.Time, error) {
	subject, err := must(el, nsAssertion, "Subject")
	if err != nil {
		return time.Time{}, err
	}
	name, err := child(subject, nsAssertion, "NameID")
	if err != nil {
		return time.Time{}, err
	}
	if name != nil {
		if a.NameID, err = textOf(name); err != nil {
			return time.Time{}, err
		}
		a.NameIDFormat = attr(name, "Format")
	}
	if len(a.NameID) > maxNameID || strings.ContainsFunc(a.NameID, isControl) {
		return time.Time{}, errors.New("the name identifier is too long or holds control characters")
	}
	reason := errors.New("nothing confirms the subject")
	for _, c := range children(subject, nsAssertion, "SubjectConfirmation") {
		until, err := v.confirmation(c)
		if err == nil {
			return until, nil
		}
		reason = err
	}
	return time.Time{}, reason
}

func (v verification) confirmation(el *etree.Element) (time.Time, error) {
	if m := attr(el, "Method"); m != methodBearer {
		return time.Time{}, fmt.Errorf("the subject is confirmed by %q", clip(m))
	}
	data, err := must(el, nsAssertion, "SubjectConfirmationData")
	if err != nil {
		return time.Time{}, err
	}
	until, err := v.window(data)
	switch {
	case err != nil:
		return until, err
	case until.IsZero():
		return until, errors.New("the confirmation has no end")
	case attr(data, "Recipient") != v.sp.ACS:
		return until, fmt.Errorf("the recipient is %q", clip(attr(data, "Recipient")))
	case attr(data, "InResponseTo") == "":
		return until, errors.New("the assertion answers no request")
	case attr(data, "InResponseTo") != v.requestID:
		return until, errors.New("the assertion answers another request")
	}
	return until, nil
}

// window checks NotBefore and NotOnOrAfter, and returns the latter.
func (v verification) window(el *etree.Element) (time.Time, error) {
	from, err := timeAttr(el, "NotBefore")
	if err != nil {
		return from, err
	}
	until, err := timeAttr(el, "NotOnOrAfter")
	switch {
	case err != nil:
		return until, err
	case from.After(v.now.Add(MaxSkew)):
		return until, fmt.Errorf("not valid before %s", from)
	case !until.IsZero() && !v.now.Before(until.Add(MaxSkew)):
		return until, fmt.Errorf("not valid any more since %s", until)
	}
	return until, nil
}

// conditions checks the conditions, of which none may be unknown (SAML Core
// §2.5.1.1), and that every restriction of the audience has us.
func (v verification) conditions(el *etree.Element) error {
	conditions, err := must(el, nsAssertion, "Conditions")
	if err != nil {
		return err
	}
	if _, err := v.window(conditions); err != nil {
		return err
	}
	restricted := false
	for _, c := range conditions.ChildElements() {
		switch {
		case is(c, nsAssertion, "AudienceRestriction"):
			restricted = true
			if err := v.audience(c); err != nil {
				return err
			}
		case is(c, nsAssertion, "OneTimeUse"), is(c, nsAssertion, "ProxyRestriction"):
			// Both hold anyway: it is used once, and never passed on.
		default:
			return fmt.Errorf("a condition %q that is not understood", clip(c.Tag))
		}
	}
	if !restricted {
		return errors.New("the assertion is for everybody")
	}
	return nil
}

func (v verification) audience(restriction *etree.Element) error {
	for _, el := range children(restriction, nsAssertion, "Audience") {
		audience, err := textOf(el)
		if err != nil {
			return err
		}
		if audience == v.sp.EntityID {
			return nil
		}
	}
	return errors.New("the assertion is for another audience")
}

// statements asks for a statement that somebody was authenticated, and reads
// the attributes.
func (v verification) statements(el *etree.Element, a *Assertion) error {
	statements := children(el, nsAssertion, "AuthnStatement")
	if len(statements) == 0 {
		return errors.New("nobody was authenticated")
	}
	for _, st := range statements {
		end, err := timeAttr(st, "SessionNotOnOrAfter")
		if err != nil {
			return err
		}
		if !end.IsZero() && !v.now.Before(end.Add(MaxSkew)) {
			return errors.New("the session at the provider is over")
		}
		if s := attr(st, "SessionIndex"); len(s) <= maxMessageID {
			a.SessionIndex = s
		}
	}
	for _, st := range children(el, nsAssertion, "AttributeStatement") {
		for _, at := range children(st, nsAssertion, "Attribute") {
			if err := a.read(at); err != nil {
				return err
			}
		}
	}
	return nil
}

// read adds an attribute; one that occurs again adds to its values.
func (a *Assertion) read(el *etree.Element) error {
	at := Attribute{Name: strings.TrimSpace(attr(el, "Name")), FriendlyName: strings.TrimSpace(attr(el, "FriendlyName"))}
	for _, v := range children(el, nsAssertion, "AttributeValue") {
		text, err := textOf(v)
		if err != nil {
			continue // a structure, which nothing here maps to
		}
		if len(text) > maxClaimLength || len(at.Values) == maxClaimValues {
			return fmt.Errorf("attribute %q is too large", clip(at.Name))
		}
		at.Values = append(at.Values, text)
	}
	for i := range a.Attributes {
		if a.Attributes[i].Name == at.Name {
			at.Values = append(a.Attributes[i].Values, at.Values...)
			a.Attributes[i].Values = at.Values[:min(len(at.Values), maxClaimValues)]
			return nil
		}
	}
	if len(a.Attributes) == maxClaims {
		return fmt.Errorf("more than %d attributes", maxClaims)
	}
	a.Attributes = append(a.Attributes, at)
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// clip keeps what a stranger wrote short and printable, for an error's text.
func clip(s string) string {
	if len(s) > maxStatusMessage {
		s = s[:maxStatusMessage]
	}
	return strings.Map(func(r rune) rune {
		if isControl(r) || r == '\uFFFD' {
			return ' '
		}
		return r
	}, s)
}

func isControl(r rune) bool {
	return r < 0x20 || r >= 0x7F && r < 0xA0 || r >= 0x200B && r <= 0x200F || r >= 0x202A && r <= 0x202E || r == 0x2028 || r == 0x2029 || r == 0xFEFF
}
