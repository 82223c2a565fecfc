package mail

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/mail"
	"strings"

	"guestlist"
)

// messageTag is the name under which our message id travels to a provider and
// comes back with its reports. Postmark takes names of 20 characters.
const messageTag = "guestlist_message"

// configOf reads a config that ValidateConfig has passed.
func configOf[T any](factoryID string, config json.RawMessage) (T, error) {
	var c T
	if err := json.Unmarshal(config, &c); err != nil {
		return c, fmt.Errorf("%s: %w", factoryID, err)
	}
	return c, nil
}

// postJSON makes a request with a JSON body; dress adds what it is
// authenticated with.
func postJSON(ctx context.Context, url string, v any, secrets []string, dress func(*http.Request)) (*http.Request, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, failure("the payload is not JSON", nil, true)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, failure(err.Error(), secrets, true)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	dress(req)
	return req, nil
}

// envelope is who a mail is from, to and answered to.
type envelope struct {
	from, reply *mail.Address // reply may be nil
	to          string
}

// envelopeOf reads the addresses of a letter. What its template says goes
// before what the connector says, as long as it is an address. They are parsed
// because values in them can carry commas and brackets: one address comes out,
// or none, and without a recipient that is one nothing is sent.
func envelopeOf(l Letter, from, reply string) (envelope, error) {
	to, err := mail.ParseAddress(l.Message.To)
	if err != nil || to.Name != "" {
		return envelope{}, failure("the recipient is not an e-mail address", nil, true)
	}
	e := envelope{to: to.Address}
	if e.from = firstAddress(l.Words.From, fill(from, l.Message.Payload, oneLine)); e.from == nil && from != "" {
		return e, failure("the sender is not an e-mail address", nil, true)
	}
	e.reply = firstAddress(l.Words.ReplyTo, fill(reply, l.Message.Payload, oneLine))
	return e, nil
}

func firstAddress(list ...string) *mail.Address {
	for _, s := range list {
		if a, err := address(s); err == nil {
			return a
		}
	}
	return nil
}

// spelled writes an address for interfaces that take UTF-8, name in quotes.
func spelled(a *mail.Address) string {
	if a.Name == "" {
		return a.Address
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(a.Name) + `" <` + a.Address + `>`
}

// errNoTemplate says that a provider's templates have none for a message.
func errNoTemplate(kind guestlist.TemplateType) error {
	return &PermanentError{Err: guestlist.Refuse(guestlist.KindInvalid, "connector.template_not_found").
		Because(fmt.Errorf("no template for %s, and none for %s", kind, guestlist.TemplateGeneric))}
}
