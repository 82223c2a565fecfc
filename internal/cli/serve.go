package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"

	"guestlist/internal/server"
)

type serveCmd struct{}

// garbagePercent is by how much the heap of a server grows until it is tidied.
// What lives in it is small (some 10 MB), and a digest takes twice as much for
// a moment: with Go's own 100 the collector would run for every other sign-in.
const garbagePercent = 200

// Run serves until the context ends, then stops gracefully.
func (serveCmd) Run(ctx context.Context, term terminal, settings *Settings) error {
	o, err := settings.Options()
	if err != nil {
		return err
	}
	o.Log = logger(term, o.LogLevel)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	s, err := server.Open(ctx, o)
	if err != nil {
		return err
	}
	if err := s.Start(ctx); err != nil {
		return stopAfter(s, o, err)
	}
	fmt.Fprintf(term.out, "Guestlist is ready at %s\n", s.Endpoint())
	link, err := s.SetupLink(ctx)
	if err != nil && ctx.Err() == nil { // a stop that comes this early is no fault
		return stopAfter(s, o, err)
	}
	if link != "" {
		fmt.Fprintf(term.out, "\nNobody administers it yet. Open this link once to become the administrator, and go on from there:\n\n  %s\n\n", link)
	} else {
		fmt.Fprintf(term.out, "Its console is at %s/console\n", s.Endpoint())
	}
	return serveUntilDone(ctx, s, o)
}

// serveUntilDone waits for the end of the context or of the server.
func serveUntilDone(ctx context.Context, s *server.Server, o server.Options) error {
	var err error
	select {
	case <-ctx.Done():
	case err = <-s.Failed():
	}
	return stopAfter(s, o, err)
}

// stopAfter stops the server within its time and returns the first error.
func stopAfter(s *server.Server, o server.Options, err error) error {
	ctx, cancel := context.WithTimeout(context.Background(), o.ShutdownTimeout)
	defer cancel()
	if stopErr := s.Stop(ctx); err == nil {
		err = stopErr
	}
	return err
}

type migrateCmd struct{}

// Run opens the database, which brings its schema up to date, and closes it.
func (migrateCmd) Run(ctx context.Context, term terminal, settings *Settings) error {
	return withServer(ctx, term, settings, func(s *server.Server) error {
		v, err := s.SchemaVersion(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(term.out, "The schema is at version %d.\n", v)
		return err
	})
}

type backupCmd struct {
	File string `arg:"" help:"File to write; it must not exist yet."`
}

// Run copies the database.
func (c backupCmd) Run(ctx context.Context, term terminal, settings *Settings) error {
	return withServer(ctx, term, settings, func(s *server.Server) error {
		if err := s.Backup(ctx, c.File); err != nil {
			return err
		}
		_, err := fmt.Fprintf(term.out, "Copied to %s. Keep a copy of the secret key too, in another place: without it nobody can use this one.\n", c.File)
		return err
	})
}

// withServer opens the server without listening, for commands that work on its
// database whether another process serves it or not.
func withServer(ctx context.Context, term terminal, settings *Settings, do func(*server.Server) error) error {
	return withServerLogging(ctx, term, settings, slog.LevelWarn, do) // the output is the answer
}

// withServerLogging is withServer that logs from a level on, or what the
// settings say if that is less.
func withServerLogging(ctx context.Context, term terminal, settings *Settings, least slog.Level, do func(*server.Server) error) error {
	o, err := settings.Options()
	if err != nil {
		return err
	}
	o.Log = logger(term, max(o.LogLevel, least))
	s, err := server.Open(ctx, o)
	if err != nil {
		return err
	}
	return stopAfter(s, o, do(s))
}
