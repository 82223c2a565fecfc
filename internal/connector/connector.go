// Package connector speaks to outside identity providers: OAuth 2, OpenID
// Connect and SAML, as a client of each. Every provider that it knows by name
// is a row of a table over these three drivers; what a provider does
// differently is in its row.
//
// It promises that an answer is believed only if it belongs to the attempt that
// asked (state, nonce, PKCE, InResponseTo), comes from the provider that was
// asked (issuer, signature, audience, recipient), and is fresh; that nothing is
// fetched from addresses that are not public; and that what a provider says is
// bounded in size and time. Whatever a provider does wrong ends in a refusal
// with a code of the wire and the exact reason in its cause.
//
// It refuses to know users, rows and pages. Whether an identity may come in,
// whom it belongs to, and whether its e-mail address is believed are decided
// above.
package connector

import (
	"context"
	"net/url"

	"guestlist"
)

// Attempt is one try of a guest to be recognised by a provider.
type Attempt struct {
	State       string // comes back with the answer
	RedirectURI string // where the browser brings the answer
	// ACS is where a SAML provider posts its answer; unused by others.
	ACS       string
	LoginHint string
	UILocales string
}

// Pending is what the server must remember of an attempt until the answer
// comes. Its JSON is kept sealed in the interaction.
type Pending struct {
	State       string `json:"state"`
	RedirectURI string `json:"redirectUri"`
	ACS         string `json:"acs,omitempty"`
	Nonce       string `json:"nonce,omitempty"`     // OpenID Connect Core §3.1.2.1
	Verifier    string `json:"verifier,omitempty"`  // PKCE, RFC 7636 §4.1
	RequestID   string `json:"requestId,omitempty"` // of a SAML AuthnRequest
	// Relay is the RelayState by which a SAML answer finds its attempt; random,
	// and known to the browser and the provider alone.
	Relay string `json:"relay,omitempty"`
}

// Provider is an outside identity provider with its settings, ready to be
// asked. It is safe for concurrent use.
type Provider interface {
	// Begin returns where the browser goes. It may fetch the provider's
	// metadata. Errors: connector.* and their causes.
	Begin(ctx context.Context, a Attempt) (location string, p Pending, err error)
	// Finish verifies the parameters that the browser brought back to the
	// redirect URI and returns who it is. A guest who refused consent gives
	// connector.authorization_failed.
	Finish(ctx context.Context, p Pending, answer url.Values) (guestlist.OutsideIdentity, error)
}

// Poster is a Provider whose answer comes as a POST from its own origin, where
// the browser's cookies are not sent along (SAML Bindings §3.5). The answer is
// accepted there, and the browser fetches the result at the redirect URI.
type Poster interface {
	Provider
	// Accept verifies the form that was posted to the ACS for an attempt.
	// Nobody may have accepted the same assertion before: the caller remembers
	// ID until Until.
	Accept(p Pending, form url.Values) (Assertion, error)
}

// Assertion is the verified answer of a Poster.
type Assertion struct {
	ID       string         // unique for its issuer (SAML Core §2.3.3)
	Until    guestlist.Time // after which it would be refused anyway
	Identity guestlist.OutsideIdentity
}
