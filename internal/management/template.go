package management

import (
	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

const tableTemplates = "email_templates"

func (a *API) templateRoutes() []route {
	return []route{
		get("/api/email-templates", "List e-mail templates", a.listTemplates),
		put("/api/email-templates", "Create or replace e-mail templates", a.putTemplates),
		remove("/api/email-templates", "Delete e-mail templates", a.deleteTemplates),
		post("/api/email-templates/preview", "Put a message of a type into words, as it would be sent", a.previewTemplate),
		post("/api/email-templates/test", "Send a message of a type by the e-mail connector", a.testTemplate),
		get("/api/email-templates/{id}", "Get an e-mail template", a.getTemplate).of(templateVersion),
		patch("/api/email-templates/{id}/details", "Change an e-mail template", a.updateTemplate).of(templateVersion),
		remove("/api/email-templates/{id}", "Delete an e-mail template", a.deleteTemplate).of(templateVersion),
	}
}

type templateFilter struct {
	LanguageTag  string                 `query:"languageTag" check:"format=language,orEmpty"`
	TemplateType guestlist.TemplateType `query:"templateType" check:"enum=@templates"`
}

func (f templateFilter) filter() store.TemplateFilter {
	return store.TemplateFilter{LanguageTag: f.LanguageTag, TemplateType: f.TemplateType}
}

func (a *API) listTemplates(c *call, in templateFilter) ([]guestlist.EmailTemplate, error) {
	var templates []guestlist.EmailTemplate
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		templates, err = tx.Templates(in.filter())
		return err
	})
	return templates, err
}

// templateDetails are the details of a template as they are given. Line breaks
// in what becomes a header are refused.
type templateDetails struct {
	Subject     string  `json:"subject" check:"max=512,format=header"`
	Content     string  `json:"content" check:"min=1,max=131072"`
	ContentType *string `json:"contentType" check:"enum=text/html|text/plain"`
	ReplyTo     *string `json:"replyTo" check:"max=512,format=header"`
	SendFrom    *string `json:"sendFrom" check:"max=512,format=header"`
}

func (d templateDetails) details() guestlist.EmailTemplateDetails {
	out := guestlist.EmailTemplateDetails{Subject: d.Subject, Content: d.Content}
	set(&out.ContentType, d.ContentType)
	set(&out.ReplyTo, d.ReplyTo)
	set(&out.SendFrom, d.SendFrom)
	return out
}

type givenTemplate struct {
	LanguageTag  string                 `json:"languageTag" check:"format=language"`
	TemplateType guestlist.TemplateType `json:"templateType" check:"enum=@templates"`
	Details      templateDetails        `json:"details"`
}

func (a *API) putTemplates(c *call, in struct {
	Body struct {
		Templates []givenTemplate `json:"templates" check:"min=1,max=500"`
	}
},
) ([]guestlist.EmailTemplate, error) {
	var answer []guestlist.EmailTemplate
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		answer = nil
		for _, t := range in.Body.Templates {
			if err := tx.PutTemplate(guestlist.EmailTemplate{
				ID: guestlist.TemplateID(crypt.ID()), LanguageTag: t.LanguageTag, TemplateType: t.TemplateType,
				Details: t.Details.details(), CreatedAt: tx.Now,
			}); err != nil {
				return err
			}
			stored, err := tx.Templates(store.TemplateFilter{LanguageTag: t.LanguageTag, TemplateType: t.TemplateType})
			if err != nil {
				return err
			}
			answer = append(answer, stored...)
		}
		return nil
	})
	return answer, err
}

// rowCount says how many rows were deleted.
type rowCount struct {
	RowCount int `json:"rowCount"`
}

func (a *API) deleteTemplates(c *call, in templateFilter) (rowCount, error) {
	var n rowCount
	if in == (templateFilter{}) {
		return n, guestlist.Refuse(guestlist.KindUnprocessable, "connector.email_connector.bulk_deletion_no_filter")
	}
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		n.RowCount, err = tx.DeleteTemplates(in.filter())
		return err
	})
	return n, err
}

// templateID is the input of routes that need nothing else.
type templateID struct {
	ID guestlist.TemplateID `path:"id"`
}

func (a *API) getTemplate(c *call, in templateID) (guestlist.EmailTemplate, error) {
	var t guestlist.EmailTemplate
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		t, err = tx.Template(in.ID)
		return orNoID(err, tableTemplates, in.ID)
	})
	return t, err
}

func (a *API) updateTemplate(c *call, in struct {
	ID   guestlist.TemplateID `path:"id"`
	Body struct {
		Subject     *string `json:"subject" check:"max=512,format=header"`
		Content     *string `json:"content" check:"min=1,max=131072"`
		ContentType *string `json:"contentType" check:"enum=text/html|text/plain"`
		ReplyTo     *string `json:"replyTo" check:"max=512,format=header"`
		SendFrom    *string `json:"sendFrom" check:"max=512,format=header"`
	}
},
) (guestlist.EmailTemplate, error) {
	var t guestlist.EmailTemplate
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if t, err = tx.Template(in.ID); err != nil {
			return orNoID(err, tableTemplates, in.ID)
		}
		set(&t.Details.Subject, in.Body.Subject)
		set(&t.Details.Content, in.Body.Content)
		set(&t.Details.ContentType, in.Body.ContentType)
		set(&t.Details.ReplyTo, in.Body.ReplyTo)
		set(&t.Details.SendFrom, in.Body.SendFrom)
		return tx.PutTemplate(t)
	})
	return t, err
}

func (a *API) deleteTemplate(c *call, in templateID) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		return orNoID(tx.DeleteTemplate(in.ID), tableTemplates, in.ID)
	})
}

func templateTypes() []string {
	var list []string
	for _, t := range guestlist.TemplateTypes() {
		list = append(list, string(t))
	}
	return list
}
