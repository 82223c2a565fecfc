package connector

import (
	"context"
	"maps"
	"strings"

	"guestlist"
)

// oidcOptions is what the OpenID Connect driver asks of those that build on it.
type oidcOptions struct {
	Issuer       string // its metadata are read (OpenID Connect Discovery §4)
	ClientID     string
	ClientSecret string
	Scope        string // separated by spaces; openid is added
	// Params are added to the authorization request: prompt, access_type, ….
	Params map[string]string
	// TrustUnverifiedEmail takes the provider's addresses for verified even
	// where it does not say so.
	TrustUnverifiedEmail bool
	// Google decides by Google's own words which addresses it is authoritative
	// for: see googleVouches.
	Google bool
	// Matches replaces the comparison of issuers: in the metadata and in answers
	// with no tenant, in ID tokens with the tid of the token. May be nil.
	Matches func(issuer, tenant string) bool
}

// newOIDC returns a provider that is found by its issuer.
func (s *Set) newOIDC(o oidcOptions) *flow {
	return &flow{set: s, terms: terms{
		endpoints: endpoints{issuer: o.Issuer}, discover: true,
		clientID: o.ClientID, clientSecret: o.ClientSecret,
		scopes: openID(strings.Fields(o.Scope)), params: maps.Clone(o.Params), hint: "login_hint", locales: true,
		id: &idRules{matches: o.Matches},
		identify: func(ctx context.Context, v *visit) (guestlist.OutsideIdentity, error) {
			claims, err := v.everything(ctx, claimEmail, "name")
			if err != nil {
				return guestlist.OutsideIdentity{}, err
			}
			who := standardIdentity(claims, false)
			if o.Google {
				who.EmailVerified = googleVouches(claims)
			}
			who.EmailVerified = who.EmailVerified || o.TrustUnverifiedEmail
			return who, nil
		},
	}}
}

// standardIdentity reads the standard claims (OpenID Connect Core §5.1).
// orText takes "true" for true.
func standardIdentity(claims map[string]any, orText bool) guestlist.OutsideIdentity {
	return guestlist.OutsideIdentity{
		Issuer: text(claims, "iss"), Subject: text(claims, claimSubject),
		Email: text(claims, claimEmail), EmailVerified: truth(claims, claimVerified, orText),
		Phone: text(claims, "phone_number"), PhoneVerified: truth(claims, "phone_number_verified", orText),
		Name: text(claims, "name"), Avatar: text(claims, "picture"), Raw: rawOf(claims),
	}
}
