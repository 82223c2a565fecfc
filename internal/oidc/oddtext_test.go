package oidc_test

import (
	"net/http"
	"testing"
)

// TestClientIDsThatAreNoText: a header may hold any bytes, a column may not.
// What PostgreSQL would refuse is an unknown client like others.
func TestClientIDsThatAreNoText(t *testing.T) { onBothEngines(t, testClientIDsThatAreNoText) }

func testClientIDsThatAreNoText(t *testing.T, h *house) {
	for _, id := range []string{"\xff\xfe", "web\xc3", "%ff", "web%00", "web\x00"} {
		a := h.post("/token", form("grant_type", "client_credentials"), "Authorization", basic(id, secret))
		if a.Status != http.StatusBadRequest || a.text("error") != "invalid_client" {
			t.Errorf("client id %q: %d %s", id, a.Status, a.Body)
		}
	}
}
