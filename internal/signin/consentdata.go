package signin

import (
	"context"

	"guestlist"
	"guestlist/internal/store"
)

var errAccessDenied = guestlist.Refuse(guestlist.KindForbidden, "oidc.access_denied")

// ConsentData returns what an interaction waits for consent to, and from whom,
// for pages that are not ours. It changes nothing: unlike Consent it neither
// grants anything nor looks at a one-time token. Errors: session.not_found
// without a session or an interaction that waits for consent, user.suspended,
// and oidc.access_denied for an application that is not open to the user.
func (d *Desk) ConsentData(ctx context.Context, uid, cookie string) (ConsentPage, error) {
	var page ConsentPage
	err := d.Store.View(ctx, func(tx *store.Tx) error {
		i, err := d.load(tx, uid)
		if err != nil {
			return err
		}
		if i.Done != nil {
			return errNoSession
		}
		c := consent{d: d, i: i}
		if err := c.enter(tx, cookie); err != nil {
			return err
		}
		app, err := c.application(tx)
		if err != nil {
			return err
		}
		if admitted, err := tx.MayUse(app, c.user.ID); err != nil {
			return err
		} else if !admitted {
			return errAccessDenied
		}
		grant, _, err := c.grant(tx)
		if err != nil {
			return err
		}
		asked, err := c.missing(tx, app, grant)
		if err == nil {
			page = *asked
		}
		return err
	})
	return page, err
}
