package console

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

const pathExperience = Path + "/sign-in-experience"

func experienceRoutes() []route {
	routes := slices.Concat(wordingRoutes(), templateRoutes(), profileFieldRoutes(), []route{
		post(pathExperience+"/security/captcha", postCaptcha),
		post(pathExperience+"/content/languages", postLanguage),
	})
	for _, t := range tabs() {
		routes = append(routes, get(t.path(), t.get), post(t.path(), t.post), post(t.path()+"/preview", t.preview))
	}
	return routes
}

// tab is a view of the sign-in experience: one form over some of its members.
type tab struct {
	name   string // of the page, and of its phrase
	below  string // its path below pathExperience
	shows  string // the page that its preview shows at first, a key of previews
	load   func(*visit, *settings) error
	form   func(*visit, *settings) *ui.Form
	change func(*visit, *settings, *ui.Form) map[string]any // from what was typed; marks what cannot be read
	fields []string                                         // pairs of an error code and a field
	beside func(*visit, *settings) []ui.Block               // what stands under the form
}

func tabs() []tab {
	return []tab{brandingTab(), signInTab(), securityTab(), contentTab()}
}

func (t tab) path() string { return pathExperience + t.below }

// settings are what the forms are filled from.
type settings struct {
	exp     guestlist.SignInExperience
	tag     string
	files   map[string][]byte // that came with the form
	ways    []way
	captcha *guestlist.CaptchaConfig
	phrases []string // languages with words of the tenant's own
}

// way is a connector, as far as these pages care.
type way struct {
	Type   guestlist.ConnectorType `json:"type"`
	Target string                  `json:"target"`
	Name   guestlist.Translations  `json:"name"`
}

// sends reports whether there is a connector that sends messages of a kind.
func (s *settings) sends(t guestlist.ConnectorType) bool {
	return slices.ContainsFunc(s.ways, func(w way) bool { return w.Type == t })
}

func (t tab) settings(v *visit) (*settings, error) {
	s := &settings{}
	var err error
	if s.tag, err = v.api.Get(v.ctx(), "/sign-in-exp", &s.exp); err != nil {
		return nil, err
	}
	if t.load != nil {
		err = t.load(v, s)
	}
	return s, err
}

func loadWays(v *visit, s *settings) error {
	return v.api.Do(v.ctx(), "GET", "/connectors", nil, &s.ways)
}

func (t tab) get(v *visit) error {
	s, err := t.settings(v)
	if err != nil {
		return err
	}
	return v.show(t.page(v, s, t.newForm(v, s)))
}

func (t tab) newForm(v *visit, s *settings) *ui.Form {
	f := t.form(v, s)
	f.Action, f.Submit, f.Tag = t.path(), v.T("shell.save"), s.tag
	return f
}

func (t tab) page(v *visit, s *settings, form *ui.Form) *ui.Page {
	main := []ui.Block{form}
	if t.beside != nil {
		main = append(main, t.beside(v, s)...)
	}
	return &ui.Page{
		Name: t.name, Header: v.experienceHeader(t.path()), Frames: true,
		Body: []ui.Block{ui.Columns{Main: main, Side: []ui.Block{v.preview(t, s)}}},
	}
}

// experienceHeader is the top of every page of the area.
func (v *visit) experienceHeader(current string) ui.Header {
	h := ui.Header{Title: v.T("experience.title"), Lead: v.T("experience.lead")}
	for _, t := range tabs() {
		h.Tabs = append(h.Tabs, ui.Tab{Text: v.T("experience.tab." + t.name), Href: t.path(), Current: t.path() == current})
	}
	for _, p := range []struct{ path, name string }{{pathTemplates, "emails"}, {pathProfileFields, "fields"}} {
		h.Tabs = append(h.Tabs, ui.Tab{Text: v.T("experience.tab." + p.name), Href: p.path, Current: p.path == current})
	}
	return h
}

// experienceCrumbs is the way to a page below the area.
func (v *visit) experienceCrumbs(path, name string) []ui.Link {
	return []ui.Link{{Text: v.T("experience.title"), Href: pathExperience}, {Text: v.T("experience.tab." + name), Href: path}}
}

// typed reads what the form sent, and turns it into a change of the record. It
// returns errMarked when a field cannot be read.
func (t tab) typed(v *visit, s *settings, form *ui.Form) (map[string]any, error) {
	if v.isUpload() {
		files, err := v.upload(maxBrandingUpload)
		if err != nil {
			return nil, err
		}
		s.files = files
	}
	change := t.change(v, s, form)
	if len(form.Problems()) > 0 {
		return nil, errMarked
	}
	return changed(s.exp, change)
}

// changed leaves out of a change what would change nothing, so that a member
// that was accepted once is not judged anew because of another.
func changed(exp guestlist.SignInExperience, change map[string]any) (map[string]any, error) {
	var before, after map[string]any
	for _, x := range []struct {
		from any
		to   *map[string]any
	}{{exp, &before}, {change, &after}} {
		text, err := json.Marshal(x.from)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, x.to); err != nil {
			return nil, err
		}
	}
	for name, now := range after {
		if was := before[name]; reflect.DeepEqual(was, now) || was == nil && now == "" {
			delete(after, name)
		}
	}
	return after, nil
}

func (t tab) post(v *visit) error {
	s, err := t.settings(v)
	if err != nil {
		return err
	}
	form := t.newForm(v, s)
	change, err := t.typed(v, s, form)
	tag := v.form.Get(ui.FieldTag)
	if err == nil && len(change) > 0 {
		_, err = v.api.Send(v.ctx(), client.Call{Method: "PATCH", Path: "/sign-in-exp", In: change, Tag: tag})
	}
	if guestlist.CodeOf(err) == codeStale {
		// The record is one, but what somebody else changed may be none of this
		// form's concern.
		probe := t.newForm(v, s)
		if probe.Reconcile(v.form); len(probe.Conflict.Rows) == 0 {
			_, err = v.api.Send(v.ctx(), client.Call{Method: "PATCH", Path: "/sign-in-exp", In: change, Tag: s.tag})
		}
	}
	if err != nil {
		return v.again(t.page(v, s, form), form, err, t.fields...)
	}
	return v.done(t.path(), v.T("shell.saved"))
}

// word is a text that is sent as null when it is empty.
func (v *visit) word(name string) any {
	if s := strings.TrimSpace(v.form.Get(name)); s != "" {
		return s
	}
	return nil
}

// on reports whether a switch is on.
func (v *visit) on(name string) bool { return v.form.Get(name) == ui.Yes }

// number reads a whole number, and marks the field if it is none.
func (v *visit) number(form *ui.Form, name string) *int {
	text := strings.TrimSpace(v.form.Get(name))
	n, err := strconv.Atoi(text)
	switch {
	case text == "":
		form.Mark(name, v.T("ui.issue.required"))
	case err != nil:
		form.Mark(name, v.T("ui.issue.number"))
	}
	return &n
}

// languages are the languages that pages can be in: the built-in ones, and
// those with words of the tenant's own.
func (s *settings) languages() []string {
	out := slices.Clone(web.Languages)
	for _, tag := range append(slices.Clone(s.phrases), s.exp.LanguageInfo.FallbackLanguage) {
		if !slices.Contains(out, tag) {
			out = append(out, tag)
		}
	}
	return out
}

func loadWording(v *visit, s *settings) error {
	var own []struct {
		LanguageTag string         `json:"languageTag"`
		Translation map[string]any `json:"translation"`
	}
	err := v.api.Do(v.ctx(), "GET", "/custom-phrases", nil, &own)
	for _, p := range own {
		if len(p.Translation) > 0 {
			s.phrases = append(s.phrases, p.LanguageTag)
		}
	}
	return err
}

// option is a choice whose text is the phrase of its value.
func (v *visit) options(phrase string, values ...string) []ui.Option {
	var out []ui.Option
	for _, value := range values {
		out = append(out, ui.Option{Value: value, Text: v.T(phrase + value)})
	}
	return out
}

func toPtr[T any](x T) *T { return &x }

func orZero[T any](p *T, or T) T {
	if p == nil {
		return or
	}
	return *p
}
