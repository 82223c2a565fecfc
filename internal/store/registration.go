package store

import (
	"guestlist"
)

// hashConfirm is the purpose under which tokens are hashed that confirm the
// address of a request.
const hashConfirm = "registration-request.confirm"

const requestColumns = `id, kind, status, email, name, locale, application_id, score, referrer_id, referrals, referral_code,
	invitation_id, decided_by, reason, created_at, confirmed_at, decided_at`

// The queries of this file whose plans are looked at in tests.
const (
	requestByToken = "SELECT " + requestColumns + ` FROM registration_requests
		WHERE confirm_hash = $1 AND confirm_hash IS NOT NULL AND confirm_until > $2`
	countReferral = `UPDATE registration_requests SET score = score + $2, referrals = referrals + 1
		WHERE id = (SELECT referrer_id FROM registration_requests WHERE id = $1) AND status = 'requested'
			AND person_key <> (SELECT person_key FROM registration_requests WHERE id = $1)
			AND NOT EXISTS (SELECT 1 FROM registration_requests a JOIN registration_requests b ON a.person_key = b.person_key
				WHERE b.id = $1 AND a.id <> $1 AND a.confirmed_at IS NOT NULL)`
	requestsOf         = "registration_requests WHERE status = $1"
	requestsInOrder    = "SELECT " + requestColumns + " FROM " + requestsOf + " ORDER BY score DESC, confirmed_at, id"
	requestsByReferrer = "registration_requests WHERE referrer_id = $1 AND referrer_id <> ''"
	firstBroughtFirst  = "created_at, id"
	requestsHigher     = "registration_requests WHERE status = 'requested' AND score > $1"
	requestsEarlier    = "registration_requests WHERE status = 'requested' AND score = $1 AND confirmed_at < $2"
)

func scanRequest(sc scanner) (guestlist.RegistrationRequest, error) {
	r := guestlist.RegistrationRequest{TenantID: guestlist.TenantID}
	err := sc.Scan(&r.ID, &r.Kind, &r.Status, &r.Email, &r.Name, &r.Locale, &r.ApplicationID, &r.Score, &r.ReferrerID, &r.Referrals,
		&r.ReferralCode, &r.InvitationID, &r.DecidedBy, &r.Reason, &r.CreatedAt, &r.ConfirmedAt, &r.DecidedAt)
	return r, err
}

// InsertRequest writes an unconfirmed request, unless there is one of that
// address, and returns the one that is there then. Either is one statement that
// writes a row and its entries in indexes, so that the time does not tell who
// asked before.
func (tx *Tx) InsertRequest(r guestlist.RegistrationRequest, personKey string) (guestlist.RegistrationRequest, error) {
	return one(tx, scanRequest, `INSERT INTO registration_requests (id, kind, status, email, email_key, person_key, name, locale, application_id,
			score, referrer_id, referrals, referral_code, confirm_until, invitation_id, decided_by, reason, created_at, forget_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, 0, $11, 0, '', '', '', $12, $13)
		ON CONFLICT (email_key) DO UPDATE SET email_key = excluded.email_key, person_key = registration_requests.person_key,
			score = registration_requests.score, referral_code = registration_requests.referral_code
		RETURNING `+requestColumns,
		r.ID, r.Kind, guestlist.RequestUnconfirmed, r.Email, guestlist.EmailKey(r.Email), personKey, r.Name, r.Locale, r.ApplicationID,
		r.ReferrerID, r.ReferralCode, r.CreatedAt, r.CreatedAt.Add(guestlist.KeepUnconfirmed))
}

// RequestByEmail returns the request of an address; ErrNotFound if there is none.
func (tx *Tx) RequestByEmail(email string) (guestlist.RegistrationRequest, error) {
	return one(tx, scanRequest, "SELECT "+requestColumns+" FROM registration_requests WHERE email_key = $1", guestlist.EmailKey(email))
}

// Request returns a request; ErrNotFound if there is none.
func (tx *Tx) Request(id guestlist.RequestID) (guestlist.RegistrationRequest, error) {
	return one(tx, scanRequest, "SELECT "+requestColumns+" FROM registration_requests WHERE id = $1", id)
}

// RequestByReferral finds a request by the code of its own link; ErrNotFound if
// there is none.
func (tx *Tx) RequestByReferral(code string) (guestlist.RegistrationRequest, error) {
	return one(tx, scanRequest, "SELECT "+requestColumns+" FROM registration_requests WHERE referral_code = $1", code)
}

// SetRequestToken keeps the token of a mail to a request as a keyed hash; those
// of earlier mails are worthless from then on. What the mail asks to confirm is
// what came with it: as long as nobody confirmed anything, that replaces what
// others said of the address before. If nothing is mailed, nothing changes, at the
// same price.
func (tx *Tx) SetRequestToken(r guestlist.RegistrationRequest, token string, until guestlist.Time, mailed bool) error {
	return changed(tx.exec(`UPDATE registration_requests SET
			confirm_hash = CASE WHEN $4 THEN $2 ELSE confirm_hash END,
			confirm_until = CASE WHEN $4 THEN $3 ELSE confirm_until END,
			kind = CASE WHEN $4 AND status = 'unconfirmed' THEN $5 ELSE kind END,
			name = CASE WHEN $4 AND status = 'unconfirmed' THEN $6 ELSE name END,
			locale = CASE WHEN $4 AND status = 'unconfirmed' THEN $7 ELSE locale END,
			application_id = CASE WHEN $4 AND status = 'unconfirmed' THEN $8 ELSE application_id END,
			referrer_id = CASE WHEN $4 AND status = 'unconfirmed' THEN $9 ELSE referrer_id END,
			forget_at = CASE WHEN $4 AND status = 'unconfirmed' THEN $10 ELSE forget_at END
		WHERE id = $1`, r.ID, tx.s.key.Hash(hashConfirm, token), until, mailed, r.Kind, r.Name, r.Locale, r.ApplicationID, r.ReferrerID,
		tx.Now.Add(guestlist.KeepUnconfirmed)))
}

// RequestByToken finds a request by the token of its mail while that is good;
// ErrNotFound if there is none.
func (tx *Tx) RequestByToken(token string) (guestlist.RegistrationRequest, error) {
	return one(tx, scanRequest, requestByToken, tx.s.key.Hash(hashConfirm, token), tx.Now)
}

// ConfirmRequest puts an unconfirmed request on the list, and reports whether
// this call was the one that did.
func (tx *Tx) ConfirmRequest(id guestlist.RequestID) (bool, error) {
	n, err := tx.exec("UPDATE registration_requests SET status = $2, confirmed_at = $3, forget_at = NULL WHERE id = $1 AND status = $4",
		id, guestlist.RequestRequested, tx.Now, guestlist.RequestUnconfirmed)
	if n == 1 {
		tx.tally(tallyRequests, 1)
	}
	return n == 1, err
}

// tallyRequests counts those that wait for a decision.
const tallyRequests = "registration_requests"

// RequestsWaiting returns how many wait for a decision, in time that does not
// grow with them.
func (tx *Tx) RequestsWaiting() (int, error) { return tx.count(tallyRequests) }

// hashReferral is the purpose under which people are hashed who were brought.
const hashReferral = "registration-request.referral"

// CreditReferral raises the score of who brought a request, unless somebody with
// the same mailbox, by person, was counted before, or it is their own. That
// somebody was counted is remembered as a hash as long as who brought them is on
// the list: leaving and coming back counts for nothing, nor does coming twice at
// once.
func (tx *Tx) CreditReferral(r guestlist.RegistrationRequest, personKey string, points int) (bool, error) {
	first, err := tx.exec(`INSERT INTO registration_referrals (person_hash, referrer_id) SELECT $1, id FROM registration_requests WHERE id = $2
		ON CONFLICT (person_hash) DO NOTHING`, tx.s.key.Hash(hashReferral, personKey), r.ReferrerID)
	if err != nil || first == 0 {
		return false, err
	}
	n, err := tx.exec(countReferral, r.ID, points)
	return n == 1, err
}

// DecideRequest approves or rejects a request that waits for it, and reports
// whether this call was the one that did.
func (tx *Tx) DecideRequest(r guestlist.RegistrationRequest) (bool, error) {
	n, err := tx.exec(`UPDATE registration_requests SET status = $2, invitation_id = $3, decided_by = $4, reason = $5, decided_at = $6
		WHERE id = $1 AND status = 'requested'`, r.ID, r.Status, r.InvitationID, r.DecidedBy, r.Reason, tx.Now)
	if n == 1 {
		tx.tally(tallyRequests, -1)
	}
	return n == 1, err
}

// SetRequestScore sets by hand where a request ranks.
func (tx *Tx) SetRequestScore(id guestlist.RequestID, score int) error {
	return changed(tx.exec("UPDATE registration_requests SET score = $2 WHERE id = $1", id, score))
}

// DeleteRequest forgets a request; ErrNotFound if there is none.
func (tx *Tx) DeleteRequest(id guestlist.RequestID) error {
	r, err := tx.Request(id)
	if err != nil {
		return err
	}
	n, err := tx.exec("DELETE FROM registration_requests WHERE id = $1 AND status = $2", id, r.Status)
	if n == 1 && r.Status == guestlist.RequestRequested {
		tx.tally(tallyRequests, -1)
	}
	return changed(n, err)
}

// Requests lists the requests of a state in the order of the list: the highest
// score first, then who confirmed first. total counts no further than most+1 if
// most > 0.
func (tx *Tx) Requests(status guestlist.RequestStatus, p Page, most int) ([]guestlist.RegistrationRequest, int, error) {
	limit, more := p.sql(2)
	list, err := collect(tx, scanRequest, requestsInOrder+limit,
		with([]any{status}, more...)...)
	if err != nil {
		return nil, 0, err
	}
	if status == guestlist.RequestRequested {
		total, err := tx.RequestsWaiting()
		return list, total, err
	}
	total, err := tx.countRows(requestsOf, []any{status}, limitOf(most, 0))
	return list, total, err
}

// RequestsByReferrer lists whom a request brought, confirmed or not.
func (tx *Tx) RequestsByReferrer(id guestlist.RequestID, p Page) ([]guestlist.RegistrationRequest, int, error) {
	return page(tx, scanRequest, requestColumns, requestsByReferrer, firstBroughtFirst, []any{id}, p)
}

// PlaceOf returns the place of a request that waits, 1 for the first, and no
// more than most+1.
func (tx *Tx) PlaceOf(r guestlist.RegistrationRequest, most int) (int, error) {
	var confirmed guestlist.Time
	if r.ConfirmedAt != nil {
		confirmed = *r.ConfirmedAt
	}
	higher, err := tx.countRows(requestsHigher, []any{r.Score}, most)
	if err != nil || higher == most {
		return higher + 1, err
	}
	before, err := tx.countRows(requestsEarlier, []any{r.Score, confirmed}, most-higher)
	return higher + before + 1, err
}

// settingWaitlist names the settings of the waitlist.
const settingWaitlist = "waitlist"

// WaitlistSettings returns what the waitlist gives and how it ranks.
func (tx *Tx) WaitlistSettings() (guestlist.WaitlistSettings, error) {
	s := guestlist.DefaultWaitlistSettings()
	return s, tx.SettingJSON(settingWaitlist, &s)
}

// PutWaitlistSettings changes them.
func (tx *Tx) PutWaitlistSettings(s guestlist.WaitlistSettings) error {
	return tx.PutSettingJSON(settingWaitlist, s)
}
