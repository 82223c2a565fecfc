package management

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
	"guestlist/internal/token"
)

// clubhouse is an organization with two roles and two users, of whom grace is a
// member.
type clubhouse struct {
	*fixture
	club, member, chair, ada, grace string
}

func newClubhouse(t *testing.T, f *fixture) *clubhouse {
	t.Helper()
	h := &clubhouse{fixture: f}
	f.api.Desk.HasConnector = func(context.Context, guestlist.Channel) (bool, error) { return true, nil }
	h.club = f.must(201, "POST", "/api/organizations", map[string]any{"name": "Club"}).field(t, "id")
	h.member = f.must(201, "POST", "/api/organization-roles", map[string]any{"name": "member"}).field(t, "id")
	h.chair = f.must(201, "POST", "/api/organization-roles", map[string]any{"name": "chair"}).field(t, "id")
	h.ada = f.must(200, "POST", "/api/users", map[string]any{"username": "ada", "primaryEmail": "Ada@Example.com"}).field(t, "id")
	h.grace = f.must(200, "POST", "/api/users", map[string]any{"username": "grace", "primaryEmail": "grace@example.com", "name": "Grace"}).field(t, "id")
	f.must(201, "POST", "/api/organizations/"+h.club+"/users", map[string]any{"userIds": []string{h.grace}})
	return h
}

// order is what is posted, changed by name, value pairs; nil takes a member away.
func (h *clubhouse) order(invitee string, pairs ...any) map[string]any {
	m := map[string]any{"invitee": invitee, "organizationId": h.club, "expiresAt": start.Add(24 * time.Hour).UnixMilli()}
	for i := 0; i < len(pairs); i += 2 {
		if m[pairs[i].(string)] = pairs[i+1]; pairs[i+1] == nil {
			delete(m, pairs[i].(string))
		}
	}
	return m
}

func (h *clubhouse) invite(invitee string, pairs ...any) guestlist.OrganizationInvitation {
	h.t.Helper()
	var i guestlist.OrganizationInvitation
	h.must(201, "POST", "/api/organization-invitations", h.order(invitee, pairs...)).decode(h.t, &i)
	return i
}

func (h *clubhouse) list(query string) (ids []guestlist.InvitationID) {
	h.t.Helper()
	var rows []guestlist.OrganizationInvitation
	h.must(200, "GET", "/api/organization-invitations"+query, nil).decode(h.t, &rows)
	for _, i := range rows {
		ids = append(ids, i.ID)
	}
	return ids
}

func eachClubhouse(t *testing.T, fn func(*testing.T, *clubhouse)) {
	each(t, func(t *testing.T, f *fixture) { fn(t, newClubhouse(t, f)) })
}

func TestInvitationIntoAnOrganizationIsAcceptedForTheUser(t *testing.T) {
	eachClubhouse(t, func(t *testing.T, h *clubhouse) {
		i := h.invite("ADA@example.com", "inviterId", h.grace, "organizationRoleIds", []string{h.chair, h.member, h.chair})
		want := guestlist.OrganizationInvitation{
			TenantID: "default", ID: i.ID, InviterID: i.InviterID, Invitee: "ADA@example.com", OrganizationID: guestlist.OrganizationID(h.club),
			Status: "Pending", CreatedAt: i.CreatedAt, UpdatedAt: i.CreatedAt, ExpiresAt: guestlist.TimeOf(start.Add(24 * time.Hour)),
			OrganizationRoles: []guestlist.OrganizationRoleName{
				{ID: guestlist.OrganizationRoleID(h.chair), Name: "chair"}, {ID: guestlist.OrganizationRoleID(h.member), Name: "member"},
			},
		}
		if diff := cmp.Diff(want, i); diff != "" || string(*i.InviterID) != h.grace {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
		one := "/api/organization-invitations/" + string(i.ID)
		status := one + "/status"
		h.refused(422, "request.invalid_input", "PUT", status, map[string]any{"status": "Accepted"})
		h.refused(404, "entity.not_found", "PUT", status, map[string]any{"status": "Accepted", "acceptedUserId": "nope"})
		h.refused(422, "request.invalid_input", "PUT", status, map[string]any{"status": "Accepted", "acceptedUserId": h.grace})
		h.refused(400, "guard.invalid_input", "PUT", status, map[string]any{"status": "Expired"})
		h.refused(400, "guard.invalid_input", "PUT", status, map[string]any{})
		h.events()
		var accepted guestlist.OrganizationInvitation
		h.must(200, "PUT", status, map[string]any{"status": "Accepted", "acceptedUserId": h.ada}).decode(t, &accepted)
		if accepted.Status != "Accepted" || string(*accepted.AcceptedUserID) != h.ada || accepted.UpdatedAt <= i.UpdatedAt {
			t.Errorf("accepted: %+v", accepted)
		}
		if got := keys(h.events()); !slices.Equal(got, []string{"Invitation.Accepted", "Organization.Membership.Updated"}) {
			t.Errorf("events %v", got)
		}
		if got := h.must(200, "GET", "/api/organizations/"+h.club+"/users/"+h.ada+"/roles", nil).body; !strings.Contains(string(got), "chair") || !strings.Contains(string(got), "member") {
			t.Errorf("roles %s", got)
		}
		for _, next := range []map[string]any{{"status": "Accepted", "acceptedUserId": h.ada}, {"status": "Revoked"}} {
			h.refused(422, "request.invalid_input", "PUT", status, next)
		}
		h.refused(422, "request.invalid_input", "POST", "/api/organization-invitations", h.order("ada@EXAMPLE.com"))
		h.must(204, "DELETE", one, nil)
		h.refused(404, "entity.not_found", "DELETE", one, nil)
		h.refused(404, "entity.not_found", "GET", one, nil)
		h.refused(404, "entity.not_found", "PUT", status, map[string]any{"status": "Revoked"})
		h.refused(404, "entity.not_found", "POST", one+"/message", map[string]any{})
		h.refused(405, "request.method_not_allowed", "PATCH", one, map[string]any{})
	})
}

func TestInvitationIntoAnOrganizationEndsWithItsInviter(t *testing.T) {
	eachClubhouse(t, func(t *testing.T, h *clubhouse) {
		i := h.invite("ada@example.com", "inviterId", h.grace)
		accept := func() answer {
			return h.call("PUT", "/api/organization-invitations/"+string(i.ID)+"/status", map[string]any{"status": "Accepted", "acceptedUserId": h.ada})
		}
		h.must(200, "PATCH", "/api/users/"+h.grace+"/is-suspended", map[string]any{"isSuspended": true})
		if a := accept(); a.code() != "invitation.inviter_gone" {
			t.Errorf("the inviter is suspended: %d %s", a.status, a.body)
		}
		if got := string(h.must(200, "GET", "/api/users/"+h.ada+"/organizations", nil).body); strings.TrimSpace(got) != "[]" {
			t.Errorf("what was refused was given: %s", got)
		}
		h.must(200, "PATCH", "/api/users/"+h.grace+"/is-suspended", map[string]any{"isSuspended": false})
		if a := accept(); a.status != 200 {
			t.Errorf("the inviter is back: %d %s", a.status, a.body)
		}
	})
}

func TestOneOpenInvitationIntoAnOrganization(t *testing.T) {
	eachClubhouse(t, func(t *testing.T, h *clubhouse) {
		first := h.invite("new@example.com")
		h.refused(422, "entity.unique_integrity_violation", "POST", "/api/organization-invitations", h.order("NEW@example.com"))
		other := h.must(201, "POST", "/api/organizations", map[string]any{"name": "Other"}).field(t, "id")
		second := h.invite("new@example.com", "organizationId", other)
		h.must(200, "PUT", "/api/organization-invitations/"+string(first.ID)+"/status", map[string]any{"status": "Revoked", "acceptedUserId": h.ada})
		third := h.invite("New@example.com", "inviterId", h.grace)
		for query, want := range map[string][]guestlist.InvitationID{
			"":                                     {third.ID, second.ID, first.ID},
			"?organizationId=" + h.club:            {third.ID, first.ID},
			"?organizationId=nope":                 nil,
			"?inviterId=" + h.grace:                {third.ID},
			"?invitee=NEW@EXAMPLE.com":             {third.ID, second.ID, first.ID},
			"?invitee=new@example.co":              nil,
			"?page=2&page_size=1":                  {second.ID},
			"?invitee=new@example.com&page_size=2": {third.ID, second.ID},
		} {
			if got := h.list(query); !slices.Equal(got, want) {
				t.Errorf("%q: %v, want %v", query, got, want)
			}
		}
		h.must(204, "DELETE", "/api/organizations/"+h.club, nil)
		var gone guestlist.OrganizationInvitation
		h.must(200, "GET", "/api/organization-invitations/"+string(third.ID), nil).decode(t, &gone)
		if gone.Status != "Revoked" {
			t.Errorf("of an organization that went: %s", gone.Status)
		}
	})
}

func TestInvitationsIntoOrganizationsOutOfShapeAreRefused(t *testing.T) {
	eachClubhouse(t, func(t *testing.T, h *clubhouse) {
		robot := h.must(201, "POST", "/api/organization-roles", map[string]any{"name": "robot", "type": "MachineToMachine"}).field(t, "id")
		alone := h.must(200, "POST", "/api/users", map[string]any{"primaryEmail": "alone@example.com"}).field(t, "id")
		h.must(200, "PATCH", "/api/users/"+h.ada+"/is-suspended", map[string]any{"isSuspended": true})
		for _, c := range []struct {
			status int
			code   string
			pairs  []any
		}{
			{400, "guard.invalid_input", []any{"invitee", "not-an-email"}},
			{400, "guard.invalid_input", []any{"invitee", nil}},
			{400, "guard.invalid_input", []any{"organizationId", nil}},
			{400, "guard.invalid_input", []any{"expiresAt", nil}},
			{400, "guard.invalid_input", []any{"expiresAt", "2030-01-01"}},
			{400, "guard.invalid_input", []any{"messagePayload", true}},
			{400, "guard.invalid_input", []any{"messagePayload", "x"}},
			{400, "guard.invalid_input", []any{"messagePayload", []int{1}}},
			{400, "guard.invalid_input", []any{"messagePayload", map[string]any{"x": strings.Repeat("x", maxMessagePayload)}}},
			{400, "guard.invalid_input", []any{"organizationRoleIds", make([]string, 101)}},
			{400, "request.invalid_input", []any{"expiresAt", start.Add(-time.Second).UnixMilli()}},
			{400, "request.invalid_input", []any{"expiresAt", start.Add(guestlist.DefaultMaxInvitationTTL + time.Hour).UnixMilli()}},
			{422, "entity.value_too_long", []any{"invitee", strings.Repeat("r", 300) + "@example.com"}},
			{422, "entity.relation_foreign_key_not_found", []any{"organizationId", "nope"}},
			{422, "entity.relation_foreign_key_not_found", []any{"organizationRoleIds", []string{"nope"}}},
			{422, "entity.relation_foreign_key_not_found", []any{"inviterId", "nope"}},
			{422, "entity.db_constraint_violated", []any{"organizationRoleIds", []string{robot}}},
			{422, "request.invalid_input", []any{"inviterId", h.ada}},
			{422, "request.invalid_input", []any{"invitee", "GRACE@example.com"}},
			{422, "invitation.self_invitation", []any{"invitee", "alone@EXAMPLE.com", "inviterId", alone}},
		} {
			h.refused(c.status, c.code, "POST", "/api/organization-invitations", h.order("new@example.com", c.pairs...))
		}
		if got := h.list(""); len(got) != 0 {
			t.Errorf("what was refused is there: %v", got)
		}
	})
}

// TestInvitationsIntoOrganizationsAreMailed: with the caller's link, or its own;
// nothing stays where nothing can be sent.
func TestInvitationsIntoOrganizationsAreMailed(t *testing.T) {
	eachClubhouse(t, func(t *testing.T, h *clubhouse) {
		can := false
		h.api.Desk.HasConnector = func(context.Context, guestlist.Channel) (bool, error) { return can, nil }
		h.refused(501, "connector.not_found", "POST", "/api/organization-invitations", h.order("new@example.com", "messagePayload", map[string]any{}))
		quiet := h.invite("quiet@example.com", "messagePayload", false)
		h.refused(501, "connector.not_found", "POST", "/api/organization-invitations/"+string(quiet.ID)+"/message", map[string]any{})
		can = true
		i := h.invite("new@example.com", "inviterId", h.grace, "messagePayload", map[string]any{"link": "https://club.example/join", "extra": "x", "locale": "de"})
		m := h.mail()
		if m.To != "new@example.com" || m.Type != guestlist.TemplateOrganizationInvitation || m.InvitationID != i.ID || m.Locale != "de" ||
			m.ExpiresAt != i.ExpiresAt || m.Payload["link"] != "https://club.example/join" || m.Payload["extra"] != "x" {
			t.Errorf("mail %+v", m.Payload)
		}
		if org, _ := m.Payload["organization"].(map[string]any); org["name"] != "Club" {
			t.Errorf("organization %v", m.Payload["organization"])
		}
		if inviter, _ := m.Payload["inviter"].(map[string]any); inviter["name"] != "Grace" || inviter["passwordDigest"] != nil {
			t.Errorf("inviter %v", m.Payload["inviter"])
		}
		one := "/api/organization-invitations/" + string(i.ID)
		h.must(200, "PATCH", "/api/users/"+h.grace, map[string]any{"name": "Pay at www.evil.example"})
		h.must(204, "POST", one+"/message", map[string]any{})
		m = h.mail()
		if inviter, _ := m.Payload["inviter"].(map[string]any); inviter["name"] != nil || inviter["username"] != "grace" {
			t.Errorf("a name that leads elsewhere: %v", inviter)
		}
		link, _ := m.Payload["link"].(string)
		code := strings.TrimPrefix(link, "http://guestlist.test/i/")
		if err := h.st.View(context.Background(), func(tx *store.Tx) error {
			found, err := tx.InvitationByCode(code)
			if err != nil || found.ID != i.ID || found.Copied {
				t.Errorf("its own link %q leads to %+v, %v", link, found.ID, err)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for range guestlist.MaxInvitationSendsPerDay - 2 {
			h.must(204, "POST", one+"/message", map[string]any{})
		}
		h.refused(429, "request.message_rate_limited", "POST", one+"/message", map[string]any{})
		h.must(200, "PUT", one+"/status", map[string]any{"status": "Revoked"})
		h.refused(422, "request.invalid_input", "POST", one+"/message", map[string]any{"link": "x"})
	})
}

// TestWhoMayOnlyInviteAcceptsForNobody: narrow scopes open these routes, and not
// what would let them act for others.
func TestWhoMayOnlyInviteAcceptsForNobody(t *testing.T) {
	eachClubhouse(t, func(t *testing.T, h *clubhouse) {
		narrow := func(name string, scope guestlist.ScopeID) string {
			t.Helper()
			role := guestlist.RoleID("role-" + name)
			if err := h.st.Update(context.Background(), func(tx *store.Tx) error {
				r := guestlist.Role{ID: role, Name: name, Type: guestlist.RoleMachine}
				return errors.Join(tx.InsertRole(r), tx.AddRoleScope(role, scope))
			}); err != nil {
				t.Fatal(err)
			}
			app := h.addMachine(guestlist.ApplicationID("app-"+name), role)
			answer, err := h.api.Tokens.ClientCredentials(context.Background(), token.MachineRequest{
				Application: app, Scopes: []string{guestlist.ScopeInvitationsRead, guestlist.ScopeInvitationsWrite},
				Resources: []string{guestlist.ManagementAPI},
			})
			if err != nil {
				t.Fatal(err)
			}
			return "Bearer " + answer.AccessToken
		}
		reader := narrow("reader", "management-api-invitations-read")
		writer := narrow("writer", "management-api-invitations-write")
		const all = "/api/organization-invitations"
		i := h.invite("ada@example.com")
		status := all + "/" + string(i.ID) + "/status"
		for _, x := range []struct {
			who, method, path string
			body              any
			want              int
		}{
			{reader, "GET", all, nil, 200},
			{reader, "GET", all + "/" + string(i.ID), nil, 200},
			{reader, "POST", all, h.order("a@example.com"), 403},
			{reader, "GET", "/api/organizations/" + h.club, nil, 403},
			{writer, "POST", all, h.order("a@example.com", "messagePayload", map[string]any{"link": "https://evil.example"}), 403},
			{writer, "POST", all, h.order("a@example.com", "messagePayload", map[string]any{"organization": map[string]any{"name": "see evil.com"}}), 403},
			{writer, "POST", all, h.order("a@example.com", "messagePayload", map[string]any{"extra": "x"}), 201},
			{writer, "POST", all + "/" + string(i.ID) + "/message", map[string]any{"link": "https://evil.example"}, 403},
			{writer, "PUT", status, map[string]any{"status": "Accepted", "acceptedUserId": h.ada}, 403},
			{writer, "PUT", status, map[string]any{"status": "Revoked"}, 200},
			{writer, "POST", "/api/organizations/" + h.club + "/users", map[string]any{"userIds": []string{h.ada}}, 403},
		} {
			if a := h.send(x.method, x.path, x.body, x.who); a.status != x.want {
				t.Errorf("%s %s %v: %d %s, want %d", x.method, x.path, x.body, a.status, a.body, x.want)
			}
		}
	})
}

// mail takes the message that waits.
func (h *clubhouse) mail() guestlist.Message {
	h.t.Helper()
	var m guestlist.Message
	if err := h.st.Update(context.Background(), func(tx *store.Tx) error {
		jobs, err := tx.ClaimJobs(guestlist.JobSendMessage+"/email/invitations", tx.Now.Add(time.Hour), 100)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if j.Kind == guestlist.JobSendMessage {
				m = guestlist.Message{}
				if err := json.Unmarshal(j.Payload, &m); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		h.t.Fatal(err)
	}
	return m
}

func TestOverdueInvitationIntoAnOrganizationMakesRoom(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			clock := storetest.NewClock(start)
			h := newClubhouse(t, newFixture(t, storetest.Open(t, engine, clock.Now)))
			i := h.invite("ada@example.com", "expiresAt", start.Add(1500*time.Millisecond).UnixMilli())
			clock.Advance(2 * time.Second)
			var shown guestlist.OrganizationInvitation
			h.must(200, "GET", "/api/organization-invitations/"+string(i.ID), nil).decode(t, &shown)
			if shown.Status != "Expired" {
				t.Errorf("status %s", shown.Status)
			}
			for _, next := range []map[string]any{{"status": "Accepted", "acceptedUserId": h.ada}, {"status": "Revoked"}} {
				h.refused(422, "request.invalid_input", "PUT", "/api/organization-invitations/"+string(i.ID)+"/status", next)
			}
			again := h.invite("ada@example.com")
			if got := h.list("?organizationId=" + h.club); !slices.Equal(got, []guestlist.InvitationID{again.ID, i.ID}) {
				t.Errorf("list %v", got)
			}
		})
	}
}

// TestInvitationIntoAnOrganizationIsAcceptedOnce: of many who accept at once one
// wins, and the membership is told once.
func TestInvitationIntoAnOrganizationIsAcceptedOnce(t *testing.T) {
	eachClubhouse(t, func(t *testing.T, h *clubhouse) {
		i := h.invite("ada@example.com")
		h.events()
		const callers = 16
		statuses := make([]int, callers)
		var wait sync.WaitGroup
		for n := range callers {
			wait.Go(func() {
				statuses[n] = h.call("PUT", "/api/organization-invitations/"+string(i.ID)+"/status",
					map[string]any{"status": "Accepted", "acceptedUserId": h.ada}).status
			})
		}
		wait.Wait()
		won := 0
		for _, s := range statuses {
			if s == 200 {
				won++
			} else if s != 422 {
				t.Errorf("status %d", s)
			}
		}
		if got := keys(h.events()); won != 1 || !slices.Equal(got, []string{"Invitation.Accepted", "Organization.Membership.Updated"}) {
			t.Errorf("%d won, events %v", won, got)
		}
	})
}

// TestOtherInvitationsAreNoneOfAnOrganization: shared ones, those to telephones,
// into none or into several organizations are unknown to the contract.
func TestOtherInvitationsAreNoneOfAnOrganization(t *testing.T) {
	eachClubhouse(t, func(t *testing.T, h *clubhouse) {
		into := func(ids ...string) guestlist.InvitationTerms {
			terms := guestlist.InvitationTerms{Landing: guestlist.LandingHosted, Binding: guestlist.BindExact, TTL: 3600}
			for _, id := range ids {
				terms.Grants.Organizations = append(terms.Grants.Organizations, guestlist.InvitationOrganization{ID: guestlist.OrganizationID(id)})
			}
			return terms
		}
		var ids []guestlist.InvitationID
		if err := h.st.Update(context.Background(), func(tx *store.Tx) error {
			base := guestlist.Invitation{
				Kind: guestlist.InvitationPersonal, Inviter: guestlist.Inviter{Type: guestlist.InviterSystem, Authority: guestlist.AuthorityHost},
				Seats: 1, ExpiresAt: tx.Now.Add(time.Hour), CreatedAt: tx.Now,
			}
			for n := range 4 {
				i := base
				i.ID = guestlist.InvitationID(crypt.OrderedID(tx.Now))
				i.InvitationTerms, i.RecipientEmail = into(h.club), "x@example.com"
				switch n {
				case 0:
					i.Kind, i.RecipientEmail, i.Seats = guestlist.InvitationShared, "", 5
				case 1:
					i.RecipientEmail, i.RecipientPhone = "", "15550100"
				case 2:
					i.InvitationTerms = into()
				case 3:
					i.InvitationTerms = into(h.club, "another")
				}
				if err := tx.InsertInvitation(i, ""); err != nil {
					return err
				}
				ids = append(ids, i.ID)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if got := h.list(""); len(got) != 0 {
			t.Errorf("listed: %v", got)
		}
		for _, id := range ids {
			one := "/api/organization-invitations/" + string(id)
			h.refused(404, "entity.not_found", "GET", one, nil)
			h.refused(404, "entity.not_found", "DELETE", one, nil)
			h.refused(404, "entity.not_found", "PUT", one+"/status", map[string]any{"status": "Revoked"})
		}
	})
}
