// Package pgcluster starts a throw-away PostgreSQL from the binaries that the
// machine already has, so that no test ever needs a running service.
//
// It promises that a started cluster is reachable through a Unix socket in a
// directory of mode 0700 and by nothing else, that it is ready within a couple
// of seconds, and that it is gone, with all its files, soon after the process
// that started it has ended, however that process ended. Durability is turned
// off, unless the caller's settings say otherwise: a cluster is for tests and
// never holds anything worth keeping.
//
// It refuses to know what is tested: it creates no schema, and it never
// downloads or installs anything.
package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// readyWithin is how long a new cluster may take until it accepts
	// connections. Two seconds is usual; a loaded machine needs more.
	readyWithin = 60 * time.Second
	// stopWithin is how long an immediate shutdown and the removal of the
	// files may take.
	stopWithin = 20 * time.Second
	// maxConnections leaves room for many test databases with a pool each.
	maxConnections = 400
	// maxSocketDir keeps the socket's path below the 104 bytes that the
	// smallest sun_path (BSD) holds, file name included.
	maxSocketDir = 80
	// superuser is the one database role of a cluster. It needs no password:
	// whoever may enter the socket's directory is the owner.
	superuser = "postgres"
)

// ErrNoBinaries says that initdb and postgres are not on this machine.
var ErrNoBinaries = errors.New("pgcluster: no PostgreSQL binaries found (on Debian: apt-get install postgresql)")

// supervisor runs the server given as its arguments until its standard input
// ends, which happens when the parent closes the pipe or dies of anything,
// SIGKILL included. Only then does it stop the server and remove the files.
const supervisor = `dir=$1; shift
"$@" >"$dir/log" 2>&1 </dev/null & pid=$!
cat >/dev/null
kill -QUIT "$pid" 2>/dev/null
wait "$pid"
cd / && rm -rf "$dir"`

// Cluster is a running PostgreSQL.
type Cluster struct {
	// URL is the address of the administrative database, with rights to
	// create others.
	URL string

	dir  string
	life io.Closer // the pipe whose end is the end of the server
	done chan struct{}
}

// Start creates and starts a cluster and returns once it accepts connections.
// Settings, as in "fsync=on", come last and so win. The error is ErrNoBinaries
// when the machine has no PostgreSQL.
func Start(ctx context.Context, settings ...string) (*Cluster, error) {
	bin, err := findBinaries()
	if err != nil {
		return nil, err
	}
	attr, owner, err := runAs()
	if err != nil {
		return nil, err
	}
	dir, err := makeDir(owner)
	if err != nil {
		return nil, err
	}
	c, err := start(ctx, bin, dir, attr, settings)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

func start(ctx context.Context, bin, dir string, attr *syscall.SysProcAttr, settings []string) (*Cluster, error) {
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), //nolint:gosec // G204: the arguments are our own constants and paths.
		"--pgdata="+data, "--username="+superuser, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("pgcluster: initdb: %w: %s", err, tail(string(out)))
	}

	// The context ends the wait for readiness, not the server's life.
	server := exec.Command("/bin/sh", serverArgs(bin, dir, data, settings)...) //nolint:gosec,noctx // G204: the arguments are our own constants and paths; the server outlives the context on purpose.
	server.Dir = dir
	server.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:    true, // so that Ctrl-C reaches the parent first, and the server by the pipe
		Credential: attr.Credential,
	}
	life, err := server.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("pgcluster: %w", err)
	}
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("pgcluster: start: %w", err)
	}
	c := &Cluster{URL: socketURL(dir), dir: dir, life: life, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		_ = server.Wait() // its exit status tells nothing: the server is always stopped by force
	}()
	if err := c.awaitReady(ctx); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func serverArgs(bin, dir, data string, settings []string) []string {
	args := []string{"-c", supervisor, "sh", dir, filepath.Join(bin, "postgres"), "-D", data}
	for _, setting := range append([]string{
		"listen_addresses=",
		"unix_socket_directories=" + dir,
		"unix_socket_permissions=0700",
		"max_connections=" + strconv.Itoa(maxConnections),
		"shared_buffers=64MB",
		"fsync=off",
		"synchronous_commit=off",
		"full_page_writes=off",
	}, settings...) {
		args = append(args, "-c", setting)
	}
	return args
}

// Stop ends the server at once and waits until its files are gone.
func (c *Cluster) Stop() error {
	err := c.life.Close()
	select {
	case <-c.done:
		return err
	case <-time.After(stopWithin):
		return errors.Join(err, fmt.Errorf("pgcluster: the server in %s did not stop within %v", c.dir, stopWithin))
	}
}

// awaitReady polls, because PostgreSQL tells nobody when it is ready. The
// first answer that is no "starting up" proves it: a server that authenticates
// a start-up packet also runs queries.
func (c *Cluster) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if answers(ctx, filepath.Join(c.dir, ".s.PGSQL.5432")) {
			return nil
		}
		select {
		case <-tick.C:
		case <-c.done:
			return fmt.Errorf("pgcluster: the server ended before it was ready: %s", c.log())
		case <-ctx.Done():
			return fmt.Errorf("pgcluster: the server is not ready: %w: %s", ctx.Err(), c.log())
		}
	}
}

// answers sends a start-up packet of protocol 3.0 and reports whether the
// server lets the superuser in (message type R) rather than refusing (E).
func answers(ctx context.Context, socket string) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }() // a probe has nothing to lose
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline) // fails only on a closed connection, which the read below notices
	}
	const startup = "\x00\x03\x00\x00user\x00" + superuser + "\x00database\x00postgres\x00\x00"
	packet := append([]byte{0, 0, 0, byte(4 + len(startup))}, startup...)
	if _, err := conn.Write(packet); err != nil {
		return false
	}
	var kind [1]byte
	_, err = io.ReadFull(conn, kind[:])
	return err == nil && kind[0] == 'R'
}

func (c *Cluster) log() string {
	text, err := os.ReadFile(filepath.Join(c.dir, "log"))
	if err != nil {
		return "no log: " + err.Error()
	}
	return tail(string(text))
}

// socketURL names the socket by its directory, as libpq and pgx expect it.
func socketURL(dir string) string {
	u := url.URL{Scheme: "postgres", User: url.User(superuser), Path: "/postgres"}
	u.RawQuery = url.Values{"host": {dir}, "sslmode": {"disable"}}.Encode()
	return u.String()
}

// findBinaries returns the directory that holds initdb and postgres: the one
// in PATH first, else Debian's newest version, which is not in PATH.
func findBinaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		dir := filepath.Dir(path)
		if _, err := os.Stat(filepath.Join(dir, "postgres")); err == nil {
			return dir, nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return "", ErrNoBinaries
	}
	version := func(path string) int {
		n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		if err != nil {
			return 0
		}
		return n
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

// runAs picks the operating system's user for the server. PostgreSQL refuses
// to run as root, so root lends it the user that the package made.
func runAs() (attr *syscall.SysProcAttr, owner *syscall.Credential, err error) {
	if os.Geteuid() != 0 {
		return &syscall.SysProcAttr{}, nil, nil
	}
	u, err := user.Lookup(superuser)
	if err != nil {
		return nil, nil, fmt.Errorf("pgcluster: PostgreSQL refuses to run as root and there is no user %q to run it as: %w", superuser, err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return nil, nil, fmt.Errorf("pgcluster: user %q: %w", superuser, err)
	}
	owner = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return &syscall.SysProcAttr{Credential: owner}, owner, nil
}

func makeDir(owner *syscall.Credential) (string, error) {
	parent := os.TempDir()
	if len(parent) > maxSocketDir-len("/guestlist-pg-0000000000") {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "guestlist-pg-")
	if err != nil {
		return "", fmt.Errorf("pgcluster: %w", err)
	}
	if owner == nil {
		return dir, nil
	}
	if err := os.Chown(dir, int(owner.Uid), int(owner.Gid)); err != nil {
		return "", errors.Join(fmt.Errorf("pgcluster: %w", err), os.RemoveAll(dir))
	}
	return dir, nil
}

// tail keeps the end of an output, where the reason stands.
func tail(s string) string {
	const most = 1000
	s = strings.TrimSpace(s)
	if len(s) > most {
		s = "…" + s[len(s)-most:]
	}
	return s
}
