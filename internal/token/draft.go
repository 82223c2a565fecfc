package token

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// request is what a code or refresh token is exchanged for.
type request struct {
	scopes    []string // wanted, in their order; all of them were granted
	resources []string // named in the token request
	granted   []string // resources of the authorization request
	nonce     string
	sid       string
	authTime  guestlist.Time
	tellTime  bool

	organization guestlist.OrganizationID // that a refresh is for; "" for none
	all          []string                 // scopes that a refresh could have
}

// draft is an answer whose facts were read and judged, but which is neither
// signed nor written down.
type draft struct {
	app      guestlist.Application
	grant    guestlist.Grant
	person   person
	request  request
	resource *guestlist.Resource // nil: an opaque token
	scopes   []string            // of the access token
	refresh  *newRefresh         // to be issued
	same     string              // the refresh token that stays in force

	organization guestlist.OrganizationID // that the token for a resource is within
}

type newRefresh struct {
	expires guestlist.Time
	data    refreshData
}

// draft reads all that an answer needs. It refuses if the grant ended or the
// user may not come in any more.
func (m *Mint) draft(tx *store.Tx, row store.Token, app guestlist.Application, r request) (draft, error) {
	d := draft{app: app, request: r}
	var err error
	if d.grant, err = tx.Grant(row.GrantID); err != nil {
		return d, refuse(err)
	}
	var ok bool
	if d.person, ok, err = readPerson(tx, row.UserID, r.scopes); err != nil {
		return d, err
	}
	if ok {
		if ok, err = tx.MayUse(app, row.UserID); err != nil {
			return d, err
		}
	}
	if !ok {
		return d, ErrInvalidGrant
	}
	if err := d.person.readOrganizations(tx, r.scopes, app.IsThirdParty); err != nil {
		return d, err
	}
	if r.organization != "" {
		if err := mayEnter(tx, app, row.UserID, r); err != nil {
			return d, err
		}
		if len(r.resources) == 0 {
			return d, d.forOrganization(tx)
		}
		d.organization = r.organization
	}
	indicator, err := chooseResource(r)
	if err != nil {
		return d, err
	}
	if indicator == "" {
		d.scopes = intersect(r.scopes, d.grant.Scopes)
		return d, nil
	}
	resource, err := tx.ResourceByIndicator(indicator)
	if guestlist.KindOf(err) == guestlist.KindNotFound {
		return d, ErrInvalidTarget
	}
	if err != nil {
		return d, err
	}
	d.resource = &resource
	has, err := tx.ScopesOfUserFor(app, row.UserID, r.organization, resource)
	if err != nil {
		return d, err
	}
	if indicator == guestlist.ManagementAPI && !app.ID.MayUseManagement() {
		has = nil
	}
	// What was granted once counts only while the user still has it.
	d.scopes = intersect(intersect(r.scopes, d.grant.ResourceScopes[indicator]), names(has))
	return d, nil
}

// chooseResource finds which resource an access token is for (RFC 8707 §2.2);
// "" is an opaque token. Without the parameter it is opaque if openid was
// granted, since it has to open userinfo.
func chooseResource(r request) (string, error) {
	for _, indicator := range r.resources {
		if !slices.Contains(r.granted, indicator) {
			return "", ErrInvalidTarget
		}
	}
	switch {
	case len(r.resources) == 1:
		return r.resources[0], nil
	case len(r.resources) == 0 && len(r.granted) == 1 && !hasScope(r.scopes, scopeOpenID):
		return r.granted[0], nil
	default:
		return "", nil
	}
}

// issue signs a draft and writes it down, if spend, which runs in the
// transaction, says that the code or token was spent by it. Where it was not,
// somebody used it twice, and the grant ends.
func (m *Mint) issue(ctx context.Context, d draft, spend func(*store.Tx) (bool, error)) (Answer, error) {
	now := m.Store.Now()
	a := Answer{Scope: strings.Join(d.scopes, " "), RefreshToken: d.same, UserID: d.person.ID}
	if err := m.signAccess(ctx, now, d, &a); err != nil {
		return Answer{}, err
	}
	if hasScope(d.request.scopes, scopeOpenID) {
		var err error
		if a.IDToken, err = m.signID(ctx, now, d); err != nil {
			return Answer{}, err
		}
	}
	access, refresh, err := d.rows(now)
	if err != nil {
		return Answer{}, err
	}
	if refresh != nil {
		a.RefreshToken = crypt.Opaque()
	}
	var good, spent bool
	err = m.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if good, err = tx.HoldGrant(d.grant.ID, d.lastExpiry(now)); err != nil || !good {
			return err
		}
		if spent, err = spend(tx); err != nil {
			return err
		}
		if !spent {
			return tx.RevokeGrant(d.grant.ID)
		}
		if access != nil {
			if err := tx.InsertToken(a.AccessToken, *access); err != nil {
				return err
			}
		}
		if refresh != nil {
			return tx.InsertToken(a.RefreshToken, *refresh)
		}
		return nil
	})
	if err != nil {
		return Answer{}, err
	}
	if !good || !spent {
		return Answer{}, ErrInvalidGrant
	}
	return a, nil
}

// lastExpiry is when the last of the draft's tokens ends.
func (d draft) lastExpiry(now guestlist.Time) guestlist.Time {
	last := now.Add(AccessTTL)
	if d.refresh != nil && d.refresh.expires > last {
		last = d.refresh.expires
	}
	return last
}

// rows builds the rows of the opaque tokens that the draft issues.
func (d draft) rows(now guestlist.Time) (access, refresh *store.Token, err error) {
	base := store.Token{GrantID: d.grant.ID, UserID: d.person.ID, ClientID: d.app.ID}
	if d.resource == nil {
		row := base
		row.Kind, row.ExpiresAt = store.TokenAccess, now.Add(AccessTTL)
		if row.Data, err = json.Marshal(accessData{Scopes: d.scopes}); err != nil {
			return nil, nil, fmt.Errorf("token: access token: %w", err)
		}
		access = &row
	}
	if d.refresh != nil {
		row := base
		row.Kind, row.ExpiresAt = store.TokenRefresh, d.refresh.expires
		if row.Data, err = json.Marshal(d.refresh.data); err != nil {
			return nil, nil, fmt.Errorf("token: refresh token: %w", err)
		}
		refresh = &row
	}
	return access, refresh, nil
}

// signAccess makes the access token: opaque, or a JWT for a resource.
func (m *Mint) signAccess(ctx context.Context, now guestlist.Time, d draft, a *Answer) error {
	if d.resource == nil {
		a.AccessToken, a.ExpiresIn = crypt.Opaque(), int64(AccessTTL.Seconds())
		return nil
	}
	a.ExpiresIn = int64(d.resource.AccessTokenTTL)
	var err error
	a.AccessToken, err = m.signJWT(ctx, now, string(d.person.ID), d.app.ID, *d.resource, d.organization, a.Scope)
	return err
}

// signJWT makes an access token for a resource (RFC 9068 §2.2).
func (m *Mint) signJWT(ctx context.Context, now guestlist.Time, subject string, client guestlist.ApplicationID,
	resource guestlist.Resource, organization guestlist.OrganizationID, scope string,
) (string, error) {
	var o object
	o.addString("jti", crypt.Opaque())
	o.addString("sub", subject)
	o.add("iat", now.Unix())
	o.add("exp", seconds(now, int64(resource.AccessTokenTTL)))
	o.addText("scope", scope)
	o.addString("client_id", string(client))
	o.addString("iss", m.Issuer)
	o.addString("aud", resource.Indicator)
	o.addText("organization_id", string(organization))
	payload, err := o.end()
	if err != nil {
		return "", fmt.Errorf("token: access token: %w", err)
	}
	return m.Sign(ctx, SortAccess, payload)
}

// signID makes an ID token (OpenID Connect Core §2).
func (m *Mint) signID(ctx context.Context, now guestlist.Time, d draft) (string, error) {
	config, err := m.idTokenConfig(ctx)
	if err != nil {
		return "", err
	}
	var o object
	d.person.claims(&o, d.request.scopes, func(claim string) bool {
		return slices.Contains(config.EnabledExtendedClaims, claim)
	})
	if d.request.tellTime {
		o.add("auth_time", d.request.authTime.Unix())
	}
	o.addText("nonce", d.request.nonce)
	if required := d.app.OIDCClientMetadata.BackchannelLogoutSessionRequired; required != nil && *required {
		o.addText("sid", d.request.sid)
	}
	o.addString("aud", string(d.app.ID))
	o.add("exp", seconds(now, idTokenTTL(d.app)))
	o.add("iat", now.Unix())
	o.addString("iss", m.Issuer)
	payload, err := o.end()
	if err != nil {
		return "", fmt.Errorf("token: ID token: %w", err)
	}
	return m.Sign(ctx, SortID, payload)
}

// idTokenTTL is how many seconds ID tokens of an application live.
func idTokenTTL(a guestlist.Application) int64 {
	if ttl := a.CustomClientMetadata.IDTokenTTL; ttl != nil {
		return int64(*ttl)
	}
	return guestlist.DefaultIDTokenTTLSeconds
}

// intersect returns the elements of a that b holds, in the order of a.
func intersect(a, b []string) []string {
	out := []string{}
	for _, s := range a {
		if slices.Contains(b, s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// names returns the names of scopes.
func names(scopes []guestlist.Scope) []string {
	out := make([]string, len(scopes))
	for i, s := range scopes {
		out[i] = s.Name
	}
	return out
}
