package captcha

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"guestlist"
)

// siteVerify asks Turnstile or hCaptcha, which answer alike.
// https://developers.cloudflare.com/turnstile/get-started/server-side-validation/,
// https://docs.hcaptcha.com/#verify-the-user-response-server-side
func (v *Verifier) siteVerify(ctx context.Context, address string, c guestlist.CaptchaConfig, answer, ip string) error {
	form := url.Values{"secret": {c.SecretKey}, "response": {answer}}
	if ip != "" {
		form.Set("remoteip", ip)
	}
	if c.Type == guestlist.CaptchaHCaptcha {
		form.Set("sitekey", c.SiteKey) // an answer for another site of the account is none
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return ErrUnavailable.Because(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var said struct {
		Success *bool    `json:"success"`
		Errors  []string `json:"error-codes"`
	}
	status, err := v.send(r, &said)
	switch {
	case err != nil:
		return err
	case said.Success == nil || status >= http.StatusInternalServerError:
		return ErrUnavailable.Because(fmt.Errorf("captcha: status %d without a verdict", status))
	case *said.Success && status == http.StatusOK:
		return nil
	case slices.ContainsFunc(said.Errors, isOurFault):
		return ErrUnavailable.Because(fmt.Errorf("captcha: the provider refuses us: %s", reasons(said.Errors)))
	}
	return ErrFailed.Because(fmt.Errorf("captcha: %s", reasons(said.Errors)))
}

// isOurFault reports error codes that no guest can do anything about: the
// secret or site key is wrong, or the provider is in trouble.
func isOurFault(code string) bool {
	switch code {
	case "missing-input-secret", "invalid-input-secret", "internal-error", "bad-request",
		"missing-sitekey", "invalid-sitekey", "sitekey-secret-mismatch", "not-using-dummy-secret", "missing-remoteip", "invalid-remoteip":
		return true
	}
	return false
}
