package guestlist

import "log/slog"

// CaptchaType names a kind of captcha.
type CaptchaType string

// The kinds of captcha. HCaptcha is ours; the wire has the other two.
const (
	CaptchaTurnstile           CaptchaType = "Turnstile"
	CaptchaRecaptchaEnterprise CaptchaType = "RecaptchaEnterprise"
	CaptchaHCaptcha            CaptchaType = "HCaptcha"
)

// CaptchaProvider is who tells people from machines. Its JSON is the wire
// format of /api/captcha-provider. Its config holds a secret: keep it sealed at
// rest; it is hidden in logs.
type CaptchaProvider struct {
	TenantID  string        `json:"tenantId"`
	ID        string        `json:"id"`
	Config    CaptchaConfig `json:"config"`
	CreatedAt Time          `json:"createdAt"`
	UpdatedAt Time          `json:"updatedAt"`
}

// CaptchaConfig is how a captcha provider is spoken to. ProjectID, Domain and
// Mode are those of reCAPTCHA Enterprise.
type CaptchaConfig struct {
	Type      CaptchaType `json:"type"`
	SiteKey   string      `json:"siteKey"` // public
	SecretKey string      `json:"secretKey"`
	ProjectID string      `json:"projectId,omitempty"`
	Domain    string      `json:"domain,omitempty"` // whose script is loaded, "" for the usual one
	Mode      string      `json:"mode,omitempty"`   // invisible or checkbox
}

// PublicCaptcha is what a page needs to show a captcha; the member
// captchaConfig of the public sign-in experience.
type PublicCaptcha struct {
	Type      CaptchaType `json:"type"`
	SiteKey   string      `json:"siteKey"`
	ProjectID string      `json:"projectId,omitempty"`
	Domain    string      `json:"domain,omitempty"`
	Mode      string      `json:"mode,omitempty"`
}

// Public returns c without its secret.
func (c CaptchaConfig) Public() PublicCaptcha {
	return PublicCaptcha{Type: c.Type, SiteKey: c.SiteKey, ProjectID: c.ProjectID, Domain: c.Domain, Mode: c.Mode}
}

// String keeps the secret out of formatted errors.
func (c CaptchaConfig) String() string { return "captcha " + string(c.Type) }

// GoString keeps it out of %#v too.
func (c CaptchaConfig) GoString() string { return c.String() }

// LogValue keeps it out of logs.
func (c CaptchaConfig) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String keeps the secret out of formatted errors.
func (p CaptchaProvider) String() string { return p.Config.String() }

// GoString keeps it out of %#v too.
func (p CaptchaProvider) GoString() string { return p.String() }

// LogValue keeps it out of logs.
func (p CaptchaProvider) LogValue() slog.Value { return p.Config.LogValue() }
