package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed phrases/*.json
var phraseFiles embed.FS

// Fallback is the language that has every phrase.
const Fallback = "en"

// Languages are the built-in languages.
var Languages = []string{"en", "de", "fr", "es", "ja", "ar"}

// phraseSets are the files of each language; each holds its phrases under a
// top-level member of its own name.
var phraseSets = []string{"errors", "pages"}

// Phrases is the catalogue of everything people read, by language and dotted
// key. It does not change after Load.
type Phrases struct {
	texts   map[string]map[string]string // language -> dotted key -> text
	matcher language.Matcher
	tags    []language.Tag
}

// Load reads the built-in catalogue of the doors.
func Load() (*Phrases, error) { return LoadFrom(phraseFiles, phraseSets...) }

// LoadFrom reads a catalogue from files phrases/<set>.<language>.json. The keys
// of a set begin with its name and a dot.
func LoadFrom(files fs.FS, sets ...string) (*Phrases, error) {
	p := &Phrases{texts: map[string]map[string]string{}}
	for _, lang := range Languages {
		flat := map[string]string{}
		for _, set := range sets {
			name := "phrases/" + set + "." + lang + ".json"
			b, err := fs.ReadFile(files, name)
			if err != nil {
				return nil, err
			}
			var tree map[string]any
			if err := json.Unmarshal(b, &tree); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if err := flatten(flat, set, tree); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		if lang == "fr" {
			for key, text := range flat {
				flat[key] = frenchSpaces.Replace(text)
			}
		}
		p.texts[lang] = flat
		p.tags = append(p.tags, language.MustParse(lang))
	}
	p.matcher = language.NewMatcher(p.tags)
	return p, nil
}

// frenchSpaces keep a mark on the line of its word: French writes a space between
// both, which would let the line end there. Files have the space of the keyboard.
var frenchSpaces = strings.NewReplacer(" ?", "\u00a0?", " !", "\u00a0!", " :", "\u00a0:", " ;", "\u00a0;", " %", "\u00a0%", " »", "\u00a0»", "« ", "«\u00a0")

// flatten adds the leaves of tree to flat under dotted keys.
func flatten(flat map[string]string, prefix string, tree map[string]any) error {
	for k, v := range tree {
		key := prefix + "." + k
		switch v := v.(type) {
		case string:
			flat[key] = v
		case map[string]any:
			if err := flatten(flat, key, v); err != nil {
				return err
			}
		default:
			return fmt.Errorf("phrase %s is no text", key)
		}
	}
	return nil
}

// T returns the phrase of a dotted key with its {{placeholders}} filled from
// args; English if the language lacks it, "" if nobody has it. Values are put
// in as they are: escaping is the template's business.
func (p *Phrases) T(lang, key string, args map[string]any) string {
	s, ok := p.texts[lang][key]
	if !ok {
		s = p.texts[Fallback][key]
	}
	return fill(s, args)
}

// Has reports whether the English catalogue has a phrase of this key.
func (p *Phrases) Has(key string) bool {
	_, ok := p.texts[Fallback][key]
	return ok
}

// N returns the phrase of key in the form that count takes in the language:
// key_one, key_other and so on (CLDR). {{count}} is filled too.
func (p *Phrases) N(lang, key string, count int, args map[string]any) string {
	if _, ok := p.texts[lang][key+"_other"]; !ok {
		lang = Fallback
	}
	all := map[string]any{"count": count}
	maps.Copy(all, args)
	n := count
	if n < 0 {
		n = -n
	}
	form := pluralNames[plural.Cardinal.MatchPlural(language.Make(lang), n%10_000_000, 0, 0, 0, 0)]
	if _, ok := p.texts[lang][key+"_"+form]; !ok {
		form = "other"
	}
	return p.T(lang, key+"_"+form, all)
}

var pluralNames = map[plural.Form]string{
	plural.Other: "other", plural.Zero: "zero", plural.One: "one",
	plural.Two: "two", plural.Few: "few", plural.Many: "many",
}

// With returns the phrases under custom texts of one language, which win. The
// custom texts are nested like the files, e.g. {"pages": {"sign_in": {…}}};
// what is no text is ignored. Languages outside Languages work too.
func (p *Phrases) With(lang string, custom map[string]any) *Phrases {
	flat := map[string]string{}
	maps.Copy(flat, p.texts[lang])
	overlay(flat, "", custom, 0)
	texts := maps.Clone(p.texts)
	texts[lang] = flat
	return &Phrases{texts: texts, matcher: p.matcher, tags: p.tags}
}

// maxDepth is the deepest nesting of custom phrases that is read.
const maxDepth = 10

func overlay(flat map[string]string, prefix string, tree map[string]any, depth int) {
	if depth > maxDepth {
		return
	}
	for k, v := range tree {
		switch v := v.(type) {
		case string:
			if v != "" {
				flat[prefix+k] = v
			}
		case map[string]any:
			overlay(flat, prefix+k+".", v, depth+1)
		}
	}
}

// Nested returns all phrases of a language as a tree, gaps filled in English,
// as GET /api/.well-known/phrases serves them.
func (p *Phrases) Nested(lang string) map[string]any {
	all := maps.Clone(p.texts[Fallback])
	maps.Copy(all, p.texts[lang])
	tree := map[string]any{}
	for key, text := range all {
		at := tree
		parts := strings.Split(key, ".")
		ok := true
		for _, part := range parts[:len(parts)-1] {
			next, isTree := at[part].(map[string]any)
			if !isTree {
				if _, taken := at[part]; taken {
					ok = false // a custom text stands where a branch would
					break
				}
				next = map[string]any{}
				at[part] = next
			}
			at = next
		}
		if ok {
			at[parts[len(parts)-1]] = text
		}
	}
	return tree
}

// Match picks the language of a page or message. Candidates are the entries of
// uiLocales (OIDC Core §3.1.2.1, separated by spaces), then, if autoDetect,
// those of Accept-Language; for each in turn: the same custom tag, the same
// built-in one, a built-in one of the same base language, a custom one of the
// same base language. If none fits, fallback, and English if that is unknown.
func (p *Phrases) Match(uiLocales, acceptLanguage string, autoDetect bool, fallback string, custom ...string) string {
	if len(uiLocales) <= maxNegotiation {
		for s := range strings.FieldsSeq(uiLocales) {
			if tag, err := language.Parse(s); err == nil {
				if found := p.matchOne(tag, custom); found != "" {
					return found
				}
			}
		}
	}
	if autoDetect && acceptLanguage != "" && len(acceptLanguage) <= maxNegotiation {
		tags, q, err := language.ParseAcceptLanguage(acceptLanguage)
		for i, tag := range tags {
			if err != nil || q[i] == 0 {
				continue
			}
			if found := p.matchOne(tag, custom); found != "" {
				return found
			}
		}
	}
	if tag, err := language.Parse(fallback); err == nil {
		if found := p.matchOne(tag, custom); found != "" {
			return found
		}
	}
	return Fallback
}

func (p *Phrases) matchOne(tag language.Tag, custom []string) string {
	if tag == language.Und {
		return ""
	}
	name := tag.String()
	for _, c := range custom {
		if strings.EqualFold(c, name) {
			return c
		}
	}
	for _, l := range Languages {
		if l == name {
			return l
		}
	}
	// The matcher knows scripts and regions, but it also gives French to readers
	// of Breton, whose next choice may fit better: the base has to be the same.
	base, _ := tag.Base()
	if _, i, confidence := p.matcher.Match(tag); confidence >= language.High {
		if b, _ := p.tags[i].Base(); b == base {
			return Languages[i]
		}
	}
	for _, c := range custom {
		if t, err := language.Parse(c); err == nil {
			if b, _ := t.Base(); b == base {
				return c
			}
		}
	}
	return ""
}

// Dir returns the writing direction of a language: "rtl" or "ltr".
func Dir(lang string) string {
	base, _, _ := strings.Cut(lang, "-")
	switch base {
	case "ar", "fa", "he", "ur":
		return "rtl"
	}
	return "ltr"
}

// fill replaces {{name}} and {{ name }}. Placeholders without a value go away
// rather than show their braces to a guest.
func fill(s string, args map[string]any) string {
	if !strings.Contains(s, "{{") {
		return s
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "{{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, ok := strings.Cut(rest, "}}")
		if !ok {
			b.WriteString("{{" + rest)
			return b.String()
		}
		if v, ok := args[strings.TrimSpace(name)]; ok && v != nil {
			fmt.Fprint(&b, v)
		}
		s = after
	}
}

// Raw returns all phrases of a language by dotted key with their placeholders,
// gaps filled in English.
func (p *Phrases) Raw(lang string) map[string]string {
	all := maps.Clone(p.texts[Fallback])
	maps.Copy(all, p.texts[lang])
	return all
}
