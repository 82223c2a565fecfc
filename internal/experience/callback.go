package experience

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

// How much of an answer is taken in one request, in bytes.
const (
	maxAnswer     = 16 << 10  // as the query of a callback; names and codes are far shorter
	maxAssertions = 512 << 10 // as a form that a SAML provider posts
)

var errAnswerTooLarge = guestlist.Refuse(guestlist.KindTooLarge, "request.body_too_large")

// CrossSite lists the routes on which an outside provider's own origin makes the
// browser post its answer: callbacks, and where SAML is taken. They take no cookie and change nothing that one
// could stand for, so that the protection against forged requests lets them
// through.
var CrossSite = []string{
	"POST " + pageCallback + "{connector}", "POST " + pageCallback + "social/{connector}",
	"POST " + signin.ACSPath(guestlist.WaySSO, "{connector}"), "POST " + signin.ACSPath(guestlist.WaySocial, "{connector}"),
}

// callbackRoutes are where outside providers send the browser back to.
func (d *Door) callbackRoutes() []pageRoute {
	const callback, social = pageCallback + "{connector}", pageCallback + "social/{connector}"
	return []pageRoute{
		{"GET " + callback, d.callback},
		{"GET " + social, d.callback},
		{CrossSite[0], postCallback},
		{CrossSite[1], postCallback},
		{CrossSite[2], d.assertion(guestlist.WaySSO)},
		{CrossSite[3], d.assertion(guestlist.WaySocial)},
	}
}

// postCallback turns an answer that was posted (OAuth 2.0 Form Post Response
// Mode) into the same answer as a query: the cookies, without which it belongs
// to nobody, come with that request only.
func postCallback(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxAnswer)
	form, err := web.ReadForm(w, r)
	if err != nil {
		return err
	}
	query := form.Encode()
	if len(query) > maxAnswer {
		return errAnswerTooLarge
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, (&url.URL{Path: r.URL.Path, RawQuery: query}).String(), http.StatusSeeOther)
	return nil
}

// assertion takes the answer of a SAML provider, and leads the browser to where
// it is fetched. One that is refused leads there too, without it: there the
// browser has its cookies, and the guest is told what to do next.
func (d *Door) assertion(way guestlist.Way) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		r.Body = http.MaxBytesReader(w, r.Body, maxAssertions)
		form, err := web.ReadForm(w, r)
		if err != nil {
			return err
		}
		id := guestlist.ConnectorID(r.PathValue("connector"))
		location, err := d.Desk.Accept(r.Context(), way, id, form, d.caller(r))
		switch {
		case err == nil:
		case guestlist.KindOf(err) == guestlist.KindInternal:
			return err
		default:
			location = pageCallback + url.PathEscape(string(id)) + "?error=" + errorRefused
		}
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, location, http.StatusSeeOther)
		return nil
	}
}

// spMetadata shows a SAML provider what it has to know of us.
func (d *Door) spMetadata(w http.ResponseWriter, r *http.Request) error {
	text, err := d.Desk.SPMetadata(r.Context(), guestlist.ConnectorID(r.PathValue("connector")))
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-cache")
	web.WriteTagged(w, r, "application/samlmetadata+xml", text) // SAML Metadata Appendix A
	return nil
}

// errorRefused is the parameter "error" of an answer that we refused ourselves.
const errorRefused = "answer_refused"

// callback is where a provider sends the browser back to. The answer is for the
// interaction of this browser that began the attempt with its state. Whatever
// comes of it, the address, which holds a code, is left at once.
func (d *Door) callback(w http.ResponseWriter, r *http.Request) error {
	answer, err := web.Query(r)
	if err != nil {
		return err
	}
	if len(r.URL.RawQuery) > maxAnswer {
		return errAnswerTooLarge
	}
	id := guestlist.ConnectorID(r.PathValue("connector"))
	uid, record, err := d.awaiting(r, id, answer.Get("state"))
	if err != nil {
		return err
	}
	v, err := d.visitOf(w, r, uid)
	if err != nil {
		return err
	}
	v.query = url.Values{} // it is the provider's, and chooses nothing here
	if v.run == nil {
		return v.unknownSession()
	}
	if v.run.Prompt == signin.PromptLink {
		return v.connected(id, record, answer)
	}
	v.query.Set("app_id", string(v.run.Request.ClientID))
	face, err := d.Desk.Face(r.Context(), id)
	switch {
	case guestlist.KindOf(err) == guestlist.KindNotFound:
		return v.say(v.home(), "provider.gone")
	case err != nil:
		return err
	}
	if record == "" {
		return v.stray(face, answer)
	}
	return v.answered(face, record, answer)
}

// awaiting finds, among the interactions of a browser, the one whose attempt at
// a connector has this state, and the attempt's record.
func (d *Door) awaiting(r *http.Request, id guestlist.ConnectorID, state string) (uid, record string, err error) {
	cookie, ok := d.Cookies.Get(r, cookieInteraction)
	if !ok || state == "" {
		return "", "", nil
	}
	plain, err := url.QueryUnescape(cookie)
	if err != nil {
		return "", "", nil //nolint:nilerr // a cookie that nobody can read is none
	}
	for _, uid := range signin.UIDs(plain) {
		run, err := d.Desk.Load(r.Context(), uid)
		switch {
		case err == nil:
		case guestlist.KindOf(err) == guestlist.KindInternal:
			return "", "", err
		default:
			continue
		}
		for _, rec := range run.Records {
			if o := rec.Outside; o != nil && o.ConnectorID == id && o.Pending != nil && same(o.Pending.State, state) {
				return uid, rec.ID, nil
			}
		}
	}
	return "", "", nil
}

// same compares secrets in constant time.
func same(a, b string) bool {
	return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// stray answers what no attempt waits for. An answer that came before goes on to
// where it led then; anything else is refused by the desk, which keeps the
// reason.
func (v *visit) stray(face signin.ConnectorFace, answer url.Values) error {
	if a := v.note.Attempt; a.Connector == face.ID && same(a.State, answer.Get("state")) {
		return v.onceMore(face)
	}
	_, err := v.submit(signin.VerifyOutside{Way: face.Way, ConnectorID: face.ID, Answer: answer})
	if err != nil && guestlist.KindOf(err) == guestlist.KindInternal {
		return err
	}
	if answer.Get("error") == errorRefused {
		return v.say(v.home(), "provider.failed", "provider", v.called(face))
	}
	return v.say(v.home(), "provider.over")
}

// onceMore goes on from an answer that was taken already.
func (v *visit) onceMore(face signin.ConnectorFace) error {
	if v.run.Done != nil {
		return v.over()
	}
	if id := v.verified(face.ID); id != "" {
		return v.recognised(face, id)
	}
	return v.next(v.home())
}

// verified is the record of a connector's verified answer, or "".
func (v *visit) verified(id guestlist.ConnectorID) string {
	for _, r := range v.run.Records {
		if r.Verified && r.Outside != nil && r.Outside.ConnectorID == id {
			return r.ID
		}
	}
	return ""
}

// answered verifies an answer and goes on with who the guest is.
func (v *visit) answered(face signin.ConnectorFace, record string, answer url.Values) error {
	_, err := v.submit(signin.VerifyOutside{Way: face.Way, ConnectorID: face.ID, VerificationID: record, Answer: answer})
	switch code := guestlist.CodeOf(err); {
	case err == nil:
		return v.reload(func() error { return v.recognised(face, record) })
	case code == "session.not_found":
		return v.over()
	case code == "session.verification_session_not_found": // the same answer, a moment ago
		return v.reload(func() error { return v.onceMore(face) })
	case code == "connector.authorization_failed":
		return v.say(v.home(), "provider.refused", "provider", v.called(face))
	case strings.HasPrefix(code, "connector.") || strings.HasPrefix(code, "session.") || strings.HasPrefix(code, "guard."):
		return v.say(v.home(), "provider.failed", "provider", v.called(face))
	}
	return v.turnedAway(face, err)
}

// reload reads the interaction anew and goes on.
func (v *visit) reload(then func() error) error {
	run, err := v.d.Desk.Load(v.r.Context(), v.uid)
	if guestlist.CodeOf(err) == "session.not_found" {
		return v.unknownSession()
	}
	if err != nil {
		return err
	}
	v.run = run
	return then()
}

// home is the page on which the latest attempt began.
func (v *visit) home() string {
	switch from := v.note.Attempt.From; {
	case from == "" || strings.HasPrefix(from, pageDirect):
	case from == signin.PageInvitation:
		return from
	case from != signin.PageOneTimeToken || v.run.OneTimeToken != "":
		return from
	}
	if v.exp.SignInMode == guestlist.ModeRegister {
		return signin.PageRegister
	}
	return signin.PageSignIn
}
