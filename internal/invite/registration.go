package invite

import (
	"errors"
	"strings"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// The refusals of requests.
var (
	// ErrRequestDecided says that somebody decided on a request before.
	ErrRequestDecided = guestlist.Refuse(guestlist.KindUnprocessable, "registration_request.already_decided")
	// ErrNoSuchRequest says that a request is not there, or its link no longer good.
	ErrNoSuchRequest = guestlist.Refuse(guestlist.KindNotFound, "registration_request.not_found")
)

// PersonKey folds an address so far that all that one mailbox can call itself
// are the same: what follows a plus sign in the name is dropped, and so are dots
// where they mean nothing. It counts people, and never says whose an address is.
func PersonKey(email string) string {
	key := guestlist.EmailKey(email)
	at := strings.LastIndexByte(key, '@')
	if at < 0 {
		return key
	}
	name, _, _ := strings.Cut(key[:at], "+")
	domain := key[at+1:]
	if ascii, ok := ASCIIDomain(domain); ok {
		domain = ascii
	}
	if one, ok := dotless[domain]; ok {
		name, domain = strings.ReplaceAll(name, ".", ""), one
	}
	return name + "@" + domain
}

// dotless are the domains whose mailboxes take their mail with dots anywhere in
// the name, by the one that they are all the same as.
var dotless = map[string]string{"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}

// Asking is somebody who asks to come in.
type Asking struct {
	Kind          guestlist.RequestKind
	Email         string
	Name          string
	Locale        string
	ApplicationID guestlist.ApplicationID
	Referral      string // the code of who brought them, or ""
}

// Check brings an address into the form in which it is kept, and refuses what an
// approval could not make an invitation of: invitation.invalid_recipient, and
// .invalid_text for a name. A language that is none is forgotten.
func (a *Asking) Check() error {
	email, err := CheckEmail(a.Email)
	if err != nil {
		return err
	}
	if !CheckText(a.Name, guestlist.MaxNameLength, false) {
		return errText.WithArgs(map[string]any{"max": guestlist.MaxNameLength})
	}
	if a.Email = email; checkLocale(a.Locale) != nil {
		a.Locale = ""
	}
	return nil
}

// Ask writes a request down, unconfirmed, or finds the one that is there for the
// address: with what is said now, if nobody confirmed it yet. mayMail says whether a mail about it is of use: not once it was
// decided, and not to somebody who is in already.
func Ask(tx *store.Tx, a Asking) (r guestlist.RegistrationRequest, mayMail bool, err error) {
	r = guestlist.RegistrationRequest{
		TenantID: guestlist.TenantID, ID: guestlist.RequestID(crypt.OrderedID(tx.Now)), Kind: a.Kind, Status: guestlist.RequestUnconfirmed,
		Email: a.Email, Name: a.Name, Locale: a.Locale, ApplicationID: a.ApplicationID,
		ReferralCode: crypt.ID()[:guestlist.ReferralCodeLength], CreatedAt: tx.Now,
	}
	if a.Referral != "" {
		referrer, err := tx.RequestByReferral(a.Referral)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return r, false, err
		}
		r.ReferrerID = referrer.ID
	}
	known, err := tx.IsTaken(guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: a.Email})
	if err != nil {
		return r, false, err
	}
	now, err := tx.InsertRequest(r, PersonKey(a.Email))
	if err != nil {
		return r, false, err
	}
	if now.Status == guestlist.RequestUnconfirmed {
		now.Kind, now.Name, now.Locale, now.ApplicationID, now.ReferrerID = r.Kind, r.Name, r.Locale, r.ApplicationID, r.ReferrerID
	}
	r = now
	open := r.Status == guestlist.RequestUnconfirmed || r.Status == guestlist.RequestRequested
	return r, open && !known, nil
}

// Confirm puts a request on the list whose address its mail's token proves, and
// credits who brought it. A second time changes nothing.
func Confirm(tx *store.Tx, token string) (guestlist.RegistrationRequest, error) {
	r, err := tx.RequestByToken(token)
	if errors.Is(err, store.ErrNotFound) {
		return r, ErrNoSuchRequest
	}
	if err != nil {
		return r, err
	}
	confirmed, err := tx.ConfirmRequest(r.ID)
	if err != nil || !confirmed {
		return r, err
	}
	if r.ReferrerID != "" {
		settings, err := tx.WaitlistSettings()
		if err != nil {
			return r, err
		}
		if _, err := tx.CreditReferral(r, PersonKey(r.Email), settings.ReferralPoints); err != nil {
			return r, err
		}
	}
	if r, err = tx.Request(r.ID); err != nil {
		return r, err
	}
	if err := tx.Log(guestlist.LogEntry{
		Key: "RegistrationRequest.Confirm", ApplicationID: r.ApplicationID, Extra: map[string]any{"requestId": r.ID},
	}); err != nil {
		return r, err
	}
	return r, EmitRequest(tx, guestlist.EventRequestCreated, r)
}

// Withdraw forgets the request of who no longer waits, by the token of its mail,
// with the address. One that was decided stays: it answers who was let in.
func Withdraw(tx *store.Tx, token string) error {
	r, err := tx.RequestByToken(token)
	if errors.Is(err, store.ErrNotFound) || err == nil && r.Status != guestlist.RequestUnconfirmed && r.Status != guestlist.RequestRequested {
		return ErrNoSuchRequest
	}
	if err != nil {
		return err
	}
	if err := tx.DeleteRequest(r.ID); errors.Is(err, store.ErrNotFound) {
		return ErrNoSuchRequest // decided meanwhile
	} else if err != nil {
		return err
	}
	return tx.Log(guestlist.LogEntry{
		Key: "RegistrationRequest.Withdraw", ApplicationID: r.ApplicationID, Extra: map[string]any{"requestId": r.ID},
	})
}

// EmitRequest emits an event about a request, if anybody listens.
func EmitRequest(tx *store.Tx, key string, r guestlist.RegistrationRequest) error {
	wanted, err := tx.IsWanted(key)
	if err != nil || !wanted {
		return err
	}
	e, err := guestlist.RequestEvent(key, r, tx.Now)
	if err != nil {
		return err
	}
	return tx.Emit(e)
}
