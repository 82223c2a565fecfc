package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"guestlist"
	"guestlist/internal/crypt"
)

// The purposes under which client secrets are hashed and sealed. The hash lets
// a secret be compared, the sealed copy lets the management API show it, as
// the contract wants.
const (
	hashClientSecret = "application.secret"
	sealClientSecret = "application.secret"
)

const applicationColumns = `id, name, description, type, oidc_client_metadata, custom_client_metadata,
	protected_app_metadata, custom_data, is_third_party, access_control_enabled, created_at`

func scanApplication(sc scanner) (guestlist.Application, error) {
	a := guestlist.Application{TenantID: guestlist.TenantID}
	var oidc, custom, customData string
	var protected *string
	if err := sc.Scan(&a.ID, &a.Name, &a.Description, &a.Type, &oidc, &custom, &protected, &customData,
		&a.IsThirdParty, &a.AccessControlEnabled, &a.CreatedAt); err != nil {
		return a, err
	}
	if protected != nil {
		a.ProtectedAppMetadata = json.RawMessage(*protected)
	}
	a.CustomData = guestlist.JSONObject(customData)
	if err := fromJSON(oidc, &a.OIDCClientMetadata); err != nil {
		return a, err
	}
	return a, fromJSON(custom, &a.CustomClientMetadata)
}

// applicationArgs are the values of applicationColumns.
func applicationArgs(a guestlist.Application) ([]any, error) {
	oidc, err := jsonText(a.OIDCClientMetadata)
	if err != nil {
		return nil, err
	}
	custom, err := jsonText(a.CustomClientMetadata)
	if err != nil {
		return nil, err
	}
	var protected *string
	if len(a.ProtectedAppMetadata) > 0 && string(a.ProtectedAppMetadata) != "null" {
		text := string(a.ProtectedAppMetadata)
		protected = &text
	}
	return []any{
		a.ID, a.Name, a.Description, a.Type, oidc, custom, protected, objectText(a.CustomData),
		a.IsThirdParty, a.AccessControlEnabled, a.CreatedAt,
	}, nil
}

// Application returns a client by id; ErrNotFound if unknown. Clients that are
// built in have no row.
func (tx *Tx) Application(id guestlist.ApplicationID) (guestlist.Application, error) {
	return one(tx, scanApplication, "SELECT "+applicationColumns+" FROM applications WHERE id = $1", id)
}

// ApplicationFilter says which applications a list has. The zero value means
// all.
type ApplicationFilter struct {
	Search      guestlist.Search
	Types       []guestlist.ApplicationType // any of them; none means all
	OfRole      guestlist.RoleID            // only machines that have the role
	ExcludeRole guestlist.RoleID            // only those that lack it
	ThirdParty  *bool
}

// Applications returns the applications that pass a filter, newest first, and
// how many there are in all.
func (tx *Tx) Applications(f ApplicationFilter, p Page) ([]guestlist.Application, int, error) {
	match, args, err := tx.search(f.Search, tx.columnsOf("applications", "id", "name", "description"), 1)
	if err != nil {
		return nil, 0, err
	}
	where := "applications WHERE " + match
	if len(f.Types) > 0 {
		where += " AND type IN (" + placeholders(len(args)+1, len(f.Types)) + ")"
		for _, t := range f.Types {
			args = append(args, t)
		}
	}
	and := func(condition string, arg any) {
		args = append(args, arg)
		where += fmt.Sprintf(" AND "+condition, len(args))
	}
	if f.ThirdParty != nil {
		and("is_third_party = $%d", *f.ThirdParty)
	}
	if f.OfRole != "" {
		and("id IN (SELECT application_id FROM application_roles WHERE role_id = $%d)", f.OfRole)
	}
	if f.ExcludeRole != "" {
		and("id NOT IN (SELECT application_id FROM application_roles WHERE role_id = $%d)", f.ExcludeRole)
	}
	return page(tx, scanApplication, applicationColumns, where, "created_at DESC, id DESC", args, p)
}

// InsertApplication creates a client as given, without secrets.
func (tx *Tx) InsertApplication(a guestlist.Application) error {
	args, err := applicationArgs(a)
	if err != nil {
		return err
	}
	if err := tx.run("INSERT INTO applications ("+applicationColumns+") VALUES ("+placeholders(1, len(args))+")",
		args...); err != nil {
		return err
	}
	return tx.touchConfig()
}

// UpdateApplication writes every column of a but its type, its party and its
// creation; ErrNotFound if there is no such client.
func (tx *Tx) UpdateApplication(a guestlist.Application) error {
	args, err := applicationArgs(a)
	if err != nil {
		return err
	}
	if err := changed(tx.exec(`UPDATE applications SET name = $2, description = $3, oidc_client_metadata = $4,
			custom_client_metadata = $5, protected_app_metadata = $6, custom_data = $7, access_control_enabled = $8
		WHERE id = $1`, args[0], args[1], args[2], args[4], args[5], args[6], args[7], args[9])); err != nil {
		return err
	}
	return tx.touchConfig()
}

// DeleteApplication removes a client with its secrets and roles, and ends what
// users granted to it.
func (tx *Tx) DeleteApplication(id guestlist.ApplicationID) error {
	if err := tx.RevokeApplication(id); err != nil {
		return err
	}
	if err := changed(tx.exec("DELETE FROM applications WHERE id = $1", id)); err != nil {
		return err
	}
	return tx.touchConfig()
}

// storedSecret is a secret as its row has it.
type storedSecret struct {
	guestlist.ApplicationSecret
	hash, sealed string
}

func (tx *Tx) storedSecrets(id guestlist.ApplicationID) ([]storedSecret, error) {
	return collect(tx, func(sc scanner) (storedSecret, error) {
		s := storedSecret{ApplicationSecret: guestlist.ApplicationSecret{TenantID: guestlist.TenantID}}
		err := sc.Scan(&s.ApplicationID, &s.Name, &s.hash, &s.sealed, &s.CreatedAt, &s.ExpiresAt)
		return s, err
	}, `SELECT application_id, name, hash, sealed, created_at, expires_at FROM application_secrets
		WHERE application_id = $1 ORDER BY created_at, name`, id)
}

// ApplicationSecrets returns the secrets of a client with their values, oldest
// first.
func (tx *Tx) ApplicationSecrets(id guestlist.ApplicationID) ([]guestlist.ApplicationSecret, error) {
	stored, err := tx.storedSecrets(id)
	if err != nil {
		return nil, err
	}
	list := make([]guestlist.ApplicationSecret, len(stored))
	for i, s := range stored {
		value, err := tx.s.key.OpenString(sealClientSecret, s.sealed)
		if err != nil {
			return nil, fmt.Errorf("store: secret %q of application %s: %w", s.Name, id, err)
		}
		list[i] = s.ApplicationSecret
		list[i].Value = value
	}
	return list, nil
}

// InsertApplicationSecret adds a secret as given. A name that the client has
// already gives application.secret_name_exists.
func (tx *Tx) InsertApplicationSecret(s guestlist.ApplicationSecret) error {
	if err := tx.run(`INSERT INTO application_secrets (application_id, name, hash, sealed, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6)`, s.ApplicationID, s.Name, tx.s.key.Hash(hashClientSecret, s.Value),
		tx.s.key.SealString(sealClientSecret, s.Value), s.CreatedAt, s.ExpiresAt); err != nil {
		return err
	}
	return tx.touchConfig()
}

// RenameApplicationSecret gives a secret another name; ErrNotFound if the
// client has none of that name.
func (tx *Tx) RenameApplicationSecret(id guestlist.ApplicationID, name, newName string) error {
	if err := changed(tx.exec("UPDATE application_secrets SET name = $3 WHERE application_id = $1 AND name = $2",
		id, name, newName)); err != nil {
		return err
	}
	return tx.touchConfig()
}

// DeleteApplicationSecret removes a secret; ErrNotFound if there is none.
func (tx *Tx) DeleteApplicationSecret(id guestlist.ApplicationID, name string) error {
	if err := changed(tx.exec("DELETE FROM application_secrets WHERE application_id = $1 AND name = $2", id, name)); err != nil {
		return err
	}
	return tx.touchConfig()
}

// ClientSecrets recognises the secrets of one client without the database; it
// is made to be cached. It holds hashes alone.
type ClientSecrets struct {
	key    crypt.Key
	stored []storedSecret
}

// ClientSecrets returns what recognises a client's secrets.
func (tx *Tx) ClientSecrets(id guestlist.ApplicationID) (ClientSecrets, error) {
	stored, err := tx.storedSecrets(id)
	for i := range stored {
		stored[i].sealed = ""
	}
	return ClientSecrets{key: tx.s.key, stored: stored}, err
}

// Match finds which secret was presented, in a time that does not depend on
// how much of it was right. Whether it expired is for the caller to judge. The
// value of the result is empty.
func (c ClientSecrets) Match(secret string) (guestlist.ApplicationSecret, bool) {
	var found guestlist.ApplicationSecret
	ok := false
	if len(c.stored) == 0 {
		return found, false
	}
	presented := c.key.Hash(hashClientSecret, secret)
	for _, s := range c.stored { // all of them: an early end would tell which one
		if crypt.Equal(s.hash, presented) {
			found, ok = s.ApplicationSecret, true
		}
	}
	return found, ok
}

// ApplicationExperience returns the branding and terms of a client's own, as
// the JSON that was put; ErrNotFound if it has none.
func (tx *Tx) ApplicationExperience(id guestlist.ApplicationID) (json.RawMessage, error) {
	return tx.applicationText("SELECT experience FROM applications WHERE id = $1", id)
}

// PutApplicationExperience replaces the branding and terms of a client's own.
func (tx *Tx) PutApplicationExperience(id guestlist.ApplicationID, experience json.RawMessage) error {
	if err := changed(tx.exec("UPDATE applications SET experience = $2 WHERE id = $1", id, string(experience))); err != nil {
		return err
	}
	return tx.touchConfig()
}

// ApplicationAccessControl returns who may use a client, as the JSON that was
// put; ErrNotFound if nothing was.
func (tx *Tx) ApplicationAccessControl(id guestlist.ApplicationID) (json.RawMessage, error) {
	return tx.applicationText("SELECT access_control FROM applications WHERE id = $1", id)
}

// PutApplicationAccessControl replaces who may use a client.
func (tx *Tx) PutApplicationAccessControl(id guestlist.ApplicationID, rules json.RawMessage) error {
	if err := changed(tx.exec("UPDATE applications SET access_control = $2 WHERE id = $1", id, string(rules))); err != nil {
		return err
	}
	return tx.touchConfig()
}

// MayUse reports whether the access control of an application admits a user;
// it admits everybody where it is off.
func (tx *Tx) MayUse(app guestlist.Application, user guestlist.UserID) (bool, error) {
	if !app.AccessControlEnabled {
		return true, nil
	}
	text, err := tx.ApplicationAccessControl(app.ID)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var rules guestlist.AccessControl
	if err := fromJSON(string(text), &rules); err != nil {
		return false, err
	}
	roles, err := tx.RolesOfUser(user)
	return rules.Admits(user, roles), err
}

func (tx *Tx) applicationText(query string, id guestlist.ApplicationID) (json.RawMessage, error) {
	var text *string
	if err := tx.row(query, []any{id}, &text); err != nil {
		return nil, err
	}
	if text == nil {
		return nil, ErrNotFound
	}
	return json.RawMessage(*text), nil
}
