package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"guestlist"
)

func TestPagingOf(t *testing.T) {
	for query, want := range map[string]Paging{
		"":                     {1, 20, false},
		"page=3":               {3, 20, true},
		"page=2&page_size=100": {2, 100, true},
		"page=":                {1, 20, true},
		"page_size=1":          {1, 1, true},
	} {
		got, err := PagingOf(httptest.NewRequest("GET", "/?"+query, nil).URL.Query())
		if err != nil || got != want {
			t.Errorf("%q: %+v %v", query, got, err)
		}
	}
	for _, query := range []string{"page=0", "page=-1", "page=x", "page=1.5", "page=1&page=2", "page_size=0",
		"page_size=101", "page=99999999999999999999", "page=2147483648", "page=%00", "page=+1", "page=1e3"} {
		if _, err := PagingOf(httptest.NewRequest("GET", "/?"+query, nil).URL.Query()); guestlist.CodeOf(err) != "guard.invalid_pagination" {
			t.Errorf("%q: %v", query, err)
		}
	}
}

func TestWritePaging(t *testing.T) {
	m, _ := manners(t)
	const base = "https://id.example/api/users?"
	link := func(query, rel string) string { return "<" + base + query + `>; rel="` + rel + `"` }
	for _, tt := range []struct {
		query string
		total int
		want  []string
	}{
		{"search=%25rec%25", 13, []string{link("search=%25rec%25&page=1", "first"), link("search=%25rec%25&page=1", "last")}},
		{"search=%25rec%25&page=1&page_size=4", 13, []string{link("search=%25rec%25&page=1&page_size=4", "first"),
			link("search=%25rec%25&page=4&page_size=4", "last"), link("search=%25rec%25&page=2&page_size=4", "next")}},
		{"page=2&page_size=4", 13, []string{link("page=1&page_size=4", "first"), link("page=1&page_size=4", "prev"),
			link("page=4&page_size=4", "last"), link("page=3&page_size=4", "next")}},
		{"page=99&page_size=4", 13, []string{link("page=1&page_size=4", "first"), link("page=98&page_size=4", "prev"), link("page=4&page_size=4", "last")}},
		{"", 0, []string{link("page=1", "first"), link("page=1", "last")}},
		{"a=<b>\"", 0, []string{link("a=%3Cb%3E%22&page=1", "first"), link("a=%3Cb%3E%22&page=1", "last")}},
		{"a=" + strings.Repeat("a", maxLinkQuery), 0, nil},
	} {
		r := httptest.NewRequest("GET", "/api/users", nil)
		r.URL.RawQuery = tt.query
		res, _ := run(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p, err := PagingOf(r.URL.Query())
			if err != nil {
				t.Fatal(err)
			}
			WritePaging(w, r, p, tt.total)
		})), r)
		if got, want := res.Header.Get("Link"), strings.Join(tt.want, ", "); got != want {
			t.Errorf("%q:\n got %s\nwant %s", tt.query, got, want)
		}
	}
}

func TestWriteCappedPaging(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/api/logs?page=2", nil)
	WriteCappedPaging(w, r, Paging{2, 20, true}, 10000)
	if got, want := w.Header().Get("Link"), `</api/logs?page=1>; rel="first", </api/logs?page=1>; rel="prev"`; got != want {
		t.Errorf("Link %s", got)
	}
	if w.Header().Get("Total-Number-Is-Capped") != "true" || w.Header().Get("Total-Number") != "10000" {
		t.Errorf("%v", w.Header())
	}
}

var userColumns = []string{"id", "primary_email", "primary_phone", "username", "name"}

func TestParseSearch(t *testing.T) {
	exact, like, similar, posix := guestlist.ModeExact, guestlist.ModeLike, guestlist.ModeSimilarTo, guestlist.ModePosix
	match := func(f string, m guestlist.MatchMode, v ...string) guestlist.Match {
		fields := []string{f}
		if f == "" {
			fields = userColumns
		}
		return guestlist.Match{Fields: fields, Mode: m, Values: v}
	}
	or, and := guestlist.JointOr, guestlist.JointAnd
	for query, want := range map[string]guestlist.Search{
		"":                                      {Joint: or},
		"mode=exact":                            {Joint: or},
		"SEARCH=x":                              {Joint: or},
		"search=%25rec%25":                      {Joint: or, Matches: []guestlist.Match{match("", like, "%rec%")}},
		"search.primaryEmail=a%25":              {Joint: or, Matches: []guestlist.Match{match("primary_email", like, "a%")}},
		"search.primary_email=a%25":             {Joint: or, Matches: []guestlist.Match{match("primary_email", like, "a%")}},
		"search.name=a&search.id=b":             {Joint: or, Matches: []guestlist.Match{match("id", like, "b"), match("name", like, "a")}},
		"search=a&search.id=b&joint=and":        {Joint: and, Matches: []guestlist.Match{match("", like, "a"), match("id", like, "b")}},
		"search.id=b&jointMode=and":             {Joint: and, Matches: []guestlist.Match{match("id", like, "b")}},
		"search.id=a&search.id=b&mode.id=exact": {Joint: or, Matches: []guestlist.Match{match("id", exact, "a", "b")}},
		"search=a&search=b&mode=exact":          {Joint: or, Matches: []guestlist.Match{match("", exact, "a", "b")}},
		"search.id=a&mode=exact&mode.id=like":   {Joint: or, Matches: []guestlist.Match{match("id", like, "a")}},
		"search.id=a&mode=exact&mode=like":      {Joint: or, Matches: []guestlist.Match{match("id", exact, "a")}},
		"search.id=a&isCaseSensitive=maybe":     {Joint: or, Matches: []guestlist.Match{match("id", like, "a")}},
		"search.id=r_(a|b)&mode=similar_to&isCaseSensitive=1": {Joint: or, CaseSensitive: true, Matches: []guestlist.Match{match("id", similar, "r_(a|b)")}},
		"search.id=%5Er_(a|b)$&mode=posix":                    {Joint: or, Matches: []guestlist.Match{match("id", posix, "^r_(a|b)$")}},
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseSearch(q, userColumns)
		if diff := diffSearch(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v\n%s", query, err, diff)
		}
	}
}

func TestParseSearchRefusals(t *testing.T) {
	m, _ := manners(t)
	for query, want := range map[string]string{
		"joint=xor":                                          "Search joint mode `xor` is not valid, expect one of or, and.",
		"search.id=a&search.id=b":                            "Only one search value is allowed when search mode is not `exact`.",
		"search.id=x&mode=similar_to":                        "Cannot use case-insensitive match for `similar to`.",
		"search.id=r_(&mode=posix":                           "Search value is not a valid `posix` expression.",
		"search.id=r_(&mode=similar_to&isCaseSensitive=true": "Search value is not a valid `similar_to` expression.",
		"search.id=x&mode=LIKE":                              "Search match mode `LIKE` is not valid, expect one of exact, like, similar_to, posix.",
		"search.username=x&mode.username=fuzzy":              "Search match mode `fuzzy` for field `username` is not valid, expect one of exact, like, similar_to, posix.",
		"search=":                                            "Search value cannot be empty.",
		"search.id":                                          "Search value cannot be empty.",
		"search.nope=x":                                      "Search field `nope` is not valid, expect one of id, primary_email, primary_phone, username, name.",
		"search.=x":                                          "Search field `` is not valid, expect one of id, primary_email, primary_phone, username, name.",
		"search.username.deep=x":                             "Unsupported nested search field path `username.deep` detected. Only the first level field is supported.",
		"search=%00":                                         "Search value is too long or not valid text.",
		"search=%E9":                                         "Search value is too long or not valid text.",
		"search=" + strings.Repeat("a", 513):                 "Search value is too long or not valid text.",
		strings.Repeat("search=a&", 101) + "mode=exact":      "At most 100 search values are allowed.",
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ParseSearch(q, userColumns)
		res, got := run(m.API(fails(err)), httptest.NewRequest("GET", "/", nil))
		data, hasData := got["data"].(map[string]any)
		if res.StatusCode != 400 || got["code"] != "request.invalid_input" || got["message"] != "Input is invalid. "+want || !hasData || len(data) != 0 {
			t.Errorf("%.80q: %d %v\nwant %s", query, res.StatusCode, got, want)
		}
	}
}

func TestTruthy(t *testing.T) {
	for s, want := range map[string]bool{"true": true, "1": true, "y": true, "yes": true, "YES": true, "": false, "0": false, "maybe": false, "2": false} {
		if Truthy(s) != want {
			t.Errorf("Truthy(%q) = %v", s, !want)
		}
	}
}

func FuzzParseSearch(f *testing.F) {
	for _, s := range []string{"search=%25a%25", "search.id=a&mode=posix", "search.primaryEmail=x&joint=and", "search.a.b=1", "mode.id=exact&search.id=1&search.id=2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := url.ParseQuery(s)
		if err != nil {
			return
		}
		got, err := ParseSearch(q, userColumns)
		if err != nil {
			if guestlist.CodeOf(err) != "request.invalid_input" {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		for _, m := range got.Matches {
			if len(m.Values) == 0 || len(m.Values) > 1 && m.Mode != guestlist.ModeExact {
				t.Errorf("%q: %+v", s, m)
			}
			for _, field := range m.Fields {
				if !strings.Contains(" id primary_email primary_phone username name ", " "+field+" ") {
					t.Errorf("%q: field %q", s, field)
				}
			}
		}
	})
}
