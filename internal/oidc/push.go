package oidc

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

const (
	requestURIPrefix = "urn:ietf:params:oauth:request_uri:" // RFC 9126 §2.2
	pushLife         = 60 * time.Second
	maxRequestURI    = 128 // bytes
)

// push takes an authorization request from the application itself, so that it
// does not travel through the browser (RFC 9126 §2).
func (d *Door) push(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(w, r)
	if err != nil {
		return err
	}
	caller, err := d.authenticate(w, r, form)
	if err != nil {
		return err
	}
	if form.Has("request_uri") {
		return invalidRequest("request_uri parameter must not be used at the pushed_authorization_request_endpoint")
	}
	form.Set("client_id", string(caller.ID))
	for _, name := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		form.Del(name)
	}
	// Whatever would be wrong later is said now, to the application.
	if _, err := d.judge(r.Context(), form); err != nil {
		e := *asError(err)
		e.Target, e.Issuer, e.State = nil, "", ""
		return &e
	}
	uri := requestURIPrefix + rand.Text()
	data, err := json.Marshal(form)
	if err != nil {
		return err
	}
	if err := d.Store.Update(r.Context(), func(tx *store.Tx) error {
		return tx.InsertToken(uri, store.Token{
			Kind: store.TokenRequest, ClientID: caller.ID, Data: data, ExpiresAt: tx.Now.Add(pushLife),
		})
	}); err != nil {
		return err
	}
	noStore(w)
	return web.WriteJSON(w, http.StatusCreated, map[string]any{"request_uri": uri, "expires_in": int(pushLife / time.Second)})
}

// takePushed returns the parameters of a pushed request, once.
func (d *Door) takePushed(ctx context.Context, c *client, uri string) (url.Values, error) {
	gone := newError(guestlist.KindInvalid, "invalid_request_uri", "request_uri is invalid, expired, or was already used")
	if len(uri) > maxRequestURI || strings.ContainsAny(uri, " \n") {
		return nil, gone
	}
	var pushed store.Token
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		var err error
		pushed, err = tx.TakeToken(uri, store.TokenRequest, c.ID)
		return err
	})
	if guestlist.KindOf(err) == guestlist.KindNotFound {
		return nil, gone
	}
	if err != nil {
		return nil, err
	}
	v := url.Values{}
	return v, json.Unmarshal(pushed.Data, &v)
}
