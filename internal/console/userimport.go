package console

import (
	"encoding/csv"
	"errors"
	"io"
	"net/url"
	"time"

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
		{Text: v.T("users.name")}, {Text: v.T("users.address_of")}, {Text: v.T("user_import.why")},
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
			t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
				v.lineName(row[3], row[5], row[0]), lineAddress(row[4], row[6]), ui.Text(v.lineProblem(row[7], row[8], row[9])),
			}})
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
