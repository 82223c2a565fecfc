package web

import (
	"math"
	"regexp"
	"strings"
	"testing"
)

func TestContrast(t *testing.T) {
	white, black := mustColor("#ffffff"), mustColor("#000")
	if c := contrast(white, black); math.Abs(c-21) > 1e-9 {
		t.Errorf("white on black = %v, want 21", c)
	}
	// A published pair: #767676 on white is the palest grey that passes.
	if c := contrast(mustColor("#767676"), white); c < 4.5 || c > 4.6 {
		t.Errorf("#767676 on white = %v", c)
	}
	if c := contrast(mustColor("#777777"), white); c >= 4.5 {
		t.Errorf("#777777 on white = %v", c)
	}
}

func TestParseColor(t *testing.T) {
	for in, want := range map[string]string{"#3D5AFE": "#3d5afe", "#abc": "#aabbcc", "#000000": "#000000"} {
		if c, ok := parseColor(in); !ok || c.String() != want {
			t.Errorf("parseColor(%q) = %v %v, want %s", in, c, ok, want)
		}
	}
	for _, in := range []string{"", "red", "#12", "#1234567", "#ggg", "#+1234f", "3d5afe", "#;}body{"} {
		if _, ok := parseColor(in); ok {
			t.Errorf("parseColor(%q) was accepted", in)
		}
	}
}

// Whatever colour a tenant chooses, text can be read and controls can be seen.
func TestEveryPrimaryColorIsReadable(t *testing.T) {
	steps := []int{0, 0x33, 0x66, 0x99, 0xcc, 0xff}
	for _, r := range steps {
		for _, g := range steps {
			for _, b := range steps {
				c := rgb{float64(r) / 255, float64(g) / 255, float64(b) / 255}.String()
				th := NewTheme(c, c, true)
				checkShades(t, c+" light", th.light, lightSurface, lightCanvas)
				checkShades(t, c+" dark", th.dark, darkSurface, darkCanvas)
				if th.light.fill.String() != c || th.dark.fill.String() != c {
					t.Errorf("%s: the button lost the tenant's colour", c)
				}
			}
		}
	}
}

func checkShades(t *testing.T, name string, s shades, grounds ...string) {
	t.Helper()
	shown := func(c rgb) rgb { return mustColor(c.String()) }
	for what, fill := range map[string]rgb{"button": s.fill, "pressed button": s.hover} {
		if c := contrast(shown(s.on), shown(fill)); c < textContrast {
			t.Errorf("%s: text on the %s has contrast %.2f", name, what, c)
		}
	}
	for _, g := range grounds {
		if c := contrast(shown(s.text), mustColor(g)); c < textContrast {
			t.Errorf("%s: links on %s have contrast %.2f", name, g, c)
		}
		if c := contrast(shown(s.edge), mustColor(g)); c < edgeContrast {
			t.Errorf("%s: the button's edge on %s has contrast %.2f", name, g, c)
		}
	}
}

func TestThemeFallsBackToTheHouse(t *testing.T) {
	if got := NewTheme("nonsense", "", true).Accent(); got != houseAccent {
		t.Errorf("accent = %s, want %s", got, houseAccent)
	}
	th := NewTheme("#123456", "", true)
	if c := contrast(th.dark.fill, mustColor(darkSurface)); c < textContrast {
		t.Errorf("derived dark colour has contrast %.2f", c)
	}
}

func TestThemeMode(t *testing.T) {
	if th := NewTheme("#123456", "#abcdef", false); th.Mode() != "light" || strings.Contains(th.CSS(), "light-dark") || strings.Contains(th.CSS(), "abcdef") {
		t.Errorf("without dark mode: %s %s", th.Mode(), th.CSS())
	}
	if th := NewTheme("#123456", "#abcdef", true); th.Mode() != "auto" || !strings.Contains(th.CSS(), "light-dark(#123456,#abcdef)") {
		t.Errorf("with dark mode: %s %s", th.Mode(), th.CSS())
	}
}

// The style sheet's own pairs of text and ground, and the constants that the
// palette is computed against.
func TestStyleSheetColors(t *testing.T) {
	css, err := pageFiles.ReadFile("pages/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark := map[string]string{}, map[string]string{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)`).FindAllStringSubmatch(string(css), -1) {
		light[m[1]], dark[m[1]] = m[2], m[3]
	}
	for name, want := range map[string]string{"surface": lightSurface, "canvas": lightCanvas} {
		if light[name] != want {
			t.Errorf("--%s is %q in tokens.css and %q in theme.go", name, light[name], want)
		}
	}
	for name, want := range map[string]string{"surface": darkSurface, "canvas": darkCanvas} {
		if dark[name] != want {
			t.Errorf("dark --%s is %q in tokens.css and %q in theme.go", name, dark[name], want)
		}
	}
	for mode, colors := range map[string]map[string]string{"light": light, "dark": dark} {
		for _, ground := range []string{"surface", "canvas"} {
			for name, least := range map[string]float64{"ink": 7, "ink-soft": textContrast, "danger": textContrast, "good": textContrast, "edge": edgeContrast} {
				if colors[name] == "" {
					t.Fatalf("--%s is not in tokens.css", name)
				}
				if c := contrast(mustColor(colors[name]), mustColor(colors[ground])); c < least {
					t.Errorf("%s: --%s on --%s has contrast %.2f, want %.1f", mode, name, ground, c, least)
				}
			}
		}
	}
}
