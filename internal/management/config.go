package management

import (
	"time"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
	"guestlist/internal/token"
)

// settingAdminConsole names the setting that Logto's console keeps its marks
// in.
const settingAdminConsole = "admin-console"

func (a *API) configRoutes() []route {
	return []route{
		get("/api/configs/admin-console", "Get what the console remembers", a.getAdminConsole),
		patch("/api/configs/admin-console", "Change what the console remembers", a.updateAdminConsole),
		get("/api/configs/oidc/session", "Get how long sessions live", a.getSessionConfig).of(sessionVersion),
		patch("/api/configs/oidc/session", "Change how long sessions live", a.updateSessionConfig).of(sessionVersion),
		get("/api/configs/oidc/{keyType}", "List keys", a.listKeys),
		post("/api/configs/oidc/{keyType}/rotate", "Rotate a key", a.rotateKeys),
		remove("/api/configs/oidc/{keyType}/{keyId}", "Delete a key", a.deleteKey),
		get("/api/configs/id-token", "Get what ID tokens carry", a.getIDTokenConfig),
		put("/api/configs/id-token", "Set what ID tokens carry", a.putIDTokenConfig),
	}
}

type adminConsole struct {
	SignInExperienceCustomized bool `json:"signInExperienceCustomized"`
	OrganizationCreated        bool `json:"organizationCreated"`
}

func (a *API) getAdminConsole(c *call, _ struct{}) (adminConsole, error) {
	var conf adminConsole
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error { return tx.SettingJSON(settingAdminConsole, &conf) })
	return conf, err
}

func (a *API) updateAdminConsole(c *call, in struct {
	Body struct {
		SignInExperienceCustomized *bool `json:"signInExperienceCustomized"`
		OrganizationCreated        *bool `json:"organizationCreated"`
	}
},
) (adminConsole, error) {
	var conf adminConsole
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := tx.SettingJSON(settingAdminConsole, &conf); err != nil {
			return err
		}
		set(&conf.SignInExperienceCustomized, in.Body.SignInExperienceCustomized)
		set(&conf.OrganizationCreated, in.Body.OrganizationCreated)
		return tx.PutSettingJSON(settingAdminConsole, conf)
	})
	return conf, err
}

// sessionConfig is how long sessions live, in seconds.
type sessionConfig struct {
	TTL int `json:"ttl"`
}

func sessionVersion(_ *call, tx *store.Tx) (any, error) { return signin.SessionTTL(tx) }

func (a *API) getSessionConfig(c *call, _ struct{}) (sessionConfig, error) {
	var ttl time.Duration
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		ttl, err = signin.SessionTTL(tx)
		return err
	})
	return sessionConfig{TTL: int(ttl / time.Second)}, err
}

func (a *API) updateSessionConfig(c *call, in struct {
	Body struct {
		TTL *int `json:"ttl" check:"min=1,max=31536000"`
	}
},
) (sessionConfig, error) {
	var conf sessionConfig
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		ttl, err := signin.SessionTTL(tx)
		conf.TTL = int(ttl / time.Second)
		if err != nil || in.Body.TTL == nil {
			return err
		}
		conf.TTL = *in.Body.TTL
		return signin.PutSessionTTL(tx, time.Duration(conf.TTL)*time.Second)
	})
	return conf, err
}

// keyKinds are the wire's names of the kinds of keys.
var keyKinds = map[string]store.KeyKind{"private-keys": store.KeySigning, "cookie-keys": store.KeyCookie}

func (a *API) listKeys(c *call, in struct {
	KeyType string `path:"keyType" check:"enum=private-keys|cookie-keys"`
},
) ([]token.KeyInfo, error) {
	return a.Tokens.ListKeys(c.ctx(), keyKinds[in.KeyType])
}

func (a *API) rotateKeys(c *call, in struct {
	KeyType string `path:"keyType" check:"enum=private-keys|cookie-keys"`
	Body    struct {
		// Beyond RSA and EC, the names of JWS algorithms are ours.
		Algorithm *string `json:"signingKeyAlgorithm" check:"enum=RSA|EC|ES384|ES256|RS256|EdDSA"`
		Grace     *int    `json:"rotationGracePeriod" check:"min=0,max=31536000"` // seconds
	}
},
) ([]token.KeyInfo, error) {
	algorithm, grace := "", 0
	set(&algorithm, in.Body.Algorithm)
	set(&grace, in.Body.Grace)
	kind := keyKinds[in.KeyType]
	if kind == store.KeyCookie {
		algorithm = "" // cookie keys have none
	}
	return a.Tokens.RotateKeys(c.ctx(), kind, algorithm, time.Duration(grace)*time.Second)
}

func (a *API) deleteKey(c *call, in struct {
	KeyType string          `path:"keyType" check:"enum=private-keys|cookie-keys"`
	KeyID   guestlist.KeyID `path:"keyId"`
},
) (none, error) {
	return none{}, a.Tokens.DeleteKey(c.ctx(), keyKinds[in.KeyType], in.KeyID)
}

func (a *API) getIDTokenConfig(c *call, _ struct{}) (token.IDTokenConfig, error) {
	var conf token.IDTokenConfig
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		conf, err = token.IDTokenConfigOf(tx)
		return err
	})
	return conf, err
}

func (a *API) putIDTokenConfig(c *call, in struct {
	Body struct {
		Claims []string `json:"enabledExtendedClaims,omitempty" check:"each.enum=@extendedClaims"`
	}
},
) (token.IDTokenConfig, error) {
	conf := token.IDTokenConfig{EnabledExtendedClaims: distinct(in.Body.Claims)}
	return conf, a.Store.Update(c.ctx(), func(tx *store.Tx) error { return token.PutIDTokenConfig(tx, conf) })
}
