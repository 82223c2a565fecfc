package console

import (
	"slices"
	"strconv"
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// What can be done to all invitations that match. The API does it by a job,
// which goes on when whoever asked for it leaves.
const (
	deedResend = "resend"
	deedExtend = "extend"
	deedRevoke = "revoke"
	deedExport = "export"
)

var wideDeeds = []string{deedResend, deedExtend, deedRevoke}

// countMatching is how many invitations match; more says that there are more
// than were counted.
func (v *visit) countMatching(m matching) (n int, more bool, err error) {
	var rows []invitation
	answer, err := v.api.List(v.ctx(), "/invitations", m.query(v.now()), 1, 1, &rows)
	return answer.Total, answer.Capped, err
}

// wideForm asks before something is done to all that match. The form has a key:
// sent twice, it is done once.
func (v *visit) wideForm(do string, m matching) *ui.Form {
	f := &ui.Form{
		Action: pathInvitations + "/all", Submit: v.T("invitations.wide." + do + ".do"), Danger: do == deedRevoke,
		Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: m.at(pathInvitations)},
		Hidden: append(m.pairs(), ui.Hidden{Name: "do", Value: do}, ui.Hidden{Name: fieldOnce, Value: v.onceKey()},
			ui.Hidden{Name: "asked", Value: strconv.FormatInt(int64(v.now()), 10)}),
	}
	section := ui.FormSection{Text: v.T("invitations.wide." + do + ".text")}
	switch do {
	case deedExtend:
		section.Fields = []ui.Field{v.daysField()}
	case deedRevoke:
		section.Fields = []ui.Field{
			{Name: "reason", Label: v.T("invitations.wide.reason"), Help: v.T("invitations.wide.reason_help"), Max: maxReason, Optional: true},
			{Kind: ui.KindSwitch, Name: "sure", Label: v.T("invitations.wide.sure")},
		}
	}
	f.Sections = []ui.FormSection{section}
	return f
}

// maxReason is the longest reason of a revocation, in characters.
const maxReason = 256

// daysField asks for how long invitations are to be good from now on.
func (v *visit) daysField() ui.Field {
	f := ui.Field{Kind: ui.KindSelect, Name: "days", API: "expiresIn", Label: v.T("invitations.wide.days"), Value: "7"}
	for _, n := range daysMore {
		f.Options = append(f.Options, ui.Option{Value: strconv.Itoa(n), Text: v.N("invitations.days", n)})
	}
	return f
}

// typedDaysMore is what was chosen in daysField, 0 where that is no choice.
func (v *visit) typedDaysMore() int {
	n, err := strconv.Atoi(v.form.Get("days"))
	if err != nil || !slices.Contains(daysMore, n) {
		return 0
	}
	return n
}

// asked is when the form was shown, so that the same form means the same
// invitations when it is sent again.
func (v *visit) asked() guestlist.Time {
	now := v.now()
	ms, err := strconv.ParseInt(v.form.Get("asked"), 10, 64)
	if at := guestlist.Time(ms); err == nil && at <= now && now.Sub(at) < keepOnce {
		return at
	}
	return now
}

// widePage says what is about to be done to how many.
func (v *visit) widePage(do string, m matching, form *ui.Form) (*ui.Page, error) {
	n, more, err := v.countMatching(m)
	if err != nil {
		return nil, err
	}
	title := map[string]string{
		deedResend: v.N("invitations.wide.resend.title", n), deedExtend: v.N("invitations.wide.extend.title", n),
		deedRevoke: v.N("invitations.wide.revoke.title", n),
	}[do]
	if more {
		title = v.T("invitations.wide."+do+".title_more", "n", v.count(n))
	}
	page := &ui.Page{Name: "act-on-invitations", Header: ui.Header{Title: title, Crumbs: v.invitationCrumbs()}}
	body := []ui.Block{ui.Section{Title: v.T("invitations.match.title"), Body: []ui.Block{ui.Facts{Rows: v.matchingFacts(m)}}}, form}
	if do != deedResend {
		page.Body = body
		return page, nil
	}
	page.Body, err = v.withMailNotice(body...)
	return page, err
}

func getWide(v *visit) error {
	do, m := v.query.Get("do"), matchingOf(v.query)
	if !slices.Contains(wideDeeds, do) {
		return errNoPage
	}
	page, err := v.widePage(do, m, v.wideForm(do, m))
	if err != nil {
		return err
	}
	return v.show(page)
}

// postWide has it done, and leads to where one watches.
func postWide(v *visit) error {
	do, m := v.form.Get("do"), matchingOf(v.form)
	if !slices.Contains(wideDeeds, do) {
		return errNoPage
	}
	form := v.wideForm(do, m)
	order := map[string]any{"action": do, "filter": m.order(v.asked())}
	if m.isAll() {
		order["all"] = true
	}
	switch do {
	case deedExtend:
		n := v.typedDaysMore()
		if n == 0 {
			form.Mark("expiresIn", v.T("ui.issue.other"))
		}
		order["expiresIn"] = n * secondsOfDay
	case deedRevoke:
		if text := strings.TrimSpace(v.form.Get("reason")); text != "" {
			order["reason"] = text
		}
		if !v.on("sure") {
			form.Mark("sure", v.T("invitations.wide.say_sure"))
		}
	}
	var act guestlist.InvitationAction
	err := error(errMarked)
	if len(form.Problems()) == 0 {
		_, err = v.api.Send(v.ctx(), client.Call{
			Method: "POST", Path: "/invitations/actions", In: order, Key: onceFor(v.form.Get(fieldOnce), order), Out: &act,
		})
	}
	if err != nil {
		page, failed := v.widePage(do, m, form)
		if failed != nil {
			return failed
		}
		return v.again(page, form, err, "invitation.invalid_expiry", "expiresIn")
	}
	return v.to(actionPath(act.ID))
}
