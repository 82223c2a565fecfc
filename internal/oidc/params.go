package oidc

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"guestlist"
	"guestlist/internal/token"
	"guestlist/internal/web"
)

// Limits of an authorization request.
const (
	maxValue     = 8 << 10 // bytes of one parameter
	maxScopes    = 100
	maxResources = 20
	minChallenge = 43 // RFC 7636 §4.2
	maxChallenge = 128
)

// The prompts (OpenID Connect Core §3.1.2.1).
const (
	promptNone    = "none"
	promptLogin   = "login"
	promptConsent = "consent"
)

// authorization is an authorization request that was read and judged.
type authorization struct {
	client  *client
	request guestlist.AuthRequest
	hint    string // id_token_hint, as it came
	target  Target
}

// readAuthorize reads the parameters of an authorization request: the query of
// a GET, or the body of a POST.
func readAuthorize(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.Method == http.MethodPost {
		v, err := readParams(w, r)
		if err != nil {
			return nil, formError(r, err)
		}
		return v, nil
	}
	v, err := web.Query(r)
	if err != nil {
		if guestlist.CodeOf(err) == "request.invalid_text" {
			return nil, invalidRequest("null bytes are not allowed in the request, and its text must be UTF-8")
		}
		return nil, invalidRequest("failed to parse the request parameters").because(err)
	}
	return v, nil
}

// one returns a parameter that was given exactly once; "" otherwise. Empty
// parameters count as absent (RFC 6749 §3.1).
func one(v url.Values, name string) string {
	if list := v[name]; len(list) == 1 {
		return list[0]
	}
	return ""
}

// single refuses a parameter that was given more than once (RFC 6749 §3.1) or
// is longer than any honest one.
func single(v url.Values, name string) *Error {
	switch list := v[name]; {
	case len(list) > 1:
		return invalidRequest("'%s' parameter must not be provided twice", excerpt(name))
	case len(list) == 1 && len(list[0]) > maxValue:
		return invalidRequest("'%s' parameter is too long", excerpt(name))
	}
	return nil
}

// defaultMode is the response mode of a response type (OAuth 2.0 Multiple
// Response Types §2.1): answers with a token belong in the fragment, and so do
// the errors of those who ask for one.
func defaultMode(responseType string) string {
	for part := range strings.FieldsSeq(responseType) {
		if part != "code" && part != "none" {
			return modeFragment
		}
	}
	return modeQuery
}

// aim says where and how the answer to a request goes, once its redirect URI
// was matched. It never fails: errors have to arrive somewhere.
func aim(v url.Values, uri string) Target {
	t := Target{URI: uri, Mode: one(v, "response_mode"), State: one(v, "state")}
	t.HasState = t.State != ""
	if t.Mode != modeQuery && t.Mode != modeFragment && t.Mode != modeFormPost {
		t.Mode = defaultMode(one(v, "response_type"))
	}
	return t
}

// parse judges what can be judged of a request without looking
// anything up. Client and redirect URI were judged before: its errors may be
// redirected.
func (a *authorization) parse(v url.Values) *Error {
	for _, name := range sortedNames(v) {
		if name == "resource" {
			continue
		}
		if err := single(v, name); err != nil {
			return err
		}
	}
	for _, name := range []string{"request", "request_uri", "registration"} {
		if one(v, name) != "" {
			return newError(guestlist.KindInvalid, name+"_not_supported", "")
		}
	}
	r := &a.request
	r.ResponseType, r.ResponseMode = one(v, "response_type"), a.target.Mode
	r.State, r.HasState = a.target.State, a.target.HasState
	r.Nonce, a.hint = one(v, "nonce"), one(v, "id_token_hint")
	for _, check := range []func(url.Values) *Error{
		a.parseResponse, a.parseChallenge, a.parsePrompt, a.parseResources, a.parseMaxAge, a.parseScopes,
	} {
		if err := check(v); err != nil {
			return err
		}
	}
	a.parseExtras(v)
	return nil
}

func sortedNames(v url.Values) []string {
	names := make([]string, 0, len(v))
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names) // the same request gets the same answer
	return names
}

// parseResponse judges response_type and response_mode.
func (a *authorization) parseResponse(v url.Values) *Error {
	mode := one(v, "response_mode")
	parts := strings.Fields(a.request.ResponseType)
	slices.Sort(parts)
	switch {
	case len(parts) == 0:
		return invalidRequest("missing required parameter 'response_type'")
	case !slices.Contains([]string{"code", "none", "id_token", "code id_token"}, strings.Join(parts, " ")):
		return newError(guestlist.KindInvalid, "unsupported_response_type", "unsupported response_type requested")
	case mode != "" && mode != a.target.Mode:
		return newError(guestlist.KindInvalid, "unsupported_response_mode", "unsupported response_mode requested")
	}
	if device := a.client.CustomClientMetadata.IsDeviceFlow; parts[0] != "code" || len(parts) > 1 || device != nil && *device {
		return invalidRequest("requested response_type is not allowed for this client")
	}
	a.request.ResponseType = "code"
	return nil
}

// parseChallenge judges PKCE (RFC 7636 §4.3): S256 alone, and required of
// every client that anybody could pose as.
func (a *authorization) parseChallenge(v url.Values) *Error {
	challenge, method := one(v, "code_challenge"), one(v, "code_challenge_method")
	switch {
	case challenge == "" && method != "":
		return invalidRequest("code_challenge must be provided with code_challenge_method")
	case challenge == "" && !a.client.Type.IsConfidential():
		return invalidRequest("Authorization Server policy requires PKCE to be used for this request")
	case challenge == "":
		return nil
	case method == "":
		return invalidRequest("code_challenge_method must be provided")
	case method != "S256":
		return invalidRequest("not supported value of code_challenge_method")
	case len(challenge) < minChallenge:
		return invalidRequest("code_challenge must be a string with a minimum length of %d characters", minChallenge)
	case len(challenge) > maxChallenge:
		return invalidRequest("code_challenge must be a string with a maximum length of %d characters", maxChallenge)
	case strings.ContainsFunc(challenge, func(c rune) bool { return !unreserved(c) }):
		return invalidRequest("code_challenge contains invalid characters")
	}
	a.request.CodeChallenge = challenge
	return nil
}

// unreserved is RFC 3986 §2.3.
func unreserved(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-._~", c)
}

func (a *authorization) parsePrompt(v url.Values) *Error {
	prompts := distinct(strings.Fields(one(v, "prompt")))
	for _, p := range prompts {
		if p != promptNone && p != promptLogin && p != promptConsent {
			return invalidRequest("unsupported prompt value requested")
		}
	}
	if len(prompts) > 1 && slices.Contains(prompts, promptNone) {
		return invalidRequest("prompt none must only be used alone")
	}
	a.request.Prompts = prompts
	return nil
}

// parseResources reads resource indicators (RFC 8707 §2): the parameter
// repeated, or one with commas.
func (a *authorization) parseResources(v url.Values) *Error {
	var list []string
	for _, value := range v["resource"] {
		if len(value) > maxValue {
			return invalidRequest("'resource' parameter is too long")
		}
		list = append(list, strings.Split(value, ",")...)
	}
	invalidTarget := func(why string) *Error { return newError(guestlist.KindInvalid, "invalid_target", "%s", why) }
	for _, s := range distinct(list) {
		if s == "" || s == guestlist.OrganizationsResource {
			continue
		}
		u, err := url.Parse(s)
		switch {
		case err != nil || !u.IsAbs():
			return invalidTarget("resource indicator must be an absolute URI")
		case strings.Contains(s, "#"):
			return invalidTarget("resource indicator must not contain a fragment component")
		}
		a.request.Resources = append(a.request.Resources, s)
	}
	if len(a.request.Resources) > maxResources {
		return invalidTarget("too many resource indicators")
	}
	return nil
}

func (a *authorization) parseMaxAge(v url.Values) *Error {
	s := one(v, "max_age")
	if s == "" {
		return nil
	}
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return invalidRequest("invalid max_age parameter value")
	}
	seconds := int(n)
	a.request.MaxAge = &seconds
	return nil
}

// parseScopes reads the scopes. Which of them exist is seen later; those that
// do not are ignored, as in the contract. offline_access counts only where the
// user is asked (Core §11).
func (a *authorization) parseScopes(v url.Values) *Error {
	scopes := distinct(strings.Fields(one(v, "scope")))
	if len(scopes) > maxScopes {
		return newError(guestlist.KindInvalid, "invalid_scope", "too many scopes requested")
	}
	a.request.Scopes = slices.DeleteFunc(scopes, func(s string) bool {
		return s == scopeOfflineAccess && !a.request.HasPrompt(promptConsent)
	})
	if a.request.Nonce != "" && !a.request.HasScope(scopeOpenID) {
		return invalidRequest("openid scope must be requested when using the nonce parameter")
	}
	return nil
}

// The scopes that mean something to the protocol itself (Core §3.1.2.1, §11).
const (
	scopeOpenID        = "openid"
	scopeOfflineAccess = "offline_access"
)

// parseExtras reads the parameters that concern the hosted pages.
func (a *authorization) parseExtras(v url.Values) {
	r := &a.request
	r.LoginHint, r.UILocales, r.OrganizationID = one(v, "login_hint"), one(v, "ui_locales"), one(v, "organization_id")
	r.FirstScreen, r.InteractionMode = one(v, "first_screen"), one(v, "interaction_mode")
	r.DirectSignIn, r.Identifier = one(v, "direct_sign_in"), one(v, "identifier")
	if r.Identifier == "" {
		r.Identifier = one(v, "identifiers") // Logto's Go SDK sends the plural
	}
	if one(v, "google_one_tap_credential") != "" {
		r.DirectSignIn = "social:google"
	}
	r.OneTimeToken = one(v, "one_time_token")
}

// known keeps the requested scopes that exist: those of users, of the requested
// resources and of organizations.
func (a *authorization) known(resourceScopes []string) {
	a.request.Scopes = slices.DeleteFunc(a.request.Scopes, func(s string) bool {
		return !slices.Contains(token.UserScopes, s) && !slices.Contains(resourceScopes, s)
	})
}

// distinct returns the elements of list without repetitions, in their order.
func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
