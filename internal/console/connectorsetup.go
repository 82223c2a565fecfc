package console

import (
	"cmp"
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
			side = append(side, v.button(s)...)
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

// button says whether guests see the connector, and turns that over.
func (v *visit) button(s setup) []ui.Block {
	shown, err := v.shownTargets()
	if err != nil {
		return []ui.Block{ui.Notice{Tone: ui.Warn, Text: v.says(err)}}
	}
	on := slices.Contains(shown, s.Target)
	sw := ui.Switch{
		Title: v.T("connectors.button"), Text: v.T("connectors.button_off_text"), On: on, State: *v.buttonPill(on),
		Action: connectorPath(s.ID) + "/button", Name: "shown", Press: v.T("connectors.button_show"),
	}
	if on {
		sw.Text, sw.Press = v.T("connectors.button_on_text"), v.T("connectors.button_hide")
	}
	blocks := []ui.Block{sw}
	if v.has(Path + "/sign-in-experience") {
		blocks = append(blocks, ui.Paragraph{
			Text: v.T("connectors.button_order"), Links: []ui.Link{{Text: v.T("shell.nav.sign_in_experience"), Href: Path + "/sign-in-experience"}},
		})
	}
	return blocks
}

// postConnectorButton shows or hides the button, which one press takes back.
func postConnectorButton(v *visit) error {
	s, err := v.connector()
	if err != nil {
		return err
	}
	var exp struct {
		Targets []string `json:"socialSignInConnectorTargets"`
	}
	tag, err := v.api.Get(v.ctx(), "/sign-in-exp", &exp)
	if err != nil {
		return err
	}
	on := v.form.Get("shown") == ui.Yes
	targets := slices.DeleteFunc(exp.Targets, func(t string) bool { return t == s.Target })
	text, back := v.T("connectors.button_is_off", "name", s.Name.In(v.lang)), ui.Yes
	if on {
		targets = append(targets, s.Target)
		text, back = v.T("connectors.button_is_on", "name", s.Name.In(v.lang)), "false"
	}
	_, err = v.api.Send(v.ctx(), client.Call{
		Method: "PATCH", Path: "/sign-in-exp", In: map[string]any{"socialSignInConnectorTargets": targets}, Tag: tag,
	})
	if err != nil {
		return err
	}
	undo := &ui.Action{Text: v.T("ui.undo"), Href: connectorPath(s.ID) + "/button", Post: true, Hidden: []ui.Hidden{{Name: "shown", Value: back}}}
	return v.doneWith(connectorPath(s.ID), ui.Flash{Text: text, Undo: undo})
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
	name := s.Name.In(v.lang)
	if s.IsStandard {
		name = cmp.Or(strings.TrimSpace(v.form.Get("name")), name)
	}
	said := v.T("connectors.created", "name", name)
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
