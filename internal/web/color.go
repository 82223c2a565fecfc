package web

import (
	"fmt"
	"math"
	"strconv"
)

// rgb is a colour in sRGB, each channel 0..1.
type rgb struct{ r, g, b float64 }

// parseColor reads #RGB or #RRGGBB.
func parseColor(s string) (rgb, bool) {
	if len(s) == 4 && s[0] == '#' {
		s = string([]byte{'#', s[1], s[1], s[2], s[2], s[3], s[3]})
	}
	if len(s) != 7 || s[0] != '#' {
		return rgb{}, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		return rgb{}, false
	}
	return rgb{float64(n>>16&0xff) / 255, float64(n>>8&0xff) / 255, float64(n&0xff) / 255}, true
}

// String returns #rrggbb.
func (c rgb) String() string {
	q := func(v float64) int { return int(math.Round(math.Min(1, math.Max(0, v)) * 255)) }
	return fmt.Sprintf("#%02x%02x%02x", q(c.r), q(c.g), q(c.b))
}

func linear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func gamma(v float64) float64 {
	if v <= 0.0031308 {
		return 12.92 * v
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

// luminance is the relative luminance of WCAG 2.2.
func (c rgb) luminance() float64 {
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

// contrast is the contrast ratio of WCAG 2.2, 1..21.
func contrast(a, b rgb) float64 {
	la, lb := a.luminance(), b.luminance()
	if la < lb {
		la, lb = lb, la
	}
	return (la + 0.05) / (lb + 0.05)
}

// oklab is a colour in OKLab, where equal steps of l look equal to people and
// the hue stays when l moves.
type oklab struct{ l, a, b float64 }

func (c rgb) oklab() oklab {
	r, g, b := linear(c.r), linear(c.g), linear(c.b)
	l := math.Cbrt(0.4122214708*r + 0.5363325363*g + 0.0514459929*b)
	m := math.Cbrt(0.2119034982*r + 0.6806995451*g + 0.1073969566*b)
	s := math.Cbrt(0.0883024619*r + 0.2817188376*g + 0.6299787005*b)
	return oklab{
		0.2104542553*l + 0.7936177850*m - 0.0040720468*s,
		1.9779984951*l - 2.4285922050*m + 0.4505937099*s,
		0.0259040371*l + 0.7827717662*m - 0.8086757660*s,
	}
}

func (c oklab) linearRGB() (r, g, b float64) {
	cube := func(v float64) float64 { return v * v * v }
	l := cube(c.l + 0.3963377774*c.a + 0.2158037573*c.b)
	m := cube(c.l - 0.1055613458*c.a - 0.0638541728*c.b)
	s := cube(c.l - 0.0894841775*c.a - 1.2914855480*c.b)
	return 4.0767416621*l - 3.3077115913*m + 0.2309699292*s,
		-1.2684380046*l + 2.6097574011*m - 0.3413193965*s,
		-0.0041960863*l - 0.7034186147*m + 1.7076147010*s
}

// rgb returns the nearest colour that a screen can show: chroma is given up
// before lightness and hue.
func (c oklab) rgb() rgb {
	const eps = 0.0005
	for range 24 {
		r, g, b := c.linearRGB()
		if math.Min(r, math.Min(g, b)) >= -eps && math.Max(r, math.Max(g, b)) <= 1+eps {
			break
		}
		c.a *= 0.9
		c.b *= 0.9
	}
	r, g, b := c.linearRGB()
	clip := func(v float64) float64 { return gamma(math.Min(1, math.Max(0, v))) }
	return rgb{clip(r), clip(g), clip(b)}
}

// lighter returns c with its lightness moved by d, hue and chroma kept.
func (c rgb) lighter(d float64) rgb {
	o := c.oklab()
	o.l = math.Min(1, math.Max(0, o.l+d))
	return o.rgb()
}

// readable moves the lightness of c away from all grounds until the contrast
// with each is at least ratio. A colour that has it already comes back as it is.
func (c rgb) readable(ratio float64, grounds ...rgb) rgb {
	enough := func(c rgb) bool {
		for _, g := range grounds {
			if contrast(c, g) < ratio {
				return false
			}
		}
		return true
	}
	step := -0.01
	if grounds[0].luminance() < 0.18 { // below the luminance of middle grey: the ground is dark
		step = 0.01
	}
	out := c
	for i := 1; i <= 100 && !enough(out); i++ {
		// What the screen will show has to pass, so the rounded colour is judged.
		out, _ = parseColor(c.lighter(float64(i) * step).String())
	}
	return out
}
