package signin

import (
	"encoding/json"
	"slices"
	"strings"

	"guestlist"
)

// LegacyUID is the member of the interaction cookie that names the latest
// interaction, whatever its application.
const LegacyUID = "_legacy"

// recentUIDs is the member that lists the latest interactions of a browser,
// divided by spaces: those that it may continue, though another one of the same
// application, say in a second tab, came after them.
const recentUIDs = "_recent"

// maxRecent is how many interactions a browser may have under way.
const maxRecent = 8

// maxCookieInteractions bounds the interaction cookie: a browser that begins
// interactions for more applications at once loses the others.
const maxCookieInteractions = 10

// PickUID returns the uid that an interaction cookie (a JSON object of uids by
// client id, URL-decoded) holds for an application; without an application, or
// for one that is not in it, that of the latest interaction. Empty means none;
// anything that is not such an object gives none.
func PickUID(cookie string, app guestlist.ApplicationID) string {
	var uids map[string]string
	if json.Unmarshal([]byte(cookie), &uids) != nil {
		return ""
	}
	if uid, ok := uids[string(app)]; ok && app != "" && app != LegacyUID && app != recentUIDs {
		return uid
	}
	return uids[LegacyUID]
}

// AddUID returns the interaction cookie with an application's new uid in it.
func AddUID(cookie string, app guestlist.ApplicationID, uid string) string {
	uids := map[string]string{}
	if json.Unmarshal([]byte(cookie), &uids) != nil || uids == nil || len(uids) > maxCookieInteractions+1 {
		uids = map[string]string{}
	}
	recent := append([]string{uid}, strings.Fields(uids[recentUIDs])...)
	uids[string(app)], uids[LegacyUID] = uid, uid
	uids[recentUIDs] = strings.Join(recent[:min(len(recent), maxRecent)], " ")
	b, err := json.Marshal(uids)
	if err != nil {
		return "" // a map of strings always marshals
	}
	return string(b)
}

// HasUID reports whether an interaction cookie is that of a browser which began
// an interaction.
func HasUID(cookie, uid string) bool {
	var uids map[string]string
	if uid == "" || json.Unmarshal([]byte(cookie), &uids) != nil {
		return false
	}
	return slices.Contains(strings.Fields(uids[recentUIDs]), uid)
}

// UIDs lists the interactions of a browser that it may continue, the latest
// first.
func UIDs(cookie string) []string {
	var uids map[string]string
	if json.Unmarshal([]byte(cookie), &uids) != nil {
		return nil
	}
	recent := strings.Fields(uids[recentUIDs])
	return recent[:min(len(recent), maxRecent)]
}
