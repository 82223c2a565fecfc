package e2e

import (
	"strings"
	"time"
)

// journeyLogs leaves traces, filters for them, and goes from a user, an
// application and a line to all that belongs to them.
func journeyLogs(d *desk, b *tab) {
	gil := d.user("gil", map[string]any{"name": "Gil Loud"})
	d.user("gilda", map[string]any{"name": "Gilda Loud"})
	guest := newTab(b.t)
	guest.Open(d.url + "/demo-app")
	guest.identify("gil", "not-the-password")
	guest.Open(d.url + "/demo-app")
	guest.identify("gil", guestPassword)
	guest.WaitText("gil")

	d.console(b, "/logs")
	b.Stay()
	b.Choose("result", "Error")
	b.until("only failures are left", `() => {
		const rows = [...document.querySelectorAll('.rows tbody tr')]
		return rows.length > 0 && rows.every(r => r.textContent.includes('Failed')) && rows.some(r => r.textContent.includes('session.invalid_credentials'))
	}`)
	b.Choose("result", "Success")
	b.Choose("kind", "sign_in")
	b.Fill("userId", "Gil Loud")
	b.until("only her sign-ins are left", `() => {
		const rows = [...document.querySelectorAll('.rows tbody tr')]
		return rows.length > 0 && rows.every(r => r.textContent.includes('Sign-in') && r.textContent.includes('Gil Loud'))
	}`)
	tomorrow, today := time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly), time.Now().UTC().Format(time.DateOnly)
	b.Set("from", tomorrow)
	b.WaitText("Nothing found")
	b.Set("from", today)
	b.Set("to", tomorrow)
	b.until("they are back", `() => document.querySelectorAll('.rows tbody tr').length > 0`)
	b.Choose("kind", "register")
	b.WaitText("Nothing found")
	b.Stayed()

	b.Choose("kind", "")
	b.Fill("userId", "Loud")
	b.WaitText("Whom do you mean?")
	b.Press("Gil Loud")
	b.onlyOf("Gil Loud")

	d.console(b, "/users/"+gil.ID)
	b.Press("Events")
	b.until("her events are there", `() => document.querySelectorAll('.rows tbody tr').length > 1`)
	b.PressOn(".head .actions a[href*='/logs?']")
	b.onlyOf("Gil Loud")
	if !strings.Contains(b.Address(), gil.ID) {
		b.t.Errorf("the audit log is not that of %s: %s", gil.ID, b.Address())
	}

	b.Open(b.Address() + "&kind=sign_in")
	b.PressOn(".rows tbody th a")
	b.WaitText("Whole line")
	hasWords(b.t, b.Inside("main pre"), gil.ID, `"ip"`)
	hasWords(b.t, b.Text(), "Gil Loud", "Chrome")
	b.Press("All lines")
	b.onlyOf("Gil Loud")
	b.PressOn(".rows tbody th a")
	b.Press("Gil Loud")
	b.WaitText("At a glance")

	app := d.newApplication(b, "Loud app", "SPA", d.url+"/console/try")
	b.Press("Try it")
	b.Press("Sign in")
	b.WaitText("The sign-in worked")
	d.console(b, "/logs")
	b.Choose("applicationId", app)
	b.onlyOf("Loud app")
	d.console(b, "/applications/"+app)
	b.Press("Activity")
	b.until("its activity is there", `() => document.querySelectorAll('.rows tbody tr').length > 0`)
	b.PressOn(".head .actions a[href*='/logs?']")
	b.onlyOf("Loud app")
}

// onlyOf requires lines of the audit log, all of somebody or of something.
func (b *tab) onlyOf(name string) {
	b.t.Helper()
	b.until("every line is of "+name, `name => {
		const rows = [...document.querySelectorAll('.rows tbody tr')]
		return rows.length > 0 && rows.every(r => [...r.querySelectorAll('td')].some(c => c.textContent.trim() === name))
	}`, name)
}
