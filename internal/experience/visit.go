package experience

import (
	"net/http"
	"net/url"
	"strings"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// The cookies of the wire that the pages read; package oidc sets them.
const (
	cookieInteraction = "_interaction"
	cookieSession     = "_session"
)

// visit is one request for a page, with what every page needs to know.
type visit struct {
	d     *Door
	w     http.ResponseWriter
	r     *http.Request
	query url.Values
	form  url.Values // of a POST

	exp  guestlist.SignInExperience
	uid  string
	run  *signin.Interaction // nil when the browser has none
	app  guestlist.Application
	note note
	look web.Look
}

// visit reads a request. An interaction that is unknown or over is none.
func (d *Door) visit(w http.ResponseWriter, r *http.Request) (*visit, error) {
	v := &visit{d: d, w: w, r: r}
	var err error
	if v.query, err = web.Query(r); err != nil {
		return nil, err
	}
	if r.Method == http.MethodPost {
		if v.form, err = web.ReadForm(w, r); err != nil {
			return nil, err
		}
	}
	if v.exp, err = d.Desk.Experience(r.Context()); err != nil {
		return nil, err
	}
	if err := v.findInteraction(); err != nil {
		return nil, err
	}
	v.note = v.readNote()
	v.look = v.dress()
	return v, nil
}

func (v *visit) findInteraction() error {
	client := guestlist.ApplicationID(v.query.Get("app_id"))
	if cookie, ok := v.d.Cookies.Get(v.r, cookieInteraction); ok {
		if plain, err := url.QueryUnescape(cookie); err == nil {
			v.uid = signin.PickUID(plain, client)
		}
	}
	if v.uid != "" {
		run, err := v.d.Desk.Load(v.r.Context(), v.uid)
		switch {
		case err == nil:
			v.run, client = run, run.Request.ClientID
		case guestlist.KindOf(err) == guestlist.KindInternal:
			return err
		}
	}
	if app, ok := v.d.BuiltIn[client]; ok {
		v.app = app
		return nil
	}
	if client == "" {
		return nil
	}
	app, err := v.d.Desk.Application(v.r.Context(), client)
	if err != nil && guestlist.KindOf(err) == guestlist.KindInternal {
		return err
	}
	v.app = app
	return nil
}

// dress chooses language and look.
func (v *visit) dress() web.Look {
	locales := v.query.Get("ui_locales")
	if locales == "" && v.run != nil {
		locales = v.run.Request.UILocales
	}
	info := v.exp.LanguageInfo
	phrases := v.d.Manners.Phrases
	look := web.Dress(v.exp)
	look.Phrases = phrases
	look.Lang = phrases.Match(locales, v.r.Header.Get("Accept-Language"), info.AutoDetect, info.FallbackLanguage)
	look.Product = v.app.Name
	return look
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// t returns a phrase of the pages; args are pairs of name and value.
func (v *visit) t(key string, args ...any) string {
	var m map[string]any
	if len(args) > 0 {
		m = map[string]any{}
		for i := 0; i+1 < len(args); i += 2 {
			m[args[i].(string)] = args[i+1]
		}
	}
	return v.look.Phrases.T(v.look.Lang, "pages."+key, m)
}

// sentence returns a phrase with one placeholder filled by a name.
func (v *visit) sentence(key, slot, name string) []web.Part {
	return v.look.Phrases.Parts(v.look.Lang, "pages."+key, map[string]web.Part{slot: {Text: name, Name: true}})
}

// toApp is the sentence that says where the guest is going, if anywhere.
func (v *visit) toApp(key string) []web.Part {
	if v.look.Product == "" {
		return nil
	}
	return v.sentence(key, "app", v.look.Product)
}

// show answers with a page.
func (v *visit) show(p *web.Page) error { return v.showAs(http.StatusOK, p) }

func (v *visit) showAs(status int, p *web.Page) error {
	return v.d.Pages.Write(v.w, status, v.look, p)
}

// caller is who sent the request.
func (v *visit) caller() signin.Caller {
	c := signin.Caller{UserAgent: v.r.UserAgent(), Languages: []string{v.look.Lang}}
	if ip := web.ClientIP(v.r, v.d.Trusted); ip.IsValid() {
		c.IP = ip.String()
	}
	return c
}

// submit hands actions to the desk, one after another until one is refused.
func (v *visit) submit(actions ...signin.Action) (signin.Step, error) {
	return v.d.Desk.SubmitAll(v.r.Context(), v.uid, v.caller(), actions...)
}

// typed returns a value of the form without outer space.
func (v *visit) typed(name string) string { return strings.TrimSpace(v.form.Get(name)) }

// hint is who the application thinks the guest is.
func (v *visit) hint() string {
	if h := v.query.Get("login_hint"); h != "" {
		return h
	}
	if v.run != nil {
		return v.run.Request.LoginHint
	}
	return ""
}
