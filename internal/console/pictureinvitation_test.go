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
	"sync"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/web/webtest"
)

// TestPicturesOfInvitations photographs the pages of invitations as a phone and
// a desktop show them beside each other, light and dark, in some languages.
func TestPicturesOfInvitations(t *testing.T) {
	dir := os.Getenv(picturesEnv)
	if dir == "" {
		t.Fatal("set " + picturesEnv + " to a directory to take pictures of the pages")
	}
	h := newHouse(t)
	h.mailer()
	app, role, org, boss := h.choices()
	do := func(method, path string, body, out any) {
		t.Helper()
		if err := h.api.Do(context.Background(), method, path, body, out); err != nil {
			t.Fatal(path, err)
		}
	}
	for n, name := range []string{"Ada Lovelace", "Grace Hopper", "محمد بن موسى الخوارزمي", "Σοφία", "Jean-Baptiste de la Tour d’Auvergne-Lauraguais", "高橋 花子"} {
		do("POST", "/invitations", map[string]any{
			"email": fmt.Sprintf("guest.with.a.long.address.%d@mail.example.com", n), "name": name, "message": "Come in, and bring your friends.", "applicationId": app,
			"strict": n == 0, "grants": map[string]any{"roleIds": []string{role}, "organizations": []any{map[string]any{"id": org, "roleIds": []string{boss}}}},
			"requiredSteps": []string{"password", "terms"}, "send": n%2 == 0,
		}, nil)
	}
	all := h.guests()
	do("POST", "/invitations/"+string(all[0].ID)+"/revoke", map[string]any{"reason": "Left the company"}, nil)
	do("PATCH", "/invitations/"+string(all[1].ID), map[string]any{"message": "Welcome", "expiresIn": 5 * 24 * 3600}, nil)
	var code guestlist.Invitation
	do("POST", "/invitation-codes", map[string]any{"seats": 20, "name": "Talk in Berlin", "applicationId": app, "allowedDomains": []string{"example.com"}, "identityBinding": "domain"}, &code)
	do("POST", "/invitation-codes", map[string]any{"seats": 1, "name": "Poster"}, nil)
	do("POST", "/invitation-views", map[string]any{"name": "Came back", "filter": map[string]any{"delivery": "bounced"}}, nil)
	do("POST", "/invitation-views", map[string]any{"name": "Open, ends soon", "filter": map[string]any{"status": "pending", "endingWithinDays": 3}}, nil)
	do("POST", "/invitation-views", map[string]any{"name": "Open", "filter": map[string]any{"status": "pending"}}, nil)
	var act guestlist.InvitationAction
	do("POST", "/invitations/actions", map[string]any{"action": "extend", "expiresIn": 864000, "filter": map[string]any{"status": "pending"}}, &act)
	b, _ := h.admin()
	h.finished(b, b.Get(h.url+"/console/invitation-actions/"+string(act.ID)))
	campaign := h.campaign(b, "many.csv", "email,name\na@example.com,Ada\nb@example.com,Bea\n").URL.Path
	pages := func() map[string]string {
		get := func(path string) string { return b.Get(h.url + "/console" + path).Source }
		list := get("/invitations?status=pending")
		return map[string]string{
			"list": get("/invitations"), "menu": strings.Replace(list, `<details class="menu"`, `<details open class="menu"`, 1),
			"none": get("/invitations?q=nobody"), "invite": strings.ReplaceAll(get("/invitations/new"), `<details class="section folded"`, `<details open class="section folded"`),
			"item": get("/invitations/" + string(all[1].ID)), "revoked": get("/invitations/" + string(all[0].ID)),
			"codes": get("/invitation-codes"), "code": get("/invitation-codes/" + string(code.ID)), "new-code": get("/invitation-codes/new"),
			"resend": get("/invitations/all?do=resend&status=pending"), "extend": get("/invitations/all?do=extend&status=pending&q=guest"),
			"revoke": b.Submit(b.Get(h.url+"/console/invitations/all?do=revoke"), "#form", nil).Source, "view": get("/invitations/views?status=pending&ending=soon"),
			"actions": get("/invitation-actions"), "action": get("/invitation-actions/" + string(act.ID)),
			"campaign": strings.ReplaceAll(b.Get(h.url+campaign).Source, `<details class="section folded"`, `<details open class="section folded"`),
			"links": b.Submit(b.Get(h.url+"/console/invitations/new"), "#form", map[string]string{
				"people": fmt.Sprintf("New Guest <new%d@example.com>\nnot an address", time.Now().UnixNano()), "deliver": "link",
			}).Source,
		}
	}
	for _, look := range []struct{ lang, theme string }{{"en", "light"}, {"de", "dark"}, {"ar", "light"}, {"en", "dark"}, {"ar", "dark"}} {
		if only := os.Getenv("GUESTLIST_LOOK"); only != "" && only != look.lang+"-"+look.theme {
			continue
		}
		b.Post(h.url+"/console/preferences", values("lang", look.lang, "theme", look.theme))
		photograph(t, h, b, filepath.Join(dir, look.lang+"-"+look.theme+"-"), pages())
	}
}

// photograph takes a picture of each page, narrow and wide beside each other.
func photograph(t *testing.T, h *house, b *webtest.Browser, prefix string, pages map[string]string) {
	t.Helper()
	var one sync.Mutex
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		if both, ok := strings.CutPrefix(name, "both/"); ok {
			fmt.Fprintf(w, `<body style="margin:0;display:flex;gap:20px;background:#888"><iframe src="/%[1]s" style="border:0;width:390px;height:1500px"></iframe><iframe src="/%[1]s" style="border:0;width:1280px;height:1500px"></iframe>`, both)
			return
		}
		if source, ok := pages[name]; ok {
			fmt.Fprint(w, source)
			return
		}
		one.Lock()
		defer one.Unlock()
		asset := b.Get(h.url + r.URL.Path)
		w.Header().Set("Content-Type", asset.Header.Get("Content-Type"))
		fmt.Fprint(w, asset.Source)
	}))
	defer srv.Close()
	for name := range pages {
		if only := os.Getenv("GUESTLIST_PAGE"); only != "" && !strings.Contains(","+only+",", ","+name+",") {
			continue
		}
		out, err := exec.Command("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
			"--window-size=1690,1500", "--screenshot="+prefix+name+".png", srv.URL+"/both/"+name).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
}
