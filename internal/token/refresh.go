package token

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"guestlist"
	"guestlist/internal/store"
)

// RefreshRequest asks for new tokens (RFC 6749 §6).
type RefreshRequest struct {
	Application    guestlist.Application // that proved itself
	RefreshToken   string
	Scopes         []string // nil: all that were granted
	Resources      []string
	OrganizationID string
}

// Refresh exchanges a refresh token for new tokens. Where it is rotated, the
// former one works for RefreshGrace more, since callers may ask twice at once;
// later use ends the grant with every token (RFC 9700 §4.14.2).
func (m *Mint) Refresh(ctx context.Context, r RefreshRequest) (Answer, error) {
	var row store.Token
	var d draft
	replay := false
	err := m.Store.View(ctx, func(tx *store.Tx) error {
		var err error
		if row, err = tx.Token(r.RefreshToken, store.TokenRefresh); err != nil {
			return refuse(err)
		}
		if row.ClientID != r.Application.ID {
			return ErrInvalidGrant
		}
		if row.ConsumedAt != nil && tx.Now.Sub(*row.ConsumedAt) >= RefreshGrace {
			replay = true
			return nil
		}
		d, err = m.draftRefresh(tx, row, r)
		return err
	})
	if err != nil {
		return Answer{}, err
	}
	if replay {
		return Answer{}, m.replayed(ctx, row.GrantID)
	}
	return m.issue(ctx, d, func(tx *store.Tx) (bool, error) {
		if d.refresh == nil {
			return true, nil
		}
		return tx.ConsumeToken(r.RefreshToken, store.TokenRefresh, r.Application.ID, RefreshGrace)
	})
}

func (m *Mint) draftRefresh(tx *store.Tx, row store.Token, r RefreshRequest) (draft, error) {
	var data refreshData
	if err := json.Unmarshal(row.Data, &data); err != nil {
		return draft{}, fmt.Errorf("token: refresh token: %w", err)
	}
	scopes := data.Scopes
	if r.Scopes != nil {
		for _, s := range r.Scopes {
			if !slices.Contains(data.Scopes, s) {
				return draft{}, ErrInvalidScope.With(s)
			}
		}
		scopes = r.Scopes
	}
	d, err := m.draft(tx, row, r.Application, request{scopes: scopes, resources: r.Resources, granted: data.Resources,
		nonce: data.Nonce, sid: data.SID, authTime: data.AuthTime, tellTime: data.TellTime,
		organization: guestlist.OrganizationID(r.OrganizationID), all: data.Scopes})
	if err != nil {
		return d, err
	}
	if !rotates(row, data, r.Application, tx.Now) {
		d.same = r.RefreshToken
		return d, nil
	}
	d.refresh = &newRefresh{expires: tx.Now.Add(refreshTTL(r.Application)), data: data}
	if r.Application.Type == guestlist.ApplicationSPA {
		d.refresh.expires = row.ExpiresAt // browsers get no sliding life
	}
	return d, nil
}

// rotates decides whether a refresh token is replaced at its use: always for
// clients without a secret, late in its life for the others, never once its
// line is RefreshMaxAge old.
func rotates(row store.Token, data refreshData, a guestlist.Application, now guestlist.Time) bool {
	if wanted := a.CustomClientMetadata.RotateRefreshToken; wanted != nil && !*wanted {
		return false
	}
	if now.Sub(data.FirstAt) >= RefreshMaxAge {
		return false
	}
	if !a.Type.IsConfidential() {
		return true
	}
	life, passed := row.ExpiresAt.Sub(row.CreatedAt), now.Sub(row.CreatedAt)
	return passed*percent >= life*rotateAfterPercent
}
