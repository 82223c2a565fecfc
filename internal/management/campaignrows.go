package management

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/phone"
	"guestlist/internal/web"
)

// rowParser makes rows of a campaign of the lines of a file.
type rowParser interface {
	row(number int, text []byte) invite.ImportRow
}

// What a column of a file of invitations can be. Beside these there is what
// begins with customData. or profile.: a dot leads further in.
const (
	rowEmail         = "email"
	rowPhone         = "phone"
	rowName          = "name"
	rowLocale        = "locale"
	rowMessage       = "message"
	rowRoles         = "roleIds"         // separated by blanks, commas, semicolons or bars
	rowOrganizations = "organizationIds" // likewise
	rowApplication   = "applicationId"
	rowExpiresIn     = "expiresIn" // seconds
	rowExpiresAt     = "expiresAt" // a day, or a moment (RFC 3339), or milliseconds
)

// rowColumns are the names under which files have what a column can be, folded
// by foldColumn.
var rowColumns = map[string]string{
	"email": rowEmail, "emailaddress": rowEmail, "mail": rowEmail, "primaryemail": rowEmail, "recipient": rowEmail, "recipientemail": rowEmail,
	"phone": rowPhone, "phonenumber": rowPhone, "mobile": rowPhone, "primaryphone": rowPhone, "recipientphone": rowPhone,
	"name": rowName, "fullname": rowName, "displayname": rowName,
	"locale": rowLocale, "language": rowLocale, "lang": rowLocale,
	"message": rowMessage, "roleids": rowRoles, "roleid": rowRoles, "organizationids": rowOrganizations, "organizationid": rowOrganizations,
	"applicationid": rowApplication, "expiresin": rowExpiresIn, "expiresat": rowExpiresAt,
}

func foldColumn(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -_", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// ownOfRow is what of a row goes into customData and profile.
type ownOfRow struct {
	CustomData guestlist.JSONObject `json:"customData,omitempty"`
	Profile    *guestlist.Profile   `json:"profile,omitempty"`
}

var ownSchema = requestOf(reflect.TypeFor[ownOfRow]())

// saidColumns reads what a host says of single columns, each as column=member;
// an empty member leaves the column out. The others are guessed.
func saidColumns(list []string) (map[string]string, error) {
	inv := web.Invalid{What: "query"}
	said := map[string]string{}
	for i, text := range list {
		at := strings.LastIndexByte(text, '=')
		if !inv.Check(at > 0, "map."+strconv.Itoa(i), "custom", "Write it as column=member") {
			continue
		}
		said[text[:at]] = text[at+1:]
	}
	inv.Check(len(said) <= guestlist.MaxCampaignColumns, "map", "too_big", fmt.Sprintf("At most %d columns are taken", guestlist.MaxCampaignColumns))
	return said, inv.Err()
}

// guessMapping says what the columns of a file are by their names, but for those
// of which the host said it. One that is none of an invitation is refused: a
// typing error would lose a value of every row.
func guessMapping(columns []string, said map[string]string) ([]string, error) {
	mapping := make([]string, len(columns))
	inv := web.Invalid{}
	for name := range said {
		inv.Check(slices.Contains(columns, name), "map", "unrecognized_keys", "The file has no column "+clip(name))
	}
	for i, name := range columns {
		member, told := said[name]
		switch known, ok := rowColumns[foldColumn(name)]; {
		case told:
			mapping[i] = member
		case ok:
			mapping[i] = known
		case knownColumn(ownSchema, strings.Split(name, ".")):
			mapping[i] = name
		default:
			inv.Check(false, name, "unrecognized_keys", "No invitation has this member. Say what the column is by mapping; an empty entry leaves it out")
		}
	}
	return mapping, inv.Err()
}

// csvRows takes fields in the order of a header.
type csvRows struct {
	sep     byte
	columns []string   // what each of them is, "" for nothing
	paths   [][]string // of those of customData and profile
}

// newCSVRows checks a mapping.
func newCSVRows(sep byte, mapping []string) (*csvRows, error) {
	p := &csvRows{sep: sep, columns: mapping, paths: make([][]string, len(mapping))}
	inv := web.Invalid{}
	inv.Check(len(mapping) <= guestlist.MaxCampaignColumns, "mapping", "too_big", fmt.Sprintf("At most %d columns are taken", guestlist.MaxCampaignColumns))
	seen := map[string]bool{}
	for i, name := range mapping {
		if name == "" {
			continue
		}
		if rowColumns[strings.ToLower(name)] != name {
			path := strings.Split(name, ".")
			inv.Check(knownColumn(ownSchema, path), "mapping."+strconv.Itoa(i), "unrecognized_keys", "No invitation has a member "+clip(name))
			p.paths[i] = path
		}
		inv.Check(!overlaps(seen, name), "mapping."+strconv.Itoa(i), "custom", "The column is there twice")
	}
	inv.Check(seen[rowEmail] || seen[rowPhone], "mapping", "custom", "Say which column has the addresses: email or phone")
	return p, inv.Err()
}

func (p *csvRows) row(number int, text []byte) invite.ImportRow {
	r := rowInput{invite.ImportRow{Line: number}}
	fields, err := csvFieldsAt(text, p.sep)
	if err != nil {
		r.Err = err
		return r.ImportRow
	}
	// Programs leave out empty fields at the end, or write more of them.
	for i := len(p.columns); i < len(fields); i++ {
		if strings.TrimSpace(fields[i]) != "" {
			r.Err = errLineCSV
			return r.ImportRow
		}
	}
	var tree map[string]any
	for i, field := range fields[:min(len(fields), len(p.columns))] {
		if field = strings.TrimSpace(field); field == "" || p.columns[i] == "" {
			continue
		}
		if p.paths[i] == nil {
			r.set(p.columns[i], field)
			continue
		}
		if tree == nil {
			tree = map[string]any{}
		}
		plant(tree, p.paths[i], field)
	}
	if tree != nil && r.Err == nil {
		var own ownOfRow
		if err := fillTree(ownSchema, tree, &own); err != nil {
			r.Err, r.Field = err, faultyField(err)
		}
		r.Own.CustomData, r.Own.Profile = own.CustomData, own.Profile
	}
	return r.ImportRow
}

// rowInput is a row that is being read.
type rowInput struct{ invite.ImportRow }

// terms are the row's own.
func (r *rowInput) terms() *invite.RowTerms {
	if r.Terms == nil {
		r.Terms = &invite.RowTerms{}
	}
	return r.Terms
}

// set takes the text of one column.
func (r *rowInput) set(column, text string) {
	switch column {
	case rowEmail:
		r.Email = text
	case rowPhone:
		digits, err := phone.Normalize(text)
		if r.Phone = digits; err != nil {
			r.Phone = text
			r.fault(rowPhone, err)
		}
	case rowName:
		r.Name = text
	case rowLocale:
		r.Locale = text
	case rowMessage:
		r.terms().Message = text
	case rowApplication:
		r.terms().ApplicationID = guestlist.ApplicationID(text)
		r.checkID(rowApplication, text)
	case rowRoles:
		for _, id := range r.ids(rowRoles, text) {
			r.terms().RoleIDs = append(r.terms().RoleIDs, guestlist.RoleID(id))
		}
	case rowOrganizations:
		for _, id := range r.ids(rowOrganizations, text) {
			r.terms().Organizations = append(r.terms().Organizations, guestlist.InvitationOrganization{ID: guestlist.OrganizationID(id)})
		}
	case rowExpiresIn:
		n, err := strconv.Atoi(text)
		if r.terms().ExpiresIn = n; err != nil || n <= 0 {
			r.fault(rowExpiresIn, errRowNumber)
		}
	case rowExpiresAt:
		at, ok := readMoment(text)
		if r.Own.ExpiresAt = &at; !ok {
			r.fault(rowExpiresAt, errRowTime)
		}
	}
}

// fault keeps the first fault of a row.
func (r *rowInput) fault(field string, err error) {
	if r.Err == nil {
		r.Field, r.Err = field, err
	}
}

// The faults of single fields.
var (
	errRowID     = guestlist.Refuse(guestlist.KindUnprocessable, "invitation_campaign.bad_id")
	errRowNumber = guestlist.Refuse(guestlist.KindUnprocessable, "invitation_campaign.bad_number")
	errRowTime   = guestlist.Refuse(guestlist.KindUnprocessable, "invitation_campaign.bad_time")
)

const maxRowID = 128 // characters

func (r *rowInput) checkID(field, id string) {
	if len(id) > maxRowID || !isID(id) {
		r.fault(field, errRowID)
	}
}

// ids splits a list of ids.
func (r *rowInput) ids(field, text string) []string {
	list := strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" ,;|\t", c) })
	for _, id := range list {
		r.checkID(field, id)
	}
	return list
}

// readMoment reads a moment as people and programs write it. A day ends with it,
// in UTC.
func readMoment(text string) (guestlist.Time, bool) {
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return guestlist.Time(ms), ms > 0 && ms < maxInteger
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.Parse(form, text); err == nil {
			return guestlist.TimeOf(t), true
		}
	}
	t, err := time.Parse(time.DateOnly, text)
	return guestlist.TimeOf(t.Add(24*time.Hour - time.Millisecond)), err == nil
}

// ndjsonRows takes a JSON object per line.
type ndjsonRows struct{}

// rowBody is such an object.
type rowBody struct {
	Email           string                   `json:"email"`
	Phone           string                   `json:"phone"`
	Name            string                   `json:"name"`
	Locale          string                   `json:"locale"`
	Message         string                   `json:"message"`
	RoleIDs         []string                 `json:"roleIds"`
	OrganizationIDs []string                 `json:"organizationIds"`
	Organizations   []invitationOrganization `json:"organizations"`
	ApplicationID   string                   `json:"applicationId"`
	ExpiresIn       int                      `json:"expiresIn"`
	ExpiresAt       json.RawMessage          `json:"expiresAt"`
	CustomData      json.RawMessage          `json:"customData"`
	Profile         json.RawMessage          `json:"profile"`
}

func (ndjsonRows) row(number int, text []byte) invite.ImportRow {
	r := rowInput{invite.ImportRow{Line: number}}
	var b rowBody
	if err := decodeRow(text, &b); err != nil {
		r.Err, r.Field = err, faultyField(err)
		return r.ImportRow
	}
	for column, value := range map[string]string{
		rowEmail: b.Email, rowPhone: b.Phone, rowName: b.Name, rowLocale: b.Locale, rowMessage: b.Message, rowApplication: b.ApplicationID,
		rowExpiresAt: strings.Trim(string(b.ExpiresAt), `"`),
	} {
		if value = strings.TrimSpace(value); value != "" && value != "null" {
			r.set(column, value)
		}
	}
	for _, id := range b.RoleIDs {
		r.checkID(rowRoles, id)
		r.terms().RoleIDs = append(r.terms().RoleIDs, guestlist.RoleID(id))
	}
	for _, id := range b.OrganizationIDs {
		b.Organizations = append(b.Organizations, invitationOrganization{ID: guestlist.OrganizationID(id)})
	}
	for _, o := range b.Organizations {
		r.checkID(rowOrganizations, string(o.ID))
		for _, id := range o.RoleIDs {
			r.checkID(rowOrganizations, string(id))
		}
		r.terms().Organizations = append(r.terms().Organizations, guestlist.InvitationOrganization{ID: o.ID, RoleIDs: o.RoleIDs})
	}
	if b.ExpiresIn != 0 {
		r.terms().ExpiresIn = b.ExpiresIn
	}
	if b.ExpiresIn < 0 {
		r.fault(rowExpiresIn, errRowNumber)
	}
	if r.Err == nil && len(b.CustomData)+len(b.Profile) > 0 {
		r.own(b)
	}
	return r.ImportRow
}

// own takes what goes into customData and profile.
func (r *rowInput) own(b rowBody) {
	members := map[string]json.RawMessage{}
	for name, text := range map[string]json.RawMessage{"customData": b.CustomData, "profile": b.Profile} {
		if len(text) > 0 && string(text) != "null" {
			members[name] = text
		}
	}
	text, err := json.Marshal(members)
	var own ownOfRow
	if err == nil {
		err = fill(ownSchema, text, &own)
	}
	if err != nil {
		r.Err, r.Field = err, faultyField(err)
	}
	r.Own.CustomData, r.Own.Profile = own.CustomData, own.Profile
}

// decodeRow reads one object, and no member that it does not know.
func decodeRow(text []byte, b *rowBody) error {
	if !utf8.Valid(text) {
		return errLineText
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(b)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than an object")
		}
	}
	var wrong *json.UnmarshalTypeError
	inv := web.Invalid{}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong):
		inv.Check(false, wrong.Field, "invalid_type", "Expected another type, received "+wrong.Value)
		return inv.Err()
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		name := strings.Trim(strings.TrimPrefix(err.Error(), "json: unknown field "), `"`)
		inv.Check(false, clip(name), "unrecognized_keys", "No invitation has this member")
		return inv.Err()
	}
	return guestlist.Refuse(guestlist.KindInvalid, "request.invalid_json")
}
