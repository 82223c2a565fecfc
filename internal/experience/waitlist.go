package experience

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// pageWaitlistSent says that a mail is on its way, whoever asked.
const pageWaitlistSent = signin.PageWaitlist + "/sent"

// The fields of the waitlist's pages.
const (
	paramReferral = "ref"
	fieldName     = "name"
	fieldToken    = "token"
	valueLeave    = "leave"
)

// getWaitlist asks for an address. It is open to everybody, without an
// authorization request.
func getWaitlist(v *visit) error {
	policy := v.exp.Policy()
	if !policy.TakesRequests() && !v.still {
		return v.showAs(http.StatusNotFound, &web.Page{
			Name: "waitlist-closed", Badge: web.BadgeShut, Title: v.t("waitlist.closed_title"), Lead: web.Plain(v.t("waitlist.closed_lead")),
		})
	}
	return v.show(v.waitlistPage("", ""))
}

func (v *visit) waitlistPage(email, name string) *web.Page {
	policy := v.exp.Policy()
	if !policy.TakesRequests() {
		policy = guestlist.PolicyWaitlist // of a preview
	}
	p := &web.Page{
		Name: "waitlist", Badge: web.BadgeTicket, Title: v.t("waitlist.title_" + string(policy)),
		Lead: web.Plain(v.t("waitlist.lead_" + string(policy))),
		Form: &web.Form{
			Action: v.link(signin.PageWaitlist), Submit: v.t("waitlist.submit_" + string(policy)),
			Fields: []web.Field{
				{
					Name: fieldIdentifier, Label: v.t("field.email"), Type: "email", Autocomplete: "email", Value: email, Focus: true,
					Max: guestlist.MaxEmailLength,
				},
				{Name: fieldName, Label: v.optional(v.t("waitlist.name")), Autocomplete: "name", Value: name, Optional: true, Max: guestlist.MaxNameLength},
			},
		},
	}
	if v.look.Product != "" {
		p.Title = v.t("waitlist.title_app_"+string(policy), "app", v.look.Product)
	}
	from := v.query
	if v.r.Method == http.MethodPost {
		from = v.form
	}
	if ref := from.Get(paramReferral); ref != "" && len(ref) <= guestlist.MaxNameLength {
		p.Form.Hidden = []web.Hidden{{Name: paramReferral, Value: ref}}
	}
	if v.run != nil { // they wanted to sign up for an application, or in
		p.Actions = []web.Action{{Before: v.t("action.have_account"), Text: v.t("action.sign_in"), Href: v.link(signin.PageSignIn)}}
	}
	v.terms(p, true)
	return p
}

// postWaitlist answers alike for every address.
func postWaitlist(v *visit) error {
	email, name := strings.TrimSpace(v.form.Get(fieldIdentifier)), strings.TrimSpace(v.form.Get(fieldName))
	p := v.waitlistPage(email, name)
	ok := true
	if !guestlist.IsEmail(email) {
		ok = !wrong(p, fieldIdentifier, v.t("problem.email_shape"))
	}
	if len([]rune(name)) > guestlist.MaxNameLength {
		ok = !wrong(p, fieldName, v.t("problem.too_long", "max", guestlist.MaxNameLength))
	}
	if ok = v.agreed(p) && ok; !ok {
		return v.again(p)
	}
	err := v.d.Desk.AskToComeIn(v.r.Context(), invite.Asking{
		Email: email, Name: name, Locale: v.look.Lang, ApplicationID: v.app.ID, Referral: v.form.Get(paramReferral),
	}, v.caller())
	switch guestlist.CodeOf(err) {
	case guestlist.CodeOf(signin.ErrNoRequests):
		return v.next(signin.PageWaitlist)
	case "invitation.invalid_recipient":
		wrong(p, fieldIdentifier, v.t("problem.email_shape"))
		return v.again(p)
	case "invitation.invalid_text":
		_, text := v.explain(err)
		wrong(p, fieldName, text)
		return v.again(p)
	}
	if err != nil {
		return v.refused(p, err)
	}
	return v.next(pageWaitlistSent)
}

func getWaitlistSent(v *visit) error {
	return v.show(&web.Page{
		Name: "waitlist-sent", Badge: web.BadgeMail, Title: v.t("waitlist.sent_title"), Lead: web.Plain(v.t("waitlist.sent_lead")),
		Actions: []web.Action{{Before: v.t("waitlist.nothing"), Text: v.t("waitlist.again"), Href: v.link(signin.PageWaitlist)}},
	})
}

// getWaitlistConfirm shows whose address is to be confirmed, and to who did so
// before their place. It changes nothing: mail is opened by machines first.
func getWaitlistConfirm(v *visit) error {
	token := v.query.Get(fieldToken)
	place, err := v.d.Desk.OpenRequest(v.r.Context(), token)
	if err != nil {
		return v.requestRefused(err)
	}
	if place.Confirmed {
		return v.showPlace(place, token)
	}
	kind := ""
	if place.Request.Kind == guestlist.RequestApproval {
		kind = "_approval"
	}
	return v.show(&web.Page{
		Name: "waitlist-confirm", Badge: web.BadgeMail, Title: v.t("waitlist.confirm_title"), Lead: web.Plain(v.t("waitlist.confirm_lead" + kind)),
		Facts: []web.Fact{{Term: v.t("field.email"), Value: place.Request.Email}},
		Form: &web.Form{
			Action: v.link(signin.PageWaitlistConfirm), Hidden: []web.Hidden{{Name: fieldToken, Value: token}}, Submit: v.t("waitlist.confirm" + kind),
		},
		Actions: []web.Action{v.leaving(place.Request.Kind, token)},
	})
}

// leaving is the way off the list.
func (v *visit) leaving(kind guestlist.RequestKind, token string) web.Action {
	text := "waitlist.leave"
	if kind == guestlist.RequestApproval {
		text = "waitlist.leave_approval"
	}
	return web.Action{
		Text: v.t(text), Href: v.link(signin.PageWaitlistConfirm), Post: true, Value: valueLeave,
		Hidden: []web.Hidden{{Name: fieldToken, Value: token}},
	}
}

func postWaitlistConfirm(v *visit) error {
	if v.form.Get("submit") == valueLeave {
		if err := v.d.Desk.WithdrawRequest(v.r.Context(), v.form.Get(fieldToken)); err != nil {
			return v.requestRefused(err)
		}
		return v.show(&web.Page{
			Name: "waitlist-left", Badge: web.BadgeDone, Title: v.t("waitlist.left_title"), Lead: web.Plain(v.t("waitlist.left_lead")),
		})
	}
	place, err := v.d.Desk.ConfirmRequest(v.r.Context(), v.form.Get(fieldToken))
	if err != nil {
		return v.requestRefused(err)
	}
	return v.showPlace(place, v.form.Get(fieldToken))
}

func (v *visit) requestRefused(err error) error {
	if guestlist.CodeOf(err) != guestlist.CodeOf(invite.ErrNoSuchRequest) {
		return err
	}
	p := &web.Page{Name: "waitlist-error", Badge: web.BadgeShut, Title: v.t("token.error_title"), Lead: web.Plain(v.t("waitlist.error_lead"))}
	if v.exp.Policy().TakesRequests() {
		p.Actions = []web.Action{{Text: v.t("waitlist.again"), Href: v.link(signin.PageWaitlist), Button: true}}
	}
	return v.showAs(http.StatusNotFound, p)
}

// showPlace says how somebody stands on the list, and how their friends get
// there.
func (v *visit) showPlace(place signin.Place, token string) error {
	r := place.Request
	p := &web.Page{Name: "waitlist-place", Badge: web.BadgeDone, Title: v.t("waitlist.place_title"), Lead: web.Plain(v.t("waitlist.place_lead"))}
	if r.Status == guestlist.RequestApproved {
		p.Title, p.Lead, p.Badge = v.t("waitlist.approved_title"), web.Plain(v.t("waitlist.approved_lead")), web.BadgeTicket
		return v.show(p)
	}
	if r.Status == guestlist.RequestRequested {
		p.Actions = []web.Action{v.leaving(r.Kind, token)}
	}
	if r.Status != guestlist.RequestRequested || r.Kind == guestlist.RequestApproval {
		p.Title = v.t("waitlist.waiting_title")
		p.Lead = web.Plain(v.t("waitlist.waiting_lead")) // who was rejected is told so by whoever decided, if at all
		return v.show(p)
	}
	at := strconv.Itoa(place.Place)
	if place.Place > guestlist.MaxPlaceShown {
		at = v.t("waitlist.beyond", "n", strconv.Itoa(guestlist.MaxPlaceShown))
	}
	link := v.d.Desk.Endpoint + signin.PageWaitlist + "?" + url.Values{paramReferral: {r.ReferralCode}}.Encode()
	if r.ApplicationID != "" {
		link += "&" + url.Values{"app_id": {string(r.ApplicationID)}}.Encode()
	}
	p.Facts = []web.Fact{
		{Term: v.t("waitlist.place"), Value: at},
		{Term: v.t("waitlist.friends"), Value: strconv.Itoa(r.Referrals)},
		{Term: v.t("waitlist.link"), Value: link},
	}
	p.Note = web.Plain(v.t("waitlist.link_note"))
	return v.show(p)
}

// waitlistRoutes are those of the experience API for pages that are not ours.
func waitlistRoutes() []apiRoute {
	return []apiRoute{{
		pattern: "POST /api/experience/waitlist", needs: needsNothing, serve: postWaitlistAPI, status: 204,
		summary: "Ask to come in: the answer is the same for every address, and a mail asks to confirm it",
		body: object{
			"email": anEmail, "name?": str{most: guestlist.MaxNameLength}, "locale?": str{most: guestlist.MaxLangTag}, "applicationId?": str{most: maxID},
			"referralCode?": str{most: guestlist.MaxNameLength},
		},
		refusals: []string{
			"403 registration_request.not_taken", "422 invitation.invalid_recipient", "422 invitation.invalid_text", "422 session.email_blocklist.email_not_allowed",
			"422 session.email_blocklist.email_subaddressing_not_allowed", "422 session.email_blocklist.invalid_email", "429 request.message_rate_limited", "501 connector.not_found",
		},
	}}
}

func postWaitlistAPI(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	a := invite.Asking{
		Email: b.shaped("email", guestlist.IsEmail), Name: b.optional("name", 0, guestlist.MaxNameLength),
		Locale: b.optional("locale", 0, guestlist.MaxLangTag), ApplicationID: guestlist.ApplicationID(b.optional("applicationId", 0, maxID)),
		Referral: b.optional("referralCode", 0, guestlist.MaxNameLength),
	}
	if err := b.err(); err != nil {
		return err
	}
	if err := c.d.Desk.AskToComeIn(c.r.Context(), a, c.d.caller(c.r)); err != nil {
		return err
	}
	return c.nothing()
}
