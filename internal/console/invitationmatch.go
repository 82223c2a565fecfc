package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"guestlist"
	"guestlist/internal/console/ui"
)

// matching says which invitations are meant, as the list, its saved views and
// what is done to all of them have it. The zero value means all.
type matching struct {
	guestlist.InvitationViewFilter
	// Of an action alone: the moment before which they end, and which they are.
	ExpiringBefore guestlist.Time `json:"expiringBefore,omitempty"`
	IDs            []string       `json:"ids,omitempty"`
}

const (
	// soonDays is within how many days an end is near.
	soonDays = 3
	// endingSoon is that in an address; others are numbers of days.
	endingSoon = "soon"
	maxID      = 128 // characters of an id in a query
	maxEnding  = guestlist.MaxPeriodDays
)

// matchingOf reads the search and the filters of an address or a form. What is
// no choice is ignored.
func matchingOf(q url.Values) matching {
	var m matching
	if s := guestlist.InvitationStatus(q.Get("status")); slices.Contains(guestlist.InvitationStatuses(), s) {
		m.Status = s
	}
	if d := guestlist.InvitationDelivery(q.Get("delivery")); slices.Contains(guestlist.InvitationDeliveries(), d) {
		m.Delivery = d
	}
	if k := guestlist.InvitationKind(q.Get("kind")); k == guestlist.InvitationPersonal || k == guestlist.InvitationShared {
		m.Kind = k
	}
	if text := strings.TrimSpace(q.Get("q")); len(text) <= maxAddress {
		m.Email = text
	}
	id := func(name string) string {
		if id := q.Get(name); len(id) <= maxID {
			return id
		}
		return ""
	}
	m.ApplicationID, m.CampaignID = guestlist.ApplicationID(id("applicationId")), guestlist.CampaignID(id("campaignId"))
	m.InviterID = id("inviterId")
	if n, err := strconv.Atoi(q.Get("ending")); err == nil && n > 0 && n <= maxEnding {
		m.EndingWithinDays = n
	}
	if q.Get("ending") == endingSoon {
		m.EndingWithinDays = soonDays
	}
	return m
}

// ending is how an address says within what time the end is.
func (m matching) ending() string {
	switch m.EndingWithinDays {
	case 0:
		return ""
	case soonDays:
		return endingSoon
	}
	return strconv.Itoa(m.EndingWithinDays)
}

// pairs are the search and the filters as an address has them, without those
// that choose nothing.
func (m matching) pairs() []ui.Hidden {
	all := []ui.Hidden{
		{Name: "q", Value: m.Email}, {Name: "status", Value: string(m.Status)}, {Name: "delivery", Value: string(m.Delivery)},
		{Name: "kind", Value: string(m.Kind)}, {Name: "ending", Value: m.ending()}, {Name: "applicationId", Value: string(m.ApplicationID)},
		{Name: "campaignId", Value: string(m.CampaignID)}, {Name: "inviterId", Value: m.InviterID},
	}
	return slices.DeleteFunc(all, func(h ui.Hidden) bool { return h.Value == "" })
}

// at is the address of a page about these invitations; more are pairs of a name
// and a value that it has besides.
func (m matching) at(path string, more ...string) string {
	q := query(more...)
	for _, h := range m.pairs() {
		q.Set(h.Name, h.Value)
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// until is the moment before which they end, 0 for any.
func (m matching) until(now guestlist.Time) guestlist.Time {
	if m.EndingWithinDays == 0 {
		return 0
	}
	return now.Add(time.Duration(m.EndingWithinDays) * 24 * time.Hour)
}

// query is the API's form of it, for lists.
func (m matching) query(now guestlist.Time) url.Values {
	q := url.Values{}
	for _, h := range m.pairs() {
		switch h.Name {
		case "q":
			q.Set("email", h.Value)
		case "ending":
			q.Set("expiringBefore", strconv.FormatInt(int64(m.until(now)), 10))
		default:
			q.Set(h.Name, h.Value)
		}
	}
	return q
}

// order is the API's form of it, for what is done to all of them.
func (m matching) order(now guestlist.Time) matching {
	m.ExpiringBefore, m.EndingWithinDays = m.until(now), 0
	return m
}

func (m matching) isAll() bool {
	return len(m.pairs()) == 0 && m.ExpiringBefore == 0 && len(m.IDs) == 0
}

// matchingFacts say in words which invitations are meant.
func (v *visit) matchingFacts(m matching) []ui.Fact {
	if m.isAll() {
		return []ui.Fact{{Term: v.T("invitations.match.which"), Cell: ui.Text(v.T("invitations.match.all"))}}
	}
	var facts []ui.Fact
	fact := func(term string, is bool, cell ui.Cell) {
		if is {
			facts = append(facts, ui.Fact{Term: term, Cell: cell})
		}
	}
	fact(v.T("invitations.match.which"), len(m.IDs) > 0, ui.Text(v.N("invitations.match.chosen", len(m.IDs))))
	fact(v.T("invitations.search"), m.Email != "", ui.Cell{Text: m.Email, Code: true})
	fact(v.T("invitations.filter.status"), m.Status != "", ui.Cell{Pill: v.invitationStatus(m.Status)})
	fact(v.T("invitations.filter.delivery"), m.Delivery != "", ui.Cell{Pill: v.invitationDelivery(m.Delivery)})
	fact(v.T("invitations.filter.kind"), m.Kind != "", ui.Text(v.T("invitations.kind."+string(m.Kind))))
	fact(v.T("invitations.filter.ending"), m.EndingWithinDays != 0, ui.Text(v.endingText(m.EndingWithinDays)))
	fact(v.T("invitations.match.before"), m.ExpiringBefore != 0, ui.At(m.ExpiringBefore))
	fact(v.T("invitations.application"), m.ApplicationID != "", v.applicationCell(m.ApplicationID))
	fact(v.T("invitations.campaign"), m.CampaignID != "", ui.Cell{Text: v.campaignName(m.CampaignID), Href: v.link(pathCampaigns, string(m.CampaignID))})
	fact(v.T("invitations.inviter"), m.InviterID != "", ui.Text(v.actor(invitation{}, m.InviterID)))
	return facts
}

func (v *visit) endingText(days int) string { return v.N("invitations.ending_within", days) }

// campaignName is what a campaign is called, its id if it is gone.
func (v *visit) campaignName(id guestlist.CampaignID) string {
	var c guestlist.Campaign
	if err := v.api.Do(v.ctx(), "GET", campaignAPI(id), nil, &c); err != nil || c.Name == "" {
		return string(id)
	}
	return c.Name
}

// invitationFilters are the choices over the list.
func (v *visit) invitationFilters(m matching) ([]ui.Filter, error) {
	filter := func(name, value string, options []ui.Option) ui.Filter {
		if value != "" && !slices.ContainsFunc(options, func(o ui.Option) bool { return o.Value == value }) {
			options = append(options, ui.Option{Value: value, Text: value})
		}
		return ui.Filter{
			Name: name, Label: v.T("invitations.filter." + name), Value: value, Options: append([]ui.Option{{Text: v.T("logs.any")}}, options...),
		}
	}
	var states, mails []ui.Option
	for _, s := range guestlist.InvitationStatuses() {
		states = append(states, ui.Option{Value: string(s), Text: v.T("invitations.state." + string(s))})
	}
	for _, d := range guestlist.InvitationDeliveries() {
		mails = append(mails, ui.Option{Value: string(d), Text: v.T("invitations.mail." + string(d))})
	}
	endings := []ui.Option{{Value: endingSoon, Text: v.endingText(soonDays)}}
	if m.EndingWithinDays != 0 && m.EndingWithinDays != soonDays {
		endings = append(endings, ui.Option{Value: m.ending(), Text: v.endingText(m.EndingWithinDays)})
	}
	filters := []ui.Filter{
		filter("status", string(m.Status), states), filter("delivery", string(m.Delivery), mails),
		filter("kind", string(m.Kind), []ui.Option{
			{Value: string(guestlist.InvitationPersonal), Text: v.T("invitations.kind.personal")},
			{Value: string(guestlist.InvitationShared), Text: v.T("invitations.kind.shared")},
		}),
		filter("ending", m.ending(), endings),
	}
	apps, _, err := v.offered(offerApplications)
	if err != nil {
		return nil, err
	}
	if len(apps) > 0 || m.ApplicationID != "" {
		filters = append(filters, filter("applicationId", string(m.ApplicationID), apps))
	}
	campaigns, err := v.someCampaigns()
	if err != nil {
		return nil, err
	}
	if len(campaigns) > 0 || m.CampaignID != "" {
		filters = append(filters, filter("campaignId", string(m.CampaignID), campaigns))
	}
	return filters, nil
}

// someCampaigns are the latest, for a choice.
func (v *visit) someCampaigns() ([]ui.Option, error) {
	var rows []guestlist.Campaign
	_, err := v.api.List(v.ctx(), "/invitation-campaigns", nil, 1, maxChoices, &rows)
	var options []ui.Option
	for _, c := range rows {
		if c.State != guestlist.CampaignUploaded && c.State != guestlist.CampaignDraft && c.State != guestlist.CampaignUploading {
			options = append(options, ui.Option{Value: string(c.ID), Text: c.Name})
		}
	}
	return options, err
}

// matchingMenu is what can be done with all that match. total may be the least
// that there are.
func (v *visit) matchingMenu(m matching, total int, more bool) *ui.Matching {
	menu := &ui.Matching{Text: v.N("invitations.match.with", total)}
	if more {
		menu.Text = v.T("invitations.match.with_more", "n", v.count(total))
	}
	export := ui.Action{Text: v.T("invitations.export"), Href: m.at(pathInvitations + "/export")}
	if !v.invites() {
		menu.Actions = []ui.Action{export}
	} else {
		deed := func(do string) ui.Action {
			return ui.Action{Text: v.T("invitations.wide." + do + ".do"), Href: m.at(pathInvitations+"/all", "do", do), Danger: do == deedRevoke}
		}
		menu.Actions = []ui.Action{
			deed(deedResend), deed(deedExtend), export, deed(deedRevoke), {Text: v.T("invitations.actions.earlier"), Href: pathActions},
		}
	}
	if total == 0 && !more {
		menu.Actions = nil
	}
	return menu
}

// getInvitationExport hands the invitations that match on as a file, as they are
// read.
func getInvitationExport(v *visit) error {
	return v.exportOf(matchingOf(v.query).query(v.now()))
}
