package signin

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"unicode/utf8"

	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/crypt"
	"guestlist/internal/phone"
	"guestlist/internal/store"
)

// BeginOutside begins an attempt to be recognised by an outside identity
// provider, in the place of an earlier one of the same way. Step.Location is
// where the browser goes. State comes back with the answer, and the browser
// that began has to compare it. RedirectURI is where the answer is brought; a
// SAML provider's only to the server's own origin.
type BeginOutside struct {
	Way         guestlist.Way
	ConnectorID guestlist.ConnectorID
	State       string
	RedirectURI string
	// LoginHint is the address that the guest typed; empty means that of the
	// authorization request.
	LoginHint string
}

// VerifyOutside proves a guest by the answer of an outside provider, with all
// parameters that came to the redirect URI. It belongs to one attempt of this
// interaction, and is used once, whatever becomes of it.
type VerifyOutside struct {
	Way            guestlist.Way
	ConnectorID    guestlist.ConnectorID
	VerificationID string
	Answer         url.Values
	// StateChecked says that the caller compared the state with its own, as
	// pages that were written for Logto do, which then leave it out. An answer
	// with another state is refused all the same.
	StateChecked bool
}

// HandleParam is the parameter by which the browser fetches the answer of a
// SAML provider: see Desk.Accept.
const HandleParam = "handle"

// What an attempt and its answer may be as long as.
const (
	maxState       = 1024     // bytes
	maxRedirectURI = 2048     // bytes
	maxAnswer      = 64 << 10 // bytes of all parameters
	maxSubject     = 255      // bytes
	maxIssuer      = 2048     // bytes
	maxRaw         = 32 << 10 // bytes; what is longer is not kept
)

var (
	errInsufficientInfo  = guestlist.Refuse(guestlist.KindInvalid, "session.insufficient_info")
	errNoConnectorVisit  = guestlist.Refuse(guestlist.KindInvalid, "session.connector_validation_session_not_found")
	errInvalidConnector  = guestlist.Refuse(guestlist.KindUnprocessable, "session.invalid_connector_id")
	errNotAwaited        = errors.New("no attempt of this interaction waits for this answer")
	errConnectorResponse = guestlist.Refuse(guestlist.KindInvalid, "connector.invalid_response")
	errConnectorGeneral  = guestlist.Refuse(guestlist.KindInvalid, "connector.general")
)

// Outside is what a record of an outside provider holds.
type Outside struct {
	ConnectorID guestlist.ConnectorID `json:"connectorId"`
	// Pending waits for the answer; nil once an answer was taken, whatever came
	// of it.
	Pending *connector.Pending `json:"pending,omitempty"`
	// Identity is who it is; nil until the answer was verified.
	Identity *guestlist.OutsideIdentity `json:"identity,omitempty"`
}

// public is what the wire shows of a record of an outside provider: no attempt
// under way, no secret.
func (o Outside) public(r Record) map[string]any {
	m := map[string]any{"id": r.ID, "type": r.Type, "connectorId": o.ConnectorID}
	if o.Identity == nil {
		return m
	}
	if r.Type == RecordSSO {
		m["enterpriseSsoUserInfo"], m["issuer"] = userInfo(guestlist.WaySSO, *o.Identity), o.Identity.Issuer
	} else {
		m["socialUserInfo"] = userInfo(guestlist.WaySocial, *o.Identity)
	}
	return m
}

// recordTypeOf is the type of the records of a way.
func recordTypeOf(w guestlist.Way) RecordType {
	if w == guestlist.WaySSO {
		return RecordSSO
	}
	return RecordSocial
}

// way is the way of a record, "" for one of no outside provider.
func (r Record) way() guestlist.Way {
	switch r.Type {
	case RecordSocial:
		return guestlist.WaySocial
	case RecordSSO:
		return guestlist.WaySSO
	default:
		return ""
	}
}

func isWay(w guestlist.Way) bool { return w == guestlist.WaySocial || w == guestlist.WaySSO }

func outsideLogKey(w guestlist.Way, verb string) string {
	return "Interaction.{event}.Verification." + string(recordTypeOf(w)) + "." + verb
}

func (a BeginOutside) logKey() string { return outsideLogKey(a.Way, "Create") }

// prepare asks the provider for its address, which may take the network.
func (a BeginOutside) prepare(r *run) error {
	switch {
	case !isWay(a.Way):
		return errInvalidInput
	case a.State == "" || a.RedirectURI == "":
		return errInsufficientInfo
	case len(a.State) > maxState || !utf8.ValidString(a.State) || !isRedirect(a.RedirectURI):
		return errInvalidInput
	}
	if err := r.dir.mayUse(r.exp, a.Way, a.ConnectorID); err != nil {
		return err
	}
	provider, err := r.d.open(r.dir, a.Way, a.ConnectorID)
	if err != nil {
		return outsideError(err)
	}
	if _, posts := provider.(connector.Poster); posts && !r.d.isOwn(a.RedirectURI) {
		return errInvalidInput.Because(errors.New("the answer of a SAML provider is fetched at our own origin alone"))
	}
	location, pending, err := provider.Begin(r.ctx, connector.Attempt{
		State: a.State, RedirectURI: a.RedirectURI, ACS: r.d.Endpoint + ACSPath(a.Way, a.ConnectorID),
		LoginHint: withDefault(a.LoginHint, r.i.Request.LoginHint), UILocales: r.i.Request.UILocales,
	})
	if err != nil {
		return outsideError(err)
	}
	r.slow.location, r.slow.pending = location, &pending
	return nil
}

func (a BeginOutside) apply(tx *store.Tx, r *run) error {
	record := Record{
		ID: crypt.ID(), Type: recordTypeOf(a.Way), Outside: &Outside{ConnectorID: a.ConnectorID, Pending: r.slow.pending},
	}
	r.i.putRecord(record)
	r.step.VerificationID, r.step.Location = record.ID, r.slow.location
	if r.slow.pending.Relay == "" {
		return nil
	}
	return r.awaitPost(tx, a.Way, record)
}

// isRedirect reports whether a browser could be sent back to a URI: http or
// https, without user, without fragment.
func isRedirect(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && len(uri) <= maxRedirectURI && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" &&
		u.User == nil && u.Fragment == "" && u.Opaque == ""
}

// isOwn reports whether a URI is of the server's own origin.
func (d *Desk) isOwn(uri string) bool {
	own, err := url.Parse(d.Endpoint)
	if err != nil {
		return false
	}
	u, err := url.Parse(uri)
	return err == nil && u.Scheme == own.Scheme && u.Host == own.Host
}

// outsideError gives a code to an error that has none: what goes wrong at a
// provider is not our own failure, unless the guest stopped waiting.
func outsideError(err error) error {
	if guestlist.CodeOf(err) != "" || errors.Is(err, context.Canceled) {
		return err
	}
	return errConnectorGeneral.WithArgs(map[string]any{"errorDescription": ""}).Because(err)
}

func (a VerifyOutside) logKey() string { return outsideLogKey(a.Way, "Submit") }

// prepare takes the answer and verifies it with the provider. The attempt is
// spent before the provider is asked: of two callers with one answer, one asks.
func (a VerifyOutside) prepare(r *run) error {
	if !isWay(a.Way) || sizeOf(a.Answer) > maxAnswer {
		return errInvalidInput
	}
	if r.slow.identity != nil { // asked already, see submitOnce
		return nil
	}
	if err := r.dir.find(a.Way, a.ConnectorID); err != nil {
		if a.Way == guestlist.WaySocial {
			err = errInvalidConnector.WithArgs(map[string]any{"connectorId": a.ConnectorID}).Because(err)
		}
		return err
	}
	record, err := a.attempt(r.i)
	if err != nil {
		return err
	}
	pending := *record.Outside.Pending
	if state := a.Answer.Get("state"); state != pending.State && (state != "" || !a.StateChecked) {
		return errNoConnectorVisit.Because(errors.New("the state is not that of the attempt"))
	}
	if pending.Relay != "" { // the answer is here already, see Accept
		return nil
	}
	provider, err := r.d.open(r.dir, a.Way, a.ConnectorID)
	if err != nil {
		return outsideError(err)
	}
	if err := r.spend(a); err != nil {
		return err
	}
	answer := url.Values{}
	for k, v := range a.Answer {
		answer[k] = v
	}
	answer.Set("state", pending.State)
	identity, err := provider.Finish(r.ctx, pending, answer)
	if err != nil {
		return outsideError(err)
	}
	r.slow.identity, err = sound(identity)
	return err
}

// attempt returns the record of the attempt that the action means, if it still
// waits for its answer.
func (a VerifyOutside) attempt(i *Interaction) (Record, error) {
	record, ok := i.ofType(recordTypeOf(a.Way))
	if !ok || record.ID != a.VerificationID || record.Outside == nil || record.Outside.ConnectorID != a.ConnectorID ||
		record.Outside.Pending == nil {
		return Record{}, errNoVerification.Because(errNotAwaited)
	}
	return record, nil
}

// spend takes the pending attempt out of the interaction, for good.
func (r *run) spend(a VerifyOutside) error {
	return r.d.Store.Update(r.ctx, func(tx *store.Tx) error {
		if err := tx.LockInteraction(r.row.ID, r.row.Version); err != nil {
			return err
		}
		i, err := fromRow(r.i.UID, r.row)
		if err != nil {
			return err
		}
		record, err := a.attempt(i)
		if err != nil {
			return err
		}
		outside := *record.Outside
		outside.Pending = nil
		record.Outside = &outside
		i.replaceRecord(record)
		row, err := i.toRow()
		if err != nil {
			return err
		}
		if err := tx.UpdateInteraction(row); err != nil {
			return err
		}
		row.Version++ // by the lock
		i.version = row.Version
		r.i, r.row = i, row
		return nil
	})
}

// apply believes the answer, if the attempt is still the one that counts.
func (a VerifyOutside) apply(tx *store.Tx, r *run) error {
	record, ok := r.i.ofType(recordTypeOf(a.Way))
	if !ok || record.ID != a.VerificationID || record.Outside == nil || record.Verified {
		return errNoVerification // a later attempt took its place
	}
	identity := r.slow.identity
	if identity == nil {
		var err error
		if identity, err = r.fetchPosted(tx, record, a.Answer.Get(HandleParam)); err != nil {
			return err
		}
	}
	record.Outside = &Outside{ConnectorID: a.ConnectorID, Identity: identity}
	record.Verified = true
	r.i.putRecord(record)
	r.i.Typed, r.step.VerificationID = true, record.ID
	return nil
}

func sizeOf(v url.Values) int {
	n := 0
	for k, list := range v {
		n += len(k)
		for _, s := range list {
			n += len(s) + 1
		}
	}
	return n
}

// sound returns an identity in the shape of the columns that it will be kept
// in. Who has no subject is nobody; what is merely told is left out where it
// does not fit.
func sound(id guestlist.OutsideIdentity) (*guestlist.OutsideIdentity, error) {
	if id.Subject == "" || len(id.Subject) > maxSubject || len(id.Issuer) > maxIssuer ||
		!utf8.ValidString(id.Subject) || !utf8.ValidString(id.Issuer) {
		return nil, errConnectorResponse.Because(errors.New("the provider names no subject that could be kept"))
	}
	if !guestlist.IsEmail(id.Email) {
		id.Email, id.EmailVerified = "", false
	}
	if number, err := phone.Normalize(id.Phone); err == nil {
		id.Phone = number
	} else {
		id.Phone, id.PhoneVerified = "", false
	}
	if utf8.RuneCountInString(id.Name) > guestlist.MaxNameLength || !isText(id.Name) {
		id.Name = ""
	}
	if u, err := url.Parse(id.Avatar); err != nil || u.Scheme != "https" || len(id.Avatar) > guestlist.MaxAvatarLength || !isText(id.Avatar) {
		id.Avatar = ""
	}
	if len(id.Raw) > maxRaw || !json.Valid(id.Raw) || id.Raw[0] != '{' {
		id.Raw = guestlist.JSONObject("{}")
	}
	return &id, nil
}

// isText reports whether a database can keep a text.
func isText(s string) bool {
	for _, c := range s {
		if c == 0 {
			return false
		}
	}
	return utf8.ValidString(s)
}
