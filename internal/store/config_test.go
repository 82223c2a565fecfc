package store_test

import (
	"testing"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

func TestTemplateOfALanguageAndTypeIsOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		for _, subject := range []string{"one", "two"} {
			update(t, st, func(tx *store.Tx) error {
				return tx.PutTemplate(guestlist.EmailTemplate{
					ID: guestlist.TemplateID(crypt.ID()), LanguageTag: "en", TemplateType: guestlist.TemplateSignIn,
					Details: guestlist.EmailTemplateDetails{Subject: subject, Content: "c"}, CreatedAt: tx.Now,
				})
			})
		}
		view(t, st, func(tx *store.Tx) error {
			list, err := tx.Templates(store.TemplateFilter{})
			if len(list) != 1 || list[0].Details.Subject != "two" {
				t.Errorf("templates %+v", list)
			}
			return err
		})
		update(t, st, func(tx *store.Tx) error {
			if n, err := tx.DeleteTemplates(store.TemplateFilter{LanguageTag: "de"}); n != 0 || err != nil {
				t.Errorf("deleted %d of another language, %v", n, err)
			}
			n, err := tx.DeleteTemplates(store.TemplateFilter{TemplateType: guestlist.TemplateSignIn})
			if n != 1 {
				t.Errorf("deleted %d, want 1", n)
			}
			return err
		})
	})
}

func TestLogsAreFoundByWhatTheyAreAbout(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		for i, e := range []guestlist.LogEntry{
			{Key: "A", UserID: "u1", ApplicationID: "a1"}, {Key: "B", UserID: "u1"}, {Key: "A", UserID: "u2", Failed: true},
		} {
			update(t, st, func(tx *store.Tx) error {
				tx.Now = guestlist.Time(i + 1)
				return tx.Log(e)
			})
		}
		at := func(n guestlist.Time) *guestlist.Time { return &n }
		tests := []struct {
			filter store.LogFilter
			most   int
			want   int
		}{
			{store.LogFilter{}, 0, 3},
			{store.LogFilter{UserID: "u1"}, 0, 2},
			{store.LogFilter{Key: "A"}, 1, 2},
			{store.LogFilter{Key: "A", ApplicationID: "a1"}, 0, 1},
			{store.LogFilter{Start: at(2)}, 0, 2},
			{store.LogFilter{Start: at(2), End: at(2)}, 0, 1},
			{store.LogFilter{UserID: "nobody"}, 10, 0},
		}
		view(t, st, func(tx *store.Tx) error {
			for _, tt := range tests {
				logs, total, err := tx.Logs(tt.filter, store.Page{Limit: 10}, tt.most)
				if err != nil {
					return err
				}
				if total != tt.want || len(logs) != tt.want {
					t.Errorf("%+v: %d of %d, want %d", tt.filter, len(logs), total, tt.want)
				}
			}
			return nil
		})
	})
}
