package console

import (
	"slices"
	"strings"

	"guestlist"
	"guestlist/internal/web"
)

// areaItems is the area of the phrases of connectors' forms. The API says them in
// English, as the wire has it; here they are found by what they say. Names of
// products, and the values of protocols, are the same in every language and not
// among them.
const areaItems = "items."

// inWords says the items of a form in the language of the page.
func (v *visit) inWords(items []guestlist.FormItem) []guestlist.FormItem {
	keys := map[string]string{}
	for key, text := range v.d.set.Phrases.Raw(web.Fallback) {
		if strings.HasPrefix(key, areaItems) {
			keys[text] = key
		}
	}
	say := func(text string) string {
		if key, ok := keys[text]; ok {
			return v.T(key)
		}
		return text
	}
	items = slices.Clone(items)
	for i := range items {
		item := &items[i]
		item.Label, item.Description, item.Tooltip = say(item.Label), say(item.Description), say(item.Tooltip)
		item.SelectItems = slices.Clone(item.SelectItems)
		for j := range item.SelectItems {
			item.SelectItems[j].Title = say(item.SelectItems[j].Title)
		}
	}
	return items
}
