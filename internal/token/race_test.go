package token_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
	"guestlist/internal/token"
)

const racers = 64

// race runs fn in 64 goroutines at once and counts who got an answer. Everybody
// else has to be refused with invalid_grant.
func race(t *testing.T, fn func() (token.Answer, error)) int {
	t.Helper()
	var won atomic.Int64
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for range racers {
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			ready.Done()
			<-start
			_, err := fn()
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, token.ErrInvalidGrant):
				t.Errorf("loser: %v", err)
			}
		}()
	}
	ready.Wait()
	close(start)
	done.Wait()
	return int(won.Load())
}

func TestCodeHasOneWinner(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st, guestlist.ApplicationSPA)
		for range 10 {
			w.newGrant()
			code := w.code("openid offline_access")
			var mu sync.Mutex
			var answers []token.Answer
			if n := race(t, func() (token.Answer, error) {
				a, err := w.redeem(code)
				if err == nil {
					mu.Lock()
					answers = append(answers, a)
					mu.Unlock()
				}
				return a, err
			}); n != 1 {
				t.Fatalf("%d winners", n)
			}
			// The others were replays: nothing of the winner's may survive them.
			if _, err := w.refresh(answers[0].RefreshToken); !errors.Is(err, token.ErrInvalidGrant) {
				t.Errorf("refresh token after the replays: %v", err)
			}
			if _, err := w.mint.UserInfo(context.Background(), answers[0].AccessToken); !errors.Is(err, token.ErrInvalidToken) {
				t.Errorf("access token after the replays: %v", err)
			}
		}
	})
}

// Callers that refresh at once with one token are all served, within the grace.
func TestRefreshAtOnce(t *testing.T) {
	storetest.EachAt(t, func() time.Time { return time.UnixMilli(1795219857000) }, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st, guestlist.ApplicationSPA)
		a, err := w.redeem(w.code("openid offline_access"))
		if err != nil {
			t.Fatal(err)
		}
		if n := race(t, func() (token.Answer, error) { return w.refresh(a.RefreshToken) }); n != racers {
			t.Errorf("%d of %d served", n, racers)
		}
	})
}

// Whoever refreshes while the grant is being revoked gets either nothing or
// tokens that die with it: none may outlive the revocation.
func TestNothingOutlivesARevocation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st, guestlist.ApplicationNative)
		for range 10 {
			w.newGrant()
			a, err := w.redeem(w.code("openid offline_access"))
			if err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex
			var issued []token.Answer
			var once sync.Once
			race(t, func() (token.Answer, error) {
				revoker := false
				once.Do(func() { revoker = true })
				if revoker {
					_, err := w.mint.Revoke(context.Background(), w.app, a.AccessToken)
					return token.Answer{}, err
				}
				b, err := w.refresh(a.RefreshToken)
				if err == nil {
					mu.Lock()
					issued = append(issued, b)
					mu.Unlock()
				}
				return b, err
			})
			for _, b := range issued {
				if _, err := w.refresh(b.RefreshToken); !errors.Is(err, token.ErrInvalidGrant) {
					t.Errorf("a refresh token outlived the revocation: %v", err)
				}
				if _, err := w.mint.UserInfo(context.Background(), b.AccessToken); !errors.Is(err, token.ErrInvalidToken) {
					t.Errorf("an access token outlived the revocation: %v", err)
				}
			}
		}
	})
}

// Several processes that start at once make one key.
func TestStartAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				if err := (&token.Mint{Store: st, Issuer: issuer}).Start(context.Background()); err != nil {
					t.Error(err)
				}
			}()
		}
		wg.Wait()
		m := &token.Mint{Store: st, Issuer: issuer}
		for _, kind := range []store.KeyKind{store.KeySigning, store.KeyCookie} {
			if list, err := m.ListKeys(context.Background(), kind); err != nil || len(list) != 1 {
				t.Errorf("%s keys: %v, %v", kind, list, err)
			}
		}
	})
}
