package signin

import (
	"encoding/json"

	"guestlist"
)

// LegacyUID is the member of the interaction cookie that names the latest
// interaction, whatever its application.
const LegacyUID = "_legacy"

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
	if uid, ok := uids[string(app)]; ok && app != "" && app != LegacyUID {
		return uid
	}
	return uids[LegacyUID]
}

// AddUID returns the interaction cookie with an application's new uid in it.
func AddUID(cookie string, app guestlist.ApplicationID, uid string) string {
	uids := map[string]string{}
	if json.Unmarshal([]byte(cookie), &uids) != nil || uids == nil || len(uids) > maxCookieInteractions {
		uids = map[string]string{}
	}
	uids[string(app)], uids[LegacyUID] = uid, uid
	b, err := json.Marshal(uids)
	if err != nil {
		return "" // a map of strings always marshals
	}
	return string(b)
}
