package management

import (
	"context"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

const tableApplications = "applications"

func (a *API) applicationRoutes() []route {
	return []route{
		get("/api/applications", "List applications", a.listApplications),
		post("/api/applications", "Create an application", a.createApplication),
		get("/api/applications/{id}", "Get an application", a.getApplication).of(applicationVersion),
		patch("/api/applications/{id}", "Change an application", a.updateApplication).of(applicationVersion),
		remove("/api/applications/{id}", "Delete an application", a.deleteApplication).of(applicationVersion),
		patch("/api/applications/{id}/custom-data", "Add to an application's custom data", a.mergeApplicationData).of(applicationVersion),
		get("/api/applications/{id}/sign-in-experience", "Get an application's own branding", a.getApplicationExperience).of(brandingVersion),
		put("/api/applications/{id}/sign-in-experience", "Set an application's own branding", a.putApplicationExperience).of(brandingVersion),
		get("/api/applications/{id}/access-control", "Get who may use an application", a.getAccessControl),
		put("/api/applications/{id}/access-control", "Set who may use an application", a.putAccessControl),
	}
}

// applicationID is the input of routes that need nothing else.
type applicationID struct {
	ID guestlist.ApplicationID `path:"id"`
}

// application reads an application that has a row.
func application(tx *store.Tx, id guestlist.ApplicationID) (guestlist.Application, error) {
	app, err := tx.Application(id)
	return app, orNoID(err, tableApplications, id)
}

func (a *API) listApplications(c *call, in struct {
	Paging       web.Paging                  `paging:"optional"`
	Search       guestlist.Search            `search:"id,name,description"`
	Types        []guestlist.ApplicationType `query:"types" check:"enum=Native|SPA|Traditional|MachineToMachine|Protected|SAML"`
	ExcludeRole  guestlist.RoleID            `query:"excludeRoleId"`
	ExcludeOrg   string                      `query:"excludeOrganizationId"`
	IsThirdParty string                      `query:"isThirdParty" check:"enum=true|false"`
},
) (list[guestlist.Application], error) {
	if in.ExcludeRole != "" && in.ExcludeOrg != "" {
		return list[guestlist.Application]{}, errTwoExclusions()
	}
	filter := store.ApplicationFilter{Search: in.Search, Types: in.Types, ExcludeRole: in.ExcludeRole}
	if in.IsThirdParty != "" {
		third := in.IsThirdParty == "true"
		filter.ThirdParty = &third
	}
	var l list[guestlist.Application]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		l.Rows, l.Total, err = tx.Applications(filter, c.window())
		return err
	})
	return l, err
}

type newApplication struct {
	Name                 string                          `json:"name" check:"min=1,max=256"`
	Type                 guestlist.ApplicationType       `json:"type" check:"enum=Native|SPA|Traditional|MachineToMachine|Protected|SAML"`
	Description          web.Opt[string]                 `json:"description"`
	OIDCClientMetadata   *guestlist.OIDCClientMetadata   `json:"oidcClientMetadata"`
	CustomClientMetadata *guestlist.CustomClientMetadata `json:"customClientMetadata"`
	CustomData           *guestlist.JSONObject           `json:"customData"`
	IsThirdParty         *bool                           `json:"isThirdParty"`
	ProtectedAppMetadata *guestlist.JSONObject           `json:"protectedAppMetadata"`
}

func (a *API) createApplication(c *call, in struct{ Body newApplication }) (guestlist.Application, error) {
	app := guestlist.Application{
		TenantID: guestlist.TenantID, ID: guestlist.ApplicationID(crypt.ID()), Name: in.Body.Name, Type: in.Body.Type,
		Description:        in.Body.Description.Pointer(),
		OIDCClientMetadata: guestlist.OIDCClientMetadata{RedirectURIs: []string{}, PostLogoutRedirectURIs: []string{}},
		CustomData:         guestlist.JSONObject("{}"),
	}
	set(&app.OIDCClientMetadata, in.Body.OIDCClientMetadata)
	set(&app.CustomClientMetadata, in.Body.CustomClientMetadata)
	set(&app.CustomData, in.Body.CustomData)
	set(&app.IsThirdParty, in.Body.IsThirdParty)
	if err := refuseApplication(app, in.Body.ProtectedAppMetadata != nil); err != nil {
		return app, err
	}
	secret := crypt.Token32()
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		app.CreatedAt = tx.Now
		if err := tx.InsertApplication(app); err != nil {
			return err
		}
		if !app.Type.IsConfidential() {
			return nil
		}
		return tx.InsertApplicationSecret(guestlist.ApplicationSecret{
			ApplicationID: app.ID, Name: guestlist.DefaultSecretName, Value: secret, CreatedAt: tx.Now,
		})
	})
	return app, err
}

// refuseApplication says why an application cannot be made as it is asked for.
func refuseApplication(app guestlist.Application, protected bool) error {
	meta := app.CustomClientMetadata
	switch {
	case app.Type == guestlist.ApplicationSAML:
		return guestlist.Refuse(guestlist.KindInvalid, "application.saml.use_saml_app_api")
	case app.Type == guestlist.ApplicationProtected && !protected:
		return guestlist.Refuse(guestlist.KindInvalid, "application.protected_app_metadata_is_required")
	case app.Type == guestlist.ApplicationProtected:
		return guestlist.Refuse(guestlist.KindNotImplemented, "application.protected_app_not_configured")
	case app.IsThirdParty && (app.Type == guestlist.ApplicationMachine || !app.Type.MayRedirect()):
		return guestlist.Refuse(guestlist.KindInvalid, "application.invalid_third_party_application_type")
	case isTrue(meta.IsDeviceFlow) && app.Type != guestlist.ApplicationNative:
		return guestlist.Refuse(guestlist.KindUnprocessable, "application.device_flow_native_only")
	}
	return refuseTokenExchange(app)
}

func refuseTokenExchange(app guestlist.Application) error {
	if app.IsThirdParty && isTrue(app.CustomClientMetadata.AllowTokenExchange) {
		return guestlist.Refuse(guestlist.KindUnprocessable, "application.third_party_application_cannot_enable_token_exchange")
	}
	return nil
}

func isTrue(b *bool) bool { return b != nil && *b }

// shownApplication is an application with what only its own page shows.
type shownApplication struct {
	guestlist.Application
	IsAdmin bool `json:"isAdmin"`
}

func (a *API) getApplication(c *call, in applicationID) (shownApplication, error) {
	if app, ok := a.BuiltIn[in.ID]; ok {
		return shownApplication{Application: app}, nil
	}
	var shown shownApplication
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		if shown.Application, err = application(tx, in.ID); err != nil {
			return err
		}
		shown.IsAdmin, err = isAdmin(tx, in.ID)
		return err
	})
	return shown, err
}

// isAdmin reports whether a machine has the role that opens this API.
func isAdmin(tx *store.Tx, id guestlist.ApplicationID) (bool, error) {
	roles, err := tx.RolesOfApplication(id)
	for _, r := range roles {
		if r.ID == store.ManagementRoleID {
			return true, err
		}
	}
	return false, err
}

type applicationChange struct {
	Name                 *string                         `json:"name" check:"min=1,max=256"`
	Description          web.Opt[string]                 `json:"description"`
	OIDCClientMetadata   *guestlist.OIDCClientMetadata   `json:"oidcClientMetadata"`
	CustomClientMetadata *guestlist.CustomClientMetadata `json:"customClientMetadata"`
	CustomData           *guestlist.JSONObject           `json:"customData"`
	ProtectedAppMetadata *guestlist.JSONObject           `json:"protectedAppMetadata"`
	AccessControlEnabled *bool                           `json:"appLevelAccessControlEnabled"`
	IsAdmin              *bool                           `json:"isAdmin"`
}

func (a *API) updateApplication(c *call, in struct {
	ID   guestlist.ApplicationID `path:"id"`
	Body applicationChange
},
) (guestlist.Application, error) {
	var app guestlist.Application
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if app, err = application(tx, in.ID); err != nil {
			return err
		}
		if err := in.Body.apply(tx, &app); err != nil {
			return err
		}
		if in.Body.IsAdmin != nil {
			if err := setAdmin(tx, app, *in.Body.IsAdmin); err != nil {
				return err
			}
		}
		return tx.UpdateApplication(app)
	})
	return app, err
}

// apply writes what is given into app, or says why that cannot be.
func (ch applicationChange) apply(tx *store.Tx, app *guestlist.Application) error {
	if ch.ProtectedAppMetadata != nil {
		return guestlist.Refuse(guestlist.KindInvalid, "application.protected_application_only")
	}
	if m := ch.CustomClientMetadata; m != nil && isTrue(m.IsDeviceFlow) != isTrue(app.CustomClientMetadata.IsDeviceFlow) {
		return guestlist.Refuse(guestlist.KindUnprocessable, "application.device_flow_not_changeable")
	}
	set(&app.Name, ch.Name)
	if ch.Description.Set {
		app.Description = ch.Description.Pointer()
	}
	set(&app.OIDCClientMetadata, ch.OIDCClientMetadata)
	set(&app.CustomClientMetadata, ch.CustomClientMetadata)
	set(&app.CustomData, ch.CustomData)
	set(&app.AccessControlEnabled, ch.AccessControlEnabled)
	if isTrue(ch.AccessControlEnabled) {
		rules, err := accessControlOf(tx, app.ID)
		if err != nil {
			return err
		}
		if rules.IsEmpty() {
			return errInput(guestlist.KindUnprocessable,
				"Application access control must include at least one rule before it can be enabled.")
		}
	}
	return refuseTokenExchange(*app)
}

// setAdmin gives a machine the role that opens this API, or takes it. For
// other types it means nothing, as on the wire.
func setAdmin(tx *store.Tx, app guestlist.Application, admin bool) error {
	is, err := isAdmin(tx, app.ID)
	if err != nil || is == admin || app.Type != guestlist.ApplicationMachine {
		return err
	}
	if !admin {
		return tx.RemoveApplicationRole(app.ID, store.ManagementRoleID)
	}
	return tx.AddApplicationRole(app.ID, store.ManagementRoleID)
}

func (a *API) deleteApplication(c *call, in applicationID) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		return orNoID(tx.DeleteApplication(in.ID), tableApplications, in.ID)
	})
}

func (a *API) mergeApplicationData(c *call, in struct {
	ID   guestlist.ApplicationID `path:"id"`
	Body guestlist.JSONObject
},
) (object, error) {
	var merged object
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		app, err := tx.Application(in.ID)
		if err != nil {
			return orNone(err, "application")
		}
		if merged, err = guestlist.MergeObjects(app.CustomData, in.Body); err != nil {
			return err
		}
		app.CustomData = merged
		return tx.UpdateApplication(app)
	})
	return merged, err
}

// viewApplication runs fn with an application that has a row.
func (a *API) viewApplication(ctx context.Context, id guestlist.ApplicationID, fn func(*store.Tx, guestlist.Application) error) error {
	return a.Store.View(ctx, func(tx *store.Tx) error {
		app, err := application(tx, id)
		if err != nil {
			return err
		}
		return fn(tx, app)
	})
}

// changeApplication is viewApplication with the right to write.
func (a *API) changeApplication(ctx context.Context, id guestlist.ApplicationID, fn func(*store.Tx, guestlist.Application) error) error {
	return a.Store.Update(ctx, func(tx *store.Tx) error {
		app, err := application(tx, id)
		if err != nil {
			return err
		}
		return fn(tx, app)
	})
}
