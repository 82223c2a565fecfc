package signin

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// The setup link lets the first administrator in: a server that has none
// prints it at its start, and whoever uses it first is the one.
const (
	settingSetup = "setup-link"
	hashSetup    = "setup-link"
	// SetupTTL is how long a setup link is good; the next start makes another.
	SetupTTL = 24 * time.Hour
)

// setupLink is the setting: a keyed hash and when it lapses.
type setupLink struct {
	Hash      string         `json:"hash"`
	ExpiresAt guestlist.Time `json:"expiresAt"`
}

// ErrSetup says that a setup link is wrong, lapsed or used. It does not say
// which.
var ErrSetup error = guestlist.Refuse(guestlist.KindNotFound, "setup.link_not_found")

// IssueSetup makes the setup link's token, in place of one of before, unless
// there is an administrator already; ok says whether it did. Seed must have
// run.
func (d *Desk) IssueSetup(ctx context.Context) (token string, ok bool, err error) {
	token = crypt.Opaque()
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		has, err := tx.HasUserWithRole(guestlist.AdminRoleName)
		if err != nil || has {
			ok = false
			return err
		}
		ok = true
		return tx.PutSettingJSON(settingSetup, setupLink{
			Hash: d.Store.Key().Hash(hashSetup, token), ExpiresAt: tx.Now.Add(SetupTTL),
		})
	})
	if !ok {
		token = ""
	}
	return token, ok, err
}

// HasAdministrator reports whether anybody administers the server.
func (d *Desk) HasAdministrator(ctx context.Context) (has bool, err error) {
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		has, err = tx.HasUserWithRole(guestlist.AdminRoleName)
		return err
	})
	return has, err
}

// OpenSetup says whether a setup link is good, and changes nothing.
func (d *Desk) OpenSetup(ctx context.Context, token string) error {
	return d.Store.View(ctx, func(tx *store.Tx) error { return d.checkSetup(tx, token) })
}

func (d *Desk) checkSetup(tx *store.Tx, token string) error {
	var link setupLink
	if err := tx.SettingJSON(settingSetup, &link); err != nil {
		return err
	}
	hash := d.Store.Key().Hash(hashSetup, token)
	if token == "" || subtle.ConstantTimeCompare([]byte(hash), []byte(link.Hash)) != 1 || link.ExpiresAt <= tx.Now {
		return ErrSetup
	}
	// It is for the first: a link that still lies in a log when there is one,
	// made through the API or the command line, lets nobody else be another.
	has, err := tx.HasUserWithRole(guestlist.AdminRoleName)
	if err == nil && has {
		err = ErrSetup
	}
	return err
}

// Administrator is what the first administrator gives of themselves: a
// username, an e-mail address or both, and a password.
type Administrator struct {
	Username, Email, Password string
}

// RedeemSetup makes the first administrator, with the role of administrators,
// and consumes the setup link in the same transaction. Errors: setup.link_not_found,
// guard.invalid_input, password.rejected, user.username_*, user.*_already_in_use.
func (d *Desk) RedeemSetup(ctx context.Context, token string, who Administrator, from Caller) (guestlist.User, error) {
	digest, err := d.prepareAdministrator(ctx, token, who)
	if err != nil {
		return guestlist.User{}, err
	}
	var u guestlist.User
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		if err := d.checkSetup(tx, token); err != nil {
			return err
		}
		exp, err := tx.SignInExperience()
		if err != nil {
			return err
		}
		if err := guestlist.Admit(exp.SignInMode, guestlist.Admission{
			Event: guestlist.EventRegister, Email: who.Email, Setup: true,
		}); err != nil {
			return err
		}
		if gone, err := tx.DeleteSetting(settingSetup); err != nil || !gone {
			return errors.Join(err, notGone(gone))
		}
		u = guestlist.User{
			ID: guestlist.UserID(crypt.ShortID()), Username: optional(who.Username), PrimaryEmail: optional(who.Email),
			CreatedAt: tx.Now, UpdatedAt: tx.Now, HasPassword: true, Identities: map[string]guestlist.Identity{},
		}
		return d.seatAdministrator(tx, u, digest, from)
	})
	return u, err
}

// notGone is ErrSetup for the caller who was not the one to delete the link.
func notGone(gone bool) error {
	if gone {
		return nil
	}
	return ErrSetup
}

// prepareAdministrator checks what was given and hashes the password. The
// holder of the link speaks for the operator, so the password counts as set by
// an administrator.
func (d *Desk) prepareAdministrator(ctx context.Context, token string, who Administrator) (*guestlist.PasswordDigest, error) {
	var exp guestlist.SignInExperience
	if err := d.Store.View(ctx, func(tx *store.Tx) error {
		var err error
		if exp, err = tx.SignInExperience(); err != nil {
			return err
		}
		return d.checkSetup(tx, token)
	}); err != nil {
		return nil, err
	}
	if who.Username == "" && who.Email == "" || who.Password == "" || who.Email != "" && !guestlist.IsEmail(who.Email) {
		return nil, errInvalidInput
	}
	if who.Username != "" {
		if err := goodUsername(exp, who.Username); err != nil {
			return nil, err
		}
	}
	subject := guestlist.PasswordSubject{Username: who.Username, Email: who.Email}
	if err := guestlist.RejectPassword(d.CheckPassword(ctx, exp.PasswordPolicy, who.Password, subject)); err != nil {
		return nil, err
	}
	digest, algorithm, err := d.Hasher.Hash(ctx, who.Password)
	return &guestlist.PasswordDigest{Digest: digest, Algorithm: algorithm}, err
}

func (d *Desk) seatAdministrator(tx *store.Tx, u guestlist.User, digest *guestlist.PasswordDigest, from Caller) error {
	if err := tx.InsertUser(u, digest); err != nil {
		return err
	}
	if err := tx.GiveDefaultRoles(u.ID); err != nil {
		return err
	}
	role, err := tx.RoleByName(guestlist.AdminRoleName)
	if err != nil {
		return err
	}
	if !role.IsDefault {
		if err := tx.AddUserRole(u.ID, role.ID); err != nil {
			return err
		}
	}
	r := &run{d: d, i: &Interaction{Event: guestlist.EventRegister}, from: from}
	if err := r.emitData(tx, guestlist.EventUserCreated, u); err != nil {
		return err
	}
	return tx.Log(guestlist.LogEntry{Key: "Interaction.Register.Submit", UserID: u.ID, IP: from.IP, UserAgent: from.UserAgent})
}
