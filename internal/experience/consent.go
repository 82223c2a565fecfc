package experience

import (
	"net/http"
	"net/url"
	"strings"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// getConsent sends the browser on where nothing is to be asked (wire §5b: a
// link in the request comes first, and first-party applications are consented
// to), and shows what a third-party application wants.
func getConsent(v *visit) error {
	if v.run == nil {
		return v.unknownSession()
	}
	return v.consent(signin.Ask)
}

func postConsent(v *visit) error {
	switch v.form.Get("submit") {
	case string(signin.Allow):
		return v.consent(signin.Allow)
	case string(signin.Deny):
		return v.consent(signin.Deny)
	}
	return v.next(pageConsent)
}

func (v *visit) consent(decision signin.Decision) error {
	cookie, _ := v.d.Cookies.Get(v.r, cookieSession)
	step, err := v.d.Desk.Consent(v.r.Context(), v.uid, cookie, decision, v.caller())
	switch code := guestlist.CodeOf(err); {
	case code == "session.not_found":
		return v.unknownSession()
	case code == "user.suspended":
		return v.next(pageSuspended)
	case err != nil:
		return err
	case step.TokenError != nil:
		return v.next(pageTokenError)
	case step.Page == nil:
		return v.onward(step.Redirect)
	}
	return v.show(consentPage(v, step.Page))
}

// onward redirects as the desk says: 302, as the contract has it here. A page
// of ours learns which interaction it belongs to.
func (v *visit) onward(to string) error {
	if !strings.Contains(to, "://") {
		q := url.Values{}
		for _, name := range kept() {
			if value := v.query.Get(name); value != "" {
				q.Set(name, value)
			}
		}
		to = "/" + strings.TrimPrefix(to, "/")
		if len(q) > 0 {
			to = join(to, q)
		}
	}
	return v.redirect(http.StatusFound, to)
}

func consentPage(v *visit, c *signin.ConsentPage) *web.Page {
	app := c.Application.Name
	p := &web.Page{
		Name: "consent", Title: v.t("consent.title", "app", app), Lead: v.sentence("consent.lead", "app", app),
		Facts: []web.Fact{{Term: v.t("consent.as"), Value: account(c.User)}},
		Form: &web.Form{
			Action: v.link(pageConsent), Submit: v.t("action.allow"), Value: string(signin.Allow),
			Second: &web.Choice{Text: v.t("action.decline"), Value: string(signin.Deny)},
		},
	}
	for _, scope := range c.Scopes {
		label := v.t("consent.scope." + strings.TrimPrefix(scope, "urn:logto:scope:"))
		if label == "" {
			label = scope
		}
		p.List = append(p.List, label)
	}
	for _, resource := range c.Resources {
		for _, scope := range resource.Scopes {
			label := scope.Name
			if scope.Description != nil && *scope.Description != "" {
				label = *scope.Description
			}
			p.List = append(p.List, resource.Resource.Name+": "+label)
		}
	}
	return p
}
