package management

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// csvAnswer writes rows as they come. It gives its reader importPatience for
// each batch.
type csvAnswer struct {
	c    *call
	conn *http.ResponseController
	out  *csv.Writer
}

// newCSVAnswer begins an answer that browsers save under a name. Nothing can be
// refused any more.
func newCSVAnswer(c *call, name string) *csvAnswer {
	h := c.w.Header()
	h.Set("Content-Type", contentTypeCSV+"; charset=utf-8; header=present")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("X-Accel-Buffering", "no")
	h.Set("X-Content-Type-Options", "nosniff")
	c.w.WriteHeader(c.status)
	// Spreadsheets take a file for UTF-8 if it begins with a mark.
	_, _ = c.w.Write(byteOrderMark) // the only failure is a closed connection
	return &csvAnswer{c, http.NewResponseController(c.w), csv.NewWriter(c.w)}
}

// row writes a row in which no cell is a formula.
// row writes a row and reports whether the reader is still there.
func (a *csvAnswer) row(cells ...string) bool {
	for i, cell := range cells {
		cells[i] = noFormula(cell)
	}
	return a.out.Write(cells) == nil
}

// flush sends what was written and reports whether the reader is still there.
func (a *csvAnswer) flush() bool {
	_ = a.conn.SetWriteDeadline(time.Now().Add(importPatience)) // in process there is no connection
	a.out.Flush()
	return a.out.Error() == nil && a.conn.Flush() == nil
}

// noFormula makes a spreadsheet show a text that it would compute: names are
// chosen by strangers.
func noFormula(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) || strings.HasPrefix(s, "＝") || strings.HasPrefix(s, "＋") ||
		strings.HasPrefix(s, "－") || strings.HasPrefix(s, "＠") {
		return "'" + s
	}
	return s
}

// reportImport streams what became of each line.
func (a *API) reportImport(c *call) error {
	query, err := web.Query(c.r)
	if err != nil {
		return err
	}
	id, only := guestlist.UserImportID(c.r.PathValue("id")), query.Get("status")
	if !utf8.ValidString(string(id)) || strings.ContainsRune(string(id), 0) {
		return errLineText
	}
	if _, err := a.getImport(c, importID{id}); err != nil {
		return err
	}
	answer := newCSVAnswer(c, "import-report.csv")
	if !answer.row("line", "status", "id", "name", "primaryEmail", "username", "primaryPhone", "code", "field", "message", "details") {
		return nil // the reader went away
	}
	for number := -1; ; {
		var text string
		err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
			var err error
			number, text, err = tx.NextImportVerdicts(id, number)
			return err
		})
		if err != nil {
			answer.flush()
			return broken(err)
		}
		var verdicts []importVerdict
		if err := json.Unmarshal([]byte(text), &verdicts); err != nil {
			return broken(err)
		}
		for _, v := range verdicts {
			if only != "" && v.Status != only {
				continue
			}
			if !answer.row(strconv.Itoa(v.Line), v.Status, string(v.ID), v.Name, v.Email, v.Username, v.Phone, v.Code, v.Field, v.Message, v.Details) {
				return nil
			}
		}
		if !answer.flush() {
			return nil
		}
	}
}

// broken ends an answer that has begun. A reader must not take half of it for
// the whole: the connection is cut.
func broken(err error) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, io.EOF) {
		return nil
	}
	panic(http.ErrAbortHandler)
}
