package signin

import (
	"bufio"
	_ "embed" // for the list
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/net/idna"

	"guestlist"
)

//go:embed disposable.txt
var disposableList string

// The most that a list of disposable domains may have; the largest public ones
// have about 200,000 lines.
const (
	maxDisposable     = 1_000_000 // domains
	maxDisposableLine = 1024      // bytes
)

// OpenDisposableList returns the domains of providers of disposable addresses:
// those that are built in, and those of the operator's own file, if one is
// named. A file has one domain a line; what follows "#" is ignored, and a
// domain with "!" before it is taken off the list. It fails on a line that is
// no domain, and names it.
func OpenDisposableList(file string) (map[string]bool, error) {
	list := map[string]bool{}
	if err := readDisposable(list, strings.NewReader(disposableList)); err != nil {
		return nil, fmt.Errorf("signin: the built-in list of disposable domains: %w", err)
	}
	if file == "" {
		return list, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err // names the file
	}
	err = readDisposable(list, f)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return list, nil
}

func readDisposable(list map[string]bool, r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, maxDisposableLine), maxDisposableLine)
	n := 0
	for lines.Scan() {
		n++
		text, _, _ := strings.Cut(lines.Text(), "#")
		text, off := strings.CutPrefix(strings.TrimSpace(text), "!")
		if text == "" && !off {
			continue
		}
		domain, ok := ASCIIDomain(strings.TrimSpace(text))
		switch {
		case !ok || !strings.Contains(domain, "."):
			return fmt.Errorf("line %d: %q is not a domain", n, text)
		case off:
			delete(list, domain)
		case len(list) >= maxDisposable:
			return fmt.Errorf("more than %d domains", maxDisposable)
		default:
			list[domain] = true
		}
	}
	return lines.Err()
}

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

// refuseAddress returns why the blocklist refuses an address for a new account,
// or nil. Every way that gives an account a new address asks it.
func (r *run) refuseAddress(email string) error {
	return r.exp.EmailBlocklistPolicy.Refusal(email, guestlist.MailDomains{ASCII: ASCIIDomain, Disposable: r.d.Disposable})
}
