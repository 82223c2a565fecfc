package mail

import (
	"encoding/json"
	"net/http"

	"guestlist"
	"guestlist/internal/phone"
)

// maxPosted is the longest message that the mailbox takes, in bytes.
const maxPosted = 1 << 20

// servePost makes the mailbox an endpoint for the http-email and http-sms
// connectors: the development mode sends there, over the same road as a real
// installation. What is posted is put into the built-in words.
func (o *Outbox) servePost(w http.ResponseWriter, r *http.Request) {
	var posted struct {
		To      string                 `json:"to"`
		Type    guestlist.TemplateType `json:"type"`
		Payload map[string]any         `json:"payload"`
		IP      string                 `json:"ip"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxPosted)).Decode(&posted); err != nil || posted.To == "" {
		http.Error(w, "give to, type and payload", http.StatusBadRequest)
		return
	}
	locale, _ := posted.Payload["locale"].(string)
	m := guestlist.Message{
		ID: r.Header.Get("Idempotency-Key"), Channel: guestlist.ChannelEmail, To: posted.To, Type: posted.Type,
		Locale: locale, Payload: posted.Payload, IP: posted.IP,
	}
	if _, err := phone.Normalize(posted.To); err == nil {
		m.Channel = guestlist.ChannelSMS
	}
	words, err := Render(m, Sources{Fallback: "en"})
	if err != nil {
		http.Error(w, "this message cannot be put into words", http.StatusBadRequest)
		return
	}
	letter := Letter{Message: m, Words: words}
	if o.Now != nil {
		letter.At = o.Now()
	}
	if _, err := o.Send(r.Context(), letter); err != nil {
		http.Error(w, "the mailbox is full", http.StatusServiceUnavailable)
	}
}
