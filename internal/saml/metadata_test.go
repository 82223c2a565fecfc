package saml_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	crewjam "github.com/crewjam/saml"

	"guestlist/internal/saml"
)

func describe(certs ...string) string {
	var keys strings.Builder
	for _, c := range certs {
		keys.WriteString(`<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` + c + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`)
	}
	return `<?xml version="1.0"?><!-- written by hand --><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + entity + `"><md:IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` + keys.String() +
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.acme.example/post"/><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="` + sso + `"/></md:IDPSSODescriptor></md:EntityDescriptor>`
}

func b64(s signer) string { return base64.StdEncoding.EncodeToString(s.cert.Raw) }

func TestMetadataOfAProviderAreRead(t *testing.T) {
	honest, next := newSigner(t, keys().honest), newSigner(t, keys().ec)
	broken := b64(honest)[:60] + "\n  " + b64(honest)[60:] // as people wrap it
	idp, err := saml.ParseMetadata([]byte(describe(broken, b64(next), "bm9wZQ==")))
	if err != nil {
		t.Fatal(err)
	}
	if idp.EntityID != entity || idp.SignInEndpoint != sso || !idp.WantsSigned || len(idp.Certificates) != 2 ||
		!idp.Certificates[0].Equal(honest.cert) || !idp.Certificates[1].Equal(next.cert) {
		t.Errorf("got %+v", idp)
	}
	dated := strings.Replace(describe(b64(honest)), "entityID", `validUntil="2026-11-26T11:00:00Z" entityID`, 1)
	dated = strings.Replace(dated, "WantAuthn", `validUntil="2026-11-25T11:00:00Z" WantAuthn`, 1)
	if idp, err = saml.ParseMetadata([]byte(dated)); err != nil || !idp.ValidUntil.Equal(now.Add(23*time.Hour)) {
		t.Errorf("valid until %v, %v", idp.ValidUntil, err)
	}
	among := `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + strings.TrimPrefix(describe(b64(honest)), `<?xml version="1.0"?>`) + `</md:EntitiesDescriptor>`
	if idp, err = saml.ParseMetadata([]byte(among)); err != nil || idp.EntityID != entity {
		t.Errorf("among entities: %+v, %v", idp, err)
	}
}

func TestMetadataThatCannotBeUsedAreRefused(t *testing.T) {
	honest, weak := newSigner(t, keys().honest), newSigner(t, rsaKey(t, 1024))
	good := describe(b64(honest))
	for name, tt := range map[string]struct {
		text        string
		certificate bool
	}{
		"no XML":              {"not xml", false},
		"a document type":     {`<!DOCTYPE x SYSTEM "http://127.0.0.1/x">` + strings.TrimPrefix(good, `<?xml version="1.0"?>`), false},
		"huge":                {good + strings.Repeat("\n", saml.MaxMetadata), false},
		"a service provider":  {strings.ReplaceAll(good, "IDPSSODescriptor", "SPSSODescriptor"), false},
		"SAML 1.1":            {strings.Replace(good, "SAML:2.0:protocol", "SAML:1.1:protocol", 1), false},
		"no redirect binding": {strings.Replace(good, "HTTP-Redirect", "SOAP", 1), false},
		"a script":            {strings.Replace(good, sso, "javascript:alert(1)", 1), false},
		"no entity":           {strings.Replace(good, entity, "", 1), false},
		"an end that is none": {strings.Replace(good, "entityID", `validUntil="never" entityID`, 1), false},
		"two providers":       {`<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + strings.Repeat(strings.TrimPrefix(good, `<?xml version="1.0"?>`), 2) + `</md:EntitiesDescriptor>`, false},
		"no key":              {describe(), true},
		"a key to encrypt":    {strings.Replace(good, `use="signing"`, `use="encryption"`, 1), true},
		"a broken key":        {describe("AAAA"), true},
		"a short key":         {describe(b64(weak)), true},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := saml.ParseMetadata([]byte(tt.text))
			var c *saml.CertificateError
			if err == nil || errors.As(err, &c) != tt.certificate {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestOurMetadataAreReadByOthers(t *testing.T) {
	sp := service()
	sp.NameIDFormat = saml.NameIDPersistent
	private, certificate, err := saml.NewKey("login.guestlist.example")
	if err != nil {
		t.Fatal(err)
	}
	if sp.Key.Signer, err = saml.ParseKey(private); err != nil {
		t.Fatal(err)
	}
	if sp.Key.Certificate, err = saml.ParseCertificate(certificate); err != nil {
		t.Fatal(err)
	}
	text, err := sp.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	var got crewjam.EntityDescriptor
	if err := xml.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	role := got.SPSSODescriptors[0]
	if got.EntityID != us || role.AssertionConsumerServices[0].Location != acs || !*role.AuthnRequestsSigned || !*role.WantAssertionsSigned ||
		role.KeyDescriptors[0].KeyInfo.X509Data.X509Certificates[0].Data != base64.StdEncoding.EncodeToString(sp.Key.Certificate.Raw) {
		t.Errorf("got %s", text)
	}
}

func TestRequestsAreWhatTheBindingSays(t *testing.T) {
	idp := saml.IdentityProvider{EntityID: entity, SignInEndpoint: sso + "?tenant=a"}
	for name, key := range map[string]crypto.Signer{"unsigned": nil, "RSA": keys().honest, "ECDSA": keys().ec} {
		t.Run(name, func(t *testing.T) {
			sp := service()
			sp.NameIDFormat, sp.Key.Signer = saml.NameIDEmail, key
			location, err := sp.SignInURL(idp, request, "relay+/=", now)
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(location)
			if err != nil || !strings.HasPrefix(location, sso+"?tenant=a&SAMLRequest=") || u.Query().Get("RelayState") != "relay+/=" {
				t.Fatal(location, err)
			}
			var got crewjam.AuthnRequest
			if err := xml.Unmarshal(inflate(t, u.Query().Get("SAMLRequest")), &got); err != nil {
				t.Fatal(err)
			}
			if got.ID != request || got.Issuer.Value != us || got.AssertionConsumerServiceURL != acs || got.Destination != idp.SignInEndpoint ||
				!got.IssueInstant.Equal(now) || *got.NameIDPolicy.Format != saml.NameIDEmail {
				t.Errorf("got %+v", got)
			}
			checkQuerySignature(t, u, key)
		})
	}
	if a, b := saml.NewRequestID(), saml.NewRequestID(); a == b || len(a) < 20 || a[0] != '_' {
		t.Errorf("ids %q and %q", a, b)
	}
	if _, err := service().SignInURL(idp, request, strings.Repeat("r", 81), now); err == nil {
		t.Error("a relay state of 81 bytes")
	}
}

// checkQuerySignature does what a provider does (SAML Bindings §3.4.4.1).
func checkQuerySignature(t *testing.T, u *url.URL, key crypto.Signer) {
	t.Helper()
	if key == nil {
		if u.Query().Has("Signature") || u.Query().Has("SigAlg") {
			t.Error("signed by nobody")
		}
		return
	}
	signed, _, _ := strings.Cut(strings.TrimPrefix(u.RawQuery, "tenant=a&"), "&Signature=")
	digest := sha256.Sum256([]byte(signed))
	signature, err := base64.StdEncoding.DecodeString(u.Query().Get("Signature"))
	if err != nil {
		t.Fatal(err)
	}
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature); err != nil {
			t.Error(err)
		}
	case *ecdsa.PublicKey:
		if len(signature) != 64 || !ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
			t.Error("the signature does not verify")
		}
	}
}

func inflate(t *testing.T, s string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestKeysThatCannotSignAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "no PEM": "abc", "a certificate": saml.PEM(newSigner(t, keys().honest).cert),
		"locked": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
		"huge":   strings.Repeat("A", 1<<20),
	} {
		if _, err := saml.ParseKey(text); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func FuzzParseMetadata(f *testing.F) {
	f.Add(describe(b64(newSigner(f, keys().honest))))
	f.Fuzz(func(t *testing.T, text string) {
		if idp, err := saml.ParseMetadata([]byte(text)); err == nil && (idp.EntityID == "" || len(idp.Certificates) == 0) {
			t.Errorf("got %+v", idp)
		}
	})
}
