package guestlist

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parsedField(t *testing.T, text string) ProfileField {
	t.Helper()
	var f ProfileField
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestProfileFieldsThatMakeNoSenseAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"name":"a1B","type":"Text"}`:                                                                            "",
		`{"name":"","type":"Text"}`:                                                                               "invalid_name",
		`{"name":"a_b","type":"Text"}`:                                                                            "invalid_name",
		`{"name":"é","type":"Text"}`:                                                                              "invalid_name",
		`{"name":"` + strings.Repeat("a", 129) + `"}`:                                                             "invalid_name",
		`{"name":"email","type":"Text"}`:                                                                          "name_conflict_sign_in_identifier",
		`{"name":"primaryPhone","type":"Text"}`:                                                                   "name_conflict_sign_in_identifier",
		`{"name":"address","type":"Text"}`:                                                                        "name_conflict_built_in_prop",
		`{"name":"avatar","type":"Text"}`:                                                                         "name_conflict_built_in_prop",
		`{"name":"avatar","type":"Url"}`:                                                                          "",
		`{"name":"who","type":"Fullname","config":{}}`:                                                            "name_conflict_built_in_prop",
		`{"name":"gender","type":"Text"}`:                                                                         "",
		`{"name":"a","type":"Text","config":{"minLength":9,"maxLength":1}}`:                                       "invalid_min_max_input",
		`{"name":"a","type":"Text","config":{"minLength":9,"maxLength":9}}`:                                       "",
		`{"name":"a","type":"Number","config":{"minValue":5,"maxValue":1}}`:                                       "invalid_min_max_input",
		`{"name":"a","type":"Number","config":{"minValue":-5.5,"maxValue":-1}}`:                                   "",
		`{"name":"a","type":"Date"}`:                                                                              "",
		`{"name":"a","type":"Date","config":{"format":"MM/dd/yyyy"}}`:                                             "",
		`{"name":"a","type":"Date","config":{"format":"yyyy-MM"}}`:                                                "invalid_date_format",
		`{"name":"a","type":"Date","config":{"format":"yyyy-MM-dd-dd"}}`:                                          "invalid_date_format",
		`{"name":"a","type":"Date","config":{"format":"custom"}}`:                                                 "",
		`{"name":"a","type":"Date","config":{"format":"custom","customFormat":"d. M. yyyy"}}`:                     "",
		`{"name":"a","type":"Date","config":{"format":"custom","customFormat":"yyyy 15 MM dd"}}`:                  "invalid_date_format",
		`{"name":"a","type":"Date","config":{"format":"ddd MMM yyyy"}}`:                                           "invalid_date_format",
		`{"name":"a","type":"Checkbox","config":{"defaultValue":"yes"}}`:                                          "invalid_default_value",
		`{"name":"a","type":"Select","config":{"options":[]}}`:                                                    "invalid_options",
		`{"name":"a","type":"Select"}`:                                                                            "invalid_options",
		`{"name":"a","type":"Select","config":{"options":[{"value":"x"},{"value":"x"}]}}`:                         "invalid_options",
		`{"name":"a","type":"Select","config":{"options":[{"value":""}]}}`:                                        "invalid_options",
		`{"name":"a","type":"Regex","config":{"format":"("}}`:                                                     "invalid_regex_format",
		`{"name":"a","type":"Regex"}`:                                                                             "invalid_regex_format",
		`{"name":"home","type":"Address","config":{"parts":[]}}`:                                                  "invalid_address_components",
		`{"name":"home","type":"Address","config":{"parts":[{"name":"country","type":"Text"}]}}`:                  "invalid_address_components",
		`{"name":"home","type":"Address","config":{"parts":[{"name":"country","type":"Text","enabled":true}]}}`:   "",
		`{"name":"home","type":"Address","config":{"parts":[{"name":"givenName","type":"Text","enabled":true}]}}`: "invalid_address_components",
		`{"name":"home","type":"Address","config":{"parts":[{"name":"country","type":"Text","enabled":true},{"name":"country","type":"Text"}]}}`:                               "invalid_address_components",
		`{"name":"home","type":"Address","config":{"parts":[{"name":"country","type":"Address","enabled":true}]}}`:                                                             "invalid_sub_component_type",
		`{"name":"home","type":"Address","config":{"parts":[{"name":"country","type":"Select","enabled":true}]}}`:                                                              "invalid_options",
		`{"name":"fullname","type":"Fullname","config":{"parts":[{"name":"country","type":"Text","enabled":true}]}}`:                                                           "invalid_fullname_components",
		`{"name":"fullname","type":"Fullname","config":{"parts":[{"name":"familyName","type":"Text","enabled":true}]}}`:                                                        "",
		`{"name":"address","type":"Address","config":{"parts":[{"name":"country","type":"Regex","enabled":true,"config":{"format":"^[A-Z]{2}$"}}]}}`:                           "",
		`{"name":"fullname","type":"Fullname","config":{"parts":[{"name":"givenName","enabled":true,"type":"Text","required":false,"config":{"minLength":3,"maxLength":1}}]}}`: "invalid_min_max_input",
	} {
		err := parsedField(t, text).Refusal()
		if got := strings.TrimPrefix(CodeOf(err), "custom_profile_fields."); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestAnswersAreHeldAgainstTheirFields(t *testing.T) {
	field := func(name, rest string) string { return `{"name":"` + name + `",` + rest + `}` }
	address := `"type":"Address","config":{"parts":[{"name":"country","type":"Text","enabled":true,"required":true},` +
		`{"name":"locality","type":"Text","enabled":true},{"name":"region","type":"Text","enabled":false}]}`
	for _, tt := range []struct{ name, field, values, want string }{
		{"text", field("a", `"type":"Text"`), `{"a":" x "}`, `{"custom":{"a":"x"}}`},
		{"nothing", field("a", `"type":"Text"`), `{}`, `{"custom":{}}`},
		{"null", field("a", `"type":"Text"`), `{"a":null}`, `{"custom":{}}`},
		{"required and absent", field("a", `"type":"Text","required":true`), `{}`, "a required"},
		{"required and blank", field("a", `"type":"Text","required":true`), `{"a":"  "}`, "a required"},
		{"short", field("a", `"type":"Text","config":{"minLength":2}`), `{"a":"é"}`, "a min_length"},
		{"long", field("a", `"type":"Text","config":{"maxLength":2}`), `{"a":"abc"}`, "a max_length"},
		{"two letters of two bytes", field("a", `"type":"Text","config":{"maxLength":2}`), `{"a":"éé"}`, `{"custom":{"a":"éé"}}`},
		{"far too long", field("a", `"type":"Text"`), `{"a":"` + strings.Repeat("x", MaxProfileValueLength+1) + `"}`, "a max_length"},
		{"number for text", field("a", `"type":"Text"`), `{"a":5}`, "a type"},
		{"list for text", field("a", `"type":"Text"`), `{"a":["x"]}`, "a type"},
		{"hidden characters", field("a", `"type":"Text"`), "{\"a\":\"x\\u0000\"}", "a type"},
		{"direction override", field("a", `"type":"Text"`), "{\"a\":\"x\\u202e\"}", "a type"},
		{"unknown", field("a", `"type":"Text"`), `{"b":"x"}`, "b unknown"},
		{"number", field("a", `"type":"Number"`), `{"a":1.5}`, `{"custom":{"a":1.5}}`},
		{"number as text", field("a", `"type":"Number"`), `{"a":"12"}`, `{"custom":{"a":12}}`},
		{"no number", field("a", `"type":"Number"`), `{"a":"12x"}`, "a format"},
		{"not a number", field("a", `"type":"Number"`), `{"a":"NaN"}`, "a format"},
		{"infinite", field("a", `"type":"Number"`), `{"a":"1e999"}`, "a format"},
		{"truth for number", field("a", `"type":"Number"`), `{"a":true}`, "a type"},
		{"small", field("a", `"type":"Number","config":{"minValue":2}`), `{"a":1}`, "a min_value"},
		{"large", field("a", `"type":"Number","config":{"maxValue":2}`), `{"a":"3"}`, "a max_value"},
		{"zero is an answer", field("a", `"type":"Number","required":true`), `{"a":0}`, `{"custom":{"a":0}}`},
		{"date", field("a", `"type":"Date","config":{"format":"dd/MM/yyyy"}`), `{"a":"29/02/2024"}`, `{"custom":{"a":"29/02/2024"}}`},
		{"no such day", field("a", `"type":"Date"`), `{"a":"2023-02-29"}`, "a format"},
		{"birthdate in the form of the claim", field("birthdate", `"type":"Date","config":{"format":"dd/MM/yyyy"}`), `{"birthdate":"01/02/1999"}`, `{"profile":{"birthdate":"1999-02-01"},"custom":{}}`},
		{"checkbox", field("a", `"type":"Checkbox"`), `{"a":"true"}`, `{"custom":{"a":true}}`},
		{"checkbox, not checked", field("a", `"type":"Checkbox"`), `{"a":false}`, `{"custom":{"a":false}}`},
		{"checkbox, odd", field("a", `"type":"Checkbox"`), `{"a":"on"}`, "a type"},
		{"option", field("a", `"type":"Select","config":{"options":[{"value":"x"}]}`), `{"a":"x"}`, `{"custom":{"a":"x"}}`},
		{"no option", field("a", `"type":"Select","config":{"options":[{"value":"x"}]}`), `{"a":"X"}`, "a option"},
		{"url", field("a", `"type":"Url"`), `{"a":"https://x.example/y"}`, `{"custom":{"a":"https://x.example/y"}}`},
		{"script", field("a", `"type":"Url"`), `{"a":"javascript:alert(1)"}`, "a format"},
		{"url with credentials", field("a", `"type":"Url"`), `{"a":"https://u:p@x.example"}`, "a format"},
		{"expression", field("a", `"type":"Regex","config":{"format":"^[a-z]+$"}`), `{"a":"abc"}`, `{"custom":{"a":"abc"}}`},
		{"expression, not met", field("a", `"type":"Regex","config":{"format":"^[a-z]+$"}`), `{"a":"aBc"}`, "a format"},
		{"name", field("name", `"type":"Text"`), `{"name":"Grace"}`, `{"name":"Grace","custom":{}}`},
		{"name over the column", field("name", `"type":"Text"`), `{"name":"` + strings.Repeat("x", MaxNameLength+1) + `"}`, "name max_length"},
		{"avatar", field("avatar", `"type":"Url"`), `{"avatar":"https://x.example/a.png"}`, `{"avatar":"https://x.example/a.png","custom":{}}`},
		{"profile", field("nickname", `"type":"Text"`), `{"nickname":"Gus"}`, `{"profile":{"nickname":"Gus"},"custom":{}}`},
		{"profile number as text", field("nickname", `"type":"Number"`), `{"nickname":7}`, `{"profile":{"nickname":"7"},"custom":{}}`},
		{"address", field("address", address), `{"address":{"country":"NO","locality":"Oslo"}}`, `{"profile":{"address":{"locality":"Oslo","country":"NO"}},"custom":{}}`},
		{"address of ours", field("home", address), `{"home":{"country":"NO"}}`, `{"custom":{"home":{"country":"NO"}}}`},
		{"part missing", field("address", address), `{"address":{"locality":"Oslo"}}`, "address.country required"},
		{"part switched off", field("address", address), `{"address":{"country":"NO","region":"x"}}`, "address.region unknown"},
		{"address as text", field("address", address), `{"address":"Oslo"}`, "address type"},
		{"full name", field("fullname", `"type":"Fullname","config":{"parts":[{"name":"givenName","type":"Text","enabled":true,"required":true},{"name":"familyName","type":"Text"}]}`), `{"givenName":"Grace"}`, `{"profile":{"givenName":"Grace"},"custom":{}}`},
		{"full name, part missing", field("fullname", `"type":"Fullname","config":{"parts":[{"name":"givenName","type":"Text","enabled":true,"required":true}]}`), `{}`, "givenName required"},
		{"full name, all missing", field("fullname", `"type":"Fullname","required":true,"config":{"parts":[{"name":"givenName","type":"Text","enabled":true},{"name":"familyName","type":"Text","enabled":true}]}`), `{"familyName":""}`, "givenName required"},
		{"full name, one part", field("fullname", `"type":"Fullname","required":true,"config":{"parts":[{"name":"givenName","type":"Text","enabled":true},{"name":"familyName","type":"Text","enabled":true}]}`), `{"familyName":"Hopper"}`, `{"profile":{"familyName":"Hopper"},"custom":{}}`},
		{"full name, part off", field("fullname", `"type":"Fullname","config":{"parts":[{"name":"givenName","type":"Text","enabled":true},{"name":"familyName","type":"Text"}]}`), `{"familyName":"x"}`, "familyName unknown"},
	} {
		f := parsedField(t, tt.field)
		if err := f.Refusal(); err != nil {
			t.Errorf("%s: the field itself: %v", tt.name, err)
		}
		var values map[string]any
		if err := json.Unmarshal([]byte(tt.values), &values); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, answered(t, ProfileFields{f}, values)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// answered writes an outcome in one line.
func answered(t *testing.T, fields ProfileFields, values map[string]any) string {
	t.Helper()
	a, err := fields.Check(values)
	if refusal := (*Error)(nil); errors.As(err, &refusal) {
		issues, ok := refusal.Data.(ProfileIssues)
		if !ok || refusal.Code != "custom_profile_fields.invalid_value" {
			t.Fatalf("%v with %v", err, refusal.Data)
		}
		var lines []string
		for _, i := range issues.Issues {
			lines = append(lines, i.Field+" "+i.Rule)
		}
		return strings.Join(lines, ", ")
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(struct {
		Name    string         `json:"name,omitempty"`
		Avatar  string         `json:"avatar,omitempty"`
		Profile Profile        `json:"profile,omitzero"`
		Custom  map[string]any `json:"custom"`
	}{a.Name, a.Avatar, a.Profile, a.Custom})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCheckLeavesTheValuesAlone(t *testing.T) {
	values := map[string]any{"a": "x", "home": map[string]any{"country": "NO"}}
	fields := ProfileFields{{Name: "a", Type: ProfileText}, {Name: "home", Type: ProfileAddressF, Config: ProfileFieldConfig{
		Parts: []ProfilePart{{Name: "country", Type: ProfileText, Enabled: true}},
	}}}
	for range 2 {
		if _, err := fields.Check(values); err != nil {
			t.Fatal(err)
		}
	}
	if len(values) != 2 || len(values["home"].(map[string]any)) != 1 {
		t.Error(values)
	}
}

func TestChosenFieldsAreAskedInTheirOwnOrder(t *testing.T) {
	all := ProfileFields{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	names := func(fs ProfileFields) (s string) {
		for _, f := range fs {
			s += f.Name
		}
		return s
	}
	if got := names(all.Asked(nil)); got != "abc" {
		t.Error(got)
	}
	if got := names(all.Asked(&[]ProfileFieldName{{Name: "c"}, {Name: "gone"}, {Name: "a"}})); got != "ca" {
		t.Error(got)
	}
	if got := names(all.Asked(&[]ProfileFieldName{})); got != "" {
		t.Error(got)
	}
}
