package connector

import (
	"context"
	"strings"

	"guestlist"
)

const googleIssuer = "https://accounts.google.com"

type googleConfig struct {
	ClientID      string   `json:"clientId"`
	ClientSecret  string   `json:"clientSecret"`
	Scope         string   `json:"scope"`
	Prompts       []string `json:"prompts"`
	OfflineAccess bool     `json:"offlineAccess"`
}

func googlePreset() preset {
	return preset{
		id: "google-universal", target: "google", name: sameName("Google"), description: accountAt("Google"), vouches: anyDomain(),
		form: []guestlist.FormItem{
			clientID(), clientSecret(), scopeItem("openid profile email"),
			{Type: guestlist.FormMultiSelect, Key: "prompts", Label: "Prompts", SelectItems: choices("none", "consent", "select_account"),
				DefaultValue: []string{"select_account"}, Description: "What Google asks each time."},
			{Type: guestlist.FormSwitch, Key: "offlineAccess", Label: "Offline access", DefaultValue: false},
			{Type: guestlist.FormJSON, Key: "oneTap", Label: "One Tap"},
		},
		social: func(s *Set, row guestlist.Connector) (Provider, error) {
			c, err := configOf[googleConfig](row)
			if err != nil {
				return nil, err
			}
			params := map[string]string{}
			if len(c.Prompts) > 0 {
				params["prompt"] = strings.Join(c.Prompts, " ")
			}
			if c.OfflineAccess {
				params["access_type"] = "offline"
			}
			return &flow{set: s, terms: terms{
				endpoints: plain("https://accounts.google.com/o/oauth2/v2/auth", "https://oauth2.googleapis.com/token",
					"https://openidconnect.googleapis.com/v1/userinfo").with("https://www.googleapis.com/oauth2/v3/certs", googleIssuer),
				clientID: c.ClientID, clientSecret: c.ClientSecret,
				scopes: openID(scopesOr(c.Scope, "openid profile email")), params: params, hint: "login_hint",
				id: &idRules{algorithms: []string{"RS256"}},
				identify: func(ctx context.Context, v *visit) (guestlist.OutsideIdentity, error) {
					claims, err := v.everything(ctx, claimEmail, "name")
					who := standardIdentity(claims, false)
					who.EmailVerified = googleVouches(claims)
					return who, err
				},
			}}, nil
		},
	}
}

// googleVouches reports whether Google is authoritative for the address: it is
// a mailbox of Gmail, or verified and of an organization that Google hosts
// (hd). With other addresses an account may have changed hands since Google
// looked, as its documents on ID tokens say.
func googleVouches(claims map[string]any) bool {
	if !truth(claims, claimVerified, false) {
		return false
	}
	domain := strings.ToLower(text(claims, claimEmail))
	domain = domain[strings.LastIndexByte(domain, '@')+1:]
	return domain == "gmail.com" || domain == "googlemail.com" || text(claims, "hd") != ""
}
