package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"time"
)

// report measures and prints, one Markdown table after another.
type report struct {
	out   io.Writer
	cores int
}

func (t *report) print(format string, args ...any) { fmt.Fprintf(t.out, format, args...) }

func (t *report) begin(o options) {
	t.print("%s, %d cores, %d connections, best of %d rounds of %v. Load average before: %s\n",
		time.Now().Format(time.DateOnly), t.cores, connections, o.rounds, o.lasting, loadAverage())
}

func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return string(bytes.TrimSpace(text))
}

// bareServer measures a server that only greets.
func (t *report) bareServer(ctx context.Context, o options) error {
	s, err := newHello()
	if err != nil {
		return err
	}
	if _, err := s.run(ctx, "-hello", s.address); err != nil {
		return err
	}
	t.table("A bare net/http server, for comparison")
	var best sample
	for range o.rounds {
		got, err := drive(s, get("greeting", "/", 0), o.lasting)
		if err != nil {
			return errors.Join(err, s.cmd.Process.Kill())
		}
		best = better(best, got)
	}
	t.row("greeting", best)
	err = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it was killed
	return err
}

// better returns the sample with the higher rate.
func better(a, b sample) sample {
	if a.elapsed == 0 || b.elapsed != 0 && b.rate() > a.rate() {
		return b
	}
	return a
}

// table begins a table of loads.
func (t *report) table(title string) {
	t.print("\n### %s\n\nLoad average: %s\n\n| what | seen/s | p50 ms | p99 ms | p99/p50 | server CPU µs | could keep up/s |\n|---|---|---|---|---|---|---|\n",
		title, loadAverage())
}

// loads measures what the goals name, and the floors beside it.
func (t *report) loads(o options, s *site) error {
	sign, err := signing()
	if err != nil {
		return err
	}
	list := served(sign, hashPassword)
	best := make([]sample, len(list))
	for range o.rounds {
		for i, l := range list {
			if !o.only.MatchString(l.name) {
				continue
			}
			got, err := t.besideFloor(o, s, l)
			if err != nil {
				return err
			}
			best[i] = better(best[i], got)
		}
	}
	for i, l := range list {
		if best[i].ops > 0 {
			t.row(l.name, best[i])
		}
	}
	t.floors(list, best)
	return nil
}

// besideFloor measures the floor of a load right before and right after it: a
// shared machine is not as fast now as a minute ago.
func (t *report) besideFloor(o options, s *site, l load) (sample, error) {
	if l.bare == nil {
		return drive(s, l, o.lasting)
	}
	before, err := measureFloor(t.cores, o.lasting/floorPart, l.bare)
	if err != nil {
		return sample{}, err
	}
	got, err := drive(s, l, o.lasting)
	if err != nil {
		return sample{}, err
	}
	after, err := measureFloor(t.cores, o.lasting/floorPart, l.bare)
	got.bare = &floor{before.one.plus(after.one), before.all.plus(after.all)}
	return got, err
}

// floorPart makes measurements of floors shorter: there are four to a load.
const floorPart = 3

// floors prints what no server can beat.
func (t *report) floors(list []load, best []sample) {
	t.print("\n| floor of | per second, one core | all cores | by processor time, times %d | server by processor time | server as seen |\n|---|---|---|---|---|---|\n", t.cores)
	for i, l := range list {
		if f, s := best[i].bare, best[i]; f != nil {
			t.print("| %s | %.0f | %.0f | %.0f | %.0f %% | %.0f %% |\n", l.name, f.one.rate(), f.all.rate(), f.all.sustained(t.cores),
				s.sustained(t.cores)/f.all.sustained(t.cores)*percent, s.rate()/f.all.rate()*percent)
		}
	}
}

func (t *report) row(name string, s sample) {
	t.print("| %s | %.0f | %s | %s | %.1f | %.0f | %.0f |\n", name, s.rate(), ms(s.p50), ms(s.p99),
		float64(s.p99)/float64(max(s.p50, 1)), s.cpuEach(), s.sustained(t.cores))
}

const percent = 100

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()*1000) }

func (t *report) bulk(s sample) {
	if s.ops > 0 {
		t.print("| create users in bulk, %d in one request | %.0f | | | | %.1f | %.0f |\n", s.ops, s.rate(), s.cpuEach(), s.sustained(t.cores))
	}
}

// lists compares lists of few rows with lists of many. The sites take turns,
// so that a noisy neighbour disturbs both.
func (t *report) lists(o options, small, large *site) error {
	t.print("\n| list | %d rows/s | %d rows/s | p50 ms | p50 ms | p99/p50 | server CPU µs, few and many | times slower, by time seen | by CPU |\n|---|---|---|---|---|---|---|---|---|\n", fewRows, o.rows)
	for _, l := range lists {
		if !o.only.MatchString(l.name) {
			continue
		}
		var few, many sample
		for range o.rounds {
			a, err := drive(small, l, o.lasting/listPart)
			if err != nil {
				return err
			}
			b, err := drive(large, l, o.lasting/listPart)
			if err != nil {
				return err
			}
			few, many = better(few, a), better(many, b)
		}
		t.print("| %s | %.0f | %.0f | %s | %s | %.1f | %.0f, %.0f | %.2f | %.2f |\n", l.name, few.rate(), many.rate(), ms(few.p50), ms(many.p50),
			float64(many.p99)/float64(max(many.p50, 1)), few.cpuEach(), many.cpuEach(), few.rate()/many.rate(), many.cpuEach()/few.cpuEach())
	}
	return nil
}

// listPart makes rounds of lists shorter: there are two sites of each.
const listPart = 2

// cpuEach is the server's processor time for one operation in microseconds.
func (s sample) cpuEach() float64 { return float64(s.cpu.Microseconds()) / float64(max(s.ops, 1)) }

var asset = regexp.MustCompile(`(?:href|src)="(/assets/[^"]+)"`)

// page counts the bytes of the sign-in page with everything that it loads, as
// a browser transfers them.
func (t *report) page(s *site) error {
	w, err := dial(s.address)
	if err != nil {
		return err
	}
	defer w.close()
	g := &guest{site: s, wire: w, jar: jar{}}
	path, err := g.begin()
	if err != nil {
		return err
	}
	plain, err := w.succeed(request(http.MethodGet, path, "", g.jar.header()))
	if err != nil {
		return err
	}
	paths := []string{path}
	for _, match := range asset.FindAllSubmatch(plain.body, -1) {
		paths = append(paths, string(match[1]))
	}
	raw, zipped := 0, 0
	for _, p := range slices.Compact(paths) {
		for _, accept := range []string{"", "Accept-Encoding: gzip"} {
			a, err := w.succeed(request(http.MethodGet, p, "", g.jar.header(), accept))
			if err != nil {
				return err
			}
			if accept == "" {
				raw += a.bytes
			} else {
				zipped += a.bytes
			}
		}
	}
	t.print("\nSign-in page with its %d assets: %.1f kB transferred, %.1f kB unpacked.\n", len(paths)-1, kilo(zipped), kilo(raw))
	return nil
}

func kilo(n int) float64 { return float64(n) / 1000 }

// starts is how many starts are measured, and idleAfter how long nothing
// happens before memory is looked at.
const (
	starts    = 15
	idleAfter = 5 * time.Second
)

// process measures starts on the existing database and memory.
func (t *report) process(ctx context.Context, s *site) error {
	idle(ctx)
	after, err := residentOf(s.pid())
	if err != nil {
		return err
	}
	var times []time.Duration
	for range starts {
		if err := s.stop(); err != nil {
			return err
		}
		took, err := s.start(ctx)
		if err != nil {
			return err
		}
		times = append(times, took)
	}
	slices.Sort(times)
	idle(ctx)
	fresh, err := residentOf(s.pid())
	t.print("Start to first healthy answer: best %s ms, median %s ms of %d. Resident: %.1f MB idle, %.1f MB %v after the loads.\n",
		ms(times[0]), ms(percentile(times, 50)), starts, mega(fresh), mega(after), idleAfter)
	return err
}

func idle(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(idleAfter):
	}
}

func mega(n int64) float64 { return float64(n) / 1e6 }

func (t *report) size(binary string) error {
	info, err := os.Stat(binary)
	if err == nil {
		t.print("\nBinary: %.1f MB.\n", mega(info.Size()))
	}
	return err
}
