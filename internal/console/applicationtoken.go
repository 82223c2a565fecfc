package console

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"guestlist"
	"guestlist/internal/console/ui"
)

// answered is what the token endpoint says to an application (RFC 6749 §5).
type answered struct {
	Access      string `json:"access_token"`
	IDToken     string `json:"id_token"`
	Refresh     string `json:"refresh_token"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

const (
	pathToken    = "/oidc/token"
	pathUserinfo = "/oidc/me"

	authBasic = "client_secret_basic"
)

// ask calls the token endpoint as the application does.
func (v *visit) ask(a application, params map[string]string) (answered, error) {
	var got answered
	err := v.post(v.ctx(), a, pathToken, params, &got)
	return got, err
}

// post sends a form to an endpoint for applications, which proves itself as its
// type does (RFC 6749 §2.3.1). A refusal is an answer, not an error.
func (v *visit) post(ctx context.Context, a application, path string, params map[string]string, out any) error {
	form := url.Values{}
	for name, value := range params {
		if value != "" {
			form.Set(name, value)
		}
	}
	secret, err := v.liveSecret(a)
	if err != nil {
		return err
	}
	methods := a.CustomClientMetadata.TokenEndpointAuthMethods
	basic := secret != "" && (len(methods) == 0 || slices.Contains(methods, authBasic))
	if !basic {
		form.Set("client_id", string(a.ID))
		if secret != "" {
			form.Set("client_secret", secret)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.d.Endpoint+path, strings.NewReader(form.Encode())) //nolint:gosec // our own endpoint
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept-Language", v.lang)
	if basic {
		req.SetBasicAuth(url.QueryEscape(string(a.ID)), url.QueryEscape(secret))
	}
	return v.d.readJSON(req, out)
}

// readJSON makes a request in process and reads the answer.
func (d *Door) readJSON(req *http.Request, out any) error {
	res, err := d.HTTP.Do(req) //nolint:gosec // answered in process
	if err != nil {
		return fmt.Errorf("console: %s: %w", req.URL.Path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxTokens))
	if err != nil {
		return fmt.Errorf("console: %s: %w", req.URL.Path, err)
	}
	if res.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("console: %s answered %d", req.URL.Path, res.StatusCode)
	}
	if out == nil || len(body) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("console: %s: %w", req.URL.Path, err)
	}
	return nil
}

// tokenBlocks shows tokens taken apart.
func (v *visit) tokenBlocks(got answered) ([]ui.Block, error) {
	facts := []ui.Fact{
		{Term: v.T("applications.token.scopes"), Cell: ui.Cell{Tags: strings.Fields(got.Scope)}},
		{Term: v.T("applications.token.ends"), Cell: ui.At(v.now().Add(seconds(got.ExpiresIn)))},
	}
	if got.IDToken != "" {
		refresh := ui.State(v.T("applications.token.no_refresh"), ui.Neutral)
		if got.Refresh != "" {
			refresh = ui.State(v.T("applications.token.refresh"), ui.Good)
			refresh.Sub = v.T("applications.token.refresh_text")
		}
		facts = append(facts, ui.Fact{Term: v.T("applications.token.refresh_term"), Cell: refresh})
	}
	body := []ui.Block{ui.Section{Body: []ui.Block{ui.Facts{Rows: facts}}}}
	if got.IDToken != "" {
		body = append(body, v.jwtSection(v.T("applications.token.id"), v.T("applications.token.id_text"), got.IDToken))
	}
	if strings.Count(got.Access, ".") == 2 {
		return append(body, v.jwtSection(v.T("applications.token.access"), v.T("applications.token.access_text"), got.Access)), nil
	}
	opaque := ui.Section{Title: v.T("applications.token.access"), Text: v.T("applications.token.opaque")}
	if got.IDToken != "" {
		claims, err := v.userinfo(got.Access)
		if err != nil {
			return nil, err
		}
		opaque.Body = []ui.Block{ui.Snippet{Title: "GET " + pathUserinfo, Text: indent(claims)}}
	}
	return append(body, opaque), nil
}

// userinfo asks who an access token is for (OpenID Connect Core §5.3).
func (v *visit) userinfo(access string) (json.RawMessage, error) {
	req, err := http.NewRequestWithContext(v.ctx(), http.MethodGet, v.d.Endpoint+pathUserinfo, nil) //nolint:gosec // our own endpoint
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+access)
	var claims json.RawMessage
	err = v.d.readJSON(req, &claims)
	return claims, err
}

// jwtSection shows the header and the claims of a token (RFC 7519).
func (v *visit) jwtSection(title, text, token string) ui.Block {
	head, claims := part(token, 0), part(token, 1)
	var times struct {
		Issued  float64 `json:"iat"`
		Expires float64 `json:"exp"`
	}
	s := ui.Section{Title: title, Text: text}
	if json.Unmarshal(claims, &times) == nil && times.Expires > 0 {
		s.Body = append(s.Body, ui.Facts{Rows: []ui.Fact{
			{Term: v.T("applications.token.issued"), Cell: ui.At(guestlist.Time(times.Issued * 1000))},
			{Term: v.T("applications.token.ends"), Cell: ui.At(guestlist.Time(times.Expires * 1000))},
		}})
	}
	s.Body = append(s.Body,
		ui.Snippet{Title: v.T("applications.token.claims"), Text: indent(claims)},
		ui.Snippet{Title: v.T("applications.token.header"), Text: indent(head)},
	)
	return s
}

// part decodes a part of a token; nil if it is none.
func part(token string, i int) []byte {
	parts := strings.Split(token, ".")
	if i >= len(parts) {
		return nil
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[i])
	if err != nil {
		return nil
	}
	return text
}

// indent writes JSON for people. Text that is no JSON stays as it is.
func indent(text []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, text, "", "  ") != nil {
		return string(text)
	}
	return plainJSON(b.String())
}

// plainJSON writes <, > and & as themselves, which programs that put JSON into
// pages escape. The templates here do that by themselves.
func plainJSON(text string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '\\')
		if i < 0 || i+1 == len(text) {
			return b.String() + text
		}
		b.WriteString(text[:i])
		text = text[i:]
		size := len(`\n`) // the digits of \uXXXX are text like any other here
		out := text[:size]
		if len(text) >= len(`\u003c`) {
			switch strings.ToLower(text[:len(`\u003c`)]) {
			case `\u003c`:
				out, size = "<", len(`\u003c`)
			case `\u003e`:
				out, size = ">", len(`\u003e`)
			case `\u0026`:
				out, size = "&", len(`\u0026`)
			}
		}
		b.WriteString(out)
		text = text[size:]
	}
}
