package guestlist

// Session is a browser that is signed in.
type Session struct {
	ID             SessionID            // public id: the wire's session uid
	UserID         UserID               //
	SignedInAt     Time                 // auth_time (Core §2)
	ExpiresAt      Time                 //
	CreatedAt      Time                 //
	IP             string               // of the sign-in
	UserAgent      string               //
	ClientID       ApplicationID        // the application of the first sign-in
	LastSubmission JSONObject           // sanitised interaction, for the sessions routes
	Clients        []SessionApplication // applications that this session has authorised
}

// SessionApplication is an application that a session has signed in to.
type SessionApplication struct {
	ApplicationID  ApplicationID `json:"applicationId"`
	GrantID        GrantID       `json:"grantId"`
	SID            string        `json:"sid"`            // sid claim, per client (Back-Channel Logout §2.1)
	PersistsLogout bool          `json:"persistsLogout"` // offline_access was granted
}

// Grant is what a user allowed an application to do.
type Grant struct {
	ID             GrantID
	UserID         UserID
	ApplicationID  ApplicationID
	SessionID      SessionID
	Scopes         []string            // OIDC scopes
	ResourceScopes map[string][]string // by resource indicator
	CreatedAt      Time
	ExpiresAt      Time
	RevokedAt      *Time
}
