package experience_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/invite"
	"guestlist/internal/store"
)

// TestRemindersEndByOneClick: looking ends nothing; a POST does, of a mail
// program that sends no more than that, and answers alike for every link. The
// invitation itself stays good.
func TestRemindersEndByOneClick(t *testing.T) {
	eachHouse(t, nil, func(t *testing.T, h *house) {
		var i guestlist.Invitation
		var code string
		h.update(func(tx *store.Tx) error {
			next := tx.Now.Add(24 * time.Hour)
			i = guestlist.Invitation{
				ID: guestlist.InvitationID(crypt.OrderedID(tx.Now)), Kind: guestlist.InvitationPersonal, RecipientEmail: grace, Seats: 1,
				Inviter:  guestlist.Inviter{Type: guestlist.InviterSystem, Authority: guestlist.AuthorityHost},
				Delivery: guestlist.InvitationSent, SendAt: &next, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(7 * 24 * time.Hour),
			}
			i.Landing, i.Binding, i.RemindAfter = guestlist.LandingHosted, guestlist.BindExact, []int{1, 3}
			if err := tx.InsertInvitation(i, ""); err != nil {
				return err
			}
			i.Generation = 1
			code = string(tx.InvitationCode(i))
			return nil
		})
		now := func() (now guestlist.Invitation) {
			h.update(func(tx *store.Tx) (err error) { now, err = tx.Invitation(i.ID); return err })
			return now
		}
		b := h.browser()
		page := b.Get(h.srv.URL + invite.LinkPath + code + invite.ReminderPath)
		at(t, page, http.StatusOK, "invitation-reminders")
		if page.Header.Get("Referrer-Policy") != "no-referrer" || now().SendAt == nil {
			t.Error("looking changed something, or tells others")
		}
		said := ""
		for _, link := range []string{"nonsense", code[:len(code)-1] + "_", code, code} {
			if now().SendAt == nil && link != code {
				t.Errorf("%s ended the reminders", link)
			}
			done := h.browser().Post(h.srv.URL+invite.LinkPath+link+invite.ReminderPath, url.Values{"List-Unsubscribe": {"One-Click"}})
			at(t, done, http.StatusOK, "invitation-reminders-stopped")
			if body := done.One("body").Text(); said != "" && body != said {
				t.Errorf("%s gets another answer", link)
			} else {
				said = body
			}
		}
		after := now()
		if after.SendAt != nil || !after.Own.NoReminders || after.Status != guestlist.InvitationPending ||
			invite.NextReminder(after, guestlist.TimeOf(h.now), after.ExpiresAt) != nil {
			t.Errorf("%+v", after)
		}
	})
}

// TestTheButtonOfAMadeUpLinkLeadsNowhereElse: a link to end reminders, made so
// that its button would post to another page of ours, posts to itself.
func TestTheButtonOfAMadeUpLinkLeadsNowhereElse(t *testing.T) {
	h := newHouse(t, nil)
	page := h.browser().Get(h.srv.URL + "/i/..%2F..%2Faccount%2Fsign-out%3F/reminders")
	at(t, page, http.StatusOK, "invitation-reminders")
	to, err := url.Parse(page.One("form").Attr("action"))
	if err != nil || to.RawQuery != "" || strings.Count(to.EscapedPath(), "/") != 3 || !strings.HasSuffix(to.EscapedPath(), invite.ReminderPath) {
		t.Errorf("the button posts to %q, %v", page.One("form").Attr("action"), err)
	}
}
