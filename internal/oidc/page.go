package oidc

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"

	"guestlist/internal/web"
)

// autoForm is a page that exists only to post a form: scripts do it at once,
// and without them there is a button.
type autoForm struct {
	Status int
	Title  string
	ID     string // of the form, or ""
	Action string // judged by the caller
	Hidden [][2]string

	Lang, Dir, Lead, Submit string
}

// The handlers that submit the forms, verbatim as in the contract; the policy
// of the page allows just them, by their hashes.
const (
	submitFirst  = "document.forms[0].submit()"
	submitLogout = "document.getElementById('op.logoutForm').submit();"
)

// URL marks the action as judged: it may have an application's own scheme.
func (f autoForm) URL() template.URL { //nolint:forbidigo // the action was matched against the client's registered URIs, or is our own
	return template.URL(f.Action) //nolint:forbidigo,gosec // as above
}

// autoPage answers with an autoForm.
func (d *Door) autoPage(w http.ResponseWriter, r *http.Request, f autoForm) error {
	f.Lang = d.Manners.Lang(r)
	f.Dir = web.Dir(f.Lang)
	f.Submit = d.Manners.Phrases.T(f.Lang, "pages.action.continue", nil)
	handler := submitFirst
	if f.ID != "" {
		handler = submitLogout
		f.Submit = d.Manners.Phrases.T(f.Lang, "pages.action.sign_out", nil)
		f.Lead = d.Manners.Phrases.T(f.Lang, "pages.sign_out.lead", nil)
	}
	var b bytes.Buffer
	if err := autoTemplate.Execute(&b, f); err != nil {
		return fmt.Errorf("oidc: page: %w", err)
	}
	web.PageHeaders(w, web.Policy{Leaves: true, Scripts: []string{"'unsafe-hashes'", hashSource(handler)}, Styles: []string{hashSource(plainStyle)}})
	if f.Status != http.StatusOK {
		w.WriteHeader(f.Status)
		_, _ = w.Write(b.Bytes()) // the only failure is a closed connection
		return nil
	}
	web.WriteTagged(w, r, "text/html; charset=utf-8", b.Bytes())
	return nil
}

// donePage says that the user is signed out.
func (d *Door) donePage(w http.ResponseWriter, r *http.Request) error {
	return d.Draw(w, r, func(phrase func(string) string) *web.Page {
		return &web.Page{
			Name: "signed-out", Badge: web.BadgeDone, Title: phrase("sign_out.done_title"), Lead: web.Plain(phrase("sign_out.done_lead")),
		}
	})
}

// hashSource names an inline script or style in a policy (CSP3 §2.3.1).
func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// plainStyle dresses the pages that submit themselves: they are seen for a
// moment, or, without scripts, for one press of their button.
const plainStyle = `:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;max-width:22rem;margin:22vh auto 0;padding:0 1rem;text-align:center;background:light-dark(#f6f6f9,#131318);color:light-dark(#1b1b23,#ececf1)}
button{font:inherit;font-weight:600;width:100%;min-height:2.75rem;border:0;border-radius:.5rem;background:light-dark(#3d5afe,#8c9efe);color:light-dark(#fff,#0c0c14);cursor:pointer}
button:focus-visible{outline:3px solid currentColor;outline-offset:2px}`

var autoTemplate = template.Must(template.New("auto").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}" dir="{{.Dir}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{.Title}}</title>
<style>` + plainStyle + `</style>
</head>
<body onload="{{if .ID}}` + submitLogout + `{{else}}` + submitFirst + `{{end}}">
<main>
{{with .Lead}}<p>{{.}}</p>
{{end}}<form{{with .ID}} id="{{.}}"{{end}} method="post" action="{{.URL}}">
{{range .Hidden}}<input type="hidden" name="{{index . 0}}" value="{{index . 1}}"/>
{{end}}<button type="submit">{{.Submit}}</button>
</form>
</main>
</body>
</html>
`))
