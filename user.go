package guestlist

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// User is a guest after acceptance: a person with an account. Its JSON is the
// management API's user (wire: UserProfileResponse).
type User struct {
	ID            UserID              `json:"id"`
	Username      *string             `json:"username"`
	PrimaryEmail  *string             `json:"primaryEmail"`
	PrimaryPhone  *string             `json:"primaryPhone"` // international digits, no plus sign
	Name          *string             `json:"name"`
	Avatar        *string             `json:"avatar"`
	CustomData    json.RawMessage     `json:"customData"`
	Identities    map[string]Identity `json:"identities"` // by connector target
	LastSignInAt  *Time               `json:"lastSignInAt"`
	CreatedAt     Time                `json:"createdAt"`
	UpdatedAt     Time                `json:"updatedAt"`
	Profile       Profile             `json:"profile"`
	ApplicationID *ApplicationID      `json:"applicationId"` // the first application consented to
	CIMDClientID  *string             `json:"cimdClientId"`
	IsSuspended   bool                `json:"isSuspended"`
	HasPassword   bool                `json:"hasPassword"`

	// DeletionDueAt is when a user who is to be deleted goes; until then the
	// user is suspended and can be restored. Absent for everybody else.
	DeletionDueAt *Time `json:"deletionDueAt,omitempty"`

	// EmailVerifiedAt and PhoneVerifiedAt are when the holder first proved the
	// address to us; nil for an address that was only written by somebody with
	// management rights. The first proof strips credentials (promise 7).
	EmailVerifiedAt *Time `json:"-"`
	PhoneVerifiedAt *Time `json:"-"`
	// PasswordIsTemporary says that the password was given by somebody else
	// and must be changed at the next sign-in.
	PasswordIsTemporary bool `json:"-"`
	// PasswordExpiredAt is set when an administrator expired the password.
	PasswordChangedAt *Time      `json:"-"`
	PasswordIsExpired bool       `json:"-"`
	LogtoConfig       JSONObject `json:"-"` // mfa and passkeySignIn flags of the wire
}

// Identity is a social identity linked to a user.
type Identity struct {
	UserID  string          `json:"userId"` // the subject at the provider
	Details json.RawMessage `json:"details,omitempty"`
}

// SSOIdentity is an enterprise identity linked to a user, keyed by issuer and
// subject.
type SSOIdentity struct {
	ID             string          `json:"id"`
	UserID         UserID          `json:"userId"`
	SSOConnectorID string          `json:"ssoConnectorId"`
	Issuer         string          `json:"issuer"`
	IdentityID     string          `json:"identityId"`
	Detail         json.RawMessage `json:"detail"`
	CreatedAt      Time            `json:"createdAt"`
}

// Profile holds the standard claims of OpenID Connect Core §5.1 that are not
// columns of their own.
type Profile struct {
	FamilyName        string          `json:"familyName,omitempty"`
	GivenName         string          `json:"givenName,omitempty"`
	MiddleName        string          `json:"middleName,omitempty"`
	Nickname          string          `json:"nickname,omitempty"`
	PreferredUsername string          `json:"preferredUsername,omitempty"`
	Profile           string          `json:"profile,omitempty"`
	Website           string          `json:"website,omitempty"`
	Gender            string          `json:"gender,omitempty"`
	Birthdate         string          `json:"birthdate,omitempty"`
	Zoneinfo          string          `json:"zoneinfo,omitempty"`
	Locale            string          `json:"locale,omitempty"`
	Address           *ProfileAddress `json:"address,omitempty"`
}

// ProfileAddress is the address claim (Core §5.1.1).
type ProfileAddress struct {
	Formatted     string `json:"formatted,omitempty"`
	StreetAddress string `json:"streetAddress,omitempty"`
	Locality      string `json:"locality,omitempty"`
	Region        string `json:"region,omitempty"`
	PostalCode    string `json:"postalCode,omitempty"`
	Country       string `json:"country,omitempty"`
}

// JSONObject is a JSON object kept as it came; nil means {}.
type JSONObject = json.RawMessage

// The longest values that a user's columns take, in characters.
const (
	MaxUsernameLength = 128
	MaxEmailLength    = 128
	MaxPhoneLength    = 128
	MaxNameLength     = 128
	MaxAvatarLength   = 2048
)

// PasswordDigest is a stored password: never the password itself, and never
// on the wire but where an administrator asks for it by name.
type PasswordDigest struct {
	Digest    string
	Algorithm string // the wire's passwordAlgorithm: Argon2id, Bcrypt, ...
	Temporary bool   // must be changed at the next sign-in
	// Own says that a holder of the account set it, not an administrator: it
	// goes when the account's address is proved for the first time.
	Own bool
}

// IdentifierType says how a person named themselves at the door.
type IdentifierType string

// The identifier types of the wire.
const (
	IdentifierUsername IdentifierType = "username"
	IdentifierEmail    IdentifierType = "email"
	IdentifierPhone    IdentifierType = "phone"
	IdentifierUserID   IdentifierType = "userId" // lock-out of second factors only
)

// Identifier is a name that a person typed, with its type.
type Identifier struct {
	Type  IdentifierType `json:"type"`
	Value string         `json:"value"`
}

// EmailKey folds an address for comparison: two addresses with the same key
// are the same mailbox to us. Trims, then folds letter case. A letter beyond
// ASCII never becomes one of ASCII, as the Kelvin sign would become k: whoever
// has a mailbox with such a name would be taken for somebody else.
func EmailKey(email string) string {
	return strings.Map(func(r rune) rune {
		if lower := unicode.ToLower(r); r < utf8.RuneSelf || lower >= utf8.RuneSelf {
			return lower
		}
		return r
	}, strings.TrimSpace(email))
}

// UsernameKey folds a username for comparison as the policy says.
func UsernameKey(username string, caseSensitive bool) string {
	if caseSensitive {
		return username
	}
	return strings.ToLower(username)
}

// MaskEmail shows enough of an address for its owner to recognise it and too
// little for a stranger to learn it: "a•••@e•••.com".
func MaskEmail(email string) string {
	local, domain, ok := strings.Cut(email, "@")
	if !ok || local == "" || domain == "" {
		return "•••"
	}
	first := func(s string) string { return string([]rune(s)[:1]) }
	host, tld := domain, ""
	if i := strings.LastIndexByte(domain, '.'); i > 0 {
		host, tld = domain[:i], domain[i:]
	}
	return first(local) + "•••@" + first(host) + "•••" + tld
}
