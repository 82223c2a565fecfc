package management

import (
	"slices"

	"guestlist"
	"guestlist/internal/store"
)

// administrator is what a person may do here and in the console.
type administrator struct {
	// IsAdministrator says that they may do everything.
	IsAdministrator bool `json:"isAdministrator"`
	// Role is what they are: an owner may do everything, an inviter invite, and a
	// viewer look at all that is no secret.
	Role administratorRole `json:"role"`
}

// administratorRole is one of the roles that open the console to people.
type administratorRole string

const (
	roleNone    administratorRole = "none"
	roleOwner   administratorRole = "owner"
	roleInviter administratorRole = "inviter"
	roleViewer  administratorRole = "viewer"
)

// administratorRoles names their rows, the one that may most first.
var administratorRoles = []struct {
	role administratorRole
	name string
}{
	{roleOwner, guestlist.AdminRoleName}, {roleInviter, guestlist.InviterRoleName}, {roleViewer, guestlist.ViewerRoleName},
}

// administratorOf returns what a user is.
func administratorOf(tx *store.Tx, id guestlist.UserID) (administrator, error) {
	shown := administrator{Role: roleNone}
	if err := knownUser(tx, id); err != nil {
		return shown, err
	}
	held, err := tx.RolesOfUser(id)
	for _, r := range administratorRoles {
		if shown.Role == roleNone && slices.ContainsFunc(held, func(h guestlist.Role) bool { return h.Name == r.name }) {
			shown.Role = r.role
		}
	}
	shown.IsAdministrator = shown.Role == roleOwner
	return shown, err
}

func (a *API) getAdministrator(c *call, in userID) (administrator, error) {
	var shown administrator
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		shown, err = administratorOf(tx, in.ID)
		return err
	})
	return shown, err
}

func (a *API) setAdministrator(c *call, in struct {
	ID   guestlist.UserID `path:"userId"`
	Body struct {
		IsAdministrator *bool              `json:"isAdministrator"`
		Role            *administratorRole `json:"role" check:"enum=none|owner|inviter|viewer"` // wins
	}
},
) (administrator, error) {
	var shown administrator
	wanted := roleNone
	switch {
	case in.Body.Role != nil:
		wanted = *in.Body.Role
	case in.Body.IsAdministrator == nil:
		return shown, errNothingToChange
	case *in.Body.IsAdministrator:
		wanted = roleOwner
	}
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if _, err := administratorOf(tx, in.ID); err != nil {
			return err
		}
		if wanted != roleOwner {
			if err := tx.KeepAdministrator(in.ID); err != nil {
				return err
			}
		}
		if err := setAdministratorRole(tx, in.ID, wanted); err != nil {
			return err
		}
		var err error
		shown, err = administratorOf(tx, in.ID)
		return err
	})
	return shown, err
}

// setAdministratorRole makes a user exactly one of what administrators are.
func setAdministratorRole(tx *store.Tx, id guestlist.UserID, wanted administratorRole) error {
	held, err := tx.RolesOfUser(id)
	if err != nil {
		return err
	}
	for _, r := range administratorRoles {
		has := slices.ContainsFunc(held, func(h guestlist.Role) bool { return h.Name == r.name })
		if has == (r.role == wanted) {
			continue
		}
		row, err := tx.RoleByName(r.name)
		if err != nil {
			return err
		}
		if has {
			err = tx.RemoveUserRole(id, row.ID)
		} else {
			err = tx.AddUserRole(id, row.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
