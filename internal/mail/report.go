package mail

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"guestlist"
)

// Limits on reports of providers.
const (
	maxReports = 5000 // events in one call

	// webhookSecretLength is the shortest secret that proves where a report
	// comes from, in characters.
	webhookSecretLength = 16
)

// Outcome is what a provider says became of a message. The values are those
// that a message's row has.
type Outcome string

// The outcomes.
const (
	Delivered  Outcome = "delivered"
	Deferred   Outcome = "deferred" // not yet; the provider tries again
	Bounced    Outcome = "bounced"
	Complained Outcome = "complained" // the recipient called it spam
)

// Report is what a provider says of one message. It names the message by our
// id where that came along, and by the provider's own otherwise.
type Report struct {
	MessageID string
	CarrierID string
	Outcome   Outcome
	Dead      bool   // nothing more should be sent to the address
	Detail    string // the provider's words, shortened
}

// Reports are what one call of a provider brought. Once, if it is not "", is
// a word that must be taken one time only within OnceWithin: the call's
// signature covers nothing else.
type Reports struct {
	List       []Report
	Once       string
	OnceWithin time.Duration
}

// Call is a call of a provider as it arrived.
type Call struct {
	Header http.Header
	Body   []byte // of a size that the caller has limited
	At     time.Time
}

// The refusals of reports.
var (
	errReportSource = guestlist.Refuse(guestlist.KindUnauthenticated, "connector.report_not_authentic")
	errReportLater  = guestlist.Refuse(guestlist.KindUnavailable, "connector.report_not_verifiable")
	errReportShape  = guestlist.Refuse(guestlist.KindInvalid, "connector.report_invalid")
)

// Reporter reads the calls by which providers say what became of messages. Use
// a pointer; it is safe for concurrent use. Client makes its own requests, to
// Amazon SNS alone; give it NewGuardedClient.
type Reporter struct {
	Client *http.Client

	fetching     sync.Mutex // one certificate at a time
	mu           sync.Mutex
	certificates map[string]*x509.Certificate // of SNS, by URL
}

// CanReport reports whether a connector is set up for reports: its factory
// knows them and its config holds what proves where they come from.
func CanReport(factoryID string, config json.RawMessage) bool {
	var c struct{ WebhookPublicKey, WebhookSigningKey, SNSTopicARN, WebhookPassword, WebhookSecret string }
	if json.Unmarshal(config, &c) != nil {
		return false
	}
	switch factoryID {
	case FactorySendGrid:
		return c.WebhookPublicKey != ""
	case FactoryMailgun:
		return c.WebhookSigningKey != ""
	case FactorySES:
		return c.SNSTopicARN != ""
	case FactoryPostmark:
		return c.WebhookPassword != ""
	case FactoryResend:
		return c.WebhookSecret != ""
	}
	return false
}

// Read returns what a call says. It believes nothing before the call has
// proved that it comes from the provider of the connector: 401
// connector.report_not_authentic. A call that cannot be read is 400
// connector.report_invalid, one that cannot be verified at the moment 503
// connector.report_not_verifiable. Events that mean nothing here are left out.
//
// The same call may come again, by a retry or by somebody who has seen it:
// whoever keeps what it says must let states go forward only.
func (r *Reporter) Read(ctx context.Context, factoryID string, config json.RawMessage, c Call) (Reports, error) {
	if !CanReport(factoryID, config) {
		return Reports{}, errReportSource
	}
	var reports Reports
	var err error
	switch factoryID {
	case FactorySendGrid:
		reports.List, err = readSendGrid(config, c)
	case FactoryMailgun:
		reports, err = readMailgun(config, c)
	case FactorySES:
		reports.List, err = r.readSES(ctx, config, c)
	case FactoryPostmark:
		reports.List, err = readPostmark(config, c)
	default: // CanReport knows one more
		reports.List, err = readResend(config, c)
	}
	if err != nil {
		return Reports{}, err
	}
	if len(reports.List) > maxReports {
		return Reports{}, errReportShape
	}
	kept := reports.List[:0]
	for _, one := range reports.List {
		if one.Outcome != "" && (one.MessageID != "" || one.CarrierID != "") {
			one.Detail = tidy(one.Detail, nil)
			kept = append(kept, one)
		}
	}
	reports.List = kept
	return reports, nil
}

// fresh reports whether a time in seconds since 1970 is within a tolerance of
// now.
func fresh(seconds int64, now time.Time, tolerance time.Duration) bool {
	age := now.Unix() - seconds
	return age <= int64(tolerance/time.Second) && -age <= int64(tolerance/time.Second)
}
