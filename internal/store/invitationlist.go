package store

import (
	"cmp"
	"fmt"
	"slices"

	"guestlist"
)

// InvitationFilter says which invitations are wanted; the zero value means all.
// Status is the state as it is shown at the time.
type InvitationFilter struct {
	Status      guestlist.InvitationStatus
	Delivery    guestlist.InvitationDelivery
	Campaign    guestlist.CampaignID
	Application guestlist.ApplicationID
	Inviter     string // the id of a user or application
	Kind        guestlist.InvitationKind
	Prefix      string         // of the recipient's e-mail address, in any case
	Ending      guestlist.Time // if not 0: pending, and good no longer than this

	// Before, if not empty, is the id of an invitation: the list has those that
	// were made before it, as if a page ended there.
	Before guestlist.InvitationID
}

// FilterOf is the filter of a choice.
func FilterOf(c guestlist.InvitationChoice) InvitationFilter {
	return InvitationFilter{
		Status: c.Status, Delivery: c.Delivery, Campaign: c.CampaignID, Application: c.ApplicationID, Inviter: c.InviterID, Kind: c.Kind,
		Prefix: c.Email,
	}
}

// Where no index has the invitations of a filter in the order of lists, either
// an index finds few of them, which are then sorted, or they lie so densely
// that they are looked for among the newest. So no list reads more rows than
// these, however many invitations there are.
const (
	InvitationWindow = 10_000 // rows that are looked through for what no index orders
	fewInvitations   = 1_000  // rows that are read to be sorted
)

// Invitations lists invitations, the newest first. next is where the rest
// begins, for InvitationFilter.Before: "" if there is none. A page may have
// less than its limit and a rest all the same: then InvitationWindow rows were
// looked through. p.Limit must not be 0.
func (tx *Tx) Invitations(f InvitationFilter, p Page) (list []guestlist.Invitation, next guestlist.InvitationID, err error) {
	sources, until, err := tx.invitationSources(f)
	if err != nil {
		return nil, "", err
	}
	list = []guestlist.Invitation{}
	for _, s := range sources {
		some, err := collect(tx, tx.scanInvitation, "SELECT "+invitationColumns+" FROM invitations"+s.where.text+s.order()+
			fmt.Sprintf(" LIMIT $%d", len(s.where.args)+1), with(s.where.args, p.Offset+p.Limit+1)...)
		if err != nil {
			return nil, "", err
		}
		list = append(list, some...)
	}
	slices.SortStableFunc(list, func(a, b guestlist.Invitation) int { return cmp.Compare(b.ID, a.ID) })
	list = list[min(p.Offset, len(list)):]
	if len(list) > p.Limit {
		list = list[:p.Limit]
		return list, list[p.Limit-1].ID, nil
	}
	return list, until, nil
}

// CountInvitations counts invitations as far as Invitations looks for them, and
// no further than most: capped says that there may be more. Without a filter
// the count is exact and costs the same however many there are.
func (tx *Tx) CountInvitations(f InvitationFilter, most int) (total int, capped bool, err error) {
	if f == (InvitationFilter{}) {
		total, err = tx.count(tallyInvitations)
		return total, false, err
	}
	sources, until, err := tx.invitationSources(f)
	if err != nil {
		return 0, false, err
	}
	for _, s := range sources {
		from := "invitations" + s.where.text
		if most > 0 {
			// In the order of the index, lest PostgreSQL begin with the oldest of all.
			from += s.order()
		}
		n, err := tx.countRows(from, s.where.args, limitOf(most, total))
		if err != nil {
			return 0, false, err
		}
		if total += n; total > most {
			return most, true, nil
		}
	}
	return total, until != "", nil
}

// invitationSource is a part of a list: an index, and the conditions that are
// left to be looked at.
type invitationSource struct {
	invitationIndex
	where conditions
}

// order of the rows. What is unordered is few, and its index must be used: no
// index is in the order of an expression.
func (s invitationSource) order() string {
	if s.unordered {
		return " ORDER BY id || '' DESC"
	}
	return " ORDER BY id DESC"
}

// invitationIndex is a part of an index that has all rows of a filter, or all
// of one sort.
type invitationIndex struct {
	// partial is the condition of the index, word for word: SQLite uses it only
	// where that stands in the query.
	partial string
	column  string // the first of the index, which has one value; "" for none
	value   string
	within  func(*conditions) // bounds of an index that is not in the order of lists
	// first and last are the ids between which its rows lie, if not empty.
	first, last guestlist.InvitationID
	answers     InvitationFilter // the filter whose rows are exactly those of the index

	unordered bool
	by        string // what an unordered one is ordered by
	lots      lotKey // where the rest is, if the index has only those of no campaign
	window    int    // rows that are looked through; 0 means InvitationWindow
}

// own are the conditions by which an index is read: of the rows before an id, if
// it is not empty, and not beyond until. There is one bound on each side: of two
// SQLite takes the first to search by, and reads all rows up to the other.
func (x invitationIndex) own(before, until guestlist.InvitationID) conditions {
	c := conditions{text: " WHERE " + x.partial}
	if x.column != "" {
		c.and(x.column+" = $%d", x.value)
	}
	if x.within != nil {
		x.within(&c)
	}
	if from := max(x.first, until); from != "" {
		c.and("id >= $%d", from)
	}
	switch {
	case before != "" && (x.last == "" || before <= x.last):
		c.and("id < $%d", before)
	case x.last != "":
		c.and("id <= $%d", x.last)
	}
	return c
}

// invitationIndexes chooses how the rows of a filter are found.
func (f InvitationFilter) indexes(now guestlist.Time) []invitationIndex {
	const pending, others, oneByOne = "status = 'pending'", "status <> 'pending'", "campaign_id = ''"
	bounds := func(c *conditions) {
		if f.Status == guestlist.InvitationExpired {
			c.and("expires_at <= $%d", now)
			return
		}
		c.and("expires_at > $%d", now)
		if f.Ending != 0 {
			c.and("expires_at <= $%d", f.Ending)
		}
	}
	prefix := func(c *conditions) {
		c.and("recipient_key >= $%d", f.prefix())
		c.and("recipient_key < $%d", successor(f.prefix()))
	}
	ofStatus := invitationIndex{
		partial: others, column: "status", value: string(f.Status), answers: InvitationFilter{Status: f.Status},
	}
	switch {
	case f.Prefix != "":
		return []invitationIndex{
			{partial: pending + " AND kind = 'personal'", within: prefix, unordered: true, by: "recipient_key"},
			{partial: others, within: prefix, unordered: true, by: "recipient_key"},
		}
	case f.Kind == guestlist.InvitationShared:
		return []invitationIndex{{partial: "kind <> 'personal'", column: "kind", value: string(f.Kind), answers: InvitationFilter{Kind: f.Kind}}}
	case f.Campaign != "":
		return []invitationIndex{{
			partial: "campaign_id <> ''", column: "campaign_id", value: string(f.Campaign), answers: InvitationFilter{Campaign: f.Campaign},
		}}
	case f.Inviter != "":
		return []invitationIndex{{
			partial: oneByOne, column: "inviter_id", value: f.Inviter, answers: InvitationFilter{Inviter: f.Inviter}, lots: lotKey{lotOfInviter, f.Inviter},
		}}
	case f.Application != "":
		return []invitationIndex{{
			partial: oneByOne, column: "application_id", value: string(f.Application),
			answers: InvitationFilter{Application: f.Application}, lots: lotKey{lotOfApplication, string(f.Application)},
		}}
	case f.Delivery != "" && !isUsual(f.Delivery):
		return []invitationIndex{{
			partial: "delivery NOT IN ('none', 'queued', 'sent')", column: "delivery", value: string(f.Delivery),
			answers: InvitationFilter{Delivery: f.Delivery},
		}}
	case f.Ending != 0, f.Status == guestlist.InvitationPending, f.Status == guestlist.InvitationScheduled:
		return []invitationIndex{{partial: pending, within: bounds, unordered: true, by: "expires_at"}}
	case f.Status == guestlist.InvitationExpired:
		return []invitationIndex{{partial: pending, within: bounds, unordered: true, by: "expires_at"}, ofStatus}
	case f.Status != "":
		return []invitationIndex{ofStatus}
	}
	return []invitationIndex{newestInvitations}
}

// newestInvitations is the list of all.
var newestInvitations = invitationIndex{partial: "TRUE"}

// isUsual reports whether so many invitations are in a state of delivery that
// no index has them.
func isUsual(d guestlist.InvitationDelivery) bool {
	return d == guestlist.InvitationNone || d == guestlist.InvitationQueued || d == guestlist.InvitationSent
}

func (f InvitationFilter) prefix() string {
	return string(guestlist.IdentifierEmail) + ":" + guestlist.EmailKey(f.Prefix)
}

// rest adds the conditions of a filter for which no index is to be used, lest an
// engine choose one that has more rows than the one that was chosen.
func (f InvitationFilter) rest(c *conditions, now guestlist.Time) {
	for _, equal := range []struct{ column, value string }{
		{"delivery", string(f.Delivery)},
		{"campaign_id", string(f.Campaign)},
		{"inviter_id", f.Inviter},
		{"application_id", string(f.Application)},
		{"kind", string(f.Kind)},
	} {
		if equal.value != "" {
			c.and("("+equal.column+" || '') = $%d", equal.value)
		}
	}
	if f.Prefix != "" {
		c.and("substr(recipient_key, 1, length(CAST($%[1]d AS TEXT))) = $%[1]d", f.prefix())
	}
	const pending = " AND (status || '') = 'pending'"
	if f.Ending != 0 {
		c.text += pending
		c.and("expires_at > $%d", now)
		c.and("expires_at <= $%d", f.Ending)
	}
	switch f.Status {
	case "":
	case guestlist.InvitationPending:
		c.text += pending
		c.and("expires_at > $%d", now)
		c.and("(not_before IS NULL OR not_before <= $%d)", now)
	case guestlist.InvitationScheduled:
		c.text += pending
		c.and("expires_at > $%d", now)
		c.and("not_before > $%d", now)
	case guestlist.InvitationExpired:
		c.and("((status || '') = 'expired' OR (status || '') = 'pending' AND expires_at <= $%d)", now)
	default:
		c.and("(status || '') = $%d", f.Status)
	}
}

// invitationSources returns the parts of a list, and the id of the last
// invitation that is looked at if there may be more behind it.
func (tx *Tx) invitationSources(f InvitationFilter) (sources []invitationSource, until guestlist.InvitationID, err error) {
	indexes := f.indexes(tx.Now)
	if lots := indexes[0].lots; lots != (lotKey{}) {
		of, edge, ok, err := tx.lotIndexes(f, lots)
		if err != nil {
			return nil, "", err
		}
		if indexes, until = append(indexes, of...), edge; !ok {
			indexes = []invitationIndex{newestInvitations}
		}
	}
	for _, x := range indexes {
		if !x.unordered {
			continue
		}
		own := x.own(f.Before, "")
		// In the order of the index, lest PostgreSQL gather all of its rows first.
		n, err := tx.countRows("invitations"+own.text+" ORDER BY "+x.by, own.args, fewInvitations+1)
		if err != nil {
			return nil, "", err
		}
		if n > fewInvitations {
			indexes = []invitationIndex{newestInvitations}
			break
		}
	}
	wanted := f
	wanted.Before = ""
	for _, x := range indexes {
		if x.unordered || x.answers == wanted {
			continue
		}
		edge, err := tx.invitationWindow(x.own(f.Before, ""), cmp.Or(x.window, InvitationWindow))
		if err != nil {
			return nil, "", err
		}
		until = max(until, edge)
	}
	for _, x := range indexes {
		where := x.own(f.Before, until)
		f.rest(&where, tx.Now)
		sources = append(sources, invitationSource{x, where})
	}
	return sources, until, nil
}

// invitationWindow returns the last id that is looked at, "" if there are not so
// many.
func (tx *Tx) invitationWindow(own conditions, rows int) (guestlist.InvitationID, error) {
	list, err := collect(tx, func(sc scanner) (guestlist.InvitationID, error) {
		var id guestlist.InvitationID
		err := sc.Scan(&id)
		return id, err
	}, "SELECT id FROM invitations"+own.text+fmt.Sprintf(" ORDER BY id DESC LIMIT 1 OFFSET $%d", len(own.args)+1),
		with(own.args, rows-1)...)
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0], nil
}
