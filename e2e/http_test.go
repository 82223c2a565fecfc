package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// awaitFor bounds how long a script waits for something to happen, and
// awaitEvery is how often it looks for what does not announce itself.
const (
	awaitFor   = 30 * time.Second
	awaitEvery = 20 * time.Millisecond
)

// await URL waits until a server answers with a success.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await URL")
	}
	ctx, cancel := context.WithTimeout(context.Background(), awaitFor)
	defer cancel()
	ts.Check(awaitAnswer(ctx, args[0]))
}

// awaitAnswer waits until a server answers with a success.
func awaitAnswer(ctx context.Context, address string) error {
	tick := time.NewTicker(awaitEvery)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		if res, err := machine.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode < 300 {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("nobody answers at %s", address)
		case <-tick.C:
		}
	}
}

// http METHOD URL [STATUS] [-u ID:SECRET] [-t TOKEN] [-h NAME:VALUE] [-d FORM|-j JSON|-f FILE TYPE]
// sends a request. Its body becomes the standard output; a status other than
// STATUS (200) fails.
func httpCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: http METHOD URL [STATUS] [-u ID:SECRET] [-t TOKEN] [-h NAME:VALUE] [-d FORM|-j JSON|-f FILE TYPE]")
	}
	want := http.StatusOK
	rest := args[2:]
	if len(rest) > 0 {
		if n, err := strconv.Atoi(rest[0]); err == nil {
			want, rest = n, rest[1:]
		}
	}
	header := http.Header{}
	var body string
	var form []string
	var user []string
	for len(rest) > 1 {
		value := rest[1]
		switch rest[0] {
		case "-u":
			user = strings.SplitN(value, ":", 2)
		case "-t":
			header.Set("Authorization", "Bearer "+value)
		case "-h":
			name, v, _ := strings.Cut(value, ":")
			header.Set(name, strings.TrimSpace(v))
		case "-d":
			form = append(form, value)
		case "-j":
			body = value
			header.Set("Content-Type", "application/json")
		case "-f":
			if len(rest) < 3 {
				ts.Fatalf("-f needs FILE TYPE")
			}
			body = ts.ReadFile(value)
			header.Set("Content-Type", rest[2])
			rest = rest[1:]
		default:
			ts.Fatalf("unknown option %s", rest[0])
		}
		rest = rest[2:]
	}
	if form != nil {
		body = strings.Join(form, "&")
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	ctx, cancel := context.WithTimeout(context.Background(), awaitFor)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, args[0], args[1], strings.NewReader(body))
	ts.Check(err)
	req.Header = header
	if len(user) == 2 {
		req.SetBasicAuth(user[0], user[1])
	}
	res, err := machine.Do(req)
	ts.Check(err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	ts.Check(err)
	if _, err := ts.Stdout().Write(answer); err != nil {
		ts.Fatalf("%v", err)
	}
	if res.StatusCode != want {
		ts.Fatalf("%s %s: %d, wanted %d\n%s", args[0], args[1], res.StatusCode, want, answer)
	}
}

// json NAME PATH [VALUE] reads a member of the last answer, e.g. "json TOKEN
// access_token" or "json ID 0.id", into a variable, and compares it with VALUE
// if one is given.
func jsonCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: json NAME PATH [VALUE]")
	}
	var v any
	answer := ts.ReadFile("stdout")
	if err := json.Unmarshal([]byte(answer), &v); err != nil {
		ts.Fatalf("%v in %s", err, answer)
	}
	for part := range strings.SplitSeq(args[1], ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[part]
		case []any:
			n, err := strconv.Atoi(part)
			if err != nil || n >= len(at) {
				ts.Fatalf("no element %s in %s", part, answer)
			}
			v = at[n]
		default:
			v = nil
		}
	}
	got := fmt.Sprint(v)
	ts.Setenv(args[0], got)
	if len(args) == 3 && got != args[2] {
		ts.Fatalf("%s is %q, wanted %q", args[1], got, args[2])
	}
}
