package store

import (
	"errors"

	"guestlist"
)

// The purposes under which the secrets of hooks are sealed. The config is one:
// its headers may carry credentials.
const (
	sealHookConfig = "hook.config"
	sealHookKey    = "hook.signing_key"
)

const hookColumns = `id, name, event, events, config, signing_key, enabled, created_at`

func (tx *Tx) scanHook(sc scanner) (guestlist.Hook, error) {
	h := guestlist.Hook{TenantID: guestlist.TenantID}
	var events, config, key string
	if err := sc.Scan(&h.ID, &h.Name, &h.Event, &events, &config, &key, &h.Enabled, &h.CreatedAt); err != nil {
		return h, err
	}
	opened, err := tx.s.key.OpenString(sealHookConfig, config)
	if err != nil {
		return h, err
	}
	if h.SigningKey, err = tx.s.key.OpenString(sealHookKey, key); err != nil {
		return h, err
	}
	return h, errors.Join(fromJSON(events, &h.Events), fromJSON(opened, &h.Config))
}

// hookArgs are the values of hookColumns.
func (tx *Tx) hookArgs(h guestlist.Hook) ([]any, error) {
	if h.Events == nil {
		h.Events = []string{}
	}
	events, err := jsonText(h.Events)
	if err != nil {
		return nil, err
	}
	config, err := jsonText(h.Config)
	if err != nil {
		return nil, err
	}
	return []any{
		h.ID, h.Name, h.Event, events, tx.s.key.SealString(sealHookConfig, config),
		tx.s.key.SealString(sealHookKey, h.SigningKey), h.Enabled, h.CreatedAt,
	}, nil
}

// Hook returns a hook by id; ErrNotFound if unknown.
func (tx *Tx) Hook(id guestlist.HookID) (guestlist.Hook, error) {
	return one(tx, tx.scanHook, "SELECT "+hookColumns+" FROM hooks WHERE id = $1", id)
}

// Hooks lists the hooks, the newest first.
func (tx *Tx) Hooks(p Page) ([]guestlist.Hook, error) {
	limit, args := p.sql(1)
	return collect(tx, tx.scanHook, "SELECT "+hookColumns+" FROM hooks ORDER BY created_at DESC, id"+limit, args...)
}

// CountHooks counts the hooks.
func (tx *Tx) CountHooks() (int, error) {
	var n int
	err := tx.row("SELECT COUNT(*) FROM hooks", nil, &n)
	return n, err
}

// InsertHook writes a new hook; all members are the caller's.
func (tx *Tx) InsertHook(h guestlist.Hook) error {
	args, err := tx.hookArgs(h)
	if err != nil {
		return err
	}
	if err := tx.touchConfig(); err != nil {
		return err
	}
	return tx.run("INSERT INTO hooks ("+hookColumns+") VALUES ("+placeholders(1, len(args))+")", args...)
}

// UpdateHook writes everything of a hook but its age; ErrNotFound if unknown.
func (tx *Tx) UpdateHook(h guestlist.Hook) error {
	args, err := tx.hookArgs(h)
	if err != nil {
		return err
	}
	if err := tx.touchConfig(); err != nil {
		return err
	}
	return changed(tx.exec(`UPDATE hooks SET name = $2, event = $3, events = $4, config = $5, signing_key = $6, enabled = $7
		WHERE id = $1`, args[:len(args)-1]...))
}

// DeleteHook removes a hook; ErrNotFound if unknown. What still waits for it
// is not delivered.
func (tx *Tx) DeleteHook(id guestlist.HookID) error {
	if err := tx.touchConfig(); err != nil {
		return err
	}
	return changed(tx.exec("DELETE FROM hooks WHERE id = $1", id))
}
