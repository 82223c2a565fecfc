package signin

import (
	"context"
	"errors"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// People look after their own account on pages of the house, known by the
// session of their browser. What they do there are changes: a closed set, as
// the actions of an interaction are, with one dispatcher. A change acts in one
// transaction, with its line in the audit log and the event for hooks.
//
// A browser that was left open must not be enough to take an account over, so
// whatever decides who gets in (password, addresses, identities) asks for a
// proof that is no older than ProofTTL: having signed in, the password, or a
// code to an address that was proved before.

// ProofTTL is how long it counts that somebody proved who they are.
const ProofTTL = 10 * time.Minute

// ErrProofRequired says that the person has to prove anew who they are.
var ErrProofRequired = guestlist.Refuse(guestlist.KindForbidden, "user.proof_required")

// Account is who is signed in in a browser, as their own pages show them.
type Account struct {
	Session    guestlist.Session
	User       guestlist.User
	Enterprise []guestlist.SSOIdentity
	Proved     bool // within ProofTTL
	// Managed says that the address signs in at its organization, which alone
	// changes it.
	Managed bool
	// Codes are the kinds of addresses to which a code may be sent as a proof.
	Codes []guestlist.IdentifierType
}

// Account returns who is signed in by a session cookie, or nil when nobody is.
// Its refusal is user.suspended.
func (d *Desk) Account(ctx context.Context, cookie string) (*Account, error) {
	r := &accountRun{run: run{ctx: ctx, d: d}}
	var err error
	if r.dir, err = d.directory(ctx); err != nil {
		return nil, err
	}
	a := &Account{}
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		if err := r.enter(tx, cookie, tx.User); err != nil {
			return err
		}
		a.Enterprise, err = tx.SSOIdentitiesOfUser(r.user.ID)
		return err
	})
	if guestlist.CodeOf(err) == guestlist.CodeOf(errNoSession) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	a.Session, a.User, a.Proved, a.Managed = r.session, r.user, r.proved, r.managed()
	for _, t := range []guestlist.IdentifierType{guestlist.IdentifierEmail, guestlist.IdentifierPhone} {
		_, channel, _ := codeType(t)
		if _, ok := r.provedAddress(t); !ok {
			continue
		}
		switch err := d.needsConnector(ctx, channel); {
		case err == nil:
			a.Codes = append(a.Codes, t)
		case guestlist.KindOf(err) == guestlist.KindInternal:
			return nil, err
		}
	}
	return a, nil
}

// AccountChange is one thing that people do to their own account.
type AccountChange interface {
	// prepare does what is slow or leaves the process. It may refuse.
	prepare(r *accountRun) error
	// apply changes the database. An error undoes all of it; a refusal that must
	// be remembered goes through run.refuse.
	apply(tx *store.Tx, r *accountRun) error
	// logKey names the change in the audit log.
	logKey() string
}

// AccountStep is what a change leaves for the page.
type AccountStep struct {
	Session guestlist.Session
	// NewCookie is the value of the session cookie to set; empty when the browser
	// keeps the one it has.
	NewCookie string
	// Avatar is the address of the picture that UploadOwnAvatar kept.
	Avatar string
}

// accountRun is one change on its way. Its interaction has no row: it says for
// whom messages are, and keeps codes apart from those of others.
type accountRun struct {
	run
	session guestlist.Session
	user    guestlist.User
	proved  bool
	wrote   bool // data of the user, which hooks are told
	out     AccountStep
}

// ChangeAccount lets somebody change their own account. Errors:
// session.not_found when nobody is signed in by the cookie, user.suspended,
// ErrProofRequired, and those of the changes.
func (d *Desk) ChangeAccount(ctx context.Context, cookie string, c AccountChange, from Caller) (AccountStep, error) {
	for race := 1; ; race++ {
		step, err := d.changeOnce(ctx, cookie, c, from)
		if !errors.Is(err, store.ErrStale) || race == maxRaces {
			return step, err
		}
	}
}

func (d *Desk) changeOnce(ctx context.Context, cookie string, c AccountChange, from Caller) (AccountStep, error) {
	r := &accountRun{run: run{ctx: ctx, d: d, from: from}}
	var err error
	if r.dir, err = d.directory(ctx); err != nil {
		return AccountStep{}, err
	}
	if err := d.Store.View(ctx, func(tx *store.Tx) error { return r.enter(tx, cookie, tx.User) }); err != nil {
		return AccountStep{}, err
	}
	err = c.prepare(r)
	if err == nil {
		err = d.Store.Update(ctx, func(tx *store.Tx) error { return r.change(tx, cookie, c) })
	}
	if err == nil {
		err = r.verdict
	}
	if err != nil {
		d.logRefused(ctx, r.line(c), err)
		return AccountStep{}, err
	}
	return r.out, nil
}

// enter finds out whose account it is.
func (r *accountRun) enter(tx *store.Tx, cookie string, read func(guestlist.UserID) (guestlist.User, error)) error {
	session, err := sessionOf(tx, cookie)
	if err != nil || session == nil {
		return withError(err, errNoSession)
	}
	r.session = *session
	switch r.user, err = read(session.UserID); {
	case errors.Is(err, store.ErrNotFound):
		return errNoSession
	case err != nil:
		return err
	case r.user.IsSuspended:
		return errSuspended
	}
	if r.exp, err = tx.SignInExperience(); err != nil {
		return err
	}
	r.now, r.wrote, r.verdict, r.out = tx.Now, false, nil, AccountStep{Session: r.session}
	r.i = &Interaction{
		ID: guestlist.InteractionID("account|" + r.session.ID), UserID: r.user.ID,
		Request: guestlist.AuthRequest{ClientID: guestlist.AccountApplication},
	}
	r.proved, err = provedLately(tx, r.session)
	return err
}

// change runs inside the transaction, maybe more than once. The user is locked,
// and then the session looked at once more: whoever ended it in the meantime
// had the last word.
func (r *accountRun) change(tx *store.Tx, cookie string, c AccountChange) error {
	if err := r.enter(tx, cookie, tx.UserForUpdate); err != nil {
		return err
	}
	if again, err := sessionOf(tx, cookie); err != nil || again == nil {
		return withError(err, errNoSession)
	}
	before := r.user
	if err := c.apply(tx, r); err != nil || r.verdict != nil {
		return err
	}
	_, password := c.(ChangePassword)
	if err := r.tellOwner(tx, before, r.user, password); err != nil {
		return err
	}
	if r.wrote {
		if err := r.tell(tx); err != nil {
			return err
		}
	}
	return tx.Log(r.line(c))
}

// line is the line of the audit log for a change.
func (r *accountRun) line(c AccountChange) guestlist.LogEntry {
	return guestlist.LogEntry{
		Key: c.logKey(), UserID: r.user.ID, ApplicationID: guestlist.AccountApplication, IP: r.from.IP, UserAgent: r.from.UserAgent,
		Extra: map[string]any{"sessionId": r.session.ID},
	}
}

// write writes what a change made of the user.
func (r *accountRun) write(tx *store.Tx) error {
	if err := r.user.Refusal(); err != nil {
		return err
	}
	r.wrote = true
	return tx.UpdateUser(r.user)
}

// tell tells hooks that the user's data changed.
func (r *accountRun) tell(tx *store.Tx) error {
	r.user.UpdatedAt = tx.Now
	m := map[string]any{
		"event": guestlist.EventUserDataUpdated, "createdAt": tx.Now.ISO(), "data": r.user.Info(),
	}
	if r.from.UserAgent != "" {
		m["userAgent"] = r.from.UserAgent
	}
	if r.from.IP != "" {
		m["ip"] = r.from.IP
	}
	return emit(tx, guestlist.EventUserDataUpdated, m)
}

// managed reports whether the address of the user signs in at its organization.
func (r *accountRun) managed() bool {
	return r.user.PrimaryEmail != nil && r.ssoOnly(*r.user.PrimaryEmail) != nil
}
