// Package token mints what applications carry away: authorization codes,
// opaque and JWT access tokens, ID tokens and refresh tokens; and it keeps the
// ring of keys that signs them.
//
// It promises that a code is redeemed once and a refresh token rotated once
// (with a few seconds of grace for callers that ask twice), each by one
// conditional statement; that a replay ends the whole grant with every token
// that came of it; that no token is issued under a grant once it is revoked;
// that a wrong verifier, client or address spends nothing; and that only the
// algorithms of its own keys are ever accepted. Signatures are made outside of
// transactions, since the one writer of SQLite must not wait for elliptic
// curves.
//
// It refuses to know HTTP: how a client proved itself, what an error looks like
// on the wire, and where a browser goes next are the business of the doors.
package token

import (
	"sync/atomic"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// How long things live.
const (
	CodeTTL              = 60 * time.Second // RFC 6749 §4.1.2 recommends at most ten minutes
	AccessTTL            = time.Hour        // opaque access tokens
	RefreshGrace         = 3 * time.Second  // in which a rotated refresh token still works
	RefreshMaxAge        = 365 * 24 * time.Hour
	rotateAfterPercent   = 70 // of its life, for confidential clients
	maxTokenLength       = 8 << 10
	maxVerifiedTokens    = 4096
	percent              = 100
	minVerifier          = 43 // RFC 7636 §4.1
	maxVerifier          = 128
	scopeOpenID          = "openid"
	scopeOfflineAccess   = "offline_access"
	settingIDToken       = "id-token"
	descriptionBadTarget = "resource indicator is missing, or unknown"
)

// Mint issues and judges tokens. Wire it by struct literal; every member is
// required but Algorithm.
type Mint struct {
	Store *store.Store

	// Issuer is the iss of every token: "<endpoint>/oidc".
	Issuer string

	// Algorithm is that of the first signing key: ES384 (if empty), ES256,
	// RS256 or EdDSA. Later ones are chosen at their rotation.
	Algorithm string

	parsed   atomic.Pointer[Keys]
	verified verifiedTokens
}

// Answer is a token response (RFC 6749 §5.1) before it is written.
type Answer struct {
	AccessToken  string
	ExpiresIn    int64 // seconds
	IDToken      string
	RefreshToken string
	Scope        string

	UserID guestlist.UserID // for the audit log
}

// Types names the tokens of an answer as the audit log does.
func (a Answer) Types() []string {
	types := []string{"AccessToken"}
	if a.RefreshToken != "" {
		types = append(types, "RefreshToken")
	}
	if a.IDToken != "" {
		types = append(types, "IdToken")
	}
	return types
}

// The refusals of this room. Their codes are "oidc." and the error of RFC 6749
// §5.2 or its extensions; Message is the error_description.
var (
	// ErrInvalidGrant says that a code or refresh token is unknown, expired,
	// spent, another client's, or that its user may not come in any more. It
	// does not say which.
	ErrInvalidGrant = guestlist.Refuse(guestlist.KindInvalid, "oidc.invalid_grant").Saying("grant request is invalid")
	// ErrInvalidTarget says that a resource (RFC 8707 §2) is unknown or was not granted.
	ErrInvalidTarget = guestlist.Refuse(guestlist.KindInvalid, "oidc.invalid_target").Saying(descriptionBadTarget)
	// ErrInvalidRequest is a parameter out of shape.
	ErrInvalidRequest = guestlist.Refuse(guestlist.KindInvalid, "oidc.invalid_request")
	// ErrInvalidScope is a scope beyond the grant; Data is the scope.
	ErrInvalidScope = guestlist.Refuse(guestlist.KindInvalid, "oidc.invalid_scope").Saying("refresh token missing requested scope")
	// ErrInsufficientScope is a grant without a needed scope; Data is the scope.
	ErrInsufficientScope = guestlist.Refuse(guestlist.KindForbidden, "oidc.insufficient_scope").Saying("refresh token missing required scope")
	// ErrAccessDenied is an organization that the subject does not belong to.
	ErrAccessDenied = guestlist.Refuse(guestlist.KindForbidden, "oidc.access_denied")
	// ErrInvalidToken is an access token that is not (or no longer) good.
	ErrInvalidToken = guestlist.Refuse(guestlist.KindUnauthenticated, "oidc.invalid_token").Saying("invalid token provided")
)
