package experience

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// recognised goes on with a guest whom a provider recognised: as who they are
// here, as somebody related to whom they may be, or as somebody new.
func (v *visit) recognised(face signin.ConnectorFace, record string) error {
	_, err := v.submit(signin.Identify{VerificationID: record})
	switch guestlist.CodeOf(err) {
	case "":
		if err != nil {
			return err
		}
		return v.arrive(face)
	case "user.identity_not_exist":
		if by, ok := relatedTo(err); ok {
			return v.relative(face, record, by)
		}
		return v.newcomer(face, record)
	case "user.sso_identity_not_exist":
		return v.newcomer(face, record)
	}
	return v.turnedAway(face, err)
}

// arrive finishes, or leads to what is still to be asked.
func (v *visit) arrive(face signin.ConnectorFace) error {
	step, err := v.finish()
	if err != nil {
		return v.turnedAway(face, err)
	}
	return v.finished(step)
}

// relatedTo returns the address by which an identity belongs to an account.
func relatedTo(err error) (by guestlist.Identifier, ok bool) {
	var e *guestlist.Error
	if !errors.As(err, &e) {
		return by, false
	}
	raw, jerr := json.Marshal(e.Data)
	if jerr != nil {
		return by, false
	}
	var data struct {
		Related guestlist.Identifier `json:"relatedUser"`
	}
	if json.Unmarshal(raw, &data) != nil {
		return by, false
	}
	return data.Related, data.Related.Value != ""
}

// relative links an identity with the account that has its address, or asks
// whether to.
func (v *visit) relative(face signin.ConnectorFace, record string, by guestlist.Identifier) error {
	if auto := v.exp.SocialSignIn.AutomaticAccountLinking; auto != nil && *auto {
		if _, err := v.submit(signin.Identify{VerificationID: record, LinkSocial: true}); err != nil {
			return v.turnedAway(face, err)
		}
		return v.arrive(face)
	}
	n := v.note
	n.Related = by
	if err := v.leave(n); err != nil {
		return err
	}
	return v.next(pageLink + string(face.ID))
}

// newcomer makes an account of an identity that has none, if the door lets it.
func (v *visit) newcomer(face signin.ConnectorFace, record string) error {
	if v.exp.SignInMode == guestlist.ModeSignIn && !v.holdsLink() {
		return v.noAccount(face, record)
	}
	if v.mustTick(true) && !v.note.Attempt.Agreed {
		return v.next(pageSocialRegister + string(face.ID))
	}
	if _, err := v.submit(signin.ChangeEvent{Event: guestlist.EventRegister}, signin.Identify{VerificationID: record}); err != nil {
		return v.turnedAway(face, err)
	}
	return v.arrive(face)
}

// noAccount says that there is no account, and what would help. Whoever holds
// an invitation is told what is wrong with coming in this way. That nobody has
// an address is said only to whom the provider vouches for it.
func (v *visit) noAccount(face signin.ConnectorFace, record string) error {
	told, verified := v.told(record)
	provider := v.called(face)
	if invited, holds := v.heldLink(); holds {
		if !verified || guestlist.EmailKey(told) == guestlist.EmailKey(invited) {
			return v.say(v.home(), "provider.not_confirmed", "provider", provider, "invited", invited)
		}
		return v.say(v.home(), "provider.not_invited", "provider", provider, "invited", invited, "name", told)
	}
	faces, _, err := v.d.Desk.FacesFor(v.r.Context(), told)
	if err != nil {
		return err
	}
	if verified && slices.ContainsFunc(faces, func(f signin.ConnectorFace) bool { return f.ID == face.ID }) {
		return v.say(v.home(), "provider.no_account", "name", told)
	}
	return v.say(v.home(), "provider.no_link", "provider", provider)
}

// told is the address that a provider told of the guest, "" if none, and
// whether it says that it was verified.
func (v *visit) told(record string) (email string, verified bool) {
	for _, r := range v.run.Records {
		if r.ID == record && r.Outside != nil && r.Outside.Identity != nil {
			return r.Outside.Identity.Email, r.Outside.Identity.EmailVerified && r.Outside.Identity.Email != ""
		}
	}
	return "", false
}

// turnedAway answers when the desk does not let a guest in whom a provider
// recognised: it leads to a page of ours that says so.
func (v *visit) turnedAway(face signin.ConnectorFace, err error) error {
	code := guestlist.CodeOf(err)
	switch code {
	case "", "session.not_found", "session.interaction_not_found", "session.identifier_not_found", "user.suspended",
		"user.missing_profile", "session.sso_enabled":
		return v.refused(&web.Page{}, err)
	case "auth.forbidden":
		return v.reload(func() error { return v.noAccount(face, v.verified(face.ID)) })
	case "user.sign_in_method_not_enabled":
		return v.say(v.home(), "provider.gone")
	}
	if strings.HasPrefix(code, "one_time_token.") || strings.HasPrefix(code, "invitation.") {
		return v.refused(&web.Page{}, err)
	}
	_, text := v.explain(err)
	return v.say(v.home(), sayText, "text", text)
}
