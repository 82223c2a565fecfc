package store_test

import (
	"slices"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

func TestPicturesThatNothingUsesGoAfterADay(t *testing.T) {
	clock := storetest.NewClock(time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC))
	storetest.EachAt(t, clock.Now, func(t *testing.T, st *store.Store) {
		keep := func(content string, passing bool) (id string) {
			update(t, st, func(tx *store.Tx) (err error) {
				id, err = tx.KeepPicture(store.Picture{ContentType: "image/png", Ending: "png", Content: []byte(content)}, passing)
				return err
			})
			return id
		}
		avatar := func() (id string) {
			update(t, st, func(tx *store.Tx) (err error) {
				id, err = tx.KeepAvatar(store.Picture{ContentType: "image/png", Ending: "png", Content: []byte("me")})
				return err
			})
			return id
		}
		left := func() (ids []string) {
			update(t, st, func(tx *store.Tx) (err error) {
				if _, err := tx.Sweep(); err != nil {
					return err
				}
				ids, err = tx.TextsOf("user_assets", "id")
				return err
			})
			slices.Sort(ids)
			return ids
		}
		want := func(when string, ids ...string) {
			t.Helper()
			slices.Sort(ids)
			if got := left(); !slices.Equal(got, ids) {
				t.Errorf("%s: %v, want %v", when, got, ids)
			}
		}
		user := func(id guestlist.UserID, avatar string) guestlist.User {
			address := "https://id.example/api/user-assets/" + avatar
			return guestlist.User{ID: id, Avatar: &address, CreatedAt: st.Now(), UpdatedAt: st.Now()}
		}

		kept, tried, saved, again := keep("kept", false), keep("tried", true), keep("saved", true), keep("again", true)
		if keep("kept", true) != kept { // somebody tries what is kept
			t.Fatal("the same picture has two ids")
		}
		mine, other, nobodys := avatar(), avatar(), avatar()
		if mine == other {
			t.Fatal("two guests have one picture")
		}
		update(t, st, func(tx *store.Tx) error {
			there, err := tx.UseAsset(saved)
			if !there || err != nil {
				t.Errorf("a picture is not there: %v", err)
			}
			if there, err := tx.UseAsset(mine); there || err != nil {
				t.Errorf("settings keep a guest's picture: %v", err)
			}
			if err := tx.InsertUser(user("u1", mine), nil); err != nil {
				return err
			}
			if err := tx.InsertUser(user("u2", mine), nil); err != nil { // who takes another's, takes nothing
				return err
			}
			return tx.InsertUser(user("u3", kept), nil)
		})
		clock.Advance(store.KeepUnused / 2)
		keep("again", true) // another preview
		want("at first", kept, tried, saved, again, mine, other, nobodys)
		clock.Advance(store.KeepUnused / 2)
		want("after a day", kept, saved, again, mine)
		clock.Advance(store.KeepUnused)
		want("after two", kept, saved, mine)
		update(t, st, func(tx *store.Tx) error {
			if there, err := tx.UseAsset(again); there || err != nil {
				t.Errorf("what was swept is used: %v", err)
			}
			return tx.DeleteUser("u2")
		})
		want("without who took another's", kept, saved, mine)
		next := avatar()
		update(t, st, func(tx *store.Tx) error { return tx.UpdateUser(user("u1", next)) })
		want("with another picture", kept, saved, next)
		update(t, st, func(tx *store.Tx) error {
			if err := tx.DeleteUser("u3"); err != nil {
				return err
			}
			return tx.DeleteUser("u1")
		})
		want("without the user", kept, saved)
	})
}

func TestPicturesOfNobodyAreBounded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		var err error
		_ = st.Update(t.Context(), func(tx *store.Tx) error {
			for range store.MaxUnusedAvatars {
				if _, err = tx.KeepAvatar(store.Picture{ContentType: "image/png", Ending: "png"}); err != nil {
					t.Fatal(err)
				}
			}
			_, err = tx.KeepAvatar(store.Picture{ContentType: "image/png", Ending: "png"})
			return err
		})
		if guestlist.CodeOf(err) != "storage.uploads_limited" {
			t.Errorf("one more: %v", err)
		}
	})
}
