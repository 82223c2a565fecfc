package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"guestlist"
	"guestlist/internal/store"
)

// What is under way when servers are killed: personal invitations, whose links
// have been passed on, and a shared one that more want than there are seats.
const (
	killedPersonal = 30
	killedRivals   = 2 // for each
	killedSeats    = 15
	killedSeekers  = 25
	killedEvery    = 12 // contenders are through: then a server is killed
	killedTimes    = 3
)

// TestKilledServerLosesNoAcceptance kills the real processes while guests accept
// invitations, and starts them again. In the end each personal invitation was
// accepted once, the seats of a shared one by as many as there are, whoever was
// told that they are in has an account with what the invitation gives, and
// there is nobody else.
func TestKilledServerLosesNoAcceptance(t *testing.T) {
	t.Parallel()
	for engine, processes := range map[string]int{"sqlite": 1, "postgres": 2} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			c := &contest{mortal: newMortal(t, engine, processes, "GUESTLIST_TRUSTED_PROXIES=127.0.0.0/8")}
			c.mail = c.connectPost()
			c.closeDoor(false, nil)
			c.invite()
			c.prepare(t)
			c.rush(t)
			accounts := c.books(t)
			c.unharmed(t)
			c.seats(t, accounts)
		})
	}
}

// contest is an installation at which guests accept invitations.
type contest struct {
	*mortal
	mail       *post
	personal   []invited
	shared     invited
	contenders []*contender
}

// contender is somebody who wants in.
type contender struct {
	racer
	email string
	i     invited // by its link, "" for the shared one
	path  string  // where the last form goes to
	form  url.Values
	in    bool // and was told so
}

// granted is what every invitation here gives.
var granted = map[string]any{"customData": map[string]any{"given": true}}

// invite issues the invitations, and lets their contenders line up.
func (c *contest) invite() {
	for range killedPersonal {
		i := c.asks(anybody(), map[string]any{"grants": granted})
		c.personal = append(c.personal, i)
		for range killedRivals {
			c.contenders = append(c.contenders, &contender{email: i.RecipientEmail, i: i})
		}
	}
	c.api("POST", "/invitation-codes", map[string]any{"seats": killedSeats, "grants": granted}, http.StatusCreated, &c.shared)
	for range killedSeekers {
		c.contenders = append(c.contenders, &contender{email: anybody(), i: c.shared})
	}
	for n, who := range c.contenders {
		who.via = newBalancer(c.addresses)
		who.from = fmt.Sprintf("198.18.%d.1", n) // nobody sends so many codes into one network
	}
	swap := len(c.contenders) // those of the shared one among the others
	for n := range killedSeekers {
		from, to := swap-1-n, (n*7)%swap
		c.contenders[from], c.contenders[to] = c.contenders[to], c.contenders[from]
	}
}

// each lets contenders do something, several at once.
func (c *contest) each(do func(*contender) error) error {
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed error
	queue := make(chan *contender)
	for range killedWorkers {
		all.Go(func() {
			for who := range queue {
				if err := do(who); err != nil {
					mu.Lock()
					failed = errors.Join(failed, fmt.Errorf("%s: %w", who.email, err))
					mu.Unlock()
				}
			}
		})
	}
	for _, who := range c.contenders {
		queue <- who
	}
	close(queue)
	all.Wait()
	return failed
}

// prepare brings everybody before the form that accepts.
func (c *contest) prepare(t *testing.T) {
	t.Helper()
	if err := c.each(func(who *contender) error { return c.line(t.Context(), who) }); err != nil {
		t.Fatal(err)
	}
}

// line opens a contender's invitation, and proves an address where that is asked.
func (c *contest) line(ctx context.Context, who *contender) error {
	link := who.i.Link
	if link == "" {
		link = c.mailed(who.i)
	}
	if _, err := who.begin(ctx, oneTimeToken{Token: link[strings.LastIndex(link, "/")+1:]}); err != nil {
		return err
	}
	who.path, who.form = "/invitation", url.Values{"identifier": {who.email}}
	if who.i.ID != c.shared.ID {
		return nil
	}
	who.form.Set("submit", "code")
	a, err := who.do(ctx, http.MethodPost, who.path, who.form)
	if err != nil || a.to != "/invitation/verification-code" {
		return errors.Join(err, fmt.Errorf("%w: %d, to %q: %.300s", errNotLetIn, a.status, a.to, a.body))
	}
	code, err := c.mail.wait(who.email, codeInMail)
	if err != nil {
		return err
	}
	who.path, who.form = a.to, url.Values{"code": {code[1]}}
	return nil
}

// rush lets everybody accept, and kills a server whenever some are through.
func (c *contest) rush(t *testing.T) {
	through := make(chan struct{}, len(c.contenders))
	var killer sync.WaitGroup
	killer.Go(func() {
		for kill := range killedTimes {
			for range killedEvery {
				<-through
			}
			c.killAndStart(kill % len(c.running))
		}
	})
	err := c.each(func(who *contender) error {
		defer func() { through <- struct{}{} }()
		return c.accept(t.Context(), who)
	})
	killer.Wait()
	if err != nil {
		t.Fatal(err)
	}
}

// accept sends the form until its guest is in, or is told that it is too late.
// An answer that got lost is asked for again, as browsers do; if that leads
// nowhere, the link is opened anew.
func (c *contest) accept(ctx context.Context, who *contender) error {
	var last error
	for range 5 {
		a, err := who.do(ctx, http.MethodPost, who.path, who.form)
		path := a.to
		if err != nil {
			c.untilUp()
			path = who.resume() // whatever became of the form: the interaction knows
		}
		if err = who.goesOn(ctx, path); err == nil {
			return nil
		}
		// The sign-in may have ended by the very answer that got lost.
		c.up.RLock()
		in := len(c.accounts(who.email)) == 1 && c.invitation(who.i.ID).Taken > 0
		c.up.RUnlock()
		if in {
			return nil
		}
		last = errors.Join(err, c.line(ctx, who))
	}
	return last
}

// goesOn follows redirects to the application, or to the page that says that the
// invitation serves no more; elsewhere is nowhere.
func (who *contender) goesOn(ctx context.Context, path string) error {
	for range 8 {
		u, err := url.Parse(path)
		if err != nil {
			return err
		}
		switch u.Path {
		case "/demo-app":
			who.in = true
			return nil
		case "/invitation/invalid":
			return nil
		}
		a, err := who.do(ctx, http.MethodGet, u.RequestURI(), nil)
		if err != nil || a.to == "" {
			return errors.Join(err, fmt.Errorf("%w: %s: %d %.300s", errNotLetIn, path, a.status, a.body))
		}
		path = a.to
	}
	return fmt.Errorf("%w: %s leads round and round", errNotLetIn, path)
}

// books holds what is written down against what the contenders were told. It
// returns the ids of the accounts, by address.
func (c *contest) books(t *testing.T) map[string]string {
	var users []struct {
		ID, PrimaryEmail string
		CustomData       struct{ Given bool }
	}
	c.api("GET", "/users?page_size=100", nil, http.StatusOK, &users)
	accounts := map[string]string{} // ids by address
	for _, u := range users {
		if accounts[u.PrimaryEmail] = u.ID; !u.CustomData.Given {
			t.Errorf("%s has an account and nothing that an invitation gives", u.PrimaryEmail)
		}
	}
	if len(users) != killedPersonal+killedSeats || len(accounts) != len(users) {
		t.Errorf("%d accounts of %d people, for %d personal invitations and %d seats", len(users), len(accounts), killedPersonal, killedSeats)
	}
	told := map[string]int{}
	for _, who := range c.contenders {
		if !who.in {
			continue
		}
		if told[who.email]++; told[who.email] > 1 || accounts[who.email] == "" {
			t.Errorf("%s was told %d times to be in, by the account %q", who.email, told[who.email], accounts[who.email])
		}
	}
	for _, i := range c.personal {
		var now struct {
			invited
			AcceptedUserID string
		}
		c.api("GET", "/invitations/"+i.ID, nil, http.StatusOK, &now)
		if now.Status != accepted || now.Taken != 1 || now.AcceptedUserID == "" || now.AcceptedUserID != accounts[i.RecipientEmail] {
			t.Errorf("the invitation is %+v, the account %q", now, accounts[i.RecipientEmail])
		}
	}
	if now := c.invitation(c.shared.ID); now.Status != accepted || now.Taken != killedSeats {
		t.Errorf("of the shared invitation %d seats are taken, and it is %s", now.Taken, now.Status)
	}
	told = map[string]int{} // by account
	for _, l := range c.logs("logKey=" + guestlist.EventInvitationAccepted) {
		told[l.Payload.UserID]++
	}
	for email, id := range accounts {
		if told[id] != 1 {
			t.Errorf("the audit log says %d times that %s accepted", told[id], email)
		}
	}
	return accounts
}

// seats requires, of what the processes left behind, that each account has the
// seat that let it in: no answer shows the rows, and a counter may be right
// without them.
func (c *contest) seats(t *testing.T, accounts map[string]string) {
	t.Helper()
	by := map[string]string{} // invitations by address
	for _, i := range c.personal {
		by[i.RecipientEmail] = i.ID
	}
	st := c.open(t)
	for email, id := range accounts {
		err := st.View(t.Context(), func(tx *store.Tx) error {
			invitation := guestlist.InvitationID(cmp.Or(by[email], c.shared.ID))
			seat, err := tx.Redemption(invitation, guestlist.UserID(id))
			if err == nil && (seat.Identity != email || !seat.IsNew) {
				t.Errorf("%s has the seat of %+v", email, seat)
			}
			return err
		})
		if err != nil {
			t.Errorf("the seat of %s: %v", email, err)
		}
	}
}
