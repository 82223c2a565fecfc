package console

import (
	"net/http"
	"strings"
)

func postDeleteApplication(v *visit) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	if strings.TrimSpace(v.form.Get("typed")) != strings.TrimSpace(a.Name) {
		return v.showAs(http.StatusUnprocessableEntity, v.deleteApplicationPage(a, v.T("applications.delete.mistyped")))
	}
	if err := v.api.Do(v.ctx(), "DELETE", a.path(), nil, nil); err != nil {
		return err
	}
	return v.done(pathApplications, v.T("applications.delete.done", "name", a.Name))
}
