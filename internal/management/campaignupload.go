package management

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"net/http"
	"net/url"
	"reflect"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

var campaignChoicesSchema = requestOf(reflect.TypeFor[campaignChoices]())

// The limits of an upload.
const (
	maxCampaignFile = 4 << 30   // bytes
	campaignPart    = 512 << 10 // bytes of rows that are kept together, at most invite.ImportBatch rows
)

// The refusals of uploads.
var (
	errNoRows        = guestlist.Refuse(guestlist.KindUnprocessable, "invitation_campaign.empty")
	errRowsTooLarge  = guestlist.Refuse(guestlist.KindTooLarge, "invitation_campaign.too_large")
	errTakenOver     = guestlist.Refuse(guestlist.KindConflict, "invitation_campaign.taken_over")
	errFormatChanged = guestlist.Refuse(guestlist.KindUnprocessable, "invitation_campaign.wrong_columns")
)

// rowsUpload is a body of rows on its way: into a campaign, or, for a dry run,
// through the same judgement and away.
type rowsUpload struct {
	api    *API
	c      *call
	query  url.Values
	hash   hash.Hash
	source lineSource
	row    store.Campaign

	part  []byte // rows in the form of appendRow
	rows  int    // of the part
	parts int
}

// importInvitations takes rows, and makes a campaign of them.
func (a *API) importInvitations(c *call) error {
	u := &rowsUpload{api: a, c: c, hash: sha256.New()}
	key, err := c.idempotencyKey()
	if err != nil {
		return err
	}
	if u.query, err = web.Query(c.r); err != nil {
		return err
	}
	kind, err := u.open()
	if err != nil {
		return err
	}
	choices, err := campaignQuery(u.query.Get)
	if err != nil {
		return err
	}
	if web.Truthy(u.query.Get("dryRun")) {
		return u.foresee(choices, kind)
	}
	if err := u.begin(choices, key, kind); err != nil {
		return err
	}
	if u.row.Content != "" {
		return u.repeat()
	}
	if err := u.run(kind); err != nil {
		u.drop()
		return err
	}
	return web.WriteJSON(c.w, c.status, u.row.Campaign)
}

// open looks at what concerns the body as a whole.
func (u *rowsUpload) open() (format string, err error) {
	body := &patientReader{http.MaxBytesReader(u.c.w, u.c.r.Body, maxCampaignFile), http.NewResponseController(u.c.w)}
	u.source, format, err = openRows(u.c.r, io.TeeReader(body, u.hash))
	if csv, ok := u.source.(*csvSource); ok {
		csv.sniff()
	}
	return format, err
}

// begin finds or makes the campaign that the rows are for.
func (u *rowsUpload) begin(choices campaignChoices, key, format string) error {
	if key != "" {
		key = string(u.c.who.ClientID) + "|" + string(u.c.who.UserID) + "|" + key
	}
	if choices.Name == "" {
		choices.Name = "Import of " + u.api.Store.Now().Std().Format("2006-01-02 15:04")
	}
	id := guestlist.CampaignID(u.query.Get("campaignId"))
	if id != "" && !isID(string(id)) {
		return errNoID(tableCampaigns, id)
	}
	return u.api.Store.Update(u.c.ctx(), func(tx *store.Tx) error {
		var err error
		if key != "" {
			if err := tx.LockName("campaign|" + key); err != nil {
				return err
			}
		}
		switch {
		case id != "":
			u.row, err = tx.CampaignForUpdate(id)
			err = orNoID(err, tableCampaigns, id)
		case key != "":
			u.row, err = tx.CampaignByKey(key)
			if errors.Is(err, store.ErrNotFound) {
				err = u.make(tx, choices, key)
			}
		default:
			err = u.make(tx, choices, "")
		}
		if err != nil || u.row.Content != "" {
			return err
		}
		if u.row.State != guestlist.CampaignDraft && u.row.State != guestlist.CampaignUploading {
			return invite.ErrCampaignStarted
		}
		u.c.host().HandsOn(&u.row)
		// Whoever uploads already, and is perhaps dead, is taken over.
		ends := tx.Now.Add(guestlist.KeepUploadedCampaign)
		u.row.State, u.row.Upload, u.row.Format, u.row.Total, u.row.ExpiresAt = guestlist.CampaignUploading, crypt.ShortID(), format, 0, &ends
		if err := tx.CampaignSpool(u.row.ID).DropAllLines(); err != nil {
			return err
		}
		return tx.UpdateCampaign(u.row)
	})
}

func (u *rowsUpload) make(tx *store.Tx, choices campaignChoices, key string) error {
	var err error
	if u.row, err = u.c.host().NewCampaign(tx, choices.campaign()); err != nil {
		return err
	}
	return tx.InsertCampaign(u.row, key)
}

// repeat reads a body whose campaign is there already: if it is the same, the
// answer is that campaign.
func (u *rowsUpload) repeat() error {
	for {
		if _, err := u.source.next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return tooManyRows(unreadable(err))
		}
	}
	if u.content() != u.row.Content {
		return errKeyReused
	}
	return web.WriteJSON(u.c.w, http.StatusOK, u.row.Campaign)
}

// content names what was uploaded: the bytes, and how they were to be read.
func (u *rowsUpload) content() string {
	how := url.Values{}
	for name, values := range u.query {
		if name != "campaignId" {
			how[name] = values
		}
	}
	return u.api.Store.CampaignContent(base64.RawURLEncoding.EncodeToString(u.hash.Sum(nil)) + "?" + how.Encode())
}

// tooManyRows names the limit if that is why a body cannot be read.
func tooManyRows(err error) error {
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return errRowsTooLarge.WithArgs(map[string]any{"rows": guestlist.MaxCampaignRows})
	}
	return err
}

// head reads the header of a CSV file, and says what its columns are.
func (u *rowsUpload) head(format string) error {
	if format != formatCSV {
		u.row.Columns, u.row.Mapping, u.row.Separator = nil, nil, ""
		return nil
	}
	source, ok := u.source.(*csvSource)
	if !ok {
		return errImportType
	}
	header, err := headerOf(source, errNoRows)
	if err != nil {
		return tooManyRows(err)
	}
	if u.row.Columns, err = headerNames(header, source.sep); err != nil {
		return err
	}
	u.row.Separator = string(source.sep)
	if len(u.row.Mapping) > 0 {
		if len(u.row.Mapping) != len(u.row.Columns) {
			return errFormatChanged.WithArgs(map[string]any{"columns": len(u.row.Columns), "mapping": len(u.row.Mapping)})
		}
		return nil
	}
	said, err := saidColumns(u.query["map"])
	if err != nil || u.later() && len(said) == 0 {
		return err // the host says what the columns are before it is started
	}
	u.row.Mapping, err = guessMapping(u.row.Columns, said)
	return err
}

// later reports whether the caller starts the campaign by another request.
func (u *rowsUpload) later() bool {
	start := u.query.Get("start")
	return start != "" && !web.Truthy(start)
}

// parserOf makes the parser of a campaign's rows.
func parserOf(c store.Campaign) (rowParser, error) {
	if c.Format == formatNDJSON {
		return ndjsonRows{}, nil
	}
	if len(c.Mapping) != len(c.Columns) {
		return nil, errFormatChanged.WithArgs(map[string]any{"columns": len(c.Columns), "mapping": len(c.Mapping)})
	}
	sep := byte(',')
	if c.Separator != "" {
		sep = c.Separator[0]
	}
	return newCSVRows(sep, c.Mapping)
}

func (u *rowsUpload) run(format string) error {
	if err := u.head(format); err != nil {
		return err
	}
	if !u.later() {
		if _, err := parserOf(u.row); err != nil {
			return err
		}
	}
	for {
		line, err := u.source.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return tooManyRows(unreadable(err))
		}
		if line.number > 0 {
			u.part = appendRow(u.part, line)
			u.rows++
			u.row.Total++
		}
		if u.row.Total > guestlist.MaxCampaignRows {
			return errRowsTooLarge.WithArgs(map[string]any{"rows": guestlist.MaxCampaignRows})
		}
		if u.rows == invite.ImportBatch || len(u.part) >= campaignPart {
			if err := u.keep(nil); err != nil {
				return err
			}
		}
		if err != nil {
			return u.finish()
		}
	}
}

// keep writes rows down, and what else is to be written with them.
func (u *rowsUpload) keep(also func(*store.Tx) error) error {
	err := u.api.Store.Update(u.c.ctx(), func(tx *store.Tx) error {
		now, err := tx.CampaignForUpdate(u.row.ID)
		if errors.Is(err, store.ErrNotFound) || err == nil && (now.Upload != u.row.Upload || now.State != guestlist.CampaignUploading) {
			return errTakenOver
		}
		if err != nil {
			return err
		}
		if u.rows > 0 {
			if err := tx.CampaignSpool(u.row.ID).PutLines(u.parts, string(u.part)); err != nil {
				return err
			}
		}
		if also != nil {
			return also(tx)
		}
		return nil
	})
	if err != nil {
		return err
	}
	u.parts++
	u.part, u.rows = u.part[:0], 0
	return nil
}

// finish says that every row is there, and starts the campaign unless that is
// done later.
func (u *rowsUpload) finish() error {
	if u.row.Total == 0 {
		return errNoRows
	}
	u.row.State, u.row.Content = guestlist.CampaignUploaded, u.content()
	return u.keep(func(tx *store.Tx) error {
		if err := tx.UpdateCampaign(u.row); err != nil || u.later() {
			return err
		}
		return startRows(tx, u.c, &u.row)
	})
}

// drop takes back what came of a body that did not arrive: a campaign that was
// there before is a draft again, and another one is none. Where it cannot, the
// next upload does, or the sweep.
func (u *rowsUpload) drop() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(u.c.ctx()), importPatience)
	defer cancel()
	_ = u.api.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := tx.CampaignForUpdate(u.row.ID)
		if err != nil || now.Upload != u.row.Upload || now.State != guestlist.CampaignUploading {
			return err
		}
		if u.query.Get("campaignId") == "" {
			return tx.DeleteCampaign(now.ID)
		}
		if err := tx.CampaignSpool(now.ID).DropAllLines(); err != nil {
			return err
		}
		now.State, now.Format, now.Total = guestlist.CampaignDraft, "", 0
		return tx.UpdateCampaign(now)
	})
}

// rowFaults are what can be wrong with a row before it is read, by the number
// that is kept.
var rowFaults = []error{nil, errLineTooLong, errLineText, errLineCSV}

// appendRow writes a row in the form in which it is kept until it is worked off:
// number, fault and length as varints, and the bytes.
func appendRow(b []byte, line sourceLine) []byte {
	b = binary.AppendUvarint(b, uint64(line.number)) //nolint:gosec // counted from 1
	fault := uint64(0)
	for i, f := range rowFaults {
		if i > 0 && errors.Is(line.fault, f) {
			fault = uint64(i)
		}
	}
	b = binary.AppendUvarint(b, fault)
	b = binary.AppendUvarint(b, uint64(len(line.text)))
	return append(b, line.text...)
}

// readRows makes rows of a part.
func readRows(parser rowParser, part string) ([]invite.ImportRow, error) {
	b := []byte(part)
	var rows []invite.ImportRow
	for len(b) > 0 {
		var head [3]uint64
		for i := range head {
			v, n := binary.Uvarint(b)
			if n <= 0 {
				return nil, io.ErrUnexpectedEOF
			}
			head[i], b = v, b[n:]
		}
		if head[1] >= uint64(len(rowFaults)) || head[2] > uint64(len(b)) {
			return nil, io.ErrUnexpectedEOF
		}
		text := b[:head[2]]
		b = b[head[2]:]
		if fault := rowFaults[head[1]]; fault != nil {
			rows = append(rows, invite.ImportRow{Line: int(head[0]), Err: fault}) //nolint:gosec // it was an int
			continue
		}
		rows = append(rows, parser.row(int(head[0]), text)) //nolint:gosec // it was an int
	}
	return rows, nil
}

// foresee answers what would become of each row while they come in.
func (u *rowsUpload) foresee(choices campaignChoices, format string) error {
	if choices.Name == "" {
		choices.Name = "dry run"
	}
	id := guestlist.CampaignID(u.query.Get("campaignId"))
	if err := u.api.Store.View(u.c.ctx(), func(tx *store.Tx) error {
		var err error
		if id != "" {
			u.row, err = tx.Campaign(id)
			return orNoID(err, tableCampaigns, id)
		}
		u.row, err = u.c.host().NewCampaign(tx, choices.campaign())
		return err
	}); err != nil {
		return err
	}
	u.row.Format = format
	if err := u.head(format); err != nil {
		return err
	}
	parser, err := parserOf(u.row)
	if err != nil {
		return err
	}
	u.c.status = http.StatusOK
	f := newForecast(u.c, u.row)
	return f.run(func() ([]invite.ImportRow, error) {
		var rows []invite.ImportRow
		for len(rows) < foreseenBatch {
			line, err := u.source.next()
			if line.number > 0 {
				if line.fault != nil {
					rows = append(rows, invite.ImportRow{Line: line.number, Err: line.fault})
				} else {
					rows = append(rows, parser.row(line.number, line.text))
				}
			}
			if err != nil && !errors.Is(err, io.EOF) {
				err = tooManyRows(unreadable(err))
			}
			if err != nil {
				return rows, err
			}
		}
		return rows, nil
	})
}

// foreseenBatch is how many rows are judged together in a dry run.
const foreseenBatch = 1024

// forecast streams what would become of rows.
type forecast struct {
	*answerStream
	importer *invite.Importer
	counts   map[string]int
	total    int
}

func newForecast(c *call, row store.Campaign) *forecast {
	return &forecast{answerStream: newAnswerStream(c), importer: &invite.Importer{Host: c.host(), Campaign: row}, counts: map[string]int{}}
}

// forecastEnd is the last line of a forecast; without it, it broke off.
type forecastEnd struct {
	Done     bool           `json:"done"`
	Total    int            `json:"total"`
	Verdicts map[string]int `json:"verdicts"`
	Code     string         `json:"code,omitempty"`
	Message  string         `json:"message,omitempty"`
}

// run answers for the rows that next gives, until it fails; io.EOF is the end.
func (f *forecast) run(next func() ([]invite.ImportRow, error)) error {
	f.begin(contentTypeNDJSON)
	defer f.end()
	for {
		rows, readErr := next()
		err := f.batch(rows)
		if err == nil && readErr == nil {
			continue
		}
		end := forecastEnd{Done: err == nil && errors.Is(readErr, io.EOF), Total: f.total, Verdicts: f.counts}
		if !end.Done {
			if err == nil {
				err = readErr
			}
			_, env := f.c.api.Describe(f.c.r, err)
			end.Code, end.Message = env.Code, env.Message
		}
		if text, err := json.Marshal(end); err == nil {
			_ = f.spool.write(append(text, '\n')) // whoever went away does not read it
		}
		return nil // the answer is out
	}
}

func (f *forecast) batch(rows []invite.ImportRow) error {
	if len(rows) == 0 {
		return nil
	}
	var reports []guestlist.RowReport
	if err := f.c.api.Store.View(f.c.ctx(), func(tx *store.Tx) error {
		var err error
		reports, err = f.importer.Foresee(tx, rows)
		return err
	}); err != nil {
		return err
	}
	var b []byte
	for _, r := range reports {
		f.counts[string(r.Verdict)]++
		if r.Err != nil {
			_, env := f.c.api.Describe(f.c.r, r.Err)
			r.Message = env.Message
		}
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		b = append(append(b, text...), '\n')
	}
	f.total += len(reports)
	return f.spool.write(b)
}
