package ui

import (
	"net/url"
	"strconv"
)

// Table is rows that are looked through, chosen and opened.
type Table struct {
	ID      string // of the element, unique on the page; "list" if empty
	Caption string // for those who do not see it
	Columns []Column
	Rows    []Row

	Views    []Tab // saved searches and filters, over them
	Search   *Search
	Filters  []Filter
	Matching *Matching
	Bulk     []Action // what can be done with the chosen rows; Href is where their ids go, as "id"
	Hidden   []Hidden // sent with them, e.g. what was looked for
	Paging   Paging
	Empty    *Empty // instead of a table without rows
	Nothing  *Empty // instead of one without rows that pass search and filters, if there is more to say than that
}

// Matching is what can be done with all rows that pass search and filters, also
// those of other pages. It changes with them while somebody types.
type Matching struct {
	Text    string   // e.g. "With all 26"; it opens Actions
	Actions []Action // none where there are no rows
	Beside  []Action // about the filter itself
}

// Column is a column. The first one names the row.
type Column struct {
	Text   string
	Number bool // aligned by digits, at the end
	Minor  bool // left out where there is little room
}

// Row is a row. Its first cell is a link to Href.
type Row struct {
	ID      string // what a bulk action is sent, "" if the row cannot be chosen
	Href    string
	Indent  int // how far it stands in, of rows that lie below each other; at most 6
	Cells   []Cell
	Actions []Action
}

// Search is the box over a table. It sends its value as "q".
type Search struct {
	Action string // path
	Value  string
	Label  string // e.g. "Search users by name, e-mail or id"
	Hidden []Hidden
}

// Filter is a choice beside the search box.
type Filter struct {
	Name    string
	Label   string
	Value   string
	Options []Option // the first means no choice and has the value ""
	Type    string   // of an input in place of Options: "date", "text"
	Hint    string   // what stands in an empty input
}

// Option is one of several values.
type Option struct {
	Value, Text, Help string
	Group             string // of checks: a heading over it and those that follow
}

// Paging is where a table's rows stand among all of them. With a cursor only
// Prev and Next are known.
type Paging struct {
	First, Last int // numbers of the rows shown, from 1; 0: not known
	Total       int
	Capped      bool // there are more than Total
	Prev, Next  string
}

// PageSize is how many rows a page of a list has unless it says otherwise.
const PageSize = 20

// PageOf makes the paging of page (from 1) of a list of total rows, whose links
// are the address u with another "page".
func PageOf(u *url.URL, page, size, total int, capped bool) Paging {
	p := Paging{First: (page-1)*size + 1, Last: min(page*size, total), Total: total, Capped: capped}
	if capped {
		p.Last = page * size
	}
	if total == 0 || p.First > total && !capped {
		p.First, p.Last = 0, 0
	}
	if page > 1 {
		p.Prev = withPage(u, page-1)
	}
	if page*size < total || capped {
		p.Next = withPage(u, page+1)
	}
	return p
}

func withPage(u *url.URL, page int) string {
	q := u.Query()
	q.Del("page")
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	if len(q) == 0 {
		return u.EscapedPath()
	}
	return u.EscapedPath() + "?" + q.Encode()
}

// Element is the id of the table's element.
func (t Table) Element() string {
	if t.ID == "" {
		return "list"
	}
	return t.ID
}

// HasActions reports whether any row has something to do.
func (t Table) HasActions() bool {
	for _, r := range t.Rows {
		if len(r.Actions) > 0 {
			return true
		}
	}
	return false
}

// IsFiltered reports whether rows may be missing because of a search or a
// filter.
func (t Table) IsFiltered() bool {
	if t.Search != nil && t.Search.Value != "" {
		return true
	}
	for _, f := range t.Filters {
		if f.Value != "" {
			return true
		}
	}
	return false
}

// Column returns the i-th column; cells beyond the last have the zero one.
func (t Table) Column(i int) Column {
	if i < len(t.Columns) {
		return t.Columns[i]
	}
	return Column{}
}

// Name is the first cell of a row, which leads to it.
func (r Row) Name(c Cell) Cell {
	if c.Href == "" {
		c.Href = r.Href
	}
	return c
}
