package signin

import (
	"bufio"
	_ "embed" // for the list
	"fmt"
	"io"
	"os"
	"strings"

	"guestlist"
	"guestlist/internal/invite"
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
		domain, ok := invite.ASCIIDomain(strings.TrimSpace(text))
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

// ASCIIDomain is invite.ASCIIDomain, for floors above.
func ASCIIDomain(domain string) (string, bool) { return invite.ASCIIDomain(domain) }

// refuseAddress returns why the blocklist refuses an address for a new account,
// or nil. Every way that gives an account a new address asks it, and so does the
// waitlist.
func (d *Desk) refuseAddress(exp guestlist.SignInExperience, email string) error {
	return exp.EmailBlocklistPolicy.Refusal(email, guestlist.MailDomains{ASCII: invite.ASCIIDomain, Disposable: d.Disposable})
}

func (r *run) refuseAddress(email string) error { return r.d.refuseAddress(r.exp, email) }
