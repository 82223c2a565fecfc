package experience

import (
	"net/http"
	"net/url"
	"strings"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

var errNoPage = guestlist.Refuse(guestlist.KindNotFound, "request.route_not_found")

func getUnknownSession(v *visit) error {
	return v.show(&web.Page{
		Name: "unknown-session", Badge: web.BadgeShut, Title: v.t("session.title"), Lead: web.Plain(v.t("session.lead")),
	})
}

// getRoot leads on with what is under way. Whoever opens a server that nobody
// administers yet is mostly the one who just started it, and is told how to go on.
func getRoot(v *visit) error {
	if v.run != nil || v.still {
		return v.to(http.StatusSeeOther, signin.PageSignIn)
	}
	switch has, err := v.d.Desk.HasAdministrator(v.r.Context()); {
	case err != nil:
		return err
	case has || v.exp.UnknownSessionRedirectURL != nil && *v.exp.UnknownSessionRedirectURL != "":
		return v.unknownSession()
	}
	v.look.Product, v.look.Signature = houseName, false
	return v.show(&web.Page{
		Name: "vacant", Badge: web.BadgeKey, Title: v.t("session.vacant_title"), Lead: web.Plain(v.t("session.vacant_lead")),
	})
}

func getSuspended(v *visit) error {
	p := &web.Page{
		Name: "account-suspended", Badge: web.BadgeShut, Title: v.t("suspended.title"), Lead: web.Plain(v.t("suspended.lead")),
	}
	if v.run != nil {
		p.Actions = []web.Action{{Text: v.t("action.back_to_sign_in"), Href: v.link(signin.PageSignIn)}}
	}
	return v.show(p)
}

// ErrorPage draws the page of a failed request; wire it as web.Manners.ErrorPage.
func (d *Door) ErrorPage(w http.ResponseWriter, r *http.Request, e web.ErrorView) {
	var look web.Look
	if exp, err := d.Desk.Experience(r.Context()); err == nil {
		look = web.Dress(exp) // without it the page wears the house's own dress
	}
	look.Lang = e.Lang
	t := func(key string) string { return d.Manners.Phrases.T(e.Lang, "pages.error."+key, nil) }
	p := &web.Page{Name: "error", Badge: web.BadgeShut, Title: t("refused_title"), Lead: web.Plain(e.Message), Note: web.Plain(t("refused_next"))}
	switch {
	case e.Status == http.StatusNotFound || e.Status == http.StatusMethodNotAllowed:
		p.Title, p.Lead, p.Note = t("not_found_title"), web.Plain(t("not_found_lead")), nil
	case e.Status >= http.StatusInternalServerError:
		p.Title, p.Note = t("title"), nil
		p.Facts = []web.Fact{{Term: t("reference"), Value: e.RequestID}}
	}
	if err := d.Pages.Write(w, e.Status, look, p); err != nil {
		w.WriteHeader(e.Status) // a page that cannot be drawn still has its status
	}
}

// Draw answers with another door's page in the tenant's dress; wire it as
// oidc.Door.Draw.
func (d *Door) Draw(w http.ResponseWriter, r *http.Request, page func(phrase func(key string) string) *web.Page) error {
	v, err := d.visitOf(w, r, "")
	if err != nil {
		return err
	}
	return v.show(page(func(key string) string { return v.t(key) }))
}

// redirect sends the browser on. Addresses are the desk's, the operator's, or
// pages of ours with parameters that were encoded anew: never one that a
// request named.
func (v *visit) redirect(status int, to string) error {
	web.NoStore(v.w)
	v.w.Header().Set("Referrer-Policy", "no-referrer") // the address that it leads away from may hold a code
	http.Redirect(v.w, v.r, to, status)
	return nil
}

// join adds parameters to a path that may have a query already.
func join(path string, q url.Values) string {
	if strings.Contains(path, "?") {
		return path + "&" + q.Encode()
	}
	return path + "?" + q.Encode()
}
