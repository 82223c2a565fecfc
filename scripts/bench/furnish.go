package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

const managementAPI = guestlist.ManagementAPI

// fill starts a site and gives it as many users and log lines as told. It
// returns how the import of the users went.
func (s *site) fill(ctx context.Context, rows int) (sample, error) {
	if _, err := s.start(ctx); err != nil {
		return sample{}, err
	}
	if err := s.furnish(); err != nil {
		return sample{}, err
	}
	// The first import is small: it prepares statements and fills caches.
	if _, err := s.bulk(0, fewRows); err != nil || rows <= fewRows {
		return sample{}, errors.Join(err, s.fillLog(rows))
	}
	imported, err := s.bulk(fewRows, rows)
	return imported, errors.Join(err, s.fillLog(rows))
}

// furnish gives a site what the loads need: a client of the management API, an
// application that people sign in to, and a user with a password.
func (s *site) furnish() error {
	for _, app := range []struct {
		into any
		args []string
	}{
		{&s.machine, []string{"--type", "machine-to-machine", "--management"}},
		{&s.spa, []string{"--type", "spa", "--redirect-uri", callback}},
	} {
		out, err := s.command(append([]string{"app", "create", "Bench", "--json"}, app.args...)...)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(out, app.into); err != nil {
			return err
		}
	}
	return s.administer(append([]call{
		{http.MethodPost, "/api/connectors", `{"connectorId":"http-email","config":{"endpoint":"http://localhost/nobody"}}`},
		{http.MethodPatch, "/api/sign-in-exp", `{"signInMode":"SignIn","signUp":{"identifiers":["email"],"password":true,"verify":true},
			"signIn":{"methods":[{"identifier":"email","password":true,"verificationCode":false,"isPasswordPrimary":true}]}}`},
		{http.MethodPatch, "/api/applications/" + s.spa.ID, `{"customClientMetadata":{"alwaysIssueRefreshToken":true}}`},
		{http.MethodPost, "/api/users", `{"primaryEmail":"` + guestEmail + `","password":"` + guestPassword + `"}`},
	}, s.outside.calls()...))
}

type call struct{ method, path, body string }

// administer takes a token and makes calls of the management API.
func (s *site) administer(calls []call) error {
	w, err := dial(s.address)
	if err != nil {
		return err
	}
	defer w.close()
	a, err := w.succeed(s.tokenRequest())
	if err != nil {
		return err
	}
	var granted struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(a.body, &granted); err != nil {
		return err
	}
	s.token = granted.AccessToken
	for _, c := range calls {
		a, err := w.do(request(c.method, c.path, c.body, jsonType, s.bearer()))
		if err != nil {
			return err
		}
		if a.status/100 != 2 {
			return fmt.Errorf("%s %s answered %d: %s", c.method, c.path, a.status, a.body)
		}
	}
	return nil
}

func (s *site) bearer() string { return "Authorization: Bearer " + s.token }

// bulkTimeout bounds one bulk import.
const bulkTimeout = 5 * time.Minute

// bulk creates the users from one number to another in one request, and
// returns how it went.
func (s *site) bulk(from, to int) (sample, error) {
	body, lines := io.Pipe()
	go func() {
		buffered := bufio.NewWriterSize(lines, 1<<16)
		for n := from; n < to; n++ {
			fmt.Fprintf(buffered, `{"primaryEmail":%q,"name":"Member %d"}`+"\n", bulkEmail(n), n)
		}
		lines.CloseWithError(buffered.Flush())
	}()
	ctx, cancel := context.WithTimeout(context.Background(), bulkTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.address+"/api/users/bulk", body)
	if err != nil {
		return sample{}, err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/x-ndjson")
	before, start := cpuOf(s.pid()), time.Now()
	res, err := (&http.Client{Timeout: bulkTimeout}).Do(req)
	if err != nil {
		return sample{}, err
	}
	defer res.Body.Close()
	verdicts := bufio.NewScanner(res.Body)
	created := 0
	for verdicts.Scan() {
		if strings.Contains(verdicts.Text(), `"status":"created"`) {
			created++
		}
	}
	r := sample{ops: created, elapsed: time.Since(start), cpu: cpuOf(s.pid()) - before}
	if created != to-from {
		err = fmt.Errorf("bulk: %d of %d were created (status %d)", created, to-from, res.StatusCode)
	}
	return r, errors.Join(err, verdicts.Err())
}

// fillLog writes lines into the audit log by the product's own store, since
// sign-ins would take an hour.
func (s *site) fillLog(lines int) error {
	key, err := crypt.LoadOrCreateKeyFile(filepath.Join(s.dir, "data", "secret.key"))
	if err != nil {
		return err
	}
	ctx := context.Background()
	st, err := store.Open(ctx, store.Options{Database: s.database, Key: key})
	if err != nil {
		return err
	}
	const batch = 1000
	for n := 0; n < lines && err == nil; n += batch {
		entries := make([]guestlist.LogEntry, min(batch, lines-n))
		for i := range entries {
			entries[i] = guestlist.LogEntry{Key: "ExchangeTokenBy.ClientCredentials",
				ApplicationID: guestlist.ApplicationID(s.machine.ID), IP: "192.0.2.1", UserAgent: "a client"}
		}
		err = st.Update(ctx, func(tx *store.Tx) error { return tx.Log(entries...) })
	}
	return errors.Join(err, st.Close())
}
