package experience_test

import (
	"net/http"
	"net/url"
	"testing"

	"guestlist/internal/web/webtest"
)

// No guest may be stranded because an application asked for a way in that is
// not there.
func TestWaysThatAreNotThereLeadToTheFirstScreen(t *testing.T) {
	h := newHouse(t, nil)
	b := webtest.NewBrowser(t, h.srv.Client(), h.srv.URL+"/sign-in", h.srv.URL+"/register", h.srv.URL+"/identifier-sign-in",
		h.srv.URL+"/reset-password")
	h.open(b, "/sign-in", nil)
	for path, want := range map[string]string{
		"/single-sign-on?login_hint=a%40x.org":                                             "/sign-in?login_hint=a%40x.org",
		"/direct/social/google?fallback=register&one_time_token=t0ken":                     "/register?fallback=register&one_time_token=t0ken",
		"/direct/sso/acme?fallback=identifier-sign-in":                                     "/identifier-sign-in?fallback=identifier-sign-in",
		"/direct/sso?fallback=single-sign-on":                                              "/sign-in?fallback=single-sign-on",
		"/direct/social/google":                                                            "/sign-in",
		"/direct/social/google?fallback=" + url.QueryEscape("/evil.example/"):              "/sign-in?fallback=" + url.QueryEscape("/evil.example/"),
		"/direct/social/google?fallback=" + url.QueryEscape("sign-in/../../x?a=b#c"):       "/sign-in?fallback=" + url.QueryEscape("sign-in/../../x?a=b#c"),
		"/direct/social/" + url.PathEscape("../../x") + "?fallback=reset-password&x=a%20b": "/reset-password?fallback=reset-password&x=a%20b",
	} {
		a := b.Get(h.srv.URL + path)
		if a.Status != http.StatusSeeOther || a.Header.Get("Location") != want {
			t.Errorf("%s: %d %s, want 303 to %s", path, a.Status, a.Header.Get("Location"), want)
		}
	}
	for _, path := range []string{"/single-sign-on", "/direct/social/google"} {
		at(t, h.browser().Get(h.srv.URL+path), http.StatusOK, "unknown-session")
	}
}
