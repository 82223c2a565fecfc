package e2e

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestTheCommandLineTellsWhyAServerRefuses: a wrong secret, an application that
// may not invite, and a server that is none of ours.
func TestTheCommandLineTellsWhyAServerRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t, "sqlite")
	s.serve()
	register := func(name string, more ...string) (id, secret string) {
		out, errs, status := s.run(append([]string{"app", "create", name, "--type", "machine-to-machine", "--json"}, more...)...)
		var app struct{ ID, Secret string }
		if err := json.Unmarshal([]byte(out), &app); err != nil || status != 0 {
			t.Fatalf("app create: %d, %v\n%s", status, err, errs)
		}
		return app.ID, app.Secret
	}
	id, secret := register("Inviter", "--management")
	powerless, other := register("Powerless")
	for _, c := range []struct {
		name, server, id, secret string
		status                   int
		said, hint               string
	}{
		{"all is well", s.url, id, secret, 0, "", ""},
		{"a wrong secret", s.url, id, secret + "x", 1, "guestlist: ", "check --client-id"},
		{"no such application", s.url, "nobody", secret, 1, "guestlist: ", "check --client-id"},
		{"no right to invite", s.url, powerless, other, 1, "guestlist: ", "invitations:read and invitations:write"},
		{"a path", s.url + "/demo-app", id, secret, 1, "is no address of a server", "without a path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, errs, status := s.run("invite", "list", "--server", c.server, "--client-id", c.id, "--client-secret", c.secret)
			if status != c.status || !strings.Contains(errs, c.said) || !strings.Contains(errs, c.hint) || strings.Contains(errs, secret) {
				t.Errorf("status %d, want %d:\n%s%s", status, c.status, out, errs)
			}
		})
	}
}
