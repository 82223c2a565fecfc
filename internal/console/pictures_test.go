//go:build pictures

package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"guestlist/client"
	"guestlist/internal/web/webtest"
)

// picturesEnv names the directory that this package's pictures go to.
const picturesEnv = "GUESTLIST_SCREENSHOTS"

// TestPictures draws pages as files and has Chromium photograph them, for
// whoever changes the look. It judges nothing.
func TestPictures(t *testing.T) {
	dir := os.Getenv(picturesEnv)
	if dir == "" {
		t.Fatal("set " + picturesEnv + " to a directory to take pictures of the pages")
	}
	chromium, err := webtest.Chromium()
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	for i := range 45 {
		_, err := h.api.CreateUser(context.Background(), client.NewUser{
			Username: fmt.Sprintf("guest%02d", i), Name: fmt.Sprintf("Guest Number %d", i), PrimaryEmail: fmt.Sprintf("guest%d@example.com", i),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	b, _ := h.admin()
	a := b.Submit(b.Get(h.url+"/console/roles/new"), "#form", map[string]string{"name": "editor", "description": "Writes and publishes"})
	base := strings.TrimSuffix(a.URL.Path, "/permissions")
	settings := b.Get(h.url + base)
	other, _ := h.admin()
	other.Submit(other.Get(h.url+base), "#form", map[string]string{"description": "Theirs", "isDefault": "true"})
	conflict := b.Submit(settings, "#form", map[string]string{"description": "Mine"})
	pages := map[string]string{
		"members-add": b.Get(h.url + base + "/members/add").Source, "role": b.Get(h.url + base).Source, "conflict": conflict.Source,
		"empty": b.Get(h.url + base + "/members").Source, "delete": b.Get(h.url + base + "/delete").Source,
		"wrong": b.Submit(b.Get(h.url+"/console/roles/new"), "#form", map[string]string{"name": ""}).Source,
		"flash": b.Submit(b.Get(h.url+"/console"), ".switch", nil).Source,
		"error": b.Get(h.url + "/console/nowhere").Source, "expired": h.browser().Post(h.url+"/console/roles/new", values("name", "x")).Source,
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if source, ok := pages[strings.TrimPrefix(r.URL.Path, "/")]; ok {
			fmt.Fprint(w, source)
			return
		}
		asset := b.Get(h.url + r.URL.Path)
		w.Header().Set("Content-Type", asset.Header.Get("Content-Type"))
		fmt.Fprint(w, asset.Source)
	}))
	defer srv.Close()
	for name := range pages {
		for _, width := range []int{1280, 500} {
			picture := filepath.Join(dir, fmt.Sprintf("part-%s-%d.png", name, width))
			out, err := exec.Command(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
				fmt.Sprintf("--window-size=%d,900", width), "--screenshot="+picture, srv.URL+"/"+name).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
	}
}
