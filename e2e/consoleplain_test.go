package e2e

import (
	"net/http"
	"testing"

	"guestlist/internal/web/webtest"
)

// plainHost signs the host in with a browser that has no scripts.
func plainHost(t *testing.T, s *site) (*webtest.Browser, *webtest.Answer) {
	t.Helper()
	b := webtest.NewBrowser(t, &http.Client{Timeout: awaitFor})
	page := b.Get(s.url + "/console")
	for range 2 { // the name and the password, on one page or on two
		fields := map[string]string{}
		if page.Has("form [name=identifier]") {
			fields["identifier"] = hostName
		}
		if page.Has("form [name=password]") {
			fields["password"] = hostPassword
		}
		if len(fields) > 0 {
			page = b.Submit(page, "form", fields)
		}
	}
	return b, page
}
