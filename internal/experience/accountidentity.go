package experience

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

const fieldTarget = "target"

// getAccountIdentities lists the outside accounts by which somebody signs in.
func getAccountIdentities(v *visit) error {
	p, err := v.identitiesPage()
	if err != nil {
		return err
	}
	return v.own(p)
}

func (v *visit) identitiesPage() (*web.Page, error) {
	faces, err := v.socialFaces()
	if err != nil {
		return nil, err
	}
	p := &web.Page{Name: "account-identities", Title: v.t("account.identities.title"), Lead: web.Plain(v.t("account.identities.lead"))}
	own := v.acct.User.Identities
	for _, target := range slices.Sorted(maps.Keys(own)) {
		p.Rows = append(p.Rows, v.identityRow(v.targetName(faces, target), target, own[target]))
	}
	for _, s := range v.acct.Enterprise {
		row := web.Row{Title: v.t("account.identities.organization"), Tag: v.t("account.identities.managed")}
		if who := knownAs(s.Detail); who != "" {
			row.Facts = []web.Fact{{Value: who}}
		}
		p.Rows = append(p.Rows, row)
	}
	if len(p.Rows) == 0 {
		p.Lead = web.Plain(v.t("account.identities.nothing"))
	}
	var buttons []web.Provider
	for _, f := range faces {
		if _, has := own[f.Target]; !has {
			called := v.called(f)
			buttons = append(buttons, web.Provider{
				Value: string(f.ID), Name: called, Text: v.t("account.identities.connect", "provider", called), Logo: f.Logo, DarkLogo: f.LogoDark,
			})
		}
	}
	if len(buttons) > 0 {
		p.Form = &web.Form{Action: v.link(pageAccountIdentities), Providers: buttons}
	}
	return p, nil
}

func (v *visit) identityRow(called, target string, identity guestlist.Identity) web.Row {
	row := web.Row{Title: called}
	if who := knownAs(identity.Details); who != "" {
		row.Facts = []web.Fact{{Value: who}}
	}
	if !v.acct.CanUnlink(v.exp, target) {
		row.Facts = append(row.Facts, web.Fact{Value: v.t("account.identities.last")})
		return row
	}
	row.Action = &web.Action{
		Text: v.t("account.identities.remove"), Label: v.t("account.identities.remove_label", "provider", called),
		Href: v.link(pageAccountIdentities), Hidden: []web.Hidden{{Name: fieldTarget, Value: target}},
	}
	return row
}

// knownAs is what a provider calls a person.
func knownAs(details json.RawMessage) string {
	var told struct {
		Email string `json:"email"`
		Name  string `json:"name"`
	}
	if json.Unmarshal(details, &told) != nil {
		return ""
	}
	if told.Email != "" {
		return told.Email
	}
	return told.Name
}

func postAccountIdentities(v *visit) error {
	if !v.acct.Proved {
		return v.toProof(pageAccountIdentities)
	}
	p, err := v.identitiesPage()
	if err != nil {
		return err
	}
	if id := v.pressed(); id != "" {
		return v.connect(p, id)
	}
	target := v.form.Get(fieldTarget)
	if _, has := v.acct.User.Identities[target]; !has {
		return v.next(pageAccountIdentities)
	}
	faces, err := v.socialFaces()
	if err != nil {
		return err
	}
	if err := v.changeOwn(signin.UnlinkIdentity{Target: target}); err != nil {
		return v.turnedDown(p, err)
	}
	return v.done(pageAccountIdentities, "account.identities.removed", "provider", v.targetName(faces, target))
}

// connect begins an interaction for connecting an account and leads to the
// provider, which sends the browser back to the callback as ever.
func (v *visit) connect(p *web.Page, id guestlist.ConnectorID) error {
	face, err := v.d.Desk.Face(v.r.Context(), id)
	switch {
	case guestlist.KindOf(err) == guestlist.KindNotFound || err == nil && face.Way != guestlist.WaySocial:
		return v.say(pageAccountIdentities, "provider.gone")
	case err != nil:
		return err
	}
	uid, err := v.d.Desk.BeginLink(v.r.Context(), v.sessionCookie(), guestlist.AuthRequest{
		ClientID: guestlist.AccountApplication, RedirectURI: v.d.Desk.Endpoint + pageAccountCallback, UILocales: v.look.Lang,
		Scopes: []string{"openid"},
	})
	if err != nil {
		return v.turnedDown(p, err)
	}
	v.uid = uid
	v.rememberInteraction(uid)
	event := guestlist.EventSignIn
	if v.exp.SignInMode == guestlist.ModeRegister {
		event = guestlist.EventRegister
	}
	step, err := v.submit(signin.SetEvent{Event: event}, signin.BeginOutside{
		Way: face.Way, ConnectorID: face.ID, State: rand.Text(), RedirectURI: v.d.Desk.Endpoint + pageCallback + string(face.ID),
	})
	switch code := guestlist.CodeOf(err); {
	case strings.HasPrefix(code, "connector."):
		return v.say(pageAccountIdentities, "provider.failed", "provider", v.called(face))
	case err != nil:
		return v.turnedDown(p, err)
	}
	return v.show(&web.Page{
		Name: "leaving", Title: v.t("provider.leaving_title", "provider", v.called(face)), Lead: web.Plain(v.t("provider.leaving_lead")),
		Onward: step.Location,
	})
}

// rememberInteraction gives the browser a new interaction beside those that it
// has, as package oidc does.
func (v *visit) rememberInteraction(uid string) {
	plain := ""
	if cookie, ok := v.d.Cookies.Get(v.r, cookieInteraction); ok {
		if text, err := url.QueryUnescape(cookie); err == nil {
			plain = text
		}
	}
	options := web.CookieOptions{MaxAge: signin.InteractionTTL * time.Second}
	if !v.d.Cookies.Set(v.w, cookieInteraction, url.QueryEscape(signin.AddUID(plain, guestlist.AccountApplication, uid)), options) {
		v.d.Cookies.Set(v.w, cookieInteraction, url.QueryEscape(signin.AddUID("", guestlist.AccountApplication, uid)), options)
	}
}

// connected takes the answer of a provider for somebody who is signed in, and
// goes back to their page.
func (v *visit) connected(id guestlist.ConnectorID, record string, answer url.Values) error {
	uid := v.uid
	err := v.takeSeat()
	switch {
	case guestlist.CodeOf(err) == "user.suspended":
		return v.redirect(http.StatusSeeOther, pageSuspended)
	case err != nil:
		return err
	case v.acct == nil:
		return v.beginSignIn(pageAccountIdentities, false)
	}
	face, err := v.d.Desk.Face(v.r.Context(), id)
	switch {
	case guestlist.KindOf(err) == guestlist.KindNotFound:
		return v.say(pageAccountIdentities, "provider.gone")
	case err != nil:
		return err
	case record == "":
		return v.say(pageAccountIdentities, "provider.over")
	}
	called := v.called(face)
	_, err = v.d.Desk.Submit(v.r.Context(), uid, signin.VerifyOutside{
		Way: face.Way, ConnectorID: face.ID, VerificationID: record, Answer: answer,
	}, v.caller())
	if err == nil {
		err = v.changeOwn(signin.LinkIdentity{UID: uid, VerificationID: record})
	}
	switch code := guestlist.CodeOf(err); {
	case err == nil:
		return v.done(pageAccountIdentities, "account.identities.connected", "provider", called)
	case code == "":
		return err
	case code == "connector.authorization_failed":
		return v.say(pageAccountIdentities, "provider.refused", "provider", called)
	case code == "user.identity_already_in_use":
		return v.say(pageAccountIdentities, "account.identities.taken", "provider", called)
	case code == "user.social_account_exists_in_profile":
		return v.say(pageAccountIdentities, "account.identities.other", "provider", called)
	case strings.HasPrefix(code, "session."):
		return v.say(pageAccountIdentities, "provider.over")
	}
	return v.say(pageAccountIdentities, "provider.failed", "provider", called)
}
