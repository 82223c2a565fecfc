package console

import (
	"slices"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// consentUserScopes are what applications of others may ask of people, apart
// from APIs.
var consentUserScopes = []string{"profile", "email", "phone", "address", "roles", "identities", "custom_data"}

// consentScopes is what an application of others may ask for.
type consentScopes struct {
	UserScopes     []string `json:"userScopes"`
	ResourceScopes []struct {
		Scopes []struct {
			ID string `json:"id"`
		} `json:"scopes"`
	} `json:"resourceScopes"`
}

// ids lists the scopes of APIs.
func (c consentScopes) ids() []string {
	out := []string{}
	for _, r := range c.ResourceScopes {
		for _, s := range r.Scopes {
			out = append(out, s.ID)
		}
	}
	return out
}

func (v *visit) consent(a application) (consentScopes, error) {
	var c consentScopes
	err := v.api.Do(v.ctx(), "GET", a.path()+"/user-consent-scopes", nil, &c)
	return c, err
}

func (v *visit) consentForm(a application, c consentScopes) (*ui.Form, error) {
	user := ui.Field{
		Kind: ui.KindChecks, Name: "userScopes", Label: v.T("applications.consent.user"), Help: v.T("applications.consent.user_help"),
		Values: c.UserScopes,
	}
	for _, s := range consentUserScopes {
		user.Options = append(user.Options, ui.Option{Value: s, Text: s, Help: v.T("applications.consent.scope." + s)})
	}
	fields := []ui.Field{user}
	apis := ui.Field{
		Kind: ui.KindChecks, Name: "resourceScopes", Label: v.T("applications.consent.apis"), Help: v.T("applications.consent.apis_help"),
		Values: c.ids(),
	}
	var resources []struct {
		guestlist.Resource
		Scopes []guestlist.Scope `json:"scopes"`
	}
	if _, err := v.api.List(v.ctx(), "/resources", query("includeScopes", "true"), 1, maxChoices, &resources); err != nil {
		return nil, err
	}
	for _, r := range resources {
		for _, s := range r.Scopes {
			if r.Indicator != guestlist.ManagementAPI {
				apis.Options = append(apis.Options, ui.Option{Value: string(s.ID), Text: s.Name, Help: r.Name})
			}
		}
	}
	if len(apis.Options) > 0 {
		fields = append(fields, apis)
	}
	return &ui.Form{
		Action: applicationPath(a.ID) + "/permissions", Submit: v.T("shell.save"), Sections: []ui.FormSection{{Fields: fields}},
	}, nil
}

func getConsentScopes(v *visit) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	c, err := v.consent(a)
	if err != nil {
		return err
	}
	form, err := v.consentForm(a, c)
	if err != nil {
		return err
	}
	page := v.applicationPage(a, "permissions", form)
	page.Header.Lead = v.T("applications.consent.lead")
	return v.show(page)
}

// postConsentScopes adds what was chosen and takes away what was not.
func postConsentScopes(v *visit) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	c, err := v.consent(a)
	if err != nil {
		return err
	}
	user, apis := ui.ListOf(v.form, "userScopes"), ui.ListOf(v.form, "resourceScopes")
	more := map[string]any{"userScopes": without(user, c.UserScopes), "resourceScopes": without(apis, c.ids())}
	path := a.path() + "/user-consent-scopes"
	if err := v.api.Do(v.ctx(), "POST", path, more, nil); err != nil {
		return err
	}
	for _, s := range without(c.UserScopes, user) {
		if !slices.Contains(consentUserScopes, s) {
			continue // there was no box for it
		}
		if err := v.api.Do(v.ctx(), "DELETE", path+"/user-scopes/"+client.Segment(s), nil, nil); err != nil {
			return err
		}
	}
	for _, id := range without(c.ids(), apis) {
		if err := v.api.Do(v.ctx(), "DELETE", path+"/resource-scopes/"+client.Segment(id), nil, nil); err != nil {
			return err
		}
	}
	return v.done(applicationPath(a.ID)+"/permissions", v.T("shell.saved"))
}

// without returns what is in list and not in other.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(append([]string{}, list...)), func(s string) bool { return slices.Contains(other, s) })
}
