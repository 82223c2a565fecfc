package management

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"

	"rsc.io/qr"

	"guestlist"
	"guestlist/internal/invite"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

const contentTypeSVG = "image/svg+xml"

func (a *API) invitationCodeRoutes() []route {
	const read, write = guestlist.ScopeInvitationsRead, guestlist.ScopeInvitationsWrite
	return []route{
		get("/api/invitation-codes", "List shared invitations; codes and links are shown to who may issue them", a.listInvitationCodes).takes(read, write),
		post("/api/invitation-codes", "Make a code with which several people may join; repeatable under an Idempotency-Key", a.issueInvitationCode).with201().takes(write),
		get("/api/invitation-codes/{id}", "Get a shared invitation; its code and link are shown to who may issue one", a.getInvitationCode).takes(read, write),
		post("/api/invitation-codes/{id}/revoke", "Take a shared invitation back", a.revokeInvitation).takes(write),
		raw(http.MethodGet, "/api/invitation-codes/{id}/qr", "The link of a shared invitation as a picture for cameras", contentTypeSVG,
			a.drawInvitationCode).takes(write).secrets(),
	}
}

// showShared makes an answer of a shared invitation, with its secrets if the
// caller could issue it: whoever has the code may use it themselves.
func (a *API) showShared(tx *store.Tx, c *call, i guestlist.Invitation) (shownInvitation, error) {
	err := c.host().MayGive(tx, i.Grants)
	if !c.who.Has(guestlist.ScopeInvitationsWrite) || errors.Is(err, invite.ErrGrantsNotAllowed) {
		return a.show(i, "")
	}
	if err != nil {
		return shownInvitation{}, err
	}
	shown, err := a.show(i, tx.InvitationCode(i))
	if err != nil {
		return shown, err
	}
	code, err := tx.SharedCode(i.ID)
	shown.Code = string(code)
	return shown, err
}

// shared reads a shared invitation.
func shared(tx *store.Tx, id guestlist.InvitationID) (guestlist.Invitation, error) {
	i, err := tx.Invitation(id)
	if err == nil && i.Kind != guestlist.InvitationShared {
		err = store.ErrNotFound
	}
	return i, orNoID(err, tableInvitations, id)
}

func (a *API) listInvitationCodes(c *call, in struct {
	Paging web.Paging                 `paging:"required"`
	Cursor guestlist.InvitationID     `query:"cursor" check:"format=id,max=21"`
	Status guestlist.InvitationStatus `query:"status" check:"enum=scheduled|pending|accepted|revoked|expired"`
},
) (list[shownInvitation], error) {
	return a.pageOfInvitations(c, store.InvitationFilter{Kind: guestlist.InvitationShared, Status: in.Status, Before: in.Cursor}, a.showShared)
}

func (a *API) issueInvitationCode(c *call, in struct{ Body newInvitationCode }) (shownInvitation, error) {
	return a.issue(c, in.Body.order(), in.Body)
}

func (a *API) getInvitationCode(c *call, in invitationID) (shownInvitation, error) {
	var shown shownInvitation
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		i, err := shared(tx, in.ID)
		if err != nil {
			return err
		}
		if shown, err = a.showShared(tx, c, i); err != nil {
			return err
		}
		shown.Timeline, err = invite.Timeline(tx, i)
		return err
	})
	return shown, err
}

func (a *API) drawInvitationCode(c *call) error {
	var link string
	id := guestlist.InvitationID(c.r.PathValue("id"))
	if !isID(string(id)) {
		return guestlist.Refuse(guestlist.KindInvalid, "request.invalid_text")
	}
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		i, err := shared(tx, id)
		if err != nil {
			return err
		}
		link = invite.Link(a.Endpoint, i, tx.InvitationCode(i))
		return c.host().MayGive(tx, i.Grants)
	})
	if err != nil {
		return err
	}
	picture, err := drawQR(link)
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", contentTypeSVG)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = c.w.Write(picture) // the only failure is a closed connection
	return nil
}

// quietZone is the white border that cameras need, in modules (ISO/IEC 18004
// §6.3.8).
const quietZone = 4

// drawQR writes a QR code (ISO/IEC 18004) of a text as SVG: black on white,
// whatever the page around it looks like. It corrects errors of about 15 %.
func drawQR(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, guestlist.Refuse(guestlist.KindUnprocessable, "invitation.link_too_long").Because(err)
	}
	size := code.Size + 2*quietZone
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges" role="img">`, size, size)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/><path fill="#000" d="`, size, size)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			if !code.Black(x, y) {
				continue
			}
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quietZone, y+quietZone, x-from, x-from)
		}
	}
	b.WriteString(`"/></svg>`)
	return b.Bytes(), nil
}
