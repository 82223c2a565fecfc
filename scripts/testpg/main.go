// Command testpg runs another command with a throw-away PostgreSQL, so that a
// whole test run shares one cluster instead of starting one in every package.
//
//	go run ./scripts/testpg go test ./...
//
// It promises that the cluster is named in GUESTLIST_TEST_POSTGRES, that it is
// gone when the command has ended, and that the exit status is the command's.
// A PostgreSQL that is already named there is used as it is, and a machine
// without one gets a loud warning, or a failure where CI=true. It refuses to
// know what the command does.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"guestlist/internal/store/storetest/pgcluster"
)

// environment is the variable that storetest reads. It is spelled out here
// because importing storetest would bind this command to a store that builds.
const environment = "GUESTLIST_TEST_POSTGRES"

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: testpg COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	status, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "testpg:", err)
		os.Exit(1)
	}
	os.Exit(status)
}

func run(command []string) (status int, err error) {
	// The terminal sends Ctrl-C to the command as well; this process only
	// has to outlive it, so that the cluster is stopped in order.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)

	if os.Getenv(environment) == "" {
		cluster, startErr := pgcluster.Start(context.Background())
		switch {
		case errors.Is(startErr, pgcluster.ErrNoBinaries) && os.Getenv("CI") != "true":
			fmt.Fprintf(os.Stderr, "\n*** NOT TESTED ON POSTGRESQL: %v\n\n", startErr)
		case startErr != nil:
			return 0, startErr
		default:
			defer func() { err = errors.Join(err, cluster.Stop()) }()
			if err := os.Setenv(environment, cluster.URL); err != nil {
				return 0, err
			}
		}
	}
	return runCommand(command, signals)
}

func runCommand(command []string, signals <-chan os.Signal) (status int, err error) {
	cmd := exec.Command(command[0], command[1:]...) //nolint:gosec,noctx // G204: running what it is told is this command's purpose; the signals below end it.
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if s == syscall.SIGTERM {
				_ = cmd.Process.Signal(s) // fails only when it has just ended, which done will say
			}
		case err := <-done:
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				return max(exit.ExitCode(), 1), nil // -1 means killed by a signal
			}
			return 0, err
		}
	}
}
