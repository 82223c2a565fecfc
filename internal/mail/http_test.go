package mail

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guestlist"
)

// openClient is a guarded client that may talk to the tests' own servers.
func openClient() *http.Client {
	return NewGuardedClient([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, 5*time.Second)
}

// request is what a test's server was asked.
type request struct {
	Path, Auth, Type, Key, Body string
}

// answering starts a server that answers every request alike and notes it.
func answering(t *testing.T, status int, answer string) (*httptest.Server, *[]request) {
	t.Helper()
	var got []request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = append(got, request{r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), r.Header.Get("Idempotency-Key"), string(b)})
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	return s, &got
}

func httpSenderFor(t *testing.T, endpoint string) Sender {
	t.Helper()
	config, _ := json.Marshal(map[string]string{"endpoint": endpoint, "authorization": "Bearer s3cret-token"})
	sender, err := NewSender(FactoryHTTPEmail, config, openClient())
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func TestHTTPSenderPassesTheMessageOn(t *testing.T) {
	server, got := answering(t, 202, "queued as 7, code 493817")
	l := testLetter(t, nil)
	l.Message.IP = "192.0.2.7"
	receipt, err := httpSenderFor(t, server.URL+"/send").Send(context.Background(), l)
	if err != nil {
		t.Fatal(err)
	}
	want := []request{{"/send", "Bearer s3cret-token", "application/json", "msg_1",
		`{"to":"guest@acme.example","type":"SignIn","payload":{"code":"493817"},"ip":"192.0.2.7"}`}}
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Error(diff)
	}
	if receipt.Detail != "queued as 7, code [hidden]" {
		t.Errorf("receipt %+v", receipt)
	}
}

func TestHTTPFailuresSayWhetherToTryAgain(t *testing.T) {
	for status, permanent := range map[int]bool{
		301: true, 302: true, 307: true, 400: true, 401: true, 403: true, 404: true, 410: true, 422: true,
		408: false, 425: false, 429: false, 500: false, 502: false, 503: false,
	} {
		server, got := answering(t, status, `{"was":"493817","auth":"Bearer s3cret-token"}`)
		_, err := httpSenderFor(t, server.URL).Send(context.Background(), testLetter(t, nil))
		if err == nil || IsPermanent(err) != permanent {
			t.Errorf("%d: permanent %v, want %v: %v", status, IsPermanent(err), permanent, err)
		}
		code := "connector.general"
		if status == 429 {
			code = "connector.rate_limit_exceeded"
		}
		if guestlist.CodeOf(err) != code {
			t.Errorf("%d: code %q, want %q", status, guestlist.CodeOf(err), code)
		}
		var e *guestlist.Error
		if errors.As(err, &e) {
			all, _ := json.Marshal(map[string]any{"data": e.Data, "args": e.Args, "text": err.Error()})
			if strings.Contains(string(all), "493817") || strings.Contains(string(all), "s3cret") {
				t.Errorf("%d: a secret is in the error: %s", status, all)
			}
		}
		if len(*got) != 1 {
			t.Errorf("%d: %d requests, want 1: redirects are not followed", status, len(*got))
		}
	}
}

func TestHTTPSenderMayTryAgainWhenNobodyAnswers(t *testing.T) {
	server, _ := answering(t, 200, "")
	server.Close()
	if _, err := httpSenderFor(t, server.URL).Send(context.Background(), testLetter(t, nil)); err == nil || IsPermanent(err) {
		t.Errorf("got %v", err)
	}
}

func TestTheGuardRefusesAddressesThatAreNotPublic(t *testing.T) {
	server, got := answering(t, 200, "")
	config, _ := json.Marshal(map[string]string{"endpoint": server.URL})
	sender, err := NewSender(FactoryHTTPEmail, config, NewGuardedClient(nil, time.Second))
	if err != nil {
		t.Fatal(err)
	}
	_, err = sender.Send(context.Background(), testLetter(t, nil))
	var blocked *BlockedAddressError
	if !IsPermanent(err) || !errors.As(err, &blocked) || guestlist.CodeOf(err) != "connector.general" {
		t.Errorf("got %v", err)
	}
	if len(*got) != 0 {
		t.Error("the server was reached")
	}
}

func TestCheckAddress(t *testing.T) {
	for _, s := range []string{
		"0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.9.9.9", "169.254.169.254",
		"172.16.0.1", "172.31.255.255", "192.168.1.1", "198.18.0.1", "224.0.0.1", "239.255.255.250", "255.255.255.255",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1",
		"2002:7f00:1::", "2001::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2001:db8::1",
		"::ffff:0:7f00:1",
	} {
		if CheckAddress(netip.MustParseAddr(s), nil) == nil {
			t.Errorf("%s is let through", s)
		}
	}
	for _, s := range []string{"1.1.1.1", "93.184.215.14", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::200e", "::ffff:1.1.1.1"} {
		if err := CheckAddress(netip.MustParseAddr(s), nil); err != nil {
			t.Error(err)
		}
	}
	allow := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}
	for s, want := range map[string]bool{"10.1.2.3": true, "::ffff:10.1.2.3": true, "fd00::5": true, "10.2.0.1": false, "127.0.0.1": false} {
		if got := CheckAddress(netip.MustParseAddr(s), allow) == nil; got != want {
			t.Errorf("%s: allowed %v, want %v", s, got, want)
		}
	}
}

func TestTheGuardIgnoresProxies(t *testing.T) {
	server, got := answering(t, 200, "")
	t.Setenv("HTTP_PROXY", server.URL)
	t.Setenv("http_proxy", server.URL)
	req, _ := http.NewRequest(http.MethodGet, "http://192.168.1.1/", nil)
	if resp, err := NewGuardedClient(nil, time.Second).Do(req); err == nil {
		resp.Body.Close()
		t.Error("a private address was reached")
	}
	if len(*got) != 0 {
		t.Error("the proxy was asked")
	}
}

func TestTwilio(t *testing.T) {
	config, _ := json.Marshal(map[string]any{"accountSID": "AC1", "authToken": "tw-secret", "fromMessagingServiceSID": "MG1",
		"templates": defaultTemplates(false, ""), "disableRiskCheck": true})
	send := func(status int, answer string) (Receipt, []request, error) {
		server, got := answering(t, status, answer)
		sender, err := newTwilioSender(config, openClient())
		if err != nil {
			t.Fatal(err)
		}
		sender.base = server.URL
		m := letterTo("447700900123", "SignIn", map[string]any{"code": "493817"})
		words, err := Render(m, Sources{Config: config})
		if err != nil {
			t.Fatal(err)
		}
		receipt, err := sender.Send(context.Background(), Letter{Message: m, Words: words, At: testTime})
		return receipt, *got, err
	}
	receipt, got, err := send(201, `{"sid":"SM9","status":"accepted"}`)
	want := request{Path: "/2010-04-01/Accounts/AC1/Messages.json", Type: "application/x-www-form-urlencoded",
		Auth: "Basic " + base64.StdEncoding.EncodeToString([]byte("AC1:tw-secret")),
		Body: "Body=493817+is+your+code+to+sign+in.+It+works+for+10+minutes.&MessagingServiceSid=MG1&RiskCheck=disable&To=%2B447700900123"}
	if err != nil || receipt != (Receipt{ID: "SM9", Detail: "accepted"}) || len(got) != 1 || cmp.Diff(want, got[0]) != "" {
		t.Errorf("receipt %+v, err %v, diff %s", receipt, err, cmp.Diff([]request{want}, got))
	}
	if _, _, err := send(400, `{"code":21211,"message":"not a number: 493817 tw-secret"}`); !IsPermanent(err) ||
		strings.Contains(err.Error(), "493817") || strings.Contains(err.Error(), "tw-secret") || !strings.Contains(err.Error(), "21211") {
		t.Errorf("400: %v", err)
	}
	if _, _, err := send(429, `{}`); err == nil || IsPermanent(err) {
		t.Errorf("429: %v", err)
	}
	if _, _, err := send(201, `<html>`); err != nil {
		t.Errorf("a taken message with an unreadable receipt would be sent twice: %v", err)
	}
}

func TestSMTPWithOAuth(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	keyPEM := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	tokens, asked := answering(t, 200, `{"access_token":"fresh-token","expires_in":3600}`)
	for _, c := range []struct {
		name, token, asks string
		auth              map[string]any
	}{
		{"a token that is given", "given-token", "", map[string]any{"accessToken": "given-token"}},
		{"a refresh token", "fresh-token", "grant_type=refresh_token", map[string]any{"refreshToken": "r1", "clientId": "c1", "clientSecret": "cs"}},
		{"a given token that has ended", "fresh-token", "grant_type=refresh_token",
			map[string]any{"accessToken": "old-token", "expires": testTime.UnixMilli(), "refreshToken": "r1", "clientId": "c1"}},
		{"a service account", "fresh-token", "assertion=", map[string]any{"serviceClient": "robot", "privateKey": keyPEM}},
	} {
		t.Run(c.name, func(t *testing.T) {
			*asked = nil
			s := (&testServer{Token: c.token}).start(t, "starttls")
			c.auth["type"], c.auth["user"], c.auth["accessUrl"] = "oauth2", "ada", tokens.URL
			if _, err := sendVia(t, smtpConfigFor(t, s, map[string]any{"auth": c.auth}), testLetter(t, nil)); err != nil {
				t.Fatal(err)
			}
			if got := s.only(t); got.User != "ada" || !got.TLS {
				t.Errorf("got %+v", got)
			}
			if c.asks == "" && len(*asked) != 0 || c.asks != "" && (len(*asked) != 1 || !strings.Contains((*asked)[0].Body, c.asks)) {
				t.Errorf("the token endpoint was asked %+v", *asked)
			}
		})
	}
	assertion := tokenSource{auth: smtpAuth{ServiceClient: "robot", User: "ada", PrivateKey: keyPEM}}
	checkAssertion(t, &assertion, &key.PublicKey)
}

func checkAssertion(t *testing.T, s *tokenSource, key *rsa.PublicKey) {
	t.Helper()
	jwt, err := s.assertion(testTime)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(jwt, ".")
	sig, _ := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], sig); err != nil {
		t.Error(err)
	}
	claims, _ := base64.RawURLEncoding.DecodeString(parts[1])
	want := `{"aud":"https://oauth2.googleapis.com/token","exp":1795257000,"iat":1795253400,"iss":"robot","scope":"https://mail.google.com/","sub":"ada"}`
	if string(claims) != want {
		t.Errorf("claims %s, want %s", claims, want)
	}
}

func TestABearerTokenIsNeverSaidWithoutTLS(t *testing.T) {
	s := (&testServer{Token: "given-token"}).start(t, "plain")
	auth := map[string]any{"type": "oauth2", "user": "ada", "accessToken": "given-token"}
	if _, err := sendVia(t, smtpConfigFor(t, s, map[string]any{"auth": auth}), testLetter(t, nil)); err == nil || IsPermanent(err) {
		t.Errorf("got %v", err)
	}
	if len(s.mails) != 0 {
		t.Error("a mail arrived")
	}
}
