package guestlist

// InteractionEvent is what a person set out to do.
type InteractionEvent string

// The interaction events of the wire.
const (
	EventSignIn         InteractionEvent = "SignIn"
	EventRegister       InteractionEvent = "Register"
	EventForgotPassword InteractionEvent = "ForgotPassword"
)

// AuthRequest is an authorization request (RFC 6749 §4.1.1, OpenID Connect
// Core §3.1.2.1) after validation, as it is kept in its interaction.
type AuthRequest struct {
	ClientID            ApplicationID `json:"clientId"`
	RedirectURI         string        `json:"redirectUri"`
	ResponseType        string        `json:"responseType"`
	ResponseMode        string        `json:"responseMode"` // query, fragment or form_post
	Scopes              []string      `json:"scopes"`
	Resources           []string      `json:"resources,omitempty"`
	State               string        `json:"state,omitempty"`
	HasState            bool          `json:"hasState,omitempty"`
	Nonce               string        `json:"nonce,omitempty"`
	CodeChallenge       string        `json:"codeChallenge,omitempty"` // S256 alone
	Prompts             []string      `json:"prompts,omitempty"`
	MaxAge              *int          `json:"maxAge,omitempty"` // seconds
	IDTokenHintSubject  UserID        `json:"idTokenHintSubject,omitempty"`
	LoginHint           string        `json:"loginHint,omitempty"`
	UILocales           string        `json:"uiLocales,omitempty"`
	FirstScreen         string        `json:"firstScreen,omitempty"`
	InteractionMode     string        `json:"interactionMode,omitempty"`
	Identifier          string        `json:"identifier,omitempty"` // space-separated identifier types
	DirectSignIn        string        `json:"directSignIn,omitempty"`
	OneTimeToken        string        `json:"-"` // a secret: the store seals it apart
	OrganizationID      string        `json:"organizationId,omitempty"`
	LoginDone           bool          `json:"loginDone,omitempty"`           // the sign-in that Prompts or MaxAge ask for has taken place
	RedirectURIImplicit bool          `json:"redirectUriImplicit,omitempty"` // omitted by the client, only one registered
}

// HasPrompt reports whether the request asked for a prompt (Core §3.1.2.1).
func (r AuthRequest) HasPrompt(p string) bool {
	for _, x := range r.Prompts {
		if x == p {
			return true
		}
	}
	return false
}

// HasScope reports whether the request asked for a scope.
func (r AuthRequest) HasScope(s string) bool {
	for _, x := range r.Scopes {
		if x == s {
			return true
		}
	}
	return false
}
