package mail

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net/http"
)

type postmarkCall struct {
	RecordType  string
	Type        string // of a bounce
	Inactive    bool   // Postmark sends nothing more to the address
	MessageID   string
	Metadata    map[string]string
	Description string
	Details     string
}

// readPostmark reads one event. Postmark signs nothing: it says the password
// that stands in the webhook's URL, by HTTP Basic (RFC 7617).
func readPostmark(config json.RawMessage, c Call) ([]Report, error) {
	conf, err := configOf[postmarkConfig](FactoryPostmark, config)
	if err != nil {
		return nil, err
	}
	_, password, ok := (&http.Request{Header: c.Header}).BasicAuth()
	got, want := sha256.Sum256([]byte(password)), sha256.Sum256([]byte(conf.WebhookPassword))
	if !ok || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return nil, errReportSource
	}
	var call postmarkCall
	if err := json.Unmarshal(c.Body, &call); err != nil {
		return nil, errReportShape.Because(err)
	}
	return []Report{call.report()}, nil
}

func (c postmarkCall) report() Report {
	r := Report{MessageID: c.Metadata[messageTag], CarrierID: c.MessageID}
	switch c.RecordType {
	case "Delivery":
		r.Outcome = Delivered
	case "SpamComplaint":
		r.Outcome, r.Dead = Complained, true
	case "Bounce":
		r.Detail = c.Details
		if r.Detail == "" {
			r.Detail = c.Description
		}
		switch c.Type {
		case "Transient": // Postmark tries again
			r.Outcome = Deferred
		case "SpamComplaint":
			r.Outcome, r.Dead = Complained, true
		case "AutoResponder", "AddressChange", "Subscribe", "Unsubscribe", "OpenRelayTest", "ChallengeVerification":
			// Answers of a mailbox, not refusals.
		default:
			r.Outcome, r.Dead = Bounced, c.Inactive || c.Type == "HardBounce" || c.Type == "BadEmailAddress"
		}
	}
	return r
}
