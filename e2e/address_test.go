package e2e

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// freeAddress returns an address that nobody listens on. It is none that the
// system gives to outgoing connections, so that it stays free until a server
// listens there, and while one starts again.
func freeAddress(t testing.TB) string {
	t.Helper()
	const first, ports, tries = 20000, 12000, 100
	for range tries {
		address := net.JoinHostPort("localhost", strconv.Itoa(first+rand.IntN(ports)))
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
	t.Fatal("no free port found")
	return ""
}
