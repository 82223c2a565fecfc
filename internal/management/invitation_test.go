package management

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rsc.io/qr"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
	"guestlist/internal/token"
)

// machineWith returns the token of a machine whose role has these scopes.
func (f *fixture) machineWith(scopes ...string) string {
	f.t.Helper()
	f.machines++
	name := fmt.Sprintf("machine %d", f.machines)
	role := guestlist.RoleID(f.must(http.StatusOK, "POST", "/api/roles", map[string]any{
		"name": name, "description": name, "type": "MachineToMachine",
	}).field(f.t, "id"))
	if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
		all, err := tx.ScopesOfResource(store.ManagementResourceID)
		for _, s := range all {
			if slices.Contains(scopes, s.Name) && err == nil {
				err = tx.AddRoleScope(role, s.ID)
			}
		}
		return err
	}); err != nil {
		f.t.Fatal(err)
	}
	answer, err := f.api.Tokens.ClientCredentials(context.Background(), token.MachineRequest{
		Application: f.addMachine(guestlist.ApplicationID(strings.ReplaceAll(name, " ", "-")), role),
		Scopes:      guestlist.ManagementScopes(), Resources: []string{guestlist.ManagementAPI},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return "Bearer " + answer.AccessToken
}

// TestNarrowScopesOpenWhatTheyNameAndNothingElse asks every route with each
// scope.
func TestNarrowScopesOpenWhatTheyNameAndNothingElse(t *testing.T) {
	f := newFixture(t, storetest.Open(t, "sqlite", nil))
	tokens := map[string]string{}
	for _, scope := range guestlist.ManagementScopes() {
		tokens[scope] = f.machineWith(scope)
	}
	invitations := regexp.MustCompile(`^/api/(invitation|dashboard/invitations|organization-invitation|registration-request|configs/(invitations|waitlist|referrals)|users/[^/]+/invitation-tree)`)
	for _, rt := range f.api.routes() {
		if rt.open || rt.holder {
			continue
		}
		for scope, bearer := range tokens {
			a := f.send(rt.method, samplePath(rt), nil, bearer)
			opens := a.code() != "auth.forbidden"
			if opens != slices.Contains(rt.openedBy(), scope) {
				t.Errorf("%s %s by %s: %d %s", rt.method, rt.path, scope, a.status, a.body)
			}
			may := scope == guestlist.ScopeAll || scope == guestlist.ScopeRead && rt.method == http.MethodGet ||
				strings.HasPrefix(scope, "invitations:") && invitations.MatchString(rt.path)
			if opens && !may {
				t.Errorf("%s opens %s %s", scope, rt.method, rt.path)
			}
			if opens && scope == guestlist.ScopeInvitationsRead && rt.method != http.MethodGet {
				t.Errorf("%s changes something: %s %s", scope, rt.method, rt.path)
			}
		}
	}
}

// TestReadersSeeNoSecrets: no answer that a scope of reading opens has a member
// that holds one.
func TestReadersSeeNoSecrets(t *testing.T) {
	f := newFixture(t, storetest.Open(t, "sqlite", nil))
	secret := regexp.MustCompile(`(?i)^(value|token|signingKey|secret.*|.*secret|config|headers|password.*|link|code)$`)
	shown := map[string]string{ // to who may write alone, or no secret
		"GET /api/invitations": "link code", "GET /api/invitations/{id}": "link code",
		"GET /api/invitation-codes": "link code", "GET /api/invitation-codes/{id}": "link code",
		"GET /api/custom-profile-fields": "config value", "GET /api/custom-profile-fields/{name}": "config value",
		"GET /api/sign-in-exp":         "password passwordPolicy passwordExpiration",
		"GET /api/connector-factories": "value", "GET /api/connector-factories/{id}": "value", // choices of a form
		// Only who may do everything gets them, see below.
		"GET /api/users": "passwordDigest passwordAlgorithm", "GET /api/users/{userId}": "passwordDigest passwordAlgorithm",
	}
	var walk func(name string, s *schema)
	walk = func(name string, s *schema) {
		if s == nil {
			return
		}
		for _, field := range s.fields {
			if secret.MatchString(field.name) && field.kind != kindBoolean && !slices.Contains(strings.Fields(shown[name]), field.name) {
				t.Errorf("%s shows %s", name, field.name)
			}
			walk(name, field.schema)
		}
		walk(name, s.item)
	}
	for _, rt := range f.api.routes() {
		if rt.method == http.MethodGet && !rt.open && !rt.secret && rt.stream == "" {
			walk(rt.method+" "+rt.path, answerOf(rt.output))
		}
	}
	for _, path := range []string{"/api/users?includePasswordHash=true", "/api/users/nobody?includePasswordHash=true"} {
		if a := f.send("GET", path, nil, f.machineWith(guestlist.ScopeRead)); a.status != 403 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	var made shownInvitation
	f.must(201, "POST", "/api/invitation-codes", map[string]any{"seats": 2}).decode(t, &made)
	reader, writer := f.machineWith(guestlist.ScopeInvitationsRead), f.machineWith(guestlist.ScopeInvitationsWrite)
	for _, path := range []string{"", "/" + string(made.ID)} {
		if a := f.send("GET", "/api/invitation-codes"+path, nil, reader); a.status != 200 || bytes.Contains(a.body, []byte(made.Code)) || bytes.Contains(a.body, []byte("/i/")) {
			t.Errorf("a reader sees %s", a.body)
		}
		if a := f.send("GET", "/api/invitation-codes"+path, nil, writer); a.status != 200 || !bytes.Contains(a.body, []byte(made.Code)) || !bytes.Contains(a.body, []byte(made.Link)) {
			t.Errorf("an inviter sees %s", a.body)
		}
	}
	for _, path := range []string{"", "/" + string(made.ID)} {
		if a := f.send("GET", "/api/invitations"+path, nil, writer); a.status != 403 {
			t.Errorf("who may only write reads %s", a.body)
		}
	}
}

func TestInvitersGiveNothingThatOpensTheAPI(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		writer := f.machineWith(guestlist.ScopeInvitationsWrite)
		body := func(role guestlist.RoleID) map[string]any {
			return map[string]any{
				"email": fmt.Sprintf("to-%s@example.com", role), "send": false, "grants": map[string]any{"roleIds": []guestlist.RoleID{role}},
			}
		}
		plain := f.must(200, "POST", "/api/roles", map[string]any{"name": "beta", "description": "beta"}).field(t, "id")
		if a := f.send("POST", "/api/invitations", body(guestlist.RoleID(plain)), writer); a.status != 201 {
			t.Errorf("a plain role: %d %s", a.status, a.body)
		}
		for _, role := range []guestlist.RoleID{store.AdminRoleID, store.InviterRoleID, store.ViewerRoleID} {
			if a := f.send("POST", "/api/invitations", body(role), writer); a.status != 403 || a.code() != "invitation.grants_not_allowed" {
				t.Errorf("%s: %d %s", role, a.status, a.body)
			}
			f.must(201, "POST", "/api/invitations", body(role))
		}
	})
}

// TestInvitersDoNotGetAtWhatOwnersGive: a code of an owner's that opens the API
// is not shown to who may merely invite.
func TestInvitersDoNotGetAtWhatOwnersGive(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		writer := f.machineWith(guestlist.ScopeInvitationsWrite)
		var made shownInvitation
		f.must(201, "POST", "/api/invitation-codes", map[string]any{
			"seats": 2, "grants": map[string]any{"roleIds": []guestlist.RoleID{store.ViewerRoleID}},
		}).decode(t, &made)
		one := "/api/invitation-codes/" + string(made.ID)
		for _, path := range []string{"/api/invitation-codes", one, one + "/qr"} {
			a := f.send("GET", path, nil, writer)
			if bytes.Contains(a.body, []byte(made.Code)) || bytes.Contains(a.body, []byte("/i/")) || path == one+"/qr" && a.status != 403 {
				t.Errorf("%s: %d %s", path, a.status, a.body)
			}
		}
		if a := f.send("POST", "/api/invitations/"+string(made.ID)+"/resend", map[string]any{"send": false}, writer); a.status != 403 {
			t.Errorf("a new link: %d %s", a.status, a.body)
		}
		if a := f.must(200, "GET", one, nil); !bytes.Contains(a.body, []byte(made.Code)) {
			t.Errorf("an owner sees %s", a.body)
		}
	})
}

func TestMailedInvitationShowsNoLink(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var asked []guestlist.Channel
		f.api.Desk.HasConnector = func(_ context.Context, c guestlist.Channel) (bool, error) {
			asked = append(asked, c)
			return c == guestlist.ChannelEmail, nil
		}
		a := f.must(201, "POST", "/api/invitations", map[string]any{"email": "grace@example.com"})
		var i shownInvitation
		a.decode(t, &i)
		if i.Link != "" || bytes.Contains(a.body, []byte("/i/")) || i.Copied || i.Delivery != guestlist.InvitationQueued || i.SendAt == nil {
			t.Errorf("%s", a.body)
		}
		f.refused(501, "connector.not_found", "POST", "/api/invitations", map[string]any{"phone": "14155550132"})
		a = f.must(200, "POST", "/api/invitations/"+string(i.ID)+"/resend", nil)
		var again shownInvitation
		a.decode(t, &again)
		if again.Link != "" || again.Generation != 2 || again.Copied {
			t.Errorf("%s", a.body)
		}
		f.must(200, "POST", "/api/invitations/"+string(i.ID)+"/resend", map[string]any{"send": false}).decode(t, &again)
		if !strings.HasPrefix(again.Link, "http://guestlist.test/i/"+string(i.ID)) || !again.Copied || again.Delivery != guestlist.InvitationNone {
			t.Errorf("%+v", again)
		}
		if !slices.Equal(asked, []guestlist.Channel{guestlist.ChannelEmail, guestlist.ChannelSMS, guestlist.ChannelEmail}) {
			t.Errorf("asked for %v", asked)
		}
	})
}

// keyed invites with an Idempotency-Key.
func (f *fixture) keyed(key, bearer string, body any) answer {
	f.t.Helper()
	return f.keyedAt("/api/invitations", key, bearer, body)
}

func (f *fixture) keyedAt(path, key, bearer string, body any) answer {
	f.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		f.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(context.Background(), "POST", f.srv.URL+path, bytes.NewReader(text))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", bearer)
	req.Header.Set("Idempotency-Key", key)
	return f.do(req)
}

func TestOrdersUnderOneKeyAreOneInvitation(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		good := "Bearer " + f.good
		order := map[string]any{"email": "grace@example.com", "send": false}
		var answers [8]answer
		var all sync.WaitGroup
		for n := range answers {
			all.Go(func() { answers[n] = f.keyed("key 1", good, order) })
		}
		all.Wait()
		for _, a := range answers {
			if a.status != 201 || !bytes.Equal(a.body, answers[0].body) {
				t.Errorf("%d %s\nis not %s", a.status, a.body, answers[0].body)
			}
		}
		other := map[string]any{"email": "ada@example.com", "send": false}
		if a := f.keyed("key 1", good, other); a.status != 422 || a.code() != "request.idempotency_key_reused" {
			t.Errorf("another order: %d %s", a.status, a.body)
		}
		if a := f.keyed("key 1", f.machineWith(guestlist.ScopeInvitationsWrite), other); a.status != 201 {
			t.Errorf("somebody else's key: %d %s", a.status, a.body)
		}
		for _, key := range []string{strings.Repeat("k", 256), "ä"} {
			if a := f.keyed(key, good, order); a.status != 400 || a.code() != "guard.invalid_input" {
				t.Errorf("%q: %d %s", key, a.status, a.body)
			}
		}
		// The link is shown no more once there is another.
		id := answers[0].field(t, "id")
		f.must(200, "POST", "/api/invitations/"+id+"/resend", map[string]any{"send": false})
		if a := f.keyed("key 1", good, order); a.status != 201 || bytes.Contains(a.body, []byte(`"link"`)) {
			t.Errorf("after a new link: %d %s", a.status, a.body)
		}
		f.must(204, "DELETE", "/api/invitations/"+id, nil)
		if a := f.keyed("key 1", good, order); a.status != 404 {
			t.Errorf("after it was deleted: %d %s", a.status, a.body)
		}
	})
}

// TestWhatIsNoGrantStaysAsItWas when grants are changed: an end that was fixed,
// and the wish for no more reminders.
func TestWhatIsNoGrantStaysAsItWas(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ends := f.st.Now().Add(5 * 24 * time.Hour)
		row, err := json.Marshal(map[string]any{"email": "grace@example.com", "expiresAt": ends, "customData": map[string]any{"plan": "pro"}})
		if err != nil {
			t.Fatal(err)
		}
		f.campaignOf(f.batch("", "application/x-ndjson", "", bytes.NewReader(row)))
		f.work()
		var list []guestlist.Invitation
		f.must(200, "GET", "/api/invitations", nil).decode(t, &list)
		path := "/api/invitations/" + string(list[0].ID)
		own := func() (own guestlist.InvitationOwn) {
			t.Helper()
			if err := f.st.View(t.Context(), func(tx *store.Tx) error {
				i, err := tx.Invitation(list[0].ID)
				own = i.Own
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return own
		}
		if err := f.st.Update(t.Context(), func(tx *store.Tx) error {
			i, err := tx.Invitation(list[0].ID)
			if err != nil {
				return err
			}
			return tx.StopReminders(i)
		}); err != nil {
			t.Fatal(err)
		}
		f.must(200, "PATCH", path, map[string]any{"grants": map[string]any{"customData": map[string]any{"plan": "free"}}})
		if o := own(); !o.NoReminders || o.ExpiresAt == nil || *o.ExpiresAt != ends || !strings.Contains(string(o.CustomData), "free") {
			t.Errorf("after other grants: %+v", o)
		}
		later := ends.Add(24 * time.Hour)
		f.must(200, "PATCH", path, map[string]any{"expiresAt": later})
		if o := own(); !o.NoReminders || o.ExpiresAt == nil || *o.ExpiresAt != later {
			t.Errorf("after another end: %+v", o)
		}
	})
}

func TestCodesUnderOneKeyAreOneCode(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		const path = "/api/invitation-codes"
		good := "Bearer " + f.good
		order := map[string]any{"seats": 3, "name": "Poster"}
		var answers [8]answer
		var all sync.WaitGroup
		for n := range answers {
			all.Go(func() { answers[n] = f.keyedAt(path, "key 1", good, order) })
		}
		all.Wait()
		for _, a := range answers {
			if a.status != 201 || a.field(t, "code") == "" || a.field(t, "link") == "" || !bytes.Equal(a.body, answers[0].body) {
				t.Errorf("%d %s\nis not %s", a.status, a.body, answers[0].body)
			}
		}
		if a := f.keyed("key 1", good, map[string]any{"email": "ada@example.com", "send": false}); a.status != 201 {
			t.Errorf("an invitation under the key of a code: %d %s", a.status, a.body)
		}
		if a := f.keyedAt(path, "key 1", good, map[string]any{"seats": 4}); a.status != 422 || a.code() != "request.idempotency_key_reused" {
			t.Errorf("another order: %d %s", a.status, a.body)
		}
		if a := f.keyedAt(path, "ä", good, order); a.status != 400 || a.code() != "guard.invalid_input" {
			t.Errorf("a key out of shape: %d %s", a.status, a.body)
		}
		var list []guestlist.Invitation
		if f.must(200, "GET", path, nil).decode(t, &list); len(list) != 1 {
			t.Errorf("there are %d codes", len(list))
		}
		id := "/" + answers[0].field(t, "id")
		f.must(200, "POST", path+id+"/revoke", map[string]any{})
		if a := f.keyedAt(path, "key 1", good, order); a.status != 201 || a.field(t, "status") != "revoked" {
			t.Errorf("after it was taken back: %d %s", a.status, a.body)
		}
	})
}

// TestOneRecipientIsInvitedOnce whoever invites them at once.
func TestOneRecipientIsInvitedOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for round := range 5 {
			var answers [8]answer
			var all sync.WaitGroup
			for n := range answers {
				all.Go(func() {
					answers[n] = f.call("POST", "/api/invitations", map[string]any{"email": fmt.Sprintf("guest%d@example.com", round), "send": false})
				})
			}
			all.Wait()
			made := 0
			for _, a := range answers {
				switch {
				case a.status == 201:
					made++
				case a.status != 422 || a.code() != "entity.unique_integrity_violation":
					t.Errorf("%d %s", a.status, a.body)
				}
			}
			if made != 1 {
				t.Errorf("%d invitations were made", made)
			}
		}
	})
}

func TestTooManyInvitationsAreToldWhenToComeBack(t *testing.T) {
	f := newFixture(t, storetest.Open(t, "sqlite", nil))
	if err := f.st.Update(context.Background(), func(tx *store.Tx) error {
		for range guestlist.MaxInvitationsPerInviterDay {
			if _, err := tx.Hit("invitations-by|application|machine", tx.Now+60_000); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	a := f.call("POST", "/api/invitations", map[string]any{"email": "grace@example.com", "send": false})
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	if a.status != 429 || a.code() != "invitation.too_many" || err != nil || wait < 1 || wait > 60 {
		t.Errorf("%d %s, Retry-After %q", a.status, a.body, a.header.Get("Retry-After"))
	}
}

// TestListsOfInvitationsGoOnByCursor collects all of them twice.
func TestListsOfInvitationsGoOnByCursor(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var want []string
		for n := range 7 {
			want = append(want, f.must(201, "POST", "/api/invitations", map[string]any{
				"email": fmt.Sprintf("guest%d@example.com", n), "send": false,
			}).field(t, "id"))
		}
		slices.Reverse(want)
		for _, query := range []string{"page_size=3", "page_size=3&status=pending", "page_size=3&email=guest", "page_size=3&inviterId=machine"} {
			var got []string
			cursor := ""
			for range 4 {
				a := f.must(200, "GET", "/api/invitations?"+query+cursor, nil)
				if total := a.header.Get("Total-Number"); total != "7" && cursor == "" || total != "" && cursor != "" {
					t.Errorf("%s: Total-Number %q", query+cursor, total)
				}
				var rows []shownInvitation
				a.decode(t, &rows)
				for _, i := range rows {
					got = append(got, string(i.ID))
				}
				next := a.header.Get(headerCursor)
				if next == "" {
					break
				}
				cursor = "&cursor=" + next
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", query, got, want)
			}
		}
		f.refused(400, "guard.invalid_input", "GET", "/api/invitations?cursor=a%20b", nil)
		f.refused(400, "guard.invalid_input", "GET", "/api/invitations?expiringBefore=soon", nil)
	})
}

// TestPictureOfACodeIsItsLink reads the picture as a camera would see it.
func TestPictureOfACodeIsItsLink(t *testing.T) {
	f := newFixture(t, storetest.Open(t, "sqlite", nil))
	var made shownInvitation
	f.must(201, "POST", "/api/invitation-codes", map[string]any{"seats": 2}).decode(t, &made)
	a := f.must(200, "GET", "/api/invitation-codes/"+string(made.ID)+"/qr", nil)
	if got := a.header.Get("Content-Type"); got != "image/svg+xml" || !strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%v", a.header)
	}
	var svg struct {
		ViewBox string `xml:"viewBox,attr"`
		Path    struct {
			D string `xml:"d,attr"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal(a.body, &svg); err != nil {
		t.Fatal(err)
	}
	want, err := qr.Encode(made.Link, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	black := map[[2]int]bool{}
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-\d+z`).FindAllStringSubmatch(svg.Path.D, -1) {
		var n [3]int
		for i := range n {
			n[i], _ = strconv.Atoi(m[i+1])
		}
		for x := range n[2] {
			black[[2]int{n[0] + x - quietZone, n[1] - quietZone}] = true
		}
	}
	if svg.ViewBox != fmt.Sprintf("0 0 %d %[1]d", want.Size+2*quietZone) {
		t.Errorf("viewBox %s for %d modules", svg.ViewBox, want.Size)
	}
	for y := -quietZone; y < want.Size+quietZone; y++ {
		for x := -quietZone; x < want.Size+quietZone; x++ {
			if black[[2]int{x, y}] != want.Black(x, y) {
				t.Fatalf("module %d,%d is %v", x, y, black[[2]int{x, y}])
			}
		}
	}
	var personal shownInvitation
	f.must(201, "POST", "/api/invitations", map[string]any{"email": "grace@example.com", "send": false}).decode(t, &personal)
	f.refused(404, "entity.not_exists_with_id", "GET", "/api/invitation-codes/"+string(personal.ID)+"/qr", nil)
	f.refused(404, "entity.not_exists_with_id", "GET", "/api/invitation-codes/"+string(personal.ID), nil)
}
