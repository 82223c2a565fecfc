package web

import (
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"guestlist"
)

// Page is what a person is asked or told: one heading, at most one form with
// one primary action, and quiet ways beside it. The type has no room for more,
// which is how every page of the product keeps its shape. All texts are in the
// page's language and complete; escaping is the template's business.
type Page struct {
	Name    string   // kebab-case, e.g. "sign-in"; <body data-page>
	Title   string   // heading and title of the tab
	Lead    []Part   // the sentence under the heading
	Words   string   // what somebody else wrote to the reader: quoted, and never taken for ours
	Facts   []Fact   // who, what, until when: the rows of the guest list
	List    []string // what is being agreed to, one thing a row
	Rows    []Row    // things of the guest's own, each with where it leads or what can be done about it
	Alert   *Alert   // what went wrong, and what to do next
	Form    *Form
	Actions []Action // other ways on, in order of likelihood
	Note    []Part   // small print under the actions
	Badge   Badge    // drawn over the heading
	Captcha *Captcha // at the end of the form
	// Onward is where the browser goes from here by itself, at another site. A
	// form that leads away is answered by such a page and not by a redirect,
	// which Chromium would hold against the form-action of the page before.
	Onward string
}

// Badge is a small drawing that says what kind of page it is.
type Badge string

// The badges.
const (
	BadgeNone   Badge = ""
	BadgeTicket Badge = "ticket" // an invitation, a magic link
	BadgeMail   Badge = "mail"   // a code is on its way
	BadgeKey    Badge = "key"    // a new password
	BadgeShut   Badge = "shut"   // no way in here
	BadgeDone   Badge = "done"
)

// Part is a piece of a sentence.
type Part struct {
	Text string
	Name bool   // a name or address: isolated from the writing direction around it, and stressed
	Href string // a link
	Away bool   // the link opens beside this page, so that what was typed stays
}

// Plain is a sentence without links or names.
func Plain(s string) []Part {
	if s == "" {
		return nil
	}
	return []Part{{Text: s}}
}

// Fact is a row of the guest list.
type Fact struct {
	Term  string
	Value string
	At    guestlist.Time // a moment in place of Value; scripts show it in local time
}

// Row is one of several things that belong to the guest.
type Row struct {
	Title  string
	Tag    string // what is special about it, e.g. that it is this device
	Past   bool   // the tag says that it is over
	Facts  []Fact // lines under the title; a term may be empty
	Href   string // where the row leads
	Action *Action
}

// Stamp returns the moment as RFC 3339, or "" if the fact is no moment.
func (f Fact) Stamp() string {
	if f.At == 0 {
		return ""
	}
	return f.At.Std().Format(time.RFC3339)
}

// Alert is a notice above the form about the whole of it; what is wrong with a
// field stands at the field.
type Alert struct {
	Text string
	Good bool // something went well; otherwise something is wrong
}

// Form is the one form of a page.
type Form struct {
	Action string // path and query; the method is POST
	Hidden []Hidden
	Fields []Field
	Checks []Check
	Submit string  // text of the primary button
	Value  string  // value of the button named "submit"
	Second *Choice // the other answer, e.g. "Decline"
	// Providers are the outside identity providers that the guest may turn to
	// instead. A form of nothing else has no Submit.
	Providers []Provider
	// Elsewhere is set where an address may sign in at its organization: scripts
	// ask, and then take the password away and put this text on the button.
	Elsewhere string
	// Stays says that every answer to the form is a page of ours.
	Stays bool
	Auto  bool // scripts press the button at once, if there is nothing to fill in or to read
	Away  bool // the form goes to another site
}

// Hidden is a hidden input.
type Hidden struct{ Name, Value string }

// Choice is a second button of a form.
type Choice struct{ Text, Value string }

// Field is one labelled input.
type Field struct {
	Name         string
	Label        string
	Type         string // "text" if empty
	Value        string // never a password
	Autocomplete string // token of HTML §4.10.18.7
	InputMode    string
	Hint         string
	Rules        []string // what the value has to be, as a list
	Error        string
	Focus        bool
	Optional     bool
	Prefix       string
	Code         bool // a short code: wide digits
	Max          int  // longest value in characters
	Placeholder  string
	Options      []Option // what can be chosen: the input is a list
	Group        string   // neighbours of one group stand under this heading
	Link         *Link
	Accept       string // types of files, for the type "file"
	Largest      int    // file that is taken, in bytes: scripts make larger pictures smaller
}

// HasFile reports whether the form sends a file.
func (f Form) HasFile() bool {
	return slices.ContainsFunc(f.Fields, func(x Field) bool { return x.Type == "file" })
}

// Option is one choice of a Field.
type Option struct {
	Value, Text string
	Chosen      bool
}

// Group is a number of fields that belong together; without a title they do
// not.
type Group struct {
	Title  string
	Fields []Field
}

// Groups returns the fields by their groups, in order.
func (f Form) Groups() []Group {
	var groups []Group
	for _, field := range f.Fields {
		if n := len(groups); n > 0 && groups[n-1].Title == field.Group {
			groups[n-1].Fields = append(groups[n-1].Fields, field)
		} else {
			groups = append(groups, Group{Title: field.Group, Fields: []Field{field}})
		}
	}
	return groups
}

// Ticked reports whether a checkbox is checked.
func (f Field) Ticked() bool { return f.Value == "true" }

// ID returns the element's id.
func (f Field) ID() string { return "f-" + f.Name }

// DescribedBy lists the ids of hint, rules and error.
func (f Field) DescribedBy() string {
	var ids []string
	if f.Error != "" {
		ids = append(ids, f.ID()+"-error")
	}
	if f.Hint != "" {
		ids = append(ids, f.ID()+"-hint")
	}
	if len(f.Rules) > 0 {
		ids = append(ids, f.ID()+"-rules")
	}
	return strings.Join(ids, " ")
}

// Check is a checkbox.
type Check struct {
	Name    string
	Label   []Part
	Checked bool
	Error   string
}

// Link is a link with a text.
type Link struct{ Text, Href string }

// Action is another way on: a link, or, if Post is set, a small form.
type Action struct {
	Before string // e.g. "No account yet?"
	Text   string
	Href   string // link, or the form's action
	Post   bool
	Hidden []Hidden
	Value  string        // value of the button named "submit"
	Wait   time.Duration // scripts hold the button back and count down; the server judges by itself
	Button bool          // drawn as a button: the page has no form, and this is what to do
	Label  string        // what a button says to those who cannot see what it stands beside; begins with Text
}

// WaitSeconds is Wait for the script.
func (a Action) WaitSeconds() int { return int(a.Wait / time.Second) }

// Look is how a page is dressed: what belongs to the tenant and the product
// and not to the question. The zero value is the house's own dress.
type Look struct {
	Lang        string
	Product     string // name of the application or of the installation
	LogoURL     string
	DarkLogoURL string
	FaviconURL  string
	DarkFavicon string
	Theme       Theme
	CustomCSS   string // the tenant's; put in a <style> of its own
	Signature   bool   // "Guestlist" in the footer
	TermsURL    string
	PrivacyURL  string
	SupportMail string
	SupportURL  string

	Phrases *Phrases // with the tenant's texts; those of Pages if nil

	// Still makes a picture of the page: nothing on it can be pressed, typed
	// into or run.
	Still bool
}

// sheet is the data of the template.
type sheet struct {
	*Page
	Look    Look
	Nonce   string
	CSS, JS string // paths of the assets
	Icon    string

	Ours   template.CSS //nolint:forbidigo // numbers made in theme.go
	Custom template.CSS //nolint:forbidigo // the tenant's own style, unable to leave its element
	Wait   string       // "{{seconds}}" stays for the script
}

// problem is a line of the summary of what is wrong with a form.
type problem struct{ ID, Label, Text string }

// Problems lists the errors of the form's fields, for the summary over it.
func (s *sheet) Problems() []problem {
	if s.Form == nil {
		return nil
	}
	var out []problem
	for _, f := range s.Form.Fields {
		if f.Error != "" {
			out = append(out, problem{f.ID(), f.Label, f.Error})
		}
	}
	for _, c := range s.Form.Checks {
		if c.Error != "" {
			var label strings.Builder
			for _, p := range c.Label {
				label.WriteString(p.Text)
			}
			out = append(out, problem{"f-" + c.Name, label.String(), c.Error})
		}
	}
	return out
}

// PressesItself reports whether scripts press the button: a form that was
// refused, or asks for something, would be sent again and again.
func (s *sheet) PressesItself() bool {
	return s.Form != nil && s.Form.Auto && s.Alert == nil && len(s.Form.Fields)+len(s.Form.Checks) == 0
}

// T returns a phrase of the set "pages".
func (s *sheet) T(key string) string { return s.Look.Phrases.T(s.Look.Lang, "pages."+key, nil) }

// Dir returns the writing direction.
func (s *sheet) Dir() string { return Dir(s.Look.Lang) }

// Footer reports whether the page has anything at its foot.
func (s *sheet) Footer() bool {
	return s.Look.TermsURL != "" || s.Look.PrivacyURL != "" || s.Look.Signature || s.Look.SupportMail != "" || s.Look.SupportURL != ""
}

// When writes a moment for a guest without scripts: to the minute, in UTC.
func (s *sheet) When(at guestlist.Time) string { return Moment(s.Look.Lang, at) }

// Moment writes a moment to the minute, in UTC, in the order of the language.
func Moment(lang string, at guestlist.Time) string {
	t := at.Std()
	layout, ok := momentLayouts[lang]
	if !ok {
		layout = "2006-01-02, 15:04"
	}
	return t.Format(layout) + " UTC"
}

// Day writes the day of a moment in UTC, in the order of the language.
func Day(lang string, at guestlist.Time) string {
	layout, _, _ := strings.Cut(momentLayouts[lang], "15:04")
	if layout = strings.TrimRight(layout, ", "); layout == "" {
		layout = time.DateOnly
	}
	return at.Std().Format(layout)
}

// Numbers alone: month names in six languages are not worth their weight where
// a script replaces the text anyway.
var momentLayouts = map[string]string{
	"en": "2 Jan 2006, 15:04", "de": "02.01.2006, 15:04", "fr": "02/01/2006 15:04", "es": "02/01/2006 15:04", "ja": "2006/01/02 15:04", "ar": "2006/01/02 15:04",
}

// Parts fills the {{placeholders}} of a phrase with parts, e.g. links.
func (p *Phrases) Parts(lang, key string, slots map[string]Part) []Part {
	text := p.raw(lang, key)
	var out []Part
	add := func(s string) {
		if s != "" {
			out = append(out, Part{Text: s})
		}
	}
	for {
		before, rest, ok := strings.Cut(text, "{{")
		add(before)
		if !ok {
			return out
		}
		name, after, ok := strings.Cut(rest, "}}")
		if !ok {
			add("{{" + rest)
			return out
		}
		if part, ok := slots[strings.TrimSpace(name)]; ok && part.Text != "" {
			out = append(out, part)
		}
		text = after
	}
}

// raw returns a phrase with its placeholders.
func (p *Phrases) raw(lang, key string) string {
	if s, ok := p.texts[lang][key]; ok {
		return s
	}
	return p.texts[Fallback][key]
}

// policy is the page's Content-Security-Policy.
func (p *Page) policy(l Look, nonce string) Policy {
	pol := Policy{Leaves: p.Form != nil && !p.Form.Stays, Styles: []string{"'nonce-" + nonce + "'"}, Images: p.Form.pictureSources()}
	pol.puzzle(p.Captcha)
	pol.Still = l.Still
	if l.CustomCSS != "" {
		pol.Images = append(pol.Images, "data:") // drawn in the style itself; other hosts learn nothing
	}
	for _, u := range []string{l.LogoURL, l.DarkLogoURL, l.FaviconURL, l.DarkFavicon} {
		if o := imageOrigin(u); o != "" {
			pol.Images = append(pol.Images, o)
		}
	}
	return pol
}

// statusOr returns status, or 200 if it is zero.
func statusOr(status int) int {
	if status == 0 {
		return http.StatusOK
	}
	return status
}

// Verbatim reports whether a phone must not capitalise or correct the value.
func (f Field) Verbatim() bool {
	return f.Type != "password" && (f.Code || f.Autocomplete == "username" || f.Autocomplete == "email" || f.Autocomplete == "tel")
}

// LeftToRight reports whether the value is written from left to right in every
// language, as addresses, numbers and codes are.
func (f Field) LeftToRight() bool {
	return f.Verbatim() || f.Type == "password" || f.Type == "url" || f.Type == "number"
}
