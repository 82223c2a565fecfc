package management

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"guestlist"
)

// maxImportLine is the longest line of an import, in bytes.
const maxImportLine = 64 << 10

// The faults that lines can have before anybody looks at what they say.
var (
	errLineTooLong = guestlist.Refuse(guestlist.KindTooLarge, "request.body_too_large")
	errLineText    = guestlist.Refuse(guestlist.KindInvalid, "request.invalid_text")
	errLineCSV     = guestlist.Refuse(guestlist.KindInvalid, "request.invalid_csv")
)

// sourceLine is a line of an import with its number, from 1. A line with a
// fault has no text.
type sourceLine struct {
	number int
	text   []byte // good until the next line is asked for
	fault  error
}

// lineSource gives the lines of an import one by one, empty ones left out. Its
// error is that of the stream, io.EOF at the end; a line within which the
// stream breaks off is not given.
type lineSource interface {
	next() (sourceLine, error)
}

// The formats of lines.
const (
	formatCSV    = "csv"
	formatNDJSON = "ndjson"
)

// openRows opens the lines of a body by the type of its request. body is its
// bytes, as the caller wants them to be read.
func openRows(r *http.Request, body io.Reader) (source lineSource, format string, err error) {
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, "", errEncoded
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, "", errImportType
	}
	switch kind {
	case contentTypeNDJSON, "application/ndjson", "application/jsonl", "application/json-lines", "application/jsonlines":
		return newNDJSONSource(body), formatNDJSON, nil
	case contentTypeCSV:
		return newCSVSource(body), formatCSV, nil
	}
	return nil, "", errImportType
}

// headerOf reads the header of a CSV file; empty is the refusal of one that has
// none.
func headerOf(source lineSource, empty error) ([]byte, error) {
	header, err := source.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, empty
	case err != nil:
		return nil, unreadable(err)
	}
	return header.text, header.fault
}

// unreadable says that a stream broke off.
func unreadable(err error) error {
	return guestlist.Refuse(guestlist.KindInvalid, "request.body_unreadable").Because(err)
}

// ndjsonSource cuts at line feeds.
type ndjsonSource struct {
	r    *bufio.Reader
	line int
}

func newNDJSONSource(r io.Reader) *ndjsonSource {
	return &ndjsonSource{r: bufio.NewReaderSize(r, maxImportLine+len("\r\n"))}
}

func (s *ndjsonSource) next() (sourceLine, error) {
	for {
		text, err := s.r.ReadSlice('\n')
		s.line++
		if errors.Is(err, bufio.ErrBufferFull) {
			return sourceLine{s.line, nil, errLineTooLong}, s.skip()
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(text) == 0) {
			return sourceLine{}, err
		}
		text = withoutBreak(text)
		if s.line == 1 {
			text = bytes.TrimPrefix(text, byteOrderMark)
		}
		switch {
		case len(text) > maxImportLine:
			return sourceLine{s.line, nil, errLineTooLong}, nil
		case len(bytes.TrimSpace(text)) > 0:
			return sourceLine{s.line, text, nil}, nil
		}
	}
}

var byteOrderMark = []byte("\ufeff")

// skip reads to the end of a line. The end of the stream ends the line too.
func (s *ndjsonSource) skip() error {
	for {
		_, err := s.r.ReadSlice('\n')
		switch {
		case err == nil, errors.Is(err, io.EOF):
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

func withoutBreak(text []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
}

// csvSource cuts at line feeds outside quotes (RFC 4180 §2). A quote opens a
// quoted field only where a field begins, so that a stray one spoils its own
// line and no other.
type csvSource struct {
	r    *bufio.Reader
	sep  byte // between fields
	line int  // of the last record's beginning
	read int  // line feeds read so far
	text []byte
}

func newCSVSource(r io.Reader) *csvSource {
	s := &csvSource{r: bufio.NewReaderSize(r, maxImportLine), sep: ','}
	if mark, err := s.r.Peek(len(byteOrderMark)); err == nil && bytes.Equal(mark, byteOrderMark) {
		_, _ = s.r.Discard(len(mark)) // it was just peeked at
	}
	return s
}

func (s *csvSource) next() (sourceLine, error) {
	for {
		tooLong, err := s.record()
		if err != nil && (!errors.Is(err, io.EOF) || len(s.text) == 0) {
			return sourceLine{}, err
		}
		text := withoutBreak(s.text)
		switch {
		case tooLong || len(text) > maxImportLine:
			return sourceLine{s.line, nil, errLineTooLong}, nil
		case len(text) > 0:
			return sourceLine{s.line, text, nil}, nil
		}
	}
}

// Where in a record the reader stands.
const (
	csvBegins = iota // a field begins
	csvPlain
	csvQuoted
	csvClosed // behind a quote inside a quoted field
)

// record reads up to the line feed that ends a record into s.text, of which it
// keeps no more than what fits a line.
func (s *csvSource) record() (tooLong bool, err error) {
	s.text, s.line = s.text[:0], s.read+1
	for state := csvBegins; ; {
		c, err := s.r.ReadByte()
		if err != nil {
			return tooLong, err
		}
		if len(s.text) < maxImportLine+len("\r\n") {
			s.text = append(s.text, c)
		} else {
			tooLong = true
		}
		if c == '\n' {
			if s.read++; state != csvQuoted {
				return tooLong, nil
			}
		}
		state = csvStep(state, c, s.sep)
	}
}

func csvStep(state int, c, sep byte) int {
	switch {
	case state == csvQuoted && c == '"':
		return csvClosed
	case state == csvQuoted, (state == csvClosed || state == csvBegins) && c == '"':
		return csvQuoted
	case c == sep:
		return csvBegins
	}
	return csvPlain
}

// csvFields splits a record at commas. It fails on quotes that stand where they
// must not.
func csvFields(record []byte) ([]string, error) { return csvFieldsAt(record, ',') }

// csvFieldsAt is csvFields with another separator.
func csvFieldsAt(record []byte, sep byte) ([]string, error) {
	if !utf8.Valid(record) || bytes.IndexByte(record, 0) >= 0 {
		return nil, errLineText
	}
	var fields []string
	for rest := record; ; {
		field, after, err := csvField(rest, sep)
		if err != nil {
			return nil, err
		}
		fields = append(fields, field)
		if len(after) == 0 {
			return fields, nil
		}
		rest = after[1:]
	}
}

// csvField reads one field; after begins with the separator behind it.
func csvField(text []byte, sep byte) (field string, after []byte, err error) {
	if len(text) == 0 || text[0] != '"' {
		end := bytes.IndexByte(text, sep)
		if end < 0 {
			end = len(text)
		}
		if bytes.IndexByte(text[:end], '"') >= 0 {
			return "", nil, errLineCSV
		}
		return string(text[:end]), text[end:], nil
	}
	var b []byte
	for rest := text[1:]; ; {
		end := bytes.IndexByte(rest, '"')
		if end < 0 {
			return "", nil, errLineCSV
		}
		b, rest = append(b, rest[:end]...), rest[end+1:]
		switch {
		case len(rest) == 0 || rest[0] == sep:
			return string(b), rest, nil
		case rest[0] != '"':
			return "", nil, errLineCSV
		}
		b, rest = append(b, '"'), rest[1:]
	}
}
