package signin

import (
	"context"
	"slices"

	"guestlist"
	"guestlist/internal/store"
)

// PromptLink is why an interaction begins by which somebody who is signed in
// connects an account at an outside provider. Nothing in it says who they are:
// what the provider answers is taken by LinkIdentity.
const PromptLink = "link"

// LinkIdentity gives somebody the social identity that was proved in an
// interaction which they began by BeginLink. Refusals:
// user.identity_already_in_use, user.social_account_exists_in_profile.
type LinkIdentity struct {
	UID            string // of the interaction; a secret
	VerificationID string
}

// UnlinkIdentity takes a social identity from one's own account, but never the
// last way in.
type UnlinkIdentity struct{ Target string }

var errLastWayIn = guestlist.Refuse(guestlist.KindUnprocessable, "user.last_way_in")

// BeginLink begins an interaction for connecting an account, and returns the uid
// that goes into the browser's cookie. Its refusals are those of ChangeAccount.
func (d *Desk) BeginLink(ctx context.Context, cookie string, request guestlist.AuthRequest) (uid string, err error) {
	a, err := d.Account(ctx, cookie)
	switch {
	case err != nil:
		return "", err
	case a == nil:
		return "", errNoSession
	case !a.Proved:
		return "", ErrProofRequired
	}
	return d.Begin(ctx, Start{Request: request, Prompt: PromptLink, Session: &a.Session})
}

func (LinkIdentity) logKey() string { return "Account.Identity.Create" }

func (LinkIdentity) prepare(*accountRun) error { return nil }

// apply takes the interaction away with what it proved. It must have been begun
// in this very session: who was tricked into coming back from a provider with
// somebody else's answer connects nothing.
func (a LinkIdentity) apply(tx *store.Tx, r *accountRun) error {
	i, err := r.d.load(tx, a.UID)
	if err != nil {
		return err
	}
	if i.Prompt != PromptLink || i.SessionID != r.session.ID || i.SessionUser != r.user.ID {
		return errNoSession
	}
	record, ok := i.ofType(RecordSocial)
	switch {
	case !ok || record.ID != a.VerificationID || record.Outside == nil:
		return errNoVerification
	case !record.Verified:
		return errVerificationFailed
	}
	if won, err := tx.DeleteInteraction(i.ID, i.version); err != nil || !won {
		return withError(err, store.ErrStale)
	}
	if refused := r.mayLink(tx, record); refused != nil {
		if guestlist.CodeOf(refused) == "" {
			return refused
		}
		return r.refuse(refused) // the interaction is over all the same
	}
	l, err := r.link(record)
	if err != nil {
		return err
	}
	if err := writeLink(tx, &r.user, guestlist.WaySocial, l); err != nil {
		return err
	}
	r.wrote = true
	return nil
}

// mayLink refuses an identity of somebody else, a second one of the same
// provider, and a provider that is no longer offered.
func (r *accountRun) mayLink(tx *store.Tx, record Record) error {
	if err := r.dir.mayUse(r.exp, guestlist.WaySocial, record.Outside.ConnectorID); err != nil {
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
	case holder.ID != "" && holder.ID != r.user.ID:
		return errIdentityInUse
	}
	return r.mayJoin(tx, record, r.user)
}

func (UnlinkIdentity) logKey() string { return "Account.Identity.Delete" }

func (UnlinkIdentity) prepare(r *accountRun) error { return r.needsProof() }

func (a UnlinkIdentity) apply(tx *store.Tx, r *accountRun) error {
	if err := r.needsProof(); err != nil {
		return err
	}
	if _, ok := r.user.Identities[a.Target]; !ok {
		return nil // gone already
	}
	delete(r.user.Identities, a.Target)
	enterprise, err := tx.SSOIdentitiesOfUser(r.user.ID)
	if err != nil {
		return err
	}
	if !getsIn(r.exp, r.user, len(enterprise) > 0) {
		return errLastWayIn
	}
	r.wrote = true
	return tx.DeleteIdentity(r.user.ID, a.Target)
}

// CanUnlink reports whether somebody still gets in without a social identity.
func (a *Account) CanUnlink(exp guestlist.SignInExperience, target string) bool {
	without := a.User
	without.Identities = map[string]guestlist.Identity{}
	for t, identity := range a.User.Identities {
		if t != target {
			without.Identities[t] = identity
		}
	}
	return getsIn(exp, without, len(a.Enterprise) > 0)
}

// getsIn reports whether the settings leave an account any way in.
func getsIn(exp guestlist.SignInExperience, u guestlist.User, enterprise bool) bool {
	if enterprise && exp.SingleSignOnEnabled {
		return true
	}
	for target := range u.Identities {
		if slices.Contains(exp.SocialSignInConnectorTargets, target) {
			return true
		}
	}
	for _, m := range exp.SignIn.Methods {
		value := map[guestlist.IdentifierType]*string{
			guestlist.IdentifierUsername: u.Username, guestlist.IdentifierEmail: u.PrimaryEmail, guestlist.IdentifierPhone: u.PrimaryPhone,
		}[m.Identifier]
		if value != nil && *value != "" && (m.VerificationCode || m.Password && u.HasPassword) {
			return true
		}
	}
	return false
}
