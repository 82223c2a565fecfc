package signin

import (
	"context"
	"errors"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// scopeGeneric keeps the codes that machines ask for apart from those of
// interactions: neither serves for the other.
const scopeGeneric = "management"

// SendGenericCode sends a code on behalf of a machine (wire: POST
// /api/verification-codes), replacing the one of before. Errors:
// guard.invalid_input, connector.not_found, request.message_rate_limited.
func (d *Desk) SendGenericCode(ctx context.Context, to guestlist.Identifier, from Caller) error {
	_, channel, ok := codeType(to.Type)
	if !ok || !to.Valid() {
		return errInvalidInput
	}
	if err := d.needsConnector(ctx, channel); err != nil {
		return err
	}
	var refused error
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		r := &run{ctx: ctx, d: d, i: &Interaction{}, now: tx.Now} // no network: the machine speaks for many guests
		var err error
		if r.exp, err = tx.SignInExperience(); err != nil {
			return err
		}
		if refused, err = limitMessages(tx, r, to); err != nil || refused != nil {
			return err
		}
		record := Record{ID: crypt.ID(), Identifier: to, Template: guestlist.TemplateGeneric}
		code := crypt.Code6()
		if err := tx.PutCode(store.Code{
			ID: record.ID, Scope: scopeGeneric, Template: record.Template, Recipient: to, Code: code,
			ExpiresAt: tx.Now.Add(codeTTL(r.exp)),
		}); err != nil {
			return err
		}
		return enqueueCode(tx, record, map[string]any{"code": code}, from, true)
	})
	if err == nil {
		err = refused
	}
	return err
}

// VerifyGenericCode spends a try on a generic code (wire: POST
// /api/verification-codes/verify). Its refusals are verification_code.*.
func (d *Desk) VerifyGenericCode(ctx context.Context, to guestlist.Identifier, code string) error {
	if _, _, ok := codeType(to.Type); !ok || !to.Valid() || code == "" {
		return errInvalidInput
	}
	var verdict *guestlist.Error
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		verdict = nil
		exp, err := tx.SignInExperience()
		if err != nil {
			return err
		}
		id, err := tx.CodeOf(scopeGeneric, to)
		if errors.Is(err, store.ErrNotFound) {
			return store.ErrCodeNotFound
		}
		if err != nil {
			return err
		}
		err = tx.TryCode(id, scopeGeneric, to, code, codeTries(exp))
		if errors.As(err, &verdict) {
			return nil // the spent try is kept
		}
		return err
	})
	if err == nil && verdict != nil {
		return verdict
	}
	return err
}

// minutesOf rounds a duration up to whole minutes.
func minutesOf(d time.Duration) int { return int((d + time.Minute - 1) / time.Minute) }
