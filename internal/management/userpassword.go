package management

import (
	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

func (a *API) userPasswordRoutes() []route {
	return []route{
		patch("/api/users/{userId}/password", "Set a password; a temporary one has to be changed at the next sign-in", a.setUserPassword),
		patch("/api/users/{userId}/password/expiration", "Expire a password, or end that", a.expireUserPassword),
		post("/api/users/{userId}/password/verify", "Check a password", a.verifyUserPassword),
		post("/api/users/{userId}/password-link", "Send a user a link to set a password, or make one", a.issuePasswordLink),
		get("/api/users/{userId}/has-password", "Whether a user has a password", a.hasUserPassword),
	}
}

func (a *API) setUserPassword(c *call, in struct {
	ID   guestlist.UserID `path:"userId"`
	Body struct {
		Password    string `json:"password" check:"min=1"`
		IsTemporary bool   `json:"isTemporary,omitempty"`
	}
},
) (guestlist.User, error) {
	if _, err := a.viewUser(c, in.ID); err != nil {
		return guestlist.User{}, err // an unknown user costs no hash
	}
	digest, err := a.digestOf(c.ctx(), in.Body.Password, in.Body.IsTemporary)
	if err != nil {
		return guestlist.User{}, err
	}
	return a.changeUser(c, in.ID, guestlist.EventUserDataUpdated, func(tx *store.Tx, u *guestlist.User) (any, error) {
		if err := signin.TellOwner(tx, a.Endpoint, signin.Change{Before: *u, After: *u, Password: true}); err != nil {
			return nil, err
		}
		u.HasPassword, u.PasswordIsExpired = true, false
		return nil, tx.SetPassword(u.ID, digest)
	})
}

func (a *API) expireUserPassword(c *call, in struct {
	ID   guestlist.UserID `path:"userId"`
	Body struct {
		IsExpired bool `json:"isExpired"`
	}
},
) (guestlist.User, error) {
	return a.changeUser(c, in.ID, "", func(tx *store.Tx, u *guestlist.User) (any, error) {
		exp, err := tx.SignInExperience()
		if err != nil {
			return nil, err
		}
		if !isTrue(exp.PasswordExpiration.Enabled) {
			return nil, guestlist.Refuse(guestlist.KindInvalid, "sign_in_experiences.password_expiration_not_enabled")
		}
		u.PasswordIsExpired = in.Body.IsExpired
		return nil, nil
	})
}

func (a *API) verifyUserPassword(c *call, in struct {
	ID   guestlist.UserID `path:"userId"`
	Body struct {
		Password string `json:"password" check:"min=1"`
	}
},
) (none, error) {
	var digest *guestlist.PasswordDigest
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		digest, err = tx.Password(in.ID)
		return err
	})
	if err != nil {
		return none{}, err
	}
	var ok bool
	if digest == nil {
		err = a.Desk.Hasher.VerifyNothing(c.ctx(), in.Body.Password)
	} else {
		ok, _, err = a.Desk.Hasher.Verify(c.ctx(), in.Body.Password, digest.Digest, digest.Algorithm)
	}
	if err == nil && !ok {
		err = guestlist.Refuse(guestlist.KindUnprocessable, "session.invalid_credentials")
	}
	return none{}, err
}

type hasPassword struct {
	HasPassword bool `json:"hasPassword"`
}

func (a *API) hasUserPassword(c *call, in userID) (hasPassword, error) {
	u, err := a.viewUser(c, in.ID)
	return hasPassword{u.HasPassword}, err
}
