package client

import (
	"context"
	"net/http"

	"guestlist"
)

// NewUser is what POST /api/users takes.
type NewUser struct {
	Username     string `json:"username,omitempty"`
	PrimaryEmail string `json:"primaryEmail,omitempty"`
	PrimaryPhone string `json:"primaryPhone,omitempty"`
	Name         string `json:"name,omitempty"`
	Password     string `json:"password,omitempty"`
}

// CreateUser creates a user.
func (c *Client) CreateUser(ctx context.Context, u NewUser) (guestlist.User, error) {
	var created guestlist.User
	err := c.Do(ctx, http.MethodPost, "/users", u, &created)
	return created, err
}

// NewOneTimeToken is what POST /api/one-time-tokens takes.
type NewOneTimeToken struct {
	Email     string `json:"email"`
	ExpiresIn int    `json:"expiresIn,omitempty"` // seconds
}

// IssueOneTimeToken issues the token of a magic link.
func (c *Client) IssueOneTimeToken(ctx context.Context, t NewOneTimeToken) (guestlist.OneTimeToken, error) {
	var issued guestlist.OneTimeToken
	err := c.Do(ctx, http.MethodPost, "/one-time-tokens", t, &issued)
	return issued, err
}
