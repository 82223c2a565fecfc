package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
	"guestlist/internal/token"
)

const (
	pathConfirmEnd = pathEndSession + "/confirm"
	pathEnded      = pathEndSession + "/success"

	// purposeLogout seals what the sign-out form carries.
	purposeLogout = "oidc.logout"
	logoutLife    = time.Hour // in which the form may be submitted
)

// logout is what somebody asked for who wants to sign out. It travels sealed in
// the form, bound to the session it was made for, and so is the form's proof
// that it was ours.
type logout struct {
	SessionID guestlist.SessionID     `json:"sessionId,omitempty"`
	ClientID  guestlist.ApplicationID `json:"clientId,omitempty"`
	URI       string                  `json:"uri,omitempty"`
	State     string                  `json:"state,omitempty"`
	ExpiresAt guestlist.Time          `json:"expiresAt"`
}

// endSession is RP-initiated logout (OpenID Connect RP-Initiated Logout §2): a
// page whose form ends the session. Scripts submit it at once, as Logto's SDKs
// expect; without scripts there is a button. GET itself ends nothing.
func (d *Door) endSession(w http.ResponseWriter, r *http.Request) error {
	v, err := readAuthorize(w, r)
	if err != nil {
		return err
	}
	for _, name := range sortedNames(v) {
		if err := single(v, name); err != nil {
			return err
		}
	}
	cookie, _ := d.Cookies.Get(r, cookieSession)
	session, err := d.Desk.Session(r.Context(), cookie)
	if err != nil {
		return err
	}
	ask, err := d.judgeLogout(r.Context(), v, session)
	if err != nil {
		return err
	}
	ask.ExpiresAt = d.Store.Now().Add(logoutLife)
	form := autoForm{Status: http.StatusOK, Title: "Submitting Callback", Action: d.Endpoint + pathConfirmEnd}
	if session != nil {
		ask.SessionID = session.ID
		form.Title, form.ID = "Sign Out", "op.logoutForm"
	}
	text, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	form.Hidden = [][2]string{{"xsrf", d.Store.Key().SealString(purposeLogout, string(text))}, {"logout", "yes"}}
	return d.autoPage(w, r, form)
}

// judgeLogout validates the parameters of a logout request.
func (d *Door) judgeLogout(ctx context.Context, v url.Values, session *guestlist.Session) (logout, error) {
	ask := logout{State: one(v, "state")}
	id := one(v, "client_id")
	if hint := one(v, "id_token_hint"); hint != "" {
		if !token.IsJWT(hint) {
			return ask, invalidRequest("could not decode id_token_hint")
		}
		claims, err := d.Mint.Verify(ctx, token.SortID, hint)
		switch {
		case err != nil && guestlist.KindOf(err) == guestlist.KindInternal:
			return ask, err
		case err != nil:
			return ask, invalidRequest("could not validate id_token_hint")
		case id != "" && id != claims.Audience:
			return ask, invalidRequest("client_id does not match the provided id_token_hint")
		case session != nil && guestlist.UserID(claims.Subject) != session.UserID:
			// Somebody else than the application believes is signed in here.
			return ask, invalidRequest("id_token_hint and authenticated subject do not match")
		}
		id = claims.Audience
	}
	if id == "" { // nobody to ask whether the address is right: it is ignored
		return ask, nil
	}
	c, err := d.client(ctx, id)
	if err != nil {
		return ask, err
	}
	ask.ClientID = c.ID
	if uri := one(v, "post_logout_redirect_uri"); uri != "" {
		if !c.AllowsPostLogout(uri) {
			return ask, invalidRequest("post_logout_redirect_uri not registered")
		}
		ask.URI = uri
	}
	return ask, nil
}

// confirmEnd ends the session, if the user wants that, or else leaves just the
// application that asked.
func (d *Door) confirmEnd(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(w, r)
	if err != nil {
		return err
	}
	forged := invalidRequest("xsrf token invalid")
	text, err := d.Store.Key().OpenString(purposeLogout, form.Get("xsrf"))
	if err != nil {
		return forged
	}
	var ask logout
	if err := json.Unmarshal([]byte(text), &ask); err != nil || ask.ExpiresAt <= d.Store.Now() {
		return forged
	}
	cookie, _ := d.Cookies.Get(r, cookieSession)
	session, err := d.Desk.Session(r.Context(), cookie)
	if err != nil {
		return err
	}
	// A form of another session proves nothing about this one.
	if session != nil && session.ID != ask.SessionID {
		return forged
	}
	if form.Get("logout") == "yes" {
		if session != nil {
			if _, err := d.Desk.EndSession(r.Context(), session.ID); err != nil {
				return err
			}
		}
		d.Cookies.Clear(w, cookieSession, "/")
	} else if session != nil {
		if err := d.leave(r.Context(), session.ID, ask.ClientID); err != nil {
			return err
		}
	}
	seeOther(w, d.afterLogout(ask))
	return nil
}

// leave signs a session out of one application.
func (d *Door) leave(ctx context.Context, id guestlist.SessionID, app guestlist.ApplicationID) error {
	return d.Store.Update(ctx, func(tx *store.Tx) error {
		s, err := tx.Session(id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, c := range s.Clients {
			if c.ApplicationID == app {
				return signin.LeaveApplication(tx, s, c)
			}
		}
		return nil
	})
}

// afterLogout is where the browser goes then (RP-Initiated Logout §3).
func (d *Door) afterLogout(ask logout) string {
	if ask.URI == "" {
		return d.Endpoint + pathEnded
	}
	location := normalized(ask.URI)
	if ask.State == "" {
		return location
	}
	u, err := url.Parse(location)
	if err != nil {
		return location
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += encode([][2]string{{"state", ask.State}})
	return u.String()
}

// ended says that it is done.
func (d *Door) ended(w http.ResponseWriter, r *http.Request) error {
	return d.donePage(w, r)
}
