// Package management is the door for machines: everything below /api that
// needs a token of the management API, and the few public answers that custom
// pages need.
//
// Every operation is one route value: path, what it takes, what it gives and
// the function that does it. Requests are held against a schema made from the
// Go types before the function sees them, and the OpenAPI document is made
// from the same schemas, so that it cannot drift from the code. What a schema
// does not know is dropped; what does not fit is refused with the wire's list
// of issues, and nothing has happened.
//
// It promises the wire's paths, statuses and codes, that each request changes
// everything that it says or nothing, and that a route without a token check
// says so where it is listed.
//
// It refuses to know how tokens are made, how messages travel and how a
// password is judged: it is handed functions for these.
package management

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"

	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/mail"
	"guestlist/internal/signin"
	"guestlist/internal/store"
	"guestlist/internal/token"
	"guestlist/internal/web"
)

// API is the door. Wire it by struct literal.
type API struct {
	Store  *store.Store
	Tokens *token.Mint
	Desk   *signin.Desk
	Log    *slog.Logger
	// Describe puts an error into words for a request: web.Manners has it.
	Describe func(*http.Request, error) (status int, env web.Envelope)

	// Endpoint is the public base URL, without a trailing slash.
	Endpoint string
	// Version is what the OpenAPI document says of itself.
	Version string
	// TrustedProxies are those whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// Local is the bearer token of calls in process, made anew at each start and
	// known to nobody else; "" admits none.
	Local string
	// TestHook sends made-up events to a hook's endpoint, signed with its key,
	// and returns hook.endpoint_responded_with_error or
	// hook.send_test_payload_failed.
	TestHook func(ctx context.Context, h guestlist.Hook, events []string) error
	// Redelivery is the job that repeats an attempt to deliver to a hook, given by
	// its row.
	Redelivery func(guestlist.HookID, guestlist.Log) (guestlist.Job, error)
	// TestMessage sends a message with a config that need not be stored, in words
	// of own, or with nil in those that are in force.
	TestMessage func(ctx context.Context, factoryID string, config json.RawMessage, m guestlist.Message, own *guestlist.EmailTemplate) error
	// Connectors speaks to social and enterprise identity providers.
	Connectors *connector.Set
	// Reporter reads what providers report of messages.
	Reporter *mail.Reporter
	// Phrases is what pages say unless the tenant has words of its own.
	Phrases *web.Phrases
	// BuiltIn are the clients that have no row, e.g. demo-app.
	BuiltIn map[guestlist.ApplicationID]guestlist.Application

	figures figures
}

// groups is everything that the API offers, in the order of the document.
func (a *API) groups() [][]route {
	return [][]route{
		a.statusRoutes(),
		a.documentRoutes(),
		a.applicationRoutes(),
		a.secretRoutes(),
		a.applicationRoleRoutes(),
		a.consentScopeRoutes(),
		a.resourceRoutes(),
		a.scopeRoutes(),
		a.roleRoutes(),
		a.roleUserRoutes(),
		a.userRoutes(),
		a.userImportRoutes(),
		a.userImportFileRoutes(),
		a.userExportRoutes(),
		a.userDataRoutes(),
		a.userPasswordRoutes(),
		a.userRoleRoutes(),
		a.userIdentityRoutes(),
		a.userSessionRoutes(),
		a.organizationRoutes(),
		a.organizationUserRoutes(),
		a.organizationJITRoutes(),
		a.organizationRoleRoutes(),
		a.organizationScopeRoutes(),
		a.organizationInvitationRoutes(),
		a.oneTimeTokenRoutes(),
		a.registrationRoutes(),
		a.referralRoutes(),
		a.invitationRoutes(),
		a.invitationCodeRoutes(),
		a.campaignRoutes(),
		a.invitationActionRoutes(),
		a.invitationExportRoutes(),
		a.invitationViewRoutes(),
		a.invitationChoiceRoutes(),
		a.verificationCodeRoutes(),
		a.dashboardRoutes(),
		a.hookRoutes(),
		a.signInExperienceRoutes(),
		a.wellKnownRoutes(),
		a.draftRoutes(),
		a.userAssetRoutes(),
		a.profileFieldRoutes(),
		a.captchaRoutes(),
		a.connectorRoutes(),
		a.ssoConnectorRoutes(),
		a.templateRoutes(),
		a.messageRoutes(),
		a.suppressionRoutes(),
		a.phraseRoutes(),
		a.configRoutes(),
		a.logRoutes(),
		a.systemRoutes(),
		a.backupRoutes(),
	}
}

// Mount routes everything below /api that belongs to this door.
func (a *API) Mount(mux *web.Mux) {
	for _, group := range a.groups() {
		for _, rt := range group {
			mux.API(rt.method+" "+rt.path, a.handler(rt))
		}
	}
}

// handler lets a caller in and serves.
func (a *API) handler(rt route) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		c := &call{api: a, route: &rt, w: w, r: r, status: rt.status}
		if !rt.open {
			if err := a.authenticate(c); err != nil {
				return err
			}
			w.Header().Set("Cache-Control", "no-store")
		}
		return rt.serve(c)
	}
}

func (a *API) statusRoutes() []route {
	return []route{
		get("/api/status", "Whether the server answers", func(*call, struct{}) (none, error) {
			return none{}, nil
		}).anonymous(),
	}
}
