package invite

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// Pump hands the mails of invitations to the senders when their time has come:
// single ones, reminders, and those of campaigns in waves. It never hands over
// more than the senders can take soon, so that a million invitations are not a
// million jobs, and a pause is one row. Several processes may pump at once; each
// mail is handed over once.
type Pump struct {
	Store    *store.Store
	Endpoint string // public base URL without a slash at its end
	BuiltIn  map[guestlist.ApplicationID]guestlist.Application
	// MostWaiting is how many mails may wait for the senders; 0 means
	// DefaultMostWaiting.
	MostWaiting int

	rests atomic.Int64 // until then, in milliseconds: the senders have enough
}

// The measures of the pump.
const (
	DefaultMostWaiting = 1000
	pumpBatch          = 250 // mails that one transaction hands over
	pumpLooks          = 4   // transactions of one run: the senders wait meanwhile
	pumpRest           = 50 * time.Millisecond
	pumpLeast          = 10 // mails that wait even for a slow carrier
	pumpAhead          = 2 * time.Second
)

// Run hands over what may go now. It is cheap when there is nothing.
func (p *Pump) Run(ctx context.Context) error {
	if time.Now().UnixMilli() < p.rests.Load() {
		return nil
	}
	for range pumpLooks {
		var lanes, campaigns []guestlist.CampaignID
		room := 0
		err := p.Store.View(ctx, func(tx *store.Tx) error {
			var err error
			if lanes, err = tx.LanesDue(); err != nil {
				return err
			}
			if campaigns, err = tx.CampaignsDue(1); err != nil || len(lanes)+len(campaigns) == 0 {
				return err
			}
			room, err = p.room(tx)
			return err
		})
		if err == nil && room == 0 && len(lanes)+len(campaigns) > 0 {
			p.rests.Store(time.Now().Add(pumpRest).UnixMilli())
		}
		if err != nil || room == 0 || len(lanes)+len(campaigns) == 0 {
			return err
		}
		handed := 0
		if err := p.Store.Update(ctx, func(tx *store.Tx) error {
			var err error
			handed, err = p.pump(tx, lanes, campaigns, min(room, pumpBatch))
			return err
		}); err != nil || handed == 0 {
			return err
		}
	}
	return nil
}

// room is how many mails may be handed over now: none before there is room for
// many, since few at a time cost as much.
func (p *Pump) room(tx *store.Tx) (int, error) {
	most := p.MostWaiting
	if most == 0 {
		most = DefaultMostWaiting
	}
	pace, err := paceOf(tx)
	if err != nil {
		return 0, err
	}
	if pace > 0 {
		most = min(most, max(pumpLeast, int(pace*pumpAhead.Seconds())))
	}
	emails, err := tx.MessagesWaiting(guestlist.ChannelEmail, most)
	if err != nil {
		return 0, err
	}
	texts, err := tx.MessagesWaiting(guestlist.ChannelSMS, most)
	if room := most - emails - texts; room*4 >= most {
		return room, err
	}
	return 0, err
}

// paceOf is how many mails a second the carrier takes, by a setting of its
// connector; 0 for any number.
func paceOf(tx *store.Tx) (float64, error) {
	c, err := tx.ConnectorOf(guestlist.ConnectorEmail)
	if found, err := orNone(err); err != nil || !found {
		return 0, err
	}
	var config struct {
		MaxPerSecond float64 `json:"maxPerSecond"`
	}
	return config.MaxPerSecond, json.Unmarshal(c.Config, &config)
}

// pump hands over up to room mails: those of their own time first, which
// somebody waits for.
func (p *Pump) pump(tx *store.Tx, lanes, campaigns []guestlist.CampaignID, room int) (int, error) {
	w := writer{pump: p, tx: tx}
	handed := 0
	for _, lane := range lanes {
		if handed >= room {
			break
		}
		due, err := tx.InvitationsDue(lane, room-handed)
		if err != nil {
			return 0, err
		}
		for _, i := range due {
			if err := w.add(i); err != nil {
				return 0, err
			}
		}
		handed += len(due)
	}
	for _, id := range campaigns {
		if handed >= room {
			break
		}
		n, err := p.wave(tx, &w, id, room-handed)
		if err != nil {
			return 0, err
		}
		handed += n
	}
	return handed, w.write()
}

// wave hands over the next mails of a campaign, as far as its wave goes. It
// counts what it looked at, sent or not, so that there is an end to it.
func (p *Pump) wave(tx *store.Tx, w *writer, id guestlist.CampaignID, room int) (int, error) {
	c, err := tx.CampaignForUpdate(id)
	if found, err := orNone(err); err != nil || !found {
		return 0, err
	}
	if c.State != guestlist.CampaignSending || c.NextWaveAt == nil || *c.NextWaveAt > tx.Now {
		return 0, nil // another process was first
	}
	if opens := NextWave(c.Waves, tx.Now); opens > tx.Now {
		c.NextWaveAt = &opens // the hours are over; the rest of the wave waits for the next ones
		return 1, tx.UpdateCampaign(c)
	}
	if c.Waves.Size > 0 {
		if c.WaveLeft == 0 {
			c.WaveLeft = c.Waves.Size
		}
		room = min(room, c.WaveLeft)
	}
	list, to, err := tx.WaitingInvitations(id, c.SentTo, room)
	if err != nil {
		return 0, err
	}
	for _, i := range list {
		if err := w.add(i); err != nil {
			return 0, err
		}
	}
	c.WaveLeft = max(0, c.WaveLeft-len(list))
	more := to != ""
	if more {
		c.SentTo = to
		if more, err = tx.CampaignGoesOn(id, to); err != nil {
			return 0, err
		}
	}
	switch {
	case !more:
		c.NextWaveAt, c.WaveLeft = nil, 0
		c.WavesSent++
	case c.Waves.Size > 0 && c.WaveLeft == 0:
		next := nextTurn(c, tx.Now)
		c.NextWaveAt = &next
		c.WavesSent++
	}
	return len(list) + 1, tx.UpdateCampaign(c)
}

// nextTurn is when the wave after this one leaves. If this one was held up, the
// time between waves counts from now.
func nextTurn(c store.Campaign, now guestlist.Time) guestlist.Time {
	interval := time.Duration(c.Waves.Interval) * time.Second
	if next := NextWave(c.Waves, c.NextWaveAt.Add(interval)); next > now {
		return next
	}
	return NextWave(c.Waves, now.Add(interval))
}
