package management

import (
	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) secretRoutes() []route {
	return []route{
		get("/api/applications/{id}/secrets", "List an application's secrets", a.listSecrets).secrets(),
		post("/api/applications/{id}/secrets", "Add a secret", a.createSecret).with201(),
		patch("/api/applications/{id}/secrets/{name}", "Rename a secret", a.renameSecret),
		remove("/api/applications/{id}/secrets/{name}", "Delete a secret", a.deleteSecret),
		remove("/api/applications/{id}/legacy-secret", "Delete the secret of the old kind", a.deleteLegacySecret),
	}
}

func (a *API) listSecrets(c *call, in applicationID) ([]guestlist.ApplicationSecret, error) {
	var secrets []guestlist.ApplicationSecret
	err := a.viewApplication(c.ctx(), in.ID, func(tx *store.Tx, app guestlist.Application) error {
		var err error
		secrets, err = tx.ApplicationSecrets(app.ID)
		return err
	})
	return secrets, err
}

// maxSecrets is how many secrets an application can have: each is compared
// with what a client presents.
const maxSecrets = 20

func (a *API) createSecret(c *call, in struct {
	ID   guestlist.ApplicationID `path:"id"`
	Body struct {
		Name      string                  `json:"name" check:"min=1,max=256"`
		ExpiresAt web.Opt[guestlist.Time] `json:"expiresAt"`
	}
},
) (guestlist.ApplicationSecret, error) {
	secret := guestlist.ApplicationSecret{
		TenantID: guestlist.TenantID, ApplicationID: in.ID, Name: in.Body.Name, Value: crypt.Token32(),
		ExpiresAt: in.Body.ExpiresAt.Pointer(),
	}
	err := a.changeApplication(c.ctx(), in.ID, func(tx *store.Tx, app guestlist.Application) error {
		if secret.ExpiresAt != nil && *secret.ExpiresAt <= tx.Now {
			return errInput(guestlist.KindInvalid, "The value of `expiresAt` must be in the future.")
		}
		if !app.Type.IsConfidential() {
			return errConstraint
		}
		secrets, err := tx.ApplicationSecrets(app.ID)
		if err != nil {
			return err
		}
		if len(secrets) >= maxSecrets {
			return errInput(guestlist.KindUnprocessable, "An application has at most 20 secrets.")
		}
		secret.CreatedAt = tx.Now
		return tx.InsertApplicationSecret(secret)
	})
	return secret, err
}

// secretName names a secret of an application.
type secretName struct {
	ID   guestlist.ApplicationID `path:"id"`
	Name string                  `path:"name"`
}

func (a *API) renameSecret(c *call, in struct {
	ID   guestlist.ApplicationID `path:"id"`
	Name string                  `path:"name"`
	Body struct {
		Name string `json:"name" check:"min=1,max=256"`
	}
},
) (guestlist.ApplicationSecret, error) {
	var renamed guestlist.ApplicationSecret
	err := a.changeApplication(c.ctx(), in.ID, func(tx *store.Tx, app guestlist.Application) error {
		if err := orNone(tx.RenameApplicationSecret(app.ID, in.Name, in.Body.Name), "application_secret"); err != nil {
			return err
		}
		secrets, err := tx.ApplicationSecrets(app.ID)
		for _, s := range secrets {
			if s.Name == in.Body.Name {
				renamed = s
			}
		}
		return err
	})
	return renamed, err
}

func (a *API) deleteSecret(c *call, in secretName) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		return tx.DeleteApplicationSecret(in.ID, in.Name)
	})
}

// deleteLegacySecret always refuses: no application here has a secret of the
// kind that Logto kept in the application itself.
func (a *API) deleteLegacySecret(c *call, in applicationID) (guestlist.Application, error) {
	var none guestlist.Application
	err := a.viewApplication(c.ctx(), in.ID, func(*store.Tx, guestlist.Application) error {
		return guestlist.Refuse(guestlist.KindInvalid, "application.no_legacy_secret_found")
	})
	return none, err
}
