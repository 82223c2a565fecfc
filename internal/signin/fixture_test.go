package signin_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/invite"
	"guestlist/internal/signin"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

const goodPassword = "Vq8-zTr4-Lm2"

var here = signin.Caller{IP: "203.0.113.7", UserAgent: "test"}

// hasher is shared: its bound is the machine's.
var hasher = crypt.NewHasher()

// door is a desk on a store of its own, with what the test does to it.
type door struct {
	testing.TB
	clock *storetest.Clock
	st    *store.Store
	desk  *signin.Desk
	codes map[string]string // the last code that was delivered, by address

	latest string // the interaction that was begun last
}

// eachDoor runs a test on both engines.
func eachDoor(t *testing.T, fn func(*door)) {
	t.Helper()
	c := storetest.NewClock(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	storetest.EachAt(t, c.Now, func(t *testing.T, st *store.Store) { fn(newDoor(t, st, c)) })
}

// liteDoor is a door on SQLite, for rules that no engine has a part in.
func liteDoor(t testing.TB) *door {
	t.Helper()
	c := storetest.NewClock(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	return newDoor(t, storetest.Open(t, "sqlite", c.Now), c)
}

func newDoor(t testing.TB, st *store.Store, c *storetest.Clock) *door {
	t.Helper()
	d := &door{TB: t, clock: c, st: st, codes: map[string]string{}, desk: &signin.Desk{
		Store: st, Hasher: hasher, Endpoint: "https://id.example", Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}}
	d.update(store.Seed)
	d.settings(func(e *guestlist.SignInExperience) {
		e.SignIn.Methods = []guestlist.SignInMethod{
			{Identifier: guestlist.IdentifierUsername, Password: true},
			{Identifier: guestlist.IdentifierEmail, Password: true, VerificationCode: true},
			{Identifier: guestlist.IdentifierPhone, Password: true, VerificationCode: true},
		}
		e.SignUp = guestlist.SignUpSettings{Verify: true}
		e.ForgotPasswordMethods = nil
	})
	return d
}

func (d *door) update(fn func(*store.Tx) error) {
	d.Helper()
	if err := d.st.Update(context.Background(), fn); err != nil {
		d.Fatal(err)
	}
}

func (d *door) view(fn func(*store.Tx) error) {
	d.Helper()
	if err := d.st.View(context.Background(), fn); err != nil {
		d.Fatal(err)
	}
}

func (d *door) settings(change func(*guestlist.SignInExperience)) {
	d.Helper()
	d.update(func(tx *store.Tx) error {
		e, err := tx.SignInExperience()
		if err != nil {
			return err
		}
		change(&e)
		return tx.PutSignInExperience(e)
	})
}

func (d *door) mode(m guestlist.SignInMode) {
	d.Helper()
	d.settings(func(e *guestlist.SignInExperience) { e.SignInMode = m })
}

// begin begins an interaction with an event.
func (d *door) begin(event guestlist.InteractionEvent) string {
	d.Helper()
	uid, err := d.desk.Begin(context.Background(), signin.Start{
		Request: guestlist.AuthRequest{ClientID: "app", RedirectURI: "https://app.example/cb"}, Prompt: signin.PromptLogin,
	})
	if err != nil {
		d.Fatal(err)
	}
	d.latest = uid
	if event != "" {
		d.ok(uid, signin.SetEvent{Event: event})
	}
	return uid
}

func (d *door) submit(uid string, a signin.Action) (signin.Step, error) {
	return d.desk.Submit(context.Background(), uid, a, here)
}

// ok submits actions that must succeed, and returns the last step.
func (d *door) ok(uid string, actions ...signin.Action) signin.Step {
	d.Helper()
	var step signin.Step
	for _, a := range actions {
		var err error
		if step, err = d.submit(uid, a); err != nil {
			d.Fatalf("%T%+v: %v", a, a, err)
		}
	}
	return step
}

// refused submits an action that must be refused with a code.
func (d *door) refused(uid string, a signin.Action, code string) {
	d.Helper()
	_ = d.refusal(uid, a, code) // checked there
}

// refusal is refused for who wants to see more of it.
func (d *door) refusal(uid string, a signin.Action, code string) error {
	d.Helper()
	_, err := d.submit(uid, a)
	if guestlist.CodeOf(err) != code || err == nil {
		d.Fatalf("%T%+v: got %v, want %s", a, a, err, code)
	}
	return err
}

func (d *door) token(email string) string { return d.tokenFor(email, "") }

func (d *door) tokenFor(email string, event guestlist.InteractionEvent) string {
	d.Helper()
	var token string
	d.update(func(tx *store.Tx) error {
		t, err := invite.Issue(tx, invite.Order{Email: email, Context: guestlist.OneTimeTokenContext{InteractionEvent: event}})
		token = t.Token
		return err
	})
	return token
}

func (d *door) tokenStatus(token string) guestlist.OneTimeTokenStatus {
	d.Helper()
	var status guestlist.OneTimeTokenStatus
	d.view(func(tx *store.Tx) error {
		t, err := tx.OneTimeTokenByToken(token)
		status = t.StatusAt(tx.Now)
		return err
	})
	return status
}

// person creates a user as an administrator does.
func (d *door) person(u guestlist.User, password string) guestlist.User {
	d.Helper()
	var digest *guestlist.PasswordDigest
	if password != "" {
		text, algorithm, err := hasher.Hash(context.Background(), password)
		if err != nil {
			d.Fatal(err)
		}
		digest = &guestlist.PasswordDigest{Digest: text, Algorithm: algorithm, Temporary: u.PasswordIsTemporary}
	}
	d.update(func(tx *store.Tx) error {
		u.ID, u.CreatedAt, u.UpdatedAt = guestlist.UserID(crypt.ShortID()), tx.Now, tx.Now
		return tx.InsertUser(u, digest)
	})
	return u
}

func text(s string) *string { return &s }

// find returns the user with an identifier, or nil.
func (d *door) find(t guestlist.IdentifierType, value string) *guestlist.User {
	d.Helper()
	var found *guestlist.User
	d.view(func(tx *store.Tx) error {
		u, err := tx.UserByIdentifier(guestlist.Identifier{Type: t, Value: value})
		if guestlist.KindOf(err) == guestlist.KindNotFound {
			return nil
		}
		found = &u
		return err
	})
	return found
}

func (d *door) users() int {
	d.Helper()
	var n int
	d.view(func(tx *store.Tx) error {
		var err error
		n, err = tx.CountUsers()
		return err
	})
	return n
}

// delivered returns the code that was last sent to an address, "" for none.
func (d *door) delivered(to string) string {
	d.Helper()
	d.update(func(tx *store.Tx) error {
		var jobs []store.ClaimedJob
		for _, channel := range []string{"email", "sms"} {
			of, err := tx.ClaimJobs(guestlist.JobSendMessage+"/"+channel, tx.Now.Add(time.Hour*1000), 100)
			if err != nil {
				return err
			}
			jobs = append(jobs, of...)
		}
		for _, j := range jobs {
			var m guestlist.Message
			if err := json.Unmarshal(j.Payload, &m); err != nil {
				return err
			}
			d.codes[m.To], _ = m.Payload["code"].(string)
		}
		return nil
	})
	code := d.codes[to]
	delete(d.codes, to)
	return code
}

// events returns the keys of what was emitted since the last call, sorted.
func (d *door) events() []string {
	d.Helper()
	keys := []string{}
	d.update(func(tx *store.Tx) error {
		list, err := tx.TakeEvents(100)
		for _, e := range list {
			keys = append(keys, e.Key)
		}
		return err
	})
	slices.Sort(keys)
	return keys
}

func email(address string) guestlist.Identifier {
	return guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: address}
}

func phone(number string) guestlist.Identifier {
	return guestlist.Identifier{Type: guestlist.IdentifierPhone, Value: number}
}

func username(name string) guestlist.Identifier {
	return guestlist.Identifier{Type: guestlist.IdentifierUsername, Value: name}
}

// evict removes every user that the ways could have made, so that the next
// try finds the door as the first did, and lets the counters run out.
func (d *door) evict() {
	d.Helper()
	d.update(func(tx *store.Tx) error {
		for _, id := range []guestlist.Identifier{email(invited), email(stranger), username("newcomer"), phone("14155550100")} {
			u, err := tx.UserByIdentifier(id)
			if guestlist.KindOf(err) == guestlist.KindNotFound {
				continue
			}
			if err != nil {
				return err
			}
			if err := tx.DeleteUser(u.ID); err != nil {
				return err
			}
		}
		return nil
	})
	d.clock.Advance(2 * time.Hour)
}

// proveByCode proves an address by the code that is sent to it.
func (d *door) proveByCode(uid, address string) {
	d.Helper()
	d.ok(uid, signin.SendCode{Identifier: email(address)})
	d.ok(uid, signin.VerifyCode{Identifier: email(address), Code: d.delivered(address)})
}
