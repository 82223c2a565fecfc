package console_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestAdministratorIsNotAskedForAnAddress: where guests have to prove an
// address, an administrator without one still comes in to the console; the mail
// that a code would be sent by may be what has to be mended.
func TestAdministratorIsNotAskedForAnAddress(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	err := h.api.Do(ctx, "POST", "/connectors", map[string]any{
		"connectorId": "http-email", "config": map[string]any{"endpoint": "http://127.0.0.1:1/nowhere"},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.api.SetSignInExperience(ctx, map[string]any{
		"signUp": map[string]any{"identifiers": []string{"email"}, "password": true, "verify": true},
	}); err != nil {
		t.Fatal(err)
	}
	h.admin() // fails unless it comes to the overview
	guest := h.user(map[string]any{"username": "grace", "password": adminPassword})
	if a := h.signIn(h.browser(), "/demo-app", *guest.Username, adminPassword); a.One("body").Attr("data-page") != "continue" {
		t.Errorf("a guest without an address should be asked for one: %s", a.One("body").HTML())
	}
}

// TestFirstSteps ticks off what is done, says nothing twice, and is gone for a
// server that has users, or when somebody hides it.
func TestFirstSteps(t *testing.T) {
	h := newHouse(t)
	b, a := h.admin()
	if text := a.One("#steps").Text(); strings.Contains(text, "Done") || !strings.Contains(text, "Create your application first") {
		t.Errorf("nothing is done yet: %s", text)
	}
	if a.One("#steps .primary").Text() != "Create application" {
		t.Errorf("the first step should stand out: %s", a.One("#steps").HTML())
	}
	if text := a.One("main").Text(); strings.Contains(text, "No application yet") || strings.Contains(text, "E-mail cannot be sent") {
		t.Errorf("what the steps say is said again: %s", text)
	}
	if a := b.Submit(a, "#steps .section-head form", nil); a.Has("#steps") || !strings.Contains(a.One("main").Text(), "No application yet") {
		t.Errorf("hidden steps should be gone, and what is missing said elsewhere: %s", a.One("main").Text())
	}
	for i := range 20 {
		h.user(map[string]any{"username": fmt.Sprint("guest", i)})
	}
	if _, a := h.admin(); a.Has("#steps") || a.Status != http.StatusOK {
		t.Error("a server with many users does not begin")
	}
}

// TestWhoCannotSignIn: an account that has nothing which people sign in by says
// so on its page, and on the page that shows its link.
func TestWhoCannotSignIn(t *testing.T) {
	h := newHouse(t)
	b, _ := h.admin()
	for _, u := range []struct {
		body map[string]any
		want bool
	}{
		{map[string]any{"primaryEmail": "alan@example.com"}, true}, {map[string]any{"username": "grace"}, false},
		{map[string]any{"primaryEmail": "ada@example.com", "username": "ada"}, false},
	} {
		made := h.user(u.body)
		if a := b.Get(h.url + "/console/users/" + string(made.ID)); strings.Contains(a.One("main").Text(), "cannot sign in yet") != u.want {
			t.Errorf("%v: said %v: %s", u.body, !u.want, a.One("main").Text())
		}
	}
	a := b.Submit(b.Get(h.url+"/console/users/new"), "#form", map[string]string{"primaryEmail": "edsger@example.com", "first": "link"})
	h.at(a, http.StatusOK, "user-link-shown")
	if !strings.Contains(a.One("main").Text(), "People sign in here by: username") {
		t.Errorf("it says nothing: %s", a.One("main").Text())
	}
}
