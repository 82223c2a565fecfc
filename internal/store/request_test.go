package store_test

import (
	"regexp"
	"testing"

	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// wholeTable is how the engines say that they read all of a table that grows.
var wholeTable = regexp.MustCompile(`Seq Scan on (registration_requests|invitations|redemptions)|SCAN (registration_requests|invitations|redemptions|a|b|r)\b`)

// sorting is how they say that they sort what no index has in order.
var sorting = regexp.MustCompile(`(?m)Sort|USE TEMP B-TREE`)

func TestRequestsAndReferralsAreFoundWithoutReadingAll(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		const many = 100_000
		update(t, st, func(tx *store.Tx) error { return tx.FillRequests(many) })
		update(t, st, func(tx *store.Tx) error { return tx.FillReferrals(many) })
		view(t, st, func(tx *store.Tx) error {
			requests, err := tx.PlansOfRequests()
			if err != nil {
				return err
			}
			referrals, err := tx.PlansOfReferrals()
			for _, p := range append(requests, referrals...) {
				if wholeTable.MatchString(p.Text) {
					t.Errorf("%s\nreads a whole table:\n%s", p.Query, p.Text)
				}
				if p.Ordered && sorting.MatchString(p.Text) {
					t.Errorf("%s\nsorts:\n%s", p.Query, p.Text)
				}
			}
			return err
		})
	})
}
