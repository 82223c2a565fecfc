package management

import (
	"errors"
	"strings"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// previewLines is of how many lines a preview says what would become of them.
const previewLines = 20

// importPreview is what would become of the first lines.
type importPreview struct {
	Lines []previewLine `json:"lines"`
}

type previewLine struct {
	Line    int    `json:"line"`
	OK      bool   `json:"ok"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	Details string `json:"details,omitempty"`
	Field   string `json:"field,omitempty"` // the member that is wrong, dotted
	// Fields are those of the line, in the order of the file. What stands in a
	// column of passwords is left out.
	Fields []string `json:"fields"`
	importFacts
}

// importFacts are by what people recognise a line.
type importFacts struct {
	Name     string `json:"name"`
	Email    string `json:"primaryEmail"`
	Username string `json:"username"`
	Phone    string `json:"primaryPhone"`
	Password bool   `json:"hasPassword"`
}

func (m lineMaker) facts(line importLine) importFacts {
	var f importFacts
	for i, column := range m.order.Columns {
		if i >= len(line.Fields) {
			break
		}
		value := clip(tidy(column, line.Fields[i]))
		switch column {
		case "name":
			f.Name = value
		case "primaryEmail":
			f.Email = value
		case "username":
			f.Username = value
		case "primaryPhone":
			f.Phone = value
		case "password", "passwordDigest":
			f.Password = f.Password || value != ""
		}
	}
	return f
}

// shown are the fields of a line without passwords.
func (m lineMaker) shown(line importLine) []string {
	fields := []string{}
	for i, f := range line.Fields {
		if i < len(m.order.Columns) && strings.HasPrefix(m.order.Columns[i], "password") {
			f = ""
		}
		fields = append(fields, clip(f))
	}
	return fields
}

func (a *API) previewImport(c *call, in importOrder) (importPreview, error) {
	shown := importPreview{Lines: []previewLine{}}
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		i, err := tx.UserImport(in.ID)
		if err != nil {
			return err
		}
		m, err := newLineMaker(i, in.choices(c))
		if err != nil {
			return err
		}
		if i.State == guestlist.ImportUploading {
			return errImportIncomplete
		}
		if i.State != guestlist.ImportUploaded {
			return errImportStarted
		}
		lines, err := importPartOf(tx, i.ID, 0)
		if err != nil {
			return err
		}
		seen := map[guestlist.Identifier]bool{}
		for _, line := range lines[:min(len(lines), previewLines)] {
			item := m.item(line)
			if item.err == nil {
				item.err = foreseen(tx, item.user, seen)
			}
			var refused *guestlist.Error
			if item.err != nil && !errors.As(item.err, &refused) {
				return item.err
			}
			p := previewLine{Line: line.Number, OK: item.err == nil, Fields: m.shown(line), importFacts: m.facts(line)}
			if item.err != nil {
				_, env := a.Describe(c.r, item.err)
				p.Code, p.Message, p.Details, p.Field = env.Code, env.Message, env.Details, faultyField(item.err)
			}
			shown.Lines = append(shown.Lines, p)
		}
		return nil
	})
	return shown, err
}

// foreseen says who would be in the way of a new user: somebody, or a line
// before.
func foreseen(tx *store.Tx, u guestlist.User, seen map[guestlist.Identifier]bool) error {
	for _, id := range []struct {
		kind  guestlist.IdentifierType
		value *string
		code  string
	}{
		{guestlist.IdentifierUsername, u.Username, "user.username_already_in_use"},
		{guestlist.IdentifierEmail, u.PrimaryEmail, "user.email_already_in_use"},
		{guestlist.IdentifierPhone, u.PrimaryPhone, "user.phone_already_in_use"},
	} {
		if id.value == nil {
			continue
		}
		name := guestlist.Identifier{Type: id.kind, Value: *id.value}
		taken, err := tx.IsTaken(name)
		if err != nil {
			return err
		}
		if id.kind == guestlist.IdentifierEmail {
			name.Value = guestlist.EmailKey(name.Value)
		}
		if taken || seen[name] {
			return guestlist.Refuse(guestlist.KindUnprocessable, id.code)
		}
		seen[name] = true
	}
	return nil
}

// faultyField names the member of a user that a refusal is about, "" where it is
// about none or about the whole.
func faultyField(err error) string {
	var e *guestlist.Error
	if !errors.As(err, &e) {
		return ""
	}
	if field, ok := fieldOfCode[e.Code]; ok {
		return field
	}
	data, _ := e.Data.(map[string]any)
	issues, _ := data["issues"].([]web.Issue)
	if len(issues) == 0 {
		return ""
	}
	return string(issues[0].Path)
}

var fieldOfCode = map[string]string{
	"user.username_already_in_use": "username", "user.email_already_in_use": "primaryEmail", "user.phone_already_in_use": "primaryPhone",
	"user.invalid_phone": "primaryPhone",
}
