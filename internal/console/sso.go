package console

import (
	"net/url"
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

const pathSSO = Path + "/sso"

func ssoRoutes() []route {
	return []route{
		get(pathSSO, getSSOs),
		get(pathSSO+"/new", getNewSSO),
		post(pathSSO+"/new", postNewSSO),
		get(pathSSO+"/{id}", getSSO),
		post(pathSSO+"/{id}", postSSO),
		get(pathSSO+"/{id}/connection", getSSOConnection),
		get(pathSSO+"/{id}/delete", getDeleteSSO),
		post(pathSSO+"/{id}/delete", postDeleteSSO),
	}
}

// The names that the API has for what is special among enterprise providers.
const (
	providerGoogle = "GoogleWorkspace"
	familySAML     = "saml"
)

// quickly leaves out what providers tell of themselves: they need not be asked
// for a page that does not show it.
func quickly() url.Values { return query("includeProviderConfig", "false") }

// employer is an enterprise connector.
type employer struct {
	client.SSOConnector
	config members
	tag    string
}

func (e employer) text(key string) string {
	s, _ := e.config[key].(string)
	return s
}

// isComplete reports whether guests can be sent to the provider.
func (e employer) isComplete() bool {
	if e.ProviderType == familySAML {
		return e.text("metadataUrl") != "" || e.text("metadata") != "" ||
			e.text("entityId") != "" && e.text("signInEndpoint") != "" && e.text("x509Certificate") != ""
	}
	return e.text("clientId") != "" && e.text("clientSecret") != "" && (e.text("issuer") != "" || e.ProviderName == providerGoogle)
}

func ssoPath(id guestlist.ConnectorID) string { return pathSSO + "/" + client.Segment(id) }

// sso reads the connector of the path.
func (v *visit) sso(how url.Values) (employer, error) {
	var e employer
	a, err := v.api.Send(v.ctx(), client.Call{Path: "/sso-connectors/" + client.Segment(v.id("id")), Query: how, Out: &e.SSOConnector})
	e.tag, e.config = a.Tag, membersOf(e.Config)
	return e, err
}

func (v *visit) ssoPill(e employer) *ui.Pill {
	switch {
	case !e.isComplete():
		return &ui.Pill{Text: v.T("sso.incomplete"), Tone: ui.Warn}
	case len(e.Domains) == 0:
		return &ui.Pill{Text: v.T("sso.no_domains"), Tone: ui.Warn}
	}
	return &ui.Pill{Text: v.T("sso.complete"), Tone: ui.Good}
}

func getSSOs(v *visit) error {
	var list []employer
	var rows []client.SSOConnector
	paging, err := v.list("/sso-connectors", quickly(), &rows)
	if err != nil {
		return err
	}
	for _, r := range rows {
		list = append(list, employer{SSOConnector: r, config: membersOf(r.Config)})
	}
	create := ui.Action{Text: v.T("sso.new"), Href: pathSSO + "/new", Primary: true, Icon: "plus"}
	t := ui.Table{
		Caption: v.T("sso.title"), Paging: paging,
		Columns: []ui.Column{{Text: v.T("sso.name")}, {Text: v.T("sso.provider"), Minor: true}, {Text: v.T("sso.domains")}, {Text: v.T("sso.state")}},
		Empty:   &ui.Empty{Icon: "sso", Title: v.T("sso.empty"), Text: v.T("sso.empty_text"), Actions: []ui.Action{create}},
	}
	for _, e := range list {
		t.Rows = append(t.Rows, ui.Row{ID: string(e.ID), Href: ssoPath(e.ID), Cells: []ui.Cell{
			ui.Text(e.ConnectorName), {Text: e.Name, Quiet: true}, {Tags: e.Domains}, {Pill: v.ssoPill(e)},
		}})
	}
	return v.show(&ui.Page{
		Name: "sso", Body: []ui.Block{t},
		Header: ui.Header{Title: v.T("sso.title"), Lead: v.T("sso.lead"), Actions: []ui.Action{create}},
	})
}

// getNewSSO lets choose a provider, and then name the connector: what the
// provider has to be told depends on it.
func getNewSSO(v *visit) error {
	providers, err := v.api.SSOProviders(v.ctx())
	if err != nil {
		return err
	}
	crumbs := []ui.Link{{Text: v.T("sso.title"), Href: pathSSO}}
	if name := v.query.Get("provider"); name != "" {
		p, err := v.ssoProvider(name)
		if err != nil {
			return err
		}
		return v.show(v.newSSOPage(p, v.newSSOForm(p)))
	}
	cards := ui.Cards{}
	for _, p := range providers {
		cards.Items = append(cards.Items, ui.Card{
			Provider: web.Provider{Name: p.Name, Logo: p.Logo}, Text: v.T("sso.about." + p.ProviderName), Href: pathSSO + "/new?provider=" + url.QueryEscape(p.ProviderName),
		})
	}
	return v.show(&ui.Page{
		Name: "choose-sso", Images: []string{"data:"}, Body: []ui.Block{cards},
		Header: ui.Header{Title: v.T("sso.choose"), Lead: v.T("sso.choose_text"), Crumbs: crumbs},
	})
}

func (v *visit) ssoProvider(name string) (guestlist.SSOProvider, error) {
	providers, err := v.api.SSOProviders(v.ctx())
	for _, p := range providers {
		if p.ProviderName == name {
			return p, err
		}
	}
	if err == nil {
		err = guestlist.Refuse(guestlist.KindNotFound, "request.route_not_found")
	}
	return guestlist.SSOProvider{}, err
}

func (v *visit) newSSOForm(p guestlist.SSOProvider) *ui.Form {
	return &ui.Form{
		Action: pathSSO + "/new", Submit: v.T("sso.create"), Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: pathSSO},
		Hidden: []ui.Hidden{{Name: "provider", Value: p.ProviderName}},
		Sections: []ui.FormSection{{Fields: []ui.Field{
			{Name: "connectorName", Label: v.T("sso.name"), Help: v.T("sso.name_help"), Max: 128, Focus: true, Placeholder: "Acme"}, v.domainField(nil),
		}}},
	}
}

func (v *visit) domainField(domains []string) ui.Field {
	return ui.Field{
		Kind: ui.KindList, Name: "domains", Label: v.T("sso.domains"), Help: v.T("sso.domains_help"), Values: domains, Placeholder: "acme.example", Code: true,
	}
}

func (v *visit) newSSOPage(p guestlist.SSOProvider, form *ui.Form) *ui.Page {
	return &ui.Page{
		Name: "new-sso", Body: []ui.Block{form},
		Header: ui.Header{
			Title: v.T("sso.new_title", "name", p.Name), Lead: v.T("sso.new_text"),
			Crumbs: []ui.Link{{Text: v.T("sso.title"), Href: pathSSO}, {Text: v.T("sso.choose"), Href: pathSSO + "/new"}},
		},
	}
}

func postNewSSO(v *visit) error {
	p, err := v.ssoProvider(v.form.Get("provider"))
	if err != nil {
		return err
	}
	var created guestlist.SSOConnector
	err = v.api.Do(v.ctx(), "POST", "/sso-connectors", map[string]any{
		"providerName": p.ProviderName, "connectorName": strings.TrimSpace(v.form.Get("connectorName")), "domains": ui.ListOf(v.form, "domains"),
	}, &created)
	if err != nil {
		form := v.newSSOForm(p)
		return v.again(v.newSSOPage(p, form), form, err, ssoFaults...)
	}
	return v.done(ssoPath(created.ID), v.T("sso.created"))
}

// ssoFaults are the refusals with the fields that they are about.
var ssoFaults = []string{
	"single_sign_on.duplicate_connector_name", "connectorName",
	"single_sign_on.forbidden_domains", "domains",
	"single_sign_on.duplicated_domains", "domains",
}

func getDeleteSSO(v *visit) error {
	e, err := v.sso(quickly())
	if err != nil {
		return err
	}
	return v.show(&ui.Page{
		Name: "delete-sso",
		Header: ui.Header{
			Title:  v.T("sso.delete_title", "name", e.ConnectorName),
			Crumbs: []ui.Link{{Text: v.T("sso.title"), Href: pathSSO}, {Text: e.ConnectorName, Href: ssoPath(e.ID)}},
		},
		Body: []ui.Block{ui.Confirm{
			Text: v.T("sso.delete_text"), Action: ssoPath(e.ID) + "/delete", Submit: v.T("sso.delete"),
			Facts:  []ui.Fact{{Term: v.T("sso.domains"), Cell: ui.Cell{Tags: e.Domains}}},
			Cancel: ui.Link{Text: v.T("shell.cancel"), Href: ssoPath(e.ID)},
		}},
	})
}

func postDeleteSSO(v *visit) error {
	e, err := v.sso(quickly())
	if err != nil {
		return err
	}
	if err := v.api.DeleteSSOConnector(v.ctx(), e.ID); err != nil {
		return err
	}
	return v.done(pathSSO, v.T("sso.deleted", "name", e.ConnectorName))
}
