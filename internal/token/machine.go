package token

import (
	"context"
	"slices"
	"strings"

	"guestlist"
	"guestlist/internal/store"
)

// MachineRequest asks for a token in a client's own name (RFC 6749 §4.4).
type MachineRequest struct {
	Application    guestlist.Application // that proved itself
	Scopes         []string
	Resources      []string
	OrganizationID string
}

// machineAccess is what a client may do with a resource.
type machineAccess struct {
	resource guestlist.Resource
	scopes   []string
}

// ClientCredentials issues an access token to a client itself. Scopes that its
// roles do not hold are left out silently. Nothing is read but the cache, and
// nothing is written.
func (m *Mint) ClientCredentials(ctx context.Context, r MachineRequest) (Answer, error) {
	if r.OrganizationID != "" {
		return Answer{}, ErrAccessDenied.Saying("app has not associated with the organization")
	}
	indicator, err := m.machineResource(ctx, r.Resources)
	if err != nil {
		return Answer{}, err
	}
	access, err := m.machineAccess(ctx, r.Application.ID, indicator)
	if guestlist.KindOf(err) == guestlist.KindNotFound {
		return Answer{}, ErrInvalidTarget
	}
	if err != nil {
		return Answer{}, err
	}
	a := Answer{ExpiresIn: int64(access.resource.AccessTokenTTL), Scope: strings.Join(intersect(r.Scopes, access.scopes), " ")}
	a.AccessToken, err = m.signJWT(ctx, m.Store.Now(), string(r.Application.ID), r.Application.ID, access.resource, "", a.Scope)
	return a, err
}

func (m *Mint) machineResource(ctx context.Context, resources []string) (string, error) {
	switch len(resources) {
	case 1:
		return resources[0], nil
	case 0:
	default:
		return "", ErrInvalidTarget.Saying("only a single resource indicator value is supported for this grant type")
	}
	indicator, err := store.Cached(ctx, m.Store, "token.default-resource", func(tx *store.Tx) (string, error) {
		r, err := tx.DefaultResource()
		if guestlist.KindOf(err) == guestlist.KindNotFound {
			return "", nil
		}
		return r.Indicator, err
	})
	if err == nil && indicator == "" {
		err = ErrInvalidTarget.Saying("both `resource` and `organization_id` are not provided")
	}
	return indicator, err
}

func (m *Mint) machineAccess(ctx context.Context, app guestlist.ApplicationID, indicator string) (machineAccess, error) {
	key := "token.machine " + string(app) + " " + indicator // ids hold no space
	return store.Cached(ctx, m.Store, key, func(tx *store.Tx) (machineAccess, error) {
		resource, err := tx.ResourceByIndicator(indicator)
		if err != nil {
			return machineAccess{}, err
		}
		scopes, err := tx.ScopesOfApplication(app, resource.ID)
		return machineAccess{resource, names(scopes)}, err
	})
}

// Subject is who stands behind a token of the management API: a machine, or a
// person by way of an application.
type Subject struct {
	ClientID guestlist.ApplicationID
	UserID   guestlist.UserID // "" for machines
	Scopes   []string         // of the management API
}

// Has reports whether the subject holds a scope, or all of them.
func (s Subject) Has(scope string) bool {
	return slices.Contains(s.Scopes, guestlist.ScopeAll) || slices.Contains(s.Scopes, scope)
}

// VerifyManagement judges a bearer token for the management API. Scopes count
// only as far as the subject's roles still hold them, so that taking a role
// away takes effect before the token ends. A token that is not good is
// auth.unauthorized.
func (m *Mint) VerifyManagement(ctx context.Context, bearer string) (Subject, error) {
	claims, err := m.verifyAccess(ctx, bearer)
	if err == nil && claims.Audience != guestlist.ManagementAPI {
		err = ErrInvalidToken
	}
	if err != nil {
		if guestlist.CodeOf(err) == ErrInvalidToken.Code {
			return Subject{}, errUnauthorized
		}
		return Subject{}, err
	}
	s := Subject{ClientID: guestlist.ApplicationID(claims.ClientID)}
	var holds []string
	if claims.Subject == claims.ClientID {
		access, err := m.machineAccess(ctx, s.ClientID, guestlist.ManagementAPI)
		if err != nil {
			return Subject{}, err
		}
		holds = access.scopes
	} else {
		s.UserID = guestlist.UserID(claims.Subject)
		if holds, err = m.userScopes(ctx, s.UserID); err != nil {
			return Subject{}, err
		}
		if !s.ClientID.MayUseManagement() {
			holds = nil
		}
	}
	s.Scopes = intersect(strings.Fields(claims.Scope), holds)
	return s, nil
}

var errUnauthorized = guestlist.Refuse(guestlist.KindUnauthenticated, "auth.unauthorized")

// userScopes returns the scopes of the management API that a user holds; one
// who may not come in any more is unauthorized.
func (m *Mint) userScopes(ctx context.Context, id guestlist.UserID) ([]string, error) {
	var holds []string
	err := m.Store.View(ctx, func(tx *store.Tx) error {
		_, ok, err := readPerson(tx, id, nil)
		if err != nil {
			return err
		}
		if !ok {
			return errUnauthorized
		}
		resource, err := tx.ResourceByIndicator(guestlist.ManagementAPI)
		if err != nil {
			return err
		}
		scopes, err := tx.ScopesOfUser(id, resource.ID)
		holds = names(scopes)
		return err
	})
	return holds, err
}
