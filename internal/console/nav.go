package console

import (
	"strings"

	"guestlist/internal/console/ui"
)

// The places of invitations.
const (
	pathInvitations = Path + "/invitations"
	pathCodes       = Path + "/invitation-codes"
	pathCampaigns   = Path + "/campaigns"
	pathWaitlist    = Path + "/waitlist"
)

// place is an entry of the navigation. It is shown once its page has a route,
// to whom it is open.
type place struct{ path, phrase, icon, key string }

// places are the navigation, group by group. The name of a group is the key of
// its phrase, "" for none.
var places = []struct {
	group string
	of    []place
}{
	{"", []place{{Path, "overview", "overview", "o"}}},
	{"guests", []place{
		{Path + "/users", "users", "users", "u"},
	}},
	{"invitations", []place{
		{pathInvitations, "invitations", "invitations", "i"},
		{pathCodes, "codes", "code", "k"},
		{pathCampaigns, "campaigns", "campaign", "m"},
		{pathWaitlist, "waitlist", "waitlist", "w"},
	}},
	{"product", []place{
		{Path + "/applications", "applications", "app", "a"},
		{Path + "/resources", "resources", "resource", "p"},
		{Path + "/roles", "roles", "role", "r"},
	}},
	{"ways", []place{
		{Path + "/sign-in-experience", "sign_in_experience", "look", "e"},
		{Path + "/connectors", "connectors", "connector", "c"},
		{Path + "/sso", "sso", "sso", "n"},
	}},
	{"system", []place{
		{Path + "/webhooks", "webhooks", "hook", "h"},
		{Path + "/logs", "logs", "log", "l"},
		{Path + "/settings", "settings", "setting", "s"},
	}},
}

// places is the navigation as it stands on this page.
func (v *visit) places() []ui.Group {
	var groups []ui.Group
	for _, g := range places {
		shown := ui.Group{}
		if g.group != "" {
			shown.Text = v.T("shell.group." + g.group)
		}
		for _, p := range g.of {
			if !v.has(p.path) {
				continue
			}
			shown.Items = append(shown.Items, ui.Item{
				Text: v.T("shell.nav." + p.phrase), Href: p.path, Icon: p.icon, Key: p.key, Current: within(v.r.URL.Path, p.path),
			})
		}
		if len(shown.Items) > 0 {
			groups = append(groups, shown)
		}
	}
	return groups
}

// besides are the pages that belong to a place without lying below it.
var besides = map[string]string{pathImports: pathUsers, pathActions: pathInvitations}

// within reports whether a page belongs to a place of the navigation.
func within(page, place string) bool {
	for prefix, other := range besides {
		if rest, ok := strings.CutPrefix(page, prefix); ok && (rest == "" || rest[0] == '/') {
			page = other
		}
	}
	return page == place || place != Path && strings.HasPrefix(page, place+"/")
}
