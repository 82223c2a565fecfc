package signin

import (
	"encoding/json"
	"errors"

	"guestlist"
	"guestlist/internal/store"
)

// SetIdentity stages a social identity that was proved in this interaction for
// the account: that of a user who was identified in another way, or a new one.
type SetIdentity struct{ VerificationID string }

// Link is an outside identity that the interaction will give to the account.
// Its owner is who holds (Issuer, Subject), whatever else is told of them.
type Link struct {
	ConnectorID guestlist.ConnectorID `json:"connectorId"`
	Target      string                `json:"target,omitempty"` // of a social one
	Issuer      string                `json:"issuer"`
	Subject     string                `json:"subject"`
	Details     json.RawMessage       `json:"details"` // what the provider tells, in the wire's words
}

var (
	errIdentityNotExist    = guestlist.Refuse(guestlist.KindNotFound, "user.identity_not_exist")
	errSSOIdentityNotExist = guestlist.Refuse(guestlist.KindNotFound, "user.sso_identity_not_exist")
	errIdentityInUse       = guestlist.Refuse(guestlist.KindUnprocessable, "user.identity_already_in_use")
	errHasOtherIdentity    = guestlist.Refuse(guestlist.KindUnprocessable, "user.social_account_exists_in_profile")
)

// Via is the outside identity by which a guest was identified.
type Via struct {
	Way  guestlist.Way `json:"way"`
	Link Link          `json:"link"`
}

// via is the Via of a record, nil for one of no outside provider.
func (r *run) via(record Record) (*Via, error) {
	if record.Outside == nil {
		return nil, nil
	}
	l, err := r.link(record)
	if err != nil {
		return nil, err
	}
	return &Via{Way: record.way(), Link: *l}, nil
}

// link makes the Link of a verified record.
func (r *run) link(record Record) (*Link, error) {
	id := record.Outside.Identity
	details, err := marshal(userInfo(record.way(), *id))
	if err != nil {
		return nil, err
	}
	l := &Link{ConnectorID: record.Outside.ConnectorID, Issuer: id.Issuer, Subject: id.Subject, Details: details}
	if record.Type == RecordSocial {
		l.Target = r.dir.social[l.ConnectorID].target()
	}
	return l, nil
}

// userInfo is what the wire shows of an outside person: an address only where
// the provider asserts it.
func userInfo(way guestlist.Way, id guestlist.OutsideIdentity) map[string]any {
	m := map[string]any{"id": id.Subject}
	add := func(key, value string, when bool) {
		if when && value != "" {
			m[key] = value
		}
	}
	add("email", id.Email, id.EmailVerified)
	add("phone", id.Phone, id.PhoneVerified)
	add("name", id.Name, true)
	add("avatar", id.Avatar, true)
	if way == guestlist.WaySocial {
		m["rawData"] = id.Raw
	}
	return m
}

// owner returns who has an outside identity, if anybody, and the enterprise
// connector that it was linked through.
func owner(tx *store.Tx, way guestlist.Way, l *Link) (u guestlist.User, through guestlist.ConnectorID, err error) {
	if way == guestlist.WaySSO {
		u, through, err = tx.UserBySSOIdentity(l.Issuer, l.Subject)
	} else {
		u, err = tx.UserByIdentity(l.Target, l.Issuer, l.Subject)
	}
	if errors.Is(err, store.ErrNotFound) {
		return guestlist.User{}, "", nil
	}
	return u, through, err
}

// speaksFor refuses an enterprise identity that was linked through another
// connector, unless both verify the issuer at the issuer's own address, as
// OpenID Connect does (Discovery §4.3). What a SAML provider calls itself is in
// a document that its administrators write: one employer's could take the name
// of another's.
func (r *run) speaksFor(l *Link, through guestlist.ConnectorID) error {
	if through == "" || through == l.ConnectorID || r.isOIDC(l.ConnectorID) && r.isOIDC(through) {
		return nil
	}
	return errSSOIdentityNotExist.Because(errors.New("the identity was linked through another connector, which this one does not speak for"))
}

func (r *run) isOIDC(id guestlist.ConnectorID) bool {
	if r.d.SSOKind == nil {
		return false
	}
	kind, ok := r.d.SSOKind(r.dir.sso[id].ProviderName)
	return ok && kind.ProviderType == providerOIDC
}

// providerOIDC is the providerType of enterprise connectors that speak OpenID
// Connect.
const providerOIDC = "oidc"

// related returns the user who has an address that the provider proves: by
// phone first, as on the wire.
func (r *run) related(tx *store.Tx, v voucher) (u guestlist.User, by guestlist.Identifier, ok bool, err error) {
	for _, id := range []guestlist.Identifier{
		{Type: guestlist.IdentifierPhone, Value: v.phone}, {Type: guestlist.IdentifierEmail, Value: v.email},
	} {
		if id.Value == "" {
			continue
		}
		u, err = tx.UserByIdentifier(id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		return u, id, err == nil, err
	}
	return u, by, false, nil
}

// identifyOutside says who the guest of a verified outside record is: whoever
// has the identity; or else, when the guest wants it so (an employer's identity
// does so by itself), whoever has an address that the provider proves. Who is
// related only because somebody claims so is not told.
func (r *run) identifyOutside(tx *store.Tx, record Record, join bool) (guestlist.User, Profile, error) {
	l, err := r.link(record)
	if err != nil {
		return guestlist.User{}, Profile{}, err
	}
	u, through, err := owner(tx, record.way(), l)
	if err != nil {
		return u, Profile{}, err
	}
	if u.ID != "" {
		return u, r.synced(record, u), r.speaksFor(l, through)
	}
	v := r.dir.vouch(record.way(), *record.Outside)
	u, by, ok, err := r.related(tx, v)
	switch {
	case err != nil:
		return u, Profile{}, err
	case record.Type == RecordSSO && !ok:
		return u, Profile{}, errSSOIdentityNotExist.Because(v.why)
	case record.Type == RecordSocial && join && !ok:
		return u, Profile{}, errIdentityNotExist.Because(v.why)
	case record.Type == RecordSocial && !join:
		data := map[string]any{}
		if ok {
			data["relatedUser"] = map[string]any{"type": by.Type, "value": by.Value}
		}
		return u, Profile{}, errIdentityNotExist.With(data).Because(v.why)
	}
	if err := r.mayJoin(tx, record, u); err != nil {
		return u, Profile{}, err
	}
	staged := r.synced(record, u)
	staged.setLink(record.way(), l)
	return u, staged, nil
}

// mayJoin refuses to give a user a second identity of the same provider: who
// has the address of a former colleague today is not that colleague.
func (r *run) mayJoin(tx *store.Tx, record Record, u guestlist.User) error {
	if record.Type == RecordSocial {
		had, has := u.Identities[r.dir.social[record.Outside.ConnectorID].target()]
		if has && had.UserID != record.Outside.Identity.Subject {
			return errHasOtherIdentity
		}
		return nil
	}
	list, err := tx.SSOIdentitiesOfUser(u.ID)
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.SSOConnectorID == string(record.Outside.ConnectorID) {
			return errIdentityConflict.Because(errors.New("the user with this address has another identity at the same connector"))
		}
	}
	return nil
}

// setLink stages a link of a way.
func (p *Profile) setLink(way guestlist.Way, l *Link) {
	if way == guestlist.WaySSO {
		p.SSO = l
	} else {
		p.Social = l
	}
}

// synced returns the name and avatar that a connector keeps up to date, where
// they are not what the user has.
func (r *run) synced(record Record, u guestlist.User) Profile {
	var p Profile
	if !r.dir.syncs(record.way(), record.Outside.ConnectorID) {
		return p
	}
	id := record.Outside.Identity
	if id.Name != "" && (u.Name == nil || *u.Name != id.Name) {
		p.Name = id.Name
	}
	if id.Avatar != "" && (u.Avatar == nil || *u.Avatar != id.Avatar) {
		p.Avatar = id.Avatar
	}
	return p
}

// takeOutside adds to the profile of a new account what a verified outside
// record gives it: the identity, a name and a picture; of addresses those alone
// that the provider proves. An address of somebody else is left out if it is a
// social provider's, as on the wire; an employer's stays in and is refused by
// who asks whether the profile is free.
func (r *run) takeOutside(tx *store.Tx, p *Profile, record Record) error {
	if !record.Verified {
		return errVerificationFailed
	}
	if err := r.dir.mayUse(r.exp, record.way(), record.Outside.ConnectorID); err != nil {
		return err
	}
	id, v := record.Outside.Identity, r.dir.vouch(record.way(), *record.Outside)
	if record.Type == RecordSocial && id.EmailVerified {
		if err := r.ssoOnly(id.Email); err != nil {
			return err
		}
	}
	l, err := r.link(record)
	if err != nil {
		return err
	}
	p.setLink(record.way(), l)
	p.Name, p.Avatar = withDefault(p.Name, id.Name), withDefault(p.Avatar, id.Avatar)
	for _, give := range []struct {
		to *string
		id guestlist.Identifier
	}{
		{&p.Email, guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: v.email}},
		{&p.Phone, guestlist.Identifier{Type: guestlist.IdentifierPhone, Value: v.phone}},
	} {
		if *give.to != "" || give.id.Value == "" {
			continue
		}
		taken, err := tx.IsTaken(give.id)
		if err != nil {
			return err
		}
		if !taken || record.Type == RecordSSO {
			*give.to = give.id.Value
		}
	}
	return nil
}

func (SetIdentity) logKey() string { return logProfileUpdate }

func (SetIdentity) prepare(r *run) error { return r.mayStage() }

func (a SetIdentity) apply(tx *store.Tx, r *run) error {
	if err := r.mayStage(); err != nil {
		return err
	}
	record, ok := r.i.ofType(RecordSocial)
	switch {
	case !ok || record.ID != a.VerificationID:
		return errNoVerification
	case !record.Verified:
		return errVerificationFailed
	}
	if err := r.dir.mayUse(r.exp, guestlist.WaySocial, record.Outside.ConnectorID); err != nil {
		return err
	}
	if record.Outside.Identity.EmailVerified {
		if err := r.ssoOnly(record.Outside.Identity.Email); err != nil {
			return err
		}
	}
	acct, err := r.account(tx)
	if err != nil {
		return err
	}
	l, err := r.link(record)
	if err != nil {
		return err
	}
	holder, _, err := owner(tx, guestlist.WaySocial, l)
	switch {
	case err != nil:
		return err
	case acct.exists && holder.ID == acct.user.ID:
		return nil // it is theirs already
	case holder.ID != "":
		return errIdentityInUse
	}
	if err := r.mayJoin(tx, record, acct.user); err != nil {
		return err
	}
	r.i.Profile.Social = l
	if r.i.Event == guestlist.EventRegister {
		id := record.Outside.Identity
		r.i.Profile.Name, r.i.Profile.Avatar = withDefault(r.i.Profile.Name, id.Name), withDefault(r.i.Profile.Avatar, id.Avatar)
	}
	return nil
}

// freeLinks refuses staged identities that belong to somebody.
func freeLinks(tx *store.Tx, p Profile) error {
	for way, l := range map[guestlist.Way]*Link{guestlist.WaySocial: p.Social, guestlist.WaySSO: p.SSO} {
		if l == nil {
			continue
		}
		if holder, _, err := owner(tx, way, l); err != nil || holder.ID != "" {
			return withError(err, errIdentityInUse)
		}
	}
	return nil
}
