package console

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

const pathProfileFields = pathExperience + "/profile-fields"

func profileFieldRoutes() []route {
	return []route{
		get(pathProfileFields, getProfileFields), post(pathProfileFields, postFieldOrder),
		get(pathProfileFields+"/new", getNewProfileField), post(pathProfileFields+"/new", postNewProfileField),
		get(pathProfileFields+"/{name}", getProfileField), post(pathProfileFields+"/{name}", postProfileField),
		get(pathProfileFields+"/{name}/delete", getDeleteProfileField), post(pathProfileFields+"/{name}/delete", postDeleteProfileField),
	}
}

func profileFieldPath(name string) string { return pathProfileFields + "/" + client.Segment(name) }

// profileFields are the fields with what is asked at sign-up.
type profileFields struct {
	all guestlist.ProfileFields
	exp guestlist.SignInExperience
	tag string
}

func (v *visit) profileFields() (*profileFields, error) {
	p := &profileFields{}
	if err := v.api.Do(v.ctx(), "GET", "/custom-profile-fields", nil, &p.all); err != nil {
		return nil, err
	}
	var err error
	p.tag, err = v.api.Get(v.ctx(), "/sign-in-exp", &p.exp)
	return p, err
}

// asked are the names of the fields that new people are asked for.
func (p *profileFields) asked() []string {
	out := []string{}
	for _, f := range p.all.Asked(p.exp.SignUpProfileFields) {
		out = append(out, f.Name)
	}
	return out
}

// orderForm says which fields are asked for, and in what order.
func (p *profileFields) orderForm(v *visit) *ui.Form {
	f := ui.Field{Kind: ui.KindOrder, Name: "fields", API: "signUpProfileFields", Label: v.T("experience.fields.asked"),
		Help: v.T("experience.fields.asked_help"), Values: p.asked()}
	for _, x := range p.all {
		f.Options = append(f.Options, ui.Option{Value: x.Name, Text: v.fieldName(x)})
	}
	return &ui.Form{Action: pathProfileFields, Submit: v.T("shell.save"), Tag: p.tag, Sections: []ui.FormSection{{Title: v.T("experience.fields.order"), Fields: []ui.Field{f}}}}
}

func (p *profileFields) page(v *visit, form *ui.Form) *ui.Page {
	create := ui.Action{Text: v.T("experience.fields.new"), Href: pathProfileFields + "/new", Primary: true, Icon: "plus"}
	t := ui.Table{
		Caption: v.T("experience.tab.fields"),
		Columns: []ui.Column{{Text: v.T("experience.fields.label")}, {Text: v.T("experience.fields.name"), Minor: true}, {Text: v.T("experience.fields.type")}, {Text: v.T("experience.fields.required")}},
		Empty:   &ui.Empty{Icon: "users", Title: v.T("experience.fields.empty"), Text: v.T("experience.fields.empty_text"), Actions: []ui.Action{create}},
	}
	for _, f := range p.all {
		required := ui.Cell{Text: v.T("experience.fields.optional"), Quiet: true}
		if f.Required {
			required = ui.Text(v.T("experience.fields.required"))
		}
		t.Rows = append(t.Rows, ui.Row{Href: profileFieldPath(f.Name), Cells: []ui.Cell{
			ui.Text(v.fieldName(f)), {Text: f.Name, Code: true}, ui.Text(v.T("experience.fields.of." + string(f.Type))), required,
		}})
	}
	h := v.experienceHeader(pathProfileFields)
	body := []ui.Block{t}
	if len(p.all) > 0 {
		h.Actions = []ui.Action{create}
		body = append(body, form)
	}
	return &ui.Page{Name: "profile-fields", Header: h, Body: body}
}

func getProfileFields(v *visit) error {
	p, err := v.profileFields()
	if err != nil {
		return err
	}
	return v.show(p.page(v, p.orderForm(v)))
}

// postFieldOrder writes the order of all fields and which of them are asked.
func postFieldOrder(v *visit) error {
	p, err := v.profileFields()
	if err != nil {
		return err
	}
	asked := ui.OrderOf(v.form, "fields")
	names := []guestlist.ProfileFieldName{}
	for _, name := range asked {
		names = append(names, guestlist.ProfileFieldName{Name: name})
	}
	_, err = v.api.Send(v.ctx(), client.Call{
		Method: "PATCH", Path: "/sign-in-exp", In: map[string]any{"signUpProfileFields": names}, Tag: v.form.Get(ui.FieldTag),
	})
	if err != nil {
		form := p.orderForm(v)
		return v.again(p.page(v, form), form, err)
	}
	order := []map[string]any{}
	for _, f := range p.all {
		if !slices.Contains(asked, f.Name) {
			asked = append(asked, f.Name)
		}
	}
	for i, name := range asked {
		order = append(order, map[string]any{"name": name, "sieOrder": i + 1})
	}
	if err := v.api.Do(v.ctx(), "POST", "/custom-profile-fields/properties/sie-order", map[string]any{"order": order}, nil); err != nil {
		return err
	}
	return v.done(pathProfileFields, v.T("shell.saved"))
}

// fieldTypes are the kinds of fields, in the order of the form.
var fieldTypes = []string{"Text", "Number", "Date", "Checkbox", "Select", "Url", "Regex", "Address", "Fullname"}

// fieldName is what a field is called: as the host says, or in the words of the
// house where it is one that every account has.
func (v *visit) fieldName(f guestlist.ProfileField) string {
	if own := keyOwnField + f.Name; f.Label == "" && v.d.set.Phrases.Has(own) {
		return v.T(own)
	}
	return cmp.Or(f.Label, f.Name)
}

// keyOwnField stands before the names of fields that every account has.
const keyOwnField = "experience.fields.own."

// fieldForm has what every kind of field needs, and what its own kind does. A
// new one begins with its name and kind, and is filled in on its own page.
func (v *visit) fieldForm(f guestlist.ProfileField, tag string) *ui.Form {
	return &ui.Form{
		Action: profileFieldPath(f.Name), Submit: v.T("shell.save"), Tag: tag, Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: pathProfileFields},
		Sections: []ui.FormSection{
			{Fields: []ui.Field{
				{Name: "label", Label: v.T("experience.fields.label"), Help: v.T("experience.fields.label_help"), Value: f.Label, Max: 128},
				{Name: "description", Label: v.T("experience.fields.description"), Value: orZero(f.Description, ""), Max: 256, Optional: true},
				{Kind: ui.KindSwitch, Name: "required", Label: v.T("experience.fields.required_switch"), On: f.Required, Locked: f.Type == guestlist.ProfileCheckbox},
			}},
			{Title: v.T("experience.fields.of." + string(f.Type)), Fields: v.configFields(f)},
		},
	}
}

// configFields are what a kind of field takes.
func (v *visit) configFields(f guestlist.ProfileField) []ui.Field {
	c := f.Config
	field := func(name, value string) ui.Field {
		return ui.Field{Name: "config." + name, Label: v.T("experience.fields.config." + name), Value: value, Max: 128, Optional: true}
	}
	number := func(name string, value *int) ui.Field {
		x := field(name, "")
		if value != nil {
			x.Value = strconv.Itoa(*value)
		}
		x.Kind = ui.KindNumber
		return x
	}
	decimal := func(name string, value *float64) ui.Field {
		x := field(name, "")
		if value != nil {
			x.Value = strconv.FormatFloat(*value, 'f', -1, 64)
		}
		return x
	}
	placeholder := field("placeholder", c.Placeholder)
	placeholder.Max = guestlist.MaxProfileFieldText
	switch f.Type {
	case guestlist.ProfileText:
		return []ui.Field{placeholder, number("minLength", c.MinLength), number("maxLength", c.MaxLength)}
	case guestlist.ProfileNumber:
		return []ui.Field{placeholder, decimal("minValue", c.MinValue), decimal("maxValue", c.MaxValue)}
	case guestlist.ProfileDate:
		format := c.Format
		if format == guestlist.DateCustom {
			format = c.CustomFormat
		}
		x := field("format", format)
		x.Code, x.Optional, x.Placeholder, x.Help = true, false, guestlist.DateISO, v.T("experience.fields.config.format_help")
		return []ui.Field{placeholder, x}
	case guestlist.ProfileCheckbox:
		return []ui.Field{{Kind: ui.KindSwitch, Name: "config.defaultValue", Label: v.T("experience.fields.config.defaultValue"), On: c.DefaultValue == "true"}}
	case guestlist.ProfileSelect:
		var pairs []ui.Pair
		for _, o := range c.Options {
			pairs = append(pairs, ui.Pair{Key: o.Value, Value: o.Label})
		}
		return []ui.Field{placeholder, {Kind: ui.KindPairs, Name: "config.options", Label: v.T("experience.fields.config.options"),
			Help: v.T("experience.fields.config.options_help"), Pairs: pairs}}
	case guestlist.ProfileRegex:
		x := field("format", c.Format)
		x.Label, x.Code, x.Optional, x.Help = v.T("experience.fields.config.regex"), true, false, v.T("experience.fields.config.regex_help")
		return []ui.Field{placeholder, x}
	case guestlist.ProfileAddressF, guestlist.ProfileFullname:
		parts := ui.Field{Kind: ui.KindOrder, Name: "config.parts", Label: v.T("experience.fields.config.parts")}
		for _, name := range partNames[f.Type] {
			parts.Options = append(parts.Options, ui.Option{Value: name, Text: v.T("experience.fields.part." + name)})
		}
		for _, p := range c.Parts {
			if p.Enabled {
				parts.Values = append(parts.Values, p.Name)
			}
		}
		return []ui.Field{parts}
	default:
		return []ui.Field{placeholder}
	}
}

// partNames are what an address and a full name are made of.
var partNames = map[guestlist.ProfileFieldType][]string{
	guestlist.ProfileAddressF: {"streetAddress", "postalCode", "locality", "region", "country", "formatted"},
	guestlist.ProfileFullname: {"givenName", "middleName", "familyName"},
}

// typedField reads what a form sent for a field.
func (v *visit) typedField(f guestlist.ProfileField, form *ui.Form) map[string]any {
	c := guestlist.ProfileFieldConfig{Placeholder: v.form.Get("config.placeholder")}
	switch f.Type {
	case guestlist.ProfileText:
		c.MinLength, c.MaxLength = v.maybeInt(form, "config.minLength"), v.maybeInt(form, "config.maxLength")
	case guestlist.ProfileNumber:
		c.MinValue, c.MaxValue = v.maybeNumber(form, "config.minValue"), v.maybeNumber(form, "config.maxValue")
	case guestlist.ProfileDate:
		c.Format = guestlist.DateISO
		if typed := strings.TrimSpace(v.form.Get("config.format")); typed != "" && typed != guestlist.DateISO {
			c.Format, c.CustomFormat = guestlist.DateCustom, typed
		}
	case guestlist.ProfileCheckbox:
		c.DefaultValue = strconv.FormatBool(v.on("config.defaultValue"))
	case guestlist.ProfileSelect:
		c.Options = []guestlist.ProfileOption{}
		for _, p := range ui.PairsOf(v.form, "config.options") {
			c.Options = append(c.Options, guestlist.ProfileOption{Value: p.Key, Label: p.Value})
		}
	case guestlist.ProfileRegex:
		c.Format = v.form.Get("config.format")
	case guestlist.ProfileAddressF, guestlist.ProfileFullname:
		c.Parts = v.typedParts(f)
	default:
	}
	in := map[string]any{"type": f.Type, "required": v.on("required"), "config": c, "description": strings.TrimSpace(v.form.Get("description"))}
	if label := strings.TrimSpace(v.form.Get("label")); label != "" {
		in["label"] = label
	} else {
		form.Mark("label", v.T("ui.issue.required"))
	}
	return in
}

// typedParts keeps what is set for parts elsewhere.
func (v *visit) typedParts(f guestlist.ProfileField) []guestlist.ProfilePart {
	chosen := ui.OrderOf(v.form, "config.parts")
	names := slices.Clone(chosen)
	for _, name := range partNames[f.Type] {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	out := []guestlist.ProfilePart{}
	for _, name := range names {
		p := guestlist.ProfilePart{Name: name, Type: guestlist.ProfileText}
		if i := slices.IndexFunc(f.Config.Parts, func(p guestlist.ProfilePart) bool { return p.Name == name }); i >= 0 {
			p = f.Config.Parts[i]
		}
		p.Enabled = slices.Contains(chosen, name)
		out = append(out, p)
	}
	return out
}

func (v *visit) maybeInt(form *ui.Form, name string) *int {
	if strings.TrimSpace(v.form.Get(name)) == "" {
		return nil
	}
	return v.number(form, name)
}

func (v *visit) maybeNumber(form *ui.Form, name string) *float64 {
	text := strings.ReplaceAll(strings.TrimSpace(v.form.Get(name)), ",", ".")
	if text == "" {
		return nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n-n != 0 { // JSON has no infinity
		form.Mark(name, v.T("ui.issue.number"))
		return nil
	}
	return &n
}

// fieldErrors are the refusals of a field, by the fields of the form.
var fieldErrors = []string{
	"custom_profile_fields.invalid_name", "name", "custom_profile_fields.name_conflict_sign_in_identifier", "name",
	"custom_profile_fields.name_conflict_built_in_prop", "name", "custom_profile_fields.name_exists", "name",
	"custom_profile_fields.invalid_min_max_input", "config.maxLength", "custom_profile_fields.invalid_min_max_input", "config.maxValue",
	"custom_profile_fields.invalid_date_format", "config.format", "custom_profile_fields.invalid_regex_format", "config.format",
	"custom_profile_fields.invalid_options", "config.options", "custom_profile_fields.invalid_address_components", "config.parts",
	"custom_profile_fields.invalid_fullname_components", "config.parts",
}

func (v *visit) newFieldForm() *ui.Form {
	kinds := ui.Field{Kind: ui.KindRadio, Name: "type", Label: v.T("experience.fields.type"), Value: fieldTypes[0]}
	for _, t := range fieldTypes {
		kinds.Options = append(kinds.Options, ui.Option{Value: t, Text: v.T("experience.fields.of." + t), Help: v.T("experience.fields.about." + t)})
	}
	return &ui.Form{
		Action: pathProfileFields + "/new", Submit: v.T("experience.fields.new"), Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: pathProfileFields},
		Sections: []ui.FormSection{{Fields: []ui.Field{
			{Name: "label", Label: v.T("experience.fields.label"), Help: v.T("experience.fields.label_help"), Max: 128, Focus: true},
			{Name: "name", Label: v.T("experience.fields.name"), Help: v.T("experience.fields.name_help"), Max: 128, Code: true}, kinds,
		}}},
	}
}

func (v *visit) fieldPage(name, title string, form *ui.Form, actions ...ui.Action) *ui.Page {
	return &ui.Page{Name: name, Body: []ui.Block{form}, Header: ui.Header{
		Title: title, Crumbs: v.experienceCrumbs(pathProfileFields, "fields"), Actions: actions,
	}}
}

func getNewProfileField(v *visit) error {
	return v.show(v.fieldPage("new-profile-field", v.T("experience.fields.new"), v.newFieldForm()))
}

// firstConfig is what a new field of a kind begins with, where it needs
// something.
func (v *visit) firstConfig(t guestlist.ProfileFieldType) guestlist.ProfileFieldConfig {
	var c guestlist.ProfileFieldConfig
	switch t {
	case guestlist.ProfileDate:
		c.Format = guestlist.DateISO
	case guestlist.ProfileCheckbox:
		c.DefaultValue = "false"
	case guestlist.ProfileSelect:
		c.Options = []guestlist.ProfileOption{{Value: "1", Label: v.T("experience.fields.first_option")}}
	case guestlist.ProfileRegex:
		c.Format = "^.+$"
	case guestlist.ProfileAddressF, guestlist.ProfileFullname:
		for _, name := range partNames[t] {
			c.Parts = append(c.Parts, guestlist.ProfilePart{Name: name, Type: guestlist.ProfileText, Enabled: name != "formatted" && name != "middleName"})
		}
	default:
	}
	return c
}

func postNewProfileField(v *visit) error {
	t := guestlist.ProfileFieldType(v.form.Get("type"))
	name := strings.TrimSpace(v.form.Get("name"))
	label := strings.TrimSpace(v.form.Get("label"))
	in := map[string]any{"name": name, "label": label, "type": t, "required": false, "config": v.firstConfig(t)}
	var made guestlist.ProfileField
	if err := v.api.Do(v.ctx(), "POST", "/custom-profile-fields", in, &made); err != nil {
		form := v.newFieldForm()
		return v.again(v.fieldPage("new-profile-field", v.T("experience.fields.new"), form), form, err, fieldErrors...)
	}
	return v.done(profileFieldPath(made.Name), v.T("experience.fields.created"))
}

func (v *visit) profileField() (f guestlist.ProfileField, tag string, err error) {
	tag, err = v.api.Get(v.ctx(), "/custom-profile-fields/"+client.Segment(v.id("name")), &f)
	return f, tag, err
}

func (v *visit) editPage(f guestlist.ProfileField, form *ui.Form) *ui.Page {
	p := v.fieldPage("profile-field", v.fieldName(f), form,
		ui.Action{Text: v.T("experience.fields.delete"), Href: profileFieldPath(f.Name) + "/delete", Danger: true, Icon: "trash"})
	p.Header.ID = f.Name
	return p
}

func getProfileField(v *visit) error {
	f, tag, err := v.profileField()
	if err != nil {
		return err
	}
	return v.show(v.editPage(f, v.fieldForm(f, tag)))
}

func postProfileField(v *visit) error {
	f, tag, err := v.profileField()
	if err != nil {
		return err
	}
	form := v.fieldForm(f, tag)
	in := v.typedField(f, form)
	if err = errMarked; len(form.Problems()) == 0 {
		_, err = v.api.Send(v.ctx(), client.Call{
			Method: "PUT", Path: "/custom-profile-fields/" + client.Segment(f.Name), In: in, Tag: v.form.Get(ui.FieldTag),
		})
	}
	if err != nil {
		return v.again(v.editPage(f, form), form, err, fieldErrors...)
	}
	return v.done(pathProfileFields, v.T("shell.saved"))
}

func getDeleteProfileField(v *visit) error {
	f, _, err := v.profileField()
	if err != nil {
		return err
	}
	name := v.fieldName(f)
	return v.show(&ui.Page{
		Name: "delete-profile-field",
		Header: ui.Header{
			Title:  v.T("experience.fields.delete_title", "name", name),
			Crumbs: append(v.experienceCrumbs(pathProfileFields, "fields"), ui.Link{Text: name, Href: profileFieldPath(f.Name)}),
		},
		Body: []ui.Block{ui.Confirm{
			Text: v.T("experience.fields.delete_text"), Action: profileFieldPath(f.Name) + "/delete", Submit: v.T("experience.fields.delete"),
			Cancel: ui.Link{Text: v.T("shell.cancel"), Href: profileFieldPath(f.Name)},
		}},
	})
}

func postDeleteProfileField(v *visit) error {
	f, _, err := v.profileField()
	if err != nil {
		return err
	}
	if err := v.api.Do(v.ctx(), "DELETE", "/custom-profile-fields/"+client.Segment(f.Name), nil, nil); err != nil {
		return err
	}
	return v.done(pathProfileFields, v.T("experience.fields.deleted", "name", v.fieldName(f)))
}
