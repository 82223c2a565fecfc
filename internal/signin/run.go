package signin

import (
	"context"
	"errors"
	"slices"

	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/store"
)

// maxRaces is how often an action is tried again when somebody else acted on
// the same interaction meanwhile, e.g. a double click.
const maxRaces = 4

// run is one action on its way through the dispatcher.
type run struct {
	ctx  context.Context
	d    *Desk
	from Caller
	exp  guestlist.SignInExperience
	i    *Interaction      // as loaded; apply changes a fresh copy of it
	row  store.Interaction // which apply makes the copy from
	now  guestlist.Time
	dir  *directory // of outside providers

	step    Step
	verdict error // a refusal that is remembered in the database
	saves   bool  // a refused action keeps what it changed of the interaction
	acct    *account
	locks   bool // account makes others wait who would change it

	inv      *guestlist.Invitation  // that the interaction holds, as it is now; nil if its link is worthless
	accepted guestlist.InvitationID // by Finish, now or earlier
	took     guestlist.InvitationID // accepted now
	lost     guestlist.Invitation   // that an action was refused because of
	slow     slow                   // what prepare found out
}

// slow is what an action's prepare found out for its apply.
type slow struct {
	matches bool                      // the password is right
	user    guestlist.UserID          // whose
	against *guestlist.PasswordDigest // the digest that it was compared with
	digest  *guestlist.PasswordDigest // the new digest, or nil
	captcha bool                      // the answer to the captcha is right

	location string             // of BeginOutside
	pending  *connector.Pending // of BeginOutside
	identity *guestlist.OutsideIdentity
}

// refuse ends the action with err and keeps what apply wrote to the database,
// such as counted failures; the interaction stays as it was.
func (r *run) refuse(err error) error { r.verdict = err; return nil }

// keep is refuse for an action that got part of the way: the interaction keeps
// what was gathered.
func (r *run) keep(err error) error { r.verdict, r.saves = err, true; return nil }

// Submit lets an action act on an interaction and says what comes next. It is
// the one way in which an interaction changes.
//
// Its errors are the wire's: session.not_found for an unknown, lapsed or
// finished interaction, session.interaction_not_found before the first
// SetEvent, and those of the actions. Unless said otherwise an error has
// changed nothing but counters and the audit log. A Finish that is repeated
// after it succeeded, as by a double click, gives the same answer again.
func (d *Desk) Submit(ctx context.Context, uid string, a Action, from Caller) (Step, error) {
	a = inOneForm(a)
	for race := 1; ; race++ {
		step, err := d.submitOnce(ctx, uid, a, from)
		if !errors.Is(err, store.ErrStale) || race == maxRaces {
			return step, err
		}
	}
}

// SubmitAll submits actions one after another until one is refused.
func (d *Desk) SubmitAll(ctx context.Context, uid string, from Caller, actions ...Action) (Step, error) {
	var step Step
	for _, a := range actions {
		var err error
		if step, err = d.Submit(ctx, uid, a, from); err != nil {
			return step, err
		}
	}
	return step, nil
}

func (d *Desk) submitOnce(ctx context.Context, uid string, a Action, from Caller) (Step, error) {
	r := &run{ctx: ctx, d: d, from: from}
	if err := r.load(uid); err != nil {
		return Step{}, err
	}
	if _, finishes := a.(Finish); finishes && r.i.Done != nil {
		return d.doneStep(r.i), nil
	}
	if err := r.mayAct(a); err != nil {
		return Step{}, err
	}
	err := a.prepare(r)
	if err == nil {
		err = r.applyAll(a, uid)
	}
	if err == nil {
		err = r.verdict
	}
	if err != nil {
		d.logRefusal(ctx, r, a, err)
		return Step{}, err
	}
	return r.step, nil
}

// load reads the interaction, and the settings in force.
func (r *run) load(uid string) error {
	var err error
	if r.dir, err = r.d.directory(r.ctx); err != nil {
		return err
	}
	return r.d.Store.View(r.ctx, func(tx *store.Tx) error {
		if r.i, err = r.d.load(tx, uid); err != nil {
			return err
		}
		if r.row, err = r.i.toRow(); err != nil {
			return err
		}
		if r.exp, err = tx.SignInExperience(); err != nil {
			return err
		}
		r.now = tx.Now
		return r.loadInvitation(tx)
	})
}

// applyAll applies an action in one transaction. What a provider answered is
// answered once: when somebody else acted on the interaction meanwhile, it is
// applied to what they left. Anything else begins anew, in Submit.
func (r *run) applyAll(a Action, uid string) error {
	for race := 1; ; race++ {
		err := r.d.Store.Update(r.ctx, func(tx *store.Tx) error { return r.applyIn(tx, a, uid, r.row) })
		if r.slow.identity == nil || !errors.Is(err, store.ErrStale) || race == maxRaces {
			return err
		}
		if err := r.load(uid); err != nil {
			return err
		}
		if err := r.mayAct(a); err != nil {
			return err
		}
	}
}

// mayAct refuses whatever comes before the first SetEvent or after the end.
func (r *run) mayAct(a Action) error {
	if r.i.Done != nil {
		return errNoSession
	}
	if _, begins := a.(SetEvent); !begins && r.i.Event == "" {
		return errNoInteraction
	}
	return nil
}

// applyIn runs inside the transaction, maybe more than once: it starts from
// the row each time. The lock comes first, so that of two actions at once the
// second sees nothing half done; it begins anew with what the first left.
func (r *run) applyIn(tx *store.Tx, a Action, uid string, row store.Interaction) error {
	if err := tx.LockInteraction(row.ID, row.Version); err != nil {
		return err
	}
	var err error
	if r.i, err = fromRow(uid, row); err != nil {
		return err
	}
	if r.exp, err = tx.SignInExperience(); err != nil {
		return err
	}
	r.now, r.step, r.verdict, r.saves, r.acct, r.locks = tx.Now, Step{}, nil, false, nil, false
	r.accepted, r.took, r.lost = "", "", guestlist.Invitation{}
	if err := r.loadInvitation(tx); err != nil {
		return err
	}
	entry := r.logEntry(a)
	if err := a.apply(tx, r); err != nil {
		return err
	}
	if r.verdict != nil && !r.saves {
		return nil
	}
	if err := r.conclude(tx); err != nil {
		return err
	}
	changed, err := r.i.toRow()
	if err != nil {
		return err
	}
	if err := tx.UpdateInteraction(changed); err != nil {
		return err
	}
	if r.verdict != nil {
		return nil //nolint:nilerr // the verdict is kept, and logged as a refusal
	}
	entry.UserID = r.i.UserID
	return tx.Log(entry)
}

// conclude fills in what comes next.
func (r *run) conclude(tx *store.Tx) error {
	facts, err := r.facts(tx)
	if err != nil {
		return err
	}
	next := Next(facts)
	r.step.Page, r.step.Missing = next.Page, next.Missing
	if next.Finished {
		r.step.Finished, r.step.RedirectTo = true, r.d.resumeURL(r.i)
	}
	return nil
}

// doneStep is the step of a finished interaction.
func (d *Desk) doneStep(i *Interaction) Step {
	return Step{Finished: true, RedirectTo: d.resumeURL(i)}
}

// resumeURL is where the browser goes when an interaction is finished.
func (d *Desk) resumeURL(i *Interaction) string { return d.Endpoint + "/oidc/auth/" + i.UID }

// account is the existing user whom an interaction identified.
type account struct {
	user   guestlist.User
	exists bool
	// proves says that this interaction proves, for the first time, an address
	// that the account has; strips that a password goes with that.
	proves, strips bool
	isNew          bool // the account does not exist: Finish makes it
}

// account reads the identified user, once per transaction.
func (r *run) account(tx *store.Tx) (*account, error) {
	if r.acct != nil {
		return r.acct, nil
	}
	a := &account{isNew: r.i.New}
	if r.i.UserID != "" && !r.i.New {
		read := tx.User
		if r.locks {
			read = tx.UserForUpdate
		}
		var err error
		if a.user, err = read(r.i.UserID); errors.Is(err, store.ErrNotFound) {
			return nil, errNoSession // deleted meanwhile: nothing to go on with
		} else if err != nil {
			return nil, err
		}
		a.exists = true
		a.proves = r.provesFirst(a.user)
		if a.proves && a.user.HasPassword {
			if a.strips, err = tx.HasOwnPassword(a.user.ID); err != nil {
				return nil, err
			}
		}
	}
	r.acct = a
	return a, nil
}

// provesFirst reports whether the interaction proves an address of a user of
// whom none was ever proved.
func (r *run) provesFirst(u guestlist.User) bool {
	return u.EmailVerifiedAt == nil && u.PhoneVerifiedAt == nil && (r.provesEmail(u) || r.provesPhone(u))
}

func (r *run) provesEmail(u guestlist.User) bool {
	return u.PrimaryEmail != nil && r.proves(guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: *u.PrimaryEmail})
}

func (r *run) provesPhone(u guestlist.User) bool {
	return u.PrimaryPhone != nil && r.proves(guestlist.Identifier{Type: guestlist.IdentifierPhone, Value: *u.PrimaryPhone})
}

// proves reports whether a verified record proves an address: a code or a
// one-time token that was sent to it, or a provider that may vouch for it.
func (r *run) proves(address guestlist.Identifier) bool {
	for _, record := range r.i.Records {
		if record.provesAddress() && record.Identifier.Key() == address.Key() {
			return true
		}
		if !record.Verified || record.Outside == nil {
			continue
		}
		v := r.dir.vouch(record.way(), *record.Outside)
		for _, id := range []guestlist.Identifier{
			{Type: guestlist.IdentifierEmail, Value: v.email}, {Type: guestlist.IdentifierPhone, Value: v.phone},
		} {
			if id.Value != "" && id.Key() == address.Key() {
				return true
			}
		}
	}
	return false
}

// mustChangePassword reports whether the account goes on only with a new
// password.
func (a *account) mustChangePassword() bool {
	return a.exists && a.user.HasPassword && !a.strips && a.user.PasswordIsTemporary
}

// missing lists what the account lacks with what is staged.
func (r *run) missing(a *account) []string {
	p, u := r.i.Profile, a.user
	if r.cameBy(guestlist.WaySSO) { // the employer's directory is the profile, but for an address that it may not vouch for
		if !a.exists && p.Email == "" {
			return []string{string(guestlist.IdentifierEmail)}
		}
		return nil
	}
	_, holds := r.i.heldToken()
	hasOwn := p.Password != nil || u.HasPassword && !a.strips
	have := guestlist.ProfileFacts{
		Username: u.Username != nil || p.Username != "",
		Email:    u.PrimaryEmail != nil || p.Email != "" || !a.exists && !a.isNew && holds,
		Phone:    u.PrimaryPhone != nil || p.Phone != "",
		Password: hasOwn || p.Social != nil || p.SSO != nil || len(u.Identities) > 0,
	}
	var missing []string
	skip := r.exp.SocialSignIn.SkipRequiredIdentifiers
	if !r.toMend(a) && (!r.cameBy(guestlist.WaySocial) || skip == nil || !*skip) {
		missing = guestlist.MissingProfile(r.exp.SignUp, have)
	}
	if r.asks(guestlist.StepPassword) && !hasOwn && !slices.Contains(missing, guestlist.MissingPassword) {
		missing = append(missing, guestlist.MissingPassword)
	}
	if a.mustChangePassword() && p.Password == nil {
		missing = append(missing, guestlist.MissingPassword)
	}
	return missing
}

// toMend reports whether somebody with an account signs in to the console. They
// are not asked for what guests have to give: an administrator without an
// address could not come in any more to mend the mail that its code is sent by.
func (r *run) toMend(a *account) bool {
	return a.exists && !a.strips && r.i.Request.ClientID == guestlist.ConsoleApplication
}

// cameBy reports whether the guest was identified by an outside provider of a
// way.
func (r *run) cameBy(way guestlist.Way) bool { return r.i.Via != nil && r.i.Via.Way == way }

// facts gathers what Next decides by.
func (r *run) facts(tx *store.Tx) (Facts, error) {
	a, err := r.account(tx)
	if err != nil {
		return Facts{}, err
	}
	missing := r.missing(a)
	if r.i.Event == guestlist.EventRegister && !a.exists {
		if missing, err = r.withExtra(tx, missing); err != nil {
			return Facts{}, err
		}
	}
	_, holds := r.i.heldToken()
	return Facts{
		Event: r.i.Event, Mode: r.exp.SignInMode, Identified: r.i.UserID != "", Finished: r.i.Done != nil,
		Missing: missing, HasNewPassword: r.i.Profile.Password != nil, CodeSent: r.i.waitsForCode(),
		MustConfirm: holds && r.mustConfirm(), HoldsToken: holds, StagedAnonymous: r.i.UserID == "" && !r.i.Profile.empty(),
	}, nil
}

// waitsForCode reports whether the latest record is a code that was not typed
// yet.
func (i *Interaction) waitsForCode() bool {
	if len(i.Records) == 0 {
		return false
	}
	last := i.Records[len(i.Records)-1]
	return !last.Verified && (last.Type == RecordEmailCode || last.Type == RecordPhoneCode)
}
