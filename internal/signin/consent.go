package signin

import "guestlist"

// Decision is what the guest answers on the consent page.
type Decision string

// The decisions.
const (
	Ask   Decision = ""      // nothing yet: what is to be shown?
	Allow Decision = "allow" //
	Deny  Decision = "deny"  //
)

// ConsentStep is what /consent does next.
type ConsentStep struct {
	// Redirect is where the browser goes: the resume URL when consent is given
	// or not needed, a hosted page (relative) when a one-time token comes
	// first. Empty: show the page.
	Redirect string
	Page     *ConsentPage
}

// ConsentPage is what a third-party application asks for.
type ConsentPage struct {
	Application guestlist.Application
	User        guestlist.User
	Scopes      []string // OIDC scopes that were not granted before, without openid and offline_access
	Resources   []ConsentResource
	RedirectURI string
}

// ConsentResource is an API with the scopes asked of it.
type ConsentResource struct {
	Resource guestlist.Resource
	Scopes   []guestlist.Scope
}
