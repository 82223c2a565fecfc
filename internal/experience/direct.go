package experience

import (
	"slices"

	"guestlist/internal/signin"
)

// getDirect answers a request to go straight to an outside identity provider
// (direct_sign_in). None is known here, and an unknown one leads to the first
// screen that the request named beside it, with the whole query: a link's token
// and the hint must survive the detour. Only names of first screens count, so
// that a parameter cannot choose where a guest ends up.
func getDirect(v *visit) error {
	to := "/" + v.query.Get("fallback")
	if !slices.Contains(firstPages(), to) {
		to = signin.PageSignIn
	}
	return v.withQuery(to)
}

// getSingleSignOn leads to the sign-in page, as wherever single sign-on is off
// (wire §6.1).
func getSingleSignOn(v *visit) error { return v.withQuery(signin.PageSignIn) }

// firstPages are the pages with which an interaction may begin.
func firstPages() []string {
	return []string{signin.PageSignIn, signin.PageRegister, pageResetPassword, pageIdentifierSignIn, pageIdentifierRegister}
}
