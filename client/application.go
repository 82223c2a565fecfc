package client

import (
	"context"
	"net/http"
	"net/url"

	"guestlist"
)

// NewApplication is what POST /api/applications takes.
type NewApplication struct {
	Name               string                        `json:"name"`
	Type               guestlist.ApplicationType     `json:"type"`
	Description        string                        `json:"description,omitempty"`
	OIDCClientMetadata *guestlist.OIDCClientMetadata `json:"oidcClientMetadata,omitempty"`
}

// CreateApplication creates an application.
func (c *Client) CreateApplication(ctx context.Context, a NewApplication) (guestlist.Application, error) {
	var created guestlist.Application
	err := c.Do(ctx, http.MethodPost, "/applications", a, &created)
	return created, err
}

// ApplicationSecrets lists an application's secrets with their values.
func (c *Client) ApplicationSecrets(ctx context.Context, id guestlist.ApplicationID) ([]guestlist.ApplicationSecret, error) {
	var secrets []guestlist.ApplicationSecret
	err := c.Do(ctx, http.MethodGet, "/applications/"+escape(string(id))+"/secrets", nil, &secrets)
	return secrets, err
}

// RolesNamed lists the roles that have exactly this name.
func (c *Client) RolesNamed(ctx context.Context, name string) ([]guestlist.Role, error) {
	var roles []guestlist.Role
	q := url.Values{"search.name": {name}, "mode.name": {"exact"}, "isCaseSensitive": {"true"}}
	err := c.Do(ctx, http.MethodGet, "/roles?"+q.Encode(), nil, &roles)
	return roles, err
}

// AssignApplicationRoles gives a machine-to-machine application roles.
func (c *Client) AssignApplicationRoles(ctx context.Context, id guestlist.ApplicationID, roles ...guestlist.RoleID) error {
	return c.Do(ctx, http.MethodPost, "/applications/"+escape(string(id))+"/roles", map[string]any{"roleIds": roles}, nil)
}
