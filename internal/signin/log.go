package signin

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"unicode"

	"guestlist"
	"guestlist/internal/store"
)

// logEntry is a line of the audit log about an interaction.
func (i *Interaction) logEntry(key string, from Caller) guestlist.LogEntry {
	return guestlist.LogEntry{
		Key: key, UserID: i.UserID, ApplicationID: i.Request.ClientID, IP: from.IP, UserAgent: from.UserAgent,
		Extra: map[string]any{"sessionId": i.jti()},
	}
}

// jti is what the wire calls the id of an interaction in logs and events: not
// the uid, which is a secret, but its keyed hash.
func (i *Interaction) jti() string { return string(i.ID) }

// logEntry is the line of an action; {event} in its key is the interaction's.
func (r *run) logEntry(a Action) guestlist.LogEntry {
	event := r.i.Event
	if begins, ok := a.(SetEvent); ok {
		event = begins.Event
	}
	return r.i.logEntry(strings.ReplaceAll(a.logKey(), "{event}", string(event)), r.from)
}

// logRefusal writes a refused action to the audit log, in a transaction of its
// own. What is our own fault goes to the caller alone.
func (d *Desk) logRefusal(ctx context.Context, r *run, a Action, refused error) {
	d.logRefused(ctx, r.logEntry(a), refused)
	d.logLost(ctx, r, refused)
}

// logLost tells of an invitation that was refused, if that is what happened.
func (d *Desk) logLost(ctx context.Context, r *run, refused error) {
	if r.lost.ID == "" && r.inv == nil {
		return
	}
	if err := d.Store.Update(ctx, func(tx *store.Tx) error { return r.tellRefusal(tx, refused) }); err != nil {
		d.Log.WarnContext(ctx, "a refused invitation was not logged", "error", err)
	}
}

// logRefused is logRefusal for the line of anything that was refused.
func (d *Desk) logRefused(ctx context.Context, entry guestlist.LogEntry, refused error) {
	code := guestlist.CodeOf(refused)
	if code == "" || errors.Is(refused, store.ErrStale) {
		return
	}
	entry.Failed, entry.Error = true, code
	if why := reasonOf(refused); why != "" {
		entry.Extra["reason"] = why
	}
	if err := d.Store.Update(ctx, func(tx *store.Tx) error { return tx.Log(entry) }); err != nil {
		d.Log.WarnContext(ctx, "a refused sign-in step was not logged", "error", err)
	}
}

// maxReason bounds the reason of a refusal in the audit log, in bytes.
const maxReason = 1024

// queries are the parts of URLs in an error that may hold what is secret.
var queries = regexp.MustCompile(`([a-z]+://[^\s"'?]*)\?[^\s"']*`)

// reasonOf returns why a refusal was made, beyond its code: the chain of its
// causes, without the parameters of URLs.
func reasonOf(refused error) string {
	var e *guestlist.Error
	if !errors.As(refused, &e) || e.Err == nil {
		return ""
	}
	why := strings.ToValidUTF8(queries.ReplaceAllString(e.Err.Error(), "$1?…"), "?")
	why = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, why)
	if len(why) > maxReason {
		why = strings.ToValidUTF8(why[:maxReason], "")
	}
	return why
}
