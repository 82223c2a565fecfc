package signin

import (
	"errors"

	"guestlist"
	"guestlist/internal/store"
)

// eventBase returns the members that every event of an interaction has.
func (r *run) eventBase(tx *store.Tx, key, ipMember string) (map[string]any, error) {
	m := map[string]any{
		"event": key, "createdAt": tx.Now.ISO(), "interactionEvent": r.i.Event, "sessionId": r.i.jti(),
	}
	if r.from.UserAgent != "" {
		m["userAgent"] = r.from.UserAgent
	}
	if r.from.IP != "" {
		m[ipMember] = r.from.IP
	}
	if r.took != "" {
		m["invitationId"] = r.took
	}
	app, err := applicationInfo(tx, r.i.Request.ClientID)
	if app != nil {
		m["application"] = app
	}
	return m, err
}

// emit writes an exception event (wire: Identifier.Lockout, Message.RateLimited).
func (r *run) emit(tx *store.Tx, key string, members map[string]any) error {
	m, err := r.eventBase(tx, key, "ip")
	if err != nil {
		return err
	}
	for k, v := range members {
		m[k] = v
	}
	return emit(tx, key, m)
}

// emitInteraction writes PostRegister, PostSignIn or PostResetPassword.
func (r *run) emitInteraction(tx *store.Tx, key string, u guestlist.User) error {
	m, err := r.eventBase(tx, key, "userIp")
	if err != nil {
		return err
	}
	m["userId"], m["user"] = u.ID, u.Info()
	return emit(tx, key, m)
}

// emitData writes User.Created or User.Data.Updated.
func (r *run) emitData(tx *store.Tx, key string, u guestlist.User) error {
	m, err := r.eventBase(tx, key, "ip")
	if err != nil {
		return err
	}
	m["data"] = u.Info()
	return emit(tx, key, m)
}

func emit(tx *store.Tx, key string, payload map[string]any) error {
	b, err := marshal(payload)
	if err != nil {
		return err
	}
	return tx.Emit(guestlist.Event{Key: key, Payload: b})
}

// applicationInfo is what events and messages say of an application; nil for
// one that has no row, as the built-in ones.
func applicationInfo(tx *store.Tx, id guestlist.ApplicationID) (map[string]any, error) {
	app, err := tx.Application(id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m := map[string]any{"id": app.ID, "type": app.Type, "name": app.Name}
	if app.Description != nil {
		m["description"] = *app.Description
	}
	return m, nil
}
