package experience

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"guestlist"
	"guestlist/internal/web"
)

// cookieNote carries what one page tells the next: it is signed, readable by
// the guest's browser alone, and holds nothing but what the guest typed or what
// a provider told of them.
const cookieNote = "_guest"

// cookieAccount is cookieNote on the pages of one's own account.
const cookieAccount = "_account"

// note is what one page tells the next. It belongs to one interaction; any
// other ignores it.
type note struct {
	Of     guestlist.InteractionID `json:"of"`
	Who    guestlist.Identifier    `json:"who"`            // typed, not proved
	Say    string                  `json:"say"`            // key of a notice, shown once
	Bad    bool                    `json:"bad,omitempty"`  // the notice is of something that went wrong
	With   map[string]string       `json:"with,omitempty"` // fills the notice's gaps
	Offer  offer                   `json:"offer"`          // what the proved address leads to instead
	SentAt guestlist.Time          `json:"sentAt"`         // of the latest code
	// Attempt is the latest at an outside provider; Related the address by
	// which its answer belongs to an account here.
	Attempt attempt              `json:"attempt"`
	Related guestlist.Identifier `json:"related"`
}

// offer is the other thing that a proved address can do.
type offer string

const (
	offerNothing  offer = ""
	offerRegister offer = "register" // no such account yet, and the door is open
	offerSignIn   offer = "sign-in"  // the account is there already
)

// readNote returns the note of this interaction, or an empty one.
func (v *visit) readNote() note {
	name, of := v.noteOf()
	cookie, ok := v.d.Cookies.Get(v.r, name)
	if !ok || of == "" {
		return note{}
	}
	var n note
	raw, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil || json.Unmarshal(raw, &n) != nil || n.Of != of {
		return note{}
	}
	return n
}

// noteOf is the cookie of the note, and what the note belongs to: the
// interaction, or on the pages of one's own account the session.
func (v *visit) noteOf() (cookie string, of guestlist.InteractionID) {
	switch {
	case v.acct != nil:
		return cookieAccount, guestlist.InteractionID(v.acct.Session.ID)
	case v.run != nil:
		return cookieNote, v.run.ID
	}
	return cookieNote, ""
}

// leave leaves a note for the next page.
func (v *visit) leave(n note) error {
	var cookie string
	cookie, n.Of = v.noteOf()
	raw, err := json.Marshal(n)
	if err != nil {
		return err
	}
	v.note = n
	v.d.Cookies.Set(v.w, cookie, base64.RawURLEncoding.EncodeToString(raw), web.CookieOptions{})
	return nil
}

// notice takes the notice out of the note: it is shown once.
func (v *visit) notice() (*web.Alert, error) {
	if v.note.Say == "" {
		return nil, nil
	}
	args := make([]any, 0, 2*len(v.note.With))
	for name, value := range v.note.With {
		args = append(args, name, value)
	}
	a := &web.Alert{Text: v.note.With[sayText], Good: !v.note.Bad}
	if v.note.Say != sayText {
		a.Text = v.t(v.note.Say, args...)
	}
	n := v.note
	n.Say, n.Bad, n.With = "", false, nil
	return a, v.leave(n)
}

// sayText stands for a notice that is complete already, under that name.
const sayText = "text"

// say leads to a page that says what went wrong; args are pairs of name and
// value.
func (v *visit) say(path, key string, args ...string) error { return v.tell(path, key, true, args) }

// tell is say for good news too.
func (v *visit) tell(path, key string, bad bool, args []string) error {
	n := v.note
	n.Say, n.Bad, n.With = key, bad, map[string]string{}
	for i := 0; i+1 < len(args); i += 2 {
		n.With[args[i]] = args[i+1]
	}
	if err := v.leave(n); err != nil {
		return err
	}
	return v.next(path)
}

// resendWait is how long a guest is asked to wait before a new code; the
// limits of signin hold whatever the page says.
const resendWait = 60 * time.Second

func (v *visit) untilResend() time.Duration {
	if v.note.SentAt == 0 {
		return 0
	}
	return max(0, resendWait-guestlist.TimeOf(v.d.Now()).Sub(v.note.SentAt))
}
