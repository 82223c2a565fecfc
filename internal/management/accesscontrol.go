package management

import (
	"encoding/json"

	"guestlist"
	"guestlist/internal/store"
)

func accessControlOf(tx *store.Tx, id guestlist.ApplicationID) (guestlist.AccessControl, error) {
	rules := guestlist.AccessControl{
		UserIDs: []guestlist.UserID{}, UserRoleIDs: []guestlist.RoleID{},
		OrganizationIDs: []string{}, OrganizationRoleRules: []guestlist.OrganizationRoleRule{},
	}
	text, err := tx.ApplicationAccessControl(id)
	if found, err := has(err); !found {
		return rules, err
	}
	return rules, json.Unmarshal(text, &rules)
}

func (a *API) getAccessControl(c *call, in applicationID) (guestlist.AccessControl, error) {
	var rules guestlist.AccessControl
	err := a.viewApplication(c.ctx(), in.ID, func(tx *store.Tx, app guestlist.Application) error {
		var err error
		rules, err = accessControlOf(tx, app.ID)
		return err
	})
	return rules, err
}

func (a *API) putAccessControl(c *call, in struct {
	ID   guestlist.ApplicationID `path:"id"`
	Body guestlist.AccessControl
},
) (guestlist.AccessControl, error) {
	rules := in.Body
	rules.UserIDs, rules.UserRoleIDs = distinct(rules.UserIDs), distinct(rules.UserRoleIDs)
	err := a.changeApplication(c.ctx(), in.ID, func(tx *store.Tx, app guestlist.Application) error {
		if err := checkAccessControl(tx, rules); err != nil {
			return err
		}
		if app.AccessControlEnabled && rules.IsEmpty() {
			return errInput(guestlist.KindUnprocessable,
				"Application access control must include at least one rule while it is enabled.")
		}
		text, err := json.Marshal(rules)
		if err != nil {
			return err
		}
		return tx.PutApplicationAccessControl(app.ID, text)
	})
	return rules, err
}

// checkAccessControl says that a rule names somebody who does not exist. Of
// organizations there are none yet.
func checkAccessControl(tx *store.Tx, r guestlist.AccessControl) error {
	if len(r.OrganizationIDs)+len(r.OrganizationRoleRules) > 0 {
		return store.ErrForeignKey
	}
	for _, id := range r.UserIDs {
		if found, err := has(second(tx.User(id))); err != nil {
			return err
		} else if !found {
			return store.ErrForeignKey
		}
	}
	for _, id := range r.UserRoleIDs {
		role, err := tx.Role(id)
		found, err := has(err)
		if err != nil {
			return err
		}
		if !found || role.Type != guestlist.RoleUser {
			return store.ErrForeignKey
		}
	}
	return nil
}

// second drops a value that only its existence matters of.
func second[T any](_ T, err error) error { return err }
