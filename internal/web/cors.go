package web

import (
	"net/http"
	"strconv"
)

// CORS says which origins may read the answers of a route (Fetch §3.2).
type CORS struct {
	// AllowOrigin decides about one origin. It never sees an empty one.
	AllowOrigin func(r *http.Request, origin string) bool

	Methods string // of preflights, e.g. "GET,POST"
	Headers string // allowed request headers; "" echoes what was asked
	MaxAge  int    // seconds that a preflight may be remembered
}

// AnyOrigin allows every origin; for public documents such as discovery.
func AnyOrigin(*http.Request, string) bool { return true }

// maxCORSHeaders is the longest list of request headers that is echoed.
const maxCORSHeaders = 512

// Wrap answers preflights and marks the answers of allowed origins. Credentials
// are never allowed: nothing of ours is read across origins with a cookie.
func (c CORS) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		origin := r.Header.Get("Origin")
		if origin == "" {
			AddVary(h, "Origin")
			next.ServeHTTP(w, r)
			return
		}
		allowed := c.AllowOrigin(r, origin)
		preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
		if allowed {
			Allow(w, origin)
		} else {
			AddVary(h, "Origin")
		}
		if !preflight {
			next.ServeHTTP(w, r)
			return
		}
		if allowed {
			c.preflight(w, r)
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

func (c CORS) preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", c.Methods)
	headers := c.Headers
	if headers == "" {
		headers = r.Header.Get("Access-Control-Request-Headers")
	}
	if headers != "" && len(headers) <= maxCORSHeaders {
		h.Set("Access-Control-Allow-Headers", headers)
		AddVary(h, "Access-Control-Request-Headers")
	}
	if c.MaxAge > 0 {
		h.Set("Access-Control-Max-Age", strconv.Itoa(c.MaxAge))
	}
}

// Allow lets origin read this answer. Routes that know only later whom they
// serve, such as the token endpoint, call it themselves.
func Allow(w http.ResponseWriter, origin string) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	AddVary(h, "Origin")
}
