package console

import (
	"guestlist"
	"guestlist/internal/console/ui"
)

// asked is the query of the page that waits for the provider.
const asked = "?asked=" + ui.Yes

// getSSOConnection shows what the provider says of itself. It is asked by a
// second request, since one that is dead is waited for: what the company has to
// know of us is there at once.
func getSSOConnection(v *visit) error {
	how := quickly()
	if v.query.Get("asked") == ui.Yes {
		how = nil
	}
	e, err := v.sso(how)
	if err != nil {
		return err
	}
	state := ui.Later{ID: "state"}
	if how == nil || !e.isComplete() {
		state.Body = []ui.Block{v.ssoState(e)}
		if rows := v.ssoSays(e); len(rows) > 0 {
			state.Body = append(state.Body, ui.Section{Title: v.T("sso.says"), Body: []ui.Block{ui.Facts{Rows: rows}}})
		}
	} else {
		state.Src = ssoPath(e.ID) + "/connection" + asked
		state.Body = []ui.Block{ui.Notice{Tone: ui.Info, Title: v.T("sso.asking"), Text: v.T("sso.asking_text")}}
	}
	page := v.ssoPage(e, "connection", ui.Columns{Main: []ui.Block{state}, Side: []ui.Block{v.tellEmployer(e)}})
	if state.Src != "" {
		page.Refresh, page.Next = 1, state.Src
	}
	return v.show(page)
}

// ssoState says how far the connection is, and what to do next.
func (v *visit) ssoState(e employer) ui.Block {
	mend := []ui.Action{{Text: v.T("sso.to_settings"), Href: ssoPath(e.ID)}}
	_, described := e.ProviderConfig["identityProvider"]
	switch {
	case !e.isComplete():
		return ui.Notice{Tone: ui.Warn, Title: v.T("sso.incomplete"), Text: v.T("sso.incomplete_text"), Actions: mend}
	case e.ProviderConfig == nil, e.ProviderType == familySAML && !described:
		return ui.Notice{Tone: ui.Bad, Title: v.T("sso.unreachable"), Text: v.T("sso.unreachable_text"), Actions: mend}
	case len(e.Domains) == 0:
		return ui.Notice{Tone: ui.Warn, Title: v.T("sso.reachable"), Text: v.T("sso.no_domains_text"), Actions: mend}
	}
	return ui.Notice{Tone: ui.Good, Title: v.T("sso.reachable"), Text: v.T("sso.reachable_text")}
}

// ssoSays is what the provider says of itself. Secrets are not among it.
func (v *visit) ssoSays(e employer) []ui.Fact {
	from := e.ProviderConfig
	if idp, ok := from["identityProvider"].(map[string]any); ok {
		from = idp
	}
	var rows []ui.Fact
	for _, key := range []string{"issuer", "authorizationEndpoint", "tokenEndpoint", "userinfoEndpoint", "jwksUri", "scope", "entityId", "signInEndpoint"} {
		if s, _ := from[key].(string); s != "" {
			rows = append(rows, ui.Fact{Term: v.T("sso.said." + key), Cell: ui.Code(s)})
		}
	}
	if at, ok := from["certificateExpiresAt"].(float64); ok {
		cell := ui.At(guestlist.Time(at))
		if valid, _ := from["isCertificateValid"].(bool); !valid {
			cell = ui.State(v.T("sso.certificate_invalid"), ui.Bad)
		}
		rows = append(rows, ui.Fact{Term: v.T("sso.said.certificate"), Cell: cell})
	}
	return rows
}
