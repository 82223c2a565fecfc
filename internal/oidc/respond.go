package oidc

import (
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
		if err := d.formPost(w, r, t.URI, params); err != nil {
			d.Manners.WriteError(w, r, err)
		}
		return
	}
	location := normalized(t.URI)
	switch {
	case t.Mode == modeFragment:
		location += "#"
	case !strings.Contains(location, "?"):
		location += "?"
	case !strings.HasSuffix(location, "?"):
		location += "&"
	}
	w.Header().Set("Location", location+encode(params))
	w.WriteHeader(http.StatusSeeOther) // RFC 9700 §4.12: never 307, it would repeat a POST
}

// normalized writes a redirect URI as browsers do, so that no byte of it can end
// a header.
func normalized(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return uri // it was parsed before it was matched
	}
	return u.String()
}

// formPost answers with a page whose form posts itself (OAuth 2.0 Form Post
// Response Mode §2). Errors have status 400, as in the contract.
func (d *Door) formPost(w http.ResponseWriter, r *http.Request, action string, params [][2]string) error {
	status := http.StatusOK
	if params[0][0] == "error" {
		status = http.StatusBadRequest
	}
	return d.autoPage(w, r, autoForm{Status: status, Title: "Submitting Callback", Action: normalized(action), Hidden: params})
}
