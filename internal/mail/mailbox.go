package mail

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	htmltemplate "html/template"
	"net/http"
	"strconv"
	"sync"
	"time"

	"guestlist"
)

// maxMailboxWait bounds how long /dev/mailbox.json waits for a letter.
const maxMailboxWait = 30 * time.Second

//go:embed mailbox
var mailboxFiles embed.FS

var mailboxPages = sync.OnceValues(func() (*htmltemplate.Template, error) {
	return htmltemplate.New("").ParseFS(mailboxFiles, "mailbox/*.html")
})

// Handler serves the mailbox:
//
//	/dev/mailbox              the letters, newest first
//	/dev/mailbox/{seq}        one letter
//	/dev/mailbox/{seq}/body   its HTML alone, in a sandbox
//	POST /dev/mailbox         takes what an http-email or http-sms connector sends
//	/dev/mailbox.json         the letters for scripts: ?to=, ?after=seq, ?wait=seconds
//
// With wait, the answer comes as soon as there is a letter above after, at the
// latest after 30 seconds; it is an empty list when none came.
func (o *Outbox) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /dev/mailbox", o.serveList)
	mux.HandleFunc("POST /dev/mailbox", o.servePost)
	mux.HandleFunc("GET /dev/mailbox.json", o.serveJSON)
	mux.HandleFunc("GET /dev/mailbox.css", serveMailboxCSS)
	mux.HandleFunc("GET /dev/mailbox/{seq}", o.serveLetter)
	mux.HandleFunc("GET /dev/mailbox/{seq}/body", o.serveBody)
	return mux
}

func (o *Outbox) serveList(w http.ResponseWriter, r *http.Request) {
	to := r.FormValue("to")
	show(w, "list.html", struct {
		To      string
		Letters []shownLetter
	}{to, shownLetters(o.Letters(to))})
}

func (o *Outbox) serveLetter(w http.ResponseWriter, r *http.Request) {
	k, ok := o.asked(r)
	if !ok {
		http.NotFound(w, r)
		return
	}
	show(w, "letter.html", shown(k))
}

// serveBody shows the mail itself. The sandbox keeps a template's scripts and
// forms away from the server's own pages, which share its origin; links open
// in a tab of their own, outside of it.
func (o *Outbox) serveBody(w http.ResponseWriter, r *http.Request) {
	k, ok := o.asked(r)
	if !ok || k.Letter.Words.HTML == "" {
		http.NotFound(w, r)
		return
	}
	secure(w, "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; frame-ancestors 'self'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(k.Letter.Words.HTML)) // a reader that left needs no answer
}

func (o *Outbox) serveJSON(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.Atoi(r.FormValue("after"))
	seconds, _ := strconv.ParseFloat(r.FormValue("wait"), 64)
	wait := min(max(time.Duration(seconds*float64(time.Second)), 0), maxMailboxWait)
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	list := shownLetters(o.after(ctx, r.FormValue("to"), after))
	secure(w, "default-src 'none'")
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(list) // a reader that left needs no answer
}

func (o *Outbox) asked(r *http.Request) (Kept, bool) {
	seq, err := strconv.Atoi(r.PathValue("seq"))
	if err != nil {
		return Kept{}, false
	}
	return o.Letter(seq)
}

// shownLetter is a letter as the pages and the JSON show it.
type shownLetter struct {
	Seq     int                    `json:"seq"`
	ID      string                 `json:"id"`
	Channel guestlist.Channel      `json:"channel"`
	To      string                 `json:"to"`
	Type    guestlist.TemplateType `json:"type"`
	Locale  string                 `json:"locale"`
	Subject string                 `json:"subject"`
	Text    string                 `json:"text"`
	HTML    string                 `json:"html"`
	Code    string                 `json:"code"`
	Link    string                 `json:"link"`
	At      time.Time              `json:"at"`
}

func shown(k Kept) shownLetter {
	m, words := k.Letter.Message, k.Letter.Words
	return shownLetter{
		Seq: k.Seq, ID: m.ID, Channel: m.Channel, To: m.To, Type: m.Type, Locale: m.Locale,
		Subject: words.Subject, Text: words.Text, HTML: words.HTML,
		Code: format(m.Payload["code"]), Link: format(m.Payload["link"]), At: k.Letter.At.UTC(),
	}
}

func shownLetters(list []Kept) []shownLetter {
	out := make([]shownLetter, len(list))
	for i, k := range list {
		out[i] = shown(k)
	}
	return out
}

func show(w http.ResponseWriter, name string, data any) {
	pages, err := mailboxPages()
	var page bytes.Buffer
	if err == nil {
		err = pages.ExecuteTemplate(&page, name, data)
	}
	if err != nil {
		http.Error(w, "The mailbox page is broken: "+err.Error(), http.StatusInternalServerError)
		return
	}
	secure(w, "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page.Bytes()) // a reader that left needs no answer
}

func serveMailboxCSS(w http.ResponseWriter, _ *http.Request) {
	css, err := mailboxFiles.ReadFile("mailbox/mailbox.css")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	secure(w, "default-src 'none'")
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(css) // a reader that left needs no answer
}

func secure(w http.ResponseWriter, csp string) {
	h := w.Header()
	h.Set("Content-Security-Policy", csp)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer") // links in letters carry tokens
	h.Set("Cache-Control", "no-store")
}
