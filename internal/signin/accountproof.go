package signin

import (
	"errors"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// ProvePassword proves who somebody is by the password that they have. Failures
// count as those of signing in do.
type ProvePassword struct{ Password string }

// SendProof sends a code to an address of one's own that was proved before.
type SendProof struct{ Type guestlist.IdentifierType }

// ProveCode proves who somebody is by the code that SendProof sent.
type ProveCode struct {
	Type guestlist.IdentifierType
	Code string
}

// The scopes of codes: what was sent to prove who somebody is binds no new
// address, and the other way round.
const (
	scopeProof   = "account-proof|"
	scopeAddress = "account-address|"
)

// counterProved marks the sessions whose holder proved lately who they are.
const counterProved = "proved|"

// provedLately reports whether the holder of a session proved within ProofTTL
// who they are. Having signed in is such a proof.
func provedLately(tx *store.Tx, s guestlist.Session) (bool, error) {
	if s.SignedInAt.Add(ProofTTL) > tx.Now {
		return true, nil
	}
	l, err := tx.Limit(counterProved + string(s.ID))
	return l.Hits > 0, err
}

// markProved begins the time in which a proof counts.
func (r *accountRun) markProved(tx *store.Tx) error {
	name := counterProved + string(r.session.ID)
	if err := tx.ClearLimit(name); err != nil {
		return err
	}
	_, err := tx.Hit(name, tx.Now.Add(ProofTTL))
	return err
}

func (r *accountRun) needsProof() error {
	if !r.proved {
		return ErrProofRequired
	}
	return nil
}

// known is the name by which the failures of somebody who is signed in are
// counted: that by which they sign in first of all.
func (r *accountRun) known() guestlist.Identifier {
	for _, id := range []struct {
		t     guestlist.IdentifierType
		value *string
	}{
		{guestlist.IdentifierEmail, r.user.PrimaryEmail},
		{guestlist.IdentifierPhone, r.user.PrimaryPhone},
		{guestlist.IdentifierUsername, r.user.Username},
	} {
		if id.value != nil && *id.value != "" {
			return guestlist.Identifier{Type: id.t, Value: *id.value}
		}
	}
	return guestlist.Identifier{Type: guestlist.IdentifierUserID, Value: string(r.user.ID)}
}

// provedAddress is the user's address of a type, if it was ever proved: a code
// to one that somebody else wrote there proves nothing of its user.
func (r *accountRun) provedAddress(t guestlist.IdentifierType) (guestlist.Identifier, bool) {
	value, at := r.user.PrimaryEmail, r.user.EmailVerifiedAt
	if t == guestlist.IdentifierPhone {
		value, at = r.user.PrimaryPhone, r.user.PhoneVerifiedAt
	}
	if _, _, ok := codeType(t); !ok || value == nil || *value == "" || at == nil {
		return guestlist.Identifier{}, false
	}
	return guestlist.Identifier{Type: t, Value: *value}, true
}

func (ProvePassword) logKey() string { return "Account.Verification.Password.Submit" }

func (a ProvePassword) prepare(r *accountRun) error {
	if a.Password == "" {
		return errInvalidInput
	}
	if err := r.d.Store.View(r.ctx, func(tx *store.Tx) error {
		if err := newSentinel(r.exp, r.known(), r.from).blocked(tx); err != nil {
			return err
		}
		var err error
		r.slow.against, err = tx.Password(r.user.ID)
		return err
	}); err != nil {
		return err
	}
	return r.compare(a.Password)
}

func (a ProvePassword) apply(tx *store.Tx, r *accountRun) error {
	watch := newSentinel(r.exp, r.known(), r.from)
	if refused, err := watch.attempt(tx); err != nil {
		return err
	} else if refused != nil {
		return r.refuse(refused)
	}
	if !r.slow.matches {
		answer, err := watch.failed(tx, &r.run, errInvalidCredentials)
		if err != nil {
			return err
		}
		return r.refuse(answer)
	}
	if err := r.stillMatches(tx, r.user.ID); err != nil {
		return err
	}
	if err := watch.succeeded(tx); err != nil {
		return err
	}
	return r.markProved(tx)
}

func (a SendProof) logKey() string { return codeLogKey(a.Type, "Create") }

func codeLogKey(t guestlist.IdentifierType, verb string) string {
	record, _, _ := codeType(t)
	return "Account.Verification." + string(record) + "." + verb
}

func (a SendProof) prepare(r *accountRun) error {
	_, channel, _ := codeType(a.Type)
	if _, ok := r.provedAddress(a.Type); !ok {
		return errInvalidInput
	}
	return r.d.needsConnector(r.ctx, channel)
}

func (a SendProof) apply(tx *store.Tx, r *accountRun) error {
	to, ok := r.provedAddress(a.Type)
	if !ok {
		return errInvalidInput
	}
	return r.sendCode(tx, scopeProof, to, guestlist.TemplateUserPermissionValidation)
}

// sendCode sends a code that serves for one thing in this session alone.
func (r *accountRun) sendCode(tx *store.Tx, scope string, to guestlist.Identifier, template guestlist.TemplateType) error {
	if refused, err := limitMessages(tx, &r.run, to); err != nil {
		return err
	} else if refused != nil {
		return r.refuse(refused)
	}
	recordType, _, _ := codeType(to.Type)
	r.i.ID = guestlist.InteractionID(scope + string(r.session.ID))
	return r.deliverCode(tx, Record{ID: crypt.ID(), Type: recordType, Identifier: to, Template: template}, true)
}

// tryCode spends a try on a code, and reports whether it was the right one; if
// not the verdict is remembered.
func (r *accountRun) tryCode(tx *store.Tx, scope string, to guestlist.Identifier, code string) (bool, error) {
	watch := newSentinel(r.exp, to, r.from)
	if refused, err := watch.attempt(tx); err != nil || refused != nil {
		r.verdict = refused
		return false, err
	}
	scope += string(r.session.ID)
	id, err := tx.CodeOf(scope, to)
	if errors.Is(err, store.ErrNotFound) {
		err = store.ErrCodeNotFound
	} else if err == nil {
		err = tx.TryCode(id, scope, to, code, codeTries(r.exp))
	}
	var verdict *guestlist.Error
	if errors.As(err, &verdict) && guestlist.KindOf(err) != guestlist.KindInternal {
		r.verdict, err = watch.failed(tx, &r.run, verdict)
		return false, err
	}
	if err != nil {
		return false, err
	}
	return true, watch.succeeded(tx)
}

func (a ProveCode) logKey() string { return codeLogKey(a.Type, "Submit") }

func (a ProveCode) prepare(r *accountRun) error {
	if _, ok := r.provedAddress(a.Type); !ok || a.Code == "" {
		return errInvalidInput
	}
	return nil
}

func (a ProveCode) apply(tx *store.Tx, r *accountRun) error {
	to, ok := r.provedAddress(a.Type)
	if !ok {
		return errInvalidInput
	}
	if right, err := r.tryCode(tx, scopeProof, to, a.Code); err != nil || !right {
		return err
	}
	return r.markProved(tx)
}
