package captcha_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/captcha"
)

const (
	secret = "0x-very-secret"
	site   = "site-key"
	good   = "the-right-answer"
	spent  = "answer-of-before"
	ip     = "198.51.100.7"
)

// provider stands for the three providers, as their documents describe them.
type provider struct {
	*httptest.Server
	asked int
}

func newProvider(t *testing.T) *provider {
	p := &provider{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /turnstile", func(w http.ResponseWriter, r *http.Request) { p.siteVerify(t, w, r, false) })
	mux.HandleFunc("POST /hcaptcha", func(w http.ResponseWriter, r *http.Request) { p.siteVerify(t, w, r, true) })
	mux.HandleFunc("POST /v1/projects/{project}/assessments", func(w http.ResponseWriter, r *http.Request) { p.assess(t, w, r) })
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) siteVerify(t *testing.T, w http.ResponseWriter, r *http.Request, needsSite bool) {
	p.asked++
	if r.URL.RawQuery != "" {
		t.Errorf("the provider was asked with a query: %s", r.URL.RawQuery)
	}
	if err := r.ParseForm(); err != nil {
		t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json")
	say := func(ok bool, codes ...string) {
		body, _ := json.Marshal(map[string]any{"success": ok, "error-codes": codes, "hostname": "id.example"})
		_, _ = w.Write(body)
	}
	switch {
	case r.PostForm.Get("secret") != secret:
		say(false, "invalid-input-secret")
	case r.PostForm.Get("remoteip") != ip:
		t.Errorf("remoteip = %q, want %q", r.PostForm.Get("remoteip"), ip)
		say(false, "invalid-remoteip")
	case needsSite && r.PostForm.Get("sitekey") != site:
		say(false, "sitekey-secret-mismatch")
	case r.PostForm.Get("response") == spent:
		say(false, "timeout-or-duplicate")
	case r.PostForm.Get("response") != good:
		say(false, "invalid-input-response")
	default:
		say(true)
	}
}

func (p *provider) assess(t *testing.T, w http.ResponseWriter, r *http.Request) {
	p.asked++
	var in struct {
		Event struct{ Token, SiteKey, UserIPAddress string }
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if r.URL.RawQuery != "" || r.Header.Get("X-Goog-Api-Key") != secret || r.PathValue("project") != "my-project" {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}}`)
		return
	}
	valid, reason, score := true, "", 0.9
	switch in.Event.Token {
	case good:
	case "a-machine":
		score = 0.1
	case spent:
		valid, reason = false, "DUPE"
	default:
		valid, reason = false, "MALFORMED"
	}
	if in.Event.SiteKey != site {
		valid, reason = false, "INVALID_REASON_UNSPECIFIED"
	}
	fmt.Fprintf(w, `{"name":"x","event":{},"riskAnalysis":{"score":%v,"reasons":["AUTOMATION"]},"tokenProperties":{"valid":%v,"invalidReason":%q}}`,
		score, valid, reason)
}

func (p *provider) verifier() *captcha.Verifier {
	return &captcha.Verifier{
		Client: p.Client(), TurnstileURL: p.URL + "/turnstile", HCaptchaURL: p.URL + "/hcaptcha", RecaptchaURL: p.URL,
	}
}

func configs() map[string]guestlist.CaptchaConfig {
	return map[string]guestlist.CaptchaConfig{
		"Turnstile": {Type: guestlist.CaptchaTurnstile, SiteKey: site, SecretKey: secret},
		"hCaptcha":  {Type: guestlist.CaptchaHCaptcha, SiteKey: site, SecretKey: secret},
		"reCAPTCHA": {Type: guestlist.CaptchaRecaptchaEnterprise, SiteKey: site, SecretKey: secret, ProjectID: "my-project"},
		"reCAPTCHA checkbox": {
			Type: guestlist.CaptchaRecaptchaEnterprise, SiteKey: site, SecretKey: secret, ProjectID: "my-project", Mode: "checkbox",
		},
	}
}

func TestOnlyTheRightAnswerPasses(t *testing.T) {
	p := newProvider(t)
	for name, c := range configs() {
		for answer, want := range map[string]error{
			good: nil, spent: captcha.ErrFailed, "wrong": captcha.ErrFailed, "": captcha.ErrFailed, "\xff": captcha.ErrFailed,
			strings.Repeat("x", captcha.MaxToken+1): captcha.ErrFailed,
		} {
			err := p.verifier().Verify(t.Context(), c, answer, ip)
			if !errors.Is(err, want) {
				t.Errorf("%s: Verify(%.20q) = %v, want %v", name, answer, err, want)
			}
		}
	}
	c := configs()["reCAPTCHA"]
	if err := p.verifier().Verify(t.Context(), c, "a-machine", ip); !errors.Is(err, captcha.ErrFailed) || !strings.Contains(err.Error(), "score 0.1") {
		t.Errorf("a low score: %v, want a refusal that names it", err)
	}
	c.Mode = "checkbox"
	if err := p.verifier().Verify(t.Context(), c, "a-machine", ip); err != nil {
		t.Errorf("a low score behind a checkbox: %v, want nil", err)
	}
}

func TestNonsenseIsNotEvenAsked(t *testing.T) {
	p := newProvider(t)
	for name, c := range configs() {
		for _, answer := range []string{"", "\xff", strings.Repeat("x", captcha.MaxToken+1)} {
			if err := p.verifier().Verify(t.Context(), c, answer, ip); !errors.Is(err, captcha.ErrFailed) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if err := p.verifier().Verify(t.Context(), guestlist.CaptchaConfig{Type: "Riddle"}, good, ip); !errors.Is(err, captcha.ErrUnavailable) {
		t.Errorf("an unknown provider: %v, want unavailable", err)
	}
	if p.asked != 0 {
		t.Errorf("the provider was asked %d times", p.asked)
	}
}

func TestAFaultOfOursIsNotTheGuests(t *testing.T) {
	p := newProvider(t)
	for name, c := range configs() {
		c.SecretKey = "wrong-secret"
		err := p.verifier().Verify(t.Context(), c, good, ip)
		if !errors.Is(err, captcha.ErrUnavailable) {
			t.Errorf("%s with a wrong secret: %v, want unavailable", name, err)
		}
		if strings.Contains(err.Error(), "wrong-secret") || strings.Contains(err.Error(), good) {
			t.Errorf("%s: the error holds what it must not: %v", name, err)
		}
	}
	c := configs()["hCaptcha"]
	c.SiteKey = "another-site"
	if err := p.verifier().Verify(t.Context(), c, good, ip); !errors.Is(err, captcha.ErrUnavailable) {
		t.Errorf("another site's key: %v, want unavailable", err)
	}
}

func TestWhatAProviderDoesWrongNeverPasses(t *testing.T) {
	const huge = `{"success":true,"tokenProperties":{"valid":true},"riskAnalysis":{"score":1},"x":"`
	for name, answer := range map[string]http.HandlerFunc{
		"500":      status(http.StatusInternalServerError, "application/json", `{"success":true,"tokenProperties":{"valid":true},"riskAnalysis":{"score":1}}`),
		"403":      status(http.StatusForbidden, "application/json", `{"success":true,"tokenProperties":{"valid":true},"riskAnalysis":{"score":1}}`),
		"a page":   status(http.StatusOK, "text/html", `{"success":true,"tokenProperties":{"valid":true},"riskAnalysis":{"score":1}}`),
		"no JSON":  status(http.StatusOK, "application/json", "success"),
		"nothing":  status(http.StatusOK, "application/json", ""),
		"a list":   status(http.StatusOK, "application/json", "[true]"),
		"empty":    status(http.StatusOK, "application/json", "{}"),
		"text":     status(http.StatusOK, "application/json", `{"success":"true","tokenProperties":{"valid":"true"}}`),
		"null":     status(http.StatusOK, "application/json", `{"success":null,"tokenProperties":null}`),
		"cut":      status(http.StatusOK, "application/json", `{"success":true`),
		"no score": status(http.StatusOK, "application/json", `{"tokenProperties":{"valid":true}}`),
		"huge":     status(http.StatusOK, "application/json", huge+strings.Repeat("x", 70<<10)+`"}`),
		"redirects": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"hangs up": func(http.ResponseWriter, *http.Request) {
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(answer)
			defer s.Close()
			client := s.Client()
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			v := &captcha.Verifier{Client: client, TurnstileURL: s.URL, HCaptchaURL: s.URL, RecaptchaURL: s.URL}
			for kind, c := range configs() {
				if kind == "reCAPTCHA checkbox" && name == "no score" {
					continue // it needs none
				}
				err := v.Verify(t.Context(), c, good, ip)
				if name == "403" && errors.Is(err, captcha.ErrFailed) {
					continue // a verdict, and a refusal
				}
				if !errors.Is(err, captcha.ErrUnavailable) {
					t.Errorf("%s: %v, want unavailable", kind, err)
				}
			}
		})
	}
}

func status(code int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func TestASlowProviderIsNotWaitedFor(t *testing.T) {
	gone := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-gone
	}))
	defer s.Close()
	defer close(gone)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	v := &captcha.Verifier{Client: s.Client(), TurnstileURL: s.URL}
	if err := v.Verify(ctx, configs()["Turnstile"], good, ip); !errors.Is(err, captcha.ErrUnavailable) {
		t.Errorf("%v, want unavailable", err)
	}
}

func TestReasonsOfAProviderAreClipped(t *testing.T) {
	codes := make([]string, 50)
	for i := range codes {
		codes[i] = "line\nbreak" + strings.Repeat("é", 500)
	}
	body, err := json.Marshal(map[string]any{"success": false, "error-codes": codes})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(status(http.StatusOK, "application/json", string(body)))
	defer s.Close()
	err = (&captcha.Verifier{Client: s.Client(), TurnstileURL: s.URL}).Verify(t.Context(), configs()["Turnstile"], good, ip)
	if !errors.Is(err, captcha.ErrFailed) || len(err.Error()) > 1000 || strings.ContainsAny(err.Error(), "\né") {
		t.Errorf("%v", err)
	}
}
