package web

import "guestlist"

// Dress returns the tenant's look, without language and product.
func Dress(exp guestlist.SignInExperience) Look {
	c, b := exp.Color, exp.Branding
	return Look{
		LogoURL: b.LogoURL, DarkLogoURL: b.DarkLogoURL, FaviconURL: b.Favicon, DarkFavicon: b.DarkFavicon,
		Theme:       NewTheme(c.PrimaryColor, c.DarkPrimaryColor, c.IsDarkModeEnabled),
		CustomCSS:   optional(exp.CustomCSS),
		Signature:   !exp.HideLogtoBranding,
		TermsURL:    optional(exp.TermsOfUseURL),
		PrivacyURL:  optional(exp.PrivacyPolicyURL),
		SupportMail: optional(exp.SupportEmail),
		SupportURL:  optional(exp.SupportWebsiteURL),
	}
}

func optional(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
