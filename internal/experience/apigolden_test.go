package experience_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
)

var updateGoldens = flag.Bool("update", false, "write the goldens in testdata/api anew from what the door answers")

// TestAPIGoldens plays the flows of testdata/api/*.txt, each file in a house of
// its own, on every engine. A block is
//
//	### what it shows
//	name = METHOD /path {"body": …}
//	200
//	answer
//
// "name = " keeps the verification of the answer as $name for later blocks; ids
// that nobody named stand as <id>.
// Other requests act around the API:
//
//	settings {…}             changes the sign-in experience
//	person {…}               makes an account; its password is beside the wire's members
//	name = token EMAIL EVENT issues a one-time token, for an event or any
//	revoke TOKEN             revokes one
//	name = code EMAIL        reads the code that was sent
//	connectors off           from now on no message can be sent
//	providers                sets up outside providers, see outsidefixture_test.go
//	down ID                  from now on a provider answers nothing
//	name = known ID {…}      a provider gives a code for a person
//	begin k=v …              sends the browser through an authorization request
//	header Name: value       goes with every call from now on; no value: not any more
//	follow                   opens where submit or consent said to go on
//	pass 10m                 lets time pass
func TestAPIGoldens(t *testing.T) {
	files, err := filepath.Glob("testdata/api/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			eachHouse(t, nil, func(t *testing.T, h *house) {
				h.t = t
				g := golden{t: t, h: h, s: h.script(t), names: map[string]string{}, doc: h.document(t)}
				g.playFile(file)
			})
		})
	}
}

// TestEveryCodeOccurs: the goldens produce every code that the contract's tables
// have for the routes there are. What remains is for second factors.
func TestEveryCodeOccurs(t *testing.T) {
	files, err := filepath.Glob("testdata/api/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for _, code := range []string{
		"auth.forbidden", "connector.authorization_failed", "connector.general", "connector.not_found", "connector.social_auth_code_invalid",
		"connector.unexpected_type", "entity.not_exists_with_id", "entity.not_found", "session.connector_validation_session_not_found",
		"session.insufficient_info", "session.invalid_connector_id", "session.sso_enabled", "user.identity_already_in_use",
		"user.identity_not_exist", "user.social_account_exists_in_profile", "user.sso_identity_not_exist", "guard.invalid_input", "one_time_token.email_mismatch",
		"one_time_token.interaction_event_mismatch", "one_time_token.token_consumed", "one_time_token.token_expired",
		"one_time_token.token_not_found", "one_time_token.token_revoked", "organization.require_membership", "password.expired",
		"password.rejected", "request.message_rate_limited", "session.email_blocklist.email_not_allowed",
		"session.email_blocklist.email_subaddressing_not_allowed", "session.identifier_not_found", "session.identity_conflict",
		"session.interaction_not_found", "session.invalid_credentials", "session.invalid_interaction_type", "session.not_found",
		"session.not_supported_for_forgot_password", "session.verification_blocked_too_many_attempts", "session.verification_failed",
		"session.verification_session_not_found", "user.email_already_in_use", "user.email_exists_in_profile",
		"user.missing_profile", "user.new_password_required_in_profile", "user.password_exists_in_profile",
		"user.phone_already_in_use", "user.phone_exists_in_profile", "user.same_password", "user.sign_in_method_not_enabled",
		"user.suspended", "user.user_not_exist", "user.username_already_in_use", "user.username_exists_in_profile",
		"user.username_lowercase_not_allowed", "user.username_numbers_not_allowed", "user.username_too_long", "user.username_too_short",
		"user.username_underscore_not_allowed", "user.username_uppercase_not_allowed", "verification_code.code_mismatch",
		"verification_code.email_mismatch", "verification_code.exceed_max_try", "verification_code.expired",
		"verification_code.not_found", "verification_code.phone_mismatch", "password_rejected.too_short", "password_rejected.too_long",
		"password_rejected.character_types", "password_rejected.unsupported_characters", "password_rejected.restricted.repetition",
		"password_rejected.restricted.sequence", "password_rejected.restricted.user_info", "password_rejected.restricted.words",
	} {
		if !strings.Contains(all.String(), `"code": "`+code+`"`) {
			t.Errorf("no flow shows %s", code)
		}
	}
}

// golden is one file being played.
type golden struct {
	t      *testing.T
	h      *house
	s      *script
	names  map[string]string // value to name
	onward string            // where the last submit leads
	doc    apiDocument       // what the API says of itself
	o      *outside          // the house among providers, if it is
}

func (g *golden) playFile(file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		g.t.Fatal(err)
	}
	var out strings.Builder
	for block := range strings.SplitSeq(string(text), "### ") {
		if strings.TrimSpace(block) == "" {
			continue
		}
		title, rest, _ := strings.Cut(block, "\n")
		request, want, _ := strings.Cut(rest, "\n")
		got := g.play(request)
		fmt.Fprintf(&out, "### %s\n%s\n%s\n\n", title, request, got)
		if diff := cmp.Diff(strings.TrimSpace(want), got); diff != "" && !*updateGoldens {
			g.t.Errorf("%s: %s\n(-want +got):\n%s", title, request, diff)
		}
	}
	if *updateGoldens {
		if err := os.WriteFile(file, []byte(out.String()), 0o600); err != nil {
			g.t.Fatal(err)
		}
	}
}

var assignment = regexp.MustCompile(`^([a-zA-Z0-9]+) = `)

// play carries out a request line and returns the answer in the file's form.
func (g *golden) play(line string) string {
	name := ""
	if m := assignment.FindStringSubmatch(line); m != nil {
		name, line = m[1], strings.TrimPrefix(line, m[0])
	}
	for _, value := range g.longestNamesFirst() {
		line = strings.ReplaceAll(line, "$"+g.names[value], value)
	}
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "settings":
		g.h.settings(func(e *guestlist.SignInExperience) { g.must(json.Unmarshal([]byte(rest), e)) })
	case "person":
		g.person(rest)
	case "token":
		return g.token(name, rest)
	case "code":
		return g.code(name, rest)
	case "revoke":
		g.h.update(func(tx *store.Tx) error {
			token, err := tx.OneTimeTokenByToken(rest)
			if err == nil {
				_, err = invite.SetStatus(tx, token.ID, guestlist.OneTimeTokenRevoked)
			}
			return err
		})
	case "connectors":
		g.h.desk.HasConnector = func(context.Context, guestlist.Channel) (bool, error) { return rest != "off", nil }
	case "providers":
		g.o = surrounded(g.h)
	case "known":
		g.known(name, rest)
	case "down":
		g.o.at[guestlist.ConnectorID(rest)].down = errors.New("dial tcp: connection refused")
	case "begin":
		params, err := url.ParseQuery(strings.ReplaceAll(rest, " ", "&"))
		g.must(err)
		g.s.begin(params)
	case "header":
		key, value, _ := strings.Cut(rest, ": ")
		g.s.header.Del(strings.TrimSuffix(key, ":"))
		if value != "" {
			g.s.header.Set(key, value)
		}
	case "follow":
		return g.s.browser.Get(g.onward).One("body").Text()
	case "pass":
		d, err := time.ParseDuration(rest)
		g.must(err)
		g.h.now = g.h.now.Add(d)
	default:
		return g.call(name, verb, rest)
	}
	return "done"
}

// longestNamesFirst: $code2 must not be taken for $code.
func (g *golden) longestNamesFirst() []string {
	values := make([]string, 0, len(g.names))
	for v := range g.names {
		values = append(values, v)
	}
	slices.SortFunc(values, func(a, b string) int { return len(g.names[b]) - len(g.names[a]) })
	return values
}

func (g *golden) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

func (g *golden) person(text string) {
	var u guestlist.User
	var more struct {
		Password string `json:"password"`
	}
	g.must(json.Unmarshal([]byte(text), &u))
	g.must(json.Unmarshal([]byte(text), &more))
	g.h.person(g.t, u, more.Password)
}

func (g *golden) known(name, rest string) {
	id, text, _ := strings.Cut(rest, " ")
	p := g.o.at[guestlist.ConnectorID(id)]
	var who guestlist.OutsideIdentity
	g.must(json.Unmarshal([]byte(text), &who))
	p.expects(who)
	g.names[p.code()] = name
}

func (g *golden) token(name, rest string) string {
	email, event, _ := strings.Cut(rest, " ")
	g.h.update(func(tx *store.Tx) error {
		token, err := invite.Issue(tx, invite.Order{
			Email: email, Context: guestlist.OneTimeTokenContext{InteractionEvent: guestlist.InteractionEvent(event)},
		})
		g.names[token.Token] = name
		return err
	})
	return "done"
}

func (g *golden) code(name, to string) string {
	codes := g.h.mailed(to)
	if len(codes) == 0 {
		return "nothing was sent"
	}
	g.names[codes[len(codes)-1]] = name
	return fmt.Sprintf("sent: %d", len(codes))
}

func (g *golden) call(name, method, rest string) string {
	path, body, _ := strings.Cut(rest, " ")
	a := g.s.call(method, path, body)
	if lie := g.doc.lies(method, path, a); lie != "" {
		g.t.Errorf("%s %s: %s", method, path, lie)
	}
	if name != "" {
		g.names[a.text("verificationId")] = name
	}
	if to := a.text("redirectTo"); to != "" {
		g.onward = to
	}
	return g.normalise(a)
}

var (
	randomID = regexp.MustCompile(`"([0-9a-z]{21}|[0-9a-z]{12})"`)
	resumeAt = regexp.MustCompile(`/oidc/auth/[\w-]+`)
	message  = regexp.MustCompile(`(\n  "message": )"(?:[^"\\]|\\.)*"`)
)

func (g *golden) normalise(a reply) string {
	text := a.pretty()
	for value, name := range g.names {
		text = strings.ReplaceAll(text, value, "$"+name)
	}
	text = strings.ReplaceAll(text, g.h.srv.URL, "<endpoint>")
	if g.o != nil {
		for id, p := range g.o.at {
			text = strings.ReplaceAll(text, p.srv.URL, "<"+string(id)+">")
		}
	}
	text = resumeAt.ReplaceAllString(text, "/oidc/auth/<uid>")
	text = randomID.ReplaceAllString(text, `"<id>"`)
	if code := a.text("code"); code != "" && a.status >= http.StatusBadRequest {
		if strings.Contains(text, "{{") {
			g.t.Errorf("a gap in the wording: %s", a.body)
		}
		text = message.ReplaceAllString(text, `$1"<phrase>"`)
	}
	return strings.TrimSpace(fmt.Sprintf("%d\n%s", a.status, text))
}
