package connector

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"guestlist"
)

// FuzzClaims signs claims of any shape with the provider's own key: whatever
// they are, they pass only if they are about this client and this attempt.
func FuzzClaims(f *testing.F) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: "k"}}, nil)
	if err != nil {
		f.Fatal(err)
	}
	published := mustMarshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: private.Public(), KeyID: "k"}}})
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	f.Add(`{"iss":"https://p.example","sub":"1","aud":"client-1","exp":1795525200,"iat":1795521600,"nonce":"n"}`)
	f.Add(`{"iss":"https://p.example","sub":"1","aud":["client-1","x"],"azp":"client-1","exp":1795525200.5,"iat":1795521600,"nonce":"n","tid":5}`)
	f.Add(`{"iss":"https://p.example","iss":"https://q.example","Iss":5,"aud":{},"exp":1e400}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, payload string) {
		jws, err := signer.Sign([]byte(payload))
		if err != nil {
			t.Skip()
		}
		raw, err := jws.CompactSerialize()
		if err != nil {
			t.Skip()
		}
		c := &canned{t: t, answers: map[string]string{"https://p.example/jwks": published}, seen: map[string]*http.Request{}}
		p := &flow{set: &Set{Client: &http.Client{Transport: c}, Now: func() time.Time { return now }}, terms: terms{clientID: "client-1", id: &idRules{}}}
		claims, err := p.verify(t.Context(), endpoints{issuer: "https://p.example", jwks: "https://p.example/jwks"}, raw, "n", "")
		if err != nil {
			wantCode(t, err, "connector.social_invalid_id_token")
			return
		}
		if text(claims, "iss") != "https://p.example" || text(claims, "nonce") != "n" || text(claims, "sub") == "" {
			t.Fatalf("these claims passed: %s", payload)
		}
	})
}

func TestWeakAndUnfitKeysAreNotTaken(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Skip(err) // this Go makes none so weak
	}
	fit, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		key  jose.JSONWebKey
		want int
	}{
		"fit":            {jose.JSONWebKey{Key: fit.Public(), KeyID: "k", Use: "sig"}, 1},
		"without a use":  {jose.JSONWebKey{Key: fit.Public(), KeyID: "k"}, 1},
		"for encryption": {jose.JSONWebKey{Key: fit.Public(), KeyID: "k", Use: "enc"}, 0},
		"private":        {jose.JSONWebKey{Key: fit, KeyID: "k"}, 0},
		"a secret":       {jose.JSONWebKey{Key: []byte("secretsecretsecretsecretsecretse"), KeyID: "k"}, 0},
		"weak":           {jose.JSONWebKey{Key: weak.Public(), KeyID: "k"}, 0},
	} {
		if got := parseKeys([]json.RawMessage{json.RawMessage(mustMarshal(tt.key))}); len(got) != tt.want {
			t.Errorf("%s: %d keys, want %d", name, len(got), tt.want)
		}
	}
}

func TestApplesSecretNeedsAKeyOnP256(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"no PEM": "x", "not PKCS #8": pemOf("PRIVATE KEY", []byte("x")), "another curve": pemOf("PRIVATE KEY", der)} {
		if _, err := parseP256(text); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func TestPeopleAreMadePlausible(t *testing.T) {
	long := make([]byte, maxSubject+1)
	for i := range long {
		long[i] = 'a'
	}
	for _, subject := range []string{"", string(long), "a\nb"} {
		_, err := plausible(guestlist.OutsideIdentity{Subject: subject})
		wantCode(t, err, "connector.invalid_response")
	}
	for _, tt := range []struct{ in, want guestlist.OutsideIdentity }{
		{guestlist.OutsideIdentity{Email: "no address", EmailVerified: true}, guestlist.OutsideIdentity{}},
		{guestlist.OutsideIdentity{Email: "Grace <grace@example.com>", EmailVerified: true}, guestlist.OutsideIdentity{}},
		{guestlist.OutsideIdentity{Email: "a@example.com, b@example.com", EmailVerified: true}, guestlist.OutsideIdentity{}},
		{guestlist.OutsideIdentity{EmailVerified: true}, guestlist.OutsideIdentity{}},
		{guestlist.OutsideIdentity{Email: " Grace@Example.com ", EmailVerified: true}, guestlist.OutsideIdentity{Email: "Grace@Example.com", EmailVerified: true}},
		{guestlist.OutsideIdentity{Phone: "+49 (151) 234-567", PhoneVerified: true}, guestlist.OutsideIdentity{Phone: "49151234567", PhoneVerified: true}},
		{guestlist.OutsideIdentity{Phone: "49151234567", PhoneVerified: true}, guestlist.OutsideIdentity{Phone: "49151234567"}},
		{guestlist.OutsideIdentity{Phone: "0151234567", PhoneVerified: true}, guestlist.OutsideIdentity{}},
		{guestlist.OutsideIdentity{Phone: "+1 call me", PhoneVerified: true}, guestlist.OutsideIdentity{}},
		{guestlist.OutsideIdentity{Avatar: "http://cdn.example/a.png"}, guestlist.OutsideIdentity{}},
		{guestlist.OutsideIdentity{Avatar: "data:image/png;base64,AA"}, guestlist.OutsideIdentity{}},
		{guestlist.OutsideIdentity{Name: " Grace\u202e\n\tHopper "}, guestlist.OutsideIdentity{Name: "Grace Hopper"}},
	} {
		tt.in.Subject, tt.want.Subject, tt.want.Raw = "1", "1", guestlist.JSONObject("{}")
		got, err := plausible(tt.in)
		if err != nil || mustMarshal(got) != mustMarshal(tt.want) {
			t.Errorf("%+v becomes %+v, %v", tt.in, got, err)
		}
	}
}

// BenchmarkBegin measures what one call of the experience API pays for: a
// provider of a row, and the request that the browser is sent to.
func BenchmarkBegin(b *testing.B) {
	s := &Set{}
	c := row("google-universal", basic(nil))
	for b.Loop() {
		p, err := s.Social(c)
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := p.Begin(b.Context(), Attempt{State: "s", RedirectURI: callback}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFactories measures what the sign-in settings pay for to list
// connectors.
func BenchmarkFactories(b *testing.B) {
	for b.Loop() {
		if _, ok := Factory("oidc"); !ok {
			b.Fatal("no oidc")
		}
	}
}
