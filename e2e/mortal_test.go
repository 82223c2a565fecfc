package e2e

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"guestlist/internal/crypt"
	"guestlist/internal/server"
	"guestlist/internal/store"
)

// mortal is an installation whose processes are killed, as by a power failure,
// and started again on what they left.
type mortal struct {
	*site
	addresses []string // of the processes
	running   []*running
	up        sync.RWMutex // held for writing while a process is down
}

// newMortal starts an installation of so many processes behind one address, to
// which a balancer of its addresses leads.
func newMortal(t *testing.T, engine string, processes int, env ...string) *mortal {
	t.Helper()
	m := &mortal{site: newSite(t, engine, append(env, "GUESTLIST_ENDPOINT=http://door.example")...), running: make([]*running, processes)}
	m.addresses = []string{m.address}
	for len(m.addresses) < processes {
		m.addresses = append(m.addresses, freeAddress(t))
	}
	for n := range m.running {
		m.begin(n)
	}
	m.administer()
	return m
}

func (m *mortal) begin(n int) { m.running[n] = m.serve("--listen", m.addresses[n]) }

// killAndStart ends a process at once, and starts another in its place. Nobody
// begins anew meanwhile; what began goes on.
func (m *mortal) killAndStart(n int) {
	m.up.Lock()
	defer m.up.Unlock()
	m.running[n].kill()
	machine.CloseIdleConnections() // they lead to the dead
	m.begin(n)
}

// untilUp waits until every process is there.
func (m *mortal) untilUp() {
	m.up.RLock()
	m.up.RUnlock() //nolint:staticcheck // SA2001: it waits
}

// unharmed ends the processes, and requires that those which live complain of
// nothing.
func (m *mortal) unharmed(t *testing.T) {
	t.Helper()
	for _, p := range m.running {
		p.unharmed(t)
	}
}

// open opens what the processes left behind, once they have ended.
func (m *mortal) open(t *testing.T) *store.Store {
	t.Helper()
	key, err := crypt.LoadOrCreateKeyFile(filepath.Join(m.data, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	database := filepath.Join(m.data, server.DatabaseFile)
	for _, setting := range m.env {
		if value, isSet := strings.CutPrefix(setting, "GUESTLIST_DATABASE="); isSet {
			database = value
		}
	}
	st, err := store.Open(t.Context(), store.Options{Database: database, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() }) // it was only read
	return st
}
