package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"guestlist/internal/connector/connectortest"
)

// The one client that every fake provider knows.
var outsideClient = connectortest.Client{ID: "guestlist-at-home", Secret: "a-secret-among-servers"}

// The tenant of a company at Microsoft.
const companyTenant = "11111111-2222-4333-8444-555555555555"

// world is the outside: a fake of every brand, and an OpenID provider of no
// brand, Acme.
type world struct {
	connectortest.World
	acme     *connectortest.Upstream
	appleKey connectortest.AppleKey
	url      string

	mu sync.Mutex
	n  int // of people
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{appleKey: connectortest.NewAppleKey()}
	w.Google, w.GitHub = connectortest.NewGoogle(outsideClient), connectortest.NewGitHub(outsideClient)
	w.Apple, w.Microsoft = connectortest.NewApple(outsideClient, w.appleKey), connectortest.NewMicrosoft(outsideClient)
	mux := http.NewServeMux()
	mux.Handle("/", w.Handler())
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	// Installations are at localhost: a browser takes these for other sites, for
	// which it sends fewer cookies along.
	w.url = server.URL
	w.acme = connectortest.New(w.url+"/acme", outsideClient)
	mux.HandleFunc("/turnstile", turnstile)
	mux.Handle("/acme/", http.StripPrefix("/acme", w.acme))
	return w
}

// turnstile stands for Cloudflare's: the right answer is "right".
func turnstile(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Type", "application/json")
	if r.PostFormValue("response") == "right" {
		fmt.Fprint(rw, `{"success":true,"error-codes":[]}`)
		return
	}
	fmt.Fprint(rw, `{"success":false,"error-codes":["invalid-input-response"]}`)
}

// env makes the processes of an installation find the fakes, and lets them.
func (w *world) env(t testing.TB) []string {
	t.Helper()
	hosts := w.Hosts(w.url)
	hosts["challenges.cloudflare.com"] = w.url + "/turnstile"
	text, err := json.Marshal(hosts)
	if err != nil {
		t.Fatal(err)
	}
	return []string{standInsEnv + "=" + string(text), "GUESTLIST_ALLOWED_NETWORKS=127.0.0.0/8"}
}

// targets are the social providers of the world.
var targets = []string{"google", "github", "apple", "azuread", "acme"}

// brand returns a provider by its target.
func (w *world) brand(target string) *connectortest.Upstream {
	return map[string]*connectortest.Upstream{
		"google": w.Google, "github": w.GitHub, "apple": w.Apple, "azuread": w.Microsoft, "acme": w.acme,
	}[target]
}

// connect sets up a social connector for every provider, believed for every
// address that its provider verified, and offers them. It returns their ids.
func (w *world) connect(s *site) map[string]string {
	s.t.Helper()
	basic := func(more map[string]any) map[string]any {
		c := map[string]any{"clientId": outsideClient.ID, "clientSecret": outsideClient.Secret}
		maps.Copy(c, more)
		return c
	}
	ids := map[string]string{}
	for target, body := range map[string]map[string]any{
		"google": {"connectorId": "google-universal", "config": basic(nil)},
		"github": {"connectorId": "github-universal", "config": basic(nil)},
		"apple": {"connectorId": "apple-universal", "config": map[string]any{
			"clientId": outsideClient.ID, "teamId": w.appleKey.TeamID, "keyId": w.appleKey.KeyID, "privateKey": w.appleKey.PEM(),
		}},
		"azuread": {"connectorId": "azuread-universal", "config": basic(map[string]any{
			"cloudInstance": "https://login.microsoftonline.com", "tenantId": "common",
		})},
		"acme": {
			"connectorId": "oidc", "metadata": map[string]any{"target": "acme", "name": map[string]any{"en": "Acme"}},
			"config": basic(map[string]any{
				"authorizationEndpoint": w.acme.Issuer + "/authorize", "tokenEndpoint": w.acme.Issuer + "/token", "scope": "openid profile email",
				"idTokenVerificationConfig": map[string]any{"jwksUri": w.acme.Issuer + "/jwks", "issuer": w.acme.Issuer},
			}),
		},
	} {
		body["trustedEmailDomains"] = []string{"*"}
		var made struct{ ID string }
		s.api("POST", "/connectors", body, http.StatusOK, &made)
		ids[target] = made.ID
		w.brand(target).Change(func(u *connectortest.Upstream) {
			u.Client.Redirects = append(u.Client.Redirects, s.callback(made.ID))
		})
	}
	s.set(map[string]any{"socialSignInConnectorTargets": targets})
	return ids
}

// callback is where a provider sends guests back to.
func (s *site) callback(connector string) string { return s.url + "/callback/" + connector }

// person makes somebody with an account at a provider, whose address it
// verified or not, and returns what it knows them by.
func (w *world) person(target, email string, verified bool) string {
	w.mu.Lock()
	w.n++
	n := w.n
	w.mu.Unlock()
	p := connectortest.Person{
		ID: fmt.Sprint(1000 + n), Name: fmt.Sprintf("Guest Number %d", n), Email: email, EmailVerified: verified,
		Claims: map[string]any{},
	}
	switch target {
	case "google": // vouches for mailboxes of its own and for domains that it hosts
		if verified {
			p.Claims["hd"] = email[strings.IndexByte(email, '@')+1:]
		}
	case "apple":
		p.ID = fmt.Sprintf("001%03d.abc", n)
	case "azuread":
		p.ID = fmt.Sprintf("aaaaaaaa-0000-4000-8000-%012d", n)
		p.Claims["tid"] = companyTenant
		p.Claims["xms_edov"] = verified
	}
	w.brand(target).Change(func(u *connectortest.Upstream) { u.People = append(u.People, p) })
	return p.ID
}

// attempt is one try of a caller to be recognised by a provider.
type attempt struct {
	way, connector      string
	state, location, id string
}

// try begins an attempt.
func (v *caller) try(way, connector string) attempt {
	v.t.Helper()
	a := attempt{way: way, connector: connector, state: anybody()[6:]}
	r := v.want(http.StatusOK, "", "POST", apiVerify+way+"/"+connector+"/authorization-uri",
		map[string]any{"state": a.state, "redirectUri": v.s.callback(connector)})
	a.location, a.id = r.text("authorizationUri"), r.text("verificationId")
	return a
}

// answer brings back what the provider said.
func (v *caller) answer(a attempt, answer url.Values) reply {
	v.t.Helper()
	data := map[string]any{"redirectUri": v.s.callback(a.connector)}
	for name := range answer {
		data[name] = answer.Get(name)
	}
	return v.call("POST", apiVerify+a.way+"/"+a.connector+"/verify", map[string]any{"verificationId": a.id, "connectorData": data})
}

// recognised lets a provider recognise somebody, and returns the verification.
func (v *caller) recognised(w *world, way, target, connector, person string) string {
	v.t.Helper()
	a := v.try(way, connector)
	answer, err := w.brand(target).Answer(a.location, person)
	if err != nil {
		v.t.Fatal(err)
	}
	r := v.answer(a, answer)
	if r.status != http.StatusOK {
		v.t.Fatalf("%s: %d %s", target, r.status, r.body)
	}
	return r.text("verificationId")
}
