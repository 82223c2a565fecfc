package connector

import (
	"context"
	"errors"

	"guestlist"
)

// clientConfig is the config of providers that need no more.
type clientConfig struct {
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	Scope        string `json:"scope"`
}

// maxAddresses bounds how many addresses of an account are looked at.
const maxAddresses = 100

func githubPreset() preset {
	return preset{
		id: "github-universal", target: "github", name: sameName("GitHub"), description: accountAt("GitHub"), vouches: anyDomain(),
		form: []guestlist.FormItem{clientID(), clientSecret(), scopeItem("read:user user:email")},
		social: func(s *Set, row guestlist.Connector) (Provider, error) {
			c, err := configOf[clientConfig](row)
			if err != nil {
				return nil, err
			}
			return &flow{set: s, terms: terms{
				endpoints: plain("https://github.com/login/oauth/authorize", "https://github.com/login/oauth/access_token", "https://api.github.com/user"),
				clientID:  c.ClientID, clientSecret: c.ClientSecret,
				scopes: scopesOr(c.Scope, "read:user user:email"), hint: "login",
				identify: githubIdentity,
			}}, nil
		},
	}
}

// githubIdentity asks who it is and, in a second call, for the addresses: only
// there GitHub says which one is verified. A profile shows a public address or
// none.
func githubIdentity(ctx context.Context, v *visit) (guestlist.OutsideIdentity, error) {
	user, err := v.ask(ctx, v.at.userInfo)
	if err != nil {
		return guestlist.OutsideIdentity{}, err
	}
	who := guestlist.OutsideIdentity{
		Subject: text(user, "id"), Email: text(user, "email"), Name: first(text(user, "name"), text(user, "login")), Avatar: text(user, "avatar_url"),
	}
	var addresses []map[string]any
	_, err = v.set.getJSON(ctx, v.at.userInfo+"/emails", v.access, &addresses)
	if err != nil && !errors.Is(err, errGeneral) { // a scope without addresses is refused by a 404
		return guestlist.OutsideIdentity{}, err
	}
	for _, a := range addresses[:min(len(addresses), maxAddresses)] {
		if truth(a, "primary", false) && truth(a, "verified", false) {
			who.Email, who.EmailVerified = text(a, "email"), true
		}
	}
	who.Raw = rawOf(map[string]any{"userInfo": user, "userEmails": addresses})
	return who, nil
}
