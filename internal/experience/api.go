package experience

import (
	"net/http"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

func (d *Door) mountAPI(mux *web.Mux) {
	for _, rt := range apiRoutes() {
		mux.API(rt.pattern, d.api(rt))
	}
	mux.API("GET "+documentPath, d.document())
	mux.API("GET "+signin.ACSPath(guestlist.WaySSO, "{connector}")+"/metadata", d.spMetadata)
}

// call is one request of the experience API.
type call struct {
	d   *Door
	w   http.ResponseWriter
	r   *http.Request
	uid string
	run *signin.Interaction
}

// Codes of the wire for a browser without an interaction, and for one whose
// interaction did not begin.
var (
	errNoSession     = guestlist.Refuse(guestlist.KindInvalid, "session.not_found")
	errNoInteraction = guestlist.Refuse(guestlist.KindNotFound, "session.interaction_not_found")
)

// headerApp names the application whose interaction is meant, for a browser
// that has several; the query parameter app_id of the pages does as well.
const headerApp = "Logto-App-Id"

// api adapts a route: who has no interaction learns nothing of it, not even
// whether the body would do.
func (d *Door) api(rt apiRoute) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "no-store")
		c := &call{d: d, w: w, r: r}
		if rt.needs == needsNothing {
			return rt.serve(c)
		}
		switch err := c.find(); {
		case guestlist.CodeOf(err) == errNoSession.Code:
			return c.lost(err)
		case err != nil:
			return err
		}
		switch {
		case rt.needs == needsEvent && c.run.Done != nil:
			return c.lost(errNoSession)
		case rt.needs != needsRequest && c.run.Event == "" && c.run.Done == nil:
			return errNoInteraction
		}
		return rt.serve(c)
	}
}

// find loads the interaction of the browser.
func (c *call) find() error {
	app := c.r.Header.Get(headerApp)
	if app == "" {
		query, err := web.Query(c.r)
		if err != nil {
			return err
		}
		app = query.Get("app_id")
	}
	c.uid = c.d.uidOf(c.r, guestlist.ApplicationID(app))
	if c.uid == "" {
		return errNoSession
	}
	var err error
	c.run, err = c.d.Desk.Load(c.r.Context(), c.uid)
	return err
}

// lost answers a browser without an interaction as the wire has it, with the
// members of an OAuth error beside ours (RFC 6749 §5.2).
func (c *call) lost(err error) error {
	status, env := c.d.Manners.Describe(c.r, err)
	return web.WriteJSON(c.w, status, struct {
		web.Envelope
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{env, "invalid_request", "interaction session not found"})
}

// submit hands an action to the desk.
func (c *call) submit(a signin.Action) (signin.Step, error) {
	return c.d.Desk.Submit(c.r.Context(), c.uid, a, c.d.caller(c.r))
}

// do submits an action whose success has nothing to say.
func (c *call) do(a signin.Action) error {
	if _, err := c.submit(a); err != nil {
		return err
	}
	return c.nothing()
}

// verify submits an action that makes a verification, and names it.
func (c *call) verify(a signin.Action) error {
	step, err := c.submit(a)
	if err != nil {
		return err
	}
	return c.verification(step)
}

func (c *call) verification(step signin.Step) error {
	return c.json(map[string]string{"verificationId": step.VerificationID})
}

func (c *call) json(v any) error { return web.WriteJSON(c.w, http.StatusOK, v) }

func (c *call) nothing() error {
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
