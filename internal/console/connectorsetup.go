package console

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// setup is a connector that is being set up or changed.
type setup struct {
	guestlist.ConnectorView
	tag    string
	stored members
	isNew  bool
	former string // name of the sender whose place it would take
}

// connector reads the connector of the path.
func (v *visit) connector() (setup, error) {
	var s setup
	var err error
	s.tag, err = v.api.Get(v.ctx(), "/connectors/"+client.Segment(v.id("id")), &s.ConnectorView)
	s.stored = membersOf(s.Config)
	return s, err
}

// lengthOfID is that of the ids of connectors, in characters.
const lengthOfID = 12

// unborn is a connector of a kind that is not there yet. Its id is chosen now,
// so that the provider can be told of the address before there is a connector.
func (v *visit) unborn(factory, id string) (setup, error) {
	var f guestlist.ConnectorFactory
	if err := v.api.Do(v.ctx(), "GET", "/connector-factories/"+client.Segment(factory), nil, &f); err != nil {
		return setup{}, err
	}
	if id == "" {
		id = strings.ToLower(rand.Text()[:lengthOfID])
	}
	c := guestlist.Connector{ID: guestlist.ConnectorID(id), FactoryID: f.ID}
	s := setup{ConnectorView: c.View(f), isNew: true, stored: members{}}
	if f.Type == guestlist.ConnectorSocial {
		return s, nil
	}
	all, err := v.api.Connectors(v.ctx())
	for _, other := range all {
		if other.Type == f.Type {
			s.former = other.Name.In(v.lang)
		}
	}
	return s, err
}

func (v *visit) newConnector(factory string) error {
	s, err := v.unborn(factory, "")
	if err != nil {
		return err
	}
	return v.show(v.setupPage(s, v.setupForm(s)))
}

func getConnector(v *visit) error {
	s, err := v.connector()
	if err != nil {
		return err
	}
	return v.show(v.setupPage(s, v.setupForm(s)))
}

// setupPage is the form with what the provider has to be told, and what its
// kind says about setting it up.
func (v *visit) setupPage(s setup, form *ui.Form) *ui.Page {
	name := s.Name.In(v.lang)
	p := &ui.Page{Name: "connector", Header: ui.Header{
		Title: name, Lead: s.Description.In(v.lang), Crumbs: []ui.Link{{Text: v.T("connectors.title"), Href: pathConnectors}},
	}}
	var main, side []ui.Block
	if s.isNew {
		p.Name = "new-connector"
		p.Header.Title = v.T("connectors.new_title", "name", name)
		p.Header.Crumbs = append(p.Header.Crumbs, ui.Link{Text: v.T("connectors." + kindKey(s.Type)), Href: chooseFactory(s.Type)})
	} else {
		p.Header.ID = string(s.ID)
		p.Header.Pill = &ui.Pill{Text: v.T("connectors.set_up"), Tone: ui.Good}
		p.Header.Actions = []ui.Action{{Text: v.T("connectors.delete"), Href: connectorPath(s.ID) + "/delete", Danger: true}}
	}
	if s.former != "" {
		main = append(main, ui.Notice{Tone: ui.Warn, Text: v.T("connectors.replaces", "name", s.former)})
	}
	if s.Type == guestlist.ConnectorSocial {
		main = append(main, v.tellProvider(s))
		if !s.isNew {
			side = append(side, v.buttonSection(s))
		}
	}
	main = append(main, form)
	if blocks := readme(s.Readme, v.d.Endpoint, string(s.ID)); len(blocks) > 0 {
		side = append(side, ui.Section{Title: v.T("connectors.how"), Body: blocks})
	}
	p.Body = []ui.Block{ui.Columns{Main: main, Side: side}}
	return p
}

// tellProvider says what a social provider has to know of us.
func (v *visit) tellProvider(s setup) ui.Block {
	rows := []ui.Fact{{Term: v.T("connectors.redirect_uri"), Cell: ui.Code(v.d.Endpoint + "/callback/" + string(s.ID))}}
	if s.FactoryID == "saml" {
		rows = []ui.Fact{{Term: v.T("connectors.acs"), Cell: ui.Code(v.d.Endpoint + "/api/authn/saml/" + string(s.ID))}}
	}
	return ui.Section{Title: v.T("connectors.tell"), Text: v.T("connectors.tell_text"), Body: []ui.Block{ui.Facts{Rows: rows}}}
}

// buttonSection says whether guests see the connector.
func (v *visit) buttonSection(s setup) ui.Block {
	shown, err := v.shownTargets()
	if err != nil {
		return ui.Notice{Tone: ui.Warn, Text: v.says(err)}
	}
	on := slices.Contains(shown, s.Target)
	text := v.T("connectors.button_on_text")
	if !on {
		text = v.T("connectors.button_off_text")
	}
	section := ui.Section{
		Title: v.T("connectors.button"), Text: text,
		Body: []ui.Block{ui.Facts{Rows: []ui.Fact{{Term: v.T("connectors.target"), Cell: ui.Code(s.Target)}, {Term: v.T("connectors.state"), Cell: ui.Cell{Pill: v.buttonPill(on)}}}}},
	}
	if v.has(Path + "/sign-in-experience") {
		section.Actions = []ui.Action{{Text: v.T("shell.nav.sign_in_experience"), Href: Path + "/sign-in-experience"}}
	}
	return section
}

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

func postNewConnector(v *visit) error {
	s, err := v.unborn(v.form.Get("factory"), v.form.Get("id"))
	if err != nil {
		return err
	}
	return v.saveConnector(s, func(in map[string]any) error {
		in["connectorId"], in["id"] = s.FactoryID, s.ID
		return v.api.Do(v.ctx(), "POST", "/connectors", in, nil)
	})
}

func postConnector(v *visit) error {
	s, err := v.connector()
	if err != nil {
		return err
	}
	return v.saveConnector(s, func(in map[string]any) error {
		_, err := v.api.Send(v.ctx(), client.Call{
			Method: "PATCH", Path: "/connectors/" + client.Segment(s.ID), In: in, Tag: v.form.Get(ui.FieldTag),
		})
		return err
	})
}

// saveConnector reads the form and saves it, or tries it out.
func (v *visit) saveConnector(s setup, save func(map[string]any) error) error {
	form := v.setupForm(s)
	page := v.setupPage(s, form)
	config, ok := v.readConfig(form, s.FormItems, s.stored)
	switch {
	case !ok:
		return v.again(page, form, errMarked)
	case v.form.Get("do") == "test":
		return v.testConnector(s, page, form, config)
	}
	if err := save(v.change(s, config)); err != nil {
		return v.again(page, form, err, "connector.should_specify_target", "target", "connector.multiple_target_with_same_platform", "target")
	}
	if !s.isNew {
		return v.done(connectorPath(s.ID), v.T("shell.saved"))
	}
	said := v.T("connectors.created", "name", s.Name.In(v.lang))
	if s.Type == guestlist.ConnectorSocial {
		said += " " + v.T("connectors.created_social")
	}
	return v.done(connectorPath(s.ID), said)
}

// testConnector sends a message with what is typed, which is not saved by it.
func (v *visit) testConnector(s setup, page *ui.Page, form *ui.Form, config members) error {
	to := strings.TrimSpace(v.form.Get("to"))
	in := map[string]any{"config": config, "locale": v.lang, "email": to}
	if s.Type == guestlist.ConnectorSMS {
		delete(in, "email")
		in["phone"] = digits(to)
	}
	if to == "" {
		form.Mark("email", v.T("ui.issue.required"))
		form.Mark("phone", v.T("ui.issue.required"))
		return v.again(page, form, errMarked)
	}
	err := v.api.Do(v.ctx(), "POST", "/connectors/"+url.PathEscape(s.FactoryID)+"/test", in, nil)
	var e *guestlist.Error
	switch {
	case err == nil:
		form.Fill(v.form)
		notice := ui.Notice{Tone: ui.Good, Title: v.T("connectors.test_sent", "to", to), Text: v.T("connectors.test_sent_text")}
		page.Body = append([]ui.Block{notice}, page.Body...)
		return v.showAs(http.StatusOK, page)
	case errors.As(err, &e) && e.Kind == guestlist.KindUnavailable:
		form.Fill(v.form)
		form.Problem = v.says(err)
		return v.showAs(http.StatusUnprocessableEntity, page)
	}
	return v.again(page, form, err)
}

// digits are those of a telephone number as people write it.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// readme makes blocks of what a kind of connector says of itself, of which
// headings, lists and paragraphs are known. Marks for emphasis are dropped.
func readme(text, endpoint, id string) []ui.Block {
	text = strings.NewReplacer("<endpoint>", endpoint, "<id of the connector>", id, "<connector-id>", id, "**", "", "`", "", "*", "").Replace(text)
	var blocks []ui.Block
	for _, part := range strings.Split(text, "\n\n") {
		part = strings.TrimSpace(part)
		if part == "" || strings.HasPrefix(part, "# ") {
			continue
		}
		for _, line := range strings.Split(part, "\n") {
			blocks = append(blocks, ui.Paragraph{Text: strings.TrimPrefix(strings.TrimPrefix(line, "## "), "- ")})
		}
	}
	return blocks
}
