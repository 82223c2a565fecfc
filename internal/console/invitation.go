package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

func invitationRoutes() []route {
	return []route{
		get(pathInvitations, getInvitations),
		post(pathInvitations+"/bulk", postInvitationBulk),
		get(pathInvitations+"/new", getInvite),
		post(pathInvitations+"/new", postInvite),
		get(pathInvitations+"/{id}", getInvitation),
		get(pathInvitations+"/{id}/edit", getEditInvitation),
		post(pathInvitations+"/{id}/edit", postEditInvitation),
		post(pathInvitations+"/{id}/change", postChangeInvitation),
		post(pathInvitations+"/{id}/extend", postExtendInvitation),
		post(pathInvitations+"/{id}/resend", postResendInvitation),
		get(pathInvitations+"/{id}/link", getNewInvitationLink),
		post(pathInvitations+"/{id}/link", postNewInvitationLink),
		get(pathInvitations+"/{id}/revoke", getRevokeInvitation),
		post(pathInvitations+"/{id}/revoke", postRevokeInvitation),
		get(pathInvitations+"/{id}/delete", getDeleteInvitation),
		post(pathInvitations+"/{id}/delete", postDeleteInvitation),
	}
}

// invitation is one as the API shows it.
type invitation struct {
	guestlist.Invitation
	Link     string                    `json:"link"` // in the answer that made it
	Code     string                    `json:"code"` // of a shared one, for who may issue it
	Timeline []guestlist.InvitationAct `json:"timeline"`
}

const (
	// soon is within what time an end is near.
	soon = 3 * 24 * time.Hour
	// maxTrail is how many pages back a list by cursor leads.
	maxTrail = 40
	// maxAddress is the longest address that is looked for or invited.
	maxAddress = 320
)

func invitationPath[ID ~string](id ID) string { return pathInvitations + "/" + client.Segment(id) }

func invitationAPI[ID ~string](id ID) string { return "/invitations/" + client.Segment(id) }

func getInvitations(v *visit) error {
	q := v.invitationQuery()
	var rows []invitation
	answer, err := v.api.List(v.ctx(), "/invitations", q, 1, ui.PageSize, &rows)
	if err != nil {
		return err
	}
	t := ui.Table{
		Caption: v.T("invitations.title"), Paging: v.byCursor(answer, len(rows)),
		Search: &ui.Search{Action: pathInvitations, Value: v.query.Get("q"), Label: v.T("invitations.search")},
		Columns: []ui.Column{
			{Text: v.T("invitations.recipient")}, {Text: v.T("invitations.status")}, {Text: v.T("invitations.delivery")},
			{Text: v.T("invitations.issued"), Minor: true}, {Text: v.T("invitations.ends"), Minor: true},
		},
		Empty: &ui.Empty{Icon: "invitations", Title: v.T("invitations.empty"), Text: v.T("invitations.empty_text"), Actions: v.inviteActions()},
	}
	if t.Filters, err = v.invitationFilters(); err != nil {
		return err
	}
	if len(rows) == 0 && answer.Next != "" {
		t.Nothing = &ui.Empty{
			Icon: "invitations", Title: v.T("invitations.none_yet"), Text: v.T("invitations.none_yet_text"),
			Actions: []ui.Action{{Text: v.T("invitations.further"), Href: t.Paging.Next}},
		}
	}
	if v.invites() {
		t.Bulk = []ui.Action{
			{Text: v.T("invitations.resend"), Href: pathInvitations + "/bulk", Name: "do", Value: "resend"},
			{Text: v.T("invitations.revoke"), Href: pathInvitations + "/bulk", Name: "do", Value: "revoke", Danger: true},
		}
	}
	for _, i := range rows {
		t.Rows = append(t.Rows, v.invitationRow(i))
	}
	page := &ui.Page{Name: "invitations", Header: ui.Header{Title: v.T("invitations.title"), Lead: v.T("invitations.lead"), Actions: v.inviteActions()}}
	if page.Body, err = v.withMailNotice(t); err != nil {
		return err
	}
	return v.show(page)
}

func (v *visit) inviteActions() []ui.Action {
	if !v.invites() {
		return nil
	}
	return []ui.Action{{Text: v.T("invitations.new"), Href: pathInvitations + "/new", Primary: true, Icon: "plus"}}
}

func (v *visit) invitationRow(i invitation) ui.Row {
	name := ui.Cell{Text: v.invitationName(i.Invitation)}
	if to := recipientOf(i.Invitation); to != name.Text {
		name.Sub = to
	}
	row := ui.Row{ID: string(i.ID), Href: invitationPath(i.ID), Cells: []ui.Cell{
		name, {Pill: v.invitationStatus(i.Status)}, {Pill: v.invitationDelivery(i.Delivery)}, ui.At(i.CreatedAt), v.invitationEnd(i),
	}}
	if i.Kind == guestlist.InvitationShared {
		row.Href, row.Cells[0].Sub = codePath(i.ID), v.T("invitations.kind.shared")
	}
	return row
}

// isUnsent reports whether the first mail is still to leave: the time of an
// invitation runs from then.
func isUnsent(i invitation) bool {
	return i.SentAt == nil && (i.Delivery == guestlist.InvitationQueued || i.Delivery == guestlist.InvitationDeferred)
}

// invitationEnd is when an invitation ends.
func (v *visit) invitationEnd(i invitation) ui.Cell {
	if isUnsent(i) && isOpen(i) {
		return ui.Text(v.N("invitations.once_sent", max(1, i.TTL/secondsOfDay)))
	}
	return ui.At(i.ExpiresAt)
}

// withMailNotice says over what follows where mail could be sent from, if it
// cannot be yet. Others than owners are told when sending fails.
func (v *visit) withMailNotice(blocks ...ui.Block) ([]ui.Block, error) {
	if mails, err := v.mails(); err != nil || mails {
		return blocks, err
	}
	n := ui.Notice{Tone: ui.Warn, Title: v.T("invitations.no_mail"), Text: v.T("invitations.no_mail_text")}
	if v.has(Path + "/connectors") {
		n.Actions = []ui.Action{{Text: v.T("overview.todo.email_do"), Href: Path + "/connectors"}}
	}
	return append([]ui.Block{n}, blocks...), nil
}

// invitationName is what an invitation is called on a page.
func (v *visit) invitationName(i guestlist.Invitation) string {
	for _, s := range []string{i.Name, recipientOf(i)} {
		if s != "" {
			return s
		}
	}
	return v.T("invitations.kind." + string(i.Kind))
}

// recipientOf is whom an invitation is for, "" for whoever has the code.
func recipientOf(i guestlist.Invitation) string {
	if i.RecipientPhone != "" {
		return "+" + i.RecipientPhone
	}
	return i.RecipientEmail
}

var statusTones = map[guestlist.InvitationStatus]ui.Tone{
	guestlist.InvitationPending: ui.Info, guestlist.InvitationAccepted: ui.Good, guestlist.InvitationRevoked: ui.Bad,
	guestlist.InvitationExpired: ui.Warn,
}

func (v *visit) invitationStatus(s guestlist.InvitationStatus) *ui.Pill {
	return &ui.Pill{Text: v.T("invitations.state." + string(s)), Tone: statusTones[s]}
}

var deliveryTones = map[guestlist.InvitationDelivery]ui.Tone{
	guestlist.InvitationSent: ui.Info, guestlist.InvitationDelivered: ui.Good, guestlist.InvitationDeferred: ui.Warn,
	guestlist.InvitationBounced: ui.Bad, guestlist.InvitationComplained: ui.Bad, guestlist.InvitationSuppressed: ui.Bad,
	guestlist.InvitationFailed: ui.Bad,
}

func (v *visit) invitationDelivery(d guestlist.InvitationDelivery) *ui.Pill {
	return &ui.Pill{Text: v.T("invitations.mail." + string(d)), Tone: deliveryTones[d]}
}

// invitationQuery is the API's form of what is looked for. What is no choice is
// ignored.
func (v *visit) invitationQuery() url.Values {
	q := url.Values{}
	if s := guestlist.InvitationStatus(v.query.Get("status")); slices.Contains(guestlist.InvitationStatuses(), s) {
		q.Set("status", string(s))
	}
	if d := guestlist.InvitationDelivery(v.query.Get("delivery")); slices.Contains(guestlist.InvitationDeliveries(), d) {
		q.Set("delivery", string(d))
	}
	if k := guestlist.InvitationKind(v.query.Get("kind")); k == guestlist.InvitationPersonal || k == guestlist.InvitationShared {
		q.Set("kind", string(k))
	}
	if text := strings.TrimSpace(v.query.Get("q")); text != "" && len(text) <= maxAddress {
		q.Set("email", text)
	}
	for _, name := range []string{"applicationId", "campaignId"} {
		if id := v.query.Get(name); id != "" && len(id) <= maxID {
			q.Set(name, id)
		}
	}
	if v.query.Get("ending") == endingSoon {
		q.Set("expiringBefore", strconv.FormatInt(int64(v.now().Add(soon)), 10))
	}
	if at := v.query.Get("cursor"); isCursor(at) {
		q.Set("cursor", at)
	}
	return q
}

const (
	endingSoon = "soon"
	maxID      = 128 // characters of an id in a query
)

// isCursor reports whether a text could be the id of an invitation.
func isCursor(s string) bool {
	return len(s) == guestlist.IDLength && !strings.ContainsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'z') })
}

// byCursor is the paging of a list that goes on by a cursor. The way back stands
// in the address: the cursors of the pages before, the first of which has none.
func (v *visit) byCursor(answer client.Answer, shown int) ui.Paging {
	at, trail := v.query.Get("cursor"), []string{}
	for _, c := range strings.Split(v.query.Get("trail"), ".") {
		if isCursor(c) && len(trail) < maxTrail {
			trail = append(trail, c)
		}
	}
	to := func(cursor string, trail []string) string {
		q := v.r.URL.Query()
		for name, value := range map[string]string{"cursor": cursor, "trail": strings.Join(trail, ".")} {
			q.Del(name)
			if value != "" {
				q.Set(name, value)
			}
		}
		if len(q) == 0 {
			return v.r.URL.EscapedPath()
		}
		return v.r.URL.EscapedPath() + "?" + q.Encode()
	}
	var p ui.Paging
	if !isCursor(at) {
		if p.Total, p.Capped = answer.Total, answer.Capped; shown > 0 {
			p.First, p.Last = 1, shown
		}
	} else if len(trail) > 0 {
		p.Prev = to(trail[len(trail)-1], trail[:len(trail)-1])
	} else {
		p.Prev = to("", nil)
	}
	if answer.Next != "" {
		if isCursor(at) {
			trail = append(trail, at)
		}
		p.Next = to(answer.Next, trail[max(0, len(trail)-maxTrail):])
	}
	return p
}

// invitationFilters are the choices over the list.
func (v *visit) invitationFilters() ([]ui.Filter, error) {
	filter := func(name string, options []ui.Option) ui.Filter {
		return ui.Filter{
			Name: name, Label: v.T("invitations.filter." + name), Value: v.query.Get(name),
			Options: append([]ui.Option{{Text: v.T("logs.any")}}, options...),
		}
	}
	var states, mails []ui.Option
	for _, s := range guestlist.InvitationStatuses() {
		states = append(states, ui.Option{Value: string(s), Text: v.T("invitations.state." + string(s))})
	}
	for _, d := range guestlist.InvitationDeliveries() {
		mails = append(mails, ui.Option{Value: string(d), Text: v.T("invitations.mail." + string(d))})
	}
	filters := []ui.Filter{
		filter("status", states), filter("delivery", mails),
		filter("kind", []ui.Option{
			{Value: string(guestlist.InvitationPersonal), Text: v.T("invitations.kind.personal")},
			{Value: string(guestlist.InvitationShared), Text: v.T("invitations.kind.shared")},
		}),
		filter("ending", []ui.Option{{Value: endingSoon, Text: v.T("invitations.ending_soon")}}),
	}
	apps, err := v.invitedApplications()
	if err != nil || len(apps) == 0 {
		return filters, err
	}
	return append(filters, filter("applicationId", apps)), nil
}

// invitedApplications are those that guests can be invited to, for who may look
// at them.
func (v *visit) invitedApplications() ([]ui.Option, error) {
	if !v.reads() {
		return nil, nil
	}
	apps, err := v.someApplications()
	var options []ui.Option
	for _, a := range apps {
		if a.Type.MayRedirect() {
			options = append(options, ui.Option{Value: string(a.ID), Text: a.Name})
		}
	}
	return options, err
}
