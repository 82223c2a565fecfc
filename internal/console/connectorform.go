package console

import (
	"slices"
	"strings"

	"guestlist"
	"guestlist/internal/console/ui"
)

// setupForm is filled from what is stored, but for the secrets.
func (v *visit) setupForm(s setup) *ui.Form {
	f := &ui.Form{Action: connectorPath(s.ID), Submit: v.T("shell.save"), Tag: s.tag}
	if s.isNew {
		f.Action, f.Submit = pathConnectors+"/new", v.T("connectors.create")
		f.Hidden = []ui.Hidden{{Name: "factory", Value: s.FactoryID}, {Name: "id", Value: string(s.ID)}}
		f.Cancel = &ui.Link{Text: v.T("shell.cancel"), Href: pathConnectors}
	}
	if s.IsStandard {
		f.Sections = append(f.Sections, v.faceSection(s))
	}
	f.Sections = append(f.Sections, v.configSections(s.FormItems, s.stored, s.isNew)...)
	if s.Type == guestlist.ConnectorSocial {
		f.Sections = append(f.Sections, v.trustSection(s))
		return f
	}
	to := ui.Field{Name: "to", API: "email", Type: "email", Label: v.T("connectors.test_email"), Placeholder: "name@example.com", Optional: true}
	if s.Type == guestlist.ConnectorSMS {
		to.API, to.Type, to.Label, to.Placeholder = "phone", "tel", v.T("connectors.test_phone"), "+49 151 23456789"
	}
	f.Sections = append(f.Sections, ui.FormSection{Title: v.T("connectors.test"), Text: v.T("connectors.test_text"), Fields: []ui.Field{to}})
	f.Others = []ui.Action{{Text: v.T("connectors.test_do"), Name: "do", Value: "test"}}
	return f
}

// faceSection is how a connector of a standard shows itself.
func (v *visit) faceSection(s setup) ui.FormSection {
	m := s.Metadata
	target := ui.Field{
		Name: "target", API: "metadata.target", Label: v.T("connectors.target"), Help: v.T("connectors.target_help"), Value: m.Target,
		Placeholder: "acme", Max: 128, Code: true, Locked: !s.isNew,
	}
	dark := ""
	if m.LogoDark != "" {
		dark = m.LogoDark
	}
	return ui.FormSection{Title: v.T("connectors.face"), Fields: []ui.Field{
		{Name: "name", API: "metadata.name.en", Label: v.T("connectors.name"), Help: v.T("connectors.name_help"), Value: m.Name["en"], Placeholder: "Acme", Max: 256},
		target,
		{Name: "logo", API: "metadata.logo", Type: "url", Label: v.T("connectors.logo"), Value: m.Logo, Placeholder: "https://acme.example/logo.svg", Optional: true},
		{Name: "logoDark", API: "metadata.logoDark", Type: "url", Label: v.T("connectors.logo_dark"), Value: dark, Placeholder: "https://acme.example/logo-dark.svg", Optional: true},
	}}
}

// The choices of whose addresses are believed.
const (
	trustUsual = "usual"
	trustNone  = "none"
	trustSome  = "some"
	trustAll   = "all"
)

func (v *visit) trustSection(s setup) ui.FormSection {
	how, domains := trustUsual, []string(nil)
	if d := s.TrustedEmailDomains; d != nil {
		switch {
		case len(*d) == 0:
			how = trustNone
		case slices.Contains(*d, guestlist.AnyDomain):
			how = trustAll
		default:
			how, domains = trustSome, *d
		}
	}
	choice := ui.Field{Kind: ui.KindRadio, Name: "trust", Label: v.T("connectors.trust"), Value: how}
	for _, c := range []string{trustUsual, trustNone, trustSome, trustAll} {
		choice.Options = append(choice.Options, ui.Option{Value: c, Text: v.T("connectors.trust_" + c), Help: v.T("connectors.trust_" + c + "_help")})
	}
	return ui.FormSection{Title: v.T("connectors.addresses"), Text: v.T("connectors.trust_text"), Fields: []ui.Field{
		choice,
		{Kind: ui.KindList, Name: "domains", API: "trustedEmailDomains", Label: v.T("connectors.domains"), Values: domains, Placeholder: "acme.example", Code: true,
			When: []ui.When{{Field: "trust", Value: trustSome, Text: v.T("connectors.only_if", "field", v.T("connectors.trust"), "value", v.T("connectors.trust_some"))}}},
		{Kind: ui.KindSwitch, Name: "syncProfile", Label: v.T("connectors.sync"), Help: v.T("connectors.sync_help"), On: s.SyncProfile},
	}}
}

// change is what a form asks of the API. A standard connector's names in other
// languages stay.
func (v *visit) change(s setup, config members) map[string]any {
	in := map[string]any{"config": config}
	if s.Type == guestlist.ConnectorSocial {
		in["syncProfile"] = v.form.Get("syncProfile") == ui.Yes
		switch v.form.Get("trust") {
		case trustNone:
			in["trustedEmailDomains"] = []string{}
		case trustSome:
			in["trustedEmailDomains"] = ui.ListOf(v.form, "domains")
		case trustAll:
			in["trustedEmailDomains"] = []string{guestlist.AnyDomain}
		default:
			in["trustedEmailDomains"] = nil
		}
	}
	if !s.IsStandard {
		return in
	}
	names := map[string]string{}
	for lang, name := range s.Metadata.Name {
		names[lang] = name
	}
	delete(names, "en")
	if name := strings.TrimSpace(v.form.Get("name")); name != "" {
		names["en"] = name
	}
	meta := map[string]any{"name": names, "logo": strings.TrimSpace(v.form.Get("logo")), "fromEmail": s.Metadata.FromEmail}
	if dark := strings.TrimSpace(v.form.Get("logoDark")); dark != "" {
		meta["logoDark"] = dark
	}
	if s.isNew {
		meta["target"] = strings.TrimSpace(v.form.Get("target"))
	}
	in["metadata"] = meta
	return in
}
