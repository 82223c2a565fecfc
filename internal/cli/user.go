package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/server"
)

type userCreateCmd struct {
	Email         string `help:"E-mail address."`
	Username      string `help:"User name."`
	Phone         string `help:"Phone number, international digits."`
	Name          string `help:"Name, as others see it."`
	PasswordStdin bool   `help:"Read a password from the first line of standard input. Without it the user has none."`
	JSON          bool   `name:"json" help:"Print the user as JSON."`
}

// Run creates the user and prints the id.
func (c userCreateCmd) Run(ctx context.Context, term terminal, settings *Settings) error {
	if c.Email == "" && c.Username == "" && c.Phone == "" {
		return &guestlist.Error{
			Kind: guestlist.KindInvalid, Code: "cli.user_needs_identifier", Message: "a user needs a name to sign in by",
			Hint: "give --email, --username or --phone",
		}
	}
	u := client.NewUser{PrimaryEmail: c.Email, Username: c.Username, PrimaryPhone: c.Phone, Name: c.Name}
	if c.PasswordStdin {
		line, err := bufio.NewReader(term.in).ReadString('\n')
		if u.Password = strings.TrimRight(line, "\r\n"); u.Password == "" {
			return &guestlist.Error{
				Kind: guestlist.KindInvalid, Code: "cli.no_password", Message: "there is no password on standard input", Err: err,
				Hint: "pipe it in: guestlist user create --email a@example.com --password-stdin < file",
			}
		}
	}
	return withServer(ctx, term, settings, func(s *server.Server) error {
		user, err := s.Client().CreateUser(ctx, u)
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(term.out).Encode(user)
		}
		_, err = fmt.Fprintf(term.out, "id  %s\n", user.ID)
		return err
	})
}
