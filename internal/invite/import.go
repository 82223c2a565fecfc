package invite

import (
	"encoding/json"
	"errors"
	"strconv"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// ImportRow is a row of a campaign as it was read.
type ImportRow struct {
	Line   int // of the file, from 1
	Email  string
	Phone  string // international digits
	Name   string
	Locale string
	Own    guestlist.InvitationOwn
	Terms  *RowTerms // nil: those of the campaign
	// Err is why it is no row at all, and Field what of it is wrong.
	Err   error
	Field string
}

// recipient is whom a row is for, as it was written.
func (r ImportRow) recipient() string {
	if r.Email != "" {
		return r.Email
	}
	return r.Phone
}

// RowTerms is what a row asks otherwise than its campaign; zero members ask
// nothing.
type RowTerms struct {
	ApplicationID guestlist.ApplicationID            `json:"a,omitempty"`
	RoleIDs       []guestlist.RoleID                 `json:"r,omitempty"`
	Organizations []guestlist.InvitationOrganization `json:"o,omitempty"`
	Message       string                             `json:"m,omitempty"`
	ExpiresIn     int                                `json:"e,omitempty"` // seconds
}

// The limits of an import.
const (
	ImportBatch   = 4096 // rows of one transaction
	maxTermsKnown = 1000 // sorts of terms that are remembered
)

// Importer makes invitations of the rows of a campaign, or says what would
// become of them. It is for one goroutine.
type Importer struct {
	Host     Host
	Campaign store.Campaign

	terms map[string]knownTerms
	// Of a dry run: what it saw, how many rows it judged, and for how many
	// invitations there was room left. seen is nil before its first rows.
	seen *keySet
	rows int
	room int
}

// knownTerms are terms that were checked, or why they cannot be.
type knownTerms struct {
	id            guestlist.InvitationTermID
	organizations string
	application   guestlist.ApplicationID
	err           error
}

// verdict is a row on its way.
type verdict struct {
	guestlist.RowReport
	invitation store.ImportedInvitation
}

// rules are what the rows of a batch are held against.
type rules struct {
	policy     guestlist.EmailBlocklistPolicy
	known      guestlist.MailDomains
	settings   guestlist.InvitationSettings
	self       map[string]bool // keys of the inviter's own addresses
	suppressed map[string]bool
	emails     map[string]bool // of users
	phones     map[string]bool
	checked    []checkedEmail // of each row that has one
}

// checkedEmail is an address as invitations keep it, or why it is none.
type checkedEmail struct {
	address string
	err     error
}

// Prepared are rows with what has to be known of them before they are judged.
// It may be read a moment before they are written, by a transaction that holds
// nobody up: what changes meanwhile is looked at again when mail is sent, and when
// an invitation is accepted.
type Prepared struct {
	Rows  []ImportRow
	rules rules
}

// Prepare reads what rows are held against.
func (imp *Importer) Prepare(tx *store.Tx, rows []ImportRow) (Prepared, error) {
	r, err := imp.rules(tx, rows)
	return Prepared{rows, r}, err
}

// Foresee says what would become of rows, and changes nothing. Rows of earlier
// calls count as rows before these.
func (imp *Importer) Foresee(tx *store.Tx, rows []ImportRow) ([]guestlist.RowReport, error) {
	p, err := imp.Prepare(tx, rows)
	if err != nil {
		return nil, err
	}
	verdicts, err := imp.judge(tx, p, false)
	if err != nil {
		return nil, err
	}
	var issue []*verdict
	for at := range verdicts {
		v := &verdicts[at]
		if imp.rows++; v.Verdict.Issues() {
			issue = append(issue, v)
		}
	}
	if imp.seen == nil {
		imp.seen = &keySet{}
		if imp.room, err = room(tx, imp.Campaign.Inviter); err != nil {
			return nil, err
		}
	}
	free, err := imp.sift(tx, issue, imp.seen, min(imp.room, guestlist.MaxCampaignRows-imp.rows+len(verdicts)))
	if err != nil {
		return nil, err
	}
	imp.room -= len(free)
	reports := make([]guestlist.RowReport, len(verdicts))
	for at, v := range verdicts {
		reports[at] = v.RowReport
	}
	return reports, nil
}

// sift says of rows whose recipients have an open invitation, or a row before,
// and of those for which there is no room, that they become none, and returns the
// others. What it saw goes into seen.
func (imp *Importer) sift(tx *store.Tx, issue []*verdict, seen *keySet, room int) (free []*verdict, err error) {
	standing, err := tx.StandingInvitations(recipients(issue))
	if err != nil {
		return nil, err
	}
	for _, v := range issue {
		key := store.StandingKey(v.invitation.Recipient, v.invitation.OrganizationsKey)
		s, stands := standing[key]
		switch {
		case stands && !s.Overdue:
			v.Verdict = imp.inTheWay(s)
		case !seen.add(key):
			v.Verdict = guestlist.RowDuplicate
		case len(free) >= room:
			v.Verdict = guestlist.RowOverQuota
		default:
			free = append(free, v)
		}
	}
	return free, nil
}

// recipients are the keys of whom rows are for.
func recipients(list []*verdict) []string {
	keys := make([]string, len(list))
	for at, v := range list {
		keys[at] = v.invitation.Recipient.Key()
	}
	return keys
}

// inTheWay is the verdict of a row whose recipient has an open invitation.
func (imp *Importer) inTheWay(s store.Standing) guestlist.RowVerdict {
	if s.Campaign != "" && s.Campaign == imp.Campaign.ID {
		return guestlist.RowDuplicate
	}
	return guestlist.RowAlreadyPending
}

// Issue makes invitations of rows, and returns what became of each with the
// errors of invalid ones. The caller keeps it in the same transaction, with how
// far the campaign is.
func (imp *Importer) Issue(tx *store.Tx, p Prepared) (Verdicts, error) {
	verdicts, err := imp.judge(tx, p, true)
	if err != nil {
		return Verdicts{}, err
	}
	kept := Verdicts{Prefix: crypt.OrderedID(tx.Now)[:idTime], Suffix: crypt.ID()[:idRandom]}
	var issue []*verdict
	for at := range verdicts {
		v := &verdicts[at]
		if !v.Verdict.Issues() {
			continue
		}
		v.invitation.ID = kept.id(at)
		issue = append(issue, v)
	}
	left, err := room(tx, imp.Campaign.Inviter)
	if err != nil {
		return kept, err
	}
	if left < len(issue) {
		if issue, err = imp.sift(tx, issue, &keySet{}, left); err != nil {
			return kept, err
		}
	}
	refused, err := imp.insert(tx, issue)
	if err != nil {
		return kept, err
	}
	if err := imp.explain(tx, refused); err != nil {
		return kept, err
	}
	if err := imp.emit(tx, verdicts); err != nil {
		return kept, err
	}
	for _, v := range verdicts {
		kept.add(v)
	}
	return kept, nil
}

// insert writes invitations, and returns those that were not because somebody is
// in the way.
func (imp *Importer) insert(tx *store.Tx, issue []*verdict) ([]*verdict, error) {
	batch := make([]*store.ImportedInvitation, len(issue))
	for at, v := range issue {
		batch[at] = &v.invitation
	}
	inserted, err := tx.ImportInvitations(store.Import{
		Campaign: imp.Campaign.ID, Inviter: imp.Campaign.Inviter, ExpiresAt: tx.Now.Add(guestlist.UnsentInvitationTTL),
	}, batch)
	if err != nil {
		return nil, err
	}
	var left []*verdict
	for at, v := range issue {
		if !inserted[at] {
			left = append(left, v)
		}
	}
	return left, nil
}

// explain says of rows that were not inserted who is in the way. An overdue
// invitation is put out of it.
func (imp *Importer) explain(tx *store.Tx, left []*verdict) error {
	for again := true; len(left) > 0; again = false {
		standing, err := tx.StandingInvitations(recipients(left))
		if err != nil {
			return err
		}
		var free []*verdict
		for _, v := range left {
			s, stands := standing[store.StandingKey(v.invitation.Recipient, v.invitation.OrganizationsKey)]
			switch {
			case again && (!stands || s.Overdue):
				if err := imp.makeWay(tx, s, stands); err != nil {
					return err
				}
				free = append(free, v)
			default:
				v.Verdict = imp.inTheWay(s)
			}
		}
		if left, err = imp.insert(tx, free); err != nil {
			return err
		}
	}
	return nil
}

func (imp *Importer) makeWay(tx *store.Tx, s store.Standing, stands bool) error {
	if !stands {
		return nil // whoever was in the way is gone again
	}
	old, err := tx.Invitation(s.ID)
	if err != nil {
		return err
	}
	ended, err := tx.ExpireInvitation(s.ID)
	if err != nil || !ended {
		return err
	}
	return Emit(tx, guestlist.EventInvitationExpired, old)
}

// emit tells hooks of what was made, if any listens.
func (imp *Importer) emit(tx *store.Tx, verdicts []verdict) error {
	var ids []guestlist.InvitationID
	for _, v := range verdicts {
		if v.Verdict.Issues() {
			ids = append(ids, v.invitation.ID)
		}
	}
	return tx.EmitInvitationsOf(guestlist.EventInvitationCreated, ids)
}

// judge looks at rows one by one.
func (imp *Importer) judge(tx *store.Tx, p Prepared, write bool) ([]verdict, error) {
	r := p.rules
	verdicts := make([]verdict, len(p.Rows))
	for at, row := range p.Rows {
		v := &verdicts[at]
		v.Line, v.Recipient = row.Line, row.recipient()
		field, err := imp.check(tx, row, at, r, v, write)
		var refused *guestlist.Error
		if err != nil && (!errors.As(err, &refused) || refused.Kind == guestlist.KindInternal) {
			return nil, err
		}
		switch blocked := (blockedError{}); {
		case errors.As(err, &blocked):
			v.Verdict, v.Err, v.Code = guestlist.RowBlocked, refused, refused.Code
		case err != nil:
			v.Verdict, v.Err, v.Code, v.Field = guestlist.RowInvalid, err, guestlist.CodeOf(err), field
		case r.suppressed[v.invitation.Recipient.Value]:
			v.Verdict = guestlist.RowSuppressed
		case r.emails[v.invitation.Recipient.Value], r.phones[v.invitation.Recipient.Value]:
			v.Verdict = guestlist.RowExistingUser
		default:
			v.Verdict = guestlist.RowNew
		}
	}
	return verdicts, nil
}

// blockedError marks the refusal of an address by the rules for addresses.
type blockedError struct{ error }

// Unwrap returns the refusal.
func (e blockedError) Unwrap() error { return e.error }

// check makes the invitation of a row, or says what is wrong with which field.
func (imp *Importer) check(tx *store.Tx, row ImportRow, at int, r rules, v *verdict, write bool) (field string, err error) {
	switch {
	case row.Err != nil:
		return row.Field, row.Err
	case row.Email == "" && row.Phone == "":
		return "email", errRecipient
	case row.Email != "" && row.Phone != "":
		return "phone", errRecipient
	case row.Phone != "":
		v.invitation.Recipient = guestlist.Identifier{Type: guestlist.IdentifierPhone, Value: row.Phone}
		if !guestlist.IsPhone(row.Phone) {
			return "phone", errRecipient
		}
	default:
		email, err := r.checked[at].address, r.checked[at].err
		if err != nil {
			return "email", err
		}
		v.Recipient = email
		v.invitation.Recipient = guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: email}
		if err := r.policy.Refusal(email, r.known); err != nil {
			return "email", blockedError{err}
		}
	}
	switch {
	case r.self[v.invitation.Recipient.Key()]:
		return "email", errSelf
	case !CheckText(row.Name, maxName, false):
		return "name", errText.WithArgs(map[string]any{"max": maxName})
	}
	if err := checkLocale(row.Locale); err != nil {
		return "locale", err
	}
	if err := checkOwn(row.Own); err != nil {
		return "customData", err
	}
	if ends := row.Own.ExpiresAt; ends != nil && (ends.Sub(tx.Now) < guestlist.MinInvitationTTL || ends.Sub(tx.Now).Seconds() > float64(r.settings.MaxExpiresIn)) {
		return "expiresAt", errExpiry(r.settings)
	}
	terms := imp.termsOf(tx, row.Terms, write)
	if terms.err != nil {
		return fieldOfTerms(row.Terms, terms.err), terms.err
	}
	v.invitation.Terms, v.invitation.OrganizationsKey, v.invitation.Application = terms.id, terms.organizations, terms.application
	v.invitation.Name, v.invitation.Own = row.Name, row.Own
	if v.invitation.Locale = row.Locale; row.Locale == "" {
		v.invitation.Locale = imp.Campaign.Locale
	}
	return "", nil
}

// fieldOfTerms guesses which member of a row's own terms a refusal is about.
func fieldOfTerms(t *RowTerms, err error) string {
	var e *guestlist.Error
	switch {
	case !errors.As(err, &e):
		return ""
	case errors.Is(err, errText):
		return "message"
	case e.Code == "invitation.invalid_expiry":
		return "expiresIn"
	}
	if name, _ := e.Args["name"].(string); name != "" {
		switch name {
		case "application":
			return "applicationId"
		case "role":
			return "roleIds"
		default:
			return "organizationIds"
		}
	}
	if t != nil && len(t.RoleIDs) > 0 {
		return "roleIds"
	}
	return ""
}

// termsOf returns the terms of a row: those of the campaign, with what the row
// asks otherwise. Rows ask for few different things; each is looked at once.
func (imp *Importer) termsOf(tx *store.Tx, asked *RowTerms, write bool) knownTerms {
	key := ""
	if asked == nil {
		asked = &RowTerms{}
	} else {
		text, err := json.Marshal(asked)
		if err != nil {
			return knownTerms{err: err}
		}
		key = string(text)
	}
	if known, ok := imp.terms[key]; ok {
		return known
	}
	t := imp.Campaign.Terms
	if asked.ApplicationID != "" {
		t.ApplicationID = asked.ApplicationID
	}
	if asked.Message != "" {
		t.Message = asked.Message
	}
	if asked.ExpiresIn != 0 {
		t.TTL = asked.ExpiresIn
	}
	if len(asked.RoleIDs) > 0 {
		t.Grants.RoleIDs = asked.RoleIDs
	}
	if len(asked.Organizations) > 0 {
		t.Grants.Organizations = asked.Organizations
	}
	var k knownTerms
	if t, k.err = imp.Host.CheckTerms(tx, guestlist.InvitationPersonal, t); k.err == nil {
		k.organizations, k.application = t.Grants.OrganizationsKey(), t.ApplicationID
		if write {
			k.id, k.err = tx.PutInvitationTerms(t)
		}
	}
	if len(imp.terms) >= maxTermsKnown || imp.terms == nil {
		imp.terms = map[string]knownTerms{}
	}
	imp.terms[key] = k
	return k
}

// rules reads what the rows of a batch are held against, with one statement for
// each question.
func (imp *Importer) rules(tx *store.Tx, rows []ImportRow) (rules, error) {
	r := rules{known: guestlist.MailDomains{ASCII: ASCIIDomain, Disposable: imp.Host.Disposable}, self: map[string]bool{}}
	exp, err := tx.SignInExperience()
	if err != nil {
		return r, err
	}
	r.policy = exp.EmailBlocklistPolicy
	if r.settings, err = Settings(tx); err != nil {
		return r, err
	}
	if imp.Host.Inviter.Type == guestlist.InviterUser {
		u, err := tx.User(guestlist.UserID(imp.Host.Inviter.ID))
		if err != nil {
			return r, orGone(err)
		}
		if u.PrimaryEmail != nil {
			r.self[guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: *u.PrimaryEmail}.Key()] = true
		}
		if u.PrimaryPhone != nil {
			r.self[guestlist.Identifier{Type: guestlist.IdentifierPhone, Value: *u.PrimaryPhone}.Key()] = true
		}
	}
	var emails, phones []string
	r.checked = make([]checkedEmail, len(rows))
	for at, row := range rows {
		if row.Err != nil {
			continue
		}
		c := &r.checked[at]
		if c.address, c.err = CheckEmail(row.Email); c.err == nil {
			emails = append(emails, c.address)
		}
		if guestlist.IsPhone(row.Phone) {
			phones = append(phones, row.Phone)
		}
	}
	if r.suppressed, err = tx.SuppressedAmong(emails); err != nil {
		return r, err
	}
	if r.emails, err = tx.UsersAmong(guestlist.IdentifierEmail, emails); err != nil {
		return r, err
	}
	r.phones, err = tx.UsersAmong(guestlist.IdentifierPhone, phones)
	return r, err
}

// The parts of the id of an invitation of a campaign: when its batch was
// written, which row of the batch it is, and something random.
const (
	idTime   = 9
	idRow    = 3
	idRandom = guestlist.IDLength - idTime - idRow
)

// id is that of a row of a batch.
func (k Verdicts) id(at int) guestlist.InvitationID {
	n := strconv.FormatInt(int64(at), 36)
	return guestlist.InvitationID(k.Prefix + "000"[len(n):] + n + k.Suffix)
}

// Forget forgets terms that were written by a transaction that may have failed.
func (imp *Importer) Forget() { imp.terms = nil }
