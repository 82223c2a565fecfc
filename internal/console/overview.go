package console

import (
	"slices"
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

func overviewRoutes() []route {
	return []route{
		get(Path, getOverview), post(Path+"/door", postDoor), post(Path+"/steps/hide", postHideSteps), get(pathFunnel, getFunnelEvents),
	}
}

// maxEvents is how many events the overview shows.
const maxEvents = 8

func getOverview(v *visit) error {
	if !v.reads() {
		return getInviterOverview(v)
	}
	var exp guestlist.SignInExperience
	if err := v.api.Do(v.ctx(), "GET", "/sign-in-exp", nil, &exp); err != nil {
		return err
	}
	begins, err := v.beginning(exp.SignInMode)
	if err != nil {
		return err
	}
	todo, err := v.todo(begins != nil)
	if err != nil {
		return err
	}
	stats, chart, err := v.figures()
	if err != nil {
		return err
	}
	events, err := v.events()
	if err != nil {
		return err
	}
	funnel, err := v.funnel()
	if err != nil {
		return err
	}
	recent := ui.Section{Title: v.T("overview.events.title"), Body: []ui.Block{events}}
	if v.has(Path + "/logs") {
		recent.Actions = []ui.Action{{Text: v.T("overview.events.all"), Href: Path + "/logs"}}
	}
	main := []ui.Block{ui.Section{Body: []ui.Block{chart}}, recent}
	if funnel != nil {
		main = slices.Insert(main, 0, funnel)
	}
	body := []ui.Block{
		v.door(exp.Policy()), stats,
		ui.Columns{
			Main: main,
			Side: []ui.Block{ui.Section{
				Title: v.T("overview.todo.title"),
				Body:  []ui.Block{ui.List{Items: todo, Empty: v.T("overview.todo.empty"), Tone: ui.Good}},
			}},
		},
	}
	if begins != nil {
		body = slices.Insert(body, 0, v.steps(begins))
	}
	return v.show(&ui.Page{Name: "overview", Header: ui.Header{Title: v.T("overview.title")}, Body: body})
}

// door is the one switch of the public door. Beside it stands how people come in
// while it is closed.
func (v *visit) door(policy guestlist.RegistrationPolicy) ui.Block {
	s := ui.Switch{Title: v.T("overview.door.title"), Action: Path + "/door", Name: "open", On: policy == guestlist.PolicyOpen}
	s.State, s.Text = ui.Pill{Text: v.T("waitlist.policy." + string(policy)), Tone: ui.Good}, v.T("waitlist.policy_help."+string(policy))
	s.Press = v.T("overview.door.do_open")
	if s.On {
		s.State.Tone, s.Press = ui.Warn, v.T("overview.door.close")
	}
	return s
}

// doorBack takes back a change of how people come in.
func (v *visit) doorBack(policy guestlist.RegistrationPolicy) *ui.Action {
	return &ui.Action{
		Text: v.T("ui.undo"), Href: Path + "/door", Post: true, Hidden: []ui.Hidden{{Name: "policy", Value: string(policy)}},
	}
}

// postDoor opens or closes the door, or leaves it as it was before. That can be
// taken back with one press.
func postDoor(v *visit) error {
	var exp guestlist.SignInExperience
	if err := v.api.Do(v.ctx(), "GET", "/sign-in-exp", nil, &exp); err != nil {
		return err
	}
	change, open := map[string]any{"signInMode": guestlist.ModeSignIn}, v.form.Get("open") == ui.Yes
	if open {
		change["signInMode"] = guestlist.ModeSignInAndRegister
	}
	if was := guestlist.RegistrationPolicy(v.form.Get("policy")); was != "" {
		change, open = map[string]any{"registrationPolicy": was}, was == guestlist.PolicyOpen
	}
	if err := v.api.SetSignInExperience(v.ctx(), change); err != nil {
		return v.refused(Path, err)
	}
	text := v.T("overview.door.now_closed")
	if open {
		text = v.T("overview.door.now_open")
	}
	return v.doneWith(Path, ui.Flash{Text: text, Undo: v.doorBack(exp.Policy())})
}

// figures are the numbers of users, and how they went.
func (v *visit) figures() (ui.Block, ui.Block, error) {
	var total struct{ TotalUserCount int }
	var fresh struct{ Today, Last7Days client.Change }
	var active client.ActiveUsers
	var days []client.Day
	for path, to := range map[string]any{
		"/dashboard/users/total": &total, "/dashboard/users/new": &fresh, "/dashboard/users/active": &active,
		"/dashboard/users/new-by-day": &days,
	} {
		if err := v.api.Do(v.ctx(), "GET", path, nil, to); err != nil {
			return nil, nil, err
		}
	}
	href := ""
	if v.has(Path + "/users") {
		href = Path + "/users"
	}
	stats := ui.Stats{Items: []ui.Stat{
		{Label: v.T("overview.stats.users"), Value: v.count(total.TotalUserCount), Href: href},
		v.stat("new_today", fresh.Today), v.stat("new_week", fresh.Last7Days),
		v.stat("active_day", active.Day), v.stat("active_week", active.Week), v.stat("active_month", active.Month),
	}}
	return stats, v.chart(active.Curve, days), nil
}

func (v *visit) stat(key string, c client.Change) ui.Stat {
	s := ui.Stat{Label: v.T("overview.stats." + key), Value: v.count(c.Count)}
	switch {
	case c.Delta > 0:
		s.Note = v.T("overview.stats.more", "n", v.count(c.Delta))
	case c.Delta < 0:
		s.Note = v.T("overview.stats.fewer", "n", v.count(-c.Delta))
	default:
		s.Note = v.T("overview.stats.same")
	}
	return s
}

func (v *visit) chart(active, fresh []client.Day) ui.Block {
	c := ui.Chart{Title: v.T("overview.chart.title")}
	of := map[string]int{}
	for _, d := range fresh {
		of[d.Date] = d.Count
	}
	a := ui.Series{Name: v.T("overview.chart.active")}
	n := ui.Series{Name: v.T("overview.chart.new")}
	var counts []int
	sum := 0
	for _, d := range active {
		c.Labels = append(c.Labels, v.day(d.Date))
		a.Values = append(a.Values, float64(d.Count))
		n.Values = append(n.Values, float64(of[d.Date]))
		counts, sum = append(counts, d.Count), sum+of[d.Date]
	}
	c.Series = []ui.Series{a, n}
	if len(counts) > 0 {
		c.Alt = v.T("overview.chart.alt", "least", v.count(slices.Min(counts)), "most", v.count(slices.Max(counts)),
			"last", v.count(counts[len(counts)-1]), "new", v.count(sum))
	}
	return c
}

// events are the latest things of note in the audit log.
func (v *visit) events() (ui.Block, error) {
	var logs []guestlist.Log
	if _, err := v.api.List(v.ctx(), "/logs", query("enableCap", "true"), 1, maxLines, &logs); err != nil {
		return nil, err
	}
	l := ui.List{Empty: v.T("overview.events.empty")}
	names := v.names()
	last := ""
	for _, line := range logs {
		phrase, ok := noteworthy(line)
		p := payloadOf(line)
		same := phrase + string(p.UserID) + string(p.ApplicationID) + p.Result
		if !ok || same == last || len(l.Items) == maxEvents {
			continue
		}
		last = same
		item := ui.ListItem{Cell: ui.Cell{Text: v.T("overview.event." + phrase), Sub: names.of(p)}, When: ui.At(line.CreatedAt), Tone: ui.Good}
		if p.Result == "Error" {
			item.Tone, item.Text = ui.Bad, v.T("overview.event.failed", "what", item.Text)
		}
		if v.has(Path + "/logs/{id}") {
			item.Href = Path + "/logs/" + client.Segment(line.ID)
		}
		l.Items = append(l.Items, item)
	}
	return l, nil
}

// maxLines is how many lines of the audit log are looked through.
const maxLines = 60

// onTheWay are refusals that everybody meets who comes in for the first time:
// the pages go on with what is asked for. The audit log has them; nothing went
// wrong.
var onTheWay = []string{"user.missing_profile", "user.user_not_exist", "one_time_token.confirmation_required"}

// noteworthy names the lines that say what somebody did, and not every step on
// the way there.
func noteworthy(line guestlist.Log) (phrase string, ok bool) {
	for _, kind := range []struct{ prefix, suffix, phrase string }{
		{"Interaction.SignIn.", ".Submit", "sign_in"}, {"Interaction.Register.", ".Submit", "register"},
		{"Interaction.ForgotPassword.", ".Submit", "forgot"}, {"TriggerHook", "", "hook"}, {"RevokeToken", "", "revoke"},
		{"ExchangeTokenBy.ClientCredentials", "", "token"},
	} {
		if strings.HasPrefix(line.Key, kind.prefix) && strings.HasSuffix(line.Key, kind.suffix) {
			whole := line.Key == kind.prefix[:len(kind.prefix)-1]+kind.suffix || kind.suffix == ""
			p := payloadOf(line)
			return kind.phrase, (whole || p.Result == "Error") && !slices.Contains(onTheWay, p.Error)
		}
	}
	return "", false
}

// names finds what users and applications of the audit log are called, each
// once.
type names struct {
	v     *visit
	known map[string]string
}

func (v *visit) names() names { return names{v, map[string]string{}} }

// of names whoever a line is about. Those who are gone have no name.
func (n names) of(p payload) string {
	var parts []string
	if p.UserID != "" {
		parts = append(parts, n.look("/users/"+client.Segment(p.UserID), func(path string) (string, error) {
			var u guestlist.User
			err := n.v.api.Do(n.v.ctx(), "GET", path, nil, &u)
			return userName(u), err
		}))
	}
	if p.ApplicationID != "" {
		parts = append(parts, n.look("/applications/"+client.Segment(p.ApplicationID), func(path string) (string, error) {
			var a guestlist.Application
			err := n.v.api.Do(n.v.ctx(), "GET", path, nil, &a)
			return a.Name, err
		}))
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(parts, " · ")
}

func (n names) look(path string, read func(string) (string, error)) string {
	if name, ok := n.known[path]; ok {
		return name
	}
	name, err := read(path)
	if err != nil {
		name = ""
	}
	n.known[path] = name
	return name
}
