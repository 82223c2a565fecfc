package store

import "guestlist"

const templateColumns = `id, language_tag, template_type, details, created_at`

func scanTemplate(sc scanner) (guestlist.EmailTemplate, error) {
	t := guestlist.EmailTemplate{TenantID: guestlist.TenantID}
	var details string
	if err := sc.Scan(&t.ID, &t.LanguageTag, &t.TemplateType, &details, &t.CreatedAt); err != nil {
		return t, err
	}
	return t, fromJSON(details, &t.Details)
}

// TemplatesFor lists the tenant's templates that a message of a type may be
// put into words with: those of the type, and the generic ones.
func (tx *Tx) TemplatesFor(t guestlist.TemplateType) ([]guestlist.EmailTemplate, error) {
	return collect(tx, scanTemplate, "SELECT "+templateColumns+` FROM email_templates
		WHERE template_type IN ($1, $2) ORDER BY id`, string(t), string(guestlist.TemplateGeneric))
}

// PutTemplate writes a template, replacing the one of the same language and
// type; its id and age stay.
func (tx *Tx) PutTemplate(t guestlist.EmailTemplate) error {
	details, err := jsonText(t.Details)
	if err != nil {
		return err
	}
	if err := tx.touchConfig(); err != nil {
		return err
	}
	return tx.run("INSERT INTO email_templates ("+templateColumns+`) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (language_tag, template_type) DO UPDATE SET details = excluded.details`,
		t.ID, t.LanguageTag, string(t.TemplateType), details, t.CreatedAt)
}
