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

// InvitationViewFilter says which invitations a view has, in the words of their
// list; the zero value means all.
type InvitationViewFilter struct {
	Status        InvitationStatus   `json:"status,omitempty"`
	Delivery      InvitationDelivery `json:"delivery,omitempty"`
	CampaignID    CampaignID         `json:"campaignId,omitempty"`
	ApplicationID ApplicationID      `json:"applicationId,omitempty"`
	InviterID     string             `json:"inviterId,omitempty"`
	Kind          InvitationKind     `json:"kind,omitempty"`
	Email         string             `json:"email,omitempty"` // how the recipient's address begins
	// EndingWithinDays wants pending ones that end within so many days from when
	// the view is looked at; 0 for any.
	EndingWithinDays int `json:"endingWithinDays,omitempty"`
}

const (
	// MaxInvitationViews is how many views there are at most.
	MaxInvitationViews = 30
	// MaxInvitationViewName is the longest name of one, in characters.
	MaxInvitationViewName = 64
)
