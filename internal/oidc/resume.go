package oidc

import (
	"cmp"
	"errors"
	"net/http"

	"guestlist"
	"guestlist/internal/signin"
)

// resume continues an authorization request after its interaction: the browser
// that began it comes back, its session is made or replaced, and the request
// goes on to consent or to its code. Where the session was another user's it is
// replaced at once.
func (d *Door) resume(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodHead { // see authorize
		return d.unknown(w, r)
	}
	uid := r.PathValue("uid")
	// The cookies bind the interaction to the browser that began it: without them
	// somebody could be signed in by a link as somebody else. The first is the
	// contract's; the second is the one that no sibling domain can plant.
	if bound, ok := d.Cookies.GetOpen(r, cookieResume); !ok || bound != uid || !signin.HasUID(d.interactions(r), uid) {
		return d.lost(nil)
	}
	current, _ := d.Cookies.Get(r, cookieSession)
	resumed, err := d.Desk.Resume(r.Context(), uid, current, d.from(r))
	switch {
	case errors.Is(err, signin.ErrUnfinished):
		return d.restart(w, r, resumed, current)
	case guestlist.CodeOf(err) == codeSuspended:
		seeOther(w, suspendedScreen)
		return nil
	case err != nil:
		return d.lost(err)
	}
	d.Cookies.Clear(w, cookieResume, resumePath(uid))
	if resumed.NewCookie != "" {
		d.setSession(w, resumed.NewCookie, resumed.Session)
	}
	if resumed.InvitationID != "" || resumed.NewCookie != "" {
		// It was accepted, or somebody signed in: the interaction knows whether by it,
		// and nobody who signs in later is to find it there.
		d.Cookies.Clear(w, cookieInvitation, "")
	}
	p, err := d.restored(r, resumed.Request, resumed.OneTimeToken)
	if err != nil {
		return d.told(err, nil)
	}
	if resumed.Denied {
		return newError(guestlist.KindInvalid, "access_denied", "End-User aborted interaction").To(p.target)
	}
	p.session, p.cookie, p.consented = &resumed.Session, cmp.Or(resumed.NewCookie, current), resumed.GrantID
	p.request.LoginDone = true // an interaction ends with a sign-in, or began after it
	return d.advance(w, r, p)
}

// restart leads somebody who came back too early to where they were: what the
// request asked for is as open as before.
func (d *Door) restart(w http.ResponseWriter, r *http.Request, resumed signin.Resumed, cookie string) error {
	p, err := d.restored(r, resumed.Request, resumed.OneTimeToken)
	if err != nil {
		return d.told(err, nil)
	}
	p.cookie = cookie
	if p.session, err = d.Desk.Session(r.Context(), cookie); err != nil {
		return asError(err).To(p.target)
	}
	return d.advance(w, r, p)
}

// restored takes a request up again that was kept in an interaction. Client and
// redirect URI are matched anew: they may have changed since.
func (d *Door) restored(r *http.Request, request guestlist.AuthRequest, oneTimeToken string) (progress, error) {
	c, err := d.client(r.Context(), string(request.ClientID))
	if err != nil {
		return progress{}, err
	}
	if _, _, err := redirectURI(c, request.RedirectURI); err != nil {
		return progress{}, err
	}
	request.OneTimeToken = oneTimeToken
	code, _ := d.Cookies.Get(r, cookieInvitation)
	return progress{carried: code != "" && code == oneTimeToken, authorization: authorization{client: c, request: request, target: Target{
		URI: request.RedirectURI, Mode: request.ResponseMode, State: request.State, HasState: request.HasState,
	}}}, nil
}

// lost answers who cannot be led back to an application: it is not known which
// one, or not to be believed.
func (d *Door) lost(err error) error {
	if err != nil && guestlist.CodeOf(err) != codeNoSession {
		return err
	}
	e := invalidRequest("authorization request has expired")
	e.Code, e.Issuer = codeNoSession, d.issuer()
	return e
}

// The contract's codes for an interaction that is gone, and for a user who may
// not come in.
const (
	codeNoSession = "session.not_found"
	codeSuspended = "user.suspended"
)

// maxUserAgent is how much of a User-Agent is kept, in bytes.
const maxUserAgent = 512

// from says who sent a request.
func (d *Door) from(r *http.Request) signin.Caller {
	return signin.Caller{IP: d.ip(r), UserAgent: r.UserAgent()[:min(len(r.UserAgent()), maxUserAgent)]}
}
