package store

import (
	"errors"

	"guestlist"
)

// Suppression is an e-mail address that no more mail is sent to, and why. Its
// JSON is the wire format of /api/suppressions.
type Suppression struct {
	Address   string         `json:"address"` // folded by guestlist.EmailKey
	Reason    MessageStatus  `json:"reason"`  // bounced or complained
	Detail    string         `json:"detail"`  // the carrier's words
	MessageID string         `json:"messageId"`
	CreatedAt guestlist.Time `json:"createdAt"`
}

const suppressionColumns = `address, reason, detail, message_id, created_at`

func scanSuppression(sc scanner) (Suppression, error) {
	var s Suppression
	err := sc.Scan(&s.Address, &s.Reason, &s.Detail, &s.MessageID, &s.CreatedAt)
	return s, err
}

// suppress writes down an address; one that is there already stays as it is.
func (tx *Tx) suppress(s Suppression) error {
	return tx.run("INSERT INTO suppressions ("+suppressionColumns+") VALUES ("+placeholders(1, 5)+`)
		ON CONFLICT (address) DO NOTHING`,
		s.Address, string(s.Reason), storable(s.Detail, maxMessageError), s.MessageID, s.CreatedAt)
}

// Suppressed returns the suppression of an address, nil if mail may be sent to
// it.
func (tx *Tx) Suppressed(address string) (*Suppression, error) {
	s, err := one(tx, scanSuppression, "SELECT "+suppressionColumns+" FROM suppressions WHERE address = $1", guestlist.EmailKey(address))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return &s, err
}

// Suppressions lists suppressed addresses, the newest first, and counts them.
func (tx *Tx) Suppressions(p Page) ([]Suppression, int, error) {
	return page(tx, scanSuppression, suppressionColumns, "suppressions", "created_at DESC, address", nil, p)
}

// DeleteSuppression lets mail to an address be sent again; ErrNotFound if it
// was not suppressed.
func (tx *Tx) DeleteSuppression(address string) error {
	return changed(tx.exec("DELETE FROM suppressions WHERE address = $1", guestlist.EmailKey(address)))
}
