package ui

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// thing is what the forms of these tests are filled from.
type thing struct {
	name  string
	on    bool
	lines []string
}

func (x thing) form(tag string) *Form {
	return &Form{Tag: tag, Sections: []FormSection{{Fields: []Field{
		{Name: "name", Label: "Name", Value: x.name},
		{Kind: KindSwitch, Name: "on", Label: "On", On: x.on},
		{Kind: KindList, Name: "lines", Label: "Lines", Values: x.lines, API: "meta.lines"},
		{Kind: KindSecret, Name: "secret", Label: "Secret"},
	}}}}
}

// typed returns what a browser sends of a form, with changes.
func typed(t *testing.T, f *Form, change func(url.Values)) url.Values {
	t.Helper()
	page := draw(t, newTestSet(t), Shell{Lang: "en"}, &Page{Bare: true, Body: []Block{f}})
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	v := url.Values{}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "input" {
			continue
		}
		a := map[string]string{}
		for _, x := range n.Attr {
			a[x.Key] = x.Val
		}
		if _, checked := a["checked"]; a["name"] != "" && (a["type"] != "checkbox" || checked) {
			v.Add(a["name"], a["value"])
		}
	}
	change(v)
	return v
}

// TestTwoWhoSaveTheSame: what one changed is kept, what both changed is shown
// and keeps what was typed, and sending again says the new version.
func TestTwoWhoSaveTheSame(t *testing.T) {
	before := thing{"old", false, []string{"a"}}
	sent := typed(t, before.form("1"), func(v url.Values) {
		v.Set("name", "mine")
		v["lines"] = []string{"a", "", " b "}
		v.Set("secret", "hunter2")
	})
	now := thing{"theirs", true, []string{"a"}}
	f := now.form("2")
	f.Reconcile(sent)

	if got := f.Field("name").Value; got != "mine" {
		t.Errorf("the name is %q", got)
	}
	if !f.Field("on").On {
		t.Error("the switch that only they turned is off")
	}
	if got := f.Field("lines").Values; !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("the lines are %q", got)
	}
	want := []ConflictRow{{Label: "Name", Was: "old", Theirs: "theirs", Yours: "mine", Both: true}, {Label: "On", Was: "", Theirs: Yes, Switch: true}}
	if !slices.Equal(f.Conflict.Rows, want) {
		t.Errorf("the rows are %+v", f.Conflict.Rows)
	}
	// Sent again as it is, it is a change of what they left.
	again := typed(t, f, func(url.Values) {})
	if again.Get(FieldTag) != "2" || again.Get(fieldWas+"name") != "theirs" || again.Get("name") != "mine" {
		t.Errorf("sent again: %v", again)
	}
	later := now.form("3")
	later.Reconcile(again)
	if len(later.Conflict.Rows) != 0 || later.Field("name").Value != "mine" || !later.Field("on").On {
		t.Errorf("nobody changed anything meanwhile: %+v", later.Conflict.Rows)
	}
}

// TestARefusalKeepsTheVersion: a form that was refused for another reason still
// notices what others did since it was first shown.
func TestARefusalKeepsTheVersion(t *testing.T) {
	sent := typed(t, thing{"old", true, nil}.form("1"), func(v url.Values) {
		v.Set("name", "")
		v.Del("on")
	})
	f := thing{"theirs", true, nil}.form("2")
	f.Fill(sent)
	again := typed(t, f, func(url.Values) {})
	if f.Tag != "1" || again.Get(FieldTag) != "1" || again.Get(fieldWas+"name") != "old" || again.Has("on") || again.Get(fieldWas+"on") != Yes {
		t.Errorf("shown again: %v", again)
	}
}

// TestMarkFindsTheField: by its name, by the API's path, and line by line.
func TestMarkFindsTheField(t *testing.T) {
	f := thing{"x", false, []string{"a", "b"}}.form("")
	for path, want := range map[string]bool{"name": true, "meta.lines.1": true, "meta.lines": true, "meta": false, "names": false, "name.x": true} {
		if got := f.Mark(path, "wrong: "+path); got != want {
			t.Errorf("Mark(%q) = %v", path, got)
		}
	}
	if f.Field("lines").ItemErrors[1] != "wrong: meta.lines.1" || f.Field("lines").Error != "wrong: meta.lines" {
		t.Errorf("lines: %+v", f.Field("lines"))
	}
	if n := len(f.Problems()); n != 3 {
		t.Errorf("%d problems: %v", n, f.Problems())
	}
}

// TestSecretsAreNotRemembered: what is typed into a secret comes back to its
// own field alone.
func TestSecretsAreNotRemembered(t *testing.T) {
	f := thing{}.form("1")
	f.Fill(url.Values{"secret": {"hunter2"}})
	page := draw(t, newTestSet(t), Shell{Lang: "en"}, &Page{Bare: true, Body: []Block{f}})
	if n := strings.Count(page, "hunter2"); n != 1 {
		t.Errorf("the secret stands %d times on the page", n)
	}
}
