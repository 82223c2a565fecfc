package console_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"

	"guestlist"
)

func TestWordsAreTheTenantsOwn(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Follow(b.Get(h.url+pathExperience+"/content"), "Deutsch")
	h.at(a, 200, "wording")
	form := filled(a, "form")
	form.Set("pages.sign_in.title", `<b>Herein</b>`)
	shown := preview(b, h.url+pathExperience+"/content/de/preview?group=sign_in", form, "sign-in", "de", "light")
	if shown.One("h1").Text() != "<b>Herein</b>" {
		t.Fatalf("the preview says %q at %s", shown.One("h1").Text(), shown.URL)
	}
	if page := h.browser().Get(h.url + "/sign-in?preview=true&ui_locales=de"); page.One("h1").Text() == "<b>Herein</b>" {
		t.Error("guests see words that nobody saved")
	}
	action, err := a.URL.Parse(a.One("#form").Attr("action"))
	if err != nil {
		t.Fatal(err)
	}
	h.at(b.Post(action.String(), form), 200, "wording")
	if page := h.browser().Get(h.url + "/sign-in?preview=true&ui_locales=de"); page.One("h1").Text() != "<b>Herein</b>" {
		t.Errorf("guests see %q", page.One("h1").Text())
	}
	// Another part of the words leaves these alone, and what is emptied is ours again.
	a = b.Get(h.url + pathExperience + "/content/de?group=register")
	form = filled(a, "form")
	form.Set("pages.register.title", "Neu hier")
	h.at(b.Post(h.url+pathExperience+"/content/de?group=register", form), 200, "wording")
	form = filled(b.Get(h.url+pathExperience+"/content/de?q=herein"), "form")
	if form.Get("pages.sign_in.title") != "<b>Herein</b>" {
		t.Errorf("the search finds %v", form)
	}
	form.Set("pages.sign_in.title", "")
	b.Post(h.url+pathExperience+"/content/de?q=herein", form)
	var kept struct {
		Translation struct {
			Pages map[string]map[string]string `json:"pages"`
		} `json:"translation"`
	}
	if err := h.api.Do(context.Background(), "GET", "/custom-phrases/de", nil, &kept); err != nil {
		t.Fatal(err)
	}
	if kept.Translation.Pages["register"]["title"] != "Neu hier" || kept.Translation.Pages["sign_in"]["title"] != "" {
		t.Errorf("kept %+v", kept)
	}
	a = b.Post(h.url+pathExperience+"/content/de/delete", url.Values{})
	h.at(a, 200, "content")
	if err := h.api.Do(context.Background(), "GET", "/custom-phrases/de", nil, &kept); guestlist.KindOf(err) != guestlist.KindNotFound {
		t.Errorf("the words are there still: %v", err)
	}
}

func TestWordsThatWouldLeaveAHoleAreMarked(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	path := h.url + pathExperience + "/content/en?group=sign_in"
	form := filled(b.Get(path), "form")
	form.Set("pages.sign_in.lead", "Continue to {{nobody}}")
	a := b.Post(path, form)
	h.at(a, 422, "wording")
	if !strings.Contains(wrongAt(a, "pages.sign_in.lead"), "{{nobody}}") {
		t.Errorf("it says %q", wrongAt(a, "pages.sign_in.lead"))
	}
	for _, lang := range []string{"xx-nope-x", "..%2f", "de_AT", "DE", "preview"} {
		if a := b.Get(h.url + pathExperience + "/content/" + lang); a.Status != 404 {
			t.Errorf("%s: %d", lang, a.Status)
		}
	}
	a = b.Post(h.url+pathExperience+"/content/languages", values("tag", "klingon!"))
	h.at(a, 422, "content")
	a = b.Post(h.url+pathExperience+"/content/languages", values("tag", " pt-br "))
	h.at(a, 200, "wording")
	if !strings.HasSuffix(a.URL.Path, "/pt-BR") {
		t.Errorf("it led to %s", a.URL)
	}
}

func TestTwoAdministratorsWriteWords(t *testing.T) {
	h := newHouse(t)
	ada, _ := h.admin()
	grace, _ := h.admin()
	path := h.url + pathExperience + "/content/fr?group=sign_in"
	form := filled(ada.Get(path), "form")
	form.Set("pages.sign_in.title", "Bonjour")
	h.at(ada.Post(path, form), 200, "wording")
	mine, hers := filled(ada.Get(path), "form"), filled(grace.Get(path), "form")
	mine.Set("pages.sign_in.title", "Bonsoir")
	h.at(ada.Post(path, mine), 200, "wording")
	hers.Set("pages.sign_in.title", "Salut")
	a := grace.Post(path, hers)
	h.at(a, 409, "wording")
	if !strings.Contains(a.One(".conflict").Text(), "Bonsoir") {
		t.Errorf("the conflict says %q", a.One(".conflict").Text())
	}
}

func TestMailIsWrittenAndTried(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Follow(b.Follow(b.Get(h.url+pathExperience), "E-mail templates"), "Forgotten password")
	h.at(a, 200, "email-template")
	path := a.URL.String()
	form := filled(a, "form")
	if !strings.Contains(form.Get("content"), "{{code}}") || strings.Contains(form.Get("content"), "482913") {
		t.Errorf("the built-in words have no gap: %.200s", form.Get("content"))
	}
	form.Set("subject", "For {{user.name}} <b>")
	form.Set("content", `<script>alert(1)</script><p>{{code}}</p><img src=x onerror=alert(1)>`)
	shown := b.Post(path+"/preview", form)
	policy := shown.Header.Get("Content-Security-Policy")
	if shown.Status != 200 || !strings.Contains(shown.Source, "<p>482913</p>") || !strings.Contains(shown.Source, "Ada Lovelace &lt;b&gt;") {
		t.Errorf("the preview: %d %.600s", shown.Status, shown.Source)
	}
	if !strings.Contains(policy, "sandbox") || strings.Contains(policy, "allow-") || !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script-src") {
		t.Errorf("what stands in a mail could act: %s", policy)
	}
	for _, broken := range []struct{ field, value string }{{"subject", "a\r\nBcc: eve@example.com"}, {"content", ""}} {
		wrong := url.Values{}
		for name, value := range form {
			wrong[name] = value
		}
		wrong.Set(broken.field, broken.value)
		a := b.Post(path, wrong)
		h.at(a, 422, "email-template")
		if wrongAt(a, broken.field) == "" {
			t.Errorf("%s: no word at the field: %s", broken.field, a.One("#form").Text())
		}
	}
	h.at(b.Post(path, form), 200, "email-template")
	stale := filled(b.Get(path), "form")
	again := filled(b.Get(path), "form")
	again.Set("subject", "Theirs")
	h.at(b.Post(path, again), 200, "email-template")
	stale.Set("subject", "Mine")
	a = b.Post(path, stale)
	h.at(a, 409, "email-template")
	form.Set("_tag", "")
	h.at(b.Post(path, form), 409, "email-template") // filled when there was nothing yet
	tried := filled(b.Get(path), "form")
	tried.Set("do", "test")
	tried.Set("to", "me@example.com")
	h.at(b.Post(path, tried), 422, "email-template") // nobody would send it
	h.at(b.Post(path+"/delete", url.Values{}), 200, "email-template")
	var left []guestlist.EmailTemplate
	if err := h.api.Do(context.Background(), "GET", "/email-templates", nil, &left); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
	for _, nowhere := range []string{"/emails/Nope", "/emails/Nope/en", "/emails/SignIn/tlh", "/emails/SignIn/en/nope"} {
		if a := b.Get(h.url + pathExperience + nowhere); a.Status != 404 {
			t.Errorf("%s: %d", nowhere, a.Status)
		}
	}
}

func TestProfileFieldsAreMadeAndOrdered(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	path := h.url + pathExperience + "/profile-fields"
	a := b.Get(path)
	if !a.Has(".empty") {
		t.Error("nothing teaches the next step")
	}
	for kind, name := range map[string]string{
		"Text": "company", "Number": "seats", "Date": "birthday", "Checkbox": "news", "Select": "size", "Url": "website", "Regex": "badge",
		"Address": "address", "Fullname": "fullname",
	} {
		a := b.Post(path+"/new", values("label", "The "+name, "name", name, "type", kind))
		h.at(a, 200, "profile-field")
		h.at(b.Post(a.URL.String(), filled(a, "form")), 200, "profile-fields") // as it begins, it can be kept
	}
	for field, wrong := range map[string]url.Values{
		"name": values("label", "X", "name", "not ok", "type", "Text"), "label": values("label", "", "name", "other", "type", "Text"),
	} {
		a := b.Post(path+"/new", wrong)
		h.at(a, 422, "new-profile-field")
		if wrongAt(a, field) == "" {
			t.Errorf("%s: no word at the field: %s", field, a.One("#form").Text())
		}
	}
	h.at(b.Post(path+"/new", values("label", "X", "name", "company", "type", "Text")), 422, "new-profile-field")
	for at, wrong := range map[string]struct{ field, value string }{
		"/company": {"config.maxLength", "many"}, "/seats": {"config.minValue", "Infinity"}, "/birthday": {"config.format", "soon"}, "/badge": {"config.format", "("},
	} {
		form := filled(b.Get(path+at), "form")
		form.Set(wrong.field, wrong.value)
		a := b.Post(path+at, form)
		h.at(a, 422, "profile-field")
		if wrongAt(a, wrong.field) == "" {
			t.Errorf("%s: no word at the field: %s", at, a.One("#form").Text())
		}
	}
	form := filled(b.Get(path+"/size"), "form")
	form["config.options.key"], form["config.options.value"] = []string{"1", "2", ""}, []string{"Just me", "<b>", ""}
	h.at(b.Post(path+"/size", form), 200, "profile-fields")
	form = filled(b.Get(path), "form")
	form["fields"] = []string{"size", "company"}
	form["fields.place"] = nil
	for _, name := range form["fields.all"] {
		place := map[string]string{"size": "1", "company": "2"}[name]
		form.Add("fields.place", place+strings.Repeat("9", 1-len(place)))
	}
	h.at(b.Post(path, form), 200, "profile-fields")
	var fields guestlist.ProfileFields
	if err := h.api.Do(context.Background(), "GET", "/custom-profile-fields", nil, &fields); err != nil {
		t.Fatal(err)
	}
	exp := h.experience()
	asked := []string{}
	for _, f := range fields.Asked(exp.SignUpProfileFields) {
		asked = append(asked, f.Name)
	}
	if !slices.Equal(asked, []string{"size", "company"}) || len(fields) != 9 {
		t.Errorf("asked %v of %d", asked, len(fields))
	}
	i := slices.IndexFunc(fields, func(f guestlist.ProfileField) bool { return f.Name == "size" })
	if options := fields[i].Config.Options; len(options) != 2 || options[1] != (guestlist.ProfileOption{Value: "2", Label: "<b>"}) {
		t.Errorf("options %+v", options)
	}
	h.at(b.Post(path+"/company/delete", url.Values{}), 200, "profile-fields")
	if a := b.Get(path + "/company"); a.Status != 404 {
		t.Errorf("it is there still: %d", a.Status)
	}
}
