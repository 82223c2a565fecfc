package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// maxForwarded is how many hops of X-Forwarded-For are looked at.
const maxForwarded = 20

// ClientIP returns the address of the caller, unmapped from IPv6 and without
// zone. X-Forwarded-For counts only as far as trusted proxies wrote it: from
// the right, the first address that is no trusted proxy. It is the zero Addr if
// the connection has none.
func ClientIP(r *http.Request, trusted []netip.Prefix) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	ip := ap.Addr().Unmap().WithZone("")
	if !within(ip, trusted) {
		return ip
	}
	lines := r.Header["X-Forwarded-For"]
	hops := 0
	for i := len(lines) - 1; i >= 0; i-- {
		rest := lines[i]
		for rest != "" {
			if hops++; hops > maxForwarded {
				return ip
			}
			cut := strings.LastIndexByte(rest, ',')
			hop, ok := parseHop(rest[cut+1:])
			if !ok {
				return ip // what stands further left cannot be trusted either
			}
			ip = hop
			if !within(ip, trusted) {
				return ip
			}
			rest = rest[:max(cut, 0)]
		}
	}
	return ip
}

func parseHop(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if ip, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return ip.Unmap().WithZone(""), true
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

func within(ip netip.Addr, list []netip.Prefix) bool {
	for _, p := range list {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
