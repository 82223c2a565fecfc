package store

import (
	"cmp"
	"maps"
	"slices"

	"guestlist"
)

// A lot says between which ids the invitations of a campaign lie that are of an
// inviter, or for an application. The millions of a campaign need no index for
// either then: lists look into its lots, through the index of campaigns.

// The kinds of lots.
const (
	lotOfInviter     = "inviter"
	lotOfApplication = "application"
)

// lotKey is whose a lot is.
type lotKey struct{ kind, value string }

// lot is where one lies. Ids begin with the time, so campaigns that were
// imported one after another have lots one after another.
type lot struct {
	campaign    guestlist.CampaignID
	first, last guestlist.InvitationID
}

// lots are those of some invitations of one campaign.
type lots map[lotKey]lot

// add takes an invitation in.
func (l lots) add(id guestlist.InvitationID, by guestlist.Inviter, application guestlist.ApplicationID) {
	for _, k := range [...]lotKey{{lotOfInviter, by.ID}, {lotOfApplication, string(application)}} {
		if k.value == "" {
			continue
		}
		if now, ok := l[k]; ok {
			l[k] = lot{first: min(now.first, id), last: max(now.last, id)}
		} else {
			l[k] = lot{first: id, last: id}
		}
	}
}

// widenLots writes down where new invitations of a campaign lie. Those without a
// campaign have indexes of their own.
func (tx *Tx) widenLots(campaign guestlist.CampaignID, l lots) error {
	if campaign == "" {
		return nil
	}
	rows := make([][]any, 0, len(l))
	for _, k := range slices.SortedFunc(maps.Keys(l), func(a, b lotKey) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.value, b.value))
	}) {
		rows = append(rows, []any{k.kind, k.value, campaign, l[k].first, l[k].last})
	}
	return tx.insertRows("INSERT INTO invitation_lots (kind, value, campaign_id, first_id, last_id) VALUES ", "($, $, $, $, $)",
		` ON CONFLICT (kind, value, campaign_id) DO UPDATE SET
			first_id = CASE WHEN excluded.first_id < invitation_lots.first_id THEN excluded.first_id ELSE invitation_lots.first_id END,
			last_id = CASE WHEN excluded.last_id > invitation_lots.last_id THEN excluded.last_id ELSE invitation_lots.last_id END`,
		nil, rows)
}

// mostLots is into how many lots one list looks. What lies before all of them
// comes with the next page.
const mostLots = 20

// afterInvitations is behind the ids of all invitations.
const afterInvitations = "~"

// lotsOf returns the lots of whose invitations are looked for before an id, the
// ones with the newest invitations first. Those whose invitations were deleted
// are left out.
func (tx *Tx) lotsOf(k lotKey, before guestlist.InvitationID) ([]lot, error) {
	return collect(tx, func(sc scanner) (lot, error) {
		var l lot
		err := sc.Scan(&l.campaign, &l.first, &l.last)
		return l, err
	}, lotsOfKey, k.kind, k.value, cmp.Or(before, afterInvitations), mostLots+1)
}

// One upper bound: of two SQLite would read from the one to the other. A blank is
// before all that ids are made of.
const lotsOfKey = `SELECT campaign_id, first_id, last_id FROM invitation_lots WHERE kind = $1 AND value = $2
		AND EXISTS (SELECT 1 FROM invitations WHERE invitations.campaign_id = invitation_lots.campaign_id
			AND invitations.campaign_id <> '' AND id >= first_id AND id < CASE WHEN last_id < $3 THEN last_id || ' ' ELSE $3 END)
	ORDER BY last_id DESC, campaign_id LIMIT $4`

// lotIndexes adds to the index of the invitations that a filter finds one by one
// those of its lots. until is as far as they go: behind it are more lots. ok is
// false where so many of them lie on top of each other that they are no way to
// find anything.
func (tx *Tx) lotIndexes(f InvitationFilter, k lotKey) (indexes []invitationIndex, until guestlist.InvitationID, ok bool, err error) {
	found, err := tx.lotsOf(k, f.Before)
	if err != nil {
		return nil, "", false, err
	}
	if len(found) > mostLots {
		found = found[:mostLots]
		if until = found[mostLots-1].last; f.Before != "" && until >= f.Before {
			return nil, "", false, nil
		}
	}
	for _, l := range found {
		indexes = append(indexes, invitationIndex{
			partial: "campaign_id <> ''", column: "campaign_id", value: string(l.campaign), window: InvitationWindow / len(found),
			first: l.first, last: l.last,
		})
	}
	return indexes, until, true, nil
}
