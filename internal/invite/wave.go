package invite

import (
	"time"
	_ "time/tzdata" // zones are known wherever the program runs

	"guestlist"
)

var errWaves = guestlist.Refuse(guestlist.KindUnprocessable, "invitation_campaign.invalid_waves")

// CheckWaves refuses waves that cannot be: invitation_campaign.invalid_waves.
func CheckWaves(w guestlist.CampaignWaves, now guestlist.Time) error {
	interval := time.Duration(w.Interval) * time.Second
	_, err := time.LoadLocation(w.TimeZone)
	switch {
	case err != nil || w.TimeZone == "Local":
		return errWaves.Saying("%q is no time zone, such as Europe/Berlin.", clip(w.TimeZone))
	case w.Size < 0 || w.Size > guestlist.MaxCampaignWave:
		return errWaves.Saying("A wave has 1 to %d mails; 0 sends all at once.", guestlist.MaxCampaignWave)
	case w.Size > 0 && interval < guestlist.MinCampaignInterval, interval < 0, interval > guestlist.MaxCampaignInterval:
		return errWaves.Saying("Between waves there are at least %d seconds and at most %d.",
			int(guestlist.MinCampaignInterval/time.Second), int(guestlist.MaxCampaignInterval/time.Second))
	case w.FromHour < 0 || w.FromHour > 23 || w.ToHour < 0 || w.ToHour > 24 || w.FromHour == w.ToHour && w.FromHour != 0:
		return errWaves.Saying("Hours go from 0 to 24, and those of a day have a beginning and another end.")
	case w.StartAt < 0 || w.StartAt > now.Add(guestlist.UnsentInvitationTTL/2):
		return errWaves.Saying("A campaign starts within half a year.")
	}
	return nil
}

// NextWave returns the first moment from at on at which a wave may leave: at
// itself, or the beginning of the hours of the day, there where the recipients
// are. In a night in which clocks change it goes by what clocks show.
func NextWave(w guestlist.CampaignWaves, at guestlist.Time) guestlist.Time {
	if w.FromHour == w.ToHour {
		return at
	}
	zone, err := time.LoadLocation(w.TimeZone)
	if err != nil { // it was checked when it was written
		zone = time.UTC
	}
	there := at.Std().In(zone)
	if inHours(w, there.Hour()) {
		return at
	}
	for day := range 3 {
		opens := time.Date(there.Year(), there.Month(), there.Day()+day, w.FromHour, 0, 0, 0, zone)
		// A clock that is put forward never shows the hours between.
		for range 3 {
			if inHours(w, opens.Hour()) {
				break
			}
			opens = opens.Truncate(time.Hour).Add(time.Hour)
		}
		// One that is put back shows an hour twice; the first time counts.
		if earlier := opens.Add(-time.Hour); earlier.Hour() == opens.Hour() {
			opens = earlier
		}
		if opens.After(there) && inHours(w, opens.Hour()) {
			return guestlist.TimeOf(opens)
		}
	}
	return at
}

// inHours reports whether an hour is one of those in which waves leave; they may
// go over midnight.
func inHours(w guestlist.CampaignWaves, hour int) bool {
	if w.FromHour < w.ToHour {
		return hour >= w.FromHour && hour < w.ToHour
	}
	return hour >= w.FromHour || hour < w.ToHour
}
