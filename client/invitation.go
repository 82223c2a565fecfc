package client

import (
	"context"
	"net/http"
	"net/url"

	"guestlist"
)

// Invitation is an invitation as answers have it.
type Invitation struct {
	guestlist.Invitation
	// Link is there in the answer that makes it, if it is not mailed. Whoever has
	// it is invited.
	Link string `json:"link,omitempty"`
	// Code is what people type for a shared invitation.
	Code string `json:"code,omitempty"`
	// Timeline is what happened to it, the oldest first; of GetInvitation.
	Timeline []guestlist.InvitationAct `json:"timeline,omitempty"`
}

// NewInvitation is what POST /api/invitations takes, as far as programs of the
// house need it.
type NewInvitation struct {
	Email         string                      `json:"email,omitempty"`
	Phone         string                      `json:"phone,omitempty"`
	Name          string                      `json:"name,omitempty"`
	Locale        string                      `json:"locale,omitempty"`
	Message       string                      `json:"message,omitempty"`
	ApplicationID guestlist.ApplicationID     `json:"applicationId,omitempty"`
	Grants        *guestlist.InvitationGrants `json:"grants,omitempty"`
	ExpiresIn     int                         `json:"expiresIn,omitempty"` // seconds
	Send          *bool                       `json:"send,omitempty"`      // false shows the link instead

	// Key is the Idempotency-Key, "" for none.
	Key string `json:"-"`
}

// Invite issues an invitation.
func (c *Client) Invite(ctx context.Context, n NewInvitation) (Invitation, error) {
	var i Invitation
	_, err := c.Send(ctx, Call{Method: http.MethodPost, Path: "/invitations", In: n, Out: &i, Key: n.Key})
	return i, err
}

// Invitations reads a page of invitations, the newest first, narrowed by a query
// as GET /api/invitations takes it. next continues the list; "" ends it.
func (c *Client) Invitations(ctx context.Context, query url.Values, next string, pageSize int) ([]Invitation, Answer, error) {
	var rows []Invitation
	q := url.Values{}
	for name, values := range query {
		q[name] = values
	}
	if next != "" {
		q.Set("cursor", next)
	}
	a, err := c.List(ctx, "/invitations", q, 1, pageSize, &rows)
	return rows, a, err
}

func invitationPath(id guestlist.InvitationID) string { return "/invitations/" + escape(string(id)) }

// GetInvitation reads an invitation with its timeline.
func (c *Client) GetInvitation(ctx context.Context, id guestlist.InvitationID) (Invitation, error) {
	var i Invitation
	_, err := c.Get(ctx, invitationPath(id), &i)
	return i, err
}

// Resend sends an invitation again with a new link, or shows that link.
func (c *Client) Resend(ctx context.Context, id guestlist.InvitationID, send bool) (Invitation, error) {
	var i Invitation
	err := c.Do(ctx, http.MethodPost, invitationPath(id)+"/resend", map[string]any{"send": send}, &i)
	return i, err
}

// Revoke takes an invitation back.
func (c *Client) Revoke(ctx context.Context, id guestlist.InvitationID, reason string) (Invitation, error) {
	var i Invitation
	body := map[string]any{}
	if reason != "" {
		body["reason"] = reason
	}
	err := c.Do(ctx, http.MethodPost, invitationPath(id)+"/revoke", body, &i)
	return i, err
}

// Requests reads a page of those who ask to come in, from 1, the first of the
// list first. Of status "" are those who wait.
func (c *Client) Requests(ctx context.Context, status guestlist.RequestStatus, page, pageSize int) ([]guestlist.RegistrationRequest, Answer, error) {
	var rows []guestlist.RegistrationRequest
	q := url.Values{}
	if status != "" {
		q.Set("status", string(status))
	}
	a, err := c.List(ctx, "/registration-requests", q, page, pageSize, &rows)
	return rows, a, err
}

// RequestsOf reads the requests of an address.
func (c *Client) RequestsOf(ctx context.Context, email string) ([]guestlist.RegistrationRequest, error) {
	var rows []guestlist.RegistrationRequest
	_, err := c.List(ctx, "/registration-requests", url.Values{"email": {email}}, 1, 1, &rows)
	return rows, err
}

func requestPath(id guestlist.RequestID) string {
	return "/registration-requests/" + escape(string(id))
}

// Approve lets somebody in who waits, by an invitation.
func (c *Client) Approve(ctx context.Context, id guestlist.RequestID) (guestlist.RegistrationRequest, error) {
	var r guestlist.RegistrationRequest
	err := c.Do(ctx, http.MethodPost, requestPath(id)+"/approve", map[string]any{}, &r)
	return r, err
}

// Reject says no to somebody who waits.
func (c *Client) Reject(ctx context.Context, id guestlist.RequestID, reason string) (guestlist.RegistrationRequest, error) {
	var r guestlist.RegistrationRequest
	body := map[string]any{}
	if reason != "" {
		body["reason"] = reason
	}
	err := c.Do(ctx, http.MethodPost, requestPath(id)+"/reject", body, &r)
	return r, err
}

// Promotion is what became of the first of the list.
type Promotion struct {
	Approved []guestlist.RegistrationRequest `json:"approved"`
	Refused  []struct {
		ID    guestlist.RequestID `json:"id"`
		Email string              `json:"email"`
		Code  string              `json:"code"`
	} `json:"refused"`
}

// Promote lets the first count of the list in. With wave so many come in
// together, interval seconds apart; 0 leaves either to the server.
func (c *Client) Promote(ctx context.Context, count, wave, interval int) (Promotion, error) {
	body := map[string]any{"count": count}
	if wave > 0 {
		body["wave"] = wave
	}
	if interval > 0 {
		body["interval"] = interval
	}
	var p Promotion
	err := c.Do(ctx, http.MethodPost, "/registration-requests/promote", body, &p)
	return p, err
}
