package oidc

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"sync"
	"time"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/token"
)

const (
	auditBatch = 64                     // lines that are worth a transaction
	auditMost  = 512                    // lines of one transaction
	auditDelay = 100 * time.Millisecond // that a line waits at most
	auditQueue = 10 * auditMost         // lines in memory; then callers wait
	maxParam   = 512                    // bytes of a parameter that are logged
)

// Audit writes audit lines a moment later, many at once, so that an endpoint
// that needs no database does not wait for one. Make it with NewAudit; Run
// writes until its context ends, and then what is left.
type Audit struct {
	store *store.Store
	log   *slog.Logger
	queue chan guestlist.LogEntry
	done  chan struct{}
	once  sync.Once
}

// NewAudit returns an Audit that writes to st.
func NewAudit(st *store.Store, log *slog.Logger) *Audit {
	return &Audit{store: st, log: log, queue: make(chan guestlist.LogEntry, auditQueue), done: make(chan struct{})}
}

// Write hands a line over. It waits while the queue is full, and fails when
// the caller goes away meanwhile or Run has ended.
func (a *Audit) Write(ctx context.Context, e guestlist.LogEntry) error {
	select {
	case <-a.done:
		return errAuditEnded
	default:
	}
	select {
	case a.queue <- e:
		return nil
	case <-a.done:
		return errAuditEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errAuditEnded = guestlist.Refuse(guestlist.KindUnavailable, "oidc.temporarily_unavailable")

// Run writes lines until ctx ends, and then those that were handed over before.
// End the requests first.
func (a *Audit) Run(ctx context.Context) {
	defer a.once.Do(func() { close(a.done) })
	for {
		select {
		case e := <-a.queue:
			a.flush(context.WithoutCancel(ctx), a.gather(ctx, e))
			// SQLite runs in this process: whoever waits for a processor behind
			// a batch shall not wait for the next one too.
			runtime.Gosched()
		case <-ctx.Done():
			for len(a.queue) > 0 {
				a.flush(context.WithoutCancel(ctx), a.gather(ctx, <-a.queue))
			}
			return
		}
	}
}

// gather collects a batch that begins with first: until it is worth writing,
// auditDelay has passed, or ctx ended. Batches are small, so that writing one
// keeps nobody waiting, but for lines that have piled up meanwhile.
func (a *Audit) gather(ctx context.Context, first guestlist.LogEntry) []guestlist.LogEntry {
	batch := a.await(ctx, append(make([]guestlist.LogEntry, 0, auditBatch), first))
	for len(batch) < auditMost {
		select {
		case e := <-a.queue:
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

func (a *Audit) await(ctx context.Context, batch []guestlist.LogEntry) []guestlist.LogEntry {
	timer := time.NewTimer(auditDelay)
	defer timer.Stop()
	for len(batch) < auditBatch {
		select {
		case e := <-a.queue:
			batch = append(batch, e)
		case <-timer.C:
			return batch
		case <-ctx.Done():
			return batch
		}
	}
	return batch
}

func (a *Audit) flush(ctx context.Context, batch []guestlist.LogEntry) {
	err := a.store.Update(ctx, func(tx *store.Tx) error { return tx.Log(batch...) })
	if err != nil {
		a.log.LogAttrs(ctx, slog.LevelError, "audit lines lost", slog.Int("lines", len(batch)), slog.String("error", err.Error()))
	}
}

// secretParams never reach the log.
var secretParams = map[string]bool{
	"client_secret": true, "client_assertion": true, "code": true, "code_verifier": true, "refresh_token": true,
	"token": true, "access_token": true, "one_time_token": true, "id_token_hint": true,
}

// logExchange writes the audit line of a token request. Requests of no client
// that we know leave none: anybody could fill the log with them.
func (d *Door) logExchange(r *http.Request, form url.Values, c caller, a token.Answer, failure error) error {
	if c.client == nil {
		return nil
	}
	key, known := auditKeys[form.Get("grant_type")]
	if !known {
		key = "ExchangeTokenBy.Unknown"
	}
	e := d.auditEntry(r, key, form, c, failure)
	e.UserID = a.UserID
	if failure == nil {
		e.Extra["tokenTypes"] = a.Types()
	}
	return d.Audit.Write(r.Context(), e)
}

// logRevocation writes the audit line of a revocation.
func (d *Door) logRevocation(r *http.Request, form url.Values, c caller, user guestlist.UserID, failure error) error {
	if c.client == nil {
		return nil
	}
	e := d.auditEntry(r, "RevokeToken", form, c, failure)
	e.UserID = user
	return d.Audit.Write(r.Context(), e)
}

func (d *Door) auditEntry(r *http.Request, key string, form url.Values, c caller, failure error) guestlist.LogEntry {
	e := guestlist.LogEntry{Key: key, IP: d.ip(r), UserAgent: clip(r.UserAgent()),
		ApplicationID: c.ID, Extra: map[string]any{"params": auditParams(form)}}
	if c.secretName != "" {
		e.Extra["applicationSecret"] = map[string]string{"name": c.secretName}
	}
	if failure != nil {
		refusal := asError(failure)
		e.Failed, e.Error = true, codePrefix+refusal.Name
		if refusal.Kind != guestlist.KindInternal && refusal.Description != "" {
			e.Error += ": " + refusal.Description
		}
	}
	return e
}

// maxParams is how many parameters a line shows.
const maxParams = 32

// auditParams copies the parameters with the secrets starred.
func auditParams(form url.Values) map[string]any {
	params := make(map[string]any, len(form))
	for name, values := range form {
		switch {
		case len(params) >= maxParams || len(values) == 0:
		case secretParams[name]:
			params[clip(name)] = "******"
		case len(values) == 1:
			params[clip(name)] = clip(values[0])
		default:
			list := make([]string, 0, min(len(values), maxParams))
			for _, v := range values[:cap(list)] {
				list = append(list, clip(v))
			}
			params[clip(name)] = list
		}
	}
	return params
}

func clip(s string) string {
	if len(s) > maxParam {
		return s[:maxParam]
	}
	return s
}
