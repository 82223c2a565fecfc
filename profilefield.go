package guestlist

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// ProfileFieldType is the kind of a custom profile field.
type ProfileFieldType string

// The kinds of custom profile fields, in the words of the wire.
const (
	ProfileText     ProfileFieldType = "Text"
	ProfileNumber   ProfileFieldType = "Number"
	ProfileDate     ProfileFieldType = "Date"
	ProfileCheckbox ProfileFieldType = "Checkbox"
	ProfileSelect   ProfileFieldType = "Select"
	ProfileURL      ProfileFieldType = "Url"
	ProfileRegex    ProfileFieldType = "Regex"
	ProfileAddressF ProfileFieldType = "Address"
	ProfileFullname ProfileFieldType = "Fullname"
)

// The limits of custom profile fields.
const (
	MaxProfileFields      = 100  // fields
	MaxProfileFieldName   = 128  // characters, of names, labels and formats
	MaxProfileFieldText   = 256  // characters, of descriptions and placeholders
	MaxProfileOptions     = 300  // choices of a Select
	MaxProfileValueLength = 2048 // characters of an answer
)

// ProfileField is something that the host wants to know of new people. Its
// JSON is the wire format of /api/custom-profile-fields.
type ProfileField struct {
	TenantID    string             `json:"tenantId"`
	ID          ProfileFieldID     `json:"id"`
	Name        string             `json:"name"` // letters and digits; where the answer is kept, see ProfileFields.Check
	Type        ProfileFieldType   `json:"type"`
	Label       string             `json:"label"`
	Description *string            `json:"description"`
	Required    bool               `json:"required"`
	Config      ProfileFieldConfig `json:"config"`
	CreatedAt   Time               `json:"createdAt"`
	SIEOrder    int                `json:"sieOrder"` // pages ask in this order
}

// ProfileFieldConfig is what a field takes. Which members mean something
// depends on the type.
type ProfileFieldConfig struct {
	Placeholder  string          `json:"placeholder,omitempty" check:"max=256"`
	MinLength    *int            `json:"minLength,omitempty" check:"min=0,max=2048"` // of Text, in characters
	MaxLength    *int            `json:"maxLength,omitempty" check:"min=0,max=2048"`
	MinValue     *float64        `json:"minValue,omitempty"` // of Number
	MaxValue     *float64        `json:"maxValue,omitempty"`
	Format       string          `json:"format,omitempty" check:"max=128"`       // of Date, or the expression of Regex
	CustomFormat string          `json:"customFormat,omitempty" check:"max=128"` // of Date, where Format is DateCustom
	Options      []ProfileOption `json:"options,omitempty" check:"max=300"`      // of Select
	DefaultValue string          `json:"defaultValue,omitempty" check:"max=128"` // of Checkbox: true or false
	Parts        []ProfilePart   `json:"parts,omitempty" check:"max=20"`         // of Address and Fullname
}

// ProfileOption is a choice of a Select; without a label its value is shown.
type ProfileOption struct {
	Label string `json:"label,omitempty" check:"max=256"`
	Value string `json:"value" check:"min=1,max=256"`
}

// ProfilePart is one line of an Address or a Fullname.
type ProfilePart struct {
	Enabled     bool              `json:"enabled"`
	Name        string            `json:"name" check:"max=128"`
	Type        ProfileFieldType  `json:"type" check:"enum=Text|Number|Date|Checkbox|Select|Url|Regex|Address|Fullname"`
	Label       string            `json:"label,omitempty" check:"max=128"`
	Description string            `json:"description,omitempty" check:"max=256"`
	Required    bool              `json:"required"`
	Config      ProfilePartConfig `json:"config,omitzero"`
}

// ProfilePartConfig is ProfileFieldConfig without parts.
type ProfilePartConfig struct {
	Placeholder  string          `json:"placeholder,omitempty" check:"max=256"`
	MinLength    *int            `json:"minLength,omitempty" check:"min=0,max=2048"`
	MaxLength    *int            `json:"maxLength,omitempty" check:"min=0,max=2048"`
	MinValue     *float64        `json:"minValue,omitempty"`
	MaxValue     *float64        `json:"maxValue,omitempty"`
	Format       string          `json:"format,omitempty" check:"max=128"`
	CustomFormat string          `json:"customFormat,omitempty" check:"max=128"`
	Options      []ProfileOption `json:"options,omitempty" check:"max=300"`
	DefaultValue string          `json:"defaultValue,omitempty" check:"max=128"`
}

// For returns c with those members alone that mean something for a type.
func (c ProfileFieldConfig) For(t ProfileFieldType) ProfileFieldConfig {
	out := ProfileFieldConfig{Placeholder: c.Placeholder}
	switch t {
	case ProfileText:
		out.MinLength, out.MaxLength = c.MinLength, c.MaxLength
	case ProfileNumber:
		out.MinValue, out.MaxValue = c.MinValue, c.MaxValue
	case ProfileDate:
		out.Format, out.CustomFormat = c.Format, c.CustomFormat
	case ProfileCheckbox:
		out.Placeholder, out.DefaultValue = "", c.DefaultValue
	case ProfileSelect:
		out.Options = c.Options
	case ProfileRegex:
		out.Format = c.Format
	case ProfileAddressF, ProfileFullname:
		out.Placeholder, out.Parts = "", c.Parts
	case ProfileURL: // nothing but the placeholder
	}
	return out
}

// Field returns a part as a field of its own, named as its values are.
func (p ProfilePart) Field() ProfileField {
	f := ProfileField{Name: p.Name, Type: p.Type, Label: p.Label, Required: p.Required, Config: ProfileFieldConfig{
		Placeholder: p.Config.Placeholder, MinLength: p.Config.MinLength, MaxLength: p.Config.MaxLength,
		MinValue: p.Config.MinValue, MaxValue: p.Config.MaxValue, Format: p.Config.Format, CustomFormat: p.Config.CustomFormat,
		Options: p.Config.Options, DefaultValue: p.Config.DefaultValue,
	}}
	if p.Description != "" {
		f.Description = &p.Description
	}
	return f
}

// The names that parts of an address and of a full name have.
var (
	addressParts  = []string{"formatted", "streetAddress", "locality", "region", "postalCode", "country"}
	fullnameParts = []string{"givenName", "middleName", "familyName"}
)

// signInKeys are names that would be taken for identifiers.
var signInKeys = []string{"username", "email", "phone", "primaryEmail", "primaryPhone"}

// builtInTypes are the types of those names that take no other.
var builtInTypes = map[string][]ProfileFieldType{
	"address":  {ProfileAddressF},
	"fullname": {ProfileFullname},
	"avatar":   {ProfileURL},
	"profile":  {ProfileURL},
	"website":  {ProfileURL},
}

// Refusal returns why a field cannot be set up as it is, or nil. The refusals
// are 400 with a code of custom_profile_fields.
func (f ProfileField) Refusal() error {
	switch {
	case !isProfileFieldName(f.Name):
		return Refuse(KindInvalid, "custom_profile_fields.invalid_name")
	case slices.Contains(signInKeys, f.Name):
		return Refuse(KindInvalid, "custom_profile_fields.name_conflict_sign_in_identifier").WithArgs(map[string]any{"name": f.Name})
	}
	if types, ok := builtInTypes[f.Name]; ok && !slices.Contains(types, f.Type) || f.Type == ProfileFullname && f.Name != "fullname" {
		return Refuse(KindInvalid, "custom_profile_fields.name_conflict_built_in_prop").WithArgs(map[string]any{"name": f.Name})
	}
	return f.configRefusal()
}

func isProfileFieldName(name string) bool {
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && len(name) <= MaxProfileFieldName
}

func (f ProfileField) configRefusal() error {
	c := f.Config
	switch f.Type {
	case ProfileText:
		if c.MinLength != nil && c.MaxLength != nil && *c.MinLength > *c.MaxLength {
			return Refuse(KindInvalid, "custom_profile_fields.invalid_min_max_input")
		}
	case ProfileNumber:
		if c.MinValue != nil && c.MaxValue != nil && *c.MinValue > *c.MaxValue {
			return Refuse(KindInvalid, "custom_profile_fields.invalid_min_max_input")
		}
	case ProfileDate:
		if _, ok := dateLayout(c); !ok {
			return Refuse(KindInvalid, "custom_profile_fields.invalid_date_format")
		}
	case ProfileCheckbox:
		if c.DefaultValue != "" && c.DefaultValue != "true" && c.DefaultValue != "false" {
			return Refuse(KindInvalid, "custom_profile_fields.invalid_default_value")
		}
	case ProfileSelect:
		if !goodOptions(c.Options) {
			return Refuse(KindInvalid, "custom_profile_fields.invalid_options")
		}
	case ProfileRegex:
		if _, err := regexp.Compile(c.Format); err != nil || c.Format == "" {
			return Refuse(KindInvalid, "custom_profile_fields.invalid_regex_format")
		}
	case ProfileAddressF:
		return partsRefusal(c.Parts, addressParts, Refuse(KindInvalid, "custom_profile_fields.invalid_address_components"))
	case ProfileFullname:
		return partsRefusal(c.Parts, fullnameParts, Refuse(KindInvalid, "custom_profile_fields.invalid_fullname_components"))
	case ProfileURL: // nothing to set
	}
	return nil
}

func goodOptions(options []ProfileOption) bool {
	seen := map[string]bool{}
	for _, o := range options {
		if o.Value == "" || seen[o.Value] || !utf8.ValidString(o.Value) {
			return false
		}
		seen[o.Value] = true
	}
	return len(options) > 0 && len(options) <= MaxProfileOptions
}

// partsRefusal holds the parts of a composed field against the names that they
// may have.
func partsRefusal(parts []ProfilePart, names []string, wrong error) error {
	seen := map[string]bool{}
	enabled := false
	for _, p := range parts {
		if !slices.Contains(names, p.Name) || seen[p.Name] {
			return wrong
		}
		seen[p.Name] = true
		enabled = enabled || p.Enabled
		if p.Type == ProfileAddressF || p.Type == ProfileFullname {
			return Refuse(KindInvalid, "custom_profile_fields.invalid_sub_component_type")
		}
		if err := p.Field().configRefusal(); err != nil {
			return err
		}
	}
	if !enabled {
		return wrong
	}
	return nil
}

// The formats of a Date that need no CustomFormat, and the one that does.
const (
	DateISO    = "yyyy-MM-dd"
	DateCustom = "custom"
)

// dateLayout translates a format to one of package time. A format has the
// year (yyyy), the month (MM or M) and the day (dd or d) once each, apart from
// each other by what is no letter and no digit.
func dateLayout(c ProfileFieldConfig) (string, bool) {
	format := c.Format
	if format == DateCustom {
		format = c.CustomFormat
	}
	if format == "" {
		format = DateISO
	}
	layout := strings.Builder{}
	var years, months, days int
	for rest := format; rest != ""; {
		switch {
		case strings.HasPrefix(rest, "yyyy"):
			years, rest = years+1, rest[4:]
			layout.WriteString("2006")
		case strings.HasPrefix(rest, "MM"):
			months, rest = months+1, rest[2:]
			layout.WriteString("01")
		case strings.HasPrefix(rest, "M"):
			months, rest = months+1, rest[1:]
			layout.WriteString("1")
		case strings.HasPrefix(rest, "dd"):
			days, rest = days+1, rest[2:]
			layout.WriteString("02")
		case strings.HasPrefix(rest, "d"):
			days, rest = days+1, rest[1:]
			layout.WriteString("2")
		case strings.ContainsRune("-/. ,", rune(rest[0])):
			layout.WriteByte(rest[0])
			rest = rest[1:]
		default:
			return "", false
		}
	}
	return layout.String(), years == 1 && months == 1 && days == 1
}
