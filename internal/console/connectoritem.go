package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"strconv"
	"strings"

	"guestlist"
	"guestlist/internal/console/ui"
)

// The names of inputs that belong to a config.
const (
	fieldConfig = "config-"
	fieldForget = "forget-" // a switch that removes a secret that is stored
)

// The rows of fields with lines.
const (
	rowsText   = 3
	rowsSecret = 4
	rowsJSON   = 10
)

// members are those of a config.
type members map[string]any

func membersOf(config []byte) members {
	m := members{}
	_ = json.Unmarshal(config, &m) // what is no object has no members
	return m
}

// keyLogin is the member of an e-mail connector's config that says who sends,
// as an object. Most need a user and a password alone, so these are asked for
// by themselves.
const keyLogin = "auth"

func isLogin(item guestlist.FormItem) bool {
	return item.Key == keyLogin && item.Type == guestlist.FormJSON && item.IsConfidential
}

// configSections makes a form of what a kind of connector says about its
// config: what is needed, and what few need.
func (v *visit) configSections(items []guestlist.FormItem, stored members, isNew bool) []ui.FormSection {
	items = v.inWords(items)
	var needed, more []ui.Field
	isMore := map[string]bool{}
	for _, item := range items {
		if isLogin(item) {
			fields := v.loginFields(item, stored)
			needed, more = append(needed, fields[:len(fields)-1]...), append(more, fields[len(fields)-1])
			continue
		}
		fields := v.itemFields(item, items, stored, isNew)
		isMore[item.Key] = !item.Required || item.Type == guestlist.FormJSON && !isExample(item)
		if len(item.ShowConditions) > 0 {
			isMore[item.Key] = isMore[item.ShowConditions[0].TargetKey]
		}
		if isMore[item.Key] {
			more = append(more, fields...)
		} else {
			needed = append(needed, fields...)
		}
	}
	sections := []ui.FormSection{{Title: v.T("connectors.settings"), Fields: needed}}
	if len(more) > 0 {
		sections = append(sections, ui.FormSection{Title: v.T("connectors.more"), Text: v.T("connectors.more_text"), Fields: more, Folded: true})
	}
	return sections
}

// isExample reports whether what a form begins with has to be replaced: its
// addresses are examples.
func isExample(item guestlist.FormItem) bool {
	return strings.Contains(indented(item.DefaultValue), ".example/")
}

// itemFields are the field of one item and, for a secret that can go, the
// switch that removes it.
func (v *visit) itemFields(item guestlist.FormItem, items []guestlist.FormItem, stored members, isNew bool) []ui.Field {
	f := ui.Field{
		Name: fieldConfig + item.Key, API: item.Key, Label: item.Label, Placeholder: item.Placeholder, Optional: !item.Required,
		Help: strings.TrimSpace(item.Description + " " + item.Tooltip),
		Code: strings.ContainsAny(item.Placeholder, "./") && !strings.Contains(item.Placeholder, " "),
	}
	value, has := stored[item.Key]
	if !has && (isNew || item.Type == guestlist.FormSwitch || item.Type == guestlist.FormSelect) {
		value = item.DefaultValue
	}
	fill(&f, item, value)
	for _, c := range item.ShowConditions {
		f.When = append(f.When, v.when(c, items))
	}
	if !item.IsConfidential {
		return []ui.Field{f}
	}
	f = ui.Field{
		Kind: ui.KindSecret, Name: f.Name, API: f.API, Label: f.Label, Help: f.Help, Optional: f.Optional, When: f.When, Placeholder: item.Placeholder,
	}
	if item.Type != guestlist.FormText {
		f.Rows = rowsSecret
	}
	if !has || stored[item.Key] == "" {
		return []ui.Field{f}
	}
	f.Placeholder = v.T("connectors.kept")
	if item.Required {
		return []ui.Field{f}
	}
	return []ui.Field{f, {Kind: ui.KindSwitch, Name: fieldForget + item.Key, Label: v.T("connectors.forget", "field", item.Label), When: f.When}}
}

// fill writes a value of a config into its field, as the item's type wants it.
func fill(f *ui.Field, item guestlist.FormItem, value any) {
	text, _ := value.(string)
	switch item.Type {
	case guestlist.FormText:
		f.Value = text
	case guestlist.FormMultilineText:
		f.Kind, f.Rows, f.Code, f.Value = ui.KindTextarea, rowsText, true, text
	case guestlist.FormNumber:
		f.Kind = ui.KindNumber
		if n, ok := value.(float64); ok {
			f.Value = strconv.FormatFloat(n, 'f', -1, 64)
		}
	case guestlist.FormSwitch:
		f.Kind, f.Optional = ui.KindSwitch, false
		f.On, _ = value.(bool)
	case guestlist.FormSelect, guestlist.FormMultiSelect:
		f.Kind, f.Value = ui.KindSelect, text
		if item.Type == guestlist.FormMultiSelect {
			f.Kind = ui.KindChecks
			list, _ := value.([]any)
			for _, x := range list {
				s, _ := x.(string)
				f.Values = append(f.Values, s)
			}
		} else if !item.Required && item.DefaultValue == nil {
			f.Options = append(f.Options, ui.Option{Text: "–"})
		}
		for _, c := range item.SelectItems {
			f.Options = append(f.Options, ui.Option{Value: c.Value, Text: c.Title})
		}
	case guestlist.FormJSON:
		f.Kind, f.Rows = ui.KindJSON, rowsJSON
		if value != nil {
			f.Value = indented(value)
			f.Rows = min(rowsJSON, 2+strings.Count(f.Value, "\n"))
		}
	}
}

// indented writes JSON for a person.
func indented(value any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(value) // it came from JSON
	return strings.TrimSpace(b.String())
}

// when puts a condition into words.
func (v *visit) when(c guestlist.FormShowCondition, items []guestlist.FormItem) ui.When {
	w := ui.When{Field: fieldConfig + c.TargetKey}
	said := ""
	switch x := c.ExpectValue.(type) {
	case bool:
		said = v.T("shell.off")
		if x {
			w.Value, said = ui.Yes, v.T("shell.on")
		}
	case string:
		w.Value, said = x, x
	}
	for _, item := range items {
		if item.Key == c.TargetKey {
			w.Text = v.T("connectors.only_if", "field", item.Label, "value", said)
		}
	}
	return w
}

// loginFields are user and password, and the whole object for those who sign in
// otherwise, as the last.
func (v *visit) loginFields(item guestlist.FormItem, stored members) []ui.Field {
	login, has := stored[item.Key].(map[string]any)
	raw := ui.Field{
		Kind: ui.KindSecret, Rows: rowsSecret, Name: fieldConfig + item.Key, API: item.Key, Optional: true,
		Label: v.T("connectors.login_json"), Help: v.T("connectors.login_json_help"), Placeholder: `{"type": "oauth2", …}`,
	}
	if has && len(login) > 0 {
		raw.Placeholder = v.T("connectors.kept")
	}
	if login["type"] == "oauth2" {
		return []ui.Field{raw}
	}
	user, _ := login["user"].(string)
	pass := ui.Field{Kind: ui.KindSecret, Name: fieldConfig + item.Key + "-pass", API: item.Key + ".pass", Label: v.T("connectors.login_pass"), Optional: true}
	if s, _ := login["pass"].(string); s != "" {
		pass.Placeholder = v.T("connectors.kept")
	}
	return []ui.Field{
		{Name: fieldConfig + item.Key + "-user", API: item.Key + ".user", Label: v.T("connectors.login_user"), Value: user,
			Help: v.T("connectors.login_user_help"), Optional: true, Code: true},
		pass, raw,
	}
}

// readConfig makes a config of what was typed, over what is stored: what a form
// does not know stays, and so do secrets that were left empty. What cannot be
// read is marked on the form; ok is false then.
func (v *visit) readConfig(form *ui.Form, items []guestlist.FormItem, stored members) (config members, ok bool) {
	config, ok = members{}, true
	maps.Copy(config, stored)
	for _, item := range items {
		name := fieldConfig + item.Key
		text := strings.ReplaceAll(v.form.Get(name), "\r\n", "\n")
		if item.Type != guestlist.FormMultilineText {
			text = strings.TrimSpace(text)
		}
		switch {
		case isLogin(item) && text == "":
			if form.Field(name+"-user") != nil {
				config[item.Key] = v.readLogin(name, stored[item.Key])
			}
			continue
		case item.IsConfidential && strings.TrimSpace(text) == "":
			if v.form.Get(fieldForget+item.Key) == ui.Yes {
				delete(config, item.Key)
			}
			continue
		}
		value, problem := v.readItem(item, text, v.form[name])
		switch {
		case problem != "":
			ok = false
			form.Mark(item.Key, problem)
		case value == nil:
			delete(config, item.Key)
		default:
			config[item.Key] = value
		}
	}
	return config, ok
}

// readItem reads what was typed for one item; nil is nothing.
func (v *visit) readItem(item guestlist.FormItem, text string, all []string) (value any, problem string) {
	switch item.Type {
	case guestlist.FormSwitch:
		return text == ui.Yes, ""
	case guestlist.FormMultiSelect:
		if all == nil {
			all = []string{}
		}
		return all, ""
	case guestlist.FormNumber:
		n, err := strconv.ParseFloat(text, 64)
		if text != "" && err != nil {
			return nil, v.T("ui.issue.number")
		}
		if text != "" {
			value = n
		}
		return value, ""
	case guestlist.FormJSON:
		if text == "" {
			return nil, ""
		}
		if line := faultyLine(text, &value); line > 0 {
			return nil, v.T("ui.issue.json", "n", line)
		}
		return value, ""
	default: // all others are texts
		if strings.TrimSpace(text) == "" {
			return nil, ""
		}
		return text, ""
	}
}

// faultyLine reads JSON and returns the number of the line where that fails, 0
// if it does not.
func faultyLine(text string, value any) int {
	err := json.Unmarshal([]byte(text), value)
	if err == nil {
		return 0
	}
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return 1
	}
	at := min(int(syntax.Offset), len(text))
	return 1 + bytes.Count([]byte(text[:at]), []byte("\n"))
}

// readLogin joins user and password with the login that is stored. No user is
// no login.
func (v *visit) readLogin(name string, stored any) any {
	login := map[string]any{}
	old, _ := stored.(map[string]any)
	maps.Copy(login, old)
	user, pass := strings.TrimSpace(v.form.Get(name+"-user")), v.form.Get(name+"-pass")
	if user == "" && pass == "" {
		return map[string]any{}
	}
	login["user"] = user
	if pass != "" {
		login["pass"] = pass
	}
	return login
}
