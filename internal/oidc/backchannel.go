package oidc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"guestlist"
	"guestlist/internal/token"
)

const (
	logoutEvent      = "http://schemas.openid.net/event/backchannel-logout" // Back-Channel Logout §2.4
	logoutTokenLife  = 120                                                  // seconds
	maxLogoutAnswer  = 4 << 10                                              // bytes of an answer that are read
	contentTypeForms = "application/x-www-form-urlencoded"
)

// ErrLogoutRefused says that an application does not take its logout token, and
// will not take it later.
var ErrLogoutRefused = errors.New("oidc: logout token refused")

// DeliverLogout tells an application that a session ended: the handler of jobs
// of the kind guestlist.JobBackchannelLogout. client must refuse addresses that
// the operator did not open, since applications choose theirs.
//
// ErrLogoutRefused is final; every other error is worth another try.
func (d *Door) DeliverLogout(ctx context.Context, client *http.Client, payload json.RawMessage) error {
	var l guestlist.BackchannelLogout
	if err := json.Unmarshal(payload, &l); err != nil {
		return fmt.Errorf("oidc: logout job: %w", err)
	}
	c, err := d.client(ctx, string(l.ClientID))
	if err != nil {
		if asError(err).Name == "invalid_client" {
			return nil // the application is gone, and with it whoever was signed in there
		}
		return err
	}
	uri := c.OIDCClientMetadata.BackchannelLogoutURI
	if uri == "" {
		return nil
	}
	signed, err := d.logoutToken(ctx, l)
	if err != nil {
		return err
	}
	body := url.Values{"logout_token": {signed}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, uri, bytes.NewReader([]byte(body)))
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrLogoutRefused, l.ClientID, err)
	}
	req.Header.Set("Content-Type", contentTypeForms)
	req.Header.Set("Cache-Control", "no-store")
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("oidc: back-channel logout of %s: %w", l.ClientID, err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxLogoutAnswer)) // so that the connection can be used again
	return judgeLogoutAnswer(l.ClientID, res.StatusCode)
}

// judgeLogoutAnswer reads an application's answer (Back-Channel Logout §2.8).
func judgeLogoutAnswer(id guestlist.ApplicationID, status int) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return fmt.Errorf("oidc: back-channel logout of %s: status %d", id, status)
	}
	return fmt.Errorf("%w: %s answered %d", ErrLogoutRefused, id, status)
}

// logoutToken makes a logout token (Back-Channel Logout §2.4). It has no nonce,
// so that it is never taken for an ID token.
func (d *Door) logoutToken(ctx context.Context, l guestlist.BackchannelLogout) (string, error) {
	now := d.Store.Now().Unix()
	payload, err := json.Marshal(struct {
		Issuer    string                    `json:"iss"`
		Subject   guestlist.UserID          `json:"sub"`
		Audience  guestlist.ApplicationID   `json:"aud"`
		IssuedAt  int64                     `json:"iat"`
		ExpiresAt int64                     `json:"exp"`
		ID        string                    `json:"jti"`
		Events    map[string]map[string]any `json:"events"`
		SID       string                    `json:"sid,omitempty"`
	}{d.issuer(), l.UserID, l.ClientID, now, now + logoutTokenLife, l.ID, map[string]map[string]any{logoutEvent: {}}, l.SID})
	if err != nil {
		return "", fmt.Errorf("oidc: logout token: %w", err)
	}
	return d.Mint.Sign(ctx, token.SortLogout, payload)
}
