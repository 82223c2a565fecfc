package management

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"guestlist"
	"guestlist/internal/store"
)

// tagged sends a request that says what it has read, and returns status, tag
// and code of the answer.
func (f *fixture) tagged(method, path, tag, body string) (status int, etag, code string) {
	f.t.Helper()
	req, err := http.NewRequest(method, f.srv.URL+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+f.good)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if tag != "" {
		req.Header.Set("If-Match", tag)
	}
	res, err := f.srv.Client().Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	var e struct{ Code string }
	_ = json.NewDecoder(res.Body).Decode(&e) // not every answer has a body
	return res.StatusCode, res.Header.Get("ETag"), e.Code
}

// create makes something and returns its id.
func (f *fixture) create(path, body string) string {
	f.t.Helper()
	req, err := http.NewRequest(http.MethodPost, f.srv.URL+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+f.good)
	req.Header.Set("Content-Type", "application/json")
	res, err := f.srv.Client().Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	var made struct{ ID string }
	if err := json.NewDecoder(res.Body).Decode(&made); err != nil || made.ID == "" {
		f.t.Fatalf("POST %s: %d %v", path, res.StatusCode, err)
	}
	return made.ID
}

// TestWhoSaysWhatTheyReadOverwritesNothing: of everything that two may edit,
// the second who read the same is refused, and nothing has happened; whoever
// read anew, or says nothing, writes.
func TestWhoSaysWhatTheyReadOverwritesNothing(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		things := []struct{ path, create, first, second string }{
			{"/api/users", `{"username":"grace"}`, `{"name":"A"}`, `{"name":"B"}`},
			{"/api/applications", `{"name":"x","type":"SPA"}`, `{"name":"A"}`, `{"name":"B"}`},
			{"/api/roles", `{"name":"x","description":"x"}`, `{"name":"A"}`, `{"name":"B"}`},
			{"/api/resources", `{"name":"x","indicator":"https://x.example"}`, `{"name":"A"}`, `{"name":"B"}`},
			{"/api/hooks", `{"name":"x","events":["User.Created"],"config":{"url":"https://x.example"}}`, `{"name":"A"}`, `{"name":"B"}`},
			{
				"/api/connectors", `{"connectorId":"http-email","config":{"endpoint":"https://x.example"}}`,
				`{"config":{"endpoint":"https://a.example"}}`, `{"config":{"endpoint":"https://b.example"}}`,
			},
			{"/api/sso-connectors", `{"providerName":"OIDC","connectorName":"x"}`, `{"connectorName":"a"}`, `{"connectorName":"b"}`},
			{"/api/organizations", `{"name":"x"}`, `{"name":"A"}`, `{"name":"B"}`},
			{"/api/organization-roles", `{"name":"x"}`, `{"name":"A"}`, `{"name":"B"}`},
			{"/api/organization-scopes", `{"name":"x"}`, `{"name":"A"}`, `{"name":"B"}`},
			{"/api/sign-in-exp", "", `{"signInMode":"SignIn"}`, `{"signInMode":"SignInAndRegister"}`},
		}
		for _, x := range things {
			path := x.path
			if x.create != "" {
				path += "/" + f.create(x.path, x.create)
			}
			status, tag, _ := f.tagged("GET", path, "", "")
			if status != 200 || !strings.HasPrefix(tag, `"`) {
				t.Fatalf("GET %s: %d, tag %q", path, status, tag)
			}
			if _, again, _ := f.tagged("GET", path, "", ""); again != tag {
				t.Errorf("GET %s: the tag changed by itself", path)
			}
			if status, _, code := f.tagged("PATCH", path, `"other"`, x.first); status != 412 || code != "request.stale" {
				t.Errorf("PATCH %s with another's tag: %d %s", path, status, code)
			}
			if _, again, _ := f.tagged("GET", path, "", ""); again != tag {
				t.Errorf("PATCH %s was refused and done", path)
			}
			if status, _, code := f.tagged("PATCH", path, tag, x.first); status != 200 {
				t.Errorf("PATCH %s: %d %s", path, status, code)
			}
			if status, _, code := f.tagged("PATCH", path, tag, x.second); status != 412 || code != "request.stale" {
				t.Errorf("PATCH %s of what was changed: %d %s", path, status, code)
			}
			_, now, _ := f.tagged("GET", path, "", "")
			for _, good := range []string{"TAG", "*", `"x", W/TAG`, ""} {
				good = strings.ReplaceAll(good, "TAG", now)
				if status, _, code := f.tagged("PATCH", path, good, x.second); status != 200 {
					t.Errorf("PATCH %s with %q: %d %s", path, good, status, code)
				}
				_, now, _ = f.tagged("GET", path, "", "")
			}
			if x.create == "" {
				continue
			}
			if status, _, code := f.tagged("DELETE", path, tag, ""); status != 412 || code != "request.stale" {
				t.Errorf("DELETE %s of what was changed: %d %s", path, status, code)
			}
			if status, _, code := f.tagged("DELETE", path, now, ""); status != 204 {
				t.Errorf("DELETE %s: %d %s", path, status, code)
			}
			if status, _, _ := f.tagged("PATCH", path, now, x.first); status != 404 {
				t.Errorf("PATCH %s of what is gone: %d", path, status)
			}
		}
	})
}

// TestOneOfManyWriters: of many who read the same and write at once, one does.
func TestOneOfManyWriters(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		path := "/api/roles/" + f.create("/api/roles", `{"name":"x","description":"x"}`)
		_, tag, _ := f.tagged("GET", path, "", "")
		var won, lost atomic.Int64
		var all sync.WaitGroup
		for range 12 {
			all.Go(func() {
				switch status, _, code := f.tagged("PATCH", path, tag, `{"isDefault":true}`); status {
				case 200:
					won.Add(1)
				case 412:
					lost.Add(1)
				default:
					t.Errorf("%d %s", status, code)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || lost.Load() != 11 {
			t.Errorf("%d wrote, %d were refused", won.Load(), lost.Load())
		}
	})
}

// TestASignInIsNoChange: what happens to a user by itself does not stop whoever
// edits them.
func TestASignInIsNoChange(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		id := f.create("/api/users", `{"username":"grace"}`)
		_, tag, _ := f.tagged("GET", "/api/users/"+id, "", "")
		if err := f.st.Update(t.Context(), func(tx *store.Tx) error { return tx.SetLastSignIn(guestlist.UserID(id)) }); err != nil {
			t.Fatal(err)
		}
		if status, _, code := f.tagged("PATCH", "/api/users/"+id+"/custom-data", tag, `{"customData":{"a":1}}`); status != 200 {
			t.Errorf("custom data: %d %s", status, code)
		}
		if status, _, code := f.tagged("PATCH", "/api/users/"+id+"/is-suspended", tag, `{"isSuspended":true}`); status != 412 {
			t.Errorf("a part of what was changed: %d %s", status, code)
		}
	})
}

// TestBrandingOfAnApplicationIsNotOverwrittenUnseen: of two who read the same,
// the second is refused, also where each changes another member.
func TestBrandingOfAnApplicationIsNotOverwrittenUnseen(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		path := "/api/applications/" + f.create("/api/applications", `{"name":"x","type":"SPA"}`) + "/sign-in-experience"
		if status, tag, _ := f.tagged("GET", path, "", ""); status != 404 || tag != "" {
			t.Fatalf("none yet: %d %q", status, tag)
		}
		if status, _, code := f.tagged("PUT", path, "", `{"displayName":"A"}`); status != 201 {
			t.Fatalf("first: %d %s", status, code)
		}
		_, tag, _ := f.tagged("GET", path, "", "")
		if status, _, code := f.tagged("PUT", path, tag, `{"displayName":"B"}`); status != 200 || tag == "" {
			t.Errorf("as it was read (%q): %d %s", tag, status, code)
		}
		if status, _, code := f.tagged("PUT", path, tag, `{"termsOfUseUrl":"https://x.example"}`); status != 412 || code != "request.stale" {
			t.Errorf("after somebody else: %d %s", status, code)
		}
		if status, _, _ := f.tagged("PUT", path, "", `{"displayName":"C"}`); status != 200 {
			t.Errorf("without a word about what was read: %d", status)
		}
	})
}
