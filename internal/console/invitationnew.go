package console

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

const (
	// maxGuests is how many people are invited at once: each is a call of its own.
	maxGuests    = 100
	maxGuestName = 128 // characters
	secondsOfDay = 24 * 60 * 60
)

// The ways of an invitation to its guest.
const (
	deliverMail = "mail"
	deliverLink = "link"
)

func (v *visit) inviteForm() (*ui.Form, error) {
	terms, err := v.termSections(guestlist.InvitationPersonal, v.languageField(""))
	if err != nil {
		return nil, err
	}
	return &ui.Form{
		Action: pathInvitations + "/new", Submit: v.T("invitations.invite"), Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: pathInvitations},
		Hidden: []ui.Hidden{{Name: fieldOnce, Value: v.onceKey()}},
		Sections: append([]ui.FormSection{
			{Fields: []ui.Field{
				{
					Kind: ui.KindTextarea, Name: "people", Label: v.T("invitations.people"), Help: v.T("invitations.people_help"), Rows: 5, Focus: true,
					Value: v.query.Get("email"),
				},
				{Kind: ui.KindRadio, Name: "deliver", Label: v.T("invitations.deliver"), Value: deliverMail, Options: []ui.Option{
					{Value: deliverMail, Text: v.T("invitations.by_mail"), Help: v.T("invitations.by_mail_help")},
					{Value: deliverLink, Text: v.T("invitations.by_link"), Help: v.T("invitations.by_link_help")},
				}},
			}},
		}, terms...),
	}, nil
}

func (v *visit) invitePage(form *ui.Form) (*ui.Page, error) {
	page := &ui.Page{Name: "invite", Header: ui.Header{Title: v.T("invitations.new"), Lead: v.T("invitations.new_lead"), Crumbs: v.invitationCrumbs()}}
	var err error
	page.Body, err = v.withMailNotice(form)
	return page, err
}

func getInvite(v *visit) error {
	form, err := v.inviteForm()
	if err != nil {
		return err
	}
	page, err := v.invitePage(form)
	if err != nil {
		return err
	}
	return v.show(page)
}

// guestLine is a line that was typed, and what became of it.
type guestLine struct {
	line    string
	made    *invitation
	problem string // why it was refused
	waits   bool   // it was not tried
}

// parseGuest reads "Ada Lovelace <ada@example.com>", an address, or a phone
// number with its plus.
func parseGuest(line string) map[string]any {
	name, address := "", line
	if at := strings.LastIndexByte(line, '<'); at >= 0 && strings.HasSuffix(line, ">") {
		name, address = strings.Trim(strings.TrimSpace(line[:at]), `"`), strings.TrimSpace(line[at+1:len(line)-1])
	}
	body := map[string]any{"email": address}
	if strings.HasPrefix(address, "+") && !strings.Contains(address, "@") {
		body = map[string]any{"phone": address}
	}
	if name != "" {
		body["name"] = name
	}
	return body
}

// typedGuests are the lines that say something.
func typedGuests(text string) []guestLine {
	var out []guestLine
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, guestLine{line: line, waits: true})
		}
	}
	return out
}

// postInvite issues one invitation for each line. What is wrong with all of them
// is said at its field, and nothing is done; what is wrong with a line leaves the
// others alone. A line that was not done stands in the form again.
func postInvite(v *visit) error {
	form, err := v.inviteForm()
	if err != nil {
		return err
	}
	refuse := func(err error, fields ...string) error {
		page, failed := v.invitePage(form)
		if failed != nil {
			return failed
		}
		return v.again(page, form, err, fields...)
	}
	lines := typedGuests(v.form.Get("people"))
	body := v.terms(form)
	switch {
	case len(lines) == 0:
		form.Mark("people", v.T("ui.issue.required"))
	case len(lines) > maxGuests:
		form.Mark("people", v.T("invitations.too_many_lines", "max", v.count(maxGuests), "n", v.count(len(lines))))
	}
	if len(form.Problems()) > 0 {
		return refuse(errMarked)
	}
	body["send"] = v.form.Get("deliver") != deliverLink
	if l := v.form.Get("locale"); l != "" {
		body["locale"] = l
	}
	stopped := v.inviteEach(lines, body)
	if e, ok := refusalOf(stopped, codeNotGiven); ok && form.Mark("grants.roleIds", v.says(e)) {
		return refuse(errMarked)
	}
	if stopped != nil && !slices.ContainsFunc(lines, func(l guestLine) bool { return l.made != nil }) {
		return refuse(stopped, termProblems...)
	}
	return v.invited(form, lines, stopped, body["send"] == true)
}

// aboutOne are the refusals that are about a line and no other.
var aboutOne = []string{
	"invitation.invalid_recipient", "invitation.self_invitation", "invitation.too_many_sends", codeTaken,
	"invitation.accepted", "user.invalid_phone",
}

// inviteEach tries line by line, and returns why it stopped before the last. Of
// lines that say the same each is one of its own: the second is refused.
func (v *visit) inviteEach(lines []guestLine, terms map[string]any) error {
	before := map[string]int{}
	for n := range lines {
		l := &lines[n]
		before[l.line]++
		order := parseGuest(l.line)
		name, _ := order["name"].(string)
		if len(l.line) > maxAddress+maxGuestName || utf8.RuneCountInString(name) > maxGuestName {
			l.problem, l.waits = v.T("invitations.line_long"), false
			continue
		}
		for k, value := range terms {
			order[k] = value
		}
		made, err := v.inviteOnce(order, before[l.line])
		var e *guestlist.Error
		switch {
		case err == nil:
			l.made, l.waits = &made, false
		case errors.As(err, &e) && (slices.Contains(aboutOne, e.Code) || name != "" && e.Code == "invitation.invalid_text"):
			l.problem, l.waits = v.guestProblem(e), false
		default:
			return err
		}
	}
	return nil
}

// inviteOnce issues an invitation, or finds the one that the same line of the
// same form was issued before. One that is over is not meant.
func (v *visit) inviteOnce(order map[string]any, nth int) (invitation, error) {
	var made invitation
	call := client.Call{
		Method: "POST", Path: "/invitations", In: order, Key: onceFor(v.form.Get(fieldOnce), []any{nth, order}), Out: &made,
	}
	_, err := v.api.Send(v.ctx(), call)
	if err == nil && call.Key != "" && !isOpen(made) {
		call.Key, made = "", invitation{}
		_, err = v.api.Send(v.ctx(), call)
	}
	return made, err
}

func (v *visit) guestProblem(e *guestlist.Error) string {
	if e.Code == codeTaken {
		return v.T("invitations.already")
	}
	return v.says(e)
}

// refusalOf returns a refusal with a code.
func refusalOf(err error, code string) (*guestlist.Error, bool) {
	var e *guestlist.Error
	return e, errors.As(err, &e) && e.Code == code
}

// invited says what became of every line. Links are shown here and never again.
func (v *visit) invited(form *ui.Form, lines []guestLine, stopped error, mailed bool) error {
	t := ui.Table{Caption: v.T("invitations.results"), Columns: []ui.Column{
		{Text: v.T("invitations.recipient")}, {Text: v.T("invitations.status")}, {Text: v.T("invitations.link")},
	}}
	made, left := 0, []string{}
	var last *invitation
	for _, l := range lines {
		row := ui.Row{Cells: []ui.Cell{{Text: l.line, Sub: l.problem}, ui.State(v.T("invitations.line.refused"), ui.Bad), {}}}
		switch {
		case l.made != nil:
			made, last = made+1, l.made
			row.Href, row.Cells[0].Sub = invitationPath(l.made.ID), ""
			row.Cells[1] = ui.State(v.T("invitations.line.made"), ui.Good)
			if l.made.Link != "" {
				row.Cells[2] = ui.Code(l.made.Link)
			}
		case l.waits:
			row.Cells[1] = ui.State(v.T("invitations.line.waits"), ui.Warn)
		}
		if l.made == nil {
			left = append(left, l.line)
		}
		t.Rows = append(t.Rows, row)
	}
	switch {
	case mailed && made == 1 && len(left) == 0:
		return v.done(invitationPath(last.ID), v.T("invitations.sent_to", "name", v.invitationName(last.Invitation)))
	case mailed && len(left) == 0:
		return v.done(pathInvitations, v.N("invitations.sent_all", made))
	}
	return v.showInvited(form, t, made, left, stopped, mailed)
}

func (v *visit) showInvited(form *ui.Form, t ui.Table, made int, left []string, stopped error, mailed bool) error {
	page := &ui.Page{Name: "invited", Header: ui.Header{Title: v.N("invitations.made", made), Crumbs: v.invitationCrumbs()}}
	if !mailed && made > 0 {
		page.Header.Lead = v.T("invitations.link_once")
	}
	if stopped != nil {
		page.Body = append(page.Body, ui.Notice{Tone: ui.Bad, Title: v.T("invitations.stopped"), Text: v.says(stopped)})
	}
	page.Body = append(page.Body, t)
	if len(left) == 0 {
		page.Body = append(page.Body, buttons(ui.Action{Text: v.T("invitations.all"), Href: pathInvitations, Primary: true}))
		return v.show(page)
	}
	v.form.Set("people", strings.Join(left, "\n"))
	form.Fill(v.form)
	form.Sections[0].Title, form.Sections[0].Text = v.T("invitations.left"), v.T("invitations.left_text")
	page.Body = append(page.Body, form)
	if made == 0 {
		return v.showAs(422, page)
	}
	return v.show(page)
}
