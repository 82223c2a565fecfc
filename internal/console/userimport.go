package console

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

const pathImports = Path + "/user-imports"

func userImportRoutes() []route {
	return []route{
		get(pathImports, getImports),
		post(pathImports, postImports),
		get(pathImports+"/{id}", getImport),
		post(pathImports+"/{id}", postImport),
		get(pathImports+"/{id}/events", getImportEvents),
		get(pathImports+"/{id}/download", getImportReport),
		post(pathImports+"/{id}/discard", postDiscardImport),
	}
}

// maxUpload bounds the form with a file. The API bounds the file.
const maxUpload = 300 << 20

func importPath(id guestlist.UserImportID) string { return pathImports + "/" + client.Segment(id) }

// importCrumbs lead from a page of imports to the users.
func (v *visit) importCrumbs(more ...ui.Link) []ui.Link {
	return append([]ui.Link{{Text: v.T("users.title"), Href: pathUsers}}, more...)
}

func (v *visit) uploadForm() *ui.Form {
	return &ui.Form{
		Action: pathImports, Submit: v.T("user_import.upload"), Upload: true, Cancel: &ui.Link{Text: v.T("shell.cancel"), Href: pathUsers},
		Sections: []ui.FormSection{{Text: v.T("user_import.upload_text"), Fields: []ui.Field{{
			Kind: ui.KindFile, Name: "file", Label: v.T("user_import.file"), Help: v.T("user_import.file_help"), Accept: ".csv,text/csv",
		}}}},
	}
}

// exampleFile is a file as it can be uploaded.
const exampleFile = "email,name,phone\nada@example.com,Ada Lovelace,+44 7700 900123\ngrace@example.com,Grace Hopper,\n"

func (v *visit) importsPage(form *ui.Form) (*ui.Page, error) {
	var imports []guestlist.UserImport
	paging, err := v.list("/user-imports", nil, &imports)
	if err != nil {
		return nil, err
	}
	p := &ui.Page{
		Name:   "user-imports",
		Header: ui.Header{Title: v.T("user_import.title"), Lead: v.T("user_import.lead"), Crumbs: v.importCrumbs()},
		Body:   []ui.Block{ui.Columns{Main: []ui.Block{form}, Side: []ui.Block{ui.Snippet{Title: v.T("user_import.example"), Text: exampleFile}}}},
	}
	if len(imports) == 0 {
		return p, nil
	}
	t := ui.Table{
		Caption: v.T("user_import.earlier"), Paging: paging,
		Columns: []ui.Column{
			{Text: v.T("user_import.file")}, {Text: v.T("user_import.state")}, {Text: v.T("user_import.lines"), Number: true},
			{Text: v.T("user_import.created"), Number: true}, {Text: v.T("user_import.refused"), Number: true}, {Text: v.T("user_import.when"), Minor: true},
		},
	}
	for _, i := range imports {
		state := v.importState(i.State)
		t.Rows = append(t.Rows, ui.Row{Href: importPath(i.ID), Cells: []ui.Cell{
			ui.Text(v.importName(i)), {Pill: &state}, ui.Text(v.count(i.Total)), ui.Text(v.count(i.Created)), ui.Text(v.count(i.Refused)), ui.At(i.CreatedAt),
		}})
	}
	p.Body = append(p.Body, ui.Section{Title: v.T("user_import.earlier"), Plain: true, Body: []ui.Block{t}})
	return p, nil
}

func (v *visit) importName(i guestlist.UserImport) string {
	if i.Name == "" {
		return v.T("user_import.unnamed")
	}
	return i.Name
}

func (v *visit) importState(s guestlist.UserImportState) ui.Pill {
	switch s {
	case guestlist.ImportRunning:
		return ui.Pill{Text: v.T("user_import.running"), Tone: ui.Info}
	case guestlist.ImportFinished:
		return ui.Pill{Text: v.T("user_import.finished"), Tone: ui.Good}
	case guestlist.ImportFailed:
		return ui.Pill{Text: v.T("user_import.failed"), Tone: ui.Bad}
	case guestlist.ImportUploading:
		return ui.Pill{Text: v.T("user_import.uploading")}
	default:
		return ui.Pill{Text: v.T("user_import.waiting"), Tone: ui.Warn}
	}
}

func getImports(v *visit) error {
	p, err := v.importsPage(v.uploadForm())
	if err != nil {
		return err
	}
	return v.show(p)
}

// postImports keeps a file. What it means is asked next.
func postImports(v *visit) error {
	form := v.uploadForm()
	refuse := func(err error) error {
		p, perr := v.importsPage(form)
		if perr != nil {
			return perr
		}
		return v.again(p, form, err, "user_import.empty", "file", "user_import.too_large", "file", "request.invalid_csv", "file",
			"request.invalid_text", "file", "request.body_too_large", "file", "request.body_unreadable", "file")
	}
	if !v.isUpload() {
		return errNoPage
	}
	name, content, err := v.file("file", maxUpload)
	if err != nil {
		if errors.Is(err, io.EOF) {
			form.Mark("file", v.T("user_import.choose"))
			return refuse(errMarked)
		}
		return refuse(err)
	}
	var i guestlist.UserImport
	if _, err := v.api.Send(v.ctx(), client.Call{
		Method: "POST", Path: "/user-imports", Query: query("name", name), Body: content, ContentType: "text/csv", Out: &i,
	}); err != nil {
		switch guestlist.CodeOf(err) {
		case "request.invalid_csv", "request.invalid_text":
			form.Mark("file", v.T("user_import.no_csv"))
			err = errMarked
		}
		return refuse(err)
	}
	return v.to(importPath(i.ID))
}

func (v *visit) anImport() (guestlist.UserImport, error) {
	var i guestlist.UserImport
	return i, v.api.Do(v.ctx(), "GET", "/user-imports/"+client.Segment(v.id("id")), nil, &i)
}

func getImport(v *visit) error {
	i, err := v.anImport()
	if err != nil {
		return err
	}
	switch i.State {
	case guestlist.ImportUploading, guestlist.ImportUploaded:
		order := importOrder{guessColumns(i.Columns), true}
		return v.showMapping(i, order, nil)
	default:
		p, err := v.importPage(i)
		if err != nil {
			return err
		}
		return v.show(p)
	}
}

// importOrder is what the columns of a file mean.
type importOrder struct {
	Columns            []string `json:"columns"`
	TemporaryPasswords bool     `json:"temporaryPasswords"`
}

// previewLine is what would become of a line.
type previewLine struct {
	Line    int             `json:"line"`
	OK      bool            `json:"ok"`
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
	Fields  []string        `json:"fields"`
	Name    string          `json:"name"`
	Email   string          `json:"primaryEmail"`
	User    string          `json:"username"`
	Phone   string          `json:"primaryPhone"`
}

// memberGroups are what a column may be, in the order of the choice.
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
		{Text: v.T("user_import.line")}, {Text: v.T("user_import.verdict")}, {Text: v.T("users.name")}, {Text: v.T("users.email")},
		{Text: v.T("users.username"), Minor: true}, {Text: v.T("users.phone"), Minor: true},
	}}
	good := 0
	for _, l := range lines {
		verdict := ui.State(v.T("user_import.good"), ui.Good)
		if l.OK {
			good++
		} else {
			verdict = ui.State(v.T("user_import.bad"), ui.Bad)
			verdict.Sub = v.lineProblem(l)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			ui.Text(v.count(l.Line)), verdict, ui.Text(l.Name), ui.Text(l.Email), ui.Text(l.User), ui.Text(l.Phone),
		}})
	}
	return ui.Section{
		Title: v.T("user_import.preview"), Text: v.T("user_import.preview_text", "good", v.count(good), "n", v.count(len(lines))), Body: []ui.Block{t},
	}
}

// lineProblem says what is wrong with a line, naming the member.
func (v *visit) lineProblem(l previewLine) string {
	var data struct{ Issues []issue }
	if json.Unmarshal(l.Data, &data) != nil || len(data.Issues) == 0 {
		return l.Message
	}
	i := data.Issues[0]
	var path []string
	for _, p := range i.Path {
		if s, ok := p.(string); ok {
			path = append(path, s)
		}
	}
	member := strings.Join(path, ".")
	if slices.Contains(importMembers, member) {
		member = v.memberName(member)
	}
	text := v.issue(i)
	if len(path) == 1 && path[0] == "primaryEmail" {
		text = v.T("ui.issue.email")
	}
	return member + ": " + text
}

// postImport looks again, starts, or goes on with an import that failed.
func postImport(v *visit) error {
	i, err := v.anImport()
	if err != nil {
		return err
	}
	order := v.typedOrder(i)
	if i.State == guestlist.ImportUploaded && v.form.Get("do") == "preview" {
		return v.showMapping(i, order, nil)
	}
	if err := v.api.Do(v.ctx(), "POST", "/user-imports/"+client.Segment(i.ID)+"/start", order, nil); err != nil {
		if i.State == guestlist.ImportUploaded && guestlist.CodeOf(err) != "user_import.started" {
			return v.showMapping(i, order, err)
		}
		return v.refused(importPath(i.ID), err)
	}
	return v.to(importPath(i.ID))
}

// importRefresh is after how many seconds the page of an import loads again
// where no script follows it.
const importRefresh = 5

// importPage is an import that was started.
func (v *visit) importPage(i guestlist.UserImport) (*ui.Page, error) {
	state := v.importState(i.State)
	p := &ui.Page{Name: "user-import", Header: ui.Header{
		Title: v.importName(i), Pill: &state, Crumbs: v.importCrumbs(ui.Link{Text: v.T("user_import.title"), Href: pathImports}),
	}}
	stats := ui.Stats{Items: []ui.Stat{
		{Label: v.T("user_import.lines"), Value: v.count(i.Total)}, {Label: v.T("user_import.created"), Value: v.count(i.Created)},
		{Label: v.T("user_import.refused"), Value: v.count(i.Refused)},
	}}
	switch i.State {
	case guestlist.ImportRunning:
		p.Refresh = importRefresh
		p.Header.Lead = v.T("user_import.running_text")
		p.Header.Actions = []ui.Action{{Text: v.T("user_import.stop"), Href: importPath(i.ID) + "/discard", Post: true, Danger: true}}
		p.Body = []ui.Block{ui.Section{Body: []ui.Block{ui.Progress{
			Label: v.T("user_import.progress"), Done: i.Done, Total: i.Total, Text: v.progressText(i), Events: importPath(i.ID) + "/events",
		}}}}
		return p, nil
	case guestlist.ImportFailed:
		p.Body = append(p.Body, ui.Notice{Tone: ui.Bad, Title: v.T("user_import.failed"), Text: v.T("user_import.failed_text"), Actions: []ui.Action{
			{Text: v.T("user_import.go_on"), Href: importPath(i.ID), Post: true},
		}})
	default:
		p.Header.Actions = []ui.Action{{Text: v.T("user_import.to_users"), Href: pathUsers}}
	}
	p.Body = append(p.Body, stats)
	if i.Done > 0 {
		report, err := v.reportSection(i)
		if err != nil {
			return nil, err
		}
		p.Body = append(p.Body, report)
	}
	return p, nil
}

func (v *visit) progressText(i guestlist.UserImport) string {
	return v.T("user_import.progress_text", "done", v.count(i.Done), "total", v.count(i.Total), "created", v.count(i.Created), "refused", v.count(i.Refused))
}

// maxRefusedShown is how many lines without a user the page shows; the report
// has all.
const maxRefusedShown = 20

// reportSection shows the first lines that became no user, and leads to the
// report.
func (v *visit) reportSection(i guestlist.UserImport) (ui.Block, error) {
	s := ui.Section{Title: v.T("user_import.report"), Text: v.T("user_import.all_good"), Actions: []ui.Action{
		{Text: v.T("user_import.download"), Href: importPath(i.ID) + "/download"},
	}}
	if i.Refused == 0 {
		return s, nil
	}
	s.Text = v.T("user_import.report_text")
	s.Actions = append(s.Actions, ui.Action{Text: v.T("user_import.download_refused"), Href: importPath(i.ID) + "/download?status=error"})
	res, err := v.api.Open(v.ctx(), client.Call{Path: "/user-imports/" + client.Segment(i.ID) + "/report", Query: query("status", "error")})
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	t := ui.Table{ID: "report", Caption: v.T("user_import.report"), Columns: []ui.Column{
		{Text: v.T("user_import.line")}, {Text: v.T("user_import.why")}, {Text: v.T("users.name")}, {Text: v.T("users.email")},
	}}
	rows := csv.NewReader(res.Body)
	for n := 0; n <= maxRefusedShown; n++ {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if n > 0 { // below the header
			t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.Text(row[0]), {Text: row[8], Sub: row[9]}, ui.Text(row[3]), ui.Text(row[4])}})
		}
	}
	s.Body = []ui.Block{t}
	return s, nil
}

// importPace is how often an import is looked at for whoever watches it.
const importPace = 500 * time.Millisecond

func getImportEvents(v *visit) error {
	if _, err := v.anImport(); err != nil {
		return err
	}
	return v.stream(importPace, nil, func() (ui.ProgressEvent, error) {
		i, err := v.anImport()
		if err != nil && guestlist.KindOf(err) == guestlist.KindNotFound { // it was stopped
			return ui.ProgressEvent{Finished: true, Href: pathImports}, nil
		}
		return ui.ProgressEvent{
			Done: i.Done, Total: i.Total, Text: v.progressText(i), Finished: err == nil && i.State != guestlist.ImportRunning,
		}, err
	})
}

func getImportReport(v *visit) error {
	q := url.Values{}
	if only := v.query.Get("status"); only != "" {
		q.Set("status", only)
	}
	return v.download(client.Call{Path: "/user-imports/" + client.Segment(v.id("id")) + "/report", Query: q})
}

// postDiscardImport forgets a file, or stops an import.
func postDiscardImport(v *visit) error {
	i, err := v.anImport()
	if err != nil {
		return err
	}
	if err := v.api.Do(v.ctx(), "DELETE", "/user-imports/"+client.Segment(i.ID), nil, nil); err != nil {
		return v.refused(importPath(i.ID), err)
	}
	if i.State == guestlist.ImportRunning {
		return v.done(pathImports, v.T("user_import.stopped", "n", v.count(i.Created)))
	}
	return v.done(pathImports, v.T("user_import.discarded"))
}
