package invite

import (
	"strings"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// writer makes the messages of invitations. What many of them have in common is
// read once.
type writer struct {
	pump *Pump
	tx   *store.Tx

	out    []store.HandedOver
	counts []counted // of each of out
	unplan []guestlist.InvitationID
	named  map[string]map[string]any // what is told of applications, inviters, organizations
	apps   map[guestlist.ApplicationID]guestlist.Application
}

// counted is how a mail counts to what its recipient gets in a day.
type counted struct {
	by       string // the counter; "" if it was counted when it was asked for
	campaign guestlist.CampaignID
}

// add takes an invitation whose next mail is due.
func (w *writer) add(i guestlist.Invitation) error {
	reminder := i.Delivery != guestlist.InvitationQueued
	if i.Status != guestlist.InvitationPending || i.Kind != guestlist.InvitationPersonal || i.Sends >= guestlist.MaxInvitationSends {
		w.unplan = append(w.unplan, i.ID)
		return nil
	}
	h := store.HandedOver{ExpiresAt: i.ExpiresAt, Reminder: reminder}
	m := guestlist.Message{
		ID: store.InvitationMessageID(i.ID, i.Sends+1), Channel: guestlist.ChannelEmail, To: i.RecipientEmail,
		Type: guestlist.TemplateInvitation, Locale: i.Locale, InvitationID: i.ID,
	}
	if i.Template.Valid() {
		m.Type = i.Template
	}
	if i.RecipientPhone != "" {
		m.Channel, m.To = guestlist.ChannelSMS, i.RecipientPhone
	}
	validFor := w.validFor(i)
	ends := i.ExpiresAt
	if reminder {
		m.Type, m.ExpiresAt = guestlist.TemplateInvitationReminder, i.ExpiresAt
		m.Unsubscribe = w.pump.Endpoint + LinkPath + string(w.tx.InvitationCode(i)) + ReminderPath
	} else if i.Own.ExpiresAt != nil {
		h.ExpiresAt = *i.Own.ExpiresAt
		ends, m.ExpiresAt = h.ExpiresAt, h.ExpiresAt
	} else {
		// It is good from the moment at which it is sent: until then it must not end,
		// however long a provider is down.
		h.ExpiresAt = w.tx.Now.Add(guestlist.UnsentInvitationTTL)
		m.ValidFor, ends = int(validFor/time.Second), w.tx.Now.Add(validFor)
	}
	h.SendAt = NextReminder(i, w.tx.Now, ends)
	var err error
	if m.Payload, err = w.payload(i, ends); err != nil {
		return err
	}
	h.Message = m
	// What a host sends by hand was counted then, see CountSend.
	c := counted{campaign: i.CampaignID}
	if reminder || i.CampaignID != "" && i.Generation == 1 {
		c.by = counterOf(i)
	}
	w.out, w.counts = append(w.out, h), append(w.counts, c)
	return nil
}

// ReminderPath follows the link of an invitation, and ends its reminders.
const ReminderPath = "/reminders"

// validFor is how long an invitation is to be good from its sending: what its
// terms say, or what was left when it was handed over.
func (w *writer) validFor(i guestlist.Invitation) time.Duration {
	terms := time.Duration(i.TTL) * time.Second
	left := i.ExpiresAt.Sub(w.tx.Now)
	if i.CampaignID != "" && i.Sends == 0 || left <= 0 {
		return terms
	}
	return left
}

// NextReminder is when the next reminder of an invitation is due, nil for never:
// some days after its first mail, or before its end, and after the ones that are
// over. A mail that goes out now is its first unless there was one.
func NextReminder(i guestlist.Invitation, now, ends guestlist.Time) *guestlist.Time {
	const day = 24 * time.Hour
	if i.Own.NoReminders {
		return nil
	}
	from := now
	if i.SentAt != nil {
		from = *i.SentAt
	}
	var next guestlist.Time
	take := func(at guestlist.Time) {
		if at > now && at < ends && (next == 0 || at < next) {
			next = at
		}
	}
	for _, n := range i.RemindAfter {
		take(from.Add(time.Duration(n) * day))
	}
	for _, n := range i.RemindBeforeEnd {
		take(ends.Add(-time.Duration(n) * day))
	}
	if next == 0 {
		return nil
	}
	return &next
}

// write hands over what was gathered.
func (w *writer) write() error {
	if err := w.tx.UnplanInvitations(w.unplan); err != nil {
		return err
	}
	if err := w.limit(); err != nil {
		return err
	}
	return w.tx.HandOver(w.out)
}

// limit counts mails to their recipients, and puts those off that would be too
// many for a day: until it is over, and the hours of their campaign begin.
func (w *writer) limit() error {
	counts := map[string]int{}
	for _, c := range w.counts {
		if c.by != "" {
			counts[c.by]++
		}
	}
	limits, err := w.tx.HitAll(counts, day)
	if err != nil {
		return err
	}
	later, out := map[guestlist.InvitationID]guestlist.Time{}, w.out[:0]
	for at, h := range w.out {
		c := w.counts[at]
		l := limits[c.by]
		if counts[c.by]--; c.by == "" || l.Hits-counts[c.by] <= guestlist.MaxInvitationSendsPerDay {
			out = append(out, h)
			continue
		}
		var hours guestlist.CampaignWaves
		if c.campaign != "" {
			row, err := w.tx.Campaign(c.campaign)
			if _, err := orNone(err); err != nil {
				return err
			}
			hours = row.Waves
		}
		later[h.Message.InvitationID] = NextWave(hours, l.WindowEnds)
	}
	w.out = out
	return w.tx.PostponeInvitations(later)
}

// payload is what the words of a mail may speak of.
func (w *writer) payload(i guestlist.Invitation, ends guestlist.Time) (map[string]any, error) {
	link, err := w.link(i)
	if err != nil {
		return nil, err
	}
	p := map[string]any{
		"link": link, "validUntil": ends, "message": i.Message,
		"guest": map[string]any{"name": i.Name, "email": i.RecipientEmail},
	}
	for name, read := range map[string]func(guestlist.Invitation) (string, func() (map[string]any, error)){
		"application": w.application, "inviter": w.inviter, "organization": w.organization,
	} {
		key, make := read(i)
		if key == "" {
			continue
		}
		told, ok := w.named[key]
		if !ok {
			var err error
			told, err = make()
			if found, err := orNone(err); err != nil {
				return nil, err
			} else if !found {
				told = nil // it is gone; the words do without
			}
			if w.named == nil {
				w.named = map[string]map[string]any{}
			}
			w.named[key] = told
		}
		if told != nil {
			p[name] = told
		}
	}
	return p, nil
}

func (w *writer) application(i guestlist.Invitation) (string, func() (map[string]any, error)) {
	id := i.ApplicationID
	if id == "" {
		return "", nil
	}
	return "application/" + string(id), func() (map[string]any, error) {
		app, err := w.app(id)
		if err != nil {
			return nil, err
		}
		told := map[string]any{"id": app.ID, "name": app.Name}
		return told, nil
	}
}

// app reads an application once.
func (w *writer) app(id guestlist.ApplicationID) (guestlist.Application, error) {
	app, ok := w.pump.BuiltIn[id]
	if !ok {
		app, ok = w.apps[id]
	}
	if ok {
		return app, nil
	}
	app, err := w.tx.Application(id)
	if err == nil && w.apps == nil {
		w.apps = map[guestlist.ApplicationID]guestlist.Application{}
	}
	if err == nil {
		w.apps[id] = app
	}
	return app, err
}

// link is the link that the mail of an invitation carries: to our own page where
// the application does not stand by the address any more at which the guest was
// to land, so that nobody else gets the code.
func (w *writer) link(i guestlist.Invitation) (string, error) {
	if i.Landing == guestlist.LandingApplication {
		app, err := w.app(i.ApplicationID)
		if _, err := orNone(err); err != nil {
			return "", err
		}
		if !app.AllowsLanding(i.LandingURL) {
			i.Landing = guestlist.LandingHosted
		}
	}
	return Link(w.pump.Endpoint, i, w.tx.InvitationCode(i)), nil
}

func (w *writer) inviter(i guestlist.Invitation) (string, func() (map[string]any, error)) {
	if i.Inviter.Type != guestlist.InviterUser {
		return "", nil // a machine's name says nothing to a guest
	}
	return "inviter/" + i.Inviter.ID, func() (map[string]any, error) {
		u, err := w.tx.User(guestlist.UserID(i.Inviter.ID))
		if err != nil {
			return nil, err
		}
		told := map[string]any{"id": u.ID}
		for name, value := range map[string]*string{"name": u.Name, "username": u.Username, "primaryEmail": u.PrimaryEmail} {
			if value != nil && !HasLink(strings.ReplaceAll(*value, "@", " ")) || value != nil && name == "primaryEmail" {
				told[name] = *value
			}
		}
		return told, nil
	}
}

func (w *writer) organization(i guestlist.Invitation) (string, func() (map[string]any, error)) {
	if len(i.Grants.Organizations) == 0 {
		return "", nil
	}
	id := i.Grants.Organizations[0].ID
	return "organization/" + string(id), func() (map[string]any, error) {
		o, err := w.tx.Organization(id)
		return map[string]any{"id": o.ID, "name": o.Name}, err
	}
}
