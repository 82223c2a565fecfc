package management

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
	"guestlist/internal/token"
)

// narrowed is a token of a machine that may do everything, which asked for the
// right to invite alone.
func (f *fixture) narrowed() string {
	f.t.Helper()
	f.machineWith(guestlist.ScopeAll, guestlist.ScopeInvitationsWrite)
	return f.narrower()
}

// narrower is such a token of the latest machine.
func (f *fixture) narrower() string {
	f.t.Helper()
	var app guestlist.Application
	if err := f.st.View(context.Background(), func(tx *store.Tx) (err error) {
		app, err = tx.Application(guestlist.ApplicationID(fmt.Sprint("machine-", f.machines)))
		return err
	}); err != nil {
		f.t.Fatal(err)
	}
	answer, err := f.api.Tokens.ClientCredentials(context.Background(), token.MachineRequest{
		Application: app, Scopes: []string{guestlist.ScopeInvitationsWrite}, Resources: []string{guestlist.ManagementAPI},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return "Bearer " + answer.AccessToken
}

// gifts are grants that open the management API, by a role and by a role of an
// organization.
func (f *fixture) gifts() (club string, gifts []map[string]any) {
	f.t.Helper()
	club = f.must(201, "POST", "/api/organizations", map[string]any{"name": "Club"}).field(f.t, "id")
	chair := f.must(201, "POST", "/api/organization-roles", map[string]any{"name": "chair"}).field(f.t, "id")
	if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
		return tx.AddOrganizationRoleResourceScopes(guestlist.OrganizationRoleID(chair), store.ManagementScopeID)
	}); err != nil {
		f.t.Fatal(err)
	}
	return club, []map[string]any{
		{"roleIds": []guestlist.RoleID{store.ViewerRoleID}},
		{"organizations": []map[string]any{{"id": club, "roleIds": []string{chair}}}},
	}
}

// TestAKeyShowsNoLinkToANarrowerToken: who repeats an order sees its link again,
// but not by a token that could not have ordered it.
func TestAKeyShowsNoLinkToANarrowerToken(t *testing.T) {
	f := newFixture(t, storetest.Open(t, "sqlite", nil))
	_, gifts := f.gifts()
	order := map[string]any{"email": "grace@example.com", "send": false, "grants": gifts[0]}
	full := f.machineWith(guestlist.ScopeAll, guestlist.ScopeInvitationsWrite)
	for range 2 {
		if a := f.keyed("key", full, order); a.status != 201 || a.field(t, "link") == "" {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if a := f.keyed("key", f.narrower(), order); a.code() != "invitation.grants_not_allowed" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestNoWayToGiveRightsThatOneLacks: who may merely invite gives nothing that
// opens the management API by any route, whether they lack the rest or asked for a
// token without it; and changes no rule of the house.
func TestNoWayToGiveRightsThatOneLacks(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.api.Desk.HasConnector = func(context.Context, guestlist.Channel) (bool, error) { return true, nil }
		club, gifts := f.gifts()
		for who, bearer := range map[string]string{"an inviter": f.machineWith(guestlist.ScopeInvitationsWrite), "a narrow token": f.narrowed()} {
			own := f.send("POST", "/api/invitations", map[string]any{"email": strings.Fields(who)[1] + "@example.com"}, bearer).field(t, "id")
			draft := f.send("POST", "/api/invitation-campaigns", map[string]any{"name": "Spring"}, bearer).field(t, "id")
			for _, gift := range gifts {
				terms := map[string]any{"grants": gift}
				f.mayNot(who, bearer, "invitation.grants_not_allowed", [][3]any{
					{"POST", "/api/invitations", map[string]any{"email": "a@example.com", "grants": gift}},
					{"POST", "/api/invitation-codes", map[string]any{"seats": 3, "grants": gift}},
					{"PATCH", "/api/invitations/" + own, map[string]any{"grants": gift}},
					{"POST", "/api/invitation-campaigns", map[string]any{"name": "Summer", "terms": terms}},
					{"PATCH", "/api/invitation-campaigns/" + draft, map[string]any{"terms": terms}},
				})
				if orgs, _ := gift["organizations"].([]map[string]any); orgs != nil {
					f.mayNot(who, bearer, "invitation.grants_not_allowed", [][3]any{{"POST", "/api/organization-invitations", map[string]any{
						"invitee": "a@example.com", "organizationId": club, "expiresAt": start.AddDate(0, 0, 1).UnixMilli(), "organizationRoleIds": orgs[0]["roleIds"],
					}}})
				}
				f.mayNot(who, bearer, "auth.forbidden", [][3]any{
					{"PUT", "/api/configs/waitlist", map[string]any{"terms": terms}},
					{"PUT", "/api/configs/referrals", map[string]any{"terms": terms}},
				})
			}
			f.mayNot(who, bearer, "auth.forbidden", [][3]any{
				{"PATCH", "/api/configs/invitations", map[string]any{"maxOpen": 0}},
				{"PUT", "/api/roles/" + string(store.ViewerRoleID) + "/invitation-quota", map[string]any{"quota": 5}},
				{"PATCH", "/api/sign-in-exp", map[string]any{"registrationPolicy": "open"}},
			})
			q := url.Values{"terms": {`{"grants":{"roleIds":["` + string(store.ViewerRoleID) + `"]}}`}}
			if a := f.batchBy(bearer, "?"+q.Encode(), "text/csv", "", strings.NewReader("email\na@example.com\n")); a.code() != "invitation.grants_not_allowed" {
				t.Errorf("%s, a file: %d %s", who, a.status, a.body)
			}
		}
	})
}

// mayNot wants each request refused with a code.
func (f *fixture) mayNot(who, bearer, code string, requests [][3]any) {
	f.t.Helper()
	for _, r := range requests {
		if a := f.send(r[0].(string), r[1].(string), r[2], bearer); a.status != http.StatusForbidden || a.code() != code {
			f.t.Errorf("%s: %s %s %v: %d %s", who, r[0], r[1], r[2], a.status, a.body)
		}
	}
}

// TestRowsGiveNoRightsThatTheirUploaderLacks: the rows of a file are worked off
// by the rights of the campaign's inviter, who may have more than who sent the
// file, or started it, in a campaign of somebody else or with a narrow token.
func TestRowsGiveNoRightsThatTheirUploaderLacks(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		const one = "/api/invitation-campaigns/"
		rows := func(address string) *strings.Reader {
			return strings.NewReader("email,roleIds\n" + address + "," + string(store.ViewerRoleID) + "\n")
		}
		verdict := func(what string, a answer, want ...string) {
			t.Helper()
			c := f.campaignOf(a)
			f.work()
			if got := f.rowsOf(c); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		draft := func() string {
			return f.must(201, "POST", "/api/invitation-campaigns", map[string]any{"name": "Spring"}).field(t, "id")
		}
		refused := func(address string) string { return "2 invalid " + address + " invitation.grants_not_allowed roleIds" }
		writer, narrow := f.machineWith(guestlist.ScopeInvitationsWrite), f.narrowed()
		verdict("an inviter's own", f.batchBy(writer, "", "text/csv", "", rows("a@example.com")), refused("a@example.com"))
		verdict("with a narrow token", f.batchBy(narrow, "", "text/csv", "", rows("b@example.com")), refused("b@example.com"))
		verdict("into an owner's draft", f.batchBy(writer, "?campaignId="+draft(), "text/csv", "", rows("c@example.com")), refused("c@example.com"))
		theirs := draft()
		if a := f.batchBy(writer, "?start=false&campaignId="+theirs, "text/csv", "", rows("d@example.com")); a.status != 201 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		f.must(200, "PATCH", one+theirs, map[string]any{"mapping": []string{"email", "roleIds"}})
		verdict("uploaded by an inviter, started by an owner", f.must(200, "POST", one+theirs+"/start", nil), refused("d@example.com"))
		owners := draft()
		f.batch("?start=false&campaignId="+owners, "text/csv", "", rows("e@example.com"))
		f.must(200, "PATCH", one+owners, map[string]any{"mapping": []string{"email", "roleIds"}})
		verdict("uploaded by an owner, started by an inviter", f.send("POST", one+owners+"/start", nil, writer), refused("e@example.com"))
		verdict("an owner's", f.batch("", "text/csv", "", rows("f@example.com")), "2 new f@example.com")
	})
}

// TestInvitersLeaveAloneWhatOwnersGive: neither by an action on many, nor by the
// terms that an owner wrote for the waitlist, does an inviter hand out more than
// they may.
func TestInvitersLeaveAloneWhatOwnersGive(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.api.Desk.HasConnector = func(context.Context, guestlist.Channel) (bool, error) { return true, nil }
		_, gifts := f.gifts()
		var ids []string
		for n, gift := range gifts {
			ids = append(ids, f.must(201, "POST", "/api/invitations", map[string]any{
				"email": string(rune('a'+n)) + "@example.com", "send": false, "grants": gift,
			}).field(t, "id"))
		}
		f.must(200, "PUT", "/api/configs/waitlist", map[string]any{"terms": map[string]any{"grants": gifts[0]}})
		waits := f.waits("w@example.com")
		for who, bearer := range map[string]string{"an inviter": f.machineWith(guestlist.ScopeInvitationsWrite), "a narrow token": f.narrowed()} {
			for _, order := range []map[string]any{
				{"action": "resend", "filter": map[string]any{"ids": ids}}, {"action": "extend", "filter": map[string]any{"status": "pending"}, "expiresIn": 600},
			} {
				var a guestlist.InvitationAction
				f.send("POST", "/api/invitations/actions", order, bearer).decode(t, &a)
				f.work()
				f.must(200, "GET", "/api/invitations/actions/"+string(a.ID), nil).decode(t, &a)
				if a.State != guestlist.ActionFinished || a.Done != len(ids) || a.Changed != 0 {
					t.Errorf("%s: %v: %+v", who, order, a)
				}
			}
			f.mayNot(who, bearer, "invitation.grants_not_allowed", [][3]any{
				{"POST", "/api/registration-requests/" + string(waits[0]) + "/approve", nil},
				{"POST", "/api/invitations/" + ids[0] + "/resend", map[string]any{"send": false}},
				{"PATCH", "/api/invitations/" + ids[1], map[string]any{"name": "Eve"}},
			})
			var done promotion
			f.send("POST", "/api/registration-requests/promote", map[string]any{"count": 1}, bearer).decode(t, &done)
			if len(done.Approved) != 0 || len(done.Refused) != 1 || done.Refused[0].Code != "invitation.grants_not_allowed" {
				t.Errorf("%s: %+v", who, done)
			}
		}
	})
}

// TestAnInvitationEndsWithTheMembershipOfItsInviter, where they were a member when
// they were named; who never was one needs not become one.
func TestAnInvitationEndsWithTheMembershipOfItsInviter(t *testing.T) {
	eachClubhouse(t, func(t *testing.T, h *clubhouse) {
		accept := func(i guestlist.OrganizationInvitation, user string) answer {
			return h.call("PUT", "/api/organization-invitations/"+string(i.ID)+"/status", map[string]any{"status": "Accepted", "acceptedUserId": user})
		}
		byMember := h.invite("ada@example.com", "inviterId", h.grace)
		h.must(204, "DELETE", "/api/organizations/"+h.club+"/users/"+h.grace, nil)
		if a := accept(byMember, h.ada); a.code() != "invitation.inviter_gone" {
			t.Errorf("the inviter left: %d %s", a.status, a.body)
		}
		h.must(200, "PUT", "/api/organization-invitations/"+string(byMember.ID)+"/status", map[string]any{"status": "Revoked"})
		if a := accept(h.invite("ada@example.com", "inviterId", h.grace), h.ada); a.status != 200 {
			t.Errorf("by somebody outside: %d %s", a.status, a.body)
		}
		if err := h.st.View(t.Context(), func(tx *store.Tx) error {
			in, err := tx.IsMember(guestlist.OrganizationID(h.club), guestlist.UserID(h.ada))
			if err == nil && !in {
				err = errors.New("accepted, and no member")
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	})
}
