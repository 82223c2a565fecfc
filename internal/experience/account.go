package experience

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// The pages on which people look after their own account. Whose it is says the
// session of the browser and nothing else; the rules are signin's.
const (
	// PathAccount is where they are.
	PathAccount = signin.PathAccount

	pageAccountProfile    = PathAccount + "/profile"
	pageAccountDetails    = PathAccount + "/details"
	pageAccountEmail      = PathAccount + "/email"
	pageAccountPhone      = PathAccount + "/phone"
	pageAccountPassword   = PathAccount + "/password"
	pageAccountIdentities = PathAccount + "/identities"
	pageAccountSessions   = PathAccount + "/sessions"

	pageAccountInvitations = PathAccount + "/invitations"

	pageAccountProof    = PathAccount + "/verify"
	pageAccountSignIn   = PathAccount + "/sign-in"
	pageAccountCallback = PathAccount + "/callback"
	pageAccountSignOut  = PathAccount + "/sign-out"
)

// accountPages are the pages that somebody who signs in or proves who they are
// may be on the way to.
var accountPages = []string{
	PathAccount, pageAccountProfile, pageAccountDetails, pageAccountEmail, pageAccountPhone, pageAccountPassword,
	pageAccountIdentities, pageAccountSessions, pageAccountInvitations,
}

// paramTo names the page that somebody is on the way to.
const paramTo = "to"

// accountPage is a page of one's own account.
type accountPage struct {
	path   string
	proved bool // is shown to whoever proved lately who they are
	get    func(*visit) error
	post   func(*visit) error
}

func accountSteps() []accountPage {
	return []accountPage{
		{PathAccount, false, getAccount, nil},
		{pageAccountProfile, false, getAccountProfile, postAccountProfile},
		{pageAccountDetails, false, getAccountProfile, postAccountProfile},
		{pageAccountEmail, true, getAccountAddress, postAccountAddress},
		{pageAccountEmail + codeStep, false, getAccountCode, postAccountCode},
		{pageAccountPhone, true, getAccountAddress, postAccountAddress},
		{pageAccountPhone + codeStep, false, getAccountCode, postAccountCode},
		{pageAccountPassword, true, getAccountPassword, postAccountPassword},
		{pageAccountIdentities, false, getAccountIdentities, postAccountIdentities},
		{pageAccountSessions, false, getAccountSessions, postAccountSessions},
		{pageAccountInvitations, false, getAccountInvitations, postAccountInvitations},
		{pageAccountProof, false, getAccountProof, postAccountProof},
		{pageAccountProof + codeStep, false, getAccountProofCode, postAccountProofCode},
		{pageAccountSignOut, false, nil, postAccountSignOut},
	}
}

func (d *Door) accountRoutes() []pageRoute {
	routes := []pageRoute{
		{"GET " + pageAccountSignIn, d.accountSignIn},
		{"GET " + pageAccountCallback, d.accountCallback},
	}
	for _, p := range accountSteps() {
		if p.get != nil {
			routes = append(routes, pageRoute{"GET " + p.path, d.ownAccount(p, p.get)})
		}
		if p.post != nil {
			routes = append(routes, pageRoute{"POST " + p.path, d.ownAccount(p, p.post)})
		}
	}
	return routes
}

// ownAccount adapts the handler of a page of one's own account. Who is not
// signed in is led to where that is done, and back.
func (d *Door) ownAccount(p accountPage, h func(*visit) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, err := d.accountVisit(w, r)
		switch {
		case guestlist.CodeOf(err) == "user.suspended":
			http.Redirect(w, r, pageSuspended, http.StatusSeeOther)
			return nil
		case err != nil:
			return err
		case v.acct == nil:
			return v.beginSignIn(p.path, false)
		case p.proved && !v.acct.Proved && !v.managedPage():
			return v.toProof(p.path)
		}
		return h(v)
	}
}

// accountVisit reads a request for a page of one's own account; acct is nil
// where nobody is signed in.
func (d *Door) accountVisit(w http.ResponseWriter, r *http.Request) (*visit, error) {
	v := &visit{d: d, w: w, r: r}
	if err := v.take(); err != nil {
		return nil, err
	}
	return v, v.takeSeat()
}

// takeSeat makes a visit one of the account of whoever is signed in.
func (v *visit) takeSeat() error {
	v.run, v.uid, v.app = nil, "", AccountClient(v.d.Desk.Endpoint)
	var err error
	if v.acct, err = v.d.Desk.Account(v.r.Context(), v.sessionCookie()); err != nil {
		return err
	}
	v.note = v.readNote()
	v.look, err = v.dress()
	return err
}

func (v *visit) sessionCookie() string {
	cookie, _ := v.d.Cookies.Get(v.r, cookieSession)
	return cookie
}

// changeOwn hands a change to the desk, and gives the browser its new cookie, if
// there is one.
func (v *visit) changeOwn(c signin.AccountChange) error {
	_, err := v.changed(c)
	return err
}

// changed is changeOwn for a change that leaves something.
func (v *visit) changed(c signin.AccountChange) (signin.AccountStep, error) {
	step, err := v.d.Desk.ChangeAccount(v.r.Context(), v.sessionCookie(), c, v.caller())
	if err == nil && step.NewCookie != "" {
		age := step.Session.ExpiresAt.Sub(guestlist.TimeOf(v.d.Now()))
		v.d.Cookies.Set(v.w, cookieSession, step.NewCookie, web.CookieOptions{MaxAge: max(age, time.Second)})
	}
	return step, err
}

// own is a page of one's own account, with the way back and the notice that the
// page before left.
func (v *visit) own(p *web.Page) error {
	if p.Alert == nil {
		var err error
		if p.Alert, err = v.notice(); err != nil {
			return err
		}
	}
	return v.show(v.withBack(p))
}

func (v *visit) withBack(p *web.Page) *web.Page {
	if p.Form != nil {
		p.Form.Stays = true
	}
	p.Actions = append(p.Actions, web.Action{Text: v.t("account.back"), Href: v.link(PathAccount)})
	return p
}

// turnedDown answers a form of one's own account that was refused.
func (v *visit) turnedDown(p *web.Page, err error) error {
	switch code := guestlist.CodeOf(err); code {
	case "":
		return err
	case "session.not_found":
		return v.beginSignIn(v.r.URL.Path, false)
	case "user.suspended":
		return v.redirect(http.StatusSeeOther, pageSuspended)
	case guestlist.CodeOf(signin.ErrProofRequired):
		return v.toProof(v.r.URL.Path)
	}
	field, text := v.explain(err)
	var e *guestlist.Error
	if errors.As(err, &e) && e.Code == "session.sso_enabled" {
		field, text = fieldIdentifier, v.d.Manners.Message(v.look.Lang, e)
	}
	if !wrong(p, field, text) {
		p.Alert = &web.Alert{Text: text}
	}
	status := web.Status(err)
	if status < http.StatusBadRequest || status == http.StatusUnauthorized {
		status = http.StatusUnprocessableEntity
	}
	return v.showAs(status, v.withBack(p))
}

// toProof leads to where somebody proves who they are, and then to a page.
func (v *visit) toProof(path string) error {
	return v.redirect(http.StatusSeeOther, v.onTheWay(pageAccountProof, path))
}

// onTheWay is the address of a page from which one goes on to another.
func (v *visit) onTheWay(path, to string) string {
	q := v.keptParams()
	q.Set(paramTo, to)
	return path + "?" + q.Encode()
}

// destination is the page that somebody is on the way to.
func destination(to string) string {
	if slices.Contains(accountPages, to) || to == pageInvitationDone {
		return to
	}
	return PathAccount
}

// done goes on to a page that says so.
func (v *visit) done(path, key string, args ...string) error {
	v.note.Who, v.note.SentAt = guestlist.Identifier{}, 0
	return v.tell(path, key, false, args)
}
