package experience_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/experience"
)

const (
	guestEmail    = "guest@example.com"
	strangerEmail = "stranger@example.com"
	newPassword   = "Tr0ub4dor-and-3"
)

// walker goes a way to its end whatever is said on it, as an attacker does,
// and remembers which routes it took.
type walker struct {
	*script
	o     *outside
	taken map[string]bool
	last  reply
}

// connectorID is where a path names a connector.
var connectorID = regexp.MustCompile(`(/verification/(?:social|sso)/)[^/]+`)

// step sends a request and goes on even if it was refused.
func (w *walker) step(method, path, body string) string {
	w.taken[method+" "+connectorID.ReplaceAllString(path, "$1{connectorId}")] = true
	w.last = w.call(method, path, body)
	return w.last.text("verificationId")
}

func (w *walker) post(path, body string) string { return w.step("POST", "/api/experience/"+path, body) }
func (w *walker) event(e guestlist.InteractionEvent) {
	w.step("PUT", "/api/experience/interaction-event", `{"interactionEvent":"`+string(e)+`"}`)
}

func (w *walker) begins(e guestlist.InteractionEvent) {
	w.step("PUT", "/api/experience", `{"interactionEvent":"`+string(e)+`"}`)
}

func (w *walker) identification(id string) {
	w.post("identification", `{"verificationId":"`+id+`"}`)
}

// code proves an address by a code of an event, if one is sent.
func (w *walker) code(address string, e guestlist.InteractionEvent) string {
	who := `"identifier":{"type":"email","value":"` + address + `"}`
	id := w.post("verification/verification-code", `{`+who+`,"interactionEvent":"`+string(e)+`"}`)
	code := "000000"
	if sent := w.h.mailed(address); len(sent) > 0 {
		code = sent[len(sent)-1]
	}
	w.post("verification/verification-code/verify", `{`+who+`,"verificationId":"`+id+`","code":"`+code+`"}`)
	return id
}

// hold verifies the guest's one-time token.
func (w *walker) hold(token string) string {
	return w.post("verification/one-time-token/verify", `{"identifier":{"type":"email","value":"`+guestEmail+`"},"token":"`+token+`"}`)
}

// recognised proves a person at an outside provider.
func (w *walker) recognised(id guestlist.ConnectorID, who guestlist.OutsideIdentity) string {
	at := "verification/" + string(wayTo(id)) + "/" + string(id) + "/"
	record := w.post(at+"authorization-uri", `{"state":"st","redirectUri":"https://pages.example/back"}`)
	w.o.at[id].expects(who)
	w.post(at+"verify", `{"verificationId":"`+record+`","connectorData":{"code":"`+w.o.at[id].code()+`"}}`)
	return record
}

func (w *walker) name(name string) {
	w.post("profile", `{"type":"username","value":"`+name+`"}`)
	w.post("profile", `{"type":"password","value":"`+newPassword+`"}`)
}

// way is one through the API on which a new account might come to be.
type way struct {
	name string
	walk func(w *walker, token string)
	// opens says in which modes it does, and with which address.
	opens []guestlist.SignInMode
	email string
}

func ways() []way {
	open := []guestlist.SignInMode{guestlist.ModeRegister, guestlist.ModeSignInAndRegister}
	every := append([]guestlist.SignInMode{guestlist.ModeSignIn}, open...)
	return []way{
		{"an invitation, by its link", func(w *walker, _ string) {
			w.begins(guestlist.EventSignIn)
			w.post("invitation/decline", `{"email":"`+guestEmail+`"}`)
			w.post("invitation", `{"code":"`+w.o.issue(to(guestEmail)).code+`","email":"`+guestEmail+`"}`)
			id := w.last.text("verificationId")
			w.event(register)
			w.identification(id)
		}, every, guestEmail},
		{"an invitation's code as a one-time token", func(w *walker, _ string) {
			w.begins(register)
			w.identification(w.hold(w.o.issue(to(guestEmail)).code))
		}, every, guestEmail},
		{"an invitation that others have seen", func(w *walker, _ string) {
			w.begins(register)
			w.identification(w.hold(w.o.issue(to(guestEmail), copied).code))
		}, nil, ""},
		{"an invitation for whoever confirms", func(w *walker, _ string) {
			i := w.o.issue(to(guestEmail), func(i *guestlist.Invitation) { i.Binding = guestlist.BindAny })
			w.begins(register)
			w.post("invitation", `{"code":"`+i.code+`"}`)
			w.post("invitation/confirmation", `{"address":"`+strangerEmail+`"}`)
			w.identification(w.code(strangerEmail, register))
		}, every, strangerEmail},
		{"a shared invitation", func(w *walker, _ string) {
			w.o.issue(shared)
			w.begins(register)
			w.post("invitation", `{"code":"`+typable+`"}`)
			w.identification(w.code(strangerEmail, register))
		}, every, strangerEmail},
		{"a code for registration", func(w *walker, _ string) {
			w.begins(register)
			w.identification(w.code(strangerEmail, register))
		}, open, strangerEmail},
		{"a code for signing in", func(w *walker, _ string) {
			w.begins(guestlist.EventSignIn)
			id := w.code(strangerEmail, guestlist.EventSignIn)
			w.event(register)
			w.identification(id)
		}, open, strangerEmail},
		{"a code from before the beginning", func(w *walker, _ string) {
			w.begins(guestlist.EventSignIn)
			id := w.code(strangerEmail, guestlist.EventSignIn)
			w.begins(register)
			w.identification(id)
		}, nil, ""},
		{"a password", func(w *walker, _ string) {
			w.begins(register)
			w.identification(w.post("verification/password", `{"identifier":{"type":"email","value":"`+guestEmail+`"},"password":"`+newPassword+`"}`))
		}, nil, ""},
		{"a code for recovery", func(w *walker, _ string) {
			w.begins(guestlist.EventForgotPassword)
			id := w.code(strangerEmail, guestlist.EventForgotPassword)
			w.identification(id)
			w.step("PUT", "/api/experience/profile/password", `{"password":"`+newPassword+`"}`)
			w.event(register)
			w.identification(id)
		}, nil, ""},
		{"a name and a password at once", func(w *walker, _ string) {
			w.begins(register)
			w.identification(w.post("verification/new-password-identity", `{"identifier":{"type":"username","value":"eve"},"password":"`+newPassword+`"}`))
		}, open, ""},
		{"a name and a password one by one", func(w *walker, _ string) {
			w.begins(register)
			w.name("eve")
			w.post("identification", `{}`)
		}, open, ""},
		{"an address as profile", func(w *walker, _ string) {
			w.begins(register)
			id := w.code(strangerEmail, register)
			w.post("profile", `{"type":"email","verificationId":"`+id+`"}`)
			w.post("identification", `{}`)
		}, open, strangerEmail},
		{"the invitation", func(w *walker, token string) {
			w.begins(guestlist.EventSignIn)
			id := w.hold(token)
			w.identification(id)
			w.event(register)
			w.identification(id)
		}, every, guestEmail},
		{"the invitation, from the start", func(w *walker, token string) {
			w.begins(register)
			w.identification(w.hold(token))
		}, every, guestEmail},
		{"the invitation with a name beside it", func(w *walker, token string) {
			w.begins(register)
			id := w.hold(token)
			w.name("guest")
			w.identification(id)
		}, every, guestEmail},
		{"the invitation for a name alone", func(w *walker, token string) {
			w.begins(register)
			w.hold(token)
			w.name("eve")
			w.post("identification", `{}`)
		}, open, ""},
		{"the invitation for a pair", func(w *walker, token string) {
			w.begins(register)
			w.hold(token)
			w.identification(w.post("verification/new-password-identity", `{"identifier":{"type":"username","value":"eve"},"password":"`+newPassword+`"}`))
		}, open, ""},
		{"the invitation for another address", func(w *walker, token string) {
			w.begins(register)
			w.hold(token)
			w.identification(w.code(strangerEmail, register))
		}, open, strangerEmail},
		{"the invitation for another address as profile", func(w *walker, token string) {
			w.begins(register)
			w.hold(token)
			id := w.code(strangerEmail, guestlist.EventSignIn)
			w.post("profile", `{"type":"email","verificationId":"`+id+`"}`)
			w.post("identification", `{}`)
		}, open, strangerEmail},
		{"an invitation that nobody issued", func(w *walker, _ string) {
			w.begins(register)
			w.identification(w.hold("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))
		}, nil, ""},
		{"a social identity", func(w *walker, _ string) {
			w.begins(register)
			w.identification(w.recognised(github, person(strangerEmail)))
		}, open, strangerEmail},
		{"a social identity for signing in", func(w *walker, _ string) {
			w.begins(guestlist.EventSignIn)
			id := w.recognised(github, person(strangerEmail))
			w.identification(id)
			w.post("identification", `{"verificationId":"`+id+`","linkSocialIdentity":true}`)
			w.event(register)
			w.identification(id)
		}, open, strangerEmail},
		{"a social identity whose address nobody vouches for", func(w *walker, _ string) {
			w.begins(register)
			w.name("eve")
			w.identification(w.recognised(gossip, person(strangerEmail)))
		}, open, ""},
		{"a social identity as profile", func(w *walker, _ string) {
			w.begins(register)
			w.name("eve")
			w.post("profile", `{"type":"social","verificationId":"`+w.recognised(github, person(strangerEmail))+`"}`)
			w.post("identification", `{}`)
		}, open, ""},
		{"a social identity from before the beginning", func(w *walker, _ string) {
			w.begins(guestlist.EventSignIn)
			id := w.recognised(github, person(strangerEmail))
			w.begins(register)
			w.identification(id)
		}, nil, ""},
		{"a social identity for recovery", func(w *walker, _ string) {
			w.begins(guestlist.EventForgotPassword)
			id := w.recognised(github, person(strangerEmail))
			w.identification(id)
			w.event(register)
			w.identification(id)
		}, nil, ""},
		{"an attempt without an answer", func(w *walker, _ string) {
			w.begins(register)
			w.identification(w.post("verification/social/github/authorization-uri", `{"state":"st","redirectUri":"https://pages.example/back"}`))
		}, nil, ""},
		{"an employee", func(w *walker, _ string) {
			w.begins(register)
			w.identification(w.recognised(corp, person(worker)))
		}, open, worker},
		{"an employee for signing in", func(w *walker, _ string) {
			w.begins(guestlist.EventSignIn)
			id := w.recognised(corp, person(worker))
			w.identification(id)
			w.event(register)
			w.identification(id)
		}, open, worker},
		{"the invitation, recognised as whom it is for", func(w *walker, token string) {
			w.begins(guestlist.EventSignIn)
			w.hold(token)
			id := w.recognised(github, person(guestEmail))
			w.identification(id)
			w.event(register)
			w.identification(id)
		}, every, guestEmail},
		{"the invitation, recognised as somebody else", func(w *walker, token string) {
			w.begins(register)
			w.hold(token)
			w.identification(w.recognised(github, person(strangerEmail)))
		}, open, strangerEmail},
		{"the invitation, recognised by whom nobody believes", func(w *walker, token string) {
			w.begins(register)
			w.hold(token)
			w.name("eve")
			w.identification(w.recognised(gossip, person(guestEmail)))
		}, open, ""},
		{"the invitation for an employee of somebody else", func(w *walker, token string) {
			w.begins(register)
			w.hold(token)
			w.identification(w.recognised(corp, person(worker)))
		}, open, worker},
		{"nothing at all", func(w *walker, _ string) {
			w.begins(register)
			w.post("identification", `{}`)
		}, nil, ""},
		{"a picture alone", func(w *walker, _ string) {
			w.begins(register)
			w.uploaded("file", onePixel)
			w.taken["POST "+apiAvatar] = true
		}, nil, ""},
	}
}

// TestAPIGate goes every way in every mode: an account comes to be where the
// gate lets it, with that address, and nowhere else.
func TestAPIGate(t *testing.T) {
	taken := map[string]bool{}
	for _, mode := range []guestlist.SignInMode{guestlist.ModeSignIn, guestlist.ModeRegister, guestlist.ModeSignInAndRegister} {
		for _, way := range ways() {
			t.Run(string(mode)+"/"+way.name, func(t *testing.T) {
				h := newHouse(t, func(e *guestlist.SignInExperience) {
					e.SignInMode, e.SignUp = mode, guestlist.SignUpSettings{Verify: true}
				})
				w := &walker{script: h.script(t).begin(nil), o: surrounded(h), taken: taken}
				way.walk(w, h.token(guestEmail))
				w.post("submit", "")
				if opens := slices.Contains(way.opens, mode); opens != (w.last.status == http.StatusOK) || opens != (h.users() == 1) {
					t.Fatalf("submit: %d %s; %d accounts; the way opens: %v", w.last.status, w.last.body, h.users(), opens)
				} else if !opens {
					return
				}
				who := "eve"
				if way.email != "" {
					who = way.email
				}
				in(t, w.browser.Get(w.last.text("redirectTo")), who)
			})
		}
	}
	// Looking, consenting for who is in already, and asking to come in make no
	// accounts.
	noAccount := []string{"POST /api/interaction/consent", "POST /api/experience/waitlist"}
	for _, pattern := range experience.APIPatterns() {
		if !taken[pattern] && !strings.HasPrefix(pattern, "GET ") && !slices.Contains(noAccount, pattern) {
			t.Errorf("%s is on no way that was gone", pattern)
		}
	}
}

// TestAPISignInGate: where only new people are let in, nobody signs in but by
// an invitation.
func TestAPISignInGate(t *testing.T) {
	for _, mode := range []guestlist.SignInMode{guestlist.ModeSignIn, guestlist.ModeRegister, guestlist.ModeSignInAndRegister} {
		h := newHouse(t, func(e *guestlist.SignInExperience) { e.SignInMode = mode })
		h.user(guestEmail, newPassword)
		closed := mode == guestlist.ModeRegister
		for name, walk := range map[string]func(w *walker){
			"password": func(w *walker) {
				w.identification(w.post("verification/password", `{"identifier":{"type":"email","value":"`+guestEmail+`"},"password":"`+newPassword+`"}`))
			},
			"code": func(w *walker) { w.identification(w.code(guestEmail, guestlist.EventSignIn)) },
		} {
			w := &walker{script: h.script(t).begin(nil), taken: map[string]bool{}}
			w.begins(guestlist.EventSignIn)
			walk(w)
			if want := map[bool]int{true: http.StatusForbidden, false: http.StatusNoContent}[closed]; w.last.status != want {
				t.Errorf("%s by %s: %d %s, want %d", mode, name, w.last.status, w.last.body, want)
			}
			w.post("submit", "")
			if (w.last.status == http.StatusOK) == closed {
				t.Errorf("%s by %s: submit %d", mode, name, w.last.status)
			}
		}
		w := &walker{script: h.script(t).begin(nil), taken: map[string]bool{}}
		w.begins(guestlist.EventSignIn)
		w.identification(w.hold(h.token(guestEmail)))
		in(t, w.finish(), guestEmail)
	}
}

// TestTheDoorClosesMeanwhile: the gate is asked at the end too.
func TestTheDoorClosesMeanwhile(t *testing.T) {
	h := newHouse(t, func(e *guestlist.SignInExperience) { e.SignUp = guestlist.SignUpSettings{Verify: true} })
	s := h.begun(t, register)
	s.identify(http.StatusCreated, "", s.byCode(strangerEmail, register))
	h.settings(func(e *guestlist.SignInExperience) { e.SignInMode = guestlist.ModeSignIn })
	s.want(http.StatusForbidden, "auth.forbidden", "POST", "/api/experience/submit", "")
	if n := h.users(); n != 0 {
		t.Errorf("%d accounts", n)
	}
}
