package saml

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// ErrNotMetadata says that a text is no SAML metadata at all.
var ErrNotMetadata = errors.New("not SAML metadata")

// ParseMetadata reads what an identity provider says about itself (SAML
// Metadata §2.4.3): an EntityDescriptor, or an EntitiesDescriptor in which one
// entity is an identity provider. A certificate that cannot be used is passed
// over if there are others; without any the error is a *CertificateError, and
// all else has been read. Whether the text can be trusted is for the caller to
// know.
func ParseMetadata(raw []byte) (IdentityProvider, error) {
	root, err := parse(raw, rules{bytes: MaxMetadata, elements: maxMetaElements, comments: true})
	if err != nil {
		return IdentityProvider{}, fmt.Errorf("%w: %w", ErrNotMetadata, err)
	}
	entity, role, err := theProvider(root)
	if err != nil {
		return IdentityProvider{}, err
	}
	idp := IdentityProvider{
		EntityID:    strings.TrimSpace(attr(entity, "entityID")),
		WantsSigned: slices.Contains([]string{"true", "1"}, attr(role, "WantAuthnRequestsSigned")),
	}
	if idp.EntityID == "" || len(idp.EntityID) > 1024 { // SAML Core §8.3.6
		return idp, errors.New("the metadata name no entity")
	}
	if idp.ValidUntil, err = validUntil(root, entity, role); err != nil {
		return idp, err
	}
	if idp.SignInEndpoint, err = signInEndpoint(role); err != nil {
		return idp, err
	}
	idp.Certificates, err = signingCertificates(role)
	return idp, err
}

// theProvider finds the only identity provider.
func theProvider(root *etree.Element) (entity, role *etree.Element, err error) {
	var entities []*etree.Element
	switch {
	case is(root, nsMetadata, "EntityDescriptor"):
		entities = []*etree.Element{root}
	case is(root, nsMetadata, "EntitiesDescriptor"):
		entities = children(root, nsMetadata, "EntityDescriptor")
	default:
		return nil, nil, ErrNotMetadata
	}
	for _, e := range entities {
		for _, r := range children(e, nsMetadata, "IDPSSODescriptor") {
			if !slices.Contains(strings.Fields(attr(r, "protocolSupportEnumeration")), nsProtocol) {
				continue
			}
			if role != nil {
				return nil, nil, errors.New("the metadata describe several identity providers")
			}
			entity, role = e, r
		}
	}
	if role == nil {
		return nil, nil, errors.New("the metadata describe no identity provider")
	}
	return entity, role, nil
}

// validUntil returns the earliest end that any of the elements has, zero if
// none has one (SAML Metadata §2.3.1).
func validUntil(elements ...*etree.Element) (time.Time, error) {
	var end time.Time
	for _, el := range elements {
		t, err := timeAttr(el, "validUntil")
		if err != nil {
			return end, err
		}
		if !t.IsZero() && (end.IsZero() || t.Before(end)) {
			end = t
		}
	}
	return end, nil
}

func signInEndpoint(role *etree.Element) (string, error) {
	for _, s := range children(role, nsMetadata, "SingleSignOnService") {
		if attr(s, "Binding") != bindingRedirect {
			continue
		}
		location := strings.TrimSpace(attr(s, "Location"))
		if u, err := url.Parse(location); err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
			return location, nil
		}
	}
	return "", errors.New("the metadata have no sign-in endpoint of the redirect binding")
}

// signingCertificates returns the keys of a role that sign: those whose use is
// signing, or not said.
func signingCertificates(role *etree.Element) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	var failed error = &CertificateError{Reason: "the metadata have none"}
	for _, k := range children(role, nsMetadata, "KeyDescriptor") {
		if use := attr(k, "use"); use != "" && use != "signing" {
			continue
		}
		for _, el := range descend(k, nsSignature, "KeyInfo", "X509Data", "X509Certificate") {
			text, err := textOf(el)
			if err != nil {
				return nil, err
			}
			cert, err := ParseCertificate(text)
			switch {
			case err != nil:
				failed = err
			case len(certs) < maxCertificates:
				certs = append(certs, cert)
			}
		}
	}
	if len(certs) > 0 {
		return certs, nil
	}
	return nil, failed
}

// descend returns the elements at the end of a path of names.
func descend(el *etree.Element, ns string, path ...string) []*etree.Element {
	at := []*etree.Element{el}
	for _, tag := range path {
		var next []*etree.Element
		for _, e := range at {
			next = append(next, children(e, ns, tag)...)
		}
		at = next
	}
	return at
}

// Metadata writes what an identity provider needs to know about us (SAML
// Metadata §2.4.4): where answers go, that assertions have to be signed, and
// the certificates of our keys.
func (sp ServiceProvider) Metadata() ([]byte, error) {
	entity := etree.NewElement("md:EntityDescriptor")
	entity.CreateAttr("xmlns:md", nsMetadata)
	entity.CreateAttr("xmlns:ds", nsSignature)
	entity.CreateAttr("entityID", sp.EntityID)
	role := entity.CreateElement("md:SPSSODescriptor")
	role.CreateAttr("AuthnRequestsSigned", fmt.Sprint(sp.Key.Signer != nil))
	role.CreateAttr("WantAssertionsSigned", "true")
	role.CreateAttr("protocolSupportEnumeration", nsProtocol)
	if cert := sp.Key.Certificate; cert != nil {
		key := role.CreateElement("md:KeyDescriptor")
		key.CreateAttr("use", "signing")
		key.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").
			SetText(base64.StdEncoding.EncodeToString(cert.Raw))
	}
	if sp.NameIDFormat != "" {
		role.CreateElement("md:NameIDFormat").SetText(sp.NameIDFormat)
	}
	acs := role.CreateElement("md:AssertionConsumerService")
	acs.CreateAttr("Binding", bindingPost)
	acs.CreateAttr("Location", sp.ACS)
	acs.CreateAttr("index", "0")
	acs.CreateAttr("isDefault", "true")
	doc := etree.NewDocument()
	doc.CreateProcInst("xml", `version="1.0" encoding="UTF-8"`)
	doc.SetRoot(entity)
	doc.Indent(2)
	text, err := doc.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("write metadata: %w", err)
	}
	return text, nil
}
