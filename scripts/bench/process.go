package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"guestlist/internal/store/storetest/pgcluster"
)

// ticks is USER_HZ, in which Linux counts the time of processes (proc(5)).
const ticks = 100

// cpuOf returns the processor time that a process has used so far, or 0 where
// there is no /proc.
func cpuOf(pid int) time.Duration {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	// The name in parentheses may hold anything; state follows it.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	const user, system = 11, 12
	var sum time.Duration
	for _, i := range []int{user, system} {
		n, _ := strconv.ParseInt(fields[i], 10, 64) // the kernel wrote a number
		sum += time.Duration(n) * time.Second / ticks
	}
	return sum
}

// residentOf returns the resident memory of a process in bytes.
func residentOf(pid int) (int64, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("no VmRSS in /proc")
}

// site is an installation of the real program, which serves while it is
// measured.
type site struct {
	binary, address, dir string
	engine, database     string
	cluster              *pgcluster.Cluster // nil with SQLite
	env                  []string
	cmd                  *exec.Cmd
	log                  bytes.Buffer

	token   string // of the management API
	machine struct{ ID, Secret string }
	spa     struct{ ID string }
	outside *outside

	mu    sync.Mutex
	round int // counts what creates users, so that no address comes twice
}

// durable are the settings that make PostgreSQL answer only once a commit is on
// its disk, as it does where nobody changes anything.
var durable = []string{"fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=128MB"}

// newSite prepares a site on an empty database. Nothing runs yet but the
// database.
func newSite(ctx context.Context, binary, engine string) (*site, error) {
	dir, err := os.MkdirTemp("", "guestlist-bench-")
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s := &site{binary: binary, engine: engine, address: address, dir: dir,
		database: filepath.Join(dir, "data", "guestlist.db")}
	s.env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GUESTLIST_") }),
		"GUESTLIST_LISTEN="+s.address, "GUESTLIST_DATA="+filepath.Join(dir, "data"), "GUESTLIST_ALLOWED_NETWORKS="+loopback)
	s.outside = newOutside()
	if engine == "postgres" {
		if s.cluster, err = pgcluster.Start(ctx, durable...); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
		s.database = s.cluster.URL
		s.env = append(s.env, "GUESTLIST_DATABASE="+s.database)
	}
	return s, nil
}

// freeAddress returns an address that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // no name is looked up
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (s *site) pid() int { return s.cmd.Process.Pid }

// readyWithin bounds a start, and lookEvery is how often it is looked at.
const (
	readyWithin = 30 * time.Second
	lookEvery   = time.Millisecond
)

// start starts the program and returns how long it took until the first
// healthy answer.
func (s *site) start(ctx context.Context) (time.Duration, error) {
	return s.run(ctx, "serve")
}

// newHello prepares a server that only greets, in a process of its own.
func newHello() (*site, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	return &site{binary: self, address: address}, err
}

// run starts a program and waits for its first healthy answer.
func (s *site) run(ctx context.Context, args ...string) (time.Duration, error) {
	s.cmd = exec.CommandContext(ctx, s.binary, args...) //nolint:gosec // G204: the binary under measurement
	s.cmd.Env, s.cmd.Stdout, s.cmd.Stderr = s.env, &s.log, &s.log
	begin := time.Now()
	if err := s.cmd.Start(); err != nil {
		return 0, err
	}
	health := request(http.MethodGet, "/healthz", "")
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for time.Since(begin) < readyWithin {
		if w, err := dial(s.address); err == nil {
			_, err := w.succeed(health)
			w.close()
			return time.Since(begin), err
		}
		<-tick.C
	}
	return 0, fmt.Errorf("the server did not answer: %s", s.log.String())
}

func (s *site) stop() error {
	if s.cmd == nil {
		return nil
	}
	err := s.cmd.Process.Signal(syscall.SIGTERM)
	if err == nil {
		err = s.cmd.Wait()
	}
	s.cmd = nil
	if err != nil {
		err = fmt.Errorf("the server did not stop in order: %w: %s", err, s.log.String())
	}
	return err
}

// remove stops the program and deletes what it kept.
func (s *site) remove() error {
	err := s.stop()
	s.outside.server.Close()
	if s.cluster != nil {
		err = errors.Join(err, s.cluster.Stop())
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// command runs another command of the program on the same installation.
func (s *site) command(args ...string) ([]byte, error) {
	cmd := exec.Command(s.binary, args...) //nolint:gosec,noctx // G204: our own arguments
	cmd.Env = s.env
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("guestlist %v: %w: %s", args, err, complaint.String())
	}
	return out, nil
}
