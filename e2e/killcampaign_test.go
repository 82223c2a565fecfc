package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"guestlist"
)

// What is under way when the server is killed.
const (
	killedRows = 30_000
	killedWave = 400
	beforeKill = 100 // mails
)

// TestKilledServerLosesNoGuestOfACampaign kills the real process while rows are
// uploaded, while they become invitations, and while these are mailed, and
// starts it again on the same data. In the end every row is one invitation,
// every guest of the first wave was mailed under one id, and the report says so.
func TestKilledServerLosesNoGuestOfACampaign(t *testing.T) {
	t.Parallel()
	var both sync.WaitGroup
	for _, engine := range engines { // together: they mostly wait
		both.Go(func() {
			t.Run(engine, func(t *testing.T) { newMailing(t, engine).run(t) })
		})
	}
	both.Wait()
}

// mailing is a campaign of an installation that is killed again and again.
type mailing struct {
	*mortal
	sink *sink
	id   guestlist.CampaignID
}

func newMailing(t *testing.T, engine string) *mailing {
	m := &mailing{mortal: newMortal(t, engine, 1), sink: newSink(t, 0)}
	m.connectSMTP(m.sink.host, m.sink.port)
	return m
}

func guestOfRow(i int) string { return fmt.Sprintf("guest%05d@example.com", i) }

// upload sends the rows under one key; stop, if not nil, is called in the middle
// of them. It returns the campaign, if there was an answer.
func (m *mailing) upload(t *testing.T, stop func()) (guestlist.Campaign, bool) {
	t.Helper()
	body, rows := io.Pipe()
	go func() {
		_, err := io.WriteString(rows, "email,name\n")
		for i := 0; i < killedRows && err == nil; i++ {
			if _, err = fmt.Fprintf(rows, "%s,Guest %d\n", guestOfRow(i), i); stop != nil && i == killedRows/2 {
				stop()
			}
		}
		rows.CloseWithError(err)
	}()
	req := m.request(http.MethodPost, "/api/invitations/batch?name=Launch&waves=%7B%22size%22:"+strconv.Itoa(killedWave)+",%22interval%22:86400%7D", body)
	req.Header.Set("Authorization", "Bearer "+m.token)
	req.Header.Set("Content-Type", "text/csv")
	req.Header.Set("Idempotency-Key", "launch")
	var c guestlist.Campaign
	res, err := machine.Do(req)
	if err != nil {
		return c, false
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return c, false
	}
	if res.StatusCode != http.StatusCreated && res.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", res.StatusCode, text)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c, true
}

// await looks at the campaign until it is as wished.
func (m *mailing) await(t *testing.T, what string, ok func(guestlist.Campaign) bool) {
	t.Helper()
	waitFor(t, what, awaitEvery, time.After(recoveredWithin), func() bool {
		var c guestlist.Campaign
		m.api("GET", "/invitation-campaigns/"+string(m.id), nil, 200, &c)
		return ok(c)
	})
}

func (m *mailing) run(t *testing.T) {
	if _, ok := m.upload(t, func() { m.killAndStart(0) }); ok {
		t.Error("an upload was answered whose server was killed")
	}
	c, ok := m.upload(t, nil)
	if !ok {
		t.Fatal("the rows could not be sent again")
	}
	m.id = c.ID
	m.await(t, "it is half imported", func(c guestlist.Campaign) bool { return c.Done > 0 })
	m.killAndStart(0)
	again, ok := m.upload(t, nil)
	if !ok || again.ID != m.id {
		t.Errorf("the same rows under the same key are another campaign: %s", again.ID)
	}
	m.await(t, "it is imported", func(c guestlist.Campaign) bool { return c.Done == killedRows && c.StartedAt != nil })
	m.mailsUntil(t, beforeKill)
	m.killAndStart(0)
	ids := m.mailsUntil(t, killedWave)
	m.await(t, "the first wave is over", func(c guestlist.Campaign) bool { return c.WavesSent == 1 })
	m.books(t, ids)
	m.unharmed(t)
}

// mailsUntil waits until so many guests have a mail, and returns the ids of the
// mails of each.
func (m *mailing) mailsUntil(t *testing.T, n int) map[string][]string {
	t.Helper()
	deadline := time.After(recoveredWithin)
	for {
		ids, _, more := m.sink.arrived()
		if len(ids) >= n {
			return ids
		}
		select {
		case <-more:
		case <-deadline:
			t.Fatalf("%d guests have a mail, of %d", len(ids), n)
		}
	}
}

// books holds what is written down against what arrived.
func (m *mailing) books(t *testing.T, ids map[string][]string) {
	for to, list := range ids {
		for _, id := range list {
			if id != list[0] || id == "" {
				t.Errorf("%s got %v", to, list)
			}
		}
	}
	want := guestlist.CampaignReport{Imported: killedRows, Queued: killedRows - killedWave, Sent: killedWave}
	waitFor(t, fmt.Sprintf("the report is %+v", want), awaitEvery, time.After(recoveredWithin), func() bool {
		var r guestlist.CampaignReport
		m.api("GET", "/invitation-campaigns/"+string(m.id)+"/report", nil, 200, &r)
		return r == want
	})
	req := m.request(http.MethodGet, "/api/invitation-campaigns/"+string(m.id)+"/rows.csv", nil)
	req.Header.Set("Authorization", "Bearer "+m.token)
	res, err := machine.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	invitations := map[string]bool{}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")[1:]
	for i, line := range lines {
		cells := strings.Split(strings.TrimSpace(line), ",")
		if cells[0] != strconv.Itoa(i+2) || cells[1] != "new" || cells[2] != guestOfRow(i) || invitations[cells[3]] {
			t.Fatalf("row %d: %s", i, line)
		}
		invitations[cells[3]] = true
	}
	if len(invitations) != killedRows {
		t.Errorf("%d invitations", len(invitations))
	}
	var list []guestlist.Campaign
	if m.api("GET", "/invitation-campaigns", nil, 200, &list); len(list) != 1 {
		t.Errorf("%d campaigns", len(list))
	}
}
