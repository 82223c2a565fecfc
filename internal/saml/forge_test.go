package saml_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"guestlist/internal/saml"
)

// The cast of these tests: an honest provider, its answers, and an attacker
// who has an account there, holds honestly signed answers about himself, and
// can post to us whatever he likes.

const (
	entity  = "https://idp.acme.example/metadata"
	sso     = "https://idp.acme.example/sso"
	us      = "https://login.guestlist.example/enterprise-sso/c1"
	acs     = "https://login.guestlist.example/api/authn/single-sign-on/saml/c1"
	request = "_request1"
	mallory = "mallory@acme.example"
	grace   = "grace@acme.example"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// signer is a key with its certificate.
type signer struct {
	key  crypto.Signer
	cert *x509.Certificate
}

func newSigner(t testing.TB, key crypto.Signer) signer {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return signer{key, cert}
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// keys are made once: they are slow.
var keys = sync.OnceValue(func() (k struct {
	honest, evil *rsa.PrivateKey
	ec           *ecdsa.PrivateKey
}) {
	k.honest, _ = rsa.GenerateKey(rand.Reader, 2048)
	k.evil, _ = rsa.GenerateKey(rand.Reader, 2048)
	k.ec, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return k
})

func provider(s ...signer) saml.IdentityProvider {
	idp := saml.IdentityProvider{EntityID: entity, SignInEndpoint: sso}
	for _, x := range s {
		idp.Certificates = append(idp.Certificates, x.cert)
	}
	return idp
}

func service() saml.ServiceProvider { return saml.ServiceProvider{EntityID: us, ACS: acs} }

const honestAssertion = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ID="_a1" Version="2.0" IssueInstant="2026-11-24T12:00:00Z"><saml:Issuer>` + entity + `</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">` + mallory + `</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="2026-11-24T12:05:00Z" Recipient="` + acs + `" InResponseTo="` + request + `"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="2026-11-24T11:59:00Z" NotOnOrAfter="2026-11-24T12:05:00Z"><saml:AudienceRestriction><saml:Audience>` + us + `</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="2026-11-24T12:00:00Z" SessionIndex="_s1"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="urn:oid:0.9.2342.19200300.100.1.3" FriendlyName="mail"><saml:AttributeValue xsi:type="xs:string">` + mallory + `</saml:AttributeValue></saml:Attribute><saml:Attribute Name="groups"><saml:AttributeValue>staff</saml:AttributeValue><saml:AttributeValue>night</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>`

const honestResponse = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r1" Version="2.0" IssueInstant="2026-11-24T12:00:00Z" Destination="` + acs + `" InResponseTo="` + request + `"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">` + entity + `</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:Response>`

// letter is an answer in the making.
type letter struct {
	assertion, response string // XML before signing
	signAssertion       *signer
	signResponse        *signer
	method              string // of the signatures; RSA with SHA-256 unless said
	// tamper changes the finished tree.
	tamper func(t testing.TB, response *etree.Element)
}

func element(t testing.TB, text string) *etree.Element {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(text); err != nil {
		t.Fatal(err)
	}
	return doc.Root()
}

// sign puts a signature into a copy of el, after its issuer, as providers do.
func sign(t testing.TB, el *etree.Element, s signer, method string) *etree.Element {
	t.Helper()
	ctx, err := dsig.NewSigningContext(s.key, [][]byte{s.cert.Raw})
	if err != nil {
		t.Fatal(err)
	}
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := ctx.SetSignatureMethod(method); err != nil {
		t.Fatal(err)
	}
	signed, err := ctx.SignEnveloped(el)
	if err != nil {
		t.Fatal(err)
	}
	text, err := etree.NewDocumentWithRoot(signed).WriteToString() // the library leaves the tree in pieces
	if err != nil {
		t.Fatal(err)
	}
	signed = element(t, text)
	sig := signed.ChildElements()[len(signed.ChildElements())-1]
	signed.RemoveChild(sig)
	signed.InsertChildAt(1, sig)
	return signed
}

// post returns the form field.
func (l letter) post(t testing.TB) string {
	t.Helper()
	return base64.StdEncoding.EncodeToString([]byte(l.text(t)))
}

func (l letter) text(t testing.TB) string {
	t.Helper()
	if l.assertion == "" {
		l.assertion = honestAssertion
	}
	if l.response == "" {
		l.response = honestResponse
	}
	if l.method == "" {
		l.method = dsig.RSASHA256SignatureMethod
	}
	a, r := element(t, l.assertion), element(t, l.response)
	if l.signAssertion != nil {
		a = sign(t, a, *l.signAssertion, l.method)
	}
	r.AddChild(a)
	if l.signResponse != nil {
		r = sign(t, r, *l.signResponse, l.method)
	}
	if l.tamper != nil {
		l.tamper(t, r)
	}
	text, err := etree.NewDocumentWithRoot(r).WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// replace returns a letter whose assertion says something else before it is
// signed.
func replace(old, with string) letter {
	if !strings.Contains(honestAssertion, old) {
		panic("the honest assertion does not hold " + old)
	}
	return letter{assertion: strings.ReplaceAll(honestAssertion, old, with)}
}

// rawECDSA rewrites the signature values of a tree as the standard wants them.
func rawECDSA(t testing.TB, root *etree.Element) {
	t.Helper()
	for _, el := range root.FindElements("//SignatureValue") {
		der, err := base64.StdEncoding.DecodeString(el.Text())
		if err != nil {
			t.Fatal(err)
		}
		var sig struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(der, &sig); err != nil {
			t.Fatal(err)
		}
		raw := make([]byte, 64)
		sig.R.FillBytes(raw[:32])
		sig.S.FillBytes(raw[32:])
		el.SetText(base64.StdEncoding.EncodeToString(raw))
	}
}
