package experience_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"guestlist"
)

// BenchmarkExperienceCall is the server's time of calls that hash nothing: one
// that reads, and one that changes the interaction.
func BenchmarkExperienceCall(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, c := range []struct{ name, method, path, body string }{
			{"read", "GET", "/api/experience/interaction", ""},
			{"change", "PUT", "/api/experience/interaction-event", `{"interactionEvent":"SignIn"}`},
			{"begin", "PUT", "/api/experience", `{"interactionEvent":"SignIn"}`},
		} {
			b.Run(engine+"/"+c.name, func(b *testing.B) {
				h := houseOn(b, engine, nil)
				s := h.script(b).begin(nil)
				s.want(http.StatusNoContent, "", "PUT", "/api/experience", `{"interactionEvent":"`+string(guestlist.EventSignIn)+`"}`)
				cookies := s.cookies()
				for b.Loop() {
					r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
					r.Header["Cookie"] = cookies
					r.Header.Set("Content-Type", "application/json")
					w := httptest.NewRecorder()
					h.srv.Config.Handler.ServeHTTP(w, r)
					if w.Code >= http.StatusBadRequest {
						b.Fatalf("%d %s", w.Code, w.Body)
					}
				}
			})
		}
	}
}
