package store

import (
	"errors"

	"guestlist"
)

// The purposes of the secrets in this file.
const (
	hashCode      = "code"
	hashRecipient = "code.recipient"
)

// Code is a verification code that was sent to somebody. Scope keeps codes
// apart that must not serve for each other: the id of an interaction, or
// "management".
type Code struct {
	ID        string // of its verification record
	Scope     string
	Template  guestlist.TemplateType
	Recipient guestlist.Identifier
	// Code is the code itself; the row keeps a keyed hash of it. Empty makes a
	// row that nothing matches, for messages that are not sent.
	Code      string
	ExpiresAt guestlist.Time
}

// PutCode writes a code and forgets the others of its scope and recipient, so
// that sending again replaces.
func (tx *Tx) PutCode(c Code) error {
	recipient := tx.recipientHash(c.Recipient)
	if err := tx.run("DELETE FROM verification_codes WHERE scope = $1 AND recipient = $2", c.Scope, recipient); err != nil {
		return err
	}
	return tx.run(`INSERT INTO verification_codes (id, scope, template, recipient, hash, tries, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, 0, $6, $7)`,
		c.ID, c.Scope, c.Template, recipient, tx.s.key.Hash(hashCode, c.ID+c.Code), tx.Now, c.ExpiresAt)
}

// CodeOf returns the id of the code that waits for a recipient in a scope;
// ErrNotFound if none does.
func (tx *Tx) CodeOf(scope string, recipient guestlist.Identifier) (string, error) {
	var id string
	err := tx.row("SELECT id FROM verification_codes WHERE scope = $1 AND recipient = $2 AND used_at IS NULL",
		[]any{scope, tx.recipientHash(recipient)}, &id)
	return id, err
}

// The verdicts of TryCode.
var (
	ErrCodeNotFound    = guestlist.Refuse(guestlist.KindInvalid, "verification_code.not_found")
	ErrCodeExpired     = guestlist.Refuse(guestlist.KindInvalid, "verification_code.expired")
	ErrCodeMaxTries    = guestlist.Refuse(guestlist.KindInvalid, "verification_code.exceed_max_try")
	ErrCodeMismatch    = guestlist.Refuse(guestlist.KindInvalid, "verification_code.code_mismatch")
	errWrongRecipients = map[guestlist.IdentifierType]error{
		guestlist.IdentifierEmail: guestlist.Refuse(guestlist.KindInvalid, "verification_code.email_mismatch"),
		guestlist.IdentifierPhone: guestlist.Refuse(guestlist.KindInvalid, "verification_code.phone_mismatch"),
	}
)

// TryCode spends one of maxTries on a code, and if it is the right one uses it
// up: each in one conditional statement, so that no number of parallel tries
// gets more, and one of them wins. A verdict is a *guestlist.Error; the caller
// must commit, or the try was free.
func (tx *Tx) TryCode(id, scope string, recipient guestlist.Identifier, code string, maxTries int) error {
	var hash, to string
	err := tx.row(`UPDATE verification_codes SET tries = tries + 1
		WHERE id = $1 AND scope = $2 AND used_at IS NULL AND expires_at > $3 AND tries < $4 RETURNING hash, recipient`,
		[]any{id, scope, tx.Now, maxTries}, &hash, &to)
	switch {
	case errors.Is(err, ErrNotFound):
		return tx.explainCode(id, scope)
	case err != nil:
		return err
	case to != tx.recipientHash(recipient):
		return errWrongRecipients[recipient.Type]
	case hash != tx.s.key.Hash(hashCode, id+code): // keyed hashes: the time of comparing says nothing of the code
		return ErrCodeMismatch
	}
	return changed(tx.exec("UPDATE verification_codes SET used_at = $2 WHERE id = $1 AND used_at IS NULL", id, tx.Now))
}

// explainCode says why no try was left.
func (tx *Tx) explainCode(id, scope string) error {
	var used *guestlist.Time
	var expires guestlist.Time
	err := tx.row("SELECT used_at, expires_at FROM verification_codes WHERE id = $1 AND scope = $2",
		[]any{id, scope}, &used, &expires)
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && used != nil:
		return ErrCodeNotFound
	case err != nil:
		return err
	case expires <= tx.Now:
		return ErrCodeExpired
	}
	return ErrCodeMaxTries
}

func (tx *Tx) recipientHash(id guestlist.Identifier) string {
	value := id.Value
	if id.Type == guestlist.IdentifierEmail {
		value = guestlist.EmailKey(value)
	}
	return tx.s.key.Hash(hashRecipient, string(id.Type)+":"+value)
}
