package console

import (
	"slices"
	"strings"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

// applicationBrand is how an application differs from the rest on the sign-in
// pages; what is absent is as for all.
type applicationBrand struct {
	Color struct {
		Primary     *string `json:"primaryColor,omitempty"`
		DarkMode    *bool   `json:"isDarkModeEnabled,omitempty"`
		DarkPrimary *string `json:"darkPrimaryColor,omitempty"`
	} `json:"color"`
	Branding    guestlist.Branding `json:"branding"`
	CustomCSS   *string            `json:"customCss"`
	Terms       *string            `json:"termsOfUseUrl"`
	Privacy     *string            `json:"privacyPolicyUrl"`
	DisplayName *string            `json:"displayName"`
}

// brand reads the branding of an application; one that has none yet gets an
// empty one.
func (v *visit) brand(a application) (applicationBrand, string, error) {
	var b applicationBrand
	tag, err := v.api.Get(v.ctx(), a.path()+"/sign-in-experience", &b)
	if guestlist.KindOf(err) == guestlist.KindNotFound {
		err = nil
	}
	return b, tag, err
}

func (v *visit) brandForm(a application, b applicationBrand, tag string) *ui.Form {
	field := func(name, api, value string, kind ui.Kind) ui.Field {
		f := ui.Field{Kind: kind, Name: name, API: api, Label: v.T("applications.brand." + name), Value: value, Optional: true}
		if strings.HasSuffix(name, "Url") || strings.HasSuffix(strings.ToLower(name), "favicon") {
			f.Type, f.Code, f.Max, f.Placeholder = "url", true, 2048, "https://"
		}
		if slices.Contains(brandPictures, name) {
			f.Upload, f.Accept = "file."+name, strings.Join(web.PictureTypes, ",")
		}
		return f
	}
	name := field("displayName", "displayName", deref(b.DisplayName), ui.KindText)
	name.Max, name.Help = 256, v.T("applications.brand.displayName_help")
	css := field("customCss", "customCss", deref(b.CustomCSS), ui.KindTextarea)
	css.Code, css.Rows = true, 10
	return &ui.Form{Upload: true, Action: applicationPath(a.ID) + "/branding", Submit: v.T("shell.save"), Tag: tag, Sections: []ui.FormSection{
		{Text: v.T("experience.branding.pictures_text", "max", web.MaxPicture>>10), Fields: []ui.Field{
			name,
			field("logoUrl", "branding.logoUrl", b.Branding.LogoURL, ui.KindText),
			field("darkLogoUrl", "branding.darkLogoUrl", b.Branding.DarkLogoURL, ui.KindText),
			field("favicon", "branding.favicon", b.Branding.Favicon, ui.KindText),
			field("darkFavicon", "branding.darkFavicon", b.Branding.DarkFavicon, ui.KindText),
			field("primaryColor", "color.primaryColor", deref(b.Color.Primary), ui.KindColor),
			field("darkPrimaryColor", "color.darkPrimaryColor", deref(b.Color.DarkPrimary), ui.KindColor),
		}},
		{Title: v.T("applications.brand.terms"), Fields: []ui.Field{
			field("termsOfUseUrl", "termsOfUseUrl", deref(b.Terms), ui.KindText),
			field("privacyPolicyUrl", "privacyPolicyUrl", deref(b.Privacy), ui.KindText),
		}},
		{Title: v.T("applications.brand.customCss"), Folded: true, Fields: []ui.Field{css}},
	}}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (v *visit) brandPage(a application, form *ui.Form) *ui.Page {
	page := v.applicationPage(a, "branding", form)
	page.Header.Lead = v.T("applications.brand.lead")
	return page
}

func getApplicationBranding(v *visit) error {
	a, _, err := v.application()
	if err != nil {
		return err
	}
	b, tag, err := v.brand(a)
	if err != nil {
		return err
	}
	return v.show(v.brandPage(a, v.brandForm(a, b, tag)))
}

func postApplicationBranding(v *visit) error {
	var files map[string][]byte
	if v.isUpload() {
		var err error
		if files, err = v.upload(maxBrandingUpload); err != nil {
			return err
		}
	}
	a, _, err := v.application()
	if err != nil {
		return err
	}
	b, tag, err := v.brand(a)
	if err != nil {
		return err
	}
	form := v.brandForm(a, b, tag)
	v.keepPictures(form, "", files)
	if len(form.Problems()) > 0 {
		return v.again(v.brandPage(a, form), form, errMarked)
	}
	typed := func(name string) string { return strings.TrimSpace(v.form.Get(name)) }
	b.Branding = guestlist.Branding{
		LogoURL: typed("logoUrl"), DarkLogoURL: typed("darkLogoUrl"), Favicon: typed("favicon"), DarkFavicon: typed("darkFavicon"),
	}
	b.Color.Primary, b.Color.DarkPrimary = orNull(typed("primaryColor")), orNull(typed("darkPrimaryColor"))
	b.CustomCSS, b.DisplayName = orNull(v.form.Get("customCss")), orNull(typed("displayName"))
	b.Terms, b.Privacy = orNull(typed("termsOfUseUrl")), orNull(typed("privacyPolicyUrl"))
	_, err = v.api.Send(v.ctx(), client.Call{
		Method: "PUT", Path: a.path() + "/sign-in-experience", In: b, Tag: v.form.Get(ui.FieldTag),
	})
	if err != nil {
		return v.again(v.brandPage(a, form), form, err)
	}
	return v.done(applicationPath(a.ID)+"/branding", v.T("shell.saved"))
}
