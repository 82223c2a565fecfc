package console

import (
	"strconv"
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
)

// The limits of lifetimes, as the API has them.
const (
	maxLifetimeDays = 180
	maxLifetime     = 365 * 24 * 60 * 60 // seconds
)

// applicationForm is everything that can be set of an application.
func (v *visit) applicationForm(a application, tag string) *ui.Form {
	about := ""
	if a.Description != nil {
		about = *a.Description
	}
	form := &ui.Form{Action: applicationPath(a.ID), Submit: v.T("shell.save"), Tag: tag, Sections: []ui.FormSection{{
		Fields: []ui.Field{
			{Name: "name", Label: v.T("applications.name"), Help: v.T("applications.name_help"), Value: a.Name, Max: 256},
			{Name: "description", Label: v.T("applications.description"), Value: about, Optional: true, Max: 2048},
		},
	}}}
	if a.Type.MayRedirect() {
		form.Sections = append(form.Sections, v.addressFields(a), v.lifetimeFields(a), v.sessionFields(a))
	}
	return form
}

func (v *visit) addressFields(a application) ui.FormSection {
	logout := v.uriField("postLogoutRedirectUris", "applications.logout", a.OIDCClientMetadata.PostLogoutRedirectURIs)
	logout.API = "oidcClientMetadata.postLogoutRedirectUris"
	origins := v.uriField("corsAllowedOrigins", "applications.cors", a.CustomClientMetadata.CORSAllowedOrigins)
	origins.API, origins.Optional = "customClientMetadata.corsAllowedOrigins", true
	origins.Placeholder = "https://app.example.com"
	return ui.FormSection{
		Title: v.T("applications.addresses"), Text: v.T("applications.addresses_text"),
		Fields: []ui.Field{v.redirectField(a.OIDCClientMetadata.RedirectURIs), logout, origins},
	}
}

func (v *visit) lifetimeFields(a application) ui.FormSection {
	m := a.CustomClientMetadata
	one, days, seconds := 1, maxLifetimeDays, maxLifetime
	life := func(name string, value *int, most *int, standard int, unit string) ui.Field {
		f := ui.Field{
			Kind: ui.KindNumber, Name: name, API: "customClientMetadata." + name, Label: v.T("applications.life." + name),
			Help: v.T("applications.life." + name + "_help"), Least: &one, Most: most, Suffix: v.T("applications.life." + unit), Optional: true,
		}
		if value != nil {
			f.Value = strconv.Itoa(*value)
		}
		if standard > 0 {
			f.Placeholder = strconv.Itoa(standard)
		}
		return f
	}
	fields := []ui.Field{}
	if a.Type != guestlist.ApplicationNative {
		fields = append(fields, ui.Field{
			Kind: ui.KindSwitch, Name: "alwaysIssueRefreshToken", Label: v.T("applications.refresh.always"),
			Help: v.T("applications.refresh.always_help"), On: isSet(m.AlwaysIssueRefreshToken),
		})
	}
	return ui.FormSection{Title: v.T("applications.tokens"), Fields: append(fields,
		ui.Field{
			Kind: ui.KindSwitch, Name: "rotateRefreshToken", Label: v.T("applications.refresh.rotate"),
			Help: v.T("applications.refresh.rotate_help"), On: m.RotateRefreshToken == nil || *m.RotateRefreshToken,
		},
		life("refreshTokenTtlInDays", m.RefreshTokenTTLInDays, &days, guestlist.DefaultRefreshTokenTTLDays, "days"),
		life("refreshTokenTtl", m.RefreshTokenTTL, &seconds, 0, "seconds"),
		life("idTokenTtl", m.IDTokenTTL, &seconds, guestlist.DefaultIDTokenTTLSeconds, "seconds"),
	)}
}

func (v *visit) sessionFields(a application) ui.FormSection {
	meta := a.OIDCClientMetadata
	return ui.FormSection{
		Title: v.T("applications.sessions"), Text: v.T("applications.sessions_text"), Folded: true,
		Fields: []ui.Field{
			{
				Name: "backchannelLogoutUri", API: "oidcClientMetadata.backchannelLogoutUri", Type: "url", Code: true, Optional: true, Max: 2048,
				Label: v.T("applications.backchannel.uri"), Help: v.T("applications.backchannel.uri_help"), Value: meta.BackchannelLogoutURI,
			},
			{
				Kind: ui.KindSwitch, Name: "backchannelLogoutSessionRequired", Label: v.T("applications.backchannel.session"),
				Help: v.T("applications.backchannel.session_help"), On: isSet(meta.BackchannelLogoutSessionRequired),
			},
			{
				Name: "initiateLoginUri", API: "customClientMetadata.initiateLoginUri", Type: "url", Code: true, Optional: true, Max: 2048,
				Label: v.T("applications.initiate"), Help: v.T("applications.initiate_help"), Value: a.CustomClientMetadata.InitiateLoginURI,
			},
		},
	}
}

func isSet(b *bool) bool { return b != nil && *b }

func getApplication(v *visit) error {
	var a application
	tag, err := v.api.Get(v.ctx(), "/applications/"+client.Segment(v.id("id")), &a)
	if err != nil {
		return err
	}
	if a.isBuiltIn() {
		return v.show(&ui.Page{
			Name: "application-built-in",
			Header: ui.Header{
				Title: a.Name, ID: string(a.ID), Crumbs: []ui.Link{{Text: v.T("applications.title"), Href: pathApplications}},
				Lead: v.T("applications.built_in"),
			},
		})
	}
	return v.show(v.applicationPage(a, "settings", v.applicationForm(a, tag)))
}

// postApplication saves. The API takes the two groups of metadata whole, so
// that what has no field here is sent as it was read.
func postApplication(v *visit) error {
	a, tag, err := v.application()
	if err != nil {
		return err
	}
	form := v.applicationForm(a, tag)
	page := v.applicationPage(a, "settings", form)
	change := map[string]any{"name": v.form.Get("name"), "description": orNull(v.form.Get("description"))}
	if a.Type.MayRedirect() {
		if !v.readMetadata(&a, form) {
			v.markEmpty(form, "name")
			return v.again(page, form, errMarked)
		}
		change["oidcClientMetadata"], change["customClientMetadata"] = a.OIDCClientMetadata, a.CustomClientMetadata
	}
	_, err = v.api.Send(v.ctx(), client.Call{Method: "PATCH", Path: a.path(), In: change, Tag: v.form.Get(ui.FieldTag)})
	if err != nil {
		return v.again(page, form, err)
	}
	return v.done(applicationPath(a.ID), v.T("shell.saved"))
}

// readMetadata writes what was typed over an application. It reports whether
// all of it can be read, and marks what cannot.
func (v *visit) readMetadata(a *application, form *ui.Form) bool {
	fits := v.markURIs(form, "redirectUris", "postLogoutRedirectUris", "corsAllowedOrigins")
	meta, own := &a.OIDCClientMetadata, &a.CustomClientMetadata
	meta.RedirectURIs, meta.PostLogoutRedirectURIs = ui.ListOf(v.form, "redirectUris"), ui.ListOf(v.form, "postLogoutRedirectUris")
	meta.BackchannelLogoutURI = strings.TrimSpace(v.form.Get("backchannelLogoutUri"))
	meta.BackchannelLogoutSessionRequired = switched(meta.BackchannelLogoutSessionRequired, v.form.Get("backchannelLogoutSessionRequired"), false)
	own.CORSAllowedOrigins = ui.ListOf(v.form, "corsAllowedOrigins")
	own.InitiateLoginURI = strings.TrimSpace(v.form.Get("initiateLoginUri"))
	if a.Type != guestlist.ApplicationNative {
		own.AlwaysIssueRefreshToken = switched(own.AlwaysIssueRefreshToken, v.form.Get("alwaysIssueRefreshToken"), false)
	}
	own.RotateRefreshToken = switched(own.RotateRefreshToken, v.form.Get("rotateRefreshToken"), true)
	for name, to := range map[string]**int{
		"idTokenTtl": &own.IDTokenTTL, "refreshTokenTtl": &own.RefreshTokenTTL, "refreshTokenTtlInDays": &own.RefreshTokenTTLInDays,
	} {
		n, ok := v.numberIfAny(form, name)
		*to, fits = n, fits && ok
	}
	return fits
}

// switched is a switch that may also be absent: what was absent, and is left as
// the standard has it, stays absent.
func switched(was *bool, typed string, standard bool) *bool {
	on := typed == ui.Yes
	if was == nil && on == standard {
		return nil
	}
	return &on
}

// numberIfAny reads a whole number that may be left out, and marks what is none.
func (v *visit) numberIfAny(form *ui.Form, name string) (*int, bool) {
	text := strings.TrimSpace(v.form.Get(name))
	if text == "" {
		return nil, true
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		form.Mark(form.Field(name).MarkName(), v.T("ui.issue.number"))
		return nil, false
	}
	return &n, true
}

// markEmpty says of a field that it is needed. The API says so too, but not
// when something else is found wrong before.
func (v *visit) markEmpty(form *ui.Form, name string) {
	if strings.TrimSpace(v.form.Get(name)) == "" {
		form.Mark(name, v.T("ui.issue.required"))
	}
}

// orNull is a text that may be absent, as the API has it.
func orNull(text string) *string {
	if text = strings.TrimSpace(text); text == "" {
		return nil
	}
	return &text
}
