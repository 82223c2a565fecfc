package management

import (
	"strings"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

const (
	tableHooks    = "hooks"
	tableHookLogs = "hook_logs"
)

// hookWindow is how far back deliveries are counted, and listed unless the
// caller says otherwise.
const hookWindow = 24 * time.Hour

func (a *API) hookRoutes() []route {
	return []route{
		get("/api/hooks", "List webhooks", a.listHooks).secrets(),
		post("/api/hooks", "Create a webhook", a.createHook).with201(),
		get("/api/hooks/{id}", "Get a webhook", a.getHook).of(hookVersion).secrets(),
		patch("/api/hooks/{id}", "Change a webhook", a.updateHook).of(hookVersion),
		remove("/api/hooks/{id}", "Delete a webhook", a.deleteHook).of(hookVersion),
		patch("/api/hooks/{id}/signing-key", "Give a webhook another signing key", a.rotateHookKey).of(hookVersion),
		post("/api/hooks/{id}/test", "Send made-up events to an endpoint", a.testHook),
		get("/api/hooks/{id}/recent-logs", "List deliveries", a.listHookLogs).secrets(),
		get("/api/hooks/{id}/recent-logs/{logId}", "Get a delivery", a.getHookLog).secrets(),
		post("/api/hooks/{id}/recent-logs/{logId}/redeliver", "Deliver the same event again", a.redeliver),
	}
}

// hookConfig is where a hook is delivered. The URL is not held against
// anything, as on the wire: one that leads nowhere shows in the deliveries.
type hookConfig struct {
	URL     string             `json:"url" check:"max=2048"`
	Headers *map[string]string `json:"headers,omitempty" check:"max=50,each.max=2048,each.format=header"`
	Retries *int               `json:"retries,omitempty" check:"min=0,max=3"`
}

func (c hookConfig) config() guestlist.HookConfig {
	out := guestlist.HookConfig{URL: c.URL, Retries: c.Retries}
	set(&out.Headers, c.Headers)
	return out
}

// refuseHeaders refuses names that are no header names (RFC 9110 §5.1). The
// schema has looked at the values.
func (c hookConfig) refuseHeaders() error {
	if c.Headers == nil {
		return nil
	}
	var inv web.Invalid
	for name := range *c.Headers {
		inv.Check(isToken(name), "config.headers", "custom", "Invalid header name")
	}
	return inv.Err()
}

// isToken reports whether s is a token (RFC 9110 §5.6.2).
func isToken(s string) bool {
	return s != "" && len(s) <= 256 && !strings.ContainsFunc(s, func(c rune) bool {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
	})
}

// isHeaderValue reports whether s can stand in a header: no line break, no
// other control character.
func isHeaderValue(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f })
}

type newHook struct {
	Name    *string    `json:"name" check:"min=1,max=256"`
	Event   *string    `json:"event" check:"enum=@hookEvents"`
	Events  *[]string  `json:"events" check:"min=1,each.enum=@hookEvents"`
	Config  hookConfig `json:"config"`
	Enabled *bool      `json:"enabled"`
}

// shownHook is a hook with how its deliveries went, where that was asked for.
type shownHook struct {
	guestlist.Hook
	ExecutionStats *store.HookStats `json:"executionStats,omitempty"`
}

// countDeliveries adds how the deliveries of late went.
func countDeliveries(tx *store.Tx, hooks []shownHook) error {
	for i := range hooks {
		stats, err := tx.HookStats(hooks[i].ID, tx.Now.Add(-hookWindow))
		if err != nil {
			return err
		}
		hooks[i].ExecutionStats = &stats
	}
	return nil
}

func (a *API) listHooks(c *call, in struct {
	Paging web.Paging `paging:"optional"`
	Stats  bool       `query:"includeExecutionStats"`
},
) (list[shownHook], error) {
	var l list[shownHook]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		hooks, err := tx.Hooks(c.window())
		if err != nil {
			return err
		}
		l.Rows = make([]shownHook, len(hooks))
		for i, h := range hooks {
			l.Rows[i].Hook = h
		}
		if l.Total, err = tx.CountHooks(); err != nil || !in.Stats {
			return err
		}
		return countDeliveries(tx, l.Rows)
	})
	return l, err
}

func (a *API) createHook(c *call, in struct{ Body newHook }) (guestlist.Hook, error) {
	h := guestlist.Hook{
		TenantID: guestlist.TenantID, ID: guestlist.HookID(crypt.ID()), Event: in.Body.Event, Events: []string{},
		Config: in.Body.Config.config(), SigningKey: crypt.Token32(), Enabled: true,
	}
	if err := in.Body.Config.refuseHeaders(); err != nil {
		return h, err
	}
	if in.Body.Event == nil && in.Body.Events == nil {
		return h, guestlist.Refuse(guestlist.KindInvalid, "hook.missing_events")
	}
	set(&h.Name, in.Body.Name)
	set(&h.Enabled, in.Body.Enabled)
	if in.Body.Events != nil {
		h.Events = distinct(*in.Body.Events)
	}
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		h.CreatedAt = tx.Now
		return tx.InsertHook(h)
	})
	return h, err
}

func (a *API) getHook(c *call, in struct {
	ID    guestlist.HookID `path:"id"`
	Stats string           `query:"includeExecutionStats"`
},
) (shownHook, error) {
	shown := make([]shownHook, 1)
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		if shown[0].Hook, err = tx.Hook(in.ID); err != nil {
			return orNoID(err, tableHooks, in.ID)
		}
		if in.Stats == "" { // any value means yes here, as on the wire
			return nil
		}
		return countDeliveries(tx, shown)
	})
	return shown[0], err
}

// changeHook runs fn with a hook and writes what fn made of it.
func (a *API) changeHook(c *call, id guestlist.HookID, fn func(*guestlist.Hook) error) (guestlist.Hook, error) {
	var h guestlist.Hook
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if h, err = tx.Hook(id); err != nil {
			return orNone(err, "hook")
		}
		if err := fn(&h); err != nil {
			return err
		}
		return tx.UpdateHook(h)
	})
	return h, err
}

func (a *API) updateHook(c *call, in struct {
	ID   guestlist.HookID `path:"id"`
	Body struct {
		Name    *string         `json:"name" check:"min=1,max=256"`
		Event   web.Opt[string] `json:"event" check:"enum=@hookEvents"`
		Events  *[]string       `json:"events" check:"min=1,each.enum=@hookEvents"`
		Config  *hookConfig     `json:"config"`
		Enabled *bool           `json:"enabled"`
	}
},
) (guestlist.Hook, error) {
	b := in.Body
	if b.Config != nil {
		if err := b.Config.refuseHeaders(); err != nil {
			return guestlist.Hook{}, err
		}
	}
	return a.changeHook(c, in.ID, func(h *guestlist.Hook) error {
		if b.Name == nil && !b.Event.Set && b.Events == nil && b.Config == nil && b.Enabled == nil {
			return errNothingToChange
		}
		set(&h.Name, b.Name)
		setOpt(&h.Event, b.Event)
		set(&h.Enabled, b.Enabled)
		if b.Events != nil {
			h.Events = distinct(*b.Events)
		}
		if b.Config != nil {
			h.Config = b.Config.config()
		}
		return nil
	})
}

// hookID is the input of routes that need nothing else.
type hookID struct {
	ID guestlist.HookID `path:"id"`
}

func (a *API) rotateHookKey(c *call, in hookID) (guestlist.Hook, error) {
	key := crypt.Token32()
	return a.changeHook(c, in.ID, func(h *guestlist.Hook) error {
		h.SigningKey = key
		return nil
	})
}

func (a *API) deleteHook(c *call, in hookID) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error { return tx.DeleteHook(in.ID) })
}

func (a *API) testHook(c *call, in struct {
	ID   guestlist.HookID `path:"id"`
	Body struct {
		Events []string   `json:"events" check:"min=1,each.enum=@hookEvents"`
		Config hookConfig `json:"config"`
	}
},
) (none, error) {
	if err := in.Body.Config.refuseHeaders(); err != nil {
		return none{}, err
	}
	var h guestlist.Hook
	if err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		h, err = tx.Hook(in.ID)
		return orNoID(err, tableHooks, in.ID)
	}); err != nil {
		return none{}, err
	}
	h.Config = in.Body.Config.config() // the given one, signed with the key of the stored hook
	return none{}, a.TestHook(c.ctx(), h, distinct(in.Body.Events))
}

// refuseWindow refuses a span of time that ends before it begins.
func refuseWindow(start, end *guestlist.Time) error {
	if start != nil && end != nil && *end < *start {
		return guestlist.Refuse(guestlist.KindInvalid, "log.invalid_time_window")
	}
	return nil
}

func (a *API) listHookLogs(c *call, in struct {
	ID     guestlist.HookID `path:"id"`
	Paging web.Paging       `paging:"required"`
	Key    string           `query:"logKey"`
	Start  *guestlist.Time  `query:"start_time"`
	End    *guestlist.Time  `query:"end_time"`

	EnableCap bool `query:"enableCap"`
},
) (list[guestlist.Log], error) {
	if err := refuseWindow(in.Start, in.End); err != nil {
		return list[guestlist.Log]{}, err
	}
	var l list[guestlist.Log]
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		filter := store.HookLogFilter{HookID: in.ID, Key: in.Key, To: maxInteger}
		if in.Start == nil && in.End == nil {
			filter.From = tx.Now.Add(-hookWindow)
		}
		if in.EnableCap {
			filter.Most = listCap
		}
		set(&filter.From, in.Start)
		set(&filter.To, in.End)
		var err error
		l.Rows, l.Total, err = tx.HookLogs(filter, c.window())
		l.capAt(filter.Most)
		return err
	})
	return l, err
}

// hookLogID names an attempt of a hook.
type hookLogID struct {
	ID    guestlist.HookID `path:"id"`
	LogID guestlist.LogID  `path:"logId"`
}

func (a *API) getHookLog(c *call, in hookLogID) (guestlist.Log, error) {
	var l guestlist.Log
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		l, err = tx.HookLog(in.ID, in.LogID)
		return orNoID(err, tableHookLogs, in.LogID)
	})
	return l, err
}

// redeliver queues what an attempt was to deliver once more. Receivers know it
// by its id.
func (a *API) redeliver(c *call, in hookLogID) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		h, err := tx.Hook(in.ID)
		if err != nil {
			return orNoID(err, tableHooks, in.ID)
		}
		if !h.Enabled {
			return errInput(guestlist.KindUnprocessable, "The webhook is switched off.")
		}
		l, err := tx.HookLog(in.ID, in.LogID)
		if err != nil {
			return orNoID(err, tableHookLogs, in.LogID)
		}
		job, err := a.Redelivery(h.ID, l)
		if err != nil {
			return err
		}
		return tx.Enqueue(job)
	})
}
