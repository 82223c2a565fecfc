//go:build pictures

package experience_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/web/webtest"
)

// speaking is a browser of somebody who reads a language.
func (h *house) speaking(lang string) *webtest.Browser {
	b := h.browser()
	b.Header.Set("Accept-Language", lang)
	return b
}

// invitationWaysGallery walks to what invitations look like by what they ask for,
// and to where they lead who may not accept them.
func invitationWaysGallery(t *testing.T, h *house, lang string) map[string]*webtest.Answer {
	t.Helper()
	pages := map[string]*webtest.Answer{}
	path := func(i issued) string { return h.srv.URL + invite.LinkPath + i.code }
	pages["invitation-unknown"] = h.speaking(lang).Get(h.srv.URL + invite.LinkPath + strings.Repeat("x", guestlist.InvitationCodeLength))
	pages["invitation-plain"] = h.invitedTo(h.speaking(lang), h.issue(to("nobody@example.com"), func(i *guestlist.Invitation) { i.ApplicationID = "" }))

	revoked := h.issue(to("gone@example.com"))
	h.update(func(tx *store.Tx) error { _, err := tx.RevokeInvitation(revoked.ID, ""); return err })
	pages["invitation-revoked"] = h.speaking(lang).Get(path(revoked))
	later := h.now.Add(48 * time.Hour)
	pages["invitation-early"] = h.speaking(lang).Get(path(h.issue(to("early@example.com"), func(i *guestlist.Invitation) {
		at := guestlist.TimeOf(later)
		i.NotBefore = &at
	})))

	number := h.issue(func(i *guestlist.Invitation) { i.RecipientEmail, i.RecipientPhone = "", "4915112345678" })
	pages["invitation-phone"] = h.invitedTo(h.speaking(lang), number)
	h.settings(func(e *guestlist.SignInExperience) { e.OneTimeTokenConfirmation = guestlist.ConfirmAlways })
	b := h.speaking(lang)
	pages["invitation-number"] = h.invitedTo(b, number)
	pages["invitation-number-wrong"] = b.Submit(pages["invitation-number"], "form.form", form{"identifier": "12"})
	b = h.speaking(lang)
	pages["invitation-address"] = h.invitedTo(b, h.issue(to("address@example.com")))
	pages["invitation-address-wrong"] = b.Submit(pages["invitation-address"], "form.form", form{"identifier": ada})
	h.settings(func(e *guestlist.SignInExperience) { e.OneTimeTokenConfirmation = guestlist.ConfirmNever })

	b = h.speaking(lang)
	pages["invitation-strict"] = h.invitedTo(b, h.issue(to("strict@example.com"), func(i *guestlist.Invitation) { i.Strict = true }))
	pages["invitation-strict-code"] = b.Submit(pages["invitation-strict"], "form.form", nil)
	b = h.speaking(lang)
	pages["invitation-domain"] = h.invitedTo(b, h.issue(to("domain@example.com"), func(i *guestlist.Invitation) { i.Binding = guestlist.BindDomain }))
	pages["invitation-domain-other"] = b.Get(h.srv.URL + "/invitation?app_id=northwind&as=other")

	b = h.speaking(lang)
	page := h.invitedTo(b, h.issue(shared, func(i *guestlist.Invitation) { i.AllowedDomains = []string{"northwind.example"} }))
	pages["invitation-domain-wrong"] = b.Submit(page, "form.form", form{"identifier": outsider})

	h.user("suspended@example.com", "")
	h.update(func(tx *store.Tx) error {
		u, err := tx.UserByIdentifier(guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: "suspended@example.com"})
		h.must(err)
		u.IsSuspended = true
		return tx.UpdateUser(u)
	})
	b = h.speaking(lang)
	page = b.Submit(h.invitedTo(b, h.issue(to("suspended@example.com"))), "form.form", nil)
	if page.One("body").Attr("data-page") == "verification-code" {
		page = b.Submit(page, "form.form", form{"code": h.code("suspended@example.com")})
	}
	pages["invitation-suspended"] = page

	b = h.speaking(lang)
	page = b.Get(h.srv.URL + "/invitation/code")
	for range 21 {
		pages["invitation-code-many"] = b.Submit(page, "form.form", form{"code": "0000-0000-0000"})
	}
	stepsGallery(h, lang, pages)
	strangersGallery(h, lang, pages)
	return pages
}

// stepsGallery walks through what acceptance asks for.
func stepsGallery(h *house, lang string, pages map[string]*webtest.Answer) {
	terms, privacy := "https://tenant.example/terms", "https://tenant.example/privacy"
	h.settings(func(e *guestlist.SignInExperience) {
		e.TermsOfUseURL, e.PrivacyPolicyURL, e.AgreeToTermsPolicy = &terms, &privacy, "Manual"
	})
	h.ask(guestlist.ProfileField{Name: "company", Type: guestlist.ProfileText, Label: "Company", Required: true})
	b := h.speaking(lang)
	a := h.invitedTo(b, h.issue(to("steps@example.com"), func(i *guestlist.Invitation) {
		i.RequiredSteps = []guestlist.InvitationStep{guestlist.StepTerms, guestlist.StepPassword, guestlist.StepProfile}
		i.ApplicationID = ""
	}))
	pages["invitation-terms"] = a
	pages["invitation-terms-wrong"] = b.Submit(a, "form.form", nil)
	a = b.Submit(a, "form.form", form{"terms": "true"})
	pages["invitation-password"] = a
	a = b.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password})
	pages["invitation-profile"] = a
	in(h.t.(*testing.T), b.Submit(a, "form.form", form{"profile.company": "Northwind Ltd"}), "steps@example.com")
	pages["invitation-done-account"] = b.Get(h.srv.URL + "/invitation/done")
	h.settings(func(e *guestlist.SignInExperience) {
		e.TermsOfUseURL, e.PrivacyPolicyURL, e.AgreeToTermsPolicy = nil, nil, "Automatic"
	})
}

// strangersGallery walks to where those are led who come as somebody else: by a
// provider, or signed in.
func strangersGallery(h *house, lang string, pages map[string]*webtest.Answer) {
	t := h.t.(*testing.T)
	o := surrounded(h)
	pages["invitation-providers"] = h.invitedTo(h.speaking(lang), h.issue(to("providers@example.com")))
	pages["invitation-connector"] = h.invitedTo(h.speaking(lang), h.issue(to("connector@example.com"), func(i *guestlist.Invitation) { i.Binding = guestlist.BindConnector }))
	pages["invitation-enterprise"] = h.invitedTo(h.speaking(lang), h.issue(to(worker)))
	b := h.speaking(lang)
	o.at[github].expects(person(outsider))
	pages["invitation-other"] = o.press(b, h.invitedTo(b, h.issue(to("other@example.com"))), github)

	h.user(ada, password)
	b = h.speaking(lang)
	a := b.Submit(h.open(b, "/sign-in", nil), "form.form", form{"identifier": ada})
	in(t, b.Submit(a, "form.form", form{"password": password}), ada)
	signedIn := func(i issued) *webtest.Answer {
		return h.open(b, "/consent", url.Values{"one_time_token": {i.code}})
	}
	pages["invitation-signed-in-other"] = signedIn(h.issue(to("signed@example.com"), func(i *guestlist.Invitation) { i.Binding = guestlist.BindAny }))
	pages["invitation-mismatch-shared"] = signedIn(h.issue(shared, func(i *guestlist.Invitation) { i.AllowedDomains = []string{"northwind.example"} }))
	taken := h.issue(shared, func(i *guestlist.Invitation) { i.Seats = 1 })
	in(t, b.Submit(signedIn(taken), "form.form", nil), ada)
	pages["invitation-full"] = h.speaking(lang).Get(h.srv.URL + invite.LinkPath + taken.code)
}

// policyGallery walks to what each registration policy says at the door.
func policyGallery(t *testing.T, h *house, lang string) map[string]*webtest.Answer {
	t.Helper()
	pages := map[string]*webtest.Answer{}
	for policy, mode := range map[guestlist.RegistrationPolicy]guestlist.SignInMode{
		guestlist.PolicyOpen: guestlist.ModeSignInAndRegister, guestlist.PolicyInviteOnly: guestlist.ModeSignIn, guestlist.PolicyApproval: guestlist.ModeSignIn,
		guestlist.PolicyWaitlist: guestlist.ModeSignIn, guestlist.PolicyClosed: guestlist.ModeSignIn,
	} {
		h.settings(func(e *guestlist.SignInExperience) { e.RegistrationPolicy, e.SignInMode = policy, mode })
		for _, page := range []string{"sign-in", "register"} {
			pages["policy-"+string(policy)+"-"+page] = h.open(h.speaking(lang), "/"+page, nil)
		}
		b := h.speaking(lang)
		a := b.Submit(h.open(b, "/sign-in", nil), "form.form", form{"identifier": "new-" + string(policy) + "@example.com"})
		pages["policy-"+string(policy)+"-unknown"] = a
		if a.One("body").Attr("data-page") == "sign-in-password" {
			pages["policy-"+string(policy)+"-unknown"] = b.Submit(a, "form.form", form{"password": password})
		}
	}
	h.settings(func(e *guestlist.SignInExperience) {
		e.RegistrationPolicy, e.SignInMode = guestlist.PolicyApproval, guestlist.ModeSignIn
	})
	b := h.speaking(lang)
	a := b.Submit(b.Get(h.srv.URL+"/waitlist?app_id="+string(testApp)), "form.form", form{"identifier": grace})
	pages["approval-sent"] = a
	link := h.confirmLink(grace)
	pages["approval-confirm"] = b.Get(link)
	pages["approval-waiting"] = b.Submit(pages["approval-confirm"], "form.form", nil)
	r := h.request(grace)
	h.update(func(tx *store.Tx) error {
		r.Status = guestlist.RequestApproved
		_, err := tx.DecideRequest(*r)
		return err
	})
	pages["approval-approved"] = b.Get(link)
	return pages
}

// givenGallery walks to the invitations that somebody gives, in each of their
// states, until none are left.
func givenGallery(t *testing.T, h *house, lang string) map[string]*webtest.Answer {
	t.Helper()
	pages := map[string]*webtest.Answer{}
	id := h.user(ada, password)
	h.update(func(tx *store.Tx) error {
		role := guestlist.Role{ID: "giver", Name: "giver", Type: guestlist.RoleUser}
		h.must(tx.InsertRole(role))
		h.must(tx.SetInvitationQuota(role.ID, 5))
		_, err := tx.GiveRoles(id, role.ID)
		return err
	})
	b := h.seated(ada)
	b.Header.Set("Accept-Language", lang)
	pages["account-giving"] = h.ownPage(b, "")
	page := h.ownPage(b, "/invitations")
	pages["account-invitations-self"] = b.Submit(page, "form.form", form{"identifier": ada})
	code := func(email string) issued {
		page = b.Submit(page, "form.form", form{"identifier": email})
		var i issued
		h.update(func(tx *store.Tx) error {
			open, err := tx.OpenReferralsOf(id, 100)
			for _, o := range open {
				if o.RecipientEmail == email {
					i = issued{o, string(tx.InvitationCode(o))}
				}
			}
			return err
		})
		return i
	}
	declined := code("declined@example.com")
	h.update(func(tx *store.Tx) error {
		_, err := tx.DeclineInvitation(declined.ID)
		return err
	})
	code("expired@example.com")
	h.now = h.now.Add(guestlist.DefaultInvitationTTL + time.Hour)
	accepted := code("accepted@example.com")
	other := h.browser()
	a := other.Submit(h.invitedTo(other, accepted), "form.form", nil)
	if a.One("body").Attr("data-page") == "continue" {
		a = other.Submit(a, "form.form", form{"newPassword": password, "confirmPassword": password})
	}
	in(t, a, "accepted@example.com")
	code("open@example.com")
	pages["account-invitations-given"] = page
	for range 5 {
		page = b.Submit(page, "form.form", form{"identifier": "more" + h.now.Format("150405") + "@example.com"})
		if page.Has(".alert") && !page.Has("form.form") {
			break
		}
		h.now = h.now.Add(time.Second)
		if !page.Has("form.form") {
			break
		}
	}
	pages["account-invitations-spent"] = h.ownPage(b, "/invitations")
	return pages
}
