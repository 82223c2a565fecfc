package demo

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"guestlist/internal/web"
)

// TestStrangersPutNoWordsOnThePage: an error is shown to the browser that began
// the sign-in, and a link alone shows nobody anything.
func TestStrangersPutNoWordsOnThePage(t *testing.T) {
	phrases, err := web.Load()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.NewPages(phrases)
	if err != nil {
		t.Fatal(err)
	}
	manners := &web.Manners{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Phrases: phrases}
	mux := web.NewMux(manners, nil)
	(&App{Endpoint: "https://id.example", Pages: pages}).Mount(mux)

	const words = "Call this number"
	visit := func(cookie string) string {
		query := url.Values{"error": {"access_denied"}, "error_description": {words}, "state": {"s"}}
		r := httptest.NewRequest(http.MethodGet, Path+"?"+query.Encode(), nil)
		if cookie != "" {
			r.AddCookie(&http.Cookie{Name: cookieRun, Value: url.QueryEscape(cookie)})
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w.Body.String()
	}
	for _, cookie := range []string{"", "{}", `{"state":"other"}`} {
		if body := visit(cookie); strings.Contains(body, words) || !strings.Contains(body, notBegunHere) {
			t.Errorf("with %q the page says %s", cookie, body)
		}
	}
	if body := visit(`{"state":"s"}`); !strings.Contains(body, words) {
		t.Errorf("the guest is not told: %s", body)
	}
}
