package management

import (
	"net/http"
	"slices"
	"strings"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

func (a *API) userIdentityRoutes() []route {
	return []route{
		put("/api/users/{userId}/identities/{target}", "Link a social identity; 201 where the target is new", a.putIdentity),
		post("/api/users/{userId}/identities", "Link what a social connector answers", a.linkIdentity),
		get("/api/users/{userId}/identities/{target}", "Get a social identity", a.getIdentity),
		remove("/api/users/{userId}/identities/{target}", "Unlink a social identity", a.deleteIdentity),
		get("/api/users/{userId}/sso-identities/{ssoConnectorId}", "Get an enterprise identity", a.getSSOIdentity),
		put("/api/users/{userId}/sso-identities/{ssoConnectorId}", "Link an enterprise identity", a.putSSOIdentity),
		remove("/api/users/{userId}/sso-identities/{ssoConnectorId}", "Unlink the enterprise identities of a connector", a.deleteSSOIdentity),
		get("/api/users/{userId}/all-identities", "List all identities of a user", a.listIdentities),
	}
}

var errNoIdentity = guestlist.Refuse(guestlist.KindNotFound, "user.identity_not_exist")

func (a *API) putIdentity(c *call, in struct {
	ID     guestlist.UserID `path:"userId"`
	Target string           `path:"target" check:"min=1,max=128"`
	Body   struct {
		UserID  string               `json:"userId" check:"min=1,max=256"`
		Details guestlist.JSONObject `json:"details,omitempty"`
	}
},
) (map[string]guestlist.Identity, error) {
	return a.writeIdentity(c, in.ID, in.Target, "", guestlist.Identity{UserID: in.Body.UserID, Details: in.Body.Details})
}

// writeIdentity links a social identity and returns all of the user's. The
// answer is 201 where the route says so and the target is new.
func (a *API) writeIdentity(c *call, id guestlist.UserID, target, issuer string, identity guestlist.Identity) (map[string]guestlist.Identity, error) {
	var u guestlist.User
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if u, err = tx.UserForUpdate(id); err != nil {
			return err
		}
		c.status = http.StatusOK
		if _, known := u.Identities[target]; !known && c.r.Method == http.MethodPut {
			c.status = http.StatusCreated
		}
		u.Identities[target] = identity
		return tx.PutIdentity(id, target, issuer, identity)
	})
	return u.Identities, err
}

type userTarget struct {
	ID     guestlist.UserID `path:"userId"`
	Target string           `path:"target"`
}

type shownIdentity struct {
	Identity guestlist.Identity `json:"identity"`
}

func (a *API) getIdentity(c *call, in userTarget) (shownIdentity, error) {
	u, err := a.viewUser(c, in.ID)
	if err != nil {
		return shownIdentity{}, err
	}
	identity, ok := u.Identities[in.Target]
	if !ok {
		return shownIdentity{}, errNoIdentity
	}
	return shownIdentity{identity}, nil
}

func (a *API) deleteIdentity(c *call, in userTarget) (guestlist.User, error) {
	var u guestlist.User
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if u, err = tx.UserForUpdate(in.ID); err != nil {
			return err
		}
		if _, ok := u.Identities[in.Target]; !ok {
			return errNoIdentity
		}
		delete(u.Identities, in.Target)
		return tx.DeleteIdentity(in.ID, in.Target)
	})
	return u, err
}

type shownSSOIdentity struct {
	SSOIdentity ssoIdentity `json:"ssoIdentity"`
}

// ssoIdentity is an enterprise identity with what every row has on the wire.
type ssoIdentity struct {
	TenantID string `json:"tenantId"`
	guestlist.SSOIdentity
	UpdatedAt guestlist.Time `json:"updatedAt"`
}

// viewSSOIdentity shows an identity; none is changed after it was linked.
func viewSSOIdentity(s guestlist.SSOIdentity) ssoIdentity {
	return ssoIdentity{TenantID: guestlist.TenantID, SSOIdentity: s, UpdatedAt: s.CreatedAt}
}

func (a *API) getSSOIdentity(c *call, in struct {
	ID        guestlist.UserID `path:"userId"`
	Connector string           `path:"ssoConnectorId"`
},
) (shownSSOIdentity, error) {
	var shown shownSSOIdentity
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		identities, err := tx.SSOIdentitiesOfUser(in.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(identities, func(s guestlist.SSOIdentity) bool { return s.SSOConnectorID == in.Connector })
		if i < 0 {
			return noSSOIdentity(in.Connector)
		}
		shown.SSOIdentity = viewSSOIdentity(identities[i])
		return nil
	})
	return shown, err
}

// putSSOIdentity links what an administrator knows of a person at an enterprise
// provider, or had unlinked by mistake. What belongs to somebody stays theirs.
func (a *API) putSSOIdentity(c *call, in struct {
	ID        guestlist.UserID      `path:"userId"`
	Connector guestlist.ConnectorID `path:"ssoConnectorId"`
	Body      struct {
		Issuer     string               `json:"issuer" check:"min=1,max=2048"`
		IdentityID string               `json:"identityId" check:"min=1,max=256"`
		Detail     guestlist.JSONObject `json:"detail,omitempty"`
	}
},
) (shownSSOIdentity, error) {
	identity := guestlist.SSOIdentity{
		ID: crypt.ShortID(), UserID: in.ID, SSOConnectorID: string(in.Connector),
		Issuer: in.Body.Issuer, IdentityID: in.Body.IdentityID, Detail: object("{}"),
	}
	if in.Body.Detail != nil {
		identity.Detail = in.Body.Detail
	}
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := knownUser(tx, in.ID); err != nil {
			return err
		}
		if _, err := tx.SSOConnector(in.Connector); err != nil {
			return err
		}
		identity.CreatedAt = tx.Now
		return tx.PutSSOIdentity(identity)
	})
	return shownSSOIdentity{viewSSOIdentity(identity)}, err
}

func (a *API) deleteSSOIdentity(c *call, in struct {
	ID        guestlist.UserID `path:"userId"`
	Connector string           `path:"ssoConnectorId"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := knownUser(tx, in.ID); err != nil {
			return err
		}
		n, err := tx.DeleteSSOIdentities(in.ID, in.Connector)
		if err == nil && n == 0 {
			err = noSSOIdentity(in.Connector)
		}
		return err
	})
}

func noSSOIdentity(connector string) error {
	return guestlist.Refuse(guestlist.KindNotFound, "user.enterprise_sso_identity_not_exists").
		WithArgs(map[string]any{"ssoConnectorId": clip(connector)})
}

type allIdentities struct {
	Social     []socialIdentity     `json:"socialIdentities"`
	Enterprise []enterpriseIdentity `json:"ssoIdentities"`
}

type socialIdentity struct {
	Target   string             `json:"target"`
	Identity guestlist.Identity `json:"identity"`
}

type enterpriseIdentity struct {
	SSOConnectorID string      `json:"ssoConnectorId"`
	SSOIdentity    ssoIdentity `json:"ssoIdentity"`
}

func (a *API) listIdentities(c *call, in userID) (allIdentities, error) {
	all := allIdentities{Social: []socialIdentity{}, Enterprise: []enterpriseIdentity{}}
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		u, err := tx.User(in.ID)
		if err != nil {
			return err
		}
		for target, identity := range u.Identities {
			all.Social = append(all.Social, socialIdentity{target, identity})
		}
		slices.SortFunc(all.Social, func(a, b socialIdentity) int { return strings.Compare(a.Target, b.Target) })
		enterprise, err := tx.SSOIdentitiesOfUser(in.ID)
		for _, s := range enterprise {
			all.Enterprise = append(all.Enterprise, enterpriseIdentity{s.SSOConnectorID, viewSSOIdentity(s)})
		}
		return err
	})
	return all, err
}
