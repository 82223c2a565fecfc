package signin

import (
	"net/netip"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// The lock-out after failed passwords and codes. On the wire it is Logto's:
// so many failures within an hour block the identifier for a while, and the
// last of them answers so already. But a lock-out that anybody can cause for
// anybody is a weapon, so failures count per identifier and network. Guessing
// from many networks at once is bounded by a much higher count per identifier
// alone, which does not hold where somebody signed in with that identifier
// before. A blocked caller is refused before anything is verified, so that no
// valid code is spent.
const (
	sentinelWindow = time.Hour
	// globalFactor times maxAttempts failures from anywhere block an
	// identifier for every network that it never signed in from.
	globalFactor = 10
	// knownNetworkTTL is how long a network counts as one of the guest's own.
	knownNetworkTTL = 30 * 24 * time.Hour
	// The parts of an address that count as one network, in bits.
	networkBits4, networkBits6 = 24, 48
)

// network names the network of an address: its /24, or its /48 in IPv6. What
// is no address is its own network.
func network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	addr = addr.Unmap().WithZone("")
	bits := networkBits4
	if addr.Is6() {
		bits = networkBits6
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return ip
	}
	return prefix.String()
}

// sentinel watches one identifier as tried from one network.
type sentinel struct {
	id              guestlist.Identifier
	here, all, home string // names of counters: this network, any network, known network
	max             int
	lockout         time.Duration
	counted         store.Limit // this network's counter with the attempt in it
}

func newSentinel(exp guestlist.SignInExperience, id guestlist.Identifier, from Caller) *sentinel {
	key, net := id.Key(), network(from.IP)
	s := &sentinel{
		id: id, here: "failures|" + key + "|" + net, all: "failures|" + key, home: "known|" + key + "|" + net,
		max: guestlist.DefaultSentinelMaxAttempts, lockout: guestlist.DefaultSentinelLockoutMinutes * time.Minute,
	}
	if p := exp.SentinelPolicy.MaxAttempts; p != nil && *p > 0 {
		s.max = *p
	}
	if p := exp.SentinelPolicy.LockoutDuration; p != nil && *p > 0 {
		s.lockout = time.Duration(*p) * time.Minute
	}
	return s
}

// blocked returns the refusal if the caller is locked out of the identifier.
func (s *sentinel) blocked(tx *store.Tx) error {
	here, err := tx.Limit(s.here)
	if err != nil {
		return err
	}
	if here.BlockedUntil > tx.Now {
		return blockedFor(here.BlockedUntil.Sub(tx.Now))
	}
	all, err := tx.Limit(s.all)
	if err != nil || all.BlockedUntil <= tx.Now {
		return err
	}
	home, err := tx.Limit(s.home)
	if err != nil || home.Hits > 0 {
		return err
	}
	return blockedFor(all.BlockedUntil.Sub(tx.Now))
}

// attempt begins a verification: it counts it before its outcome shows, and
// returns the refusal if the caller is locked out. Attempts of one network on
// one identifier wait for each other here, so that of many in flight none after
// the last permitted one learns anything. The attempt ends with failed or
// succeeded.
func (s *sentinel) attempt(tx *store.Tx) (refused, err error) {
	if s.counted, err = tx.Hit(s.here, tx.Now.Add(sentinelWindow)); err != nil {
		return nil, err
	}
	err = s.blocked(tx)
	if guestlist.CodeOf(err) != "" {
		return err, nil
	}
	return nil, err
}

// failed returns what the caller is told: why, or that this was one too many.
func (s *sentinel) failed(tx *store.Tx, r *run, why error) (answer, err error) {
	answer = why
	if s.counted.Hits >= s.max {
		if err := s.block(tx, r, s.here); err != nil {
			return nil, err
		}
		answer = blockedFor(s.lockout)
	}
	all, err := tx.Hit(s.all, tx.Now.Add(sentinelWindow))
	if err == nil && all.Hits >= s.max*globalFactor && all.BlockedUntil <= tx.Now {
		err = s.block(tx, r, s.all)
	}
	return answer, err
}

func (s *sentinel) block(tx *store.Tx, r *run, name string) error {
	if err := tx.Block(name, tx.Now.Add(s.lockout)); err != nil {
		return err
	}
	return r.emit(tx, guestlist.EventIdentifierLockout, map[string]any{"type": s.id.Type, "value": s.id.Value})
}

// succeeded forgets the failures of this network and remembers it as one of
// the guest's own.
func (s *sentinel) succeeded(tx *store.Tx) error {
	if err := tx.ClearLimit(s.here); err != nil {
		return err
	}
	home, err := tx.Limit(s.home)
	if err != nil || home.WindowEnds > tx.Now.Add(knownNetworkTTL/2) {
		return err
	}
	if err := tx.ClearLimit(s.home); err != nil {
		return err
	}
	_, err = tx.Hit(s.home, tx.Now.Add(knownNetworkTTL))
	return err
}

func blockedFor(d time.Duration) error {
	return guestlist.Refuse(guestlist.KindInvalid, "session.verification_blocked_too_many_attempts").
		WithArgs(map[string]any{"minutes": minutesOf(d)})
}
