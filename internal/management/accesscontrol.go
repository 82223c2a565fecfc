package management

import (
	"encoding/json"

	"guestlist"
	"guestlist/internal/store"
)

// accessControl says who may use an application: whoever one of the rules
// names.
type accessControl struct {
	UserIDs               []guestlist.UserID     `json:"userIds" check:"max=1000,each.min=1"`
	UserRoleIDs           []guestlist.RoleID     `json:"userRoleIds" check:"max=1000,each.min=1"`
	OrganizationIDs       []string               `json:"organizationIds" check:"max=1000,each.min=1"`
	OrganizationRoleRules []organizationRoleRule `json:"organizationRoleRules" check:"max=1000"`
}

type organizationRoleRule struct {
	OrganizationID      string   `json:"organizationId" check:"min=1"`
	OrganizationRoleIDs []string `json:"organizationRoleIds" check:"each.min=1"`
}

func (r accessControl) isEmpty() bool {
	return len(r.UserIDs)+len(r.UserRoleIDs)+len(r.OrganizationIDs)+len(r.OrganizationRoleRules) == 0
}

func accessControlOf(tx *store.Tx, id guestlist.ApplicationID) (accessControl, error) {
	rules := accessControl{
		UserIDs: []guestlist.UserID{}, UserRoleIDs: []guestlist.RoleID{},
		OrganizationIDs: []string{}, OrganizationRoleRules: []organizationRoleRule{},
	}
	text, err := tx.ApplicationAccessControl(id)
	if found, err := has(err); !found {
		return rules, err
	}
	return rules, json.Unmarshal(text, &rules)
}

func (a *API) getAccessControl(c *call, in applicationID) (accessControl, error) {
	var rules accessControl
	err := a.viewApplication(c.ctx(), in.ID, func(tx *store.Tx, app guestlist.Application) error {
		var err error
		rules, err = accessControlOf(tx, app.ID)
		return err
	})
	return rules, err
}

func (a *API) putAccessControl(c *call, in struct {
	ID   guestlist.ApplicationID `path:"id"`
	Body accessControl
},
) (accessControl, error) {
	rules := in.Body
	rules.UserIDs, rules.UserRoleIDs = distinct(rules.UserIDs), distinct(rules.UserRoleIDs)
	err := a.changeApplication(c.ctx(), in.ID, func(tx *store.Tx, app guestlist.Application) error {
		if err := rules.refusal(tx); err != nil {
			return err
		}
		if app.AccessControlEnabled && rules.isEmpty() {
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

// refusal says that a rule names somebody who does not exist. Of
// organizations there are none yet.
func (r accessControl) refusal(tx *store.Tx) error {
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
