package mail

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
)

func letterTo(to string, kind guestlist.TemplateType, payload map[string]any) guestlist.Message {
	channel := guestlist.ChannelEmail
	if !strings.Contains(to, "@") {
		channel = guestlist.ChannelSMS
	}
	return guestlist.Message{ID: "m1", Channel: channel, To: to, Type: kind, Locale: "en", Payload: payload}
}

func row(kind guestlist.TemplateType, tag, subject string) guestlist.EmailTemplate {
	return guestlist.EmailTemplate{TemplateType: kind, LanguageTag: tag,
		Details: guestlist.EmailTemplateDetails{Subject: subject, Content: "<p>{{code}}</p>"}}
}

func TestTheNearestTemplateIsChosen(t *testing.T) {
	rows := []guestlist.EmailTemplate{
		row("SignIn", "de", "sign-in de"), row("SignIn", "en", "sign-in en"), row("Generic", "en", "generic en"),
		row("Generic", "de", "generic de"),
	}
	config := json.RawMessage(`{"templates":[
		{"usageType":"Generic","contentType":"text/plain","subject":"config generic","content":"c"},
		{"usageType":"BindMfa","contentType":"text/plain","subject":"config bind","content":"c"}]}`)
	for _, c := range []struct {
		name   string
		kind   guestlist.TemplateType
		locale string
		src    Sources
		want   string
	}{
		{"type and locale", "SignIn", "de", Sources{Rows: rows, Fallback: "en", Config: config}, "sign-in de"},
		{"letter case of a tag does not matter", "SignIn", "DE", Sources{Rows: rows, Fallback: "en"}, "sign-in de"},
		{"a region's language", "SignIn", "de-AT", Sources{Rows: rows, Fallback: "en"}, "sign-in de"},
		{"type and fallback", "SignIn", "ja", Sources{Rows: rows, Fallback: "en", Config: config}, "sign-in en"},
		{"generic and fallback, never generic and locale", "Register", "de", Sources{Rows: rows, Fallback: "en", Config: config}, "generic en"},
		{"config by type", "BindMfa", "de", Sources{Rows: rows, Fallback: "fr", Config: config}, "config bind"},
		{"config generic", "Register", "de", Sources{Rows: rows, Fallback: "fr", Config: config}, "config generic"},
		{"built in, in the reader's language", "Register", "de-CH", Sources{Rows: rows, Fallback: "fr", Product: "Acme"}, "Bestätigen Sie Ihre E-Mail-Adresse für Acme"},
		{"built in, in the fallback language", "Register", "fi", Sources{Fallback: "es", Product: "Acme"}, "Confirme su correo para Acme"},
		{"built in, in English", "Register", "", Sources{Product: "Acme"}, "Confirm your e-mail address for Acme"},
	} {
		m := letterTo("a@acme.example", c.kind, map[string]any{"code": "123456"})
		m.Locale = c.locale
		got, err := Render(m, c.src)
		if err != nil || got.Subject != c.want {
			t.Errorf("%s: subject %q, %v; want %q", c.name, got.Subject, err, c.want)
		}
	}
}

// Templates that were written for codes stand under the same type as the link
// by which somebody sets a password.
func TestALinkIsNotLostInATemplateForCodes(t *testing.T) {
	forCodes := json.RawMessage(`{"templates":[{"usageType":"ForgotPassword","contentType":"text/plain","subject":"s","content":"{{ code }} is your code"}]}`)
	forBoth := json.RawMessage(`{"templates":[{"usageType":"ForgotPassword","contentType":"text/plain","subject":"s","content":"{{code}} or {{link}}"}]}`)
	for name, src := range map[string]Sources{
		"config": {Config: forCodes}, "row": {Rows: []guestlist.EmailTemplate{row("ForgotPassword", "en", "row")}, Fallback: "en"}, "both": {Config: forBoth},
	} {
		got, err := Render(letterTo("a@acme.example", "ForgotPassword", map[string]any{"link": "https://acme.example/in"}), src)
		if err != nil || !strings.Contains(got.Text, "https://acme.example/in") {
			t.Errorf("%s: %q, %v", name, got.Text, err)
		}
		if name == "both" && got.Subject != "s" {
			t.Errorf("a template with a place for the link was not chosen: %q", got.Subject)
		}
		got, err = Render(letterTo("a@acme.example", "ForgotPassword", map[string]any{"code": "123456"}), src)
		if err != nil || !strings.Contains(got.Text, "123456") || got.Subject != map[string]string{"config": "s", "row": "row", "both": "s"}[name] {
			t.Errorf("%s, a code: %q %q, %v", name, got.Subject, got.Text, err)
		}
	}
}

func TestRowsAreForEmailOnly(t *testing.T) {
	src := Sources{Rows: []guestlist.EmailTemplate{row("SignIn", "en", "row")}, Fallback: "en",
		Config: json.RawMessage(`{"templates":[{"usageType":"SignIn","content":"Your code: {{code}} & more"}]}`)}
	got, err := Render(letterTo("447700900123", "SignIn", map[string]any{"code": "123<6"}), src)
	want := Rendered{Text: "Your code: 123<6 & more", ContentType: "text/plain"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("err %v, diff %s", err, diff)
	}
}

func TestAnUnknownTypeIsRefusedForGood(t *testing.T) {
	_, err := Render(letterTo("a@acme.example", "Nope", nil), Sources{})
	if !IsPermanent(err) || guestlist.CodeOf(err) != "connector.template_not_found" {
		t.Errorf("got %v", err)
	}
}

func TestPlaceholders(t *testing.T) {
	payload := map[string]any{
		"code": "123456", "n": json.Number("12"), "yes": true, "empty": nil,
		"user":    map[string]any{"name": "Zoë", "profile": map[string]any{"city": "Ulm"}},
		"list":    []any{"a", map[string]any{"b": "c"}},
		"twice":   "{{code}}",
		"a_b":     "under",
		"dotted.": "never",
	}
	for in, want := range map[string]string{
		"{{code}} {{ code }} {{  code\n}}":                                 "123456 123456 123456",
		"{{user.name}} {{user.profile.city}}":                              "Zoë Ulm",
		"[{{user.nope}}] [{{user.nope.deep}}] [{{empty}}] [{{code.deep}}]": "[] [] [] []",
		"{{nope}} {{nope.deep}} {{Code}}":                                  "{{nope}} {{nope.deep}} {{Code}}",
		"{{n}} {{yes}} {{a_b}}":                                            "12 true under",
		"{{user.profile}} {{list.1.b}} {{list.9}}":                         `{"city":"Ulm"} c `,
		"{{twice}}":                       "{{code}}",
		"{{ }} {{}} {{code} {code}} {{{{": "{{ }} {{}} {{code} {code}} {{{{",
		"{{co de}} {{<b>}} {{.}} {{..}}":  "{{co de}} {{<b>}} {{.}} {{..}}",
		"{{{code}}}":                      "{123456}",
	} {
		if got := fill(in, payload, plain); got != want {
			t.Errorf("fill(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestValuesNeverBecomeMarkupOrHeaders(t *testing.T) {
	evil := "\"><script>alert(1)</script>'`\r\nBcc: eve@evil.example\u202e{{code}}"
	rows := []guestlist.EmailTemplate{{TemplateType: "Generic", LanguageTag: "en", Details: guestlist.EmailTemplateDetails{
		Subject: "Hi {{user.name}}", Content: `<a title="{{user.name}}">{{user.name}}</a>`,
		ReplyTo: "{{user.name}}", SendFrom: "{{user.name}} <hello@acme.example>"}}}
	m := letterTo("a@acme.example", "Generic", map[string]any{"code": "123456", "user": map[string]any{"name": evil}})
	for _, src := range []Sources{{Rows: rows, Fallback: "en"}, {}} {
		m.Payload["application"] = map[string]any{"name": evil}
		m.Payload["organization"] = map[string]any{"name": evil}
		got, err := Render(m, src)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(got.HTML, "<script") || strings.Contains(got.HTML, `title=""`) || strings.ContainsRune(got.HTML, '\u202e') {
			t.Errorf("markup got in: %s", got.HTML)
		}
		for _, header := range []string{got.Subject, got.From, got.ReplyTo} {
			if strings.ContainsAny(header, "\r\n\u202e") {
				t.Errorf("a line break got into a header: %q", header)
			}
		}
		if len(src.Rows) > 0 && strings.Contains(got.HTML, "123456") {
			t.Error("a placeholder in a value was filled in")
		}
	}
}

func TestDangerousLinksAreNotClickable(t *testing.T) {
	got, err := Render(letterTo("a@acme.example", "OrganizationInvitation", map[string]any{"link": "javascript:alert(1)"}), Sources{})
	if err != nil || strings.Contains(got.HTML, `href="javascript:`) {
		t.Errorf("err %v, HTML %s", err, got.HTML)
	}
}

func TestTextOfHTML(t *testing.T) {
	in := `<html><head><title>T</title><style>p{color:red}</style></head><body><!-- no --><h1>Hello &amp; welcome</h1>
<p>One<br>two   three</p><p><a href="https://acme.example/?a=1&amp;b=2">Open <b>it</b></a></p><a href='x'>x</a></body></html>`
	want := "Hello & welcome\n\nOne\ntwo three\n\nOpen it: https://acme.example/?a=1&b=2\nx"
	if got := textOf(in); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEveryLanguageHasEveryText(t *testing.T) {
	payload := map[string]any{"code": "493817", "link": "https://acme.example/i/x?y=1&z=2",
		"application": map[string]any{"name": "Acme"}, "organization": map[string]any{"name": "Robots"},
		"inviter": map[string]any{"name": "Zoë"}, "guest": map[string]any{"name": "Ada"}, "campaign": "Spring",
		"sent": 9, "opened": 8, "accepted": 7, "bounced": 1, "validUntil": 1798761600000, "message": "See you there!"}
	seen := map[string]string{}
	for _, lang := range Languages() {
		for _, kind := range guestlist.TemplateTypes() {
			for _, to := range []string{"a@acme.example", "447700900123"} {
				m := letterTo(to, kind, payload)
				m.Locale = lang
				r, err := Render(m, Sources{})
				if err != nil {
					t.Fatal(err)
				}
				name := lang + " " + string(kind) + " " + string(m.Channel)
				all := r.Subject + r.HTML + r.Text
				if strings.Contains(all, "{{") || strings.Contains(all, "ZgotmplZ") || strings.Contains(all, "<no value>") {
					t.Errorf("%s: a placeholder is left over in %s", name, all)
				}
				if m.Channel == guestlist.ChannelEmail && strings.Count(r.HTML+r.Text, "See you there!") != 2 {
					t.Errorf("%s: the inviter's words are missing", name)
				}
				if !kind.HasLink() && !strings.Contains(r.Text, "493817") || !strings.Contains(r.Text, "https://acme.example/i/x?y=1&z=2") {
					t.Errorf("%s: code or link is missing in %q", name, r.Text)
				}
				key := r.Subject + "|" + strings.SplitN(r.Text, "\n", 2)[0]
				if other, ok := seen[key]; ok {
					t.Errorf("%s says the same as %s: %q", name, other, key)
				}
				seen[key] = name
				checkChannel(t, name, m, r)
			}
		}
	}
}

// checkChannel checks what is particular to e-mail and to SMS.
func checkChannel(t *testing.T, name string, m guestlist.Message, r Rendered) {
	t.Helper()
	if m.Channel == guestlist.ChannelSMS {
		if r.HTML != "" || len([]rune(r.Text)) > 160 {
			t.Errorf("%s: %d characters: %q", name, len([]rune(r.Text)), r.Text)
		}
		return
	}
	for what, s := range map[string]string{"subject": r.Subject, "HTML": r.HTML, "text": r.Text} {
		if s == "" {
			t.Errorf("%s has no %s", name, what)
		}
	}
	if strings.Contains(r.Subject, "493817") {
		t.Errorf("%s: the code is in the subject", name)
	}
	if strings.Contains(r.HTML, "<img") || strings.Contains(r.HTML, "url(") || strings.Contains(r.HTML, "@import") {
		t.Errorf("%s asks for something remote", name)
	}
	dir := `dir="ltr"`
	if m.Locale == "ar" {
		dir = `dir="rtl"`
	}
	if !strings.Contains(r.HTML, `<html lang="`+m.Locale+`" `+dir) {
		t.Errorf("%s does not name its language and direction", name)
	}
	for _, key := range []string{"codeLead", "codeNote", "linkNote", "ignore", "keep", "unexpected", "sentTo", "smsLink", "invitedBy",
		"until", "theirWords", "theirWordsNobody", "unsubscribe", "date"} {
		var all map[string]any
		b, err := wordFiles.ReadFile("words/" + m.Locale + ".json")
		if err != nil || json.Unmarshal(b, &all) != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if s, _ := all[key].(string); s == "" {
			t.Errorf("%s lacks %s", m.Locale, key)
		}
	}
}

func TestColorsKeepTheirContrast(t *testing.T) {
	for _, hex := range []string{"#000000", "#ffffff", "#2f5bd0", "#757575", "#767676", "#ff0", "#f00", "#0f0", "#888888"} {
		background, text := accent(hex)
		l1, l2 := luminance(background), luminance(text)
		if ratio := (max(l1, l2) + 0.05) / (min(l1, l2) + 0.05); ratio < 4.5 {
			t.Errorf("%s with %s has a contrast of %.2f", hex, text, ratio)
		}
	}
	m := letterTo("a@acme.example", "SignIn", map[string]any{"application": map[string]any{"color": map[string]any{"primaryColor": "red;}body{x:url(//evil)"}}})
	if got := colorOf(m, Sources{Color: "#12345"}); got != houseColor {
		t.Errorf("a colour that is none was taken: %q", got)
	}
	if got := colorOf(m, Sources{Color: "#a1b2c3"}); got != "#a1b2c3" {
		t.Errorf("the tenant's colour was not taken: %q", got)
	}
}

func FuzzRender(f *testing.F) {
	f.Add("Hi {{user.name}}", `<a title="{{user.name}}">{{user.name}}</a>`, "<b>\r\n{{code}}", "SignIn", "de-AT")
	f.Add("{{{{code}}}}", "{{user.name.x}}{{nope}}", "\x00\u202e\xff", "Generic", "x-y-z")
	f.Fuzz(func(t *testing.T, subject, content, value, kind, locale string) {
		m := letterTo("a@acme.example", guestlist.TemplateType(kind), map[string]any{
			"code": value, "link": value, "user": map[string]any{"name": value},
			"application": map[string]any{"name": value, "color": map[string]any{"primaryColor": value}}, "inviter": map[string]any{"name": value}})
		m.Locale = locale
		own := Sources{Fallback: "en", Rows: []guestlist.EmailTemplate{{TemplateType: "Generic", LanguageTag: "en",
			Details: guestlist.EmailTemplateDetails{Subject: subject, Content: content}}}}
		for _, src := range []Sources{own, {Product: value, Color: value}} {
			r, err := Render(m, src)
			if err != nil {
				if m.Type.Valid() {
					t.Fatal(err)
				}
				return
			}
			if len(src.Rows) == 0 && strings.Count(r.HTML, "<") > tagsAtMost(t, m) {
				t.Errorf("a value added a tag: %s", r.HTML)
			}
			if !strings.ContainsAny(subject, "\r\n") && strings.ContainsAny(r.Subject, "\r\n") {
				t.Errorf("a value added a line to the subject: %q", r.Subject)
			}
		}
	})
}

// tagsAtMost counts the tags of a built-in mail of m's kind with harmless
// values for everything that can be shown.
func tagsAtMost(t *testing.T, m guestlist.Message) int {
	t.Helper()
	m.Payload = map[string]any{"code": "1", "link": "https://acme.example", "inviter": map[string]any{"name": "Z"}}
	r, err := Render(m, Sources{})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(r.HTML, "<")
}
