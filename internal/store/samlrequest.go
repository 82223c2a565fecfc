package store

import (
	"errors"

	"guestlist"
)

// The purposes of the secrets in this file.
const (
	hashRelay     = "saml.relay"
	hashHandle    = "saml.handle"
	hashAssertion = "saml.assertion"
	sealSAML      = "saml.request"
)

// ErrReplayed says that the answer of a SAML provider came a second time.
var ErrReplayed error = guestlist.Refuse(guestlist.KindInvalid, "session.verification_failed").
	Because(errors.New("the answer of the SAML provider was used already"))

// SAMLRequest is an attempt at a SAML provider that waits for its answer. Relay
// is a secret of the browser and the provider. Pending and Identity are JSON of
// the rooms above, sealed at rest.
type SAMLRequest struct {
	Relay         string // known to who inserts it alone
	InteractionID guestlist.InteractionID
	RecordID      string
	Way           guestlist.Way
	ConnectorID   guestlist.ConnectorID
	Pending       []byte
	ExpiresAt     guestlist.Time
}

// InsertSAMLRequest remembers an attempt.
func (tx *Tx) InsertSAMLRequest(r SAMLRequest) error {
	return tx.run(`INSERT INTO saml_requests (id, interaction_id, record_id, way, connector_id, pending, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, tx.s.key.Hash(hashRelay, r.Relay), r.InteractionID, r.RecordID, string(r.Way),
		r.ConnectorID, tx.s.key.SealString(sealSAML, string(r.Pending)), r.ExpiresAt)
}

// SAMLRequest returns the attempt of a RelayState that has no answer yet;
// ErrNotFound if there is none, or its time is up.
func (tx *Tx) SAMLRequest(relay string) (SAMLRequest, error) {
	r := SAMLRequest{Relay: relay}
	var sealed string
	if err := tx.row(`SELECT interaction_id, record_id, way, connector_id, pending, expires_at FROM saml_requests
		WHERE id = $1 AND handle IS NULL AND expires_at > $2`, []any{tx.s.key.Hash(hashRelay, relay), tx.Now},
		&r.InteractionID, &r.RecordID, &r.Way, &r.ConnectorID, &sealed, &r.ExpiresAt); err != nil {
		return r, err
	}
	pending, err := tx.s.key.OpenString(sealSAML, sealed)
	r.Pending = []byte(pending)
	return r, err
}

// AnswerSAMLRequest leaves the verified answer to an attempt for whoever shows
// the handle. Of several answers one is kept; the others, and an assertion that
// was accepted before at the same connector, are ErrReplayed. The assertion is
// remembered until it would be refused anyway.
func (tx *Tx) AnswerSAMLRequest(r SAMLRequest, handle string, identity []byte, assertion string, until guestlist.Time) error {
	n, err := tx.exec(`UPDATE saml_requests SET handle = $2, identity = $3
		WHERE id = $1 AND handle IS NULL AND expires_at > $4`,
		tx.s.key.Hash(hashRelay, r.Relay), tx.s.key.Hash(hashHandle, handle), tx.s.key.SealString(sealSAML, string(identity)), tx.Now)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrReplayed
	}
	n, err = tx.exec("INSERT INTO saml_assertions (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
		tx.s.key.Hash(hashAssertion, string(r.ConnectorID)+"|"+assertion), max(until, r.ExpiresAt))
	if err == nil && n == 0 {
		err = ErrReplayed
	}
	return err
}

const answerOfHandle = " FROM saml_requests WHERE handle = $1 AND interaction_id = $2 AND record_id = $3 AND expires_at > $4"

// TakeSAMLAnswer hands out the answer of a handle, once, and to the interaction
// alone whose attempt it was; ErrNotFound in every other case, which changes
// nothing.
func (tx *Tx) TakeSAMLAnswer(handle string, interaction guestlist.InteractionID, record string) ([]byte, error) {
	var sealed string
	args := []any{tx.s.key.Hash(hashHandle, handle), interaction, record, tx.Now}
	if err := tx.row("SELECT identity"+answerOfHandle, args, &sealed); err != nil {
		return nil, err
	}
	if err := changed(tx.exec("DELETE"+answerOfHandle, args...)); err != nil {
		return nil, err
	}
	identity, err := tx.s.key.OpenString(sealSAML, sealed)
	return []byte(identity), err
}
