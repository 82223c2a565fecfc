package store

import (
	"guestlist"
)

// sealCaptcha is the purpose under which configs of captcha providers are
// sealed: they hold the secret key.
const sealCaptcha = "captcha_provider.config"

// CaptchaProvider returns the captcha provider; ErrNotFound if none is set up.
func (tx *Tx) CaptchaProvider() (guestlist.CaptchaProvider, error) {
	return one(tx, func(sc scanner) (guestlist.CaptchaProvider, error) {
		p := guestlist.CaptchaProvider{TenantID: guestlist.TenantID}
		var config string
		if err := sc.Scan(&p.ID, &config, &p.CreatedAt, &p.UpdatedAt); err != nil {
			return p, err
		}
		opened, err := tx.s.key.OpenString(sealCaptcha, config)
		if err != nil {
			return p, err
		}
		return p, fromJSON(opened, &p.Config)
	}, "SELECT id, config, created_at, updated_at FROM captcha_providers WHERE tenant_id = $1", guestlist.TenantID)
}

// PutCaptchaProvider sets the captcha provider up. Where there is one, its
// config is replaced and its id and age stay.
func (tx *Tx) PutCaptchaProvider(p guestlist.CaptchaProvider) error {
	config, err := jsonText(p.Config)
	if err != nil {
		return err
	}
	if err := tx.touchConfig(); err != nil {
		return err
	}
	return tx.run(`INSERT INTO captcha_providers (tenant_id, id, config, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (tenant_id) DO UPDATE SET config = excluded.config, updated_at = excluded.updated_at`,
		guestlist.TenantID, p.ID, tx.s.key.SealString(sealCaptcha, config), p.CreatedAt, p.UpdatedAt)
}

// DeleteCaptchaProvider removes the captcha provider; ErrNotFound if there is
// none.
func (tx *Tx) DeleteCaptchaProvider() error {
	if err := tx.touchConfig(); err != nil {
		return err
	}
	return changed(tx.exec("DELETE FROM captcha_providers WHERE tenant_id = $1", guestlist.TenantID))
}
