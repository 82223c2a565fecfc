package oidc

import (
	"net/http"
	"net/url"
	"time"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// The cookies of this door (wire: cookies and interaction chain).
const (
	// cookieSession is the browser's sign-in.
	cookieSession = "_session"
	// cookieInteraction holds the browser's interactions by application:
	// percent-encoded JSON, see signin.PickUID.
	cookieInteraction = "_interaction"
	// cookieResume lets this browser, and no other, continue an interaction.
	cookieResume = "_interaction_resume"
	// cookieUI tells the scripts of hosted pages for which application they are.
	cookieUI = "_logto"
	// cookieInvitation carries the code of an invitation from the page of its
	// link, which package experience serves, to the next authorization request.
	cookieInvitation = "_invitation"
)

const interactionLife = signin.InteractionTTL * time.Second

// setInteraction gives a browser a new interaction: beside those that it has
// for other applications, and as the latest one.
func (d *Door) setInteraction(w http.ResponseWriter, r *http.Request, request guestlist.AuthRequest, uid string) {
	d.Cookies.Set(w, cookieUI, uiState(request), web.CookieOptions{Script: true})
	options := web.CookieOptions{MaxAge: interactionLife}
	if !d.Cookies.Set(w, cookieInteraction, url.QueryEscape(signin.AddUID(d.interactions(r), request.ClientID, uid)), options) {
		// Too many to remember: the others are dropped rather than this one.
		d.Cookies.Set(w, cookieInteraction, url.QueryEscape(signin.AddUID("", request.ClientID, uid)), options)
	}
	d.Cookies.Set(w, cookieResume, uid, web.CookieOptions{Path: resumePath(uid), MaxAge: interactionLife})
}

// interactions returns the browser's interactions, "" if it has none or they
// were altered.
func (d *Door) interactions(r *http.Request) string {
	value, ok := d.Cookies.Get(r, cookieInteraction)
	if !ok {
		return ""
	}
	plain, err := url.QueryUnescape(value)
	if err != nil {
		return ""
	}
	return plain
}

// setSession signs a browser in for as long as its session lives.
func (d *Door) setSession(w http.ResponseWriter, cookie string, s guestlist.Session) {
	d.Cookies.Set(w, cookieSession, cookie, web.CookieOptions{MaxAge: s.ExpiresAt.Sub(d.Store.Now())})
}

// resumePath is where an interaction continues; the path of its cookie as well.
func resumePath(uid string) string { return pathAuthorize + "/" + uid }
