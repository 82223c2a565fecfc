package signin_test

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// TestProperty sends random actions to two interactions at once, with any
// answers of providers, at a door whose settings change. A model knows only what
// was proved to each interaction, and from it alone, by rules written here once
// more, whom a Finish may sign in and what may be on the account then.
func TestProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(t, rt)
		rt.Repeat(map[string]func(*rapid.T){
			"":         m.invariants,
			"settings": m.changeSettings,
			"event":    m.event,
			"code":     m.code,
			"token":    m.token,
			"visit":    m.visit,
			"answer":   m.answer,
			"identify": m.identify,
			"stage":    m.stage,
			"finish":   m.finish,
			"resume":   m.resume,
			"journey":  m.journey,
			"journey2": m.journey,
		})
	})
}

// proof is one thing that an interaction was shown.
type proof struct {
	address   guestlist.Identifier // by a code or a token
	token     bool
	connector guestlist.ConnectorID // or else by a provider
	who       guestlist.OutsideIdentity
}

// tried is one interaction, and what the model knows of it.
type tried struct {
	uid      string
	event    guestlist.InteractionEvent
	proofs   []proof
	records  []string // ids that it was given
	visiting map[guestlist.Way]guestlist.ConnectorID
	attempt  map[guestlist.Way]string
	finished guestlist.UserID
}

// model is the world of a property test.
type model struct {
	*outsiders
	tries  []*tried
	codes  map[string]string // answers that providers gave out, by code: the connector
	people map[string]guestlist.OutsideIdentity
	held   map[string]guestlist.UserID
	count  int
	focus  string // the address that a journey is mostly about
}

var (
	modelAddresses = []string{"ada@example.com", "bob@example.com", "ada@corp.example", "new@corp.example", invited, stranger}
	modelSubjects  = []string{"s-1", "s-2", "owned"}
	modelTrusts    = [][]string{{guestlist.AnyDomain}, {guestlist.AnyDomain}, {"example.com"}, {}}
)

func newModel(t *testing.T, rt *rapid.T) *model {
	t.Helper()
	m := &model{outsiders: liteOutside(t), codes: map[string]string{}, people: map[string]guestlist.OutsideIdentity{}}
	m.person(guestlist.User{Username: text("ada"), PrimaryEmail: text("ada@example.com")}, "")
	m.person(guestlist.User{Username: text("bob"), PrimaryEmail: text("bob@example.com"), IsSuspended: true}, "")
	m.person(guestlist.User{Username: text("corpada"), PrimaryEmail: text("ada@corp.example")}, "")
	owner := m.person(guestlist.User{Username: text("owner")}, "")
	m.update(func(tx *store.Tx) error {
		if err := tx.LinkIdentity(owner.ID, "github", "", guestlist.Identity{UserID: "owned"}); err != nil {
			return err
		}
		if err := tx.PutIdentity(owner.ID, "google", "", guestlist.Identity{UserID: "owned"}); err != nil {
			return err
		}
		return tx.LinkSSOIdentity(guestlist.SSOIdentity{ID: "o", UserID: owner.ID, SSOConnectorID: "corp", Issuer: m.corp.issuer, IdentityID: "owned", Detail: []byte("{}")})
	})
	m.changeSettings(rt)
	for range 2 {
		m.tries = append(m.tries, &tried{uid: m.begin("")})
	}
	m.held, m.count = m.holders(), m.users()
	return m
}

func (m *model) changeSettings(rt *rapid.T) {
	m.trusted = rapid.SampledFrom(modelTrusts).Draw(rt, "trusted")
	skip, auto := rapid.Bool().Draw(rt, "skip"), rapid.Bool().Draw(rt, "auto")
	m.settings(func(e *guestlist.SignInExperience) {
		e.SignInMode = rapid.SampledFrom([]guestlist.SignInMode{guestlist.ModeSignIn, guestlist.ModeSignIn, guestlist.ModeRegister, guestlist.ModeSignInAndRegister}).Draw(rt, "mode")
		e.SingleSignOnEnabled = rapid.IntRange(0, 3).Draw(rt, "sso") > 0
		e.SocialSignIn = guestlist.SocialSignInSettings{SkipRequiredIdentifiers: &skip, AutomaticAccountLinking: &auto}
		e.SocialSignInConnectorTargets = rapid.SampledFrom([][]string{{"github", "google"}, {"github"}}).Draw(rt, "targets")
		e.SignUp = rapid.SampledFrom([]guestlist.SignUpSettings{
			{Verify: true}, {Identifiers: []guestlist.IdentifierType{guestlist.IdentifierEmail}, Verify: true},
			{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierUsername}, Verify: true},
		}).Draw(rt, "signUp")
	})
}

// on picks an interaction and lets an action act on it. Nothing may be our own
// fault.
func (m *model) on(rt *rapid.T) *tried { return m.tries[rapid.IntRange(0, 1).Draw(rt, "which")] }

func (m *model) try(rt *rapid.T, on *tried, a signin.Action) (signin.Step, bool) {
	step, err := m.desk.Submit(context.Background(), on.uid, a, here)
	if err != nil && guestlist.CodeOf(err) == "" {
		rt.Fatalf("%T%+v: an internal failure: %v", a, a, err)
	}
	if step.VerificationID != "" {
		on.records = append(on.records, step.VerificationID)
	}
	return step, err == nil
}

// record picks the id of a record, maybe of the other interaction.
func (m *model) record(rt *rapid.T) string {
	ids := append([]string{"", "nosuch"}, append(slices.Clone(m.tries[0].records), m.tries[1].records...)...)
	return rapid.SampledFrom(ids).Draw(rt, "record")
}

func (m *model) event(rt *rapid.T) {
	on := m.on(rt)
	event := rapid.SampledFrom([]guestlist.InteractionEvent{guestlist.EventSignIn, guestlist.EventRegister, guestlist.EventForgotPassword}).Draw(rt, "event")
	if rapid.Bool().Draw(rt, "anew") {
		m.anew(rt, on, event)
		return
	}
	m.change(rt, on, event)
}

func (m *model) anew(rt *rapid.T, on *tried, event guestlist.InteractionEvent) {
	if _, ok := m.try(rt, on, signin.SetEvent{Event: event}); ok {
		*on = tried{uid: on.uid, event: event}
	}
}

func (m *model) change(rt *rapid.T, on *tried, event guestlist.InteractionEvent) {
	if _, ok := m.try(rt, on, signin.ChangeEvent{Event: event}); ok {
		on.event = event
	}
}

// journey goes a way that guests go, since a random walk seldom arrives, with
// whatever proof, and often a wrong turn on it.
func (m *model) journey(rt *rapid.T) {
	on := m.on(rt)
	m.resumeOf(rt, on)
	m.focus = rapid.SampledFrom(modelAddresses).Draw(rt, "focus")
	defer func() { m.focus = "" }()
	turn := func() {
		if rapid.IntRange(0, 6).Draw(rt, "turn") == 0 {
			rapid.SampledFrom([]func(*rapid.T){m.answer, m.stage, m.event, m.identify, m.visit, m.changeSettings}).Draw(rt, "wrong")(rt)
		}
	}
	event := rapid.SampledFrom([]guestlist.InteractionEvent{guestlist.EventSignIn, guestlist.EventRegister}).Draw(rt, "event")
	m.anew(rt, on, event)
	if rapid.Bool().Draw(rt, "invited") {
		m.holdToken(rt, on, m.address(rt), m.address(rt))
	}
	turn()
	for range rapid.IntRange(1, 2).Draw(rt, "proofs") {
		if id := rapid.SampledFrom(append([]guestlist.ConnectorID{""}, modelConnectors...)).Draw(rt, "by"); id == "" {
			m.proveCode(rt, on, m.address(rt))
		} else {
			m.visitTo(rt, on, id)
			turn()
			m.bring(rt, on, id, on.attempt[wayOf(id)])
		}
	}
	turn()
	join := rapid.Bool().Draw(rt, "join")
	if _, ok := m.try(rt, on, signin.Identify{Latest: true, LinkSocial: join}); !ok && event == guestlist.EventSignIn {
		m.change(rt, on, guestlist.EventRegister)
		m.try(rt, on, signin.Identify{Latest: true})
	}
	if rapid.IntRange(0, 3).Draw(rt, "link") == 0 && len(on.records) > 0 {
		m.try(rt, on, signin.SetIdentity{VerificationID: on.records[len(on.records)-1]})
	}
	turn()
	m.finishOf(rt, on)
	if rapid.Bool().Draw(rt, "resumes") {
		m.resumeOf(rt, on)
	}
}

func (m *model) address(rt *rapid.T) guestlist.Identifier {
	if m.focus != "" && rapid.IntRange(0, 3).Draw(rt, "focused") > 0 {
		return email(m.focus)
	}
	return email(rapid.SampledFrom(modelAddresses).Draw(rt, "address"))
}

func (m *model) code(rt *rapid.T) {
	on, to := m.on(rt), m.address(rt)
	if rapid.Bool().Draw(rt, "guess") {
		if _, ok := m.try(rt, on, signin.VerifyCode{Identifier: to, Code: "000000"}); ok {
			rt.Fatal("a guess was right")
		}
		return
	}
	m.proveCode(rt, on, to)
}

func (m *model) proveCode(rt *rapid.T, on *tried, to guestlist.Identifier) {
	_, sent := m.try(rt, on, signin.SendCode{Identifier: to})
	if code := m.delivered(to.Value); sent && code != "" {
		if _, ok := m.try(rt, on, signin.VerifyCode{Identifier: to, Code: code}); ok {
			on.proofs = append(on.proofs, proof{address: to})
		}
	}
}

func (m *model) token(rt *rapid.T) {
	m.holdToken(rt, m.on(rt), m.address(rt), m.address(rt))
}

func (m *model) holdToken(rt *rapid.T, on *tried, of, as guestlist.Identifier) {
	token := m.outsiders.token(of.Value)
	if _, ok := m.try(rt, on, signin.VerifyOneTimeToken{Email: as.Value, Token: token}); ok {
		if of != as {
			rt.Fatalf("the token of %s was good for %s", of.Value, as.Value)
		}
		on.proofs = append(on.proofs, proof{address: of, token: true})
	}
}

var modelConnectors = []guestlist.ConnectorID{github, google, corp, corpTwo}

func (m *model) visit(rt *rapid.T) {
	m.visitTo(rt, m.on(rt), rapid.SampledFrom(modelConnectors).Draw(rt, "connector"))
}

func (m *model) visitTo(rt *rapid.T, on *tried, id guestlist.ConnectorID) {
	step, ok := m.try(rt, on, signin.BeginOutside{Way: wayOf(id), ConnectorID: id, State: "st", RedirectURI: back})
	if !ok {
		return
	}
	if on.attempt == nil {
		on.attempt, on.visiting = map[guestlist.Way]string{}, map[guestlist.Way]guestlist.ConnectorID{}
	}
	on.attempt[wayOf(id)], on.visiting[wayOf(id)] = step.VerificationID, id
}

// answer brings an answer that a provider gave, to the attempt or to any other
// record, now or a second time.
func (m *model) answer(rt *rapid.T) {
	on, id := m.on(rt), rapid.SampledFrom(modelConnectors).Draw(rt, "connector")
	record := m.record(rt)
	if aimed := on.attempt[wayOf(id)]; aimed != "" && rapid.Bool().Draw(rt, "aimed") {
		record = aimed
	}
	m.bring(rt, on, id, record)
}

func (m *model) bring(rt *rapid.T, on *tried, id guestlist.ConnectorID, record string) {
	way := wayOf(id)
	who := guestlist.OutsideIdentity{
		Subject: rapid.SampledFrom(modelSubjects).Draw(rt, "subject"), Email: m.address(rt).Value,
		EmailVerified: rapid.IntRange(0, 3).Draw(rt, "asserted") > 0, Name: "N",
	}
	code := m.of(id).knows(who)
	m.codes[code], m.people[code] = string(id), who
	if old := slices.Sorted(maps.Keys(m.people)); rapid.IntRange(0, 6).Draw(rt, "replay") == 0 {
		code = rapid.SampledFrom(old).Draw(rt, "old")
	}
	a := answer(id, record, code)
	if rapid.IntRange(0, 8).Draw(rt, "state") == 0 {
		a.Answer = url.Values{"code": {code}, "state": {"planted"}}
	}
	if _, ok := m.try(rt, on, a); !ok {
		return
	}
	if a.VerificationID != on.attempt[way] || on.visiting[way] != id || a.Answer.Get("state") != "st" || m.codes[code] != string(id) {
		rt.Fatalf("%+v was believed", a)
	}
	on.proofs = append(on.proofs, proof{connector: id, who: m.people[code]})
	delete(on.attempt, way)
	delete(m.codes, code)
}

func (m *model) identify(rt *rapid.T) {
	a := signin.Identify{LinkSocial: rapid.Bool().Draw(rt, "join"), Latest: rapid.Bool().Draw(rt, "latest")}
	if !a.Latest {
		a.VerificationID = m.record(rt)
	}
	m.try(rt, m.on(rt), a)
}

func (m *model) stage(rt *rapid.T) {
	on := m.on(rt)
	switch rapid.IntRange(0, 3).Draw(rt, "what") {
	case 0:
		m.try(rt, on, signin.SetUsername{Username: "newcomer"})
	case 1:
		m.try(rt, on, signin.SetAddress{Type: guestlist.IdentifierEmail, Latest: true})
	default:
		m.try(rt, on, signin.SetIdentity{VerificationID: m.record(rt)})
	}
}

// vouched is the rule for addresses of outside providers, once more.
func (m *model) vouched(p proof, address string) bool {
	if p.connector == "" || !p.who.EmailVerified || p.who.Email != address {
		return false
	}
	domain := address[strings.LastIndex(address, "@")+1:]
	switch p.connector {
	case corp:
		return domain == "corp.example"
	case corpTwo:
		return domain == "two.example"
	default:
		return slices.Contains(m.trusted, "*") || slices.Contains(m.trusted, domain)
	}
}

// proved reports whether an interaction was shown that an address is its
// guest's.
func (m *model) proved(on *tried, address string) bool {
	return slices.ContainsFunc(on.proofs, func(p proof) bool { return p.address.Value == address || m.vouched(p, address) })
}

func (p proof) key(m *model) string {
	return string(p.connector) + "|" + p.who.Subject
}

// holders returns who holds which outside identity.
func (m *model) holders() map[string]guestlist.UserID {
	held := map[string]guestlist.UserID{}
	for _, id := range modelConnectors {
		for _, subject := range modelSubjects {
			if u := m.holder(id, m.of(id).issuer, subject); u != "" {
				held[string(id)+"|"+subject] = u
			}
		}
	}
	return held
}

func (m *model) exp() guestlist.SignInExperience {
	exp, err := m.desk.Experience(context.Background())
	if err != nil {
		m.Fatal(err)
	}
	return exp
}

func (m *model) finish(rt *rapid.T) { m.finishOf(rt, m.on(rt)) }

func (m *model) finishOf(rt *rapid.T, on *tried) {
	before, count := m.holders(), m.users()
	known := map[guestlist.UserID]bool{}
	for _, u := range m.everybody() {
		known[u.ID] = true
	}
	step, ok := m.try(rt, on, signin.Finish{})
	if !ok || on.finished != "" {
		return
	}
	if !step.Finished {
		rt.Fatalf("finish led to %+v", step)
	}
	done := m.loaded(on.uid).Done
	if done == nil {
		rt.Fatal("finished without a result")
	}
	u := m.user(done.UserID)
	if u.IsSuspended {
		rt.Fatal("somebody suspended came in")
	}
	if known[u.ID] {
		m.checkSignIn(rt, on, u, before)
	} else {
		m.checkRegistration(rt, on, u)
		count++
	}
	if m.users() != count {
		rt.Fatalf("%d users", m.users())
	}
	m.checkHeld(rt, on, u, before)
	on.finished, m.held, m.count = u.ID, m.holders(), count
}

// checkSignIn: whoever comes in was recognised by what is theirs.
func (m *model) checkSignIn(rt *rapid.T, on *tried, u guestlist.User, before map[string]guestlist.UserID) {
	tokens := slices.ContainsFunc(on.proofs, func(p proof) bool { return p.token })
	if on.event != guestlist.EventSignIn || m.exp().SignInMode == guestlist.ModeRegister && !tokens {
		rt.Fatalf("a sign-in by %s in mode %s", on.event, m.exp().SignInMode)
	}
	if !slices.ContainsFunc(on.proofs, func(p proof) bool {
		theirs := u.PrimaryEmail != nil && (p.address.Value == *u.PrimaryEmail || m.vouchedEver(p, *u.PrimaryEmail))
		return theirs || p.connector != "" && before[p.key(m)] == u.ID
	}) {
		rt.Fatalf("%s came in by %+v", jsonOf(m, u), on.proofs)
	}
}

// vouchedEver is vouched whatever the settings say now: they may have changed
// since the guest was recognised.
func (m *model) vouchedEver(p proof, address string) bool {
	now := m.trusted
	defer func() { m.trusted = now }()
	m.trusted = []string{"*"}
	return m.vouched(p, address)
}

// checkRegistration: the gate, the proofs and what new people must have.
func (m *model) checkRegistration(rt *rapid.T, on *tried, u guestlist.User) {
	exp, address := m.exp(), ""
	if u.PrimaryEmail != nil {
		address = *u.PrimaryEmail
	}
	invitedHere := slices.ContainsFunc(on.proofs, func(p proof) bool { return p.token && p.address.Value == address })
	if on.event != guestlist.EventRegister || exp.SignInMode == guestlist.ModeSignIn && !invitedHere {
		rt.Fatalf("%s registered in mode %s by %+v", jsonOf(m, u), exp.SignInMode, on.proofs)
	}
	if address != "" && !slices.ContainsFunc(on.proofs, func(p proof) bool { return p.address.Value == address || m.vouchedEver(p, address) }) {
		rt.Fatalf("%s registered with an address that %+v do not prove", jsonOf(m, u), on.proofs)
	}
	after := m.holders()
	enterprise := after["corp|s-1"] == u.ID || after["corp|s-2"] == u.ID || after["corptwo|s-1"] == u.ID || after["corptwo|s-2"] == u.ID || after["corptwo|owned"] == u.ID
	corporate := after["corp|s-1"] == u.ID || after["corp|s-2"] == u.ID
	if exp.SingleSignOnEnabled && strings.HasSuffix(address, "@corp.example") && !corporate {
		rt.Fatalf("%s registered around single sign-on", jsonOf(m, u))
	}
	if enterprise && address == "" {
		rt.Fatalf("%s registered by an employer without an address", jsonOf(m, u))
	}
	skipped := enterprise || *exp.SocialSignIn.SkipRequiredIdentifiers && len(u.Identities) > 0
	for _, must := range exp.SignUp.Identifiers {
		if !skipped && (must == guestlist.IdentifierEmail && address == "" || must == guestlist.IdentifierUsername && u.Username == nil) {
			rt.Fatalf("%s registered without %s", jsonOf(m, u), must)
		}
	}
	if address == "" && len(u.Identities) == 0 && !enterprise {
		rt.Fatalf("%s could never come in again", jsonOf(m, u))
	}
}

// checkHeld: what is new on the account was proved and was nobody's; nobody
// else lost or won anything; and an address that counts as proved was.
func (m *model) checkHeld(rt *rapid.T, on *tried, u guestlist.User, before map[string]guestlist.UserID) {
	after := m.holders()
	for key, holder := range after {
		if before[key] == holder {
			continue
		}
		shown := slices.ContainsFunc(on.proofs, func(p proof) bool { return p.key(m) == key })
		if before[key] != "" || holder != u.ID || !shown {
			rt.Fatalf("%s went from %q to %q; proofs %+v", key, before[key], holder, on.proofs)
		}
	}
	for key, holder := range before {
		if after[key] == "" && (holder != u.ID || u.PrimaryEmail == nil || !m.proved(on, *u.PrimaryEmail)) {
			rt.Fatalf("%s was taken from %s", key, holder)
		}
	}
	if u.EmailVerifiedAt != nil && int64(*u.EmailVerifiedAt) == int64(guestlist.TimeOf(m.clock.Now())) && u.PrimaryEmail != nil &&
		!slices.ContainsFunc(on.proofs, func(p proof) bool {
			return p.address.Value == *u.PrimaryEmail || m.vouchedEver(p, *u.PrimaryEmail)
		}) {
		rt.Fatalf("%s counts as proved by %+v", *u.PrimaryEmail, on.proofs)
	}
}

func (m *model) everybody() []guestlist.User {
	var list []guestlist.User
	m.view(func(tx *store.Tx) error {
		var err error
		list, _, err = tx.Users(store.UserFilter{}, store.Page{Limit: 100})
		return err
	})
	return list
}

// resume: a session begins after a Finish alone, for whom it was.
func (m *model) resume(rt *rapid.T) { m.resumeOf(rt, m.on(rt)) }

func (m *model) resumeOf(rt *rapid.T, on *tried) {
	res, err := m.desk.Resume(context.Background(), on.uid, "", here)
	switch {
	case err == nil && (on.finished == "" || res.Session.UserID != on.finished):
		rt.Fatalf("a session of %s, finished as %q", res.Session.UserID, on.finished)
	case err != nil && guestlist.CodeOf(err) == "":
		rt.Fatal(err)
	case err == nil:
		*on = tried{uid: m.begin("")}
	}
}

// invariants: nothing but a Finish makes users or moves identities.
func (m *model) invariants(rt *rapid.T) {
	if held := m.holders(); !maps.Equal(held, m.held) || m.users() != m.count {
		rt.Fatalf("users %d, identities %v", m.users(), held)
	}
	m.clock.Advance(20 * time.Second)
}
