//go:build pictures

package experience_test

import (
	"net/url"
	"testing"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/web/webtest"
)

// invitationGallery walks to every page of invitations in one language.
func invitationGallery(t *testing.T, h *house, lang string) map[string]*webtest.Answer {
	t.Helper()
	h.user(ada, password)
	host := h.user("host@example.com", "")
	h.update(func(tx *store.Tx) error {
		u, err := tx.User(host)
		h.must(err)
		name := "Margaret Hamilton"
		u.Name = &name
		return tx.UpdateUser(u)
	})
	inviter := func(i *guestlist.Invitation) {
		i.Inviter = guestlist.Inviter{Type: guestlist.InviterUser, ID: string(host), Authority: guestlist.AuthorityNamed}
		i.Message = "We saved you a seat for the first week.\nBring your questions."
	}
	browser := func() *webtest.Browser {
		b := h.browser()
		b.Header.Set("Accept-Language", lang)
		return b
	}
	pages := map[string]*webtest.Answer{}
	i := h.issue(inviter)
	b := browser()
	pages["invitation"] = h.invitedTo(b, i)
	pages["invitation-decline"] = b.Get(h.srv.URL + "/invitation/decline?app_id=northwind")
	pages["invitation-decline-wrong"] = b.Submit(pages["invitation-decline"], "form.form", form{"identifier": ada})
	pages["invitation-declined"] = b.Get(h.srv.URL + "/invitation/declined?app_id=northwind")
	pages["invitation-expired"] = b.Get(h.srv.URL + "/invitation/expired?app_id=northwind")
	pages["invitation-fresh"] = b.Get(h.srv.URL + "/invitation/expired?app_id=northwind&sent=1")
	pages["invitation-invalid"] = b.Get(h.srv.URL + "/invitation/invalid?app_id=northwind")
	pages["invitation-code"] = b.Get(h.srv.URL + "/invitation/code")
	pages["invitation-code-wrong"] = b.Submit(pages["invitation-code"], "form.form", form{"code": "0000-0000-0000"})

	b = browser()
	pages["invitation-copied"] = h.invitedTo(b, h.issue(to("lin@example.com"), copied, inviter))
	pages["invitation-copied-code"] = b.Submit(pages["invitation-copied"], "form.form", nil)
	pages["invitation-shared"] = h.invitedTo(browser(), h.issue(shared, inviter, func(i *guestlist.Invitation) {
		i.AllowedDomains = []string{"example.com", "northwind.example"}
	}))

	anybody := h.issue(to("may@example.com"), inviter, func(i *guestlist.Invitation) { i.Binding = guestlist.BindAny })
	b = browser()
	a := h.invitedTo(b, anybody)
	pages["invitation-any"] = a
	a = b.Get(h.srv.URL + "/invitation?app_id=northwind&as=other")
	a = b.Submit(a, "form.form", form{"identifier": "new@example.com"})
	pages["invitation-confirm"] = b.Submit(a, "form.form", form{"code": h.code("new@example.com")})

	h.settings(closed)
	b = browser()
	a = b.Submit(h.invitedTo(b, h.issue(copied, to("eve@example.com"))), "form.form", nil)
	pages["invitation-copied-wrong"] = b.Submit(a, "form.form", form{"code": "000000"})

	b = browser()
	a = b.Submit(h.open(b, "/sign-in", nil), "form.form", form{"identifier": ada})
	in(t, b.Submit(a, "form.form", form{"password": password}), ada)
	pages["invitation-mismatch"] = h.open(b, "/consent", url.Values{"one_time_token": {i.code}})
	own := h.issue(to(ada), inviter)
	pages["invitation-signed-in"] = h.open(b, "/consent", url.Values{"one_time_token": {own.code}})
	in(t, b.Submit(pages["invitation-signed-in"], "form.form", nil), ada)
	pages["invitation-done"] = b.Get(h.srv.URL + "/invitation/done")
	return pages
}

// waitlistGallery walks to the pages of the waitlist, of reminders, and of one's
// own invitations in one language.
func waitlistGallery(t *testing.T, h *house, lang string) map[string]*webtest.Answer {
	t.Helper()
	browser := func() *webtest.Browser {
		b := h.browser()
		b.Header.Set("Accept-Language", lang)
		return b
	}
	pages := map[string]*webtest.Answer{}
	h.settings(waitlisted)
	b := browser()
	pages["waitlist"] = b.Get(h.srv.URL + "/waitlist?app_id=" + string(testApp))
	pages["waitlist-wrong"] = b.Submit(pages["waitlist"], "form.form", form{"identifier": "nothing"})
	pages["waitlist-sent"] = b.Submit(pages["waitlist"], "form.form", form{"identifier": grace, "name": "Grace"})
	link := h.confirmLink(grace)
	pages["waitlist-confirm"] = b.Get(link)
	pages["waitlist-place"] = b.Submit(pages["waitlist-confirm"], "form.form", nil)
	pages["waitlist-left"] = b.Submit(pages["waitlist-place"], ".actions form", nil)
	pages["waitlist-error"] = b.Get(link)
	pages["sign-in-waitlist"] = h.open(b, "/sign-in", nil)
	h.settings(func(e *guestlist.SignInExperience) { e.RegistrationPolicy = guestlist.PolicyApproval })
	pages["approval"] = b.Get(h.srv.URL + "/waitlist")
	h.settings(func(e *guestlist.SignInExperience) { e.RegistrationPolicy = guestlist.PolicyInviteOnly })
	pages["waitlist-closed"] = b.Get(h.srv.URL + "/waitlist")

	i := h.issue()
	pages["reminders"] = b.Get(h.srv.URL + invite.LinkPath + i.code + invite.ReminderPath)
	pages["reminders-stopped"] = b.Submit(pages["reminders"], "form.form", nil)

	id := h.user(ada, password)
	h.update(func(tx *store.Tx) error {
		role := guestlist.Role{ID: "giver", Name: "giver", Type: guestlist.RoleUser}
		h.must(tx.InsertRole(role))
		h.must(tx.SetInvitationQuota(role.ID, 4))
		_, err := tx.GiveRoles(id, role.ID)
		return err
	})
	b = h.seated(ada)
	b.Header.Set("Accept-Language", lang)
	page := h.ownPage(b, "/invitations")
	pages["account-invitations-none"] = page
	for _, to := range []string{"may@example.com", "somebody.with.a.long.name@a-rather-long-domain.example.com", "lin@example.com"} {
		page = b.Submit(page, "form.form", form{"identifier": to, "name": "Grace Hopper", "message": "Come along"})
	}
	pages["account-invitations"] = b.Post(page.URL.String(), url.Values{"invitation": {page.All("li form input")[0].Attr("value")}})
	pages["account-invitations-wrong"] = b.Submit(pages["account-invitations"], "form.form", form{"identifier": "nope", "message": "see https://evil.example"})
	return pages
}
