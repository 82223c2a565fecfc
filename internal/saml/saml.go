// Package saml speaks the part of SAML 2.0 that a service provider needs to let
// somebody in: it writes AuthnRequests for the redirect binding and its own
// metadata, reads the metadata of identity providers, and verifies the
// responses that browsers post (Web Browser SSO, SAML Profiles §4.1).
//
// It promises that what Verify returns was read from the very bytes that a
// trusted key signed, and from nowhere else: a signature covers the element
// that it stands in, and the assertion is parsed anew from the digested octets.
// It promises that the answer belongs to the request (InResponseTo), to us
// (audience, recipient, destination), to the provider (issuer), and to now. A
// message with a document type, a comment, an id that occurs twice, a second
// assertion, or a signature in an unexpected place is refused as a whole, since
// honest providers send none of these. Everything has a size.
//
// It refuses answers that nobody asked for, SHA-1 and keys that are too short,
// and it refuses to know the network, the clock and who has come before: time
// enters as a value, and remembering the ids of assertions is the caller's.
package saml

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"time"
)

// Limits, and how far clocks may differ.
const (
	MaxResponse = 256 << 10        // bytes of a response, decoded
	MaxMetadata = 2 << 20          // bytes of an identity provider's metadata
	MaxSkew     = 3 * time.Minute  // between the provider's clock and ours
	MaxAge      = 30 * time.Minute // from the issue of an assertion to its use

	maxDepth         = 32   // elements within elements
	maxElements      = 4096 // in a response
	maxMetaElements  = 40960
	maxAttributes    = 32    // of one element
	maxClaims        = 256   // attributes of an assertion
	maxClaimValues   = 512   // of one attribute; groups can be many
	maxClaimLength   = 8192  // bytes of a value
	maxNameID        = 512   // bytes
	maxMessageID     = 256   // bytes
	maxCertificate   = 32768 // bytes of text
	maxCertificates  = 16    // of one provider
	maxStatusMessage = 256   // bytes that are kept of it
)

// The XML namespaces.
const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	nsEncrypted = "http://www.w3.org/2001/04/xmlenc#"
)

// The bindings (SAML Bindings §3.4 and §3.5).
const (
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	bindingPost     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

// The formats of a name identifier that have a meaning here (SAML Core §8.3).
const (
	NameIDUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	NameIDEmail       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	NameIDX509Subject = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
	NameIDPersistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	NameIDTransient   = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
)

// ServiceProvider is ourselves, as one identity provider knows us.
type ServiceProvider struct {
	EntityID     string
	ACS          string // where responses are posted to (assertion consumer service)
	NameIDFormat string // asked for, when not empty or NameIDUnspecified
	// Key signs requests, when it is not nil. RSA or ECDSA.
	Key Key
	// Decrypt opens encrypted assertions, when it is not nil.
	Decrypt *rsa.PrivateKey
}

// Key is a private key and the certificate that is published with it.
type Key struct {
	Signer      crypto.Signer
	Certificate *x509.Certificate // may be nil
	// Hash is what is signed with: SHA-256, which zero means too, or SHA-512.
	Hash crypto.Hash
}

// IdentityProvider is the other side, as its metadata describe it.
type IdentityProvider struct {
	EntityID       string
	SignInEndpoint string // of the redirect binding
	// Certificates hold the keys that it signs with. There are several while
	// it changes from one to the next.
	Certificates []*x509.Certificate
	// ValidUntil is when the metadata should not be used any more; zero for
	// never. Nothing here looks at it: people paste metadata to keep them.
	ValidUntil time.Time
	// WantsSigned says that it refuses requests that are not signed.
	WantsSigned bool
}

// Assertion is what an identity provider said about somebody, verified.
type Assertion struct {
	ID           string // unique for its issuer
	Issuer       string
	NameID       string // may be empty; not longer than 512 bytes
	NameIDFormat string
	SessionIndex string
	Attributes   []Attribute
	// Until is when it would be refused as too old, whatever else it is: up to
	// then the caller must remember ID.
	Until time.Time
}

// Attribute is one attribute of an assertion (SAML Core §2.7.3.1). Values that
// are no plain text are left out.
type Attribute struct {
	Name         string
	FriendlyName string
	Values       []string
}

// Attribute returns the values of the attribute with that name, or else of the
// one with that friendly name; nil if there is none.
func (a Assertion) Attribute(name string) []string {
	for _, at := range a.Attributes {
		if at.Name == name {
			return at.Values
		}
	}
	for _, at := range a.Attributes {
		if at.FriendlyName == name {
			return at.Values
		}
	}
	return nil
}

// StatusError says that the provider did not authenticate its user, in its own
// words (SAML Core §3.2.2). It is not signed by anybody.
type StatusError struct {
	Code    string // the second-level code where there is one
	Message string
}

// Error returns code and message.
func (e *StatusError) Error() string {
	return fmt.Sprintf("the identity provider answered %q %q", e.Code, e.Message)
}

// CertificateError says that a certificate cannot be used.
type CertificateError struct{ Reason string }

// Error returns the reason.
func (e *CertificateError) Error() string { return "certificate: " + e.Reason }
