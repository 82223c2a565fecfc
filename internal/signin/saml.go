package signin

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// ACSPath is where a SAML provider posts its answer (wire: assertion consumer
// service).
func ACSPath(way guestlist.Way, id guestlist.ConnectorID) string {
	if way == guestlist.WaySSO {
		return "/api/authn/single-sign-on/saml/" + string(id)
	}
	return "/api/authn/saml/" + string(id)
}

// SPMetadata returns what an enterprise connector's provider has to know of us,
// as XML (SAML Metadata §2.4.4). It is public, and there before the connector is
// set up wholly; entity.not_exists_with_id for a connector that is not there,
// entity.not_found for one that speaks no SAML.
func (d *Desk) SPMetadata(ctx context.Context, id guestlist.ConnectorID) ([]byte, error) {
	dir, err := d.directory(ctx)
	if err != nil {
		return nil, err
	}
	if err := dir.find(guestlist.WaySSO, id); err != nil {
		return nil, err
	}
	if d.Describe == nil {
		return nil, store.ErrNotFound
	}
	return d.Describe(dir.sso[id])
}

// maxRelay bounds a RelayState that is looked up, in bytes (SAML Bindings
// §3.5.3 allows 80).
const maxRelay = 128

// awaitPost remembers an attempt by its RelayState, since its answer comes
// without cookies.
func (r *run) awaitPost(tx *store.Tx, way guestlist.Way, record Record) error {
	pending, err := marshal(record.Outside.Pending)
	if err != nil {
		return err
	}
	return tx.InsertSAMLRequest(store.SAMLRequest{
		Relay: record.Outside.Pending.Relay, InteractionID: r.i.ID, RecordID: record.ID, Way: way,
		ConnectorID: record.Outside.ConnectorID, Pending: pending, ExpiresAt: r.i.ExpiresAt,
	})
}

// Accept takes the form that a SAML provider made the browser post to the
// connector's ACSPath, and returns where the browser goes: the redirect URI of
// the attempt, with its state and a handle for VerifyOutside. Only the
// interaction whose attempt it was can use the handle, and once; the post
// itself, which no cookie comes with, proves nothing about who sent it.
//
// Errors: session.connector_validation_session_not_found for a RelayState that
// no attempt at this connector waits for, session.verification_failed for an
// answer or an assertion that came before, and connector.*.
func (d *Desk) Accept(ctx context.Context, way guestlist.Way, id guestlist.ConnectorID, form url.Values, from Caller) (location string, err error) {
	request, i, err := d.posted(ctx, way, id, form)
	if i == nil {
		return "", err
	}
	if err == nil {
		location, err = d.accept(ctx, request, form)
	}
	if err != nil {
		r := &run{ctx: ctx, d: d, i: i, from: from}
		d.logRefusal(ctx, r, VerifyOutside{Way: way, ConnectorID: id}, err)
	}
	return location, err
}

// posted finds the attempt that a post answers, and its interaction.
func (d *Desk) posted(ctx context.Context, way guestlist.Way, id guestlist.ConnectorID, form url.Values) (store.SAMLRequest, *Interaction, error) {
	var request store.SAMLRequest
	relay := form.Get("RelayState")
	if !isWay(way) || sizeOf(form) > maxAnswer*16 {
		return request, nil, errInvalidInput
	}
	if relay == "" || len(relay) > maxRelay {
		return request, nil, errNoConnectorVisit
	}
	var i *Interaction
	err := d.Store.View(ctx, func(tx *store.Tx) error {
		var err error
		if request, err = tx.SAMLRequest(relay); err != nil {
			return err
		}
		row, err := tx.Interaction(request.InteractionID)
		if err != nil {
			return err
		}
		i, err = fromRow("", row)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return request, nil, errNoConnectorVisit
	case err != nil:
		return request, nil, err
	case request.Way != way || request.ConnectorID != id:
		return request, i, errNoConnectorVisit.Because(errors.New("the answer was posted to another connector than was asked"))
	}
	return request, i, nil
}

// accept verifies an answer, outside of any transaction, and leaves it for the
// browser.
func (d *Desk) accept(ctx context.Context, request store.SAMLRequest, form url.Values) (string, error) {
	var pending connector.Pending
	if err := unmarshal(request.Pending, &pending); err != nil {
		return "", err
	}
	dir, err := d.directory(ctx)
	if err != nil {
		return "", err
	}
	provider, err := d.open(dir, request.Way, request.ConnectorID)
	if err != nil {
		return "", outsideError(err)
	}
	poster, ok := provider.(connector.Poster)
	if !ok {
		return "", errNoConnectorVisit.Because(errors.New("the connector is no SAML provider any more"))
	}
	assertion, err := poster.Accept(pending, form)
	if err != nil {
		return "", outsideError(err)
	}
	identity, err := sound(assertion.Identity)
	if err != nil {
		return "", err
	}
	sealed, err := marshal(identity)
	if err != nil {
		return "", err
	}
	handle := crypt.Opaque()
	if err := d.Store.Update(ctx, func(tx *store.Tx) error {
		return tx.AnswerSAMLRequest(request, handle, sealed, identity.Issuer+"|"+assertion.ID, assertion.Until)
	}); err != nil {
		return "", err
	}
	return withParams(pending.RedirectURI, url.Values{"state": {pending.State}, HandleParam: {handle}}), nil
}

// withParams adds parameters to a URI that was checked when the attempt began.
func withParams(uri string, params url.Values) string {
	if strings.Contains(uri, "?") {
		return uri + "&" + params.Encode()
	}
	return uri + "?" + params.Encode()
}

// fetchPosted takes the answer that a handle stands for.
func (r *run) fetchPosted(tx *store.Tx, record Record, handle string) (*guestlist.OutsideIdentity, error) {
	if handle == "" || len(handle) > crypt.OpaqueLength {
		return nil, errNoConnectorVisit
	}
	sealed, err := tx.TakeSAMLAnswer(handle, r.i.ID, record.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoConnectorVisit
	}
	if err != nil {
		return nil, err
	}
	identity := &guestlist.OutsideIdentity{}
	return identity, unmarshal(sealed, identity)
}
