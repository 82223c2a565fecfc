package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"guestlist"
)

// Machine is a machine-to-machine application: it gets its access tokens by
// client credentials (RFC 6749 §4.4) for the management API (RFC 8707). Its
// method Token is that of a Client.
type Machine struct {
	Endpoint string // as Client has it
	ID       guestlist.ApplicationID
	Secret   string
	HTTP     *http.Client

	mu    sync.Mutex
	token string
	ends  time.Time
}

// tokenMargin is how long before its end a token is replaced.
const tokenMargin = 30 * time.Second

// Token returns an access token with whatever scopes of the management API the
// application's roles hold. It asks for one only when the last is about to end.
func (m *Machine) Token(ctx context.Context) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.token != "" && time.Now().Before(m.ends) {
		return m.token, nil
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "resource": {guestlist.ManagementAPI},
		"scope": {strings.Join(guestlist.ManagementScopes(), " ")},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.Endpoint+"/oidc/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(string(m.ID)), url.QueryEscape(m.Secret)) // RFC 6749 §2.3.1
	res, err := m.HTTP.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return "", err
	}
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"` // seconds
		Code        string `json:"code"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return "", fmt.Errorf("no token came, but status %d: is the address that of a server of this kind?", res.StatusCode)
	}
	if res.StatusCode != http.StatusOK || answer.AccessToken == "" {
		if answer.Code == "" {
			answer.Code = "oidc." + answer.Error
		}
		return "", &guestlist.Error{Kind: kinds[res.StatusCode], Code: answer.Code, Message: answer.Description}
	}
	m.token, m.ends = answer.AccessToken, time.Now().Add(time.Duration(answer.ExpiresIn)*time.Second-tokenMargin)
	return m.token, nil
}
