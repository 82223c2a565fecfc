package connector

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"guestlist"
)

// facebookGraph is the Graph API in the version that this is written to.
const facebookGraph = "https://graph.facebook.com/v24.0"

func facebookPreset() preset {
	return preset{
		id: "facebook-universal", target: "facebook", name: sameName("Facebook"), description: accountAt("Facebook"),
		form: []guestlist.FormItem{clientID(), clientSecret(), scopeItem("email public_profile")},
		social: simple(func(c clientConfig) terms {
			return terms{
				endpoints: endpoints{authorize: "https://www.facebook.com/v24.0/dialog/oauth", token: facebookGraph + "/oauth/access_token"},
				scopes:    scopesOr(strings.ReplaceAll(c.Scope, ",", " "), "email public_profile"), separator: ",", noPKCE: true,
				identify: facebookIdentity,
			}
		}),
	}
}

// facebookIdentity asks the Graph API. The proof of the app's secret keeps a
// stolen access token from being of use elsewhere. Facebook does not say that it
// verified the address.
func facebookIdentity(ctx context.Context, v *visit) (guestlist.OutsideIdentity, error) {
	mac := hmac.New(sha256.New, []byte(v.clientSecret))
	mac.Write([]byte(v.access))
	query := url.Values{"fields": {"id,name,email,picture"}, "appsecret_proof": {hex.EncodeToString(mac.Sum(nil))}}
	user, err := v.ask(ctx, facebookGraph+"/me?"+query.Encode())
	return guestlist.OutsideIdentity{
		Subject: text(user, "id"), Email: text(user, "email"), Name: text(user, "name"), Avatar: text(user, "picture.data.url"), Raw: rawOf(user),
	}, err
}

func discordPreset() preset {
	return preset{
		id: "discord-universal", target: "discord", name: sameName("Discord"), description: accountAt("Discord"), vouches: anyDomain(),
		form: []guestlist.FormItem{clientID(), clientSecret(), scopeItem("identify email")},
		social: simple(func(c clientConfig) terms {
			return terms{
				endpoints: plain("https://discord.com/oauth2/authorize", "https://discord.com/api/oauth2/token", "https://discord.com/api/users/@me"),
				scopes:    scopesOr(c.Scope, "identify email"),
				identify: func(ctx context.Context, v *visit) (guestlist.OutsideIdentity, error) {
					user, err := v.ask(ctx, v.at.userInfo)
					who := guestlist.OutsideIdentity{
						Subject: text(user, "id"), Email: text(user, "email"), EmailVerified: truth(user, "verified", false),
						Name: first(text(user, "global_name"), text(user, "username")), Raw: rawOf(user),
					}
					if picture := text(user, "avatar"); picture != "" {
						who.Avatar = "https://cdn.discordapp.com/avatars/" + url.PathEscape(who.Subject) + "/" + url.PathEscape(picture) + ".png"
					}
					return who, err
				},
			}
		}),
	}
}

func gitlabPreset() preset {
	return preset{
		id: "gitlab-universal", target: "gitlab", name: sameName("GitLab"), description: accountAt("GitLab"), vouches: anyDomain(),
		form: []guestlist.FormItem{clientID(), clientSecret(), scopeItem("openid profile email")},
		social: simple(func(c clientConfig) terms {
			return terms{
				endpoints: plain("https://gitlab.com/oauth/authorize", "https://gitlab.com/oauth/token", "https://gitlab.com/oauth/userinfo").
					with("https://gitlab.com/oauth/discovery/keys", "https://gitlab.com"),
				scopes: openID(scopesOr(c.Scope, "openid profile email")), id: &idRules{}, identify: standardClaims,
			}
		}),
	}
}

func slackPreset() preset {
	return preset{
		id: "slack-universal", target: "slack", name: sameName("Slack"), description: accountAt("Slack"), vouches: anyDomain(),
		form: []guestlist.FormItem{clientID(), clientSecret(), scopeItem("openid profile email")},
		social: simple(func(c clientConfig) terms {
			return terms{
				endpoints: plain("https://slack.com/openid/connect/authorize", "https://slack.com/api/openid.connect.token",
					"https://slack.com/api/openid.connect.userInfo").with("https://slack.com/openid/connect/keys", "https://slack.com"),
				scopes: openID(scopesOr(c.Scope, "openid profile email")), noPKCE: true, id: &idRules{}, identify: standardClaims,
			}
		}),
	}
}

// simple makes providers of a row whose config is a client and a scope.
func simple(of func(clientConfig) terms) func(*Set, guestlist.Connector) (Provider, error) {
	return func(s *Set, row guestlist.Connector) (Provider, error) {
		c, err := configOf[clientConfig](row)
		if err != nil {
			return nil, err
		}
		t := of(c)
		t.clientID, t.clientSecret = c.ClientID, c.ClientSecret
		return &flow{set: s, terms: t}, nil
	}
}

func standardClaims(ctx context.Context, v *visit) (guestlist.OutsideIdentity, error) {
	claims, err := v.everything(ctx, claimEmail, "name")
	return standardIdentity(claims, false), err
}

// linkedinPreset reads the UserInfo endpoint over TLS: LinkedIn's ID tokens do
// not carry the nonce, and so prove nothing about the attempt.
func linkedinPreset() preset {
	return preset{
		id: "linkedin-universal", target: "linkedin", name: sameName("LinkedIn"), description: accountAt("LinkedIn"), vouches: anyDomain(),
		form: []guestlist.FormItem{clientID(), clientSecret(), scopeItem("openid profile email")},
		social: simple(func(c clientConfig) terms {
			return terms{
				endpoints: plain("https://www.linkedin.com/oauth/v2/authorization", "https://www.linkedin.com/oauth/v2/accessToken",
					"https://api.linkedin.com/v2/userinfo"),
				scopes: scopesOr(c.Scope, "openid profile email"), noPKCE: true,
				identify: func(ctx context.Context, v *visit) (guestlist.OutsideIdentity, error) {
					user, err := v.ask(ctx, v.at.userInfo)
					return standardIdentity(user, true), err // its documents show email_verified both ways
				},
			}
		}),
	}
}

// xEmail is the scope that the address needs; not every app is granted it.
const xEmail = "users.email"

func xPreset() preset {
	return preset{
		id: "x-universal", target: "x", name: sameName("X"), description: accountAt("X"),
		form: []guestlist.FormItem{clientID(), clientSecret(), scopeItem("tweet.read users.read")},
		social: simple(func(c clientConfig) terms {
			scopes := scopesOr(c.Scope, "tweet.read users.read")
			fields := "profile_image_url"
			if slices.Contains(scopes, xEmail) {
				fields += ",confirmed_email"
			}
			where := plain("https://x.com/i/oauth2/authorize", "https://api.x.com/2/oauth2/token",
				"https://api.x.com/2/users/me?user.fields="+url.QueryEscape(fields))
			where.method = methodBasic
			return terms{
				endpoints: where, scopes: scopes,
				identify: func(ctx context.Context, v *visit) (guestlist.OutsideIdentity, error) {
					user, err := v.ask(ctx, v.at.userInfo)
					email := text(user, "data.confirmed_email")
					return guestlist.OutsideIdentity{
						Subject: text(user, "data.id"), Email: email, EmailVerified: email != "",
						Name: first(text(user, "data.name"), text(user, "data.username")), Avatar: text(user, "data.profile_image_url"), Raw: rawOf(user),
					}, err
				},
			}
		}),
	}
}
