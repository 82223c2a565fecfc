package mail

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// Limits of the guarded client.
const (
	maxResponseHeader = 64 << 10 // bytes
	guardIdleConns    = 16       // kept open in all
	guardIdlePerHost  = 4
	guardIdleTimeout  = 60 * time.Second
)

// forbidden lists what an outgoing request may not reach unless the operator
// opens it: everything of the IANA special-purpose registries (RFC 6890 and
// successors) that is not plainly a public host, and the IPv6 ranges that wrap
// an IPv4 address, through which a private one could be reached.
var forbidden = prefixes(
	"0.0.0.0/8",       // this network, RFC 1122 §3.2.1.3
	"10.0.0.0/8",      // private, RFC 1918
	"100.64.0.0/10",   // carrier-grade NAT, RFC 6598; cloud metadata lives there too
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local, cloud metadata
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments, RFC 6890
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks, RFC 2544
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, and broadcast
	"::/96",           // unspecified, loopback, IPv4-compatible
	"::ffff:0:0:0/96", // IPv4-translated, RFC 2765
	"64:ff9b::/96",    // NAT64, RFC 6052
	"64:ff9b:1::/48",  // local NAT64, RFC 8215
	"100::/64",        // discard, RFC 6666
	"2001::/23",       // protocol assignments, Teredo among them
	"2001:db8::/32",   // documentation
	"2002::/16",       // 6to4
	"3fff::/20",       // documentation, RFC 9637
	"5f00::/16",       // segment routing, RFC 9602
	"fc00::/7",        // unique local
	"fe80::/10",       // link-local
	"fec0::/10",       // site-local, deprecated
	"ff00::/8",        // multicast
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, s := range texts {
		list[i] = netip.MustParsePrefix(s)
	}
	return list
}

// BlockedAddressError says that a request was not made because its host
// resolves to an address that the operator has not opened.
type BlockedAddressError struct{ Addr netip.Addr }

// Error names the address.
func (e *BlockedAddressError) Error() string {
	return fmt.Sprintf("%s is not a public address, and outgoing requests to it are not allowed here", e.Addr)
}

// CheckAddress returns a *BlockedAddressError if addr is not public and none
// of allow contains it.
func CheckAddress(addr netip.Addr, allow []netip.Prefix) error {
	addr = addr.Unmap().WithZone("") // ::ffff:127.0.0.1 is 127.0.0.1
	in := func(p netip.Prefix) bool { return p.Contains(addr) }
	if slices.ContainsFunc(forbidden, in) && !slices.ContainsFunc(allow, in) {
		return &BlockedAddressError{Addr: addr}
	}
	return nil
}

// NewGuardedClient returns a client for requests to addresses that people
// typed in: webhooks, HTTP senders. It refuses addresses that are not public
// and not in allow, follows no redirects (the caller sees the 3xx answer),
// ignores proxies of the environment, and gives up after timeout, reading of
// the body included.
//
// The check stands where the connection is made, after the name was resolved:
// a name that resolves differently the second time gains nothing.
func NewGuardedClient(allow []netip.Prefix, timeout time.Duration) *http.Client {
	dialer := &net.Dialer{
		Timeout: timeout,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("dial %q: %w", address, err)
			}
			return CheckAddress(ap.Addr(), allow)
		},
	}
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    timeout,
			ResponseHeaderTimeout:  timeout,
			MaxResponseHeaderBytes: maxResponseHeader,
			MaxIdleConns:           guardIdleConns,
			MaxIdleConnsPerHost:    guardIdlePerHost,
			IdleConnTimeout:        guardIdleTimeout,
		},
	}
}
