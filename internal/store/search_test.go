package store_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

func TestBothEnginesSearchAlike(t *testing.T) {
	names := []string{"Alpha", "alpine", "beta", "100% Gamma", "under_score", `back\slash`, "Ülo"}
	fields := []string{"name"}
	match := func(mode guestlist.MatchMode, sensitive bool, values ...string) guestlist.Search {
		return guestlist.Search{CaseSensitive: sensitive, Matches: []guestlist.Match{{Fields: fields, Mode: mode, Values: values}}}
	}
	tests := []struct {
		name   string
		search guestlist.Search
		want   []string
	}{
		{"nothing asked", guestlist.Search{}, names},
		{"like", match(guestlist.ModeLike, false, "ALP%"), []string{"Alpha", "alpine"}},
		{"like with case", match(guestlist.ModeLike, true, "alp%"), []string{"alpine"}},
		{"like any character", match(guestlist.ModeLike, false, "bet_"), []string{"beta"}},
		{"like escaped percent", match(guestlist.ModeLike, false, `100\%%`), []string{"100% Gamma"}},
		{"like escaped underscore", match(guestlist.ModeLike, true, `under\_score`), []string{"under_score"}},
		{"like ending in the escape", match(guestlist.ModeLike, false, `back\`), nil},
		{"exact, several", match(guestlist.ModeExact, false, "BETA", "alpha"), []string{"Alpha", "beta"}},
		{"exact with case", match(guestlist.ModeExact, true, "ALPHA", "beta"), []string{"beta"}},
		{"posix", match(guestlist.ModePosix, false, "^a.+(a|e)$"), []string{"Alpha", "alpine"}},
		{"posix with case", match(guestlist.ModePosix, true, "^A"), []string{"Alpha"}},
		{"similar to", match(guestlist.ModeSimilarTo, true, "(Alpha|beta)"), []string{"Alpha", "beta"}},
		{"both must match", guestlist.Search{Joint: guestlist.JointAnd, Matches: []guestlist.Match{
			{Fields: fields, Mode: guestlist.ModeLike, Values: []string{"al%"}},
			{Fields: fields, Mode: guestlist.ModeLike, Values: []string{"%e"}},
		}}, []string{"alpine"}},
		{"either may match", guestlist.Search{Matches: []guestlist.Match{
			{Fields: fields, Mode: guestlist.ModeExact, Values: []string{"beta"}},
			{Fields: []string{"description"}, Mode: guestlist.ModeExact, Values: []string{"described Alpha"}},
		}}, []string{"Alpha", "beta"}},
	}
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(tx *store.Tx) error {
			for _, n := range names {
				if err := tx.InsertRole(guestlist.Role{
					ID: guestlist.RoleID(crypt.ID()), Name: n, Description: "described " + n, Type: guestlist.RoleUser,
				}); err != nil {
					return err
				}
			}
			return nil
		})
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				view(t, st, func(tx *store.Tx) error {
					roles, total, err := tx.Roles(store.RoleFilter{Search: tt.search}, store.Page{})
					if err != nil {
						return err
					}
					var got []string
					for _, r := range roles {
						got = append(got, r.Name)
					}
					want := slices.Clone(tt.want)
					slices.Sort(want)
					slices.Sort(got)
					if diff := cmp.Diff(want, got); diff != "" || total != len(want) {
						t.Errorf("total %d (-want +got):\n%s", total, diff)
					}
					return nil
				})
			})
		}
	})
}

func TestPagesOfRolesAddUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(tx *store.Tx) error {
			for _, n := range []string{"a", "b", "c", "d", "e", guestlist.InternalRolePrefix + "x"} {
				if err := tx.InsertRole(guestlist.Role{ID: guestlist.RoleID(n), Name: n, Description: n, Type: guestlist.RoleUser}); err != nil {
					return err
				}
			}
			return nil
		})
		view(t, st, func(tx *store.Tx) error {
			seen := ""
			for offset := 0; offset < 6; offset += 2 {
				roles, total, err := tx.Roles(store.RoleFilter{}, store.Page{Limit: 2, Offset: offset})
				if err != nil {
					return err
				}
				if total != 5 {
					t.Errorf("total %d, want 5: internal roles are in no list", total)
				}
				for _, r := range roles {
					seen += r.Name
				}
			}
			if seen != "abcde" {
				t.Errorf("pages hold %q", seen)
			}
			return nil
		})
	})
}
