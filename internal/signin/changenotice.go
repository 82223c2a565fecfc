package signin

import (
	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// PathAccount is where people look after their own account, on this server.
const PathAccount = "/account"

// Change is what was done to an account, for the notice that its owner gets.
type Change struct {
	Before   guestlist.User
	After    guestlist.User
	Password bool // has a new password
	IP       string
	Locale   string // of whoever did it, if that is the owner
}

// TellOwner leaves notices of what was changed of an account, at the e-mail
// address that it had before: whoever took an account over must not be the only
// one who hears of it. Nobody is told of an account that nobody used yet, nor
// where no e-mail can be sent. endpoint is the server's.
func TellOwner(tx *store.Tx, endpoint string, c Change) error {
	kinds := c.kinds()
	if len(kinds) == 0 || c.Before.PrimaryEmail == nil || *c.Before.PrimaryEmail == "" || c.Before.LastSignInAt == nil {
		return nil
	}
	if sends, err := tx.CanSend(guestlist.ChannelEmail); err != nil || !sends {
		return err
	}
	locale := c.Locale
	if locale == "" {
		locale = c.Before.Profile.Locale
	}
	for _, kind := range kinds {
		if err := tx.QueueMessage(guestlist.Message{
			ID: crypt.ID(), Channel: guestlist.ChannelEmail, To: *c.Before.PrimaryEmail, Type: kind, Locale: locale,
			Payload: map[string]any{"link": endpoint + PathAccount}, IP: c.IP, UserID: c.Before.ID,
		}); err != nil {
			return err
		}
	}
	return nil
}

func (c Change) kinds() (kinds []guestlist.TemplateType) {
	if addressOf(guestlist.IdentifierEmail, c.Before.PrimaryEmail) != addressOf(guestlist.IdentifierEmail, c.After.PrimaryEmail) {
		kinds = append(kinds, guestlist.TemplateEmailChanged)
	}
	if before := addressOf(guestlist.IdentifierPhone, c.Before.PrimaryPhone); before != "" && before != addressOf(guestlist.IdentifierPhone, c.After.PrimaryPhone) {
		kinds = append(kinds, guestlist.TemplatePhoneChanged)
	}
	if c.Password {
		kinds = append(kinds, guestlist.TemplatePasswordChanged)
	}
	return kinds
}

// addressOf is an address in the form in which two are compared.
func addressOf(t guestlist.IdentifierType, value *string) string {
	if value == nil {
		return ""
	}
	return guestlist.Identifier{Type: t, Value: *value}.Key()
}

// tellOwner is TellOwner for a change in a browser. Languages are those of
// whoever sits there.
func (r *run) tellOwner(tx *store.Tx, before, after guestlist.User, password bool) error {
	c := Change{Before: before, After: after, Password: password, IP: r.from.IP}
	if len(r.from.Languages) > 0 {
		c.Locale = r.from.Languages[0]
	}
	return TellOwner(tx, r.d.Endpoint, c)
}
