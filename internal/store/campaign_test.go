package store_test

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// reads recognises a plan that reads a table from its beginning to its end.
var reads = regexp.MustCompile(`Seq Scan on (invitations|jobs|redemptions)|SCAN (invitations|i|jobs|redemptions)(\n|$)|USE TEMP B-TREE|Sort Key: i`)

func TestWhatIsDueIsFoundByIndexes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(tx *store.Tx) error { return tx.FillInvitations(20_000) })
		update(t, st, func(tx *store.Tx) error { return tx.PlanMail() })
		view(t, st, func(tx *store.Tx) error {
			plans, err := tx.PlansOfCampaigns()
			for name, plan := range plans {
				if reads.MatchString(plan) && name != "the lanes that are due" {
					t.Errorf("%s:\n%s", name, plan)
				}
			}
			return err
		})
	})
}

func TestCampaignIsReadAsItWasWritten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		at := st.Now()
		want := store.Campaign{
			Campaign: guestlist.Campaign{
				TenantID: guestlist.TenantID, ID: guestlist.CampaignID(crypt.OrderedID(at)), Name: "Launch", State: guestlist.CampaignDraft,
				Inviter: guestlist.Inviter{Type: guestlist.InviterUser, ID: "u", Authority: guestlist.AuthorityHost},
				Terms:   guestlist.InvitationTerms{Landing: guestlist.LandingHosted, Binding: guestlist.BindExact, TTL: 60},
				Format:  "csv", Columns: []string{"a"}, Mapping: []string{"email"}, Locale: "de", Digest: "daily",
				Waves:    guestlist.CampaignWaves{Size: 5, Interval: 60, TimeZone: "Asia/Tokyo", FromHour: 9, ToHour: 17},
				Verdicts: map[string]int{},
			},
			Upload: "first", Separator: ";", ExpiresAt: &at,
		}
		update(t, st, func(tx *store.Tx) error {
			want.CreatedAt = tx.Now
			return tx.InsertCampaign(want, "key")
		})
		read := func() (c store.Campaign) {
			t.Helper()
			view(t, st, func(tx *store.Tx) error {
				var err error
				c, err = tx.Campaign(want.ID)
				return err
			})
			want.TermsID = c.TermsID
			return c
		}
		if diff := cmp.Diff(want, read()); diff != "" {
			t.Error(diff)
		}
		want.State, want.Total, want.Done, want.Verdicts = guestlist.CampaignSending, 3, 2, map[string]int{"new": 2}
		want.Part, want.SentTo, want.SettledTo, want.WavesSent, want.WaveLeft = 1, "a", "b", 3, 4
		want.NextWaveAt, want.DigestAt, want.StartedAt, want.FinishedAt, want.ExpiresAt = &at, &at, &at, &at, nil
		want.Content, want.Error, want.Terms.TTL, want.Upload = st.CampaignContent("digest"), "x", 120, "second"
		update(t, st, func(tx *store.Tx) error { return tx.UpdateCampaign(want) })
		if diff := cmp.Diff(want, read()); diff != "" {
			t.Error(diff)
		}
		update(t, st, func(tx *store.Tx) error {
			found, err := tx.CampaignByKey("key")
			if found.ID != want.ID || err != nil {
				t.Error(found.ID, err)
			}
			due, err := tx.CampaignsDue(10)
			if len(due) != 1 || err != nil {
				t.Error(due, err)
			}
			return nil
		})
	})
}

func TestImportLeavesOutWhoIsInvitedAlreadyAndSaysSo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		old := newInvitation(st.Now(), "Grace@example.com")
		update(t, st, func(tx *store.Tx) error { return tx.InsertInvitation(old, "") })
		email := func(s string) guestlist.Identifier {
			return guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: s}
		}
		imp := store.Import{Campaign: "c1", Inviter: guestlist.Inviter{Type: guestlist.InviterSystem, Authority: guestlist.AuthorityHost}}
		update(t, st, func(tx *store.Tx) error {
			imp.ExpiresAt = tx.Now.Add(time.Hour)
			terms, err := tx.PutInvitationTerms(guestlist.InvitationTerms{TTL: 60})
			if err != nil {
				return err
			}
			var batch []*store.ImportedInvitation
			for _, to := range []string{"zoe@example.com", "grace@EXAMPLE.com", "ada@example.com", "Zoe@example.com"} {
				batch = append(batch, &store.ImportedInvitation{ID: guestlist.InvitationID(crypt.OrderedID(tx.Now)), Recipient: email(to), Terms: terms})
			}
			// The same recipient, into an organization.
			batch = append(batch, &store.ImportedInvitation{
				ID: guestlist.InvitationID(crypt.OrderedID(tx.Now)), Recipient: email("grace@example.com"), OrganizationsKey: "o", Terms: terms,
			})
			inserted, err := tx.ImportInvitations(imp, batch)
			if diff := cmp.Diff([]bool{true, false, true, false, true}, inserted); diff != "" || err != nil {
				t.Error(err, diff)
			}
			standing, err := tx.StandingInvitations([]string{email("grace@example.com").Key(), email("zoe@example.com").Key(), email("nobody@example.com").Key()})
			if err != nil || len(standing) != 3 || standing[store.StandingKey(email("grace@example.com"), "")].ID != old.ID ||
				standing[store.StandingKey(email("zoe@example.com"), "")].Campaign != "c1" {
				t.Errorf("%+v %v", standing, err)
			}
			first, err := tx.Invitation(batch[0].ID)
			if err != nil || first.Delivery != guestlist.InvitationQueued || first.ExpiresAt != imp.ExpiresAt || first.TTL != 60 || first.SendAt != nil {
				t.Errorf("%+v %v", first, err)
			}
			counts, err := tx.InvitationCounts("c1")
			if err != nil || len(counts) != 0 { // they are written with the transaction
				t.Error(counts, err)
			}
			return nil
		})
		update(t, st, func(tx *store.Tx) error { // rows that differ in themselves alone
			terms, err := tx.PutInvitationTerms(guestlist.InvitationTerms{TTL: 60, ApplicationID: "app"})
			if err != nil {
				return err
			}
			var batch []*store.ImportedInvitation
			for n := range 600 {
				batch = append(batch, &store.ImportedInvitation{
					ID: guestlist.InvitationID(crypt.OrderedID(tx.Now)), Name: fmt.Sprint("Guest ", n), Recipient: email(fmt.Sprintf("guest%d@example.com", n)),
					OrganizationsKey: "o", Application: "app", Terms: terms, Own: guestlist.InvitationOwn{CustomData: guestlist.JSONObject(`{"a":1}`)}, Locale: "fr",
				})
			}
			alike := imp
			alike.Campaign = "c2"
			if _, err := tx.ImportInvitations(alike, batch); err != nil {
				return err
			}
			for _, want := range []*store.ImportedInvitation{batch[0], batch[299], batch[599]} {
				got, err := tx.Invitation(want.ID)
				if err != nil || got.Name != want.Name || got.RecipientEmail != want.Recipient.Value || got.ApplicationID != "app" || got.Locale != "fr" ||
					string(got.Own.CustomData) != `{"a":1}` || got.CampaignID != "c2" || got.Inviter != imp.Inviter || got.ExpiresAt != imp.ExpiresAt || got.CreatedAt != tx.Now {
					t.Errorf("%+v %v", got, err)
				}
				if s, err := tx.PendingInvitationOf(want.Recipient.Key(), "o"); err != nil || s.ID != want.ID {
					t.Error(s.ID, err)
				}
			}
			return nil
		})
		view(t, st, func(tx *store.Tx) error {
			counts, err := tx.InvitationCounts("c1")
			if len(counts) != 1 || counts[0].N != 3 {
				t.Error(counts)
			}
			return err
		})
	})
}
