package webtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// maxBody bounds what is read of an answer.
const maxBody = 4 << 20

// Browser is a browser without scripts.
type Browser struct {
	t      testing.TB
	client *http.Client
	// Header goes with every request, e.g. Accept-Language.
	Header http.Header
	// Stay lists URL prefixes that are not followed, e.g. the application's
	// callback: the answer is then the redirect itself.
	Stay []string
}

// Answer is what came back: the last answer of a chain of redirects and of
// pages that lead on by themselves.
type Answer struct {
	*Doc
	Status  int
	Header  http.Header
	URL     *url.URL // of the last request
	History []string // the URLs on the way, first to last
}

// NewBrowser returns a browser with no cookies.
func NewBrowser(t testing.TB, client *http.Client, stay ...string) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := *client
	c.Jar = jar
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Browser{t: t, client: &c, Header: http.Header{}, Stay: stay}
}

// Get opens an address and follows redirects.
func (b *Browser) Get(address string) *Answer {
	b.t.Helper()
	return b.do(http.MethodGet, address, nil)
}

// Post sends a form to an address and follows redirects.
func (b *Browser) Post(address string, form url.Values) *Answer {
	b.t.Helper()
	return b.do(http.MethodPost, address, form)
}

// Upload sends a file as a form with files does, and follows redirects. fields
// stand before it.
func (b *Browser) Upload(address string, fields url.Values, name, file, content string) *Answer {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	var errs []error
	for field, values := range fields {
		for _, value := range values {
			errs = append(errs, w.WriteField(field, value))
		}
	}
	part, err := w.CreateFormFile(name, file)
	if err == nil {
		_, err = io.WriteString(part, content)
	}
	if err := errors.Join(append(errs, err, w.Close())...); err != nil {
		b.t.Fatal(err)
	}
	return b.send(http.MethodPost, address, sent{w.FormDataContentType(), body.String()})
}

// sent is the body of a form.
type sent struct{ contentType, text string }

// Submit fills in a form of an answer and presses its first button, or the one
// whose value is form's "submit". Names that the form does not have fail the
// test.
func (b *Browser) Submit(a *Answer, selector string, values map[string]string) *Answer {
	b.t.Helper()
	form := a.One(selector)
	fill := url.Values{}
	for _, in := range form.All("input") {
		kind := in.Attr("type")
		chosen := kind != "checkbox" && kind != "radio" || in.HasAttr("checked")
		if in.Attr("name") != "" && chosen && !in.HasAttr("disabled") {
			fill.Add(in.Attr("name"), in.Attr("value"))
		}
	}
	for _, area := range form.All("textarea") {
		fill.Add(area.Attr("name"), area.content())
	}
	for _, list := range form.All("select") {
		options := append(list.All("option[selected]"), list.All("option")...)
		if len(options) > 0 {
			fill.Add(list.Attr("name"), options[0].Attr("value"))
		}
	}
	for _, list := range form.All("select") {
		for i, option := range list.All("option") {
			if i == 0 || option.HasAttr("selected") {
				fill.Set(list.Attr("name"), option.Attr("value"))
			}
		}
	}
	for i, button := range form.All("button") {
		want, chosen := values["submit"]
		if button.HasAttr("value") && (chosen && button.Attr("value") == want || !chosen && i == 0) {
			fill.Set(button.Attr("name"), button.Attr("value"))
		}
	}
	for name, v := range values {
		if name != "submit" && !form.Has("[name="+name+"]") {
			b.t.Fatalf("the form has no %q: %s", name, form.HTML())
		}
		fill.Set(name, v)
	}
	to, err := a.URL.Parse(form.Attr("action"))
	if err != nil {
		b.t.Fatal(err)
	}
	if !strings.EqualFold(form.Attr("method"), "post") {
		to.RawQuery = fill.Encode()
		return b.Get(to.String())
	}
	return b.Post(to.String(), fill)
}

// Follow clicks the link with this text.
func (b *Browser) Follow(a *Answer, text string) *Answer {
	b.t.Helper()
	for _, link := range a.All("a[href]") {
		if link.Text() == text {
			to, err := a.URL.Parse(link.Attr("href"))
			if err != nil {
				b.t.Fatal(err)
			}
			return b.Get(to.String())
		}
	}
	b.t.Fatalf("no link %q on %s", text, a.URL)
	return nil
}

// Cookie returns a cookie that goes to an address, or "".
func (b *Browser) Cookie(address, name string) string {
	u, err := url.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// SetCookie puts a cookie into the browser.
func (b *Browser) SetCookie(address string, c *http.Cookie) {
	u, err := url.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	b.client.Jar.SetCookies(u, []*http.Cookie{c})
}

const maxHops = 12

func (b *Browser) do(method, address string, form url.Values) *Answer {
	b.t.Helper()
	if form == nil {
		return b.send(method, address, sent{})
	}
	return b.send(method, address, sent{"application/x-www-form-urlencoded", form.Encode()})
}

func (b *Browser) send(method, address string, form sent) *Answer {
	b.t.Helper()
	var history []string
	for range maxHops {
		history = append(history, address)
		a := b.once(method, address, form)
		a.History = history
		to := a.onward()
		if to == "" {
			return a
		}
		next, err := a.URL.Parse(to)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, stay := range b.Stay {
			if strings.HasPrefix(next.String(), stay) {
				return a
			}
		}
		method, address, form = http.MethodGet, next.String(), sent{}
	}
	b.t.Fatalf("too many redirects: %v", history)
	return nil
}

// onward is where the answer sends a browser by itself, or "".
func (a *Answer) onward() string {
	if a.Status >= 300 && a.Status <= 399 {
		return a.Header.Get("Location")
	}
	to, _ := strings.CutPrefix(a.Header.Get("Refresh"), "0; url=")
	return to
}

func (b *Browser) once(method, address string, form sent) *Answer {
	b.t.Helper()
	var body io.Reader
	if form.contentType != "" {
		body = strings.NewReader(form.text)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, address, body)
	if err != nil {
		b.t.Fatal(err)
	}
	for k, v := range b.Header {
		req.Header[k] = v
	}
	if form.contentType != "" {
		req.Header.Set("Content-Type", form.contentType)
		req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	source, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		b.t.Fatal(err)
	}
	return &Answer{Doc: Parse(b.t, string(source)), Status: res.StatusCode, Header: res.Header, URL: req.URL}
}
