package oidc

import (
	"net/http"
	"net/url"

	"guestlist"
	"guestlist/internal/web"
)

// introspect serves the introspection endpoint (RFC 7662 §2).
func (d *Door) introspect(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(w, r)
	if err != nil {
		return err
	}
	c, err := d.authenticate(w, r, form)
	if err != nil {
		return err
	}
	asked, err := required(form, "token")
	if err != nil {
		return err
	}
	in, err := d.Mint.Introspect(r.Context(), c.Application, asked)
	if err != nil {
		return err
	}
	noStore(w)
	return web.WriteJSON(w, http.StatusOK, in)
}

// revoke serves the revocation endpoint (RFC 7009 §2).
func (d *Door) revoke(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(w, r)
	if err != nil {
		return err
	}
	c, err := d.authenticate(w, r, form)
	var user guestlist.UserID
	if err == nil {
		user, err = d.revokeAsked(r, c, form)
	}
	if logged := d.logRevocation(r, form, c, user, err); err == nil {
		err = logged
	}
	if err != nil {
		return err
	}
	noStore(w)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	return nil
}

// revokeAsked revokes the token of a form and reports whose it was.
func (d *Door) revokeAsked(r *http.Request, c caller, form url.Values) (guestlist.UserID, error) {
	asked, err := required(form, "token")
	if err != nil {
		return "", err
	}
	return d.Mint.Revoke(r.Context(), c.Application, asked)
}
