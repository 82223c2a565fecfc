package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"guestlist"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

var (
	// errMarked says that a form was found wrong here, and its fields say why.
	errNoPage = guestlist.Refuse(guestlist.KindNotFound, "request.route_not_found")
	errMarked = guestlist.Refuse(guestlist.KindInvalid, "console.marked")
)

// codeStale is how the API refuses to overwrite what somebody else changed.
const codeStale = "request.stale"

// again shows a form after it was refused: with what was typed, and with the
// reason where it belongs. form has to be on page, and filled from the thing as
// it is now. fields are pairs of an error code and the name of the field that
// it is about. What is no refusal of the form is returned.
func (v *visit) again(page *ui.Page, form *ui.Form, err error, fields ...string) error {
	var e *guestlist.Error
	if !errors.As(err, &e) || !isRefusal(e) {
		return err
	}
	if e.Code == codeStale {
		form.Reconcile(v.form)
		return v.showAs(http.StatusConflict, page)
	}
	if err := v.judge(form, err, fields...); err != nil {
		return err
	}
	return v.showAs(http.StatusUnprocessableEntity, page)
}

// judge writes what was typed into a form, and why it was refused. What is no
// refusal of the form is returned.
func (v *visit) judge(form *ui.Form, err error, fields ...string) error {
	var e *guestlist.Error
	if !errors.As(err, &e) || !isRefusal(e) {
		return err
	}
	form.Fill(v.form)
	switch {
	case e.Code == errMarked.Code:
	case v.markIssues(form, e):
	default:
		v.markCode(form, e, fields)
	}
	return nil
}

// isRefusal reports whether an error is about what was sent, and not about who
// sent it or about us.
func isRefusal(e *guestlist.Error) bool {
	switch e.Kind {
	case guestlist.KindInternal, guestlist.KindUnauthenticated, guestlist.KindForbidden, guestlist.KindUnavailable, guestlist.KindMethod:
		return false
	default:
		return true
	}
}

func (v *visit) markCode(form *ui.Form, e *guestlist.Error, fields []string) {
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i] == e.Code && form.Mark(fields[i+1], v.says(e)) {
			return
		}
	}
	form.Problem = v.says(e)
}

// says puts an error into words.
func (v *visit) says(err error) string {
	var e *guestlist.Error
	if !errors.As(err, &e) {
		return v.T("ui.failed")
	}
	return v.d.Manners.Message(v.lang, e)
}

// issue is a fault that the API found in its input.
type issue struct {
	Code       string `json:"code"`
	Received   string `json:"received"`
	Validation string `json:"validation"`
	Minimum    *int   `json:"minimum"`
	Maximum    *int   `json:"maximum"`
	Type       string `json:"type"`
	Path       []any  `json:"path"`
	Message    string `json:"message"`
}

// markIssues puts the faults that the API lists beside their fields. Those of
// no field are about the whole.
func (v *visit) markIssues(form *ui.Form, e *guestlist.Error) bool {
	var data struct {
		Issues []issue `json:"issues"`
	}
	text, err := json.Marshal(e.Data)
	if err != nil || json.Unmarshal(text, &data) != nil || len(data.Issues) == 0 {
		return false
	}
	for _, i := range data.Issues {
		var path []string
		for _, p := range i.Path {
			switch p := p.(type) {
			case string:
				path = append(path, p)
			case float64:
				path = append(path, strconv.Itoa(int(p)))
			}
		}
		at := strings.Join(path, ".")
		if !form.Mark(at, v.issue(i)) {
			form.Problem = strings.TrimSpace(form.Problem + " " + at + ": " + v.issue(i))
		}
	}
	return true
}

// issue puts a fault into words of the page's language.
func (v *visit) issue(i issue) string {
	text := i.Type == "string"
	switch {
	case i.Code == "invalid_type" && i.Received == "undefined", i.Code == "too_small" && text && i.Minimum != nil && *i.Minimum == 1:
		return v.T("ui.issue.required")
	case i.Code == "invalid_type":
		return v.T("ui.issue.other")
	case i.Code == "too_small" && text && i.Minimum != nil:
		return v.T("ui.issue.too_short", "n", *i.Minimum)
	case i.Code == "too_small" && i.Minimum != nil:
		return v.T("ui.issue.too_small", "n", *i.Minimum)
	case i.Code == "too_big" && text && i.Maximum != nil:
		return v.T("ui.issue.too_long", "n", *i.Maximum)
	case i.Code == "too_big" && i.Maximum != nil:
		return v.T("ui.issue.too_big", "n", *i.Maximum)
	case i.Validation == "url":
		return v.T("ui.issue.url")
	case i.Validation == "email":
		return v.T("ui.issue.email")
	case i.Code == "custom" && i.Message == "Required":
		return v.T("ui.issue.required")
	case i.Code == "custom" && i.Message != "":
		return v.T("ui.issue.other") + " (" + i.Message + ")"
	default:
		return v.T("ui.issue.other")
	}
}

// justNow is within what time after a sign-in a token that is not taken means
// that signing in again would not help.
const justNow = 10 * time.Second

// failed answers what a page could not do.
func (v *visit) failed(err error) error {
	switch guestlist.CodeOf(err) {
	case "auth.unauthorized":
		if v.now().Sub(v.who.Got) < justNow {
			return v.denied(v.who)
		}
		v.d.forget(v.w)
		return v.nobody()
	case "auth.forbidden":
		return v.denied(v.who)
	}
	r := v.r.Clone(v.r.Context())
	r.Header.Set("Accept-Language", v.lang)
	status, env := v.d.Manners.Describe(r, err)
	if v.wantsData() {
		return web.WriteJSON(v.w, status, env)
	}
	p := &ui.Page{Name: "error", Bare: v.who.Access == "", Header: ui.Header{Title: v.T("shell.error.title"), Lead: env.Message}}
	if status == http.StatusNotFound {
		p.Header.Title = v.T("shell.error.not_found")
	}
	p.Body = []ui.Block{buttons(ui.Action{Text: v.T("shell.error.home"), Href: Path})}
	return v.showAs(status, p)
}

// ErrorPage draws what went wrong outside of a page: an address that is none, a
// form from another site. It does not look who is there.
func (d *Door) ErrorPage(w http.ResponseWriter, r *http.Request, e web.ErrorView) {
	v := &visit{d: d, w: w, r: r}
	v.prefer()
	p := &ui.Page{
		Name: "error", Bare: true, Header: ui.Header{Title: v.T("shell.error.title"), Lead: e.Message},
		Body: []ui.Block{buttons(ui.Action{Text: v.T("shell.error.home"), Href: Path})},
	}
	if e.Status == http.StatusNotFound {
		p.Header.Title = v.T("shell.error.not_found")
	}
	if err := v.showAs(e.Status, p); err != nil {
		d.Manners.Describe(r, err) // logged
		http.Error(w, e.Message, e.Status)
	}
}

// Owns reports whether a request is for the console, so that its errors are
// told on a page of the console's.
func Owns(r *http.Request) bool {
	return r.URL.Path == Path || strings.HasPrefix(r.URL.Path, Path+"/")
}
