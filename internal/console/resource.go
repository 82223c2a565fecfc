package console

import (
	"strconv"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

const pathResources = Path + "/resources"

func resourceRoutes() []route {
	const one = pathResources + "/{id}"
	return []route{
		get(pathResources, getResources),
		get(pathResources+"/new", getNewResource),
		post(pathResources+"/new", postNewResource),
		get(one, getResource),
		post(one, postResource),
		post(one+"/default", postDefaultResource),
		get(one+"/delete", getDeleteResource),
		post(one+"/delete", postDeleteResource),
		get(one+"/permissions", getResourceScopes),
		get(one+"/permissions/new", getNewResourceScope),
		post(one+"/permissions/new", postNewResourceScope),
		get(one+"/permissions/{scope}", getResourceScope),
		post(one+"/permissions/{scope}", postResourceScope),
		get(one+"/permissions/{scope}/delete", getDeleteResourceScope),
		post(one+"/permissions/{scope}/delete", postDeleteResourceScope),
	}
}

func resourcePath(id guestlist.ResourceID) string { return pathResources + "/" + client.Segment(id) }

func resourceAPI(id guestlist.ResourceID) string { return "/resources/" + client.Segment(id) }

func getResources(v *visit) error {
	var resources []guestlist.Resource
	paging, err := v.list("/resources", nil, &resources)
	if err != nil {
		return err
	}
	create := ui.Action{Text: v.T("resources.new"), Href: pathResources + "/new", Primary: true, Icon: "plus"}
	t := ui.Table{
		Caption: v.T("resources.title"), Paging: paging,
		Columns: []ui.Column{
			{Text: v.T("resources.name")}, {Text: v.T("resources.indicator")}, {Text: v.T("resources.ttl"), Minor: true, Number: true},
		},
		Empty: &ui.Empty{Icon: "resource", Title: v.T("resources.empty"), Text: v.T("resources.empty_text"), Actions: []ui.Action{create}},
	}
	own := 0
	for _, r := range resources {
		name := ui.Text(r.Name)
		switch {
		case r.Indicator == guestlist.ManagementAPI:
			name.Sub = v.T("resources.built_in_pill")
		case r.IsDefault:
			name.Sub = v.T("resources.default_pill")
		}
		if r.Indicator != guestlist.ManagementAPI {
			own++
		}
		t.Rows = append(t.Rows, ui.Row{Href: resourcePath(r.ID), Cells: []ui.Cell{
			name, ui.Code(r.Indicator), ui.Text(v.T("resources.seconds", "n", v.count(r.AccessTokenTTL))),
		}})
	}
	page := &ui.Page{
		Name: "resources", Body: []ui.Block{t},
		Header: ui.Header{Title: v.T("resources.title"), Lead: v.T("resources.lead"), Actions: []ui.Action{create}},
	}
	if own == 0 && v.page() == 1 {
		page.Body = append(page.Body, *t.Empty)
		page.Header.Actions = nil
	}
	return v.show(page)
}

func (v *visit) lifeField(value int) ui.Field {
	one, most := 1, maxLifetime
	return ui.Field{
		Kind: ui.KindNumber, Name: "accessTokenTtl", Label: v.T("resources.ttl"), Help: v.T("resources.ttl_help"),
		Value: strconv.Itoa(value), Least: &one, Most: &most, Suffix: v.T("resources.unit"),
	}
}

func (v *visit) newResourceForm() *ui.Form {
	return &ui.Form{
		Action: pathResources + "/new", Submit: v.T("resources.new"), Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: pathResources},
		Sections: []ui.FormSection{{Fields: []ui.Field{
			{Name: "name", Label: v.T("resources.name"), Help: v.T("resources.name_help"), Max: 256, Focus: true},
			{
				Name: "indicator", Label: v.T("resources.indicator"), Help: v.T("resources.indicator_help"), Code: true, Max: 2048,
				Placeholder: "https://api.example.com",
			},
			v.lifeField(guestlist.DefaultAccessTokenTTLSeconds),
		}}},
	}
}

func (v *visit) newResourcePage(form *ui.Form) *ui.Page {
	return &ui.Page{
		Name: "new-resource", Body: []ui.Block{form},
		Header: ui.Header{Title: v.T("resources.new"), Crumbs: []ui.Link{{Text: v.T("resources.title"), Href: pathResources}}},
	}
}

func getNewResource(v *visit) error { return v.show(v.newResourcePage(v.newResourceForm())) }

func postNewResource(v *visit) error {
	form := v.newResourceForm()
	page := v.newResourcePage(form)
	life, ok := v.numberIfAny(form, "accessTokenTtl")
	if !ok {
		return v.again(page, form, errMarked)
	}
	in := map[string]any{"name": v.form.Get("name"), "indicator": v.form.Get("indicator")}
	if life != nil {
		in["accessTokenTtl"] = *life
	}
	var created guestlist.Resource
	if err := v.api.Do(v.ctx(), "POST", "/resources", in, &created); err != nil {
		return v.again(page, form, err, "resource.resource_identifier_in_use", "indicator")
	}
	return v.done(resourcePath(created.ID)+"/permissions", v.T("resources.created", "name", created.Name))
}

// resource reads the resource of the path, with its tag.
func (v *visit) resource() (guestlist.Resource, string, error) {
	var r guestlist.Resource
	tag, err := v.api.Get(v.ctx(), "/resources/"+client.Segment(v.id("id")), &r)
	return r, tag, err
}

// resourcePage is one of the pages of a resource.
func (v *visit) resourcePage(r guestlist.Resource, tab string, body ...ui.Block) *ui.Page {
	h := ui.Header{Title: r.Name, ID: r.Indicator, Crumbs: []ui.Link{{Text: v.T("resources.title"), Href: pathResources}}}
	switch {
	case r.Indicator == guestlist.ManagementAPI:
		h.Pill, h.Lead = &ui.Pill{Text: v.T("resources.built_in_pill"), Tone: ui.Info}, v.T("resources.built_in")
	case r.IsDefault:
		h.Pill = &ui.Pill{Text: v.T("resources.default_pill"), Tone: ui.Info}
	}
	if tab == "settings" && r.Indicator != guestlist.ManagementAPI {
		h.Actions = []ui.Action{{Text: v.T("resources.delete"), Href: resourcePath(r.ID) + "/delete", Danger: true}}
	}
	for _, t := range []string{"settings", "permissions"} {
		href := resourcePath(r.ID)
		if t != "settings" {
			href += "/" + t
		}
		h.Tabs = append(h.Tabs, ui.Tab{Text: v.T("resources." + t), Href: href, Current: t == tab})
	}
	return &ui.Page{Name: "resource-" + tab, Header: h, Body: body}
}

func (v *visit) resourceForm(r guestlist.Resource, tag string) *ui.Form {
	return &ui.Form{Action: resourcePath(r.ID), Submit: v.T("shell.save"), Tag: tag, Sections: []ui.FormSection{{Fields: []ui.Field{
		{Name: "name", Label: v.T("resources.name"), Help: v.T("resources.name_help"), Value: r.Name, Max: 256},
		{Kind: ui.KindShow, Name: "indicator", Label: v.T("resources.indicator"), Help: v.T("resources.indicator_fixed"), Value: r.Indicator},
		v.lifeField(r.AccessTokenTTL),
	}}}}
}

func (v *visit) resourceSettings(r guestlist.Resource, form *ui.Form) *ui.Page {
	if r.Indicator == guestlist.ManagementAPI {
		return v.resourcePage(r, "settings", ui.Facts{Rows: []ui.Fact{
			{Term: v.T("resources.indicator"), Cell: ui.Code(r.Indicator)},
			{Term: v.T("resources.ttl"), Cell: ui.Text(v.T("resources.seconds", "n", v.count(r.AccessTokenTTL)))},
		}})
	}
	s := ui.Switch{
		Title: v.T("resources.default"), Text: v.T("resources.default_help"), Action: resourcePath(r.ID) + "/default", Name: "isDefault",
		On: r.IsDefault, State: ui.Pill{Text: v.T("shell.off")}, Press: v.T("resources.make_default"),
	}
	if r.IsDefault {
		s.State, s.Press = ui.Pill{Text: v.T("shell.on"), Tone: ui.Good}, v.T("resources.no_default")
	}
	return v.resourcePage(r, "settings", form, s)
}

func getResource(v *visit) error {
	r, tag, err := v.resource()
	if err != nil {
		return err
	}
	return v.show(v.resourceSettings(r, v.resourceForm(r, tag)))
}

func postResource(v *visit) error {
	r, tag, err := v.resource()
	if err != nil {
		return err
	}
	form := v.resourceForm(r, tag)
	page := v.resourceSettings(r, form)
	life, ok := v.numberIfAny(form, "accessTokenTtl")
	if !ok {
		return v.again(page, form, errMarked)
	}
	change := map[string]any{"name": v.form.Get("name")}
	if life != nil {
		change["accessTokenTtl"] = *life
	}
	_, err = v.api.Send(v.ctx(), client.Call{Method: "PATCH", Path: resourceAPI(r.ID), In: change, Tag: v.form.Get(ui.FieldTag)})
	if err != nil {
		return v.again(page, form, err)
	}
	return v.done(resourcePath(r.ID), v.T("shell.saved"))
}

// postDefaultResource turns the switch over. One press turns it back, as far as
// this resource goes.
func postDefaultResource(v *visit) error {
	r, _, err := v.resource()
	if err != nil {
		return err
	}
	on := v.form.Get("isDefault") == ui.Yes
	if err := v.api.Do(v.ctx(), "PATCH", resourceAPI(r.ID)+"/is-default", map[string]any{"isDefault": on}, nil); err != nil {
		return err
	}
	text, back := v.T("resources.now_not_default", "name", r.Name), ui.Yes
	if on {
		text, back = v.T("resources.now_default", "name", r.Name), "false"
	}
	return v.doneWith(resourcePath(r.ID), ui.Flash{Text: text, Undo: &ui.Action{
		Text: v.T("ui.undo"), Href: resourcePath(r.ID) + "/default", Post: true, Hidden: []ui.Hidden{{Name: "isDefault", Value: back}},
	}})
}

func getDeleteResource(v *visit) error {
	r, _, err := v.resource()
	if err != nil {
		return err
	}
	return v.show(&ui.Page{
		Name: "delete-resource",
		Header: ui.Header{
			Title:  v.T("resources.delete_title", "name", r.Name),
			Crumbs: []ui.Link{{Text: v.T("resources.title"), Href: pathResources}, {Text: r.Name, Href: resourcePath(r.ID)}},
		},
		Body: []ui.Block{ui.Confirm{
			Text: v.T("resources.delete_text"), Action: resourcePath(r.ID) + "/delete", Submit: v.T("resources.delete"),
			Cancel: ui.Link{Text: v.T("shell.cancel"), Href: resourcePath(r.ID)},
		}},
	})
}

func postDeleteResource(v *visit) error {
	r, _, err := v.resource()
	if err != nil {
		return err
	}
	if err := v.api.Do(v.ctx(), "DELETE", resourceAPI(r.ID), nil, nil); err != nil {
		return err
	}
	return v.done(pathResources, v.T("resources.deleted", "name", r.Name))
}
