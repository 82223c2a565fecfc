package guestlist

// Way is one of the two families of outside identity providers: those that
// anybody may have an account with, and those of an employer.
type Way string

// The ways, in the words of the wire's paths.
const (
	WaySocial Way = "social"
	WaySSO    Way = "sso"
)

// OutsideIdentity is a person as an outside identity provider describes them,
// after its answer was verified. Issuer and Subject are who it is; everything
// else may change there at any time.
type OutsideIdentity struct {
	// Issuer is the provider's issuer (OpenID Connect Core §2) or entity id
	// (SAML Core §2.2.5); empty where the connector's target stands for it.
	Issuer  string
	Subject string

	Email string
	// EmailVerified says that the provider asserted that its holder reads the
	// address. Whether that is believed is for the connector's row to say:
	// see MayVouch.
	EmailVerified bool
	Phone         string // international digits, no plus sign
	PhoneVerified bool
	Name          string
	Avatar        string // an https URL, or empty
	// Raw is what the provider said, as an object (wire: rawData), for
	// customData mappers and audits. No tokens are in it.
	Raw JSONObject
}

// AnyDomain in a list of domains stands for all of them.
const AnyDomain = "*"

// MayVouch reports whether a connector that is believed for these domains may
// vouch for an address: it is on the list as a whole domain, or the list has
// AnyDomain. Subdomains are not included.
func MayVouch(domains []string, email string) bool {
	key := EmailKey(email)
	at := lastAt(key)
	if at < 0 {
		return false
	}
	for _, d := range domains {
		if d == AnyDomain || EmailKey(d) == key[at+1:] {
			return true
		}
	}
	return false
}

func lastAt(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '@' {
			return i
		}
	}
	return -1
}

// SSOConnector is an enterprise identity provider that has been set up. Its
// JSON is the wire format of /api/sso-connectors. Config holds secrets: keep it
// sealed at rest; it is hidden in logs.
type SSOConnector struct {
	TenantID           string      `json:"tenantId"`
	ID                 ConnectorID `json:"id"`
	ProviderName       string      `json:"providerName"` // see SSOProvider
	ConnectorName      string      `json:"connectorName"`
	Config             JSONObject  `json:"config"`
	Domains            []string    `json:"domains"` // lower case; whose addresses come in this way, and whom it vouches for
	Branding           SSOBranding `json:"branding"`
	SyncProfile        bool        `json:"syncProfile"`
	EnableTokenStorage bool        `json:"enableTokenStorage"`
	CreatedAt          Time        `json:"createdAt"`
}

// String keeps the config out of formatted errors.
func (c SSOConnector) String() string {
	return "SSO connector " + string(c.ID) + " (" + c.ProviderName + ")"
}

// GoString keeps it out of %#v too.
func (c SSOConnector) GoString() string { return c.String() }

// SSOBranding is how an enterprise connector shows itself on the pages.
type SSOBranding struct {
	DisplayName string `json:"displayName,omitempty" check:"max=128"`
	Logo        string `json:"logo,omitempty" check:"max=2048,format=url"`
	DarkLogo    string `json:"darkLogo,omitempty" check:"max=2048,format=url"`
}

// SSOProvider is a kind of enterprise identity provider. Its JSON is the wire
// format of /api/sso-connector-providers.
type SSOProvider struct {
	ProviderName string `json:"providerName"`
	ProviderType string `json:"providerType"` // oidc or saml
	Logo         string `json:"logo"`         // data URI
	LogoDark     string `json:"logoDark"`
	Description  string `json:"description"`
	Name         string `json:"name"`
}
