package console

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// invitation reads the invitation of the path, with its tag.
func (v *visit) invitation() (invitation, string, error) {
	var i invitation
	tag, err := v.api.Get(v.ctx(), invitationAPI(v.id("id")), &i)
	return i, tag, err
}

func isOpen(i invitation) bool {
	return i.Status == guestlist.InvitationPending || i.Status == guestlist.InvitationScheduled
}

// isRevivable reports whether a new link can be made.
func isRevivable(i invitation) bool { return isOpen(i) || i.Status == guestlist.InvitationExpired }

func getInvitation(v *visit) error {
	i, _, err := v.invitation()
	if err != nil {
		return err
	}
	if i.Kind == guestlist.InvitationShared {
		return v.to(codePath(i.ID))
	}
	page := &ui.Page{Name: "invitation", Header: ui.Header{
		Title: v.invitationName(i.Invitation), ID: string(i.ID), Pill: v.invitationStatus(i.Status), Crumbs: v.invitationCrumbs(),
		Actions: v.invitationActions(i),
	}}
	main := []ui.Block{v.timeline(i)}
	if trouble := v.deliveryTrouble(i); trouble != nil {
		page.Body = append(page.Body, trouble)
	}
	if isOpen(i) && !isUnsent(i) && v.invites() {
		main = append(main, v.extendForm(i, invitationPath(i.ID)))
	}
	page.Body = append(page.Body, ui.Columns{Main: main, Side: []ui.Block{
		ui.Section{Title: v.T("invitations.facts"), Body: []ui.Block{ui.Facts{Rows: v.invitationFacts(i)}}},
		ui.Section{Title: v.T("invitations.terms"), Body: []ui.Block{ui.Facts{Rows: v.termFacts(i)}}},
	}})
	return v.show(page)
}

func (v *visit) invitationActions(i invitation) []ui.Action {
	if !v.invites() {
		return nil
	}
	path := invitationPath(i.ID)
	var actions []ui.Action
	if isRevivable(i) {
		actions = append(actions, ui.Action{Text: v.T("invitations.resend"), Href: path + "/resend", Post: true, Icon: "invitations"},
			ui.Action{Text: v.T("invitations.new_link"), Href: path + "/link"})
	}
	if isOpen(i) {
		actions = append(actions, ui.Action{Text: v.T("invitations.edit"), Href: path + "/edit"})
	}
	if isRevivable(i) {
		return append(actions, ui.Action{Text: v.T("invitations.revoke"), Href: path + "/revoke", Danger: true})
	}
	return append(actions, ui.Action{Text: v.T("shell.delete"), Href: path + "/delete", Danger: true})
}

// deliveryTrouble says what became of a mail that did not arrive, and what helps.
func (v *visit) deliveryTrouble(i invitation) ui.Block {
	if deliveryTones[i.Delivery] != ui.Bad || !isRevivable(i) {
		return nil
	}
	n := ui.Notice{Tone: ui.Bad, Title: v.T("invitations.not_delivered"), Text: v.T("invitations.not_delivered_text")}
	if i.DeliveryError != "" {
		n.Text += " " + v.T("invitations.carrier_said", "words", carrierWords(i.DeliveryError))
	}
	if v.has(pathSuppressions) {
		n.Actions = []ui.Action{{Text: v.T("overview.todo.bounced_do"), Href: pathSuppressions}}
	}
	return n
}

// acts are the lines of a timeline that have words. Others are shown as the API
// names them: nothing that happened is left out.
var acts = map[string]ui.Tone{
	"Created": ui.Neutral, "Sent": ui.Info, "Delivered": ui.Good, "DeliveryFailed": ui.Bad, "Opened": ui.Info, "Started": ui.Info,
	"Accepted": ui.Good, "Declined": ui.Warn, "Revoked": ui.Bad, "Expired": ui.Warn, "Resent": ui.Info, "Copied": ui.Neutral,
	"Changed": ui.Neutral, "RedemptionRefused": ui.Warn, "Deferred": ui.Warn, "FreshLink": ui.Info, "RemindersStopped": ui.Neutral,
}

func (v *visit) timeline(i invitation) ui.Block {
	l := ui.List{Empty: v.T("invitations.nothing_happened")}
	for _, a := range slices.Backward(i.Timeline) {
		tone, known := acts[a.Kind]
		item := ui.ListItem{Tone: tone, Cell: ui.Cell{Text: a.Kind}, When: ui.At(a.At)}
		if known {
			item.Text = v.T("invitations.act." + a.Kind)
		}
		detail := carrierWords(a.Detail)
		switch a.Kind {
		case "Changed":
			detail = v.changedParts(detail)
		case "RedemptionRefused":
			if reason, ok := strings.CutPrefix(detail, "invitation."); ok && slices.Contains(refusals, reason) {
				detail = v.T("invitations.refusal." + reason)
			}
		}
		item.Sub = strings.Join(slices.DeleteFunc([]string{v.actor(i, a.By), detail}, func(s string) bool { return s == "" }), " · ")
		l.Items = append(l.Items, item)
	}
	return ui.Section{Title: v.T("invitations.timeline"), Body: []ui.Block{l}}
}

// refusals are why somebody could not come in by an invitation, of which there
// are words for its host. Others are shown as the API names them.
var refusals = []string{
	"revoked", "declined", "accepted", "expired", "not_yet", "exhausted", "inviter_gone", "wrong_identity", "organization_gone",
}

// carrierWords are what a carrier said of a mail, without our own name for it.
func carrierWords(detail string) string {
	if code, words, ok := strings.Cut(detail, ": "); ok && strings.HasPrefix(code, "connector.") {
		return words
	}
	return detail
}

// changedParts are the names of what was changed, as the page calls it.
func (v *visit) changedParts(detail string) string {
	parts := strings.Split(detail, ", ")
	for n, part := range parts {
		if slices.Contains([]string{"name", "message", "locale", "grants", "expiry"}, part) {
			parts[n] = v.T("invitations.part." + part)
		}
	}
	return v.enumerated(parts)
}

// inviter names whoever issued an invitation.
func (v *visit) inviter(i invitation) string {
	if i.Inviter.Type == guestlist.InviterSystem {
		return v.T("invitations.system")
	}
	return v.actor(i, i.Inviter.ID)
}

// actor names whoever did something: a user or an application. Who may not look
// at them sees the id.
func (v *visit) actor(i invitation, id string) string {
	if id == "" || id == string(guestlist.InviterSystem) {
		return ""
	}
	if id == string(v.who.UserID) {
		return v.who.Name
	}
	p := payload{UserID: guestlist.UserID(id)}
	if i.Inviter.Type == guestlist.InviterApplication && i.Inviter.ID == id {
		p = payload{ApplicationID: guestlist.ApplicationID(id)}
	}
	if v.reads() {
		if name := v.names().of(p); name != "" {
			return name
		}
	}
	return id
}

func (v *visit) invitationFacts(i invitation) []ui.Fact {
	facts := []ui.Fact{
		{Term: v.T("invitations.recipient"), Cell: ui.Code(recipientOf(i.Invitation))},
		{Term: v.T("invitations.delivery"), Cell: ui.Cell{Pill: v.invitationDelivery(i.Delivery)}},
		{Term: v.T("invitations.mails"), Cell: ui.Text(v.count(i.Sends))},
		{Term: v.T("invitations.inviter"), Cell: ui.Text(v.inviter(i))},
	}
	if i.AcceptedBy != nil {
		facts = append(facts, ui.Fact{Term: v.T("invitations.accepted_by"), Cell: ui.Cell{
			Text: v.actor(i, string(*i.AcceptedBy)), Href: v.link(pathUsers, string(*i.AcceptedBy)),
		}})
	}
	if i.CampaignID != "" {
		facts = append(facts, ui.Fact{Term: v.T("invitations.campaign"), Cell: ui.Cell{
			Text: v.campaignName(i.CampaignID), Href: v.link(pathCampaigns, string(i.CampaignID)),
		}})
	}
	if i.SendAt != nil {
		facts = append(facts, ui.Fact{Term: v.T("invitations.next_mail"), Cell: ui.At(*i.SendAt)})
	}
	return facts
}

func (v *visit) editInvitationForm(i invitation, tag string) *ui.Form {
	return &ui.Form{
		Action: invitationPath(i.ID) + "/edit", Submit: v.T("shell.save"), Tag: tag,
		Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: invitationPath(i.ID)},
		Sections: []ui.FormSection{{Text: v.T("invitations.edit_text"), Fields: []ui.Field{
			{Name: "name", Label: v.T("invitations.name"), Help: v.T("invitations.name_help"), Value: i.Name, Max: 128, Optional: true},
			{
				Kind: ui.KindTextarea, Name: "message", Label: v.T("invitations.message"), Help: v.T("invitations.message_help"),
				Value: i.Message, Rows: 4, Max: guestlist.MaxInvitationMessage, Optional: true,
			},
			v.languageField(i.Locale),
		}}},
	}
}

func (v *visit) editInvitationPage(i invitation, form *ui.Form) *ui.Page {
	return &ui.Page{Name: "edit-invitation", Body: []ui.Block{form}, Header: ui.Header{
		Title: v.T("invitations.edit"), Crumbs: v.invitationCrumbs(ui.Link{Text: v.invitationName(i.Invitation), Href: invitationPath(i.ID)}),
	}}
}

func getEditInvitation(v *visit) error {
	i, tag, err := v.invitation()
	if err != nil {
		return err
	}
	return v.show(v.editInvitationPage(i, v.editInvitationForm(i, tag)))
}

// postEditInvitation changes what an invitation says. One press takes it back.
func postEditInvitation(v *visit) error {
	i, tag, err := v.invitation()
	if err != nil {
		return err
	}
	_, err = v.api.Send(v.ctx(), client.Call{Method: "PATCH", Path: invitationAPI(i.ID), Tag: v.form.Get(ui.FieldTag), In: map[string]any{
		"name": v.form.Get("name"), "message": plainLines(v.form.Get("message")), "locale": v.form.Get("locale"),
	}})
	if err != nil {
		form := v.editInvitationForm(i, tag)
		return v.again(v.editInvitationPage(i, form), form, err, "invitation.invalid_text", "message")
	}
	return v.doneWith(invitationPath(i.ID), ui.Flash{Text: v.T("shell.saved"), Undo: &ui.Action{
		Text: v.T("ui.undo"), Href: invitationPath(i.ID) + "/change", Post: true,
		Hidden: []ui.Hidden{{Name: "name", Value: i.Name}, {Name: "message", Value: i.Message}, {Name: "locale", Value: i.Locale}},
	}})
}

// plainLines writes line ends as they are kept: browsers send both characters.
func plainLines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// postChangeInvitation puts back what an invitation said before, or its end.
func postChangeInvitation(v *visit) error {
	change := map[string]any{}
	for _, name := range []string{"name", "message", "locale"} {
		if v.form.Has(name) {
			change[name] = plainLines(v.form.Get(name))
		}
	}
	if at, err := strconv.ParseInt(v.form.Get("expiresAt"), 10, 64); err == nil {
		change["expiresAt"] = at
	}
	path := v.itemPath()
	if err := v.api.Do(v.ctx(), "PATCH", invitationAPI(v.id("id")), change, nil); err != nil {
		return v.refused(path, err)
	}
	return v.done(path, v.T("shell.undone"))
}

// itemPath is where a deed on an invitation leads back to: a shared one is shown
// among the codes.
func (v *visit) itemPath() string {
	if v.form.Get("from") == "codes" {
		return codePath(v.id("id"))
	}
	return invitationPath(v.id("id"))
}

// daysMore are the choices of how much longer an invitation is good.
var daysMore = []int{1, 3, 7, 14, 30}

func (v *visit) extendForm(i invitation, from string) ui.Block {
	form := &ui.Form{
		ID: "extend", Action: invitationPath(i.ID) + "/extend", Submit: v.T("invitations.extend"), Quiet: true,
		Sections: []ui.FormSection{{Title: v.T("invitations.extend_title"), Text: v.T("invitations.extend_text"), Fields: []ui.Field{{
			Kind: ui.KindSelect, Name: "days", Label: v.T("invitations.extend_by"), Value: "7",
		}}}},
	}
	if from == codePath(i.ID) {
		form.Hidden = []ui.Hidden{{Name: "from", Value: "codes"}}
	}
	for _, n := range daysMore {
		form.Sections[0].Fields[0].Options = append(form.Sections[0].Fields[0].Options, ui.Option{Value: strconv.Itoa(n), Text: v.N("invitations.days", n)})
	}
	return form
}

// postExtendInvitation gives an invitation more time. One press takes it back.
func postExtendInvitation(v *visit) error {
	i, _, err := v.invitation()
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(v.form.Get("days"))
	if err != nil || !slices.Contains(daysMore, n) {
		return v.doneWith(v.itemPath(), ui.Flash{Text: v.T("ui.issue.other"), Tone: ui.Bad})
	}
	until := i.ExpiresAt.Add(time.Duration(n) * 24 * time.Hour)
	if err := v.api.Do(v.ctx(), "PATCH", invitationAPI(i.ID), map[string]any{"expiresAt": until}, nil); err != nil {
		return v.refused(v.itemPath(), err)
	}
	return v.doneWith(v.itemPath(), ui.Flash{Text: v.T("invitations.extended", "when", v.moment(until)), Undo: &ui.Action{
		Text: v.T("ui.undo"), Href: invitationPath(i.ID) + "/change", Post: true, Hidden: []ui.Hidden{
			{Name: "expiresAt", Value: strconv.FormatInt(int64(i.ExpiresAt), 10)}, {Name: "from", Value: v.form.Get("from")},
		},
	}})
}
