package console

import (
	"maps"
	"strings"

	"guestlist/client"
	"guestlist/internal/console/ui"
)

// ssoPage is one of the pages of an enterprise connector.
func (v *visit) ssoPage(e employer, tab string, body ...ui.Block) *ui.Page {
	return &ui.Page{Name: "sso-" + tab, Body: body, Header: ui.Header{
		Title: e.ConnectorName, Lead: e.Name, ID: string(e.ID), Pill: v.ssoPill(e),
		Crumbs:  []ui.Link{{Text: v.T("sso.title"), Href: pathSSO}},
		Actions: []ui.Action{{Text: v.T("sso.delete"), Href: ssoPath(e.ID) + "/delete", Danger: true}},
		Tabs: []ui.Tab{
			{Text: v.T("sso.settings"), Href: ssoPath(e.ID), Current: tab == "settings"},
			{Text: v.T("sso.connection"), Href: ssoPath(e.ID) + "/connection", Current: tab == "connection"},
		},
	}}
}

// ssoSettings is the page with the form, after what the provider has to know.
func (v *visit) ssoSettings(e employer, form *ui.Form) *ui.Page {
	return v.ssoPage(e, "settings", ui.Columns{Main: []ui.Block{form}, Side: []ui.Block{v.tellEmployer(e)}})
}

// tellEmployer says what the provider has to know of us, which does not depend
// on whether it answers.
func (v *visit) tellEmployer(e employer) ui.Block {
	s := ui.Section{Title: v.T("connectors.tell"), Text: v.T("sso.tell_text")}
	if e.ProviderType != familySAML {
		s.Body = []ui.Block{ui.Facts{Rows: []ui.Fact{{Term: v.T("connectors.redirect_uri"), Cell: ui.Code(v.d.Endpoint + "/callback/" + string(e.ID))}}}}
		return s
	}
	own := v.d.Endpoint + "/enterprise-sso/" + string(e.ID)
	s.Body = []ui.Block{ui.Facts{Rows: []ui.Fact{
		{Term: v.T("connectors.acs"), Cell: ui.Code(v.d.Endpoint + "/api/authn/single-sign-on/saml/" + string(e.ID))},
		{Term: v.T("sso.our_entity_id"), Cell: ui.Code(own)},
		{Term: v.T("sso.our_metadata"), Cell: ui.Code(own)},
	}}}
	s.Actions = []ui.Action{{Text: v.T("sso.download"), Href: own, Away: true}}
	return s
}

// The ways in which a SAML provider is described.
const (
	byURL    = "url"
	byXML    = "xml"
	byFields = "fields"
)

func (v *visit) ssoForm(e employer) *ui.Form {
	config := v.oidcSection(e)
	if e.ProviderType == familySAML {
		config = v.samlSection(e)
	}
	sections := []ui.FormSection{
		{Fields: []ui.Field{
			{Name: "connectorName", Label: v.T("sso.name"), Help: v.T("sso.name_help"), Value: e.ConnectorName, Max: 128}, v.domainField(e.Domains),
		}},
		config,
	}
	if e.ProviderType == familySAML {
		sections = append(sections, v.samlMore(e))
	}
	b := e.Branding
	return &ui.Form{
		Action: ssoPath(e.ID), Submit: v.T("shell.save"), Tag: e.tag,
		Sections: append(sections,
			ui.FormSection{Title: v.T("sso.profile"), Fields: []ui.Field{
				{Kind: ui.KindSwitch, Name: "syncProfile", Label: v.T("connectors.sync"), Help: v.T("connectors.sync_help"), On: e.SyncProfile},
			}},
			ui.FormSection{Title: v.T("sso.branding"), Text: v.T("sso.branding_text"), Folded: true, Fields: []ui.Field{
				{Name: "displayName", API: "branding.displayName", Label: v.T("sso.display_name"), Value: b.DisplayName, Max: 128, Optional: true},
				{Name: "logo", API: "branding.logo", Type: "url", Label: v.T("connectors.logo"), Value: b.Logo, Max: 2048, Optional: true},
				{Name: "darkLogo", API: "branding.darkLogo", Type: "url", Label: v.T("connectors.logo_dark"), Value: b.DarkLogo, Max: 2048, Optional: true},
			}}),
	}
}

// oidcSection is the config of the OpenID Connect family.
func (v *visit) oidcSection(e employer) ui.FormSection {
	trust, _ := e.config["trustUnverifiedEmail"].(bool)
	secret := ui.Field{Kind: ui.KindSecret, Name: "clientSecret", Label: v.T("sso.client_secret")}
	if e.text("clientSecret") != "" {
		secret.Placeholder = v.T("connectors.kept")
	}
	s := ui.FormSection{Title: v.T("sso.provider"), Text: v.T("sso.provider_text")}
	if e.ProviderName != providerGoogle {
		s.Fields = append(s.Fields, ui.Field{
			Name: "issuer", Type: "url", Label: v.T("sso.issuer"), Help: v.T("sso.issuer_help"), Value: e.text("issuer"), Placeholder: "https://login.acme.example",
		})
	}
	s.Fields = append(s.Fields,
		ui.Field{Name: "clientId", Label: v.T("sso.client_id"), Value: e.text("clientId"), Code: true}, secret,
		ui.Field{Name: "scope", Label: v.T("sso.scope"), Help: v.T("sso.scope_help"), Value: e.text("scope"), Code: true, Optional: true},
		ui.Field{Kind: ui.KindSwitch, Name: "trustUnverifiedEmail", Label: v.T("sso.trust"), Help: v.T("sso.trust_help"), On: trust},
	)
	if e.ProviderName == providerGoogle {
		offline, _ := e.config["offlineAccess"].(bool)
		s.Fields = append(s.Fields, ui.Field{Kind: ui.KindSwitch, Name: "offlineAccess", Label: v.T("sso.offline"), Help: v.T("sso.offline_help"), On: offline})
	}
	return s
}

// samlSection is how a SAML provider is described.
func (v *visit) samlSection(e employer) ui.FormSection {
	how := byURL
	switch {
	case e.text("metadataUrl") != "":
	case e.text("metadata") != "":
		how = byXML
	case e.text("entityId") != "" || e.text("signInEndpoint") != "":
		how = byFields
	}
	choice := ui.Field{Kind: ui.KindRadio, Name: "source", Label: v.T("sso.source"), Value: how}
	for _, c := range []string{byURL, byXML, byFields} {
		choice.Options = append(choice.Options, ui.Option{Value: c, Text: v.T("sso.source_" + c)})
	}
	when := func(c string) []ui.When {
		return []ui.When{{Field: "source", Value: c, Text: v.T("connectors.only_if", "field", v.T("sso.source"), "value", v.T("sso.source_"+c))}}
	}
	return ui.FormSection{Title: v.T("sso.provider"), Text: v.T("sso.provider_text"), Fields: []ui.Field{
		choice,
		{Name: "metadataUrl", Type: "url", Label: v.T("sso.metadata_url"), Value: e.text("metadataUrl"), When: when(byURL), Placeholder: "https://idp.acme.example/metadata"},
		{Kind: ui.KindTextarea, Name: "metadata", Rows: rowsJSON, Code: true, Label: v.T("sso.metadata"), Value: e.text("metadata"), When: when(byXML), Placeholder: "<EntityDescriptor …>"},
		{Name: "signInEndpoint", Type: "url", Label: v.T("sso.sign_in_url"), Value: e.text("signInEndpoint"), When: when(byFields)},
		{Name: "entityId", Label: v.T("sso.entity_id"), Value: e.text("entityId"), Code: true, When: when(byFields)},
		{Kind: ui.KindTextarea, Name: "x509Certificate", Rows: rowsText, Code: true, Label: v.T("sso.certificate"), Value: e.text("x509Certificate"), When: when(byFields),
			Placeholder: "-----BEGIN CERTIFICATE-----"},
	}}
}

// attributes are what a person is read from, with what is looked for where
// nothing is said.
var attributes = []struct{ key, usual string }{{"id", "nameID"}, {"email", "email"}, {"name", "name"}}

// The signature algorithms that a request may have.
var signatures = []ui.Option{
	{Value: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", Text: "RSA, SHA-256"},
	{Value: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", Text: "RSA, SHA-512"},
}

// samlMore is what few have to change.
func (v *visit) samlMore(e employer) ui.FormSection {
	mapping, _ := e.config["attributeMapping"].(map[string]any)
	s := ui.FormSection{Title: v.T("connectors.more"), Folded: true}
	for _, a := range attributes {
		value, _ := mapping[a.key].(string)
		s.Fields = append(s.Fields, ui.Field{
			Name: "map-" + a.key, API: "attributeMapping." + a.key, Label: v.T("sso.map_" + a.key), Value: value, Placeholder: a.usual, Code: true, Optional: true,
		})
	}
	signed, _ := e.config["signAuthnRequest"].(bool)
	return ui.FormSection{Title: s.Title, Folded: true, Fields: append(s.Fields,
		ui.Field{Kind: ui.KindSwitch, Name: "signAuthnRequest", Label: v.T("sso.sign"), Help: v.T("sso.sign_help"), On: signed},
		ui.Field{Kind: ui.KindSelect, Name: "requestSignatureAlgorithm", Label: v.T("sso.algorithm"), Value: e.text("requestSignatureAlgorithm"), Options: signatures,
			When: []ui.When{{Field: "signAuthnRequest", Value: ui.Yes, Text: v.T("connectors.only_if", "field", v.T("sso.sign"), "value", v.T("shell.on"))}}},
	)}
}

// readSSO makes a config of what was typed; nil where nothing was. Of the ways
// to describe a SAML provider only the chosen one is kept.
func (v *visit) readSSO(e employer) members {
	text := func(name string) string { return strings.TrimSpace(strings.ReplaceAll(v.form.Get(name), "\r\n", "\n")) }
	config := members{}
	keep := func(names ...string) {
		for _, name := range names {
			if s := text(name); s != "" {
				config[name] = s
			}
		}
	}
	if e.ProviderType != familySAML {
		keep("issuer", "clientId", "clientSecret", "scope")
		if config["clientSecret"] == nil && e.text("clientSecret") != "" {
			config["clientSecret"] = e.text("clientSecret")
		}
		if len(config) == 0 {
			return nil
		}
		config["trustUnverifiedEmail"] = text("trustUnverifiedEmail") == ui.Yes
		config["offlineAccess"] = text("offlineAccess") == ui.Yes
		return config
	}
	keep(map[string][]string{byURL: {"metadataUrl"}, byXML: {"metadata"}, byFields: {"entityId", "signInEndpoint", "x509Certificate"}}[text("source")]...)
	if len(config) == 0 && !e.isComplete() {
		return nil
	}
	mapping := map[string]any{}
	old, _ := e.config["attributeMapping"].(map[string]any)
	maps.Copy(mapping, old)
	for _, a := range attributes {
		delete(mapping, a.key)
		if s := text("map-" + a.key); s != "" {
			mapping[a.key] = s
		}
	}
	config["attributeMapping"] = mapping
	if text("signAuthnRequest") == ui.Yes {
		config["signAuthnRequest"] = true
		keep("requestSignatureAlgorithm")
	}
	return config
}

func getSSO(v *visit) error {
	e, err := v.sso(quickly())
	if err != nil {
		return err
	}
	return v.show(v.ssoSettings(e, v.ssoForm(e)))
}

func postSSO(v *visit) error {
	e, err := v.sso(quickly())
	if err != nil {
		return err
	}
	branding := map[string]string{}
	for _, name := range []string{"displayName", "logo", "darkLogo"} {
		if s := strings.TrimSpace(v.form.Get(name)); s != "" {
			branding[name] = s
		}
	}
	in := map[string]any{
		"connectorName": strings.TrimSpace(v.form.Get("connectorName")), "domains": ui.ListOf(v.form, "domains"),
		"syncProfile": v.form.Get("syncProfile") == ui.Yes, "branding": branding,
	}
	if config := v.readSSO(e); config != nil {
		in["config"] = config
	}
	_, err = v.api.Send(v.ctx(), client.Call{
		Method: "PATCH", Path: "/sso-connectors/" + client.Segment(e.ID), In: in, Tag: v.form.Get(ui.FieldTag),
	})
	if err != nil {
		form := v.ssoForm(e)
		where := "issuer"
		if e.ProviderType == familySAML {
			where = map[string]string{byXML: "metadata", byFields: "x509Certificate"}[v.form.Get("source")]
			if where == "" {
				where = "metadataUrl"
			}
		}
		faults := append([]string{"connector.invalid_config", where, "connector.invalid_metadata", where, "connector.invalid_certificate", where}, ssoFaults...)
		return v.again(v.ssoSettings(e, form), form, err, faults...)
	}
	return v.done(ssoPath(e.ID)+"/connection", v.T("shell.saved"))
}
