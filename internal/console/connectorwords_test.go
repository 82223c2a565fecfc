package console

import (
	"regexp"
	"strings"
	"testing"

	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/mail"
	"guestlist/internal/web"
)

// sameEverywhere are names of products, and values of protocols.
var sameEverywhere = regexp.MustCompile(`^(One Tap|HS\d+|json|query-string|none|login|consent|select_account|client_secret_\w+)$`)

// TestConnectorFormsSpeakEveryLanguage: TestEveryLanguageSaysEverything holds
// the other languages to English.
func TestConnectorFormsSpeakEveryLanguage(t *testing.T) {
	said := map[string]bool{}
	for key, text := range catalogue(t, web.Fallback) {
		if strings.HasPrefix(key, areaItems) {
			if said[text] {
				t.Errorf("%q is written twice", text)
			}
			said[text] = true
		}
	}
	asked := map[string]bool{}
	for _, f := range append(connector.Factories(), mail.Factories()...) {
		for _, item := range f.FormItems {
			texts := []string{item.Label, item.Description, item.Tooltip}
			for _, c := range item.SelectItems {
				texts = append(texts, c.Title)
			}
			for _, text := range texts {
				asked[text] = true
				if text != "" && !said[text] && !sameEverywhere.MatchString(text) {
					t.Errorf("%s: nobody translated %q of %s", f.ID, text, item.Key)
				}
			}
		}
	}
	for text := range said {
		if !asked[text] {
			t.Errorf("%q is in no form", text)
		}
	}
}

func TestFieldsOfEveryAccountHaveNames(t *testing.T) {
	english := catalogue(t, web.Fallback)
	for _, f := range guestlist.OwnFields() {
		if english[keyOwnField+f.Name] == "" {
			t.Errorf("nobody named %s", f.Name)
		}
		for _, p := range f.Config.Parts {
			if english[keyOwnField+p.Name] == "" {
				t.Errorf("nobody named %s of %s", p.Name, f.Name)
			}
		}
	}
}
