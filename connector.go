package guestlist

import (
	"encoding/json"
	"log/slog"
)

// ConnectorType says what a connector connects to.
type ConnectorType string

// The connector types.
const (
	ConnectorEmail  ConnectorType = "Email"
	ConnectorSMS    ConnectorType = "Sms"
	ConnectorSocial ConnectorType = "Social"
)

// Connector returns the type of connector that serves a channel.
func (c Channel) Connector() ConnectorType {
	if c == ChannelSMS {
		return ConnectorSMS
	}
	return ConnectorEmail
}

// Channel returns the channel that a connector of type t serves, "" for
// social connectors.
func (t ConnectorType) Channel() Channel {
	switch t {
	case ConnectorEmail:
		return ChannelEmail
	case ConnectorSMS:
		return ChannelSMS
	default:
		return ""
	}
}

// Translations is a text in several languages, keyed by BCP 47 tag. English
// ("en") is always there.
type Translations map[string]string

// In returns the text in a language, or in English.
func (t Translations) In(tag string) string {
	if s, ok := t[tag]; ok {
		return s
	}
	return t["en"]
}

// ConnectorTraits is what a kind of connector is like: shown in the console,
// and repeated on the wire in every connector of that kind.
type ConnectorTraits struct {
	Type                    ConnectorType `json:"type"`
	IsDemo                  bool          `json:"isDemo"`
	Target                  string        `json:"target"`
	Platform                *string       `json:"platform"` // "Native", "Universal", "Web"; null for senders
	Name                    Translations  `json:"name"`
	Description             Translations  `json:"description"`
	Logo                    string        `json:"logo"` // URL or data URI
	LogoDark                *string       `json:"logoDark"`
	Readme                  string        `json:"readme"` // Markdown
	ConfigTemplate          string        `json:"configTemplate,omitempty"`
	FormItems               []FormItem    `json:"formItems,omitempty"`
	IsStandard              bool          `json:"isStandard,omitempty"` // several instances allowed, each with its own target
	IsTokenStorageSupported bool          `json:"isTokenStorageSupported,omitempty"`
}

// ConnectorFactory is a kind of connector that can be set up. Its JSON is the
// wire format of /api/connector-factories.
type ConnectorFactory struct {
	ID string `json:"id"`
	ConnectorTraits
}

// FormItemType is the kind of control that a FormItem is edited with.
type FormItemType string

// The form item types.
const (
	FormText          FormItemType = "Text"
	FormNumber        FormItemType = "Number"
	FormMultilineText FormItemType = "MultilineText"
	FormSwitch        FormItemType = "Switch"
	FormSelect        FormItemType = "Select"
	FormMultiSelect   FormItemType = "MultiSelect"
	FormJSON          FormItemType = "Json"
)

// FormItem describes one field of a connector's config to a form.
type FormItem struct {
	Type           FormItemType        `json:"type"`
	Key            string              `json:"key"`
	Label          string              `json:"label"`
	Placeholder    string              `json:"placeholder,omitempty"`
	Required       bool                `json:"required"`
	DefaultValue   any                 `json:"defaultValue,omitempty"`
	SelectItems    []FormChoice        `json:"selectItems,omitempty"`
	ShowConditions []FormShowCondition `json:"showConditions,omitempty"`
	Description    string              `json:"description,omitempty"`
	Tooltip        string              `json:"tooltip,omitempty"`
	IsConfidential bool                `json:"isConfidential,omitempty"`
}

// FormChoice is one choice of a Select or MultiSelect form item.
type FormChoice struct {
	Title string `json:"title"`
	Value string `json:"value"`
}

// FormShowCondition shows a form item only while another has a value.
type FormShowCondition struct {
	TargetKey   string `json:"targetKey"`
	ExpectValue any    `json:"expectValue"`
}

// Connector is one connector that has been set up. Config holds passwords and
// keys: keep it sealed at rest; it is hidden in logs.
type Connector struct {
	ID                 ConnectorID       `json:"id"`
	SyncProfile        bool              `json:"syncProfile"`
	EnableTokenStorage bool              `json:"enableTokenStorage"`
	Config             json.RawMessage   `json:"config"`
	Metadata           ConnectorMetadata `json:"metadata"`
	FactoryID          string            `json:"connectorId"`
	// TrustedEmailDomains is ours: for addresses of which domains the
	// provider's word is taken (see MayVouch); nil takes the default of the
	// factory.
	TrustedEmailDomains *[]string `json:"trustedEmailDomains,omitempty"`
	CreatedAt           Time      `json:"-"`
}

// ConnectorMetadata overrides traits of a standard connector's factory.
type ConnectorMetadata struct {
	Target    string       `json:"target,omitempty"`
	Name      Translations `json:"name,omitempty"`
	Logo      string       `json:"logo,omitempty"`
	LogoDark  string       `json:"logoDark,omitempty"`
	FromEmail string       `json:"fromEmail,omitempty"`
}

// LogValue keeps the config out of logs.
func (c Connector) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", string(c.ID)), slog.String("connectorId", c.FactoryID))
}

// String keeps the config out of formatted errors.
func (c Connector) String() string { return "connector " + string(c.ID) + " (" + c.FactoryID + ")" }

// GoString keeps it out of %#v too.
func (c Connector) GoString() string { return c.String() }

// ConnectorView is a connector as the management API shows it: the row, and
// the traits of its factory with the row's overrides.
type ConnectorView struct {
	Connector
	ConnectorTraits
	ExtraInfo map[string]any `json:"extraInfo"`
}

// View joins c with its factory's traits for the wire.
func (c Connector) View(f ConnectorFactory) ConnectorView {
	t := f.ConnectorTraits
	if m := c.Metadata; m.Target != "" {
		t.Target = m.Target
	}
	if m := c.Metadata; len(m.Name) > 0 {
		t.Name = m.Name
	}
	if m := c.Metadata; m.Logo != "" {
		t.Logo = m.Logo
	}
	if m := c.Metadata; m.LogoDark != "" {
		t.LogoDark = &m.LogoDark
	}
	if len(c.Config) == 0 {
		c.Config = json.RawMessage("{}")
	}
	return ConnectorView{Connector: c, ConnectorTraits: t, ExtraInfo: map[string]any{}}
}
