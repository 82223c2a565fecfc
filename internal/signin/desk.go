package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"guestlist"
	"guestlist/internal/captcha"
	"guestlist/internal/connector"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// The refusals of this room that more than one step gives.
var (
	errNoSession           = guestlist.Refuse(guestlist.KindInvalid, "session.not_found")
	errNoInteraction       = guestlist.Refuse(guestlist.KindNotFound, "session.interaction_not_found")
	errNotIdentified       = guestlist.Refuse(guestlist.KindNotFound, "session.identifier_not_found")
	errNoVerification      = guestlist.Refuse(guestlist.KindNotFound, "session.verification_session_not_found")
	errVerificationFailed  = guestlist.Refuse(guestlist.KindInvalid, "session.verification_failed")
	errInvalidCredentials  = guestlist.Refuse(guestlist.KindUnprocessable, "session.invalid_credentials")
	errSuspended           = guestlist.Refuse(guestlist.KindUnauthenticated, "user.suspended")
	errIdentityConflict    = guestlist.Refuse(guestlist.KindConflict, "session.identity_conflict")
	errNotForReset         = guestlist.Refuse(guestlist.KindInvalid, "session.not_supported_for_forgot_password")
	errResetMethod         = guestlist.Refuse(guestlist.KindUnprocessable, "session.not_supported_for_forgot_password")
	errInvalidType         = guestlist.Refuse(guestlist.KindInvalid, "session.invalid_interaction_type")
	errMethodNotEnabled    = guestlist.Refuse(guestlist.KindUnprocessable, "user.sign_in_method_not_enabled")
	errMissingProfile      = guestlist.Refuse(guestlist.KindUnprocessable, "user.missing_profile")
	errNeedsNewPassword    = guestlist.Refuse(guestlist.KindUnprocessable, "user.new_password_required_in_profile")
	errInvalidInput        = guestlist.Refuse(guestlist.KindInvalid, "guard.invalid_input").WithArgs(map[string]any{"type": "body"})
	errUserNotExist        = guestlist.Refuse(guestlist.KindNotFound, "user.user_not_exist")
	errConfirmationMissing = guestlist.Refuse(guestlist.KindUnprocessable, "one_time_token.confirmation_required")
)

// Desk is where guests sign in: every door goes through it. All members but
// Breaches, Disposable, Captcha, HasConnector and the outside providers are
// required.
type Desk struct {
	Store  *store.Store
	Hasher *crypt.Hasher
	// Breaches lists known passwords; nil means that none is set up.
	Breaches Breaches
	// Disposable are the domains that blockDisposableAddresses refuses; see
	// OpenDisposableList.
	Disposable map[string]bool
	// Captcha checks answers to captchas; with nil none is ever right.
	Captcha *captcha.Verifier
	// Endpoint is the public origin of the server, without a slash at its end.
	Endpoint string
	Log      *slog.Logger
	// HasConnector reports whether messages of a channel can be delivered; nil
	// means that all can. Without a connector SendCode is refused with
	// connector.not_found.
	HasConnector func(context.Context, guestlist.Channel) (bool, error)
	// OpenSocial and OpenSSO make outside providers ready to be asked, without
	// asking them; SocialKind and SSOKind tell of their kinds. Where they are nil
	// nobody comes in that way. They are safe for concurrent use.
	OpenSocial func(guestlist.Connector) (connector.Provider, error)
	OpenSSO    func(guestlist.SSOConnector) (connector.Provider, error)
	SocialKind func(factoryID string) (SocialKind, bool)
	SSOKind    func(providerName string) (guestlist.SSOProvider, bool)
	// Describe returns what an enterprise provider has to know of us, as XML
	// (SAML Metadata §2.4.4); nil where there are none.
	Describe func(guestlist.SSOConnector) ([]byte, error)
}

// Session returns the live session of a cookie, or nil when there is none.
func (d *Desk) Session(ctx context.Context, cookie string) (*guestlist.Session, error) {
	if cookie == "" {
		return nil, nil
	}
	var session *guestlist.Session
	err := d.Store.View(ctx, func(tx *store.Tx) error {
		s, err := tx.SessionByCookie(cookie)
		if err == nil {
			session = &s
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return session, err
}

// Start is what an interaction begins with.
type Start struct {
	Request      guestlist.AuthRequest
	OneTimeToken string             // of the request; a secret
	Prompt       string             // PromptLogin or PromptConsent
	Session      *guestlist.Session // of the browser, or nil
}

// Why an interaction begins (OpenID Connect Core §3.1.2.1, prompt).
const (
	PromptLogin   = "login"
	PromptConsent = "consent"
)

// Begin begins an interaction and returns the uid that goes into the browser's
// cookie.
func (d *Desk) Begin(ctx context.Context, b Start) (uid string, err error) {
	uid = crypt.Opaque()
	i := &Interaction{
		ID: d.Store.InteractionID(uid), Request: b.Request, OneTimeToken: b.OneTimeToken, Prompt: b.Prompt,
	}
	if b.Session != nil {
		i.SessionID, i.SessionUser = b.Session.ID, b.Session.UserID
	}
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		i.CreatedAt, i.ExpiresAt = tx.Now, tx.Now.Add(InteractionTTL*time.Second)
		row, err := i.toRow()
		if err != nil {
			return err
		}
		if err := tx.InsertInteraction(row); err != nil {
			return err
		}
		return tx.Log(i.logEntry("Interaction.Create", Caller{}))
	})
	return uid, err
}

// Load returns a live interaction; session.not_found when the uid is unknown
// or its time is up.
func (d *Desk) Load(ctx context.Context, uid string) (*Interaction, error) {
	var i *Interaction
	err := d.Store.View(ctx, func(tx *store.Tx) error {
		var err error
		i, err = d.load(tx, uid)
		return err
	})
	return i, err
}

func (d *Desk) load(tx *store.Tx, uid string) (*Interaction, error) {
	if uid == "" || len(uid) > crypt.OpaqueLength {
		return nil, errNoSession
	}
	row, err := tx.Interaction(d.Store.InteractionID(uid))
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoSession
	}
	if err != nil {
		return nil, err
	}
	return fromRow(uid, row)
}

func marshal(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("signin: marshal %T: %w", v, err)
	}
	return b, nil
}

func unmarshal(b []byte, v any) error {
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("signin: unmarshal %T: %w", v, err)
	}
	return nil
}
