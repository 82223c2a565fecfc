package saml

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// The algorithms that a signature may use. SHA-1 is not among them, nor is any
// transform but the two that SAML needs (SAML Core §5.4.3 and §5.4.4): with
// comments left in, or with others, what is signed need not be what is read.
var (
	signatureMethods = []string{
		dsig.RSASHA256SignatureMethod, dsig.RSASHA384SignatureMethod, dsig.RSASHA512SignatureMethod,
		dsig.ECDSASHA256SignatureMethod, dsig.ECDSASHA384SignatureMethod, dsig.ECDSASHA512SignatureMethod,
	}
	digestMethods = []string{
		"http://www.w3.org/2001/04/xmlenc#sha256",
		"http://www.w3.org/2001/04/xmldsig-more#sha384",
		"http://www.w3.org/2001/04/xmlenc#sha512",
	}
	canonical = dsig.CanonicalXML10ExclusiveAlgorithmId.String()
	enveloped = dsig.EnvelopedSignatureAltorithmId.String()
)

// checkPlaces refuses a document in which a signature could cover something
// else than it seems to: an id that occurs twice, or a signature or an assertion
// that stands anywhere but where one belongs. The holders are the elements that
// may be signed.
func checkPlaces(root *etree.Element, holders ...*etree.Element) error {
	ids := map[string]bool{}
	var walk func(el *etree.Element) error
	walk = func(el *etree.Element) error {
		for _, a := range el.Attr {
			if a.Space == "xmlns" || !strings.EqualFold(a.Key, "id") {
				continue
			}
			if ids[a.Value] {
				return errors.New("an id occurs twice")
			}
			ids[a.Value] = true
		}
		switch {
		case el.Tag == dsig.SignatureTag && el.NamespaceURI() != nsSignature:
			return errors.New("an element that is called Signature and is none")
		case el.Tag == dsig.SignatureTag && !slices.Contains(holders, el.Parent()):
			return fmt.Errorf("a signature in %s", clip(el.Parent().Tag))
		case is(el, nsAssertion, "Assertion") && !slices.Contains(holders, el):
			return fmt.Errorf("an assertion in %s", clip(el.Parent().Tag))
		}
		for _, c := range el.ChildElements() {
			if err := walk(c); err != nil {
				return err
			}
		}
		return nil
	}
	return walk(root)
}

// verified returns what the signature in el covers, which must be el itself: it
// is parsed anew from the octets that were digested. It returns nil without an
// error if el holds no signature.
func verified(el *etree.Element, certs []*x509.Certificate, now time.Time) (*etree.Element, error) {
	sig, err := child(el, nsSignature, dsig.SignatureTag)
	if sig == nil || err != nil {
		return nil, err
	}
	id := attr(el, "ID")
	if err := checkShape(sig, id); err != nil {
		return nil, fmt.Errorf("signature of %s: %w", el.Tag, err)
	}
	for _, a := range el.Attr {
		if a.Space != "" && a.Key == "ID" {
			return nil, fmt.Errorf("%s has two ids", el.Tag)
		}
	}
	signed, err := anyKey(el, certs, now)
	if err != nil {
		return nil, fmt.Errorf("signature of %s: %w", el.Tag, err)
	}
	if signed.Tag != el.Tag || signed.NamespaceURI() != el.NamespaceURI() || attr(signed, "ID") != id {
		return nil, fmt.Errorf("the signature of %s covers something else", el.Tag)
	}
	return signed, nil
}

// checkShape holds a signature to the profile of SAML (SAML Core §5.4): one
// reference, to the element with this id, which is the one that it stands in.
func checkShape(sig *etree.Element, id string) error {
	for _, c := range sig.ChildElements() {
		if c.NamespaceURI() != nsSignature || c.Tag == "Object" {
			return fmt.Errorf("holds %s", c.Tag)
		}
	}
	info, err := must(sig, nsSignature, dsig.SignedInfoTag)
	if err != nil {
		return err
	}
	if _, err := must(sig, nsSignature, dsig.SignatureValueTag); err != nil {
		return err
	}
	if err := algorithm(info, dsig.CanonicalizationMethodTag, []string{canonical}); err != nil {
		return err
	}
	if err := algorithm(info, dsig.SignatureMethodTag, signatureMethods); err != nil {
		return err
	}
	ref, err := must(info, nsSignature, dsig.ReferenceTag)
	if err != nil {
		return err
	}
	if id == "" || len(id) > maxMessageID || attr(ref, dsig.URIAttr) != "#"+id {
		return errors.New("refers to another element")
	}
	if err := algorithm(ref, dsig.DigestMethodTag, digestMethods); err != nil {
		return err
	}
	transforms, err := must(ref, nsSignature, dsig.TransformsTag)
	if err != nil {
		return err
	}
	var used []string
	for _, t := range transforms.ChildElements() {
		used = append(used, attr(t, dsig.AlgorithmAttr))
	}
	if !slices.Equal(used, []string{enveloped, canonical}) {
		return errors.New("transforms that are not allowed")
	}
	return nil
}

// algorithm checks the only child of a name for an algorithm of the list.
func algorithm(el *etree.Element, tag string, allowed []string) error {
	method, err := must(el, nsSignature, tag)
	if err != nil {
		return err
	}
	if a := attr(method, dsig.AlgorithmAttr); !slices.Contains(allowed, a) {
		return fmt.Errorf("%s %q is not allowed", tag, a)
	}
	return nil
}

// anyKey tries the keys of the provider in turn. Which key the message claims
// to be signed with is nobody's word: KeyInfo is taken out.
func anyKey(el *etree.Element, certs []*x509.Certificate, now time.Time) (*etree.Element, error) {
	if len(certs) == 0 {
		return nil, errors.New("no key of the provider is known")
	}
	var failed error
	for _, cert := range certs {
		if now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
			failed = &CertificateError{Reason: fmt.Sprintf("it is valid from %s to %s", cert.NotBefore.UTC(), cert.NotAfter.UTC())}
			continue
		}
		copied, err := detach(el)
		if err != nil {
			return nil, err
		}
		sig, err := must(copied, nsSignature, dsig.SignatureTag)
		if err != nil {
			return nil, err
		}
		for _, info := range children(sig, nsSignature, dsig.KeyInfoTag) {
			sig.RemoveChild(info)
		}
		if err := normaliseValue(sig, cert); err != nil {
			return nil, err
		}
		validation := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
		validation.Clock = dsig.NewFakeClockAt(now)
		signed, err := validation.Validate(copied)
		if err == nil {
			return signed, nil
		}
		failed = err
	}
	return nil, failed
}

// detach copies an element out of its document, with the namespaces that are
// declared around it.
func detach(el *etree.Element) (*etree.Element, error) {
	ns, err := etreeutils.NSBuildParentContext(el)
	if err != nil {
		return nil, fmt.Errorf("namespaces: %w", err)
	}
	if ns, err = ns.SubContext(el); err != nil {
		return nil, fmt.Errorf("namespaces: %w", err)
	}
	copied, err := etreeutils.NSDetatch(ns, el)
	if err != nil {
		return nil, fmt.Errorf("namespaces: %w", err)
	}
	return copied, nil
}

// normaliseValue writes a SignatureValue, which no signature covers, as the
// library wants it: without white space, and for ECDSA as ASN.1 in place of the
// two numbers side by side of XML Signature (RFC 6931 §2.3.6).
func normaliseValue(sig *etree.Element, cert *x509.Certificate) error {
	el, err := must(sig, nsSignature, dsig.SignatureValueTag)
	if err != nil {
		return err
	}
	text, err := textOf(el)
	if err != nil {
		return err
	}
	value, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return fmt.Errorf("signature value: %w", err)
	}
	if key, ok := cert.PublicKey.(*ecdsa.PublicKey); ok {
		if half := (key.Curve.Params().BitSize + 7) / 8; len(value) == 2*half {
			r, s := new(big.Int).SetBytes(value[:half]), new(big.Int).SetBytes(value[half:])
			if value, err = asn1.Marshal(struct{ R, S *big.Int }{r, s}); err != nil {
				return fmt.Errorf("signature value: %w", err)
			}
		}
	}
	el.SetText(base64.StdEncoding.EncodeToString(value))
	return nil
}
