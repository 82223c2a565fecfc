package connector

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"guestlist"
)

const (
	appleIssuer     = "https://appleid.apple.com"
	appleSecretLife = 5 * time.Minute // Apple takes up to six months
)

type appleConfig struct {
	ClientID   string `json:"clientId"`
	Scope      string `json:"scope"`
	TeamID     string `json:"teamId"`
	KeyID      string `json:"keyId"`
	PrivateKey string `json:"privateKey"`
}

func applePreset() preset {
	return preset{
		id: "apple-universal", target: "apple", name: sameName("Apple"), description: accountAt("Apple"), vouches: anyDomain(),
		form: []guestlist.FormItem{
			{Type: guestlist.FormText, Key: "clientId", Label: "Identifier", Placeholder: "com.acme.login", Required: true,
				Description: "The identifier of the Services ID."},
			scopeItem("name email"),
			{Type: guestlist.FormText, Key: "teamId", Label: "Team ID", Placeholder: "A1B2C3D4E5"},
			{Type: guestlist.FormText, Key: "keyId", Label: "Key ID", Placeholder: "A1B2C3D4E5"},
			{Type: guestlist.FormMultilineText, Key: "privateKey", Label: "Private key", Placeholder: "-----BEGIN PRIVATE KEY-----", IsConfidential: true,
				Description: "With team, key ID and key, the server fetches the identity from Apple itself. Without them the browser brings it, signed by Apple."},
		},
		check: func(is *issues, config guestlist.JSONObject) {
			c, err := parse[appleConfig](config)
			if err != nil {
				is.decoding(err)
				return
			}
			for _, m := range []struct{ path, value string }{{"teamId", c.TeamID}, {"keyId", c.KeyID}, {"privateKey", c.PrivateKey}} {
				if m.value == "" && c.TeamID+c.KeyID+c.PrivateKey != "" {
					is.add(m.path, "Team, key ID and private key go together")
				}
			}
			if c.PrivateKey != "" {
				if _, err := parseP256(c.PrivateKey); err != nil {
					is.add("privateKey", "Expected the .p8 file from Apple: %v", err)
				}
			}
		},
		social: func(s *Set, row guestlist.Connector) (Provider, error) {
			c, err := configOf[appleConfig](row)
			if err != nil {
				return nil, err
			}
			return s.apple(c), nil
		},
	}
}

func (s *Set) apple(c appleConfig) Provider {
	t := terms{
		endpoints: endpoints{
			authorize: appleIssuer + "/auth/authorize", token: appleIssuer + "/auth/token", jwks: appleIssuer + "/auth/keys",
			issuer: appleIssuer, algorithms: []string{"RS256", "ES256"},
		},
		clientID: c.ClientID, scopes: scopesOr(c.Scope, "name email"),
		params: map[string]string{"response_mode": "form_post"}, // demanded with either scope
		noPKCE: true, id: &idRules{}, identify: appleIdentity,
	}
	if c.PrivateKey == "" {
		t.frontID = true
		return &flow{set: s, terms: t}
	}
	t.makeSecret = func(now guestlist.Time) (string, error) {
		key, err := parseP256(c.PrivateKey)
		if err != nil {
			return "", err
		}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: c.KeyID}}, nil)
		if err != nil {
			return "", err
		}
		return signed(signer, map[string]any{
			"iss": c.TeamID, "iat": now.Unix(), "exp": now.Add(appleSecretLife).Unix(), "aud": appleIssuer, claimSubject: c.ClientID,
		})
	}
	return &flow{set: s, terms: t}
}

// parseP256 reads the key that Apple gives out: PKCS #8, on P-256. Keys pasted
// into JSON often carry "\n" as two characters.
func parseP256(text string) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(strings.ReplaceAll(text, `\n`, "\n")))
	if block == nil {
		return nil, errors.New("it is not PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("it cannot be read")
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("it is not on the curve P-256")
	}
	return key, nil
}

// appleIdentity reads the ID token. The name is in no token: at the first
// consent alone it comes along in the form, which the browser could have
// written. A name is no proof of anything; the address in that form would be,
// and is not looked at.
func appleIdentity(_ context.Context, v *visit) (guestlist.OutsideIdentity, error) {
	who := standardIdentity(v.claims, true) // "true" is a text in some of Apple's tokens
	var user struct {
		Name struct {
			First string `json:"firstName"`
			Last  string `json:"lastName"`
		} `json:"name"`
	}
	if json.Unmarshal([]byte(v.answer.Get("user")), &user) == nil {
		who.Name = strings.TrimSpace(user.Name.First + " " + user.Name.Last)
	}
	return who, nil
}
