package store

import (
	"encoding/json"
	"errors"
	"strings"

	"guestlist"
)

// sealPassword is the purpose under which password digests are sealed: they
// are slow hashes already, but imported ones may be as weak as MD5.
const sealPassword = "user.password"

const userColumns = `id, username, primary_email, primary_phone, name, avatar, custom_data, profile, logto_config,
	password_digest IS NOT NULL, password_is_temporary, password_is_expired, password_changed_at, is_suspended,
	deletion_due_at, application_id, email_verified_at, phone_verified_at, last_sign_in_at, created_at, updated_at`

func scanUser(sc scanner) (guestlist.User, error) {
	var u guestlist.User
	var customData, profile, config string
	if err := sc.Scan(&u.ID, &u.Username, &u.PrimaryEmail, &u.PrimaryPhone, &u.Name, &u.Avatar, &customData, &profile,
		&config, &u.HasPassword, &u.PasswordIsTemporary, &u.PasswordIsExpired, &u.PasswordChangedAt, &u.IsSuspended,
		&u.DeletionDueAt, &u.ApplicationID, &u.EmailVerifiedAt, &u.PhoneVerifiedAt, &u.LastSignInAt, &u.CreatedAt, &u.UpdatedAt); err != nil {
		return u, err
	}
	u.CustomData, u.LogtoConfig = json.RawMessage(customData), json.RawMessage(config)
	u.Identities = map[string]guestlist.Identity{}
	return u, fromJSON(profile, &u.Profile)
}

// InsertUser creates a user as given; ID, CreatedAt and UpdatedAt are the
// caller's. A taken username, e-mail or phone gives the contract's *_in_use
// refusal, and a nil digest makes a user without password. Usernames are
// compared as the username policy in force says.
func (tx *Tx) InsertUser(u guestlist.User, password *guestlist.PasswordDigest) error {
	profile, err := jsonText(u.Profile)
	if err != nil {
		return err
	}
	usernameKey, err := tx.usernameKey(u.Username)
	if err != nil {
		return err
	}
	var digest, algorithm *string
	var temporary, own bool
	if password != nil {
		sealed := tx.s.key.SealString(sealPassword, password.Digest)
		digest, algorithm, temporary, own = &sealed, &password.Algorithm, password.Temporary, password.Own
		u.PasswordChangedAt = &tx.Now
	}
	if err := tx.run(`INSERT INTO users (id, username, username_key, primary_email, email_key, primary_phone, name,
			name_key, avatar, custom_data, profile, logto_config, password_digest, password_algorithm,
			password_is_temporary, password_is_own, password_is_expired, password_changed_at, is_suspended, application_id,
			email_verified_at, phone_verified_at, last_sign_in_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)`,
		u.ID, u.Username, usernameKey, u.PrimaryEmail, emailKey(u.PrimaryEmail), u.PrimaryPhone, u.Name,
		foldKey(u.Name), u.Avatar, objectText(u.CustomData), profile, objectText(u.LogtoConfig), digest, algorithm,
		temporary, own, u.PasswordIsExpired, u.PasswordChangedAt, u.IsSuspended, u.ApplicationID,
		u.EmailVerifiedAt, u.PhoneVerifiedAt, u.LastSignInAt, u.CreatedAt, u.UpdatedAt); err != nil {
		return err
	}
	tx.tally(tallyUsers, 1)
	tx.tallyNew(u.CreatedAt, 1)
	if err := tx.noteOld(u.CreatedAt, []any{u.ID}); err != nil {
		return err
	}
	if u.Avatar != nil {
		if err := tx.ownAvatar(u); err != nil {
			return err
		}
	}
	return tx.putIdentities(u.ID, u.Identities)
}

// UpdateUser writes every column of u but its password and identities, and
// sets updated_at to Now.
func (tx *Tx) UpdateUser(u guestlist.User) error {
	profile, err := jsonText(u.Profile)
	if err != nil {
		return err
	}
	usernameKey, err := tx.usernameKey(u.Username)
	if err != nil {
		return err
	}
	if err := tx.noteChange(u); err != nil {
		return err
	}
	if err := tx.ownAvatar(u); err != nil {
		return err
	}
	return changed(tx.exec(`UPDATE users SET username = $2, username_key = $3, primary_email = $4, email_key = $5,
			primary_phone = $6, name = $7, name_key = $8, avatar = $9, custom_data = $10, profile = $11,
			logto_config = $12, password_is_expired = $13, is_suspended = $14, application_id = $15,
			email_verified_at = $16, phone_verified_at = $17, last_sign_in_at = $18, updated_at = $19
		WHERE id = $1`,
		u.ID, u.Username, usernameKey, u.PrimaryEmail, emailKey(u.PrimaryEmail), u.PrimaryPhone, u.Name,
		foldKey(u.Name), u.Avatar, objectText(u.CustomData), profile, objectText(u.LogtoConfig), u.PasswordIsExpired,
		u.IsSuspended, u.ApplicationID, u.EmailVerifiedAt, u.PhoneVerifiedAt, u.LastSignInAt, tx.Now))
}

// SetPassword replaces a user's password, or removes it when digest is nil.
func (tx *Tx) SetPassword(id guestlist.UserID, password *guestlist.PasswordDigest) error {
	var digest, algorithm *string
	var temporary, own bool
	if password != nil {
		sealed := tx.s.key.SealString(sealPassword, password.Digest)
		digest, algorithm, temporary, own = &sealed, &password.Algorithm, password.Temporary, password.Own
	}
	return changed(tx.exec(`UPDATE users SET password_digest = $2, password_algorithm = $3, password_is_temporary = $4,
			password_is_own = $5, password_is_expired = FALSE, password_changed_at = $6, updated_at = $6 WHERE id = $1`,
		id, digest, algorithm, temporary, own, tx.Now))
}

// Password returns a user's password digest, or nil if there is none.
func (tx *Tx) Password(id guestlist.UserID) (*guestlist.PasswordDigest, error) {
	_, p, err := tx.passwordWhere("id = $1", id)
	return p, err
}

// PasswordOf returns whose an identifier is, and their password's digest, or nil
// if they have none; ErrNotFound if it is nobody's. It reads no more of somebody
// than of nobody, so that the time does not tell them apart.
func (tx *Tx) PasswordOf(id guestlist.Identifier) (guestlist.UserID, *guestlist.PasswordDigest, error) {
	condition, key, err := tx.identified(id)
	if err != nil {
		return "", nil, err
	}
	return tx.passwordWhere(condition, key)
}

func (tx *Tx) passwordWhere(condition string, arg any) (id guestlist.UserID, _ *guestlist.PasswordDigest, err error) {
	var sealed, algorithm *string
	var p guestlist.PasswordDigest
	if err := tx.row("SELECT id, password_digest, password_algorithm, password_is_temporary FROM users WHERE "+condition,
		[]any{arg}, &id, &sealed, &algorithm, &p.Temporary); err != nil || sealed == nil {
		return id, nil, err
	}
	digest, err := tx.s.key.OpenString(sealPassword, *sealed)
	if err != nil {
		return id, nil, err
	}
	p.Digest = digest
	if algorithm != nil {
		p.Algorithm = *algorithm
	}
	return id, &p, nil
}

// User returns a user by id, with social identities; ErrNotFound if unknown.
func (tx *Tx) User(id guestlist.UserID) (guestlist.User, error) {
	return tx.userWhere("id = $1", id)
}

// UserForUpdate is User for a caller that will write back what it read: on an
// engine with several writers it makes the others wait, so that no change is
// lost.
func (tx *Tx) UserForUpdate(id guestlist.UserID) (guestlist.User, error) {
	return tx.userWhere("id = $1"+tx.s.dialect.forUpdate, id)
}

// UserByIdentifier finds a user by what a person types. Letter case does not
// matter in addresses, and in usernames only if the policy says so.
func (tx *Tx) UserByIdentifier(id guestlist.Identifier) (guestlist.User, error) {
	condition, key, err := tx.identified(id)
	if err != nil {
		return guestlist.User{}, err
	}
	return tx.userWhere(condition, key)
}

// identified is the condition on users that an identifier stands for, with its
// argument.
func (tx *Tx) identified(id guestlist.Identifier) (condition string, key any, err error) {
	switch id.Type {
	case guestlist.IdentifierEmail:
		return "email_key = $1", guestlist.EmailKey(id.Value), nil
	case guestlist.IdentifierPhone:
		return "primary_phone = $1", id.Value, nil
	case guestlist.IdentifierUserID:
		return "id = $1", id.Value, nil
	default:
		key, err = tx.usernameKey(&id.Value)
		return "username_key = $1", key, err
	}
}

func (tx *Tx) userWhere(condition string, arg any) (guestlist.User, error) {
	u, err := one(tx, scanUser, "SELECT "+userColumns+" FROM users WHERE "+condition, arg)
	if err != nil {
		return u, err
	}
	list := []guestlist.User{u}
	err = tx.fillIdentities(list)
	return list[0], err
}

// DeleteUser removes a user with identities, roles and sessions.
func (tx *Tx) DeleteUser(id guestlist.UserID) error {
	if err := tx.RevokeUser(id); err != nil {
		return err
	}
	if err := tx.dropRoles(id); err != nil {
		return err
	}
	at, err := one(tx, scanTime, "DELETE FROM users WHERE id = $1 RETURNING created_at", id)
	if err != nil {
		return err
	}
	tx.tally(tallyUsers, -1)
	tx.tallyNew(at, -1)
	return nil
}

// usernameKey folds a username as the policy in force says.
func (tx *Tx) usernameKey(username *string) (*string, error) {
	if username == nil || *username == "" {
		return nil, nil
	}
	exp, err := tx.SignInExperience()
	if err != nil {
		return nil, err
	}
	key := guestlist.UsernameKey(*username, exp.UsernamePolicy.CaseSensitive)
	return &key, nil
}

func emailKey(email *string) *string {
	if email == nil || *email == "" {
		return nil
	}
	key := guestlist.EmailKey(*email)
	return &key
}

// foldKey folds a text for searches without regard to case. The folding is
// Go's, since the engines disagree about letters beyond ASCII.
func foldKey(s *string) *string {
	if s == nil {
		return nil
	}
	key := strings.ToLower(*s)
	return &key
}

// IsTaken reports whether an identifier belongs to somebody.
func (tx *Tx) IsTaken(id guestlist.Identifier) (bool, error) {
	condition, key, err := tx.identified(id)
	if err != nil {
		return false, err
	}
	var is int
	err = tx.row("SELECT 1 FROM users WHERE "+condition, []any{key}, &is)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// SetLastSignIn records a sign-in and that the user was active today.
func (tx *Tx) SetLastSignIn(id guestlist.UserID) error {
	if err := changed(tx.exec("UPDATE users SET last_sign_in_at = $2 WHERE id = $1", id, tx.Now)); err != nil {
		return err
	}
	day := dayOf(tx.Now)
	n, err := tx.exec("INSERT INTO active_users (day, user_id) VALUES ($1, $2) ON CONFLICT (day, user_id) DO NOTHING", day, id)
	tx.tally(talliesActive+day, n)
	return err
}

// SetUserApplication notes the application that a user signed in to first; a
// later one changes nothing.
func (tx *Tx) SetUserApplication(id guestlist.UserID, app guestlist.ApplicationID) error {
	return tx.run("UPDATE users SET application_id = $2 WHERE id = $1 AND application_id IS NULL", id, app)
}

// CountUsers returns the number of users, in time that does not grow with it.
func (tx *Tx) CountUsers() (int, error) { return tx.count(tallyUsers) }
