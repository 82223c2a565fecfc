package guestlist

import "time"

// ISODate reads a day as a browser's date input sends it (yyyy-MM-dd) and
// writes it in the format of a Date field. Anything else comes back as it is:
// where there is no such input, people write as the field wants it.
func (f ProfileField) ISODate(text string) string {
	day, err := time.Parse(time.DateOnly, text)
	layout, ok := dateLayout(f.Config)
	if err != nil || !ok {
		return text
	}
	return day.Format(layout)
}
