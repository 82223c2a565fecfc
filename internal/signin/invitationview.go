package signin

import (
	"context"
	"errors"
	"slices"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
)

// InvitationProof is how a guest shows that an invitation is theirs to accept.
type InvitationProof string

// The proofs: the link itself, which only the recipient's mailbox had; a code to
// the recipient; a code to an address of one's own; an outside provider.
const (
	ProofLink      InvitationProof = "link"
	ProofCode      InvitationProof = "code"
	ProofAddress   InvitationProof = "address"
	ProofConnector InvitationProof = "connector"
)

// InvitationView is what a page shows of an invitation before anything happens:
// to whoever has its code, and no more than such a person may know.
type InvitationView struct {
	ID            guestlist.InvitationID
	Kind          guestlist.InvitationKind
	Inviter       string // what they are called; "" where nobody in particular is
	Message       string
	ApplicationID guestlist.ApplicationID
	ExpiresAt     guestlist.Time

	To     guestlist.Identifier // whom it is for; zero for a shared one
	Masked string               // the same, for whoever has not shown that they are that person
	Proof  InvitationProof
	// NeedsAddress says that the page asks for the recipient's address, so that
	// the button alone does not let anybody in.
	NeedsAddress bool
	// Others says that it may be accepted with another address than the
	// recipient's.
	Others     bool
	Domains    []string
	Connectors []string
	AsksTerms  bool
	Missing    []string // what the guest will be asked for after the button
	Known      bool     // the recipient has an account; never said to who may be somebody else

	// Account is who is signed in and would accept it by a click; nil for nobody.
	Account *guestlist.User
	// ConfirmAs is the address of the account, if it is not the recipient's.
	ConfirmAs string
}

// OpenInvitation returns the invitation of a link, for the browser with a
// session cookie, and changes nothing. The error is why the link does not serve;
// beside ErrInvitationExpired nobody is to be told which. With it comes the
// invitation, if it is one. AcceptedHere says that the signed-in user has
// accepted it.
func (d *Desk) OpenInvitation(ctx context.Context, code, cookie string) (i guestlist.Invitation, acceptedHere bool, refusal error) {
	err := d.Store.View(ctx, func(tx *store.Tx) error {
		i, refusal = invite.Open(tx, code)
		if i.ID == "" {
			return nil
		}
		session, err := sessionOf(tx, cookie)
		if err == nil && session != nil {
			acceptedHere, err = tx.HasSeat(i.ID, session.UserID)
		}
		return err
	})
	if err == nil {
		err = refusal
	}
	return i, acceptedHere, err
}

// CarriedInvitation returns a code that a browser carries from the page of its
// link, if it is to be taken up by an authorization request of an application:
// one that lets somebody in now, and leads there or nowhere in particular.
func (d *Desk) CarriedInvitation(ctx context.Context, code string, app guestlist.ApplicationID) (string, error) {
	if !invite.IsCode(code) {
		return "", nil
	}
	i, _, err := d.OpenInvitation(ctx, code, "")
	switch {
	case err != nil && guestlist.KindOf(err) == guestlist.KindInternal:
		return "", err
	case err != nil, i.ApplicationID != "" && i.ApplicationID != app && app != guestlist.AccountApplication:
		return "", nil //nolint:nilerr // a link that lets nobody in is not carried on
	}
	return code, nil
}

// TypedInvitation returns the code of the link of a shared invitation whose own
// code somebody typed. Its refusals are those of OpenInvitation, and
// invite.ErrTooManyCodes.
func (d *Desk) TypedInvitation(ctx context.Context, typed string, from Caller) (code string, i guestlist.Invitation, err error) {
	var refusal error
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		i, refusal, err = invite.OpenTyped(tx, typed, network(from.IP))
		if err == nil && refusal == nil {
			code = string(tx.InvitationCode(i))
		}
		return err
	})
	if err == nil {
		err = refusal
	}
	return code, i, err
}

// MarkOpened counts that the page of an invitation was shown. It is called when
// the answer is on its way, and nothing depends on it.
func (d *Desk) MarkOpened(ctx context.Context, i guestlist.Invitation) error {
	return d.Store.Update(ctx, func(tx *store.Tx) error {
		first, err := tx.MarkInvitationOpened(i.ID)
		if err != nil || !first {
			return err
		}
		if err := tx.Log(guestlist.LogEntry{
			Key: guestlist.EventInvitationOpened, ApplicationID: i.ApplicationID, Extra: map[string]any{"invitationId": i.ID},
		}); err != nil {
			return err
		}
		return tx.EmitInvitation(guestlist.EventInvitationOpened, i, nil)
	})
}

// ViewInvitation foresees what accepting an invitation in an interaction asks
// for. Its refusals are those of OpenInvitation.
func (d *Desk) ViewInvitation(ctx context.Context, uid, code, cookie string) (v InvitationView, err error) {
	dir, err := d.directory(ctx)
	if err != nil {
		return v, err
	}
	var refusal error
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		i, err := d.load(tx, uid)
		if err != nil {
			return err
		}
		inv, err := invite.Open(tx, code)
		if err != nil {
			refusal = err
			return nil //nolint:nilerr // kept in refusal
		}
		v, err = d.viewInvitation(tx, dir, i, inv, cookie)
		return err
	})
	if err == nil {
		err = refusal
	}
	return v, err
}

func (d *Desk) viewInvitation(tx *store.Tx, dir *directory, i *Interaction, inv guestlist.Invitation, cookie string) (InvitationView, error) {
	to := inv.Recipient()
	v := InvitationView{
		ID: inv.ID, Kind: inv.Kind, Message: inv.Message, ApplicationID: inv.ApplicationID, ExpiresAt: inv.ExpiresAt, To: to,
		Masked: Masked(to), Domains: inv.AllowedDomains, Connectors: inv.AllowedConnectors,
		Others:    inv.Kind == guestlist.InvitationPersonal && (inv.Binding == guestlist.BindDomain || inv.Binding == guestlist.BindAny),
		AsksTerms: slices.Contains(inv.RequiredSteps, guestlist.StepTerms),
	}
	exp, err := tx.SignInExperience()
	if err != nil {
		return v, err
	}
	if v.Inviter, err = inviterName(tx, inv.Inviter); err != nil {
		return v, err
	}
	ahead := *i
	ahead.reset()
	ahead.Event, ahead.Invite = guestlist.EventSignIn, &Held{ID: inv.ID, Generation: inv.Generation}
	r := &run{d: d, dir: dir, i: &ahead, exp: exp, now: tx.Now, inv: &inv}
	if err := d.viewAccount(tx, r, i, cookie, &v); err != nil || v.Account != nil {
		return v, err
	}
	return v, r.foresee(tx, inv, &v)
}

// foresee says how somebody who is not signed in would show that an invitation
// is theirs, and what they would be asked.
func (r *run) foresee(tx *store.Tx, inv guestlist.Invitation, v *InvitationView) error {
	var u guestlist.User
	known := false
	if v.To.Value != "" && provesMailbox(inv) { // who else has the link may not learn whether there is an account
		var err error
		if u, err = tx.UserByIdentifier(v.To); err == nil {
			known = true
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	v.Known = known
	switch {
	case inv.Binding == guestlist.BindConnector:
		v.Proof = ProofConnector
	case inv.Kind == guestlist.InvitationShared:
		v.Proof = ProofAddress
	case !provesMailbox(inv), known && provedBefore(u, v.To):
		v.Proof = ProofCode
	default:
		v.Proof = ProofLink
		r.i.putRecord(Record{Type: RecordOneTimeToken, Identifier: v.To, Verified: true, Hosted: true, InvitationID: inv.ID})
		r.i.UserID = u.ID
	}
	a, err := r.account(tx)
	if err != nil {
		return err
	}
	v.Missing = r.missing(a)
	v.NeedsAddress = v.Proof == ProofLink && r.mustConfirm()
	if inv.Binding == guestlist.BindDomain && v.Proof == ProofLink && !v.NeedsAddress { // who is shown the recipient knows the domain
		v.Domains = inv.Domains()
	}
	return nil
}

// viewAccount looks whether somebody is signed in who would accept by a click:
// in an interaction that waits for consent.
func (d *Desk) viewAccount(tx *store.Tx, r *run, i *Interaction, cookie string, v *InvitationView) error {
	session, err := sessionOf(tx, cookie)
	if err != nil || session == nil || i.Prompt != PromptConsent {
		return err
	}
	u, err := tx.User(session.UserID)
	if err != nil {
		return err
	}
	switch err := r.inv.AdmitsAs(r.arrivalOfUser(u)); {
	case err == nil:
	case errors.Is(err, guestlist.ErrInvitationConfirm):
		v.ConfirmAs = accountName(u)
	default:
		return nil
	}
	r.i.UserID = u.ID
	a, err := r.account(tx)
	if err != nil {
		return err
	}
	if r.asks(guestlist.StepPassword) && !a.user.HasPassword {
		return nil // there is something to be typed
	}
	v.Account = &u
	return nil
}

// accountName is the address, or the name, by which a user is known to others.
func accountName(u guestlist.User) string {
	for _, s := range []*string{u.PrimaryEmail, u.PrimaryPhone, u.Username, u.Name} {
		if s != nil && *s != "" {
			return *s
		}
	}
	return string(u.ID)
}

// inviterName is what somebody who invites is called; only people are.
func inviterName(tx *store.Tx, by guestlist.Inviter) (string, error) {
	if by.Type != guestlist.InviterUser {
		return "", nil
	}
	u, err := tx.User(guestlist.UserID(by.ID))
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	if u.Name != nil && *u.Name != "" {
		return *u.Name, err
	}
	return accountName(u), err
}

// maskedDigits is how many digits of a number are shown.
const maskedDigits = 2

// Masked is an address for whoever has not shown that it is theirs.
func Masked(id guestlist.Identifier) string {
	switch {
	case id.Value == "":
		return ""
	case id.Type == guestlist.IdentifierEmail:
		return guestlist.MaskEmail(id.Value)
	}
	return "•••" + id.Value[max(0, len(id.Value)-maskedDigits):]
}

// Joined is the latest invitation that somebody accepted.
type Joined struct {
	User       guestlist.User
	Invitation guestlist.Invitation
}

// Joined returns the latest invitation that whoever is signed in by a cookie
// accepted; nil for nobody, or for who accepted none.
func (d *Desk) Joined(ctx context.Context, cookie string) (*Joined, error) {
	var joined *Joined
	err := d.Store.View(ctx, func(tx *store.Tx) error {
		session, err := sessionOf(tx, cookie)
		if err != nil || session == nil {
			return err
		}
		id, err := tx.LatestRedemption(session.UserID)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		j := &Joined{}
		if err == nil {
			j.Invitation, err = tx.Invitation(id)
		}
		if err == nil {
			j.User, err = tx.User(session.UserID)
		}
		joined = j
		return err
	})
	return joined, err
}
