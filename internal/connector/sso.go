package connector

import (
	"context"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"guestlist"
)

// The names of the kinds of enterprise providers, as the wire has them.
const (
	SSOOIDC            = "OIDC"
	SSOSAML            = "SAML"
	SSOAzureAD         = "AzureAD"
	SSOAzureADOIDC     = "AzureAdOidc"
	SSOGoogleWorkspace = "GoogleWorkspace"
	SSOOkta            = "Okta"
)

// The protocols of enterprise providers.
const (
	typeOIDC = "oidc"
	typeSAML = "saml"
)

//go:embed sso
var ssoFiles embed.FS

// SSOProviders lists the kinds of enterprise providers, in the order of the
// wire.
func SSOProviders() []guestlist.SSOProvider {
	list := []guestlist.SSOProvider{
		{ProviderName: SSOOIDC, ProviderType: typeOIDC, Name: "OIDC",
			Description: "OpenID Connect, which most providers of today speak."},
		{ProviderName: SSOSAML, ProviderType: typeSAML, Name: "SAML",
			Description: "SAML 2.0, which has been in enterprises for twenty years."},
		{ProviderName: SSOAzureAD, ProviderType: typeSAML, Name: "Microsoft Entra ID (SAML)",
			Description: "The accounts of an organization at Microsoft, by SAML."},
		{ProviderName: SSOAzureADOIDC, ProviderType: typeOIDC, Name: "Microsoft Entra ID (OIDC)",
			Description: "The accounts of an organization at Microsoft, by OpenID Connect."},
		{ProviderName: SSOGoogleWorkspace, ProviderType: typeOIDC, Name: "Google Workspace",
			Description: "The accounts of an organization at Google."},
		{ProviderName: SSOOkta, ProviderType: typeOIDC, Name: "Okta",
			Description: "The accounts of an organization at Okta, by OpenID Connect."},
	}
	for i := range list {
		list[i].Logo = ssoLogo(list[i].ProviderName)
		list[i].LogoDark = list[i].Logo // drawn to stand on either
	}
	return list
}

// SSOProvider returns the kind of enterprise provider with that name.
func SSOProvider(name string) (guestlist.SSOProvider, bool) {
	list := SSOProviders()
	i := slices.IndexFunc(list, func(p guestlist.SSOProvider) bool { return p.ProviderName == name })
	if i < 0 {
		return guestlist.SSOProvider{}, false
	}
	return list[i], true
}

// ssoLogo reads an embedded drawing; a test asks for every one of them.
func ssoLogo(name string) string {
	b, err := ssoFiles.ReadFile("sso/" + name + ".svg")
	if err != nil {
		return ""
	}
	return "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(b)
}

// isSAML reports whether a kind of enterprise provider speaks SAML.
func isSAML(providerName string) bool {
	return providerName == SSOSAML || providerName == SSOAzureAD
}

// SSO returns the provider that an enterprise connector stands for. It makes no
// request. A config that is not complete gives connector.invalid_config.
func (s *Set) SSO(c guestlist.SSOConnector) (Provider, error) {
	if isSAML(c.ProviderName) {
		config, err := readSSO[ssoSAMLConfig](c)
		if err != nil {
			return nil, err
		}
		return s.ssoSAML(c.ID, config)
	}
	config, err := readSSO[ssoOIDCConfig](c)
	if err != nil {
		return nil, err
	}
	return s.ssoOIDC(c, config), nil
}

// readSSO reads a config that ValidateSSOConfig has passed, or that was never
// given.
func readSSO[T interface{ complete() bool }](c guestlist.SSOConnector) (T, error) {
	var config T
	if len(c.Config) > 0 {
		if err := json.Unmarshal(c.Config, &config); err != nil {
			return config, fail(errInvalidConfig, "%s: %w", c, err)
		}
	}
	if _, known := SSOProvider(c.ProviderName); !known || !config.complete() {
		return config, fail(errInvalidConfig, "%s is not set up yet", c)
	}
	return config, nil
}

// ssoScope is what is asked for always, before what the config adds.
const ssoScope = "openid profile email"

// scope returns the scopes of a config with those that are always asked for.
func (c ssoOIDCConfig) scope() string {
	scopes := strings.Fields(ssoScope)
	for _, s := range strings.Fields(c.Scope) {
		if !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	return strings.Join(scopes, " ")
}

// ssoOIDC makes a provider of the OpenID Connect family.
func (s *Set) ssoOIDC(c guestlist.SSOConnector, config ssoOIDCConfig) *flow {
	o := oidcOptions{
		Issuer: config.issuer(c.ProviderName), ClientID: config.ClientID, ClientSecret: config.ClientSecret, Scope: config.scope(),
		TrustUnverifiedEmail: config.TrustUnverifiedEmail,
	}
	switch c.ProviderName {
	case SSOAzureADOIDC:
		return s.entra(o)
	case SSOGoogleWorkspace:
		return s.googleWorkspace(c, config, o)
	}
	return s.newOIDC(o)
}

// googleWorkspace lets in who is of an organization at Google (hd), and of one
// whose domain is the connector's where it has any: everybody may have an
// account at Google.
func (s *Set) googleWorkspace(c guestlist.SSOConnector, config ssoOIDCConfig, o oidcOptions) *flow {
	o.Google = true
	o.Params = map[string]string{"prompt": "select_account"}
	if config.OfflineAccess {
		o.Params["access_type"], o.Params["prompt"] = "offline", "select_account consent" // or there is no refresh token
	}
	if len(c.Domains) == 1 {
		o.Params["hd"] = c.Domains[0] // a hint; the answer is what counts
	}
	p := s.newOIDC(o)
	identify := p.identify
	p.identify = func(ctx context.Context, v *visit) (guestlist.OutsideIdentity, error) {
		hosted := text(v.claims, "hd")
		switch {
		case hosted == "":
			return guestlist.OutsideIdentity{}, fail(errDenied, "it is an account of nobody's organization: the ID token has no hd")
		case len(c.Domains) > 0 && !guestlist.MayVouch(c.Domains, "@"+hosted):
			return guestlist.OutsideIdentity{}, fail(errDenied, "the account is of %s, which is none of the connector's domains", hosted)
		}
		return identify(ctx, v)
	}
	return p
}

// entra takes the word of Microsoft for an address: that the owner of its
// domain is the tenant (xms_edov). What else is there an administrator of the
// tenant typed.
func (s *Set) entra(o oidcOptions) *flow {
	o.Matches = entraIssuer(o.Issuer)
	p := s.newOIDC(o)
	identify := p.identify
	p.identify = func(ctx context.Context, v *visit) (guestlist.OutsideIdentity, error) {
		who, err := identify(ctx, v)
		owned := truth(v.claims, "xms_edov", true) && strings.EqualFold(text(v.claims, claimEmail), who.Email)
		who.EmailVerified = who.EmailVerified || owned
		return who, err
	}
	return p
}

// entraIssuer returns the check of an issuer at Microsoft, nil for one that
// stands for a single tenant under its own name.
func entraIssuer(issuer string) func(issuer, tenant string) bool {
	cloud, tenant, ok := entraTenant(issuer)
	if !ok {
		return nil
	}
	return microsoftIssuer(cloud, tenant)
}

// entraTenant takes an issuer of Microsoft's apart: the cloud, and whom it
// stands for.
func entraTenant(issuer string) (cloud, tenant string, ok bool) {
	rest, ok := strings.CutSuffix(strings.TrimSuffix(issuer, "/"), "/v2.0")
	i := strings.LastIndexByte(rest, '/')
	if !ok || i < len("https://x") {
		return "", "", false
	}
	return rest[:i], rest[i+1:], true
}

// manyTenants reports whether an issuer stands for accounts of organizations
// that have nothing to do with each other.
func manyTenants(issuer string) bool {
	_, tenant, ok := entraTenant(issuer)
	return ok && slices.Contains([]string{"common", tenantOrganizations, tenantConsumers, tenantMark}, strings.ToLower(tenant))
}

// DescribeSSO returns the member providerConfig of the wire: what the other
// side has to know of us, and what it says of itself, which is fetched where
// the config has a URL. It is nil for an OpenID provider that is not set up
// yet. Secrets that a person gave are in it, as they are in the config; keys
// that were made here are not.
//
// An issuer that cannot be asked gives connector.invalid_config, metadata that
// cannot be had connector.invalid_metadata.
func (s *Set) DescribeSSO(ctx context.Context, c guestlist.SSOConnector) (map[string]any, error) {
	if isSAML(c.ProviderName) {
		return s.describeSAML(ctx, c)
	}
	config, err := readSSO[ssoOIDCConfig](c)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // not set up yet: there is nothing to say
	}
	at, err := s.ssoOIDC(c, config).endpointsNow(ctx)
	if err != nil {
		return nil, notFetched(errInvalidConfig, err, map[string]any{"issuer": config.issuer(c.ProviderName)})
	}
	return map[string]any{
		"clientId": config.ClientID, "clientSecret": config.ClientSecret, "issuer": config.issuer(c.ProviderName),
		"trustUnverifiedEmail": config.TrustUnverifiedEmail, "scope": config.scope(),
		"authorizationEndpoint": at.authorize, "tokenEndpoint": at.token, "userinfoEndpoint": at.userInfo, "jwksUri": at.jwks,
	}, nil
}

// notFetched says that what a config points to cannot be had, and why.
func notFetched(with *guestlist.Error, err error, config map[string]any) error {
	_, code, _ := strings.Cut(with.Code, ".")
	e := with.With(map[string]any{"ssoErrorCode": code, "config": config, "message": "fail_to_fetch_config"}).Because(err)
	var why *reason
	if errors.As(err, &why) {
		e.Details = why.text
	}
	return e
}

// under joins a path to the endpoint of this server.
func (s *Set) under(path ...string) string {
	u := strings.TrimSuffix(s.Endpoint, "/")
	for _, p := range path {
		u += "/" + url.PathEscape(p)
	}
	return u
}
