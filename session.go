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

// JobBackchannelLogout is the kind of the job that tells an application that a
// session ended; its payload is a BackchannelLogout.
const JobBackchannelLogout = "backchannel.logout"

// BackchannelLogout says whose session ended at which application (OpenID
// Connect Back-Channel Logout §2.4).
type BackchannelLogout struct {
	ID       string        `json:"id"` // jti of the logout token, the same at every attempt
	ClientID ApplicationID `json:"clientId"`
	UserID   UserID        `json:"userId"`
	SID      string        `json:"sid"`
}
