package experience

import (
	"errors"
	"strconv"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// fieldProfile stands before the names of custom profile fields, which might
// otherwise be those of other inputs.
const fieldProfile = "profile."

// asks is one input of the page: a custom profile field, or a part of one.
type asks struct {
	guestlist.ProfileField
	path  string // name of the value, with the address that it is part of: "address.locality"
	group string // heading over it
}

// asksOf lists the inputs for what new people are asked.
func (v *visit) asksOf(fields guestlist.ProfileFields) []asks {
	var all []asks
	for _, f := range fields {
		if f.Type != guestlist.ProfileAddressF && f.Type != guestlist.ProfileFullname {
			all = append(all, asks{ProfileField: f, path: f.Name})
			continue
		}
		for _, p := range f.Config.Parts {
			if !p.Enabled {
				continue
			}
			path := p.Name
			if f.Type == guestlist.ProfileAddressF {
				path = f.Name + "." + p.Name
			}
			all = append(all, asks{ProfileField: p.Field(), path: path, group: v.labelOf(f)})
		}
	}
	return all
}

// labelOf is what a field is called: as the host says, or as it is usually.
func (v *visit) labelOf(f guestlist.ProfileField) string {
	switch {
	case f.Label != "":
		return f.Label
	case v.look.Phrases.Has("pages.profile." + f.Name):
		return v.t("profile." + f.Name)
	}
	return f.Name
}

// autofill are the tokens by which browsers know what is asked (HTML
// §4.10.18.7, WCAG 2.2 §1.3.5).
var autofill = map[string]string{
	"name": "name", "familyName": "family-name", "givenName": "given-name", "middleName": "additional-name",
	"nickname": "nickname", "website": "url", "birthdate": "bday", "locale": "language", "gender": "sex",
	"address.streetAddress": "address-line1", "address.locality": "address-level2", "address.region": "address-level1",
	"address.postalCode": "postal-code", "address.country": "country-name", "company": "organization",
}

// input draws one field. Value is what the guest wrote, or what is known.
func (v *visit) input(a asks, value string) web.Field {
	f := web.Field{
		Name: fieldProfile + a.path, Label: v.labelOf(a.ProfileField), Value: value, Group: a.group,
		Optional: !a.Required, Placeholder: a.Config.Placeholder, Autocomplete: autofill[a.path], Max: guestlist.MaxProfileValueLength,
	}
	if a.Description != nil {
		f.Hint = *a.Description
	}
	if f.Optional && a.Type != guestlist.ProfileCheckbox {
		f.Label = v.optional(f.Label)
	}
	switch a.Type {
	case guestlist.ProfileText:
		if most := a.Config.MaxLength; most != nil && *most > 0 {
			f.Max = *most
		}
	case guestlist.ProfileNumber:
		f.Type, f.InputMode, f.Max = "number", "decimal", 0
	case guestlist.ProfileDate:
		f.Type, f.Max, f.Placeholder = "date", 0, ""
	case guestlist.ProfileURL:
		f.Type, f.InputMode = "url", "url"
	case guestlist.ProfileCheckbox:
		f.Type, f.Max = "checkbox", 0
	case guestlist.ProfileSelect:
		f.Max = 0
		f.Options = optionsOf(a.Config.Options, value)
		if f.Placeholder == "" {
			f.Placeholder = v.t("details.choose")
		}
	default: // a line of text
	}
	return f
}

func optionsOf(choices []guestlist.ProfileOption, value string) []web.Option {
	options := make([]web.Option, 0, len(choices))
	for _, c := range choices {
		label := c.Label
		if label == "" {
			label = c.Value
		}
		options = append(options, web.Option{Value: c.Value, Text: label, Chosen: c.Value == value})
	}
	return options
}

func (v *visit) extraProfilePage(all []asks) *web.Page {
	p := &web.Page{
		Name: "extra-profile", Title: v.t("details.title"), Lead: web.Plain(v.t("details.lead")),
		Form: &web.Form{Action: v.link(signin.PageExtraProfile), Submit: v.t("action.continue")},
	}
	for i, a := range all {
		f := v.input(a, v.answerTo(a))
		f.Focus = i == 0 && a.Type != guestlist.ProfileDate
		p.Form.Fields = append(p.Form.Fields, f)
	}
	return p
}

// answerTo is what the guest wrote, or at first what an outside provider told
// of them.
func (v *visit) answerTo(a asks) string {
	if v.form != nil {
		return v.form.Get(fieldProfile + a.path)
	}
	switch {
	case a.Type == guestlist.ProfileCheckbox:
		return a.Config.DefaultValue
	case v.run == nil:
		return ""
	case a.path == "name":
		return v.run.Profile.Name
	case a.path == "avatar":
		return v.run.Profile.Avatar
	}
	return ""
}

// asked is what this page asks, if it is its turn.
func (v *visit) askedNow() (all []asks, ok bool, err error) {
	fields, err := v.d.Desk.ProfileFieldsOf(v.r.Context(), v.run)
	if err != nil {
		return nil, false, err
	}
	turn := v.run == nil || v.run.Event == guestlist.EventRegister
	return v.asksOf(fields), turn && len(fields) > 0, nil
}

func getExtraProfile(v *visit) error {
	all, ok, err := v.askedNow()
	switch {
	case err != nil:
		return err
	case !ok:
		return v.next(signin.PageRegister)
	}
	return v.show(v.extraProfilePage(all))
}

func postExtraProfile(v *visit) error {
	all, ok, err := v.askedNow()
	switch {
	case err != nil:
		return err
	case !ok:
		return v.next(signin.PageRegister)
	}
	p := v.extraProfilePage(all)
	if _, err := v.submit(signin.SetExtraProfile{Values: v.answers(all)}); err != nil {
		if v.markAnswers(p, all, err) {
			return v.again(p)
		}
		return v.refused(p, err)
	}
	return v.proceed(p)
}

// answers reads the form as the experience API would be given it.
func (v *visit) answers(all []asks) map[string]any {
	values := map[string]any{}
	for _, a := range all {
		text := v.form.Get(fieldProfile + a.path)
		switch a.Type {
		case guestlist.ProfileCheckbox:
			text = strconv.FormatBool(text == "true")
		case guestlist.ProfileDate:
			text = a.ISODate(text)
		default:
		}
		put(values, a, text)
	}
	return values
}

// put puts a value where it belongs: parts of an address into an object.
func put(values map[string]any, a asks, text string) {
	if a.path == a.Name {
		values[a.Name] = text
		return
	}
	whole := a.path[:len(a.path)-len(a.Name)-1]
	parts, ok := values[whole].(map[string]any)
	if !ok {
		parts = map[string]any{}
		values[whole] = parts
	}
	parts[a.Name] = text
}

// markAnswers says at each field what is wrong with it.
func (v *visit) markAnswers(p *web.Page, all []asks, err error) bool {
	var e *guestlist.Error
	if !errors.As(err, &e) {
		return false
	}
	issues, ok := e.Data.(guestlist.ProfileIssues)
	if !ok {
		return false
	}
	found := false
	for _, issue := range issues.Issues {
		for _, a := range all {
			// A whole address that is missing is missed at its first line.
			if a.path == issue.Field || len(a.path) > len(issue.Field) && a.path[:len(issue.Field)+1] == issue.Field+"." {
				found = wrong(p, fieldProfile+a.path, v.problemWith(a, issue.Rule)) || found
				break
			}
		}
	}
	return found
}

// problemWith says what is wrong with an answer, and what would do.
func (v *visit) problemWith(a asks, rule string) string {
	c := a.Config
	switch rule {
	case guestlist.ProfileRuleRequired:
		return v.t("problem.required")
	case guestlist.ProfileRuleShort:
		return v.t("problem.too_short", "min", number(c.MinLength))
	case guestlist.ProfileRuleLong:
		most := guestlist.MaxProfileValueLength
		if a.path == "name" {
			most = guestlist.MaxNameLength
		}
		if c.MaxLength != nil {
			most = min(most, *c.MaxLength)
		}
		return v.t("problem.too_long", "max", most)
	case guestlist.ProfileRuleSmall:
		return v.t("problem.too_small", "min", number(c.MinValue))
	case guestlist.ProfileRuleLarge:
		return v.t("problem.too_large", "max", number(c.MaxValue))
	case guestlist.ProfileRuleOption:
		return v.t("problem.option")
	}
	switch a.Type {
	case guestlist.ProfileNumber:
		return v.t("problem.number")
	case guestlist.ProfileDate:
		return v.t("problem.date")
	case guestlist.ProfileURL:
		return v.t("problem.url")
	default:
		return v.t("problem.format")
	}
}

// number writes a limit for people, without an exponent.
func number[N int | float64](n *N) string {
	if n == nil {
		return ""
	}
	return strconv.FormatFloat(float64(*n), 'f', -1, 64)
}
