package store

import "guestlist"

// The ids of what a new installation has. They are constants so that several
// processes that start at once make the same rows.
const (
	ManagementResourceID = guestlist.ResourceID("management-api")
	ManagementScopeID    = guestlist.ScopeID("management-api-all")
	ManagementRoleID     = guestlist.RoleID("management-api-access")
	AdminRoleID          = guestlist.RoleID("internal-admin")
	InviterRoleID        = guestlist.RoleID("internal-inviter")
	ViewerRoleID         = guestlist.RoleID("internal-viewer")
)

// managementScope is a scope of the management API.
type managementScope struct {
	id                guestlist.ScopeID
	name, description string
}

var managementScopes = []managementScope{
	{ManagementScopeID, guestlist.ScopeAll, "Permits everything that the management API offers."},
	{"management-api-read", guestlist.ScopeRead, "Permits to look at all that is no secret."},
	{"management-api-invitations-read", guestlist.ScopeInvitationsRead, "Permits to look at invitations and requests."},
	{"management-api-invitations-write", guestlist.ScopeInvitationsWrite, "Permits to issue, change and take back invitations."},
}

// seededRole is a role with the scopes of the management API that it begins
// with.
type seededRole struct {
	guestlist.Role
	scopes []string
}

var seededRoles = []seededRole{
	{guestlist.Role{
		ID: ManagementRoleID, Name: guestlist.ManagementRoleName, Type: guestlist.RoleMachine,
		Description: "Opens the management API to machines.",
	}, []string{guestlist.ScopeAll}},
	{guestlist.Role{
		ID: AdminRoleID, Name: guestlist.AdminRoleName, Type: guestlist.RoleUser,
		Description: "Opens the management API and the console to people.",
	}, []string{guestlist.ScopeAll}},
	{guestlist.Role{
		ID: InviterRoleID, Name: guestlist.InviterRoleName, Type: guestlist.RoleUser,
		Description: "Lets people invite in the console, and nothing else.",
	}, []string{guestlist.ScopeInvitationsRead, guestlist.ScopeInvitationsWrite}},
	{guestlist.Role{
		ID: ViewerRoleID, Name: guestlist.ViewerRoleName, Type: guestlist.RoleUser,
		Description: "Lets people look at all that is no secret in the console.",
	}, []string{guestlist.ScopeRead, guestlist.ScopeInvitationsRead}},
}

// Seed creates what every installation needs: the management API as a
// resource with its scopes, the role that opens it to machines and those that
// open it to people. What is there already stays as it is, so that an operator's
// changes outlive a restart, and what a later version adds comes with its start.
func Seed(tx *Tx) error {
	if err := tx.run(`INSERT INTO resources (id, name, indicator, is_default, access_token_ttl, created_at)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`, ManagementResourceID, "Management API",
		guestlist.ManagementAPI, false, guestlist.DefaultAccessTokenTTLSeconds, tx.Now); err != nil {
		return err
	}
	added := false
	for _, s := range managementScopes {
		n, err := tx.exec(`INSERT INTO scopes (id, resource_id, name, description, created_at)
			VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`, s.id, ManagementResourceID, s.name, s.description, tx.Now)
		if err != nil {
			return err
		}
		added = added || n > 0
	}
	for _, r := range seededRoles {
		n, err := tx.seedRole(r)
		if err != nil {
			return err
		}
		added = added || n
	}
	if added {
		return tx.touchConfig()
	}
	return nil
}

// seedRole creates a role with its scopes, unless its id or name is taken.
// Whoever comes second finds it and does nothing.
func (tx *Tx) seedRole(r seededRole) (bool, error) {
	n, err := tx.exec(`INSERT INTO roles (id, name, description, type, is_default, created_at)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`, r.ID, r.Name, r.Description, r.Type, false, tx.Now)
	if err != nil || n == 0 {
		return false, err
	}
	for _, scope := range r.scopes {
		if err := tx.run(`INSERT INTO role_scopes (role_id, scope_id) SELECT $1, id FROM scopes WHERE resource_id = $2 AND name = $3`,
			r.ID, ManagementResourceID, scope); err != nil {
			return false, err
		}
	}
	return true, nil
}
