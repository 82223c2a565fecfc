package management

import (
	"context"
	"net/http"
	"testing"
)

// ask asks without a token.
func (f *fixture) ask(path string, header http.Header) answer {
	f.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, f.srv.URL+path, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header = header
	return f.do(req)
}

func TestPublicExperienceChangesWithTheRecordAndIsKeptOtherwise(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		first := f.ask("/api/.well-known/sign-in-exp", http.Header{})
		tag := first.header.Get("Etag")
		if first.status != 200 || tag == "" {
			t.Fatalf("%d, tag %q", first.status, tag)
		}
		if again := f.ask("/api/.well-known/experience", http.Header{"If-None-Match": {tag}}); again.status != 304 || len(again.body) != 0 {
			t.Errorf("unchanged: %d %s", again.status, again.body)
		}
		f.must(200, "PATCH", "/api/sign-in-exp", map[string]any{"signInMode": "SignIn"})
		changed := f.ask("/api/.well-known/sign-in-exp", http.Header{"If-None-Match": {tag}})
		if changed.status != 200 || changed.field(t, "signInMode") != "SignIn" {
			t.Errorf("changed: %d %s", changed.status, changed.body)
		}
	})
}

func TestPublicExperienceTellsWhatCanBeReset(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		reset := func() (methods struct{ ForgotPassword struct{ Email, Phone bool } }) {
			f.ask("/api/.well-known/sign-in-exp", http.Header{}).decode(t, &methods)
			return methods
		}
		f.must(200, "PATCH", "/api/sign-in-exp", map[string]any{"forgotPasswordMethods": nil})
		if got := reset().ForgotPassword; got.Email || got.Phone {
			t.Errorf("without senders: %+v", got)
		}
		f.must(200, "POST", "/api/connectors", httpEmail("https://mail.test/"))
		if got := reset().ForgotPassword; !got.Email || got.Phone {
			t.Errorf("with a sender of e-mail: %+v", got)
		}
		f.must(200, "PATCH", "/api/sign-in-exp", map[string]any{"forgotPasswordMethods": []string{}})
		if got := reset().ForgotPassword; got.Email || got.Phone {
			t.Errorf("switched off: %+v", got)
		}
	})
}

func TestPublicExperienceDressesForAnApplication(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		id := f.must(200, "POST", "/api/applications", map[string]any{"name": "Shop", "type": "Traditional"}).field(t, "id")
		f.must(201, "PUT", "/api/applications/"+id+"/sign-in-experience", map[string]any{
			"color": map[string]any{"primaryColor": "#123456"}, "termsOfUseUrl": "https://shop.test/terms",
		})
		type look struct {
			TermsOfUseURL *string `json:"termsOfUseUrl"`
			Color         struct{ PrimaryColor, DarkPrimaryColor string }
		}
		var own, tenant look
		f.ask("/api/.well-known/sign-in-exp?appId="+id, http.Header{}).decode(t, &own)
		f.ask("/api/.well-known/sign-in-exp?appId=nope", http.Header{}).decode(t, &tenant)
		if own.Color.PrimaryColor != "#123456" || own.Color.DarkPrimaryColor != tenant.Color.DarkPrimaryColor ||
			own.TermsOfUseURL == nil || *own.TermsOfUseURL != "https://shop.test/terms" {
			t.Errorf("own %+v", own)
		}
		if tenant.Color.PrimaryColor == "#123456" || tenant.TermsOfUseURL != nil {
			t.Errorf("tenant %+v", tenant)
		}
		if a := f.ask("/api/.well-known/sign-in-exp?appId=%00", http.Header{}); a.status != 400 {
			t.Errorf("NUL: %d %s", a.status, a.body)
		}
	})
}

func TestPublicPhrasesSpeakTheReadersLanguage(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.must(201, "PUT", "/api/custom-phrases/pt-BR", map[string]any{
			"errors": map[string]any{"auth": map[string]any{"forbidden": "Proibido"}},
		})
		tests := []struct{ query, accept, want string }{
			{"", "", "en"}, {"", "de-AT,de;q=0.9", "de"}, {"?lng=fr", "de", "fr"}, {"?lng=pt-BR", "", "pt-BR"}, {"?lng=xx", "ja", "ja"},
		}
		for _, tt := range tests {
			a := f.ask("/api/.well-known/phrases"+tt.query, http.Header{"Accept-Language": {tt.accept}})
			if got := a.header.Get("Content-Language"); a.status != 200 || got != tt.want {
				t.Errorf("%q for %q: %d in %q, want %q", tt.query, tt.accept, a.status, got, tt.want)
			}
		}
		var words struct {
			Errors struct {
				Auth struct{ Forbidden, Unauthorized string }
			}
		}
		f.ask("/api/.well-known/phrases?lng=pt-BR", http.Header{}).decode(t, &words)
		if words.Errors.Auth.Forbidden != "Proibido" || words.Errors.Auth.Unauthorized == "" {
			t.Errorf("custom words %+v", words)
		}
		f.must(204, "DELETE", "/api/custom-phrases/pt-BR", nil)
		if a := f.ask("/api/.well-known/phrases?lng=pt-BR", http.Header{}); a.header.Get("Content-Language") != "en" {
			t.Errorf("after delete: %q", a.header.Get("Content-Language"))
		}
	})
}
