package connectortest

import (
	"net/http"
	"strings"
)

// World is the fakes of all brands behind one address: the host of a URL is the
// first part of the path. Nil members are not there.
type World struct {
	Google, GitHub, Apple, Microsoft *Upstream
}

// hosts are the hosts that the fakes stand in for.
var hosts = []string{
	"accounts.google.com", "oauth2.googleapis.com", "openidconnect.googleapis.com", "www.googleapis.com",
	"github.com", "api.github.com", "appleid.apple.com", "login.microsoftonline.com", "graph.microsoft.com",
}

// Hosts says where the hosts of the brands are when the handler is served at
// base: what Set.Hosts of package connector takes.
func (w *World) Hosts(base string) map[string]string {
	m := map[string]string{}
	for _, host := range hosts {
		m[host] = strings.TrimSuffix(base, "/") + "/" + host
	}
	return m
}

// Handler serves the brands that are there.
func (w *World) Handler() http.Handler {
	mux := http.NewServeMux()
	add := func(u *Upstream, pattern string, serve http.HandlerFunc) {
		mux.HandleFunc(pattern, func(rw http.ResponseWriter, r *http.Request) {
			if !u.intercepted(rw, r) {
				serve(rw, r)
			}
		})
	}
	if u := w.Google; u != nil {
		add(u, "/accounts.google.com/o/oauth2/v2/auth", u.serveAuthorize)
		add(u, "/oauth2.googleapis.com/token", u.serveToken)
		add(u, "/openidconnect.googleapis.com/v1/userinfo", u.serveUserInfo)
		add(u, "/www.googleapis.com/oauth2/v3/certs", u.serveKeys)
		add(u, "/accounts.google.com/.well-known/openid-configuration", serveGoogleMetadata)
	}
	if u := w.GitHub; u != nil {
		add(u, "/github.com/login/oauth/authorize", u.serveAuthorize)
		add(u, "/github.com/login/oauth/access_token", u.serveToken)
		add(u, "/api.github.com/user", u.serveGitHubUser)
		add(u, "/api.github.com/user/emails", u.serveGitHubEmails)
	}
	if u := w.Apple; u != nil {
		add(u, "/appleid.apple.com/auth/authorize", u.serveAuthorize)
		add(u, "/appleid.apple.com/auth/token", u.serveToken)
		add(u, "/appleid.apple.com/auth/keys", u.serveKeys)
	}
	if u := w.Microsoft; u != nil {
		add(u, "/login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration", u.serveMicrosoftMetadata)
		add(u, "/login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize", u.serveAuthorize)
		add(u, "/login.microsoftonline.com/{tenant}/oauth2/v2.0/token", u.serveToken)
		add(u, "/login.microsoftonline.com/{tenant}/discovery/v2.0/keys", u.serveKeys)
		add(u, "/graph.microsoft.com/v1.0/me", u.serveGraphMe)
	}
	return mux
}

func serveGoogleMetadata(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=3600")
	m := map[string]any{
		"issuer": "https://accounts.google.com", "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth",
		"userinfo_endpoint": "https://openidconnect.googleapis.com/v1/userinfo", "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic"},
	}
	m["token_endpoint"] = "https://oauth2.googleapis.com/token"
	writeJSON(w, http.StatusOK, m)
}
