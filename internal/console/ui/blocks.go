package ui

import (
	"strconv"
	"strings"

	"guestlist/internal/web"
)

// Section is a part of a page with a heading of its own.
type Section struct {
	ID      string
	Title   string
	Text    string
	Actions []Action
	Body    []Block
	Plain   bool // without a frame around it
}

// Columns are two columns, of which the second holds what is looked up beside
// the first. On a phone they stand below each other.
type Columns struct{ Main, Side []Block }

// Paragraph is running text.
type Paragraph struct {
	Text  string
	Links []Link
}

// Later is a part of a page that takes its time: the page is shown without it,
// and scripts fetch the block of the same ID from Src. For those without, give
// the page a Refresh to there. With Src empty it is that block.
type Later struct {
	ID   string
	Src  string
	Body []Block // until it is there
}

// Facts are terms with their values.
type Facts struct{ Rows []Fact }

// Fact is one of them.
type Fact struct {
	Term string
	Cell
}

// Snippet is text to be copied: an address, a command, a piece of code, JSON.
type Snippet struct {
	Title string // file name or what it is
	Text  string
	Open  bool // of Snippets: shown at first
}

// IsLine reports whether the text is one line, which may be broken where it does
// not fit; the lines of more have their places.
func (s Snippet) IsLine() bool { return !strings.Contains(s.Text, "\n") }

// Snippets are several of which one is shown, e.g. one for each framework.
type Snippets struct {
	Name  string // of the group, unique on the page
	Items []Snippet
}

// Notice says something in the middle of a page.
type Notice struct {
	Title   string
	Text    string
	Tone    Tone
	Actions []Action
}

// Stats are numbers to be seen at a glance.
type Stats struct{ Items []Stat }

// Stat is one of them.
type Stat struct {
	Label string
	Value string
	Note  string // e.g. "+12 more than the week before"
	Tone  Tone   // of the note
	Href  string
}

// List is a list of things that happened, or that want to be done.
type List struct {
	Items []ListItem
	Empty string // what is said when there are none
	Tone  Tone   // of Empty: Good says that all is well
}

// ListItem is one of them.
type ListItem struct {
	Cell
	Tone    Tone
	When    Cell // a moment, at the end
	Actions []Action
}

// Switch is one setting with one button that turns it over at once.
type Switch struct {
	Title, Text string
	On          bool
	State       Pill   // how it stands, in a word
	Action      string // the form's; it sends Name with "true" or "false"
	Name        string
	Press       string // what the button does, e.g. "Close the door"
	Hidden      []Hidden
}

// Empty is what stands where there is nothing yet: it teaches the next step.
type Empty struct {
	Title   string
	Text    string
	Icon    string
	Actions []Action
}

// Confirm asks before what cannot be undone.
type Confirm struct {
	Text   string // what will be gone, and for whom
	Facts  []Fact
	Type   string // what has to be typed, "" if pressing is enough; it arrives as "typed"
	Label  string // of the field to type it into
	Error  string
	Action string
	Hidden []Hidden
	Submit string
	Cancel Link
}

// Live is a part of a page that stays true while one looks at it: with scripts
// it is loaded anew whenever Events, a stream of ProgressEvent, says something
// else than before. With Events empty, a Progress does that which Renews it.
type Live struct {
	ID     string
	Events string
	Body   []Block
}

// Progress shows work that goes on. With scripts it follows Events, a stream
// of ProgressEvent; give the page a Refresh for those without.
type Progress struct {
	ID       string
	Label    string
	Done     int
	Total    int // 0: not known yet
	Text     string
	Events   string // path of the stream, "" when the work has ended
	Renews   string // id of a Live that changes with it, "" for none
	Finished bool
}

// ProgressEvent is what a stream says of the work: data of an event of the
// type "message". When Finished is set, the page is loaded anew, or Href. State
// stands for whatever else a Live shows: it differs when that differs.
type ProgressEvent struct {
	Done     int    `json:"done"`
	Total    int    `json:"total"`
	Text     string `json:"text"`
	State    string `json:"state,omitempty"`
	Finished bool   `json:"finished,omitempty"`
	Href     string `json:"href,omitempty"`
}

// Frame shows another page of this server, e.g. as a preview. Page.Frames has
// to be set.
type Frame struct {
	Title  string // for those who do not see it
	Src    string
	Width  int // pixels of the page within, 0: as wide as there is room
	Height int // pixels
	Phone  bool
}

// Preview shows in a frame what a form would make of another page of this
// server, before it is saved: the form is sent to Action instead of its own
// path, and the answer stands in the frame. With scripts that happens by
// itself. Page.Frames has to be set.
type Preview struct {
	Title   string // for those who do not see it
	Form    string // id of the form; "form" if empty
	Action  string
	Src     string   // shown at first, "" for nothing
	Choices []Filter // what is shown; sent with the form
	Update  string   // text of the button
	Phone   string   // text of the choice of a phone
	Desktop string   // text of the choice of a desktop
	Note    string
	Letter  bool // it is a mail: as tall as wide, and no choice of a device
}

// Finder is the search box and the choices of a table where there is none:
// over a long form.
type Finder struct {
	Search  Search
	Filters []Filter
}

// Element is the id of the form.
func (p Preview) Element() string {
	if p.Form == "" {
		return "form"
	}
	return p.Form
}

// PreviewPrefix begins the names of choices of a Preview, which are no part of
// what the form saves.
const PreviewPrefix = "preview."

// Cards are things to be recognised by their pictures: what is set up, or what
// there is to choose from.
type Cards struct{ Items []Card }

// Card is one of them. Page.Images has to allow its logo.
type Card struct {
	web.Provider // Name, Logo, DarkLogo
	Text         string
	Href         string
	Pill         *Pill
}

// Picture is a picture of this server's own.
type Picture struct {
	Src  string // a path
	Alt  string
	Size int // pixels of its edges
}

// Funnel is how many of the first step came to each of the others. It is drawn
// here, has a text alternative, and a table behind it.
type Funnel struct {
	Title string
	Alt   string // the funnel in a sentence
	Head  string // what a step is, over the table
	Share string // over its column of shares
	Steps []Step
}

// Step is one of them.
type Step struct {
	Name  string
	Count int
}

// funnelWidth is the drawing's own unit: the longest bar.
const funnelWidth = 600

// most is the largest count: what was issued before the days that are counted
// may be accepted within them.
func (f Funnel) most() int {
	most := 1
	for _, s := range f.Steps {
		most = max(most, s.Count)
	}
	return most
}

// Width is the length of a step's bar. What is there can be seen.
func (f Funnel) Width(s Step) int {
	if s.Count <= 0 {
		return 0
	}
	const least = 3
	return max(least, s.Count*funnelWidth/f.most())
}

// Percent is the share of the first step that came so far, "" if there is none.
func (f Funnel) Percent(s Step) string {
	if len(f.Steps) == 0 || f.Steps[0].Count <= 0 {
		return ""
	}
	return strconv.Itoa(s.Count * 100 / f.Steps[0].Count)
}

// Swatches show colours beside each other.
type Swatches struct{ Items []Swatch }

// Swatch is a colour, as #rrggbb, with what it is for.
type Swatch struct {
	Color, Text string
	Pill        *Pill
}

func (Section) template() string   { return "section" }
func (Columns) template() string   { return "columns" }
func (Paragraph) template() string { return "paragraph" }
func (Later) template() string     { return "later" }
func (Facts) template() string     { return "facts" }
func (Snippet) template() string   { return "snippet" }
func (Snippets) template() string  { return "snippets" }
func (Notice) template() string    { return "notice" }
func (Stats) template() string     { return "stats" }
func (List) template() string      { return "list" }
func (Switch) template() string    { return "switch" }
func (Empty) template() string     { return "empty" }
func (Confirm) template() string   { return "confirm" }
func (Live) template() string      { return "live" }
func (Progress) template() string  { return "progress" }
func (Frame) template() string     { return "frame" }
func (Finder) template() string    { return "finder" }
func (Preview) template() string   { return "preview" }
func (Swatches) template() string  { return "swatches" }
func (Cards) template() string     { return "cards" }
func (Picture) template() string   { return "picture" }
func (Funnel) template() string    { return "funnel" }
func (Table) template() string     { return "table" }
func (*Form) template() string     { return "form" }
func (Chart) template() string     { return "chart" }
