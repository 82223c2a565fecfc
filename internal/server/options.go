package server

import (
	"log/slog"
	"net"
	"net/netip"
	"time"

	"guestlist/internal/crypt"
)

// DatabaseFile is the name of the SQLite database in the data directory, and
// KeyFile that of the secret key.
const (
	DatabaseFile = "guestlist.db"
	KeyFile      = "secret.key"
)

// Options are everything that a process must be told; what a tenant may
// choose is in the database.
type Options struct {
	Listen        string       // host:port
	Listener      net.Listener // where a caller listens already; instead of Listen
	Endpoint      string       // public base URL; empty: http:// and the address listened on
	Data          string       // directory of the SQLite database and the key
	Database      string       // postgres:// URL; empty: SQLite in Data
	DatabaseConns int          // most connections to PostgreSQL
	SecretKey     string       // base64 or hex; empty: KeyFile in Data

	SigningAlgorithm      string // of a new signing key; empty: ES384
	TrustedProxies        []netip.Prefix
	AllowedNetworks       []netip.Prefix // private networks that webhooks may reach
	BreachedPasswordsFile string
	BreachedPasswordsURL  string
	DisposableDomainsFile string

	ShutdownTimeout time.Duration
	LogLevel        slog.Level
	Log             *slog.Logger // required
	Version         string

	// Dev keeps nothing: a temporary database, mail in the browser instead of
	// real mail, a demo application and sample guests.
	Dev bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// StandIns puts fakes in the place of outside identity providers, for tests
	// alone: no setting leads here. See connector.Set.
	StandIns map[string]string
}

// IsKey reports whether a text is a secret key: 32 bytes in base64 or hex.
func IsKey(s string) bool {
	_, err := crypt.ParseKey(s)
	return err == nil
}

// The limits of the HTTP server. Slow clients hold a connection no longer than
// this, and headers are no longer than this. Bodies end at 1 MiB, which half a
// minute is enough for; a stream sets its own limits as it goes.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 120 * time.Second
	maxHeaderBytes    = 64 << 10
)
