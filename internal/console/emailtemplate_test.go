package console_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAMailIsTriedAsItIsTyped: the test has the words of the form, which it does
// not save, and kinds of mail that nothing sends are not shown.
func TestAMailIsTriedAsItIsTyped(t *testing.T) {
	sent := make(chan string, 1)
	post := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m struct{ To string }
		_ = json.NewDecoder(r.Body).Decode(&m) // the test says what is missing
		sent <- m.To
	}))
	t.Cleanup(post.Close)
	h := newHouse(t)
	b, _ := h.admin()
	if err := h.api.Do(context.Background(), "POST", "/connectors", map[string]any{
		"connectorId": "http-email", "config": map[string]any{"endpoint": post.URL},
	}, nil); err != nil {
		t.Fatal(err)
	}
	list := b.Get(h.url + "/console/sign-in-experience/emails")
	if text := list.One("main").Text(); strings.Contains(text, "Second step") || !strings.Contains(text, "Password changed") {
		t.Errorf("the kinds of mail: %s", text)
	}
	address := h.url + "/console/sign-in-experience/emails/SignIn/en"
	if !b.Get(address).Has("#form button[name=do][value=test]") {
		t.Error("there is no button to send a test")
	}
	a := b.Post(address, values("do", "test", "subject", "Tried out", "content", "{{code}}", "contentType", "text/plain", "to", "me@example.com"))
	h.at(a, http.StatusOK, "email-template")
	if to := <-sent; to != "me@example.com" {
		t.Errorf("sent to %q", to)
	}
	if a.One("[name=subject]").Attr("value") != "Tried out" || !a.Has(".notice.good") {
		t.Errorf("what was typed is gone: %s", a.One("main").Text())
	}
	if a := b.Get(address); a.One("[name=subject]").Attr("value") == "Tried out" {
		t.Error("the test saved it")
	}
	h.at(b.Post(address, values("do", "test", "subject", "x", "content", "y", "contentType", "text/plain")), http.StatusUnprocessableEntity, "email-template")
}
