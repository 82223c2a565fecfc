package experience

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"guestlist"
	"guestlist/internal/web"
)

// cookieNote carries what one page tells the next: it is signed, readable by
// the guest's browser alone, and holds nothing that the guest did not type.
const cookieNote = "_guest"

// note is what one page tells the next. It belongs to one interaction; any
// other ignores it.
type note struct {
	Of     guestlist.InteractionID `json:"of"`
	Who    guestlist.Identifier    `json:"who"`    // typed, not proved
	Say    string                  `json:"say"`    // key of a notice, shown once
	Offer  offer                   `json:"offer"`  // what the proved address leads to instead
	SentAt guestlist.Time          `json:"sentAt"` // of the latest code
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
	cookie, ok := v.d.Cookies.Get(v.r, cookieNote)
	if !ok || v.run == nil {
		return note{}
	}
	var n note
	raw, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil || json.Unmarshal(raw, &n) != nil || n.Of != v.run.ID {
		return note{}
	}
	return n
}

// leave leaves a note for the next page.
func (v *visit) leave(n note) error {
	n.Of = v.run.ID
	raw, err := json.Marshal(n)
	if err != nil {
		return err
	}
	v.note = n
	v.d.Cookies.Set(v.w, cookieNote, base64.RawURLEncoding.EncodeToString(raw), web.CookieOptions{})
	return nil
}

// notice takes the notice out of the note: it is shown once.
func (v *visit) notice() (*web.Alert, error) {
	if v.note.Say == "" {
		return nil, nil
	}
	a := &web.Alert{Text: v.t(v.note.Say), Good: true}
	n := v.note
	n.Say = ""
	return a, v.leave(n)
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
