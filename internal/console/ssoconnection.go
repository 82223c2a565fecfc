package console

import (
	"guestlist"
	"guestlist/internal/console/ui"
)

// getSSOConnection asks the provider and shows what it says of itself.
func getSSOConnection(v *visit) error {
	e, err := v.sso(nil)
	if err != nil {
		return err
	}
	blocks := []ui.Block{v.ssoState(e)}
	if rows := v.ssoSays(e); len(rows) > 0 {
		blocks = append(blocks, ui.Section{Title: v.T("sso.says"), Body: []ui.Block{ui.Facts{Rows: rows}}})
	}
	return v.show(v.ssoPage(e, "connection", ui.Columns{Main: blocks, Side: []ui.Block{v.tellEmployer(e)}}))
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
