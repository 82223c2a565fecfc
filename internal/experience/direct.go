package experience

import (
	"slices"
	"strings"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// getDirect answers a request to go straight to an outside identity provider
// (direct_sign_in): by a button that scripts press at once, since opening a
// page begins nothing. An unknown provider leads to the first screen that the
// request named beside it, with the whole query: a link's token and the hint
// must survive the detour. Only names of first screens count, so that a
// parameter cannot choose where a guest ends up.
func getDirect(v *visit) error {
	face, ok, err := v.directFace()
	switch {
	case err != nil:
		return err
	case !ok || v.query.Get(paramToken) != "":
		return v.withQuery(v.fallback())
	}
	return v.show(directPage(v, face))
}

func (v *visit) fallback() string {
	to := "/" + v.query.Get("fallback")
	if !slices.Contains(firstPages(), to) {
		return signin.PageSignIn
	}
	return to
}

// directFace is the provider that the path names: a social one by its target,
// an enterprise one by its id.
func (v *visit) directFace() (face signin.ConnectorFace, ok bool, err error) {
	method, target, _ := strings.Cut(v.r.PathValue("way"), "/")
	switch guestlist.Way(method) {
	case guestlist.WaySocial:
		faces, err := v.socialFaces()
		if i := slices.IndexFunc(faces, func(f signin.ConnectorFace) bool { return f.Target == target }); i >= 0 {
			return faces[i], true, err
		}
		return face, false, err
	case guestlist.WaySSO:
		face, err = v.d.Desk.Face(v.r.Context(), guestlist.ConnectorID(target))
		if guestlist.KindOf(err) == guestlist.KindNotFound {
			return face, false, nil
		}
		return face, face.Way == guestlist.WaySSO, err
	}
	return face, false, nil
}

func directPage(v *visit, face signin.ConnectorFace) *web.Page {
	text := v.t("provider.continue", "provider", v.called(face))
	p := &web.Page{
		Name: "direct", Title: text, Lead: v.toApp("sign_in.lead"),
		Form:    &web.Form{Action: v.link(v.r.URL.EscapedPath()), Submit: text, Auto: true, Stays: true},
		Actions: []web.Action{{Text: v.t("action.other_way"), Href: v.link(v.fallback())}},
	}
	v.terms(p, false)
	return p
}

func postDirect(v *visit) error {
	face, ok, err := v.directFace()
	switch {
	case err != nil:
		return err
	case !ok:
		return v.withQuery(v.fallback())
	}
	p := directPage(v, face)
	if !v.agreed(p) {
		return v.again(p)
	}
	return v.begin(p, face)
}

// firstPages are the pages with which an interaction may begin.
func firstPages() []string {
	return []string{
		signin.PageSignIn, signin.PageRegister, pageResetPassword, pageIdentifierSignIn, pageIdentifierRegister, pageSingleSignOn,
	}
}
