package cli

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"guestlist"
	"guestlist/client"
)

type inviteImportCmd struct {
	File   string   `arg:"" help:"CSV file with a header, or NDJSON."`
	Format string   `enum:"auto,csv,ndjson" default:"auto" help:"csv or ndjson; auto looks at the name and the first character."`
	Map    []string `sep:"none" placeholder:"COLUMN=MEMBER" help:"What a column is, e.g. --map 'E-Mail=email'; with nothing behind the = it is left out. May be given several times."`
	Name   string   `placeholder:"NAME" help:"Name of the campaign. Without it that of the file."`
	terms  `embed:""`

	Wave     int     `placeholder:"N" help:"How many mails go out together. Without it all do."`
	Interval lasting `placeholder:"DURATION" help:"How long after each other the waves go out, 1m to 30d."`

	DryRun bool   `help:"Say what would become of the rows, and change nothing."`
	Report string `placeholder:"FILE" help:"Write what became, or would become, of each row to a CSV file."`
	Again  bool   `help:"Make another campaign of a file that was imported before."`
	JSON   bool   `name:"json" help:"Print the campaign as JSON."`
}

// importTerms is what every row of an import is given.
type importTerms struct {
	ApplicationID guestlist.ApplicationID     `json:"applicationId,omitempty"`
	Message       string                      `json:"message,omitempty"`
	ExpiresIn     int                         `json:"expiresIn,omitempty"` // seconds
	Grants        *guestlist.InvitationGrants `json:"grants,omitempty"`
}

// Run imports a file, or foresees it.
func (c inviteImportCmd) Run(ctx context.Context, term terminal, settings *Settings, at *remote) error {
	for _, said := range c.Map {
		if strings.LastIndexByte(said, '=') < 1 {
			return refuse("cli.bad_map", "--map "+strconv.Quote(said)+" does not say what a column is", "write it as --map 'E-Mail=email'")
		}
	}
	f, size, err := openRows(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	kind, err := c.contentType(f)
	if err != nil {
		return err
	}
	err = at.withAPI(ctx, term, settings, !c.DryRun, func(api *client.Client) error {
		order, err := c.order(ctx, api)
		if err != nil {
			return err
		}
		order.ContentType = kind
		bar := newProgress(term)
		defer bar.close()
		counted := &countingReader{r: f, bar: bar, total: size}
		if order.Rows = counted; c.DryRun {
			return c.foresee(ctx, term, api, order, bar)
		}
		if order.Key, err = c.key(f, order); err != nil {
			return err
		}
		return c.load(ctx, term, api, order, bar)
	})
	if ctx.Err() != nil && err != nil {
		return &guestlist.Error{
			Kind: guestlist.KindUnavailable, Code: "cli.interrupted", Message: "interrupted",
			Hint: "the same command goes on where it was; nobody is invited twice",
		}
	}
	return err
}

func openRows(path string) (*os.File, int64, error) {
	unreadable := func(err error) error {
		return &guestlist.Error{
			Kind: guestlist.KindInvalid, Code: "cli.cannot_read", Message: "cannot read " + plain(path), Err: err, Hint: "give a CSV or NDJSON file",
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, unreadable(err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is read twice, so it has to be a file")
	}
	if err != nil {
		_ = f.Close() // it was only read
		return nil, 0, unreadable(err)
	}
	return f, info.Size(), nil
}

// The types of what is uploaded.
const (
	typeCSV    = "text/csv"
	typeNDJSON = "application/x-ndjson"
)

// contentType says what a file is, and leaves it at its beginning.
func (c inviteImportCmd) contentType(f *os.File) (string, error) {
	switch c.Format {
	case "csv":
		return typeCSV, nil
	case "ndjson":
		return typeNDJSON, nil
	}
	switch strings.ToLower(filepath.Ext(c.File)) {
	case ".csv", ".tsv":
		return typeCSV, nil
	case ".ndjson", ".jsonl":
		return typeNDJSON, nil
	}
	head, err := bufio.NewReader(f).Peek(1)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	if string(head) == "{" {
		return typeNDJSON, nil
	}
	return typeCSV, nil
}

func (c inviteImportCmd) order(ctx context.Context, api *client.Client) (client.Import, error) {
	order := client.Import{
		Name: c.Name, Locale: c.Locale, Map: c.Map, Waves: guestlist.CampaignWaves{Size: c.Wave, Interval: int(c.Interval)},
	}
	if order.Name == "" {
		order.Name = filepath.Base(c.File)
	}
	grants, err := c.grants(ctx, api)
	t := importTerms{ApplicationID: guestlist.ApplicationID(c.Application), Message: c.Message, ExpiresIn: int(c.ExpiresIn), Grants: grants}
	if t != (importTerms{}) {
		order.Terms = t
	}
	return order, err
}

// key is the same for the same file and the same wishes, whoever asks and
// however often. It leaves the file at its beginning.
func (c inviteImportCmd) key(f *os.File, order client.Import) (string, error) {
	if c.Again {
		return "", nil
	}
	query, err := order.Query()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n", order.ContentType, query.Encode())
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	_, err = f.Seek(0, io.SeekStart)
	return "file-" + base64.RawURLEncoding.EncodeToString(sum.Sum(nil)), err
}

// foresee prints how many rows would get which verdict.
func (c inviteImportCmd) foresee(ctx context.Context, term terminal, api *client.Client, order client.Import, bar *progress) error {
	var verdicts map[string]int
	run := func(each func(guestlist.RowReport) error) error {
		var err error
		verdicts, err = api.ForeseeImport(ctx, order, each)
		return err
	}
	var err error
	if c.Report == "" {
		err = run(func(guestlist.RowReport) error { return nil })
	} else {
		err = replaceFile(c.Report, func(f *os.File) error { return foreseenRows(f, run) })
	}
	bar.end()
	if err != nil {
		return err
	}
	total := 0
	for _, n := range verdicts {
		total += n
	}
	fmt.Fprintf(term.out, "%9d rows; nothing was changed\n", total)
	printVerdicts(term, verdicts)
	return nil
}

// foreseenRows writes the rows of a dry run in the form of the report of a real
// one.
func foreseenRows(f io.Writer, run func(func(guestlist.RowReport) error) error) error {
	out := csv.NewWriter(f)
	if err := out.Write([]string{"line", "verdict", "recipient", "code", "field", "message"}); err != nil {
		return err
	}
	if err := run(func(r guestlist.RowReport) error {
		cells := []string{strconv.Itoa(r.Line), string(r.Verdict), r.Recipient, r.Code, r.Field, r.Message}
		for i, cell := range cells {
			cells[i] = noFormula(cell)
		}
		return out.Write(cells)
	}); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// noFormula makes a spreadsheet show a text that it would compute.
func noFormula(s string) string {
	if first := []rune(s); len(first) > 0 && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first[0]) {
		return "'" + s
	}
	return s
}

// pollEvery is how often an import is looked at while it runs.
const pollEvery = 500 * time.Millisecond

// load uploads the rows, or finds the campaign that they became before, and
// stays until each has its verdict.
func (c inviteImportCmd) load(ctx context.Context, term terminal, api *client.Client, order client.Import, bar *progress) error {
	made, err := api.ImportInvitations(ctx, order)
	if err != nil {
		return err
	}
	bar.end()
	fmt.Fprintf(term.err, "campaign %s, %d rows\n", made.ID, made.Total)
	if made.State == guestlist.CampaignFailed {
		if made, err = api.TellCampaign(ctx, made.ID, client.StartCampaign); err != nil {
			return err
		}
	}
	begun := made.Done
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for made.State == guestlist.CampaignImporting {
		bar.show("rows", int64(made.Done-begun), int64(made.Total-begun))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if made, err = api.GetCampaign(ctx, made.ID); err != nil {
			return err
		}
	}
	if made.State != guestlist.CampaignFailed && made.Done > begun {
		bar.show("rows", int64(made.Done-begun), int64(made.Total-begun))
	}
	bar.end()
	if c.Report != "" {
		if err := writeRows(ctx, api, made.ID, c.Report); err != nil {
			return err
		}
	}
	if err := (oneCampaign{JSON: c.JSON}).tell(term, made); err != nil {
		return err
	}
	return verdict(made)
}

// verdict is an error where rows have none yet.
func verdict(made guestlist.Campaign) error {
	switch made.State {
	case guestlist.CampaignFailed:
		return &guestlist.Error{
			Kind: guestlist.KindUnavailable, Code: "cli.import_failed", Message: "the import was given up: " + made.Error,
			Hint: "the same command goes on where it was",
		}
	case guestlist.CampaignPaused, guestlist.CampaignCancelled:
		if made.Done < made.Total {
			return &guestlist.Error{
				Kind: guestlist.KindConflict, Code: "cli.import_stopped", Message: "the campaign is " + string(made.State),
				Hint: "guestlist campaign resume lets a paused one go on",
			}
		}
	default:
	}
	return nil
}
