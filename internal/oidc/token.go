package oidc

import (
	"net/http"
	"net/url"
	"strings"

	"guestlist"
	"guestlist/internal/token"
	"guestlist/internal/web"
)

// The grant types (RFC 6749 §4.1.3, §6, §4.4.2).
const (
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
	grantMachine = "client_credentials"
)

// auditKeys are how the audit log names the grants.
var auditKeys = map[string]string{
	grantCode:    "ExchangeTokenBy.AuthorizationCode",
	grantRefresh: "ExchangeTokenBy.RefreshToken",
	grantMachine: "ExchangeTokenBy.ClientCredentials",
}

// token serves the token endpoint (RFC 6749 §3.2).
func (d *Door) token(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(w, r)
	if err != nil {
		return err
	}
	c, err := d.authenticate(w, r, form)
	var answer token.Answer
	if err == nil {
		answer, err = d.exchange(r, c, form)
	}
	if logged := d.logExchange(r, form, c, answer, err); err == nil {
		err = logged
	}
	if err != nil {
		return err
	}
	noStore(w)
	w.Header()["Content-Encoding"] = uncompressed
	return web.WriteJSON(w, http.StatusOK, tokenResponse{answer.AccessToken, answer.ExpiresIn, answer.IDToken,
		answer.RefreshToken, answer.Scope, "Bearer"})
}

// uncompressed keeps an answer out of compression: tokens are random, and
// gzip would cost more than what it saves. Shared, never written to.
var uncompressed = []string{"identity"}

// exchange runs the grant that a form asks for.
func (d *Door) exchange(r *http.Request, c caller, form url.Values) (token.Answer, error) {
	grant, err := required(form, "grant_type")
	if err != nil {
		return token.Answer{}, err
	}
	if _, known := auditKeys[grant]; !known {
		return token.Answer{}, newError(guestlist.KindInvalid, "unsupported_grant_type", "unsupported grant_type requested")
	}
	if (grant == grantMachine) != (c.Type == guestlist.ApplicationMachine) {
		return token.Answer{}, invalidRequest("requested grant type is not allowed for this client")
	}
	switch grant {
	case grantCode:
		code, err := required(form, "code")
		if err != nil {
			return token.Answer{}, err
		}
		return d.Mint.RedeemCode(r.Context(), token.CodeRequest{Application: c.Application, Code: code,
			Verifier: form.Get("code_verifier"), RedirectURI: form.Get("redirect_uri"), Resources: resources(form)})
	case grantRefresh:
		refresh, err := required(form, "refresh_token")
		if err != nil {
			return token.Answer{}, err
		}
		return d.Mint.Refresh(r.Context(), token.RefreshRequest{Application: c.Application, RefreshToken: refresh,
			Scopes: scopes(form), Resources: resources(form), OrganizationID: form.Get("organization_id")})
	default:
		return d.Mint.ClientCredentials(r.Context(), token.MachineRequest{Application: c.Application,
			Scopes: scopes(form), Resources: resources(form), OrganizationID: form.Get("organization_id")})
	}
}

// scopes splits the parameter scope (RFC 6749 §3.3); nil if absent.
func scopes(form url.Values) []string {
	list := strings.Fields(form.Get("scope"))
	if len(list) == 0 {
		return nil
	}
	return list
}

// resources returns the parameters resource (RFC 8707 §2), empty ones left out.
func resources(form url.Values) []string {
	var list []string
	for _, v := range form[paramResource] {
		if v != "" {
			list = append(list, v)
		}
	}
	return list
}

// tokenResponse is the body of RFC 6749 §5.1. scope is always there: Logto's
// SDKs throw an answer away that lacks it.
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	ExpiresIn    int64  `json:"expires_in"`
	IDToken      string `json:"id_token,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope"`
	TokenType    string `json:"token_type"`
}
