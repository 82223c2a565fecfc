package server

import (
	"testing"
	"time"

	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
	"guestlist/internal/token"
)

// TestCookiesOutliveTheDatabase: cookies verify, and can be made, while the
// database does not answer.
func TestCookiesOutliveTheDatabase(t *testing.T) {
	st := storetest.Open(t, "sqlite", time.Now)
	p := &parts{mint: &token.Mint{Store: st, Issuer: "https://id.example/oidc"}}
	if err := p.mint.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := p.cookieKeys()
	if len(before) == 0 {
		t.Fatal("no keys")
	}
	if _, err := p.mint.RotateKeys(t.Context(), store.KeyCookie, "", 0); err != nil { // empties the cache
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if after := p.cookieKeys(); len(after) != len(before) || string(after[0]) != string(before[0]) {
		t.Errorf("without the database there are %d keys", len(after))
	}
}
