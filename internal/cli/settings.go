package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"guestlist"
	"guestlist/internal/server"
)

// Settings are what a process needs to know before it can read its database.
// Everything else is a row, set through the management API. Each is a flag, an
// environment variable GUESTLIST_<NAME>, a file named by GUESTLIST_<NAME>_FILE
// and a key of the YAML file. All are text here, so that every fault can be
// told at once.
type Settings struct {
	ConfigFile        string `name:"config-file" placeholder:"FILE" help:"YAML file with settings by these names."`
	Listen            string `name:"listen" default:"localhost:3001" placeholder:"HOST:PORT" help:"Address to listen on."`
	Endpoint          string `name:"endpoint" placeholder:"URL" help:"Public base URL, as guests and applications see it. Default: http:// and the address listened on."`
	Data              string `name:"data" default:"./data" placeholder:"DIR" help:"Directory for the SQLite database and the secret key."`
	Database          string `name:"database" placeholder:"URL" help:"postgres:// URL to use PostgreSQL instead of SQLite in the data directory."`
	DatabaseConns     string `name:"database-connections" default:"32" placeholder:"N" help:"Most connections to PostgreSQL, 2 to 1000."`
	SecretKey         string `name:"secret-key" placeholder:"KEY" help:"Key that seals secrets in the database: 32 bytes in base64 or hex. Better given by GUESTLIST_SECRET_KEY_FILE. Default: secret.key in the data directory, made at the first start."`
	LogLevel          string `name:"log-level" default:"info" placeholder:"LEVEL" help:"debug, info, warn or error."`
	TrustedProxies    string `name:"trusted-proxies" placeholder:"CIDR,..." help:"Networks of reverse proxies whose X-Forwarded-For is believed."`
	AllowedNetworks   string `name:"allowed-networks" placeholder:"CIDR,..." help:"Private networks that webhooks and HTTP connectors may reach."`
	BreachedPasswords string `name:"breached-passwords" placeholder:"FILE|URL" help:"File of SHA-1 hashes, or base URL of a k-anonymity range service, of passwords known from breaches."`
	DisposableDomains string `name:"disposable-domains" placeholder:"FILE" help:"File of mail domains, one a line, that count as disposable beside those built in."`
	SigningAlgorithm  string `name:"signing-algorithm" default:"ES384" placeholder:"ALG" help:"Algorithm of a new signing key: ES384, ES256, RS256 or EdDSA."`
	ShutdownTimeout   string `name:"shutdown-timeout" default:"20s" placeholder:"DURATION" help:"How long a stop waits for requests and jobs in flight."`

	unread faults                  // what could not be read from where it should come
	adjust []func(*server.Options) // see Main
}

// maxDatabaseConns bounds --database-connections.
const maxDatabaseConns = 1000

// settingName finds a setting by flag name; secret ones are never shown.
var secretSettings = map[string]bool{"secret-key": true, "database": true}

// Options checks every setting and returns what the server takes. All faults
// are in one error.
func (s *Settings) Options() (server.Options, error) {
	f := slices.Clone(s.unread)
	o := server.Options{
		Listen:           s.Listen,
		Data:             s.Data,
		Database:         s.Database,
		SecretKey:        s.SecretKey,
		SigningAlgorithm: s.SigningAlgorithm,

		DisposableDomainsFile: s.DisposableDomains,
		Version:               version(),
	}
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		f.add("listen", s.Listen, "write it as host:port, e.g. localhost:3001 or :3001")
	}
	o.Endpoint = f.endpoint(s.Endpoint)
	if s.Database != "" && !strings.HasPrefix(s.Database, "postgres://") && !strings.HasPrefix(s.Database, "postgresql://") {
		f.add("database", "(hidden)", "write it as postgres://user:password@host:5432/name")
	} else if _, err := url.Parse(s.Database); err != nil {
		f.add("database", "(hidden)", "write special characters of user and password as %XX")
	}
	if s.SecretKey != "" && !server.IsKey(s.SecretKey) {
		f.add("secret-key", "(hidden)", "write 32 bytes in base64 or hex, e.g. those of: openssl rand -base64 32")
	}
	o.DatabaseConns = f.number("database-connections", s.DatabaseConns, 2, maxDatabaseConns)
	if err := o.LogLevel.UnmarshalText([]byte(s.LogLevel)); err != nil {
		f.add("log-level", s.LogLevel, "take debug, info, warn or error")
	}
	o.TrustedProxies = f.networks("trusted-proxies", s.TrustedProxies)
	o.AllowedNetworks = f.networks("allowed-networks", s.AllowedNetworks)
	switch s.SigningAlgorithm {
	case "ES384", "ES256", "RS256", "EdDSA":
	default:
		f.add("signing-algorithm", s.SigningAlgorithm, "take ES384, ES256, RS256 or EdDSA")
	}
	o.BreachedPasswordsURL, o.BreachedPasswordsFile = f.fileOrURL("breached-passwords", s.BreachedPasswords)
	d, err := time.ParseDuration(s.ShutdownTimeout)
	if err != nil || d < 0 {
		f.add("shutdown-timeout", s.ShutdownTimeout, "write it as 20s or 2m")
	}
	o.ShutdownTimeout = d
	for _, change := range s.adjust {
		change(&o)
	}
	return o, f.err()
}

// faults gathers everything that is wrong with the settings.
type faults []error

func (f *faults) add(name, value, hint string) {
	*f = append(*f, fmt.Errorf("--%s %q: %s", name, value, hint))
}

func (f *faults) err() error {
	if len(*f) == 0 {
		return nil
	}
	return &guestlist.Error{
		Kind: guestlist.KindInvalid, Code: "config.invalid", Message: "the settings cannot be used",
		Err: errors.Join(*f...), Hint: "guestlist config shows every setting and where it came from",
	}
}

func (f *faults) endpoint(s string) string {
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil ||
		u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		f.add("endpoint", s, "write it as https://id.example.com, without a path")
		return ""
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}

func (f *faults) number(name, s string, least, most int) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		f.add(name, s, fmt.Sprintf("take a number from %d to %d", least, most))
	}
	return n
}

func (f *faults) networks(name, s string) []netip.Prefix {
	var list []netip.Prefix
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := netip.ParsePrefix(part)
		if addr, addrErr := netip.ParseAddr(part); err != nil && addrErr == nil {
			p, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			f.add(name, part, "write networks as 10.0.0.0/8,192.168.1.7")
			continue
		}
		list = append(list, p)
	}
	return list
}

func (f *faults) fileOrURL(name, s string) (rangeURL, file string) {
	if !strings.Contains(s, "://") {
		return "", s
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		f.add(name, s, "give a file or a URL such as https://api.example.com/range/")
		return "", ""
	}
	return s, ""
}

// logger writes JSON lines.
func logger(term terminal, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(term.err, &slog.HandlerOptions{Level: level}))
}
