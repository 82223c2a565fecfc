package mail

import (
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// mailgunWithin is how old a call may be: Mailgun repeats one for eight hours.
const mailgunWithin = 12 * time.Hour

type mailgunCall struct {
	Signature struct{ Timestamp, Token, Signature string } `json:"signature"`
	Event     struct {
		Event     string                     `json:"event"`
		Severity  string                     `json:"severity"` // of "failed": "permanent" or "temporary"
		Reason    string                     `json:"reason"`
		Variables map[string]json.RawMessage `json:"user-variables"`
		Message   struct {
			Headers map[string]any `json:"headers"`
		} `json:"message"`
		Status struct{ Message, Description string } `json:"delivery-status"`
	} `json:"event-data"`
}

// readMailgun reads one event. Mailgun signs a timestamp and a token, not the
// event: the token is therefore good for one call.
func readMailgun(config json.RawMessage, c Call) (Reports, error) {
	conf, err := configOf[mailgunConfig](FactoryMailgun, config)
	if err != nil {
		return Reports{}, err
	}
	var call mailgunCall
	if err := json.Unmarshal(c.Body, &call); err != nil {
		return Reports{}, errReportShape.Because(err)
	}
	s := call.Signature
	signature, err := hex.DecodeString(s.Signature)
	if err != nil || !hmac.Equal(signature, hmac256([]byte(conf.WebhookSigningKey), s.Timestamp+s.Token)) {
		return Reports{}, errReportSource
	}
	// The two are signed as one text. Where one ends must not be movable.
	seconds, err := strconv.ParseInt(s.Timestamp, 10, 64)
	if err != nil || !fresh(seconds, c.At, mailgunWithin) || s.Token == "" {
		return Reports{}, errReportSource
	}
	return Reports{List: []Report{call.report()}, Once: s.Timestamp + s.Token, OnceWithin: 2 * mailgunWithin}, nil
}

func (c mailgunCall) report() Report {
	e := c.Event
	r := Report{Detail: strings.TrimSpace(e.Status.Message + " " + e.Status.Description)}
	_ = json.Unmarshal(e.Variables[messageTag], &r.MessageID) // of another type, it is not ours
	r.CarrierID, _ = e.Message.Headers["message-id"].(string)
	switch e.Event {
	case "delivered":
		r.Outcome, r.Detail = Delivered, ""
	case "failed":
		if r.Outcome = Bounced; e.Severity == "temporary" {
			r.Outcome = Deferred
			break
		}
		// "bounce" is the address's refusal, "suppress-bounce" the memory of one.
		r.Dead = e.Reason == "bounce" || e.Reason == "suppress-bounce"
		if e.Reason == "suppress-complaint" {
			r.Outcome, r.Dead = Complained, true
		}
	case "complained":
		r.Outcome, r.Dead = Complained, true
	}
	return r
}
