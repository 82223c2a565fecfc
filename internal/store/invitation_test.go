package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// newInvitation is an open personal invitation to an address.
func newInvitation(now guestlist.Time, email string) guestlist.Invitation {
	return guestlist.Invitation{
		TenantID: guestlist.TenantID, ID: guestlist.InvitationID(crypt.OrderedID(now)), Kind: guestlist.InvitationPersonal,
		Status: guestlist.InvitationPending, Name: "Grace", RecipientEmail: email,
		Inviter: guestlist.Inviter{Type: guestlist.InviterSystem, Authority: guestlist.AuthorityHost},
		InvitationTerms: guestlist.InvitationTerms{
			Landing: guestlist.LandingHosted, Binding: guestlist.BindExact, TTL: 3600, Message: "Come",
			Grants: guestlist.InvitationGrants{RoleIDs: []guestlist.RoleID{"r"}, CustomData: guestlist.JSONObject(`{"a":1}`)},
		},
		Own:   guestlist.InvitationOwn{CustomData: guestlist.JSONObject(`{"b":2}`)},
		Seats: 1, Generation: 1, Delivery: guestlist.InvitationNone, ExpiresAt: now.Add(time.Hour), CreatedAt: now, UpdatedAt: now,
	}
}

func TestInvitationIsReadAsItWasWritten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		want := newInvitation(st.Now(), "Grace@Example.com")
		update(t, st, func(tx *store.Tx) error { return tx.InsertInvitation(want, "") })
		update(t, st, func(tx *store.Tx) error {
			got, err := tx.Invitation(want.ID)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Error(err, diff)
			}
			if got, err = tx.InvitationForUpdate(want.ID); got.ID != want.ID || err != nil {
				t.Error(got, err)
			}
			_, err = tx.InvitationForUpdate("nobody")
			if !errors.Is(err, store.ErrNotFound) {
				t.Error(err)
			}
			return nil
		})
	})
}

func TestLinkOfAnInvitationIsGoodForItsGenerationAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		i := newInvitation(st.Now(), "grace@example.com")
		var first, second guestlist.InvitationSecret
		update(t, st, func(tx *store.Tx) error {
			if err := tx.InsertInvitation(i, ""); err != nil {
				return err
			}
			first = tx.InvitationCode(i)
			if ok, err := tx.RotateInvitation(i.ID, store.Rotation{ExpiresAt: tx.Now.Add(2 * time.Hour), Copied: true}); !ok || err != nil {
				t.Error(ok, err)
			}
			again, err := tx.Invitation(i.ID)
			if err != nil || again.Generation != 2 || !again.Copied || again.ExpiresAt != tx.Now.Add(2*time.Hour) {
				t.Errorf("%+v %v", again, err)
			}
			second = tx.InvitationCode(again)
			return nil
		})
		if len(first) != guestlist.InvitationCodeLength || first == second {
			t.Fatal("the codes are", len(first), "characters long, and equal:", first == second)
		}
		other := crypt.OrderedID(st.Now())
		for code, want := range map[string]bool{
			string(second): true, string(first): false, "": false, string(second[:63]): false, string(second) + "x": false,
			other + string(second[21:]): false, string(i.ID) + strings.Repeat("A", 43): false,
		} {
			view(t, st, func(tx *store.Tx) error {
				got, err := tx.InvitationByCode(code)
				if want != (err == nil && got.ID == i.ID) || !want && !errors.Is(err, store.ErrNotFound) {
					t.Error(want, got.ID, err)
				}
				return nil
			})
		}
	})
}

func TestSharedCodeIsFoundHoweverItIsTyped(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		i := newInvitation(st.Now(), "")
		i.Kind, i.Seats = guestlist.InvitationShared, 100
		update(t, st, func(tx *store.Tx) error { return tx.InsertInvitation(i, "7KQ2-M0XD-1RTB") })
		view(t, st, func(tx *store.Tx) error {
			for typed, want := range map[string]bool{
				"7KQ2-M0XD-1RTB": true, "7kq2m0xd1rtb": true, " 7kq2 mOxd-lrtb": true, "7KQ2-MOXD-IRTB": true,
				"7KQ2-M0XD-1RTC": false, "7KQ2-M0XD": false, "7KQ2-M0XD-1RTBB": false, "7KQ2-M0XU-1RTB": false, "": false, "ſKQ2-M0XD-1RTB": false,
			} {
				got, err := tx.InvitationBySharedCode(typed)
				if want != (err == nil && got.ID == i.ID) {
					t.Errorf("%q: %v %v", typed, got.ID, err)
				}
			}
			code, err := tx.SharedCode(i.ID)
			if code != "7KQ2-M0XD-1RTB" || err != nil {
				t.Error(code, err)
			}
			for _, column := range []string{"code_hash", "code_sealed"} {
				texts, err := tx.TextsOf("invitations", column)
				if err != nil || strings.Contains(strings.Join(texts, " "), "7KQ2") {
					t.Error(column, err)
				}
			}
			return nil
		})
	})
}

func TestOneOpenInvitationPerRecipientAndOrganizations(t *testing.T) {
	clock := storetest.NewClock(time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC))
	storetest.EachAt(t, clock.Now, func(t *testing.T, st *store.Store) {
		first := newInvitation(st.Now(), "Grace@example.com")
		again := newInvitation(st.Now(), "grace@EXAMPLE.com")
		inOrg := newInvitation(st.Now(), "grace@example.com")
		inOrg.Grants.Organizations = []guestlist.InvitationOrganization{{ID: "o1"}, {ID: "o2"}}
		update(t, st, func(tx *store.Tx) error { return tx.InsertInvitation(first, "") })
		err := st.Update(context.Background(), func(tx *store.Tx) error { return tx.InsertInvitation(again, "") })
		if guestlist.CodeOf(err) != "entity.unique_integrity_violation" {
			t.Error("a second one:", err)
		}
		update(t, st, func(tx *store.Tx) error {
			if err := tx.InsertInvitation(inOrg, ""); err != nil {
				return err
			}
			got, err := tx.PendingInvitationOf("email:grace@example.com", "")
			if got.ID != first.ID || err != nil {
				t.Error(got.ID, err)
			}
			other := guestlist.InvitationGrants{Organizations: []guestlist.InvitationOrganization{{ID: "o2"}, {ID: "o1"}, {ID: "o2"}}}
			got, err = tx.PendingInvitationOf("email:grace@example.com", other.OrganizationsKey())
			if got.ID != inOrg.ID || err != nil {
				t.Error(got.ID, err)
			}
			if err := tx.InsertInvitation(newInvitation(tx.Now, "new@example.com"), ""); err != nil {
				return err
			}
			n, capped, err := tx.CountInvitations(store.InvitationFilter{}, 1)
			_ = n // counted at the commit
			return errors.Join(err, map[bool]error{true: errors.New("capped")}[capped])
		})
		view(t, st, func(tx *store.Tx) error {
			n, _, err := tx.CountInvitations(store.InvitationFilter{}, 1)
			if n != 3 {
				t.Error("counted", n)
			}
			return err
		})
		clock.Advance(time.Hour)
		update(t, st, func(tx *store.Tx) error {
			if got, err := tx.Invitation(first.ID); got.Status != guestlist.InvitationExpired || err != nil {
				t.Error("an overdue one is", got.Status, err)
			}
			if ok, err := tx.ExpireInvitation(first.ID); !ok || err != nil {
				t.Error(ok, err)
			}
			return tx.InsertInvitation(again, "")
		})
		err = st.Update(context.Background(), func(tx *store.Tx) error {
			_, err := tx.RotateInvitation(first.ID, store.Rotation{ExpiresAt: tx.Now.Add(time.Hour)})
			return err
		})
		if guestlist.CodeOf(err) != "entity.unique_integrity_violation" {
			t.Error("opened again beside another:", err)
		}
	})
}

// TestEndsOfInvitationsAreFinal tries every change on every state.
func TestEndsOfInvitationsAreFinal(t *testing.T) {
	clock := storetest.NewClock(time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC))
	storetest.EachAt(t, clock.Now, func(t *testing.T, st *store.Store) {
		changes := map[string]func(tx *store.Tx, id guestlist.InvitationID) (bool, error){
			"revoked":  func(tx *store.Tx, id guestlist.InvitationID) (bool, error) { return tx.RevokeInvitation(id, "why") },
			"declined": (*store.Tx).DeclineInvitation,
			"expired":  (*store.Tx).ExpireInvitation,
			"rotated": func(tx *store.Tx, id guestlist.InvitationID) (bool, error) {
				return tx.RotateInvitation(id, store.Rotation{ExpiresAt: tx.Now.Add(time.Hour)})
			},
			"updated": func(tx *store.Tx, id guestlist.InvitationID) (bool, error) {
				i, err := tx.Invitation(id)
				if err != nil {
					return false, err
				}
				i.Name = "Changed"
				return tx.UpdateInvitation(i)
			},
		}
		want := map[string]string{ // what each state lets happen
			"pending": "declined revoked rotated updated", "overdue": "expired revoked rotated updated", "expired": "revoked rotated",
			"revoked": "", "declined": "",
		}
		made := 0
		for state, allowed := range want {
			for name, change := range changes {
				made++
				update(t, st, func(tx *store.Tx) error {
					i := newInvitation(tx.Now, fmt.Sprintf("guest%d@example.com", made))
					if state == "overdue" || state == "expired" {
						i.ExpiresAt = tx.Now
					}
					if err := tx.InsertInvitation(i, ""); err != nil {
						return err
					}
					if before := changes[state]; before != nil {
						if ok, err := before(tx, i.ID); !ok || err != nil {
							t.Errorf("%s: %v %v", state, ok, err)
						}
					}
					ok, err := change(tx, i.ID)
					if err != nil || ok != strings.Contains(allowed, name) {
						t.Errorf("%s when %s: %v %v", name, state, ok, err)
					}
					return nil
				})
			}
		}
	})
}

func TestOverdueInvitationsAreExpiredInParts(t *testing.T) {
	clock := storetest.NewClock(time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC))
	storetest.EachAt(t, clock.Now, func(t *testing.T, st *store.Store) {
		update(t, st, func(tx *store.Tx) error {
			for n := range 25 {
				i := newInvitation(tx.Now, fmt.Sprintf("guest%d@example.com", n))
				i.ExpiresAt = tx.Now.Add(time.Duration(n%20) * time.Minute)
				if err := tx.InsertInvitation(i, ""); err != nil {
					return err
				}
			}
			return nil
		})
		clock.Advance(9 * time.Minute)
		for _, want := range []int{8, 7, 0} {
			update(t, st, func(tx *store.Tx) error {
				list, err := tx.ExpireInvitations(8)
				if len(list) != want || err != nil {
					t.Errorf("%d, want %d: %v", len(list), want, err)
				}
				for _, i := range list {
					if i.Status != guestlist.InvitationExpired || i.EndedAt == nil || *i.EndedAt != i.ExpiresAt || i.ExpiresAt > tx.Now {
						t.Errorf("%+v", i)
					}
				}
				return nil
			})
		}
	})
}

func TestTimelineIsKeptWithItsInvitation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		i := newInvitation(st.Now(), "grace@example.com")
		update(t, st, func(tx *store.Tx) error {
			if err := tx.InsertInvitation(i, ""); err != nil {
				return err
			}
			if err := tx.AddInvitationAct(i.ID, guestlist.InvitationAct{Kind: "Resent", By: "u", Detail: "as asked"}); err != nil {
				return err
			}
			acts, err := tx.InvitationActs(i.ID)
			if diff := cmp.Diff([]guestlist.InvitationAct{{Kind: "Resent", At: tx.Now, By: "u", Detail: "as asked"}}, acts); diff != "" || err != nil {
				t.Error(err, diff)
			}
			if err := tx.DeleteInvitation(i.ID); err != nil {
				return err
			}
			if acts, err = tx.InvitationActs(i.ID); len(acts) != 0 || err != nil {
				t.Error(acts, err)
			}
			if err := tx.DeleteInvitation(i.ID); !errors.Is(err, store.ErrNotFound) {
				t.Error(err)
			}
			return err
		})
	})
}
