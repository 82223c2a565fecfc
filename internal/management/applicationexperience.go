package management

import (
	"encoding/json"
	"net/http"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// applicationColor is an application's own colours; what is absent is the
// tenant's.
type applicationColor struct {
	PrimaryColor      *string `json:"primaryColor,omitempty" check:"format=color"`
	IsDarkModeEnabled *bool   `json:"isDarkModeEnabled,omitempty"`
	DarkPrimaryColor  *string `json:"darkPrimaryColor,omitempty" check:"format=color"`
}

// applicationExperience is an application's own branding and terms.
type applicationExperience struct {
	TenantID         string                  `json:"tenantId"`
	ApplicationID    guestlist.ApplicationID `json:"applicationId"`
	Color            applicationColor        `json:"color"`
	Branding         guestlist.Branding      `json:"branding"`
	CustomCSS        *string                 `json:"customCss"`
	TermsOfUseURL    *string                 `json:"termsOfUseUrl"`
	PrivacyPolicyURL *string                 `json:"privacyPolicyUrl"`
	DisplayName      *string                 `json:"displayName"`
}

type applicationExperienceChange struct {
	Color            *applicationColor   `json:"color"`
	Branding         *guestlist.Branding `json:"branding"`
	CustomCSS        web.Opt[string]     `json:"customCss" check:"max=200000"`
	TermsOfUseURL    web.Opt[string]     `json:"termsOfUseUrl" check:"max=2048,format=url,orEmpty"`
	PrivacyPolicyURL web.Opt[string]     `json:"privacyPolicyUrl" check:"max=2048,format=url,orEmpty"`
	DisplayName      web.Opt[string]     `json:"displayName" check:"max=256"`
}

func (ch applicationExperienceChange) isEmpty() bool {
	return ch.Color == nil && ch.Branding == nil && !ch.CustomCSS.Set && !ch.TermsOfUseURL.Set &&
		!ch.PrivacyPolicyURL.Set && !ch.DisplayName.Set
}

func (ch applicationExperienceChange) apply(e *applicationExperience) {
	set(&e.Color, ch.Color)
	set(&e.Branding, ch.Branding)
	setOpt(&e.CustomCSS, ch.CustomCSS)
	setOpt(&e.TermsOfUseURL, ch.TermsOfUseURL)
	setOpt(&e.PrivacyPolicyURL, ch.PrivacyPolicyURL)
	setOpt(&e.DisplayName, ch.DisplayName)
}

// setOpt writes a member that was given, null included.
func setOpt[T any](to **T, given web.Opt[T]) {
	if given.Set {
		*to = given.Pointer()
	}
}

func (a *API) getApplicationExperience(c *call, in applicationID) (applicationExperience, error) {
	var e applicationExperience
	err := a.viewApplication(c.ctx(), in.ID, func(tx *store.Tx, app guestlist.Application) error {
		text, err := tx.ApplicationExperience(app.ID)
		if err != nil {
			return orNoID(err, "application_sign_in_experiences", app.ID)
		}
		return json.Unmarshal(text, &e)
	})
	return e, err
}

func (a *API) putApplicationExperience(c *call, in struct {
	ID   guestlist.ApplicationID `path:"id"`
	Body applicationExperienceChange
},
) (applicationExperience, error) {
	var e applicationExperience
	err := a.changeApplication(c.ctx(), in.ID, func(tx *store.Tx, app guestlist.Application) error {
		if in.Body.isEmpty() {
			return errNothingToChange
		}
		e = applicationExperience{TenantID: guestlist.TenantID, ApplicationID: app.ID}
		text, err := tx.ApplicationExperience(app.ID)
		found, err := has(err)
		if err != nil {
			return err
		}
		c.status = http.StatusCreated
		if found {
			c.status = http.StatusOK
			if err := json.Unmarshal(text, &e); err != nil {
				return err
			}
		}
		before := e
		in.Body.apply(&e)
		if err := a.showPictures(tx, before, e); err != nil {
			return err
		}
		if text, err = json.Marshal(e); err != nil {
			return err
		}
		return tx.PutApplicationExperience(app.ID, text)
	})
	return e, err
}
