package console

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// importOrder is what the columns of a file mean.
type importOrder struct {
	Columns            []string `json:"columns"`
	TemporaryPasswords bool     `json:"temporaryPasswords"`
}

// previewLine is what would become of a line.
type previewLine struct {
	Line    int      `json:"line"`
	OK      bool     `json:"ok"`
	Code    string   `json:"code"`
	Message string   `json:"message"`
	Field   string   `json:"field"`
	Fields  []string `json:"fields"`
	Name    string   `json:"name"`
	Email   string   `json:"primaryEmail"`
	User    string   `json:"username"`
	Phone   string   `json:"primaryPhone"`
}

// importMembers are what a column may be, in the order of the choice.
var importMembers = []string{
	"primaryEmail", "name", "username", "primaryPhone", "profile.givenName", "profile.familyName", "profile.middleName", "profile.nickname",
	"avatar", "password", "passwordIsTemporary", "passwordDigest", "passwordAlgorithm", "profile.preferredUsername", "profile.website", "profile.profile",
	"profile.gender", "profile.birthdate", "profile.zoneinfo", "profile.locale", "profile.address.formatted", "profile.address.streetAddress",
	"profile.address.postalCode", "profile.address.locality", "profile.address.region", "profile.address.country",
}

// memberName is what a member of a user is called.
func (v *visit) memberName(member string) string {
	for _, c := range slices.Concat(claims, addressClaims) {
		if c.api == member {
			return v.T("users.claim." + c.name)
		}
	}
	switch member {
	case "primaryEmail":
		return v.T("users.email")
	case "primaryPhone":
		return v.T("users.phone")
	case "name":
		return v.T("users.name")
	case "username":
		return v.T("users.username")
	case "avatar":
		return v.T("users.avatar")
	case "password":
		return v.T("users.password")
	}
	return v.T("user_import.member." + member)
}

// columnField is the name of the choice for a column.
func columnField(i int) string { return "column" + strconv.Itoa(i) }

// customMember is the member of the custom data that a column can become.
func customMember(column string) string {
	var b strings.Builder
	for _, r := range column {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '_', r == '-':
			b.WriteRune(r)
		case r == ' ' && b.Len() > 0:
			b.WriteByte('_')
		}
	}
	name := strings.TrimRight(b.String(), "_")
	if name == "" {
		return ""
	}
	return "customData." + name
}

func (v *visit) mappingForm(i guestlist.UserImport, order importOrder, lines []previewLine) *ui.Form {
	form := &ui.Form{
		Action: importPath(i.ID), Submit: v.T("user_import.start", "n", v.count(i.Total)),
		Others: []ui.Action{{Text: v.T("user_import.check"), Name: "do", Value: "preview"}},
	}
	section := ui.FormSection{Title: v.T("user_import.columns"), Text: v.T("user_import.columns_text")}
	for n, column := range i.Columns {
		options := []ui.Option{{Text: v.T("user_import.leave_out")}}
		for _, m := range importMembers {
			options = append(options, ui.Option{Value: m, Text: v.memberName(m)})
		}
		if custom := customMember(column); custom != "" {
			options = append(options, ui.Option{Value: custom, Text: v.T("user_import.custom", "name", strings.TrimPrefix(custom, "customData."))})
		}
		label := column
		if label == "" {
			label = v.T("user_import.column", "n", n+1)
		}
		section.Fields = append(section.Fields, ui.Field{
			Kind: ui.KindSelect, Name: columnField(n), Label: label, Value: order.Columns[n], Options: options, Help: v.sample(lines, n),
		})
	}
	form.Sections = []ui.FormSection{section, {Fields: []ui.Field{{
		Kind: ui.KindSwitch, Name: "temporary", Label: v.T("user_import.temporary"), Help: v.T("user_import.temporary_help"), On: order.TemporaryPasswords,
	}}}}
	return form
}

// sample is what stands in a column, for whoever says what it is.
func (v *visit) sample(lines []previewLine, column int) string {
	var values []string
	for _, l := range lines {
		if column < len(l.Fields) && strings.TrimSpace(l.Fields[column]) != "" && len(values) < 2 {
			text := []rune(strings.Join(strings.Fields(l.Fields[column]), " "))
			if len(text) > maxSample {
				text = append(text[:maxSample:maxSample], '…')
			}
			values = append(values, string(text))
		}
	}
	if len(values) == 0 {
		return ""
	}
	return v.T("user_import.sample", "values", strings.Join(values, ", "))
}

// maxSample is how much of a value is shown beside a column, in characters.
const maxSample = 40

// typedOrder is the order that was sent.
func (v *visit) typedOrder(i guestlist.UserImport) importOrder {
	order := importOrder{Columns: make([]string, len(i.Columns)), TemporaryPasswords: v.form.Get("temporary") == ui.Yes}
	for n := range i.Columns {
		order.Columns[n] = v.form.Get(columnField(n))
	}
	return order
}

// showMapping asks what the columns are, and shows what would become of the
// first lines. refused is why the import did not start.
func (v *visit) showMapping(i guestlist.UserImport, order importOrder, refused error) error {
	var preview struct{ Lines []previewLine }
	err := v.api.Do(v.ctx(), "POST", "/user-imports/"+client.Segment(i.ID)+"/preview", order, &preview)
	var e *guestlist.Error
	if err != nil && (!errors.As(err, &e) || !isRefusal(e)) {
		return err
	}
	form := v.mappingForm(i, order, preview.Lines)
	state := v.importState(i.State)
	p := &ui.Page{
		Name: "user-import-columns",
		Header: ui.Header{
			Title: v.importName(i), Lead: v.N("user_import.has_lines", i.Total), Pill: &state,
			Crumbs:  v.importCrumbs(ui.Link{Text: v.T("user_import.title"), Href: pathImports}),
			Actions: []ui.Action{{Text: v.T("user_import.discard"), Href: importPath(i.ID) + "/discard", Post: true}},
		},
		Body: []ui.Block{form},
	}
	if err == nil {
		p.Body = []ui.Block{form, v.previewTable(preview.Lines)}
	}
	if refused == nil {
		refused = err
	}
	if refused == nil {
		return v.show(p)
	}
	if v.markTwice(form, order) || !slices.ContainsFunc(order.Columns, func(s string) bool { return s != "" }) {
		if len(form.Problems()) == 0 {
			form.Problem = v.T("user_import.nothing_chosen")
		}
		refused = errMarked
	}
	if v.form == nil {
		v.form = url.Values{}
		for n, c := range order.Columns {
			v.form.Set(columnField(n), c)
		}
	}
	return v.again(p, form, refused)
}

// markTwice finds members that two columns are to become.
func (v *visit) markTwice(form *ui.Form, order importOrder) bool {
	found := false
	for n, c := range order.Columns {
		if c != "" && slices.Contains(order.Columns[:n], c) {
			found = form.Mark(columnField(n), v.T("user_import.twice")) || found
		}
	}
	return found
}

func (v *visit) previewTable(lines []previewLine) ui.Block {
	t := ui.Table{ID: "preview", Caption: v.T("user_import.preview"), Columns: []ui.Column{
		{Text: v.T("users.name")}, {Text: v.T("users.address_of")}, {Text: v.T("user_import.verdict")},
	}}
	good := 0
	for _, l := range lines {
		verdict := ui.State(v.T("user_import.good"), ui.Good)
		if l.OK {
			good++
		} else {
			verdict = ui.State(v.T("user_import.bad"), ui.Bad)
			verdict.Sub = v.lineProblem(l.Code, l.Field, l.Message)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{v.lineName(l.Name, l.User, v.count(l.Line)), lineAddress(l.Email, l.Phone), verdict}})
	}
	return ui.Section{
		Title: v.T("user_import.preview"), Text: v.T("user_import.preview_text", "good", v.count(good), "n", v.count(len(lines))), Body: []ui.Block{t},
	}
}

// lineName is whom a line is about, with its number.
func (v *visit) lineName(name, username, line string) ui.Cell {
	c := ui.Cell{Text: name, Sub: v.T("user_import.line_n", "n", line)}
	if c.Text == "" {
		c.Text = username
	}
	if c.Text == "" {
		c.Text = "–"
	}
	return c
}

func lineAddress(email, phone string) ui.Cell {
	if email == "" {
		return ui.Text(phone)
	}
	return ui.Cell{Text: email, Sub: phone}
}

// lineProblem says what is wrong with a line, naming the member.
func (v *visit) lineProblem(code, field, message string) string {
	switch {
	case strings.HasSuffix(code, "_already_in_use"):
		return v.T("user_import.taken", "field", v.memberName(field))
	case code != "guard.invalid_input" || field == "":
		return message
	case field == "primaryEmail":
		return v.memberName(field) + ": " + v.T("ui.issue.email")
	case slices.Contains(importMembers, field):
		return v.memberName(field) + ": " + v.T("ui.issue.other")
	}
	return field + ": " + v.T("ui.issue.other")
}
