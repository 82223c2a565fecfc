package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"guestlist"
	"guestlist/internal/mail"
)

// HookTimeout bounds a request to a hook, from the first byte out to the last
// byte in.
const HookTimeout = 10 * time.Second

// maxRetryAfter bounds the wait that an answer may ask for.
const maxRetryAfter = 12 * time.Hour

// post is one request to a hook.
type post struct {
	config guestlist.HookConfig
	key    string
	id     string
	at     guestlist.Time
	body   []byte
}

// answer is what came back.
type answer struct {
	status     int
	body       string // up to maxResponse bytes, without what the hook's headers hold
	retryAfter time.Duration
}

func (a answer) ok() bool { return a.status >= 200 && a.status <= 299 }

// err says what was wrong with an answer, in the wire's words.
func (a answer) err() error {
	return fmt.Errorf("Request failed with status code %d %s", a.status, http.StatusText(a.status)) //nolint:staticcheck // the wire's words
}

// errBadURL is the failure of a hook whose URL leads nowhere.
var errBadURL = errors.New("Failed to parse URL") //nolint:staticcheck // the wire's words

// do makes the request. Its error is about what came before an answer, and
// names neither the URL nor a header.
func (n *Notifier) do(ctx context.Context, p post) (answer, error) {
	u, err := url.Parse(p.config.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return answer{}, fmt.Errorf("%w from %s", errBadURL, withoutUser(p.config.URL))
	}
	ctx, cancel := context.WithTimeout(ctx, HookTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(p.body))
	if err != nil {
		return answer{}, fmt.Errorf("%w from %s", errBadURL, withoutUser(p.config.URL))
	}
	req.Header.Set("User-Agent", "Guestlist/"+n.Version)
	req.Header.Set("Content-Type", "application/json")
	for name, value := range p.config.Headers {
		req.Header.Set(name, value)
	}
	sign(req.Header, p.key, p.id, p.at, p.body)
	resp, err := n.Client.Do(req)
	if err != nil {
		return answer{}, withoutURL(err)
	}
	defer resp.Body.Close()
	// The status decides. A body that breaks off is kept as far as it came.
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxResponse))
	return answer{
		status: resp.StatusCode, body: blot(string(body), p.secrets()),
		retryAfter: retryAfter(resp.Header.Get("Retry-After"), p.at),
	}, nil
}

// secrets lists what an answer must not be kept with, should it repeat the
// request: the key, and what the headers hold.
func (p post) secrets() []string {
	list := []string{p.key}
	for _, value := range p.config.Headers {
		list = append(list, value)
		list = append(list, strings.Fields(value)...) // "Bearer <token>"
	}
	return list
}

// blot makes an answer fit to keep: valid text, without secrets in either of
// the spellings in which JSON may repeat them.
func blot(s string, secrets []string) string {
	for _, secret := range secrets {
		if len(secret) < minBlotted {
			continue
		}
		quoted, _ := json.Marshal(secret) // a string always marshals
		for _, spelling := range []string{secret, string(quoted[1 : len(quoted)-1])} {
			s = strings.ReplaceAll(s, spelling, "[hidden]")
		}
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// withoutURL drops the URL that net/http puts in front of its errors: it may
// hold a key.
func withoutURL(err error) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %v: %w", HookTimeout, context.DeadlineExceeded)
	}
	return err
}

// withoutUser cuts what may be a password out of something that is no URL.
func withoutUser(s string) string {
	if i := strings.LastIndex(s, "@"); i >= 0 {
		s = s[i+1:]
	}
	return s
}

// isFinal reports whether a failure before an answer will be the same next
// time: the address is not allowed, or the hook is set up wrongly.
func isFinal(err error) bool {
	var blocked *mail.BlockedAddressError
	return errors.Is(err, errBadURL) || errors.As(err, &blocked) || strings.Contains(err.Error(), "invalid header field")
}

// retryAfter reads a Retry-After header (RFC 9110 §10.2.3): seconds or a date.
func retryAfter(value string, now guestlist.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(now.Std())
	}
	return min(max(wait, 0), maxRetryAfter)
}

// jsonOrText returns a body as the wire shows it: as JSON where it is JSON,
// else as a string.
func jsonOrText(body string) json.RawMessage {
	if json.Valid([]byte(body)) {
		return json.RawMessage(body)
	}
	b, _ := json.Marshal(body) // a string always marshals
	return b
}
