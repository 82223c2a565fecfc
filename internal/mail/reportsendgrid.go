package mail

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

// The headers of SendGrid's signed event webhook.
const (
	sendgridSignature = "X-Twilio-Email-Event-Webhook-Signature"
	sendgridTimestamp = "X-Twilio-Email-Event-Webhook-Timestamp"
)

type sendgridEvent struct {
	Event     string `json:"event"`
	Type      string `json:"type"` // of a bounce: "bounce" or "blocked"
	Reason    string `json:"reason"`
	Response  string `json:"response"`
	MessageID string `json:"guestlist_message"` // custom arguments come back as members
	CarrierID string `json:"sg_message_id"`
}

// sendgridKey reads the key that SendGrid shows for its signed webhook: a
// public key for ECDSA in DER, base64.
func sendgridKey(s string) (*ecdsa.PublicKey, error) {
	der, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s))
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	ec, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("not a key for ECDSA")
	}
	return ec, nil
}

// readSendGrid reads a list of events. The signature is over timestamp and
// body. SendGrid repeats a call for a day, so the timestamp may be old.
func readSendGrid(config json.RawMessage, c Call) ([]Report, error) {
	conf, err := configOf[sendgridConfig](FactorySendGrid, config)
	if err != nil {
		return nil, err
	}
	key, err := sendgridKey(conf.WebhookPublicKey)
	if err != nil {
		return nil, errReportSource.Because(err)
	}
	signature, err := base64.StdEncoding.DecodeString(c.Header.Get(sendgridSignature))
	sum := sha256.Sum256(append([]byte(c.Header.Get(sendgridTimestamp)), c.Body...))
	if err != nil || !ecdsa.VerifyASN1(key, sum[:], signature) {
		return nil, errReportSource
	}
	var events []sendgridEvent
	if err := json.Unmarshal(c.Body, &events); err != nil {
		return nil, errReportShape.Because(err)
	}
	list := make([]Report, len(events))
	for i, e := range events {
		list[i] = e.report()
	}
	return list, nil
}

func (e sendgridEvent) report() Report {
	id, _, _ := strings.Cut(e.CarrierID, ".") // what follows is of their own machines
	r := Report{MessageID: e.MessageID, CarrierID: id, Detail: e.Reason}
	switch e.Event {
	case "delivered":
		r.Outcome = Delivered
	case "deferred":
		r.Outcome, r.Detail = Deferred, e.Response
	case "bounce":
		// "blocked" says that this mail was refused, not that the address is dead.
		r.Outcome, r.Dead = Bounced, e.Type != "blocked"
	case "dropped": // not sent, because of what happened to an earlier mail
		r.Outcome, r.Dead = Bounced, e.Reason == "Bounced Address" || e.Reason == "Invalid"
		if e.Reason == "Spam Reporting Address" {
			r.Outcome, r.Dead = Complained, true
		}
	case "spamreport":
		r.Outcome, r.Dead = Complained, true
	}
	return r
}
