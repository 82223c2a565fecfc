package mail

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"guestlist"
)

// HTTPTimeout bounds a request of an HTTP sender, from the first byte out to
// the last byte in.
const HTTPTimeout = 10 * time.Second

const maxAnswer = 64 << 10 // bytes of an answer that are read

type httpConfig struct {
	Endpoint      string `json:"endpoint"`
	Authorization string `json:"authorization"`
}

func (c httpConfig) check(is *issues) {
	is.endpoint("endpoint", c.Endpoint, true)
	is.text("authorization", c.Authorization, false)
}

// httpSender passes messages on to an endpoint of the operator, who finds the
// words. Its body is the wire contract's: to, type, payload and ip.
type httpSender struct {
	config httpConfig
	client *http.Client
}

func newHTTPSender(config json.RawMessage, client *http.Client) (*httpSender, error) {
	s := &httpSender{client: client}
	if err := json.Unmarshal(config, &s.config); err != nil {
		return nil, fmt.Errorf("http sender: %w", err)
	}
	return s, nil
}

// Send posts the message. A repetition carries the same Idempotency-Key.
func (s *httpSender) Send(ctx context.Context, l Letter) (Receipt, error) {
	m := l.Message
	payload := m.Payload
	if payload == nil {
		payload = map[string]any{}
	}
	body, err := json.Marshal(struct {
		To      string                 `json:"to"`
		Type    guestlist.TemplateType `json:"type"`
		Payload map[string]any         `json:"payload"`
		IP      string                 `json:"ip,omitempty"`
	}{m.To, m.Type, payload, m.IP})
	if err != nil {
		return Receipt{}, failure("the payload is not JSON", nil, true)
	}
	secrets := secretsOf(m, s.config.Authorization)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.config.Endpoint, bytes.NewReader(body))
	if err != nil {
		return Receipt{}, failure(err.Error(), secrets, true)
	}
	req.Header.Set("Content-Type", "application/json")
	if s.config.Authorization != "" {
		req.Header.Set("Authorization", s.config.Authorization)
	}
	if m.ID != "" {
		req.Header.Set("Idempotency-Key", m.ID)
	}
	answer, err := do(s.client, req, secrets)
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{Detail: tidy(string(answer), secrets)}, nil
}

// do makes a request within HTTPTimeout and returns the body of a 2xx answer.
func do(client *http.Client, req *http.Request, secrets []string) ([]byte, error) {
	_, body, err := exchange(client, req, secrets)
	return body, err
}

// exchange is do where the answer's headers matter too.
func exchange(client *http.Client, req *http.Request, secrets []string) (http.Header, []byte, error) {
	ctx, cancel := context.WithTimeout(req.Context(), HTTPTimeout)
	defer cancel()
	resp, err := client.Do(req.WithContext(ctx))
	if err != nil {
		return nil, nil, connectFailure(err, secrets)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, nil, httpFailure(resp.StatusCode, strings.TrimSpace(string(body)), secrets)
	}
	if err != nil {
		return nil, nil, connectFailure(err, secrets)
	}
	return resp.Header, body, nil
}
