package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/server"
)

type appCreateCmd struct {
	Name               string   `arg:"" help:"Name of the application, as guests see it."`
	Type               string   `enum:"native,spa,traditional,machine-to-machine" default:"traditional" help:"native, spa, traditional or machine-to-machine."`
	Management         bool     `help:"Let it use the management API (machine-to-machine only)."`
	RedirectURI        []string `name:"redirect-uri" placeholder:"URI" help:"Where guests come back to after signing in. May be given several times."`
	PostLogoutRedirect []string `name:"post-logout-redirect-uri" placeholder:"URI" help:"Where guests come back to after signing out. May be given several times."`
	JSON               bool     `name:"json" help:"Print the id and the secret as JSON."`
}

// appTypes maps the flag's words to the wire's.
var appTypes = map[string]guestlist.ApplicationType{
	"native": guestlist.ApplicationNative, "spa": guestlist.ApplicationSPA,
	"traditional": guestlist.ApplicationTraditional, "machine-to-machine": guestlist.ApplicationMachine,
}

// Run creates the application and prints its id and secret.
func (c appCreateCmd) Run(ctx context.Context, term terminal, settings *Settings) error {
	kind := appTypes[c.Type]
	if c.Management && kind != guestlist.ApplicationMachine {
		return &guestlist.Error{
			Kind: guestlist.KindInvalid, Code: "cli.management_needs_machine",
			Message: "only machine-to-machine applications may use the management API",
			Hint:    "add --type machine-to-machine",
		}
	}
	return withServer(ctx, term, settings, func(s *server.Server) error {
		api := s.Client()
		app, err := api.CreateApplication(ctx, client.NewApplication{
			Name: c.Name, Type: kind,
			OIDCClientMetadata: &guestlist.OIDCClientMetadata{
				RedirectURIs: orEmpty(c.RedirectURI), PostLogoutRedirectURIs: orEmpty(c.PostLogoutRedirect),
			},
		})
		if err != nil {
			return err
		}
		if c.Management {
			if err := api.GrantManagement(ctx, app.ID); err != nil {
				return err
			}
		}
		return c.print(ctx, term, api, app.ID)
	})
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func (c appCreateCmd) print(ctx context.Context, term terminal, api *client.Client, id guestlist.ApplicationID) error {
	answer := struct {
		ID     guestlist.ApplicationID `json:"id"`
		Secret string                  `json:"secret,omitempty"`
	}{ID: id}
	if appTypes[c.Type].IsConfidential() {
		secrets, err := api.ApplicationSecrets(ctx, id)
		if err != nil {
			return err
		}
		if len(secrets) > 0 {
			answer.Secret = secrets[0].Value
		}
	}
	if c.JSON {
		return json.NewEncoder(term.out).Encode(answer) //nolint:gosec // handing the secret over is what the command is for
	}
	fmt.Fprintf(term.out, "id      %s\n", answer.ID)
	if answer.Secret != "" {
		fmt.Fprintf(term.out, "secret  %s\n", answer.Secret)
	}
	return nil
}
