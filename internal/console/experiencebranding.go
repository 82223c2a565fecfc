package console

import (
	"cmp"
	"strconv"
	"strings"

	"guestlist"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

// brandPictures are the tenant's pictures, by their member of the branding.
var brandPictures = []string{"logoUrl", "darkLogoUrl", "favicon", "darkFavicon"}

func brandingTab() tab {
	return tab{name: "branding", shows: "sign-in", load: loadWording, form: brandingForm, change: brandingChange}
}

func brandingForm(v *visit, s *settings) *ui.Form {
	exp := s.exp
	accept := strings.Join(web.PictureTypes, ",")
	urls := map[string]string{
		"logoUrl": exp.Branding.LogoURL, "darkLogoUrl": exp.Branding.DarkLogoURL, "favicon": exp.Branding.Favicon, "darkFavicon": exp.Branding.DarkFavicon,
	}
	look := ui.FormSection{Title: v.T("experience.branding.pictures"), Text: v.T("experience.branding.pictures_text", "max", web.MaxPicture>>10)}
	for _, name := range brandPictures {
		look.Fields = append(look.Fields, ui.Field{
			Name: "branding." + name, Label: v.T("experience.branding." + name), Value: urls[name], Type: "url", Max: 2048, Optional: true,
			Placeholder: "https://", Upload: "file." + name, Accept: accept,
		})
	}
	light, dark := web.NewTheme(exp.Color.PrimaryColor, exp.Color.DarkPrimaryColor, exp.Color.IsDarkModeEnabled).Verdicts()
	lightGrounds, darkGrounds := web.Grounds()
	return &ui.Form{Upload: true, Sections: []ui.FormSection{
		{Title: v.T("experience.branding.colors"), Text: v.T("experience.branding.colors_text"), Fields: []ui.Field{
			{Kind: ui.KindColor, Name: "color.primaryColor", Label: v.T("experience.branding.color"), Value: strings.ToLower(exp.Color.PrimaryColor),
				Contrast: v.contrast(light, lightGrounds)},
			{Kind: ui.KindSwitch, Name: "color.isDarkModeEnabled", Label: v.T("experience.branding.dark"), Help: v.T("experience.branding.dark_help"),
				On: exp.Color.IsDarkModeEnabled},
			{Kind: ui.KindColor, Name: "color.darkPrimaryColor", Label: v.T("experience.branding.dark_color"), Value: strings.ToLower(exp.Color.DarkPrimaryColor),
				Contrast: v.contrast(dark, darkGrounds)},
		}},
		look,
		{Title: v.T("experience.branding.more"), Folded: true, Fields: []ui.Field{
			{Kind: ui.KindSwitch, Name: "signature", API: "hideLogtoBranding", Label: v.T("experience.branding.signature"),
				Help: v.T("experience.branding.signature_help"), On: !exp.HideLogtoBranding},
			{Kind: ui.KindTextarea, Name: "customCss", Label: v.T("experience.branding.css"), Help: v.T("experience.branding.css_help"),
				Value: orZero(exp.CustomCSS, ""), Rows: 12, Code: true, Optional: true},
		}},
	}}
}

// contrast says whether links in a colour can be read. Where they cannot, the
// pages draw them darker or lighter by themselves, and buttons get text that
// can be read in any case.
func (v *visit) contrast(c web.Verdict, grounds []string) *ui.Contrast {
	return &ui.Contrast{
		Ratio: strconv.FormatFloat(c.Own, 'f', 1, 64), Enough: c.Own >= web.TextContrast,
		Good: v.T("experience.branding.readable"), Bad: v.T("experience.branding.corrected"),
		Grounds: strings.Join(grounds, " "), Least: strconv.FormatFloat(web.TextContrast, 'f', 1, 64),
	}
}

// brandingChange keeps the pictures that came with the form.
func brandingChange(v *visit, s *settings, form *ui.Form) map[string]any {
	branding := map[string]string{}
	v.keepPictures(form, "branding.", s.files)
	for _, name := range brandPictures {
		if u := strings.TrimSpace(v.form.Get("branding." + name)); u != "" {
			branding[name] = u
		}
	}
	color := func(name, was string) string {
		typed := strings.TrimSpace(v.form.Get(name))
		if strings.EqualFold(typed, was) {
			return was
		}
		return cmp.Or(typed, was)
	}
	return map[string]any{
		"color": guestlist.ExperienceColor{
			PrimaryColor: color("color.primaryColor", s.exp.Color.PrimaryColor), IsDarkModeEnabled: v.on("color.isDarkModeEnabled"),
			DarkPrimaryColor: color("color.darkPrimaryColor", s.exp.Color.DarkPrimaryColor),
		},
		"branding": branding, "hideLogtoBranding": !v.on("signature"), "customCss": v.word("customCss"),
	}
}
