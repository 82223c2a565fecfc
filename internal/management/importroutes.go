package management

import (
	"encoding/json"
	"net/http"
	"strings"

	"guestlist"
	"guestlist/internal/phone"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

const contentTypeCSV = "text/csv"

func (a *API) userImportFileRoutes() []route {
	return []route{
		get("/api/user-imports", "List files of users, the newest first", a.listImports),
		raw(http.MethodPost, "/api/user-imports", "Upload a CSV file of users, to be started later", "application/json", a.uploadImport).with201(),
		get("/api/user-imports/{id}", "Get how an import stands", a.getImport),
		remove("/api/user-imports/{id}", "Stop an import, and forget its lines and report; users that came of it stay", a.deleteImport),
		post("/api/user-imports/{id}/preview", "Say what would become of the first lines; changes nothing", a.previewImport),
		post("/api/user-imports/{id}/start", "Make users of the lines, whether or not anybody waits", a.startImport),
		raw(http.MethodGet, "/api/user-imports/{id}/report", "Download what became of each line, as CSV", contentTypeCSV, a.reportImport).secrets(),
	}
}

type importID struct {
	ID guestlist.UserImportID `path:"id"`
}

func (a *API) listImports(c *call, in struct {
	Paging web.Paging `paging:"required"`
},
) (list[guestlist.UserImport], error) {
	var l list[guestlist.UserImport]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		l.Rows, l.Total, err = tx.UserImports(c.window())
		return err
	})
	return l, err
}

func (a *API) getImport(c *call, in importID) (guestlist.UserImport, error) {
	var i guestlist.UserImport
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		i, err = tx.UserImport(in.ID)
		return err
	})
	return i, err
}

func (a *API) deleteImport(c *call, in importID) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error { return tx.DeleteUserImport(in.ID) })
}

// importOrder is what an import means.
type importOrder struct {
	ID   guestlist.UserImportID `path:"id"`
	Body struct {
		Columns            []string `json:"columns" check:"max=200,each.max=256"`
		TemporaryPasswords bool     `json:"temporaryPasswords,omitempty"`
	}
}

// choices are the order in the form that is kept.
func (in importOrder) choices(c *call) guestlist.UserImportChoices {
	lang, _, _ := strings.Cut(c.r.Header.Get("Accept-Language"), ",")
	lang, _, _ = strings.Cut(lang, ";")
	if len(lang) > guestlist.MaxLangTag {
		lang = ""
	}
	return guestlist.UserImportChoices{Columns: in.Body.Columns, TemporaryPasswords: in.Body.TemporaryPasswords, Lang: lang}
}

var (
	errImportStarted    = guestlist.Refuse(guestlist.KindConflict, "user_import.started")
	errImportIncomplete = guestlist.Refuse(guestlist.KindConflict, "user_import.incomplete")
)

// lineMaker makes items of the lines of an import.
type lineMaker struct {
	parser csvParser
	order  guestlist.UserImportChoices
}

// newLineMaker checks that every column of the file means something of a user,
// or nothing.
func newLineMaker(i guestlist.UserImport, order guestlist.UserImportChoices) (lineMaker, error) {
	inv := web.Invalid{}
	if !inv.Check(len(order.Columns) == len(i.Columns), "columns", "custom", "As many as the file has columns are needed") {
		return lineMaker{}, inv.Err()
	}
	named := 0
	for _, name := range order.Columns {
		if name != "" {
			named++
		}
	}
	if !inv.Check(named > 0, "columns", "custom", "Name what at least one column is") {
		return lineMaker{}, inv.Err()
	}
	parser, err := newColumnParser(importSchema(), order.Columns, true)
	return lineMaker{parser, order}, err
}

// item makes the user of a line, as people write such lines: with spaces
// around, and phone numbers in any form.
func (m lineMaker) item(line importLine) importItem {
	item := importItem{line: line.Number}
	if line.Fault != "" {
		item.err = lineFault(line.Fault)
		return item
	}
	fields := make([]string, len(line.Fields))
	for i, f := range line.Fields {
		if i < len(m.order.Columns) {
			fields[i] = tidy(m.order.Columns[i], f)
		}
	}
	n, err := m.parser.user(fields)
	if err == nil {
		item.user, item.plain, item.digest, err = n.user()
	}
	item.temporary, item.err = n.PasswordIsTemporary || m.order.TemporaryPasswords, err
	if item.digest != nil {
		item.digest.Temporary = item.temporary
	}
	item.user.HasPassword = item.plain != "" || item.digest != nil
	return item
}

// tidy cleans the value of a column. Spaces in a password may be meant.
func tidy(column, value string) string {
	if column == "password" {
		return value
	}
	value = strings.TrimSpace(value)
	if column == "primaryPhone" && value != "" {
		if digits, err := phone.Normalize(value); err == nil {
			return digits
		}
	}
	return value
}

// lineFault is the refusal that a line was kept with.
func lineFault(code string) error {
	for _, e := range []*guestlist.Error{errLineTooLong, errLineText, errLineCSV} {
		if e.Code == code {
			return e
		}
	}
	return errLineCSV
}

// importPartOf reads a part of the lines; none after the last.
func importPartOf(tx *store.Tx, id guestlist.UserImportID, number int) ([]importLine, error) {
	text, err := tx.ImportSpool(id).Lines(number)
	if err != nil || text == "" {
		return nil, err
	}
	var lines []importLine
	return lines, json.Unmarshal([]byte(text), &lines)
}

// startImport hands an import to the jobs. One that failed goes on where it was,
// with the choices that it was begun with.
func (a *API) startImport(c *call, in importOrder) (guestlist.UserImport, error) {
	var i guestlist.UserImport
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if i, err = tx.UserImportForUpdate(in.ID); err != nil {
			return err
		}
		switch i.State {
		case guestlist.ImportUploading:
			return errImportIncomplete
		case guestlist.ImportUploaded:
			i.Choices = in.choices(c)
			if _, err := newLineMaker(i, i.Choices); err != nil {
				return err
			}
		case guestlist.ImportFailed:
		default:
			return errImportStarted
		}
		now := tx.Now
		i.State, i.Error, i.StartedAt, i.ExpiresAt = guestlist.ImportRunning, "", &now, now.Add(guestlist.KeepFinishedImport)
		if err := tx.UpdateUserImport(i); err != nil {
			return err
		}
		payload, err := json.Marshal(guestlist.UserImportRun{ID: i.ID})
		if err != nil {
			return err
		}
		return tx.Enqueue(guestlist.Job{Kind: guestlist.JobImportUsers, Payload: payload})
	})
	return i, err
}
