package management

import (
	"encoding/json"
	"reflect"

	"guestlist"
	"guestlist/internal/web"
)

// isEmpty reports whether no member was given.
func (ch signInExperienceChange) isEmpty() bool { return reflect.ValueOf(ch).IsZero() }

// apply writes what is given into exp. It judges nothing but completes what
// the wire completes.
func (ch signInExperienceChange) apply(exp *guestlist.SignInExperience) error {
	set(&exp.Color, ch.Color)
	set(&exp.Branding, ch.Branding)
	set(&exp.HideLogtoBranding, ch.HideLogtoBranding)
	set(&exp.LanguageInfo, ch.LanguageInfo)
	setText(&exp.TermsOfUseURL, ch.TermsOfUseURL)
	setText(&exp.PrivacyPolicyURL, ch.PrivacyPolicyURL)
	set(&exp.AgreeToTermsPolicy, ch.AgreeToTermsPolicy)
	set(&exp.SignIn, ch.SignIn)
	set(&exp.SignUp, ch.SignUp)
	set(&exp.SocialSignIn, ch.SocialSignIn)
	set(&exp.SignInMode, ch.SignInMode)
	setText(&exp.CustomCSS, ch.CustomCSS)
	set(&exp.CustomContent, ch.CustomContent)
	set(&exp.CustomUICSP, ch.CustomUICSP)
	set(&exp.MFA, ch.MFA)
	set(&exp.SingleSignOnEnabled, ch.SingleSignOnEnabled)
	setText(&exp.SupportEmail, ch.SupportEmail)
	setText(&exp.SupportWebsiteURL, ch.SupportWebsiteURL)
	setText(&exp.UnknownSessionRedirectURL, ch.UnknownSessionRedirectURL)
	set(&exp.CaptchaPolicy, ch.CaptchaPolicy)
	set(&exp.SentinelPolicy, ch.SentinelPolicy)
	set(&exp.VerificationCodePolicy, ch.VerificationCodePolicy)
	set(&exp.PasswordExpiration, ch.PasswordExpiration)
	set(&exp.UsernamePolicy, ch.UsernamePolicy)
	ch.applyPolicy(exp)
	set(&exp.PhoneRegion, ch.PhoneRegion)
	set(&exp.OneTimeTokenConfirmation, ch.OneTimeTokenConfirmation)
	set(&exp.HideOneTimeTokens, ch.HideOneTimeTokens)
	ch.applyLists(exp)
	return ch.applyObjects(exp)
}

// applyPolicy keeps the policy and the mode of the wire in step. Who names a
// policy means it; who names the mode alone, as clients of the wire do, opens
// the door or closes it, and a policy that says more about a closed door stays.
func (ch signInExperienceChange) applyPolicy(exp *guestlist.SignInExperience) {
	if ch.RegistrationPolicy != nil {
		exp.RegistrationPolicy = *ch.RegistrationPolicy
		exp.SignInMode = exp.RegistrationPolicy.Mode()
		set(&exp.SignInMode, ch.SignInMode)
	}
	if exp.RegistrationPolicy != "" {
		exp.RegistrationPolicy = exp.Policy()
	}
}

// applyLists writes lists without what is there twice. What refers to nothing
// is left out by experienceRules.references.
func (ch signInExperienceChange) applyLists(exp *guestlist.SignInExperience) {
	if ch.SocialSignInConnectorTargets != nil {
		exp.SocialSignInConnectorTargets = distinct(*ch.SocialSignInConnectorTargets)
	}
	if ch.SignUpProfileFields.Set {
		exp.SignUpProfileFields = nil
		if !ch.SignUpProfileFields.Null {
			fields := distinct(ch.SignUpProfileFields.Value)
			exp.SignUpProfileFields = &fields
		}
	}
	if ch.ForgotPasswordMethods.Set {
		exp.ForgotPasswordMethods = nil
		if !ch.ForgotPasswordMethods.Null {
			methods := distinct(ch.ForgotPasswordMethods.Value)
			exp.ForgotPasswordMethods = &methods
		}
	}
	if p := ch.EmailBlocklistPolicy; p != nil {
		exp.EmailBlocklistPolicy = *p
		exp.EmailBlocklistPolicy.CustomAllowlist = distinctOrNil(p.CustomAllowlist)
		exp.EmailBlocklistPolicy.CustomBlocklist = distinctOrNil(p.CustomBlocklist)
	}
	if p := ch.PasswordPolicy; p != nil {
		exp.PasswordPolicy = completePolicy(*p)
	}
}

func distinctOrNil(list *[]string) *[]string {
	if list == nil {
		return nil
	}
	out := distinct(*list)
	return &out
}

// completePolicy fills in the members of those parts of a password policy that
// are given.
func completePolicy(p guestlist.PasswordPolicy) guestlist.PasswordPolicy {
	rules := p.Rules()
	if p.Length != nil {
		p.Length = &guestlist.PasswordLength{Min: &rules.MinLength, Max: &rules.MaxLength}
	}
	if p.CharacterTypes != nil {
		p.CharacterTypes = &guestlist.PasswordCharacters{Min: &rules.CharacterTypes}
	}
	if p.Rejects != nil {
		words := append([]string{}, rules.Words...)
		p.Rejects = &guestlist.PasswordRejects{
			Pwned: &rules.Pwned, RepetitionAndSequence: &rules.RepetitionAndSequence, UserInfo: &rules.UserInfo, Words: &words,
		}
	}
	return p
}

func (ch signInExperienceChange) applyObjects(exp *guestlist.SignInExperience) error {
	if ch.CustomUIAssets.Set {
		exp.CustomUIAssets = guestlist.JSONObject("null")
	}
	if ch.AdaptiveMFA != nil {
		text, err := json.Marshal(ch.AdaptiveMFA)
		if err != nil {
			return err
		}
		exp.AdaptiveMFA = text
	}
	if ch.PasskeySignIn != nil {
		text, err := json.Marshal(ch.PasskeySignIn)
		if err != nil {
			return err
		}
		exp.PasskeySignIn = text
	}
	return nil
}

// setText writes a text that was given; an empty one is none.
func setText(to **string, given web.Opt[string]) {
	if !given.Set {
		return
	}
	*to = nil
	if p := given.Pointer(); p != nil && *p != "" {
		*to = p
	}
}
