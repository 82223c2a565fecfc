package console

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

func wordingRoutes() []route {
	const path = pathExperience + "/content/{lang}"
	return []route{
		get(path, getWording), post(path, postWording), post(path+"/preview", previewWording),
		get(path+"/delete", getDeleteWording), post(path+"/delete", postDeleteWording),
	}
}

// maxWords is how many phrases a search shows, and maxWord how long one may be,
// in characters.
const (
	maxWords = 60
	maxWord  = 4096
)

// wording is the tenant's own words in a language.
type wording struct {
	lang string
	tag  string            // version, "" where there are none
	own  map[string]string // by dotted key
	base map[string]string // what the pages say without them
	// group and q say which of them are shown.
	group, q string
}

func (v *visit) wording() (*wording, error) {
	tag, err := language.Parse(v.id("lang"))
	if err != nil || tag == language.Und || tag.String() != v.id("lang") {
		return nil, errNoPage
	}
	w := &wording{lang: tag.String(), own: map[string]string{}, base: v.d.Manners.Phrases.Raw(tag.String())}
	var kept struct {
		Translation map[string]any `json:"translation"`
	}
	w.tag, err = v.api.Get(v.ctx(), "/custom-phrases/"+client.Segment(w.lang), &kept)
	if err != nil && guestlist.KindOf(err) != guestlist.KindNotFound {
		return nil, err
	}
	flatten(w.own, "", kept.Translation)
	w.q = strings.TrimSpace(v.query.Get("q"))
	w.group = v.query.Get("group")
	if !slices.Contains(w.groups(), w.group) {
		w.group = wordGroups[0]
	}
	return w, nil
}

func flatten(flat map[string]string, prefix string, tree map[string]any) {
	for name, value := range tree {
		switch value := value.(type) {
		case string:
			flat[prefix+name] = value
		case map[string]any:
			flatten(flat, prefix+name+".", value)
		}
	}
}

// nest is the opposite of flatten.
func nest(flat map[string]string) map[string]any {
	tree := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(flat)) {
		at := tree
		parts := strings.Split(key, ".")
		for _, part := range parts[:len(parts)-1] {
			next, ok := at[part].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[part] = next
			}
			at = next
		}
		at[parts[len(parts)-1]] = flat[key]
	}
	return tree
}

// wordGroups are the groups that people change most, first.
var wordGroups = []string{"sign_in", "register", "action", "field"}

// groupOf is the group of a key: the page of pages.<page>.<word>, and all that
// is said of errors together by what they are about.
func groupOf(key string) string {
	parts := strings.SplitN(key, ".", 3)
	if parts[0] == "errors" {
		return "errors." + parts[1]
	}
	return parts[1]
}

func (w *wording) groups() []string {
	seen := map[string]bool{}
	for key := range w.base {
		seen[groupOf(key)] = true
	}
	rest := slices.DeleteFunc(slices.Sorted(maps.Keys(seen)), func(g string) bool { return slices.Contains(wordGroups, g) })
	slices.SortStableFunc(rest, func(a, b string) int {
		return boolOrder(strings.HasPrefix(a, "errors.")) - boolOrder(strings.HasPrefix(b, "errors."))
	})
	return append(slices.Clone(wordGroups), rest...)
}

func boolOrder(b bool) int {
	if b {
		return 1
	}
	return 0
}

// keys are the phrases that the form shows.
func (w *wording) keys() []string {
	q := strings.ToLower(w.q)
	var out []string
	for _, key := range slices.Sorted(maps.Keys(w.base)) {
		if q == "" && groupOf(key) != w.group {
			continue
		}
		if q != "" && !strings.Contains(strings.ToLower(key+"\n"+w.base[key]+"\n"+w.own[key]), q) {
			continue
		}
		if out = append(out, key); len(out) == maxWords {
			break
		}
	}
	return out
}

func (w *wording) form(v *visit) *ui.Form {
	sec := ui.FormSection{}
	for _, key := range w.keys() {
		f := ui.Field{Name: key, Label: w.base[key], Help: key, Value: w.own[key], Max: maxWord, Placeholder: w.base[key]}
		if len([]rune(w.base[key])) > 60 || strings.Contains(w.own[key], "\n") {
			f.Kind, f.Rows = ui.KindTextarea, 2
		}
		sec.Fields = append(sec.Fields, f)
	}
	action := wordingPath(w.lang) + "?" + query("group", w.group, "q", w.q).Encode()
	return &ui.Form{Action: action, Submit: v.T("shell.save"), Tag: w.tag, Sections: []ui.FormSection{sec}}
}

func (w *wording) page(v *visit, form *ui.Form) *ui.Page {
	groups := ui.Filter{Name: "group", Label: v.T("experience.wording.group"), Value: w.group}
	for _, g := range w.groups() {
		groups.Options = append(groups.Options, ui.Option{Value: g, Text: strings.ReplaceAll(strings.ReplaceAll(g, "errors.", v.T("experience.wording.errors")+": "), "_", " ")})
	}
	find := ui.Finder{
		Search: ui.Search{Action: wordingPath(w.lang), Value: w.q, Label: v.T("experience.wording.search")}, Filters: []ui.Filter{groups},
	}
	main := []ui.Block{find, form}
	if len(form.Sections[0].Fields) == 0 {
		main = []ui.Block{find, ui.Empty{Icon: "search", Title: v.T("ui.table.none"), Text: v.T("ui.table.none_text")}}
	}
	h := ui.Header{
		Title: v.T("experience.wording.title", "language", ui.LanguageName(w.lang)), Lead: v.T("experience.wording.lead"),
		Crumbs: v.experienceCrumbs(contentTab().path(), "content"),
	}
	if len(w.own) > 0 {
		h.Actions = []ui.Action{{Text: v.T("experience.wording.delete"), Href: wordingPath(w.lang) + "/delete", Icon: "trash", Danger: true}}
	}
	languages := slices.Clone(web.Languages)
	if !slices.Contains(languages, w.lang) {
		languages = append(languages, w.lang)
	}
	preview := v.previewOf(wordingPath(w.lang)+"/preview", w.shows(), w.lang, "light", languages)
	return &ui.Page{Name: "wording", Header: h, Frames: true, Body: []ui.Block{ui.Columns{Main: main, Side: []ui.Block{preview}}}}
}

// shows is the page on which the words of the group stand.
func (w *wording) shows() string {
	if page, ok := map[string]string{
		"register": "register", "code": "code", "reset": "forgot-password", "token": "one-time-token", "rule": "new-password", "terms": "register",
	}[w.group]; ok {
		return page
	}
	return "sign-in"
}

func getWording(v *visit) error {
	w, err := v.wording()
	if err != nil {
		return err
	}
	return v.show(w.page(v, w.form(v)))
}

var slot = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)

// typed is what the words become. A gap that nothing fills is marked: guests
// would see a hole there.
func (w *wording) typed(v *visit, form *ui.Form) (map[string]any, error) {
	words := maps.Clone(w.own)
	for _, key := range w.keys() {
		text := strings.TrimSpace(strings.ReplaceAll(v.form.Get(key), "\r\n", "\n"))
		if text == "" || text == w.base[key] {
			delete(words, key)
			continue
		}
		words[key] = text
		for _, m := range slot.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(w.base[key], "{{"+m[1]+"}}") {
				form.Mark(key, v.T("experience.wording.gap", "gap", m[0]))
			}
		}
	}
	if len(form.Problems()) > 0 {
		return nil, errMarked
	}
	return nest(words), nil
}

func postWording(v *visit) error {
	w, err := v.wording()
	if err != nil {
		return err
	}
	form := w.form(v)
	words, err := w.typed(v, form)
	switch {
	case err != nil:
	case len(words) == 0 && len(w.own) == 0:
	default:
		_, err = v.api.Send(v.ctx(), client.Call{
			Method: "PUT", Path: "/custom-phrases/" + client.Segment(w.lang), In: words, Tag: v.form.Get(ui.FieldTag),
		})
	}
	if err != nil {
		return v.again(w.page(v, form), form, err)
	}
	return v.done(form.Action, v.T("shell.saved"))
}

func previewWording(v *visit) error {
	w, err := v.wording()
	if err != nil {
		return err
	}
	form := w.form(v)
	words, err := w.typed(v, form)
	if err == nil {
		err = v.showDraft(map[string]any{"customPhrases": map[string]any{w.lang: words}})
	}
	if err != nil {
		return v.noPreview(form, err)
	}
	return nil
}

func getDeleteWording(v *visit) error {
	w, err := v.wording()
	if err != nil {
		return err
	}
	name := ui.LanguageName(w.lang)
	return v.show(&ui.Page{
		Name: "delete-wording",
		Header: ui.Header{
			Title:  v.T("experience.wording.delete_title", "language", name),
			Crumbs: append(v.experienceCrumbs(contentTab().path(), "content"), ui.Link{Text: name, Href: wordingPath(w.lang)}),
		},
		Body: []ui.Block{ui.Confirm{
			Text: v.T("experience.wording.delete_text"), Action: wordingPath(w.lang) + "/delete", Submit: v.T("experience.wording.delete"),
			Cancel: ui.Link{Text: v.T("shell.cancel"), Href: wordingPath(w.lang)},
		}},
	})
}

func postDeleteWording(v *visit) error {
	w, err := v.wording()
	if err != nil {
		return err
	}
	err = v.api.Do(v.ctx(), "DELETE", "/custom-phrases/"+client.Segment(w.lang), nil, nil)
	isDefault := guestlist.CodeOf(err) == "localization.cannot_delete_default_language"
	switch {
	case isDefault && slices.Contains(web.Languages, w.lang): // which has our words once it has no others
		_, err = v.api.Send(v.ctx(), client.Call{Method: "PUT", Path: "/custom-phrases/" + client.Segment(w.lang), In: map[string]any{}, Tag: w.tag})
	case isDefault:
		return v.doneWith(wordingPath(w.lang), ui.Flash{Text: v.says(err), Tone: ui.Bad})
	}
	if err != nil && guestlist.KindOf(err) != guestlist.KindNotFound {
		return err
	}
	return v.done(contentTab().path(), v.T("experience.wording.deleted"))
}
