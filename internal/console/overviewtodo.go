package console

import (
	"encoding/json"
	"strings"
	"time"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// payload is what pages show of a line of the audit log.
type payload struct {
	Result        string                  `json:"result"`
	UserID        guestlist.UserID        `json:"userId"`
	ApplicationID guestlist.ApplicationID `json:"applicationId"`
	Error         string                  `json:"error"`
	Reason        string                  `json:"reason"`
	IP            string                  `json:"ip"`
	UserAgent     string                  `json:"userAgent"`
}

func payloadOf(l guestlist.Log) payload {
	var p payload
	_ = json.Unmarshal(l.Payload, &p) // what is no object shows nothing
	return p
}

// keyAgeLimit is after how many days a signing key is thought old.
const keyAgeLimit = 365

// maxSuppressed is how many addresses are counted.
const maxHooksShown = 100

// todo is what needs a hand, each with the way to mend it. What the first steps
// say already is not said twice.
func (v *visit) todo(steps bool) ([]ui.ListItem, error) {
	looks := []func() ([]ui.ListItem, error){v.todoInvitations, v.todoHooks, v.todoBounced, v.todoJobs, v.todoKeys}
	if !steps {
		looks = append([]func() ([]ui.ListItem, error){v.todoEmail, v.todoApplication}, looks...)
	}
	var items []ui.ListItem
	for _, look := range looks {
		more, err := look()
		if guestlist.KindOf(err) == guestlist.KindForbidden {
			continue // what they may not look at, others mend
		}
		if err != nil {
			return nil, err
		}
		items = append(items, more...)
	}
	return items, nil
}

// want is one thing to do, with a button if its page is there.
func (v *visit) want(tone ui.Tone, text, sub, do, href string) []ui.ListItem {
	item := ui.ListItem{Tone: tone, Cell: ui.Cell{Text: text, Sub: sub}}
	if v.leads(href) {
		item.Actions = []ui.Action{{Text: do, Href: href}}
	}
	return []ui.ListItem{item}
}

// leads reports whether a page of the navigation holds an address.
func (v *visit) leads(href string) bool {
	href, _, _ = strings.Cut(href, "?")
	for _, g := range places {
		for _, p := range g.of {
			if v.has(p.path) && within(href, p.path) && p.path != Path {
				return true
			}
		}
	}
	return false
}

func (v *visit) todoEmail() ([]ui.ListItem, error) {
	if mails, err := v.mails(); err != nil || mails {
		return nil, err
	}
	return v.want(ui.Warn, v.T("overview.todo.email"), v.T("overview.todo.email_text"), v.T("overview.todo.email_do"), Path+"/connectors"), nil
}

func (v *visit) todoApplication() ([]ui.ListItem, error) {
	if own, err := v.ownApplication(); err != nil || own != nil {
		return nil, err
	}
	return v.want(ui.Info, v.T("overview.todo.application"), v.T("overview.todo.application_text"), v.T("overview.todo.application_do"), Path+"/applications"), nil
}

func (v *visit) todoHooks() ([]ui.ListItem, error) {
	var hooks []struct {
		guestlist.Hook
		ExecutionStats struct{ SuccessCount, RequestCount int }
	}
	if _, err := v.api.List(v.ctx(), "/hooks", query("includeExecutionStats", "true"), 1, maxHooksShown, &hooks); err != nil {
		return nil, err
	}
	var items []ui.ListItem
	for _, h := range hooks {
		if failed := h.ExecutionStats.RequestCount - h.ExecutionStats.SuccessCount; failed > 0 && h.Enabled {
			items = append(items, v.want(ui.Bad, v.N("overview.todo.hook", failed, "name", h.Name, "count", v.count(failed)),
				v.T("overview.todo.hook_text"), v.T("overview.todo.hook_do"), Path+"/webhooks/"+client.Segment(h.ID))...)
		}
	}
	return items, nil
}

func (v *visit) todoBounced() ([]ui.ListItem, error) {
	var none []json.RawMessage
	answer, err := v.api.List(v.ctx(), "/suppressions", nil, 1, 1, &none)
	if err != nil || answer.Total == 0 {
		return nil, err
	}
	return v.want(ui.Warn, v.T("overview.todo.bounced"), v.N("overview.todo.bounced_text", answer.Total, "count", v.count(answer.Total)),
		v.T("overview.todo.bounced_do"), pathSuppressions), nil
}

func (v *visit) todoJobs() ([]ui.ListItem, error) {
	var none []json.RawMessage
	answer, err := v.api.List(v.ctx(), "/dead-jobs", nil, 1, 1, &none)
	if err != nil || answer.Total == 0 {
		return nil, err
	}
	return v.want(ui.Bad, v.T("overview.todo.jobs", "n", v.count(answer.Total)), v.T("overview.todo.jobs_text"),
		v.T("overview.todo.jobs_do"), pathHealth), nil
}

func (v *visit) todoKeys() ([]ui.ListItem, error) {
	var keys []struct {
		CreatedAt int64 `json:"createdAt"` // seconds since 1970, as on the wire
	}
	if err := v.api.Do(v.ctx(), "GET", "/configs/oidc/private-keys", nil, &keys); err != nil {
		return nil, err
	}
	newest := int64(0)
	for _, k := range keys {
		newest = max(newest, k.CreatedAt)
	}
	days := int(v.d.Now().Sub(time.Unix(newest, 0)).Hours() / 24)
	if len(keys) == 0 || days < keyAgeLimit {
		return nil, nil
	}
	return v.want(ui.Warn, v.T("overview.todo.key", "n", v.count(days)), v.T("overview.todo.key_text"), v.T("overview.todo.key_do"), pathKeys), nil
}
