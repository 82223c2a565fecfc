package management

import (
	"guestlist"
	"guestlist/internal/store"
)

func (a *API) consentScopeRoutes() []route {
	return []route{
		get("/api/applications/{applicationId}/user-consent-scopes",
			"List what a third-party application may ask of people", a.listConsentScopes),
		post("/api/applications/{applicationId}/user-consent-scopes",
			"Let a third-party application ask for more", a.addConsentScopes),
		remove("/api/applications/{applicationId}/user-consent-scopes/{scopeType}/{scopeId}",
			"Let a third-party application ask for less", a.removeConsentScope),
	}
}

// thirdParty refuses applications of the house.
func thirdParty(app guestlist.Application) error {
	if !app.IsThirdParty {
		return guestlist.Refuse(guestlist.KindUnprocessable, "application.third_party_application_only")
	}
	return nil
}

// consentScope is a scope as the list of an application shows it.
type consentScope struct {
	ID          guestlist.ScopeID `json:"id"`
	Name        string            `json:"name"`
	Description *string           `json:"description"`
}

type consentResource struct {
	ID        guestlist.ResourceID `json:"id"`
	Name      string               `json:"name"`
	Indicator string               `json:"indicator"`
}

type consentResourceScopes struct {
	Resource consentResource `json:"resource"`
	Scopes   []consentScope  `json:"scopes"`
}

// consentScopes is what an application may ask for. The lists about
// organizations stay empty while there are none.
type consentScopes struct {
	OrganizationScopes         []consentScope          `json:"organizationScopes"`
	ResourceScopes             []consentResourceScopes `json:"resourceScopes"`
	OrganizationResourceScopes []consentResourceScopes `json:"organizationResourceScopes"`
	UserScopes                 []string                `json:"userScopes"`
}

type consentApplication struct {
	ID guestlist.ApplicationID `path:"applicationId"`
}

func (a *API) listConsentScopes(c *call, in consentApplication) (consentScopes, error) {
	answer := consentScopes{
		OrganizationScopes: []consentScope{}, ResourceScopes: []consentResourceScopes{},
		OrganizationResourceScopes: []consentResourceScopes{},
	}
	err := a.viewApplication(c.ctx(), in.ID, func(tx *store.Tx, app guestlist.Application) error {
		if err := thirdParty(app); err != nil {
			return err
		}
		var err error
		if answer.UserScopes, err = tx.ApplicationUserScopes(app.ID); err != nil {
			return err
		}
		scopes, err := tx.ApplicationConsentScopes(app.ID)
		if err != nil {
			return err
		}
		for _, s := range scopes { // those of one resource stand together
			shown := consentScope{s.ID, s.Name, s.Description}
			if n := len(answer.ResourceScopes); n > 0 && answer.ResourceScopes[n-1].Resource.ID == s.ResourceID {
				answer.ResourceScopes[n-1].Scopes = append(answer.ResourceScopes[n-1].Scopes, shown)
				continue
			}
			r, err := tx.Resource(s.ResourceID)
			if err != nil {
				return err
			}
			answer.ResourceScopes = append(answer.ResourceScopes, consentResourceScopes{
				Resource: consentResource{r.ID, r.Name, r.Indicator}, Scopes: []consentScope{shown},
			})
		}
		return nil
	})
	return answer, err
}

// invalidConsentScopes is the data of application.user_consent_scopes_not_found.
type invalidConsentScopes struct {
	OrganizationScopes         []string            `json:"invalidOrganizationScopes"`
	ResourceScopes             []guestlist.ScopeID `json:"invalidResourceScopes"`
	OrganizationResourceScopes []guestlist.ScopeID `json:"invalidOrganizationResourceScopes"`
}

func (a *API) addConsentScopes(c *call, in struct {
	ID   guestlist.ApplicationID `path:"applicationId"`
	Body struct {
		OrganizationScopes         []string            `json:"organizationScopes,omitempty" check:"each.min=1"`
		ResourceScopes             []guestlist.ScopeID `json:"resourceScopes,omitempty" check:"each.min=1"`
		OrganizationResourceScopes []guestlist.ScopeID `json:"organizationResourceScopes,omitempty" check:"each.min=1"`
		UserScopes                 []string            `json:"userScopes,omitempty" check:"each.enum=profile|email|phone|address|custom_data|identities|roles|urn:logto:scope:organizations|urn:logto:scope:organization_roles|urn:logto:scope:sessions|urn:logto:scope:trusted_devices"`
	}
},
) (created, error) {
	return created{}, a.changeApplication(c.ctx(), in.ID, func(tx *store.Tx, app guestlist.Application) error {
		if err := thirdParty(app); err != nil {
			return err
		}
		invalid := invalidConsentScopes{
			OrganizationScopes: append([]string{}, in.Body.OrganizationScopes...), ResourceScopes: []guestlist.ScopeID{},
			OrganizationResourceScopes: append([]guestlist.ScopeID{}, in.Body.OrganizationResourceScopes...),
		}
		for _, id := range in.Body.ResourceScopes {
			if found, err := has(second(tx.Scope(id))); err != nil {
				return err
			} else if !found {
				invalid.ResourceScopes = append(invalid.ResourceScopes, id)
			}
		}
		if len(invalid.OrganizationScopes)+len(invalid.ResourceScopes)+len(invalid.OrganizationResourceScopes) > 0 {
			return guestlist.Refuse(guestlist.KindUnprocessable, "application.user_consent_scopes_not_found").With(invalid)
		}
		return tx.AddApplicationConsent(app.ID, in.Body.UserScopes, in.Body.ResourceScopes)
	})
}

func (a *API) removeConsentScope(c *call, in struct {
	ID   guestlist.ApplicationID `path:"applicationId"`
	Type string                  `path:"scopeType" check:"enum=organization-scopes|resource-scopes|organization-resource-scopes|user-scopes"`
	// Scope is the id of a scope, or the name of a user scope.
	Scope string `path:"scopeId"`
},
) (none, error) {
	return none{}, a.changeApplication(c.ctx(), in.ID, func(tx *store.Tx, app guestlist.Application) error {
		if err := thirdParty(app); err != nil {
			return err
		}
		switch in.Type {
		case "user-scopes":
			return tx.RemoveApplicationUserScope(app.ID, in.Scope)
		case "resource-scopes":
			return tx.RemoveApplicationConsentScope(app.ID, guestlist.ScopeID(in.Scope))
		}
		return store.ErrNotFound
	})
}
