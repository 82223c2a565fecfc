package invite

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"

	"guestlist"
)

// domainForm writes a domain as mail is delivered to it (UTS 46, without the
// rules for host names that not every mail server obeys).
var domainForm = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.BidiRule())

// ASCIIDomain returns the one form of a domain (RFC 5891 §4.4): lower case,
// and with punycode for what is not ASCII. It reports false for what has none.
func ASCIIDomain(domain string) (string, bool) {
	if isPlain(domain) { // most are, and the tables are slow
		domain = strings.ToLower(domain)
		return domain, domain != "" && !strings.ContainsAny(domain, " @/")
	}
	ascii, err := domainForm.ToASCII(domain)
	return ascii, err == nil && ascii != "" && !strings.ContainsAny(ascii, " @/")
}

// isPlain reports whether a domain is ASCII and has no punycode in it, so that
// its one form is its lower case.
func isPlain(domain string) bool {
	for i := range len(domain) {
		if domain[i] >= 0x80 {
			return false
		}
	}
	return !strings.Contains(strings.ToLower(domain), "xn--")
}

// CheckEmail returns an address as invitations keep it: without blanks around
// it, its domain in the form of ASCIIDomain, the rest as it was given.
// invitation.invalid_recipient is for what is no address.
func CheckEmail(email string) (string, error) {
	email = norm.NFC.String(strings.TrimSpace(email))
	at := strings.LastIndexByte(email, '@')
	if at < 1 || !guestlist.IsEmail(email) {
		return "", errRecipient
	}
	domain, ok := ASCIIDomain(email[at+1:])
	if email = email[:at+1] + domain; !ok || !guestlist.IsEmail(email) {
		return "", errRecipient
	}
	return email, nil
}

// CheckText reports whether a text is fit to stand in a mail to strangers, in
// somebody else's words: no longer than most characters, of characters that can
// be seen and, with lines, line feeds and tabs; and without what mail programs
// make links of.
func CheckText(text string, most int, lines bool) bool {
	n := 0
	for _, r := range text {
		n++
		if !isVisible(r) && (!lines || r != '\n' && r != '\t') {
			return false
		}
	}
	return n <= most && !HasLink(text)
}

// isVisible reports whether a character shows, or joins others into one that
// does; marks that turn the direction of a text round do neither.
func isVisible(r rune) bool {
	const zeroWidthNonJoiner, zeroWidthJoiner = '\u200c', '\u200d'
	return unicode.IsGraphic(r) || r == zeroWidthNonJoiner || r == zeroWidthJoiner
}

// HasLink reports whether programs would make a link of something in a text: a
// scheme, or a name in a domain that there is.
func HasLink(text string) bool {
	lower := strings.ToLower(norm.NFKC.String(text))
	if strings.Contains(lower, "://") || strings.Contains(lower, "www.") || strings.Contains(lower, "mailto:") {
		return true
	}
	for _, word := range strings.FieldsFunc(lower, func(r rune) bool { return !isOfName(r) }) {
		word = strings.Trim(word, ".-")
		if !strings.Contains(word, ".") || strings.Contains(word, "..") {
			continue
		}
		name, ok := ASCIIDomain(word)
		if !ok {
			continue
		}
		suffix, official := publicsuffix.PublicSuffix(name)
		if official && suffix != name && strings.Trim(name, "0123456789.") != "" {
			return true
		}
	}
	return false
}

// isOfName reports whether a character can be of a name in a domain; all others
// end it.
func isOfName(r rune) bool {
	return r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 0x80
}
