package connector

import (
	"crypto/rsa"
	"errors"
	"slices"

	"guestlist"
	"guestlist/internal/saml"
)

// samlConfig is the config of the standard factory, as the wire contract has
// it. Where answers are posted is known here; the URL in the config is for
// people to copy.
type samlConfig struct {
	EntityID           string     `json:"entityID"` // ours
	SignInEndpoint     string     `json:"signInEndpoint"`
	X509Certificate    string     `json:"x509Certificate"`
	IDPMetadata        string     `json:"idpMetadataXml"`
	SignAuthnRequest   bool       `json:"signAuthnRequest"`
	SignatureAlgorithm string     `json:"requestSignatureAlgorithm"`
	PrivateKey         string     `json:"privateKey"`
	EncryptAssertion   bool       `json:"encryptAssertion"`
	DecryptionKey      string     `json:"encPrivateKey"`
	NameIDFormat       string     `json:"nameIDFormat"`
	ProfileMap         samlClaims `json:"profileMap"`
}

func samlPreset() preset {
	return preset{
		id: "saml", target: "saml", standard: true, name: sameName("SAML"), form: samlForm(), check: checkSAML,
		description: guestlist.Translations{
			"en": "Guests sign in at any provider that speaks SAML 2.0.",
			"de": "Gäste melden sich bei einem beliebigen Anbieter mit SAML 2.0 an.",
			"fr": "Les invités se connectent chez n’importe quel fournisseur SAML 2.0.",
			"es": "Los invitados inician sesión con cualquier proveedor de SAML 2.0.",
			"ja": "ゲストはSAML 2.0に対応した任意のプロバイダーでサインインします。",
			"ar": "يسجّل الضيوف الدخول لدى أي مزوّد يدعم SAML 2.0.",
		},
		social: newSAMLSocial,
	}
}

func samlForm() []guestlist.FormItem {
	text, lines, toggle, pick := guestlist.FormText, guestlist.FormMultilineText, guestlist.FormSwitch, guestlist.FormSelect
	when := func(key string) []guestlist.FormShowCondition {
		return []guestlist.FormShowCondition{{TargetKey: key, ExpectValue: true}}
	}
	const keyPlaceholder = "-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----"
	return []guestlist.FormItem{
		{Type: text, Key: "entityID", Label: "Our entity ID", Placeholder: "https://login.acme.example/saml", Required: true,
			Description: "A name for this server that the provider knows it by: the audience of its assertions."},
		{Type: text, Key: "assertionConsumerServiceUrl", Label: "Where answers go", Placeholder: "<endpoint>/api/authn/saml/<connector-id>",
			Description: "Give this address to the provider, as assertion consumer service URL. It is known once the connector exists."},
		{Type: lines, Key: "idpMetadataXml", Label: "Metadata of the provider", Placeholder: "<EntityDescriptor …>", Required: true},
		{Type: text, Key: "signInEndpoint", Label: "Sign-in address of the provider", Placeholder: "https://idp.acme.example/sso",
			Description: "Only if it is another one than in the metadata."},
		{Type: lines, Key: "x509Certificate", Label: "Certificate of the provider", Placeholder: "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----",
			Description: "Only if it is not in the metadata. Both are believed."},
		{Type: pick, Key: "nameIDFormat", Label: "Kind of name", DefaultValue: saml.NameIDUnspecified, SelectItems: []guestlist.FormChoice{
			{Title: "Unspecified", Value: saml.NameIDUnspecified}, {Title: "E-mail address", Value: saml.NameIDEmail},
			{Title: "X.509 subject", Value: saml.NameIDX509Subject}, {Title: "Persistent", Value: saml.NameIDPersistent},
			{Title: "Transient", Value: saml.NameIDTransient},
		}, Description: "What the provider is asked for. Transient names need an attribute as id, since they change with every sign-in."},
		{Type: toggle, Key: "signAuthnRequest", Label: "Sign requests", DefaultValue: false},
		{Type: pick, Key: "requestSignatureAlgorithm", Label: "Signature algorithm", DefaultValue: saml.RSASHA256, ShowConditions: when("signAuthnRequest"),
			SelectItems: []guestlist.FormChoice{
				{Title: "RSA with SHA-256", Value: saml.RSASHA256}, {Title: "RSA with SHA-512", Value: saml.RSASHA512},
				{Title: "ECDSA with SHA-256", Value: saml.ECDSASHA256}, {Title: "ECDSA with SHA-512", Value: saml.ECDSASHA512},
			}},
		{Type: lines, Key: "privateKey", Label: "Key to sign requests", Placeholder: keyPlaceholder, Required: true, IsConfidential: true,
			ShowConditions: when("signAuthnRequest"), Description: "PEM, without a password."},
		{Type: toggle, Key: "encryptAssertion", Label: "Assertions are encrypted", DefaultValue: false},
		{Type: lines, Key: "encPrivateKey", Label: "Key to open assertions", Placeholder: keyPlaceholder, Required: true, IsConfidential: true,
			ShowConditions: when("encryptAssertion"), Description: "An RSA key as PEM, without a password."},
		{Type: guestlist.FormJSON, Key: "profileMap", Label: "Attributes", DefaultValue: map[string]string{
			"id": claimID, "email": "email", "phone": "phone", "name": "name", "avatar": "avatar",
		}, Description: "The attributes that a person is read from. An id that is no attribute is the name identifier."},
	}
}

// checkSAML finds faults that the form does not tell.
func checkSAML(is *issues, config guestlist.JSONObject) {
	c, err := parse[samlConfig](config)
	if err != nil {
		is.decoding(err)
		return
	}
	is.endpoint("signInEndpoint", c.SignInEndpoint, false)
	if _, err := c.provider(); err != nil {
		is.add("idpMetadataXml", "%v", err)
	}
	if c.SignAuthnRequest {
		if _, err := signingKey(c.PrivateKey, "", c.SignatureAlgorithm); err != nil {
			is.add("privateKey", "%v", err)
		}
	}
	if c.EncryptAssertion {
		if _, err := decryptionKey(c.DecryptionKey); err != nil {
			is.add("encPrivateKey", "%v", err)
		}
	}
	if c.NameIDFormat == saml.NameIDTransient && slices.Contains([]string{"", claimID, claimNameID}, c.ProfileMap.ID) {
		is.add("nameIDFormat", "Transient names change with every sign-in: map id to an attribute, or ask for persistent names")
	}
}

// provider reads the description of the provider. Keys may be in the metadata,
// beside them, or both; whoever wrote the config is believed either way.
func (c samlConfig) provider() (saml.IdentityProvider, error) {
	idp, err := saml.ParseMetadata([]byte(c.IDPMetadata))
	var unusable *saml.CertificateError
	if err != nil && (!errors.As(err, &unusable) || c.X509Certificate == "") {
		return idp, err
	}
	if c.X509Certificate != "" {
		cert, err := saml.ParseCertificate(c.X509Certificate)
		if err != nil {
			return idp, err
		}
		idp.Certificates = append(idp.Certificates, cert)
	}
	if c.SignInEndpoint != "" {
		idp.SignInEndpoint = c.SignInEndpoint
	}
	return idp, nil
}

func decryptionKey(text string) (*rsa.PrivateKey, error) {
	signer, err := saml.ParseKey(text)
	if err != nil {
		return nil, err
	}
	key, ok := signer.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("key: not an RSA key")
	}
	return key, nil
}

// newSAMLSocial makes a provider of a config that checkSAML has passed.
func newSAMLSocial(s *Set, row guestlist.Connector) (Provider, error) {
	c, err := configOf[samlConfig](row)
	if err != nil {
		return nil, err
	}
	idp, err := c.provider()
	if err != nil {
		return nil, fail(errInvalidConfig, "%w", err)
	}
	sp := saml.ServiceProvider{EntityID: c.EntityID, NameIDFormat: c.NameIDFormat}
	if c.SignAuthnRequest {
		if sp.Key, err = signingKey(c.PrivateKey, "", c.SignatureAlgorithm); err != nil {
			return nil, fail(errInvalidConfig, "%w", err)
		}
	}
	if c.EncryptAssertion {
		if sp.Decrypt, err = decryptionKey(c.DecryptionKey); err != nil {
			return nil, fail(errInvalidConfig, "%w", err)
		}
	}
	return &samlProvider{set: s, sp: sp, idp: fixedProvider(idp), claims: c.ProfileMap.social()}, nil
}

// social turns the defaults that a form fills in into none, so that attributes
// are also found under their usual names.
func (c samlClaims) social() samlClaims {
	unlessDefault := func(name, usual string) string {
		if name == usual {
			return ""
		}
		return name
	}
	return samlClaims{
		ID: first(c.ID, claimID), Email: unlessDefault(c.Email, "email"), Phone: unlessDefault(c.Phone, "phone"),
		Name: unlessDefault(c.Name, "name"), Avatar: unlessDefault(c.Avatar, "avatar"),
	}
}
