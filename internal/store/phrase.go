package store

import (
	"encoding/json"

	"guestlist"
)

// CustomPhrases is the tenant's own wording in one language. Translation is a
// JSON object of objects that end in texts.
type CustomPhrases struct {
	TenantID    string          `json:"tenantId"`
	ID          string          `json:"id"`
	LanguageTag string          `json:"languageTag"`
	Translation json.RawMessage `json:"translation"`
}

const phraseColumns = `language_tag, id, translation`

// CustomPhrases returns the tenant's own wording in every language, in the
// order of their tags.
func (tx *Tx) CustomPhrases() ([]CustomPhrases, error) {
	return collect(tx, scanPhrases, "SELECT "+phraseColumns+" FROM custom_phrases ORDER BY language_tag")
}

// CustomPhrasesIn returns the tenant's own wording in a language; ErrNotFound
// if there is none.
func (tx *Tx) CustomPhrasesIn(languageTag string) (CustomPhrases, error) {
	return one(tx, scanPhrases, "SELECT "+phraseColumns+" FROM custom_phrases WHERE language_tag = $1", languageTag)
}

// PutCustomPhrases writes the wording in a language, replacing what was there
// and keeping its id, and returns what is there now.
func (tx *Tx) PutCustomPhrases(p CustomPhrases) (CustomPhrases, error) {
	if err := tx.touchConfig(); err != nil {
		return p, err
	}
	return one(tx, scanPhrases, `INSERT INTO custom_phrases (language_tag, id, translation) VALUES ($1, $2, $3)
		ON CONFLICT (language_tag) DO UPDATE SET translation = excluded.translation RETURNING `+phraseColumns,
		p.LanguageTag, p.ID, objectText(p.Translation))
}

// DeleteCustomPhrases removes the wording in a language; ErrNotFound if there
// is none.
func (tx *Tx) DeleteCustomPhrases(languageTag string) error {
	if err := changed(tx.exec("DELETE FROM custom_phrases WHERE language_tag = $1", languageTag)); err != nil {
		return err
	}
	return tx.touchConfig()
}

func scanPhrases(sc scanner) (CustomPhrases, error) {
	p := CustomPhrases{TenantID: guestlist.TenantID}
	var translation string
	err := sc.Scan(&p.LanguageTag, &p.ID, &translation)
	p.Translation = json.RawMessage(translation)
	return p, err
}
