package web

import (
	"html/template"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// FieldProvider is the name of the button that a guest pressed to be
// recognised by an outside identity provider; its value says which.
const FieldProvider = "provider"

// manyProviders is from how many on their buttons stand in two columns.
const manyProviders = 5

// Provider is a way in by an outside identity provider, as a button of the
// page's form: what was typed and ticked goes with it.
type Provider struct {
	Value string // of the button
	Name  string // of the provider, e.g. "GitHub"
	Text  string // e.g. "Continue with GitHub"
	// Logo and DarkLogo are data URIs of pictures, or https URLs of the
	// tenant's own; empty or anything else means the first letter of the name.
	Logo     string
	DarkLogo string
}

// Picture returns the logo for an <img>, or "" if there is none that can be
// shown.
func (p Provider) Picture() template.URL { //nolint:forbidigo // judged by picture
	return template.URL(picture(p.Logo)) //nolint:forbidigo,gosec // judged by picture
}

// DarkPicture is Picture for dark pages, as the template's srcset needs it.
func (p Provider) DarkPicture() template.Srcset { //nolint:forbidigo // judged by picture
	return template.Srcset(picture(p.DarkLogo)) //nolint:forbidigo,gosec // judged by picture
}

// pictureTypes are the data URIs that are pictures. A browser runs no script of
// an SVG that stands in an <img>.
var pictureTypes = []string{"image/svg+xml", "image/png", "image/webp", "image/jpeg", "image/gif"}

// picture lets through what can be nothing but a picture: the template refuses
// data URIs by itself.
func picture(s string) string {
	rest, isData := strings.CutPrefix(s, "data:")
	if !isData {
		if u, err := url.Parse(s); err != nil || u.Scheme != "https" || u.Host == "" || strings.ContainsAny(s, " ,") {
			return ""
		}
		return s
	}
	for _, t := range pictureTypes {
		if after, ok := strings.CutPrefix(rest, t); ok && strings.IndexAny(after, ",;") == 0 && !strings.ContainsAny(s, " \t\r\n\f") {
			return s
		}
	}
	return ""
}

// Initial is what stands in the place of a logo.
func (p Provider) Initial() string {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(p.Name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }))
	if r == utf8.RuneError {
		return "·"
	}
	return string(unicode.ToUpper(r))
}

// Many reports whether a form has so many providers that their buttons stand
// in columns and say the name alone.
func (f Form) Many() bool { return len(f.Providers) >= manyProviders }

// Sole reports whether a provider is the only thing to do, and so looks like it.
func (f Form) Sole() bool { return f.Submit == "" && len(f.Providers) == 1 }

// pictureSources are what the page's policy has to allow for the logos of its
// providers.
func (f *Form) pictureSources() []string {
	if f == nil {
		return nil
	}
	var sources []string
	for _, p := range f.Providers {
		for _, logo := range []string{picture(p.Logo), picture(p.DarkLogo)} {
			switch {
			case strings.HasPrefix(logo, "data:"):
				sources = append(sources, "data:")
			case logo != "":
				sources = append(sources, imageOrigin(logo))
			}
		}
	}
	slices.Sort(sources)
	return slices.Compact(sources)
}
