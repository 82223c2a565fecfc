package management

import (
	"errors"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/mail"
	"guestlist/internal/store"
)

// The values that stand in previews and test messages
// for what a real message would say.
const (
	sampleCode    = "482913"
	sampleLink    = "https://example.com/invitation"
	sampleAddress = "guest@example.com"
	sampleName    = "Grace Hopper"
)

// sampleMessage is a message of a type with made-up values for every placeholder.
func sampleMessage(t guestlist.TemplateType, to, lang string) guestlist.Message {
	payload := map[string]any{
		"application":  map[string]any{},
		"organization": map[string]any{"id": "org", "name": "Acme"},
		"inviter":      map[string]any{"name": sampleName, "primaryEmail": "grace@example.com"},
		"user":         map[string]any{"name": "Ada Lovelace", "primaryEmail": to},
		"locale":       lang, "uiLocales": lang,
	}
	if t.HasLink() {
		payload["link"] = sampleLink
		payload["guest"] = map[string]any{"name": "Ada Lovelace"}
		payload["campaign"], payload["sent"], payload["opened"], payload["accepted"], payload["bounced"] = "Spring launch", 480, 312, 207, 3
	} else {
		payload["code"] = sampleCode
	}
	return guestlist.Message{ID: crypt.ID(), Channel: guestlist.ChannelEmail, To: to, Type: t, Locale: lang, Payload: payload}
}

// previewTemplate puts a message into words by the renderer that real ones go
// through: with details that need not be saved, or with what is in force.
func (a *API) previewTemplate(c *call, in struct {
	Body struct {
		TemplateType guestlist.TemplateType `json:"templateType" check:"enum=@templates"`
		LanguageTag  string                 `json:"languageTag" check:"format=language"`
		Details      *templateDetails       `json:"details"`
	}
},
) (mail.Rendered, error) {
	b := in.Body
	var src mail.Sources
	if err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		connector, err := tx.ConnectorOf(guestlist.ConnectorEmail)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		src.Config = connector.Config
		if src.Rows, err = tx.TemplatesFor(b.TemplateType); err != nil {
			return err
		}
		exp, err := tx.SignInExperience()
		src.Fallback, src.Color = exp.LanguageInfo.FallbackLanguage, exp.Color.PrimaryColor
		return err
	}); err != nil {
		return mail.Rendered{}, err
	}
	if b.Details != nil {
		src.Rows = []guestlist.EmailTemplate{{TemplateType: b.TemplateType, LanguageTag: b.LanguageTag, Details: b.Details.details()}}
	}
	return mail.Render(sampleMessage(b.TemplateType, sampleAddress, b.LanguageTag), src)
}

// testTemplate sends what guests would get, by the connector that sends it to
// them: with details that need not be saved, or with what is in force.
func (a *API) testTemplate(c *call, in struct {
	Body struct {
		Email        string                 `json:"email" check:"format=email"`
		TemplateType guestlist.TemplateType `json:"templateType" check:"enum=@templates"`
		LanguageTag  string                 `json:"languageTag" check:"format=language"`
		Details      *templateDetails       `json:"details"`
	}
},
) (none, error) {
	var connector guestlist.Connector
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		connector, err = tx.ConnectorOf(guestlist.ConnectorEmail)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return none{}, guestlist.Refuse(guestlist.KindNotImplemented, "connector.not_found").
			WithArgs(map[string]any{"type": guestlist.ConnectorEmail})
	}
	if err != nil {
		return none{}, err
	}
	b := in.Body
	var own *guestlist.EmailTemplate
	if b.Details != nil {
		own = &guestlist.EmailTemplate{TemplateType: b.TemplateType, LanguageTag: b.LanguageTag, Details: b.Details.details()}
	}
	return none{}, a.TestMessage(c.ctx(), connector.FactoryID, connector.Config, sampleMessage(b.TemplateType, b.Email, b.LanguageTag), own)
}
