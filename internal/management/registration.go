package management

import (
	"errors"
	"time"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) registrationRoutes() []route {
	const read, write = guestlist.ScopeInvitationsRead, guestlist.ScopeInvitationsWrite
	return []route{
		get("/api/registration-requests", "List who asks to come in, the highest score first", a.listRequests).takes(read),
		get("/api/registration-requests/{id}", "Get a request with its place", a.getRequest).takes(read),
		get("/api/registration-requests/{id}/referrals", "List whom a request brought", a.listReferrals).takes(read),
		patch("/api/registration-requests/{id}", "Set by hand where a request ranks", a.scoreRequest).takes(write),
		post("/api/registration-requests/{id}/approve", "Let somebody in who waits: issues an invitation", a.approveRequest).takes(write),
		post("/api/registration-requests/{id}/reject", "Say no to somebody who waits", a.rejectRequest).takes(write),
		post("/api/registration-requests/promote", "Let the first of the list in, at once or in waves", a.promoteRequests).takes(write),
		remove("/api/registration-requests/{id}", "Forget a request", a.deleteRequest).takes(write),
		get("/api/configs/waitlist", "Get what the waitlist gives and how it ranks", a.getWaitlistSettings).takes(read).of(waitlistVersion),
		put("/api/configs/waitlist", "Change what the waitlist gives and how it ranks", a.putWaitlistSettings).of(waitlistVersion),
	}
}

const tableRequests = "registration_requests"

// shownRequest is a request with its place on the list, 0 where it has none.
type shownRequest struct {
	guestlist.RegistrationRequest
	Place int `json:"place,omitempty"`
}

func (a *API) listRequests(c *call, in struct {
	Paging web.Paging              `paging:"required"`
	Status guestlist.RequestStatus `query:"status" check:"enum=unconfirmed|requested|approved|rejected"`
	Email  string                  `query:"email" check:"max=128"` // the whole address
},
) (list[guestlist.RegistrationRequest], error) {
	var l list[guestlist.RegistrationRequest]
	if in.Status == "" {
		in.Status = guestlist.RequestRequested
	}
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		if in.Email != "" {
			if email, err := invite.CheckEmail(in.Email); err == nil {
				in.Email = email
			}
			r, err := tx.RequestByEmail(in.Email)
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			l.Rows, l.Total = []guestlist.RegistrationRequest{r}, 1
			return err
		}
		var err error
		l.Rows, l.Total, err = tx.Requests(in.Status, c.window(), listCap)
		return err
	})
	l.capAt(listCap)
	return l, err
}

func (a *API) getRequest(c *call, in struct {
	ID guestlist.RequestID `path:"id"`
},
) (shownRequest, error) {
	var shown shownRequest
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		r, err := tx.Request(in.ID)
		if err != nil {
			return orNoID(err, tableRequests, in.ID)
		}
		if shown.RegistrationRequest = r; r.Status == guestlist.RequestRequested {
			shown.Place, err = tx.PlaceOf(r, guestlist.MaxPlaceShown)
		}
		return err
	})
	return shown, err
}

func (a *API) listReferrals(c *call, in struct {
	ID     guestlist.RequestID `path:"id"`
	Paging web.Paging          `paging:"required"`
},
) (list[guestlist.RegistrationRequest], error) {
	var l list[guestlist.RegistrationRequest]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		if _, err := tx.Request(in.ID); err != nil {
			return orNoID(err, tableRequests, in.ID)
		}
		var err error
		l.Rows, l.Total, err = tx.RequestsByReferrer(in.ID, c.window())
		return err
	})
	return l, err
}

func (a *API) scoreRequest(c *call, in struct {
	ID   guestlist.RequestID `path:"id"`
	Body struct {
		Score int `json:"score" check:"min=-1000000,max=1000000"`
	}
},
) (guestlist.RegistrationRequest, error) {
	var r guestlist.RegistrationRequest
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		err := tx.SetRequestScore(in.ID, in.Body.Score)
		if err == nil {
			r, err = tx.Request(in.ID)
		}
		return orNoID(err, tableRequests, in.ID)
	})
	return r, err
}

func (a *API) approveRequest(c *call, in struct {
	ID guestlist.RequestID `path:"id"`
},
) (guestlist.RegistrationRequest, error) {
	var r guestlist.RegistrationRequest
	if err := a.canSend(c.ctx(), false); err != nil {
		return r, err
	}
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) (err error) {
		r, err = c.host().ApproveRequest(tx, in.ID, tx.Now)
		return err
	})
	return r, orNoRequest(err, in.ID)
}

// orNoRequest says of an unknown request what the wire says of unknown rows.
func orNoRequest(err error, id guestlist.RequestID) error {
	if errors.Is(err, invite.ErrNoSuchRequest) {
		return orNoID(store.ErrNotFound, tableRequests, id)
	}
	return err
}

func (a *API) rejectRequest(c *call, in struct {
	ID   guestlist.RequestID `path:"id"`
	Body struct {
		Reason *string `json:"reason" check:"max=500"`
	}
},
) (guestlist.RegistrationRequest, error) {
	var r guestlist.RegistrationRequest
	reason := ""
	set(&reason, in.Body.Reason)
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) (err error) {
		r, err = c.host().RejectRequest(tx, in.ID, reason)
		return err
	})
	return r, orNoRequest(err, in.ID)
}

// promotion is what became of the first of the list.
type promotion struct {
	Approved []guestlist.RegistrationRequest `json:"approved"`
	// Refused are those who could not be invited, with the code that says why:
	// they stay on the list.
	Refused []refusedRequest `json:"refused"`
}

type refusedRequest struct {
	ID    guestlist.RequestID `json:"id"`
	Email string              `json:"email"`
	Code  string              `json:"code"`
}

// promoteRequests approves one after another, each in a transaction of its own:
// whatever dies when, those who were told are those who are approved.
func (a *API) promoteRequests(c *call, in struct {
	Body struct {
		Count    int  `json:"count" check:"min=1,max=1000"`
		Wave     *int `json:"wave" check:"min=1,max=1000"`       // how many come in together; absent: all
		Interval *int `json:"interval" check:"min=60,max=86400"` // seconds between waves
	}
},
) (promotion, error) {
	done := promotion{Approved: []guestlist.RegistrationRequest{}, Refused: []refusedRequest{}}
	if err := a.canSend(c.ctx(), false); err != nil {
		return done, err
	}
	var first []guestlist.RegistrationRequest
	err := a.Store.View(c.ctx(), func(tx *store.Tx) (err error) {
		first, _, err = tx.Requests(guestlist.RequestRequested, store.Page{Limit: in.Body.Count}, 0)
		return err
	})
	if err != nil {
		return done, err
	}
	wave, interval := in.Body.Count, int(time.Hour/time.Second)
	set(&wave, in.Body.Wave)
	set(&interval, in.Body.Interval)
	for n, r := range first {
		later := time.Duration(n/wave*interval) * time.Second
		err := a.Store.Update(c.ctx(), func(tx *store.Tx) (err error) {
			r, err = c.host().ApproveRequest(tx, r.ID, tx.Now.Add(later))
			return err
		})
		switch kind := guestlist.KindOf(err); {
		case err == nil:
			done.Approved = append(done.Approved, r)
		case kind == guestlist.KindInternal, kind == guestlist.KindTooMany, kind == guestlist.KindUnavailable:
			return done, err // the others wait: nobody is refused because of that
		default:
			done.Refused = append(done.Refused, refusedRequest{ID: first[n].ID, Email: first[n].Email, Code: guestlist.CodeOf(err)})
		}
	}
	return done, nil
}

func (a *API) deleteRequest(c *call, in struct {
	ID guestlist.RequestID `path:"id"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error { return orNoID(tx.DeleteRequest(in.ID), tableRequests, in.ID) })
}

func (a *API) getWaitlistSettings(c *call, _ struct{}) (guestlist.WaitlistSettings, error) {
	var s guestlist.WaitlistSettings
	err := a.Store.View(c.ctx(), func(tx *store.Tx) (err error) {
		s, err = tx.WaitlistSettings()
		return err
	})
	return s, err
}

// putWaitlistSettings holds the terms to the same rules as those of any
// invitation. What they give beside them would be each guest's own, and has no
// place here.
func (a *API) putWaitlistSettings(c *call, in struct {
	Body struct {
		ReferralPoints *int             `json:"referralPoints" check:"min=0,max=1000"`
		Terms          *invitationTerms `json:"terms"`
	}
},
) (guestlist.WaitlistSettings, error) {
	var s guestlist.WaitlistSettings
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if s, err = tx.WaitlistSettings(); err != nil {
			return err
		}
		set(&s.ReferralPoints, in.Body.ReferralPoints)
		if in.Body.Terms != nil {
			terms, _ := in.Body.Terms.terms()
			if s.Terms, err = c.host().CheckTerms(tx, guestlist.InvitationPersonal, terms); err != nil {
				return err
			}
			s.Terms.Template = guestlist.TemplateWaitlistApproved
		}
		return tx.PutWaitlistSettings(s)
	})
	return s, err
}

func waitlistVersion(_ *call, tx *store.Tx) (any, error) { return tx.WaitlistSettings() }
