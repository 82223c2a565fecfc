//go:build pictures

package experience_test

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web/webtest"
)

// accountGallery walks to the pages of one's own account in one language.
func accountGallery(t *testing.T, h *house, lang string) map[string]*webtest.Answer {
	t.Helper()
	o := surrounded(h)
	id := o.user(ada, password)
	o.ask(someFields()...)
	name, username, number := "Ada Lovelace", "ada_l", "4915112345678"
	o.update(func(tx *store.Tx) error {
		u, err := tx.User(id)
		o.must(err)
		u.Name, u.Username, u.PrimaryPhone, u.PhoneVerifiedAt = &name, &username, &number, &tx.Now
		o.must(tx.LinkIdentity(id, "gossip", "", guestlist.Identity{UserID: "1", Details: json.RawMessage(`{"email":"ada@gossip.example"}`)}))
		return tx.UpdateUser(u)
	})
	o.fresh(ada)
	o.update(func(tx *store.Tx) error {
		return tx.InsertSession(guestlist.Session{
			ID: "phone", UserID: id, CreatedAt: tx.Now, SignedInAt: tx.Now, ExpiresAt: tx.Now.Add(480 * time.Hour), IP: "2001:db8:1234:5678:9abc:def0:1234:5678",
			UserAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
		}, "phone")
	})
	o.now = o.now.Add(24 * time.Hour)
	b := o.fresh(ada)
	b.Header.Set("Accept-Language", lang)
	pages := map[string]*webtest.Answer{}
	for page, path := range map[string]string{
		"account": "", "account-profile": "/profile", "account-details": "/details", "account-email": "/email", "account-phone": "/phone",
		"account-password": "/password", "account-identities": "/identities", "account-sessions": "/sessions",
	} {
		pages[page] = o.ownPage(b, path)
	}
	pages["account-email-code"] = b.Submit(pages["account-email"], "form.form", form{"identifier": "new@example.com"})
	pages["account-password-wrong"] = b.Submit(pages["account-password"], "form.form", form{"newPassword": "12345", "confirmPassword": "12345"})
	pages["account-profile-wrong"] = b.Submit(pages["account-profile"], "form.form", form{"username": "a b", "profile.avatar": "x"})
	pages["account-saved"] = b.Submit(pages["account-details"], "form.form", form{"profile.nickname": "Countess"})
	pages["account-failed"] = b.Get(o.srv.URL + "/account/callback?" + url.Values{"error": {"x"}, "ui_locales": {lang}}.Encode())
	o.now = o.now.Add(time.Hour)
	pages["account-verify"] = o.ownPage(b, "/password")
	pages["account-verify-wrong"] = b.Submit(pages["account-verify"], "form.form", form{"password": "no"})
	return pages
}
