package store

import "guestlist"

// The ids of what a new installation has. They are constants so that several
// processes that start at once make the same rows.
const (
	ManagementResourceID = guestlist.ResourceID("management-api")
	ManagementScopeID    = guestlist.ScopeID("management-api-all")
	ManagementRoleID     = guestlist.RoleID("management-api-access")
	AdminRoleID          = guestlist.RoleID("internal-admin")
)

// Seed creates what every installation needs: the management API as a
// resource with its scope, the role that opens it to machines and the one that
// opens it to people. What is there already stays as it is, so that an
// operator's changes outlive a restart.
func Seed(tx *Tx) error {
	if err := tx.seedManagementAPI(); err != nil {
		return err
	}
	if err := tx.seedRole(guestlist.Role{
		ID: ManagementRoleID, Name: guestlist.ManagementRoleName, Type: guestlist.RoleMachine,
		Description: "Opens the management API to machines.",
	}); err != nil {
		return err
	}
	return tx.seedRole(guestlist.Role{
		ID: AdminRoleID, Name: guestlist.AdminRoleName, Type: guestlist.RoleUser,
		Description: "Opens the management API and the console to people.",
	})
}

// seedManagementAPI lets whoever comes second find the rows and do nothing.
func (tx *Tx) seedManagementAPI() error {
	n, err := tx.exec(`INSERT INTO resources (id, name, indicator, is_default, access_token_ttl, created_at)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`, ManagementResourceID, "Management API",
		guestlist.ManagementAPI, false, guestlist.DefaultAccessTokenTTLSeconds, tx.Now)
	if err != nil || n == 0 {
		return err
	}
	description := "Permits everything that the management API offers."
	return tx.InsertScope(guestlist.Scope{
		ID: ManagementScopeID, ResourceID: ManagementResourceID, Name: guestlist.ScopeAll,
		Description: &description, CreatedAt: tx.Now,
	})
}

// seedRole creates a role with the management scope, unless its id or name is
// taken.
func (tx *Tx) seedRole(r guestlist.Role) error {
	n, err := tx.exec(`INSERT INTO roles (id, name, description, type, is_default, created_at)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`, r.ID, r.Name, r.Description, r.Type, false, tx.Now)
	if err != nil || n == 0 {
		return err
	}
	return tx.AddRoleScope(r.ID, ManagementScopeID)
}
