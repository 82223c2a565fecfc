package store

import (
	"encoding/json"
	"time"

	"guestlist"
)

// TokenKind says what a bearer gets.
type TokenKind string

// The kinds of tokens.
const (
	TokenCode    TokenKind = "code"    // authorization code (RFC 6749 §1.3.1)
	TokenAccess  TokenKind = "access"  // opaque access token
	TokenRefresh TokenKind = "refresh" // refresh token (RFC 6749 §1.5)
	TokenRequest TokenKind = "request" // pushed authorization request (RFC 9126)
	TokenVisit   TokenKind = "visit"   // a visit to a social provider that an administrator's program began
	TokenOnce    TokenKind = "once"    // an Idempotency-Key, and what came of it
)

// The purposes of tokens' secrets. A token is looked up by its hash; the hash
// of one kind never finds another, since the kind stands beside it.
const (
	hashToken = "token"
	sealToken = "token.data"
)

// Token is what the database knows of a token: never the token itself.
type Token struct {
	Kind       TokenKind
	GrantID    guestlist.GrantID
	UserID     guestlist.UserID
	ClientID   guestlist.ApplicationID
	Data       json.RawMessage // of the kind; sealed at rest
	CreatedAt  guestlist.Time
	ExpiresAt  guestlist.Time
	ConsumedAt *guestlist.Time
}

// InsertToken keeps what plain stands for, under its keyed hash. CreatedAt is
// Now.
func (tx *Tx) InsertToken(plain string, t Token) error {
	return tx.run(`INSERT INTO tokens (hash, kind, grant_id, user_id, client_id, data, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		tx.s.key.Hash(hashToken, plain), t.Kind, t.GrantID, t.UserID, t.ClientID,
		tx.s.key.SealString(sealToken, string(t.Data)), tx.Now, t.ExpiresAt)
}

// Token returns a token of one of the kinds that has not expired; ErrNotFound
// if there is none. It may be consumed: the caller judges what that means.
func (tx *Tx) Token(plain string, kinds ...TokenKind) (Token, error) {
	t, err := one(tx, func(sc scanner) (Token, error) {
		var t Token
		var sealed string
		if err := sc.Scan(&t.Kind, &t.GrantID, &t.UserID, &t.ClientID, &sealed, &t.CreatedAt, &t.ExpiresAt, &t.ConsumedAt); err != nil {
			return t, err
		}
		data, err := tx.s.key.OpenString(sealToken, sealed)
		t.Data = json.RawMessage(data)
		return t, err
	}, `SELECT kind, grant_id, user_id, client_id, data, created_at, expires_at, consumed_at
		FROM tokens WHERE hash = $1 AND expires_at > $2`, tx.s.key.Hash(hashToken, plain), tx.Now)
	if err != nil {
		return t, err
	}
	for _, k := range kinds {
		if t.Kind == k {
			return t, nil
		}
	}
	return Token{}, ErrNotFound
}

// DropToken removes a token that expired, so that another can stand in its place.
func (tx *Tx) DropToken(plain string) error {
	return tx.run("DELETE FROM tokens WHERE hash = $1 AND expires_at <= $2", tx.s.key.Hash(hashToken, plain), tx.Now)
}

// ConsumeToken spends a token and reports whether this call did. Of any number
// of concurrent calls exactly one is told so, except that within grace of the
// first use further uses succeed too. The token has to be of the kind and the
// client's, and unexpired.
//
// Without a grace the time of the first use must play no part: it is later than
// Now where the first user's transaction began after this one, or its machine's
// clock is ahead.
func (tx *Tx) ConsumeToken(plain string, kind TokenKind, client guestlist.ApplicationID, grace time.Duration) (bool, error) {
	n, err := tx.exec(`UPDATE tokens SET consumed_at = COALESCE(consumed_at, $4)
		WHERE hash = $1 AND kind = $2 AND client_id = $3 AND expires_at > $4
			AND (consumed_at IS NULL OR $5 AND consumed_at > $6)`,
		tx.s.key.Hash(hashToken, plain), kind, client, tx.Now, grace > 0, tx.Now.Add(-grace))
	return n == 1, err
}

// TakeToken removes an unexpired token of a kind and returns it; ErrNotFound if
// there is none. Of concurrent callers exactly one gets it.
func (tx *Tx) TakeToken(plain string, kind TokenKind, client guestlist.ApplicationID) (Token, error) {
	return one(tx, func(sc scanner) (Token, error) {
		t := Token{Kind: kind, ClientID: client}
		var sealed string
		if err := sc.Scan(&t.GrantID, &t.UserID, &sealed, &t.CreatedAt, &t.ExpiresAt); err != nil {
			return t, err
		}
		data, err := tx.s.key.OpenString(sealToken, sealed)
		t.Data = json.RawMessage(data)
		return t, err
	}, `DELETE FROM tokens WHERE hash = $1 AND kind = $2 AND client_id = $3 AND expires_at > $4
		RETURNING grant_id, user_id, data, created_at, expires_at`,
		tx.s.key.Hash(hashToken, plain), kind, client, tx.Now)
}
