package experience

import (
	"guestlist"
	"guestlist/internal/signin"
)

// postPasswordVerification compares a password. A name that nobody can have is
// answered like one that nobody has.
func postPasswordVerification(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	var who guestlist.Identifier
	if id, ok := b.object("identifier"); ok {
		who.Type = guestlist.IdentifierType(id.choice("type",
			string(guestlist.IdentifierUsername), string(guestlist.IdentifierEmail), string(guestlist.IdentifierPhone)))
		who.Value = id.text("value", 0, unlimited)
	}
	password := b.text("password", 1, unlimited)
	if err := b.err(); err != nil {
		return err
	}
	return c.verify(signin.VerifyPassword{Identifier: who, Password: password})
}

// postCodeSending sends a code, in the guest's language.
func postCodeSending(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	to, event := b.address(), b.event()
	if err := b.err(); err != nil {
		return err
	}
	lang, err := c.language()
	if err != nil {
		return err
	}
	step, err := c.d.Desk.Submit(c.r.Context(), c.uid, signin.SendCode{Identifier: to, Event: event}, c.d.caller(c.r, lang))
	if err != nil {
		return err
	}
	return c.verification(step)
}

// language is the one that the hosted pages would speak to this browser.
func (c *call) language() (string, error) {
	exp, err := c.d.Desk.Experience(c.r.Context())
	if err != nil {
		return "", err
	}
	wording, err := c.d.Desk.Wording(c.r.Context())
	if err != nil {
		return "", err
	}
	return c.d.language(c.r, c.run.Request.UILocales, exp.LanguageInfo, wording), nil
}

func postCodeVerification(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	a := signin.VerifyCode{
		Identifier: b.address(), VerificationID: b.text("verificationId", 1, maxID), Code: b.text("code", 1, maxCode),
	}
	if err := b.err(); err != nil {
		return err
	}
	return c.verify(a)
}

func postNewPasswordIdentity(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	a := signin.NewPasswordIdentity{
		Username: b.named(guestlist.IdentifierUsername, guestlist.IsUsername), Password: b.text("password", 1, unlimited),
	}
	if err := b.err(); err != nil {
		return err
	}
	return c.verify(a)
}

// postTokenVerification holds a one-time token. Whoever sends it with its
// address knows both, which no scanner of links does: nothing is asked on top.
func postTokenVerification(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	a := signin.VerifyOneTimeToken{
		Email: b.named(guestlist.IdentifierEmail, guestlist.IsEmail), Token: b.text("token", 1, maxToken),
	}
	if err := b.err(); err != nil {
		return err
	}
	return c.verify(a)
}
