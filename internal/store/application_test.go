package store_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

func update(t *testing.T, st *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	if err := st.Update(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func view(t *testing.T, st *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	if err := st.View(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func TestApplicationComesBackAsItWasPut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		days, description := 30, "back office"
		want := guestlist.Application{
			TenantID: guestlist.TenantID, ID: guestlist.ApplicationID(crypt.ID()), Name: "Desk",
			Description: &description, Type: guestlist.ApplicationTraditional,
			OIDCClientMetadata: guestlist.OIDCClientMetadata{
				RedirectURIs: []string{"https://desk.example/cb"}, PostLogoutRedirectURIs: []string{},
			},
			CustomClientMetadata: guestlist.CustomClientMetadata{RefreshTokenTTLInDays: &days},
			CustomData:           guestlist.JSONObject(`{"plan":"free"}`), CreatedAt: 17,
		}
		update(t, st, func(tx *store.Tx) error { return tx.InsertApplication(want) })
		view(t, st, func(tx *store.Tx) error {
			got, err := tx.Application(want.ID)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("application (-put +got):\n%s", diff)
			}
			return err
		})
		update(t, st, func(tx *store.Tx) error { return tx.DeleteApplication(want.ID) })
		view(t, st, func(tx *store.Tx) error {
			if _, err := tx.Application(want.ID); guestlist.CodeOf(err) != "entity.not_found" {
				t.Errorf("after delete: %v", err)
			}
			return nil
		})
	})
}

func TestClientSecretIsFoundByValueAloneAndNeverStoredInClear(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		app := guestlist.Application{ID: "app", Name: "a", Type: guestlist.ApplicationMachine}
		update(t, st, func(tx *store.Tx) error {
			if err := tx.InsertApplication(app); err != nil {
				return err
			}
			for i, name := range []string{"first", "second"} {
				if err := tx.InsertApplicationSecret(guestlist.ApplicationSecret{
					ApplicationID: app.ID, Name: name, Value: "s3cret-" + name, CreatedAt: guestlist.Time(i),
				}); err != nil {
					return err
				}
			}
			return nil
		})
		view(t, st, func(tx *store.Tx) error {
			secrets, err := tx.ClientSecrets(app.ID)
			if err != nil {
				return err
			}
			for presented, name := range map[string]string{
				"s3cret-first": "first", "s3cret-second": "second", "": "", "s3cret-": "", "S3cret-first": "",
			} {
				got, ok := secrets.Match(presented)
				if ok != (name != "") || got.Name != name {
					t.Errorf("%q matches %q, %v; want %q", presented, got.Name, ok, name)
				}
			}
			list, err := tx.ApplicationSecrets(app.ID)
			if len(list) != 2 || list[0].Value != "s3cret-first" {
				t.Errorf("secrets %+v", list)
			}
			return err
		})
		err := st.Update(context.Background(), func(tx *store.Tx) error {
			return tx.InsertApplicationSecret(guestlist.ApplicationSecret{ApplicationID: app.ID, Name: "first", Value: "x"})
		})
		if guestlist.CodeOf(err) != "application.secret_name_exists" {
			t.Errorf("same name again: %v", err)
		}
	})
}

func TestSeedIsDoneOnceHoweverManyStart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				if err := st.Update(context.Background(), store.Seed); err != nil {
					t.Errorf("seed: %v", err)
				}
			})
		}
		wg.Wait()
		app := guestlist.ApplicationID("m2m")
		update(t, st, func(tx *store.Tx) error {
			role, err := tx.RoleByName(guestlist.ManagementRoleName)
			if err != nil {
				return err
			}
			if err := tx.InsertApplication(guestlist.Application{ID: app, Name: "m", Type: guestlist.ApplicationMachine}); err != nil {
				return err
			}
			return tx.AddApplicationRole(app, role.ID)
		})
		view(t, st, func(tx *store.Tx) error {
			api, err := tx.ResourceByIndicator(guestlist.ManagementAPI)
			if err != nil {
				return err
			}
			scopes, err := tx.ScopesOfApplication(app, api.ID)
			var names []string
			for _, s := range scopes {
				names = append(names, s.Name)
			}
			if got := strings.Join(names, " "); got != guestlist.ScopeAll {
				t.Errorf("scopes of a machine with the management role: %q", got)
			}
			return err
		})
	})
}

func TestSeedRespectsWhatTheOperatorChanged(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		update(t, st, store.Seed)
		var role guestlist.Role
		update(t, st, func(tx *store.Tx) error {
			var err error
			if role, err = tx.RoleByName(guestlist.ManagementRoleName); err != nil {
				return err
			}
			role.Name = "robots"
			if err := tx.UpdateRole(role); err != nil {
				return err
			}
			return tx.RemoveRoleScope(role.ID, store.ManagementScopeID)
		})
		update(t, st, store.Seed)
		view(t, st, func(tx *store.Tx) error {
			got, err := tx.Role(role.ID)
			if err != nil || got.Name != "robots" {
				t.Errorf("role %+v, %v", got, err)
			}
			scopes, _, err := tx.ScopesOfRoleMatching(role.ID, guestlist.Search{}, store.Page{})
			if len(scopes) != 0 {
				t.Errorf("the scope came back: %+v", scopes)
			}
			return err
		})
	})
}
