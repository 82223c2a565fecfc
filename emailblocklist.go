package guestlist

import (
	"errors"
	"net/mail"
	"strings"
)

// MailDomains is what is known of mail domains beside a policy. The zero value
// knows nothing.
type MailDomains struct {
	// ASCII returns the one form of a domain (RFC 5891 §4), and false for what
	// cannot be one; nil takes domains as they are written.
	ASCII func(domain string) (string, bool)
	// Disposable are domains, in that form, whose addresses are thrown away
	// after use. Their subdomains count as well.
	Disposable map[string]bool
}

// The refusals of EmailBlocklistPolicy, and their causes. Whether it was a
// disposable domain or an entry of the list, the guest is told the same.
var (
	errEmailNotAllowed   = Refuse(KindUnprocessable, "session.email_blocklist.email_not_allowed")
	errSubaddressing     = Refuse(KindUnprocessable, "session.email_blocklist.email_subaddressing_not_allowed")
	errNoUsableAddress   = Refuse(KindUnprocessable, "session.email_blocklist.invalid_email")
	errBlockedByList     = errors.New("the address is on the block-list")
	errBlockedDisposable = errors.New("the domain is on the list of disposable ones")
)

// Refusal returns why the policy refuses an address for a new account, or nil.
// An address or domain on the allow-list passes whatever else is said. An entry
// of the block-list for an address holds for its subaddresses too. The refusals
// are 422.
func (p EmailBlocklistPolicy) Refusal(email string, known MailDomains) error {
	if p.isEmpty() {
		return nil
	}
	local, domain, ok := known.split(email)
	if !ok {
		return errNoUsableAddress
	}
	base, _, sub := strings.Cut(local, "+")
	blocked := errEmailNotAllowed.WithArgs(map[string]any{"email": email})
	switch {
	case known.listed(p.CustomAllowlist, local, domain):
		return nil
	case known.listed(p.CustomBlocklist, local, domain), known.listed(p.CustomBlocklist, base, domain):
		return blocked.Because(errBlockedByList)
	case isSet(p.BlockDisposableAddresses) && known.disposable(domain):
		return blocked.Because(errBlockedDisposable)
	case isSet(p.BlockSubaddressing) && sub:
		return errSubaddressing
	}
	return nil
}

// isEmpty reports whether the policy refuses nobody.
func (p EmailBlocklistPolicy) isEmpty() bool {
	return !isSet(p.BlockDisposableAddresses) && !isSet(p.BlockSubaddressing) &&
		(p.CustomBlocklist == nil || len(*p.CustomBlocklist) == 0)
}

func isSet(b *bool) bool { return b != nil && *b }

// split returns the two sides of an address in their one form.
func (d MailDomains) split(email string) (local, domain string, ok bool) {
	at := lastAt(email)
	if at <= 0 {
		return "", "", false
	}
	domain, ok = d.form(email[at+1:])
	return EmailKey(email[:at]), domain, ok
}

// form returns the one form of a domain, without the dot of the root.
func (d MailDomains) form(domain string) (string, bool) {
	domain, ok := EmailKey(domain), true
	if d.ASCII != nil {
		domain, ok = d.ASCII(domain)
	}
	domain = strings.TrimSuffix(domain, ".")
	return domain, ok && domain != ""
}

// disposable reports whether a domain or one above it is on the list.
func (d MailDomains) disposable(domain string) bool {
	for domain != "" {
		if d.Disposable[domain] {
			return true
		}
		_, domain, _ = strings.Cut(domain, ".")
	}
	return false
}

// listed reports whether an address is on a list. What an entry means is told
// at IsEmailPattern.
func (d MailDomains) listed(list *[]string, local, domain string) bool {
	if list == nil {
		return false
	}
	for _, entry := range *list {
		who, where, under := cutPattern(entry)
		if who != anybody && EmailKey(who) != local {
			continue
		}
		where, ok := d.form(where)
		if ok && (!under && where == domain || under && strings.HasSuffix(domain, "."+where)) {
			return true
		}
	}
	return false
}

const anybody = "*"

// cutPattern reads an entry of a list. under says that the subdomains of where
// are meant, and not itself.
func cutPattern(entry string) (who, where string, under bool) {
	entry = strings.TrimSpace(entry)
	at := lastAt(entry)
	if at < 0 {
		who, where = anybody, entry
	} else {
		who, where = entry[:at], entry[at+1:]
	}
	if who == "" {
		who = anybody
	}
	where, under = strings.CutPrefix(where, "*.")
	return who, where, under
}

// IsEmailPattern reports whether a text can be an entry of an allow- or
// block-list: an address, all addresses of a domain (@example.com or
// *@example.com), or all addresses of its subdomains (*.example.com or
// *@*.example.com).
func IsEmailPattern(s string) bool {
	who, where, under := cutPattern(s)
	if s != strings.TrimSpace(s) || lastAt(s) < 0 && !under || strings.Contains(where, "*") {
		return false
	}
	if who == anybody {
		who = "somebody"
	}
	parsed, err := mail.ParseAddress(who + "@" + where)
	return err == nil && parsed.Address == who+"@"+where && !strings.Contains(who, "*")
}
