package console

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"guestlist"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

// previews are the hosted pages that can be looked at.
var previews = []struct{ name, path string }{
	{"sign-in", "/sign-in"}, {"password", "/sign-in/password"}, {"register", "/register"}, {"code", "/sign-in/verification-code"},
	{"one-time-token", "/one-time-token"}, {"forgot-password", "/forgot-password"}, {"new-password", "/forgot-password/reset"},
	{"error", "/one-time-token/error"},
}

// The choices of a preview.
const (
	previewPage  = ui.PreviewPrefix + "page"
	previewLang  = ui.PreviewPrefix + "lang"
	previewTheme = ui.PreviewPrefix + "theme"
)

// preview shows the hosted pages as they are, and as the form would have them.
func (v *visit) preview(t tab, s *settings) ui.Block {
	at := t.shows
	if asked := v.form.Get(previewPage); asked != "" {
		at = asked
	}
	lang, theme := s.exp.LanguageInfo.FallbackLanguage, "light"
	if asked := v.form.Get(previewLang); asked != "" {
		lang = asked
	}
	if asked := v.form.Get(previewTheme); asked != "" {
		theme = asked
	}
	return v.previewOf(t.path()+"/preview", at, lang, theme, s.languages())
}

func (v *visit) previewOf(action, at, lang, theme string, languages []string) ui.Block {
	pages := ui.Filter{Name: previewPage, Label: v.T("experience.preview.page"), Value: at}
	for _, p := range previews {
		pages.Options = append(pages.Options, ui.Option{Value: p.name, Text: v.T("experience.preview.of." + p.name)})
	}
	langs := ui.Filter{Name: previewLang, Label: v.T("experience.preview.language"), Value: lang}
	for _, tag := range languages {
		langs.Options = append(langs.Options, ui.Option{Value: tag, Text: ui.LanguageName(tag)})
	}
	return ui.Preview{
		Title: v.T("experience.preview.title"), Action: action, Src: previewAddress("true", at, lang, theme),
		Update: v.T("experience.preview.update"), Phone: v.T("experience.preview.phone"), Desktop: v.T("experience.preview.desktop"),
		Note: v.T("experience.preview.note"),
		Choices: []ui.Filter{pages, langs, {Name: previewTheme, Label: v.T("experience.preview.theme"), Value: theme, Options: []ui.Option{
			{Value: "light", Text: v.T("ui.theme.light")}, {Value: "dark", Text: v.T("ui.theme.dark")},
		}}},
	}
}

// previewAddress is where a hosted page is looked at. Pages, languages and
// themes that there are not give those that there are.
func previewAddress(handle, page, lang, theme string) string {
	path := previews[0].path
	if i := slices.IndexFunc(previews, func(p struct{ name, path string }) bool { return p.name == page }); i >= 0 {
		path = previews[i].path
	}
	if theme != "dark" {
		theme = "light"
	}
	return path + "?" + url.Values{"preview": {handle}, "theme": {theme}, "ui_locales": {lang}}.Encode()
}

// preview answers into the frame: the page that was asked for, with what was
// typed, or why that cannot be.
func (t tab) preview(v *visit) error {
	s, err := t.settings(v)
	if err != nil {
		return err
	}
	form := t.newForm(v, s)
	change, err := t.typed(v, s, form)
	if err == nil {
		err = v.showDraft(map[string]any{"signInExperience": change})
	}
	if err != nil {
		return v.noPreview(form, err, t.fields...)
	}
	return nil
}

// showDraft keeps a draft and leads to the page that shows it.
func (v *visit) showDraft(draft map[string]any) error {
	key, ok := v.d.Cookies.Get(v.r, web.CookiePreview)
	if !ok {
		key = rand.Text() + rand.Text()
	}
	draft["key"] = key
	var kept struct {
		Handle string `json:"handle"`
	}
	if err := v.api.Do(v.ctx(), "POST", "/sign-in-exp/drafts", draft, &kept); err != nil {
		return withinDraft(err)
	}
	v.d.Cookies.Set(v.w, web.CookiePreview, key, web.CookieOptions{})
	return v.to(previewAddress(kept.Handle, v.form.Get(previewPage), v.form.Get(previewLang), v.form.Get(previewTheme)))
}

// withinDraft names what is wrong with the settings of a draft as if they had
// been saved, so that it is found in their form.
func withinDraft(err error) error {
	var e *guestlist.Error
	if !errors.As(err, &e) {
		return err
	}
	data, _ := e.Data.(map[string]any)
	issues, _ := data["issues"].([]any)
	for _, one := range issues {
		if i, ok := one.(map[string]any); ok {
			if path, _ := i["path"].([]any); len(path) > 1 && path[0] == "signInExperience" {
				i["path"] = path[1:]
			}
		}
	}
	return err
}

// noPreview says in the frame what stands in the way. Whoever wants to know
// where saves, and is shown it at the fields.
func (v *visit) noPreview(form *ui.Form, err error, fields ...string) error {
	page := &ui.Page{Name: "no-preview", Bare: true, Header: ui.Header{Title: v.T("experience.preview.none"), Lead: v.T("experience.preview.none_text")}}
	if err := v.judge(form, err, fields...); err != nil {
		return err
	}
	var list ui.List
	if form.Problem != "" {
		list.Items = append(list.Items, ui.ListItem{Cell: ui.Text(form.Problem), Tone: ui.Bad})
	}
	for _, p := range form.Problems() {
		list.Items = append(list.Items, ui.ListItem{Cell: ui.Cell{Text: p.Label, Sub: p.Text}, Tone: ui.Bad})
	}
	page.Body = []ui.Block{list}
	return v.showAs(http.StatusUnprocessableEntity, page)
}
