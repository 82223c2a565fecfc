package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// movable returns a clock and what moves it.
func movable() (now func() time.Time, advance func(time.Duration)) {
	c := storetest.NewClock(time.UnixMilli(1795219857000))
	return c.Now, c.Advance
}

func insertGuest(t *testing.T, st *store.Store, id guestlist.UserID) {
	t.Helper()
	update(t, st, func(tx *store.Tx) error {
		return tx.InsertUser(guestlist.User{ID: id, CreatedAt: tx.Now, UpdatedAt: tx.Now}, nil)
	})
}

func TestSessions(t *testing.T) {
	now, advance := movable()
	storetest.EachAt(t, now, func(t *testing.T, st *store.Store) {
		insertGuest(t, st, "alice")
		var session guestlist.Session
		update(t, st, func(tx *store.Tx) error {
			session = guestlist.Session{ID: "s1", UserID: "alice", ClientID: "app", IP: "192.0.2.1", UserAgent: "test",
				SignedInAt: tx.Now, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(time.Hour), LastSubmission: []byte(`{"a":1}`),
				Clients: []guestlist.SessionApplication{{ApplicationID: "app", GrantID: "g1", SID: "sid"}}}
			return tx.InsertSession(session, "cookie")
		})
		byCookie := func(cookie string) (s guestlist.Session, err error) {
			err = st.View(context.Background(), func(tx *store.Tx) error { s, err = tx.SessionByCookie(cookie); return err })
			return s, err
		}
		got, err := byCookie("cookie")
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(session, got); d != "" {
			t.Error(d)
		}
		session.Clients = append(session.Clients, guestlist.SessionApplication{ApplicationID: "b", GrantID: "g2", SID: "x", PersistsLogout: true})
		session.SignedInAt++
		update(t, st, func(tx *store.Tx) error {
			if err := tx.PutSessionApplication("s1", session.Clients[1]); err != nil {
				return err
			}
			return tx.RenewSession(session, "new cookie")
		})
		if _, err := byCookie("cookie"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the cookie of before the sign-in still works: %v", err)
		}
		if got, err = byCookie("new cookie"); err != nil || cmp.Diff(session, got) != "" {
			t.Errorf("renewed: %v %s", err, cmp.Diff(session, got))
		}
		mallory := session
		mallory.UserID = "mallory"
		if err := st.Update(context.Background(), func(tx *store.Tx) error { return tx.RenewSession(mallory, "x") }); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a session changes its user: %v", err)
		}
		advance(time.Hour)
		if _, err := byCookie("new cookie"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("expired: %v", err)
		}
	})
}

func TestGrantsEndWithTheirTokens(t *testing.T) {
	now, advance := movable()
	storetest.EachAt(t, now, func(t *testing.T, st *store.Store) {
		insertGuest(t, st, "alice")
		issue := func(grant guestlist.GrantID, app guestlist.ApplicationID, plain string) {
			update(t, st, func(tx *store.Tx) error {
				if err := tx.InsertGrant(guestlist.Grant{ID: grant, UserID: "alice", ApplicationID: app, Scopes: []string{"openid"},
					ResourceScopes: map[string][]string{"https://api": {"read"}}, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(time.Hour)}); err != nil {
					return err
				}
				return tx.InsertToken(plain, store.Token{Kind: store.TokenAccess, GrantID: grant, UserID: "alice", ClientID: app,
					Data: []byte(`{}`), ExpiresAt: tx.Now.Add(time.Hour)})
			})
		}
		ended := func(grant guestlist.GrantID, plain string) bool {
			grants, tokens := 0, 0
			if err := st.View(context.Background(), func(tx *store.Tx) error {
				if _, err := tx.Grant(grant); err == nil {
					grants++
				}
				if _, err := tx.Token(plain, store.TokenAccess); err == nil {
					tokens++
				}
				return nil
			}); err != nil || grants != tokens {
				t.Fatalf("%s: %d grants, %d tokens, %v", grant, grants, tokens, err)
			}
			return tokens == 0
		}
		issue("g1", "a", "t1")
		issue("g2", "a", "t2")
		issue("g3", "b", "t3")
		issue("g4", "c", "t4")
		update(t, st, func(tx *store.Tx) error { return tx.RevokeGrant("g1") })
		if !ended("g1", "t1") || ended("g2", "t2") {
			t.Error("one grant")
		}
		update(t, st, func(tx *store.Tx) error { return tx.RevokeApplication("a") })
		if !ended("g2", "t2") || ended("g3", "t3") {
			t.Error("the grants of an application")
		}
		update(t, st, func(tx *store.Tx) error {
			if good, err := tx.HoldGrant("g1", tx.Now); err != nil || good {
				t.Errorf("a revoked grant is held: %v, %v", good, err)
			}
			good, err := tx.HoldGrant("g3", tx.Now.Add(48*time.Hour))
			if !good {
				t.Error("a live grant is not held")
			}
			return err
		})
		advance(2 * time.Hour)
		if err := st.View(context.Background(), func(tx *store.Tx) error {
			list, err := tx.GrantsOfUser("alice", store.Page{})
			if len(list) != 1 || list[0].ID != "g3" || list[0].ResourceScopes["https://api"][0] != "read" {
				t.Errorf("live grants: %+v", list)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		update(t, st, func(tx *store.Tx) error { return tx.RevokeUser("alice") })
		if !ended("g3", "t3") {
			t.Error("the grants of a user")
		}
		advance(72 * time.Hour)
		update(t, st, func(tx *store.Tx) error {
			_, err := tx.Sweep()
			return err
		})
	})
}

func TestTokensAreTakenOnce(t *testing.T) {
	now, advance := movable()
	storetest.EachAt(t, now, func(t *testing.T, st *store.Store) {
		put := func(plain string, kind store.TokenKind) {
			update(t, st, func(tx *store.Tx) error {
				return tx.InsertToken(plain, store.Token{Kind: kind, ClientID: "app", Data: []byte(`{"secret":"s"}`), ExpiresAt: tx.Now.Add(time.Minute)})
			})
		}
		take := func(plain string, kind store.TokenKind, client guestlist.ApplicationID) (tok store.Token, err error) {
			err = st.Update(context.Background(), func(tx *store.Tx) error { tok, err = tx.TakeToken(plain, kind, client); return err })
			return tok, err
		}
		put("p", store.TokenRequest)
		for name, try := range map[string]func() (store.Token, error){
			"other kind":   func() (store.Token, error) { return take("p", store.TokenCode, "app") },
			"other client": func() (store.Token, error) { return take("p", store.TokenRequest, "b") },
			"unknown":      func() (store.Token, error) { return take("q", store.TokenRequest, "app") },
		} {
			if _, err := try(); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if tok, err := take("p", store.TokenRequest, "app"); err != nil || string(tok.Data) != `{"secret":"s"}` {
			t.Errorf("%s, %v", tok.Data, err)
		}
		if _, err := take("p", store.TokenRequest, "app"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("twice: %v", err)
		}
		consume := func(plain string, grace time.Duration) (ok bool) {
			update(t, st, func(tx *store.Tx) (err error) {
				ok, err = tx.ConsumeToken(plain, store.TokenCode, "app", grace)
				return err
			})
			return ok
		}
		put("c", store.TokenCode)
		if !consume("c", 0) || consume("c", 0) || !consume("c", time.Second) {
			t.Error("once, and again only within the grace")
		}
		// A transaction that waited for the one that won may have begun before it.
		put("l", store.TokenCode)
		advance(time.Second)
		won := consume("l", 0)
		advance(-time.Second)
		if !won || consume("l", 0) {
			t.Error("a code was consumed twice: by a later transaction first")
		}
		put("e", store.TokenCode)
		advance(time.Minute)
		if consume("e", 0) {
			t.Error("an expired token was consumed")
		}
	})
}
