package signin

import (
	"errors"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

func codeType(t guestlist.IdentifierType) (RecordType, guestlist.Channel, bool) {
	switch t {
	case guestlist.IdentifierEmail:
		return RecordEmailCode, guestlist.ChannelEmail, true
	case guestlist.IdentifierPhone:
		return RecordPhoneCode, guestlist.ChannelSMS, true
	default:
		return "", "", false
	}
}

func (a SendCode) logKey() string {
	t, _, _ := codeType(a.Identifier.Type)
	return "Interaction.{event}.Verification." + string(t) + ".Create"
}

func (a SendCode) prepare(r *run) error {
	_, channel, ok := codeType(a.Identifier.Type)
	if !ok || !a.Identifier.Valid() || a.Event != "" && !isEvent(a.Event) {
		return errInvalidInput
	}
	if err := dialable(a.Identifier); err != nil {
		return err
	}
	if err := r.strangerPasses(); err != nil {
		return err
	}
	return r.d.needsConnector(r.ctx, channel)
}

// apply writes the record, the code and the message. Where nothing must be
// delivered, all is as if it were, in content and in time, but the code
// matches nothing.
func (a SendCode) apply(tx *store.Tx, r *run) error {
	event := a.Event
	if event == "" {
		event = r.i.Event
	}
	if err := r.strangerPasses(); err != nil {
		return err
	}
	if event == guestlist.EventRegister && a.Identifier.Type == guestlist.IdentifierEmail {
		if err := r.refuseAddress(a.Identifier.Value); err != nil {
			return err
		}
	}
	if refused, err := limitMessages(tx, r, a.Identifier); err != nil {
		return err
	} else if refused != nil {
		return r.refuse(refused)
	}
	known, err := tx.IsTaken(a.Identifier)
	if err != nil {
		return err
	}
	recordType, _, _ := codeType(a.Identifier.Type)
	record := Record{ID: crypt.ID(), Type: recordType, Identifier: a.Identifier, Template: guestlist.TemplateType(event), Untold: a.Untold}
	if event == guestlist.EventSignIn && r.i.Invite != nil {
		record.Template = guestlist.TemplateGeneric // who accepts an invitation may have been here before, or not
	}
	r.i.putRecord(record)
	r.step.VerificationID = record.ID
	return r.deliverCode(tx, record, !r.suppressed(event, a.Identifier, known))
}

// suppressed decides that a code is not delivered: to recover or enter an
// account that does not exist, or to register where the gate would not let
// the guest in anyway. A guest who is identified always gets theirs.
func (r *run) suppressed(event guestlist.InteractionEvent, id guestlist.Identifier, known bool) bool {
	switch event {
	case guestlist.EventForgotPassword:
		return !known
	case guestlist.EventSignIn:
		return !known && r.i.UserID == "" && r.exp.SignInMode == guestlist.ModeSignIn && !r.wouldAdmit(id)
	default:
		email := r.i.heldEmail()
		if id.Type == guestlist.IdentifierEmail {
			email = id.Value
		}
		return r.admit(event, email) != nil && !r.wouldAdmit(id)
	}
}

// deliverCode writes a code and the message that carries it.
func (r *run) deliverCode(tx *store.Tx, record Record, deliver bool) error {
	code := crypt.Code6()
	kept := code
	if !deliver {
		kept = crypt.Opaque()
	}
	if err := tx.PutCode(store.Code{
		ID: record.ID, Scope: string(r.i.ID), Template: record.Template, Recipient: record.Identifier, Code: kept,
		ExpiresAt: tx.Now.Add(codeTTL(r.exp)),
	}); err != nil {
		return err
	}
	payload := map[string]any{"code": code}
	app, err := applicationInfo(tx, r.i.Request.ClientID)
	if err != nil {
		return err
	}
	if app != nil {
		payload["application"] = map[string]any{"id": app["id"], "name": app["name"]}
	}
	if r.i.Request.UILocales != "" {
		payload["uiLocales"] = r.i.Request.UILocales
	}
	return enqueueCode(tx, record, payload, r.from, deliver)
}

// enqueueCode leaves a message to be sent, or does as much work for one that is
// not.
func enqueueCode(tx *store.Tx, record Record, payload map[string]any, from Caller, deliver bool) error {
	_, channel, _ := codeType(record.Identifier.Type)
	exp, err := tx.SignInExperience()
	if err != nil {
		return err
	}
	m := guestlist.Message{
		ID: crypt.ID(), Channel: channel, To: record.Identifier.Value, Type: record.Template, Payload: payload, IP: from.IP,
		ExpiresAt: tx.Now.Add(codeTTL(exp)),
	}
	if len(from.Languages) > 0 {
		m.Locale = from.Languages[0]
	}
	if !deliver {
		return tx.WithholdMessage(m)
	}
	return tx.QueueMessage(m)
}

func codeTTL(exp guestlist.SignInExperience) time.Duration {
	if s := exp.VerificationCodePolicy.ExpirationDuration; s != nil && *s > 0 {
		return time.Duration(*s) * time.Second
	}
	return guestlist.DefaultCodeTTLSeconds * time.Second
}

func codeTries(exp guestlist.SignInExperience) int {
	if n := exp.VerificationCodePolicy.MaxRetryAttempts; n != nil && *n > 0 {
		return *n
	}
	return guestlist.DefaultCodeMaxTries
}

func (a VerifyCode) logKey() string {
	t, _, _ := codeType(a.Identifier.Type)
	return "Interaction.{event}.Verification." + string(t) + ".Submit"
}

func (a VerifyCode) prepare(*run) error {
	if _, _, ok := codeType(a.Identifier.Type); !ok || !a.Identifier.Valid() || a.Code == "" {
		return errInvalidInput
	}
	return nil
}

func (a VerifyCode) apply(tx *store.Tx, r *run) error {
	recordType, _, _ := codeType(a.Identifier.Type)
	record, ok := r.i.ofType(recordType)
	if !ok || a.VerificationID != "" && a.VerificationID != record.ID {
		return errNoVerification
	}
	watch := newSentinel(r.exp, a.Identifier, r.from)
	if refused, err := watch.attempt(tx); err != nil {
		return err
	} else if refused != nil {
		return r.refuse(refused)
	}
	err := tx.TryCode(record.ID, string(r.i.ID), a.Identifier, a.Code, codeTries(r.exp))
	var verdict *guestlist.Error
	switch {
	case errors.As(err, &verdict):
		answer, err := watch.failed(tx, r, verdict)
		if err != nil {
			return err
		}
		return r.refuse(answer)
	case err != nil:
		return err
	}
	if err := watch.succeeded(tx); err != nil {
		return err
	}
	record.Verified = true
	r.i.putRecord(record)
	r.i.Typed, r.step.VerificationID = true, record.ID
	return nil
}
