package guestlist

import (
	"encoding/json"
	"maps"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ProfileFields are fields in the order in which a page asks for them.
type ProfileFields []ProfileField

// Asked returns the fields that new people are asked for: all, or those that
// signUpProfileFields of the sign-in experience names, in its order.
func (fs ProfileFields) Asked(chosen *[]ProfileFieldName) ProfileFields {
	if chosen == nil {
		return fs
	}
	asked := ProfileFields{}
	for _, c := range *chosen {
		if i := slices.IndexFunc(fs, func(f ProfileField) bool { return f.Name == c.Name }); i >= 0 {
			asked = append(asked, fs[i])
		}
	}
	return asked
}

// ProfileAnswers are values that were held against the fields, sorted by where
// they are kept. Members that were not answered are empty.
type ProfileAnswers struct {
	Name    string
	Avatar  string
	Profile Profile
	Custom  map[string]any // for customData
}

// What is wrong with a value, for ProfileIssue.
const (
	ProfileRuleRequired = "required"
	ProfileRuleType     = "type" // another kind of value
	ProfileRuleUnknown  = "unknown"
	ProfileRuleShort    = "min_length"
	ProfileRuleLong     = "max_length"
	ProfileRuleSmall    = "min_value"
	ProfileRuleLarge    = "max_value"
	ProfileRuleFormat   = "format"
	ProfileRuleOption   = "option"
)

// ProfileIssue says what is wrong with one value. Parts of an address are
// named "address.locality".
type ProfileIssue struct {
	Field string `json:"field"`
	Rule  string `json:"rule"`
}

// ProfileIssues is the data of a refusal by ProfileFields.Check.
type ProfileIssues struct {
	Issues []ProfileIssue `json:"issues"`
}

// Check holds what a guest answered against the fields. A value is text, or
// for Number and Checkbox also a number and a boolean; an Address is an object
// of its parts, and the parts of a Fullname stand beside the other values
// (givenName, familyName). Absent, null and empty are the same. Values of the
// names of Profile, and name and avatar, are the account's own; all others are
// for its custom data, numbers and checkboxes as such.
//
// What does not fit is refused as a whole, 400
// custom_profile_fields.invalid_value with ProfileIssues as data.
func (fs ProfileFields) Check(values map[string]any) (ProfileAnswers, error) {
	c := profileCheck{left: maps.Clone(values), own: map[string]string{}, custom: map[string]any{}}
	for _, f := range fs {
		switch f.Type {
		case ProfileFullname:
			c.fullname(f)
		case ProfileAddressF:
			c.address(f)
		default:
			c.keep(f)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.left)) {
		c.issue(name, ProfileRuleUnknown)
	}
	if len(c.issues) > 0 {
		return ProfileAnswers{}, Refuse(KindInvalid, "custom_profile_fields.invalid_value").With(ProfileIssues{c.issues})
	}
	return c.answers()
}

// profileCheck is one Check on its way. What was looked at leaves left.
type profileCheck struct {
	left    map[string]any
	own     map[string]string
	custom  map[string]any
	postal  *ProfileAddress
	issues  []ProfileIssue
	pending string // prefix of names in issues
}

func (c *profileCheck) issue(name, rule string) {
	c.issues = append(c.issues, ProfileIssue{Field: c.pending + clipName(name), Rule: rule})
}

// clipName keeps a name that somebody made up from filling an answer.
func clipName(name string) string {
	name = strings.ToValidUTF8(name, "?")
	if len(name) > MaxProfileFieldName {
		return name[:MaxProfileFieldName]
	}
	return name
}

func (c *profileCheck) keep(f ProfileField) {
	given := c.left[f.Name]
	delete(c.left, f.Name)
	value, text := c.value(f, given)
	switch {
	case text == "":
	case isOwnProfileName(f.Name):
		c.own[f.Name] = text
	default:
		c.custom[f.Name] = value
	}
}

// fullname reads parts that stand beside the other values. Where the whole is
// required and nothing of it was answered, its first part is missing.
func (c *profileCheck) fullname(f ProfileField) {
	required := f.Required && !slices.ContainsFunc(enabledParts(f), func(name string) bool {
		v, ok := c.left[name]
		return ok && v != nil && v != ""
	})
	for _, p := range f.Config.Parts {
		if !p.Enabled {
			continue
		}
		part := p.Field()
		part.Required = part.Required || required
		required = false
		c.keep(part)
	}
}

// address reads an object of parts.
func (c *profileCheck) address(f ProfileField) {
	given := c.left[f.Name]
	delete(c.left, f.Name)
	object, ok := given.(map[string]any)
	if given != nil && !ok {
		c.issue(f.Name, ProfileRuleType)
		return
	}
	inner := profileCheck{left: maps.Clone(object), pending: f.Name + "."}
	texts := map[string]string{}
	for _, p := range f.Config.Parts {
		if !p.Enabled {
			continue
		}
		part := p.Field()
		part.Required = part.Required || f.Required && len(enabledParts(f)) == 1
		value := inner.left[p.Name]
		delete(inner.left, p.Name)
		if _, text := inner.value(part, value); text != "" {
			texts[p.Name] = text
		}
	}
	for _, name := range slices.Sorted(maps.Keys(inner.left)) {
		inner.issue(name, ProfileRuleUnknown)
	}
	if f.Required && len(texts) == 0 && len(inner.issues) == 0 {
		c.issue(f.Name, ProfileRuleRequired)
	}
	c.issues = append(c.issues, inner.issues...)
	if len(texts) == 0 {
		return
	}
	if f.Name != "address" {
		c.custom[f.Name] = texts
		return
	}
	c.postal = &ProfileAddress{
		Formatted: texts["formatted"], StreetAddress: texts["streetAddress"], Locality: texts["locality"],
		Region: texts["region"], PostalCode: texts["postalCode"], Country: texts["country"],
	}
}

func enabledParts(f ProfileField) (names []string) {
	for _, p := range f.Config.Parts {
		if p.Enabled {
			names = append(names, p.Name)
		}
	}
	return names
}

// value returns a value as it is kept in custom data, and as text; the text is
// empty where nothing was answered or the value does not fit.
func (c *profileCheck) value(f ProfileField, given any) (kept any, text string) {
	text, ok := profileText(f.Type, given)
	if !ok {
		c.issue(f.Name, ProfileRuleType)
		return nil, ""
	}
	if text == "" {
		if f.Required {
			c.issue(f.Name, ProfileRuleRequired)
		}
		return nil, ""
	}
	kept, text, rule := f.judge(text)
	if rule != "" {
		c.issue(f.Name, rule)
		return nil, ""
	}
	return kept, text
}

// profileText brings a value into the shape in which a form would send it.
func profileText(t ProfileFieldType, given any) (string, bool) {
	switch v := given.(type) {
	case nil:
		return "", true
	case string:
		if !utf8.ValidString(v) || strings.ContainsFunc(v, isUnprintable) {
			return "", false
		}
		return strings.TrimSpace(v), true
	case bool:
		return strconv.FormatBool(v), t == ProfileCheckbox
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), t == ProfileNumber
	case json.Number:
		return v.String(), t == ProfileNumber
	}
	return "", false
}

// isUnprintable finds what could hide from a reader or end a header. Lines of
// an address may break.
func isUnprintable(r rune) bool {
	return !unicode.IsGraphic(r) && r != '\n' && r != '\r' && r != '\t'
}

// judge holds a text that is not empty against the field. rule is what it
// breaks, or "".
func (f ProfileField) judge(text string) (kept any, canonical, rule string) {
	c, count := f.Config, utf8.RuneCountInString(text)
	if count > MaxProfileValueLength {
		return nil, "", ProfileRuleLong
	}
	if f.Name == "name" && count > MaxNameLength {
		return nil, "", ProfileRuleLong
	}
	kept, canonical = text, text
	switch f.Type {
	case ProfileText:
		rule = c.judgeLength(count)
	case ProfileNumber:
		kept, rule = c.judgeNumber(text)
	case ProfileDate:
		layout, _ := dateLayout(c)
		day, err := time.Parse(layout, text)
		if err != nil {
			rule = ProfileRuleFormat
		} else if f.Name == "birthdate" {
			canonical = day.Format(time.DateOnly) // OpenID Connect Core §5.1
		}
	case ProfileCheckbox:
		kept, rule = text == "true", unless(text == "true" || text == "false", ProfileRuleType)
	case ProfileSelect:
		rule = unless(slices.ContainsFunc(c.Options, func(o ProfileOption) bool { return o.Value == text }), ProfileRuleOption)
	case ProfileURL:
		rule = unless(isWebAddress(text), ProfileRuleFormat)
	case ProfileRegex:
		expression, err := regexp.Compile(c.Format)
		rule = unless(err == nil && expression.MatchString(text), ProfileRuleFormat)
	case ProfileAddressF, ProfileFullname: // their parts are judged
	}
	return kept, canonical, rule
}

// unless is the rule that is broken where ok does not hold.
func unless(ok bool, rule string) string {
	if ok {
		return ""
	}
	return rule
}

func (c ProfileFieldConfig) judgeLength(count int) (rule string) {
	switch {
	case c.MinLength != nil && count < *c.MinLength:
		return ProfileRuleShort
	case c.MaxLength != nil && count > *c.MaxLength:
		return ProfileRuleLong
	}
	return ""
}

func (c ProfileFieldConfig) judgeNumber(text string) (n float64, rule string) {
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.IsInf(n, 0) || math.IsNaN(n):
		return 0, ProfileRuleFormat
	case c.MinValue != nil && n < *c.MinValue:
		return n, ProfileRuleSmall
	case c.MaxValue != nil && n > *c.MaxValue:
		return n, ProfileRuleLarge
	}
	return n, ""
}

// isWebAddress refuses javascript: and the like, which a page might link to.
func isWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

// isOwnProfileName says whether the account has a place for a name.
func isOwnProfileName(name string) bool {
	return name == "name" || name == "avatar" || slices.Contains(ownProfileNames, name)
}

var ownProfileNames = []string{
	"familyName", "givenName", "middleName", "nickname", "preferredUsername", "profile", "website", "gender", "birthdate",
	"zoneinfo", "locale",
}

func (c *profileCheck) answers() (ProfileAnswers, error) {
	a := ProfileAnswers{Name: c.own["name"], Avatar: c.own["avatar"], Custom: c.custom}
	delete(c.own, "name")
	delete(c.own, "avatar")
	text, err := json.Marshal(c.own)
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(text, &a.Profile); err != nil {
		return a, err
	}
	a.Profile.Address = c.postal
	return a, nil
}
