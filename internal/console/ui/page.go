package ui

import "guestlist"

// Page is one page of the console.
type Page struct {
	Name   string // kebab-case, e.g. "role"; <body data-page>
	Header Header
	Body   []Block

	Bare    bool     // without navigation: for whoever may not see the rest
	Frames  bool     // shows pages of this server in frames, e.g. as a preview
	Images  []string // origins that pictures come from, e.g. "https://cdn.example"
	Refresh int      // without scripts the page loads again after so many seconds; 0: never
	Next    string   // what Refresh loads instead of the page, a path of this server
}

// Block is one part of a page's body. The types of this package that have the
// method are all there are: each has its template.
type Block interface{ template() string }

// Header is the top of a page: where it is, what it is called, and what is
// done there.
type Header struct {
	Title   string
	Lead    string // one sentence that says what is here
	Crumbs  []Link // the way up, without this page
	Pill    *Pill  // state of the thing
	ID      string // of the thing, to be copied
	Actions []Action
	Tabs    []Tab
}

// Link is a link with a text.
type Link struct {
	Text, Href string
	Away       bool // opens beside this page
}

// Tab is one of several views of the same thing.
type Tab struct {
	Text, Href string
	Current    bool
}

// Action is something to do: a link, or, if Post is set, a button that sends a
// small form to Href. At most one of a page is Primary. With Name it sends
// Value under it, and where it stands in a table's Bulk the chosen rows.
type Action struct {
	Text    string
	Href    string
	Post    bool
	Hidden  []Hidden
	Name    string
	Value   string
	Primary bool
	Danger  bool
	Icon    string // a key of icons
	Away    bool   // opens beside this page
	Stays   bool   // of a Post that is answered with a file: the page stays, and can send it again
}

// Hidden is a hidden input.
type Hidden struct{ Name, Value string }

// Tone is what a thing means to whoever looks: it has a colour and a shape.
type Tone string

// The tones.
const (
	Neutral Tone = ""
	Good    Tone = "good"
	Warn    Tone = "warn"
	Bad     Tone = "bad"
	Info    Tone = "info"
)

// Pill is a state: a word with a shape and a colour.
type Pill struct {
	Text string
	Tone Tone
}

// Cell is a value, in a table or beside a term. Exactly one of Text, Time,
// Pill and Tags is its content; the rest says how it is shown.
type Cell struct {
	Text   string
	Time   guestlist.Time // shown relative, the exact one on hover
	Pill   *Pill
	Tags   []string
	Sub    string // a second, quiet line
	Href   string
	Away   bool
	Code   bool   // set like code: ids, addresses
	Copy   bool   // has a button that copies Text
	Secret bool   // hidden until asked for
	Quiet  bool   // of little weight
	Mark   string // initials, drawn before the text
}

// Text is a cell of plain text.
func Text(s string) Cell { return Cell{Text: s} }

// Code is a cell of an id or an address, which can be copied.
func Code(s string) Cell { return Cell{Text: s, Code: true, Copy: true} }

// At is a cell of a moment; the zero moment is empty.
func At(t guestlist.Time) Cell { return Cell{Time: t} }

// State is a cell of a state.
func State(text string, tone Tone) Cell { return Cell{Pill: &Pill{text, tone}} }

// Maybe is a cell of a text that may be absent.
func Maybe(s *string) Cell {
	if s == nil {
		return Cell{}
	}
	return Cell{Text: *s}
}

// IsEmpty reports whether there is nothing to show.
func (c Cell) IsEmpty() bool { return c.Text == "" && c.Time == 0 && c.Pill == nil && len(c.Tags) == 0 }

// Shell is what stands around every page.
type Shell struct {
	Lang   string // BCP 47, one of web.Languages
	Theme  string // "auto", "light" or "dark"
	Groups []Group
	Path   string // of the page, where choices of language and theme lead back to
	Who    Who
	Flash  *Flash
	Now    guestlist.Time

	// Fragment is the id of the one block that is wanted, "" for the page.
	Fragment string
}

// Group is a part of the navigation.
type Group struct {
	Text  string // "" for what needs no heading
	Items []Item
}

// Item is a place in the navigation.
type Item struct {
	Text, Href string
	Icon       string
	Key        string // after "g", goes there
	Current    bool
}

// Who is the administrator at the keyboard.
type Who struct{ Name, Detail string }

// Flash is what the page before had to say: it is shown once.
type Flash struct {
	Text string  `json:"text"`
	Tone Tone    `json:"tone,omitempty"` // Good unless set
	Undo *Action `json:"undo,omitempty"` // a Post that takes back what was done
}
