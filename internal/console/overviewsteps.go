package console

import (
	"context"
	"time"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

const (
	// cookieSteps says that somebody does not want to see the first steps.
	cookieSteps = "console_steps"
	stepsHidden = "hidden"
	stepsTTL    = 5 * 365 * 24 * time.Hour

	// maxStepUsers is how many users a server has at most that still begins:
	// with more it found its way, and the first steps are not shown.
	maxStepUsers = 20
)

func postHideSteps(v *visit) error {
	v.d.Cookies.Set(v.w, cookieSteps, stepsHidden, web.CookieOptions{MaxAge: stepsTTL})
	return v.to(Path)
}

// beginning is what the first steps depend on.
type beginning struct {
	application *guestlist.Application // one that people sign in to, nil for none
	closed      bool
	mail        bool
	guest       *guestlist.User // one who came in, nil for nobody
}

// beginning looks how far a new server got; nil if it is none, or if the person
// at the keyboard does not want to hear of it.
func (v *visit) beginning(mode guestlist.SignInMode) (*beginning, error) {
	if hidden, _ := v.d.Cookies.Get(v.r, cookieSteps); hidden == stepsHidden {
		return nil, nil
	}
	var users []guestlist.User
	answer, err := v.api.List(v.ctx(), "/users", nil, 1, maxStepUsers, &users)
	if err != nil || answer.Total > maxStepUsers {
		return nil, err
	}
	b := &beginning{closed: mode == guestlist.ModeSignIn, guest: firstGuest(users, v.who.UserID)}
	if b.application, err = v.ownApplication(); err != nil {
		return nil, err
	}
	b.mail, err = v.mails()
	return b, err
}

// firstGuest is somebody who came in, and is not whoever looks. Who only saw the
// demo application is no guest of this product's yet.
func firstGuest(users []guestlist.User, host guestlist.UserID) *guestlist.User {
	for _, u := range users {
		demo := u.ApplicationID != nil && *u.ApplicationID == guestlist.DemoApplication
		if u.ID != host && u.LastSignInAt != nil && !demo {
			return &u
		}
	}
	return nil
}

// ownApplication is the newest application that people sign in to, nil for none.
func (v *visit) ownApplication() (*guestlist.Application, error) {
	var apps []guestlist.Application
	_, err := v.api.List(v.ctx(), "/applications", query("types", "SPA", "types", "Native", "types", "Traditional"), 1, 1, &apps)
	if err != nil || len(apps) == 0 {
		return nil, err
	}
	return &apps[0], nil
}

// mails reports whether there is a way to send e-mail. Who may not look at
// connectors is not told to mend them.
func (v *visit) mails() (bool, error) {
	if !v.owns() {
		return true, nil
	}
	var connectors []struct {
		Type guestlist.ConnectorType `json:"type"`
	}
	if err := v.api.Do(v.ctx(), "GET", "/connectors", nil, &connectors); err != nil {
		return false, err
	}
	for _, c := range connectors {
		if c.Type == guestlist.ConnectorEmail {
			return true, nil
		}
	}
	return false, nil
}

// steps leads from an empty server to the first guest: what is done is ticked
// off, and what comes next has the button that stands out.
func (v *visit) steps(b *beginning) ui.Block {
	items := []ui.ListItem{v.stepApplication(b), v.stepDoor(b), v.stepMail(b), v.stepGuest(b)}
	text := v.T("overview.steps.text")
	next := true
	for i := range items {
		switch {
		case items[i].Tone == ui.Good:
			items[i].When = ui.Cell{Text: v.T("overview.steps.done"), Quiet: true}
		case next && len(items[i].Actions) > 0:
			items[i].Actions[0].Primary, next = true, false
		}
	}
	if b.guest != nil && next {
		text = v.T("overview.steps.all_done")
	}
	return ui.Section{
		ID: "steps", Title: v.T("overview.steps.title"), Text: text, Body: []ui.Block{ui.List{Items: items}},
		Actions: []ui.Action{{Text: v.T("overview.steps.hide"), Href: Path + "/steps/hide", Post: true}},
	}
}

// step is one of them. Whatever is done is so in every language: it has a tick
// and a word.
func (v *visit) step(done bool, text, sub string, actions ...ui.Action) ui.ListItem {
	item := ui.ListItem{Cell: ui.Cell{Text: text, Sub: sub}, Actions: actions}
	if done {
		item.Tone = ui.Good
	}
	return item
}

func (v *visit) stepApplication(b *beginning) ui.ListItem {
	if b.application != nil {
		return v.step(true, v.T("overview.steps.application"), v.T("overview.steps.application_done", "name", b.application.Name),
			ui.Action{Text: v.T("overview.steps.application_open"), Href: applicationPath(b.application.ID) + "/snippets"})
	}
	return v.step(false, v.T("overview.steps.application"), v.T("overview.steps.application_text"),
		ui.Action{Text: v.T("overview.steps.application_do"), Href: pathApplications + "/new"})
}

func (v *visit) stepDoor(b *beginning) ui.ListItem {
	if b.closed {
		return v.step(true, v.T("overview.steps.door"), v.T("waitlist.policy_help.invite_only"))
	}
	return v.step(false, v.T("overview.steps.door"), v.T("overview.steps.door_text"), ui.Action{
		Text: v.T("overview.door.close"), Href: Path + "/door", Post: true, Hidden: []ui.Hidden{{Name: "open", Value: "false"}},
	})
}

func (v *visit) stepMail(b *beginning) ui.ListItem {
	switch {
	case b.mail && v.d.Mailbox != "":
		return v.step(true, v.T("overview.steps.mail"), v.T("overview.steps.mail_dev"),
			ui.Action{Text: v.T("overview.steps.mailbox"), Href: v.d.Mailbox, Away: true, Icon: "away"})
	case b.mail:
		return v.step(true, v.T("overview.steps.mail"), v.T("overview.steps.mail_done"))
	default:
		return v.step(false, v.T("overview.steps.mail"), v.T("overview.steps.mail_text"),
			ui.Action{Text: v.T("overview.steps.mail_do"), Href: Path + "/connectors"})
	}
}

func (v *visit) stepGuest(b *beginning) ui.ListItem {
	switch {
	case b.guest != nil:
		return v.step(true, v.T("overview.steps.guest"), v.T("overview.steps.guest_done", "name", userName(*b.guest)),
			ui.Action{Text: v.T("overview.steps.application_open"), Href: pathUsers + "/" + client.Segment(b.guest.ID)})
	case b.application == nil:
		return v.step(false, v.T("overview.steps.guest"), v.T("overview.steps.guest_first"))
	default:
		return v.step(false, v.T("overview.steps.guest"), v.T("overview.steps.guest_text"),
			ui.Action{Text: v.T("overview.steps.guest_do"), Href: applicationPath(b.application.ID) + "/magic-link"},
			ui.Action{Text: v.T("overview.steps.guests_do"), Href: pathCampaigns + "/new"})
	}
}

// vacant answers whoever wants to sign in to a server that nobody administers:
// there is nobody to sign in as, and the way in is a link. It reports whether it
// did.
func (v *visit) vacant(ctx context.Context) (bool, error) {
	has, err := v.d.HasAdministrator(ctx)
	if err != nil || has {
		return false, err
	}
	return true, v.show(&ui.Page{
		Name: "vacant", Bare: true, Header: ui.Header{Title: v.T("shell.vacant.title"), Lead: v.T("shell.vacant.text")},
	})
}
