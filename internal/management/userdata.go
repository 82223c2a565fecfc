package management

import (
	"encoding/json"

	"guestlist"
	"guestlist/internal/store"
)

func (a *API) userDataRoutes() []route {
	return []route{
		get("/api/users/{userId}/custom-data", "Get the custom data of a user", a.getUserData),
		patch("/api/users/{userId}/custom-data", "Merge into the custom data of a user", a.mergeUserData).of(userVersion),
		patch("/api/users/{userId}/profile", "Merge into the profile of a user", a.mergeUserProfile).of(userVersion),
		get("/api/users/{userId}/logto-configs", "Get what a user settled about second factors and passkeys", a.getUserConfig),
		patch("/api/users/{userId}/logto-configs", "Change that", a.updateUserConfig),
	}
}

func (a *API) getUserData(c *call, in userID) (object, error) {
	u, err := a.viewUser(c, in.ID)
	return u.CustomData, err
}

func (a *API) viewUser(c *call, id guestlist.UserID) (guestlist.User, error) {
	var u guestlist.User
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		u, err = tx.User(id)
		return err
	})
	return u, err
}

func (a *API) mergeUserData(c *call, in struct {
	ID   guestlist.UserID `path:"userId"`
	Body struct {
		CustomData guestlist.JSONObject `json:"customData"`
	}
},
) (object, error) {
	u, err := a.changeUser(c, in.ID, guestlist.EventUserDataUpdated, func(_ *store.Tx, u *guestlist.User) (any, error) {
		var err error
		u.CustomData, err = guestlist.MergeObjects(u.CustomData, in.Body.CustomData)
		if err == nil && len(u.CustomData) > maxCustomData {
			err = guestlist.ErrValueTooLong
		}
		return u.CustomData, err
	})
	return u.CustomData, err
}

// maxCustomData bounds what merging can add up to, in bytes.
const maxCustomData = 1 << 20

func (a *API) mergeUserProfile(c *call, in struct {
	ID   guestlist.UserID `path:"userId"`
	Body struct {
		Profile profileChange `json:"profile"`
	}
},
) (guestlist.Profile, error) {
	u, err := a.changeUser(c, in.ID, guestlist.EventUserDataUpdated, func(_ *store.Tx, u *guestlist.User) (any, error) {
		change, err := json.Marshal(in.Body.Profile)
		if err != nil {
			return nil, err
		}
		u.Profile, err = mergeProfile(u.Profile, change)
		return u.Profile, err
	})
	return u.Profile, err
}

// profileChange is a profile whose members may be absent; "" clears.
type profileChange struct {
	FamilyName        *string                   `json:"familyName,omitempty"`
	GivenName         *string                   `json:"givenName,omitempty"`
	MiddleName        *string                   `json:"middleName,omitempty"`
	Nickname          *string                   `json:"nickname,omitempty"`
	PreferredUsername *string                   `json:"preferredUsername,omitempty"`
	Profile           *string                   `json:"profile,omitempty"`
	Website           *string                   `json:"website,omitempty"`
	Gender            *string                   `json:"gender,omitempty"`
	Birthdate         *string                   `json:"birthdate,omitempty"`
	Zoneinfo          *string                   `json:"zoneinfo,omitempty"`
	Locale            *string                   `json:"locale,omitempty"`
	Address           *guestlist.ProfileAddress `json:"address,omitempty"`
}

// userConfig is the wire's logto-configs.
type userConfig struct {
	MFA           userMFA     `json:"mfa"`
	PasskeySignIn userPasskey `json:"passkeySignIn"`
}

type userMFA struct {
	Enabled         *bool `json:"enabled,omitempty"`
	Skipped         bool  `json:"skipped"`
	SkipMFAOnSignIn bool  `json:"skipMfaOnSignIn"`
}

type userPasskey struct {
	Skipped bool `json:"skipped"`
}

func configOf(u guestlist.User) (userConfig, error) {
	var config userConfig
	if len(u.LogtoConfig) == 0 {
		return config, nil
	}
	err := json.Unmarshal(u.LogtoConfig, &config)
	return config, err
}

func (a *API) getUserConfig(c *call, in userID) (userConfig, error) {
	u, err := a.viewUser(c, in.ID)
	if err != nil {
		return userConfig{}, err
	}
	return configOf(u)
}

func (a *API) updateUserConfig(c *call, in struct {
	ID   guestlist.UserID `path:"userId"`
	Body struct {
		MFA struct {
			Enabled         *bool `json:"enabled,omitempty"`
			Skipped         *bool `json:"skipped,omitempty"`
			SkipMFAOnSignIn *bool `json:"skipMfaOnSignIn,omitempty"`
		} `json:"mfa,omitempty"`
		PasskeySignIn struct {
			Skipped *bool `json:"skipped,omitempty"`
		} `json:"passkeySignIn,omitempty"`
	}
},
) (userConfig, error) {
	var config userConfig
	_, err := a.changeUser(c, in.ID, guestlist.EventUserDataUpdated, func(_ *store.Tx, u *guestlist.User) (any, error) {
		var err error
		if config, err = configOf(*u); err != nil {
			return nil, err
		}
		if in.Body.MFA.Enabled != nil {
			config.MFA.Enabled = in.Body.MFA.Enabled
		}
		set(&config.MFA.Skipped, in.Body.MFA.Skipped)
		set(&config.MFA.SkipMFAOnSignIn, in.Body.MFA.SkipMFAOnSignIn)
		set(&config.PasskeySignIn.Skipped, in.Body.PasskeySignIn.Skipped)
		u.LogtoConfig, err = json.Marshal(config)
		return nil, err
	})
	return config, err
}
