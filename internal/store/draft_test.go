package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

func TestDraftsAreSealedFewAndSwept(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
			s := storetest.Open(t, engine, func() time.Time { now = now.Add(time.Second); return now })
			for i, handle := range []string{"first", "second", "third"} {
				if err := s.Update(context.Background(), func(tx *store.Tx) error {
					return tx.InsertDraft(handle, "key", store.Draft{Owner: "ada", Content: []byte(`{"secret":1}`), ExpiresAt: tx.Now.Add(time.Minute)}, 2)
				}); err != nil {
					t.Fatal(i, err)
				}
			}
			look := func(handle, key string) error {
				return s.View(context.Background(), func(tx *store.Tx) error {
					d, err := tx.Draft(handle, key)
					if err == nil && string(d.Content) != `{"secret":1}` {
						t.Errorf("content %s", d.Content)
					}
					return err
				})
			}
			for handle, want := range map[string]error{"first": store.ErrNotFound, "second": nil, "third": nil} {
				if err := look(handle, "key"); !errors.Is(err, want) {
					t.Errorf("%s: %v", handle, err)
				}
			}
			if err := look("third", "another"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("with another key: %v", err)
			}
			texts := func(column string) (list []string) {
				if err := s.View(context.Background(), func(tx *store.Tx) (err error) {
					list, err = tx.TextsOf("drafts", column)
					return err
				}); err != nil {
					t.Fatal(err)
				}
				return list
			}
			for _, text := range append(texts("sealed"), texts("id")...) {
				if strings.Contains(text, "secret") || strings.Contains(text, "third") {
					t.Errorf("at rest: %s", text)
				}
			}
			now = now.Add(2 * time.Minute)
			if err := look("third", "key"); guestlist.KindOf(err) != guestlist.KindNotFound {
				t.Errorf("after its time: %v", err)
			}
			if err := s.Update(context.Background(), func(tx *store.Tx) error { _, err := tx.Sweep(); return err }); err != nil {
				t.Fatal(err)
			}
			if left := texts("id"); len(left) != 0 {
				t.Errorf("%d drafts are not swept", len(left))
			}
		})
	}
}
