package management

import (
	"strings"
	"testing"

	"guestlist/internal/mail"
)

func TestMailIsPreviewedByTheRealRenderer(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		preview := func(body map[string]any) mail.Rendered {
			t.Helper()
			var out mail.Rendered
			f.must(200, "POST", "/api/email-templates/preview", body).decode(t, &out)
			return out
		}
		builtIn := preview(map[string]any{"templateType": "Register", "languageTag": "de"})
		if !strings.Contains(builtIn.HTML, `lang="de"`) || !strings.Contains(builtIn.HTML, sampleCode) || builtIn.Subject == "" {
			t.Errorf("built in: %+v", builtIn)
		}
		own := preview(map[string]any{"templateType": "Register", "languageTag": "de", "details": map[string]any{
			"subject": "Für {{organization.name}}", "content": "<b>{{code}}</b> {{user.name}} {{nope}}",
		}})
		if own.Subject != "Für Acme" || own.HTML != "<b>"+sampleCode+"</b> Ada Lovelace {{nope}}" || !strings.Contains(own.Text, sampleCode) {
			t.Errorf("typed: %+v", own)
		}
		f.must(200, "PUT", "/api/email-templates", map[string]any{"templates": []any{map[string]any{
			"languageTag": "de", "templateType": "Register", "details": map[string]any{"subject": "Saved", "content": "{{code}}", "contentType": "text/plain"},
		}}})
		if saved := preview(map[string]any{"templateType": "Register", "languageTag": "de"}); saved.Subject != "Saved" || saved.Text != sampleCode || saved.HTML != "" {
			t.Errorf("saved: %+v", saved)
		}
		f.refused(400, "guard.invalid_input", "POST", "/api/email-templates/preview", map[string]any{"templateType": "Nope", "languageTag": "de"})
		f.refused(400, "guard.invalid_input", "POST", "/api/email-templates/preview", map[string]any{"templateType": "Register", "languageTag": "de", "details": map[string]any{"subject": "a\nb", "content": "x"}})
	})
}

func TestMailOfAKindIsSentToTry(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		body := map[string]any{"email": "me@example.com", "templateType": "ForgotPassword", "languageTag": "fr"}
		f.refused(501, "connector.not_found", "POST", "/api/email-templates/test", body)
		f.must(200, "POST", "/api/connectors", httpEmail("https://mail.test/"))
		f.must(204, "POST", "/api/email-templates/test", body)
		if len(f.tested) != 1 || !strings.HasSuffix(f.tested[0], " me@example.com ForgotPassword") {
			t.Errorf("sent %v", f.tested)
		}
		body["details"] = map[string]any{"subject": "Not saved", "content": "{{code}}"}
		f.must(204, "POST", "/api/email-templates/test", body)
		if len(f.tested) != 2 || !strings.HasSuffix(f.tested[1], " me@example.com ForgotPassword Not saved") {
			t.Errorf("what is typed: sent %v", f.tested)
		}
		body["email"] = "nobody"
		f.refused(400, "guard.invalid_input", "POST", "/api/email-templates/test", body)
	})
}
