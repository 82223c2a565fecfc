package console

import (
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

func invitationRoutes() []route {
	return []route{
		get(pathInvitations, getInvitations),
		post(pathInvitations+"/bulk", postInvitationBulk),
		get(pathInvitations+"/all", getWide),
		post(pathInvitations+"/all", postWide),
		get(pathInvitations+"/export", getInvitationExport),
		get(pathViews, getSaveView),
		post(pathViews, postSaveView),
		post(pathViews+"/delete", postDeleteView),
		get(pathInvitations+"/new", getInvite),
		post(pathInvitations+"/new", postInvite),
		get(pathRules, getInvitationRules),
		post(pathRules, postInvitationRules),
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
	// maxTrail is how many pages back a list by cursor leads.
	maxTrail = 40
	// maxAddress is the longest address that is looked for or invited.
	maxAddress = 320
)

func invitationPath[ID ~string](id ID) string { return pathInvitations + "/" + client.Segment(id) }

func invitationAPI[ID ~string](id ID) string { return "/invitations/" + client.Segment(id) }

func getInvitations(v *visit) error {
	m := matchingOf(v.query)
	q := m.query(v.now())
	if at := v.query.Get("cursor"); isCursor(at) {
		q.Set("cursor", at)
	}
	var rows []invitation
	answer, err := v.api.List(v.ctx(), "/invitations", q, 1, ui.PageSize, &rows)
	if err != nil {
		return err
	}
	t := ui.Table{
		Caption: v.T("invitations.title"), Paging: v.byCursor(answer, len(rows)),
		Search: &ui.Search{Action: pathInvitations, Value: m.Email, Label: v.T("invitations.search")},
		Columns: []ui.Column{
			{Text: v.T("invitations.recipient")}, {Text: v.T("invitations.status")}, {Text: v.T("invitations.delivery")},
			{Text: v.T("invitations.issued"), Minor: true}, {Text: v.T("invitations.ends"), Minor: true},
		},
		Empty: &ui.Empty{Icon: "invitations", Title: v.T("invitations.empty"), Text: v.T("invitations.empty_text"), Actions: v.inviteActions()},
	}
	if m.InviterID != "" {
		t.Search.Hidden = []ui.Hidden{{Name: "inviterId", Value: m.InviterID}}
	}
	if t.Filters, err = v.invitationFilters(m); err != nil {
		return err
	}
	if len(rows) == 0 && answer.Next != "" {
		t.Nothing = &ui.Empty{
			Icon: "invitations", Title: v.T("invitations.none_yet"), Text: v.T("invitations.none_yet_text"),
			Actions: []ui.Action{{Text: v.T("invitations.further"), Href: t.Paging.Next}},
		}
	}
	if t.Matching, err = v.matchingOnPage(m, answer); err != nil {
		return err
	}
	if err := v.withViews(&t, m); err != nil {
		return err
	}
	if v.invites() {
		t.Bulk, t.Hidden = v.bulkDeeds(), m.pairs()
	}
	for _, i := range rows {
		t.Rows = append(t.Rows, v.invitationRow(i))
	}
	page := &ui.Page{Name: "invitations", Header: ui.Header{Title: v.T("invitations.title"), Lead: v.T("invitations.lead"), Actions: v.inviteActions()}}
	if v.owns() {
		page.Header.Actions = append([]ui.Action{{Text: v.T("invitations.rules.title"), Href: pathRules}}, page.Header.Actions...)
	}
	if page.Body, err = v.withMailNotice(t); err != nil {
		return err
	}
	return v.show(page)
}

// matchingOnPage is matchingMenu for the list: beyond its first page the list
// does not say how many match.
func (v *visit) matchingOnPage(m matching, answer client.Answer) (*ui.Matching, error) {
	total, more := answer.Total, answer.Capped
	if isCursor(v.query.Get("cursor")) {
		var err error
		if total, more, err = v.countMatching(m); err != nil {
			return nil, err
		}
	}
	return v.matchingMenu(m, total, more), nil
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
		row.Href, row.Cells[0].Sub = codePath(i.ID), ""
		if kind := v.T("invitations.kind.shared"); kind != name.Text {
			row.Cells[0].Sub = kind
		}
	}
	return row
}

// isUnsent reports whether the first mail is still to leave: the time of an
// invitation runs from then.
func isUnsent(i invitation) bool {
	return i.SentAt == nil && (i.Delivery == guestlist.InvitationQueued || i.Delivery == guestlist.InvitationDeferred)
}

// invitationEnd is when an invitation ends, or when it did. One that is over
// otherwise ends no more.
func (v *visit) invitationEnd(i invitation) ui.Cell {
	if !isRevivable(i) {
		return ui.Cell{}
	}
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
