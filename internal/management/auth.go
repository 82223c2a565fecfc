package management

import (
	"slices"
	"strings"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/token"
)

// localClient names calls in process in the audit log.
const localClient = guestlist.ApplicationID("guestlist")

var errUnauthorized = guestlist.Refuse(guestlist.KindUnauthenticated, "auth.unauthorized")

// authenticate lets through who bears an access token (RFC 6750 §2.1) for the
// management API with a scope that opens the route.
func (a *API) authenticate(c *call) error {
	header := c.r.Header.Get("Authorization")
	if header == "" {
		return guestlist.Refuse(guestlist.KindUnauthenticated, "auth.authorization_header_missing")
	}
	bearer, ok := strings.CutPrefix(header, "Bearer")
	if !ok {
		return guestlist.Refuse(guestlist.KindUnauthenticated, "auth.authorization_token_type_not_supported").
			With(map[string]any{"supportedTypes": []string{"Bearer"}})
	}
	bearer = strings.TrimSpace(bearer)
	if bearer == "" {
		return errUnauthorized
	}
	if c.route.holder {
		return a.holder(c, bearer)
	}
	if a.Local != "" && crypt.Equal(bearer, a.Local) {
		c.who = token.Subject{ClientID: localClient, Scopes: []string{guestlist.ScopeAll}}
		return nil
	}
	who, err := a.Tokens.VerifyManagement(c.ctx(), bearer)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(c.route.openedBy(), who.Has) {
		return guestlist.Refuse(guestlist.KindForbidden, "auth.forbidden")
	}
	c.who = who
	return nil
}

// holder lets through whose account it is.
func (a *API) holder(c *call, bearer string) (err error) {
	c.who, err = a.Tokens.AccountHolder(c.ctx(), bearer)
	switch guestlist.CodeOf(err) {
	case guestlist.CodeOf(token.ErrInvalidToken):
		return errUnauthorized
	case guestlist.CodeOf(token.ErrInsufficientScope):
		return guestlist.Refuse(guestlist.KindForbidden, "auth.forbidden")
	}
	return err
}

// needsAll refuses a wish that only the scope of everything grants, where
// narrower ones open the route.
func (c *call) needsAll() error {
	if c.who.Has(guestlist.ScopeAll) {
		return nil
	}
	return guestlist.Refuse(guestlist.KindForbidden, "auth.forbidden")
}
