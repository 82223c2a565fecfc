package console

import (
	"slices"
	"strings"

	"golang.org/x/text/language"

	"guestlist/client"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

func contentTab() tab {
	return tab{
		name: "content", below: "/content", shows: "register", load: loadWording, form: contentForm, change: contentChange, beside: languageBlocks,
		fields: []string{"sign_in_experiences.unsupported_default_language", "languageInfo.fallbackLanguage"},
	}
}

func contentForm(v *visit, s *settings) *ui.Form {
	exp := s.exp
	fallback := ui.Field{Kind: ui.KindSelect, Name: "languageInfo.fallbackLanguage", Label: v.T("experience.content.fallback"),
		Help: v.T("experience.content.fallback_help"), Value: exp.LanguageInfo.FallbackLanguage}
	for _, tag := range s.languages() {
		fallback.Options = append(fallback.Options, ui.Option{Value: tag, Text: ui.LanguageName(tag)})
	}
	address := func(name string, value *string) ui.Field {
		return ui.Field{Name: name, Label: v.T("experience.content." + name), Value: orZero(value, ""), Type: "url", Max: 2048, Optional: true, Placeholder: "https://"}
	}
	return &ui.Form{Sections: []ui.FormSection{
		{Title: v.T("experience.content.languages"), Fields: []ui.Field{
			{Kind: ui.KindSwitch, Name: "languageInfo.autoDetect", Label: v.T("experience.content.detect"), Help: v.T("experience.content.detect_help"),
				On: exp.LanguageInfo.AutoDetect},
			fallback,
		}},
		{Title: v.T("experience.content.links"), Text: v.T("experience.content.links_text"), Fields: []ui.Field{
			address("termsOfUseUrl", exp.TermsOfUseURL), address("privacyPolicyUrl", exp.PrivacyPolicyURL),
			address("supportWebsiteUrl", exp.SupportWebsiteURL),
			{Name: "supportEmail", Label: v.T("experience.content.supportEmail"), Value: orZero(exp.SupportEmail, ""), Type: "email", Max: 256,
				Optional: true, Placeholder: "help@example.com"},
		}},
	}}
}

func contentChange(v *visit, _ *settings, _ *ui.Form) map[string]any {
	return map[string]any{
		"languageInfo":  map[string]any{"autoDetect": v.on("languageInfo.autoDetect"), "fallbackLanguage": v.form.Get("languageInfo.fallbackLanguage")},
		"termsOfUseUrl": v.word("termsOfUseUrl"), "privacyPolicyUrl": v.word("privacyPolicyUrl"),
		"supportWebsiteUrl": v.word("supportWebsiteUrl"), "supportEmail": v.word("supportEmail"),
	}
}

// languageBlocks are the languages with the way to their words, and a form for
// a further one.
func languageBlocks(v *visit, s *settings) []ui.Block {
	t := ui.Table{ID: "languages", Caption: v.T("experience.content.wording"), Columns: []ui.Column{{Text: v.T("experience.content.language")}, {Text: v.T("experience.content.words")}}}
	for _, tag := range s.languages() {
		state := ui.Cell{Text: v.T("experience.content.built_in"), Quiet: true}
		switch {
		case slices.Contains(s.phrases, tag):
			state = ui.State(v.T("experience.content.own"), ui.Info)
		case !slices.Contains(web.Languages, tag):
			state = ui.Cell{Text: v.T("experience.content.no_words"), Quiet: true}
		}
		t.Rows = append(t.Rows, ui.Row{Href: wordingPath(tag), Cells: []ui.Cell{{Text: ui.LanguageName(tag), Sub: tag}, state}})
	}
	return []ui.Block{ui.Section{ID: "wording", Title: v.T("experience.content.wording"), Text: v.T("experience.content.wording_text"), Body: []ui.Block{t}}, v.languageForm()}
}

func (v *visit) languageForm() *ui.Form {
	return &ui.Form{ID: "language", Quiet: true, Action: pathExperience + "/content/languages", Submit: v.T("experience.content.add"), Sections: []ui.FormSection{{
		Title: v.T("experience.content.add_title"), Folded: true, Fields: []ui.Field{{
			Name: "tag", Label: v.T("experience.content.tag"), Help: v.T("experience.content.tag_help"), Code: true, Max: 35, Placeholder: "pt-BR",
		}},
	}}}
}

// postLanguage leads to the words of a language, which exists once it has some.
func postLanguage(v *visit) error {
	tag, err := language.Parse(strings.TrimSpace(v.form.Get("tag")))
	if err == nil && tag != language.Und {
		return v.to(wordingPath(tag.String()))
	}
	t := contentTab()
	s, err := t.settings(v)
	if err != nil {
		return err
	}
	page := t.page(v, s, t.newForm(v, s))
	form := v.languageForm()
	form.Mark("tag", v.T("experience.content.tag_wrong"))
	columns := page.Body[0].(ui.Columns)
	columns.Main[2] = form
	return v.again(page, form, errMarked)
}

func wordingPath(tag string) string { return pathExperience + "/content/" + client.Segment(tag) }
