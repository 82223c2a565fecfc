package demo

import (
	"net/http"
	"net/url"

	"guestlist/internal/web"
)

// show draws one of the application's pages. They are for developers, so they
// are in English alone.
func (a *App) show(w http.ResponseWriter, _ *http.Request, page *web.Page) error {
	return a.Pages.Write(w, http.StatusOK, web.Look{Product: "Demo application", Signature: true}, page)
}

func (a *App) userPage(c claims) *web.Page {
	facts := []web.Fact{{Term: "User ID", Value: c.Subject}}
	for _, f := range []struct {
		term  string
		value *string
	}{{"Username", c.Username}, {"Name", c.Name}, {"E-mail", c.Email}} {
		if f.value != nil && *f.value != "" {
			facts = append(facts, web.Fact{Term: f.term, Value: *f.value})
		}
	}
	return &web.Page{
		Name: "demo", Title: "You are in", Badge: web.BadgeDone,
		Lead:  web.Plain("This is the smallest application that can stand behind Guestlist. It knows this about you:"),
		Facts: facts,
		Form:  &web.Form{Action: Path + "/sign-out", Submit: "Sign out", Away: true},
	}
}

func (a *App) errorPage(q url.Values) *web.Page {
	text := q.Get("error_description")
	if text == "" {
		text = q.Get("error")
	}
	return &web.Page{
		Name: "demo-error", Title: "Signing in did not work", Badge: web.BadgeShut,
		Alert:   &web.Alert{Text: text},
		Actions: []web.Action{{Text: "Try again", Href: Path, Button: true}},
	}
}
