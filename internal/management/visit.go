package management

import (
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"time"

	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/store"
)

// visitTTL is how long a visit to a provider may take, from the address that
// begins it to the identity that ends it.
const visitTTL = 10 * time.Minute

var errVisitUnknown = guestlist.Refuse(guestlist.KindInvalid, "session.connector_validation_session_not_found")

// visit is what is remembered of a visit, sealed. A program of an
// administrator's began it: there is no browser of ours to bind it to, so
// whoever brings the state back is answered for by the management token.
type visit struct {
	Connector guestlist.ConnectorID `json:"connector"`
	Pending   connector.Pending     `json:"pending"`
}

// visitKey is what a visit is found by: the state of one connector.
func visitKey(id guestlist.ConnectorID, state string) string { return string(id) + " " + state }

// socialConnector returns a social connector's row.
func (a *API) socialConnector(c *call, id guestlist.ConnectorID) (guestlist.Connector, guestlist.ConnectorView, error) {
	var row guestlist.Connector
	var view guestlist.ConnectorView
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		if row, err = tx.Connector(id); err != nil {
			return err
		}
		view, err = viewConnector(row)
		return err
	})
	return row, view, err
}

// visitStart is where the browser is to be sent.
type visitStart struct {
	RedirectTo string `json:"redirectTo"`
}

func (a *API) beginVisit(c *call, in struct {
	ID   guestlist.ConnectorID `path:"connectorId"`
	Body struct {
		State       string `json:"state" check:"max=1024"`
		RedirectURI string `json:"redirectUri" check:"max=2048,format=url"`
	}
},
) (visitStart, error) {
	row, view, err := a.socialConnector(c, in.ID)
	switch {
	case err != nil:
		return visitStart{}, err
	case view.Type != guestlist.ConnectorSocial:
		return visitStart{}, guestlist.Refuse(guestlist.KindInvalid, "connector.unexpected_type")
	case in.Body.State == "":
		return visitStart{}, guestlist.Refuse(guestlist.KindInvalid, "session.insufficient_info")
	}
	provider, err := a.provider(row)
	if err != nil {
		return visitStart{}, err
	}
	location, pending, err := provider.Begin(c.ctx(), connector.Attempt{State: in.Body.State, RedirectURI: in.Body.RedirectURI})
	if err != nil {
		return visitStart{}, err
	}
	data, err := json.Marshal(visit{Connector: row.ID, Pending: pending})
	if err != nil {
		return visitStart{}, err
	}
	key := visitKey(row.ID, in.Body.State)
	return visitStart{location}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		// Asked again with the same state, the later visit is the one that counts.
		if _, err := tx.TakeToken(key, store.TokenVisit, ""); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return tx.InsertToken(key, store.Token{Kind: store.TokenVisit, Data: data, ExpiresAt: tx.Now.Add(visitTTL)})
	})
}

// provider returns who is asked for a connector. One whose answer is posted to
// us cannot be asked by others.
func (a *API) provider(row guestlist.Connector) (connector.Provider, error) {
	provider, err := a.Connectors.Social(row)
	if err != nil {
		return nil, err
	}
	if _, posts := provider.(connector.Poster); posts {
		return nil, guestlist.Refuse(guestlist.KindNotImplemented, "connector.not_implemented").
			WithArgs(map[string]any{"method": "authorization-uri"})
	}
	return provider, nil
}

// linkIdentity gives a user the identity that a provider vouches for at the end
// of a visit. It writes the identity alone: that somebody with management
// rights brought it proves no address of the user's.
func (a *API) linkIdentity(c *call, in struct {
	ID   guestlist.UserID `path:"userId"`
	Body struct {
		ConnectorID   guestlist.ConnectorID `json:"connectorId" check:"min=1,max=128"`
		ConnectorData guestlist.JSONObject  `json:"connectorData"`
	}
},
) (map[string]guestlist.Identity, error) {
	if _, err := a.viewUser(c, in.ID); err != nil {
		return nil, err
	}
	row, view, err := a.socialConnector(c, in.Body.ConnectorID)
	if err != nil {
		return nil, err
	}
	if view.Type != guestlist.ConnectorSocial {
		return nil, guestlist.Refuse(guestlist.KindUnprocessable, "session.invalid_connector_id").
			WithArgs(map[string]any{"connectorId": clip(string(row.ID))})
	}
	provider, err := a.provider(row)
	if err != nil {
		return nil, err
	}
	answer, err := answerOfProvider(in.Body.ConnectorData)
	if err != nil {
		return nil, err
	}
	pending, err := a.endVisit(c, row.ID, answer)
	if err != nil {
		return nil, err
	}
	who, err := provider.Finish(c.ctx(), pending, answer)
	if err != nil {
		return nil, err
	}
	details, err := json.Marshal(identityDetails(who))
	if err != nil {
		return nil, err
	}
	return a.writeIdentity(c, in.ID, view.Target, who.Issuer, guestlist.Identity{UserID: who.Subject, Details: details})
}

// answerOfProvider reads what a browser brought back from the provider.
func answerOfProvider(data guestlist.JSONObject) (url.Values, error) {
	var members map[string]any
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, err
	}
	answer := url.Values{}
	for name, value := range members {
		switch v := value.(type) {
		case string:
			answer.Set(name, v)
		case float64:
			answer.Set(name, strconv.FormatFloat(v, 'f', -1, 64)) // a program took digits for a number
		}
	}
	return answer, nil
}

// endVisit returns what was remembered of a visit. Each ends once.
func (a *API) endVisit(c *call, id guestlist.ConnectorID, answer url.Values) (connector.Pending, error) {
	var v visit
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		token, err := tx.TakeToken(visitKey(id, answer.Get("state")), store.TokenVisit, "")
		if errors.Is(err, store.ErrNotFound) {
			return errVisitUnknown
		}
		if err != nil {
			return err
		}
		return json.Unmarshal(token.Data, &v)
	})
	if err != nil {
		return v.Pending, err
	}
	if to := answer.Get("redirectUri"); to != "" && to != v.Pending.RedirectURI {
		return v.Pending, errVisitUnknown
	}
	return v.Pending, nil
}

// identityDetails is what is kept of a person at a provider, in the wire's
// words: an address only where the provider says that it is theirs.
func identityDetails(who guestlist.OutsideIdentity) map[string]any {
	details := map[string]any{"id": who.Subject, "rawData": json.RawMessage("{}")}
	add := func(name, value string, ok bool) {
		if ok && value != "" {
			details[name] = value
		}
	}
	add("email", who.Email, who.EmailVerified)
	add("phone", who.Phone, who.PhoneVerified)
	add("name", who.Name, true)
	add("avatar", who.Avatar, true)
	if len(who.Raw) > 0 {
		details["rawData"] = who.Raw
	}
	return details
}
