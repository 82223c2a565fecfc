package management

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// The limits of a file that is uploaded to be imported.
const (
	maxImportFile = 256 << 20 // bytes
	maxImportName = 255       // bytes of the file's name
	maxHeaderName = 128       // characters of a column's name
	importPart    = 256 << 10 // bytes of lines that are kept together
	importSniffed = 8 << 10   // bytes in which the separator is looked for
)

// importLine is a line as it is kept until it is worked off: its fields, or the
// code of what is wrong with it.
type importLine struct {
	Number int      `json:"n"`
	Fields []string `json:"f,omitempty"`
	Fault  string   `json:"x,omitempty"`
}

// upload is a file on its way into the database.
type upload struct {
	api    *API
	c      *call
	source *csvSource
	row    guestlist.UserImport
	lines  []importLine
	bytes  int // of lines
}

// uploadImport keeps a CSV file. Nothing becomes of it before it is started. A
// file that breaks off leaves nothing.
func (a *API) uploadImport(c *call) error {
	query, err := web.Query(c.r)
	if err != nil {
		return err
	}
	body := http.MaxBytesReader(c.w, c.r.Body, maxImportFile)
	source, _, err := openRows(c.r, &patientReader{body, http.NewResponseController(c.w)})
	if err != nil {
		return err
	}
	csv, ok := source.(*csvSource)
	if !ok {
		return errImportType
	}
	u := &upload{api: a, c: c, source: csv}
	u.row = guestlist.UserImport{
		ID: guestlist.UserImportID(crypt.ID()), Name: fileName(query.Get("name")), State: guestlist.ImportUploading, UserID: c.who.UserID,
	}
	if err := u.run(); err != nil {
		u.drop()
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			return guestlist.Refuse(guestlist.KindTooLarge, "user_import.too_large").WithArgs(map[string]any{"size": maxImportFile >> 20})
		}
		return err
	}
	return web.WriteJSON(c.w, c.status, u.row)
}

// fileName makes the name of a file fit to be kept and shown.
func fileName(name string) string {
	name = strings.ToValidUTF8(strings.ReplaceAll(name, "\x00", ""), "")
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	for len(name) > maxImportName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}

func (u *upload) run() error {
	u.source.sniff()
	header, err := headerOf(u.source, errNoLines)
	if err != nil {
		return err
	}
	if u.row.Columns, err = headerNames(header, u.source.sep); err != nil {
		return err
	}
	if err := u.api.Store.Update(u.c.ctx(), func(tx *store.Tx) error {
		u.row.CreatedAt, u.row.ExpiresAt = tx.Now, tx.Now.Add(guestlist.KeepUploadedImport)
		return tx.InsertUserImport(u.row)
	}); err != nil {
		return err
	}
	for {
		line, err := u.source.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return unreadable(err)
		}
		if line.number > 0 {
			if err := u.add(line); err != nil {
				return err
			}
		}
		if err != nil {
			return u.finish()
		}
	}
}

var errNoLines = guestlist.Refuse(guestlist.KindUnprocessable, "user_import.empty")

// headerNames reads the header. What is no text, such as a workbook, is
// refused here.
func headerNames(text []byte, sep byte) ([]string, error) {
	names, err := csvFieldsAt(text, sep)
	if err != nil {
		return nil, err
	}
	if len(names) > maxImportColumns || !slices.ContainsFunc(names, func(s string) bool { return strings.TrimSpace(s) != "" }) {
		return nil, errLineCSV
	}
	for i, name := range names {
		if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' }) {
			return nil, errLineText
		}
		name = strings.Join(strings.Fields(name), " ")
		if r := []rune(name); len(r) > maxHeaderName {
			name = string(r[:maxHeaderName])
		}
		names[i] = name
	}
	return names, nil
}

// sniff finds out what separates fields: spreadsheets write semicolons where the
// comma is part of numbers. What stands between quotes does not count.
func (s *csvSource) sniff() {
	start, _ := s.r.Peek(importSniffed) // less is fine, and an error comes again
	if end := bytes.IndexByte(start, '\n'); end >= 0 {
		start = start[:end]
	}
	counts := map[byte]int{}
	quoted := false
	for _, c := range start {
		if c == '"' {
			quoted = !quoted
		} else if !quoted {
			counts[c]++
		}
	}
	for _, sep := range []byte{';', '\t'} {
		if counts[sep] > counts[s.sep] {
			s.sep = sep
		}
	}
}

// add takes a line in. One without a value is none.
func (u *upload) add(line sourceLine) error {
	kept := importLine{Number: line.number}
	fault := line.fault
	if fault == nil {
		kept.Fields, fault = csvFieldsAt(line.text, u.source.sep)
	}
	if fault == nil {
		if !slices.ContainsFunc(kept.Fields, func(s string) bool { return strings.TrimSpace(s) != "" }) {
			return nil
		}
		fault = u.fit(&kept.Fields)
	}
	if fault != nil {
		kept.Fault, kept.Fields = guestlist.CodeOf(fault), nil
	}
	u.lines = append(u.lines, kept)
	u.bytes += len(line.text)
	u.row.Total++
	if len(u.lines) == importBatch || u.bytes >= importPart {
		return u.keep()
	}
	return nil
}

// fit gives a line as many fields as the header has. Programs leave out empty
// ones at the end, or write more of them.
func (u *upload) fit(fields *[]string) error {
	f, want := *fields, len(u.row.Columns)
	for len(f) < want {
		f = append(f, "")
	}
	for _, more := range f[want:] {
		if strings.TrimSpace(more) != "" {
			return errLineCSV
		}
	}
	*fields = f[:want]
	return nil
}

// keep writes the lines down.
func (u *upload) keep() error {
	if len(u.lines) == 0 {
		return nil
	}
	text, err := json.Marshal(u.lines)
	if err != nil {
		return err
	}
	if err := u.api.Store.Update(u.c.ctx(), func(tx *store.Tx) error {
		return tx.ImportSpool(u.row.ID).PutLines(u.row.Part, string(text))
	}); err != nil {
		return err
	}
	u.row.Part++
	u.lines, u.bytes = u.lines[:0], 0
	return nil
}

func (u *upload) finish() error {
	if err := u.keep(); err != nil {
		return err
	}
	if u.row.Total == 0 {
		return errNoLines
	}
	u.row.State, u.row.Part = guestlist.ImportUploaded, 0
	return u.api.Store.Update(u.c.ctx(), func(tx *store.Tx) error { return tx.UpdateUserImport(u.row) })
}

// drop removes what came of a file that did not arrive. Where it cannot, the
// sweep does.
func (u *upload) drop() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(u.c.ctx()), importPatience)
	defer cancel()
	_ = u.api.Store.Update(ctx, func(tx *store.Tx) error { return tx.DeleteUserImport(u.row.ID) })
}
