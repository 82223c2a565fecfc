package console

import (
	"strconv"
	"time"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// secretDays are the lives that a secret can be given, in days; 0 has no end.
var secretDays = []int{0, 7, 30, 90, 180, 365}

func (v *visit) secrets(a application) ([]guestlist.ApplicationSecret, error) {
	return v.api.ApplicationSecrets(v.ctx(), a.ID)
}

// liveSecret returns a secret that still works, "" if there is none.
func (v *visit) liveSecret(a application) (string, error) {
	if !a.Type.IsConfidential() {
		return "", nil
	}
	secrets, err := v.secrets(a)
	for _, s := range secrets {
		if s.ExpiresAt == nil || *s.ExpiresAt > v.now() {
			return s.Value, err
		}
	}
	return "", err
}

// secretsPage lists the secrets of an application. None is on the page but the
// one that somebody asked to see.
func (v *visit) secretsPage(a application, shown string) (*ui.Page, error) {
	secrets, err := v.secrets(a)
	if err != nil {
		return nil, err
	}
	path := applicationPath(a.ID) + "/secrets"
	create := ui.Action{Text: v.T("applications.secret.new"), Href: path + "/new", Icon: "plus"}
	t := ui.Table{
		Caption: v.T("applications.tab.secrets"),
		Columns: []ui.Column{{Text: v.T("applications.name")}, {Text: v.T("applications.created_at"), Minor: true}, {Text: v.T("applications.secret.expires")}},
		Empty:   &ui.Empty{Icon: "setting", Title: v.T("applications.secret.empty"), Text: v.T("applications.secret.empty_text"), Actions: []ui.Action{create}},
	}
	body := []ui.Block{}
	for _, s := range secrets {
		if s.Name == shown {
			body = append(body, ui.Section{
				ID: "secret", Title: v.T("applications.secret.shown", "name", s.Name), Text: v.T("applications.secret.shown_text"),
				Body: []ui.Block{ui.Snippet{Title: s.Name, Text: s.Value}},
			})
		}
		t.Rows = append(t.Rows, ui.Row{
			Cells: []ui.Cell{ui.Text(s.Name), ui.At(s.CreatedAt), v.expiry(s.ExpiresAt)},
			Actions: []ui.Action{
				{Text: v.T("ui.reveal"), Href: path, Post: true, Name: "name", Value: s.Name},
				{Text: v.T("shell.delete"), Href: path + "/delete?" + query("name", s.Name).Encode(), Danger: true},
			},
		})
	}
	page := v.applicationPage(a, "secrets", append(body, t)...)
	page.Header.Lead = v.T("applications.secret.lead")
	if len(secrets) > 0 {
		page.Header.Actions = []ui.Action{create}
	}
	return page, nil
}

// expiry is when a secret ends.
func (v *visit) expiry(at *guestlist.Time) ui.Cell {
	switch {
	case at == nil:
		return ui.Cell{Text: v.T("applications.secret.never"), Quiet: true}
	case *at <= v.now():
		return ui.State(v.T("applications.secret.expired"), ui.Bad)
	}
	return ui.At(*at)
}

func getSecrets(v *visit) error { return v.showSecrets("") }

// postShowSecret puts one secret onto the page. It is a form, so that no
// history leads back to it.
func postShowSecret(v *visit) error { return v.showSecrets(v.form.Get("name")) }

func (v *visit) showSecrets(shown string) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	page, err := v.secretsPage(a, shown)
	if err != nil {
		return err
	}
	return v.show(page)
}

func (v *visit) newSecretForm(a application) *ui.Form {
	life := ui.Field{Kind: ui.KindSelect, Name: "days", Label: v.T("applications.secret.expires"), Value: "0", Help: v.T("applications.secret.expires_help")}
	for _, n := range secretDays {
		text := v.T("applications.secret.never")
		if n > 0 {
			text = v.N("applications.secret.days", n)
		}
		life.Options = append(life.Options, ui.Option{Value: strconv.Itoa(n), Text: text})
	}
	return &ui.Form{
		Action: applicationPath(a.ID) + "/secrets/new", Submit: v.T("applications.secret.new"),
		Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: applicationPath(a.ID) + "/secrets"},
		Sections: []ui.FormSection{{Fields: []ui.Field{
			{Name: "name", Label: v.T("applications.name"), Help: v.T("applications.secret.name_help"), Max: 256, Focus: true}, life,
		}}},
	}
}

func (v *visit) newSecretPage(a application, form *ui.Form) *ui.Page {
	return v.applicationSubpage(a, "secrets", "new-secret", v.T("applications.secret.new"), form)
}

func getNewSecret(v *visit) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	return v.show(v.newSecretPage(a, v.newSecretForm(a)))
}

func postNewSecret(v *visit) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	in := map[string]any{"name": v.form.Get("name")}
	if days, err := strconv.Atoi(v.form.Get("days")); err == nil && days > 0 && days <= guestlist.MaxPeriodDays {
		in["expiresAt"] = v.now().Add(time.Duration(days) * 24 * time.Hour)
	}
	var made guestlist.ApplicationSecret
	if err := v.api.Do(v.ctx(), "POST", a.path()+"/secrets", in, &made); err != nil {
		form := v.newSecretForm(a)
		return v.again(v.newSecretPage(a, form), form, err, "application.secret_name_exists", "name")
	}
	return v.showSecrets(made.Name)
}

func getDeleteSecret(v *visit) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	name, path := v.query.Get("name"), applicationPath(a.ID)+"/secrets"
	return v.show(v.applicationSubpage(a, "secrets", "delete-secret", v.T("applications.secret.delete_title", "name", name), ui.Confirm{
		Text: v.T("applications.secret.delete_text"), Action: path + "/delete", Hidden: []ui.Hidden{{Name: "name", Value: name}},
		Submit: v.T("shell.delete"), Cancel: ui.Link{Text: v.T("shell.cancel"), Href: path},
	}))
}

func postDeleteSecret(v *visit) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	name := v.form.Get("name")
	if err := v.api.Do(v.ctx(), "DELETE", a.path()+"/secrets/"+client.Segment(name), nil, nil); err != nil {
		return err
	}
	return v.done(applicationPath(a.ID)+"/secrets", v.T("applications.secret.deleted", "name", name))
}
