package management

import (
	"encoding/json"
	"strings"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// maxUserAgent is how much of a caller's User-Agent an event repeats, in bytes.
const maxUserAgent = 512

// dataEvent is the body of a webhook about data that this API changed, without
// the hook's id. The order of its members is the wire's.
type dataEvent struct {
	Event        string            `json:"event"`
	CreatedAt    string            `json:"createdAt"`
	UserAgent    string            `json:"userAgent,omitempty"`
	IP           string            `json:"ip,omitempty"`
	Path         string            `json:"path"`
	Method       string            `json:"method"`
	Status       int               `json:"status"`
	Params       map[string]string `json:"params"`
	MatchedRoute string            `json:"matchedRoute"`
	RoleID       guestlist.RoleID  `json:"roleId,omitempty"` // of the scopes that a new role got
	Data         any               `json:"data,omitempty"`

	OrganizationID guestlist.OrganizationID `json:"organizationId,omitempty"` // whose members changed
	AddedUserIDs   []guestlist.UserID       `json:"addedUserIds,omitempty"`   // at most maxMembersTold
	RemovedUserIDs []guestlist.UserID       `json:"removedUserIds,omitempty"` // likewise
}

// emit writes the event of a change in the transaction that makes it. data is
// what the call answers, nil for nothing.
func emit(tx *store.Tx, c *call, key string, data any) error {
	return emitEvent(tx, c.event(tx, key, data))
}

// emitRoleScopes tells which scopes a new role got.
func emitRoleScopes(tx *store.Tx, c *call, id guestlist.RoleID, scopes []guestlist.Scope) error {
	e := c.event(tx, guestlist.EventRoleScopesUpdated, scopes)
	e.RoleID = id
	return emitEvent(tx, e)
}

// maxMembersTold is how many members an event names that joined, and that left.
const maxMembersTold = 5000

// emitMembers tells who joined an organization and who left it, if anybody.
func emitMembers(tx *store.Tx, c *call, id guestlist.OrganizationID, added, removed []guestlist.UserID, data any) error {
	if len(added)+len(removed) == 0 {
		return nil
	}
	e := c.event(tx, guestlist.EventOrganizationMembershipUpdated, data)
	e.OrganizationID, e.AddedUserIDs = id, added[:min(len(added), maxMembersTold)]
	e.RemovedUserIDs = removed[:min(len(removed), maxMembersTold)]
	return emitEvent(tx, e)
}

func emitEvent(tx *store.Tx, e dataEvent) error {
	payload, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return tx.Emit(guestlist.Event{Key: e.Event, Payload: payload})
}

func (c *call) event(tx *store.Tx, key string, data any) dataEvent {
	e := dataEvent{
		Event: key, CreatedAt: tx.Now.ISO(), UserAgent: c.r.UserAgent(),
		Path: strings.TrimPrefix(c.r.URL.Path, "/api"), Method: c.r.Method, Status: c.status,
		Params: map[string]string{}, Data: data,
	}
	if len(e.UserAgent) > maxUserAgent {
		e.UserAgent = strings.ToValidUTF8(e.UserAgent[:maxUserAgent], "")
	}
	if ip := web.ClientIP(c.r, c.api.TrustedProxies); ip.IsValid() {
		e.IP = ip.String()
	}
	var matched []string
	for part := range strings.SplitSeq(strings.TrimPrefix(c.route.path, "/api"), "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			e.Params[name] = c.r.PathValue(name)
			part = ":" + name
		}
		matched = append(matched, part)
	}
	e.MatchedRoute = strings.Join(matched, "/")
	return e
}
