package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

// uriField is a list of addresses that is judged while it is typed.
func (v *visit) uriField(name, phrase string, values []string) ui.Field {
	return ui.Field{
		Kind: ui.KindList, Name: name, Label: v.T(phrase + ".label"), Help: v.T(phrase + ".help"), Values: values, Code: true,
		Placeholder: "https://app.example.com/", Check: pathApplications + "/check.json",
	}
}

func (v *visit) redirectField(values []string) ui.Field {
	f := v.uriField("redirectUris", "applications.redirect", values)
	f.API, f.Placeholder = "oidcClientMetadata.redirectUris", "https://app.example.com/callback"
	return f
}

// uriProblem says what is wrong with an address, by the rule of the API; "" if
// nothing is.
func (v *visit) uriProblem(uri string) string {
	err := guestlist.CheckRedirectURI(uri)
	if err == nil {
		return ""
	}
	var fault *guestlist.URIFault
	if !errors.As(err, &fault) {
		return v.T("ui.issue.other")
	}
	return v.T("applications.uri." + fault.Code)
}

// markURIs judges lists of addresses of a form, and reports whether all fit.
func (v *visit) markURIs(form *ui.Form, names ...string) bool {
	fits := true
	for _, name := range names {
		f := form.Field(name)
		for i, uri := range ui.ListOf(v.form, name) {
			if problem := v.uriProblem(uri); problem != "" {
				form.Mark(f.MarkName()+"."+strconv.Itoa(i), problem)
				fits = false
			}
		}
	}
	return fits
}

// getURICheck judges an address while it is typed.
func getURICheck(v *visit) error {
	web.NoStore(v.w)
	return web.WriteJSON(v.w, http.StatusOK, map[string]string{"problem": v.uriProblem(strings.TrimSpace(v.query.Get("value")))})
}

// setRedirects writes the redirect URIs of an application that was just read.
func (v *visit) setRedirects(a application, tag string, uris []string) error {
	meta := a.OIDCClientMetadata
	meta.RedirectURIs = uris
	_, err := v.api.Send(v.ctx(), client.Call{
		Method: "PATCH", Path: a.path(), In: map[string]any{"oidcClientMetadata": meta}, Tag: tag,
	})
	return err
}

// postAddRedirect registers an address with one press, and offers to take it
// back.
func postAddRedirect(v *visit) error { return v.turnRedirect(true) }

func postRemoveRedirect(v *visit) error { return v.turnRedirect(false) }

func (v *visit) turnRedirect(add bool) error {
	a, tag, err := v.application()
	if err != nil {
		return err
	}
	uri, tab := v.form.Get("uri"), v.form.Get("tab")
	back := applicationPath(a.ID)
	if slices.Contains(applicationTabs(a), tab) && tab != "settings" {
		back += "/" + tab
	}
	if problem := v.uriProblem(uri); problem != "" && add {
		return v.doneWith(back, ui.Flash{Text: problem, Tone: ui.Bad})
	}
	uris := slices.DeleteFunc(slices.Clone(a.OIDCClientMetadata.RedirectURIs), func(s string) bool { return s == uri })
	text, undo := v.T("applications.redirect.removed", "uri", uri), "/redirect-uris/add"
	if add {
		uris = append(uris, uri)
		text, undo = v.T("applications.redirect.added", "uri", uri), "/redirect-uris/remove"
	}
	if err := v.setRedirects(a, tag, uris); err != nil {
		if e := new(guestlist.Error); errors.As(err, &e) && isRefusal(e) {
			return v.doneWith(back, ui.Flash{Text: v.says(err), Tone: ui.Bad})
		}
		return err
	}
	return v.doneWith(back, ui.Flash{Text: text, Undo: &ui.Action{
		Text: v.T("ui.undo"), Href: applicationPath(a.ID) + undo, Post: true,
		Hidden: []ui.Hidden{{Name: "uri", Value: uri}, {Name: "tab", Value: tab}},
	}})
}

// redirectAction is a button that registers or removes an address.
func (v *visit) redirectAction(a application, text, do, uri, tab string) ui.Action {
	return ui.Action{
		Text: text, Href: applicationPath(a.ID) + "/redirect-uris/" + do, Post: true,
		Hidden: []ui.Hidden{{Name: "uri", Value: uri}, {Name: "tab", Value: tab}},
	}
}

// localBase is where an application is thought to be that has said nothing.
const localBase = "http://localhost:3000"

// home guesses from the redirect URIs where an application is on the web, and
// which of them it uses.
func (v *visit) home(a application) (base, redirect string) {
	for _, uri := range a.OIDCClientMetadata.RedirectURIs {
		u, err := url.Parse(uri)
		if err != nil || strings.Contains(uri, "*") || uri == v.d.tryURI() {
			continue
		}
		if redirect == "" {
			redirect = uri
		}
		if base == "" && (u.Scheme == "https" || u.Scheme == "http") {
			base, redirect = u.Scheme+"://"+u.Host, uri
		}
	}
	if base == "" {
		base = localBase
	}
	if redirect == "" {
		redirect = base + "/callback"
	}
	return base, redirect
}
