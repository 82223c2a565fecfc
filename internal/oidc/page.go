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
func (f autoForm) URL() template.URL {
	return template.URL(f.Action) //nolint:gosec // matched against the client's registered URIs, or our own
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
	lang := d.Manners.Lang(r)
	var b bytes.Buffer
	if err := doneTemplate.Execute(&b, map[string]string{
		"Lang": lang, "Dir": web.Dir(lang),
		"Title": d.Manners.Phrases.T(lang, "pages.sign_out.done_title", nil),
		"Lead":  d.Manners.Phrases.T(lang, "pages.sign_out.done_lead", nil),
	}); err != nil {
		return fmt.Errorf("oidc: page: %w", err)
	}
	web.PageHeaders(w, web.Policy{Styles: []string{hashSource(plainStyle)}})
	web.WriteTagged(w, r, "text/html; charset=utf-8", b.Bytes())
	return nil
}

// hashSource names an inline script or style in a policy (CSP3 §2.3.1).
func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// plainStyle dresses pages that are seen for a moment only.
const plainStyle = ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:26rem;margin:20vh auto;padding:0 1rem}button{font:inherit;padding:.6rem 1.2rem}"

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

var doneTemplate = template.Must(template.New("done").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}" dir="{{.Dir}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Sign Out</title>
<style>` + plainStyle + `</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
<p>{{.Lead}}</p>
</main>
</body>
</html>
`))
