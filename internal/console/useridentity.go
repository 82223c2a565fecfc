package console

import (
	"encoding/json"
	"slices"
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// allIdentities are the outside identities of a user.
type allIdentities struct {
	Social []struct {
		Target   string             `json:"target"`
		Identity guestlist.Identity `json:"identity"`
	} `json:"socialIdentities"`
	Enterprise []struct {
		SSOConnectorID string                `json:"ssoConnectorId"`
		SSOIdentity    guestlist.SSOIdentity `json:"ssoIdentity"`
	} `json:"ssoIdentities"`
}

func (v *visit) identities(id guestlist.UserID) (allIdentities, error) {
	var all allIdentities
	return all, v.api.Do(v.ctx(), "GET", "/users/"+client.Segment(id)+"/all-identities", nil, &all)
}

// whoAt is what a provider calls a person: name and address, as far as the
// details say.
func whoAt(details json.RawMessage) string {
	var d struct{ Name, Email string }
	_ = json.Unmarshal(details, &d) // what is no such object shows nothing
	parts := slices.DeleteFunc([]string{d.Name, d.Email}, func(s string) bool { return s == "" })
	return strings.Join(parts, " · ")
}

func getUserIdentities(v *visit) error {
	u, _, err := v.user()
	if err != nil {
		return err
	}
	all, err := v.identities(u.ID)
	if err != nil {
		return err
	}
	t := ui.Table{
		Caption: v.T("users.tab.identities"),
		Columns: []ui.Column{{Text: v.T("users.provider")}, {Text: v.T("users.known_as")}, {Text: v.T("users.subject"), Minor: true}},
		Empty:   &ui.Empty{Icon: "connector", Title: v.T("users.no_identities"), Text: v.T("users.no_identities_text")},
	}
	if v.has(Path + "/connectors") {
		t.Empty.Actions = []ui.Action{{Text: v.T("shell.nav.connectors"), Href: Path + "/connectors"}}
	}
	unlink := func(name, value string) []ui.Action {
		return []ui.Action{{Text: v.T("users.unlink"), Href: userPath(u.ID) + "/identities", Post: true, Name: name, Value: value}}
	}
	for _, s := range all.Social {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: s.Target, Sub: v.T("users.social")}, ui.Text(whoAt(s.Identity.Details)), {Text: s.Identity.UserID, Code: true},
		}, Actions: unlink("target", s.Target)})
	}
	names := map[string]string{}
	for _, s := range all.Enterprise {
		if _, known := names[s.SSOConnectorID]; !known {
			var c struct{ ConnectorName string }
			if err := v.api.Do(v.ctx(), "GET", "/sso-connectors/"+client.Segment(s.SSOConnectorID), nil, &c); err != nil || c.ConnectorName == "" {
				c.ConnectorName = s.SSOConnectorID // its connector is gone
			}
			names[s.SSOConnectorID] = c.ConnectorName
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: names[s.SSOConnectorID], Sub: v.T("users.enterprise")}, ui.Text(whoAt(s.SSOIdentity.Detail)), {Text: s.SSOIdentity.IdentityID, Code: true},
		}, Actions: unlink("connector", s.SSOConnectorID)})
	}
	return v.show(v.userPage(u, "identities", t))
}

// postUserIdentities unlinks an identity, or links one again that was unlinked
// just now.
func postUserIdentities(v *visit) error {
	id := guestlist.UserID(v.id("id"))
	if v.form.Get("do") == "link" {
		return v.linkAgain(id)
	}
	all, err := v.identities(id)
	if err != nil {
		return err
	}
	back := &ui.Action{Text: v.T("ui.undo"), Href: userPath(id) + "/identities", Post: true, Name: "do", Value: "link"}
	api := "/users/" + client.Segment(id)
	if target := v.form.Get("target"); target != "" {
		api += "/identities/" + client.Segment(target)
		for _, s := range all.Social {
			if s.Target == target {
				back.Hidden = hiddens("target", target, "subject", s.Identity.UserID, "details", shortDetails(s.Identity.Details))
			}
		}
	} else {
		connector := v.form.Get("connector")
		api += "/sso-identities/" + client.Segment(connector)
		for _, s := range all.Enterprise {
			if s.SSOConnectorID == connector {
				back.Hidden = hiddens("connector", connector, "issuer", s.SSOIdentity.Issuer, "subject", s.SSOIdentity.IdentityID,
					"details", shortDetails(s.SSOIdentity.Detail))
			}
		}
	}
	if err := v.api.Do(v.ctx(), "DELETE", api, nil, nil); err != nil {
		return v.refused(userPath(id)+"/identities", err)
	}
	return v.doneWith(userPath(id)+"/identities", ui.Flash{Text: v.T("users.unlinked"), Undo: back})
}

func hiddens(pairs ...string) []ui.Hidden {
	var out []ui.Hidden
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, ui.Hidden{Name: pairs[i], Value: pairs[i+1]})
	}
	return out
}

// shortDetails are what the way back keeps of an identity: without what the
// provider said word for word, which the next sign-in brings again.
func shortDetails(details json.RawMessage) string {
	var d map[string]json.RawMessage
	if json.Unmarshal(details, &d) != nil || d == nil {
		return "{}"
	}
	delete(d, "rawData")
	text, err := json.Marshal(d)
	if err != nil {
		return "{}"
	}
	return string(text)
}

// linkAgain takes an unlinking back.
func (v *visit) linkAgain(id guestlist.UserID) error {
	details, line := jsonObject(v.form.Get("details"))
	if line > 0 {
		details = json.RawMessage("{}")
	}
	path, in := "/users/"+client.Segment(id), map[string]any{"userId": v.form.Get("subject"), "details": details}
	if target := v.form.Get("target"); target != "" {
		path += "/identities/" + client.Segment(target)
	} else {
		path += "/sso-identities/" + client.Segment(v.form.Get("connector"))
		in = map[string]any{"issuer": v.form.Get("issuer"), "identityId": v.form.Get("subject"), "detail": details}
	}
	if err := v.api.Do(v.ctx(), "PUT", path, in, nil); err != nil {
		return v.refused(userPath(id)+"/identities", err)
	}
	return v.done(userPath(id)+"/identities", v.T("shell.undone"))
}
