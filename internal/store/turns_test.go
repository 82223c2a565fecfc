package store_test

import (
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// Spans of turns follow each other, whoever reserves them, and begin anew after a
// pause; who would have to wait too long gets none.
func TestTurnsFollowEachOther(t *testing.T) {
	c := storetest.NewClock(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	storetest.EachAt(t, c.Now, func(t *testing.T, st *store.Store) {
		take := func(want time.Duration, granted bool) {
			t.Helper()
			if err := st.Update(t.Context(), func(tx *store.Tx) error {
				from, ok, err := tx.TakeTurns("carrier", time.Second, 2*time.Second)
				if err == nil && (from.Sub(guestlist.TimeOf(c.Now())) != want || ok != granted) {
					t.Errorf("from %v, %v; want %v, %v", from.Sub(guestlist.TimeOf(c.Now())), ok, want, granted)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		take(0, true)
		take(time.Second, true)
		take(2*time.Second, true)
		take(3*time.Second, false)
		take(3*time.Second, false)
		c.Advance(1500 * time.Millisecond)
		take(1500*time.Millisecond, true)
		c.Advance(time.Minute)
		take(0, true)
	})
}
