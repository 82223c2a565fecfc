package guestlist

// InvitationView is a filter of invitations that a host saved under a name. All
// hosts see the same views. Its JSON is that of /api/invitation-views.
type InvitationView struct {
	ID        InvitationViewID     `json:"id"`
	Name      string               `json:"name"`
	Filter    InvitationViewFilter `json:"filter"`
	CreatedAt Time                 `json:"createdAt"`
}

// InvitationViewID is the id of an InvitationView.
type InvitationViewID string

// InvitationChoice says which invitations are meant, in the words of their list;
// the zero value means all. Lists take it as a query, and views and actions as
// JSON.
type InvitationChoice struct {
	Status        InvitationStatus   `json:"status,omitempty" query:"status" check:"enum=scheduled|pending|accepted|declined|revoked|expired"`
	Delivery      InvitationDelivery `json:"delivery,omitempty" query:"delivery" check:"enum=none|queued|sent|delivered|deferred|bounced|complained|suppressed|failed"`
	CampaignID    CampaignID         `json:"campaignId,omitempty" query:"campaignId" check:"max=128"`
	ApplicationID ApplicationID      `json:"applicationId,omitempty" query:"applicationId" check:"max=128"`
	InviterID     string             `json:"inviterId,omitempty" query:"inviterId" check:"max=128"` // of a user or application
	Kind          InvitationKind     `json:"kind,omitempty" query:"kind" check:"enum=personal|shared"`
	Email         string             `json:"email,omitempty" query:"email" check:"max=320"` // how the recipient's address begins
}

// InvitationViewFilter says which invitations a view has.
type InvitationViewFilter struct {
	InvitationChoice
	// EndingWithinDays wants pending ones that end within so many days from when
	// the view is looked at; 0 for any.
	EndingWithinDays int `json:"endingWithinDays,omitempty" check:"min=0,max=@days"`
}

const (
	// MaxInvitationViews is how many views there are at most.
	MaxInvitationViews = 30
	// MaxInvitationViewName is the longest name of one, in characters.
	MaxInvitationViewName = 64
)
