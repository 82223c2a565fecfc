package mail

import (
	"html"
	"regexp"
	"strings"
)

var (
	silentHTML = regexp.MustCompile(`(?is)<!--.*?-->|<(style|script|head|title|template)\b.*?</(style|script|head|title|template)\s*>`)
	lineHTML   = regexp.MustCompile(`(?i)<(br|/?(p|div|h[1-6]|tr|li|ul|ol|table|blockquote|section|article|hr))\b[^>]*>`)
	linkHTML   = regexp.MustCompile(`(?is)<a\b[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')[^>]*>(.*?)</a\s*>`)
	anyTag     = regexp.MustCompile(`<[^<>]*>`)
	blanks     = regexp.MustCompile(`[ \t\r\n]+`)
	manyLines  = regexp.MustCompile(`\n{3,}`)
)

// textOf draws plain text from an HTML mail, for readers without HTML and for
// spam filters, which distrust a mail without it. It is made for the mark-up
// that mails are written in; links keep their address.
func textOf(markup string) string {
	s := silentHTML.ReplaceAllString(markup, "")
	s = blanks.ReplaceAllString(s, " ")
	s = linkHTML.ReplaceAllStringFunc(s, func(a string) string {
		m := linkHTML.FindStringSubmatch(a)
		label, href := strings.TrimSpace(anyTag.ReplaceAllString(m[3], "")), m[1]+m[2]
		if label == "" || label == href {
			return href
		}
		return label + ": " + href
	})
	s = lineHTML.ReplaceAllString(s, "\n")
	s = html.UnescapeString(anyTag.ReplaceAllString(s, ""))
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.TrimSpace(manyLines.ReplaceAllString(strings.Join(lines, "\n"), "\n\n"))
}
