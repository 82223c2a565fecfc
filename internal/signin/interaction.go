package signin

import (
	"guestlist"
	"guestlist/internal/store"
)

// InteractionTTL is how long an interaction lives, as on the wire.
const InteractionTTL = 3600 // seconds

// Interaction is one run of the state machine. Its JSON is what the store
// seals; what the guest may see of it is Public.
type Interaction struct {
	// UID is the secret in the browser's cookie; the store knows its keyed
	// hash alone, which is ID.
	UID string                  `json:"-"`
	ID  guestlist.InteractionID `json:"-"`

	Request      guestlist.AuthRequest `json:"request"`
	OneTimeToken string                `json:"oneTimeToken,omitempty"` // of the authorization request
	Prompt       string                `json:"prompt"`                 // why it began: login or consent
	SessionID    guestlist.SessionID   `json:"sessionId,omitempty"`    // of the browser when it began
	SessionUser  guestlist.UserID      `json:"sessionUser,omitempty"`

	// Event is empty until the first SetEvent.
	Event guestlist.InteractionEvent `json:"event,omitempty"`
	// UserID is whom the guest was identified as. While New is set the account
	// does not exist yet: Finish makes it, under this id.
	UserID  guestlist.UserID `json:"userId,omitempty"`
	New     bool             `json:"new,omitempty"`
	Profile Profile          `json:"profile"`
	Records []Record         `json:"records,omitempty"`
	// ProvedBy is the record by which the guest was identified.
	ProvedBy string `json:"provedBy,omitempty"`
	// Mark is that of the password by which the guest was identified; empty if
	// it was by something else.
	Mark string `json:"mark,omitempty"`
	// Via is the outside identity by which the guest was identified; nil if it
	// was by something else.
	Via *Via `json:"via,omitempty"`
	// Typed says that the guest typed something that a link scanner could not:
	// a password, a code, a name.
	Typed bool `json:"typed,omitempty"`
	// Invite is the invitation that the guest set out to accept; nil for none.
	Invite *Held `json:"invite,omitempty"`
	// Captcha says that the guest's answer to the captcha was right.
	Captcha bool   `json:"captcha,omitempty"`
	IP      string `json:"ip,omitempty"` // of the SetEvent

	// Done is set by the finishing transaction; only Resume takes it from there.
	Done *Result `json:"done,omitempty"`

	CreatedAt guestlist.Time `json:"-"`
	ExpiresAt guestlist.Time `json:"-"`
	version   int64
}

// Result is what a finished interaction leaves for Resume.
type Result struct {
	UserID         guestlist.UserID         `json:"userId"`
	SignedInAt     guestlist.Time           `json:"signedInAt,omitempty"` // zero: the session stays as it is
	OneTimeTokenID guestlist.OneTimeTokenID `json:"oneTimeTokenId,omitempty"`
	InvitationID   guestlist.InvitationID   `json:"invitationId,omitempty"` // that was accepted
	GrantID        guestlist.GrantID        `json:"grantId,omitempty"`      // what was consented to
	Denied         bool                     `json:"denied,omitempty"`       // the guest refused consent
	LastSubmission guestlist.JSONObject     `json:"lastSubmission,omitempty"`
	IP             string                   `json:"ip,omitempty"`
	UserAgent      string                   `json:"userAgent,omitempty"`
	Mark           string                   `json:"mark,omitempty"` // of the account's password, if the guest came in by it
}

// Profile is what the interaction will write to the account when it finishes.
type Profile struct {
	Username string                    `json:"username,omitempty"`
	Email    string                    `json:"email,omitempty"` // proved in this interaction
	Phone    string                    `json:"phone,omitempty"` // proved in this interaction
	Password *guestlist.PasswordDigest `json:"password,omitempty"`
	Name     string                    `json:"name,omitempty"`   // of an outside provider
	Avatar   string                    `json:"avatar,omitempty"` // of an outside provider
	Social   *Link                     `json:"social,omitempty"`
	SSO      *Link                     `json:"sso,omitempty"`
	// Extra is what was answered to the custom profile fields; nil until they
	// were asked.
	Extra *guestlist.ProfileAnswers `json:"extra,omitempty"`
}

// Caller is who sent a request, as far as it can be told.
type Caller struct {
	IP        string
	UserAgent string
	Languages []string // of Accept-Language and ui_locales, in order, for messages
}

// fromRow restores an interaction from its row.
func fromRow(uid string, row store.Interaction) (*Interaction, error) {
	i := &Interaction{}
	if err := unmarshal(row.State, i); err != nil {
		return nil, err
	}
	i.UID, i.ID = uid, row.ID
	i.CreatedAt, i.ExpiresAt, i.version = row.CreatedAt, row.ExpiresAt, row.Version
	return i, nil
}

// toRow returns the row that keeps an interaction.
func (i *Interaction) toRow() (store.Interaction, error) {
	state, err := marshal(i)
	return store.Interaction{
		ID: i.ID, ClientID: i.Request.ClientID, State: state, Version: i.version,
		CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt,
	}, err
}

// Public returns what GET /api/experience/interaction shows: no digest, no
// token, nothing that was typed but names.
func (i *Interaction) Public() map[string]any {
	records := make([]map[string]any, 0, len(i.Records))
	for _, r := range i.Records {
		records = append(records, r.Public())
	}
	profile := i.Profile.public()
	if i.New { // on the wire the account exists now, and took the profile with it
		profile = map[string]any{}
	}
	m := map[string]any{
		"interactionEvent": i.Event, "profile": profile, "verificationRecords": records,
		"mfa": map[string]any{}, "captcha": i.publicCaptcha(),
	}
	if i.UserID != "" {
		m["userId"] = i.UserID
	}
	if i.IP != "" {
		m["signInContext"] = map[string]any{"ip": i.IP}
	}
	return m
}

func (p Profile) public() map[string]any {
	m := map[string]any{}
	for k, v := range map[string]string{
		"username": p.Username, "primaryEmail": p.Email, "primaryPhone": p.Phone, "name": p.Name, "avatar": p.Avatar,
	} {
		if v != "" {
			m[k] = v
		}
	}
	if l := p.Social; l != nil {
		m["socialIdentity"] = map[string]any{"target": l.Target, "userInfo": l.Details}
	}
	if l := p.SSO; l != nil {
		m["enterpriseSsoIdentity"] = map[string]any{
			"identityId": l.Subject, "ssoConnectorId": l.ConnectorID, "issuer": l.Issuer, "detail": l.Details,
		}
	}
	p.publicExtra(m)
	return m
}

// empty reports whether there is nothing to write.
func (p Profile) empty() bool { return p == Profile{} }
