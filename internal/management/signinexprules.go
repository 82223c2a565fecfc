package management

import (
	"slices"
	"strings"

	"guestlist"
	"guestlist/internal/phone"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// experienceRules judge a change of the record that passed its schema. They
// look at what the record becomes, but only as far as the change touches it:
// settings that were accepted once do not stand in the way of others.
type experienceRules struct {
	tx      *store.Tx
	change  signInExperienceChange
	before  guestlist.SignInExperience
	after   *guestlist.SignInExperience
	phrases *web.Phrases
	draft   bool // it is to be looked at, and not to be in force
}

func refuseExperience(code string, args map[string]any) error {
	return guestlist.Refuse(guestlist.KindInvalid, "sign_in_experiences."+code).WithArgs(args)
}

// refusal returns the first rule that the change breaks.
func (r experienceRules) refusal() error {
	for _, rule := range []func() error{
		r.shape, r.language, r.signUp, r.signIn, r.mfa, r.adaptiveMFA, r.forgotPassword, r.blocklist,
		r.references, r.captcha, r.unavailable, r.expiration, r.usernames,
	} {
		if err := rule(); err != nil {
			return err
		}
	}
	return nil
}

// shape holds members against each other.
func (r experienceRules) shape() error {
	var inv web.Invalid
	if p := r.change.PhoneRegion; p != nil {
		inv.Check(*p == "" || phone.IsRegion(*p), "phoneRegion", "custom", "Write a region such as DE, or nothing")
	}
	if p := r.change.UsernamePolicy; p != nil {
		inv.Check(p.MinLength <= p.MaxLength, "usernamePolicy.maxLength", "custom", "Minimum length cannot exceed maximum length.")
		inv.Check(p.AllowedChars.Lowercase || p.AllowedChars.Uppercase || p.AllowedChars.Underscore,
			"usernamePolicy.allowedChars", "custom", "Letters or underscores must be allowed, since a username begins with one.")
	}
	if p := r.change.PasswordPolicy; p != nil {
		rules := p.Rules()
		inv.Check(rules.MinLength <= rules.MaxLength, "passwordPolicy.length.max", "custom", "Minimum length cannot exceed maximum length.")
	}
	if s := r.change.SignIn; s != nil {
		seen := map[guestlist.IdentifierType]bool{}
		for _, m := range s.Methods {
			inv.Check(!seen[m.Identifier], "signIn.methods", "custom", "An identifier has one method")
			seen[m.Identifier] = true
		}
	}
	if p := r.change.PasswordExpiration; p != nil && isTrue(p.Enabled) && p.ValidPeriodDays == nil {
		inv.Type("passwordExpiration.validPeriodDays", kindNumber, "undefined")
	}
	return inv.Err()
}

func (r experienceRules) language() error {
	if r.change.LanguageInfo == nil {
		return nil
	}
	tag := r.after.LanguageInfo.FallbackLanguage
	if slices.Contains(web.Languages, tag) {
		return nil
	}
	custom, err := has(second(r.tx.CustomPhrasesIn(tag)))
	if err == nil && !custom {
		err = refuseExperience("unsupported_default_language", map[string]any{"language": tag})
	}
	return err
}

// connected refuses an identifier that needs messages which nobody would send.
func (r experienceRules) connected(identifier guestlist.IdentifierType) error {
	channel := guestlist.ChannelEmail
	if identifier == guestlist.IdentifierPhone {
		channel = guestlist.ChannelSMS
	}
	sends, err := r.tx.CanSend(channel)
	if err == nil && !sends {
		err = refuseExperience("enabled_connector_not_found", map[string]any{"type": channel.Connector()})
	}
	return err
}

// emailOrPhone asks for either address.
const emailOrPhone = guestlist.IdentifierType("emailOrPhone")

func (r experienceRules) signUp() error {
	s := r.change.SignUp
	if s == nil {
		return nil
	}
	if len(s.Identifiers) == 0 && len(s.SecondaryIdentifiers) > 0 {
		return refuseExperience("missing_sign_up_identifiers", nil)
	}
	all := slices.Clone(s.Identifiers)
	verified := s.Verify
	for _, more := range s.SecondaryIdentifiers {
		if more.Identifier == emailOrPhone {
			all = append(all, guestlist.IdentifierEmail, guestlist.IdentifierPhone)
		} else {
			all = append(all, more.Identifier)
		}
		if more.Identifier != guestlist.IdentifierUsername && more.Verify != nil && !*more.Verify {
			verified = false
		}
	}
	if len(distinct(all)) < len(all) {
		return refuseExperience("duplicated_sign_up_identifiers", nil)
	}
	for _, identifier := range all {
		if identifier == guestlist.IdentifierUsername {
			continue
		}
		if !verified {
			return refuseExperience("passwordless_requires_verify", nil)
		}
		if err := r.connected(identifier); err != nil {
			return err
		}
	}
	return nil
}

func (r experienceRules) signIn() error {
	if r.change.SignIn == nil {
		return nil
	}
	for _, m := range r.after.SignIn.Methods {
		isUsername := m.Identifier == guestlist.IdentifierUsername
		if !m.Password && (isUsername || !m.VerificationCode) { // no code ever reaches a username
			return refuseExperience("at_least_one_authentication_factor", nil)
		}
		if isUsername {
			continue
		}
		if m.VerificationCode {
			if err := r.connected(m.Identifier); err != nil {
				return err
			}
		}
		if r.after.SignUp.Verify && !r.after.SignUp.Password && !m.VerificationCode {
			return refuseExperience("code_sign_in_must_be_enabled", nil)
		}
	}
	return r.codesServeOnce("sign_in")
}

// codesServeOnce refuses codes that would be both the first and the second
// factor. use says which of the two the change is about.
func (r experienceRules) codesServeOnce(use string) error {
	for _, m := range r.after.SignIn.Methods {
		factor := map[guestlist.IdentifierType]string{
			guestlist.IdentifierEmail: "EmailVerificationCode", guestlist.IdentifierPhone: "PhoneVerificationCode",
		}[m.Identifier]
		if m.VerificationCode && slices.Contains(r.after.MFA.Factors, factor) {
			return refuseExperience(string(m.Identifier)+"_verification_code_cannot_be_used_for_"+use, nil)
		}
	}
	return nil
}

func (r experienceRules) mfa() error {
	if r.change.MFA == nil {
		return nil
	}
	factors := r.after.MFA.Factors
	if len(distinct(factors)) < len(factors) {
		return refuseExperience("duplicated_mfa_factors", nil)
	}
	if len(factors) == 1 && factors[0] == "BackupCode" {
		return refuseExperience("backup_code_cannot_be_enabled_alone", nil)
	}
	return r.codesServeOnce("mfa")
}

func (r experienceRules) adaptiveMFA() error {
	if r.change.AdaptiveMFA == nil || !isTrue(r.change.AdaptiveMFA.Enabled) {
		return nil
	}
	if len(r.after.MFA.Factors) == 0 {
		return guestlist.Refuse(guestlist.KindUnprocessable, "sign_in_experiences.adaptive_mfa_requires_mfa")
	}
	if !strings.HasSuffix(r.after.MFA.Policy, "Mandatory") {
		return guestlist.Refuse(guestlist.KindUnprocessable, "sign_in_experiences.adaptive_mfa_requires_non_skippable_policy")
	}
	return nil
}

func (r experienceRules) forgotPassword() error {
	if !r.change.ForgotPasswordMethods.Set || r.after.ForgotPasswordMethods == nil {
		return nil
	}
	for _, method := range *r.after.ForgotPasswordMethods {
		identifier := guestlist.IdentifierEmail
		if method == "PhoneVerificationCode" {
			identifier = guestlist.IdentifierPhone
		}
		err := r.connected(identifier)
		if guestlist.CodeOf(err) == "sign_in_experiences.enabled_connector_not_found" {
			return refuseExperience("forgot_password_method_requires_connector", map[string]any{"method": method})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// blocklist refuses entries that are no address, domain or wildcard.
func (r experienceRules) blocklist() error {
	p := r.change.EmailBlocklistPolicy
	if p == nil {
		return nil
	}
	var wrong []string
	for _, list := range []*[]string{p.CustomAllowlist, p.CustomBlocklist} {
		if list == nil {
			continue
		}
		for _, entry := range *list {
			if !guestlist.IsEmailPattern(entry) {
				wrong = append(wrong, clip(entry))
			}
		}
	}
	if len(wrong) > 0 {
		const shown = 10
		return refuseExperience("invalid_custom_email_blocklist_format",
			map[string]any{"items": strings.Join(wrong[:min(len(wrong), shown)], ", ")})
	}
	return nil
}

// references leaves out targets that no connector serves and fields that are
// not there, without a word, as on the wire.
func (r experienceRules) references() error {
	if r.change.SocialSignInConnectorTargets != nil {
		served, err := socialTargets(r.tx, r.after.SocialSignInConnectorTargets)
		if err != nil {
			return err
		}
		r.after.SocialSignInConnectorTargets = served
	}
	if !r.change.SignUpProfileFields.Set || r.after.SignUpProfileFields == nil {
		return nil
	}
	fields, err := r.tx.ProfileFields()
	if err != nil {
		return err
	}
	names := []guestlist.ProfileFieldName{}
	for _, f := range fields.Asked(r.after.SignUpProfileFields) {
		names = append(names, guestlist.ProfileFieldName{Name: f.Name})
	}
	r.after.SignUpProfileFields = &names
	return nil
}

// captcha refuses to ask for what nobody could answer.
func (r experienceRules) captcha() error {
	if r.change.CaptchaPolicy == nil || !isTrue(r.change.CaptchaPolicy.Enabled) {
		return nil
	}
	found, err := has(second(r.tx.CaptchaProvider()))
	if err == nil && !found {
		err = errInput(guestlist.KindInvalid, "No captcha provider is set up.")
	}
	return err
}

// unavailable refuses to switch on what nothing here would obey.
func (r experienceRules) unavailable() error {
	switch ch := r.change; {
	case ch.CustomUICSP != nil && string(*ch.CustomUICSP) != "{}":
		return errInput(guestlist.KindInvalid, "Custom UI CSP configuration is not available.")
	case ch.CustomUIAssets.Set && !ch.CustomUIAssets.Null:
		return errInput(guestlist.KindInvalid, "Custom UI assets are not available.")
	case ch.PasskeySignIn != nil && isTrue(ch.PasskeySignIn.Enabled) && !slices.Contains(r.after.MFA.Factors, "WebAuthn"):
		return errInput(guestlist.KindInvalid, "Passkey sign-in needs the WebAuthn factor.")
	}
	return nil
}

// expiration keeps since when passwords expire.
func (r experienceRules) expiration() error {
	p := r.change.PasswordExpiration
	if p == nil {
		return nil
	}
	before := r.before.PasswordExpiration
	switch {
	case p.Enabled == nil:
		r.after.PasswordExpiration = before // {} changes nothing, as on the wire
	case !*p.Enabled:
		r.after.PasswordExpiration = guestlist.PasswordExpiration{Enabled: p.Enabled}
	default:
		since := &r.tx.Now
		if isTrue(before.Enabled) && before.EnabledAt != nil {
			since = before.EnabledAt
		}
		r.after.PasswordExpiration = guestlist.PasswordExpiration{
			Enabled: p.Enabled, ValidPeriodDays: p.ValidPeriodDays, EnabledAt: since,
		}
	}
	return nil
}

// usernames refuses to ignore letter case while people differ by it alone.
func (r experienceRules) usernames() error {
	if r.draft || r.after.UsernamePolicy.CaseSensitive || !r.before.UsernamePolicy.CaseSensitive {
		return nil
	}
	samples, total, err := r.tx.UsernameConflicts(defaultConflictSamples)
	if err != nil || total == 0 {
		return err
	}
	return guestlist.Refuse(guestlist.KindConflict, "sign_in_experiences.username_policy_case_conflicts_exist").
		With(usernameConflicts{TotalConflicts: total, Samples: samples})
}
