package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"guestlist"
)

const (
	defaultPageSize = 20
	maxPageSize     = 100
	maxPage         = 1<<31 - 1
	maxLinkQuery    = 4 << 10 // bytes of query that Link repeats; longer ones get no Link
)

// Paging is the window of a list. Given is false if the caller named neither
// parameter; routes with optional paging then return all rows.
type Paging struct {
	Page     int // from 1
	PageSize int // 1 to 100
	Given    bool
}

// Offset returns the number of rows before the window.
func (p Paging) Offset() int { return (p.Page - 1) * p.PageSize }

// PagingOf reads page and page_size. An empty value is the default; what is no
// whole number in range, or comes twice, is 400 guard.invalid_pagination.
func PagingOf(q url.Values) (Paging, error) {
	p := Paging{Page: 1, PageSize: defaultPageSize, Given: q.Has("page") || q.Has("page_size")}
	if !pageNumber(q["page"], &p.Page, maxPage) || !pageNumber(q["page_size"], &p.PageSize, maxPageSize) {
		return Paging{}, guestlist.Refuse(guestlist.KindInvalid, "guard.invalid_pagination")
	}
	return p, nil
}

func pageNumber(given []string, n *int, most int) bool {
	if len(given) == 0 || len(given) == 1 && given[0] == "" {
		return true
	}
	v, err := strconv.ParseUint(given[0], 10, 31)
	if err != nil || len(given) > 1 || v < 1 || int(v) > most {
		return false
	}
	*n = int(v)
	return true
}

// WritePaging sets Total-Number and Link (RFC 8288). Links point to the public
// URL of the request if it came through Manners.Wrap.
func WritePaging(w http.ResponseWriter, r *http.Request, p Paging, total int) {
	h := w.Header()
	h.Set("Total-Number", strconv.Itoa(total))
	if link := Links(endpointOf(r), r.URL, p, total, false); link != "" {
		h.Set("Link", link)
	}
}

// WriteCappedPaging is WritePaging for a total that counting stopped at: it
// says so, and names neither next nor last page.
func WriteCappedPaging(w http.ResponseWriter, r *http.Request, p Paging, total int) {
	h := w.Header()
	h.Set("Total-Number", strconv.Itoa(total))
	h.Set("Total-Number-Is-Capped", "true")
	if link := Links(endpointOf(r), r.URL, p, total, true); link != "" {
		h.Set("Link", link)
	}
}

func endpointOf(r *http.Request) string {
	if s, ok := r.Context().Value(stateKey{}).(*state); ok {
		return s.endpoint
	}
	return ""
}

// Links builds the value of Link: first, prev, last, next, as far as they
// exist. base is the public base URL.
func Links(base string, u *url.URL, p Paging, total int, capped bool) string {
	if len(u.RawQuery) > maxLinkQuery {
		return ""
	}
	last := max(1, (total+p.PageSize-1)/p.PageSize)
	var b strings.Builder
	add := func(page int, rel string) {
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString("<" + base + u.EscapedPath() + "?" + replacePage(u.RawQuery, page) + `>; rel="` + rel + `"`)
	}
	add(1, "first")
	if p.Page > 1 {
		add(p.Page-1, "prev")
	}
	if !capped {
		add(last, "last")
		if p.Page < last {
			add(p.Page+1, "next")
		}
	}
	return b.String()
}

// replacePage sets page where it stands in a query, or at its end. Everything
// else stays as the caller wrote it, but for the brackets and quotes that would
// end the link.
func replacePage(query string, page int) string {
	value := "page=" + strconv.Itoa(page)
	var parts []string
	found := false
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		if part == "page" || strings.HasPrefix(part, "page=") {
			if found {
				continue
			}
			found, part = true, value
		}
		parts = append(parts, part)
	}
	if !found {
		parts = append(parts, value)
	}
	return linkSafe.Replace(strings.Join(parts, "&"))
}

var linkSafe = strings.NewReplacer("<", "%3C", ">", "%3E", `"`, "%22", "\r", "%0D", "\n", "%0A")

// Truthy reports whether a query value means yes: true, 1, y or yes.
func Truthy(s string) bool {
	switch strings.ToLower(s) {
	case "true", "1", "y", "yes":
		return true
	}
	return false
}
