package mail

import (
	"embed"
	"encoding/json"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	texttemplate "text/template"
	"unicode"

	"golang.org/x/text/language"

	"guestlist"
)

// maxName bounds the names of products, organizations and people in the
// built-in words, in characters: people choose them, and a long one could
// carry a letter of its own.
const maxName = 64

// shortName is the length of a name, in characters, that fits on one line of a
// narrow phone.
const shortName = 16

// houseName stands where nobody has named the product.
const houseName = "Guestlist"

//go:embed words
var wordFiles embed.FS

// Languages are the languages that the built-in words exist in. English comes
// first: it is what anybody gets whose language is not here.
func Languages() []string { return []string{"en", "de", "fr", "es", "ja", "ar"} }

// words are the built-in texts of one language.
type words struct {
	CodeLead, CodeNote, LinkNote, Ignore, Keep, Unexpected, SentTo, SMSLink, InvitedBy string

	Until, TheirWords, TheirWordsNobody, Unsubscribe, Date, Unasked string

	Colon string // after what stands before an address

	Months   []string
	FirstDay string // of a month, where it is no plain number

	Types map[guestlist.TemplateType]struct{ Subject, Heading, Lead, Action, SMS string }
}

// library is every embedded text and layout, read once, when first needed.
type library struct {
	words map[string]words
	html  *htmltemplate.Template
	text  *texttemplate.Template
}

var readLibrary = sync.OnceValues(func() (*library, error) {
	lib := &library{words: map[string]words{}}
	for _, lang := range Languages() {
		b, err := fs.ReadFile(wordFiles, "words/"+lang+".json")
		if err != nil {
			return nil, err
		}
		var w words
		if err := json.Unmarshal(b, &w); err != nil {
			return nil, fmt.Errorf("words/%s.json: %w", lang, err)
		}
		lib.words[lang] = w
	}
	var err error
	if lib.html, err = htmltemplate.ParseFS(wordFiles, "words/layout.html"); err != nil {
		return nil, err
	}
	lib.text, err = texttemplate.ParseFS(wordFiles, "words/layout.txt")
	return lib, err
})

// page is what the layouts are filled with.
type page struct {
	Lang, Dir, Product, Initial, Subject, Heading, Lead, Action string
	Code, Link, Closing, Keep, SentTo                           string
	Until, TheirWords, Message, Unsubscribe                     string
	Accent, OnAccent                                            string
	Short                                                       bool // the product's name leaves room beside it
	Words                                                       words
}

// builtIn renders a message in the built-in words. The code stands in the body
// and the preview line only: subjects end up in the logs of mail servers.
func builtIn(m guestlist.Message, src Sources) (Rendered, error) {
	lib, err := readLibrary()
	if err != nil {
		return Rendered{}, fmt.Errorf("built-in templates: %w", err)
	}
	lang := pickLanguage(m.Locale, src.Fallback)
	names := namesOf(m, src)
	if m.Channel == guestlist.ChannelSMS {
		return Rendered{ContentType: textPlain, Text: lib.sms(lang, m.Type, names)}, nil
	}
	p := lib.page(lang, m.Type, names)
	p.invite(m, names)
	p.Accent, p.OnAccent = accent(colorOf(m, src))
	var html, text strings.Builder
	if err := lib.html.Execute(&html, p); err != nil {
		return Rendered{}, fmt.Errorf("built-in template: %w", err)
	}
	if err := lib.text.Execute(&text, p); err != nil {
		return Rendered{}, fmt.Errorf("built-in template: %w", err)
	}
	return Rendered{Subject: p.Subject, HTML: html.String(), Text: text.String(), ContentType: textHTML}, nil
}

// namesOf gathers the values that the built-in words speak of.
func namesOf(m guestlist.Message, src Sources) map[string]any {
	get := func(path ...string) string {
		return clip(oneLine(format(leaf(m.Payload[path[0]], path[1:]))), maxName)
	}
	product := firstOf(get("application", "displayName"), get("application", "name"), clip(oneLine(src.Product), maxName), houseName)
	names := map[string]any{
		"product":      product,
		"organization": firstOf(get("organization", "name"), product),
		"inviter":      firstOf(get("inviter", "name"), get("inviter", "username"), get("inviter", "primaryEmail")),
		"code":         get("code"),
		"link":         oneLine(format(m.Payload["link"])),
		"to":           oneLine(m.To),
		"guest":        firstOf(get("guest", "name"), get("guest", "email")),
		"campaign":     get("campaign"),
	}
	for _, figure := range []string{"sent", "opened", "accepted", "bounced"} {
		names[figure] = get(figure)
	}
	return names
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" {
			return s
		}
	}
	return ""
}

func rightToLeft(lang string) bool { return lang == "ar" }

// speak fills a sentence with names. A name that ends in a full stop ends the
// sentence too, and in a language that is written from right to left each is set
// apart, lest its marks move to its other side (Unicode Bidirectional Algorithm,
// §2.4).
func speak(lang, sentence string, names map[string]any) string {
	for slot, value := range names {
		if name, ok := value.(string); ok && strings.HasSuffix(oneLine(name), ".") {
			sentence = strings.ReplaceAll(sentence, "{{"+slot+"}}.", "{{"+slot+"}}")
		}
	}
	return fill(sentence, names, func(s string) string {
		if s = oneLine(s); s == "" || !rightToLeft(lang) {
			return s
		}
		return "\u2068" + s + "\u2069"
	})
}

func (lib *library) page(lang string, kind guestlist.TemplateType, names map[string]any) page {
	w := lib.words[lang]
	t := w.Types[kind]
	say := func(s string) string { return speak(lang, s, names) }
	p := page{
		Lang: lang, Dir: "ltr", Words: w,
		Product: names["product"].(string), Code: names["code"].(string), Link: names["link"].(string),
		Subject: fill(t.Subject, names, oneLine), Heading: say(t.Heading), Lead: say(t.Lead), Action: say(t.Action),
		Closing: w.Ignore, SentTo: say(w.SentTo),
	}
	if rightToLeft(lang) {
		p.Dir = "rtl"
	}
	p.Initial, p.Short = initial(p.Product), len([]rune(p.Product)) <= shortName
	switch kind {
	case guestlist.TemplateOrganizationInvitation, guestlist.TemplateInvitation:
		p.Closing = w.Unexpected
		if names["inviter"] != "" {
			p.Lead = say(w.InvitedBy)
		}
	case guestlist.TemplateInvitationReminder, guestlist.TemplateInvitationExpired, guestlist.TemplateWaitlistApproved:
		p.Closing = w.Unexpected
	case guestlist.TemplateInvitationAccepted, guestlist.TemplateInvitationDigest:
		p.Closing = ""
	case guestlist.TemplateEmailChanged, guestlist.TemplatePhoneChanged, guestlist.TemplatePasswordChanged:
		p.Closing = say(w.Unasked)
	default: // the others are about something that the reader did
	}
	if p.Code != "" {
		p.Keep = say(w.Keep)
	}
	return p
}

// invite adds what mails about invitations say beside the others: the inviter's
// own words, as plain text, the day until which it is good, and the way out.
func (p *page) invite(m guestlist.Message, names map[string]any) {
	say := func(s string, more map[string]any) string { return fill(s, more, oneLine) }
	if text := strings.TrimSpace(plain(format(m.Payload["message"]))); text != "" {
		p.Message, p.TheirWords = clip(text, guestlist.MaxInvitationMessage), p.Words.TheirWordsNobody
		if names["inviter"] != "" {
			p.TheirWords = speak(p.Lang, p.Words.TheirWords, names)
		}
	}
	if ms, err := strconv.ParseInt(format(m.Payload["validUntil"]), 10, 64); err == nil && ms > 0 {
		day := guestlist.Time(ms).Std()
		number := strconv.Itoa(day.Day())
		if day.Day() == 1 && p.Words.FirstDay != "" {
			number = p.Words.FirstDay
		}
		date := say(p.Words.Date, map[string]any{
			"day": number, "month": p.Words.Months[day.Month()-1], "year": strconv.Itoa(day.Year()),
		})
		p.Until = say(p.Words.Until, map[string]any{"until": date})
	}
	p.Unsubscribe = m.Unsubscribe
}

func (lib *library) sms(lang string, kind guestlist.TemplateType, names map[string]any) string {
	w := lib.words[lang]
	if names["code"] == "" && names["link"] != "" && strings.Contains(w.Types[kind].SMS, "{{code}}") {
		return fill(w.SMSLink, names, oneLine)
	}
	text := fill(w.Types[kind].SMS, names, oneLine)
	if names["link"] != "" {
		text += " " + names["link"].(string)
	}
	return text
}

func initial(name string) string {
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return "•"
}

// pickLanguage finds the built-in language nearest to the first tag that has
// one.
func pickLanguage(tags ...string) string {
	languages := Languages()
	supported := make([]language.Tag, len(languages))
	for i, lang := range languages {
		supported[i] = language.Make(lang)
	}
	matcher := language.NewMatcher(supported)
	for _, tag := range tags {
		t, err := language.Parse(tag)
		if err != nil {
			continue
		}
		if _, i, confidence := matcher.Match(t); confidence >= language.High {
			return languages[i]
		}
	}
	return languages[0]
}
