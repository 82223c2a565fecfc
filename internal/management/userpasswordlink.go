package management

import (
	"net/url"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/invite"
	"guestlist/internal/store"
)

// passwordLinkTTL is how long a link to set a password is good unless another
// time is given: it waits in a mailbox until its owner comes round to it.
const passwordLinkTTL = 3 * 24 * time.Hour

// passwordLinkPage is where a link leads that names no page of the product's
// own: to the pages of one's own account.
const passwordLinkPage = "/account/sign-in"

// passwordLink is what became of an order for a link.
type passwordLink struct {
	Sent      bool           `json:"sent"` // by e-mail, through the connector that is set up
	Email     string         `json:"email"`
	ExpiresAt guestlist.Time `json:"expiresAt"`
	// Link is the link itself, where nothing could be sent. It is shown once.
	Link string `json:"link,omitempty"`
}

// issuePasswordLink makes a one-time token with which a user sets a password,
// and mails it as a link. Without an e-mail connector, or where sending is not
// wanted, the link is the answer.
func (a *API) issuePasswordLink(c *call, in struct {
	ID   guestlist.UserID `path:"userId"`
	Body struct {
		ExpiresIn *int  `json:"expiresIn,omitempty" check:"min=1,max=@period"` // seconds
		Send      *bool `json:"send,omitempty"`
		// Page is a page of the product's own that begins a sign-in with the
		// parameters that the link adds to it.
		Page string `json:"page,omitempty" check:"format=url,max=2048"`
	}
},
) (passwordLink, error) {
	var shown passwordLink
	can, err := a.mayMail(c)
	if err != nil {
		return shown, err
	}
	shown.Sent = can && (in.Body.Send == nil || *in.Body.Send)
	err = a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		u, err := tx.User(in.ID)
		if err != nil {
			return err
		}
		if u.PrimaryEmail == nil || *u.PrimaryEmail == "" {
			return guestlist.Refuse(guestlist.KindUnprocessable, "user.no_email")
		}
		order := invite.Order{
			Email: *u.PrimaryEmail, TTL: passwordLinkTTL,
			Context: guestlist.OneTimeTokenContext{InteractionEvent: guestlist.EventForgotPassword},
		}
		if in.Body.ExpiresIn != nil {
			order.TTL = time.Duration(*in.Body.ExpiresIn) * time.Second
		}
		t, err := invite.Issue(tx, order)
		if err != nil {
			return err
		}
		shown.Email, shown.ExpiresAt = t.Email, t.ExpiresAt
		link, err := a.linkOf(in.Body.Page, t)
		if err != nil {
			return err
		}
		if !shown.Sent {
			shown.Link = link
			return nil
		}
		return tx.QueueMessage(guestlist.Message{
			ID: crypt.ID(), Channel: guestlist.ChannelEmail, To: t.Email, Type: guestlist.TemplateForgotPassword,
			Locale: u.Profile.Locale, Payload: map[string]any{"link": link}, ExpiresAt: t.ExpiresAt, UserID: u.ID,
		})
	})
	return shown, err
}

// mayMail reports whether e-mail can be sent.
func (a *API) mayMail(c *call) (bool, error) {
	if a.Desk.HasConnector == nil {
		return false, nil
	}
	return a.Desk.HasConnector(c.ctx(), guestlist.ChannelEmail)
}

// linkOf is the address at which a one-time token is shown.
func (a *API) linkOf(page string, t guestlist.OneTimeToken) (string, error) {
	if page == "" {
		page = a.Endpoint + passwordLinkPage
	}
	u, err := url.Parse(page)
	if err != nil {
		return "", err
	}
	q := u.Query()
	q.Set("one_time_token", t.Token)
	q.Set("login_hint", t.Email)
	u.RawQuery = q.Encode()
	return u.String(), nil
}
