package mail

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

const (
	resendSecretPrefix = "whsec_"
	resendWithin       = 5 * time.Minute // Svix signs every attempt anew
)

type resendCall struct {
	Type string `json:"type"`
	Data struct {
		ID     string          `json:"email_id"`
		Tags   json.RawMessage `json:"tags"`
		Bounce struct{ Message, Type, SubType string }
		Failed struct{ Reason string }
	} `json:"data"`
}

// resendKey reads a signing secret as Resend shows it.
func resendKey(s string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.TrimPrefix(s, resendSecretPrefix))
}

// readResend reads one event. The signature is Svix's, over id, timestamp and
// body; the header may hold several, of keys that are being changed.
func readResend(config json.RawMessage, c Call) ([]Report, error) {
	conf, err := configOf[resendConfig](FactoryResend, config)
	if err != nil {
		return nil, err
	}
	key, err := resendKey(conf.WebhookSecret)
	if err != nil {
		return nil, errReportSource.Because(err)
	}
	id, stamp := c.Header.Get("Svix-Id"), c.Header.Get("Svix-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || id == "" || !fresh(seconds, c.At, resendWithin) {
		return nil, errReportSource
	}
	want, signed := hmac256(key, id+"."+stamp+"."+string(c.Body)), false
	for one := range strings.FieldsSeq(c.Header.Get("Svix-Signature")) {
		got, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(one, "v1,"))
		signed = signed || err == nil && strings.HasPrefix(one, "v1,") && hmac.Equal(got, want)
	}
	if !signed {
		return nil, errReportSource
	}
	var call resendCall
	if err := json.Unmarshal(c.Body, &call); err != nil {
		return nil, errReportShape.Because(err)
	}
	return []Report{call.report()}, nil
}

func (c resendCall) report() Report {
	r := Report{MessageID: resendTagOf(c.Data.Tags), CarrierID: c.Data.ID, Detail: c.Data.Bounce.Message}
	switch c.Type {
	case "email.delivered":
		r.Outcome = Delivered
	case "email.delivery_delayed":
		r.Outcome = Deferred
	case "email.bounced":
		r.Outcome, r.Dead = Bounced, c.Data.Bounce.Type == "Permanent"
	case "email.suppressed":
		r.Outcome, r.Dead = Bounced, true
	case "email.failed":
		r.Outcome, r.Detail = Bounced, c.Data.Failed.Reason
	case "email.complained":
		r.Outcome, r.Dead = Complained, true
	}
	return r
}

// resendTagOf finds our id among the tags, which come as an object, or as the
// list that they were sent as.
func resendTagOf(tags json.RawMessage) string {
	var object map[string]string
	if json.Unmarshal(tags, &object) == nil {
		return object[messageTag]
	}
	var list []resendTag
	_ = json.Unmarshal(tags, &list) // in any other form, they are not ours
	for _, tag := range list {
		if tag.Name == messageTag {
			return tag.Value
		}
	}
	return ""
}
