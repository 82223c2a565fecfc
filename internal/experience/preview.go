package experience

import (
	"net/http"
	"time"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// The parameters of a preview: any value shows the settings in force, the
// handle of a draft shows that, and the theme is light or dark. A preview is
// part of no interaction, whatever the browser has: it can be looked at, and
// that is all.
const (
	paramPreview = "preview"
	paramTheme   = "theme"
)

// errNoDraft says that a draft is over, or somebody else's.
var errNoDraft = guestlist.Refuse(guestlist.KindGone, "preview.not_found")

// findDraft finds out whether a page is only looked at, and whose settings it
// shows. A form is never one: what is sent counts as ever, under the settings
// in force.
func (v *visit) findDraft() error {
	handle := v.query.Get(paramPreview)
	if handle == "" || v.r.Method == http.MethodPost {
		return nil
	}
	v.still = true
	if !signin.IsDraft(handle) {
		return nil
	}
	key, ok := v.d.Cookies.Get(v.r, web.CookiePreview)
	if !ok {
		return errNoDraft
	}
	draft, err := v.d.Desk.Draft(v.r.Context(), handle, key)
	if guestlist.KindOf(err) == guestlist.KindNotFound {
		return errNoDraft
	}
	if err != nil {
		return err
	}
	v.draft, v.exp = &draft, draft.Experience
	return nil
}

// stop takes from a page what acts by itself, or asks others.
func (v *visit) stop(p *web.Page) {
	p.Captcha, p.Onward = nil, ""
	if p.Form != nil {
		p.Form.Auto = false
		for i := range p.Form.Fields {
			p.Form.Fields[i].Focus = false
		}
	}
}

// The guest of previews.
const (
	sampleEmail = "guest@example.com"
	samplePhone = "15555550100"
	sampleName  = "guest"
	sampleTTL   = 24 * time.Hour
)

// sampleGuest is somebody who named themselves by the first of the types.
func (v *visit) sampleGuest(types []guestlist.IdentifierType) guestlist.Identifier {
	t := guestlist.IdentifierEmail
	if len(types) > 0 {
		t = types[0]
	}
	value := map[guestlist.IdentifierType]string{
		guestlist.IdentifierEmail: sampleEmail, guestlist.IdentifierPhone: samplePhone, guestlist.IdentifierUsername: sampleName,
	}[t]
	return guestlist.Identifier{Type: t, Value: value}
}

// codeTypes are the identifiers that codes are sent to.
func (v *visit) codeTypes() []guestlist.IdentifierType {
	var types []guestlist.IdentifierType
	for _, m := range v.exp.SignIn.Methods {
		if m.VerificationCode {
			types = append(types, m.Identifier)
		}
	}
	return types
}

// sampleInvitation is the page of an invitation for a new guest.
func (v *visit) sampleInvitation() *web.Page {
	return v.invitationPage("", signin.InvitationView{
		Kind: guestlist.InvitationPersonal, To: guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: sampleEmail},
		Masked: "g•••@example.com", Proof: signin.ProofLink, ExpiresAt: guestlist.TimeOf(v.d.Now()).Add(sampleTTL),
	})
}

// sampleToken is the page of a magic link for a new guest.
func (v *visit) sampleToken() *web.Page {
	view := signin.TokenView{Event: guestlist.EventSignIn, Email: sampleEmail, ExpiresAt: guestlist.TimeOf(v.d.Now()).Add(sampleTTL)}
	view.NeedsAddress = v.exp.OneTimeTokenConfirmation == guestlist.ConfirmAlways
	view.Masked = "g•••@example.com"
	return v.tokenForm(magicLink{known: true}, view, "")
}
