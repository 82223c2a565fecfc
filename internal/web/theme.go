package web

import (
	"strings"
)

// The least contrast of text and of the edges of controls (WCAG 2.2 §1.4.3,
// §1.4.11).
const (
	textContrast = 4.5
	edgeContrast = 3.0
)

// The grounds on which the tenant's colour stands, as written in tokens.css; a
// test compares the two.
const (
	lightSurface = "#ffffff"
	lightCanvas  = "#f5f3ef"
	darkSurface  = "#1d1e21"
	darkCanvas   = "#131416"
)

// Our own colours, for a tenant whose colour cannot be read.
const (
	houseAccent     = "#3d5afe"
	houseAccentDark = "#8c9efe"
)

// Theme is the tenant's colours made fit to be read. The zero value is not
// usable; make one with NewTheme.
type Theme struct {
	light, dark shades
	twoModes    bool
	onlyDark    bool
}

// shades are the colours of one mode that come from the tenant's.
type shades struct {
	fill  rgb // buttons: the tenant's colour as it is
	hover rgb // the fill under the pointer
	on    rgb // text on the fill
	edge  rgb // rim of the fill, so that a pale button is still seen
	text  rgb // links and marks on the page
}

// NewTheme derives the palette. A colour out of shape is replaced by ours; an
// empty darkPrimary is derived from primary. Without darkMode the page stays
// light whatever the guest's system prefers.
func NewTheme(primary, darkPrimary string, darkMode bool) Theme {
	light, ok := parseColor(primary)
	if !ok {
		light, _ = parseColor(houseAccent)
	}
	dark, ok := parseColor(darkPrimary)
	if !ok {
		dark, _ = parseColor(houseAccentDark)
		if c, given := parseColor(primary); given {
			dark = c.readable(textContrast, mustColor(darkSurface), mustColor(darkCanvas))
		}
	}
	return Theme{
		light:    shade(light, mustColor(lightSurface), mustColor(lightCanvas)),
		dark:     shade(dark, mustColor(darkSurface), mustColor(darkCanvas)),
		twoModes: darkMode,
	}
}

// HouseTheme is our own colours, in which the house's own pages are dressed.
func HouseTheme() Theme { return NewTheme(houseAccent, houseAccentDark, true) }

func mustColor(s string) rgb {
	c, ok := parseColor(s)
	if !ok {
		panic("web: bad colour constant " + s)
	}
	return c
}

func shade(c rgb, grounds ...rgb) shades {
	white, black := rgb{1, 1, 1}, rgb{}
	s := shades{fill: c, on: white}
	// One of the two always reaches 4.58, so the tenant's colour never has to
	// give way on a button.
	away := -0.06
	if contrast(c, white) < textContrast {
		s.on, away = black, 0.05
	}
	s.hover = c.lighter(away)
	s.edge = c.readable(edgeContrast, grounds...)
	s.text = c.readable(textContrast, grounds...)
	return s
}

// Mode is the value of <html data-theme>: "auto" follows the guest's system,
// "light" does not.
func (t Theme) Mode() string {
	switch {
	case t.twoModes && t.onlyDark:
		return "dark"
	case t.twoModes:
		return "auto"
	}
	return "light"
}

// In returns the theme in one mode, "light" or "dark", whatever the guest's
// system prefers. A theme without a dark mode stays light.
func (t Theme) In(mode string) Theme {
	switch mode {
	case "light":
		t.twoModes = false
	case "dark":
		t.onlyDark = true
	}
	return t
}

// Grounds are the colours on which the tenant's colour stands, on light and on
// dark pages.
func Grounds() (light, dark []string) {
	return []string{lightSurface, lightCanvas}, []string{darkSurface, darkCanvas}
}

// TextContrast is the least contrast of text (WCAG 2.2 §1.4.3).
const TextContrast = textContrast

// Verdict is how a colour of the tenant's does in one mode.
type Verdict struct {
	Fill, On string  // of buttons, and of the text on them
	Contrast float64 // between the two, 1..21
	Text     string  // what links are drawn in
	Own      float64 // contrast of the tenant's colour itself, as text
	Kept     bool    // it is readable as it is, so that Text is the same colour
}

// Verdicts says what became of the tenant's colours on light and dark pages.
func (t Theme) Verdicts() (light, dark Verdict) {
	return t.light.verdict(mustColor(lightSurface), mustColor(lightCanvas)), t.dark.verdict(mustColor(darkSurface), mustColor(darkCanvas))
}

func (s shades) verdict(grounds ...rgb) Verdict {
	v := Verdict{Fill: s.fill.String(), On: s.on.String(), Contrast: contrast(s.fill, s.on), Text: s.text.String()}
	v.Own = contrast(s.fill, grounds[0])
	for _, g := range grounds {
		v.Own = min(v.Own, contrast(s.fill, g))
	}
	v.Kept = v.Fill == v.Text
	return v
}

// CSS returns the custom properties of the palette. They hold numbers made
// here and nothing that a tenant wrote.
func (t Theme) CSS() string {
	var b strings.Builder
	b.WriteString(":root{")
	for _, v := range []struct {
		name        string
		light, dark rgb
	}{
		{"accent", t.light.fill, t.dark.fill},
		{"accent-hover", t.light.hover, t.dark.hover},
		{"on-accent", t.light.on, t.dark.on},
		{"accent-edge", t.light.edge, t.dark.edge},
		{"accent-text", t.light.text, t.dark.text},
	} {
		b.WriteString("--" + v.name + ":")
		if t.twoModes {
			b.WriteString("light-dark(" + v.light.String() + "," + v.dark.String() + ")")
		} else {
			b.WriteString(v.light.String())
		}
		b.WriteByte(';')
	}
	b.WriteByte('}')
	return b.String()
}

// Accent returns the tenant's colour in light mode as #rrggbb, for
// <meta name="theme-color"> and mail.
func (t Theme) Accent() string { return t.light.fill.String() }
