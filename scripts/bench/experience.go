package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"

	"guestlist/internal/connector/connectortest"
)

// The outside: a fake OpenID provider in this process, which is a connector and
// the provider of an employer, and somebody who has an account there.
const (
	acmeConnector = "benchacme"
	acmePerson    = "1815"
	employerHost  = "employer.example"
)

// outside is the fake provider, served.
type outside struct {
	*connectortest.Upstream
	server *httptest.Server
}

func newOutside() *outside {
	o := &outside{}
	o.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { o.ServeHTTP(w, r) }))
	o.Upstream = connectortest.New(o.server.URL, connectortest.Client{ID: "bench", Secret: "a-secret-for-measuring"},
		connectortest.Person{ID: acmePerson, Name: "Ada Lovelace", Email: guestEmail, EmailVerified: true})
	return o
}

// loopback is what the server may reach besides public addresses.
const loopback = "127.0.0.0/8"

// calls make the provider known to a site.
func (o *outside) calls() []call {
	client := fmt.Sprintf(`"clientId":%q,"clientSecret":%q`, o.Client.ID, o.Client.Secret)
	return []call{
		{http.MethodPost, "/api/connectors", fmt.Sprintf(`{"id":%q,"connectorId":"oidc","trustedEmailDomains":["*"],
			"metadata":{"target":"acme","name":{"en":"Acme"}},"config":{%s,"scope":"openid profile email",
			"authorizationEndpoint":"%[3]s/authorize","tokenEndpoint":"%[3]s/token",
			"idTokenVerificationConfig":{"jwksUri":"%[3]s/jwks","issuer":%[3]q}}}`, acmeConnector, client, o.Issuer)},
		{http.MethodPost, "/api/sso-connectors", fmt.Sprintf(`{"providerName":"OIDC","connectorName":"Employer","domains":[%q],
			"config":{%s,"issuer":%q}}`, employerHost, client, o.Issuer)},
		{http.MethodPatch, "/api/sign-in-exp", `{"socialSignInConnectorTargets":["acme"],"singleSignOnEnabled":true}`},
	}
}

// The paths of the experience API.
const (
	experienceAPI = "/api/experience"
	socialAPI     = experienceAPI + "/verification/social/" + acmeConnector
)

// page is a page of somebody else's, in a browser of its own, in an interaction
// that it began.
func page(s *site, w *wire) (*guest, error) {
	g := &guest{site: s, wire: w, jar: jar{}}
	if _, err := g.begin(); err != nil {
		return nil, err
	}
	_, err := w.accepted(g.ask(http.MethodPut, experienceAPI, `{"interactionEvent":"SignIn"}`))
	return g, err
}

// ask is a call of the experience API.
func (g *guest) ask(method, path, body string) []byte {
	headers := []string{g.jar.header(), "Sec-Fetch-Site: same-origin"}
	if body != "" {
		headers = append(headers, jsonType)
	}
	return request(method, path, body, headers...)
}

// asked is a load that makes one call of the experience API again and again, on
// one connection: what it takes is the server's time.
func asked(name, method, path, body string) load {
	return load{name: name, conns: 1, warm: true, prepare: func(s *site, w *wire, _ int) (operation, error) {
		g, err := page(s, w)
		if err != nil {
			return nil, err
		}
		req := g.ask(method, path, body)
		return func() error {
			_, err := w.accepted(req)
			return err
		}, nil
	}}
}

const attemptBody = `{"state":"x","redirectUri":"https://pages.example/back"}`

// attempt begins an attempt at the provider, where somebody consents, and
// returns the body that verifies the answer, and the verification.
func (g *guest) attempt() (body, verification string, err error) {
	a, err := g.wire.succeed(g.ask(http.MethodPost, socialAPI+"/authorization-uri", attemptBody))
	if err != nil {
		return "", "", err
	}
	var began struct{ AuthorizationURI, VerificationID string }
	if err := json.Unmarshal(a.body, &began); err != nil {
		return "", "", err
	}
	answer, err := g.site.outside.Answer(began.AuthorizationURI, acmePerson)
	if err != nil {
		return "", "", err
	}
	text, err := json.Marshal(map[string]any{"verificationId": began.VerificationID, "connectorData": first(answer)})
	return string(text), began.VerificationID, err
}

func first(v url.Values) map[string]string {
	m := map[string]string{}
	for name := range v {
		m[name] = v.Get(name)
	}
	return m
}

// attemptsPerConnection is how many attempts wait for their answers before
// these are measured.
const attemptsPerConnection = 300

// verifications are the answers of a provider: a code is exchanged at its token
// endpoint, and the signature of its ID token is checked.
var verifications = load{name: "experience: verify a provider's answer", conns: 1, prepare: func(s *site, w *wire, _ int) (operation, error) {
	var requests [][]byte
	for range attemptsPerConnection {
		g, err := page(s, w)
		if err != nil {
			return nil, err
		}
		body, _, err := g.attempt()
		if err != nil {
			return nil, err
		}
		requests = append(requests, g.ask(http.MethodPost, socialAPI+"/verify", body))
	}
	return func() error {
		if len(requests) == 0 {
			return errDone
		}
		_, err := w.succeed(requests[0])
		requests = requests[1:]
		return err
	}, nil
}}

// identifications say who the guest is whom the provider recognised, again and
// again.
var identifications = load{name: "experience: say who the guest is", conns: 1, warm: true, prepare: func(s *site, w *wire, _ int) (operation, error) {
	g, err := page(s, w)
	if err != nil {
		return nil, err
	}
	body, verification, err := g.attempt()
	if err != nil {
		return nil, err
	}
	if _, err := w.succeed(g.ask(http.MethodPost, socialAPI+"/verify", body)); err != nil {
		return nil, err
	}
	req := g.ask(http.MethodPost, experienceAPI+"/identification", identifyBody(verification))
	return func() error {
		_, err := w.accepted(req)
		return err
	}, nil
}}

func identifyBody(verification string) string {
	return fmt.Sprintf(`{"verificationId":%q,"linkSocialIdentity":true}`, verification)
}

// socialSignIns are whole: from the authorization request by way of the
// provider to the code.
var socialSignIns = load{name: "social sign-in, from request to code", warm: true, prepare: func(s *site, w *wire, _ int) (operation, error) {
	return func() error {
		g, err := page(s, w)
		if err != nil {
			return err
		}
		body, verification, err := g.attempt()
		if err != nil {
			return err
		}
		var a answer
		for _, step := range []struct{ path, body string }{
			{socialAPI + "/verify", body}, {experienceAPI + "/identification", identifyBody(verification)}, {experienceAPI + "/submit", ""},
		} {
			if a, err = w.accepted(g.ask(http.MethodPost, step.path, step.body)); err != nil {
				return err
			}
		}
		var done struct{ RedirectTo string }
		if err := json.Unmarshal(a.body, &done); err != nil {
			return err
		}
		resume, err := local(done.RedirectTo)
		if err != nil {
			return err
		}
		_, err = g.arrive(resume)
		return err
	}, nil
}}

// experienced are the calls of the experience API of which none hashes, and
// the goal for each is a time: 2 ms on SQLite, 5 ms on PostgreSQL.
func experienced() []load {
	return []load{
		asked("experience: begin", http.MethodPut, experienceAPI, `{"interactionEvent":"SignIn"}`),
		asked("experience: read the interaction", http.MethodGet, experienceAPI+"/interaction", ""),
		asked("experience: find an employer by address", http.MethodGet, experienceAPI+"/sso-connectors?email="+url.QueryEscape("ada@"+employerHost), ""),
		asked("experience: begin at a provider", http.MethodPost, socialAPI+"/authorization-uri", attemptBody),
		verifications,
		identifications,
		socialSignIns,
	}
}
