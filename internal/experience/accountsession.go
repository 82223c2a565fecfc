package experience

import (
	"strconv"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

const (
	fieldSession = "session"
	paramPage    = "page"
	maxPages     = 1000 // of sessions; beyond it there is nothing that one could tell apart
	outOthers    = "others"
)

// getAccountSessions lists the browsers in which somebody is signed in.
func getAccountSessions(v *visit) error {
	number, err := strconv.Atoi(v.query.Get(paramPage))
	if err != nil || number < 1 || number > maxPages {
		number = 1
	}
	list, more, err := v.d.Desk.AccountSessions(v.r.Context(), v.acct, number)
	if err != nil {
		return err
	}
	p := &web.Page{Name: "account-sessions", Title: v.t("account.sessions.title"), Lead: web.Plain(v.t("account.sessions.lead"))}
	others := number > 1 || more
	for _, s := range list {
		p.Rows = append(p.Rows, v.sessionRow(s))
		others = others || s.ID != v.acct.Session.ID
	}
	if others {
		p.Form = &web.Form{Action: v.link(pageAccountSessions), Submit: v.t("account.sessions.all"), Value: outOthers}
	} else {
		p.Lead = web.Plain(v.t("account.sessions.only"))
	}
	turn := func(key string, to int) {
		q := v.keptParams()
		q.Set(paramPage, strconv.Itoa(to))
		p.Actions = append(p.Actions, web.Action{Text: v.t(key), Href: pageAccountSessions + "?" + q.Encode()})
	}
	if number > 1 {
		turn("account.sessions.newer", number-1)
	}
	if more {
		turn("account.sessions.older", number+1)
	}
	return v.own(p)
}

func (v *visit) sessionRow(s guestlist.Session) web.Row {
	device := v.deviceName(s.UserAgent)
	row := web.Row{Title: device, Facts: []web.Fact{{Term: v.t("account.sessions.since"), At: s.SignedInAt}}}
	if s.IP != "" {
		row.Facts = append(row.Facts, web.Fact{Term: v.t("account.sessions.from"), Value: s.IP})
	}
	if s.ID == v.acct.Session.ID {
		row.Tag = v.t("account.sessions.current")
		return row
	}
	row.Action = &web.Action{
		Text: v.t("action.sign_out"), Label: v.t("account.sessions.out_label", "name", device), Href: v.link(pageAccountSessions),
		Hidden: []web.Hidden{{Name: fieldSession, Value: string(s.ID)}},
	}
	return row
}

// deviceName says in words what a browser calls itself.
func (v *visit) deviceName(userAgent string) string {
	browser, system := device(userAgent)
	switch {
	case browser != "" && system != "":
		return v.t("account.sessions.device", "browser", browser, "system", system)
	case browser != "" || system != "":
		return browser + system
	}
	return v.t("account.sessions.unknown")
}

func postAccountSessions(v *visit) error {
	var c signin.AccountChange = signin.SignOutOthers{}
	say := "account.sessions.ended_all"
	if v.form.Get("submit") != outOthers {
		id := guestlist.SessionID(v.form.Get(fieldSession))
		if id == "" || id == v.acct.Session.ID {
			return v.next(pageAccountSessions)
		}
		c, say = signin.SignOutSession{ID: id}, "account.sessions.ended"
	}
	if err := v.changeOwn(c); err != nil {
		return v.turnedDown(&web.Page{Name: "account-sessions", Title: v.t("account.sessions.title")}, err)
	}
	return v.done(pageAccountSessions, say)
}
