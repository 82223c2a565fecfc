package mail

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// snsTopic is the ARN of a topic; its parts become parts of a host name.
var snsTopic = regexp.MustCompile(`^arn:aws(?:-[a-z]+)*:sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]{1,256}$`)

// snsHost returns the host of Amazon SNS that a topic belongs to, "" for a
// text that is no topic.
func snsHost(topic string) string {
	m := snsTopic.FindStringSubmatch(topic)
	if m == nil || !awsRegion.MatchString(m[1]) {
		return ""
	}
	return "sns." + m[1] + "." + awsDomain(m[1])
}

// snsCertificate is the path of a certificate at SNS.
var snsCertificate = regexp.MustCompile(`^/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem$`)

// maxCertificates bounds how many certificates of SNS are kept: it has one per
// region, and changes it about once a year.
const maxCertificates = 16

// snsEnvelope is a message of Amazon SNS.
type snsEnvelope struct {
	Type, MessageID, TopicARN, Subject, Message, Timestamp string
	Token, SubscribeURL                                    string
	SignatureVersion, Signature, SigningCertURL            string
}

// text is what is signed: names and values, each on a line, in this order.
func (e snsEnvelope) text() string {
	pairs := []string{"Message", e.Message, "MessageId", e.MessageID}
	if e.Type == "Notification" {
		if e.Subject != "" {
			pairs = append(pairs, "Subject", e.Subject)
		}
	} else {
		pairs = append(pairs, "SubscribeURL", e.SubscribeURL)
	}
	pairs = append(pairs, "Timestamp", e.Timestamp)
	if e.Type != "Notification" {
		pairs = append(pairs, "Token", e.Token)
	}
	return strings.Join(append(pairs, "TopicArn", e.TopicARN, "Type", e.Type), "\n") + "\n"
}

// readSES reads what Amazon SES says through Amazon SNS. SNS signs for
// everybody who has a topic, so a call counts only if it is of the connector's
// own. A subscription to that one is confirmed.
func (r *Reporter) readSES(ctx context.Context, config json.RawMessage, c Call) ([]Report, error) {
	conf, err := configOf[sesConfig](FactorySES, config)
	if err != nil {
		return nil, err
	}
	var e snsEnvelope
	if err := json.Unmarshal(c.Body, &e); err != nil {
		return nil, errReportShape.Because(err)
	}
	host := snsHost(conf.SNSTopicARN)
	if host == "" || e.TopicARN != conf.SNSTopicARN {
		return nil, errReportSource
	}
	if err := r.checkSNS(ctx, e, host, c.At); err != nil {
		return nil, err
	}
	switch e.Type {
	case "SubscriptionConfirmation":
		return nil, r.confirm(ctx, e, host)
	case "Notification":
		var event sesEvent
		if json.Unmarshal([]byte(e.Message), &event) != nil {
			return nil, nil //nolint:nilerr // no event, e.g. the greeting in plain text when a topic is chosen
		}
		return []Report{event.report()}, nil
	default: // nothing is lost with an ended subscription
		return nil, nil
	}
}

// checkSNS verifies a signature of version 2, SHA-256 with RSA. Version 1 is
// SHA-1 and not accepted.
func (r *Reporter) checkSNS(ctx context.Context, e snsEnvelope, host string, now time.Time) error {
	if e.SignatureVersion != "2" {
		return errReportSource.Saying("Set the attribute SignatureVersion of the topic to 2.")
	}
	signature, err := base64.StdEncoding.DecodeString(e.Signature)
	if err != nil {
		return errReportSource
	}
	certificate, err := r.certificate(ctx, e.SigningCertURL, host, now)
	if err != nil {
		return err
	}
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return errReportSource
	}
	sum := sha256.Sum256([]byte(e.text()))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) != nil {
		return errReportSource
	}
	return nil
}

// isAt reports whether a URL is one of a host's, by TLS, and nothing else.
func isAt(host string, u *url.URL) bool {
	return u.Scheme == "https" && u.Host == host && u.User == nil && u.Fragment == ""
}

// certificate returns the certificate that a message names, which must lie at
// the topic's own SNS: TLS to that host is what proves it.
func (r *Reporter) certificate(ctx context.Context, address, host string, now time.Time) (*x509.Certificate, error) {
	u, err := url.Parse(address)
	if err != nil || !isAt(host, u) || u.RawQuery != "" || !snsCertificate.MatchString(u.EscapedPath()) {
		return nil, errReportSource
	}
	certificate := r.kept(address)
	if certificate == nil {
		if certificate, err = r.fetch(ctx, address); err != nil {
			return nil, err
		}
	}
	if now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
		return nil, errReportSource.Because(errors.New("the certificate of the signature is not valid at this time"))
	}
	return certificate, nil
}

func (r *Reporter) kept(address string) *x509.Certificate {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.certificates[address]
}

func (r *Reporter) fetch(ctx context.Context, address string) (*x509.Certificate, error) {
	r.fetching.Lock()
	defer r.fetching.Unlock()
	if certificate := r.kept(address); certificate != nil {
		return certificate, nil // somebody else has fetched it meanwhile
	}
	body, err := r.get(ctx, address)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(body)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errReportSource.Because(errors.New("what was fetched is not a certificate"))
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, errReportSource.Because(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.certificates == nil || len(r.certificates) >= maxCertificates {
		r.certificates = map[string]*x509.Certificate{}
	}
	r.certificates[address] = certificate
	return certificate, nil
}

func (r *Reporter) get(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errReportSource.Because(err)
	}
	body, err := do(r.Client, req, nil)
	if err != nil {
		return nil, errReportLater.Because(err) // SNS comes again after 5xx alone
	}
	return body, nil
}

// confirm accepts the subscription that a signed message of the connector's
// topic offers.
func (r *Reporter) confirm(ctx context.Context, e snsEnvelope, host string) error {
	u, err := url.Parse(e.SubscribeURL)
	if err != nil || !isAt(host, u) || u.Query().Get("Action") != "ConfirmSubscription" {
		return errReportSource
	}
	_, err = r.get(ctx, u.String())
	return err
}

// sesEvent is what SES publishes: as an event of a configuration set, or as a
// notification of an identity, which has no tags.
type sesEvent struct {
	EventType        string `json:"eventType"`
	NotificationType string `json:"notificationType"`
	Mail             struct {
		MessageID string              `json:"messageId"`
		Tags      map[string][]string `json:"tags"`
	} `json:"mail"`
	Bounce struct {
		BounceType        string `json:"bounceType"`
		BounceSubType     string `json:"bounceSubType"`
		BouncedRecipients []struct {
			DiagnosticCode string `json:"diagnosticCode"`
		} `json:"bouncedRecipients"`
	} `json:"bounce"`
	Complaint struct {
		FeedbackType string `json:"complaintFeedbackType"`
	} `json:"complaint"`
	DeliveryDelay struct {
		DelayType string `json:"delayType"`
	} `json:"deliveryDelay"`
	Reject struct {
		Reason string `json:"reason"`
	} `json:"reject"`
}

func (e sesEvent) report() Report {
	r := Report{CarrierID: e.Mail.MessageID}
	if tags := e.Mail.Tags[messageTag]; len(tags) > 0 {
		r.MessageID = tags[0]
	}
	kind := e.EventType
	if kind == "" {
		kind = e.NotificationType
	}
	switch kind {
	case "Delivery":
		r.Outcome = Delivered
	case "DeliveryDelay":
		r.Outcome, r.Detail = Deferred, e.DeliveryDelay.DelayType
	case "Bounce":
		r.Outcome, r.Dead = Bounced, e.Bounce.BounceType == "Permanent"
		r.Detail = e.Bounce.BounceType + " " + e.Bounce.BounceSubType
		if list := e.Bounce.BouncedRecipients; len(list) > 0 && list[0].DiagnosticCode != "" {
			r.Detail = list[0].DiagnosticCode
		}
	case "Complaint":
		if e.Complaint.FeedbackType != "not-spam" { // some mailboxes report the contrary, too
			r.Outcome, r.Dead, r.Detail = Complained, true, e.Complaint.FeedbackType
		}
	case "Reject":
		r.Outcome, r.Detail = Bounced, e.Reject.Reason
	}
	return r
}
