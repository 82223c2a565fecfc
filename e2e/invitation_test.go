package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"guestlist/internal/crypt"
)

// invited is an invitation as the management API shows it.
type invited struct {
	ID             string `json:"id"`
	Status         string `json:"status"`
	RecipientEmail string `json:"recipientEmail"`
	Generation     int    `json:"generation"`
	Seats          int    `json:"seats"`
	Taken          int    `json:"seatsTaken"`
	StartedAt      *int64 `json:"startedAt"`
	Link           string `json:"link"`
}

// asks issues an invitation whose link a mail carries.
func (s *site) asks(email string, more map[string]any) invited {
	s.t.Helper()
	body := map[string]any{"email": email}
	for name, value := range more {
		body[name] = value
	}
	var i invited
	s.api("POST", "/invitations", body, 201, &i)
	return i
}

// mailed is the link that the mail of an invitation carries: only who has the
// key of the installation, or the mailbox, knows it.
func (s *site) mailed(i invited) string {
	s.t.Helper()
	key, err := crypt.LoadOrCreateKeyFile(filepath.Join(s.data, "secret.key"))
	if err != nil {
		s.t.Fatal(err)
	}
	return s.url + "/i/" + i.ID + key.Hash("invitation", i.ID+"."+strconv.Itoa(i.Generation))
}

func (s *site) invitation(id string) invited {
	s.t.Helper()
	var i invited
	s.api("GET", "/invitations/"+id, nil, 200, &i)
	return i
}

// A guest follows the link of their mail and is in on the second screen; the
// same link, shown to others, takes a code as well; and who is in is led on by
// the link they came by.
func TestInvitedGuestComesIn(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, engine)
			s.serve()
			box := s.connectMessages()
			s.closeDoor(true, nil)
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			choosePassword := func(g *guest) {
				t.Helper()
				must(g.fill("newPassword", "A-door-with-7-hinges"))
				must(g.fill("confirmPassword", "A-door-with-7-hinges"))
				must(g.press("Save"))
			}
			i := s.asks(anybody(), nil)
			g := newGuest()
			link := box.link(t, i.RecipientEmail)
			if link != s.mailed(i) {
				t.Fatalf("the mail carries %q", link)
			}
			must(g.visit(link))
			if g.at.Path != "/invitation" || strings.Contains(g.at.String(), i.ID) || !strings.Contains(text(g.doc), i.RecipientEmail) {
				t.Fatal(g.lost("not at the invitation"))
			}
			must(g.press("Accept"))
			choosePassword(g)
			if g.at.Path != "/invitation/done" || !strings.Contains(text(g.doc), i.RecipientEmail) {
				t.Fatal(g.lost("the guest is not in"))
			}
			if now := s.invitation(i.ID); now.Status != "accepted" || now.Taken != 1 {
				t.Errorf("the invitation is %+v", now)
			}
			must(g.visit(s.mailed(i)))
			if g.at.Path != "/invitation/done" {
				t.Error(g.lost("the link once more"))
			}
			other := newGuest()
			must(other.visit(s.mailed(i)))
			if !strings.Contains(text(other.doc), "This invitation cannot be used") {
				t.Error(other.lost("somebody else opens the link once more"))
			}

			shown := s.asks(anybody(), map[string]any{"send": false})
			g = newGuest()
			must(g.visit(shown.Link))
			if strings.Contains(text(g.doc), shown.RecipientEmail) {
				t.Error(g.lost("the address is told to whoever has the link"))
			}
			must(g.press("Send me a code"))
			must(g.fill("code", box.code(t, shown.RecipientEmail)))
			must(g.press("Continue"))
			choosePassword(g)
			if g.at.Path != "/invitation/done" {
				t.Fatal(g.lost("the guest is not in"))
			}

			// The account that is signed in accepts a second one by a click.
			again := s.asks(shown.RecipientEmail, map[string]any{"grants": map[string]any{"customData": map[string]any{"plan": "gold"}}})
			must(g.visit(s.mailed(again)))
			must(g.press("Accept"))
			if now := s.invitation(again.ID); now.Status != "accepted" {
				t.Errorf("the invitation is %+v", now)
			}
		})
	}
}

// TestScannersLeaveTheInvitationToTheGuest lets every machine at the link of an
// invitation, and then its guest.
func TestScannersLeaveTheInvitationToTheGuest(t *testing.T) {
	t.Parallel()
	s := newSite(t, "sqlite")
	s.serve()
	box := s.connectMessages()
	visitors := []visitor{{"heads and gets", looks}, {"bot without scripts", pressesEverything}, {"chromium", clicksEverything}}
	for _, password := range []bool{true, false} {
		s.closeDoor(password, nil)
		for _, v := range visitors {
			t.Run(v.name+"/password "+strconv.FormatBool(password), func(t *testing.T) {
				i := s.asks(anybody(), nil)
				link := s.mailed(i)
				for _, cookie := range v.visit(t, link) {
					if isSession(cookie) {
						t.Errorf("the visitor got the cookie %s", cookie)
					}
				}
				if now := s.invitation(i.ID); now.Status != "pending" || now.Taken != 0 || len(s.accounts(i.RecipientEmail)) != 0 {
					t.Errorf("the visitor left the invitation %+v", now)
				}
				g := newGuest()
				if err := g.visit(link); err != nil {
					t.Fatal(err)
				}
				_ = g.fill("identifier", i.RecipientEmail) // where it is asked
				for _, press := range []string{"Accept", "Save"} {
					if password && press == "Save" {
						_ = g.fill("newPassword", "A-door-with-7-hinges")
						_ = g.fill("confirmPassword", "A-door-with-7-hinges")
					}
					if g.at.Path != "/invitation/done" {
						if err := g.press(press); err != nil {
							t.Fatal(err)
						}
					}
				}
				if now := s.invitation(i.ID); g.at.Path != "/invitation/done" || now.Status != "accepted" {
					t.Error(g.lost("the guest is not in; the invitation is %+v", now))
				}
			})
		}
	}
	_ = box
}

// TestInvitationRace: 64 browsers have one link, and each accepts at the same
// moment, by way of two processes. One comes in, 200 times out of 200.
func TestInvitationRace(t *testing.T) {
	t.Parallel()
	s, addresses := twoServers(t)
	s.administer()
	s.connectMail()
	s.closeDoor(false, nil)
	via := newBalancer(addresses)
	for round := range rounds {
		i := s.asks(anybody(), nil)
		link := s.mailed(i)
		token := oneTimeToken{Token: link[strings.LastIndex(link, "/")+1:]}
		browsers := make([]*racer, racers)
		atOnce(t, func(ctx context.Context, n int) (answer, error) {
			browsers[n] = &racer{via: via}
			return browsers[n].begin(ctx, token)
		})
		answers := atOnce(t, func(ctx context.Context, n int) (answer, error) {
			return browsers[n].do(ctx, http.MethodPost, "/invitation", url.Values{"identifier": {i.RecipientEmail}})
		})
		won := 0
		for n, a := range answers {
			switch {
			case a.status == http.StatusSeeOther && a.to == "http://door.example"+browsers[n].resume():
				won++
			case a.status == http.StatusSeeOther && (a.to == "/invitation/invalid" || a.to == "/invitation"):
			default:
				t.Errorf("round %d: a loser was answered %d, to %q: %s", round, a.status, a.to, a.body)
			}
		}
		if now := s.invitation(i.ID); won != 1 || now.Status != "accepted" || len(s.accounts(i.RecipientEmail)) != 1 {
			t.Fatalf("round %d: %d winners, the invitation is %+v", round, won, now)
		}
	}
}

// TestSeatsRace: a shared invitation with a hundred seats, a thousand who have
// proved an address, two processes: a hundred come in.
func TestSeatsRace(t *testing.T) {
	t.Parallel()
	s, addresses := twoServers(t, "GUESTLIST_TRUSTED_PROXIES=127.0.0.0/8")
	s.administer()
	box := s.connectMessages()
	s.closeDoor(false, nil)
	var shared struct {
		invited
		Link string `json:"link"`
	}
	s.api("POST", "/invitation-codes", map[string]any{"seats": 100}, 201, &shared)
	token := oneTimeToken{Token: shared.Link[strings.LastIndex(shared.Link, "/")+1:]}
	via := newBalancer(addresses)
	const contenders = 1000
	browsers, forms := make([]*racer, contenders), make([]url.Values, contenders)
	inParallel := func(fn func(n int)) {
		work := make(chan int)
		var all sync.WaitGroup
		for range racers {
			all.Go(func() {
				for n := range work {
					fn(n)
				}
			})
		}
		for n := range contenders {
			work <- n
		}
		close(work)
		all.Wait()
	}
	inParallel(func(n int) {
		address := anybody()
		// Nobody sends a thousand codes into one network.
		browsers[n] = &racer{via: via, from: fmt.Sprintf("198.%d.%d.1", 18+n/250, n%250)}
		if _, err := browsers[n].begin(t.Context(), token); err != nil {
			t.Error(err)
			return
		}
		a, err := browsers[n].do(t.Context(), http.MethodPost, "/invitation", url.Values{"identifier": {address}, "submit": {"code"}})
		if err != nil || a.to != "/invitation/verification-code" {
			t.Errorf("%d %s %s %v", a.status, a.to, a.body, err)
			return
		}
		forms[n] = url.Values{"code": {box.code(t, address)}}
	})
	if t.Failed() {
		t.FailNow()
	}
	var won, late atomic.Int64
	inParallel(func(n int) {
		a, err := browsers[n].do(t.Context(), http.MethodPost, "/invitation/verification-code", forms[n])
		switch {
		case err != nil:
			t.Error(err)
		case a.to == "http://door.example"+browsers[n].resume():
			won.Add(1)
		case a.to == "/invitation/invalid":
			late.Add(1)
		default:
			t.Errorf("a contender was answered %d, to %q: %s", a.status, a.to, a.body)
		}
	})
	if now := s.invitation(shared.ID); won.Load() != 100 || late.Load() != contenders-100 || now.Taken != 100 || now.Status != "accepted" {
		t.Errorf("%d in, %d too late; the invitation is %+v", won.Load(), late.Load(), now)
	}
}
