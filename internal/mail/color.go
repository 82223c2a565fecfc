package mail

import (
	"math"
	"regexp"
	"strconv"

	"guestlist"
)

// houseColor leads where the tenant has no colour of its own.
const houseColor = "#3d5afe"

var hexColor = regexp.MustCompile(`^#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$`)

// colorOf finds the colour that leads in a message: of the organization or
// application it is about, else of the tenant.
func colorOf(m guestlist.Message, src Sources) string {
	for _, path := range [][]string{
		{"application", "branding", "primaryColor"},
		{"application", "color", "primaryColor"},
		{"organization", "color", "primaryColor"},
	} {
		if s := format(leaf(m.Payload[path[0]], path[1:])); hexColor.MatchString(s) {
			return s
		}
	}
	if hexColor.MatchString(src.Color) {
		return src.Color
	}
	return houseColor
}

// accent returns a colour and the colour of text upon it, black or white,
// whichever stands out more (WCAG 2.2 §1.4.3); one of them always reaches the
// ratio of 4.5.
func accent(hex string) (background, text string) {
	l := luminance(hex)
	const dark = "#000000"
	if (1.05)/(l+0.05) >= (l+0.05)/(luminance(dark)+0.05) {
		return hex, "#ffffff"
	}
	return hex, dark
}

// luminance is the relative luminance of WCAG 2.2, from 0 to 1.
func luminance(hex string) float64 {
	digits := hex[1:]
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	weights := [3]float64{0.2126, 0.7152, 0.0722}
	sum := 0.0
	for i, w := range weights {
		v, err := strconv.ParseUint(digits[2*i:2*i+2], 16, 8)
		if err != nil {
			return 0 // hexColor let only hex digits through
		}
		c := float64(v) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += w * c
	}
	return sum
}
