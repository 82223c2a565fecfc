package console

import (
	"html"
	"net/http"
	"slices"
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

const pathTemplates = pathExperience + "/emails"

func templateRoutes() []route {
	const path = pathTemplates + "/{type}/{lang}"
	return []route{
		get(pathTemplates, getTemplates), get(pathTemplates+"/{type}", getTemplateType),
		get(path, getTemplate), post(path, postTemplate),
		get(path+"/preview", previewTemplate), post(path+"/preview", previewTemplate),
		get(path+"/delete", getDeleteTemplate), post(path+"/delete", postDeleteTemplate),
	}
}

func templatePath(t guestlist.TemplateType, lang string) string {
	return pathTemplates + "/" + client.Segment(t) + "/" + client.Segment(lang)
}

// notSent are kinds that the API takes, as Logto's does, and that nothing here
// sends: there are no second factors.
var notSent = []guestlist.TemplateType{guestlist.TemplateMfaVerification, guestlist.TemplateBindMfa}

// getTemplates lists the kinds of mail, each with the languages in which the
// tenant wrote it anew.
func getTemplates(v *visit) error {
	var own []guestlist.EmailTemplate
	if err := v.api.Do(v.ctx(), "GET", "/email-templates", nil, &own); err != nil {
		return err
	}
	t := ui.Table{
		Caption: v.T("experience.tab.emails"),
		Columns: []ui.Column{{Text: v.T("experience.emails.type")}, {Text: v.T("experience.emails.when"), Minor: true}, {Text: v.T("experience.emails.languages")}},
	}
	for _, kind := range guestlist.TemplateTypes() {
		if slices.Contains(notSent, kind) {
			continue
		}
		words := ui.Cell{Text: v.T("experience.content.built_in"), Quiet: true}
		var tags []string
		for _, x := range own {
			if x.TemplateType == kind {
				tags = append(tags, ui.LanguageName(x.LanguageTag))
			}
		}
		if len(tags) > 0 {
			words = ui.Cell{Tags: tags}
		}
		t.Rows = append(t.Rows, ui.Row{Href: pathTemplates + "/" + client.Segment(kind), Cells: []ui.Cell{
			ui.Text(v.T("experience.emails.of." + string(kind))), {Text: v.T("experience.emails.when_of." + string(kind)), Quiet: true}, words,
		}})
	}
	return v.show(&ui.Page{Name: "email-templates", Header: v.experienceHeader(pathTemplates), Body: []ui.Block{t}})
}

// getTemplateType leads to the mail in the language of most guests.
func getTemplateType(v *visit) error {
	var exp guestlist.SignInExperience
	if err := v.api.Do(v.ctx(), "GET", "/sign-in-exp", nil, &exp); err != nil {
		return err
	}
	kind := guestlist.TemplateType(v.id("type"))
	if !kind.Valid() {
		return errNoPage
	}
	return v.to(templatePath(kind, exp.LanguageInfo.FallbackLanguage))
}

// letter is a kind of mail in a language.
type letter struct {
	kind  guestlist.TemplateType
	lang  string
	id    guestlist.TemplateID // "" while the words are the built-in ones
	tag   string
	now   guestlist.EmailTemplateDetails
	own   []string // languages that have words of the tenant's own
	langs []string
}

func (v *visit) letter() (*letter, error) {
	l := &letter{kind: guestlist.TemplateType(v.id("type")), lang: v.id("lang")}
	if !l.kind.Valid() {
		return nil, errNoPage
	}
	var all []guestlist.EmailTemplate
	if _, err := v.api.Send(v.ctx(), client.Call{Path: "/email-templates", Query: query("templateType", string(l.kind)), Out: &all}); err != nil {
		return nil, err
	}
	s := &settings{}
	if err := loadWording(v, s); err != nil {
		return nil, err
	}
	l.langs = append(slices.Clone(web.Languages), slices.DeleteFunc(s.phrases, func(tag string) bool { return slices.Contains(web.Languages, tag) })...)
	for _, t := range all {
		l.own = append(l.own, t.LanguageTag)
		if !slices.Contains(l.langs, t.LanguageTag) {
			l.langs = append(l.langs, t.LanguageTag)
		}
		if t.LanguageTag == l.lang {
			l.id = t.ID
		}
	}
	if !slices.Contains(l.langs, l.lang) {
		return nil, errNoPage
	}
	return l, l.read(v)
}

// read finds the words: the tenant's, or the built-in ones to begin with.
func (l *letter) read(v *visit) error {
	if l.id != "" {
		var t guestlist.EmailTemplate
		var err error
		l.tag, err = v.api.Get(v.ctx(), "/email-templates/"+client.Segment(l.id), &t)
		l.now = t.Details
		return err
	}
	words, err := v.render(map[string]any{"templateType": l.kind, "languageTag": l.lang})
	l.now = guestlist.EmailTemplateDetails{Subject: words.Subject, Content: sampleValues.Replace(words.HTML), ContentType: "text/html", ReplyTo: words.ReplyTo}
	if words.HTML == "" {
		l.now.Content, l.now.ContentType = sampleValues.Replace(words.Text), "text/plain"
	}
	return err
}

// sampleValues turns what a preview says back into the gaps that it filled.
var sampleValues = strings.NewReplacer("482913", "{{code}}", "https://example.com/invitation", "{{link}}")

// rendered is a mail in words, as the API gives it.
type rendered struct {
	Subject     string `json:"subject"`
	HTML        string `json:"html"`
	Text        string `json:"text"`
	From        string `json:"from"`
	ReplyTo     string `json:"replyTo"`
	ContentType string `json:"contentType"`
}

func (v *visit) render(in map[string]any) (rendered, error) {
	var out rendered
	err := v.api.Do(v.ctx(), "POST", "/email-templates/preview", in, &out)
	return out, err
}

func (l *letter) form(v *visit) *ui.Form {
	kind := l.now.ContentType
	if kind == "" {
		kind = "text/html"
	}
	return &ui.Form{
		Action: templatePath(l.kind, l.lang), Submit: v.T("shell.save"), Tag: l.tag, Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: pathTemplates},
		Sections: []ui.FormSection{{Text: v.T("experience.emails.gaps", gaps...), Fields: []ui.Field{
			{Name: "subject", API: "details.subject", Label: v.T("experience.emails.subject"), Value: l.now.Subject, Max: 512},
			{Kind: ui.KindSelect, Name: "contentType", Label: v.T("experience.emails.format"), Value: kind, Options: []ui.Option{
				{Value: "text/html", Text: v.T("experience.emails.html")}, {Value: "text/plain", Text: v.T("experience.emails.plain")},
			}},
			{Kind: ui.KindTextarea, Name: "content", Label: v.T("experience.emails.content"), Value: l.now.Content, Rows: 18, Code: true, Max: 131072},
		}}, {Title: v.T("experience.emails.sender"), Folded: true, Fields: []ui.Field{
			{Name: "sendFrom", Label: v.T("experience.emails.from"), Help: v.T("experience.emails.from_help"), Value: l.now.SendFrom, Max: 512, Optional: true, Code: true},
			{Name: "replyTo", Label: v.T("experience.emails.reply"), Value: l.now.ReplyTo, Max: 512, Optional: true, Code: true},
		}}, {Title: v.T("experience.emails.test"), Text: v.T("experience.emails.test_text"), Fields: []ui.Field{
			{Name: "to", API: "email", Label: v.T("experience.emails.to"), Type: "email", Autocomplete: "email", Max: 128, Optional: true},
		}}},
		Others: []ui.Action{{Text: v.T("experience.emails.send"), Name: "do", Value: "test"}},
	}
}

// gaps are written as they are: the page tells of them and fills none.
var gaps = []any{
	"code", "{{code}}", "link", "{{link}}", "application", "{{application.name}}", "organization", "{{organization.name}}", "user", "{{user.name}}",
}

func (l *letter) page(v *visit, form *ui.Form) *ui.Page {
	h := ui.Header{
		Title: v.T("experience.emails.of." + string(l.kind)), Lead: v.T("experience.emails.when_of." + string(l.kind)),
		Crumbs: v.experienceCrumbs(pathTemplates, "emails"),
	}
	if l.id != "" {
		h.Pill = &ui.Pill{Text: v.T("experience.content.own"), Tone: ui.Info}
		h.Actions = []ui.Action{{Text: v.T("experience.emails.reset"), Href: templatePath(l.kind, l.lang) + "/delete"}}
	}
	for _, tag := range l.langs {
		h.Tabs = append(h.Tabs, ui.Tab{Text: ui.LanguageName(tag), Href: templatePath(l.kind, tag), Current: tag == l.lang})
	}
	preview := ui.Preview{
		Title: v.T("experience.emails.preview"), Action: templatePath(l.kind, l.lang) + "/preview", Src: templatePath(l.kind, l.lang) + "/preview",
		Update: v.T("experience.preview.update"), Letter: true, Note: v.T("experience.emails.preview_note"),
		Choices: []ui.Filter{{Name: previewPage, Label: v.T("experience.emails.format"), Value: "html", Options: []ui.Option{
			{Value: "html", Text: v.T("experience.emails.html")}, {Value: "text", Text: v.T("experience.emails.plain")},
		}}},
	}
	return &ui.Page{Name: "email-template", Header: h, Frames: true, Body: []ui.Block{
		ui.Columns{Main: []ui.Block{form}, Side: []ui.Block{preview}},
	}}
}

func getTemplate(v *visit) error {
	l, err := v.letter()
	if err != nil {
		return err
	}
	return v.show(l.page(v, l.form(v)))
}

// details are those that were typed. Empty senders are left to the connector.
func (v *visit) details() map[string]any {
	return map[string]any{
		"subject": v.form.Get("subject"), "content": strings.ReplaceAll(v.form.Get("content"), "\r\n", "\n"), "contentType": v.form.Get("contentType"),
		"sendFrom": strings.TrimSpace(v.form.Get("sendFrom")), "replyTo": strings.TrimSpace(v.form.Get("replyTo")),
	}
}

func postTemplate(v *visit) error {
	l, err := v.letter()
	if err != nil {
		return err
	}
	form := l.form(v)
	if v.form.Get("do") == "test" {
		return v.testTemplate(l, form)
	}
	if l.id == "" && v.form.Get(ui.FieldTag) == "" {
		form.Field("content").API = "templates.0.details.content"
		form.Field("subject").API = "templates.0.details.subject"
		_, err = v.api.Send(v.ctx(), client.Call{Method: "PUT", Path: "/email-templates", In: map[string]any{
			"templates": []any{map[string]any{"languageTag": l.lang, "templateType": l.kind, "details": v.details()}},
		}})
	} else {
		form.Field("subject").API = "subject"
		_, err = v.api.Send(v.ctx(), client.Call{
			Method: "PATCH", Path: "/email-templates/" + client.Segment(l.id) + "/details", In: v.details(), Tag: staleUnless(v.form.Get(ui.FieldTag)),
		})
	}
	if err != nil {
		return v.again(l.page(v, form), form, err)
	}
	return v.done(templatePath(l.kind, l.lang), v.T("shell.saved"))
}

// staleUnless is the version that a form was filled from. One that was filled
// when there was nothing yet matches nothing that is there now.
func staleUnless(tag string) string {
	if tag == "" {
		return `"none"`
	}
	return tag
}

// letterPolicy lets the preview of a mail show pictures and its own style, as a
// mailbox does, and nothing else: whatever stands in it cannot run.
const letterPolicy = "default-src 'none'; img-src 'self' https: data:; style-src 'unsafe-inline'; frame-ancestors 'self'; form-action 'none'; base-uri 'none'; sandbox"

// previewTemplate answers with the mail as a document that can run nothing.
func previewTemplate(v *visit) error {
	l, err := v.letter()
	if err != nil {
		return err
	}
	in := map[string]any{"templateType": l.kind, "languageTag": l.lang}
	form := l.form(v)
	if v.r.Method == http.MethodPost {
		in["details"] = v.details()
	}
	words, err := v.render(in)
	if err != nil {
		return v.noPreview(form, err)
	}
	body := words.HTML
	if body == "" || v.form.Get(previewPage) == "text" {
		body = `<pre style="white-space:pre-wrap;font:14px/1.6 ui-monospace,monospace;margin:24px;overflow-wrap:anywhere">` + html.EscapeString(words.Text) + "</pre>"
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", letterPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	web.NoStore(v.w)
	_, _ = v.w.Write([]byte(v.letterHead(l, words) + body)) //nolint:gosec // what the policy lets run: nothing
	return nil
}

// letterHead is what stands over a mail in its preview: what its headers say.
func (v *visit) letterHead(l *letter, words rendered) string {
	var b strings.Builder
	b.WriteString(`<!doctype html><html lang="` + html.EscapeString(l.lang) + `"><meta charset="utf-8"><title>` + html.EscapeString(words.Subject) + `</title>`)
	b.WriteString(`<div dir="` + web.Dir(v.lang) + `" style="all:initial;display:block;direction:` + web.Dir(v.lang) +
		`;padding:12px 16px;border-bottom:1px solid #ddd;background:#fff;color:#222;font:14px/1.5 system-ui,sans-serif">`)
	for _, row := range []struct{ term, text string }{
		{v.T("experience.emails.subject"), words.Subject}, {v.T("experience.emails.from"), words.From}, {v.T("experience.emails.reply"), words.ReplyTo},
	} {
		if row.text != "" {
			b.WriteString(`<div style="color:#222"><span style="color:#666">` + html.EscapeString(row.term) + `:</span> <bdi style="font-weight:600">` +
				html.EscapeString(row.text) + `</bdi></div>`)
		}
	}
	b.WriteString("</div>")
	return b.String()
}

// testTemplate sends what is typed, which is not saved by it: what guests would
// get if it were.
func (v *visit) testTemplate(l *letter, form *ui.Form) error {
	to := strings.TrimSpace(v.form.Get("to"))
	page := l.page(v, form)
	if to == "" {
		form.Mark("to", v.T("ui.issue.required"))
		return v.again(page, form, errMarked)
	}
	err := v.api.Do(v.ctx(), "POST", "/email-templates/test", map[string]any{
		"email": to, "templateType": l.kind, "languageTag": l.lang, "details": v.details(),
	}, nil)
	if err != nil {
		return v.again(page, form, err)
	}
	form.Fill(v.form)
	page.Body = append([]ui.Block{ui.Notice{Tone: ui.Good, Title: v.T("experience.emails.sent", "to", to)}}, page.Body...)
	return v.show(page)
}

func getDeleteTemplate(v *visit) error {
	l, err := v.letter()
	if err != nil {
		return err
	}
	back := ui.Link{Text: v.T("experience.emails.of." + string(l.kind)), Href: templatePath(l.kind, l.lang)}
	return v.show(&ui.Page{
		Name: "delete-email-template",
		Header: ui.Header{
			Title: v.T("experience.emails.reset"), Crumbs: append(v.experienceCrumbs(pathTemplates, "emails"), back),
		},
		Body: []ui.Block{ui.Confirm{
			Text: v.T("experience.emails.reset_text", "language", ui.LanguageName(l.lang)), Action: templatePath(l.kind, l.lang) + "/delete",
			Submit: v.T("experience.emails.reset"), Cancel: ui.Link{Text: v.T("shell.cancel"), Href: back.Href},
		}},
	})
}

func postDeleteTemplate(v *visit) error {
	l, err := v.letter()
	if err != nil {
		return err
	}
	if l.id != "" {
		if err := v.api.Do(v.ctx(), "DELETE", "/email-templates/"+client.Segment(l.id), nil, nil); err != nil && guestlist.KindOf(err) != guestlist.KindNotFound {
			return err
		}
	}
	return v.done(templatePath(l.kind, l.lang), v.T("experience.emails.was_reset"))
}
