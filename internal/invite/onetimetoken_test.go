package invite_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// book is a store whose clock the test moves.
type book struct {
	*testing.T
	st  *store.Store
	now time.Time
}

func each(t *testing.T, fn func(*book)) {
	t.Helper()
	b := &book{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	storetest.EachAt(t, func() time.Time { return b.now }, func(t *testing.T, st *store.Store) {
		b.T, b.st = t, st
		fn(b)
	})
}

func (b *book) try(fn func(*store.Tx) error) error { return b.st.Update(context.Background(), fn) }

func (b *book) do(fn func(*store.Tx) error) {
	b.Helper()
	if err := b.try(fn); err != nil {
		b.Fatal(err)
	}
}

func (b *book) issue(o invite.Order) guestlist.OneTimeToken {
	b.Helper()
	var t guestlist.OneTimeToken
	b.do(func(tx *store.Tx) error {
		var err error
		t, err = invite.Issue(tx, o)
		return err
	})
	return t
}

func (b *book) verify(token, email string) (t guestlist.OneTimeToken, err error) {
	err = b.try(func(tx *store.Tx) error {
		t, err = invite.Verify(tx, token, email)
		return err
	})
	return t, err
}

func TestIssue(t *testing.T) {
	each(t, func(b *book) {
		got := b.issue(invite.Order{Email: "a@example.com"})
		if len(got.ID) != guestlist.IDLength || len(got.Token) != 32 || got.Status != guestlist.OneTimeTokenActive ||
			got.ExpiresAt.Sub(got.CreatedAt) != guestlist.DefaultOneTimeTokenTTL {
			b.Errorf("issued %+v", got)
		}
		for name, o := range map[string]invite.Order{
			"no address":    {},
			"no at sign":    {Email: "nope"},
			"a long one":    {Email: strings.Repeat("a", 128) + "@b.c"},
			"too short":     {Email: "a@b.c", TTL: time.Millisecond},
			"negative":      {Email: "a@b.c", TTL: -time.Second},
			"ten years":     {Email: "a@b.c", TTL: 10 * 366 * 24 * time.Hour},
			"unknown event": {Email: "a@b.c", Context: guestlist.OneTimeTokenContext{InteractionEvent: "Nope"}},
			"many orgs":     {Email: "a@b.c", Context: guestlist.OneTimeTokenContext{JITOrganizationIDs: make([]string, 101)}},
		} {
			err := b.try(func(tx *store.Tx) error { _, err := invite.Issue(tx, o); return err })
			if guestlist.CodeOf(err) != "guard.invalid_input" || guestlist.KindOf(err) != guestlist.KindInvalid {
				b.Errorf("%s: %v", name, err)
			}
		}
		b.issue(invite.Order{Email: "a@example.com", TTL: time.Second})
		b.issue(invite.Order{Email: "a@example.com", TTL: guestlist.MaxPeriod})
	})
}

// TestVerify: the refusals in the order of the contract; a failing check
// consumes nothing, and letter case in the address does not matter.
func TestVerify(t *testing.T) {
	each(t, func(b *book) {
		token := b.issue(invite.Order{Email: "Guest@example.com"})
		fails := func(token, email string, want error) {
			b.Helper()
			if _, err := b.verify(token, email); !errors.Is(err, want) {
				b.Errorf("Verify(%q): %v, want %v", email, err, want)
			}
		}
		_, err := b.verify("unknown", "guest@example.com")
		if !errors.Is(err, guestlist.ErrTokenNotFound) || strings.Contains(err.Error(), "unknown") {
			b.Errorf("an unknown token: %v", err)
		}
		fails(token.Token, "other@example.com", guestlist.ErrTokenEmailMismatch)
		got, err := b.verify(token.Token, "GUEST@EXAMPLE.COM")
		if err != nil || got.Status != guestlist.OneTimeTokenConsumed || got.ConsumedAt == nil {
			b.Errorf("verified: %+v, %v", got, err)
		}
		fails(token.Token, "guest@example.com", guestlist.ErrTokenConsumed)
		fails(token.Token, "other@example.com", guestlist.ErrTokenEmailMismatch)

		revoked := b.issue(invite.Order{Email: "guest@example.com"})
		b.do(func(tx *store.Tx) error {
			_, err := invite.SetStatus(tx, revoked.ID, guestlist.OneTimeTokenRevoked)
			return err
		})
		fails(revoked.Token, "guest@example.com", guestlist.ErrTokenRevoked)
		b.now = b.now.Add(guestlist.DefaultOneTimeTokenTTL)
		fails(revoked.Token, "guest@example.com", guestlist.ErrTokenExpired) // expired and revoked reports expired
	})
}

// TestList: by the status as it is shown, with the number that match.
func TestList(t *testing.T) {
	each(t, func(b *book) {
		short := b.issue(invite.Order{Email: "a@example.com", TTL: time.Second})
		b.now = b.now.Add(time.Minute)
		active := b.issue(invite.Order{Email: "A@example.com"})
		b.now = b.now.Add(time.Second)
		other := b.issue(invite.Order{Email: "b@example.com"})
		list := func(f store.OneTimeTokenFilter, p store.Page) (ids []guestlist.OneTimeTokenID, total int) {
			b.Helper()
			b.do(func(tx *store.Tx) error {
				tokens, n, err := invite.List(tx, f, p)
				ids, total = nil, n
				for _, t := range tokens {
					if t.Token == "" || f.Status != "" && t.Status != f.Status {
						b.Errorf("listed %+v for %+v", t, f)
					}
					ids = append(ids, t.ID)
				}
				return err
			})
			return ids, total
		}
		for _, c := range []struct {
			f     store.OneTimeTokenFilter
			p     store.Page
			ids   []guestlist.OneTimeTokenID
			total int
		}{
			{store.OneTimeTokenFilter{}, store.Page{}, []guestlist.OneTimeTokenID{other.ID, active.ID, short.ID}, 3},
			{store.OneTimeTokenFilter{}, store.Page{Limit: 1, Offset: 1}, []guestlist.OneTimeTokenID{active.ID}, 3},
			{store.OneTimeTokenFilter{Email: "a@EXAMPLE.com"}, store.Page{Limit: 1}, []guestlist.OneTimeTokenID{active.ID}, 2},
			{store.OneTimeTokenFilter{Status: guestlist.OneTimeTokenActive}, store.Page{Limit: 9}, []guestlist.OneTimeTokenID{other.ID, active.ID}, 2},
			{store.OneTimeTokenFilter{Status: guestlist.OneTimeTokenExpired}, store.Page{}, []guestlist.OneTimeTokenID{short.ID}, 1},
			{store.OneTimeTokenFilter{Status: guestlist.OneTimeTokenRevoked}, store.Page{}, nil, 0},
		} {
			if ids, total := list(c.f, c.p); !slices.Equal(ids, c.ids) || total != c.total {
				b.Errorf("List(%+v, %+v) = %v of %d, want %v of %d", c.f, c.p, ids, total, c.ids, c.total)
			}
		}
	})
}

func TestSetStatus(t *testing.T) {
	each(t, func(b *book) {
		token := b.issue(invite.Order{Email: "a@example.com"})
		set := func(s guestlist.OneTimeTokenStatus) error {
			return b.try(func(tx *store.Tx) error { _, err := invite.SetStatus(tx, token.ID, s); return err })
		}
		if err := set(guestlist.OneTimeTokenActive); !errors.Is(err, invite.ErrCannotReactivate) {
			b.Errorf("to active: %v", err)
		}
		if err := set("nope"); guestlist.CodeOf(err) != "guard.invalid_input" {
			b.Errorf("to nonsense: %v", err)
		}
		for _, s := range []guestlist.OneTimeTokenStatus{guestlist.OneTimeTokenConsumed, guestlist.OneTimeTokenRevoked, guestlist.OneTimeTokenExpired} {
			if err := set(s); err != nil {
				b.Errorf("to %s: %v", s, err)
			}
		}
		err := b.try(func(tx *store.Tx) error {
			_, err := invite.SetStatus(tx, "nosuch", guestlist.OneTimeTokenRevoked)
			return err
		})
		if !errors.Is(err, store.ErrNotFound) {
			b.Errorf("an unknown token: %v", err)
		}
	})
}

// TestHiddenTokens: where no copy is kept, only the first answer shows it.
func TestHiddenTokens(t *testing.T) {
	each(t, func(b *book) {
		b.do(func(tx *store.Tx) error {
			e, err := tx.SignInExperience()
			if err != nil {
				return err
			}
			e.HideOneTimeTokens = true
			return tx.PutSignInExperience(e)
		})
		token := b.issue(invite.Order{Email: "a@example.com"})
		if token.Token == "" {
			b.Fatal("the answer that creates a token does not show it")
		}
		b.do(func(tx *store.Tx) error {
			t, err := invite.Get(tx, token.ID)
			if t.Token != "" {
				b.Error("a later answer shows the token")
			}
			return err
		})
		if _, err := b.verify(token.Token, "a@example.com"); err != nil {
			b.Errorf("Verify: %v", err)
		}
	})
}
