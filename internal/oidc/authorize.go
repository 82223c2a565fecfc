package oidc

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/token"
)

// authorize is the authorization endpoint (RFC 6749 §3.1, OpenID Connect Core
// §3.1.2). Nothing is redirected before the client and its redirect URI are
// known to be right (RFC 9700 §4.11.1).
func (d *Door) authorize(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodHead { // "GET" routes take HEAD too, which must begin nothing
		return d.unknown(w, r)
	}
	v, err := readAuthorize(w, r)
	if err != nil {
		return d.told(err, nil)
	}
	a, err := d.judge(r.Context(), v)
	if err != nil {
		return err
	}
	cookie, _ := d.Cookies.Get(r, cookieSession)
	session, err := d.Desk.Session(r.Context(), cookie)
	if err != nil {
		return asError(err).To(a.target)
	}
	p := progress{authorization: a, session: session, cookie: cookie}
	if err := d.carry(r, &p); err != nil {
		return asError(err).To(a.target)
	}
	return d.advance(w, r, p)
}

// carry takes up the invitation that the browser carries from the page of its
// link, as if the request had brought it. One that has a link of its own keeps
// that, and what must not be seen is not disturbed (Core §3.1.2.1, prompt=none).
func (d *Door) carry(r *http.Request, p *progress) error {
	code, ok := d.Cookies.Get(r, cookieInvitation)
	if !ok || p.request.OneTimeToken != "" || p.request.HasPrompt(promptNone) {
		return nil
	}
	var err error
	p.request.OneTimeToken, err = d.Desk.CarriedInvitation(r.Context(), code, p.request.ClientID)
	p.carried = p.request.OneTimeToken != ""
	return err
}

// told adds to an error that is answered in JSON what the authorization
// endpoint tells besides.
func (d *Door) told(err error, v url.Values) error {
	e := *asError(err)
	e.Issuer, e.State = d.issuer(), one(v, "state")
	return &e
}

// judge validates an authorization request. Its errors say where they belong:
// in JSON, or at the application.
func (d *Door) judge(ctx context.Context, v url.Values) (authorization, error) {
	a, v, err := d.judgeTarget(ctx, v)
	if err != nil {
		return a, d.told(err, v)
	}
	if err := a.parse(v); err != nil {
		return a, err.To(a.target)
	}
	if err := d.lookUp(ctx, &a); err != nil {
		return a, asError(err).To(a.target)
	}
	return a, nil
}

// judgeTarget finds the client and matches the redirect URI. Where the request
// was pushed before, it returns the parameters that were.
func (d *Door) judgeTarget(ctx context.Context, v url.Values) (authorization, url.Values, error) {
	var a authorization
	if err := single(v, "client_id"); err != nil {
		return a, v, err
	}
	id, err := required(v, "client_id")
	if err != nil {
		return a, v, err
	}
	if a.client, err = d.client(ctx, id); err != nil {
		return a, v, err
	}
	if uri := one(v, "request_uri"); strings.HasPrefix(uri, requestURIPrefix) {
		pushed, err := d.takePushed(ctx, a.client, uri)
		if err != nil {
			return a, v, err
		}
		v = pushed
	}
	if err := single(v, "redirect_uri"); err != nil {
		return a, v, err
	}
	uri, implicit, err := redirectURI(a.client, one(v, "redirect_uri"))
	if err != nil {
		return a, v, err
	}
	a.request.ClientID, a.request.RedirectURI, a.request.RedirectURIImplicit = a.client.ID, uri, implicit
	a.target = aim(v, uri)
	return a, v, nil
}

// redirectURI returns where a client may be answered. It may leave the
// parameter away if it registered just one address.
func redirectURI(c *client, given string) (uri string, implicit bool, err error) {
	uri = given
	if registered := c.OIDCClientMetadata.RedirectURIs; uri == "" && len(registered) == 1 && !strings.Contains(registered[0], "*") {
		uri, implicit = registered[0], true
	}
	switch {
	case uri == "" && len(c.OIDCClientMetadata.RedirectURIs) > 0:
		return "", false, invalidRequest("missing required parameter 'redirect_uri'")
	case !c.Type.MayRedirect() || !c.AllowsRedirect(uri):
		return "", false, newError(guestlist.KindInvalid, "invalid_redirect_uri",
			"redirect_uri did not match any of the client's registered redirect_uris")
	}
	return uri, implicit, nil
}

// lookUp judges what takes the database or the keys: resources, scopes and the
// hint who is meant.
func (d *Door) lookUp(ctx context.Context, a *authorization) error {
	if err := d.judgeHint(ctx, a); err != nil {
		return err
	}
	return d.Store.View(ctx, func(tx *store.Tx) error {
		if len(a.request.Resources) == 0 {
			switch def, err := tx.DefaultResource(); {
			case err == nil:
				a.request.Resources = []string{def.Indicator}
			case guestlist.KindOf(err) != guestlist.KindNotFound:
				return err
			}
		}
		var scopes []string
		for _, indicator := range a.request.Resources {
			resource, err := tx.ResourceByIndicator(indicator)
			if guestlist.KindOf(err) == guestlist.KindNotFound {
				return token.ErrInvalidTarget
			}
			if err != nil {
				return err
			}
			list, err := tx.ScopesOfResource(resource.ID)
			if err != nil {
				return err
			}
			scopes = append(scopes, scopeNames(list)...)
		}
		if a.request.HasScope(guestlist.ScopeOrganizations) {
			ofOrganizations, err := tx.KnownOrganizationScopes(a.request.Scopes)
			if err != nil {
				return err
			}
			scopes = append(scopes, ofOrganizations...)
		}
		a.known(scopes)
		return judgeThirdParty(tx, *a)
	})
}

// judgeHint verifies an id_token_hint (Core §3.1.2.1): one that we issued to
// this client; it may have expired.
func (d *Door) judgeHint(ctx context.Context, a *authorization) error {
	if a.hint == "" {
		return nil
	}
	claims, err := d.Mint.Verify(ctx, token.SortID, a.hint)
	if guestlist.KindOf(err) == guestlist.KindInternal && err != nil {
		return err
	}
	if err != nil || claims.Audience != string(a.client.ID) {
		return invalidRequest("could not validate id_token_hint")
	}
	a.request.IDTokenHintSubject = guestlist.UserID(claims.Subject)
	return nil
}

// judgeThirdParty refuses what an application of somebody else's may not ask
// users for.
func judgeThirdParty(tx *store.Tx, a authorization) error {
	if !a.client.IsThirdParty {
		return nil
	}
	allowed, err := tx.ApplicationUserScopes(a.client.ID)
	if err != nil {
		return err
	}
	allowed = append(allowed, scopeOpenID, scopeOfflineAccess)
	for _, s := range a.request.Scopes {
		if slices.Contains(token.UserScopes, s) && !slices.Contains(allowed, s) {
			e := newError(guestlist.KindInvalid, "invalid_scope", "requested scope is not allowed")
			e.Scope = s
			return e
		}
	}
	return nil
}

func scopeNames(scopes []guestlist.Scope) []string {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = s.Name
	}
	return names
}
