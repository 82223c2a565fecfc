package connector

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"maps"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"guestlist"
)

// Limits on what the browser brings back.
const (
	maxCode  = 4096     // bytes of an authorization code; Microsoft's have about 1,800
	maxToken = 64 << 10 // bytes of an ID token
)

// How a client proves itself at the token endpoint (OpenID Connect Core §9).
const (
	methodPost  = "client_secret_post"
	methodBasic = "client_secret_basic"
	methodJWT   = "client_secret_jwt"
)

// The names of parameters that more than one function speaks of.
const (
	paramState    = "state"
	paramNonce    = "nonce"
	paramScope    = "scope"
	paramIDToken  = "id_token"
	scopeOpenID   = "openid"
	claimSubject  = "sub"
	claimEmail    = "email"
	claimVerified = "email_verified"
)

// endpoints is where a provider is asked. They are known beforehand, or read
// from the metadata that it publishes.
type endpoints struct {
	authorize, token, userInfo string
	jwks                       string
	issuer                     string   // empty where the provider has none
	algorithms                 []string // that it signs with; empty where it does not say
	sendsIssuer                bool     // its answers carry iss (RFC 9207 §3)
	method                     string   // of authentication at the token endpoint; "" is methodPost
}

// plain is the endpoints of a provider that speaks OAuth 2 alone.
func plain(authorize, token, userInfo string) endpoints {
	return endpoints{authorize: authorize, token: token, userInfo: userInfo}
}

// with adds what an OpenID provider has over that.
func (e endpoints) with(jwks, issuer string) endpoints {
	e.jwks, e.issuer = jwks, issuer
	return e
}

// terms is what a provider does in its own way. Everything else is the same for
// all: the authorization code grant (RFC 6749 §4.1) with the best current
// practice of RFC 9700, and OpenID Connect Core §3.1 on top where it has it.
type terms struct {
	endpoints
	discover bool // read the endpoints from the metadata of issuer

	clientID, clientSecret string
	secretAlgorithm        string                               // of methodJWT
	makeSecret             func(guestlist.Time) (string, error) // in place of clientSecret; Apple's are signed and short-lived

	scopes    []string
	separator string            // between scopes; "" is a space (RFC 6749 §3.3)
	params    map[string]string // more parameters of the authorization request
	hint      string            // the parameter for whom we expect; "" where there is none
	locales   bool              // the provider knows ui_locales
	noPKCE    bool              // the provider does not document RFC 7636 for clients with a secret
	frontID   bool              // the ID token is in the browser's answer; there is no code (Core §3.2)

	id *idRules // what its ID tokens must be; nil where it has none

	// identify reads who it is from what a visit brought.
	identify func(context.Context, *visit) (guestlist.OutsideIdentity, error)
}

// flow is a Provider of one code grant.
type flow struct {
	set *Set
	terms
}

// visit is what one finished grant brought: the tokens, and ways to ask more.
type visit struct {
	*flow
	at     endpoints
	access string         // the access token
	claims map[string]any // of the verified ID token; nil without one
	answer url.Values     // what the browser brought
}

// Begin returns the authorization request (RFC 6749 §4.1.1).
func (f *flow) Begin(ctx context.Context, a Attempt) (string, Pending, error) {
	at, err := f.endpointsNow(ctx)
	if err != nil {
		return "", Pending{}, err
	}
	u, err := url.Parse(f.set.at(at.authorize))
	if err != nil {
		return "", Pending{}, fail(errResponse, "authorization endpoint: %w", err)
	}
	p := Pending{State: a.State, RedirectURI: a.RedirectURI}
	q := u.Query() // RFC 6749 §3.1: what is there is kept
	for name, value := range f.params {
		q.Set(name, value)
	}
	if f.hint != "" && a.LoginHint != "" {
		q.Set(f.hint, a.LoginHint)
	}
	if f.locales && a.UILocales != "" {
		q.Set("ui_locales", a.UILocales)
	}
	q.Set("response_type", "code")
	if f.frontID {
		q.Set("response_type", "code id_token")
	}
	q.Set("client_id", f.clientID)
	q.Set("redirect_uri", a.RedirectURI)
	q.Set(paramState, a.State)
	if len(f.scopes) > 0 {
		q.Set(paramScope, f.scope())
	}
	if f.id != nil {
		p.Nonce = rand.Text()
		q.Set(paramNonce, p.Nonce)
	}
	if !f.noPKCE {
		p.Verifier = oauth2.GenerateVerifier()
		q.Set("code_challenge", oauth2.S256ChallengeFromVerifier(p.Verifier))
		q.Set("code_challenge_method", "S256")
	}
	u.RawQuery = q.Encode()
	return u.String(), p, nil
}

func (f *flow) scope() string {
	separator := f.separator
	if separator == "" {
		separator = " "
	}
	return strings.Join(f.scopes, separator)
}

// Finish checks that the answer belongs to the attempt, redeems its code, and
// asks who it is.
func (f *flow) Finish(ctx context.Context, p Pending, answer url.Values) (guestlist.OutsideIdentity, error) {
	var none guestlist.OutsideIdentity
	at, err := f.endpointsNow(ctx)
	if err != nil {
		return none, err
	}
	if err := f.belongs(at, p, answer); err != nil {
		return none, err
	}
	v := &visit{flow: f, at: at, answer: answer}
	raw := answer.Get(paramIDToken)
	if !f.frontID {
		if v.access, raw, err = f.redeem(ctx, at, p, answer.Get("code")); err != nil {
			return none, err
		}
	}
	if f.id != nil {
		if v.claims, err = f.verify(ctx, at, raw, p.Nonce, v.access); err != nil {
			return none, err
		}
	}
	who, err := f.identify(ctx, v)
	if err != nil {
		return none, err
	}
	return plausible(who)
}

// belongs checks that an answer is one to this attempt, from this provider.
func (f *flow) belongs(at endpoints, p Pending, answer url.Values) error {
	if p.State == "" || subtle.ConstantTimeCompare([]byte(answer.Get(paramState)), []byte(p.State)) != 1 {
		return fail(errForeignAnswer, "the state is not that of this attempt") // RFC 6749 §10.12
	}
	// RFC 9207 §2.4. Errors are answers too: the issuer comes first.
	switch iss := answer.Get("iss"); {
	case iss == "" && at.sendsIssuer:
		return fail(errResponse, "the answer carries no iss, which %s promises to send", at.issuer)
	case iss != "" && !f.mayAnswer(at, iss):
		return fail(errResponse, "the answer comes from %s, and another provider was asked", iss)
	}
	if code := answer.Get("error"); code != "" {
		return failedAnswer(code, answer.Get("error_description"))
	}
	for _, name := range []string{paramState, "code", "iss", paramIDToken} {
		if len(answer[name]) > 1 { // RFC 6749 §3.1: not more than once
			return fail(errForeignAnswer, "the answer has %s more than once", name)
		}
	}
	if f.frontID {
		if answer.Get(paramIDToken) == "" {
			return fail(errNoAnswer, "the answer has no ID token")
		}
		return nil
	}
	switch code := answer.Get("code"); {
	case code == "":
		return fail(errNoAnswer, "the answer has no code")
	case len(code) > maxCode:
		return fail(errAuthCode, "the code is longer than %d bytes", maxCode)
	}
	return nil
}

// mayAnswer compares an issuer with the one that was asked: RFC 9207 §2.4
// demands simple string comparison. Where no issuer is known, the redirect URI
// stands for it: each connector has its own (RFC 9700 §4.4.2.2).
func (f *flow) mayAnswer(at endpoints, iss string) bool {
	switch {
	case f.id != nil && f.id.matches != nil:
		return f.id.matches(iss, "")
	case f.id != nil && len(f.id.issuers) > 0:
		return slices.Contains(f.id.issuers, iss)
	}
	return at.issuer == "" || iss == at.issuer
}

// redeem exchanges a code for tokens (RFC 6749 §4.1.3, RFC 7636 §4.5).
func (f *flow) redeem(ctx context.Context, at endpoints, p Pending, code string) (access, idToken string, err error) {
	config := oauth2.Config{
		ClientID: f.clientID, ClientSecret: f.clientSecret, RedirectURL: p.RedirectURI,
		Endpoint: oauth2.Endpoint{TokenURL: at.token, AuthStyle: oauth2.AuthStyleInParams},
	}
	var options []oauth2.AuthCodeOption
	if p.Verifier != "" {
		options = append(options, oauth2.VerifierOption(p.Verifier))
	}
	switch {
	case f.makeSecret != nil:
		if config.ClientSecret, err = f.makeSecret(guestlist.TimeOf(f.set.now())); err != nil {
			return "", "", fail(errGeneral, "client secret: %w", err)
		}
	case at.method == methodBasic:
		config.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	case at.method == methodJWT:
		assertion, err := f.assertion(at.token)
		if err != nil {
			return "", "", fail(errGeneral, "client assertion: %w", err)
		}
		config.ClientSecret = ""
		options = append(options, oauth2.SetAuthURLParam("client_assertion", assertion),
			oauth2.SetAuthURLParam("client_assertion_type", assertionType))
	}
	client := f.set.client()
	client.Transport = sniff{client.Transport}
	token, err := config.Exchange(context.WithValue(ctx, oauth2.HTTPClient, client), code, options...)
	if err != nil {
		return "", "", failedExchange(err)
	}
	if kind := token.Type(); !strings.EqualFold(kind, "Bearer") {
		return "", "", fail(errAccessToken, "the access token is of type %s", kind) // RFC 6749 §7.1
	}
	idToken, _ = token.Extra(paramIDToken).(string)
	return token.AccessToken, idToken, nil
}

// openID adds the scope without which there is no ID token.
func openID(scopes []string) []string {
	if slices.Contains(scopes, scopeOpenID) {
		return scopes
	}
	return append([]string{scopeOpenID}, scopes...)
}

// scopesOr reads the scopes of a config, or takes those that signing in needs.
func scopesOr(config, otherwise string) []string {
	if list := strings.Fields(config); len(list) > 0 {
		return list
	}
	return strings.Fields(otherwise)
}

// ask fetches an object with the access token.
func (v *visit) ask(ctx context.Context, address string) (map[string]any, error) {
	var o map[string]any
	if _, err := v.set.getJSON(ctx, address, v.access, &o); err != nil {
		return nil, err
	}
	return o, nil
}

// everything returns the claims of the ID token, and those that only the
// UserInfo endpoint has, if there is one and the ID token lacks some of names.
func (v *visit) everything(ctx context.Context, names ...string) (map[string]any, error) {
	lacks := func(name string) bool { _, ok := v.claims[name]; return !ok }
	if v.at.userInfo == "" || v.access == "" || !slices.ContainsFunc(names, lacks) {
		return v.claims, nil
	}
	more, err := v.ask(ctx, v.at.userInfo)
	if err != nil {
		return nil, err
	}
	if text(more, claimSubject) != text(v.claims, claimSubject) { // Core §5.3.2
		return nil, fail(errResponse, "the UserInfo endpoint speaks of another person than the ID token")
	}
	all := maps.Clone(v.claims)
	for name, value := range more { // what is signed goes before what is not
		if lacks(name) || name == claimVerified && lacks(claimEmail) { // an address and what is said of it stay together
			all[name] = value
		}
	}
	return all, nil
}
