package experience

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// The input names, which browser tests of Logto's integrators know.
const (
	fieldIdentifier = "identifier"
	fieldPassword   = "password"
	fieldNew        = "newPassword"
	fieldConfirm    = "confirmPassword"
	fieldCode       = "code"
	fieldTerms      = "terms"
)

// wrong marks a field of a page and reports whether the page has it. The first
// wrong field gets the focus.
func wrong(p *web.Page, field, text string) bool {
	if p.Form == nil {
		return false
	}
	found := false
	for i := range p.Form.Fields {
		if f := &p.Form.Fields[i]; f.Name == field {
			f.Error, found = text, true
		}
	}
	for i := range p.Form.Checks {
		if c := &p.Form.Checks[i]; c.Name == field {
			c.Error, found = text, true
		}
	}
	if !found {
		return false
	}
	focused := false
	for i := range p.Form.Fields {
		f := &p.Form.Fields[i]
		f.Focus = f.Error != "" && !focused
		focused = focused || f.Focus
	}
	return true
}

// again shows a page whose form was refused.
func (v *visit) again(p *web.Page) error { return v.showAs(http.StatusUnprocessableEntity, p) }

// refused answers a form that the desk refused: the page again, saying what is
// wrong and what to do, or another page where this one cannot go on.
func (v *visit) refused(p *web.Page, err error) error {
	code := guestlist.CodeOf(err)
	switch code {
	case "":
		return err
	case "session.not_found":
		return v.over()
	case "session.interaction_not_found", "session.identifier_not_found":
		return v.unknownSession()
	case "user.suspended":
		return v.next(pageSuspended)
	case "user.missing_profile":
		if missing := missingOf(err); missing != "" {
			return v.next(signin.ContinuePage(missing))
		}
	case "session.sso_enabled":
		return v.toOrganization()
	case "session.captcha_required":
		if !captchaPages[p.Name] {
			return v.toCaptcha()
		}
	case "one_time_token.confirmation_required":
		if v.run != nil && v.run.Invite != nil {
			return v.next(signin.PageInvitation)
		}
		return v.next(signin.PageOneTimeToken)
	}
	if strings.HasPrefix(code, "invitation.") {
		return v.notAccepted(p, err)
	}
	if strings.HasPrefix(code, "one_time_token.") {
		return v.next(pageTokenError)
	}
	field, text := v.explain(err)
	if !wrong(p, field, text) {
		p.Alert = &web.Alert{Text: text}
	}
	status := web.Status(err)
	if status < http.StatusBadRequest || status == http.StatusUnauthorized {
		status = http.StatusUnprocessableEntity
	}
	return v.showAs(status, p)
}

// over answers for an interaction that takes no more actions: one that is
// finished goes on to the application, so that a second press of the button
// leads where the first one did.
func (v *visit) over() error {
	step, err := v.submit(signin.Finish{})
	if err == nil && step.Finished {
		return v.finished(step)
	}
	return v.unknownSession()
}

// explain returns the field that a refusal is about, or "", and what to tell
// the guest.
func (v *visit) explain(err error) (field, text string) {
	var e *guestlist.Error
	if !errors.As(err, &e) {
		return "", ""
	}
	for _, about := range [][2]string{
		{"verification_code.", fieldCode}, {"password.rejected", fieldNew}, {"user.same_password", fieldNew},
		{"user.username_", fieldIdentifier}, {"user.email_", fieldIdentifier}, {"user.phone_", fieldIdentifier},
		{"user.user_not_exist", fieldIdentifier}, {"session.email_blocklist.", fieldIdentifier},
	} {
		if strings.HasPrefix(e.Code, about[0]) {
			field = about[1]
		}
	}
	switch e.Code {
	case "password.rejected":
		if text := v.issues(e); text != "" {
			return field, text
		}
	case "auth.forbidden":
		return field, v.t("problem.closed")
	case "user.user_not_exist":
		return field, v.t("problem.no_account")
	case "connector.not_found":
		return field, v.t("problem.no_sender")
	case "guard.invalid_input":
		return fieldIdentifier, v.t("problem.required")
	}
	return field, v.d.Manners.Message(v.look.Lang, e)
}

// issues writes the reasons why a password was rejected, one sentence each.
func (v *visit) issues(e *guestlist.Error) string {
	list, ok := e.Data.([]guestlist.PasswordIssue)
	if !ok {
		return ""
	}
	var texts []string
	for _, issue := range list {
		args := map[string]any{}
		for name, n := range issue.Interpolation {
			args[name] = n
		}
		texts = append(texts, v.look.Phrases.T(v.look.Lang, "errors."+issue.Code, args))
	}
	return strings.Join(texts, " ")
}

// missingOf returns the first thing that an account still needs.
func missingOf(err error) string {
	var e *guestlist.Error
	if !errors.As(err, &e) {
		return ""
	}
	raw, jerr := json.Marshal(e.Data)
	if jerr != nil {
		return ""
	}
	var data struct {
		MissingProfile []string `json:"missingProfile"`
	}
	if json.Unmarshal(raw, &data) != nil || len(data.MissingProfile) == 0 {
		return ""
	}
	return data.MissingProfile[0]
}
