package guestlist

// UserInfo is what webhooks say of a user (wire: userInfo): the record without
// what concerns its credentials.
type UserInfo struct {
	ID            UserID              `json:"id"`
	Username      *string             `json:"username"`
	PrimaryEmail  *string             `json:"primaryEmail"`
	PrimaryPhone  *string             `json:"primaryPhone"`
	Name          *string             `json:"name"`
	Avatar        *string             `json:"avatar"`
	CustomData    JSONObject          `json:"customData"`
	Identities    map[string]Identity `json:"identities"`
	LastSignInAt  *Time               `json:"lastSignInAt"`
	CreatedAt     Time                `json:"createdAt"`
	UpdatedAt     Time                `json:"updatedAt"`
	Profile       Profile             `json:"profile"`
	ApplicationID *ApplicationID      `json:"applicationId"`
	CIMDClientID  *string             `json:"cimdClientId"`
	IsSuspended   bool                `json:"isSuspended"`
}

// Info returns what webhooks say of u.
func (u User) Info() UserInfo {
	info := UserInfo{
		ID: u.ID, Username: u.Username, PrimaryEmail: u.PrimaryEmail, PrimaryPhone: u.PrimaryPhone, Name: u.Name,
		Avatar: u.Avatar, CustomData: u.CustomData, Identities: u.Identities, LastSignInAt: u.LastSignInAt,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, Profile: u.Profile, ApplicationID: u.ApplicationID,
		CIMDClientID: u.CIMDClientID, IsSuspended: u.IsSuspended,
	}
	if info.CustomData == nil {
		info.CustomData = JSONObject("{}")
	}
	if info.Identities == nil {
		info.Identities = map[string]Identity{}
	}
	return info
}
