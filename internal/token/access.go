package token

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"guestlist"
	"guestlist/internal/store"
)

// ErrUnsupportedType says that a JWT was given where only opaque tokens are
// looked up (RFC 7009 §2.2.1).
var ErrUnsupportedType = guestlist.Refuse(guestlist.KindInvalid, "oidc.unsupported_token_type")

// UserInfo is the answer of the userinfo endpoint (OpenID Connect Core §5.3).
type UserInfo struct {
	ClientID guestlist.ApplicationID // whose token it was
	Claims   []byte                  // JSON object
}

// UserInfo returns the claims that an opaque access token opens. Everything
// wrong with the token or its user is ErrInvalidToken.
func (m *Mint) UserInfo(ctx context.Context, token string) (UserInfo, error) {
	var info UserInfo
	err := m.Store.View(ctx, func(tx *store.Tx) error {
		row, data, err := personal(tx, token)
		if err != nil {
			return err
		}
		p, ok, err := readPerson(tx, row.UserID, data.Scopes)
		if err != nil {
			return err
		}
		if !ok {
			return ErrInvalidToken
		}
		if tells(data.Scopes) {
			third, err := isThirdParty(tx, row.ClientID)
			if err != nil {
				return err
			}
			if err := p.readOrganizations(tx, data.Scopes, third); err != nil {
				return err
			}
		}
		var o object
		p.claims(&o, data.Scopes, func(string) bool { return true })
		info.ClientID = row.ClientID
		info.Claims, err = o.end()
		return err
	})
	return info, err
}

// personal opens an opaque access token that stands for a person: one with the
// scope openid.
func personal(tx *store.Tx, token string) (store.Token, accessData, error) {
	var data accessData
	row, err := tx.Token(token, store.TokenAccess)
	if err != nil {
		return row, data, invalid(err)
	}
	if err := json.Unmarshal(row.Data, &data); err != nil {
		return row, data, fmt.Errorf("token: access token: %w", err)
	}
	if !hasScope(data.Scopes, scopeOpenID) {
		return row, data, ErrInsufficientScope.Saying("access token missing openid scope").With(scopeOpenID)
	}
	return row, data, nil
}

func invalid(err error) error {
	if guestlist.KindOf(err) == guestlist.KindNotFound {
		return ErrInvalidToken
	}
	return err
}

// Introspection tells what is behind an opaque token (RFC 7662 §2.2).
type Introspection struct {
	Active    bool                    `json:"active"`
	Subject   guestlist.UserID        `json:"sub,omitempty"`
	ClientID  guestlist.ApplicationID `json:"client_id,omitempty"`
	ExpiresAt int64                   `json:"exp,omitempty"` // seconds since the epoch
	IssuedAt  int64                   `json:"iat,omitempty"`
	Issuer    string                  `json:"iss,omitempty"`
	Scope     string                  `json:"scope,omitempty"`
	TokenType string                  `json:"token_type,omitempty"`
}

// Introspect tells a client about an opaque token. Confidential clients may ask
// about any, as in the contract; those that anybody may pose as learn of their
// own alone.
func (m *Mint) Introspect(ctx context.Context, app guestlist.Application, token string) (Introspection, error) {
	if IsJWT(token) {
		return Introspection{}, ErrUnsupportedType.Saying("Structured JWT Tokens cannot be introspected via the introspection_endpoint")
	}
	var in Introspection
	err := m.Store.View(ctx, func(tx *store.Tx) error {
		row, err := tx.Token(token, store.TokenAccess, store.TokenRefresh)
		if guestlist.KindOf(err) == guestlist.KindNotFound {
			return nil
		}
		if err != nil {
			return err
		}
		if row.ConsumedAt != nil || (row.ClientID != app.ID && !app.Type.IsConfidential()) {
			return nil
		}
		if _, ok, err := readPerson(tx, row.UserID, nil); err != nil || !ok {
			return err
		}
		var data accessData // both kinds have scopes
		if err := json.Unmarshal(row.Data, &data); err != nil {
			return fmt.Errorf("token: %s token: %w", row.Kind, err)
		}
		in = Introspection{Active: true, Subject: row.UserID, ClientID: row.ClientID, ExpiresAt: row.ExpiresAt.Unix(),
			IssuedAt: row.CreatedAt.Unix(), Issuer: m.Issuer, Scope: strings.Join(data.Scopes, " ")}
		if row.Kind == store.TokenAccess {
			in.TokenType = "Bearer"
		}
		return nil
	})
	return in, err
}

// Revoke ends an opaque token with its grant and everything that came of it
// (RFC 7009 §2.1), and reports whose it was; "" if nothing was revoked. A token
// nobody knows is no error. Another client's is refused, and silently left
// alone where the asking client did not prove itself.
func (m *Mint) Revoke(ctx context.Context, app guestlist.Application, token string) (guestlist.UserID, error) {
	if IsJWT(token) {
		return "", ErrUnsupportedType.Saying("Structured JWT Tokens cannot be revoked via the revocation_endpoint")
	}
	var user guestlist.UserID
	err := m.Store.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.Token(token, store.TokenAccess, store.TokenRefresh)
		if guestlist.KindOf(err) == guestlist.KindNotFound {
			return nil
		}
		if err != nil {
			return err
		}
		if row.ClientID != app.ID {
			if app.Type.IsConfidential() {
				return ErrInvalidRequest.Saying("client is not authorized to revoke the presented token")
			}
			return nil
		}
		user = row.UserID
		return tx.RevokeGrant(row.GrantID)
	})
	return user, err
}
