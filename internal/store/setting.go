package store

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Setting returns the text of a setting; ErrNotFound if it was never put.
func (tx *Tx) Setting(name string) (string, error) {
	var value string
	err := tx.row("SELECT value FROM settings WHERE name = $1", []any{name}, &value)
	return value, err
}

// PutSetting writes a setting and tells every process that the configuration
// changed.
func (tx *Tx) PutSetting(name, value string) error {
	if err := tx.run(`INSERT INTO settings (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value); err != nil {
		return err
	}
	return tx.touchConfig()
}

// PutSettingOnce writes a setting unless it is there already.
func (tx *Tx) PutSettingOnce(name, value string) error {
	return tx.run(`INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, value)
}

// DeleteSetting removes a setting and reports whether it was there. Of several
// callers exactly one is told that it was.
func (tx *Tx) DeleteSetting(name string) (bool, error) {
	n, err := tx.exec("DELETE FROM settings WHERE name = $1", name)
	return n == 1, err
}

// SettingJSON fills v from a setting that holds JSON and leaves it untouched if
// there is none.
func (tx *Tx) SettingJSON(name string, v any) error {
	text, err := tx.Setting(name)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("store: setting %s: %w", name, err)
	}
	return nil
}

// PutSettingJSON writes v as JSON.
func (tx *Tx) PutSettingJSON(name string, v any) error {
	text, err := jsonText(v)
	if err != nil {
		return err
	}
	return tx.PutSetting(name, text)
}
