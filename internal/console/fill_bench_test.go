//go:build bench

package console_test

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/server"
	"guestlist/internal/store"
)

// What a site has besides its users, in proportion to them.
const (
	fillBatch     = 1000
	activeDays    = 60 // days on which people were seen
	activeEvery   = 100
	sessionEvery  = 20
	roleEvery     = 10
	suspendEvery  = 500
	fillLogLines  = 1 // per user
	historyOfSite = 730 * 24 * time.Hour
)

// people make up the users of a site: person(n) is always the same.
type people struct{ n int }

var (
	firstNames = []string{"Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Frances", "John", "Margaret", "Ken", "Radia", "Dennis", "Hedy", "Niklaus", "Sophie", "Tim", "Annie", "Vint", "Joan", "Linus", "Mónica", "Jürgen", "Zoë", "Søren", "Yuki", "Haruto", "Fatima", "Omar", "Chiara", "Łukasz", "Nguyen", "Priya"}
	lastNames  = []string{"Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Knuth", "Allen", "McCarthy", "Hamilton", "Thompson", "Perlman", "Ritchie", "Lamarr", "Wirth", "Wilson", "Berners", "Easley", "Cerf", "Clarke", "Torvalds", "García", "Müller", "Fontaine", "Kierkegaard", "Tanaka", "Sato", "Hassan", "Khalil", "Rossi", "Kowalski", "Tran", "Sharma"}
	mailHosts  = []string{"example.com", "example.org", "mail.example.net", "kth.example", "hamburg.example", "old-customer.example"}
)

// user is the n-th of a site, the first of whom came longest ago.
func (p people) user(n int, now time.Time) guestlist.User {
	h := uint32(n) * 2654435761
	first, last := firstNames[h%uint32(len(firstNames))], lastNames[h>>8%uint32(len(lastNames))]
	host := mailHosts[h>>16%uint32(len(mailHosts)-1)]
	if n < p.n/5 { // a company that came as a whole, long ago
		host = mailHosts[len(mailHosts)-1]
	}
	name, email := first+" "+last, fmt.Sprintf("%c%s%d@%s", asciiOf(first), asciiText(last), n, host)
	at := guestlist.TimeOf(now.Add(-historyOfSite + historyOfSite*time.Duration(n)/time.Duration(p.n)))
	u := guestlist.User{ID: guestlist.UserID(crypt.ShortID()), Name: &name, PrimaryEmail: &email, CreatedAt: at, UpdatedAt: at}
	if n%2 == 0 {
		username := fmt.Sprintf("%s_%d", asciiText(last), n)
		u.Username = &username
	}
	if n%3 == 0 {
		phone := fmt.Sprintf("4670%07d", n)
		u.PrimaryPhone = &phone
	}
	return u
}

func asciiOf(s string) byte { return asciiText(s)[0] }

func asciiText(s string) string {
	var b []byte
	for _, c := range []byte(s) {
		if c < 0x80 {
			b = append(b, c|0x20)
		}
	}
	if len(b) == 0 {
		return "x"
	}
	return string(b)
}

// searches are what hosts type, from what nobody has to what all have.
func (p people) searches() []struct{ name, path string } {
	of := func(name, q string) struct{ name, path string } {
		return struct{ name, path string }{"users, search: " + name, "/console/users?q=" + url.QueryEscape(q)}
	}
	return []struct{ name, path string }{
		of("one by a part of the address", fmt.Sprintf("%d@", p.n*3/4)),
		of("some by a number", "3333"), of("a last name", "dijkstra"), of("a name of two words", "grace hopper"),
		of("a name beyond ASCII", "jürgen"), of("all of a host", "hamburg.example"), of("who came together long ago", "old-customer"),
		of("what all have", "example"), of("nobody", "zzzyyy"), of("two characters", "ki"), of("two rare characters", "ł"), of("one character", "a"),
		{"users, page 40 of a search", "/console/users?q=hopper&page=40"},
		{"users, the last page", fmt.Sprintf("/console/users?page=%d", p.n/20)},
		{"users, suspended", "/console/users?state=suspended"}, {"users, never signed in", "/console/users?state=new"},
		{"palette", "/console/find.json?q=dijk"}, {"palette, nobody", "/console/find.json?q=zzzyyy"},
		{"log, failed", "/console/logs?failed=true"},
	}
}

// fillSite fills an empty database by the product's own store. A database that
// has its users already is left as it is.
func fillSite(t *testing.T, o server.Options, users int) people {
	t.Helper()
	p := people{users}
	key, err := crypt.LoadOrCreateKeyFile(filepath.Join(o.Data, server.KeyFile))
	if err != nil {
		t.Fatal(err)
	}
	database := o.Database
	if database == "" {
		database = filepath.Join(o.Data, server.DatabaseFile)
	}
	now := time.Now()
	at := now
	opening := time.Now()
	st, err := store.Open(context.Background(), store.Options{Database: database, Key: key, Now: func() time.Time { return at }, Ephemeral: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("opened, with what there is to migrate, in %v", time.Since(opening))
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	f := &filler{t: t, st: st, people: p, now: now, at: &at}
	if f.count() < users {
		begin := time.Now()
		f.users()
		t.Logf("%d users in %v", users, time.Since(begin))
		f.rest()
		t.Logf("filled in %v", time.Since(begin))
	}
	f.index()
	return p
}

// index does what the server does in the background.
func (f *filler) index() {
	f.t.Helper()
	begin, blocks := time.Now(), 0
	for more := true; more; blocks++ {
		var err error
		if more, err = f.st.IndexUsers(context.Background()); err != nil {
			f.t.Fatal(err)
		}
	}
	f.t.Logf("%d blocks in %v", blocks-1, time.Since(begin))
	f.update((*store.Tx).CompactTallies)
}

type filler struct {
	t      *testing.T
	st     *store.Store
	people people
	now    time.Time
	at     *time.Time // the clock of the store
	ids    []guestlist.UserID
}

func (f *filler) update(fn func(tx *store.Tx) error) {
	f.t.Helper()
	if err := f.st.Update(context.Background(), fn); err != nil {
		f.t.Fatal(err)
	}
}

func (f *filler) count() (n int) {
	f.update(func(tx *store.Tx) (err error) {
		n, err = tx.CountUsers()
		return err
	})
	return n
}

func (f *filler) users() {
	role := guestlist.RoleID(crypt.ID())
	f.update(func(tx *store.Tx) error {
		return tx.InsertRole(guestlist.Role{ID: role, Name: "Member", Description: "Has been here for a while", Type: guestlist.RoleUser})
	})
	for from := 0; from < f.people.n; from += fillBatch {
		batch := make([]store.NewUser, min(fillBatch, f.people.n-from))
		for i := range batch {
			batch[i].User = f.people.user(from+i, f.now)
			f.ids = append(f.ids, batch[i].User.ID)
		}
		f.update(func(tx *store.Tx) error {
			results, err := tx.InsertUsers(batch)
			if err != nil {
				return err
			}
			for i, r := range results {
				if !r.New {
					return fmt.Errorf("user %d: %w", from+i, r.Err)
				}
				if (from+i)%roleEvery == 0 {
					if _, err := tx.GiveRoles(batch[i].User.ID, role); err != nil {
						return err
					}
				}
				if (from+i)%suspendEvery == 0 {
					if err := tx.PlanDeletion(batch[i].User.ID, tx.Now.Add(30*24*time.Hour)); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
}

// rest writes sign-ins of the last days, with sessions, and lines of the audit
// log.
func (f *filler) rest() {
	perDay := max(1, len(f.ids)/activeEvery)
	lines := len(f.ids) * fillLogLines / activeDays
	for day := range activeDays {
		*f.at = f.now.AddDate(0, 0, day+1-activeDays)
		for from := 0; from < perDay; from += fillBatch {
			f.update(func(tx *store.Tx) error {
				for k := from; k < min(from+fillBatch, perDay); k++ {
					if err := tx.SetLastSignIn(f.ids[(day*perDay/2+k*7)%len(f.ids)]); err != nil {
						return err
					}
				}
				return nil
			})
		}
		for from := 0; from < lines; from += fillBatch {
			entries := make([]guestlist.LogEntry, min(fillBatch, lines-from))
			for i := range entries {
				entries[i] = guestlist.LogEntry{
					Key: []string{"ExchangeTokenBy.AuthorizationCode", "Interaction.SignIn.Submit", "ExchangeTokenBy.RefreshToken"}[i%3], UserID: f.ids[(day*lines+from+i)*13%len(f.ids)],
					IP: "192.0.2.1", UserAgent: "Mozilla/5.0 (X11; Linux x86_64)", Failed: i%50 == 0,
				}
			}
			f.update(func(tx *store.Tx) error { return tx.Log(entries...) })
		}
	}
	*f.at = f.now
	sessions := len(f.ids) / sessionEvery
	for from := 0; from < sessions; from += fillBatch {
		f.update(func(tx *store.Tx) error {
			for k := from; k < min(from+fillBatch, sessions); k++ {
				s := guestlist.Session{
					ID: guestlist.SessionID(crypt.ID()), UserID: f.ids[len(f.ids)-1-k], IP: "192.0.2.1", UserAgent: "Mozilla/5.0",
					SignedInAt: tx.Now, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(14 * 24 * time.Hour),
				}
				if err := tx.InsertSession(s, crypt.ID()); err != nil {
					return err
				}
			}
			return nil
		})
	}
}
