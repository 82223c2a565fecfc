package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
)

// Answer is what somebody who is signed in answers to an invitation.
type Answer struct {
	// As is the address as whom they accept, where they were shown that it is for
	// another one; "" if they were not. Who is signed in by now may be somebody else
	// than who was when the page was shown: then it is no answer.
	As string
	// Agreed says that they agreed to the terms.
	Agreed bool
}

// AcceptInvitation lets somebody who is signed in accept the invitation of an
// interaction that waits for their consent: what it gives is added to their
// account. Afterwards the interaction goes on as if there had been none. Errors:
// session.not_found, user.suspended, the refusals of the invitation, and
// ErrInvitationTerms.
func (d *Desk) AcceptInvitation(ctx context.Context, uid, cookie string, a Answer, from Caller) error {
	dir, err := d.directory(ctx)
	if err != nil {
		return err
	}
	var r *run
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		i, err := d.load(tx, uid)
		if err != nil {
			return err
		}
		r = &run{ctx: ctx, d: d, dir: dir, i: i, from: from, now: tx.Now}
		return r.acceptSignedIn(tx, cookie, a)
	})
	if err != nil && r != nil && !errors.Is(err, store.ErrStale) {
		d.logLost(ctx, r, err)
	}
	return err
}

func (r *run) acceptSignedIn(tx *store.Tx, cookie string, a Answer) error {
	if err := tx.LockInteraction(r.i.ID, r.i.version); err != nil {
		return err
	}
	c := consent{d: r.d, i: r.i}
	if err := c.enter(tx, cookie); err != nil {
		return err
	}
	inv, err := invite.Open(tx, r.i.OneTimeToken)
	if err != nil {
		r.lost = inv
		return err
	}
	r.inv, r.i.Invite = &inv, &Held{ID: inv.ID, Generation: inv.Generation, Agreed: a.Agreed, ConfirmedAs: a.As}
	r.i.Event, r.i.UserID, r.locks = guestlist.EventSignIn, c.user.ID, true
	acct, err := r.account(tx)
	if err != nil {
		return err
	}
	if err := r.mayAccept(tx, acct); err != nil {
		return err
	}
	if r.asks(guestlist.StepPassword) && !acct.user.HasPassword {
		return missingProfile([]string{guestlist.MissingPassword})
	}
	if err := tx.MarkInvitationStarted(inv.ID); err != nil {
		return err
	}
	if err := r.accept(tx, acct, acct.user); err != nil {
		return err
	}
	u := acct.user
	if changed, err := r.fill(&u); err != nil {
		return err
	} else if changed {
		if err := tx.UpdateUser(u); err != nil {
			return err
		}
		if err := r.emitData(tx, guestlist.EventUserDataUpdated, u); err != nil {
			return err
		}
	}
	return r.forgetInvitation(tx)
}

// forgetInvitation takes the invitation out of the interaction, which goes on
// without.
func (r *run) forgetInvitation(tx *store.Tx) error {
	r.i.OneTimeToken, r.i.Invite, r.i.Event, r.i.UserID = "", nil, "", ""
	row, err := r.i.toRow()
	if err != nil {
		return err
	}
	return tx.UpdateInteraction(row)
}

// SkipInvitation goes on without the invitation that an interaction carries. It
// stays as good as it was.
func (d *Desk) SkipInvitation(ctx context.Context, uid string) error {
	return d.Store.Update(ctx, func(tx *store.Tx) error {
		i, err := d.load(tx, uid)
		if err != nil {
			return err
		}
		if err := tx.LockInteraction(i.ID, i.version); err != nil {
			return err
		}
		i.OneTimeToken, i.Invite = "", nil
		row, err := i.toRow()
		if err != nil {
			return err
		}
		return tx.UpdateInteraction(row)
	})
}

// DeclineInvitation lets the recipient of a personal invitation decline it, for
// good. Since machines press buttons, it takes the recipient's address, typed;
// misses are counted as those of VerifyOneTimeToken are. Errors: the refusals of
// OpenInvitation, one_time_token.email_mismatch and
// session.verification_blocked_too_many_attempts.
func (d *Desk) DeclineInvitation(ctx context.Context, code, typed string, from Caller) error {
	var refused error
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		refused = nil
		i, err := invite.Open(tx, code)
		if err != nil {
			return err
		}
		if i.Kind != guestlist.InvitationPersonal {
			return guestlist.ErrInvitationNotFound
		}
		r := &run{ctx: ctx, d: d, i: &Interaction{}, from: from, now: tx.Now}
		a := VerifyOneTimeToken{Token: code, Typed: typed, Hosted: true}
		if typed == "" {
			return guestlist.ErrTokenEmailMismatch
		}
		if refused, err = a.compare(tx, r, i); err != nil || refused != nil {
			return err
		}
		if err := invite.Decline(tx, i); err != nil {
			return err
		}
		return tx.Log(guestlist.LogEntry{
			Key: guestlist.EventInvitationDeclined, ApplicationID: i.ApplicationID, IP: from.IP, UserAgent: from.UserAgent,
			Extra: map[string]any{"invitationId": i.ID},
		})
	})
	if err == nil {
		err = refused
	}
	return err
}

// counterFreshLinks counts who asks for fresh links, by network.
const counterFreshLinks = "fresh-links|"

// freshLink is the payload of jobs of the kind guestlist.JobFreshLink.
type freshLink struct {
	Code      string `json:"code"`
	IP        string `json:"ip"`
	UserAgent string `json:"userAgent"`
}

// AskForFreshLink asks for a new link in the place of one whose time is up, to the
// same mailbox. What comes of it is told to nobody but that mailbox: the time of
// the answer says nothing either, since FreshLink decides later. A network that
// asks without end is no longer heard, and told the same.
func (d *Desk) AskForFreshLink(ctx context.Context, code string, from Caller) error {
	if !invite.IsCode(code) {
		return nil
	}
	payload, err := json.Marshal(freshLink{Code: code, IP: from.IP, UserAgent: from.UserAgent})
	if err != nil {
		return err
	}
	return d.Store.Update(ctx, func(tx *store.Tx) error {
		if tooMuch, err := limitNetwork(tx, counterFreshLinks, from); err != nil || tooMuch {
			return err
		}
		return tx.Enqueue(guestlist.Job{Kind: guestlist.JobFreshLink, Payload: payload})
	})
}

// FreshLink runs a job of the kind guestlist.JobFreshLink: it issues the new link,
// if there may be one.
func (d *Desk) FreshLink(ctx context.Context, payload json.RawMessage) error {
	var f freshLink
	if err := json.Unmarshal(payload, &f); err != nil {
		return fmt.Errorf("signin: job of a fresh link: %w", err)
	}
	return d.Store.Update(ctx, func(tx *store.Tx) error {
		asked, id, err := invite.FreshLink(tx, f.Code)
		if err != nil || !asked {
			return err
		}
		return tx.Log(guestlist.LogEntry{
			Key: "Invitation.FreshLink", IP: f.IP, UserAgent: f.UserAgent, Extra: map[string]any{"invitationId": id},
		})
	})
}
