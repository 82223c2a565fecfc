package console_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestConnectionOfADeadEmployer: the page is there at once, whatever the
// provider does, and says how it is when it knows, with scripts and without.
func TestConnectionOfADeadEmployer(t *testing.T) {
	var dead atomic.Bool
	gone := make(chan struct{})
	mux := http.NewServeMux()
	provider := httptest.NewServer(mux)
	t.Cleanup(provider.Close)
	t.Cleanup(func() { close(gone) })
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		if dead.Load() {
			select {
			case <-gone:
			case <-r.Context().Done():
			}
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{ // the client tells if it failed
			"issuer": provider.URL, "authorization_endpoint": provider.URL + "/auth", "token_endpoint": provider.URL + "/token",
			"jwks_uri": provider.URL + "/jwks", "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	h := newHouse(t)
	b, _ := h.admin()
	a := b.Post(h.url+"/console/sso/new", values("provider", "OIDC", "connectorName", "Acme", "domains", "acme.example"))
	h.at(a, 200, "sso-settings")
	a = b.Submit(a, "#form", map[string]string{"clientId": "x", "clientSecret": "s3cret", "issuer": provider.URL})
	h.at(a, 200, "sso-connection")
	next := a.One("[data-later]").Attr("data-later")
	if again := a.One("noscript").HTML(); !strings.Contains(again, next) {
		t.Errorf("without scripts the answer never comes: %s", again)
	}
	if a := b.Get(h.url + next); !a.Has("#state .notice.good") || a.Has("[data-later]") || !strings.Contains(a.One("#state").Text(), provider.URL+"/auth") {
		t.Errorf("the provider answers: %s", a.One("main").Text())
	}
	dead.Store(true)
	h.later(24 * time.Hour) // whatever was remembered of it is old
	b, _ = h.admin()
	began := time.Now()
	a = b.Get(a.URL.String())
	h.at(a, 200, "sso-connection")
	if took := time.Since(began); took > time.Second || !a.Has("[data-later]") {
		t.Errorf("the page took %s: %s", took, a.One("#state").Text())
	}
	if a := b.Get(h.url + next); !a.Has("#state .notice.bad") {
		t.Errorf("a provider that is dead: %s", a.One("#state").Text())
	}
}
