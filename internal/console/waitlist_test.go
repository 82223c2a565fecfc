package console_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// waiting puts people on the list who confirmed, each brought by the one before
// if that is said.
func (h *house) waiting(brought bool, names ...string) []guestlist.RequestID {
	h.t.Helper()
	var ids []guestlist.RequestID
	err := h.store(func(tx *store.Tx) error {
		for n, name := range names {
			email := string(rune('a'+n)) + "@example.com"
			r := guestlist.RegistrationRequest{
				ID: guestlist.RequestID("request-" + string(rune('a'+n))), Kind: guestlist.RequestWaitlist, Email: email, Name: name,
				ReferralCode: "code-" + string(rune('a'+n)),
			}
			if brought && n > 0 {
				r.ReferrerID = ids[n-1]
			}
			if _, err := tx.InsertRequest(r, email); err != nil {
				return err
			}
			if _, err := tx.ConfirmRequest(r.ID); err != nil {
				return err
			}
			ids = append(ids, r.ID)
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return ids
}

// brought has a user invite in their own name, and the guest come in by it; an
// invitation for nobody stays open.
func (h *house) brought(by, guest guestlist.UserID) {
	h.t.Helper()
	err := h.store(func(tx *store.Tx) error {
		i := guestlist.Invitation{
			ID: guestlist.InvitationID(crypt.OrderedID(tx.Now)), Kind: guestlist.InvitationPersonal, Status: guestlist.InvitationPending, RecipientEmail: string(guest) + "x@example.com",
			Inviter: guestlist.Inviter{Type: guestlist.InviterUser, ID: string(by), Authority: guestlist.AuthorityReferral},
			Seats:   1, Generation: 1, ExpiresAt: tx.Now.Add(time.Hour), CreatedAt: tx.Now, UpdatedAt: tx.Now,
		}
		if err := tx.InsertInvitation(i, ""); err != nil || guest == "" {
			return err
		}
		won, err := tx.TakeSeat(i.ID, i.Generation, store.Seat{UserID: guest, Identity: i.RecipientEmail, IsNew: true})
		if err == nil && !won {
			h.t.Error("the seat is not free")
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) policy() guestlist.RegistrationPolicy {
	h.t.Helper()
	var exp guestlist.SignInExperience
	if err := h.api.Do(context.Background(), "GET", "/sign-in-exp", nil, &exp); err != nil {
		h.t.Fatal(err)
	}
	return exp.Policy()
}

// TestTheWaitlistIsTurnedOnWhereItIsMissed: its page teaches how, one press does
// it, and one press takes it back.
func TestTheWaitlistIsTurnedOnWhereItIsMissed(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	was := h.policy()
	a := b.Get(h.url + "/console/waitlist")
	h.at(a, 200, "waitlist")
	if !a.Has(".empty .actions form") || strings.Contains(a.Source, "/waitlist</code>") {
		t.Errorf("nothing teaches how to turn it on: %s", a.One("main").HTML())
	}
	a = b.Submit(a, ".empty .actions form", nil)
	h.at(a, 200, "waitlist")
	if h.policy() != guestlist.PolicyWaitlist || !strings.Contains(a.Source, h.url+"/waitlist") {
		t.Errorf("it is %s, and the page says %s", h.policy(), a.One("main").Text())
	}
	if over := b.Get(h.url + "/console"); over.One(".switch .pill").Text() != "Waitlist" {
		t.Errorf("the door is called %s", over.One(".switch").Text())
	}
	b.Submit(b.Post(h.url+"/console/waitlist/on", nil), ".flash form", nil)
	if h.policy() != guestlist.PolicyWaitlist {
		t.Error("what was on already is not what came back")
	}
	b.Post(h.url+"/console/door", values("policy", string(was)))
	if h.policy() != was {
		t.Errorf("it is %s again, want %s", h.policy(), was)
	}
	h.at(b.Post(h.url+"/console/door", values("policy", "<b>")), 200, "overview")
	if h.policy() != was {
		t.Error("a policy that is none was taken")
	}
}

// TestThePolicyAndTheSwitchSayTheSame: whichever of both is changed decides.
func TestThePolicyAndTheSwitchSayTheSame(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	page := h.url + "/console/sign-in-experience/sign-up-and-sign-in"
	for _, step := range []struct {
		fill map[string]string
		want guestlist.RegistrationPolicy
	}{
		{map[string]string{"registrationPolicy": "waitlist", "registration": ""}, guestlist.PolicyWaitlist},
		{map[string]string{"registration": "true"}, guestlist.PolicyOpen},
		{map[string]string{"registration": ""}, guestlist.PolicyInviteOnly},
		{map[string]string{"registrationPolicy": "approval"}, guestlist.PolicyApproval},
		{map[string]string{"signUp.verify": "true"}, guestlist.PolicyApproval},
		{map[string]string{"registrationPolicy": "closed"}, guestlist.PolicyClosed},
		{map[string]string{"registrationPolicy": "open"}, guestlist.PolicyOpen},
	} {
		a := b.Submit(b.Get(page), "#form", step.fill)
		h.at(a, 200, "sign-up-and-sign-in")
		if got := h.policy(); got != step.want {
			t.Fatalf("%v: %s, want %s", step.fill, got, step.want)
		}
	}
	h.at(b.Submit(b.Get(page), "#form", map[string]string{"registrationPolicy": "ajar"}), 422, "sign-up-and-sign-in")
}

// TestTheWaitlistIsDecidedOn ranks, says no with a reason, lets in, and lets the
// next ones in.
func TestTheWaitlistIsDecidedOn(t *testing.T) {
	h := newHouse(t)
	h.mailer()
	b, _ := h.admin()
	b.Post(h.url+"/console/waitlist/on", nil)
	ids := h.waiting(true, hostileGuest, "", "<script>alert(1)</script>", "Dora", "Ed")
	a := b.Get(h.url + "/console/waitlist")
	h.at(a, 200, "waitlist")
	inspect(t, "waitlist", a)
	if n := len(a.All(".rows tbody tr")); n != len(ids) || strings.Contains(a.Source, "<script>alert") {
		t.Fatalf("%d rows: %s", n, a.One("main").HTML())
	}
	at := func(n int) string { return h.url + "/console/waitlist/" + string(ids[n]) }

	a = b.Get(at(0))
	h.at(a, 200, "waitlist-request")
	inspect(t, "request", a)
	if !strings.Contains(a.Source, "/waitlist?ref=code-a") || len(a.All(".rows tbody tr")) != 1 {
		t.Errorf("whom they brought is missing: %s", a.One("main").HTML())
	}
	for _, wrong := range []string{"", "x", "1000001"} {
		h.at(b.Submit(a, "#form", map[string]string{"score": wrong}), 422, "waitlist-request")
	}
	h.at(b.Submit(b.Get(at(4)), "#form", map[string]string{"score": "7"}), 200, "waitlist-request")
	if first := b.Get(h.url + "/console/waitlist").All(".rows tbody th a")[0].Text(); first != "Ed" {
		t.Errorf("%s is the next one", first)
	}

	form := b.Get(at(1) + "/reject")
	h.at(form, 200, "reject-request")
	h.at(b.Submit(form, "#form", map[string]string{"reason": strings.Repeat("x", 501)}), 422, "reject-request")
	h.at(b.Submit(form, "#form", map[string]string{"reason": "<i>full</i>"}), 200, "waitlist-request")
	if a = b.Get(at(1)); !strings.Contains(a.Source, "&lt;i&gt;full") || !strings.Contains(a.One("h1").Text(), "Turned down") {
		t.Errorf("the reason is missing: %s", a.One("main").HTML())
	}
	h.at(b.Submit(form, "#form", nil), 422, "reject-request") // somebody else decided meanwhile

	h.at(b.Post(at(2)+"/approve", values("x", "y")), 200, "waitlist-request")
	if a = b.Post(at(2)+"/approve", values("x", "y")); !a.Has(".flash.bad") {
		t.Errorf("letting in twice: %s", a.One("main").HTML())
	}
	if a = b.Get(at(2)); !strings.Contains(a.Source, "/console/invitations/") || a.Has("#form") {
		t.Errorf("nothing leads to the invitation, or who was let in is still ranked: %s", a.One("main").HTML())
	}

	promote := b.Get(h.url + "/console/waitlist/promote")
	h.at(promote, 200, "waitlist-promote")
	h.at(b.Submit(promote, "#form", map[string]string{"count": "0"}), 422, "waitlist-promote")
	h.at(b.Submit(promote, "#form", map[string]string{"count": "2", "how": "waves", "wave": "x"}), 422, "waitlist-promote")
	h.at(b.Submit(promote, "#form", map[string]string{"count": "2", "how": "waves", "wave": "1", "interval": "2"}), 200, "waitlist")
	if a = b.Get(h.url + "/console/waitlist?status=approved"); len(a.All(".rows tbody tr")) != 3 {
		t.Errorf("not all of them are let in: %s", a.One("main").HTML())
	}
	if a = b.Post(h.url+"/console/waitlist/bulk", values("do", "reject", "id", string(ids[0]))); !strings.Contains(a.Source, "turned down") && !a.Has(".flash.bad") {
		t.Errorf("nothing says what became of it: %s", a.One("main").HTML())
	}
	h.at(b.Submit(b.Get(at(3)+"/forget"), ".confirm", nil), 200, "waitlist")
	h.at(b.Get(at(3)), 404, "error")
}

// TestWhoIsInvitedAlreadyIsNotLetInTwice, and each way to try says why.
func TestWhoIsInvitedAlreadyIsNotLetInTwice(t *testing.T) {
	h := newHouse(t)
	h.mailer()
	b, _ := h.admin()
	b.Post(h.url+"/console/waitlist/on", nil)
	ids := h.waiting(false, "Ann", "Ben")
	h.invited("a@example.com")
	const why = "This guest has an open invitation already."
	a := b.Submit(b.Get(h.url+"/console/waitlist/promote"), "#form", map[string]string{"count": "1"})
	h.at(a, 200, "waitlist-promoted")
	if text := a.One("main").Text(); !strings.Contains(text, why) || strings.Contains(text, "0 people") {
		t.Errorf("it says %s", text)
	}
	for path, form := range map[string][]string{
		"/" + string(ids[0]) + "/approve": {"x", "y"}, "/bulk": {"do", "approve", "id", string(ids[0])},
	} {
		if a := b.Post(h.url+"/console/waitlist"+path, values(form...)); !strings.Contains(a.One(".flash.bad").Text(), why) {
			t.Errorf("%s says %s", path, a.One(".flash").Text())
		}
	}
	a = b.Post(h.url+"/console/waitlist/bulk", values("do", "approve", "id", string(ids[1]), "id", string(ids[0])))
	if text := a.One(".flash.warn").Text(); !strings.Contains(text, "1 person is let in.") || !strings.Contains(text, why) {
		t.Errorf("of two it says %s", text)
	}
}

// TestTheWaitlistIsForWhoInvites: an inviter decides, a viewer looks, and
// neither ranks.
func TestTheWaitlistIsForWhoInvites(t *testing.T) {
	h := newHouse(t)
	h.mailer()
	ids := h.waiting(false, "Ann", "Ben")
	path := "/console/waitlist/" + string(ids[0])
	b, a := h.as("inviter", "/console/waitlist")
	h.at(a, 200, "waitlist")
	h.at(b.Post(h.url+path+"/approve", nil), 200, "waitlist-request")
	if a = b.Get(h.url + "/console/waitlist/settings"); a.Has("#form") {
		t.Error("an inviter sets how the list ranks")
	}
	if b.Post(h.url+"/console/waitlist/on", nil); h.policy() == guestlist.PolicyWaitlist {
		t.Error("an inviter opened the waitlist")
	}
	b, a = h.as("viewer", "/console/waitlist/"+string(ids[1]))
	h.at(a, 200, "waitlist-request")
	if a.Has("#form") || strings.Contains(a.Source, "/approve") {
		t.Errorf("a viewer is shown what only others may do: %s", a.One("main").HTML())
	}
	for _, deed := range []string{"", "/approve", "/reject", "/forget"} {
		if a := b.Post(h.url+"/console/waitlist/"+string(ids[1])+deed, values("score", "5")); a.Status != 403 {
			t.Errorf("%s of a viewer: %d", deed, a.Status)
		}
	}
}

// TestTheWaitlistsPointsAreKept: two who change them do not overwrite each other.
func TestTheWaitlistsPointsAreKept(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	page := b.Get(h.url + "/console/waitlist/settings")
	h.at(b.Submit(page, "#form", map[string]string{"referralPoints": "1001"}), 422, "waitlist-settings")
	h.at(b.Submit(page, "#form", map[string]string{"referralPoints": "25"}), 200, "waitlist")
	h.at(b.Submit(page, "#form", map[string]string{"referralPoints": "30"}), 409, "waitlist-settings")
}

// TestInvitationsOfUsersAreLimitedByRole: a role says how many, and a user's page
// shows whom they brought and takes back what is open.
func TestInvitationsOfUsersAreLimitedByRole(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	var role guestlist.Role
	if err := h.api.Do(context.Background(), "POST", "/roles", map[string]any{"name": "Friends", "description": "x", "type": "User"}, &role); err != nil {
		t.Fatal(err)
	}
	page := h.url + "/console/roles/" + string(role.ID)
	for _, wrong := range []string{"", "-1", "10001"} {
		h.at(b.Submit(b.Get(page), "#quota", map[string]string{"quota": wrong}), 422, "role-settings")
	}
	h.at(b.Submit(b.Get(page), "#quota", map[string]string{"quota": "5"}), 200, "role-settings")
	if got := b.Get(page).One("#quota [name=quota]").Attr("value"); got != "5" {
		t.Errorf("the role lets invite %s", got)
	}
	host := h.user(map[string]any{"username": "host", "name": hostileGuest})
	guest := h.user(map[string]any{"username": "guest", "name": `<i>"Guest"`})
	h.brought(host.ID, guest.ID)
	h.brought(host.ID, "")
	at := h.url + "/console/users/" + string(host.ID) + "/invited"
	a := b.Get(at)
	h.at(a, 200, "user-invited")
	inspect(t, "invited", a)
	if len(a.All(".rows tbody tr")) != 1 || !strings.Contains(a.Source, "/console/users/"+string(guest.ID)) {
		t.Errorf("the tree is %s", a.One("main").HTML())
	}
	if a := b.Get(h.url + "/console/users/" + string(guest.ID) + "/invited"); !strings.Contains(a.One(".facts").HTML(), "/console/users/"+string(host.ID)) {
		t.Errorf("by whom they came in is missing: %s", a.One(".facts").HTML())
	}
	a = b.Submit(b.Get(at+"/take-back"), "#form", map[string]string{"suspend": "true", "reason": "<b>spam"})
	h.at(a, 200, "user-invited")
	if text := a.One(".flash").Text(); text != "Invitations taken back: 1. Users suspended: 2." {
		t.Errorf("it says %s", text)
	}
	if b, _ := h.as("viewer", "/console"); b.Post(at+"/take-back", values("x", "y")).Status != 403 {
		t.Error("a viewer takes invitations back")
	}
}
