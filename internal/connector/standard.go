package connector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"guestlist"
)

// oauth2Config is the config of the two standard factories, as the wire
// contract has it. UserInfoEndpoint of an OpenID provider is ours.
type oauth2Config struct {
	ClientID         string            `json:"clientId"`
	ClientSecret     string            `json:"clientSecret"`
	Authorization    string            `json:"authorizationEndpoint"`
	Token            string            `json:"tokenEndpoint"`
	UserInfo         string            `json:"userInfoEndpoint"`
	Method           string            `json:"tokenEndpointAuthMethod"`
	SecretAlgorithm  string            `json:"clientSecretJwtSigningAlgorithm"`
	Scope            string            `json:"scope"`
	ProfileMap       profileMap        `json:"profileMap"`
	CustomConfig     map[string]string `json:"customConfig"`
	StringBooleans   bool              `json:"acceptStringTypedBooleanClaims"`
	TrustUnverified  bool              `json:"trustUnverifiedEmail"`
	Verification     verification      `json:"idTokenVerificationConfig"`
	AuthRequestExtra authRequestExtra  `json:"authRequestOptionalConfig"`
}

// profileMap names the claims that a profile is read from.
type profileMap struct {
	ID     string `json:"id"`
	Email  string `json:"email"`
	Phone  string `json:"phone"`
	Name   string `json:"name"`
	Avatar string `json:"avatar"`
}

// verification is how ID tokens are verified.
type verification struct {
	JWKSURI        string   `json:"jwksUri"`
	Issuer         oneOrAll `json:"issuer"`
	Audience       oneOrAll `json:"audience"`
	Algorithms     []string `json:"algorithms"`
	ClockTolerance span     `json:"clockTolerance"`
	MaxTokenAge    span     `json:"maxTokenAge"`
	Subject        string   `json:"subject"`
	Typ            string   `json:"typ"`
}

// authRequestExtra are optional parameters of an authentication request
// (OpenID Connect Core §3.1.2.1).
type authRequestExtra struct {
	ResponseMode string `json:"responseMode"`
	Display      string `json:"display"`
	Prompt       string `json:"prompt"`
	MaxAge       span   `json:"maxAge"`
	UILocales    string `json:"uiLocales"`
	IDTokenHint  string `json:"idTokenHint"`
	LoginHint    string `json:"loginHint"`
	ACRValues    string `json:"acrValues"`
}

// oneOrAll is a text or a list of texts.
type oneOrAll []string

// UnmarshalJSON reads either.
func (o *oneOrAll) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*o = oneOrAll{s}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(o))
}

// span is a length of time: seconds, or a text such as "5 minutes".
type span time.Duration

var spanText = regexp.MustCompile(`^(\d{1,9}) ?(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)?$`)

// UnmarshalJSON reads either.
func (s *span) UnmarshalJSON(b []byte) error {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	switch v := v.(type) {
	case nil:
		return nil
	case float64:
		if v < 0 || v > 1e9 {
			return errors.New("expected seconds")
		}
		*s = span(v * float64(time.Second))
		return nil
	case string:
		m := spanText.FindStringSubmatch(strings.TrimSpace(v))
		if m == nil {
			break
		}
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return err
		}
		unit := time.Second
		switch (m[2] + "s")[0] {
		case 'm':
			unit = time.Minute
		case 'h':
			unit = time.Hour
		case 'd':
			unit = 24 * time.Hour
		}
		if n > int(time.Duration(1<<62)/unit) {
			break
		}
		*s = span(time.Duration(n) * unit)
		return nil
	}
	return errors.New(`expected seconds, or a text such as "5 minutes"`)
}

// params writes what a config adds to the authorization request. Parameters of
// the protocol itself go before them.
func (c oauth2Config) params() map[string]string {
	params := map[string]string{}
	for name, value := range c.CustomConfig {
		params[name] = value
	}
	x := c.AuthRequestExtra
	for name, value := range map[string]string{
		"response_mode": x.ResponseMode, "display": x.Display, "prompt": x.Prompt, "ui_locales": x.UILocales,
		"id_token_hint": x.IDTokenHint, "login_hint": x.LoginHint, "acr_values": x.ACRValues,
	} {
		if value != "" {
			params[name] = value
		}
	}
	if x.MaxAge > 0 {
		params["max_age"] = strconv.Itoa(int(time.Duration(x.MaxAge).Seconds()))
	}
	return params
}

func (c oauth2Config) terms() terms {
	return terms{
		endpoints: endpoints{authorize: c.Authorization, token: c.Token, userInfo: c.UserInfo, method: c.Method},
		clientID:  c.ClientID, clientSecret: c.ClientSecret, secretAlgorithm: c.SecretAlgorithm,
		scopes: strings.Fields(c.Scope), params: c.params(),
	}
}

// check finds what the forms of the standard factories do not tell.
func (c oauth2Config) check(is *issues) {
	is.endpoint("authorizationEndpoint", c.Authorization, true)
	is.endpoint("tokenEndpoint", c.Token, true)
	is.endpoint("userInfoEndpoint", c.UserInfo, false)
	if len(c.CustomConfig) > maxExtras {
		is.add("customConfig", "More than %d members", maxExtras)
	}
	for name, value := range c.CustomConfig {
		is.text("customConfig."+name, value, maxConfigText, false)
	}
}

func checkStandard(more func(*issues, oauth2Config)) func(*issues, guestlist.JSONObject) {
	return func(is *issues, config guestlist.JSONObject) {
		c, err := parse[oauth2Config](config)
		if err != nil {
			is.decoding(err)
			return
		}
		c.check(is)
		if more != nil {
			more(is, c)
		}
	}
}

func authMethodItems() []guestlist.FormItem {
	return []guestlist.FormItem{
		{Type: guestlist.FormSelect, Key: "tokenEndpointAuthMethod", Label: "Token endpoint authentication", Required: true,
			SelectItems: choices(methodPost, methodBasic, methodJWT), DefaultValue: methodPost},
		{Type: guestlist.FormSelect, Key: "clientSecretJwtSigningAlgorithm", Label: "Algorithm of the client's JWT", Required: true,
			SelectItems: choices("HS256", "HS384", "HS512"), DefaultValue: "HS256",
			ShowConditions: []guestlist.FormShowCondition{{TargetKey: "tokenEndpointAuthMethod", ExpectValue: methodJWT}}},
	}
}

func endpointItem(key, label, placeholder string, required bool) guestlist.FormItem {
	return guestlist.FormItem{Type: guestlist.FormText, Key: key, Label: label, Placeholder: placeholder, Required: required}
}

func oauth2Preset() preset {
	form := []guestlist.FormItem{
		endpointItem("authorizationEndpoint", "Authorization endpoint", "https://provider.example/authorize", true),
		endpointItem("tokenEndpoint", "Token endpoint", "https://provider.example/token", true),
		endpointItem("userInfoEndpoint", "User info endpoint", "https://provider.example/me", true),
		clientID(), clientSecret(),
	}
	form = append(form, authMethodItems()...)
	form = append(form,
		guestlist.FormItem{Type: guestlist.FormSelect, Key: "tokenEndpointResponseType", Label: "Token endpoint answers with",
			SelectItems: choices("query-string", "json"), DefaultValue: "query-string"},
		scopeItem("profile email"),
		guestlist.FormItem{Type: guestlist.FormJSON, Key: "profileMap", Label: "Profile map",
			DefaultValue: map[string]string{"id": "id", "email": "email", "phone": "phone", "name": "name", "avatar": "avatar"},
			Description:  "Where in the user info each part is. Dots lead inwards."},
		guestlist.FormItem{Type: guestlist.FormJSON, Key: "customConfig", Label: "More parameters", DefaultValue: map[string]any{},
			Description: "Added to the authorization request."},
	)
	return preset{
		id: "oauth2", target: "oauth2", standard: true, name: sameName("OAuth 2.0"), form: form,
		description: guestlist.Translations{
			"en": "Guests sign in at any provider that speaks OAuth 2.0.",
			"de": "Gäste melden sich bei einem beliebigen Anbieter mit OAuth 2.0 an.",
			"fr": "Les invités se connectent chez n’importe quel fournisseur OAuth 2.0.",
			"es": "Los invitados inician sesión con cualquier proveedor de OAuth 2.0.",
			"ja": "ゲストはOAuth 2.0に対応した任意のプロバイダーでサインインします。",
			"ar": "يسجّل الضيوف الدخول لدى أي مزوّد يدعم OAuth 2.0.",
		},
		check: checkStandard(nil),
		social: func(s *Set, row guestlist.Connector) (Provider, error) {
			c, err := configOf[oauth2Config](row)
			if err != nil {
				return nil, err
			}
			t := c.terms()
			t.identify = func(ctx context.Context, v *visit) (guestlist.OutsideIdentity, error) {
				return c.ProfileMap.identity(ctx, v)
			}
			return &flow{set: s, terms: t}, nil
		},
	}
}

// identity reads a profile as the map says. That an address is verified is the
// word of whoever mapped it, unless the provider contradicts; it is believed
// for the domains of the row alone, which has none to begin with.
func (m profileMap) identity(ctx context.Context, v *visit) (guestlist.OutsideIdentity, error) {
	user, err := v.ask(ctx, v.at.userInfo)
	if err != nil {
		return guestlist.OutsideIdentity{}, err
	}
	_, says := user[claimVerified]
	return guestlist.OutsideIdentity{
		Subject: text(user, first(m.ID, "id")), Email: text(user, first(m.Email, "email")),
		EmailVerified: !says || truth(user, claimVerified, true),
		Phone:         text(user, first(m.Phone, "phone")), Name: text(user, first(m.Name, "name")), Avatar: text(user, first(m.Avatar, "avatar")),
		Raw: rawOf(user),
	}, nil
}

func oidcPreset() preset {
	toggle, object := guestlist.FormSwitch, guestlist.FormJSON
	scope := scopeItem("openid profile email")
	scope.Required, scope.Description = true, "What to ask for, separated by spaces: openid, and mostly profile and email."
	form := []guestlist.FormItem{
		endpointItem("authorizationEndpoint", "Authorization endpoint", "https://provider.example/authorize", true),
		endpointItem("tokenEndpoint", "Token endpoint", "https://provider.example/token", true),
		endpointItem("userInfoEndpoint", "User info endpoint", "https://provider.example/me", false),
		clientID(), clientSecret(),
	}
	form = append(form, authMethodItems()...)
	form = append(form, scope,
		guestlist.FormItem{Type: toggle, Key: "acceptStringTypedBooleanClaims", Label: "Take texts for booleans", DefaultValue: false,
			Description: `For providers that write "true" with quotes.`},
		guestlist.FormItem{Type: toggle, Key: "trustUnverifiedEmail", Label: "Trust unverified addresses", DefaultValue: false,
			Description: "Only if the provider verifies every address and does not say so."},
		guestlist.FormItem{Type: object, Key: "idTokenVerificationConfig", Label: "ID token verification", Required: true,
			DefaultValue: map[string]any{"jwksUri": "https://provider.example/jwks"},
			Description:  "jwksUri, and issuer, audience, algorithms, clockTolerance, maxTokenAge as needed. Give the issuer wherever you know it."},
		guestlist.FormItem{Type: object, Key: "authRequestOptionalConfig", Label: "More of the request", DefaultValue: map[string]any{},
			Description: "responseMode, display, prompt, maxAge, uiLocales, idTokenHint, loginHint, acrValues."},
		guestlist.FormItem{Type: object, Key: "customConfig", Label: "More parameters", DefaultValue: map[string]any{},
			Description: "Added to the authorization request."},
	)
	return preset{
		id: "oidc", target: "oidc", standard: true, name: sameName("OpenID Connect"), form: form, check: checkStandard(checkOIDC),
		description: guestlist.Translations{
			"en": "Guests sign in at any provider that speaks OpenID Connect.",
			"de": "Gäste melden sich bei einem beliebigen Anbieter mit OpenID Connect an.",
			"fr": "Les invités se connectent chez n’importe quel fournisseur OpenID Connect.",
			"es": "Los invitados inician sesión con cualquier proveedor de OpenID Connect.",
			"ja": "ゲストはOpenID Connectに対応した任意のプロバイダーでサインインします。",
			"ar": "يسجّل الضيوف الدخول لدى أي مزوّد يدعم OpenID Connect.",
		},
		social: func(s *Set, row guestlist.Connector) (Provider, error) {
			c, err := configOf[oauth2Config](row)
			if err != nil {
				return nil, err
			}
			return s.standardOIDC(c), nil
		},
	}
}

func checkOIDC(is *issues, c oauth2Config) {
	is.endpoint("idTokenVerificationConfig.jwksUri", c.Verification.JWKSURI, true)
	for _, a := range c.Verification.Algorithms {
		if !slices.ContainsFunc(algorithms, func(known jose.SignatureAlgorithm) bool { return string(known) == a }) {
			is.add("idTokenVerificationConfig.algorithms", "Expected some of %v", algorithms)
		}
	}
	if time.Duration(c.Verification.ClockTolerance) > maxLeeway {
		is.add("idTokenVerificationConfig.clockTolerance", "More than %v", maxLeeway)
	}
	if mode := c.AuthRequestExtra.ResponseMode; mode != "" && mode != "query" && mode != "form_post" {
		is.add("authRequestOptionalConfig.responseMode", "Expected query or form_post: a fragment does not reach the server")
	}
}

func (s *Set) standardOIDC(c oauth2Config) Provider {
	t := c.terms()
	t.jwks, t.scopes, t.hint, t.locales = c.Verification.JWKSURI, openID(t.scopes), "login_hint", true
	if len(c.Verification.Issuer) == 1 {
		t.issuer = c.Verification.Issuer[0]
	}
	t.id = &idRules{
		issuers: c.Verification.Issuer, anyIssuer: len(c.Verification.Issuer) == 0, audiences: c.Verification.Audience,
		algorithms: c.Verification.Algorithms, leeway: time.Duration(c.Verification.ClockTolerance), maxAge: time.Duration(c.Verification.MaxTokenAge),
		maxAuthAge: time.Duration(c.AuthRequestExtra.MaxAge), subject: c.Verification.Subject, typ: c.Verification.Typ,
	}
	t.identify = func(ctx context.Context, v *visit) (guestlist.OutsideIdentity, error) {
		claims, err := v.everything(ctx, claimEmail, "name")
		who := standardIdentity(claims, c.StringBooleans)
		who.EmailVerified = who.EmailVerified || c.TrustUnverified
		return who, err
	}
	return &flow{set: s, terms: t}
}

// parse reads a config.
func parse[T any](config guestlist.JSONObject) (T, error) {
	var c T
	err := json.Unmarshal(config, &c)
	return c, err
}

// configOf reads the config of a row that ValidateConfig has passed.
func configOf[T any](row guestlist.Connector) (T, error) {
	c, err := parse[T](row.Config)
	if err != nil {
		return c, fmt.Errorf("%s: %w", row.FactoryID, err)
	}
	return c, nil
}
