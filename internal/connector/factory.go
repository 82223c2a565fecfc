package connector

import (
	"embed"
	"encoding/base64"
	"encoding/json"
	"slices"
	"sync"

	"guestlist"
)

//go:embed factories
var factoryFiles embed.FS

// platformUniversal says that a connector serves browsers of every device.
const platformUniversal = "Universal"

// preset is a kind of social connector: a row over one of the drivers, with
// everything in it that is different from the others.
type preset struct {
	id, target  string
	standard    bool // several instances, each with its own target
	name        guestlist.Translations
	description guestlist.Translations
	form        []guestlist.FormItem
	// check finds faults of a config that its form does not tell.
	check func(*issues, guestlist.JSONObject)
	// vouches are the domains whose addresses the provider is believed to have
	// verified, where the row of a connector says nothing.
	vouches []string
	// social makes a provider of a config that check has passed.
	social func(*Set, guestlist.Connector) (Provider, error)
}

// table is the presets and what is drawn from them, made once: every page with
// a button asks for them.
var table = sync.OnceValue(func() (t struct {
	presets   map[string]preset
	factories []guestlist.ConnectorFactory
}) {
	t.presets = map[string]preset{}
	for _, p := range presets() {
		t.presets[p.id] = p
		t.factories = append(t.factories, p.factory())
	}
	return t
})

// presets lists the kinds of social connectors, those with a name first.
func presets() []preset {
	return []preset{
		googlePreset(), githubPreset(), applePreset(), microsoftPreset(), facebookPreset(), discordPreset(),
		gitlabPreset(), linkedinPreset(), slackPreset(), xPreset(),
		oauth2Preset(), oidcPreset(), samlPreset(),
	}
}

func presetOf(factoryID string) (preset, bool) {
	p, ok := table().presets[factoryID]
	return p, ok
}

// Factories lists the social connectors that can be set up. What they hold is
// shared: it is for reading.
func Factories() []guestlist.ConnectorFactory { return slices.Clone(table().factories) }

// Factory returns the factory with an id. What it holds is shared: it is for
// reading.
func Factory(id string) (guestlist.ConnectorFactory, bool) {
	list := table().factories
	i := slices.IndexFunc(list, func(f guestlist.ConnectorFactory) bool { return f.ID == id })
	if i < 0 {
		return guestlist.ConnectorFactory{}, false
	}
	return list[i], true
}

// TargetOf returns by which name a social connector is offered: its row's own,
// or else that of its kind; "" for others.
func TargetOf(c guestlist.Connector) string {
	if c.Metadata.Target != "" {
		return c.Metadata.Target
	}
	p, _ := presetOf(c.FactoryID)
	return p.target
}

// VouchedDomains returns for which domains a connector is believed that an
// address which its provider calls verified is verified: those of its row, or
// else the default of its kind. The default is any domain for providers whose
// documents assert per address that they verified it, and none for others. See
// guestlist.MayVouch.
func VouchedDomains(c guestlist.Connector) []string {
	if c.TrustedEmailDomains != nil {
		return *c.TrustedEmailDomains
	}
	p, _ := presetOf(c.FactoryID)
	return p.vouches
}

func (p preset) factory() guestlist.ConnectorFactory {
	platform := platformUniversal
	return guestlist.ConnectorFactory{ID: p.id, ConnectorTraits: guestlist.ConnectorTraits{
		Type: guestlist.ConnectorSocial, Target: p.target, Platform: &platform, Name: p.name, Description: p.description,
		Logo:           "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(factoryFile(p.id+".svg")),
		Readme:         string(factoryFile(p.id + ".md")),
		ConfigTemplate: configTemplateOf(p.form), FormItems: p.form, IsStandard: p.standard,
	}}
}

// factoryFile reads an embedded file; a test asks for every one of them.
func factoryFile(name string) []byte {
	b, err := factoryFiles.ReadFile("factories/" + name)
	if err != nil {
		return nil
	}
	return b
}

// configTemplateOf writes a config to start from: the required fields with
// their defaults or placeholders.
func configTemplateOf(form []guestlist.FormItem) string {
	config := map[string]any{}
	for _, item := range form {
		switch {
		case !item.Required:
		case item.DefaultValue != nil:
			config[item.Key] = item.DefaultValue
		default:
			config[item.Key] = item.Placeholder
		}
	}
	b, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return "" // only texts of the tables
	}
	return string(b)
}

// sameName is a name that is the same in every language.
func sameName(s string) guestlist.Translations {
	return guestlist.Translations{"en": s, "de": s, "fr": s, "es": s, "ja": s, "ar": s}
}

// accountAt describes a provider by its name.
func accountAt(provider string) guestlist.Translations {
	return guestlist.Translations{
		"en": "Guests sign in with their " + provider + " account.",
		"de": "Gäste melden sich mit ihrem Konto bei " + provider + " an.",
		"fr": "Les invités se connectent avec leur compte " + provider + ".",
		"es": "Los invitados inician sesión con su cuenta de " + provider + ".",
		"ja": "ゲストは" + provider + "のアカウントでサインインします。",
		"ar": "يسجّل الضيوف الدخول بحساباتهم في " + provider + ".",
	}
}

func clientID() guestlist.FormItem {
	return guestlist.FormItem{Type: guestlist.FormText, Key: "clientId", Label: "Client ID", Placeholder: "<client-id>", Required: true}
}

func clientSecret() guestlist.FormItem {
	return guestlist.FormItem{Type: guestlist.FormText, Key: "clientSecret", Label: "Client secret", Placeholder: "<client-secret>",
		Required: true, IsConfidential: true}
}

func scopeItem(placeholder string) guestlist.FormItem {
	return guestlist.FormItem{Type: guestlist.FormMultilineText, Key: "scope", Label: "Scope", Placeholder: placeholder,
		Description: "What to ask for, separated by spaces. Leave it empty for what signing in needs."}
}

func choices(values ...string) []guestlist.FormChoice {
	list := make([]guestlist.FormChoice, len(values))
	for i, v := range values {
		list[i] = guestlist.FormChoice{Title: v, Value: v}
	}
	return list
}

// anyDomain is the default of providers that assert per address whether they
// verified it.
func anyDomain() []string { return []string{guestlist.AnyDomain} }
