package console

import (
	"cmp"
	"errors"
	"slices"
	"strconv"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

func securityTab() tab {
	return tab{
		name: "sign-in-security", below: "/security", shows: "new-password", load: loadCaptcha,
		form: securityForm, change: securityChange, beside: captchaBlocks,
		fields: []string{
			"sign_in_experiences.invalid_custom_email_blocklist_format", "emailBlocklistPolicy.customBlocklist",
			"sign_in_experiences.username_policy_case_conflicts_exist", "usernamePolicy.caseSensitive",
		},
	}
}

func loadCaptcha(v *visit, s *settings) error {
	var p guestlist.CaptchaProvider
	err := v.api.Do(v.ctx(), "GET", "/captcha-provider", nil, &p)
	if guestlist.KindOf(err) == guestlist.KindNotFound {
		err = nil
	} else {
		s.captcha = &p.Config
	}
	return errors.Join(err, loadWording(v, s))
}

// The limits of the API, for the forms.
const (
	maxPasswordLength = 256
	maxUsernameLength = 128
	maxAttempts       = 1000
	maxLockoutMinutes = 525600
	minCodeSeconds    = 60
	maxCodeSeconds    = 3600
	maxCodeTries      = 100
	maxPasswordDays   = 36500
)

func (v *visit) numberField(name string, value, least, most int) ui.Field {
	return ui.Field{Kind: ui.KindNumber, Name: name, Label: v.T("experience." + name), Value: strconv.Itoa(value), Least: &least, Most: &most}
}

func (v *visit) switchField(name string, on bool) ui.Field {
	return ui.Field{Kind: ui.KindSwitch, Name: name, Label: v.T("experience." + name), Help: v.T("experience." + name + "_help"), On: on}
}

func securityForm(v *visit, s *settings) *ui.Form {
	exp := s.exp
	r := exp.PasswordPolicy.Rules()
	days := v.numberField("passwordExpiration.validPeriodDays", orZero(exp.PasswordExpiration.ValidPeriodDays, 180), 1, maxPasswordDays)
	words := ui.Field{Kind: ui.KindList, Name: "passwordPolicy.rejects.words", Label: v.T("experience.passwordPolicy.rejects.words"),
		Help: v.T("experience.passwordPolicy.rejects.words_help"), Values: r.Words}
	return &ui.Form{Sections: []ui.FormSection{
		{Title: v.T("experience.security.password"), Text: v.T("experience.security.password_text"), Fields: []ui.Field{
			v.numberField("passwordPolicy.length.min", r.MinLength, 1, maxPasswordLength),
			{Kind: ui.KindSelect, Name: "passwordPolicy.characterTypes.min", Label: v.T("experience.passwordPolicy.characterTypes.min"),
				Value: strconv.Itoa(r.CharacterTypes), Options: v.options("experience.kinds.", "1", "2", "3", "4")},
			v.switchField("passwordPolicy.rejects.pwned", r.Pwned),
			v.switchField("passwordPolicy.rejects.repetitionAndSequence", r.RepetitionAndSequence),
			v.switchField("passwordPolicy.rejects.userInfo", r.UserInfo),
			words,
			v.switchField("passwordExpiration.enabled", orZero(exp.PasswordExpiration.Enabled, false)), days,
		}},
		v.usernameSection(exp.UsernamePolicy), v.guessingSection(exp), v.blockSection(exp.EmailBlocklistPolicy),
		{Title: v.T("experience.security.captcha"), Text: v.T("experience.security.captcha_text"), Fields: []ui.Field{
			{Kind: ui.KindSwitch, Name: "captchaPolicy.enabled", Label: v.T("experience.captchaPolicy.enabled"),
				On: orZero(exp.CaptchaPolicy.Enabled, false), Locked: s.captcha == nil},
		}},
	}}
}

func (v *visit) usernameSection(p guestlist.UsernamePolicy) ui.FormSection {
	allowed := ui.Field{Kind: ui.KindChecks, Name: "usernamePolicy.allowedChars", Label: v.T("experience.usernamePolicy.allowedChars"),
		Options: v.options("experience.chars.", "lowercase", "uppercase", "numbers", "underscore")}
	for name, on := range charsOf(&p.AllowedChars) {
		if *on {
			allowed.Values = append(allowed.Values, name)
		}
	}
	slices.Sort(allowed.Values)
	return ui.FormSection{Title: v.T("experience.security.username"), Folded: true, Fields: []ui.Field{
		v.numberField("usernamePolicy.minLength", p.MinLength, 1, maxUsernameLength),
		v.numberField("usernamePolicy.maxLength", p.MaxLength, 1, maxUsernameLength),
		allowed, v.switchField("usernamePolicy.caseSensitive", p.CaseSensitive),
	}}
}

func charsOf(c *guestlist.UsernameAllowedChars) map[string]*bool {
	return map[string]*bool{"lowercase": &c.Lowercase, "uppercase": &c.Uppercase, "numbers": &c.Numbers, "underscore": &c.Underscore}
}

func (v *visit) guessingSection(exp guestlist.SignInExperience) ui.FormSection {
	seconds := v.numberField("verificationCodePolicy.expirationDuration",
		orZero(exp.VerificationCodePolicy.ExpirationDuration, guestlist.DefaultCodeTTLSeconds), minCodeSeconds, maxCodeSeconds)
	seconds.Suffix = v.T("experience.security.seconds")
	minutes := v.numberField("sentinelPolicy.lockoutDuration",
		orZero(exp.SentinelPolicy.LockoutDuration, guestlist.DefaultSentinelLockoutMinutes), 1, maxLockoutMinutes)
	minutes.Suffix = v.T("experience.security.minutes")
	return ui.FormSection{Title: v.T("experience.security.guessing"), Text: v.T("experience.security.guessing_text"), Fields: []ui.Field{
		v.numberField("sentinelPolicy.maxAttempts", orZero(exp.SentinelPolicy.MaxAttempts, guestlist.DefaultSentinelMaxAttempts), 1, maxAttempts),
		minutes, seconds,
		v.numberField("verificationCodePolicy.maxRetryAttempts", orZero(exp.VerificationCodePolicy.MaxRetryAttempts, guestlist.DefaultCodeMaxTries), 1, maxCodeTries),
	}}
}

func (v *visit) blockSection(p guestlist.EmailBlocklistPolicy) ui.FormSection {
	list := func(name string, values *[]string) ui.Field {
		return ui.Field{Kind: ui.KindList, Name: name, Label: v.T("experience." + name), Help: v.T("experience." + name + "_help"),
			Values: orZero(values, nil), Code: true, Placeholder: "*.example.com"}
	}
	return ui.FormSection{Title: v.T("experience.security.blocklist"), Text: v.T("experience.security.blocklist_text"), Fields: []ui.Field{
		v.switchField("emailBlocklistPolicy.blockDisposableAddresses", orZero(p.BlockDisposableAddresses, false)),
		v.switchField("emailBlocklistPolicy.blockSubaddressing", orZero(p.BlockSubaddressing, false)),
		list("emailBlocklistPolicy.customBlocklist", p.CustomBlocklist), list("emailBlocklistPolicy.customAllowlist", p.CustomAllowlist),
	}}
}

func securityChange(v *visit, s *settings, form *ui.Form) map[string]any {
	exp := s.exp
	change := map[string]any{
		"usernamePolicy": v.typedUsernames(form), "passwordPolicy": v.typedPasswords(exp.PasswordPolicy, form),
		"sentinelPolicy": v.typedSentinel(exp.SentinelPolicy, form), "verificationCodePolicy": v.typedCodes(exp.VerificationCodePolicy, form),
		"emailBlocklistPolicy": guestlist.EmailBlocklistPolicy{
			BlockDisposableAddresses: kept(exp.EmailBlocklistPolicy.BlockDisposableAddresses, v.on("emailBlocklistPolicy.blockDisposableAddresses")),
			BlockSubaddressing:       kept(exp.EmailBlocklistPolicy.BlockSubaddressing, v.on("emailBlocklistPolicy.blockSubaddressing")),
			CustomBlocklist:          keptList(exp.EmailBlocklistPolicy.CustomBlocklist, ui.ListOf(v.form, "emailBlocklistPolicy.customBlocklist")),
			CustomAllowlist:          keptList(exp.EmailBlocklistPolicy.CustomAllowlist, ui.ListOf(v.form, "emailBlocklistPolicy.customAllowlist")),
		},
	}
	if s.captcha != nil {
		change["captchaPolicy"] = guestlist.CaptchaPolicy{Enabled: kept(exp.CaptchaPolicy.Enabled, v.on("captchaPolicy.enabled"))}
	}
	days := v.number(form, "passwordExpiration.validPeriodDays")
	was := exp.PasswordExpiration
	if on := v.on("passwordExpiration.enabled"); on && (!orZero(was.Enabled, false) || orZero(was.ValidPeriodDays, 0) != *days) {
		change["passwordExpiration"] = guestlist.PasswordExpiration{Enabled: &on, ValidPeriodDays: days}
	} else if !on && orZero(was.Enabled, false) {
		change["passwordExpiration"] = guestlist.PasswordExpiration{Enabled: &on}
	}
	return change
}

func keptList(was *[]string, now []string) *[]string {
	if was == nil && len(now) == 0 {
		return nil
	}
	return &now
}

// same keeps what was absent as long as nobody changes what it means.
func same(was *int, or int, now *int) *int {
	if was == nil && *now == or {
		return nil
	}
	return now
}

func (v *visit) typedPasswords(was guestlist.PasswordPolicy, form *ui.Form) guestlist.PasswordPolicy {
	before := was.Rules()
	words := ui.ListOf(v.form, "passwordPolicy.rejects.words")
	length, kinds := v.number(form, "passwordPolicy.length.min"), v.number(form, "passwordPolicy.characterTypes.min")
	pwned, runs, info := v.on("passwordPolicy.rejects.pwned"), v.on("passwordPolicy.rejects.repetitionAndSequence"), v.on("passwordPolicy.rejects.userInfo")
	if *length == before.MinLength && *kinds == before.CharacterTypes && pwned == before.Pwned && runs == before.RepetitionAndSequence &&
		info == before.UserInfo && slices.Equal(words, before.Words) {
		return was
	}
	return guestlist.PasswordPolicy{
		Length: &guestlist.PasswordLength{Min: length, Max: &before.MaxLength}, CharacterTypes: &guestlist.PasswordCharacters{Min: kinds},
		Rejects: &guestlist.PasswordRejects{Pwned: &pwned, RepetitionAndSequence: &runs, UserInfo: &info, Words: &words},
	}
}

func (v *visit) typedUsernames(form *ui.Form) guestlist.UsernamePolicy {
	p := guestlist.UsernamePolicy{
		CaseSensitive: v.on("usernamePolicy.caseSensitive"),
		MinLength:     *v.number(form, "usernamePolicy.minLength"), MaxLength: *v.number(form, "usernamePolicy.maxLength"),
	}
	chars := charsOf(&p.AllowedChars)
	for _, name := range ui.ListOf(v.form, "usernamePolicy.allowedChars") {
		if on, ok := chars[name]; ok {
			*on = true
		}
	}
	return p
}

func (v *visit) typedSentinel(was guestlist.SentinelPolicy, form *ui.Form) guestlist.SentinelPolicy {
	return guestlist.SentinelPolicy{
		MaxAttempts:     same(was.MaxAttempts, guestlist.DefaultSentinelMaxAttempts, v.number(form, "sentinelPolicy.maxAttempts")),
		LockoutDuration: same(was.LockoutDuration, guestlist.DefaultSentinelLockoutMinutes, v.number(form, "sentinelPolicy.lockoutDuration")),
	}
}

func (v *visit) typedCodes(was guestlist.VerificationCodePolicy, form *ui.Form) guestlist.VerificationCodePolicy {
	return guestlist.VerificationCodePolicy{
		ExpirationDuration: same(was.ExpirationDuration, guestlist.DefaultCodeTTLSeconds, v.number(form, "verificationCodePolicy.expirationDuration")),
		MaxRetryAttempts:   same(was.MaxRetryAttempts, guestlist.DefaultCodeMaxTries, v.number(form, "verificationCodePolicy.maxRetryAttempts")),
	}
}

// captchaForm sets the captcha provider up. Its secret is typed and never
// shown; left empty it stays as it is.
func (v *visit) captchaForm(c *guestlist.CaptchaConfig) *ui.Form {
	now := orZero(c, guestlist.CaptchaConfig{Type: guestlist.CaptchaTurnstile})
	secret := ui.Field{Kind: ui.KindSecret, Name: "config.secretKey", Label: v.T("experience.captcha.secret"), Max: 512}
	form := &ui.Form{ID: "captcha", Quiet: true, Action: pathExperience + "/security/captcha", Submit: v.T("experience.captcha.save")}
	if c != nil {
		secret.Help = v.T("experience.captcha.secret_kept")
		form.Others = []ui.Action{{Text: v.T("experience.captcha.remove"), Name: "do", Value: "remove", Danger: true}}
	}
	form.Sections = []ui.FormSection{{Title: v.T("experience.captcha.title"), Text: v.T("experience.captcha.text"), Folded: c == nil, Fields: []ui.Field{
		{Kind: ui.KindSelect, Name: "config.type", Label: v.T("experience.captcha.type"), Value: string(now.Type), Options: []ui.Option{
			{Value: string(guestlist.CaptchaTurnstile), Text: "Cloudflare Turnstile"}, {Value: string(guestlist.CaptchaHCaptcha), Text: "hCaptcha"},
			{Value: string(guestlist.CaptchaRecaptchaEnterprise), Text: "reCAPTCHA Enterprise"},
		}},
		{Name: "config.siteKey", Label: v.T("experience.captcha.site"), Value: now.SiteKey, Max: 256, Code: true}, secret,
		{Name: "config.projectId", Label: v.T("experience.captcha.project"), Help: v.T("experience.captcha.project_help"), Value: now.ProjectID,
			Max: 256, Code: true, Optional: true},
	}}}
	return form
}

func captchaBlocks(v *visit, s *settings) []ui.Block { return []ui.Block{v.captchaForm(s.captcha)} }

func postCaptcha(v *visit) error {
	t := securityTab()
	s, err := t.settings(v)
	if err != nil {
		return err
	}
	if v.form.Get("do") == "remove" {
		if err := v.api.Do(v.ctx(), "DELETE", "/captcha-provider", nil, nil); err != nil && guestlist.KindOf(err) != guestlist.KindNotFound {
			return err
		}
		return v.done(t.path(), v.T("experience.captcha.removed"))
	}
	config := map[string]any{"type": v.form.Get("config.type"), "siteKey": v.form.Get("config.siteKey"), "secretKey": v.form.Get("config.secretKey")}
	if s.captcha != nil {
		config["secretKey"] = cmp.Or(v.form.Get("config.secretKey"), s.captcha.SecretKey)
	}
	if id := v.word("config.projectId"); id != nil {
		config["projectId"] = id
	}
	_, err = v.api.Send(v.ctx(), client.Call{Method: "PUT", Path: "/captcha-provider", In: map[string]any{"config": config}})
	if err != nil {
		form := v.captchaForm(s.captcha)
		page := t.page(v, s, t.newForm(v, s))
		columns := page.Body[0].(ui.Columns)
		columns.Main[1] = form
		return v.again(page, form, err)
	}
	return v.done(t.path(), v.T("shell.saved"))
}
