package server

import (
	"context"
	"fmt"
	"net/url"

	"guestlist/client"
	"guestlist/internal/demo"
)

// Dev is what the development mode has prepared to be clicked.
type Dev struct {
	Mailbox   string // where messages are shown
	SignIn    string // the demo application's sign-in
	MagicLink string // lets a new guest in through the closed door
	User      string // e-mail of a sample user
	Password  string // of the sample user
	Guest     string // e-mail of the invited guest
	ClientID  string // of a machine that may use the management API
	Secret    string // of that machine
}

// The people of the development mode.
const (
	devUser     = "ada@example.com"
	devPassword = "open-sesame-42"
	devGuest    = "grace@example.com"
)

// pathMailbox is where the mail of the development mode is read.
const pathMailbox = "/dev/mailbox"

// devTokenTTL is how long the magic link of the development mode is good, in
// seconds.
const devTokenTTL = 7 * 24 * 3600

// Furnish fills the temporary database of the development mode through the
// management API, as anybody else would: a mail connector, a closed door, some
// users and a magic link.
func (s *Server) Furnish(ctx context.Context) (Dev, error) {
	api := s.Client()
	steps := []func() error{
		func() error {
			return api.Do(ctx, "POST", "/connectors", map[string]any{
				"connectorId": "http-email", "config": map[string]any{"endpoint": s.Endpoint() + pathMailbox},
			}, nil)
		},
		func() error {
			return api.SetSignInExperience(ctx, map[string]any{
				"signInMode": "SignIn",
				"signIn": map[string]any{"methods": []map[string]any{
					{"identifier": "email", "password": true, "verificationCode": true, "isPasswordPrimary": true},
					{"identifier": "username", "password": true, "verificationCode": false, "isPasswordPrimary": true},
				}},
				"signUp": map[string]any{"identifiers": []string{"email"}, "password": true, "verify": true},
			})
		},
		func() error {
			_, err := api.CreateUser(ctx, client.NewUser{PrimaryEmail: devUser, Username: "ada", Name: "Ada Lovelace", Password: devPassword})
			return err
		},
		func() error {
			_, err := api.CreateUser(ctx, client.NewUser{PrimaryEmail: "alan@example.com", Name: "Alan Turing"})
			return err
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return Dev{}, fmt.Errorf("server: furnish: %w", err)
		}
	}
	token, err := api.IssueOneTimeToken(ctx, client.NewOneTimeToken{Email: devGuest, ExpiresIn: devTokenTTL})
	if err != nil {
		return Dev{}, fmt.Errorf("server: furnish: %w", err)
	}
	machine, secret, err := api.CreateManagementClient(ctx, "Automation")
	if err != nil {
		return Dev{}, fmt.Errorf("server: furnish: %w", err)
	}
	link := url.Values{"one_time_token": {token.Token}, "login_hint": {devGuest}}
	return Dev{
		Mailbox: s.Endpoint() + pathMailbox, SignIn: s.Endpoint() + demo.Path,
		MagicLink: s.Endpoint() + demo.Path + "?" + link.Encode(),
		User:      devUser, Password: devPassword, Guest: devGuest,
		ClientID: string(machine), Secret: secret,
	}, nil
}
