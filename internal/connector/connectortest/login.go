package connectortest

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
)

// loginPage lets a browser choose who to be.
var loginPage = template.Must(template.New("login").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Brand}}</title>
<style>body{font:16px/1.5 system-ui;max-width:22rem;margin:4rem auto;padding:0 1rem}button{display:block;width:100%;margin:.5rem 0;padding:.75rem;font:inherit;text-align:start}</style>
<h1>{{.Brand}}</h1>
<p>Who are you?</p>
<form method="post">
{{range .People}}<button name="person" value="{{.ID}}">{{.Name}} <small>{{.Email}}</small></button>
{{end}}<button name="refuse" value="yes">Cancel</button>
</form>
</html>
`))

// postPage brings an answer back by a form (OAuth 2.0 Form Post Response Mode
// §2), by itself where scripts run.
var postPage = template.Must(template.New("post").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{.Brand}}</title>
<form method="post" action="{{.Action}}">
{{range $name, $values := .Answer}}{{range $values}}<input type="hidden" name="{{$name}}" value="{{.}}">
{{end}}{{end}}<button>Continue</button>
</form>
<script>document.forms[0].submit()</script>
</html>
`))

// serveAuthorize shows the page, and takes what was chosen on it.
func (u *Upstream) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	u.mu.Lock()
	err, people := u.judge(q), u.People
	u.mu.Unlock()
	if err != nil { // RFC 6749 §4.1.2.1: never back to a client that is not known
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.Method != http.MethodPost {
		render(w, loginPage, map[string]any{"Brand": u.brand, "People": people})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	person := r.PostFormValue("person")
	if person == "" && r.PostFormValue("refuse") == "" {
		err = errPerson
	}
	var answer url.Values
	if err == nil {
		answer, err = u.consent(q, person)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	u.bringBack(w, r, q, answer)
}

// bringBack sends the browser back with an answer, in the mode that was asked
// for.
func (u *Upstream) bringBack(w http.ResponseWriter, r *http.Request, q, answer url.Values) {
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil {
		http.Error(w, errors.Join(errRedirect, err).Error(), http.StatusBadRequest)
		return
	}
	if q.Get("response_mode") == "form_post" {
		render(w, postPage, map[string]any{"Brand": u.brand, "Action": back.String(), "Answer": answer})
		return
	}
	all := back.Query()
	for name, values := range answer {
		all[name] = values
	}
	back.RawQuery = all.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther) //nolint:gosec // judge has held it against the client's redirect URIs
}

func render(w http.ResponseWriter, page *template.Template, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := page.Execute(w, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
