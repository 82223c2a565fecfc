package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	maxCookieValue = 3500 // bytes; browsers drop cookies from 4096 on, name and attributes included
	maxCookies     = 100  // cookies of one request that are looked at
	sigSuffix      = ".sig"
	hostPrefix     = "__Host-"
)

// CookiePreview holds the key to the drafts of an administrator: the console
// sets it, and the preview of a page shows a draft to nobody else.
const CookiePreview = "_preview"

// Cookies reads and writes signed cookies: each has a twin "<name>.sig" with
// the HMAC-SHA256 of "<name>=<value>". Values are readable by the browser's
// owner; what must stay secret does not belong in them.
//
// A signature says that we made a cookie, not for whom: a sibling domain can
// plant, in the browsers of others, cookies that we gave to itself, and so have
// people type passwords into its interaction. So over https what is for the
// whole site and not for scripts travels under "__Host-<name>" (RFC 6265bis
// §4.1.3.2), which browsers take from this very host alone. Cookies of another
// path, or for scripts, can be planted: nothing may be believed because of them.
type Cookies struct {
	// Keys returns the keys, the newest first: it signs, any of them verifies.
	Keys   func() [][]byte
	Secure bool // the endpoint is https
}

// CookieOptions are the attributes of a cookie. SameSite is always Lax.
type CookieOptions struct {
	Path     string        // "/" if empty
	MaxAge   time.Duration // 0 means until the browser closes
	Script   bool          // readable by scripts; everything else is HttpOnly
	Unsigned bool          // without the twin
}

// Set writes a cookie and its signature. The value goes out as it is, JSON
// included, because the contract's _logto cookie is raw JSON; bytes that would
// end the value or the header (controls, ";", "\", space, non-ASCII) are
// percent-encoded, and "%" is left alone since values may be encoded already.
// A value over 3500 bytes is not written, and false returned.
func (c Cookies) Set(w http.ResponseWriter, name, value string, o CookieOptions) bool {
	value = escapeCookie(value)
	if len(value) > maxCookieValue {
		return false
	}
	if isRoot(o.Path) && !o.Script {
		name = c.Name(name)
	}
	h := w.Header()
	h.Add("Set-Cookie", c.line(name, value, o))
	if o.Unsigned {
		return true
	}
	keys := c.Keys()
	if len(keys) == 0 {
		panic("web: no cookie keys")
	}
	h.Add("Set-Cookie", c.line(name+sigSuffix, sign(keys[0], name, value), o))
	return true
}

// Name returns what a cookie is called on the wire that is for the whole site
// and not for scripts.
func (c Cookies) Name(name string) string {
	if c.Secure {
		return hostPrefix + name
	}
	return name
}

// Clear removes a cookie and its signature. Path is that of the writing.
func (c Cookies) Clear(w http.ResponseWriter, name, path string) {
	gone := CookieOptions{Path: path, MaxAge: -time.Second}
	if c.Secure && isRoot(path) {
		name = hostPrefix + name
	}
	w.Header().Add("Set-Cookie", c.line(name, "", gone))
	w.Header().Add("Set-Cookie", c.line(name+sigSuffix, "", gone))
}

func isRoot(path string) bool { return path == "" || path == "/" }

// Get returns the value of a signed cookie for the whole site as Set was given
// it, escapes included, and false if it is absent, unsigned or altered.
func (c Cookies) Get(r *http.Request, name string) (string, bool) {
	if c.Secure {
		name = hostPrefix + name
	}
	return c.GetOpen(r, name)
}

// GetOpen is Get for a cookie of another path or for scripts: one that a
// sibling domain may have planted. Where the browser sends several of one name,
// the first with a valid signature counts.
func (c Cookies) GetOpen(r *http.Request, name string) (string, bool) {
	values, sigs := cookieValues(r.Header["Cookie"], name)
	if len(values) == 0 || len(sigs) == 0 {
		return "", false
	}
	keys := c.Keys()
	for _, v := range values {
		for _, s := range sigs {
			for _, k := range keys {
				if hmac.Equal([]byte(s), []byte(sign(k, name, v))) {
					return v, true
				}
			}
		}
	}
	return "", false
}

// line builds the header by hand: net/http drops the quotes and commas of JSON.
func (c Cookies) line(name, value string, o CookieOptions) string {
	path := o.Path
	if path == "" || strings.ContainsAny(path, ";\r\n\x00") {
		path = "/"
	}
	var b strings.Builder
	b.WriteString(name + "=" + value + "; Path=" + path)
	switch {
	case o.MaxAge > 0:
		b.WriteString("; Max-Age=" + strconv.FormatInt(int64(o.MaxAge/time.Second), 10))
	case o.MaxAge < 0:
		b.WriteString("; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
	}
	if !o.Script {
		b.WriteString("; HttpOnly")
	}
	if c.Secure {
		b.WriteString("; Secure")
	}
	b.WriteString("; SameSite=Lax")
	return b.String()
}

func sign(key []byte, name, value string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(name))
	m.Write([]byte{'='})
	m.Write([]byte(value))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// maxTwins bounds the pairs that one request can make us verify.
const maxTwins = 4

// cookieValues collects the values of a cookie and of its twin. net/http's
// parser is not used because it drops values that hold quotes and commas.
func cookieValues(lines []string, name string) (values, sigs []string) {
	seen := 0
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ";") {
			if seen++; seen > maxCookies {
				return values, sigs
			}
			n, v, ok := strings.Cut(strings.Trim(part, " \t"), "=")
			if !ok || len(v) > maxCookieValue {
				continue
			}
			switch {
			case n == name && len(values) < maxTwins:
				values = append(values, v)
			case len(n) == len(name)+len(sigSuffix) && n[:len(name)] == name && n[len(name):] == sigSuffix && len(sigs) < maxTwins:
				sigs = append(sigs, v)
			}
		}
	}
	return values, sigs
}

func escapeCookie(s string) string {
	clean := true
	for i := 0; i < len(s) && clean; i++ {
		clean = cookieSafe(s[i])
	}
	if clean {
		return s
	}
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; cookieSafe(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// cookieSafe is RFC 6265 §4.1.1 cookie-octet plus the quote and the comma,
// which browsers and parsers carry unchanged and JSON needs.
func cookieSafe(c byte) bool {
	return c > ' ' && c < 0x7f && c != ';' && c != '\\'
}
