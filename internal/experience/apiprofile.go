package experience

import (
	"guestlist"
	"guestlist/internal/signin"
)

// postProfile stages one thing for the account.
func postProfile(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	var a signin.Action
	switch kind := b.kind("type", "username", "password", "email", "phone", "social", "extraProfile"); kind {
	case "username":
		a = signin.SetUsername{Username: b.shaped("value", guestlist.IsUsername)}
	case "password":
		a = signin.SetPassword{Password: b.text("value", 1, unlimited)}
	case "email", "phone":
		a = signin.SetAddress{Type: guestlist.IdentifierType(kind), VerificationID: b.text("verificationId", 1, maxID)}
	case "social":
		a = signin.SetIdentity{VerificationID: b.text("verificationId", 1, maxID)}
	case "extraProfile":
		values, _ := b.object("values")
		a = signin.SetExtraProfile{Values: values.values}
	}
	if err := b.err(); err != nil {
		return err
	}
	return c.do(a)
}

// putProfilePassword stages the new password of somebody who forgot theirs.
func putProfilePassword(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	password := b.text("password", 1, unlimited)
	if err := b.err(); err != nil {
		return err
	}
	return c.do(signin.SetNewPassword{Password: password})
}
