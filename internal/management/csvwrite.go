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

// row writes a row in which no cell is a formula, and reports whether the reader is still there.
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
	id, err := inPath[guestlist.UserImportID](c)
	if err != nil {
		return err
	}
	if _, err := a.getImport(c, importID{id}); err != nil {
		return err
	}
	only := query.Get("status")
	answer := newCSVAnswer(c, "import-report.csv")
	answer.row("line", "status", "id", "name", "primaryEmail", "username", "primaryPhone", "code", "field", "message", "details")
	return answer.verdicts(func(tx *store.Tx, after int) (number int, rows [][]string, err error) {
		number, text, err := tx.ImportSpool(id).NextVerdicts(after)
		if err != nil {
			return 0, nil, err
		}
		var verdicts []importVerdict
		err = json.Unmarshal([]byte(text), &verdicts)
		for _, v := range verdicts {
			if only == "" || v.Status == only {
				rows = append(rows, []string{
					strconv.Itoa(v.Line), v.Status, string(v.ID), v.Name, v.Email, v.Username, v.Phone, v.Code, v.Field, v.Message, v.Details,
				})
			}
		}
		return number, rows, err
	})
}

// verdicts writes what became of rows, part by part: next gives the rows of the
// part behind a number, and the number of that.
func (a *csvAnswer) verdicts(next func(tx *store.Tx, after int) (number int, rows [][]string, err error)) error {
	for number := -1; ; {
		var rows [][]string
		err := a.c.api.Store.View(a.c.ctx(), func(tx *store.Tx) error {
			var err error
			number, rows, err = next(tx, number)
			return err
		})
		if err != nil {
			a.flush()
			return broken(err)
		}
		for _, row := range rows {
			if !a.row(row...) {
				return nil // the reader went away
			}
		}
		if !a.flush() {
			return nil
		}
	}
}

// inPath is the id in the path of a route that reads it itself.
func inPath[ID ~string](c *call) (ID, error) {
	id := c.r.PathValue("id")
	if !utf8.ValidString(id) || strings.ContainsRune(id, 0) {
		return "", errLineText
	}
	return ID(id), nil
}

// broken ends an answer that has begun. A reader must not take half of it for
// the whole: the connection is cut.
func broken(err error) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, io.EOF) {
		return nil
	}
	panic(http.ErrAbortHandler)
}
