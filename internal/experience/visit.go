package experience

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
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
	file  []byte     // the picture that came with it, if any

	exp  guestlist.SignInExperience
	uid  string
	run  *signin.Interaction // nil when the browser has none
	acct *signin.Account     // on the pages of one's own account, never nil there
	app  guestlist.Application
	note note
	look web.Look

	// still says that the page is only looked at: it belongs to no interaction.
	still bool
	draft *signin.Draft // settings to be shown in place of those in force
}

// visit reads a request. An interaction that is unknown or over is none.
func (d *Door) visit(w http.ResponseWriter, r *http.Request) (*visit, error) {
	v := &visit{d: d, w: w, r: r}
	return v, v.read(v.findDraft)
}

// visitOf is visit in an interaction of the browser's that is known by other
// means than the application; "" for one that is not.
func (d *Door) visitOf(w http.ResponseWriter, r *http.Request, uid string) (*visit, error) {
	v := &visit{d: d, w: w, r: r, uid: uid}
	return v, v.read(func() error { return nil })
}

// read fills in a visit. settle may put other settings in the place of those
// in force.
func (v *visit) read(settle func() error) error {
	err := v.take()
	if err != nil {
		return err
	}
	if err := settle(); err != nil {
		return err
	}
	if err := v.findInteraction(); err != nil {
		return err
	}
	v.note = v.readNote()
	v.look, err = v.dress()
	return err
}

// take reads what was sent, and the settings in force.
func (v *visit) take() (err error) {
	if v.query, err = web.Query(v.r); err != nil {
		return err
	}
	if v.r.Method == http.MethodPost {
		if v.form, v.file, err = v.readForm(); err != nil {
			return err
		}
	}
	v.exp, err = v.d.Desk.Experience(v.r.Context())
	return err
}

// readForm reads a form, and its picture on the page that has one.
func (v *visit) readForm() (form url.Values, picture []byte, err error) {
	if v.r.URL.Path == pageAccountProfile {
		return web.ReadPictureForm(v.w, v.r, fieldPicture)
	}
	form, err = web.ReadForm(v.w, v.r)
	return form, nil, err
}

// uidOf returns the browser's interaction for an application, or its latest
// one; "" if it has none or its cookie was altered.
func (d *Door) uidOf(r *http.Request, client guestlist.ApplicationID) string {
	cookie, ok := d.Cookies.Get(r, cookieInteraction)
	if !ok {
		return ""
	}
	plain, err := url.QueryUnescape(cookie)
	if err != nil {
		return ""
	}
	return signin.PickUID(plain, client)
}

func (v *visit) findInteraction() error {
	client := guestlist.ApplicationID(v.query.Get("app_id"))
	if v.still {
		v.uid = ""
	} else if v.uid == "" {
		v.uid = v.d.uidOf(v.r, client)
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
	var err error
	v.app, err = v.application(client)
	return err
}

// application returns an application, the house's own included; the zero one for
// none and for one that is gone.
func (v *visit) application(id guestlist.ApplicationID) (guestlist.Application, error) {
	if app, ok := v.d.BuiltIn[id]; ok || id == "" {
		return app, nil
	}
	app, err := v.d.Desk.Application(v.r.Context(), id)
	if err != nil && guestlist.KindOf(err) != guestlist.KindInternal {
		err = nil
	}
	return app, err
}

// dress chooses language and look: the tenant's, under what the application
// set for itself. The dress of others' applications is shown at consent alone.
func (v *visit) dress() (web.Look, error) {
	look := web.Dress(v.exp)
	look.Product = v.app.Name
	if v.app.ID != "" {
		own, err := v.d.Desk.ApplicationLook(v.r.Context(), v.app.ID)
		if err != nil {
			return look, err
		}
		v.wear(&look, own)
	}
	if v.still {
		look.Still, look.Theme = true, look.Theme.In(v.query.Get(paramTheme))
	}
	err := v.speak(&look)
	if v.app.ID == guestlist.AccountApplication && look.Product == v.app.Name {
		look.Product = look.Phrases.T(look.Lang, "pages.account.title", nil)
	}
	return look, err
}

// wear puts an application's own dress over the tenant's.
func (v *visit) wear(look *web.Look, own signin.ApplicationLook) {
	if own.DisplayName != "" {
		look.Product = own.DisplayName
	}
	if v.app.IsThirdParty {
		return
	}
	set := func(to *string, from string) {
		if from != "" {
			*to = from
		}
	}
	color := v.exp.Color
	set(&color.PrimaryColor, own.Color.PrimaryColor)
	set(&color.DarkPrimaryColor, own.Color.DarkPrimaryColor)
	if own.OwnDarkMode != nil {
		color.IsDarkModeEnabled = *own.OwnDarkMode
	}
	look.Theme = web.NewTheme(color.PrimaryColor, color.DarkPrimaryColor, color.IsDarkModeEnabled)
	if own.Branding.LogoURL != "" { // a dark logo of the tenant's would not fit
		look.LogoURL, look.DarkLogoURL = own.Branding.LogoURL, own.Branding.DarkLogoURL
	}
	set(&look.FaviconURL, own.Branding.Favicon)
	set(&look.CustomCSS, text(own.CustomCSS))
}

// speak chooses the language, among ours and the tenant's.
func (v *visit) speak(look *web.Look) error {
	wording, err := v.d.Desk.Wording(v.r.Context())
	if err != nil {
		return err
	}
	if v.draft != nil && len(v.draft.Wording) > 0 {
		words := map[string]map[string]any{}
		maps.Copy(words, wording)
		maps.Copy(words, v.draft.Wording)
		wording = words
	}
	locales := v.query.Get("ui_locales")
	if locales == "" && v.run != nil {
		locales = v.run.Request.UILocales
	}
	phrases := v.d.Manners.Phrases
	look.Lang = v.d.language(v.r, locales, v.exp.LanguageInfo, wording)
	look.Phrases = phrases
	if own, ok := wording[look.Lang]; ok {
		look.Phrases = phrases.With(look.Lang, own)
	}
	return nil
}

// language chooses the language of a request, among ours and the tenant's own.
func (d *Door) language(r *http.Request, locales string, info guestlist.LanguageInfo, own map[string]map[string]any) string {
	return d.Manners.Phrases.Match(locales, r.Header.Get("Accept-Language"), info.AutoDetect, info.FallbackLanguage,
		slices.Sorted(maps.Keys(own))...)
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
			m[args[i].(string)] = v.apart(args[i+1])
		}
	}
	return v.look.Phrases.T(v.look.Lang, "pages."+key, m)
}

// apart sets a name in a sentence that is written from right to left apart, so
// that a number keeps its sign, and marks at its end, on their side.
func (v *visit) apart(value any) any {
	if text, ok := value.(string); ok && text != "" && web.Dir(v.look.Lang) == "rtl" {
		return "\u2068" + text + "\u2069"
	}
	return value
}

// optional is the label of a field that may stay empty among others that may not.
func (v *visit) optional(label string) string { return v.t("details.optional", "label", label) }

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
	if v.still {
		v.stop(p)
		return v.d.Pages.Write(v.w, status, v.look, p)
	}
	if err := v.addCaptcha(p); err != nil {
		return err
	}
	return v.d.Pages.Write(v.w, status, v.look, p)
}

// caller is who sent the request.
func (v *visit) caller() signin.Caller {
	return v.d.caller(v.r, v.look.Lang)
}

// maxUserAgent is how much of a User-Agent is kept, in bytes.
const maxUserAgent = 512

// caller is who sent a request; languages are what messages to them are
// written in, the best first.
func (d *Door) caller(r *http.Request, languages ...string) signin.Caller {
	c := signin.Caller{UserAgent: r.UserAgent()[:min(len(r.UserAgent()), maxUserAgent)], Languages: languages}
	if ip := web.ClientIP(r, d.Trusted); ip.IsValid() {
		c.IP = ip.String()
	}
	return c
}

// submit hands actions to the desk, one after another until one is refused.
func (v *visit) submit(actions ...signin.Action) (signin.Step, error) {
	return v.d.Desk.SubmitAll(v.r.Context(), v.uid, v.caller(), actions...)
}

// typedIdentifier is how the guest named themselves, without outer space.
func (v *visit) typedIdentifier() string { return strings.TrimSpace(v.form.Get(fieldIdentifier)) }

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
