package oidc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/oidc"
	"guestlist/internal/store"
	"guestlist/internal/token"
)

// receiver is an application that is told.
type receiver struct {
	status int
	tokens []string
}

func (x *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x.tokens = append(x.tokens, r.PostFormValue("logout_token"))
	w.WriteHeader(x.status)
}

// TestBackchannelLogout: the end of a session reaches the application as a
// token that is for nothing else.
func TestBackchannelLogout(t *testing.T) {
	h := newHouse(t)
	x := &receiver{status: http.StatusOK}
	server := httptest.NewServer(x)
	defer server.Close()
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	required := true
	h.spa.OIDCClientMetadata.BackchannelLogoutURI = server.URL + "/out"
	h.spa.OIDCClientMetadata.BackchannelLogoutSessionRequired = &required
	h.update(func(tx *store.Tx) error { return tx.UpdateApplication(h.spa) })

	b := h.browser()
	id := claimsOf(t, h.redeem(h.spa, b.signIn("alice").Get("code")).text("id_token"))
	a := b.get("/oidc/session/end")
	b.post("/oidc/session/end/confirm", form("xsrf", xsrf(t, a), "logout", "yes"))

	var jobs []store.ClaimedJob
	h.update(func(tx *store.Tx) (err error) {
		jobs, err = tx.ClaimJobs(guestlist.JobBackchannelLogout+"/spa", tx.Now.Add(time.Minute), 10)
		return err
	})
	if len(jobs) != 1 || jobs[0].Kind != guestlist.JobBackchannelLogout {
		t.Fatalf("jobs: %+v", jobs)
	}
	deliver := func() error { return h.door.DeliverLogout(context.Background(), client, jobs[0].Payload) }
	if err := deliver(); err != nil {
		t.Fatal(err)
	}
	claims, err := h.mint.Verify(context.Background(), token.SortLogout, x.tokens[0])
	if err != nil || claims.Audience != "spa" || claims.Subject != "alice0000000" || claims.SID == "" || claims.SID != id["sid"] {
		t.Errorf("%+v, %v; sid of the ID token %v", claims, err, id["sid"])
	}
	all := claimsOf(t, x.tokens[0])
	if got := fmt.Sprint(all["events"]); got != "map[http://schemas.openid.net/event/backchannel-logout:map[]]" || all["nonce"] != nil || all["jti"] == "" {
		t.Errorf("claims: %v", all)
	}
	if _, err := h.mint.Verify(context.Background(), token.SortID, x.tokens[0]); err == nil {
		t.Error("a logout token passes for an ID token")
	}

	for status, final := range map[int]bool{400: true, 302: true, 404: true, 408: false, 429: false, 500: false, 503: false} {
		x.status = status
		if err := deliver(); err == nil || errors.Is(err, oidc.ErrLogoutRefused) != final {
			t.Errorf("status %d: %v, final %t", status, err, final)
		}
	}
	if first, again := claimsOf(t, x.tokens[0])["jti"], claimsOf(t, x.tokens[1])["jti"]; first != again {
		t.Error("attempts at one notice differ in jti")
	}
	h.update(func(tx *store.Tx) error { return tx.DeleteApplication("spa") })
	told := len(x.tokens)
	if err := deliver(); err != nil || len(x.tokens) != told {
		t.Errorf("an application that is gone: %v", err)
	}
	if err := h.door.DeliverLogout(context.Background(), client, json.RawMessage("x")); err == nil {
		t.Error("a payload that is none was delivered")
	}
}
