package guestlist

import "time"

// UserImportID is the id of a UserImport.
type UserImportID string

// UserImport is a file of people who are to become users. It is uploaded,
// looked at, started, and worked off by jobs, whoever looks on. Its JSON is that
// of /api/user-imports.
type UserImport struct {
	ID         UserImportID    `json:"id"`
	Name       string          `json:"name"` // of the file
	State      UserImportState `json:"state"`
	Columns    []string        `json:"columns"` // the header of the file
	Total      int             `json:"total"`   // lines
	Done       int             `json:"done"`    // lines that have a verdict
	Created    int             `json:"created"` // users
	Refused    int             `json:"refused"` // lines of which no user came
	Error      string          `json:"error,omitempty"`
	UserID     UserID          `json:"userId"` // who uploaded it, "" for machines
	CreatedAt  Time            `json:"createdAt"`
	StartedAt  *Time           `json:"startedAt"`
	FinishedAt *Time           `json:"finishedAt"`
	ExpiresAt  Time            `json:"expiresAt"` // when it and its report are forgotten

	Choices UserImportChoices `json:"choices"`

	// Part and Offset are how far the lines are worked off.
	Part   int `json:"-"`
	Offset int `json:"-"`
}

// UserImportState is how an import stands.
type UserImportState string

// The states of an import, in their order. A failed one can be started again,
// and goes on where it was.
const (
	ImportUploading UserImportState = "uploading"
	ImportUploaded  UserImportState = "uploaded"
	ImportRunning   UserImportState = "running"
	ImportFinished  UserImportState = "finished"
	ImportFailed    UserImportState = "failed"
)

// UserImportChoices say what an import means.
type UserImportChoices struct {
	// Columns names for each column of the file what it is of a user, e.g.
	// "primaryEmail" or "profile.givenName"; "" leaves the column out.
	Columns []string `json:"columns"`
	// TemporaryPasswords makes every password of the file one that has to be
	// changed at the first sign-in.
	TemporaryPasswords bool `json:"temporaryPasswords"`
	// Lang is the language of the report, BCP 47.
	Lang string `json:"lang,omitempty"`
}

// UserImportRun is the payload of JobImportUsers.
type UserImportRun struct {
	ID UserImportID `json:"id"`
}

// How long imports are kept. A file that nobody starts holds addresses, and
// perhaps passwords, for nothing.
const (
	KeepUploadedImport = 24 * time.Hour
	KeepFinishedImport = 30 * 24 * time.Hour
)
