package experience

import (
	"guestlist/internal/web"
)

// The values of agreeToTermsPolicy (wire §6.6).
const (
	termsManual             = "Manual"
	termsManualRegistration = "ManualRegistrationOnly"
)

// termsKey chooses the sentence by what the tenant has, "" if nothing.
func (v *visit) termsKey() string {
	switch {
	case v.look.TermsURL != "" && v.look.PrivacyURL != "":
		return "both"
	case v.look.TermsURL != "":
		return "terms"
	case v.look.PrivacyURL != "":
		return "privacy"
	}
	return ""
}

// mustTick reports whether the guest agrees by a checkbox.
func (v *visit) mustTick(registers bool) bool {
	if v.termsKey() == "" {
		return false
	}
	p := v.exp.AgreeToTermsPolicy
	return p == termsManual || registers && p == termsManualRegistration
}

// terms adds to a page what the guest agrees to: a checkbox, or a sentence.
// registers says that the page leads to a new account.
func (v *visit) terms(p *web.Page, registers bool) {
	kind := v.termsKey()
	if kind == "" {
		return
	}
	slots := map[string]web.Part{
		"terms":   {Text: v.t("foot.terms"), Href: v.look.TermsURL, Away: true},
		"privacy": {Text: v.t("foot.privacy"), Href: v.look.PrivacyURL, Away: true},
	}
	if v.mustTick(registers) {
		label := v.look.Phrases.Parts(v.look.Lang, "pages.terms.check_"+kind, slots)
		p.Form.Checks = append(p.Form.Checks, web.Check{Name: fieldTerms, Label: label, Checked: v.form.Get(fieldTerms) != ""})
	} else if v.exp.AgreeToTermsPolicy != termsManualRegistration {
		p.Note = v.look.Phrases.Parts(v.look.Lang, "pages.terms.implied_"+kind, slots)
	}
	if p.Note != nil || len(p.Form.Checks) > 0 {
		v.look.TermsURL, v.look.PrivacyURL = "", "" // said once is enough
	}
}

// agreed checks the box and marks it if it is not ticked.
func (v *visit) agreed(p *web.Page) bool {
	if p.Form == nil || len(p.Form.Checks) == 0 || v.form.Get(fieldTerms) != "" {
		return true
	}
	return !wrong(p, fieldTerms, v.t("problem.terms"))
}
