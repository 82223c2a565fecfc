package guestlist

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// MaxRedirectURILength is the longest redirect URI, in bytes.
const MaxRedirectURILength = 2048

// URIFault is why a URI may not be registered. Its code names the fault for
// whoever says it in other words.
type URIFault struct{ Code, text string }

// Error says it in English.
func (f *URIFault) Error() string { return f.text }

// The faults of a redirect URI.
var (
	errURILength      = &URIFault{"length", "a redirect URI has 1 to 2048 bytes"}
	errURICharacters  = &URIFault{"characters", "control characters and backslashes are not allowed, since browsers and servers read them differently"}
	errURIShape       = &URIFault{"shape", "an absolute URI is needed, such as https://app.example/callback or com.example.app://callback"}
	errURIScheme      = &URIFault{"scheme", "this scheme runs scripts or reads files, and is not allowed"}
	errURIFragment    = &URIFault{"fragment", "a fragment is not allowed (RFC 6749 §3.1.2)"}
	errURICredentials = &URIFault{"credentials", "a user name or password is not allowed"}
	errURIHost        = &URIFault{"host", "the host or port is out of shape"}
	errURIDots        = &URIFault{"dots", "the path segments . and .. are not allowed"}
	errURIWildcard    = &URIFault{"wildcard", "a wildcard is allowed in the host, left of its last two labels, and in the path of https URIs only"}
)

// dangerousSchemes are those where a "redirect" runs in the browser, reads the
// device, or chooses an arbitrary receiver. Every other scheme belongs to an
// application (RFC 8252 §7.1).
var dangerousSchemes = []string{
	"about", "blob", "chrome", "content", "data", "file", "filesystem", "intent", "jar", "javascript", "resource",
	"vbscript", "view-source", "wyciwyg",
}

// redirectURI is a redirect URI taken apart as far as comparing needs it. The
// parts are normalized as browsers do it (WHATWG URL): case of scheme and
// host, default ports, empty paths, percent-encoding.
type redirectURI struct {
	web    bool   // http or https; otherwise only raw counts
	raw    string //
	scheme string
	host   string // lower case; IPv6 without brackets
	port   string // "" is the scheme's own
	path   string // escaped, never empty
	query  string // with its question mark
}

// CheckRedirectURI says why a URI may not be registered as redirect URI or
// post-logout redirect URI of an application, by a *URIFault, or returns nil.
//
// Allowed are http and https URIs, and schemes of applications in lower case.
// Logto also takes schemes that run scripts, fragments, credentials and
// wildcards over plain http; we do not.
func CheckRedirectURI(s string) error {
	u, err := parseRedirectURI(s, true)
	if err != nil {
		return err
	}
	if !strings.Contains(s, "*") {
		return nil
	}
	// The wildcard may stand in for labels of a host, not for what is owned by
	// somebody: *.example.com is one owner's, *.com is everybody's. Over plain
	// http anybody on the way could answer for any name.
	labels := strings.Split(u.host, ".")
	literal := labels[max(0, len(labels)-2):]
	switch {
	case !u.web, u.scheme != "https", strings.Contains(u.port, "*"), strings.Contains(u.query, "*"),
		strings.Contains(u.host, "*") && len(labels) < 3, strings.Contains(strings.Join(literal, "."), "*"),
		strings.Contains(u.host, "*") && !hostPattern(u.host):
		return errURIWildcard
	}
	return nil
}

// AllowsRedirect reports whether a redirect_uri that a client sent is
// registered (RFC 6749 §3.1.2.3, RFC 8252 §7.3).
func (a Application) AllowsRedirect(uri string) bool {
	return allows(a.OIDCClientMetadata.RedirectURIs, uri, a.Type == ApplicationNative)
}

// AllowsPostLogout reports whether a post_logout_redirect_uri is registered
// (RP-Initiated Logout §3.1).
func (a Application) AllowsPostLogout(uri string) bool {
	return allows(a.OIDCClientMetadata.PostLogoutRedirectURIs, uri, false)
}

// AllowsOrigin reports whether scripts of an origin may read what token
// endpoints answer to this client: the origins that it lists, and those of its
// redirect URIs.
func (a Application) AllowsOrigin(origin string) bool {
	// An origin has neither path nor query: what follows would be hidden in it.
	if strings.ContainsAny(strings.TrimPrefix(origin, "https://"), "?#@*") || strings.Count(origin, "/") != 2 {
		return false
	}
	o, err := parseRedirectURI(origin, false)
	if err != nil || !o.web {
		return false
	}
	for _, list := range [][]string{a.CustomClientMetadata.CORSAllowedOrigins, a.OIDCClientMetadata.RedirectURIs} {
		for _, s := range list {
			r, err := parseRedirectURI(s, true)
			if err == nil && r.web && r.scheme == o.scheme && r.port == o.port && matchHost(r.host, o.host) {
				return true
			}
		}
	}
	return false
}

// AllowsLanding reports whether an invitation may lead a guest, with its code, to
// an address: a page of an origin of the application's own, over https, or on the
// machine of whoever develops it.
func (a Application) AllowsLanding(address string) bool {
	u, err := parseRedirectURI(address, false)
	if err != nil || !u.web || u.scheme != "https" && !isLoopback(u.host) {
		return false
	}
	_, rest, _ := strings.Cut(address, "//")
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		rest = rest[:i]
	}
	return a.AllowsOrigin(u.scheme + "://" + rest)
}

func allows(registered []string, uri string, loopback bool) bool {
	candidate, err := parseRedirectURI(uri, false)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(registered, func(s string) bool {
		r, err := parseRedirectURI(s, true)
		return err == nil && r.matches(candidate, loopback)
	})
}

// matches compares a registered URI with one that a client sent. With loopback
// the port of a loopback address does not count (RFC 8252 §7.3).
func (u redirectURI) matches(c redirectURI, loopback bool) bool {
	if !u.web || !c.web {
		return u.web == c.web && u.raw == c.raw
	}
	if u.scheme != c.scheme || u.query != c.query {
		return false
	}
	if u.port != c.port && (!loopback || u.scheme != "http" || !isLoopback(u.host)) {
		return false
	}
	return matchHost(u.host, c.host) && matchPath(u.path, c.path)
}

// parseRedirectURI takes a URI apart; pattern permits asterisks.
func parseRedirectURI(s string, pattern bool) (redirectURI, error) {
	switch {
	case s == "" || len(s) > MaxRedirectURILength:
		return redirectURI{}, errURILength
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' || r == '\ufffd' }):
		return redirectURI{}, errURICharacters
	case strings.TrimSpace(s) != s:
		return redirectURI{}, errURICharacters
	case !pattern && strings.Contains(s, "*"):
		return redirectURI{}, errURIWildcard
	case strings.Contains(s, "#"):
		return redirectURI{}, errURIFragment
	}
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || rest == "" {
		return redirectURI{}, errURIShape
	}
	if folded := asciiLower(scheme); folded == "http" || folded == "https" {
		return parseWebURI(s, folded, rest)
	}
	switch {
	case !applicationScheme(scheme):
		return redirectURI{}, errURIShape
	case slices.Contains(dangerousSchemes, scheme):
		return redirectURI{}, errURIScheme
	}
	if _, err := url.Parse(s); err != nil {
		return redirectURI{}, errURIShape
	}
	return redirectURI{raw: s, scheme: scheme}, nil
}

func parseWebURI(s, scheme, rest string) (redirectURI, error) {
	// Browsers take "https:host" and "https:/host" for "https://host" too; we
	// take the one spelling that everybody reads alike.
	rest, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return redirectURI{}, errURIShape
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority = rest[:i]
	}
	if strings.Contains(authority, "@") {
		return redirectURI{}, errURICredentials
	}
	u := redirectURI{web: true, raw: s, scheme: scheme}
	if u.host, u.port, ok = splitAuthority(authority); !ok {
		return redirectURI{}, errURIHost
	}
	if u.port == map[string]string{"http": "80", "https": "443"}[scheme] {
		u.port = ""
	}
	path, query, hasQuery := strings.Cut(rest[len(authority):], "?")
	if hasQuery {
		u.query = "?" + query
	}
	if path == "" {
		path = "/"
	}
	if hasDots(path) {
		return redirectURI{}, errURIDots
	}
	parsed, err := url.ParseRequestURI("https://h" + path)
	if err != nil || !validQuery(query) {
		return redirectURI{}, errURIShape
	}
	u.path = parsed.EscapedPath()
	return u, nil
}

// splitAuthority returns host and port in their normal form.
func splitAuthority(authority string) (host, port string, ok bool) {
	host = authority
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
		host, port = authority[:i], authority[i+1:]
	}
	if port != "" && port != "*" { // a wildcard port is refused by CheckRedirectURI, with the right words
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return "", "", false
		}
		port = strconv.FormatUint(n, 10)
	}
	if v6, found := strings.CutPrefix(host, "["); found {
		ip, err := netip.ParseAddr(strings.TrimSuffix(v6, "]"))
		if err != nil || !ip.Is6() || ip.Zone() != "" || !strings.HasSuffix(host, "]") {
			return "", "", false
		}
		return ip.String(), port, true
	}
	for i := 0; i < len(host); i++ {
		if c := host[i]; c < 0x80 && !hostByte(c) && c != '*' {
			return "", "", false
		}
	}
	if host == "" {
		return "", "", false
	}
	return asciiLower(host), port, true
}

// hostByte reports whether a byte may stand in a host name.
func hostByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_'
}

// hostPattern reports whether a host with wildcards has ASCII names only:
// several characters outside of ASCII mean a dot to browsers.
func hostPattern(host string) bool {
	for i := 0; i < len(host); i++ {
		if !hostByte(host[i]) && host[i] != '*' {
			return false
		}
	}
	return !strings.Contains(host, "..") && !strings.HasPrefix(host, ".") && !strings.HasSuffix(host, ".")
}

// matchHost compares hosts label by label; a wildcard stands for one or more
// characters of one label and never in the last two.
func matchHost(pattern, host string) bool {
	if !strings.Contains(pattern, "*") {
		return pattern == host
	}
	want, got := strings.Split(pattern, "."), strings.Split(host, ".")
	if len(want) != len(got) || len(want) < 3 || !hostPattern(host) {
		return false
	}
	for i := range want {
		if i >= len(want)-2 && strings.Contains(want[i], "*") || !matchWildcard(want[i], got[i]) {
			return false
		}
	}
	return true
}

// matchPath compares escaped paths segment by segment; a wildcard stands for
// one or more characters of one segment.
func matchPath(pattern, path string) bool {
	if !strings.Contains(pattern, "*") {
		return pattern == path
	}
	// An encoded slash is a slash to many an application.
	if folded := asciiLower(path); strings.Contains(folded, "%2f") || strings.Contains(folded, "%5c") {
		return false
	}
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	return len(want) == len(got) && slices.EqualFunc(want, got, matchWildcard)
}

// matchWildcard reports whether s fits a pattern whose asterisks stand for one
// or more characters each, in time linear in their lengths' product.
func matchWildcard(pattern, s string) bool {
	first, rest, found := strings.Cut(pattern, "*")
	if !found {
		return pattern == s
	}
	s, ok := strings.CutPrefix(s, first)
	for ok {
		if s == "" {
			return false
		}
		s = s[1:] // what this asterisk stands for at least
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part) // the leftmost fit leaves most for the others
		if i < 0 {
			return false
		}
		s, rest = s[i+len(part):], after
	}
	return false
}

// applicationScheme reports whether s is a scheme in the contract's form:
// labels of lower-case letters, digits, "+", "_" and "-", divided by dots, the
// first one beginning with a letter.
func applicationScheme(s string) bool {
	for i, label := range strings.Split(s, ".") {
		if label == "" || i == 0 && (label[0] < 'a' || label[0] > 'z') {
			return false
		}
		for j := 0; j < len(label); j++ {
			c := label[j]
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '+' && c != '_' && c != '-' {
				return false
			}
		}
	}
	return true
}

// hasDots reports whether a path has the segment "." or "..", plain or encoded.
func hasDots(path string) bool {
	plain := strings.ReplaceAll(asciiLower(path), "%2e", ".")
	return slices.ContainsFunc(strings.Split(plain, "/"), func(segment string) bool {
		return segment == "." || segment == ".."
	})
}

func validQuery(query string) bool {
	_, err := url.QueryUnescape(query)
	return err == nil
}

func isLoopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

// asciiLower folds A to Z only: other letters' folding is the business of IDNA.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}
