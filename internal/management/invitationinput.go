package management

import (
	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/invite"
	"guestlist/internal/phone"
	"guestlist/internal/token"
)

// invitationTerms is what invitations give, ask and say, as it is sent to us.
type invitationTerms struct {
	ApplicationID     guestlist.ApplicationID     `json:"applicationId,omitempty" check:"max=128"`
	Landing           guestlist.InvitationLanding `json:"landing,omitempty" check:"enum=hosted|application"`
	LandingURL        string                      `json:"landingUrl,omitempty" check:"max=2048"`
	Binding           guestlist.IdentityBinding   `json:"identityBinding,omitempty" check:"enum=exact|domain|connector|any_confirmed"`
	AllowedDomains    []string                    `json:"allowedDomains,omitempty" check:"max=100,each.max=253"`
	AllowedConnectors []string                    `json:"allowedConnectors,omitempty" check:"max=50,each.max=128"`
	RequiredSteps     []guestlist.InvitationStep  `json:"requiredSteps,omitempty" check:"max=3,each.enum=password|terms|profile"`
	Grants            invitationGrants            `json:"grants,omitempty"`
	Message           string                      `json:"message,omitempty" check:"max=1000"`
	Strict            bool                        `json:"strict,omitempty"`
	ExpiresIn         *int                        `json:"expiresIn,omitempty" check:"min=1,max=@period"` // seconds
	RemindAfter       []int                       `json:"remindAfterDays,omitempty" check:"max=5,each.min=1,each.max=@days"`
	RemindBeforeEnd   []int                       `json:"remindBeforeExpiryDays,omitempty" check:"max=5,each.min=1,each.max=@days"`
	TellExpired       bool                        `json:"mailWhenExpired,omitempty"`
}

// invitationGrants is what acceptance gives.
type invitationGrants struct {
	RoleIDs       []guestlist.RoleID       `json:"roleIds,omitempty" check:"max=100,each.min=1,each.max=128,unique"`
	Organizations []invitationOrganization `json:"organizations,omitempty" check:"max=100"`
	CustomData    guestlist.JSONObject     `json:"customData,omitempty"`
	Profile       *guestlist.Profile       `json:"profile,omitempty"`
}

type invitationOrganization struct {
	ID      guestlist.OrganizationID       `json:"id" check:"min=1,max=128"`
	RoleIDs []guestlist.OrganizationRoleID `json:"roleIds,omitempty" check:"max=100,each.min=1,each.max=128,unique"`
}

// grants returns what many may be given alike, and own what is somebody's own
// data: that lies with the invitation and goes with it.
func (in invitationGrants) grants() (guestlist.InvitationGrants, guestlist.InvitationOwn) {
	g := guestlist.InvitationGrants{RoleIDs: in.RoleIDs}
	for _, o := range in.Organizations {
		g.Organizations = append(g.Organizations, guestlist.InvitationOrganization{ID: o.ID, RoleIDs: o.RoleIDs})
	}
	own := guestlist.InvitationOwn{Profile: in.Profile}
	if string(in.CustomData) != "{}" {
		own.CustomData = in.CustomData
	}
	return g, own
}

// terms returns the terms without what is somebody's own; see grants.
func (in invitationTerms) terms() (guestlist.InvitationTerms, guestlist.InvitationOwn) {
	t := guestlist.InvitationTerms{
		ApplicationID: in.ApplicationID, Landing: in.Landing, LandingURL: in.LandingURL, Binding: in.Binding,
		AllowedDomains: in.AllowedDomains, AllowedConnectors: in.AllowedConnectors, RequiredSteps: in.RequiredSteps,
		Message: in.Message, Strict: in.Strict, RemindAfter: in.RemindAfter, RemindBeforeEnd: in.RemindBeforeEnd,
		TellExpired: in.TellExpired,
	}
	var own guestlist.InvitationOwn
	t.Grants, own = in.Grants.grants()
	set(&t.TTL, in.ExpiresIn)
	return t, own
}

// invitationStart is when an invitation is good.
type invitationStart struct {
	NotBefore *guestlist.Time `json:"notBefore,omitempty"`
	ExpiresAt *guestlist.Time `json:"expiresAt,omitempty"` // wins over expiresIn
}

// newInvitation is the order for a personal invitation.
type newInvitation struct {
	Email  string `json:"email,omitempty" check:"max=320"`
	Phone  string `json:"phone,omitempty" check:"max=64"`
	Name   string `json:"name,omitempty" check:"max=128"`
	Locale string `json:"locale,omitempty" check:"max=35"`
	invitationTerms
	invitationStart
	// Send queues the mail; false shows the link in this answer alone.
	Send *bool `json:"send,omitempty"`
}

func (in newInvitation) order() (invite.InvitationOrder, error) {
	o := invite.InvitationOrder{
		Kind: guestlist.InvitationPersonal, Email: in.Email, Name: in.Name, Locale: in.Locale, NotBefore: in.NotBefore,
		ExpiresAt: in.ExpiresAt, Send: in.Send == nil || *in.Send,
	}
	o.Terms, o.Own = in.terms()
	if in.Phone != "" {
		var err error
		if o.Phone, err = phone.Normalize(in.Phone); err != nil {
			return o, err
		}
	}
	return o, nil
}

// newInvitationCode is the order for a shared invitation.
type newInvitationCode struct {
	Name  string `json:"name,omitempty" check:"max=128"`
	Seats int    `json:"seats" check:"min=1,max=100000"`
	invitationTerms
	invitationStart
}

func (in newInvitationCode) order() invite.InvitationOrder {
	o := invite.InvitationOrder{
		Kind: guestlist.InvitationShared, Name: in.Name, Seats: in.Seats, NotBefore: in.NotBefore, ExpiresAt: in.ExpiresAt,
	}
	o.Terms, o.Own = in.terms()
	return o
}

// host is on whose behalf a call issues and changes invitations.
func (c *call) host() invite.Host {
	h := invite.Host{
		Inviter: inviterOf(c.who), Scopes: c.who.Scopes, BuiltIn: c.api.BuiltIn,
		TargetOf: connector.TargetOf, Disposable: c.api.Desk.Disposable,
	}
	return h
}

// inviterOf names who stands behind a token: a person, a machine, or this
// program itself.
func inviterOf(who token.Subject) guestlist.Inviter {
	by := guestlist.Inviter{Type: guestlist.InviterApplication, ID: string(who.ClientID), Authority: guestlist.AuthorityHost}
	switch {
	case who.UserID != "":
		by.Type, by.ID = guestlist.InviterUser, string(who.UserID)
	case who.ClientID == localClient:
		by.Type, by.ID = guestlist.InviterSystem, ""
	}
	if !who.Has(guestlist.ScopeAll) {
		by.Authority = guestlist.AuthorityNarrow
	}
	return by
}
