package web

import (
	"net/http"
	"strings"
)

// Policy is the Content-Security-Policy of a page. The zero value allows our
// own styles, scripts, pictures and forms, and nothing else.
type Policy struct {
	// Leaves is set on pages whose form may end, over redirects, at an
	// application or another identity provider. Chromium applies form-action
	// to the whole redirect chain of a submission (the specification leaves it
	// open, Firefox does not), and where an application's callback goes next
	// nobody here can know: a list would break sign-in for some of them. Such
	// pages have no form-action. What it would stop, an injected form, is
	// stopped by contextual escaping and by default-src 'none'.
	Leaves bool

	Embeds   []string // others whose documents may be shown within, e.g. that of a captcha
	Connects []string // further hosts that scripts may ask

	Scripts []string // further sources, e.g. "'sha256-…'" or "'nonce-…'"
	Styles  []string // further sources, e.g. a nonce for the tenant's own CSS
	Images  []string // further sources, e.g. "https:" for logos of the tenant
	Frames  bool     // shows pages of ours in frames, e.g. as a preview

	// Still is for a picture of a page: no script runs and no form is sent.
	Still bool
}

// String returns the header's value.
func (p Policy) String() string {
	var b strings.Builder
	b.WriteString("default-src 'none'; base-uri 'none'; frame-ancestors 'self'; font-src 'self'")
	add := func(name string, more []string) {
		b.WriteString("; " + name)
		for _, s := range more {
			// A source with a separator in it would become a directive of its own.
			if !strings.ContainsAny(s, ";, \t\r\n") {
				b.WriteString(" " + s)
			}
		}
	}
	if p.Still {
		add("sandbox allow-same-origin", nil) // without the origin 'self' would mean nobody
		add("form-action 'none'", nil)
		p.Leaves = true
	} else {
		add("connect-src 'self'", p.Connects)
		add("script-src 'self'", p.Scripts)
	}
	add("style-src 'self'", p.Styles)
	add("img-src 'self'", p.Images)
	switch {
	case p.Frames:
		add("frame-src 'self'", p.Embeds)
	case len(p.Embeds) > 0:
		add("frame-src", p.Embeds)
	}
	if !p.Leaves {
		add("form-action 'self'", nil)
	}
	return b.String()
}

// PageHeaders sets what every page carries: its type, policy, that nobody may
// keep it, and that its address, which may hold a token, goes nowhere. Who shows
// something within the page learns of what site it is, and no more.
func PageHeaders(w http.ResponseWriter, p Policy) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", p.String())
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	if len(p.Embeds) > 0 {
		h.Set("Referrer-Policy", "strict-origin")
	}
}

// NoStore forbids every cache to keep the answer (RFC 6749 §5.1).
func NoStore(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
}
