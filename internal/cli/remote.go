package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/server"
)

// remote is where a command finds the management API: at a server, with the
// credentials of a machine-to-machine application, or else in the database of
// the settings, in this process.
type remote struct {
	Server       string `name:"server" placeholder:"URL" help:"Server whose management API is asked, e.g. https://id.example.com; also GUESTLIST_SERVER. Without it the database of the settings is opened."`
	ClientID     string `name:"client-id" placeholder:"ID" help:"Id of the machine-to-machine application; also GUESTLIST_CLIENT_ID."`
	ClientSecret string `name:"client-secret" placeholder:"SECRET" help:"Its secret. Better given by GUESTLIST_CLIENT_SECRET or GUESTLIST_CLIENT_SECRET_FILE: other users of the machine can read command lines."`
}

// remoteFlags are the flags of remote, which the environment gives too.
var remoteFlags = map[string]bool{"server": true, "client-id": true, "client-secret": true}

// The time limits of calls of a server. A call as a whole has none: files of any
// size are uploaded by it.
const (
	dialWithin   = 10 * time.Second
	answerWithin = 2 * time.Minute // after the request was sent
)

// withAPI calls the management API. work is for commands that wait for what they
// set going: it lets this process do it where no server was named.
func (r *remote) withAPI(ctx context.Context, term terminal, settings *Settings, work bool, do func(*client.Client) error) error {
	if r.Server == "" {
		if r.ClientID != "" || r.ClientSecret != "" {
			return refuse("cli.no_server", "credentials were given, but no server to show them to", "add --server https://id.example.com")
		}
		// What the API refuses is told by the command itself.
		return withServerLogging(ctx, term, settings, slog.LevelError, func(s *server.Server) error {
			if work {
				s.Work(ctx)
			}
			return do(s.Client())
		})
	}
	api, err := r.client(term)
	if err != nil {
		return err
	}
	return explain(do(api))
}

func (r *remote) client(term terminal) (*client.Client, error) {
	var f faults
	endpoint := f.endpoint(r.Server)
	if len(f) > 0 {
		return nil, refuse("cli.bad_server", "--server "+strconv.Quote(r.Server)+" is no address of a server", "write it as https://id.example.com, without a path")
	}
	if r.ClientID == "" || r.ClientSecret == "" {
		return nil, refuse("cli.no_credentials", "the server asks who is calling",
			"set GUESTLIST_CLIENT_ID and GUESTLIST_CLIENT_SECRET to those of a machine-to-machine application; guestlist app create makes one")
	}
	if u, err := url.Parse(endpoint); err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		fmt.Fprintln(term.err, "guestlist: the secret travels unencrypted: use https")
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: dialWithin}).DialContext, TLSHandshakeTimeout: dialWithin,
		ResponseHeaderTimeout: answerWithin, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
	}
	h := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	m := &client.Machine{Endpoint: endpoint, ID: guestlist.ApplicationID(r.ClientID), Secret: r.ClientSecret, HTTP: h}
	return &client.Client{Endpoint: endpoint, Token: m.Token, HTTP: h}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// explain adds to a refusal of the server what to do about it.
func explain(err error) error {
	var e *guestlist.Error
	var dial *net.OpError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		said := *e
		switch {
		case strings.HasSuffix(e.Code, "invalid_client"):
			said.Hint = "check --client-id and the secret; the application must be a machine-to-machine one"
		case e.Kind == guestlist.KindForbidden && e.Hint == "":
			said.Hint = "give a role of the application the scopes invitations:read and invitations:write of the management API"
		}
		return &said
	case errors.As(err, &dial):
		return &guestlist.Error{Kind: guestlist.KindUnavailable, Code: "cli.no_answer", Message: "the server cannot be reached", Err: dial, Hint: "check --server"}
	}
	return err
}

func refuse(code, message, hint string) error {
	return &guestlist.Error{Kind: guestlist.KindInvalid, Code: code, Message: message, Hint: hint}
}

// plain takes from a text what would change how a terminal looks: names and
// addresses were typed by strangers.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return -1
		}
		return r
	}, s)
}

// plainLines is plain for a text of several lines.
func plainLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = plain(line)
	}
	return strings.Join(lines, "\n")
}

// lasting is a duration, in seconds, which also knows days and weeks.
type lasting int

var lastingForm = regexp.MustCompile(`^([0-9]{1,6})([dw])$`)

// UnmarshalText reads 90m, 36h, 7d or 2w.
func (l *lasting) UnmarshalText(text []byte) error {
	if m := lastingForm.FindSubmatch(text); m != nil {
		n, err := strconv.Atoi(string(m[1]))
		if string(m[2]) == "w" {
			n *= 7
		}
		*l = lasting(n * int(24*time.Hour/time.Second))
		return err
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d < time.Second {
		return errors.New("write it as 90m, 36h, 7d or 2w")
	}
	*l = lasting(d / time.Second)
	return nil
}

// roleIDs finds what ids or names stand for.
func roleIDs(ctx context.Context, api *client.Client, given []string) ([]guestlist.RoleID, error) {
	var ids []guestlist.RoleID
	for _, text := range given {
		if looksLikeID.MatchString(text) {
			ids = append(ids, guestlist.RoleID(text))
			continue
		}
		roles, err := api.RolesNamed(ctx, text)
		if err != nil {
			return nil, err
		}
		if len(roles) != 1 {
			return nil, refuse("cli.no_such_role", "there is no role "+strconv.Quote(text), "give its name as it is written, or its id")
		}
		ids = append(ids, roles[0].ID)
	}
	return ids, nil
}

var looksLikeID = regexp.MustCompile(`^[a-z0-9]{21}$`)

// day writes a moment for people.
func day(t guestlist.Time) string { return t.Std().UTC().Format("2006-01-02 15:04") }
