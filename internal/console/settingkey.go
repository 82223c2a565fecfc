package console

import (
	"slices"
	"strconv"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

const pathKeys = pathSettings + "/keys"

// The kinds of keys, as in the API's paths.
const (
	keysSigning = "private-keys"
	keysCookie  = "cookie-keys"
)

// key is what the API says of a key.
type key struct {
	ID          guestlist.KeyID `json:"id"`
	CreatedAt   int64           `json:"createdAt"` // seconds since 1970
	Algorithm   string          `json:"algorithm"`
	Status      string          `json:"status"`
	EffectiveAt guestlist.Time  `json:"effectiveAt"`
}

func (v *visit) keysOf(kind string) ([]key, error) {
	var keys []key
	err := v.api.Do(v.ctx(), "GET", "/configs/oidc/"+client.Segment(kind), nil, &keys)
	return keys, err
}

func getKeys(v *visit) error {
	var body []ui.Block
	for _, kind := range []string{keysSigning, keysCookie} {
		keys, err := v.keysOf(kind)
		if err != nil {
			return err
		}
		body = append(body, ui.Section{
			ID: kind, Title: v.T("settings.keys." + kind + ".title"), Text: v.T("settings.keys." + kind + ".text"),
			Actions: []ui.Action{{Text: v.T("settings.keys.rotate"), Href: pathKeys + "/rotate?kind=" + kind}},
			Body:    []ui.Block{v.keyTable(kind, keys)},
		})
	}
	return v.show(v.settingPage("keys", body...))
}

func (v *visit) keyTable(kind string, keys []key) ui.Table {
	t := ui.Table{
		ID: "list-" + kind, Caption: v.T("settings.keys." + kind + ".title"),
		Columns: []ui.Column{{Text: v.T("settings.keys.id")}, {Text: v.T("settings.keys.state")}},
	}
	if kind == keysSigning {
		t.Columns = append(t.Columns, ui.Column{Text: v.T("settings.keys.algorithm")})
	}
	t.Columns = append(t.Columns, ui.Column{Text: v.T("settings.keys.made")})
	for i, k := range keys {
		row := ui.Row{Cells: []ui.Cell{{Text: string(k.ID), Code: true}, v.keyState(kind, i, k)}}
		if kind == keysSigning {
			row.Cells = append(row.Cells, ui.Cell{Text: k.Algorithm, Code: true})
		}
		row.Cells = append(row.Cells, ui.At(guestlist.Time(k.CreatedAt*1000)))
		if k.Status == "Previous" || kind == keysCookie && i > 0 {
			row.Actions = []ui.Action{{Text: v.T("shell.delete"), Href: keyPath(kind, k.ID) + "/delete", Danger: true}}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func keyPath(kind string, id guestlist.KeyID) string {
	return pathKeys + "/" + client.Segment(kind) + "/" + client.Segment(id)
}

// keyState says what a key is used for now. Of the cookie keys the newest, which
// is the first, signs.
func (v *visit) keyState(kind string, i int, k key) ui.Cell {
	switch {
	case k.Status == "Next":
		c := ui.State(v.T("settings.keys.next"), ui.Info)
		c.Sub = v.T("settings.keys.from", "when", web.Moment(v.lang, k.EffectiveAt))
		return c
	case k.Status == "Current", kind == keysCookie && i == 0:
		return ui.State(v.T("settings.keys.current"), ui.Good)
	default:
		return ui.State(v.T("settings.keys.previous"), ui.Neutral)
	}
}

// keyAlgorithms are offered for new signing keys.
var keyAlgorithms = []string{"ES384", "ES256", "RS256", "EdDSA"}

// keyGraces are the times between publishing a key and signing with it, in
// seconds.
var keyGraces = []int{0, 60 * 60, 24 * 60 * 60, 7 * 24 * 60 * 60}

func (v *visit) rotateForm(kind string, keys []key) *ui.Form {
	form := &ui.Form{
		Action: pathKeys + "/rotate?kind=" + kind, Submit: v.T("settings.keys.rotate"),
		Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: pathKeys},
	}
	section := ui.FormSection{Text: v.T("settings.keys." + kind + ".rotate_text")}
	if kind == keysSigning {
		algorithm := ui.Field{Kind: ui.KindSelect, Name: "algorithm", API: "signingKeyAlgorithm", Label: v.T("settings.keys.algorithm"), Help: v.T("settings.keys.algorithm_help")}
		for _, a := range keyAlgorithms {
			algorithm.Options = append(algorithm.Options, ui.Option{Value: a, Text: a})
		}
		for _, k := range keys {
			if k.Status == "Current" {
				algorithm.Value = k.Algorithm
			}
		}
		grace := ui.Field{Kind: ui.KindSelect, Name: "grace", API: "rotationGracePeriod", Label: v.T("settings.keys.grace"), Help: v.T("settings.keys.grace_help"), Value: strconv.Itoa(keyGraces[2])}
		for _, g := range keyGraces {
			grace.Options = append(grace.Options, ui.Option{Value: strconv.Itoa(g), Text: v.T("settings.keys.grace_" + strconv.Itoa(g/3600))})
		}
		section.Fields = []ui.Field{algorithm, grace}
	}
	form.Sections = []ui.FormSection{section}
	return form
}

func (v *visit) rotatePage(kind string, form *ui.Form) *ui.Page {
	return &ui.Page{
		Name: "rotate-key", Body: []ui.Block{form},
		Header: ui.Header{Title: v.T("settings.keys." + kind + ".rotate"), Crumbs: v.settingCrumbs("keys")},
	}
}

// keyKind is the kind that a path or a query names.
func keyKind(text string) (string, error) {
	if text != keysSigning && text != keysCookie {
		return "", guestlist.Refuse(guestlist.KindNotFound, "request.route_not_found")
	}
	return text, nil
}

func getRotateKey(v *visit) error {
	kind, err := keyKind(v.query.Get("kind"))
	if err != nil {
		return err
	}
	keys, err := v.keysOf(kind)
	if err != nil {
		return err
	}
	return v.show(v.rotatePage(kind, v.rotateForm(kind, keys)))
}

func postRotateKey(v *visit) error {
	kind, err := keyKind(v.query.Get("kind"))
	if err != nil {
		return err
	}
	keys, err := v.keysOf(kind)
	if err != nil {
		return err
	}
	change := map[string]any{}
	if kind == keysSigning {
		grace, err := strconv.Atoi(v.form.Get("grace"))
		if err != nil || !slices.Contains(keyGraces, grace) {
			form := v.rotateForm(kind, keys)
			form.Mark("rotationGracePeriod", v.T("ui.issue.other"))
			return v.again(v.rotatePage(kind, form), form, errMarked)
		}
		change["signingKeyAlgorithm"], change["rotationGracePeriod"] = v.form.Get("algorithm"), grace
	}
	if err := v.api.Do(v.ctx(), "POST", "/configs/oidc/"+kind+"/rotate", change, nil); err != nil {
		form := v.rotateForm(kind, keys)
		return v.again(v.rotatePage(kind, form), form, err)
	}
	return v.done(pathKeys, v.T("settings.keys."+kind+".rotated"))
}

// theKey is the key of the path.
func (v *visit) theKey() (kind string, k key, err error) {
	if kind, err = keyKind(v.id("kind")); err != nil {
		return "", k, err
	}
	keys, err := v.keysOf(kind)
	for _, k := range keys {
		if string(k.ID) == v.id("id") {
			return kind, k, nil
		}
	}
	if err == nil {
		err = guestlist.Refuse(guestlist.KindNotFound, "oidc.key_not_found")
	}
	return "", k, err
}

func (v *visit) deleteKeyPage(kind string, k key, problem string) *ui.Page {
	return &ui.Page{
		Name:   "delete-key",
		Header: ui.Header{Title: v.T("settings.keys.delete_title"), Crumbs: v.settingCrumbs("keys")},
		Body: []ui.Block{ui.Confirm{
			Text: v.T("settings.keys." + kind + ".delete_text"), Action: keyPath(kind, k.ID) + "/delete", Submit: v.T("settings.keys.delete"),
			Facts: []ui.Fact{
				{Term: v.T("settings.keys.id"), Cell: ui.Cell{Text: string(k.ID), Code: true}},
				{Term: v.T("settings.keys.made"), Cell: ui.At(guestlist.Time(k.CreatedAt * 1000))},
			},
			Error: problem, Cancel: ui.Link{Text: v.T("shell.cancel"), Href: pathKeys},
		}},
	}
}

func getDeleteKey(v *visit) error {
	kind, k, err := v.theKey()
	if err != nil {
		return err
	}
	return v.show(v.deleteKeyPage(kind, k, ""))
}

func postDeleteKey(v *visit) error {
	kind, k, err := v.theKey()
	if err != nil {
		return err
	}
	if err := v.api.Do(v.ctx(), "DELETE", "/configs/oidc/"+kind+"/"+client.Segment(k.ID), nil, nil); err != nil {
		if code := guestlist.CodeOf(err); code == "oidc.key_required" || code == "oidc.only_previous_key_can_be_deleted" {
			return v.doneWith(pathKeys, ui.Flash{Text: v.says(err), Tone: ui.Warn})
		}
		return err
	}
	return v.done(pathKeys, v.T("settings.keys.deleted"))
}
