package signin_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/store"
)

// TestSetupLink: one administrator comes in by it, once, also when many try at
// once, and the door may be closed.
func TestSetupLink(t *testing.T) {
	eachDoor(t, func(d *door) {
		ctx := context.Background()
		d.mode(guestlist.ModeSignIn)
		lapsed, ok, err := d.desk.IssueSetup(ctx)
		if err != nil || !ok {
			d.Fatal(ok, err)
		}
		admin := signin.Administrator{Username: "root", Email: "root@example.com", Password: goodPassword}
		d.clock.Advance(signin.SetupTTL)
		if _, err := d.desk.RedeemSetup(ctx, lapsed, admin, here); guestlist.CodeOf(err) != "setup.link_not_found" {
			d.Errorf("a lapsed link: %v", err)
		}
		replaced, _, err := d.desk.IssueSetup(ctx)
		if err != nil {
			d.Fatal(err)
		}
		token, _, err := d.desk.IssueSetup(ctx)
		if err != nil {
			d.Fatal(err)
		}
		for _, wrong := range []string{"", "x", replaced} {
			if err := d.desk.OpenSetup(ctx, wrong); guestlist.CodeOf(err) != "setup.link_not_found" {
				d.Errorf("OpenSetup(%q): %v", wrong, err)
			}
		}
		if err := d.desk.OpenSetup(ctx, token); err != nil {
			d.Errorf("OpenSetup: %v", err)
		}
		weak := admin
		weak.Password = "root"
		if _, err := d.desk.RedeemSetup(ctx, token, weak, here); guestlist.CodeOf(err) != "password.rejected" {
			d.Errorf("a weak password: %v", err)
		}
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for n := range errs {
			wg.Go(func() {
				who := signin.Administrator{Username: fmt.Sprintf("root%d", n), Password: goodPassword}
				_, errs[n] = d.desk.RedeemSetup(ctx, token, who, here)
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if guestlist.CodeOf(err) != "setup.link_not_found" {
				d.Errorf("a loser: %v", err)
			}
		}
		if won != 1 || d.users() != 1 {
			d.Errorf("%d winners, %d users", won, d.users())
		}
		d.view(func(tx *store.Tx) error {
			has, err := tx.HasUserWithRole(guestlist.AdminRoleName)
			if !has {
				d.Error("nobody is administrator")
			}
			return err
		})
		if _, ok, err := d.desk.IssueSetup(ctx); ok || err != nil {
			d.Errorf("a second setup link: %v, %v", ok, err)
		}
	})
}

// TestSetupLinkIsForTheFirst: once there is an administrator, made in whatever
// way, a link from before makes no other.
func TestSetupLinkIsForTheFirst(t *testing.T) {
	eachDoor(t, func(d *door) {
		ctx := context.Background()
		token, _, err := d.desk.IssueSetup(ctx)
		if err != nil {
			d.Fatal(err)
		}
		u := d.person(guestlist.User{Username: text("root")}, goodPassword)
		d.update(func(tx *store.Tx) error {
			role, err := tx.RoleByName(guestlist.AdminRoleName)
			if err != nil {
				return err
			}
			return tx.AddUserRole(u.ID, role.ID)
		})
		if err := d.desk.OpenSetup(ctx, token); guestlist.CodeOf(err) != "setup.link_not_found" {
			d.Errorf("OpenSetup: %v", err)
		}
		other := signin.Administrator{Username: "other", Password: goodPassword}
		if _, err := d.desk.RedeemSetup(ctx, token, other, here); guestlist.CodeOf(err) != "setup.link_not_found" {
			d.Errorf("RedeemSetup: %v", err)
		}
	})
}

func sha(password string) string {
	sum := sha1.Sum([]byte(password))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// TestBreachFile finds every line of a file and nothing else.
func TestBreachFile(t *testing.T) {
	for _, form := range []string{"%s\n", "%s:%d\r\n"} {
		var lines []string
		for n := range 257 {
			line := fmt.Sprintf(form, sha(fmt.Sprint("leaked", n)), n+1)
			if !strings.Contains(form, "%d") {
				line = sha(fmt.Sprint("leaked", n)) + "\n"
			}
			lines = append(lines, line)
		}
		slices.Sort(lines)
		path := filepath.Join(t.TempDir(), "breached.txt")
		if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := signin.OpenBreachFile(path)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		for n := range 400 {
			got, err := b.Contains(context.Background(), fmt.Sprint("leaked", n))
			if err != nil || got != (n < 257) {
				t.Fatalf("leaked%d: %v, %v", n, got, err)
			}
		}
	}
	wrong := filepath.Join(t.TempDir(), "wrong.txt")
	if err := os.WriteFile(wrong, []byte("password\n123456\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := signin.OpenBreachFile(wrong); err == nil {
		t.Error("a list of clear passwords was taken for one of digests")
	}
}

// TestBreachRange: only five digits leave, padding is no hit, and a service
// that fails lets the password pass.
func TestBreachRange(t *testing.T) {
	var asked []string
	broken := false
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path+" "+r.Header.Get("Add-Padding"))
		if broken {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "0000000000000000000000000000000000A:3\r\n%s:0\r\n%s:12\r\n", sha("Padding-Only-1")[5:], sha("Leaked-Secret-1")[5:])
	}))
	defer srv.Close()
	d := liteDoor(t)
	d.desk.Breaches = signin.BreachRange{Base: srv.URL + "/range/"}
	check := func(password string) int {
		return len(d.desk.CheckPassword(context.Background(), guestlist.PasswordPolicy{}, password, guestlist.PasswordSubject{}))
	}
	if check("Leaked-Secret-1") != 1 || check("Padding-Only-1") != 0 || check("Nobody-Knows-77") != 0 {
		t.Error("the range was not read right")
	}
	if want := "/range/" + sha("Leaked-Secret-1")[:5] + " true"; asked[0] != want {
		t.Errorf("asked %q, want %q", asked[0], want)
	}
	broken = true
	if check("Leaked-Secret-1") != 0 {
		t.Error("a failing service refuses passwords")
	}
	srv.CloseClientConnections()
	srv.Close()
	began := time.Now()
	if check("Leaked-Secret-1") != 0 || time.Since(began) > 5*time.Second {
		t.Error("an absent service refuses passwords or blocks")
	}
	off := false
	n := len(asked)
	d.desk.CheckPassword(context.Background(), guestlist.PasswordPolicy{Rejects: &guestlist.PasswordRejects{Pwned: &off}}, "x", guestlist.PasswordSubject{})
	if len(asked) != n {
		t.Error("the service was asked though the policy does not say so")
	}
}
