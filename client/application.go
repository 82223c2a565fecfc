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

// CreateManagementClient creates a machine-to-machine application that may use
// the whole management API, and returns its id and secret.
func (c *Client) CreateManagementClient(ctx context.Context, name string) (id guestlist.ApplicationID, secret string, err error) {
	app, err := c.CreateApplication(ctx, NewApplication{
		Name: name, Type: guestlist.ApplicationMachine,
		OIDCClientMetadata: &guestlist.OIDCClientMetadata{RedirectURIs: []string{}, PostLogoutRedirectURIs: []string{}},
	})
	if err != nil {
		return "", "", err
	}
	if err := c.GrantManagement(ctx, app.ID); err != nil {
		return "", "", err
	}
	secrets, err := c.ApplicationSecrets(ctx, app.ID)
	if err != nil || len(secrets) == 0 {
		return "", "", err
	}
	return app.ID, secrets[0].Value, nil
}

// GrantManagement lets a machine-to-machine application use the management
// API.
func (c *Client) GrantManagement(ctx context.Context, id guestlist.ApplicationID) error {
	roles, err := c.RolesNamed(ctx, guestlist.ManagementRoleName)
	if err != nil {
		return err
	}
	if len(roles) != 1 {
		return &guestlist.Error{
			Kind: guestlist.KindNotFound, Code: "cli.no_management_role",
			Message: "the role " + guestlist.ManagementRoleName + " is not there",
			Hint:    "create a machine-to-machine role of that name with the scope all of the management API",
		}
	}
	return c.AssignApplicationRoles(ctx, id, roles[0].ID)
}
