package management

import (
	"guestlist"
	"guestlist/internal/phone"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

func (a *API) verificationCodeRoutes() []route {
	return []route{
		post("/api/verification-codes", "Send a code to an e-mail address or a phone number", a.sendVerificationCode),
		post("/api/verification-codes/verify", "Check a code that was sent", a.checkVerificationCode),
	}
}

// codeRecipient is where a code goes: one of the two. Where both are given the
// e-mail address counts.
type codeRecipient struct {
	Email *string `json:"email,omitempty" check:"format=address,max=128"`
	Phone *string `json:"phone,omitempty" check:"format=digits,max=128"`
}

func (r codeRecipient) identifier() (guestlist.Identifier, error) {
	switch {
	case r.Email != nil:
		return guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: *r.Email}, nil
	case r.Phone != nil:
		digits, err := phone.Normalize(*r.Phone)
		return guestlist.Identifier{Type: guestlist.IdentifierPhone, Value: digits}, err
	}
	var inv web.Invalid
	inv.Type("email", kindString, "undefined")
	return guestlist.Identifier{}, inv.Err()
}

func (a *API) sendVerificationCode(c *call, in struct{ Body codeRecipient }) (none, error) {
	to, err := in.Body.identifier()
	if err != nil {
		return none{}, err
	}
	from := signin.Caller{UserAgent: c.r.UserAgent()}
	if ip := web.ClientIP(c.r, a.TrustedProxies); ip.IsValid() {
		from.IP = ip.String()
	}
	return none{}, a.Desk.SendGenericCode(c.ctx(), to, from)
}

func (a *API) checkVerificationCode(c *call, in struct {
	Body struct {
		codeRecipient
		Code string `json:"verificationCode" check:"min=1,max=64"`
	}
},
) (none, error) {
	to, err := in.Body.identifier()
	if err != nil {
		return none{}, err
	}
	return none{}, a.Desk.VerifyGenericCode(c.ctx(), to, in.Body.Code)
}
