// Package server wires everything: it is the one place where rooms meet.
//
// It promises that the program a test starts on port 0 is the program that
// runs, that a stop lets requests and jobs in flight finish within their time,
// and that nothing registers itself: every part is a struct literal here.
//
// It refuses to know any rule of the product.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// Server is the whole program, opened but not yet listening.
type Server struct {
	o        Options
	store    *store.Store
	listener net.Listener
	http     *http.Server
	parts    *parts
	tempDir  string // of a development database, removed at Stop
	failed   chan error
	ready    atomic.Bool
}

// Open opens the database, takes the address and wires the parts. Nothing is
// served before Start.
func Open(ctx context.Context, o Options) (*Server, error) {
	s := &Server{o: o, failed: make(chan error, 1)}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *Server) open(ctx context.Context) error {
	so, err := s.storeOptions()
	if err != nil {
		return err
	}
	if s.store, err = store.Open(ctx, so); err != nil {
		return err
	}
	if err := s.store.Update(ctx, store.Seed); err != nil {
		return fmt.Errorf("server: seed: %w", err)
	}
	if s.o.Listener != nil {
		s.o.Listen = s.o.Listener.Addr().String()
	}
	if s.o.Endpoint == "" {
		s.o.Endpoint = defaultEndpoint(s.o.Listen)
	}
	if s.o.Dev { // its mail travels to its own mailbox
		s.o.AllowedNetworks = append(s.o.AllowedNetworks, netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))
	}
	s.parts, err = wire(ctx, s)
	return err
}

// storeOptions decides which database to open and with which key.
func (s *Server) storeOptions() (store.Options, error) {
	so := store.Options{Database: s.o.Database, Now: s.o.Now, MaxConns: s.o.DatabaseConns}
	if s.o.Dev {
		dir, err := os.MkdirTemp("", "guestlist-dev-")
		if err != nil {
			return so, fmt.Errorf("server: temporary directory: %w", err)
		}
		s.tempDir = dir
		so.Database, so.Ephemeral, so.Key = filepath.Join(dir, DatabaseFile), true, crypt.NewKey()
		return so, nil
	}
	if so.Database == "" || s.o.SecretKey == "" { // something is to be kept there
		if err := os.MkdirAll(s.o.Data, 0o700); err != nil {
			return so, &guestlist.Error{
				Kind: guestlist.KindUnavailable, Code: "config.data_directory", Err: err,
				Message: "the data directory cannot be made", Hint: "choose one that this user may write to with --data",
			}
		}
	}
	if so.Database == "" {
		so.Database = filepath.Join(s.o.Data, DatabaseFile)
	}
	var err error
	if s.o.SecretKey != "" {
		so.Key, err = crypt.ParseKey(s.o.SecretKey)
	} else {
		so.Key, err = crypt.LoadOrCreateKeyFile(filepath.Join(s.o.Data, KeyFile))
	}
	return so, err
}

// Start listens and begins to serve and to work off jobs. It returns once the
// server answers.
func (s *Server) Start(ctx context.Context) error {
	if err := s.listen(ctx); err != nil {
		return err
	}
	s.http = &http.Server{
		Handler:           s.parts.handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
	}
	s.parts.start(ctx)
	go func() {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("server: %w", err)
		}
	}()
	s.ready.Store(true)
	return nil
}

// Work begins to work off jobs without serving: what a command sets going is
// done even where no other process serves the database.
func (s *Server) Work(ctx context.Context) { s.parts.start(ctx) }

func (s *Server) listen(ctx context.Context) error {
	if s.listener = s.o.Listener; s.listener != nil {
		return nil
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.o.Listen)
	if err != nil {
		return &guestlist.Error{
			Kind: guestlist.KindUnavailable, Code: "server.cannot_listen", Err: err,
			Message: "cannot listen on " + s.o.Listen, Hint: "stop what uses the address, or choose another with --listen",
		}
	}
	s.listener = listener
	return nil
}

// Stop ends the server: no new requests, those in flight finish, jobs in
// flight finish or are left for the next start, and the database closes.
func (s *Server) Stop(ctx context.Context) error {
	s.ready.Store(false)
	var errs []error
	if s.http != nil {
		if err := s.http.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("server: requests were still running: %w", err), s.http.Close())
		}
	}
	if s.parts != nil {
		errs = append(errs, s.parts.stop(ctx))
	}
	return errors.Join(append(errs, s.close())...)
}

func (s *Server) close() error {
	var errs []error
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.tempDir != "" {
		errs = append(errs, os.RemoveAll(s.tempDir))
	}
	return errors.Join(errs...)
}

// Failed tells when serving ended by itself.
func (s *Server) Failed() <-chan error { return s.failed }

// Endpoint returns the public base URL.
func (s *Server) Endpoint() string { return s.o.Endpoint }

// SchemaVersion returns the version of the database's schema.
func (s *Server) SchemaVersion(ctx context.Context) (int64, error) { return s.store.SchemaVersion(ctx) }

// Backup copies a SQLite database to a new file.
func (s *Server) Backup(ctx context.Context, file string) error { return s.store.Backup(ctx, file) }

// defaultEndpoint is where a server that was told nothing can be reached from
// the same machine.
func defaultEndpoint(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "http://" + listen
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// isReady reports whether the database answers, for /readyz.
func (s *Server) isReady(r *http.Request) error {
	if !s.ready.Load() {
		return guestlist.Refuse(guestlist.KindUnavailable, "server.stopping")
	}
	if err := s.store.Ping(r.Context()); err != nil {
		return guestlist.Refuse(guestlist.KindUnavailable, "server.database_unreachable").Because(err)
	}
	return nil
}

// operations mounts what operators ask.
func (s *Server) operations(mux *web.Mux, m *metrics) {
	mux.Handle("GET /metrics", m.handler())
	mux.API("GET /healthz", func(w http.ResponseWriter, _ *http.Request) error {
		return web.WriteJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.API("GET /readyz", func(w http.ResponseWriter, r *http.Request) error {
		if err := s.isReady(r); err != nil {
			return err
		}
		return web.WriteJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
}
