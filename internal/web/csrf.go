package web

import (
	"net/http"

	"guestlist"
)

// CSRF refuses writing requests that a browser sends from another origin, by
// Sec-Fetch-Site and Origin (http.CrossOriginProtection); no token is needed.
type CSRF struct {
	// Trusted origins may write, e.g. that of a custom sign-in page.
	Trusted []string

	// Bypass are ServeMux patterns of routes that authenticate each request by
	// itself and take no cookie, e.g. "POST /oidc/token".
	Bypass []string
}

// Wrap puts the protection around next. It fails on an origin or pattern out
// of shape.
func (c CSRF) Wrap(m *Manners, pages func(*http.Request) bool, next http.Handler) (http.Handler, error) {
	p := http.NewCrossOriginProtection()
	for _, o := range c.Trusted {
		if err := p.AddTrustedOrigin(o); err != nil {
			return nil, err
		}
	}
	for _, b := range c.Bypass {
		p.AddInsecureBypassPattern(b)
	}
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := guestlist.Refuse(guestlist.KindForbidden, "request.cross_origin")
		if pages != nil && pages(r) {
			m.WriteErrorPage(w, r, err)
			return
		}
		m.WriteError(w, r, err)
	}))
	return p.Handler(next), nil
}
