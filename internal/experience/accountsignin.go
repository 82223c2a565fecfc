package experience

import (
	"crypto/rand"
	"net/http"
	"net/url"

	"guestlist"
	"guestlist/internal/web"
)

// AccountClient is the registration of the pages of one's own account, by which
// people sign in for them: a public client of the house. The pages know people
// by the provider's own session, so that of the authorization request only that
// there is one afterwards matters: its code is redeemed by nobody.
func AccountClient(endpoint string) guestlist.Application {
	return guestlist.Application{
		TenantID: guestlist.TenantID, ID: guestlist.AccountApplication, Name: "Account", Type: guestlist.ApplicationSPA,
		OIDCClientMetadata: guestlist.OIDCClientMetadata{
			RedirectURIs: []string{endpoint + pageAccountCallback}, PostLogoutRedirectURIs: []string{},
		},
		CustomData: guestlist.JSONObject("{}"),
	}
}

// beginSignIn leads to where people sign in, and from there to a page. again
// asks those too who are signed in.
func (v *visit) beginSignIn(to string, again bool) error {
	q := url.Values{
		"client_id": {string(guestlist.AccountApplication)}, "redirect_uri": {v.d.Desk.Endpoint + pageAccountCallback},
		"response_type": {"code"}, "scope": {"openid"}, "state": {destination(to)},
		// Of a verifier that nobody knows, so that the code is good for nothing.
		"code_challenge": {rand.Text() + rand.Text()}, "code_challenge_method": {"S256"},
	}
	if again {
		q.Set("prompt", "login")
	}
	for _, name := range []string{"ui_locales", paramToken, paramHint} {
		if value := v.query.Get(name); value != "" {
			q.Set(name, value)
		}
	}
	web.NoStore(v.w)
	return v.redirect(http.StatusSeeOther, v.d.Desk.Endpoint+"/oidc/auth?"+q.Encode())
}

// accountSignIn lets somebody sign in anew, or follow a link with a one-time
// token that leads to no application.
func (d *Door) accountSignIn(w http.ResponseWriter, r *http.Request) error {
	v := &visit{d: d, w: w, r: r}
	if err := v.take(); err != nil {
		return err
	}
	return v.beginSignIn(v.query.Get(paramTo), v.query.Get(paramToken) == "")
}

// accountCallback goes on to the page that somebody signed in for. It believes
// nothing that it is sent: the page looks at the session.
func (d *Door) accountCallback(w http.ResponseWriter, r *http.Request) error {
	v := &visit{d: d, w: w, r: r}
	if err := v.take(); err != nil {
		return err
	}
	web.NoStore(w)
	w.Header().Set("Referrer-Policy", "no-referrer")
	if v.query.Has("code") {
		return v.redirect(http.StatusSeeOther, destination(v.query.Get("state")))
	}
	v.query = url.Values{}
	v.app = AccountClient(d.Desk.Endpoint)
	var err error
	if v.look, err = v.dress(); err != nil {
		return err
	}
	return v.showAs(http.StatusBadRequest, &web.Page{
		Name: "account-sign-in-failed", Badge: web.BadgeShut, Title: v.t("account.failed.title"), Lead: web.Plain(v.t("account.failed.lead")),
		Actions: []web.Action{{Text: v.t("account.failed.again"), Href: PathAccount, Button: true}},
	})
}

// postAccountSignOut ends the session at the provider (RP-Initiated Logout §2),
// which tells the applications.
func postAccountSignOut(v *visit) error {
	q := url.Values{"client_id": {string(guestlist.AccountApplication)}, "ui_locales": {v.look.Lang}}
	return v.redirect(http.StatusSeeOther, v.d.Desk.Endpoint+"/oidc/session/end?"+q.Encode())
}
