package cli

import (
	"context"
	"fmt"

	"guestlist"
	"guestlist/internal/server"
)

type devCmd struct{}

// Run serves the development mode until the context ends. Nothing is kept.
func (devCmd) Run(ctx context.Context, term terminal, settings *Settings) error {
	o, err := settings.Options()
	if err != nil {
		return err
	}
	o.Dev, o.Log = true, logger(term, o.LogLevel)
	s, err := server.Open(ctx, o)
	if err != nil {
		return err
	}
	if err := s.Start(ctx); err != nil {
		return stopAfter(s, o, err)
	}
	d, err := s.Furnish(ctx)
	if err != nil {
		return stopAfter(s, o, err)
	}
	link, err := s.SetupLink(ctx)
	if err != nil {
		return stopAfter(s, o, err)
	}
	fmt.Fprintf(term.out, `Guestlist is ready at %s
Development mode: everything is forgotten when it stops. The door is closed; try to get in.

  1. Become its administrator and open the console. First steps there lead to your own application:
     %s

  2. Come in by invitation, as %s (in a private window):
     %s

  3. Sign in as %s with the password %s (in a private window):
     %s

  4. Read the mail it sends:
     %s

A machine that may use the management API:

  curl -u %s:%s %s/oidc/token \
    -d grant_type=client_credentials -d resource=%s -d scope=all

`, s.Endpoint(), link, d.Guest, d.MagicLink, d.User, d.Password, d.SignIn, d.Mailbox,
		d.ClientID, d.Secret, s.Endpoint(), guestlist.ManagementAPI)
	return serveUntilDone(ctx, s, o)
}
