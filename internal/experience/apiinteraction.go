package experience

import (
	"net/http"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// putInteraction begins, or begins anew: what was gathered is forgotten. The
// door may be closed for the event; what follows says so, as on the wire.
func putInteraction(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	event := b.event()
	answer := b.optional("captchaToken", 0, maxCaptcha)
	if err := b.err(); err != nil {
		return err
	}
	return c.do(signin.SetEvent{Event: event, Captcha: answer})
}

func putEvent(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	event := b.event()
	if err := b.err(); err != nil {
		return err
	}
	return c.do(signin.ChangeEvent{Event: event})
}

// getInteraction shows what was gathered, but nothing that is secret.
func getInteraction(c *call) error { return c.json(c.run.Public()) }

// postIdentification says who the guest is. linkSocialIdentity gives an outside
// identity to the account whose address its provider proves.
func postIdentification(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	id := b.optional("verificationId", 0, maxID)
	link := b.isTrue("linkSocialIdentity")
	if err := b.err(); err != nil {
		return err
	}
	step, err := c.submit(signin.Identify{VerificationID: id, LinkSocial: link})
	if err != nil {
		return err
	}
	if !step.Registered {
		return c.nothing()
	}
	c.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	c.w.WriteHeader(http.StatusCreated)
	_, _ = c.w.Write([]byte("Created")) // the only failure is a closed connection
	return nil
}

// postSubmit finishes. A password reset leads nowhere: the guest signs in next.
func postSubmit(c *call) error {
	if _, err := c.body(); err != nil {
		return err
	}
	step, err := c.submit(signin.Finish{})
	if err != nil {
		return err
	}
	if step.RedirectTo == "" {
		return c.nothing()
	}
	return c.json(map[string]string{"redirectTo": step.RedirectTo})
}

// getSSOConnectors lists the enterprise connectors for an address.
func getSSOConnectors(c *call) error {
	query, err := web.Query(c.r)
	if err != nil {
		return err
	}
	given := members{issues: &web.Invalid{What: "query"}, values: map[string]any{}}
	switch emails := query["email"]; len(emails) {
	case 0:
	case 1:
		given.values["email"] = emails[0]
	default:
		given.values["email"] = []any{}
	}
	email := given.shaped("email", guestlist.IsEmail)
	if err := given.err(); err != nil {
		return err
	}
	faces, err := c.d.Desk.SSOFaces(c.r.Context(), email)
	if err != nil {
		return err
	}
	ids := make([]guestlist.ConnectorID, len(faces))
	for i, f := range faces {
		ids[i] = f.ID
	}
	return c.json(map[string][]guestlist.ConnectorID{"connectorIds": ids})
}
