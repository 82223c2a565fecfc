package connectortest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// NewGoogle returns a Google, after "OpenID Connect" in its identity
// documents. A person of an organization has the claim hd.
func NewGoogle(client Client, people ...Person) *Upstream {
	u := New("https://accounts.google.com", client, people...)
	u.brand, u.keys = "Google", []*signingKey{newRSAKey("google-1")}
	u.ways.claims = func(u *Upstream, g grant, claims map[string]any) {
		claims["azp"] = u.Client.ID
		first, last, _ := strings.Cut(g.person.Name, " ")
		claims["given_name"], claims["family_name"] = first, last
	}
	return u
}

// NewGitHub returns a GitHub, after "Authorizing OAuth apps" and "Users" in its
// documents. IDs of people are numbers. The claim "emails" is the list of
// addresses of an account, if it has more than one.
func NewGitHub(client Client, people ...Person) *Upstream {
	u := New("https://github.com", client, people...)
	u.brand = "GitHub"
	u.ways = ways{
		noIDToken: true,
		tokens: func(w http.ResponseWriter, r *http.Request, t tokenSet) {
			delete(t, "expires_in")
			githubAnswer(w, r, t)
		},
		refused: func(w http.ResponseWriter, r *http.Request, code string) { // it says so with status 200
			switch code {
			case "invalid_grant":
				code = "bad_verification_code"
			case "invalid_client":
				code = "incorrect_client_credentials"
			}
			githubAnswer(w, r, map[string]any{"error": code, "error_description": "The request was refused."})
		},
	}
	return u
}

// githubAnswer answers in the form that was asked for, and with a query string
// otherwise.
func githubAnswer(w http.ResponseWriter, r *http.Request, members map[string]any) {
	if strings.Contains(r.Header.Get("Accept"), "json") {
		writeJSON(w, http.StatusOK, members)
		return
	}
	form := url.Values{}
	for name, value := range members {
		form.Set(name, fmt.Sprint(value))
	}
	w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
	_, _ = w.Write([]byte(form.Encode()))
}

func (u *Upstream) serveGitHubUser(w http.ResponseWriter, r *http.Request) {
	g, ok := u.githubBearer(w, r)
	if !ok {
		return
	}
	p := g.person
	id, err := strconv.ParseInt(p.ID, 10, 64)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	user := map[string]any{
		"login": strings.ToLower(strings.ReplaceAll(p.Name, " ", "-")), "id": id, "type": "User", "name": p.Name,
		"avatar_url": p.Avatar, "email": nil, "site_admin": false,
	}
	writeJSON(w, http.StatusOK, user)
}

func (u *Upstream) serveGitHubEmails(w http.ResponseWriter, r *http.Request) {
	g, ok := u.githubBearer(w, r)
	if !ok {
		return
	}
	if !strings.Contains(g.query.Get("scope"), "user") || !strings.Contains(g.query.Get("scope"), "email") {
		writeJSON(w, http.StatusNotFound, map[string]string{"message": "Not Found"})
		return
	}
	if list, ok := g.person.Claims["emails"]; ok {
		writeJSON(w, http.StatusOK, list)
		return
	}
	writeJSON(w, http.StatusOK, []map[string]any{
		{"email": g.person.Email, "primary": true, "verified": g.person.EmailVerified, "visibility": "private"},
	})
}

// githubBearer wants what GitHub's API wants of every request.
func (u *Upstream) githubBearer(w http.ResponseWriter, r *http.Request) (grant, bool) {
	if r.Header.Get("User-Agent") == "" {
		writeJSON(w, http.StatusForbidden, map[string]string{"message": "Request forbidden by administrative rules."})
		return grant{}, false
	}
	return u.bearer(w, r)
}

// AppleKey is the key of an Apple developer's team.
type AppleKey struct {
	TeamID, KeyID string
	private       *ecdsa.PrivateKey
}

// NewAppleKey makes a key.
func NewAppleKey() AppleKey {
	return AppleKey{TeamID: "TEAM012345", KeyID: "KEY0123456", private: newECKey("").private.(*ecdsa.PrivateKey)}
}

// PEM is the key as Apple gives it out, a .p8 file.
func (k AppleKey) PEM() string {
	der := must(x509.MarshalPKCS8PrivateKey(k.private))
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// NewApple returns an Apple, after "Sign in with Apple REST API". Clients prove
// themselves with a JWT by their team's key, names come with the first consent
// alone, and booleans are texts.
func NewApple(client Client, key AppleKey, people ...Person) *Upstream {
	u := New("https://appleid.apple.com", client, people...)
	u.brand, u.keys = "Apple", []*signingKey{newRSAKey("apple-1")}
	u.ways = ways{
		claims: func(_ *Upstream, g grant, claims map[string]any) {
			delete(claims, "name")
			delete(claims, "picture")
			claims["email_verified"] = strconv.FormatBool(g.person.EmailVerified)
			claims["is_private_email"] = strconv.FormatBool(strings.HasSuffix(g.person.Email, "@privaterelay.appleid.com"))
			claims["nonce_supported"] = true
		},
		client: func(u *Upstream, form url.Values) error {
			return key.verify(form.Get("client_secret"), u.Client.ID, u.now())
		},
		answer: func(u *Upstream, p Person, q, answer url.Values) {
			if u.seen[p.ID] || !strings.Contains(q.Get("scope"), "name") {
				return
			}
			first, last, _ := strings.Cut(p.Name, " ")
			user := map[string]any{"name": map[string]string{"firstName": first, "lastName": last}, "email": p.Email}
			answer.Set("user", string(must(json.Marshal(user))))
		},
	}
	return u
}

// verify checks a client secret as Apple's documents describe it.
func (k AppleKey) verify(secret, clientID string, now time.Time) error {
	parsed, err := jwt.ParseSigned(secret, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return err
	}
	var c jwt.Claims
	if err := parsed.Claims(k.private.Public(), &c); err != nil {
		return err
	}
	if parsed.Headers[0].KeyID != k.KeyID || c.Expiry == nil || c.IssuedAt == nil || c.Expiry.Time().Sub(c.IssuedAt.Time()) > 180*24*time.Hour {
		return errSecret
	}
	return c.Validate(jwt.Expected{Issuer: k.TeamID, Subject: clientID, AnyAudience: jwt.Audience{"https://appleid.apple.com"}, Time: now})
}

// MicrosoftPrivate is the tenant of private accounts.
const MicrosoftPrivate = "9188040d-6c67-4c5b-b112-36a304b66dad"

// NewMicrosoft returns a Microsoft identity platform with many tenants behind
// one set of keys, after "OpenID Connect on the Microsoft identity platform". A
// person has the claim tid, and mail at Microsoft Graph is their e-mail address.
// A person with xms_edov has the address in the ID token, too.
func NewMicrosoft(client Client, people ...Person) *Upstream {
	const host = "https://login.microsoftonline.com/"
	u := New(host+"{tenantid}/v2.0", client, people...)
	private := newRSAKey("microsoft-private")
	private.issuer = host + MicrosoftPrivate + "/v2.0"
	shared := newRSAKey("microsoft-1")
	shared.issuer = host + "{tenantid}/v2.0"
	u.brand, u.keys = "Microsoft", []*signingKey{private, shared}
	u.ways.claims = func(_ *Upstream, g grant, claims map[string]any) {
		tid, _ := claims["tid"].(string)
		claims["iss"], claims["oid"], claims["ver"] = host+tid+"/v2.0", g.person.ID, "2.0"
		claims["sub"] = "pairwise-" + g.person.ID
		claims["preferred_username"] = g.person.Email
		delete(claims, "email_verified")
		delete(claims, "picture")
		if _, ok := claims["xms_edov"]; !ok {
			delete(claims, "email")
		}
	}
	return u
}

func (u *Upstream) serveMicrosoftMetadata(w http.ResponseWriter, r *http.Request) {
	tenant := r.PathValue("tenant")
	base := "https://login.microsoftonline.com/" + tenant
	issuer := u.Issuer
	if strings.Count(tenant, "-") == 4 { // one tenant speaks for itself
		issuer = base + "/v2.0"
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer": issuer, "authorization_endpoint": base + "/oauth2/v2.0/authorize", "token_endpoint": base + "/oauth2/v2.0/token",
		"userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo", "jwks_uri": base + "/discovery/v2.0/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	})
}

func (u *Upstream) serveGraphMe(w http.ResponseWriter, r *http.Request) {
	g, ok := u.bearer(w, r)
	if !ok {
		return
	}
	p := g.person
	id := p.ID
	if p.Claims["tid"] == MicrosoftPrivate { // Graph writes these ids short
		id = strings.ReplaceAll(strings.TrimPrefix(id, "00000000-0000-0000-"), "-", "")
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/$entity",
		"id":             id, "displayName": p.Name, "mail": p.Email, "userPrincipalName": p.Email,
	})
}

// PublicKey is the key that the provider signs with now.
func (u *Upstream) PublicKey() crypto.PublicKey {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.keys[len(u.keys)-1].private.Public()
}
