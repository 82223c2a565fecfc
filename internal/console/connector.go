package console

import (
	"net/url"
	"slices"
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

const (
	pathConnectors   = Path + "/connectors"
	pathSuppressions = pathConnectors + "/suppressions"
)

func connectorRoutes() []route {
	return []route{
		get(pathConnectors, getConnectors),
		get(pathConnectors+"/new", getNewConnector),
		post(pathConnectors+"/new", postNewConnector),
		get(pathSuppressions, getSuppressions),
		post(pathSuppressions, postSuppressions),
		get(pathConnectors+"/{id}", getConnector),
		post(pathConnectors+"/{id}", postConnector),
		post(pathConnectors+"/{id}/button", postConnectorButton),
		get(pathConnectors+"/{id}/delete", getDeleteConnector),
		post(pathConnectors+"/{id}/delete", postDeleteConnector),
	}
}

// connectorKinds are the types of connectors with the keys of their phrases, in
// the order of the page.
var connectorKinds = []struct {
	kind guestlist.ConnectorType
	key  string
}{{guestlist.ConnectorEmail, "email"}, {guestlist.ConnectorSMS, "sms"}, {guestlist.ConnectorSocial, "social"}}

func kindKey(t guestlist.ConnectorType) string {
	for _, k := range connectorKinds {
		if k.kind == t {
			return k.key
		}
	}
	return connectorKinds[0].key
}

func connectorPath(id guestlist.ConnectorID) string {
	return pathConnectors + "/" + client.Segment(id)
}

func chooseFactory(t guestlist.ConnectorType) string {
	return pathConnectors + "/new?type=" + url.QueryEscape(string(t))
}

func getConnectors(v *visit) error {
	all, err := v.api.Connectors(v.ctx())
	if err != nil {
		return err
	}
	shown, err := v.shownTargets()
	if err != nil {
		return err
	}
	page := &ui.Page{Name: "connectors", Header: ui.Header{Title: v.T("connectors.title"), Lead: v.T("connectors.lead")}}
	for _, k := range connectorKinds {
		cards := ui.Cards{}
		for _, c := range all {
			if c.Type != k.kind {
				continue
			}
			card := v.factoryCard(c.ConnectorTraits, connectorPath(c.ID))
			card.Pill = &ui.Pill{Text: v.T("connectors.set_up"), Tone: ui.Good}
			if k.kind == guestlist.ConnectorSocial {
				card.Pill = v.buttonPill(slices.Contains(shown, c.Target))
			}
			cards.Items = append(cards.Items, card)
			page.Images = append(page.Images, sources(c.Logo)...)
		}
		page.Body = append(page.Body, v.kindSection(k.kind, k.key, cards))
	}
	if v.has(pathSuppressions) {
		page.Body = append(page.Body, ui.Paragraph{
			Text: v.T("connectors.bounced_text"), Links: []ui.Link{{Text: v.T("connectors.bounced"), Href: pathSuppressions}},
		})
	}
	return v.show(page)
}

// kindSection shows what is set up of a kind, or what it would be good for.
func (v *visit) kindSection(kind guestlist.ConnectorType, key string, cards ui.Cards) ui.Section {
	s := ui.Section{ID: key, Title: v.T("connectors." + key), Plain: true}
	do := ui.Action{Text: v.T("connectors." + key + "_do"), Href: chooseFactory(kind)}
	if len(cards.Items) == 0 {
		do.Primary = kind == guestlist.ConnectorEmail
		s.Body = []ui.Block{ui.Empty{
			Icon: "connector", Title: v.T("connectors." + key + "_none"), Text: v.T("connectors." + key + "_why"), Actions: []ui.Action{do},
		}}
		return s
	}
	if kind != guestlist.ConnectorSocial {
		do.Text = v.T("connectors.other")
	}
	s.Actions, s.Body = []ui.Action{do}, []ui.Block{cards}
	return s
}

func (v *visit) factoryCard(t guestlist.ConnectorTraits, href string) ui.Card {
	return ui.Card{Provider: web.Provider{Name: t.Name.In(v.lang), Logo: t.Logo}, Text: t.Description.In(v.lang), Href: href}
}

func (v *visit) buttonPill(shown bool) *ui.Pill {
	if shown {
		return &ui.Pill{Text: v.T("connectors.button_on"), Tone: ui.Good}
	}
	return &ui.Pill{Text: v.T("connectors.button_off"), Tone: ui.Warn}
}

// shownTargets are the targets whose buttons stand on the sign-in page.
func (v *visit) shownTargets() ([]string, error) {
	var exp struct {
		Targets []string `json:"socialSignInConnectorTargets"`
	}
	err := v.api.Do(v.ctx(), "GET", "/sign-in-exp", nil, &exp)
	return exp.Targets, err
}

// sources are what a page's policy has to allow for a logo.
func sources(logo string) []string {
	if strings.HasPrefix(logo, "data:") {
		return []string{"data:"}
	}
	if u, err := url.Parse(logo); err == nil && u.Scheme == "https" && u.Host != "" {
		return []string{"https://" + u.Host}
	}
	return nil
}

// getNewConnector lets choose what to connect, and then set it up.
func getNewConnector(v *visit) error {
	if id := v.query.Get("factory"); id != "" {
		return v.newConnector(id)
	}
	kind := guestlist.ConnectorType(v.query.Get("type"))
	key := kindKey(kind)
	factories, err := v.api.ConnectorFactories(v.ctx())
	if err != nil {
		return err
	}
	all, err := v.api.Connectors(v.ctx())
	if err != nil {
		return err
	}
	page := &ui.Page{Name: "choose-connector", Images: []string{"data:"}, Header: ui.Header{
		Title: v.T("connectors." + key + "_do"), Lead: v.T("connectors." + key + "_choose"),
		Crumbs: []ui.Link{{Text: v.T("connectors.title"), Href: pathConnectors}},
	}}
	for _, k := range connectorKinds {
		page.Header.Tabs = append(page.Header.Tabs, ui.Tab{Text: v.T("connectors." + k.key), Href: chooseFactory(k.kind), Current: k.key == key})
	}
	cards := ui.Cards{}
	for _, f := range factories {
		if kindKey(f.Type) != key {
			continue
		}
		card := v.factoryCard(f.ConnectorTraits, pathConnectors+"/new?factory="+url.QueryEscape(f.ID))
		i := slices.IndexFunc(all, func(c guestlist.ConnectorView) bool { return c.FactoryID == f.ID && !f.IsStandard })
		if i >= 0 {
			card.Href, card.Pill = connectorPath(all[i].ID), &ui.Pill{Text: v.T("connectors.set_up"), Tone: ui.Good}
		}
		cards.Items = append(cards.Items, card)
	}
	page.Body = []ui.Block{cards}
	return v.show(page)
}

func getDeleteConnector(v *visit) error {
	c, err := v.connector()
	if err != nil {
		return err
	}
	name := c.Name.In(v.lang)
	return v.show(&ui.Page{
		Name: "delete-connector",
		Header: ui.Header{
			Title:  v.T("connectors.delete_title", "name", name),
			Crumbs: []ui.Link{{Text: v.T("connectors.title"), Href: pathConnectors}, {Text: name, Href: connectorPath(c.ID)}},
		},
		Body: []ui.Block{ui.Confirm{
			Text: v.T("connectors.delete_" + kindKey(c.Type)), Action: connectorPath(c.ID) + "/delete", Submit: v.T("connectors.delete"),
			Cancel: ui.Link{Text: v.T("shell.cancel"), Href: connectorPath(c.ID)},
		}},
	})
}

func postDeleteConnector(v *visit) error {
	c, err := v.connector()
	if err != nil {
		return err
	}
	if err := v.api.DeleteConnector(v.ctx(), c.ID); err != nil {
		return err
	}
	return v.done(pathConnectors, v.T("connectors.deleted", "name", c.Name.In(v.lang)))
}

// getSuppressions shows the addresses that no more mail is sent to.
func getSuppressions(v *visit) error {
	var rows []struct {
		Address   string         `json:"address"`
		Reason    string         `json:"reason"`
		Detail    string         `json:"detail"`
		CreatedAt guestlist.Time `json:"createdAt"`
	}
	paging, err := v.list("/suppressions", nil, &rows)
	if err != nil {
		return err
	}
	t := ui.Table{
		Caption: v.T("connectors.bounced"), Paging: paging,
		Columns: []ui.Column{
			{Text: v.T("connectors.address")}, {Text: v.T("connectors.reason")}, {Text: v.T("connectors.detail"), Minor: true}, {Text: v.T("connectors.since")},
		},
		Empty: &ui.Empty{Icon: "good", Title: v.T("connectors.bounced_none"), Text: v.T("connectors.bounced_none_text")},
	}
	for _, s := range rows {
		reason := v.T("connectors.reason_bounced")
		if s.Reason == "complained" {
			reason = v.T("connectors.reason_complained")
		}
		t.Rows = append(t.Rows, ui.Row{
			Cells: []ui.Cell{ui.Text(s.Address), ui.State(reason, ui.Warn), {Text: s.Detail, Quiet: true}, ui.At(s.CreatedAt)},
			Actions: []ui.Action{{
				Text: v.T("connectors.send_again"), Href: pathSuppressions, Post: true, Hidden: []ui.Hidden{{Name: "address", Value: s.Address}},
			}},
		})
	}
	return v.show(&ui.Page{
		Name: "suppressions", Body: []ui.Block{t},
		Header: ui.Header{
			Title: v.T("connectors.bounced"), Lead: v.T("connectors.bounced_lead"),
			Crumbs: []ui.Link{{Text: v.T("connectors.title"), Href: pathConnectors}},
		},
	})
}

func postSuppressions(v *visit) error {
	address := v.form.Get("address")
	if err := v.api.Do(v.ctx(), "DELETE", "/suppressions/"+client.Segment(address), nil, nil); err != nil {
		return err
	}
	return v.done(pathSuppressions, v.T("connectors.sent_again", "address", address))
}
