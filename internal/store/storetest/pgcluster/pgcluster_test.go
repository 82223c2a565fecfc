package pgcluster

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// helperEnv makes the test binary start a cluster, say where it is, and wait
// to be killed.
const helperEnv = "GUESTLIST_PGCLUSTER_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helperEnv) == "" {
		os.Exit(m.Run())
	}
	c, err := Start(context.Background())
	if err != nil {
		panic(err)
	}
	if _, err := os.Stdout.WriteString(c.dir + "\n"); err != nil {
		panic(err)
	}
	select {}
}

func needBinaries(t *testing.T) {
	t.Helper()
	if _, err := findBinaries(); errors.Is(err, ErrNoBinaries) {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	if os.Getenv("GUESTLIST_TEST_POSTGRES") == "off" {
		t.Skip("GUESTLIST_TEST_POSTGRES=off")
	}
}

func TestStoppedClusterLeavesNothing(t *testing.T) {
	needBinaries(t)
	c, err := Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o700 {
		t.Errorf("mode of %s = %o, want 700: others could enter the cluster", c.dir, got)
	}
	if !answers(t.Context(), c.dir+"/.s.PGSQL.5432") {
		t.Error("a started cluster does not answer")
	}
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(c.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after Stop, stat %s: %v, want not exist", c.dir, err)
	}
}

// The starter is killed with SIGKILL, so nothing of its own can clean up.
func TestClusterDiesWithAKilledStarter(t *testing.T) {
	needBinaries(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), helperEnv+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	dir := strings.TrimSpace(line)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // "signal: killed", as wanted

	deadline := time.After(stopWithin)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s is still there %v after its starter was killed", dir, stopWithin)
		}
	}
}

func TestFailureTellsWhatInitdbSaid(t *testing.T) {
	needBinaries(t)
	attr, owner, err := runAs()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := makeDir(owner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	bin, err := findBinaries()
	if err != nil {
		t.Fatal(err)
	}
	// initdb refuses a data directory that is not empty.
	if err := os.MkdirAll(dir+"/data/left-over", 0o755); err != nil {
		t.Fatal(err)
	}
	_, err = start(t.Context(), bin, dir, attr, nil)
	if err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("start on a used directory: %v, want initdb's refusal", err)
	}
}
