package experience

import (
	"net/url"
	"strings"

	"guestlist"
	"guestlist/internal/signin"
)

// consentData is what a consent page shows (wire §10).
type consentData struct {
	Application      consentApplication `json:"application"`
	User             consentUser        `json:"user"`
	Organizations    []struct{}         `json:"organizations"` // none is shown to applications of third parties
	MissingScopes    []string           `json:"missingOIDCScope,omitempty"`
	MissingResources []consentResource  `json:"missingResourceScopes"`
	RedirectURI      string             `json:"redirectUri"`
}

type consentApplication struct {
	ID          guestlist.ApplicationID `json:"id"`
	Name        string                  `json:"name"`
	Branding    *guestlist.Branding     `json:"branding,omitempty"`
	DisplayName string                  `json:"displayName,omitempty"`
	PrivacyURL  string                  `json:"privacyPolicyUrl,omitempty"`
	TermsURL    string                  `json:"termsOfUseUrl,omitempty"`
}

// consentUser is the guest's own data; absent ones are null.
type consentUser struct {
	ID       guestlist.UserID `json:"id"`
	Name     *string          `json:"name"`
	Avatar   *string          `json:"avatar"`
	Username *string          `json:"username"`
	Email    *string          `json:"primaryEmail"`
	Phone    *string          `json:"primaryPhone"`
}

type consentResource struct {
	Resource struct {
		ID        guestlist.ResourceID `json:"id"`
		Name      string               `json:"name"`
		Indicator string               `json:"indicator"`
	} `json:"resource"`
	Scopes []consentScope `json:"scopes"`
}

type consentScope struct {
	ID          guestlist.ScopeID `json:"id"`
	Name        string            `json:"name"`
	Description *string           `json:"description"`
}

// getConsentData says what the interaction waits for, and changes nothing.
func getConsentData(c *call) error {
	cookie, _ := c.d.Cookies.Get(c.r, cookieSession)
	page, err := c.d.Desk.ConsentData(c.r.Context(), c.uid, cookie)
	if err != nil {
		return err
	}
	data := consentData{
		User: consentUser{
			page.User.ID, page.User.Name, page.User.Avatar, page.User.Username, page.User.PrimaryEmail, page.User.PrimaryPhone,
		},
		Organizations: []struct{}{}, MissingScopes: page.Scopes, MissingResources: []consentResource{}, RedirectURI: page.RedirectURI,
	}
	if data.Application, err = c.consentApplication(page.Application); err != nil {
		return err
	}
	for _, missing := range page.Resources {
		r := consentResource{}
		r.Resource.ID, r.Resource.Name, r.Resource.Indicator = missing.Resource.ID, missing.Resource.Name, missing.Resource.Indicator
		for _, s := range missing.Scopes {
			r.Scopes = append(r.Scopes, consentScope{s.ID, s.Name, s.Description})
		}
		data.MissingResources = append(data.MissingResources, r)
	}
	return c.json(data)
}

// consentApplication is what the guest sees of an application: its name, and
// what it set for itself.
func (c *call) consentApplication(app guestlist.Application) (consentApplication, error) {
	if own, ok := c.d.BuiltIn[app.ID]; ok {
		app = own
	}
	a := consentApplication{ID: app.ID, Name: app.Name}
	look, err := c.d.Desk.ApplicationLook(c.r.Context(), app.ID)
	if err != nil {
		return a, err
	}
	if look.Branding != (guestlist.Branding{}) {
		a.Branding = &look.Branding
	}
	a.DisplayName, a.PrivacyURL, a.TermsURL = look.DisplayName, text(look.PrivacyURL), text(look.TermsURL)
	return a, nil
}

// errNotMember answers consent on behalf of an organization.
var errNotMember = guestlist.Refuse(guestlist.KindUnprocessable, "organization.require_membership")

// postConsentDecision consents, and says where to go on. A one-time token of
// the request comes first, as on the hosted page: then that page is where.
func postConsentDecision(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	organizations := b.texts("organizationIds", maxID)
	if err := b.err(); err != nil {
		return err
	}
	if len(organizations) > 0 {
		return errNotMember
	}
	cookie, _ := c.d.Cookies.Get(c.r, cookieSession)
	step, err := c.d.Desk.Consent(c.r.Context(), c.uid, cookie, signin.Allow, c.d.caller(c.r))
	switch {
	case err != nil:
		return err
	case step.TokenError != nil:
		return step.TokenError
	}
	to := step.Redirect
	if !strings.Contains(to, "://") { // a page of ours
		to = c.d.Desk.Endpoint + "/" + strings.TrimPrefix(to, "/") + "&app_id=" + url.QueryEscape(string(c.run.Request.ClientID))
	}
	return c.json(map[string]string{"redirectTo": to})
}
