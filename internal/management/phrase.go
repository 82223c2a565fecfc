package management

import (
	"encoding/json"

	"golang.org/x/text/language"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// maxPhraseDepth is how deep custom phrases may nest.
const maxPhraseDepth = 10

func (a *API) phraseRoutes() []route {
	return []route{
		get("/api/custom-phrases", "List the languages with custom phrases", a.listPhrases),
		get("/api/custom-phrases/{languageTag}", "Get custom phrases", a.getPhrases).of(phrasesVersion),
		put("/api/custom-phrases/{languageTag}", "Set custom phrases", a.putPhrases).with201().of(phrasesVersion),
		remove("/api/custom-phrases/{languageTag}", "Delete custom phrases", a.deletePhrases).of(phrasesVersion),
	}
}

// languageTag is the input of routes that need nothing else.
type languageTag struct {
	Tag string `path:"languageTag" check:"format=language"`
}

// isLanguage accepts tags of languages that exist (BCP 47), written as they
// should be.
func isLanguage(s string) bool {
	tag, err := language.Parse(s)
	return err == nil && tag.String() == s && tag != language.Und
}

func (a *API) listPhrases(c *call, _ struct{}) ([]store.CustomPhrases, error) {
	var phrases []store.CustomPhrases
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		phrases, err = tx.CustomPhrases()
		return err
	})
	return phrases, err
}

func (a *API) getPhrases(c *call, in languageTag) (store.CustomPhrases, error) {
	var phrases store.CustomPhrases
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		phrases, err = tx.CustomPhrasesIn(in.Tag)
		return err
	})
	return phrases, err
}

var errPhraseStructure = guestlist.Refuse(guestlist.KindUnprocessable, "localization.invalid_translation_structure")

func (a *API) putPhrases(c *call, in struct {
	Tag  string `path:"languageTag" check:"format=language"`
	Body guestlist.JSONObject
},
) (store.CustomPhrases, error) {
	clean, err := a.cleanPhrases(in.Body)
	if err != nil {
		return store.CustomPhrases{}, err
	}
	text, err := json.Marshal(clean)
	if err != nil {
		return store.CustomPhrases{}, err
	}
	phrases := store.CustomPhrases{ID: crypt.ID(), LanguageTag: in.Tag, Translation: text}
	err = a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		phrases, err = tx.PutCustomPhrases(phrases)
		return err
	})
	return phrases, err
}

// cleanPhrases reads the wording of a language.
func (a *API) cleanPhrases(text guestlist.JSONObject) (map[string]any, error) {
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, err
	}
	var ch checker
	clean, err := a.checkPhrases(&ch, "", tree, 0)
	if err == nil {
		err = ch.Err()
	}
	return clean, err
}

// checkPhrases drops what is empty and refuses what no page would ever show.
func (a *API) checkPhrases(ch *checker, path string, tree map[string]any, depth int) (map[string]any, error) {
	if depth > maxPhraseDepth {
		return nil, errPhraseStructure
	}
	clean := map[string]any{}
	for name, v := range tree {
		at := join(path, name)
		switch v := v.(type) {
		case map[string]any:
			if a.Phrases.Has(at) {
				return nil, errPhraseStructure
			}
			branch, err := a.checkPhrases(ch, at, v, depth+1)
			if err != nil {
				return nil, err
			}
			if len(branch) > 0 {
				clean[name] = branch
			}
		case string:
			if !a.Phrases.Has(at) {
				return nil, errPhraseStructure
			}
			if v != "" {
				ch.text(&schema{kind: kindString}, at, v)
				clean[name] = v
			}
		default:
			ch.Type(at, kindString, jsonType(v))
		}
	}
	return clean, nil
}

func (a *API) deletePhrases(c *call, in languageTag) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if _, err := tx.CustomPhrasesIn(in.Tag); err != nil {
			return err
		}
		exp, err := tx.SignInExperience()
		if err != nil {
			return err
		}
		if exp.LanguageInfo.FallbackLanguage == in.Tag {
			return guestlist.Refuse(guestlist.KindConflict, "localization.cannot_delete_default_language").
				WithArgs(map[string]any{"languageTag": in.Tag})
		}
		return tx.DeleteCustomPhrases(in.Tag)
	})
}
