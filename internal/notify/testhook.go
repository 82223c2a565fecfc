package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"guestlist"
	"guestlist/internal/crypt"
)

// The refusals of TestHook.
var (
	errEndpointAnswered = guestlist.Refuse(guestlist.KindUnprocessable, "hook.endpoint_responded_with_error")
	errTestNotSent      = guestlist.Refuse(guestlist.KindUnprocessable, "hook.send_test_payload_failed")
)

// TestHook sends a made-up payload per event to a hook, all at once. The hook
// need not be stored as it is given. It is an error of kind KindUnprocessable
// if any does not arrive or is not answered with 2xx. No attempt is logged.
func (n *Notifier) TestHook(ctx context.Context, hook guestlist.Hook, events []string) error {
	now := n.Store.Now()
	errs := make([]error, len(events))
	var all sync.WaitGroup
	for i, event := range events {
		body, err := json.Marshal(samplePayload(event, hook.ID, now))
		if err != nil {
			return fmt.Errorf("notify: sample of %s: %w", event, err)
		}
		all.Go(func() {
			errs[i] = n.testOne(ctx, post{config: hook.Config, key: hook.SigningKey, id: "msg_test_" + crypt.ID(), at: now, body: body})
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (n *Notifier) testOne(ctx context.Context, p post) error {
	a, err := n.do(ctx, p)
	if err != nil {
		return errTestNotSent.WithArgs(map[string]any{"message": err.Error()}).Because(err)
	}
	if !a.ok() {
		return errEndpointAnswered.With(map[string]any{"responseStatus": a.status, "responseBody": a.body}).Because(a.err())
	}
	return nil
}

// sample is a made-up payload. Which members it has depends on the event; the
// order is the wire's.
type sample struct {
	Event            string                     `json:"event"`
	HookID           guestlist.HookID           `json:"hookId"`
	CreatedAt        string                     `json:"createdAt"`
	InteractionEvent guestlist.InteractionEvent `json:"interactionEvent,omitempty"`
	SessionID        string                     `json:"sessionId,omitempty"`
	UserAgent        string                     `json:"userAgent"`
	UserIP           string                     `json:"userIp,omitempty"`
	UserID           string                     `json:"userId,omitempty"`
	User             map[string]any             `json:"user,omitempty"`
	Application      map[string]any             `json:"application,omitempty"`
	Path             string                     `json:"path,omitempty"`
	Method           string                     `json:"method,omitempty"`
	Status           int                        `json:"status,omitempty"`
	Params           map[string]string          `json:"params,omitempty"`
	Data             map[string]any             `json:"data,omitempty"`
}

func samplePayload(event string, hook guestlist.HookID, now guestlist.Time) sample {
	s := sample{Event: event, HookID: hook, CreatedAt: now.ISO(), UserAgent: "fake-user-agent"}
	if !strings.HasPrefix(event, "Post") {
		s.Path, s.Method, s.Status = "/fake-path/:id", "POST", 200
		s.Params, s.Data = map[string]string{"id": "fake-id"}, map[string]any{"result": "success"}
		return s
	}
	s.InteractionEvent = guestlist.EventSignIn
	switch event {
	case guestlist.EventPostRegister:
		s.InteractionEvent = guestlist.EventRegister
	case guestlist.EventPostResetPassword:
		s.InteractionEvent = guestlist.EventForgotPassword
	}
	s.SessionID, s.UserIP, s.UserID = "fake-session-id", "fake-user-ip", "fake-id"
	s.User = map[string]any{
		"id": "fake-id", "username": "fake-user", "primaryEmail": "fake-user@fake-service.com", "primaryPhone": nil,
		"name": "Fake User", "avatar": nil, "customData": map[string]any{}, "identities": map[string]any{},
		"lastSignInAt": now, "createdAt": now, "updatedAt": now, "profile": map[string]any{},
		"applicationId": "fake-spa-application-id", "cimdClientId": nil, "isSuspended": false,
	}
	s.Application = map[string]any{
		"id": "fake-spa-application-id", "type": "SPA", "name": "Fake Application", "description": "Fake application for the test of a hook",
	}
	return s
}
