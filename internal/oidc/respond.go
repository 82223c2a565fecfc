package oidc

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

// Target is where an authorization response goes: a redirect URI that was
// matched against the client's, and how the client wants to be told.
type Target struct {
	URI      string
	Mode     string // query, fragment or form_post
	State    string
	HasState bool
}

// The response modes (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode).
const (
	modeQuery    = "query"
	modeFragment = "fragment"
	modeFormPost = "form_post"
)

// respond sends the browser to an application with the parameters of a
// response, to which state (RFC 6749 §4.1.2) and iss (RFC 9207 §2) are added.
func (d *Door) respond(w http.ResponseWriter, r *http.Request, t Target, params [][2]string) {
	if t.HasState {
		params = append(params, [2]string{"state", t.State})
	}
	params = append(params, [2]string{"iss", d.issuer()})
	noStore(w)
	if t.Mode == modeFormPost {
		d.formPost(w, t.URI, params)
		return
	}
	var b strings.Builder
	for i, p := range params {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p[0] + "=" + url.QueryEscape(p[1]))
	}
	location := t.URI
	switch {
	case t.Mode == modeFragment:
		location += "#"
	case strings.Contains(location, "?"):
		location += "&"
	default:
		location += "?"
	}
	w.Header().Set("Location", location+b.String())
	w.WriteHeader(http.StatusSeeOther) // RFC 9700 §4.12: never 307, it would repeat a POST
}

// formPost answers with a page whose form posts itself.
func (d *Door) formPost(w http.ResponseWriter, action string, params [][2]string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	_ = formPostPage.Execute(w, map[string]any{"Action": template.URL(action), "Params": params}) //nolint:gosec // the action was matched against the client's registered URIs; the only failure is a closed connection
}

var formPostPage = template.Must(template.New("form_post").Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Submitting Callback</title></head>
<body onload="document.forms[0].submit()">
<form method="post" action="{{.Action}}">
{{range .Params}}<input type="hidden" name="{{index . 0}}" value="{{index . 1}}">
{{end}}<noscript><p>One more step.</p><button type="submit">Continue</button></noscript>
</form>
</body>
</html>
`))
