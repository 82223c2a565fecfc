package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/captcha"
	"guestlist/internal/connector"
	"guestlist/internal/console"
	"guestlist/internal/crypt"
	"guestlist/internal/demo"
	"guestlist/internal/experience"
	"guestlist/internal/invite"
	"guestlist/internal/job"
	"guestlist/internal/mail"
	"guestlist/internal/management"
	"guestlist/internal/notify"
	"guestlist/internal/oidc"
	"guestlist/internal/signin"
	"guestlist/internal/store"
	"guestlist/internal/token"
	"guestlist/internal/web"
)

// parts are the rooms, wired.
type parts struct {
	handler  http.Handler
	mint     *token.Mint
	audit    *oidc.Audit
	desk     *signin.Desk
	metrics  *metrics
	guarded  *http.Client   // for addresses that people typed in
	others   *connector.Set // identity providers outside
	notifier *notify.Notifier
	runner   *job.Runner
	periodic *job.Periodic
	outbox   *mail.Outbox // of the development mode
	local    string       // bearer token of calls in process

	lastKeys atomic.Pointer[[][]byte] // of cookies, see cookieKeys

	breachFile io.Closer // nil unless there is one
	background background
}

// wire makes every part. This is the only place where rooms meet.
func wire(ctx context.Context, s *Server) (*parts, error) {
	phrases, err := web.Load()
	if err != nil {
		return nil, fmt.Errorf("server: phrases: %w", err)
	}
	p := &parts{
		mint: &token.Mint{Store: s.store, Issuer: s.o.Endpoint + "/oidc", Algorithm: s.o.SigningAlgorithm},
		desk: &signin.Desk{
			Store: s.store, Hasher: crypt.NewHasher(), Endpoint: s.o.Endpoint, Log: s.o.Log, HasConnector: s.hasConnector,
		},
		audit: oidc.NewAudit(s.store, s.o.Log),
		local: crypt.Opaque(),
	}
	if err := p.mint.Start(ctx); err != nil {
		return nil, err
	}
	if p.desk.Breaches, p.breachFile, err = breaches(s.o); err != nil {
		return nil, err
	}
	if p.desk.Disposable, err = signin.OpenDisposableList(s.o.DisposableDomainsFile); err != nil {
		return nil, &guestlist.Error{
			Kind: guestlist.KindInvalid, Code: "config.disposable_domains", Message: "the list of disposable domains cannot be used",
			Hint: "write one domain a line into the file of --disposable-domains", Err: err,
		}
	}
	p.background.tasks = []func(context.Context){p.audit.Run}
	p.metrics = newMetrics(s.o.Version)
	p.guarded = mail.NewGuardedClient(s.o.AllowedNetworks, outboundTimeout)
	p.desk.Captcha = &captcha.Verifier{Client: p.guarded, TurnstileURL: s.o.StandIns["challenges.cloudflare.com"]}
	p.others = connector.NewSet(p.guarded, s.o.Endpoint, s.store.Clock())
	p.others.Hosts = s.o.StandIns
	p.desk.OpenSocial, p.desk.SocialKind = p.others.Social, socialKind
	p.desk.OpenSSO, p.desk.SSOKind, p.desk.Describe = p.others.SSO, connector.SSOProvider, p.others.SPMetadata
	p.notifier = &notify.Notifier{Store: s.store, Client: p.guarded, Version: s.o.Version}
	applications, machines, err := p.doors(s, phrases)
	if err != nil {
		return nil, err
	}
	p.work(s, applications, machines)
	return p, nil
}

// outboundTimeout bounds a request to an address that somebody typed in.
const outboundTimeout = 10 * time.Second

// work wires what happens behind the doors: the queue and the periodic tasks.
func (p *parts) work(s *Server, applications *oidc.Door, machines *management.API) {
	kinds := p.notifier.Kinds()
	kinds[guestlist.JobBackchannelLogout] = job.Kind{Run: func(ctx context.Context, j job.Job) error {
		err := applications.DeliverLogout(ctx, p.guarded, j.Payload)
		if errors.Is(err, oidc.ErrLogoutRefused) {
			return job.Cancel(err)
		}
		return err
	}}
	kinds[guestlist.JobDeleteUser] = job.Kind{Run: func(ctx context.Context, j job.Job) error {
		return machines.DeleteDue(ctx, j.Payload)
	}}
	kinds[guestlist.JobFreshLink] = job.Kind{Run: func(ctx context.Context, j job.Job) error {
		return p.desk.FreshLink(ctx, j.Payload)
	}}
	kinds[guestlist.JobImportUsers] = goesOn(machines.ImportOn, machines.FailImport)
	kinds[guestlist.JobImportCampaign] = goesOn(machines.ImportCampaignOn, machines.FailCampaign)
	kinds[guestlist.JobInvitationAction] = goesOn(machines.ActOnInvitations, machines.FailAction)
	pump := &invite.Pump{Store: s.store, Endpoint: s.o.Endpoint, BuiltIn: machines.BuiltIn}
	p.runner = &job.Runner{Store: s.store, Kinds: kinds, Log: s.o.Log, Feed: func(ctx context.Context) error {
		if err := pump.Run(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.ErrorContext(ctx, "invitations that are due were not handed to the senders", "error", err) // and everything else goes on
		}
		return p.notifier.Dispatch(ctx)
	}}
	tasks := job.Housekeeping()
	tasks["invitations"] = job.Task{Every: invitationsEvery, Run: (&invite.Keeper{Endpoint: s.o.Endpoint}).Run}
	p.periodic = &job.Periodic{Store: s.store, Tasks: tasks, Log: s.o.Log}
	p.metrics.watch(p.runner)
}

// invitationsEvery is how often it is looked at which invitations are over and
// which campaigns are through.
const invitationsEvery = 5 * time.Second

// goesOn is the kind of a job that works something long off in several turns. One
// that is refused for good is given up at once, and what was given up is noted.
func goesOn(run func(context.Context, json.RawMessage) (bool, error), fail func(context.Context, json.RawMessage, error) error) job.Kind {
	return job.Kind{
		Width: 1,
		Run: func(ctx context.Context, j job.Job) error {
			more, err := run(ctx, j.Payload)
			var refused *guestlist.Error
			switch {
			case err == nil && more:
				return job.Snooze(0)
			case errors.As(err, &refused) && refused.Kind != guestlist.KindInternal && refused.Kind != guestlist.KindUnavailable &&
				refused.Kind != guestlist.KindTooMany:
				return job.Cancel(err)
			}
			return err
		},
		Dead: func(ctx context.Context, j job.Job, because error) error { return fail(ctx, j.Payload, because) },
	}
}

// doors mounts everything that answers requests.
func (p *parts) doors(s *Server, phrases *web.Phrases) (*oidc.Door, *management.API, error) {
	pages, err := web.NewPages(phrases)
	if err != nil {
		return nil, nil, fmt.Errorf("server: pages: %w", err)
	}
	manners := &web.Manners{Log: s.o.Log, Phrases: phrases, Endpoint: s.o.Endpoint, LargeBody: isStream}
	cookies := web.Cookies{Keys: p.cookieKeys, Secure: strings.HasPrefix(s.o.Endpoint, "https:")}
	builtIn := map[guestlist.ApplicationID]guestlist.Application{
		guestlist.DemoApplication: demo.Client(s.o.Endpoint), guestlist.ConsoleApplication: console.Client(s.o.Endpoint),
		guestlist.AccountApplication: experience.AccountClient(s.o.Endpoint),
	}

	guests := &experience.Door{
		Desk: p.desk, Manners: manners, Pages: pages, Cookies: cookies, BuiltIn: builtIn, Trusted: s.o.TrustedProxies,
		Now: s.store.Clock(), Version: s.o.Version,
		SSOMetadata: s.ssoMetadata(p.others),
	}
	applications := &oidc.Door{
		Store: s.store, Desk: p.desk, Mint: p.mint, Manners: manners, Audit: p.audit, Cookies: cookies,
		Endpoint: s.o.Endpoint, Trusted: s.o.TrustedProxies, BuiltIn: builtIn, Draw: guests.Draw,
	}
	machines := &management.API{
		Store: s.store, Tokens: p.mint, Log: s.o.Log, Endpoint: s.o.Endpoint, Version: s.o.Version,
		TrustedProxies: s.o.TrustedProxies, BuiltIn: builtIn, Local: p.local, Desk: p.desk, Phrases: phrases,
		Describe: manners.Describe, TestHook: p.notifier.TestHook, Redelivery: notify.Redelivery, TestMessage: p.notifier.TestMessage,
		Reporter: &mail.Reporter{Client: p.guarded}, Connectors: p.others,
	}
	p.background.tasks = append(p.background.tasks, machines.KeepFigures)
	hosts := p.hosts(s, manners, cookies)
	manners.ErrorPage = errorPage(hosts.ErrorPage, guests.ErrorPage)
	app := &demo.App{Endpoint: s.o.Endpoint, HTTP: p.inProcess(), Pages: pages, Now: s.store.Clock()}

	mux := web.NewMux(manners, isPage)
	s.operations(mux, p.metrics)
	guests.Mount(mux)
	applications.Mount(mux)
	machines.Mount(mux)
	app.Mount(mux)
	if err := hosts.Mount(mux); err != nil {
		return nil, nil, fmt.Errorf("server: console: %w", err)
	}
	if s.o.Dev {
		p.outbox = &mail.Outbox{Now: s.store.Clock()}
		mux.Handle(pathMailbox, p.outbox.Handler())
		mux.Handle(pathMailbox+"/", p.outbox.Handler())
		mux.Handle(pathMailbox+".json", p.outbox.Handler())
		mux.Handle(pathMailbox+".css", p.outbox.Handler())
	}
	protected, err := web.CSRF{Bypass: slices.Concat(experience.CrossSite, bypass)}.Wrap(manners, isPage, mux)
	if err != nil {
		return nil, nil, fmt.Errorf("server: csrf: %w", err)
	}
	p.handler = manners.Wrap(p.metrics.count(protected))
	return applications, machines, nil
}

// socialKind tells the desk of a kind of social connector.
func socialKind(factoryID string) (signin.SocialKind, bool) {
	f, ok := connector.Factory(factoryID)
	return signin.SocialKind{
		ConnectorTraits:     f.ConnectorTraits,
		TrustedEmailDomains: connector.VouchedDomains(guestlist.Connector{FactoryID: factoryID}),
	}, ok
}

// ssoMetadata describes us to the provider of an enterprise connector.
func (s *Server) ssoMetadata(set *connector.Set) func(context.Context, guestlist.ConnectorID) ([]byte, error) {
	return func(ctx context.Context, id guestlist.ConnectorID) ([]byte, error) {
		var c guestlist.SSOConnector
		if err := s.store.View(ctx, func(tx *store.Tx) error {
			var err error
			c, err = tx.SSOConnector(id)
			return err
		}); err != nil {
			return nil, err
		}
		return set.SPMetadata(c)
	}
}

// hosts is the console.
func (p *parts) hosts(s *Server, manners *web.Manners, cookies web.Cookies) *console.Door {
	mailbox := ""
	if s.o.Dev {
		mailbox = pathMailbox
	}
	return &console.Door{
		HasAdministrator: p.desk.HasAdministrator, Mailbox: mailbox,
		Endpoint: s.o.Endpoint, HTTP: p.inProcess(), Manners: manners, Cookies: cookies, Now: s.store.Clock(),
		Seal: s.store.Key().SealString, Open: s.store.Key().OpenString,
	}
}

// errorPage tells errors of the console in its dress, and all others in that of
// the hosted pages.
func errorPage(hosts, guests func(http.ResponseWriter, *http.Request, web.ErrorView)) func(http.ResponseWriter, *http.Request, web.ErrorView) {
	return func(w http.ResponseWriter, r *http.Request, e web.ErrorView) {
		if console.Owns(r) {
			hosts(w, r, e)
			return
		}
		guests(w, r, e)
	}
}

// breaches opens the list of known passwords that the options name, if any.
func breaches(o Options) (signin.Breaches, io.Closer, error) {
	switch {
	case o.BreachedPasswordsFile != "":
		file, err := signin.OpenBreachFile(o.BreachedPasswordsFile)
		if err != nil {
			return nil, nil, err
		}
		return file, file, nil
	case o.BreachedPasswordsURL != "":
		return signin.BreachRange{Base: o.BreachedPasswordsURL}, nil, nil
	default:
		return nil, nil, nil
	}
}

// hasConnector reports whether messages of a channel can be delivered.
func (s *Server) hasConnector(ctx context.Context, channel guestlist.Channel) (bool, error) {
	return store.Cached(ctx, s.store, "has-connector/"+string(channel), func(tx *store.Tx) (bool, error) {
		return tx.CanSend(channel)
	})
}

// bypass lists the routes that other origins may call: they take no cookie, or
// are navigated to across origins by design.
var bypass = []string{
	"/oidc/token", "/oidc/token/", "/oidc/me", "/oidc/request", "/oidc/auth", "/oidc/session/end",
}

// streams are the paths at which files arrive.
var streams = []string{"/api/users/bulk", "/api/user-imports", "/api/invitations/batch", console.Path + "/user-imports", console.Path + "/campaigns"}

// isStream reports requests whose body may be of any size.
func isStream(r *http.Request) bool {
	return r.Method == http.MethodPost && (slices.Contains(streams, r.URL.Path) || console.TakesFiles(r.URL.Path) || experience.TakesFiles(r.URL.Path))
}

// isPage reports requests whose errors are pages: everything but the doors for
// machines.
func isPage(r *http.Request) bool {
	for _, prefix := range []string{"/api", "/oidc", "/healthz", "/readyz", "/metrics", "/assets/"} {
		if strings.HasPrefix(r.URL.Path, prefix) {
			return false
		}
	}
	return true
}

// cookieKeysWithin is how long a request waits for the keys of its cookies.
// They are cached; it is the database that may not answer whether they changed.
const cookieKeysWithin = 2 * time.Second

// cookieKeys returns the keys of cookies. While the database does not answer
// those of before stay in force: whoever holds a cookie shall be told that
// something is wrong here, not that they have no session.
func (p *parts) cookieKeys() [][]byte {
	ctx, cancel := context.WithTimeout(context.Background(), cookieKeysWithin)
	defer cancel()
	keys, err := p.mint.CookieKeys(ctx)
	if err != nil {
		if last := p.lastKeys.Load(); last != nil {
			return *last
		}
		return nil // nothing verifies, and nobody is given a cookie
	}
	p.lastKeys.Store(&keys)
	return keys
}

// Client returns a client of the management API in process, with every right.
func (s *Server) Client() *client.Client {
	return &client.Client{
		Endpoint: s.o.Endpoint, HTTP: s.parts.inProcess(),
		Token: func(context.Context) (string, error) { return s.parts.local, nil },
	}
}

// SetupLink returns the link by which the first administrator comes in, or ""
// when there is one already.
func (s *Server) SetupLink(ctx context.Context) (string, error) {
	setup, ok, err := s.parts.desk.IssueSetup(ctx)
	if err != nil || !ok {
		return "", err
	}
	return s.o.Endpoint + "/setup?token=" + setup, nil
}

// inProcess returns an HTTP client that this server answers.
func (p *parts) inProcess() *http.Client {
	return client.InProcess(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }))
}

func (p *parts) start(ctx context.Context) {
	p.background.start(context.WithoutCancel(ctx))
	p.runner.Start(ctx)
	p.periodic.Start(ctx)
}

func (p *parts) stop(ctx context.Context) error {
	err := errors.Join(p.runner.Stop(ctx), p.periodic.Stop(ctx), p.background.stop(ctx))
	if p.breachFile != nil {
		err = errors.Join(err, p.breachFile.Close())
	}
	return err
}
