package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"
)

// What is imported and sent to see how fast that is.
const (
	fewGuests   = 10_000
	mailed      = 5_000
	campaignFor = 15 * time.Minute // at most
	looksEvery  = 100 * time.Millisecond
)

// campaign is how a campaign went.
type campaign struct {
	sample
	id         string
	idle, peak int64 // resident bytes before, and the most meanwhile
}

// invitations measures an import of few rows and of many, and how fast mails
// reach a mail server on the same machine.
func (t *report) invitations(ctx context.Context, o options, s *site) error {
	if !o.only.MatchString("invitations") {
		return nil
	}
	t.print("\n### Invitations\n\nLoad average: %s\n\n| what | seen/s | server CPU µs | could keep up/s | resident MB before, most |\n|---|---|---|---|---|\n", loadAverage())
	var reads []map[string]time.Duration
	for _, rows := range []int{fewGuests, o.guests} {
		c, err := s.importGuests(ctx, rows)
		if err != nil {
			return err
		}
		r, err := s.readInvitations(ctx, c.id)
		if err != nil {
			return err
		}
		reads = append(reads, r)
		t.print("| import of %d rows | %.0f | %.1f | %.0f | %d, %d |\n", rows, c.rate(), c.cpuEach(), c.sustained(t.cores), c.idle>>20, c.peak>>20)
	}
	c, err := s.mailGuests(ctx)
	if err != nil {
		return err
	}
	t.print("| mails to a local server | %.0f | %.0f | %.0f | %d, %d |\n", c.rate(), c.cpuEach(), c.sustained(t.cores), c.idle>>20, c.peak>>20)
	t.print("\n| read | after %d rows | after %d more | times (goal 2) |\n|---|---|---|---|\n", fewGuests, o.guests)
	for _, name := range slices.Sorted(maps.Keys(reads[0])) {
		few, many := reads[0][name], reads[1][name]
		t.print("| %s | %.2f ms | %.2f ms | %.2f |\n", name, milliseconds(few), milliseconds(many), float64(many)/float64(few))
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// readsOfEach is how often each list is read; the median counts.
const readsOfEach = 101

// readInvitations reads lists and reports of invitations, and returns how long
// each took.
func (s *site) readInvitations(ctx context.Context, campaign string) (map[string]time.Duration, error) {
	soon := strconv.FormatInt(time.Now().Add(24*time.Hour).UnixMilli(), 10)
	const list = "/api/invitations?page_size=20"
	took := map[string]time.Duration{}
	for name, path := range map[string]string{
		"the first page": list, "the hundredth page": list + "&page=100", "pending ones": list + "&status=pending",
		"accepted ones, of which there are none": list + "&status=accepted", "those whose mail waits": list + "&delivery=queued",
		"by the beginning of an address": list + "&email=guest-1-000012", "of a campaign": list + "&campaignId=" + campaign,
		"of an inviter": list + "&inviterId=" + s.machine.ID, "those that end within a day": list + "&expiringBefore=" + soon,
		"codes": list + "&kind=shared", "the report of a campaign": "/api/invitation-campaigns/" + campaign + "/report",
		"the list of campaigns": "/api/invitation-campaigns?page_size=20", "the funnel": "/api/dashboard/invitations",
	} {
		all := make([]time.Duration, readsOfEach)
		for i := range all {
			start := time.Now()
			if err := s.ask(ctx, http.MethodGet, path, nil, new(json.RawMessage)); err != nil {
				return nil, err
			}
			all[i] = time.Since(start)
		}
		slices.Sort(all)
		took[name] = all[readsOfEach/2]
	}
	return took, nil
}

// importGuests imports a campaign that is sent much later, and returns how long
// it took until every row was an invitation.
func (s *site) importGuests(ctx context.Context, rows int) (campaign, error) {
	later := strconv.FormatInt(time.Now().Add(30*24*time.Hour).UnixMilli(), 10)
	return s.campaign(ctx, "?waves=%7B%22startAt%22:"+later+"%7D", rows, func(state string, done int) bool { return state == "sending" && done == rows })
}

// mailGuests sends a campaign to a mail server in this process.
func (s *site) mailGuests(ctx context.Context) (campaign, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return campaign{}, err
	}
	var taken atomic.Int64
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &letters{&taken}, nil }))
	server.Domain = "sink.example"
	go func() { _ = server.Serve(l) }() // until it is closed
	defer func() { _ = server.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return campaign{}, err
	}
	template := func(usage string) string {
		return `{"usageType":"` + usage + `","contentType":"text/plain","subject":"Code","content":"{{code}}"}`
	}
	if err := s.administer([]call{{http.MethodPost, "/api/connectors", `{"connectorId":"simple-mail-transfer-protocol","config":{"host":"127.0.0.1","port":` +
		port + `,"auth":{},"ignoreTLS":true,"fromEmail":"door@shop.example","templates":[` + template("SignIn") + "," + template("Register") + "," +
		template("ForgotPassword") + "," + template("Generic") + `]}}`}}); err != nil {
		return campaign{}, err
	}
	var first, last time.Time
	var before time.Duration
	var all int64
	c, err := s.campaign(ctx, "", mailed, func(string, int) bool {
		n := taken.Load()
		if n > 0 && first.IsZero() {
			first, before, all = time.Now(), cpuOf(s.pid()), n
		}
		last = time.Now()
		return n >= mailed
	})
	if err != nil {
		return c, err
	}
	c.sample = sample{ops: int(taken.Load() - all), elapsed: last.Sub(first), cpu: cpuOf(s.pid()) - before}
	return c, nil
}

// letters is a session that takes every mail.
type letters struct{ taken *atomic.Int64 }

func (*letters) Mail(string, *smtp.MailOptions) error { return nil }
func (*letters) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (*letters) Reset()                               {}
func (*letters) Logout() error                        { return nil }
func (l *letters) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	l.taken.Add(1)
	return err
}

// campaign imports rows in random order and waits until it is through.
func (s *site) campaign(ctx context.Context, query string, rows int, through func(state string, done int) bool) (campaign, error) {
	ctx, cancel := context.WithTimeout(ctx, campaignFor)
	defer cancel()
	s.round++
	run := s.round
	body, lines := io.Pipe()
	go func() {
		buffered := bufio.NewWriterSize(lines, 1<<16)
		fmt.Fprintln(buffered, "email,name,locale")
		const stride = 7_368_787 // a prime: each number comes once
		for n := range rows {
			who := n * stride % rows
			fmt.Fprintf(buffered, "guest-%d-%07d@example.com,Guest %d,en\n", run, who, who)
		}
		lines.CloseWithError(buffered.Flush())
	}()
	var c campaign
	var err error
	if c.idle, err = residentOf(s.pid()); err != nil {
		return c, err
	}
	before, start := cpuOf(s.pid()), time.Now()
	watched := make(chan int64, 1)
	watching, stop := context.WithCancel(ctx)
	go func() { watched <- s.watch(watching) }()
	var made struct {
		ID, State string
		Done      int
		Verdicts  map[string]int
	}
	err = s.ask(ctx, http.MethodPost, "/api/invitations/batch"+query, body, &made)
	for err == nil && !through(made.State, made.Done) {
		time.Sleep(looksEvery) //nolint:forbidigo // looks on, as hosts do
		err = s.ask(ctx, http.MethodGet, "/api/invitation-campaigns/"+made.ID, nil, &made)
	}
	c.id, c.sample = made.ID, sample{ops: rows, elapsed: time.Since(start), cpu: cpuOf(s.pid()) - before}
	stop()
	c.peak = <-watched
	if err == nil && made.Verdicts["new"] != rows {
		err = fmt.Errorf("campaign: %v of %d", made.Verdicts, rows)
	}
	return c, err
}

// watch returns the most resident memory of the program until ctx ends.
func (s *site) watch(ctx context.Context) int64 {
	var most int64
	for ctx.Err() == nil {
		if n, err := residentOf(s.pid()); err == nil {
			most = max(most, n)
		}
		time.Sleep(looksEvery / 4) //nolint:forbidigo // looks on, as hosts do
	}
	return most
}

// ask makes a call of the management API.
func (s *site) ask(ctx context.Context, method, path string, body io.Reader, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.address+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	if body != nil {
		req.Header.Set("Content-Type", "text/csv")
	}
	res, err := http.DefaultClient.Do(req) //nolint:forbidigo // of a server on this machine, for as long as it takes
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode > 299 {
		err = fmt.Errorf("%s %s answered %d: %s", method, path, res.StatusCode, text)
	}
	return errors.Join(err, json.Unmarshal(text, into))
}
