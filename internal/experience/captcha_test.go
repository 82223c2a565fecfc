package experience_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/captcha"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/web/webtest"
)

// askCaptcha switches a captcha on whose provider knows one right answer.
func (h *house) askCaptcha(c guestlist.CaptchaConfig) *httptest.Server {
	h.t.Helper()
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			h.t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		good := strings.Contains(string(body), "human")
		_, _ = io.WriteString(w, map[bool]string{
			true:  `{"success":true,"tokenProperties":{"valid":true},"riskAnalysis":{"score":0.9}}`,
			false: `{"success":false,"error-codes":["invalid-input-response"],"tokenProperties":{"valid":false,"invalidReason":"MALFORMED"}}`,
		}[good])
	}))
	h.t.(*testing.T).Cleanup(provider.Close)
	h.desk.Captcha = &captcha.Verifier{
		Client: provider.Client(), TurnstileURL: provider.URL, HCaptchaURL: provider.URL, RecaptchaURL: provider.URL,
	}
	c.SiteKey, c.SecretKey = "our-site", "our-secret"
	h.update(func(tx *store.Tx) error {
		return tx.PutCaptchaProvider(guestlist.CaptchaProvider{ID: crypt.ID(), Config: c, CreatedAt: tx.Now, UpdatedAt: tx.Now})
	})
	return provider
}

func withCaptcha(e *guestlist.SignInExperience) {
	yes := true
	e.CaptchaPolicy.Enabled = &yes
}

// Each provider's script is the one thing that is asked of somebody else, and
// only where there is a puzzle.
func TestThePolicyOpensForTheCaptchaAlone(t *testing.T) {
	for name, c := range map[string]struct {
		config guestlist.CaptchaConfig
		script string
		policy []string
		field  string
	}{
		"turnstile": {
			config: guestlist.CaptchaConfig{Type: guestlist.CaptchaTurnstile}, script: "https://challenges.cloudflare.com/turnstile/v0/api.js",
			policy: []string{"script-src 'self' https://challenges.cloudflare.com", "frame-src https://challenges.cloudflare.com", "connect-src 'self'"},
			field:  "cf-turnstile-response",
		},
		"hcaptcha": {
			config: guestlist.CaptchaConfig{Type: guestlist.CaptchaHCaptcha}, script: "https://js.hcaptcha.com/1/api.js?recaptchacompat=off&hl=en",
			policy: []string{"script-src 'self' https://hcaptcha.com https://*.hcaptcha.com", "frame-src https://hcaptcha.com https://*.hcaptcha.com"},
			field:  "h-captcha-response",
		},
		"recaptcha": {
			config: guestlist.CaptchaConfig{Type: guestlist.CaptchaRecaptchaEnterprise, ProjectID: "p", Mode: "checkbox"},
			script: "https://www.google.com/recaptcha/enterprise.js?hl=en",
			policy: []string{"script-src 'self' https://www.google.com/recaptcha/ https://www.gstatic.com/recaptcha/", "frame-src https://www.google.com/recaptcha/"},
			field:  "g-recaptcha-response",
		},
		"recaptcha elsewhere, unseen": {
			config: guestlist.CaptchaConfig{Type: guestlist.CaptchaRecaptchaEnterprise, ProjectID: "p", Domain: "www.recaptcha.net"},
			script: "https://www.recaptcha.net/recaptcha/enterprise.js?hl=en&render=our-site",
			policy: []string{"script-src 'self' https://www.recaptcha.net/recaptcha/ https://www.gstatic.com/recaptcha/"},
			field:  "g-recaptcha-response",
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, withCaptcha)
			h.askCaptcha(c.config)
			b := h.browser()
			a := h.open(b, "/register", nil)
			at(t, a, 200, "register")
			if got := a.One(".captcha script").Attr("src"); got != c.script {
				t.Errorf("script = %q, want %q", got, c.script)
			}
			policy := a.Header.Get("Content-Security-Policy")
			for _, want := range c.policy {
				if !strings.Contains(policy+";", want+";") {
					t.Errorf("the policy %q has no %q", policy, want)
				}
			}
			if strings.Contains(policy, "form-action https") || strings.Contains(policy, "unsafe") {
				t.Errorf("the policy is too wide: %q", policy)
			}
			if a.Header.Get("Referrer-Policy") != "strict-origin" {
				t.Errorf("Referrer-Policy = %q", a.Header.Get("Referrer-Policy"))
			}
			if strings.Contains(a.Source, "our-secret") {
				t.Error("the secret key is on the page")
			}
			if !strings.Contains(a.One("noscript").Text(), "JavaScript") {
				t.Errorf("without scripts: %q", a.One("noscript").Text())
			}

			fill := url.Values{"identifier": {grace}, c.field: {"i am human"}}
			a = b.Post(h.srv.URL+"/register", fill)
			at(t, a, 200, "verification-code")
			if policy := a.Header.Get("Content-Security-Policy"); strings.Contains(policy, "https:") || a.Header.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("the next page has a policy of %q", policy)
			}
			a = b.Submit(a, "form.form", form{"code": h.code(grace)})
			in(t, b.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password}), grace)
		})
	}
}

func TestWhoDoesNotSolveTheCaptchaIsToldSo(t *testing.T) {
	eachHouse(t, withCaptcha, func(t *testing.T, h *house) {
		provider := h.askCaptcha(guestlist.CaptchaConfig{Type: guestlist.CaptchaTurnstile})
		h.user(ada, password)
		for _, path := range []string{"/register", "/reset-password"} {
			b := h.browser()
			h.open(b, path, nil)
			for answer, want := range map[string]struct {
				status int
				says   string
			}{
				"": {422, "confirm first that you are human"}, "wrong": {422, "could not confirm"}, strings.Repeat("human", 2000): {422, "could not confirm"},
			} {
				a := b.Post(h.srv.URL+path, url.Values{"identifier": {ada}, "cf-turnstile-response": {answer}})
				if a.Status != want.status || !strings.Contains(noticed(a), want.says) || !a.Has(".captcha") {
					t.Errorf("%s with %.10q: %d %s", path, answer, a.Status, a.One("main").Text())
				}
			}
		}
		if sent := h.mailed(ada); len(sent) != 0 {
			t.Errorf("%d messages were sent", len(sent))
		}

		b := h.browser()
		h.open(b, "/register", nil)
		provider.Close()
		a := b.Post(h.srv.URL+"/register", url.Values{"identifier": {grace}, "cf-turnstile-response": {"human"}})
		if a.Status != 503 || !strings.Contains(noticed(a), "cannot be reached right now") {
			t.Errorf("without the provider: %d %s", a.Status, a.One("main").Text())
		}
	})
}

// The page of the password asks by itself, and its code needs the same answer.
func TestSigningInWithACaptcha(t *testing.T) {
	h := newHouse(t, withCaptcha)
	h.askCaptcha(guestlist.CaptchaConfig{Type: guestlist.CaptchaTurnstile})
	h.user(ada, password)
	b := h.browser()
	a := h.open(b, "/sign-in", nil)
	if a.Has(".captcha") {
		t.Error("the first page asks for what the second will ask")
	}
	a = b.Submit(a, "form.form", form{"identifier": ada})
	at(t, a, 200, "sign-in-password")
	if !a.Has(".captcha") || a.Has(".actions form") {
		t.Errorf("the page of the password: %s", a.One("main").HTML())
	}
	wrong := b.Submit(a, "form.form", form{"password": password})
	if at(t, wrong, 422, "sign-in-password"); !strings.Contains(noticed(wrong), "human") {
		t.Errorf("without an answer: %s", wrong.One("main").Text())
	}
	fill := url.Values{"password": {password}, "cf-turnstile-response": {"human"}}
	in(t, b.Post(a.URL.String(), fill), ada)

	b = h.browser()
	a = b.Submit(h.open(b, "/sign-in", nil), "form.form", form{"identifier": ada})
	a = b.Post(a.URL.String(), url.Values{"submit": {"code"}, "cf-turnstile-response": {"human"}})
	at(t, a, 200, "verification-code")
	in(t, b.Submit(a, "form.form", form{"code": h.code(ada)}), ada)
}

// A link vouches for its guest.
func TestALinkNeedsNoCaptcha(t *testing.T) {
	h := newHouse(t, withCaptcha)
	h.askCaptcha(guestlist.CaptchaConfig{Type: guestlist.CaptchaTurnstile})
	b := h.browser()
	a := h.open(b, "/sign-in", link(h.token(grace), grace))
	if a.Has(".captcha") {
		t.Error("the page of the link asks")
	}
	a = b.Submit(a, "form.form", nil)
	in(t, b.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password}), grace)
}

// A captcha that is switched on on the way leads back to where it stands.
func TestACaptchaThatIsNewLeadsBack(t *testing.T) {
	h := newHouse(t, nil)
	h.user(ada, password)
	b := h.browser()
	a := b.Submit(h.open(b, "/register", nil), "form.form", form{"identifier": grace})
	h.askCaptcha(guestlist.CaptchaConfig{Type: guestlist.CaptchaTurnstile})
	h.update(func(tx *store.Tx) error {
		exp, err := tx.SignInExperience()
		h.must(err)
		withCaptcha(&exp)
		return tx.PutSignInExperience(exp)
	})
	a = b.Submit(a, "form.form", form{"code": h.code(grace)})
	at(t, a, 200, "register")
	if !a.Has(".captcha") || !strings.Contains(noticed(a), "do the check on this page") {
		t.Errorf("the page: %s", a.One("main").Text())
	}
}

func TestACaptchaWithoutAProviderIsSaidAtOnce(t *testing.T) {
	h := newHouse(t, withCaptcha)
	a := h.open(h.browser(), "/register", nil)
	if a.Has(".captcha") || !strings.Contains(noticed(a), "cannot be reached right now") {
		t.Errorf("the page: %s", a.One("main").Text())
	}
}

// noticed is the notice of a page, "" for none.
func noticed(a *webtest.Answer) string {
	if all := a.All(".alert p"); len(all) > 0 {
		return all[0].Text()
	}
	return ""
}
