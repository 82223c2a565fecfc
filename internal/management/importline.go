package management

import (
	"fmt"
	"strings"

	"guestlist"
	"guestlist/internal/web"
)

// lineParser makes users of the lines of an import.
type lineParser interface {
	parse(text []byte) (newUser, error)
}

// ndjsonParser takes a JSON object per line, as POST /api/users does.
type ndjsonParser struct{ schema *schema }

func (p ndjsonParser) parse(text []byte) (newUser, error) {
	var u newUser
	var body rawObject
	if err := web.Decode(text, &body); err != nil {
		return u, err
	}
	return u, fill(p.schema, body.text, &u)
}

// csvParser takes fields in the order of a header. A dot in the name of a
// column leads into customData or profile; an empty field is absent.
type csvParser struct {
	schema  *schema
	columns [][]string // a column without a path is left out
}

// The limits of a header.
const (
	maxImportColumns = 200
	maxColumnDepth   = 4 // names between the dots
)

// newCSVParser reads a header. A column that no user has is refused: a typing
// error would lose a value of every line.
func newCSVParser(s *schema, header []byte) (csvParser, error) {
	names, err := csvFields(header)
	if err != nil {
		return csvParser{}, err
	}
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return newColumnParser(s, names, false)
}

// newColumnParser is newCSVParser for names that stand by themselves. Where some
// may be left out, an empty one says so.
func newColumnParser(s *schema, names []string, some bool) (csvParser, error) {
	p := csvParser{schema: s}
	inv := web.Invalid{}
	inv.Check(len(names) <= maxImportColumns, "", "too_big", fmt.Sprintf("At most %d columns are taken", maxImportColumns))
	seen := map[string]bool{}
	for _, name := range names {
		if name == "" && some {
			p.columns = append(p.columns, nil)
			continue
		}
		path := strings.Split(name, ".")
		inv.Check(knownColumn(s, path), name, "unrecognized_keys", "No user has this member")
		inv.Check(!overlaps(seen, name), name, "custom", "The column is there twice")
		p.columns = append(p.columns, path)
	}
	return p, inv.Err()
}

// overlaps reports whether a column gives what one of those seen gives, or a part
// of it, and takes it to them.
func overlaps(seen map[string]bool, name string) bool {
	twice := seen[name]
	for other := range seen {
		twice = twice || strings.HasPrefix(other, name+".") || strings.HasPrefix(name, other+".")
	}
	seen[name] = true
	return twice
}

// knownColumn reports whether a path leads to a text or a truth value of a
// schema.
func knownColumn(s *schema, path []string) bool {
	if len(path) > maxColumnDepth {
		return false
	}
	for i, name := range path {
		if name == "" || s.kind != kindObject {
			return false
		}
		if s.record {
			return i > 0
		}
		var member *schema
		for _, f := range s.fields {
			if f.name == name {
				member = f.schema
			}
		}
		if member == nil {
			return false
		}
		s = member
	}
	return s.kind == kindString || s.kind == kindBoolean
}

func (p csvParser) parse(text []byte) (newUser, error) {
	fields, err := csvFields(text)
	if err != nil {
		return newUser{}, err
	}
	if len(fields) != len(p.columns) {
		return newUser{}, errLineCSV
	}
	return p.user(fields)
}

// user makes the user of the fields of a line.
func (p csvParser) user(fields []string) (newUser, error) {
	var u newUser
	tree := map[string]any{}
	for i, field := range fields {
		path := p.columns[i]
		if field == "" || len(path) == 0 {
			continue
		}
		plant(tree, path, csvValue(path, field))
	}
	return u, fillTree(p.schema, tree, &u)
}

// plant puts a value into a tree of objects.
func plant(tree map[string]any, path []string, value any) {
	for _, name := range path[:len(path)-1] {
		inner, ok := tree[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			tree[name] = inner
		}
		tree = inner
	}
	tree[path[len(path)-1]] = value
}

// csvValue turns the text of the one column that is no text into a truth
// value.
func csvValue(path []string, field string) any {
	if len(path) == 1 && path[0] == "passwordIsTemporary" {
		switch strings.ToLower(field) {
		case "true", "1", "yes", "y":
			return true
		case "false", "0", "no", "n":
			return false
		}
	}
	return field
}

// The refusals of an import as a whole.
var (
	errImportType = guestlist.Refuse(guestlist.KindMediaType, "request.unsupported_media_type")
	errEncoded    = guestlist.Refuse(guestlist.KindMediaType, "request.unsupported_encoding")
)
