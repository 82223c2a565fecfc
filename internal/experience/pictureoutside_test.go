//go:build pictures

package experience_test

import (
	"net/url"
	"testing"

	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/signin"
	"guestlist/internal/store"
	"guestlist/internal/web/webtest"
)

// neighbours are the providers that stand for themselves in the pictures.
var neighbours = []string{
	"google-universal", "apple-universal", "azuread-universal", "github-universal", "facebook-universal", "linkedin-universal",
	"discord-universal", "slack-universal", "gitlab-universal", "x-universal",
}

// outsideGallery walks to the pages that have to do with outside providers.
func outsideGallery(t *testing.T, h *house, lang string) map[string]*webtest.Answer {
	t.Helper()
	o := surrounded(h)
	o.desk.SSOKind = connector.SSOProvider
	o.desk.SocialKind = func(factory string) (signin.SocialKind, bool) {
		if kind, ok := socialKind(factory); ok && factory != string(github) {
			return kind, true
		}
		if factory == string(github) {
			factory = "github-universal"
		}
		f, ok := connector.Factory(factory)
		return signin.SocialKind{ConnectorTraits: f.ConnectorTraits, TrustedEmailDomains: []string{guestlist.AnyDomain}}, ok
	}
	h.update(func(tx *store.Tx) error {
		for n, factory := range neighbours {
			if factory == "github-universal" {
				continue
			}
			id := guestlist.ConnectorID(factory)
			o.at[id] = o.at[github]
			if err := tx.InsertConnector(guestlist.ConnectorSocial, guestlist.Connector{ID: id, FactoryID: factory, CreatedAt: tx.Now + guestlist.Time(n)}); err != nil {
				return err
			}
		}
		return nil
	})
	offer := func(n int) {
		o.settings(func(e *guestlist.SignInExperience) {
			e.SocialSignInConnectorTargets = nil
			for _, factory := range neighbours[:n] {
				f, _ := connector.Factory(factory)
				e.SocialSignInConnectorTargets = append(e.SocialSignInConnectorTargets, f.Target)
			}
		})
	}
	browser := func() *webtest.Browser {
		b := h.browser()
		b.Header.Set("Accept-Language", lang)
		return b
	}
	pages := map[string]*webtest.Answer{}
	offer(4)
	pages["o-sign-in"] = o.open(browser(), "/sign-in", nil)
	pages["o-register"] = o.open(browser(), "/register", nil)
	b := browser()
	pages["o-direct"] = o.open(b, "/direct/social/google", nil)
	leaving := browser()
	leaving.Stay = []string{o.at[github].srv.URL}
	pages["o-leaving"] = o.press(leaving, o.open(leaving, "/sign-in", nil), github)
	offer(10)
	pages["o-many"] = o.open(browser(), "/sign-in", nil)
	pages["o-token"] = o.open(browser(), "/sign-in", link(o.token(grace), grace))
	offer(4)
	pages["o-token-few"] = o.open(browser(), "/sign-in", link(o.token(grace), grace))
	pages["o-token-organization"] = o.open(browser(), "/sign-in", link(o.token(worker), worker))
	o.settings(closed)
	b = browser()
	o.at[github].expects(person(sue))
	pages["o-token-other"] = o.press(b, o.open(b, "/sign-in", link(o.token(grace), grace)), github)
	o.settings(func(e *guestlist.SignInExperience) { e.SignInMode = guestlist.ModeSignInAndRegister })
	pages["o-sso"] = o.open(browser(), "/single-sign-on", url.Values{"login_hint": {worker}})
	b = browser()
	pages["o-sso-none"] = b.Submit(o.open(b, "/single-sign-on", nil), "form.form", form{"identifier": sue})
	b = browser()
	pages["o-sso-choice"] = b.Submit(o.open(b, "/sign-in", nil), "form.form", form{"identifier": "lin@shared.example"})
	o.user(ada, "")
	b = browser()
	o.at[github].expects(person(ada))
	pages["o-link"] = o.press(b, o.open(b, "/sign-in", nil), github)
	terms, privacy := "https://tenant.example/terms", "https://tenant.example/privacy"
	o.settings(func(e *guestlist.SignInExperience) {
		e.TermsOfUseURL, e.PrivacyPolicyURL, e.AgreeToTermsPolicy = &terms, &privacy, "ManualRegistrationOnly"
	})
	b = browser()
	o.at[github].expects(person(sue))
	pages["o-social-register"] = o.press(b, o.open(b, "/sign-in", nil), github)
	o.settings(func(e *guestlist.SignInExperience) { e.AgreeToTermsPolicy = "Manual" })
	pages["o-sign-in-terms"] = o.open(browser(), "/sign-in", nil)
	o.settings(func(e *guestlist.SignInExperience) {
		closed(e)
		e.AgreeToTermsPolicy, e.SignIn.Methods = "Automatic", nil
	})
	b = browser()
	pages["o-no-account"] = o.press(b, o.open(b, "/sign-in", nil), github)
	return pages
}
