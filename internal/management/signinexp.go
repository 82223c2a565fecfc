package management

import (
	"net/http"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) signInExperienceRoutes() []route {
	return []route{
		get("/api/sign-in-exp", "Get how people come in", a.getSignInExperience).of(experienceVersion),
		patch("/api/sign-in-exp", "Change how people come in", a.updateSignInExperience).of(experienceVersion),
		post("/api/sign-in-exp/default/check-password", "Hold a password against the policy", a.checkPassword),
		get("/api/sign-in-exp/username-policy/case-sensitivity-conflicts",
			"List usernames that differ by letter case alone", a.listUsernameConflicts),
	}
}

func (a *API) getSignInExperience(c *call, _ struct{}) (guestlist.SignInExperience, error) {
	var exp guestlist.SignInExperience
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		exp, err = tx.SignInExperience()
		return err
	})
	return exp, err
}

// signInExperienceChange is a subset of the record. What is given replaces the
// whole column.
type signInExperienceChange struct {
	Color                        *guestlist.ExperienceColor            `json:"color"`
	Branding                     *guestlist.Branding                   `json:"branding"`
	HideLogtoBranding            *bool                                 `json:"hideLogtoBranding"`
	LanguageInfo                 *guestlist.LanguageInfo               `json:"languageInfo"`
	TermsOfUseURL                web.Opt[string]                       `json:"termsOfUseUrl" check:"max=2048,format=url,orEmpty"`
	PrivacyPolicyURL             web.Opt[string]                       `json:"privacyPolicyUrl" check:"max=2048,format=url,orEmpty"`
	AgreeToTermsPolicy           *string                               `json:"agreeToTermsPolicy" check:"enum=Automatic|ManualRegistrationOnly|Manual"`
	SignIn                       *guestlist.SignInSettings             `json:"signIn"`
	SignUp                       *guestlist.SignUpSettings             `json:"signUp"`
	SocialSignIn                 *guestlist.SocialSignInSettings       `json:"socialSignIn"`
	SocialSignInConnectorTargets *[]string                             `json:"socialSignInConnectorTargets" check:"max=100,each.max=128"`
	SignInMode                   *guestlist.SignInMode                 `json:"signInMode" check:"enum=SignIn|Register|SignInAndRegister"`
	CustomCSS                    web.Opt[string]                       `json:"customCss" check:"max=200000"`
	CustomContent                *map[string]string                    `json:"customContent" check:"max=50,each.max=100000"`
	CustomUIAssets               web.Opt[guestlist.JSONObject]         `json:"customUiAssets"`
	CustomUICSP                  *guestlist.JSONObject                 `json:"customUiCsp"`
	PasswordPolicy               *guestlist.PasswordPolicy             `json:"passwordPolicy"`
	MFA                          *guestlist.MFASettings                `json:"mfa"`
	AdaptiveMFA                  *switchable                           `json:"adaptiveMfa"`
	SingleSignOnEnabled          *bool                                 `json:"singleSignOnEnabled"`
	SupportEmail                 web.Opt[string]                       `json:"supportEmail" check:"max=256,format=email,orEmpty"`
	SupportWebsiteURL            web.Opt[string]                       `json:"supportWebsiteUrl" check:"max=2048,format=url,orEmpty"`
	UnknownSessionRedirectURL    web.Opt[string]                       `json:"unknownSessionRedirectUrl" check:"max=2048,format=url,orEmpty"`
	CaptchaPolicy                *guestlist.CaptchaPolicy              `json:"captchaPolicy"`
	SentinelPolicy               *guestlist.SentinelPolicy             `json:"sentinelPolicy"`
	EmailBlocklistPolicy         *guestlist.EmailBlocklistPolicy       `json:"emailBlocklistPolicy"`
	VerificationCodePolicy       *guestlist.VerificationCodePolicy     `json:"verificationCodePolicy"`
	ForgotPasswordMethods        web.Opt[[]string]                     `json:"forgotPasswordMethods" check:"each.enum=EmailVerificationCode|PhoneVerificationCode"`
	PasskeySignIn                *passkeySignIn                        `json:"passkeySignIn"`
	SignUpProfileFields          web.Opt[[]guestlist.ProfileFieldName] `json:"signUpProfileFields" check:"max=100"`
	PasswordExpiration           *guestlist.PasswordExpiration         `json:"passwordExpiration"`
	UsernamePolicy               *guestlist.UsernamePolicy             `json:"usernamePolicy"`
	RegistrationPolicy           *guestlist.RegistrationPolicy         `json:"registrationPolicy" check:"enum=open|invite_only|approval|waitlist|closed"`
	PhoneRegion                  *string                               `json:"phoneRegion" check:"max=2"`
	OneTimeTokenConfirmation     *string                               `json:"oneTimeTokenConfirmation" check:"enum=whenNothingElseIsAsked|always|never"`
	HideOneTimeTokens            *bool                                 `json:"hideOneTimeTokens"`
}

type switchable struct {
	Enabled *bool `json:"enabled,omitempty"`
}

type passkeySignIn struct {
	Enabled           *bool `json:"enabled,omitempty"`
	ShowPasskeyButton *bool `json:"showPasskeyButton,omitempty"`
	AllowAutofill     *bool `json:"allowAutofill,omitempty"`
}

func (a *API) updateSignInExperience(c *call, in struct {
	Body signInExperienceChange
},
) (guestlist.SignInExperience, error) {
	var exp guestlist.SignInExperience
	if in.Body.isEmpty() {
		return exp, errNothingToChange
	}
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		before, err := tx.SignInExperience()
		if err != nil {
			return err
		}
		exp = before
		if err := in.Body.apply(&exp); err != nil {
			return err
		}
		rules := experienceRules{tx: tx, change: in.Body, before: before, after: &exp, phrases: a.Phrases}
		if err := rules.refusal(); err != nil {
			return err
		}
		if err := a.showPictures(tx, before, exp); err != nil {
			return err
		}
		return tx.PutSignInExperience(exp)
	})
	return exp, err
}

// usernameConflicts is the data of the refusal, and the answer of the list.
type usernameConflicts struct {
	TotalConflicts int                      `json:"totalConflicts"`
	Samples        []store.UsernameConflict `json:"samples"`
}

const defaultConflictSamples = 20

func (a *API) listUsernameConflicts(c *call, in struct {
	Limit *int `query:"limit" check:"min=1,max=100"`
},
) (usernameConflicts, error) {
	limit := defaultConflictSamples
	set(&limit, in.Limit)
	var conflicts usernameConflicts
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		conflicts.Samples, conflicts.TotalConflicts, err = tx.UsernameConflicts(limit)
		return err
	})
	return conflicts, err
}

// passwordVerdict says whether a password is good, and if not, why.
type passwordVerdict struct {
	Result bool                      `json:"result"`
	Issues []guestlist.PasswordIssue `json:"issues,omitempty"`
}

func (a *API) checkPassword(c *call, in struct {
	Body struct {
		Password string            `json:"password"`
		UserID   *guestlist.UserID `json:"userId"`
	}
},
) (passwordVerdict, error) {
	var policy guestlist.PasswordPolicy
	var who guestlist.PasswordSubject
	if err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		exp, err := tx.SignInExperience()
		policy = exp.PasswordPolicy
		if err != nil || in.Body.UserID == nil {
			return err
		}
		user, err := tx.User(*in.Body.UserID)
		who = guestlist.SubjectOf(user)
		return err
	}); err != nil {
		return passwordVerdict{}, err
	}
	issues := a.Desk.CheckPassword(c.ctx(), policy, in.Body.Password, who)
	if len(issues) > 0 {
		c.status = http.StatusBadRequest
	}
	return passwordVerdict{Result: len(issues) == 0, Issues: issues}, nil
}
