// Package welcome is the receiver that the guide for created users shows: it
// takes User.Created webhooks, checks their signature and sends a welcome mail
// through SMTP. In a program of its own, Main is main.
//
// It promises to send nothing for a request that Guestlist did not sign. It
// refuses to remember anything: a delivery that is repeated sends again.
package welcome

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/smtp"
	"os"
	"time"
)

// Main listens until it fails.
func Main() {
	if len(os.Args) != 4 {
		fail("usage: welcome LISTEN SMTP-ADDRESS SIGN-IN-LINK; the signing key is in $SIGNING_KEY")
	}
	receiver := &http.Server{
		Addr: os.Args[1], ReadHeaderTimeout: 5 * time.Second,
		Handler: receive(os.Getenv("SIGNING_KEY"), os.Args[2], os.Args[3]),
	}
	fail(receiver.ListenAndServe())
}

func fail(why any) {
	fmt.Fprintln(os.Stderr, "welcome:", why)
	os.Exit(1)
}

// receive answers one webhook.
func receive(key, mailServer, link string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		if r.Method == http.MethodGet { // somebody asks whether we are there
			return
		}
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write(body)
		signature, err := hex.DecodeString(r.Header.Get("logto-signature-sha-256"))
		if err != nil || !hmac.Equal(signature, mac.Sum(nil)) {
			http.Error(w, "not signed by Guestlist", http.StatusUnauthorized)
			return
		}
		var event struct {
			Event string
			Data  struct{ PrimaryEmail, Name string }
		}
		if err := json.Unmarshal(body, &event); err != nil || event.Event != "User.Created" || event.Data.PrimaryEmail == "" {
			return // nothing to do
		}
		text := fmt.Sprintf("From: hello@shop.example\r\nTo: %s\r\nSubject: Welcome\r\n\r\nHello %s,\r\nyour account is ready: %s\r\n",
			event.Data.PrimaryEmail, event.Data.Name, link)
		if err := smtp.SendMail(mailServer, nil, "hello@shop.example", []string{event.Data.PrimaryEmail}, []byte(text)); err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable) // Guestlist repeats it
		}
	}
}
