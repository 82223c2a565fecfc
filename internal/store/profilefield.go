package store

import (
	"guestlist"
)

const profileFieldColumns = `id, name, type, label, description, required, config, sie_order, created_at`

func scanProfileField(sc scanner) (guestlist.ProfileField, error) {
	f := guestlist.ProfileField{TenantID: guestlist.TenantID}
	var config string
	if err := sc.Scan(&f.ID, &f.Name, &f.Type, &f.Label, &f.Description, &f.Required, &config, &f.SIEOrder, &f.CreatedAt); err != nil {
		return f, err
	}
	return f, fromJSON(config, &f.Config)
}

// ProfileFields lists all custom profile fields in the order in which pages
// ask for them. There are guestlist.MaxProfileFields at most.
func (tx *Tx) ProfileFields() (guestlist.ProfileFields, error) {
	return collect(tx, scanProfileField, "SELECT "+profileFieldColumns+" FROM custom_profile_fields ORDER BY sie_order, created_at, id")
}

// ProfileField returns a custom profile field by name; ErrNotFound if unknown.
func (tx *Tx) ProfileField(name string) (guestlist.ProfileField, error) {
	return one(tx, scanProfileField, "SELECT "+profileFieldColumns+" FROM custom_profile_fields WHERE name = $1", name)
}

// InsertProfileField writes a new custom profile field; all members are the
// caller's. A name that is taken gives custom_profile_fields.name_exists.
func (tx *Tx) InsertProfileField(f guestlist.ProfileField) error {
	config, err := jsonText(f.Config)
	if err != nil {
		return err
	}
	if err := tx.touchConfig(); err != nil {
		return err
	}
	return tx.run("INSERT INTO custom_profile_fields ("+profileFieldColumns+") VALUES ("+placeholders(1, 9)+")",
		f.ID, f.Name, string(f.Type), f.Label, f.Description, f.Required, config, f.SIEOrder, f.CreatedAt)
}

// UpdateProfileField writes everything of a custom profile field but name, id
// and age; ErrNotFound if its name is unknown.
func (tx *Tx) UpdateProfileField(f guestlist.ProfileField) error {
	config, err := jsonText(f.Config)
	if err != nil {
		return err
	}
	if err := tx.touchConfig(); err != nil {
		return err
	}
	return changed(tx.exec(`UPDATE custom_profile_fields SET type = $2, label = $3, description = $4, required = $5, config = $6,
		sie_order = $7 WHERE name = $1`, f.Name, string(f.Type), f.Label, f.Description, f.Required, config, f.SIEOrder))
}

// DeleteProfileField removes a custom profile field; ErrNotFound if unknown.
// What people answered stays with them.
func (tx *Tx) DeleteProfileField(name string) error {
	if err := tx.touchConfig(); err != nil {
		return err
	}
	return changed(tx.exec("DELETE FROM custom_profile_fields WHERE name = $1", name))
}
