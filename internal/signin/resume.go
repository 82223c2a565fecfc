package signin

import "guestlist"

// Resumed is what Resume gives to the OpenID provider.
type Resumed struct {
	Request      guestlist.AuthRequest
	OneTimeToken string            // of the request
	TokenUsed    bool              // that token was redeemed by this very interaction
	Session      guestlist.Session // the session to go on with
	// NewCookie is the value of the session cookie to set; empty when the
	// browser keeps the one it has.
	NewCookie string
	// Ended is the session that this one replaced, with its clients for
	// back-channel logout; nil when none was.
	Ended   *guestlist.Session
	GrantID guestlist.GrantID // what was consented to in a consent interaction
	Denied  bool              // the guest refused consent: access_denied
}
