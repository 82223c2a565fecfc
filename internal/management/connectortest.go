package management

import (
	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/mail"
	"guestlist/internal/web"
)

// testCode is the code that a test message shows, as on the wire.
const testCode = "000000"

func (a *API) testConnector(c *call, in struct {
	FactoryID string `path:"factoryId"`
	Body      struct {
		Phone  *string              `json:"phone" check:"format=phone"`
		Email  *string              `json:"email" check:"format=email"`
		Config guestlist.JSONObject `json:"config"`
		Locale *string              `json:"locale" check:"max=35"`
	}
},
) (none, error) {
	if in.Body.Phone == nil && in.Body.Email == nil {
		var inv web.Invalid
		inv.Check(false, "", "custom", "Either email or phone is required")
		return none{}, inv.Err()
	}
	f, ok := mail.Factory(in.FactoryID)
	if !ok {
		return none{}, guestlist.Refuse(guestlist.KindInvalid, "connector.not_found").
			WithArgs(map[string]any{"type": clip(in.FactoryID)})
	}
	to := in.Body.Email
	if f.Type == guestlist.ConnectorSMS {
		to = in.Body.Phone
	}
	if to == nil {
		return none{}, guestlist.Refuse(guestlist.KindInvalid, "connector.unexpected_type")
	}
	if err := mail.ValidateConfig(f.ID, in.Body.Config); err != nil {
		return none{}, err
	}
	m := guestlist.Message{
		ID: crypt.ID(), Channel: f.Type.Channel(), To: *to, Type: guestlist.TemplateGeneric,
		Payload: map[string]any{"code": testCode},
	}
	set(&m.Locale, in.Body.Locale)
	return none{}, a.TestMessage(c.ctx(), f.ID, in.Body.Config, m, nil)
}
