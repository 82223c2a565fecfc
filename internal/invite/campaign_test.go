package invite_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

func TestWavesLeaveInTheHoursOfTheirPlace(t *testing.T) {
	day := guestlist.CampaignWaves{TimeZone: "Europe/Berlin", FromHour: 9, ToHour: 17}
	night := guestlist.CampaignWaves{TimeZone: "America/New_York", FromHour: 22, ToHour: 6}
	early := guestlist.CampaignWaves{TimeZone: "Europe/Berlin", FromHour: 2, ToHour: 3}
	for _, tt := range []struct {
		name  string
		waves guestlist.CampaignWaves
		at    string
		want  string
	}{
		{"any hour", guestlist.CampaignWaves{}, "2026-11-25T03:00:00Z", "2026-11-25T03:00:00Z"},
		{"within", day, "2026-11-25T09:30:00Z", "2026-11-25T09:30:00Z"},
		{"before, in winter", day, "2026-11-25T03:00:00Z", "2026-11-25T08:00:00Z"},
		{"before, in summer", day, "2026-07-25T03:00:00Z", "2026-07-25T07:00:00Z"},
		{"the last minute", day, "2026-11-25T15:59:59Z", "2026-11-25T15:59:59Z"},
		{"after", day, "2026-11-25T16:00:00Z", "2026-11-26T08:00:00Z"},
		{"after, and clocks go forward at night", day, "2026-03-28T20:00:00Z", "2026-03-29T07:00:00Z"},
		{"after, and clocks go back at night", day, "2026-10-24T20:00:00Z", "2026-10-25T08:00:00Z"},
		{"over midnight, late", night, "2026-11-25T04:00:00Z", "2026-11-25T04:00:00Z"},
		{"over midnight, by day", night, "2026-11-25T15:00:00Z", "2026-11-26T03:00:00Z"},
		{"an hour that does not exist that night", early, "2026-03-28T23:00:00Z", "2026-03-30T00:00:00Z"},
		{"an hour that comes twice", early, "2026-10-24T23:00:00Z", "2026-10-25T00:00:00Z"},
	} {
		at, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		got := invite.NextWave(tt.waves, guestlist.TimeOf(at)).Std().Format(time.RFC3339)
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// drive is a campaign on its way.
type drive struct {
	t     *testing.T
	st    *store.Store
	clock *storetest.Clock
	pump  *invite.Pump
	keep  *invite.Keeper
	c     guestlist.CampaignID

	inviter guestlist.Inviter   // of campaigns; the zero one is the system
	digests []guestlist.Message // that were sent
}

func eachDrive(t *testing.T, fn func(d *drive)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			clock := storetest.NewClock(time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC))
			st := storetest.Open(t, engine, clock.Now)
			d := &drive{t: t, st: st, clock: clock, keep: &invite.Keeper{}, pump: &invite.Pump{Store: st, Endpoint: "https://door.example"}}
			d.do(store.Seed)
			fn(d)
		})
	}
}

func (d *drive) do(fn func(*store.Tx) error) {
	d.t.Helper()
	if err := d.st.Update(context.Background(), fn); err != nil {
		d.t.Fatal(err)
	}
}

// campaign makes a campaign of n guests that is ready to be sent.
func (d *drive) campaign(c guestlist.Campaign, n int) {
	d.t.Helper()
	if d.inviter.Type == "" {
		d.inviter = guestlist.Inviter{Type: guestlist.InviterSystem, Authority: guestlist.AuthorityHost}
	}
	host := invite.Host{Inviter: d.inviter, Scopes: []string{guestlist.ScopeAll}}
	d.do(func(tx *store.Tx) error {
		if c.Name = "Launch"; c.Locale == "" {
			c.Locale = "en"
		}
		row, err := host.NewCampaign(tx, c)
		if err != nil {
			return err
		}
		d.c = row.ID
		if err := tx.InsertCampaign(row, ""); err != nil {
			return err
		}
		rows := make([]invite.ImportRow, n)
		for i := range rows {
			rows[i] = invite.ImportRow{Line: i + 2, Email: fmt.Sprintf("guest%d@example.com", i)}
		}
		imp := invite.Importer{Host: host, Campaign: row}
		ready, err := imp.Prepare(tx, rows)
		if err != nil {
			return err
		}
		if _, err := imp.Issue(tx, ready); err != nil {
			return err
		}
		row.State = guestlist.CampaignImporting
		invite.FinishImport(tx, &row)
		return tx.UpdateCampaign(row)
	})
}

// run pumps and keeps, and then says of every message that waits that it was
// sent. It returns how many mails of which kind that were.
func (d *drive) run() map[guestlist.TemplateType]int {
	d.t.Helper()
	sent := map[guestlist.TemplateType]int{}
	for range 3 {
		if err := d.pump.Run(context.Background()); err != nil {
			d.t.Fatal(err)
		}
		for lane := range 2 {
			d.do(func(tx *store.Tx) error {
				jobs, err := tx.ClaimJobs([]string{"message.send/email/invitations", "message.send/email"}[lane], tx.Now.Add(time.Minute), 10_000)
				if err != nil {
					return err
				}
				var done []store.JobResult
				for _, j := range jobs {
					m := messageOf(d.t, j)
					if sent[m.Type]++; m.Type == guestlist.TemplateInvitationDigest {
						d.digests = append(d.digests, m)
					}
					if link, _ := m.Payload["link"].(string); m.Type != guestlist.TemplateInvitationDigest && !strings.HasPrefix(link, "https://door.example/i/"+string(m.InvitationID)) {
						d.t.Errorf("%s has the link %q", m.ID, link)
					}
					if err := tx.PutMessage(m, store.MessageState{Status: store.MessageSent, Attempts: 1}); err != nil {
						return err
					}
					done = append(done, store.JobResult{ID: j.ID, Lease: j.Lease, State: store.JobDone})
				}
				_, err = tx.FinishJobs(done)
				return err
			})
		}
	}
	if err := d.keep.Run(context.Background(), d.st); err != nil {
		d.t.Fatal(err)
	}
	return sent
}

func (d *drive) campaignNow() store.Campaign {
	d.t.Helper()
	var c store.Campaign
	if err := d.st.View(context.Background(), func(tx *store.Tx) error {
		var err error
		c, err = tx.Campaign(d.c)
		return err
	}); err != nil {
		d.t.Fatal(err)
	}
	return c
}

func (d *drive) report() guestlist.CampaignReport {
	d.t.Helper()
	var r guestlist.CampaignReport
	if err := d.st.View(context.Background(), func(tx *store.Tx) error {
		c, err := tx.Campaign(d.c)
		if err != nil {
			return err
		}
		r, err = invite.Report(tx, c)
		return err
	}); err != nil {
		d.t.Fatal(err)
	}
	return r
}

func (d *drive) expect(what string, want map[guestlist.TemplateType]int) {
	d.t.Helper()
	if got := d.run(); cmp.Diff(want, got) != "" {
		d.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

const first, reminder = guestlist.TemplateInvitation, guestlist.TemplateInvitationReminder

func TestCampaignLeavesInWavesAndPauses(t *testing.T) {
	eachDrive(t, func(d *drive) {
		none := map[guestlist.TemplateType]int{}
		d.campaign(guestlist.Campaign{Waves: guestlist.CampaignWaves{Size: 4, Interval: 3600, FromHour: 9, ToHour: 11}}, 16)
		d.expect("the first wave", map[guestlist.TemplateType]int{first: 4})
		d.expect("the same moment", none)
		d.clock.Advance(59 * time.Minute)
		d.expect("before its hour is over", none)
		d.clock.Advance(time.Minute)
		d.expect("the second wave", map[guestlist.TemplateType]int{first: 4})
		d.clock.Advance(time.Hour)
		d.expect("after the hours of the day", none)
		d.do(func(tx *store.Tx) error {
			c, err := tx.CampaignForUpdate(d.c)
			if err != nil {
				return err
			}
			return invite.PauseCampaign(tx, &c)
		})
		d.clock.Advance(22 * time.Hour)
		d.expect("while it pauses", none)
		d.do(func(tx *store.Tx) error {
			c, err := tx.CampaignForUpdate(d.c)
			if err != nil {
				return err
			}
			return invite.ResumeCampaign(tx, &c)
		})
		d.expect("when it goes on, one wave and not all that it missed", map[guestlist.TemplateType]int{first: 4})
		if r := d.report(); r.Queued != 4 || r.Sent != 12 || r.Imported != 16 {
			t.Errorf("%+v", r)
		}
		d.clock.Advance(time.Hour)
		d.expect("the last wave", map[guestlist.TemplateType]int{first: 4})
		d.expect("afterwards", none)
		if c := d.campaignNow(); c.State != guestlist.CampaignFinished || c.WavesSent != 4 || c.FinishedAt == nil {
			t.Errorf("%+v", c)
		}
		if diff := cmp.Diff(guestlist.CampaignReport{Imported: 16, Sent: 16}, d.report()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRemindersComeUntilTheInvitationIsOver(t *testing.T) {
	eachDrive(t, func(d *drive) {
		day := 24 * time.Hour
		d.campaign(guestlist.Campaign{Terms: guestlist.InvitationTerms{
			TTL: 10 * 24 * 3600, RemindAfter: []int{2, 4}, RemindBeforeEnd: []int{1},
		}}, 5)
		d.expect("first mails", map[guestlist.TemplateType]int{first: 5})
		d.do(func(tx *store.Tx) error { // one declines, and one is taken back
			list, _, err := tx.Invitations(store.InvitationFilter{Campaign: d.c}, store.Page{Limit: 10})
			if err != nil {
				return err
			}
			if ok, err := tx.DeclineInvitation(list[0].ID); err != nil || !ok {
				return fmt.Errorf("declined: %v %w", ok, err)
			}
			_, err = tx.RevokeInvitation(list[1].ID, "")
			return err
		})
		d.clock.Advance(2*day + time.Minute)
		d.expect("after two days", map[guestlist.TemplateType]int{reminder: 3})
		d.expect("the same moment", map[guestlist.TemplateType]int{})
		d.do(func(tx *store.Tx) error {
			c, err := tx.CampaignForUpdate(d.c)
			if err != nil {
				return err
			}
			c.State = guestlist.CampaignPaused // as if it still had something to send
			return tx.UpdateCampaign(c)
		})
		d.clock.Advance(2 * day)
		d.expect("while it pauses", map[guestlist.TemplateType]int{})
		d.do(func(tx *store.Tx) error {
			c, err := tx.CampaignForUpdate(d.c)
			if err != nil {
				return err
			}
			c.State = guestlist.CampaignFinished
			return tx.UpdateCampaign(c)
		})
		d.expect("after four days", map[guestlist.TemplateType]int{reminder: 3})
		d.clock.Advance(5 * day)
		d.expect("a day before the end", map[guestlist.TemplateType]int{reminder: 3})
		d.clock.Advance(2 * day)
		d.expect("after the end", map[guestlist.TemplateType]int{})
		if diff := cmp.Diff(guestlist.CampaignReport{Imported: 5, Sent: 5, Declined: 1, Revoked: 1, Expired: 3}, d.report()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPumpHandsOverNoMoreThanTheSendersTakeSoon(t *testing.T) {
	eachDrive(t, func(d *drive) {
		d.pump.MostWaiting = 100
		d.campaign(guestlist.Campaign{}, 350)
		for range 3 {
			if err := d.pump.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.st.View(context.Background(), func(tx *store.Tx) error {
			n, err := tx.MessagesWaiting(guestlist.ChannelEmail, 1000)
			if n != 100 {
				t.Errorf("%d mails wait", n)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestInviterIsToldHowACampaignStands(t *testing.T) {
	eachDrive(t, func(d *drive) {
		email := "host@example.com"
		d.do(func(tx *store.Tx) error {
			return tx.InsertUser(guestlist.User{ID: "host00000000", PrimaryEmail: &email, CreatedAt: tx.Now, UpdatedAt: tx.Now}, nil)
		})
		d.campaign(guestlist.Campaign{Digest: invite.DigestDaily, Terms: guestlist.InvitationTerms{TTL: 36 * 3600}}, 3)
		d.expect("first mails", map[guestlist.TemplateType]int{first: 3})
		d.clock.Advance(24 * time.Hour)
		d.expect("a machine's campaign after a day", map[guestlist.TemplateType]int{})
		if c := d.campaignNow(); c.DigestAt == nil || c.DigestAt.Std() != d.clock.Now().Add(24*time.Hour) {
			t.Errorf("the next digest is at %v", c.DigestAt)
		}
		d.clock.Advance(24 * time.Hour)
		d.expect("after all are over", map[guestlist.TemplateType]int{})
		if c := d.campaignNow(); c.DigestAt != nil {
			t.Errorf("there is another digest at %v", c.DigestAt.Std())
		}
	})
}

func messageOf(t *testing.T, j store.ClaimedJob) guestlist.Message {
	t.Helper()
	var m guestlist.Message
	if err := json.Unmarshal(j.Payload, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestDigestLeadsAPersonToTheCampaign(t *testing.T) {
	eachDrive(t, func(d *drive) {
		email := "host@example.com"
		d.do(func(tx *store.Tx) error {
			return tx.InsertUser(guestlist.User{ID: "host00000000", PrimaryEmail: &email, CreatedAt: tx.Now, UpdatedAt: tx.Now}, nil)
		})
		d.keep.Endpoint = "https://door.example"
		d.inviter = guestlist.Inviter{Type: guestlist.InviterUser, ID: "host00000000", Authority: guestlist.AuthorityHost}
		d.campaign(guestlist.Campaign{Digest: invite.DigestDaily, Terms: guestlist.InvitationTerms{TTL: 10 * 24 * 3600}}, 3)
		d.run()
		d.clock.Advance(24 * time.Hour)
		d.run() // the keeper writes it
		d.run()
		if len(d.digests) != 1 {
			d.t.Fatalf("%d digests", len(d.digests))
		}
		m := d.digests[0]
		if m.To != email || m.Payload["link"] != "https://door.example/console/campaigns/"+string(d.c) || m.Payload["sent"] != float64(3) || m.Payload["campaign"] != "Launch" {
			d.t.Errorf("to %s: %v", m.To, m.Payload)
		}
	})
}

// TestMailsOfCampaignsCountToTheDayOfTheirRecipients: who had enough today gets
// the mail tomorrow, and the campaign ends then.
func TestMailsOfCampaignsCountToTheDayOfTheirRecipients(t *testing.T) {
	eachDrive(t, func(d *drive) {
		guest := guestlist.Invitation{Kind: guestlist.InvitationPersonal, RecipientEmail: "guest1@example.com"}
		d.do(func(tx *store.Tx) error {
			for range guestlist.MaxInvitationSendsPerDay - 1 {
				if err := invite.CountSend(tx, guest); err != nil {
					return err
				}
			}
			return nil
		})
		terms := guestlist.InvitationTerms{TTL: 10 * 24 * 3600}
		d.campaign(guestlist.Campaign{Terms: terms}, 3)
		d.expect("the last mail of the day", map[guestlist.TemplateType]int{first: 3})
		d.do(func(tx *store.Tx) error { // once the first are answered, the guests are invited again
			list, _, err := tx.Invitations(store.InvitationFilter{Campaign: d.c}, store.Page{Limit: 10})
			for _, i := range list {
				if _, err := tx.DeclineInvitation(i.ID); err != nil {
					return err
				}
			}
			return err
		})
		d.campaign(guestlist.Campaign{Terms: terms, Waves: guestlist.CampaignWaves{FromHour: 10, ToHour: 12}}, 3)
		d.clock.Advance(time.Hour)
		d.expect("one too many", map[guestlist.TemplateType]int{first: 2})
		if c := d.campaignNow(); c.State != guestlist.CampaignSending {
			t.Error("with a mail to be sent the campaign is", c.State)
		}
		if r := d.report(); r.Queued != 1 || r.Sent != 2 {
			t.Errorf("%+v", r)
		}
		d.clock.Advance(23 * time.Hour)
		d.expect("a day after, before the hours of the campaign", map[guestlist.TemplateType]int{})
		d.clock.Advance(time.Hour)
		d.expect("in its hours", map[guestlist.TemplateType]int{first: 1})
		if c := d.campaignNow(); c.State != guestlist.CampaignFinished {
			t.Error("after its last mail the campaign is", c.State)
		}
		if diff := cmp.Diff(guestlist.CampaignReport{Imported: 3, Sent: 3}, d.report()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestImportsStopWhereTheSettingsSay holds the verdicts of a dry run to what
// becomes of the rows.
func TestImportsStopWhereTheSettingsSay(t *testing.T) {
	guests(t, func(t *testing.T, st *store.Store, clock *storetest.Clock) {
		email := "host@example.com"
		host := invite.Host{
			Inviter: guestlist.Inviter{Type: guestlist.InviterUser, ID: "host00000000", Authority: guestlist.AuthorityHost}, Scopes: []string{guestlist.ScopeAll},
		}
		issue := func(h invite.Host, email string) error {
			return st.Update(context.Background(), func(tx *store.Tx) error {
				_, err := h.IssueInvitation(tx, invite.InvitationOrder{Email: email, Terms: guestlist.InvitationTerms{TTL: 3600}})
				return err
			})
		}
		limit := func(all, each int) {
			do(t, st, func(tx *store.Tx) error {
				s := guestlist.DefaultInvitationSettings()
				s.MaxOpen, s.MaxOpenPerInviter = all, each
				return invite.PutSettings(tx, s)
			})
		}
		do(t, st, func(tx *store.Tx) error {
			return tx.InsertUser(guestlist.User{ID: "host00000000", PrimaryEmail: &email, CreatedAt: tx.Now, UpdatedAt: tx.Now}, nil)
		})
		var made guestlist.CampaignID
		rows := func(n int) (list []invite.ImportRow) {
			for i := range n {
				list = append(list, invite.ImportRow{Line: i + 1, Email: fmt.Sprintf("guest%d@example.com", i)})
			}
			return append(list, invite.ImportRow{Line: n + 1, Email: "GUEST0@example.com"}, invite.ImportRow{Line: n + 2, Email: "known@example.com"})
		}
		verdicts := func(what string, list []invite.ImportRow, want string) {
			t.Helper()
			var foreseen, issued []guestlist.RowVerdict
			do(t, st, func(tx *store.Tx) error {
				row, err := host.NewCampaign(tx, guestlist.Campaign{Name: "Launch"})
				if err != nil {
					return err
				}
				made = row.ID
				if err := tx.InsertCampaign(row, ""); err != nil {
					return err
				}
				dry, imp := invite.Importer{Host: host, Campaign: row}, invite.Importer{Host: host, Campaign: row}
				for part := list; len(part) > 0; part = part[min(3, len(part)):] {
					reports, err := dry.Foresee(tx, part[:min(3, len(part))])
					if err != nil {
						return err
					}
					for _, r := range reports {
						foreseen = append(foreseen, r.Verdict)
					}
				}
				ready, err := imp.Prepare(tx, list)
				if err != nil {
					return err
				}
				kept, err := imp.Issue(tx, ready)
				if err != nil {
					return err
				}
				reports, err := kept.Reports(tx, made, func(error) string { return "" })
				for _, r := range reports {
					issued = append(issued, r.Verdict)
				}
				return err
			})
			text := func(list []guestlist.RowVerdict) string { return strings.Trim(fmt.Sprint(list), "[]") }
			if text(foreseen) != want || text(issued) != want {
				t.Errorf("%s:\nforeseen %v\nissued   %v\nwant     %s", what, foreseen, issued, want)
			}
		}
		if err := issue(host, "known@example.com"); err != nil {
			t.Fatal(err)
		}
		limit(0, 3)
		verdicts("with room for two", rows(4), "new new over_quota over_quota duplicate already_pending")
		if err := issue(host, "more@example.com"); !errors.Is(err, invite.ErrTooManyOpen) {
			t.Error("one more of the same host:", err)
		}
		if err := issue(owner, "other@example.com"); err != nil {
			t.Error("of another inviter:", err)
		}
		limit(4, 0)
		if err := issue(owner, "more@example.com"); !errors.Is(err, invite.ErrTooManyOpen) {
			t.Error("one more than there may be:", err)
		}
		limit(5, 0)
		verdicts("with room for one", rows(3), "already_pending already_pending new already_pending already_pending")
		do(t, st, func(tx *store.Tx) error {
			list, _, err := tx.Invitations(store.InvitationFilter{Campaign: made}, store.Page{Limit: 10})
			if err != nil || len(list) != 1 {
				return fmt.Errorf("%d in the campaign: %w", len(list), err)
			}
			_, err = host.RevokeInvitation(tx, list[0].ID, "")
			return err
		})
		if err := issue(owner, "more@example.com"); err != nil {
			t.Error("after one was taken back:", err)
		}
		clock.Advance(2 * time.Hour)
		do(t, st, func(tx *store.Tx) error { _, err := tx.ExpireInvitations(10); return err })
		limit(2, 0) // those of the campaign are open still
		do(t, st, func(tx *store.Tx) error {
			list, _, err := tx.Invitations(store.InvitationFilter{Status: guestlist.InvitationExpired}, store.Page{Limit: 10})
			if err != nil || len(list) != 3 {
				return fmt.Errorf("%d expired: %w", len(list), err)
			}
			if _, err := host.Resend(tx, list[0].ID, false); !errors.Is(err, invite.ErrTooManyOpen) {
				t.Error("opened again:", err)
			}
			return nil
		})
	})
}
