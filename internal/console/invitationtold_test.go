package console_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// TestWhatIsToldOfAnInvitation is told in words of the reader's language: why
// somebody could not come in, what a carrier said, what was changed, and when.
// What is over ends no more.
func TestWhatIsToldOfAnInvitation(t *testing.T) {
	h := newHouse(t)
	h.mailer()
	h.invited("a@x.example")
	var code guestlist.Invitation
	if err := h.api.Do(context.Background(), "POST", "/invitation-codes", map[string]any{"seats": 2}, &code); err != nil {
		t.Fatal(err)
	}
	i := h.guest("a@x.example")
	for _, a := range []struct {
		kind, detail string
		after        time.Duration
	}{
		{"DeliveryFailed", "connector.general: 550 No such user", 14 * time.Hour}, {"RedemptionRefused", "invitation.unheard_of", 8 * time.Hour},
		{"RedemptionRefused", "invitation.wrong_identity", time.Hour}, {"Changed", "message, expiry", 2 * time.Hour},
	} {
		err := h.store(func(tx *store.Tx) error {
			return tx.AddInvitationAct(i.ID, guestlist.InvitationAct{Kind: a.kind, Detail: a.detail})
		})
		if err != nil {
			t.Fatal(err)
		}
		h.later(a.after)
	}
	b, _ := h.admin()
	page := h.url + "/console/invitations/" + string(i.ID)
	told := func(lang string) (timeline, whole string) {
		t.Helper()
		b.Post(h.url+"/console/preferences", values("lang", lang, "theme", "auto"))
		a := b.Get(page)
		return a.One(".list").Text(), a.One("main").Text()
	}
	for lang, want := range map[string][]string{
		"en": {"Message, End", "2 h ago", "With another address or account", "invitation.unheard_of"},
		"ja": {"メッセージ、終了", "2 時間前", "別のアドレスまたはアカウントでした"},
		"ar": {"الرسالة، الانتهاء", "قبل ساعتين", "قبل 3 ساعات", "قبل 11 ساعة", "قبل يوم"},
	} {
		timeline, whole := told(lang)
		for _, w := range want {
			if !strings.Contains(timeline, w) {
				t.Errorf("%s does not say %s: %s", lang, w, timeline)
			}
		}
		if strings.Contains(timeline, "connector.") || strings.Contains(timeline, "wrong_identity") || !strings.Contains(timeline, "550 No such user") {
			t.Errorf("%s names what is our own: %s", lang, timeline)
		}
		if lang == "en" && !strings.Contains(whole, "Ends") {
			t.Errorf("nothing says when it ends: %s", whole)
		}
	}
	if err := h.api.Do(context.Background(), "POST", "/invitations/"+string(i.ID)+"/revoke", map[string]any{}, nil); err != nil {
		t.Fatal(err)
	}
	if timeline, whole := told("en"); strings.Contains(strings.ReplaceAll(whole, timeline, ""), "in 6 d") {
		t.Errorf("what was taken back ends later: %s", whole)
	}
	if text := b.Get(h.url + "/console/invitations?kind=shared").One(".rows tbody th").Text(); text != "Shared code" {
		t.Errorf("a code without a name is called %q", text)
	}
	if title := b.Get(h.url + "/console/invitation-codes/" + string(code.ID) + "/revoke").One("h1").Text(); !strings.HasPrefix(title, "Take back the code ") || strings.Contains(title, "Shared") {
		t.Errorf("the page asks %q", title)
	}
}
