package experience

import (
	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// These pages are for who is somebody else than an invitation is for.

// mismatch asks a guest who is signed in as somebody else than their invitation
// is for.
func (v *visit) mismatch(code string) error {
	view, ok, err := v.viewed(code)
	if !ok {
		return err
	}
	user, err := v.d.Desk.Account(v.r.Context(), v.sessionCookie())
	switch {
	case err != nil:
		return err
	case user == nil:
		return v.next(signin.PageInvitation)
	}
	return v.show(&web.Page{
		Name: "invitation-mismatch", Badge: web.BadgeTicket, Title: v.t("switch.title", "account", account(user.User)),
		Lead: v.forWhom("invitation.mismatch_lead", view),
		Actions: []web.Action{
			{Text: v.t("invitation.switch"), Href: v.withParam(signin.PageInvitation, paramAs, "recipient"), Button: true},
			{Text: v.t("invitation.stay", "name", account(user.User)), Href: v.link(signin.PageInvitation), Post: true, Value: valueSkip},
			{Text: v.t("action.sign_out"), Href: pageAccountSignOut, Post: true},
		},
	})
}

// viewed returns an invitation for a page about it. Where it serves no more the
// guest is answered, and ok is false.
func (v *visit) viewed(code string) (view signin.InvitationView, ok bool, err error) {
	view, err = v.d.Desk.ViewInvitation(v.r.Context(), v.uid, code, "")
	if err != nil {
		return view, false, v.notServing(code, err)
	}
	return view, true, nil
}

// forWhom is a sentence about whom an invitation is for.
func (v *visit) forWhom(key string, view signin.InvitationView) []web.Part {
	if view.Masked == "" {
		return web.Plain(v.t(key + "_nobody"))
	}
	return v.sentence(key, "name", view.Masked)
}

// getOther says that the invitation is for somebody else than who the guest
// turned out to be.
func getOther(v *visit) error {
	if v.still {
		return v.next(signin.PageInvitation)
	}
	code, _ := v.invited()
	view, ok, err := v.viewed(code)
	if !ok {
		return err
	}
	p := &web.Page{
		Name: "invitation-other", Badge: web.BadgeShut, Title: v.t("invitation.other_title"), Lead: v.forWhom("invitation.other_lead", view),
		Actions: []web.Action{{Text: v.t("invitation.other_account"), Href: v.withParam(signin.PageInvitation, paramAs, "recipient"), Button: true}},
	}
	if as, _ := v.comesAs(); as != "" {
		p.Facts = []web.Fact{{Term: v.t("invitation.you_are"), Value: as}}
	}
	if v.run.UserID != "" && !v.run.New {
		p.Actions = append(p.Actions, web.Action{Text: v.t("invitation.skip"), Href: v.link(pageInvitationOther), Post: true, Value: valueSkip})
	}
	return v.show(p)
}

func postOther(v *visit) error {
	if v.form.Get("submit") == valueSkip {
		return v.skip()
	}
	return v.next(signin.PageInvitation)
}

// comesAs is as whom the guest would accept, as far as the interaction knows, and
// the record that shows it.
func (v *visit) comesAs() (as, record string) {
	for _, r := range v.run.Records {
		switch {
		case !r.Verified:
		case r.Type == signin.RecordEmailCode, r.Type == signin.RecordPhoneCode:
			as, record = r.Identifier.Value, r.ID
		case r.Outside != nil && r.Outside.Identity != nil && r.Outside.Identity.Email != "" && as == "":
			as, record = r.Outside.Identity.Email, r.ID
		case r.Outside != nil && r.Outside.Identity != nil && record == "":
			record = r.ID
		case r.Type == signin.RecordPassword && as == "":
			as, record = r.Identifier.Value, r.ID
		}
	}
	if v.outsider() != "" {
		record = v.outsider()
	}
	return as, record
}

// getConfirm asks a guest whether to accept what was sent to another address.
func getConfirm(v *visit) error {
	if v.still {
		return v.next(signin.PageInvitation)
	}
	p, _, _, err := v.confirming()
	if p == nil {
		return err
	}
	return v.show(p)
}

// confirming is the page on which a guest accepts as somebody else, as whom, and
// what proves that; without a page the guest was led elsewhere.
func (v *visit) confirming() (p *web.Page, as, record string, err error) {
	code, _ := v.invited()
	if as, record = v.comesAs(); v.run.Invite == nil || record == "" || as == "" {
		return nil, "", "", v.next(signin.PageInvitation)
	}
	view, ok, err := v.viewed(code)
	if !ok {
		return nil, "", "", err
	}
	return v.confirmPage(view, as), as, record, nil
}

func (v *visit) confirmPage(view signin.InvitationView, as string) *web.Page {
	return &web.Page{
		Name: "invitation-confirm", Badge: web.BadgeTicket, Title: v.t("invitation.confirm_title", "name", as),
		Lead: v.forWhom("invitation.confirm_lead", view),
		Facts: []web.Fact{
			{Term: v.t("invitation.sent_to"), Value: view.Masked}, {Term: v.t("invitation.you_are"), Value: as},
		},
		Form: &web.Form{
			Action: v.link(pageInvitationConfirm), Submit: v.t("invitation.accept_as", "name", as), Value: valueAccept,
			Hidden: []web.Hidden{{Name: paramAs, Value: as}},
		},
		Actions: []web.Action{{Text: v.t("invitation.other_account"), Href: v.withParam(signin.PageInvitation, paramAs, "recipient")}},
	}
}

func postConfirm(v *visit) error {
	p, as, record, err := v.confirming()
	if p == nil {
		return err
	}
	if v.form.Get(paramAs) != as {
		return v.again(p) // what was shown is not what is so now
	}
	if _, err := v.submit(signin.ConfirmInvitation{As: as}); err != nil {
		return v.refused(p, err)
	}
	if v.run.UserID != "" {
		return v.proceed(p)
	}
	return v.comeIn(p, record)
}

// getDecline asks the recipient whether to decline for good.
func getDecline(v *visit) error {
	if v.still {
		return v.next(signin.PageInvitation)
	}
	code, _ := v.invited()
	view, ok, err := v.viewed(code)
	switch {
	case !ok:
		return err
	case view.Kind != guestlist.InvitationPersonal:
		return v.next(signin.PageInvitation)
	}
	return v.show(v.declinePage(view))
}

func (v *visit) declinePage(view signin.InvitationView) *web.Page {
	return &web.Page{
		Name: "invitation-decline", Badge: web.BadgeTicket, Title: v.t("invitation.decline_title"), Lead: web.Plain(v.t("invitation.decline_lead")),
		Facts: []web.Fact{{Term: v.t("invitation.sent_to"), Value: view.Masked}},
		Form: &web.Form{
			Action: v.link(pageInvitationDecline), Submit: v.t("invitation.decline_submit"),
			Fields: []web.Field{{
				Name: fieldIdentifier, Label: v.t("token.confirm"), Hint: v.t("invitation.address_hint"), Autocomplete: "email",
				Focus: true, Value: v.typedIdentifier(), Max: guestlist.MaxEmailLength, Type: addressType[view.To.Type],
			}},
		},
		Actions: []web.Action{{Text: v.t("action.back"), Href: v.link(signin.PageInvitation)}},
	}
}

// addressType is the type of an input that takes an address.
var addressType = map[guestlist.IdentifierType]string{guestlist.IdentifierEmail: "email", guestlist.IdentifierPhone: "tel"}

func postDecline(v *visit) error {
	code, _ := v.invited()
	view, ok, err := v.viewed(code)
	switch {
	case !ok:
		return err
	case view.Kind != guestlist.InvitationPersonal:
		return v.next(signin.PageInvitation)
	}
	p := v.declinePage(view)
	typed := v.typedIdentifier()
	if typed == "" {
		wrong(p, fieldIdentifier, v.t("problem.required"))
		return v.again(p)
	}
	err = v.d.Desk.DeclineInvitation(v.r.Context(), code, typed, v.caller())
	switch guestlist.CodeOf(err) {
	case guestlist.CodeOf(guestlist.ErrTokenEmailMismatch):
		wrong(p, fieldIdentifier, v.t(notYours(view)))
		return v.again(p)
	case "":
		if err != nil {
			return err
		}
		v.d.Cookies.Clear(v.w, cookieInvitation, "")
		return v.next(pageInvitationDeclined)
	}
	return v.refused(p, err)
}

// notYours is what to say to who typed something else than the recipient's.
func notYours(view signin.InvitationView) string {
	if view.To.Type == guestlist.IdentifierPhone {
		return "invitation.not_your_number"
	}
	return "invitation.not_yours"
}

func getDeclined(v *visit) error {
	return v.show(&web.Page{
		Name: "invitation-declined", Badge: web.BadgeDone, Title: v.t("invitation.declined_title"), Lead: web.Plain(v.t("invitation.declined_lead")),
	})
}
