package management

import (
	"net/http"
	"testing"

	"guestlist"
)

// TestInternalRoleIsNobodysDefault: no setting makes every new user an
// administrator.
func TestInternalRoleIsNobodysDefault(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.refused(http.StatusUnprocessableEntity, "request.invalid_input", "PATCH", "/api/roles/internal-admin",
			map[string]any{"isDefault": true})
		f.refused(http.StatusUnprocessableEntity, "request.invalid_input", "POST", "/api/roles",
			map[string]any{"name": guestlist.InternalRolePrefix + "x", "description": "x", "isDefault": true})
	})
}
