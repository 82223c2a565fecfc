package console

import (
	"cmp"
	"io"
	"net/url"
	"strconv"
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

func invitationCodeRoutes() []route {
	return []route{
		get(pathCodes, getCodes),
		get(pathCodes+"/new", getNewCode),
		post(pathCodes+"/new", postNewCode),
		get(pathCodes+"/{id}", getCode),
		get(pathCodes+"/{id}/qr", getCodePicture),
		get(pathCodes+"/{id}/download", getCodeFile),
		get(pathCodes+"/{id}/revoke", getRevokeCode),
	}
}

func codePath[ID ~string](id ID) string { return pathCodes + "/" + client.Segment(id) }

func getCodes(v *visit) error {
	q := url.Values{}
	status := v.query.Get("status")
	for _, s := range codeStates {
		if string(s) == status {
			q.Set("status", status)
		}
	}
	if at := v.query.Get("cursor"); isCursor(at) {
		q.Set("cursor", at)
	}
	var rows []invitation
	answer, err := v.api.List(v.ctx(), "/invitation-codes", q, 1, ui.PageSize, &rows)
	if err != nil {
		return err
	}
	var create []ui.Action
	if v.invites() {
		create = []ui.Action{{Text: v.T("invitations.codes.new"), Href: pathCodes + "/new", Primary: true, Icon: "plus"}}
	}
	states := []ui.Option{{Text: v.T("logs.any")}}
	for _, s := range codeStates {
		states = append(states, ui.Option{Value: string(s), Text: v.T("invitations.state." + string(s))})
	}
	t := ui.Table{
		Caption: v.T("invitations.codes.title"), Paging: v.byCursor(answer, len(rows)),
		Filters: []ui.Filter{{Name: "status", Label: v.T("invitations.filter.status"), Value: status, Options: states}},
		Columns: []ui.Column{
			{Text: v.T("invitations.name")}, {Text: v.T("invitations.codes.code")}, {Text: v.T("invitations.codes.left"), Number: true},
			{Text: v.T("invitations.status")}, {Text: v.T("invitations.ends"), Minor: true},
		},
		Empty: &ui.Empty{Icon: "code", Title: v.T("invitations.codes.empty"), Text: v.T("invitations.codes.empty_text"), Actions: create},
	}
	for _, i := range rows {
		code := ui.Cell{Text: i.Code, Code: true, Copy: i.Code != ""}
		t.Rows = append(t.Rows, ui.Row{Href: codePath(i.ID), Cells: []ui.Cell{
			ui.Text(v.invitationName(i.Invitation)), code, ui.Text(v.seatsLeft(i)), {Pill: v.invitationStatus(i.Status)}, v.invitationEnd(i),
		}})
	}
	return v.show(&ui.Page{Name: "invitation-codes", Body: []ui.Block{t}, Header: ui.Header{
		Title: v.T("invitations.codes.title"), Lead: v.T("invitations.codes.lead"), Actions: create,
	}})
}

// codeStates are the states that a shared invitation can have.
var codeStates = []guestlist.InvitationStatus{
	guestlist.InvitationScheduled, guestlist.InvitationPending, guestlist.InvitationAccepted, guestlist.InvitationRevoked, guestlist.InvitationExpired,
}

func (v *visit) seatsLeft(i invitation) string {
	return v.T("invitations.codes.left_of", "left", v.count(max(0, i.Seats-i.Taken)), "all", v.count(i.Seats))
}

func (v *visit) newCodeForm() (*ui.Form, error) {
	terms, err := v.termSections(guestlist.InvitationShared)
	if err != nil {
		return nil, err
	}
	least, most := 1, guestlist.MaxInvitationSeats
	return &ui.Form{
		Action: pathCodes + "/new", Submit: v.T("invitations.codes.new"), Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: pathCodes},
		Hidden: []ui.Hidden{{Name: fieldOnce, Value: v.onceKey()}},
		Sections: append([]ui.FormSection{
			{Fields: []ui.Field{
				{Name: "name", Label: v.T("invitations.name"), Help: v.T("invitations.codes.name_help"), Max: maxGuestName, Focus: true},
				{
					Kind: ui.KindNumber, Name: "seats", Label: v.T("invitations.codes.seats"), Help: v.T("invitations.codes.seats_help"), Value: "20",
					Least: &least, Most: &most,
				},
				{
					Kind: ui.KindList, Name: "allowedDomains", Label: v.T("invitations.domains"), Help: v.T("invitations.codes.domains_help"),
					Placeholder: "example.com", Optional: true,
				},
			}},
		}, terms...),
	}, nil
}

func (v *visit) newCodePage(form *ui.Form) *ui.Page {
	return &ui.Page{Name: "new-invitation-code", Body: []ui.Block{form}, Header: ui.Header{
		Title: v.T("invitations.codes.new"), Lead: v.T("invitations.codes.new_lead"), Crumbs: v.codeCrumbs(),
	}}
}

func (v *visit) codeCrumbs() []ui.Link {
	return []ui.Link{{Text: v.T("invitations.codes.title"), Href: pathCodes}}
}

func getNewCode(v *visit) error {
	form, err := v.newCodeForm()
	if err != nil {
		return err
	}
	return v.show(v.newCodePage(form))
}

// postNewCode makes a code. Who names domains wants addresses of these alone.
func postNewCode(v *visit) error {
	form, err := v.newCodeForm()
	if err != nil {
		return err
	}
	body := v.terms(form)
	seats, err := strconv.Atoi(strings.TrimSpace(v.form.Get("seats")))
	if err != nil {
		form.Mark("seats", v.T("ui.issue.number"))
	}
	if len(form.Problems()) > 0 {
		return v.again(v.newCodePage(form), form, errMarked)
	}
	body["name"], body["seats"] = strings.TrimSpace(v.form.Get("name")), seats
	if domains := ui.ListOf(v.form, "allowedDomains"); len(domains) > 0 {
		body["allowedDomains"], body["identityBinding"] = domains, guestlist.BindDomain
	}
	var made invitation
	_, err = v.api.Send(v.ctx(), client.Call{
		Method: "POST", Path: "/invitation-codes", In: body, Key: onceFor(v.form.Get(fieldOnce), body), Out: &made,
	})
	if e, ok := refusalOf(err, codeNotGiven); ok && form.Mark("grants.roleIds", v.says(e)) {
		err = errMarked
	}
	if err != nil {
		return v.again(v.newCodePage(form), form, err, append([]string{"invitation.invalid_terms", "allowedDomains"}, termProblems...)...)
	}
	return v.done(codePath(made.ID), v.T("invitations.codes.made"))
}

// code reads the shared invitation of the path.
func (v *visit) code() (invitation, error) {
	var i invitation
	err := v.api.Do(v.ctx(), "GET", "/invitation-codes/"+client.Segment(v.id("id")), nil, &i)
	return i, err
}

func getCode(v *visit) error {
	i, err := v.code()
	if err != nil {
		return err
	}
	page := &ui.Page{Name: "invitation-code", Header: ui.Header{
		Title: v.invitationName(i.Invitation), ID: string(i.ID), Pill: v.invitationStatus(i.Status), Crumbs: v.codeCrumbs(),
	}}
	if v.invites() && isOpen(i) {
		page.Header.Actions = []ui.Action{{Text: v.T("invitations.revoke"), Href: codePath(i.ID) + "/revoke", Danger: true}}
	}
	main := v.codeShown(i)
	main = append(main, v.timeline(i))
	if isOpen(i) && v.invites() {
		main = append(main, v.extendForm(i, codePath(i.ID)))
	}
	facts := append([]ui.Fact{
		{Term: v.T("invitations.codes.left"), Cell: ui.Text(v.seatsLeft(i))},
		{Term: v.T("invitations.inviter"), Cell: ui.Text(v.inviter(i))},
	}, v.termFacts(i)...)
	page.Body = []ui.Block{ui.Columns{Main: main, Side: []ui.Block{
		ui.Section{Title: v.T("invitations.terms"), Body: []ui.Block{ui.Facts{Rows: facts}}},
	}}}
	return v.show(page)
}

// codeShown is what is handed on: the code, the link and the picture of it, for
// who may issue one and as long as it lets somebody in.
func (v *visit) codeShown(i invitation) []ui.Block {
	if i.Code == "" || !isOpen(i) {
		return nil
	}
	return []ui.Block{ui.Section{Title: v.T("invitations.codes.share"), Text: v.T("invitations.codes.share_text"), Body: []ui.Block{
		ui.Snippet{Title: v.T("invitations.codes.code"), Text: i.Code},
		ui.Snippet{Title: v.T("invitations.codes.page"), Text: v.d.Endpoint + typedCodes},
		ui.Snippet{Title: v.T("invitations.link"), Text: i.Link},
		ui.Picture{Src: codePath(i.ID) + "/qr", Alt: v.T("invitations.codes.picture"), Size: pictureSize},
	}, Actions: []ui.Action{{Text: v.T("invitations.codes.download"), Href: codePath(i.ID) + "/download"}}}}
}

// typedCodes is the page on which guests type a code.
const typedCodes = "/invitation/code"

const (
	pictureSize = 220     // pixels of a QR code on the page
	maxDrawing  = 1 << 20 // bytes of one
)

// getCodePicture passes the API's drawing on, which has no scripts and may have
// none.
func getCodePicture(v *visit) error { return v.drawCode("inline") }

func getCodeFile(v *visit) error { return v.drawCode("attachment") }

func (v *visit) drawCode(disposition string) error {
	answer, err := v.api.Open(v.ctx(), client.Call{Path: "/invitation-codes/" + client.Segment(v.id("id")) + "/qr"})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	picture, err := io.ReadAll(io.LimitReader(answer.Body, maxDrawing))
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Content-Disposition", disposition+`; filename="invitation.svg"`)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-store")
	_, _ = v.w.Write(picture) // the only failure is a closed connection
	return nil
}

func getRevokeCode(v *visit) error {
	i, err := v.code()
	if err != nil {
		return err
	}
	name := v.invitationName(i.Invitation)
	return v.show(&ui.Page{Name: "revoke-invitation-code",
		Header: ui.Header{
			Title: v.T("invitations.codes.revoke_title", "name", cmp.Or(i.Name, i.Code, name)), Crumbs: append(v.codeCrumbs(), ui.Link{Text: name, Href: codePath(i.ID)}),
		},
		Body: []ui.Block{ui.Confirm{
			Text: v.T("invitations.codes.revoke_text"), Action: invitationPath(i.ID) + "/revoke", Submit: v.T("invitations.revoke"),
			Facts:  []ui.Fact{{Term: v.T("invitations.codes.left"), Cell: ui.Text(v.seatsLeft(i))}},
			Hidden: []ui.Hidden{{Name: "from", Value: "codes"}},
			Cancel: ui.Link{Text: v.T("shell.cancel"), Href: codePath(i.ID)},
		}},
	})
}
