package console

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"golang.org/x/oauth2"
)

// maxTokens bounds the token endpoint's answer, in bytes.
const maxTokens = 64 << 10

// readTokens reads the token endpoint's answer. x/oauth2 cannot be asked for
// it: its refresh knows no resource parameter (RFC 8707 §2.2).
func readTokens(res *http.Response) (*oauth2.Token, error) {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxTokens))
	if err != nil {
		return nil, fmt.Errorf("console: token endpoint: %w", err)
	}
	if res.StatusCode >= http.StatusInternalServerError {
		return nil, fmt.Errorf("console: the token endpoint answered %d", res.StatusCode)
	}
	var raw map[string]any
	var t oauth2.Token
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, fmt.Errorf("console: token endpoint: %w", err)
	}
	if err := json.Unmarshal(body, &t); err != nil {
		return nil, fmt.Errorf("console: token endpoint: %w", err)
	}
	if res.StatusCode >= http.StatusBadRequest || t.AccessToken == "" {
		code, _ := raw["error"].(string)
		return nil, &oauth2.RetrieveError{Response: res, ErrorCode: code}
	}
	return t.WithExtra(raw), nil
}
