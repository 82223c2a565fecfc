package console

import (
	"maps"
	"net/http"
	"slices"

	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

// nobody answers a request without a session. Whoever looks is led to sign in
// and back; whoever sent a form keeps what they typed; scripts are told.
func (v *visit) nobody() error {
	switch {
	case v.r.Method == http.MethodPost:
		return v.expired()
	case v.wantsData():
		web.NoStore(v.w)
		return web.WriteJSON(v.w, http.StatusUnauthorized, map[string]string{"code": "auth.unauthorized"})
	default:
		if vacant, err := v.vacant(v.ctx()); err != nil || vacant {
			return err
		}
		return v.d.begin(v.w, v.r, v.r.URL.RequestURI())
	}
}

// expired keeps a form whose session ended: all that was typed stands in it
// once more, passwords included, which no cache keeps and no other site sees.
// Its owner signs in beside it and sends it again. It is not sent by itself:
// nothing shows that who signs in is who typed.
func (v *visit) expired() error {
	hadFile := v.isUpload()
	if hadFile && TakesFiles(v.r.URL.Path) {
		files, err := v.upload(maxBrandingUpload)
		hadFile = err != nil || len(files) > 0
	}
	form := &ui.Form{Action: v.r.URL.RequestURI(), Submit: v.T("shell.expired.again"), Quiet: true}
	for _, name := range slices.Sorted(maps.Keys(v.form)) {
		for _, value := range v.form[name] {
			form.Hidden = append(form.Hidden, ui.Hidden{Name: name, Value: value})
		}
	}
	text := v.T("shell.expired.text")
	if hadFile {
		text = v.T("shell.expired.upload")
	}
	body := []ui.Block{buttons(ui.Action{
		Text: v.T("shell.expired.sign_in"), Href: pathSignIn + "?return=" + pathSignedIn, Primary: true, Away: true, Icon: "away",
	})}
	if len(form.Hidden) > 0 || !hadFile {
		body = append(body, form)
	}
	page := &ui.Page{Name: "expired", Bare: true, Header: ui.Header{Title: v.T("shell.expired.title"), Lead: text}, Body: body}
	return v.showAs(http.StatusUnauthorized, page)
}

// getSignedIn says that one may go back to the form.
func getSignedIn(v *visit) error {
	return v.show(&ui.Page{
		Name: "signed-in", Bare: true,
		Header: ui.Header{Title: v.T("shell.in.title"), Lead: v.T("shell.in.text")},
		Body:   []ui.Block{ui.Paragraph{Links: []ui.Link{{Text: v.T("shell.in.home"), Href: Path}}}},
	})
}
