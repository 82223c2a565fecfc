package captcha

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"guestlist"
)

const (
	modeCheckbox = "checkbox" // of reCAPTCHA Enterprise; the other mode is invisible
	// leastScore is what an invisible puzzle has to end with, from 0 (a machine)
	// to 1. It is the value that Google recommends to begin with.
	leastScore = 0.5
)

// assess asks reCAPTCHA Enterprise.
// https://cloud.google.com/recaptcha/docs/reference/rest/v1/projects.assessments
func (v *Verifier) assess(ctx context.Context, base string, c guestlist.CaptchaConfig, answer, ip string) error {
	event := map[string]string{"token": answer, "siteKey": c.SiteKey}
	if ip != "" {
		event["userIpAddress"] = ip
	}
	body, err := json.Marshal(map[string]any{"event": event})
	if err != nil {
		return ErrUnavailable.Because(err)
	}
	address := base + "/v1/projects/" + url.PathEscape(c.ProjectID) + "/assessments"
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return ErrUnavailable.Because(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Goog-Api-Key", c.SecretKey) // the documented query parameter would put it into logs
	var said assessment
	status, err := v.send(r, &said)
	if err != nil {
		return err
	}
	return said.judge(status, c.Mode == modeCheckbox)
}

// assessment is what the provider says.
type assessment struct {
	Properties *struct {
		Valid  bool   `json:"valid"`
		Reason string `json:"invalidReason"`
	} `json:"tokenProperties"`
	Risk *struct {
		Score   float64  `json:"score"`
		Reasons []string `json:"reasons"`
	} `json:"riskAnalysis"`
	Error *struct {
		Status string `json:"status"`
	} `json:"error"`
}

// judge reads the verdict. Behind a checkbox the puzzle itself was the test;
// an invisible one ends with a score.
func (a assessment) judge(status int, checkbox bool) error {
	switch {
	case a.Error != nil:
		return ErrUnavailable.Because(fmt.Errorf("captcha: the provider refuses us: %s", clip(a.Error.Status)))
	case status != http.StatusOK || a.Properties == nil:
		return ErrUnavailable.Because(fmt.Errorf("captcha: status %d without a verdict", status))
	case !a.Properties.Valid:
		return ErrFailed.Because(fmt.Errorf("captcha: %s", clip(a.Properties.Reason)))
	case checkbox:
		return nil
	case a.Risk == nil:
		return ErrUnavailable.Because(fmt.Errorf("captcha: an assessment without a score"))
	case a.Risk.Score < leastScore:
		return ErrFailed.Because(fmt.Errorf("captcha: score %.1f, %s", a.Risk.Score, reasons(a.Risk.Reasons)))
	}
	return nil
}
