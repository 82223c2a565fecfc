package experience

import (
	"encoding/json"
	"net/url"

	"guestlist"
	"guestlist/internal/signin"
)

// What an attempt at an outside provider and its answer may be, in characters
// and members.
const (
	maxStateText    = 1024
	maxRedirectText = 2048
	maxAnswerText   = 32 << 10
	maxAnswerParts  = 64
)

// outside makes the handler of a way to outside providers; the path names the
// connector.
func outside(way guestlist.Way, serve func(*call, guestlist.Way, guestlist.ConnectorID) error) func(*call) error {
	return func(c *call) error { return serve(c, way, guestlist.ConnectorID(c.r.PathValue("connectorId"))) }
}

// postAuthorizationURI begins an attempt. The page keeps the state and compares
// it when the answer comes, as the hosted ones do.
func postAuthorizationURI(c *call, way guestlist.Way, id guestlist.ConnectorID) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	a := signin.BeginOutside{
		Way: way, ConnectorID: id, State: b.text("state", 0, maxStateText), RedirectURI: b.text("redirectUri", 0, maxRedirectText),
	}
	if err := b.err(); err != nil {
		return err
	}
	step, err := c.submit(a)
	if err != nil {
		return err
	}
	return c.json(map[string]string{"authorizationUri": step.Location, "verificationId": step.VerificationID})
}

// postOutsideVerification verifies what the provider sent back with the
// browser.
func postOutsideVerification(c *call, way guestlist.Way, id guestlist.ConnectorID) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	a := signin.VerifyOutside{Way: way, ConnectorID: id, Answer: b.answer("connectorData"), StateChecked: true}
	if way == guestlist.WaySocial {
		a.VerificationID = b.optional("verificationId", 0, maxID)
	} else {
		a.VerificationID = b.text("verificationId", 1, maxID)
	}
	if err := b.err(); err != nil {
		return err
	}
	return c.verify(a)
}

// answer reads the parameters that a provider sent back: an object of texts.
// Other values are taken as the JSON that they are.
func (m members) answer(name string) url.Values {
	answer := url.Values{}
	given, ok := m.object(name)
	if !ok || !m.issues.Check(len(given.values) <= maxAnswerParts, m.path+name, "too_big", "Too many members") {
		return answer
	}
	for key, v := range given.values {
		s, isText := v.(string)
		if !isText {
			text, err := json.Marshal(v)
			if err != nil {
				continue // what was decoded can be encoded
			}
			s = string(text)
		}
		if given.size(key, s, 0, maxAnswerText); len(key) <= maxAnswerText {
			answer.Set(key, s)
		}
	}
	return answer
}
