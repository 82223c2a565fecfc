package signin

import (
	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// What Finish does with outside identities.

// stillOffered refuses to finish by a provider that was taken away, or
// switched off, since the guest was there.
func (r *run) stillOffered() error {
	if v := r.i.Via; v != nil {
		if err := r.dir.mayUse(r.exp, v.Way, v.Link.ConnectorID); err != nil {
			return errMethodNotEnabled.Because(err)
		}
	}
	for way, l := range map[guestlist.Way]*Link{guestlist.WaySocial: r.i.Profile.Social, guestlist.WaySSO: r.i.Profile.SSO} {
		if l == nil {
			continue
		}
		if err := r.dir.mayUse(r.exp, way, l.ConnectorID); err != nil {
			return errMethodNotEnabled.Because(err)
		}
	}
	return nil
}

// viaStands refuses to finish by an identity that was taken from the user since
// it identified them, as by an administrator.
func (r *run) viaStands(tx *store.Tx) error {
	v := r.i.Via
	if v == nil || r.i.New || v.staged(r.i.Profile) {
		return nil
	}
	if u, _, err := owner(tx, v.Way, &v.Link); err != nil || u.ID != r.i.UserID {
		return withError(err, errVerificationFailed)
	}
	return nil
}

// staged reports whether the identity is yet to be given to the account.
func (v *Via) staged(p Profile) bool {
	l := p.Social
	if v.Way == guestlist.WaySSO {
		l = p.SSO
	}
	return l != nil && l.Issuer == v.Link.Issuer && l.Subject == v.Link.Subject
}

// writeLinks gives the account its staged identities, and back the one by which
// the guest came in if the first proof of an address took it. It is the last
// word on whose they are: one of somebody else moves nowhere.
func (r *run) writeLinks(tx *store.Tx, u *guestlist.User) error {
	links := r.i.Profile
	if v := r.i.Via; v != nil && !v.staged(links) {
		links.setLink(v.Way, &v.Link)
	}
	if err := writeLink(tx, u, guestlist.WaySocial, links.Social); err != nil {
		return err
	}
	return writeLink(tx, u, guestlist.WaySSO, links.SSO)
}

func writeLink(tx *store.Tx, u *guestlist.User, way guestlist.Way, l *Link) error {
	if l == nil {
		return nil
	}
	holder, _, err := owner(tx, way, l)
	owned := holder.ID != ""
	switch {
	case err != nil:
		return err
	case owned && holder.ID != u.ID:
		return errIdentityInUse
	case owned && way == guestlist.WaySocial:
		return tx.PinIdentity(u.ID, l.Target, l.Issuer, l.Subject)
	case owned:
		return nil
	case way == guestlist.WaySSO:
		return tx.LinkSSOIdentity(guestlist.SSOIdentity{
			ID: crypt.ID(), UserID: u.ID, SSOConnectorID: string(l.ConnectorID), Issuer: l.Issuer, IdentityID: l.Subject, Detail: l.Details,
		})
	}
	if _, has := u.Identities[l.Target]; has {
		return errHasOtherIdentity
	}
	identity := guestlist.Identity{UserID: l.Subject, Details: l.Details}
	u.Identities[l.Target] = identity
	return tx.LinkIdentity(u.ID, l.Target, l.Issuer, identity)
}
