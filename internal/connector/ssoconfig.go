package connector

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"guestlist"
	"guestlist/internal/saml"
)

var (
	errInvalidConfig      = guestlist.Refuse(guestlist.KindInvalid, "connector.invalid_config")
	errInvalidMetadata    = guestlist.Refuse(guestlist.KindInvalid, "connector.invalid_metadata")
	errInvalidCertificate = guestlist.Refuse(guestlist.KindInvalid, "connector.invalid_certificate")
)

// ssoOIDCConfig is the config of the OpenID Connect family.
type ssoOIDCConfig struct {
	Issuer               string `json:"issuer,omitempty"` // none for Google
	ClientID             string `json:"clientId"`
	ClientSecret         string `json:"clientSecret"`
	Scope                string `json:"scope,omitempty"` // more than ssoScope
	TrustUnverifiedEmail bool   `json:"trustUnverifiedEmail"`
	OfflineAccess        bool   `json:"offlineAccess,omitempty"` // Google's alone
}

func (c ssoOIDCConfig) complete() bool { return c.ClientID != "" && c.ClientSecret != "" }

func (c ssoOIDCConfig) issuer(providerName string) string {
	if providerName == SSOGoogleWorkspace {
		return googleIssuer
	}
	return c.Issuer
}

// ssoSAMLConfig is the config of the SAML family. The provider is described by
// the URL of its metadata, or else by its metadata, or else by three fields.
type ssoSAMLConfig struct {
	MetadataURL     string `json:"metadataUrl,omitempty"`
	Metadata        string `json:"metadata,omitempty"`
	EntityID        string `json:"entityId,omitempty"`
	SignInEndpoint  string `json:"signInEndpoint,omitempty"`
	X509Certificate string `json:"x509Certificate,omitempty"`

	AttributeMapping   *samlClaims `json:"attributeMapping,omitempty"`
	SignAuthnRequest   bool        `json:"signAuthnRequest,omitempty"`
	SignatureAlgorithm string      `json:"requestSignatureAlgorithm,omitempty"`

	// PrivateKey signs requests, and Certificate is published for it. They are
	// made here, stay in the sealed config, and are shown to nobody: see
	// ShownSSOConfig.
	PrivateKey  string `json:"spPrivateKey,omitempty"`
	Certificate string `json:"spCertificate,omitempty"`
}

func (c ssoSAMLConfig) complete() bool {
	return c.MetadataURL != "" || c.Metadata != "" || c.EntityID != "" && c.SignInEndpoint != "" && c.X509Certificate != ""
}

// ssoHidden are the members of a config that nobody is shown.
var ssoHidden = []string{"spPrivateKey", "spCertificate"}

// ShownSSOConfig is a config without the key that was made for it. Whatever
// shows an enterprise connector to somebody shows this.
func ShownSSOConfig(config guestlist.JSONObject) guestlist.JSONObject {
	return withoutMembers(config, ssoHidden)
}

// KeepSSOKey puts the key of a connector's config before a change into the
// config after it, as it was given: the provider knows the key from our
// metadata, and people who change a config do not see it. Give the result to
// ValidateSSOConfig.
func KeepSSOKey(before, given guestlist.JSONObject) guestlist.JSONObject {
	given = withoutMembers(given, ssoHidden)
	var old map[string]json.RawMessage
	var members map[string]json.RawMessage
	if json.Unmarshal(before, &old) != nil || json.Unmarshal(given, &members) != nil || members == nil {
		return given
	}
	for _, name := range ssoHidden {
		if v, ok := old[name]; ok {
			members[name] = v
		}
	}
	return marshalled(members, given)
}

func withoutMembers(config guestlist.JSONObject, names []string) guestlist.JSONObject {
	var members map[string]json.RawMessage
	if json.Unmarshal(config, &members) != nil || members == nil {
		return config
	}
	had := false
	for _, name := range names {
		if _, ok := members[name]; ok {
			had = true
			delete(members, name)
		}
	}
	if !had {
		return config
	}
	return marshalled(members, config)
}

func marshalled(members map[string]json.RawMessage, otherwise guestlist.JSONObject) guestlist.JSONObject {
	b, err := json.Marshal(members)
	if err != nil {
		return otherwise // members of what was JSON
	}
	return b
}

// ValidateSSOConfig checks the config of an enterprise connector and returns it
// as it is to be stored: known members only, defaults filled in, and with a key
// of our own where requests are to be signed. A connector may be set up without
// any config, which is given as none at all and comes back as {}; one that is
// given must be complete. It asks nobody: see DescribeSSO.
//
// It returns 422 connector.not_found for a provider that is not here, and 400
// connector.invalid_config, connector.invalid_certificate or
// connector.invalid_metadata, with what is wrong in its details.
func ValidateSSOConfig(providerName string, config guestlist.JSONObject) (guestlist.JSONObject, error) {
	if _, known := SSOProvider(providerName); !known {
		return nil, guestlist.Refuse(guestlist.KindUnprocessable, "connector.not_found").WithArgs(map[string]any{"type": providerName})
	}
	if len(bytes.TrimSpace(config)) == 0 {
		return guestlist.JSONObject("{}"), nil
	}
	if isSAML(providerName) {
		return validateSSOSAML(config)
	}
	return validateSSOOIDC(providerName, config)
}

func validateSSOOIDC(providerName string, config guestlist.JSONObject) (guestlist.JSONObject, error) {
	var is issues
	c, ok := decoded[ssoOIDCConfig](&is, config)
	if !ok {
		return nil, is.err()
	}
	is.line("clientId", c.ClientID, true)
	is.line("clientSecret", c.ClientSecret, true)
	is.line("scope", c.Scope, false)
	if providerName == SSOGoogleWorkspace {
		c.Issuer = ""
	} else {
		c.OfflineAccess = false
		is.endpoint("issuer", c.Issuer, true)
		if strings.Contains(c.Issuer, "?") { // OpenID Connect Discovery §2
			is.add("issuer", "Holds a query")
		}
	}
	if providerName == SSOAzureADOIDC && c.TrustUnverifiedEmail && manyTenants(c.Issuer) {
		is.add("trustUnverifiedEmail", "Every tenant of %s could claim every address. Name one tenant in the issuer", c.Issuer)
	}
	return stored(&is, c)
}

// stored writes a config without faults.
func stored(is *issues, c any) (guestlist.JSONObject, error) {
	if err := is.err(); err != nil {
		return nil, err
	}
	return json.Marshal(c)
}

func decoded[T any](is *issues, config guestlist.JSONObject) (T, bool) {
	var c T
	if _, ok := is.object(config); !ok {
		return c, false
	}
	c, err := parse[T](config)
	if err != nil {
		is.decoding(err)
	}
	return c, err == nil
}

// line checks a text of one line.
func (is *issues) line(path, s string, must bool) {
	if s == "" && must {
		is.add(path, "Required")
		return
	}
	is.text(path, s, maxConfigText, false)
}

func validateSSOSAML(config guestlist.JSONObject) (guestlist.JSONObject, error) {
	var is issues
	c, ok := decoded[ssoSAMLConfig](&is, config)
	if !ok {
		return nil, is.err()
	}
	if !c.complete() {
		is.add("config", "Give metadataUrl, or metadata, or all of entityId, signInEndpoint and x509Certificate")
	}
	is.endpoint("metadataUrl", c.MetadataURL, false)
	is.line("entityId", c.EntityID, false)
	is.endpoint("signInEndpoint", c.SignInEndpoint, false)
	if m := c.AttributeMapping; m != nil {
		is.line("attributeMapping.id", m.ID, false)
		is.line("attributeMapping.email", m.Email, false)
		is.line("attributeMapping.name", m.Name, false)
	}
	if _, err := saml.SignatureHash(c.SignatureAlgorithm); err != nil {
		is.add("requestSignatureAlgorithm", "%v", err)
	}
	if err := is.err(); err != nil {
		return nil, err
	}
	if c.MetadataURL == "" {
		if _, err := c.provider(); err != nil {
			return nil, unusableMetadata(c, err)
		}
	}
	if err := c.makeKey(); err != nil {
		return nil, err
	}
	return stored(&is, c)
}

// provider reads the description of a provider that is in the config.
func (c ssoSAMLConfig) provider() (saml.IdentityProvider, error) {
	if c.Metadata != "" {
		return saml.ParseMetadata([]byte(c.Metadata))
	}
	cert, err := saml.ParseCertificate(c.X509Certificate)
	if err != nil {
		return saml.IdentityProvider{}, err
	}
	idp := saml.IdentityProvider{EntityID: c.EntityID, SignInEndpoint: c.SignInEndpoint}
	idp.Certificates = append(idp.Certificates, cert)
	return idp, nil
}

// unusableMetadata finds the code for a description that cannot be used. What
// is no metadata has no certificate either, which is what the wire calls it.
func unusableMetadata(c ssoSAMLConfig, err error) error {
	with, code := errInvalidMetadata, "invalid_metadata"
	var cert *saml.CertificateError
	if errors.As(err, &cert) || errors.Is(err, saml.ErrNotMetadata) {
		with, code = errInvalidCertificate, "invalid_certificate"
	}
	shown := map[string]any{"x509Certificate": nil}
	if c.Metadata == "" {
		shown = map[string]any{"entityId": c.EntityID, "signInEndpoint": c.SignInEndpoint, "x509Certificate": c.X509Certificate}
	}
	e := with.With(map[string]any{"ssoErrorCode": code, "config": shown}).Because(err)
	e.Details = tidy(err.Error())
	return e
}

// makeKey makes the key that a config asks for and does not have. It stays when
// signing is switched off, for when it is switched on again.
func (c *ssoSAMLConfig) makeKey() error {
	if c.PrivateKey != "" {
		if _, err := signingKey(c.PrivateKey, c.Certificate, ""); err == nil {
			return nil
		}
		c.PrivateKey, c.Certificate = "", ""
	}
	if !c.SignAuthnRequest {
		return nil
	}
	var err error
	c.PrivateKey, c.Certificate, err = saml.NewKey("Guestlist")
	return err
}

// ssoClaims are the attributes of the wire's default mapping.
var ssoClaims = map[string]string{"id": claimNameID, "email": "email", "name": "name"}

// claims returns the mapping of a config. The default is looked for under other
// usual names, too.
func (c ssoSAMLConfig) claims() samlClaims {
	var m samlClaims
	if c.AttributeMapping != nil {
		m = *c.AttributeMapping
	}
	m.ID = first(m.ID, claimNameID)
	for _, field := range []struct {
		name  *string
		usual string
	}{{&m.Email, ssoClaims["email"]}, {&m.Name, ssoClaims["name"]}} {
		if *field.name == field.usual {
			*field.name = ""
		}
	}
	return m
}
