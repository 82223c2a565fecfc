package oidc

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// client is an application as this door knows it: cached, shared, never
// changed.
type client struct {
	guestlist.Application
	secrets store.ClientSecrets
}

// maxClientID is the longest client id that is looked up, in bytes.
const maxClientID = 128

// client returns a registered or built-in client; an unknown one is
// invalid_client with status 400.
func (d *Door) client(ctx context.Context, id string) (*client, error) {
	unknown := newError(guestlist.KindInvalid, "invalid_client", "invalid client %s", excerpt(id))
	if id == "" || len(id) > maxClientID || strings.ContainsAny(id, "\x00 ") || !utf8.ValidString(id) {
		return nil, unknown
	}
	if app, ok := d.BuiltIn[guestlist.ApplicationID(id)]; ok {
		return &client{Application: app}, nil
	}
	c, err := store.Cached(ctx, d.Store, "oidc.client "+id, func(tx *store.Tx) (*client, error) {
		app, err := tx.Application(guestlist.ApplicationID(id))
		if err != nil {
			return nil, err
		}
		secrets, err := tx.ClientSecrets(app.ID)
		return &client{app, secrets}, err
	})
	if guestlist.KindOf(err) == guestlist.KindNotFound {
		return nil, unknown
	}
	return c, err
}

// credentials are how a request says which client it comes from (RFC 6749
// §2.3).
type credentials struct {
	id, secret string
	header     bool // by HTTP Basic
	// decodedID and decodedSecret are id and secret of the header percent-decoded,
	// as RFC 6749 §2.3.1 wants them encoded and Logto's SDKs do not.
	decodedID, decodedSecret string
}

// caller is a client that proved itself, with the name of the secret it used.
type caller struct {
	*client
	secretName string
}

// authenticate finds out which client a form comes from, makes it prove itself,
// and marks the answer for the page's origin or refuses it.
func (d *Door) authenticate(w http.ResponseWriter, r *http.Request, form url.Values) (caller, error) {
	origin := r.Header.Get("Origin")
	web.AddVary(w.Header(), "Origin")
	c, cred, err := d.identify(r, form)
	if err != nil {
		if origin != "" {
			web.Allow(w, origin) // nothing but the refusal is to be read
		}
		return caller{}, err
	}
	if err := d.checkOrigin(w, c, origin); err != nil {
		return caller{client: c}, err
	}
	name, err := d.prove(c, cred)
	return caller{c, name}, err
}

// identify reads the credentials and finds their client.
func (d *Door) identify(r *http.Request, form url.Values) (*client, credentials, error) {
	cred, err := readCredentials(r, form)
	if err != nil {
		return nil, cred, err
	}
	c, err := d.client(r.Context(), cred.id)
	if err != nil && cred.decodedID != "" && cred.decodedID != cred.id && asError(err).Name == "invalid_client" {
		cred.id = cred.decodedID
		c, err = d.client(r.Context(), cred.id)
	}
	if err != nil {
		return nil, cred, err
	}
	if id := form.Get("client_id"); cred.header && id != "" && id != cred.id {
		return nil, cred, invalidRequest("client_id mismatch")
	}
	return c, cred, nil
}

// checkOrigin lets a page read the answer if its origin belongs to the client;
// without an Origin the call does not come from another site's page.
func (d *Door) checkOrigin(w http.ResponseWriter, c *client, origin string) error {
	if origin == "" {
		return nil
	}
	if origin != d.Endpoint && !c.AllowsOrigin(origin) {
		return invalidRequest("origin %s not allowed for client: %s", excerpt(origin), c.ID)
	}
	web.Allow(w, origin)
	return nil
}

// maxAuthorization is the longest Authorization header that is read, in bytes.
const maxAuthorization = 8 << 10

func readCredentials(r *http.Request, form url.Values) (credentials, error) {
	header := r.Header.Get("Authorization")
	if form.Has("client_assertion") || form.Has("client_assertion_type") {
		return credentials{}, invalidRequest("client authentication by assertion is not supported")
	}
	if header == "" {
		c := credentials{id: form.Get("client_id"), secret: form.Get("client_secret")}
		if c.id == "" {
			return c, invalidRequest("no client authentication mechanism provided")
		}
		return c, nil
	}
	c, err := parseBasic(header)
	if err == nil && form.Has("client_secret") {
		err = invalidRequest("client authentication must only be provided using one mechanism")
	}
	return c, err
}

// parseBasic reads HTTP Basic (RFC 7617 §2).
func parseBasic(header string) (credentials, error) {
	malformed := invalidRequest("invalid authorization header value format")
	scheme, value, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") || len(header) > maxAuthorization {
		return credentials{}, malformed
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
	if err != nil {
		return credentials{}, malformed
	}
	id, secret, ok := strings.Cut(string(raw), ":")
	if !ok || id == "" {
		return credentials{}, malformed
	}
	c := credentials{id: id, secret: secret, header: true, decodedID: id, decodedSecret: secret}
	if decoded, err := url.QueryUnescape(id); err == nil {
		c.decodedID = decoded
	}
	if decoded, err := url.QueryUnescape(secret); err == nil {
		c.decodedSecret = decoded
	}
	return c, nil
}

// prove checks a client's secret and returns its name. Clients without secrets
// prove nothing, and may not claim to.
func (d *Door) prove(c *client, cred credentials) (string, error) {
	failed := newError(guestlist.KindUnauthenticated, "invalid_client", "client authentication failed")
	if cred.header {
		failed.Challenge = "Basic" // RFC 6749 §5.2
	}
	if !c.Type.IsConfidential() {
		if cred.secret != "" || cred.header {
			return "", failed
		}
		return "", nil
	}
	if cred.secret == "" {
		return "", failed
	}
	secret, ok := c.secrets.Match(cred.secret)
	if !ok && cred.decodedSecret != cred.secret && cred.decodedSecret != "" {
		secret, ok = c.secrets.Match(cred.decodedSecret)
	}
	if !ok {
		return "", failed
	}
	if secret.ExpiresAt != nil && *secret.ExpiresAt <= d.Store.Now() {
		return "", invalidRequest("client secret has expired")
	}
	return secret.Name, nil
}
