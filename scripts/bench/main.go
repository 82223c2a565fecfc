// Command bench measures how fast the real program is and how small, and
// prints the tables of docs/performance.md.
//
//	make bench
//	go run ./scripts/bench -engines sqlite -only token
//
// It promises that the real binary is measured, over HTTP on keep-alive
// connections, on a SQLite file and on a PostgreSQL that writes to its disk
// before it answers; that the floor (bare signing, bare hashing) is measured
// in the same run; and that each figure is the best of several rounds, of
// which one is told about whole: a shared machine is only ever too slow.
//
// The generator runs beside the server on the same cores. So two rates are
// told: what was seen, and what the server could keep up on these cores with
// nobody else on them, by the processor time that the kernel counted for it.
//
// It refuses to know what is fast enough for anybody: the goals in its tables
// are those of the product, and a missed one is printed as missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	engines []string
	lasting time.Duration
	rounds  int
	only    *regexp.Regexp
	rows    int
	guests  int
	binary  string
}

func main() {
	var o options
	engines := flag.String("engines", "sqlite,postgres", "engines to measure")
	only := flag.String("only", "", "regular expression of the loads to measure; all if empty")
	flag.DurationVar(&o.lasting, "lasting", 3*time.Second, "length of one round")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds of which the best counts")
	flag.IntVar(&o.rows, "rows", manyRows, "users and log lines of the large site")
	flag.IntVar(&o.guests, "guests", 1_000_000, "rows of the large campaign")
	flag.StringVar(&o.binary, "binary", "", "program to measure; built if empty")
	helloAt := flag.String("hello", "", "serve nothing but a greeting at this address; for the bench itself")
	flag.Parse()
	o.engines, o.only = strings.Split(*engines, ","), regexp.MustCompile(*only)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	act := func() error { return run(ctx, o) }
	if *helloAt != "" {
		act = func() error { return hello(*helloAt) }
	}
	if err := act(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// The sizes of the two sites whose lists are compared.
const (
	fewRows  = 1_000
	manyRows = 100_000
)

func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "guestlist-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	t := &report{out: os.Stdout, cores: runtime.GOMAXPROCS(0)}
	if o.binary == "" {
		o.binary = filepath.Join(dir, "guestlist")
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", o.binary, "./cmd/guestlist") //nolint:gosec // the path is in a directory that was made above
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build: %w: %s", err, out)
		}
	}
	t.begin(o)
	if err := t.bareServer(ctx, o); err != nil {
		return err
	}
	for _, engine := range o.engines {
		if err := t.engine(ctx, o, engine); err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
	}
	return t.size(o.binary)
}

// engine measures everything on one engine, on a site with few rows and one
// with many.
func (t *report) engine(ctx context.Context, o options, engine string) (err error) {
	var sites [2]*site
	var imported sample
	defer func() {
		for _, s := range sites {
			if s != nil {
				err = errors.Join(err, s.remove())
			}
		}
	}()
	for i, rows := range []int{fewRows, o.rows} {
		if sites[i], err = newSite(ctx, o.binary, engine); err != nil {
			return err
		}
		if imported, err = sites[i].fill(ctx, rows); err != nil {
			return err
		}
	}
	small, large := sites[0], sites[1]
	t.table(engine)
	t.bulk(imported)
	if err := t.loads(o, large); err != nil {
		return err
	}
	if err := t.lists(o, small, large); err != nil {
		return err
	}
	if err := t.page(large); err != nil {
		return err
	}
	if err := t.invitations(ctx, o, small); err != nil {
		return err
	}
	return t.process(ctx, large)
}
