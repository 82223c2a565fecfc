package management

import (
	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) captchaRoutes() []route {
	return []route{
		get("/api/captcha-provider", "Get the captcha provider", a.getCaptcha).secrets(),
		put("/api/captcha-provider", "Set the captcha provider up", a.putCaptcha),
		remove("/api/captcha-provider", "Remove the captcha provider; no captcha is asked any more", a.deleteCaptcha),
	}
}

func (a *API) getCaptcha(c *call, _ struct{}) (guestlist.CaptchaProvider, error) {
	var p guestlist.CaptchaProvider
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		p, err = tx.CaptchaProvider()
		return err
	})
	return p, err
}

// captchaConfig is a config as it is given. What does not belong to the type
// is dropped.
type captchaConfig struct {
	Type      guestlist.CaptchaType `json:"type" check:"decides,enum=Turnstile|RecaptchaEnterprise|HCaptcha"`
	SiteKey   string                `json:"siteKey" check:"min=1,max=256"`
	SecretKey string                `json:"secretKey" check:"min=1,max=512"`
	ProjectID *string               `json:"projectId" check:"min=1,max=256"`
	Domain    *string               `json:"domain" check:"max=253,format=domain,orEmpty"`
	Mode      *string               `json:"mode" check:"enum=invisible|checkbox"`
}

func (in captchaConfig) config() (guestlist.CaptchaConfig, error) {
	c := guestlist.CaptchaConfig{Type: in.Type, SiteKey: in.SiteKey, SecretKey: in.SecretKey}
	if in.Type != guestlist.CaptchaRecaptchaEnterprise {
		return c, nil
	}
	if in.ProjectID == nil {
		var inv web.Invalid
		inv.Type("config.projectId", kindString, "undefined")
		return c, inv.Err()
	}
	c.ProjectID = *in.ProjectID
	set(&c.Domain, in.Domain)
	set(&c.Mode, in.Mode)
	return c, nil
}

func (a *API) putCaptcha(c *call, in struct {
	Body struct {
		Config captchaConfig `json:"config"`
	}
},
) (guestlist.CaptchaProvider, error) {
	var p guestlist.CaptchaProvider
	config, err := in.Body.Config.config()
	if err != nil {
		return p, err
	}
	err = a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := tx.PutCaptchaProvider(guestlist.CaptchaProvider{
			ID: crypt.ID(), Config: config, CreatedAt: tx.Now, UpdatedAt: tx.Now,
		}); err != nil {
			return err
		}
		p, err = tx.CaptchaProvider()
		return err
	})
	return p, err
}

// deleteCaptcha also stops asking: nobody could answer.
func (a *API) deleteCaptcha(c *call, _ struct{}) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := tx.DeleteCaptchaProvider(); err != nil {
			return err
		}
		exp, err := tx.SignInExperience()
		if err != nil || !isTrue(exp.CaptchaPolicy.Enabled) {
			return err
		}
		off := false
		exp.CaptchaPolicy.Enabled = &off
		return tx.PutSignInExperience(exp)
	})
}
