package store

import (
	"fmt"

	"guestlist"
)

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

// TemplateFilter says which templates are meant; empty members mean any.
type TemplateFilter struct {
	LanguageTag  string
	TemplateType guestlist.TemplateType
}

func (f TemplateFilter) where() (string, []any) {
	where, args := "email_templates WHERE TRUE", []any{}
	if f.LanguageTag != "" {
		args = append(args, f.LanguageTag)
		where += fmt.Sprintf(" AND language_tag = $%d", len(args))
	}
	if f.TemplateType != "" {
		args = append(args, string(f.TemplateType))
		where += fmt.Sprintf(" AND template_type = $%d", len(args))
	}
	return where, args
}

// Templates lists the tenant's own templates in the order of their creation.
func (tx *Tx) Templates(f TemplateFilter) ([]guestlist.EmailTemplate, error) {
	where, args := f.where()
	return collect(tx, scanTemplate, "SELECT "+templateColumns+" FROM "+where+" ORDER BY created_at, id", args...)
}

// Template returns a template by id; ErrNotFound if unknown.
func (tx *Tx) Template(id guestlist.TemplateID) (guestlist.EmailTemplate, error) {
	return one(tx, scanTemplate, "SELECT "+templateColumns+" FROM email_templates WHERE id = $1", id)
}

// DeleteTemplate removes a template; ErrNotFound if unknown.
func (tx *Tx) DeleteTemplate(id guestlist.TemplateID) error {
	if err := tx.touchConfig(); err != nil {
		return err
	}
	return changed(tx.exec("DELETE FROM email_templates WHERE id = $1", id))
}

// DeleteTemplates removes the templates that are meant and says how many there
// were.
func (tx *Tx) DeleteTemplates(f TemplateFilter) (int, error) {
	if err := tx.touchConfig(); err != nil {
		return 0, err
	}
	where, args := f.where()
	n, err := tx.exec("DELETE FROM "+where, args...)
	return int(n), err
}
