package experience

import (
	"crypto/rand"
	"strings"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// attempt is what the browser remembers of an attempt to be recognised by an
// outside provider. The attempt itself is in the interaction; this says what to
// do when it is over, or when its answer comes a second time.
type attempt struct {
	State     string                `json:"state,omitempty"`
	Connector guestlist.ConnectorID `json:"connector,omitempty"`
	From      string                `json:"from,omitempty"`   // page of ours that it began on
	Agreed    bool                  `json:"agreed,omitempty"` // to the terms of a new account
}

// nativePlatform is that of connectors which only applications on a phone can
// use.
const nativePlatform = "Native"

// socialFaces are the social providers that guests may turn to, in the
// operator's order.
func (v *visit) socialFaces() ([]signin.ConnectorFace, error) {
	if v.draft != nil {
		faces, err := v.d.Desk.DraftFaces(v.r.Context(), v.exp)
		return usable(faces), err
	}
	faces, err := v.d.Desk.SocialFaces(v.r.Context())
	return usable(faces), err
}

// usable keeps what a browser can use, the first of each target.
func usable(faces []signin.ConnectorFace) []signin.ConnectorFace {
	seen := map[string]bool{}
	var list []signin.ConnectorFace
	for _, f := range faces {
		if f.Target != "" && seen[f.Target] || f.Platform != nil && *f.Platform == nativePlatform {
			continue
		}
		seen[f.Target] = true
		list = append(list, f)
	}
	return list
}

// buttons draws providers.
func (v *visit) buttons(faces []signin.ConnectorFace) []web.Provider {
	list := make([]web.Provider, 0, len(faces))
	for _, f := range faces {
		name := v.called(f)
		list = append(list, web.Provider{
			Value: string(f.ID), Name: name, Text: v.t("provider.continue", "provider", name), Logo: f.Logo, DarkLogo: f.LogoDark,
		})
	}
	return list
}

// called is a provider's name for the guest.
func (v *visit) called(f signin.ConnectorFace) string { return f.Name.In(v.look.Lang) }

// providers are the buttons of a first screen. Those that an application
// narrowed to some identifiers have none.
func (v *visit) providers() ([]web.Provider, error) {
	if v.r.URL.Path == pageIdentifierSignIn || v.r.URL.Path == pageIdentifierRegister {
		return nil, nil
	}
	faces, err := v.socialFaces()
	return v.buttons(faces), err
}

// pressed is the provider whose button the guest pressed; "" for none.
func (v *visit) pressed() guestlist.ConnectorID {
	return guestlist.ConnectorID(v.form.Get(web.FieldProvider))
}

// toProvider begins an attempt at the provider whose button was pressed. What
// else the form has does not count, but for the terms. hold comes before it, in
// the same interaction.
func (v *visit) toProvider(p *web.Page, hold ...signin.Action) error {
	if !v.agreed(p) {
		return v.again(p)
	}
	face, err := v.d.Desk.Face(v.r.Context(), v.pressed())
	switch {
	case guestlist.KindOf(err) == guestlist.KindNotFound:
		return v.say(v.r.URL.Path, "provider.gone")
	case err != nil:
		return err
	}
	return v.begin(p, face, hold...)
}

// begin begins an attempt and shows the page that leads to the provider.
func (v *visit) begin(p *web.Page, face signin.ConnectorFace, hold ...signin.Action) error {
	if len(hold) == 0 {
		hold = v.opening()
	}
	state := rand.Text()
	step, err := v.submit(append(hold, signin.BeginOutside{
		Way: face.Way, ConnectorID: face.ID, State: state, RedirectURI: v.d.Desk.Endpoint + pageCallback + string(face.ID),
		LoginHint: v.typedEmail(face),
	})...)
	if err != nil {
		return v.notBegun(p, face, err)
	}
	if err := v.leave(note{Who: v.note.Who, Attempt: attempt{
		State: state, Connector: face.ID, From: v.r.URL.Path, Agreed: v.form.Get(fieldTerms) != "",
	}}); err != nil {
		return err
	}
	name := v.called(face)
	return v.show(&web.Page{
		Name: "leaving", Title: v.t("provider.leaving_title", "provider", name), Lead: web.Plain(v.t("provider.leaving_lead")),
		Onward: step.Location,
	})
}

// typedEmail is the address by which an organization was found, so that the
// guest need not type it there again.
func (v *visit) typedEmail(face signin.ConnectorFace) string {
	if face.Way == guestlist.WaySSO && v.note.Who.Type == guestlist.IdentifierEmail {
		return v.note.Who.Value
	}
	return ""
}

// opening is what comes before an attempt: a fresh start, signing in, since
// only the answer says whether the guest is new. A link that the interaction
// holds for the guest stays in it.
func (v *visit) opening() []signin.Action {
	event := guestlist.EventSignIn
	if v.exp.SignInMode == guestlist.ModeRegister {
		event = guestlist.EventRegister
	}
	if v.run.Event != guestlist.EventForgotPassword && v.run.UserID == "" && v.holdsLink() {
		return []signin.Action{signin.ChangeEvent{Event: event}}
	}
	return []signin.Action{signin.SetEvent{Event: event}}
}

// holdsLink reports whether the interaction holds the one-time token of a link.
func (v *visit) holdsLink() bool {
	_, ok := v.heldLink()
	return ok || v.run.Invite != nil
}

func (v *visit) heldLink() (address string, ok bool) {
	for _, r := range v.run.Records {
		if r.Type == signin.RecordOneTimeToken && r.Verified {
			return r.Identifier.Value, true
		}
	}
	return "", false
}

// notBegun answers when a provider could not be asked.
func (v *visit) notBegun(p *web.Page, face signin.ConnectorFace, err error) error {
	switch code := guestlist.CodeOf(err); {
	case code == "user.sign_in_method_not_enabled" || strings.HasPrefix(code, "entity."):
		return v.say(v.r.URL.Path, "provider.gone")
	case strings.HasPrefix(code, "connector."):
		p.Alert = &web.Alert{Text: v.t("provider.failed", "provider", v.called(face))}
		return v.showAs(web.Status(err), p)
	}
	return v.refused(p, err)
}
