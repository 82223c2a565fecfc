package oidc

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"guestlist"
	"guestlist/internal/signin"
)

// screens are the hosted pages by first_screen (wire: hosted pages).
var screens = map[string]string{
	"sign_in": "sign-in", "signIn": "sign-in", "register": "register", "reset_password": "reset-password",
	"identifier:sign_in": "identifier-sign-in", "identifier:register": "identifier-register",
	"single_sign_on": "single-sign-on",
}

// modes are the hosted pages by interaction_mode, first_screen's predecessor.
var modes = map[string]string{"signIn": "sign-in", "signUp": "register"}

const (
	defaultScreen    = "sign-in"
	consentScreen    = "/consent"
	invitationScreen = signin.PageInvitation
	suspendedScreen  = "/account-suspended"
)

// extras returns a request's parameters for the hosted pages. If one of the
// enumerated ones is not in its list none of them counts, as in the contract.
func extras(r guestlist.AuthRequest) guestlist.AuthRequest {
	_, screen := screens[r.FirstScreen]
	_, mode := modes[r.InteractionMode]
	if r.FirstScreen != "" && !screen || r.InteractionMode != "" && !mode {
		return guestlist.AuthRequest{ClientID: r.ClientID}
	}
	return r
}

// loginLocation returns the address of the hosted page on which an interaction
// begins, relative to the origin. The order of its parameters is the contract's.
// An invitation that the browser carried begins on the page of invitations, and
// stays out of the address.
func loginLocation(request guestlist.AuthRequest, carried bool) string {
	r := extras(request)
	if carried {
		return invitationScreen + "?" + encode([][2]string{
			{"app_id", string(r.ClientID)}, {"organization_id", r.OrganizationID}, {"ui_locales", r.UILocales},
		})
	}
	screen := screens[r.FirstScreen]
	if screen == "" {
		screen = modes[r.InteractionMode]
	}
	if screen == "" {
		screen = defaultScreen
	}
	params := [][2]string{
		{"app_id", string(r.ClientID)}, {"organization_id", r.OrganizationID}, {"ui_locales", r.UILocales},
		{"one_time_token", r.OneTimeToken}, {"login_hint", r.LoginHint}, {"identifier", r.Identifier},
	}
	path := "/" + screen
	if direct := directPath(r.DirectSignIn); direct != "" {
		path = direct
		params = append(params, [2]string{"fallback", screen})
	}
	return path + "?" + encode(params)
}

// directPath returns the page of a direct sign-in "<method>:<target>", or "" if
// there is none. What is in it decides only what the page looks for.
func directPath(direct string) string {
	if direct == "" {
		return ""
	}
	method, target, _ := strings.Cut(direct, ":")
	path := "/direct"
	for _, segment := range []string{method, target} {
		switch segment {
		case "":
		case ".", "..": // these are no names but directions
			return ""
		default:
			path += "/" + url.PathEscape(segment)
		}
	}
	return path
}

// encode writes parameters as a query in their order, leaving out empty ones.
func encode(params [][2]string) string {
	params = slices.DeleteFunc(params, func(p [2]string) bool { return p[1] == "" })
	var b strings.Builder
	for i, p := range params {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p[0] + "=" + url.QueryEscape(p[1]))
	}
	return b.String()
}

// uiState is the value of the _logto cookie, which tells the pages for whom
// they are.
func uiState(request guestlist.AuthRequest) string {
	r := extras(request)
	text, err := json.Marshal(struct {
		AppID          guestlist.ApplicationID `json:"appId,omitempty"`
		OrganizationID string                  `json:"organizationId,omitempty"`
		UILocales      string                  `json:"uiLocales,omitempty"`
	}{r.ClientID, r.OrganizationID, r.UILocales})
	if err != nil {
		return "{}" // strings always marshal
	}
	return string(text)
}
