package saml

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // the hash of a signed request
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// The algorithms that requests may be signed with (RFC 6931 §2.3).
const (
	RSASHA256   = dsig.RSASHA256SignatureMethod
	RSASHA512   = dsig.RSASHA512SignatureMethod
	ECDSASHA256 = dsig.ECDSASHA256SignatureMethod
	ECDSASHA512 = dsig.ECDSASHA512SignatureMethod
)

// SignatureHash returns the hash of a signature algorithm, SHA-256 for "".
// Whether it is RSA or ECDSA is the key's to say. SHA-1 is an error.
func SignatureHash(algorithm string) (crypto.Hash, error) {
	switch algorithm {
	case "", RSASHA256, ECDSASHA256:
		return crypto.SHA256, nil
	case RSASHA512, ECDSASHA512:
		return crypto.SHA512, nil
	}
	return 0, fmt.Errorf("the signature algorithm %q is not allowed", clip(algorithm))
}

// maxRelay is how long a RelayState may be, in bytes (SAML Bindings §3.4.3).
const maxRelay = 80

// NewRequestID returns an id that nobody can guess, of the type xs:ID.
func NewRequestID() string { return "_" + rand.Text() }

// SignInURL returns where the browser goes with an AuthnRequest in the redirect
// binding (SAML Bindings §3.4.4), signed if there is a key. RelayState comes
// back with the answer; it has 80 bytes at most.
func (sp ServiceProvider) SignInURL(idp IdentityProvider, requestID, relayState string, now time.Time) (string, error) {
	if len(relayState) > maxRelay {
		return "", fmt.Errorf("a relay state of more than %d bytes", maxRelay)
	}
	target, err := url.Parse(idp.SignInEndpoint)
	if err != nil || target.Host == "" || target.Fragment != "" {
		return "", errors.New("the identity provider's sign-in endpoint is no URL")
	}
	request, err := deflated(sp.authnRequest(idp.SignInEndpoint, requestID, now))
	if err != nil {
		return "", err
	}
	// The order is that of the signature's input, not of the alphabet.
	query := "SAMLRequest=" + url.QueryEscape(request)
	if relayState != "" {
		query += "&RelayState=" + url.QueryEscape(relayState)
	}
	if sp.Key.Signer != nil {
		if query, err = sp.Key.signQuery(query); err != nil {
			return "", err
		}
	}
	if target.RawQuery != "" {
		query = target.RawQuery + "&" + query
	}
	target.RawQuery = query
	return target.String(), nil
}

// authnRequest writes an AuthnRequest (SAML Core §3.4.1).
func (sp ServiceProvider) authnRequest(destination, id string, now time.Time) *etree.Element {
	el := etree.NewElement("samlp:AuthnRequest")
	el.CreateAttr("xmlns:samlp", nsProtocol)
	el.CreateAttr("xmlns:saml", nsAssertion)
	el.CreateAttr("ID", id)
	el.CreateAttr("Version", version)
	el.CreateAttr("IssueInstant", now.UTC().Format("2006-01-02T15:04:05.000Z"))
	el.CreateAttr("Destination", destination)
	el.CreateAttr("ProtocolBinding", bindingPost)
	el.CreateAttr("AssertionConsumerServiceURL", sp.ACS)
	el.CreateElement("saml:Issuer").SetText(sp.EntityID)
	if sp.NameIDFormat != "" && sp.NameIDFormat != NameIDUnspecified {
		policy := el.CreateElement("samlp:NameIDPolicy")
		policy.CreateAttr("Format", sp.NameIDFormat)
		policy.CreateAttr("AllowCreate", "true")
	}
	return el
}

// deflated encodes a message for the redirect binding (§3.4.4.1).
func deflated(el *etree.Element) (string, error) {
	text, err := etree.NewDocumentWithRoot(el).WriteToBytes()
	if err != nil {
		return "", fmt.Errorf("write request: %w", err)
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return "", fmt.Errorf("deflate: %w", err)
	}
	if _, err := w.Write(text); err != nil {
		return "", fmt.Errorf("deflate: %w", err)
	}
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("deflate: %w", err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// signQuery appends algorithm and signature to a query string (§3.4.4.1).
func (k Key) signQuery(query string) (string, error) {
	hash, method, err := k.method()
	if err != nil {
		return "", err
	}
	query += "&SigAlg=" + url.QueryEscape(method)
	h := hash.New()
	h.Write([]byte(query))
	signature, err := k.Signer.Sign(rand.Reader, h.Sum(nil), hash)
	if err != nil {
		return "", fmt.Errorf("sign request: %w", err)
	}
	if key, ok := k.Signer.Public().(*ecdsa.PublicKey); ok {
		if signature, err = sideBySide(signature, (key.Curve.Params().BitSize+7)/8); err != nil {
			return "", err
		}
	}
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature)), nil
}

// method returns hash and identifier of the signature algorithm.
func (k Key) method() (crypto.Hash, string, error) {
	hash := k.Hash
	if hash == 0 {
		hash = crypto.SHA256
	}
	methods := map[crypto.Hash][2]string{
		crypto.SHA256: {RSASHA256, ECDSASHA256},
		crypto.SHA512: {RSASHA512, ECDSASHA512},
	}
	ids, known := methods[hash]
	switch k.Signer.Public().(type) {
	case *rsa.PublicKey:
		if known {
			return hash, ids[0], nil
		}
	case *ecdsa.PublicKey:
		if known {
			return hash, ids[1], nil
		}
	}
	return 0, "", errors.New("a signature algorithm that is not known")
}

// sideBySide turns an ECDSA signature in ASN.1 into the two numbers of XML
// Signature (RFC 6931 §2.3.6).
func sideBySide(der []byte, size int) ([]byte, error) {
	var sig struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &sig); err != nil {
		return nil, fmt.Errorf("sign request: %w", err)
	}
	out := make([]byte, 2*size)
	sig.R.FillBytes(out[:size])
	sig.S.FillBytes(out[size:])
	return out, nil
}
