package oidc

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"time"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
	"guestlist/internal/token"
)

// progress is how far an authorization request has come.
type progress struct {
	authorization
	session *guestlist.Session // of the browser, nil if it has none
	cookie  string             // that stands for the session
	// consented is the grant that the user gave just now; empty if nobody was
	// asked yet.
	consented guestlist.GrantID
	// carried says that the request has an invitation that the browser carried:
	// no address has to hold it.
	carried bool
}

// advance takes a request one step further: to the sign-in pages, to the
// consent page, or back to the application with a code. It is the only place
// that decides which.
func (d *Door) advance(w http.ResponseWriter, r *http.Request, p progress) error {
	if why := loginReason(p, d.Store.Now()); why != "" {
		// After a sign-in nothing more is asked for: whoever signed in as
		// somebody else than the hint says would be asked for ever.
		if p.request.HasPrompt(promptNone) || p.session != nil && p.request.LoginDone {
			return newError(guestlist.KindInvalid, "login_required", "%s", why).To(p.target)
		}
		return d.interact(w, r, p, signin.PromptLogin)
	}
	p.request.LoginDone = true
	grant, name, why, err := d.consentReason(r.Context(), p)
	if err != nil {
		return asError(err).To(p.target)
	}
	if why != "" {
		if p.request.HasPrompt(promptNone) {
			return newError(guestlist.KindInvalid, name, "%s", why).To(p.target)
		}
		return d.interact(w, r, p, signin.PromptConsent)
	}
	code, prolonged, err := d.issueCode(r.Context(), p, grant)
	if err != nil {
		return asError(err).To(p.target)
	}
	if prolonged != nil {
		d.setSession(w, p.cookie, *prolonged)
	}
	d.respond(w, r, p.target, [][2]string{{"code", code}})
	return nil
}

// interact begins an interaction and sends the browser to its first page.
func (d *Door) interact(w http.ResponseWriter, r *http.Request, p progress, prompt string) error {
	p.request.LoginDone = prompt == signin.PromptConsent
	uid, err := d.Desk.Begin(r.Context(), signin.Start{
		Request: p.request, OneTimeToken: p.request.OneTimeToken, Prompt: prompt, Session: p.session,
	})
	if err != nil {
		return asError(err).To(p.target)
	}
	d.setInteraction(w, r, p.request, uid)
	if prompt == signin.PromptConsent {
		seeOther(w, consentScreen+"?"+encode([][2]string{{"app_id", string(p.request.ClientID)}}))
		return nil
	}
	seeOther(w, loginLocation(p.request, p.carried))
	return nil
}

// seeOther sends a browser on (RFC 9110 §15.4.4).
func seeOther(w http.ResponseWriter, location string) {
	noStore(w)
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}

// loginReason says why the user has to sign in, "" if they need not.
func loginReason(p progress, now guestlist.Time) string {
	r := p.request
	switch {
	case p.session == nil:
		return "End-User authentication is required"
	case r.HasPrompt(promptLogin) && !r.LoginDone:
		return "End-User authentication is required"
	case r.MaxAge != nil && !r.LoginDone && older(p.session.SignedInAt, now, *r.MaxAge):
		return "End-User authentication could not be obtained"
	case r.IDTokenHintSubject != "" && r.IDTokenHintSubject != p.session.UserID:
		return "id_token_hint and authenticated subject do not match"
	}
	return ""
}

// older reports whether a sign-in took place more than seconds ago; zero means
// any (Core §3.1.2.1, max_age).
func older(signedIn, now guestlist.Time, seconds int) bool {
	return seconds == 0 || now.Sub(signedIn) > time.Duration(seconds)*time.Second
}

// consentReason says why the user has to be asked, as error name and
// description; empty if the grant, which it returns, covers the request.
func (d *Door) consentReason(ctx context.Context, p progress) (id guestlist.GrantID, name, why string, err error) {
	if p.consented != "" {
		return p.consented, "", "", nil
	}
	// A link says who is meant: it is looked at whoever is signed in.
	if p.request.OneTimeToken != "" {
		return "", "interaction_required", "the one-time token has to be confirmed", nil
	}
	if p.request.HasPrompt(promptConsent) {
		return "", "consent_required", "End-User consent is required", nil
	}
	covered := false
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		id = grantOf(*p.session, p.request.ClientID)
		grant, err := liveGrant(tx, id, p)
		if err != nil {
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			return err
		}
		covered, err = covers(tx, grant, p)
		return err
	})
	if err != nil || covered {
		return id, "", "", err
	}
	return "", "consent_required", "requested scopes not granted", nil
}

// grantOf returns the grant under which a session uses an application.
func grantOf(s guestlist.Session, app guestlist.ApplicationID) guestlist.GrantID {
	for _, c := range s.Clients {
		if c.ApplicationID == app {
			return c.GrantID
		}
	}
	return ""
}

// liveGrant returns a grant that this user gave this application;
// store.ErrNotFound if there is none.
func liveGrant(tx *store.Tx, id guestlist.GrantID, p progress) (guestlist.Grant, error) {
	grant, err := tx.Grant(id)
	if err == nil && (grant.UserID != p.session.UserID || grant.ApplicationID != p.request.ClientID) {
		return guestlist.Grant{}, store.ErrNotFound
	}
	return grant, err
}

// covers reports whether a grant allows everything that is asked for. Scopes of
// a resource count as far as the user has them.
func covers(tx *store.Tx, grant guestlist.Grant, p progress) (bool, error) {
	for _, s := range p.request.Scopes {
		if slices.Contains(token.UserScopes, s) && !slices.Contains(grant.Scopes, s) {
			return false, nil
		}
	}
	for _, indicator := range p.request.Resources {
		resource, err := tx.ResourceByIndicator(indicator)
		if err != nil {
			return false, err
		}
		has, err := tx.ScopesOfUserFor(p.client.Application, p.session.UserID, "", resource)
		if err != nil {
			return false, err
		}
		if p.client.IsThirdParty {
			allowed, err := tx.ConsentResourceScopes(p.client.ID, resource.ID)
			if err != nil {
				return false, err
			}
			has = slices.DeleteFunc(has, func(s guestlist.Scope) bool {
				return !slices.ContainsFunc(allowed, func(a guestlist.Scope) bool { return a.ID == s.ID })
			})
		}
		for _, s := range has {
			if p.request.HasScope(s.Name) && !slices.Contains(grant.ResourceScopes[indicator], s.Name) {
				return false, nil
			}
		}
	}
	if p.client.IsThirdParty || !p.request.HasScope(guestlist.ScopeOrganizations) {
		return true, nil
	}
	names, err := tx.KnownOrganizationScopes(p.request.Scopes)
	for _, name := range names {
		if !slices.Contains(grant.ResourceScopes[guestlist.OrganizationsResource], name) {
			return false, err
		}
	}
	return true, err
}

// issueCode notes that the session uses the application, and issues a code. All
// that the code is for is read again: session and grant may have ended since.
// The session is returned if it lives longer now.
func (d *Door) issueCode(ctx context.Context, p progress, id guestlist.GrantID) (code string, prolonged *guestlist.Session, err error) {
	ended := newError(guestlist.KindInvalid, "login_required", "End-User authentication is required")
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		prolonged = nil
		session, err := tx.Session(p.session.ID)
		if err != nil || session.UserID != p.session.UserID {
			return refusal(err, ended)
		}
		grant, err := liveGrant(tx, id, p)
		if err != nil {
			return refusal(err, ended)
		}
		if admitted, err := tx.MayUse(p.client.Application, session.UserID); err != nil || !admitted {
			return refusal(err, newError(guestlist.KindForbidden, "access_denied", "this application is not open to this user"))
		}
		if err := enter(tx, &session, grant); err != nil {
			return err
		}
		if code, err = token.IssueCode(tx, grant, p.request, session); err != nil {
			return err
		}
		if longer, err := signin.Prolong(tx, &session); err != nil {
			return err
		} else if longer {
			prolonged = &session
		}
		if p.consented == "" {
			return nil
		}
		return tx.SetUserApplication(session.UserID, p.request.ClientID)
	})
	return code, prolonged, err
}

// refusal hides that something was not found behind what follows from it.
func refusal(err error, instead *Error) error {
	if err == nil || errors.Is(err, store.ErrNotFound) {
		return instead
	}
	return err
}

// enter notes that a session uses an application under a grant.
func enter(tx *store.Tx, s *guestlist.Session, grant guestlist.Grant) error {
	use := guestlist.SessionApplication{
		ApplicationID: grant.ApplicationID, GrantID: grant.ID, SID: rand.Text(),
		PersistsLogout: slices.Contains(grant.Scopes, scopeOfflineAccess),
	}
	for i, c := range s.Clients {
		if c.ApplicationID != use.ApplicationID {
			continue
		}
		use.SID = c.SID
		if use == c {
			return nil
		}
		s.Clients = slices.Delete(s.Clients, i, i+1)
		break
	}
	s.Clients = append(s.Clients, use)
	return tx.PutSessionApplication(s.ID, use)
}
