package guestlist

// SignInMode says whether the public door lets new people in.
type SignInMode string

// The sign-in modes of the wire. With SignIn the door is closed.
const (
	ModeSignIn            SignInMode = "SignIn"
	ModeRegister          SignInMode = "Register"
	ModeSignInAndRegister SignInMode = "SignInAndRegister"
)

// SignInExperience holds everything that decides how people come in: the
// state of the door, identifiers, policies and branding. Its JSON is the
// wire's sign-in-exp record.
type SignInExperience struct {
	TenantID                     string                 `json:"tenantId"`
	ID                           string                 `json:"id"`
	Color                        ExperienceColor        `json:"color"`
	Branding                     Branding               `json:"branding"`
	HideLogtoBranding            bool                   `json:"hideLogtoBranding"`
	LanguageInfo                 LanguageInfo           `json:"languageInfo"`
	TermsOfUseURL                *string                `json:"termsOfUseUrl"`
	PrivacyPolicyURL             *string                `json:"privacyPolicyUrl"`
	AgreeToTermsPolicy           string                 `json:"agreeToTermsPolicy"` // Automatic, ManualRegistrationOnly, Manual
	SignIn                       SignInSettings         `json:"signIn"`
	SignUp                       SignUpSettings         `json:"signUp"`
	SocialSignIn                 SocialSignInSettings   `json:"socialSignIn"`
	SocialSignInConnectorTargets []string               `json:"socialSignInConnectorTargets"`
	SignInMode                   SignInMode             `json:"signInMode"`
	CustomCSS                    *string                `json:"customCss"`
	CustomContent                map[string]string      `json:"customContent"`
	CustomUIAssets               JSONObject             `json:"customUiAssets"`
	CustomUICSP                  JSONObject             `json:"customUiCsp"`
	PasswordPolicy               PasswordPolicy         `json:"passwordPolicy"`
	MFA                          MFASettings            `json:"mfa"`
	AdaptiveMFA                  JSONObject             `json:"adaptiveMfa"`
	SingleSignOnEnabled          bool                   `json:"singleSignOnEnabled"`
	SupportEmail                 *string                `json:"supportEmail"`
	SupportWebsiteURL            *string                `json:"supportWebsiteUrl"`
	UnknownSessionRedirectURL    *string                `json:"unknownSessionRedirectUrl"`
	CaptchaPolicy                CaptchaPolicy          `json:"captchaPolicy"`
	SentinelPolicy               SentinelPolicy         `json:"sentinelPolicy"`
	EmailBlocklistPolicy         EmailBlocklistPolicy   `json:"emailBlocklistPolicy"`
	VerificationCodePolicy       VerificationCodePolicy `json:"verificationCodePolicy"`
	ForgotPasswordMethods        *[]string              `json:"forgotPasswordMethods"` // nil: whatever has a connector
	PasskeySignIn                JSONObject             `json:"passkeySignIn"`
	SignUpProfileFields          *[]ProfileFieldName    `json:"signUpProfileFields"`
	PasswordExpiration           PasswordExpiration     `json:"passwordExpiration"`
	UsernamePolicy               UsernamePolicy         `json:"usernamePolicy"`

	// RegistrationPolicy is ours: how new people come in, in full. What holds is
	// Policy, since SignInMode has the last word.
	RegistrationPolicy RegistrationPolicy `json:"registrationPolicy,omitempty"`
	// OneTimeTokenConfirmation is ours: when a guest types the address that a
	// magic link was sent to. Empty means whenNothingElseIsAsked.
	OneTimeTokenConfirmation string `json:"oneTimeTokenConfirmation,omitempty"`
	// PhoneRegion is ours: the region (ISO 3166-1 alpha-2) whose numbers guests
	// may type without the country code. Empty leaves it to their language.
	PhoneRegion string `json:"phoneRegion,omitempty"`
	// HideOneTimeTokens is ours: no sealed copy of one-time tokens is kept, so
	// that only the answer that creates a token shows it.
	HideOneTimeTokens bool `json:"hideOneTimeTokens,omitempty"`
}

// The values of OneTimeTokenConfirmation.
const (
	ConfirmWhenNothingElseIsAsked = "whenNothingElseIsAsked"
	ConfirmAlways                 = "always"
	ConfirmNever                  = "never"
)

// ExperienceColor is the tenant's colours, as #RRGGBB.
type ExperienceColor struct {
	PrimaryColor      string `json:"primaryColor" check:"format=color"`
	IsDarkModeEnabled bool   `json:"isDarkModeEnabled"`
	DarkPrimaryColor  string `json:"darkPrimaryColor" check:"format=color"`
}

// Branding is the tenant's pictures, by URL.
type Branding struct {
	LogoURL     string `json:"logoUrl,omitempty" check:"max=2048,format=url"`
	DarkLogoURL string `json:"darkLogoUrl,omitempty" check:"max=2048,format=url"`
	Favicon     string `json:"favicon,omitempty" check:"max=2048,format=url"`
	DarkFavicon string `json:"darkFavicon,omitempty" check:"max=2048,format=url"`
}

// LanguageInfo says which language the pages take.
type LanguageInfo struct {
	AutoDetect       bool   `json:"autoDetect"`
	FallbackLanguage string `json:"fallbackLanguage" check:"format=language"`
}

// SignInSettings lists the identifiers and how each is proved.
type SignInSettings struct {
	Methods []SignInMethod `json:"methods" check:"max=3"`
}

// SignInMethod is one identifier with its factors.
type SignInMethod struct {
	Identifier        IdentifierType `json:"identifier" check:"enum=username|email|phone"`
	Password          bool           `json:"password"`
	VerificationCode  bool           `json:"verificationCode"`
	IsPasswordPrimary bool           `json:"isPasswordPrimary"`
}

// Method returns the method of an identifier type, if it is enabled.
func (s SignInSettings) Method(t IdentifierType) (SignInMethod, bool) {
	for _, m := range s.Methods {
		if m.Identifier == t {
			return m, true
		}
	}
	return SignInMethod{}, false
}

// SignUpSettings says what a new account must have.
type SignUpSettings struct {
	Identifiers          []IdentifierType   `json:"identifiers" check:"max=10,each.enum=username|email|phone"`
	Password             bool               `json:"password"`
	Verify               bool               `json:"verify"`
	SecondaryIdentifiers []SignUpIdentifier `json:"secondaryIdentifiers,omitempty" check:"max=10"`
}

// SignUpIdentifier is an identifier asked beside the primary one; its
// Identifier may also be "emailOrPhone".
type SignUpIdentifier struct {
	Identifier IdentifierType `json:"identifier" check:"enum=username|email|phone|emailOrPhone"`
	Verify     *bool          `json:"verify,omitempty"`
}

// SocialSignInSettings rules social sign-in.
type SocialSignInSettings struct {
	AutomaticAccountLinking *bool `json:"automaticAccountLinking,omitempty"`
	SkipRequiredIdentifiers *bool `json:"skipRequiredIdentifiers,omitempty"`
}

// PasswordPolicy is the tenant's password rules; absent members take the
// defaults of DefaultPasswordPolicy.
type PasswordPolicy struct {
	Length         *PasswordLength     `json:"length,omitempty"`
	CharacterTypes *PasswordCharacters `json:"characterTypes,omitempty"`
	Rejects        *PasswordRejects    `json:"rejects,omitempty"`
}

// PasswordLength bounds the number of characters.
type PasswordLength struct {
	Min *int `json:"min,omitempty" check:"min=1,max=256"`
	Max *int `json:"max,omitempty" check:"min=1,max=256"`
}

// PasswordCharacters is how many of the four kinds (lower, upper, digit,
// symbol) a password needs.
type PasswordCharacters struct {
	Min *int `json:"min,omitempty" check:"min=1,max=4"`
}

// PasswordRejects lists what a password must not be.
type PasswordRejects struct {
	Pwned                 *bool     `json:"pwned,omitempty"`
	RepetitionAndSequence *bool     `json:"repetitionAndSequence,omitempty"`
	UserInfo              *bool     `json:"userInfo,omitempty"`
	Words                 *[]string `json:"words,omitempty" check:"max=1000,each.min=1,each.max=256"`
}

// MFASettings rules second factors.
type MFASettings struct {
	Factors                       []string `json:"factors" check:"each.enum=Totp|WebAuthn|BackupCode|EmailVerificationCode|PhoneVerificationCode"`
	Policy                        string   `json:"policy" check:"enum=UserControlled|Mandatory|PromptOnlyAtSignIn|PromptAtSignInAndSignUp|NoPrompt|PromptAtSignInAndSignUpMandatory|PromptOnlyAtSignInMandatory"`
	OrganizationRequiredMFAPolicy string   `json:"organizationRequiredMfaPolicy,omitempty" check:"enum=NoPrompt|Mandatory"`
}

// CaptchaPolicy says whether a captcha is asked.
type CaptchaPolicy struct {
	Enabled *bool `json:"enabled,omitempty"`
}

// SentinelPolicy rules the lock-out after failed attempts.
type SentinelPolicy struct {
	MaxAttempts     *int `json:"maxAttempts,omitempty" check:"min=1,max=1000"`
	LockoutDuration *int `json:"lockoutDuration,omitempty" check:"min=1,max=525600"` // minutes
}

// Defaults of SentinelPolicy.
const (
	DefaultSentinelMaxAttempts    = 100
	DefaultSentinelLockoutMinutes = 60
)

// EmailBlocklistPolicy rules which addresses may register.
type EmailBlocklistPolicy struct {
	BlockDisposableAddresses *bool     `json:"blockDisposableAddresses,omitempty"`
	BlockSubaddressing       *bool     `json:"blockSubaddressing,omitempty"`
	CustomAllowlist          *[]string `json:"customAllowlist,omitempty" check:"max=1000,each.max=256"`
	CustomBlocklist          *[]string `json:"customBlocklist,omitempty" check:"max=1000,each.max=256"`
}

// VerificationCodePolicy rules codes sent by e-mail and SMS.
type VerificationCodePolicy struct {
	ExpirationDuration *int `json:"expirationDuration,omitempty" check:"min=60,max=3600"` // seconds, 60..3600
	MaxRetryAttempts   *int `json:"maxRetryAttempts,omitempty" check:"min=1,max=100"`     // 1..100
}

// Defaults of VerificationCodePolicy.
const (
	DefaultCodeTTLSeconds = 600
	DefaultCodeMaxTries   = 10
)

// ProfileFieldName names a custom profile field asked at sign-up.
type ProfileFieldName struct {
	Name string `json:"name" check:"min=1,max=128"`
}

// PasswordExpiration rules how long a password is good.
type PasswordExpiration struct {
	Enabled         *bool `json:"enabled,omitempty"`
	ValidPeriodDays *int  `json:"validPeriodDays,omitempty" check:"min=1,max=36500"`
	EnabledAt       *Time `json:"enabledAt,omitempty"`
}

// UsernamePolicy rules what a username may look like.
type UsernamePolicy struct {
	CaseSensitive bool                 `json:"caseSensitive"`
	MinLength     int                  `json:"minLength" check:"min=1,max=128"`
	MaxLength     int                  `json:"maxLength" check:"min=1,max=128"`
	AllowedChars  UsernameAllowedChars `json:"allowedChars"`
}

// UsernameAllowedChars lists the character classes a username may use.
type UsernameAllowedChars struct {
	Lowercase  bool `json:"lowercase"`
	Uppercase  bool `json:"uppercase"`
	Numbers    bool `json:"numbers"`
	Underscore bool `json:"underscore"`
}

// DefaultSignInExperience is what a fresh installation has. Registration is
// open, as on the wire, until somebody closes the door; the colours are our
// own and there is no logo.
func DefaultSignInExperience() SignInExperience {
	noMethods := []string{}
	return SignInExperience{
		TenantID:                     TenantID,
		ID:                           "default",
		Color:                        ExperienceColor{PrimaryColor: "#3D5AFE", IsDarkModeEnabled: true, DarkPrimaryColor: "#8C9EFF"},
		LanguageInfo:                 LanguageInfo{AutoDetect: true, FallbackLanguage: "en"},
		AgreeToTermsPolicy:           "Automatic",
		SignIn:                       SignInSettings{Methods: []SignInMethod{{Identifier: IdentifierUsername, Password: true, IsPasswordPrimary: true}}},
		SignUp:                       SignUpSettings{Identifiers: []IdentifierType{IdentifierUsername}, Password: true},
		SocialSignInConnectorTargets: []string{},
		SignInMode:                   ModeSignInAndRegister,
		CustomContent:                map[string]string{},
		CustomUIAssets:               JSONObject("null"),
		CustomUICSP:                  JSONObject("{}"),
		MFA:                          MFASettings{Factors: []string{}, Policy: "UserControlled"},
		AdaptiveMFA:                  JSONObject("{}"),
		ForgotPasswordMethods:        &noMethods,
		PasskeySignIn:                JSONObject("{}"),
		UsernamePolicy: UsernamePolicy{
			CaseSensitive: true, MinLength: 1, MaxLength: 128,
			AllowedChars: UsernameAllowedChars{Lowercase: true, Uppercase: true, Numbers: true, Underscore: true},
		},
	}
}
