package connector

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	maxDocument  = 1 << 20          // bytes of any answer of a provider
	fetchTimeout = 10 * time.Second // from the first byte out to the last byte in
)

// errTooLarge says that an answer goes on after maxDocument bytes.
var errTooLarge = fmt.Errorf("the answer is larger than %d bytes", maxDocument)

// client returns a client that holds every answer to the limits of this
// package, whoever makes the requests.
func (s *Set) client() *http.Client {
	base := s.Client
	if base == nil {
		base = &http.Client{}
	}
	next := base.Transport
	if next == nil {
		next = http.DefaultTransport //nolint:forbidigo // tests hand in clients without one; the server's is guarded
	}
	timeout := fetchTimeout
	if base.Timeout > 0 {
		timeout = min(timeout, base.Timeout)
	}
	return &http.Client{
		Transport:     &limits{next: next, set: s},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       timeout,
	}
}

// limits is a transport that asks for JSON, follows nothing, and reads a whole
// answer of bounded size before it hands it on.
type limits struct {
	next http.RoundTripper
	set  *Set
}

// RoundTrip makes one request. What it returns has been read wholly.
func (l *limits) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	if u := l.set.at(req.URL.String()); u != req.URL.String() {
		parsed, err := url.Parse(u)
		if err != nil {
			return nil, err
		}
		req.URL, req.Host = parsed, parsed.Host
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json") // GitHub's token endpoint answers forms otherwise
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "guestlist") // GitHub's API refuses requests without one
	}
	resp, err := l.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return nil, fmt.Errorf("it redirects to %s, which is not followed", hostOf(resp.Header.Get("Location")))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	switch {
	case err != nil:
		return nil, err
	case len(body) > maxDocument:
		return nil, errTooLarge
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// hostOf names where a URL leads, without what else is in it.
func hostOf(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return "another page"
	}
	return u.Host
}

// at puts the stand-in of a host into a URL. Only tests have any.
func (s *Set) at(raw string) string {
	for host, base := range s.Hosts {
		if rest, ok := strings.CutPrefix(raw, "https://"+host); ok && (rest == "" || rest[0] == '/' || rest[0] == '?') {
			return base + rest
		}
	}
	return raw
}

func (s *Set) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// getJSON fetches an object or array of JSON. bearer may be empty. The content
// type is not looked at: what is no JSON does not decode, whatever it is
// called, and some providers call it text.
func (s *Set) getJSON(ctx context.Context, address, bearer string, into any) (http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fail(errResponse, "%s: %w", hostOf(address), err)
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer) // RFC 6750 §2.1
	}
	resp, err := s.client().Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the URL, whose query may be somebody's
		}
		return nil, fail(errGeneral, "%s: %w", hostOf(address), err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fail(errGeneral, "%s: %w", hostOf(address), err)
	}
	switch {
	case resp.StatusCode == http.StatusOK:
	case resp.StatusCode == http.StatusTooManyRequests:
		return nil, fail(errRateLimit, "%s: status %d", hostOf(address), resp.StatusCode)
	case bearer != "" && resp.StatusCode == http.StatusUnauthorized: // RFC 6750 §3.1
		return nil, fail(errAccessToken, "%s: status %d", hostOf(address), resp.StatusCode)
	default:
		return nil, fail(errGeneral, "%s: status %d", hostOf(address), resp.StatusCode)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber() // ids of 64 bits stay whole
	if err := decoder.Decode(into); err != nil {
		return nil, fail(errResponse, "%s: not the JSON that was asked for: %w", hostOf(address), err)
	}
	return resp.Header, nil
}
