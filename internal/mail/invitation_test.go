package mail

import (
	"encoding/json"
	"strings"
	"testing"

	"guestlist"
)

// invitationMail is a mail with everything that mails about invitations say.
func invitationMail(lang string) guestlist.Message {
	m := letterTo("ada@acme.example", guestlist.TemplateInvitationReminder, map[string]any{
		"link": "https://acme.example/i/x", "application": map[string]any{"name": "Acme"},
		"inviter": map[string]any{"name": "Zoë"}, "message": "Hello <b>there</b>\nhttps://evil.example {{link}}",
		"validUntil": int64(1798761600000), // 2027-01-01 00:00 UTC
	})
	m.Locale, m.Unsubscribe = lang, "https://acme.example/i/x/unsubscribe"
	return m
}

// TestInvitationMailsSayUntilWhen: the day stands there as people of the
// language write it.
func TestInvitationMailsSayUntilWhen(t *testing.T) {
	for lang, want := range map[string]string{
		"en": "Good until 1 January 2027.", "de": "Gültig bis 1. Januar 2027.", "fr": "Valable jusqu’au 1er janvier 2027.",
		"es": "Válida hasta el 1 de enero de 2027.", "ja": "2027年1月1日まで有効です。", "ar": "صالحة حتى 1 يناير 2027.",
	} {
		r, err := Render(invitationMail(lang), Sources{})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(r.Text, want) || !strings.Contains(r.HTML, want) {
			t.Errorf("%s: %q is not in %q", lang, want, r.Text)
		}
	}
}

// TestNamesKeepTheirMarks: one that ends in a full stop ends its sentence, and
// among Arabic words its marks stay on its side.
func TestNamesKeepTheirMarks(t *testing.T) {
	for lang, want := range map[string]string{
		"en": "Zoë invites you to join Acme Inc. You are on the list.",
		"fr": "Zoë vous invite à rejoindre Acme Inc. Vous êtes sur la liste.",
		"ar": "وصلتك دعوة من \u2068Zoë\u2069 للانضمام إلى \u2068Acme Inc.\u2069 اسمك على القائمة.",
	} {
		m := invitationMail(lang)
		m.Type = guestlist.TemplateInvitation
		m.Payload["application"] = map[string]any{"name": "Acme Inc."}
		r, err := Render(m, Sources{})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(r.Text, want) || !strings.Contains(r.HTML, want) {
			t.Errorf("%s: %q is not in %q", lang, want, r.Text)
		}
		if strings.ContainsAny(r.Subject, "\u2068\u2069") {
			t.Errorf("%s: the subject has invisible characters: %q", lang, r.Subject)
		}
	}
}

// TestWordsOfAnInviterStayWords: what an inviter writes is text: it becomes
// neither markup, nor a link, nor a placeholder.
func TestWordsOfAnInviterStayWords(t *testing.T) {
	r, err := Render(invitationMail("en"), Sources{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Zoë writes:", "Hello &lt;b&gt;there&lt;/b&gt;\nhttps://evil.example {{link}}"} {
		if !strings.Contains(r.HTML, want) {
			t.Errorf("%q is not in the HTML", want)
		}
	}
	if strings.Contains(r.HTML, `href="https://evil`) || !strings.Contains(r.Text, "Hello <b>there</b>\nhttps://evil.example {{link}}") {
		t.Errorf("the words became something else: %s", r.Text)
	}
}

// TestReminderCanBeStopped: the way out stands in the mail, and in the headers
// for one click, whoever carries it.
func TestReminderCanBeStopped(t *testing.T) {
	m := invitationMail("de")
	words, err := Render(m, Sources{})
	if err != nil {
		t.Fatal(err)
	}
	for what, s := range map[string]string{"HTML": words.HTML, "text": words.Text} {
		if !strings.Contains(s, "Keine Erinnerungen mehr an diese Einladung") || !strings.Contains(s, m.Unsubscribe) {
			t.Errorf("the %s has no way out", what)
		}
	}
	smtp := &smtpSender{config: smtpConfig{FromEmail: "door@acme.example"}}
	msg, err := smtp.compose(Letter{Message: m, Words: words})
	if err != nil {
		t.Fatal(err)
	}
	var mime strings.Builder
	if _, err := msg.WriteTo(&mime); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"List-Unsubscribe: <" + m.Unsubscribe + ">", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"} {
		if !strings.Contains(mime.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
	for _, f := range Factories() {
		switch f.ID {
		case FactorySendGrid, FactoryResend, FactoryMailgun, FactoryPostmark, FactorySES:
		default:
			continue
		}
		p := &provider{t: t, status: 200, answer: `{"id":"1","MessageID":"1"}`}
		if _, err := senderAt(t, f.ID, json.RawMessage(f.ConfigTemplate), p.start()).Send(t.Context(), Letter{Message: m, Words: words}); err != nil {
			t.Errorf("%s: %v", f.ID, err)
			continue
		}
		if !strings.Contains(p.body, "One-Click") || !strings.Contains(p.body, "unsubscribe") {
			t.Errorf("%s: no header for one click in %s", f.ID, p.body)
		}
	}
}
