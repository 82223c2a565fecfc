package token

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// codeData is what a code stands for.
type codeData struct {
	Scopes      []string       `json:"scopes"`
	Resources   []string       `json:"resources,omitempty"`
	RedirectURI string         `json:"redirectUri"`
	Implicit    bool           `json:"implicit,omitempty"` // the client named no redirect URI
	Challenge   string         `json:"challenge,omitempty"`
	Nonce       string         `json:"nonce,omitempty"`
	SID         string         `json:"sid,omitempty"`
	AuthTime    guestlist.Time `json:"authTime,omitempty"`
	TellTime    bool           `json:"tellTime,omitempty"` // max_age or prompt=login was asked for (Core §2, auth_time)
}

// refreshData is what a refresh token stands for.
type refreshData struct {
	Scopes    []string       `json:"scopes"`
	Resources []string       `json:"resources,omitempty"`
	Nonce     string         `json:"nonce,omitempty"`
	SID       string         `json:"sid,omitempty"`
	AuthTime  guestlist.Time `json:"authTime,omitempty"`
	TellTime  bool           `json:"tellTime,omitempty"`
	FirstAt   guestlist.Time `json:"firstAt"` // when the first of its line was issued
}

// accessData is what an opaque access token stands for.
type accessData struct {
	Scopes []string `json:"scopes"`
}

// IssueCode issues an authorization code (RFC 6749 §4.1.2) for what a user of a
// session allowed. Of the requested scopes those count that the grant holds;
// whether offline_access may be asked for at all is the caller's business.
func IssueCode(tx *store.Tx, grant guestlist.Grant, r guestlist.AuthRequest, session guestlist.Session) (string, error) {
	data := codeData{
		Resources: r.Resources, RedirectURI: r.RedirectURI, Implicit: r.RedirectURIImplicit, Challenge: r.CodeChallenge,
		Nonce: r.Nonce, AuthTime: session.SignedInAt, Scopes: []string{},
		TellTime: r.MaxAge != nil || r.HasPrompt("login"),
	}
	for _, scope := range r.Scopes {
		if granted(grant, scope) && !slices.Contains(data.Scopes, scope) {
			data.Scopes = append(data.Scopes, scope)
		}
	}
	for _, c := range session.Clients {
		if c.ApplicationID == r.ClientID {
			data.SID = c.SID
		}
	}
	text, err := json.Marshal(data)
	if err != nil {
		return "", fmt.Errorf("token: code: %w", err)
	}
	good, err := tx.HoldGrant(grant.ID, tx.Now.Add(CodeTTL))
	if err != nil {
		return "", err
	}
	if !good {
		return "", ErrInvalidGrant
	}
	code := crypt.Opaque()
	return code, tx.InsertToken(code, store.Token{Kind: store.TokenCode, GrantID: grant.ID, UserID: grant.UserID,
		ClientID: r.ClientID, Data: text, ExpiresAt: tx.Now.Add(CodeTTL)})
}

// granted reports whether a grant holds a scope, of whichever resource.
func granted(g guestlist.Grant, scope string) bool {
	if slices.Contains(g.Scopes, scope) {
		return true
	}
	for _, scopes := range g.ResourceScopes {
		if slices.Contains(scopes, scope) {
			return true
		}
	}
	return false
}

// CodeRequest redeems a code (RFC 6749 §4.1.3).
type CodeRequest struct {
	Application guestlist.Application // that proved itself
	Code        string
	Verifier    string // RFC 7636 §4.5; "" if absent
	RedirectURI string // "" if absent
	Resources   []string
}

// RedeemCode exchanges a code for tokens. Whatever is wrong with the request
// spends nothing; a second use of a code ends its grant (RFC 6749 §4.1.2).
func (m *Mint) RedeemCode(ctx context.Context, r CodeRequest) (Answer, error) {
	if err := checkVerifier(r.Verifier); err != nil {
		return Answer{}, err
	}
	var row store.Token
	var data codeData
	var d draft
	err := m.Store.View(ctx, func(tx *store.Tx) error {
		var err error
		if row, err = tx.Token(r.Code, store.TokenCode); err != nil {
			return refuse(err)
		}
		if err := json.Unmarshal(row.Data, &data); err != nil {
			return fmt.Errorf("token: code: %w", err)
		}
		if row.ClientID != r.Application.ID || !data.matchesRedirect(r) || !data.matchesVerifier(r) {
			return ErrInvalidGrant
		}
		if row.ConsumedAt != nil {
			return nil
		}
		d, err = m.draft(tx, row, r.Application, request{scopes: data.Scopes, resources: r.Resources,
			granted: data.Resources, nonce: data.Nonce, sid: data.SID, authTime: data.AuthTime, tellTime: data.TellTime})
		return err
	})
	if err != nil {
		return Answer{}, err
	}
	if row.ConsumedAt != nil {
		return Answer{}, m.replayed(ctx, row.GrantID)
	}
	if offersRefresh(r.Application, data.Scopes) {
		now := m.Store.Now()
		d.refresh = &newRefresh{expires: now.Add(refreshTTL(r.Application)), data: refreshData{
			Scopes: data.Scopes, Resources: data.Resources, Nonce: data.Nonce, SID: data.SID,
			AuthTime: data.AuthTime, TellTime: data.TellTime, FirstAt: now,
		}}
	}
	return m.issue(ctx, d, func(tx *store.Tx) (bool, error) {
		return tx.ConsumeToken(r.Code, store.TokenCode, r.Application.ID, 0)
	})
}

// refuse hides why a code or token was not found.
func refuse(err error) error {
	if guestlist.KindOf(err) == guestlist.KindNotFound {
		return ErrInvalidGrant
	}
	return err
}

// replayed ends a grant whose code or token was used again, and refuses.
func (m *Mint) replayed(ctx context.Context, id guestlist.GrantID) error {
	if err := m.Store.Update(ctx, func(tx *store.Tx) error { return tx.RevokeGrant(id) }); err != nil {
		return err
	}
	return ErrInvalidGrant
}

// matchesRedirect compares redirect URIs (RFC 6749 §4.1.3): the same one, or
// none where the client has only one to name.
func (d codeData) matchesRedirect(r CodeRequest) bool {
	if r.RedirectURI == "" {
		return d.Implicit || len(r.Application.OIDCClientMetadata.RedirectURIs) == 1
	}
	return r.RedirectURI == d.RedirectURI
}

// matchesVerifier compares the S256 hash of a verifier (RFC 7636 §4.6). A
// verifier without a challenge is refused as well: it is the mark of a request
// whose challenge somebody took away (RFC 9700 §2.1.1). Clients without a secret
// cannot do without (RFC 9700 §2.1.1).
func (d codeData) matchesVerifier(r CodeRequest) bool {
	if d.Challenge == "" || r.Verifier == "" {
		return d.Challenge == r.Verifier && r.Application.Type.IsConfidential()
	}
	return crypt.Equal(Challenge(r.Verifier), d.Challenge)
}

// Challenge returns the S256 code challenge of a verifier (RFC 7636 §4.2).
func Challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// checkVerifier judges the shape of a verifier (RFC 7636 §4.1).
func checkVerifier(v string) error {
	switch {
	case v == "":
		return nil
	case len(v) < minVerifier:
		return ErrInvalidRequest.Saying("code_verifier must be a string with a minimum length of %d characters", minVerifier)
	case len(v) > maxVerifier:
		return ErrInvalidRequest.Saying("code_verifier must be a string with a maximum length of %d characters", maxVerifier)
	}
	for i := 0; i < len(v); i++ {
		c := v[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '.' && c != '_' && c != '~' {
			return ErrInvalidRequest.Saying("code_verifier contains invalid characters")
		}
	}
	return nil
}

// offersRefresh reports whether an exchange ends with a refresh token: with
// offline_access, or where a web application always wants one.
func offersRefresh(a guestlist.Application, scopes []string) bool {
	if hasScope(scopes, scopeOfflineAccess) {
		return true
	}
	always := a.CustomClientMetadata.AlwaysIssueRefreshToken
	return always != nil && *always && a.Type != guestlist.ApplicationNative
}

// refreshTTL is how long a refresh token of an application lives.
func refreshTTL(a guestlist.Application) time.Duration {
	c := a.CustomClientMetadata
	switch {
	case c.RefreshTokenTTLInDays != nil:
		return time.Duration(*c.RefreshTokenTTLInDays) * 24 * time.Hour
	case c.RefreshTokenTTL != nil:
		return time.Duration(*c.RefreshTokenTTL) * time.Second
	default:
		return guestlist.DefaultRefreshTokenTTLDays * 24 * time.Hour
	}
}
