package management

import (
	"context"
	"fmt"
	"testing"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// BenchmarkLogs lists the audit log with few and with many lines: the cost of
// a page must not grow with what lies behind it.
func BenchmarkLogs(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, size := range []int{1_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", engine, size), func(b *testing.B) {
				f := newFixture(b, storetest.Open(b, engine, ticking()))
				fillLogs(b, f.st, size)
				b.ResetTimer()
				for b.Loop() {
					f.must(200, "GET", "/api/logs", nil)
				}
			})
		}
	}
}

func fillLogs(b *testing.B, st *store.Store, size int) {
	b.Helper()
	const batch = 5_000
	for done := 0; done < size; done += batch {
		entries := make([]guestlist.LogEntry, min(batch, size-done))
		for i := range entries {
			entries[i] = guestlist.LogEntry{Key: "ExchangeTokenBy.ClientCredentials", ApplicationID: guestlist.ApplicationID(fmt.Sprint(i % 50)), IP: "192.0.2.1"}
		}
		if err := st.Update(context.Background(), func(tx *store.Tx) error { return tx.Log(entries...) }); err != nil {
			b.Fatal(err)
		}
	}
}
