package connector

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	stdjson "encoding/json"
	"hash"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Limits on ID tokens.
const (
	maxSubject = 255             // ASCII characters, Core §2
	leeway     = time.Minute     // by which our clocks may differ
	maxLeeway  = 5 * time.Minute // what a config may ask for at most
)

// algorithms are those that ID tokens may be signed with: asymmetric ones
// alone. Under an HMAC everybody who can read our config could sign, and a
// public key could be taken for a secret (RFC 8725 §2.1, §3.1).
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// idRules is what the ID tokens of a provider must be, beyond what all must.
type idRules struct {
	issuers    []string      // one of these; empty takes that of the endpoints
	anyIssuer  bool          // the config names none: whoever has the keys is the provider
	audiences  []string      // one of these; empty takes the client id
	algorithms []string      // a choice from algorithms; empty takes what the metadata say, or all
	leeway     time.Duration // in place of the usual; zero for that
	maxAge     time.Duration // since iat; zero for any
	maxAuthAge time.Duration // since auth_time, where max_age was asked for (Core §2); zero for any
	subject    string        // the only one that may come; empty for any
	typ        string        // of the header; empty for any
	// matches is an issuer check of a provider's own. tenant is a claim of the
	// token, empty when an answer is checked before there is a token.
	matches func(issuer, tenant string) bool
}

type idClaims struct {
	jwt.Claims

	Nonce    string           `json:"nonce"`
	Party    string           `json:"azp"`
	AtHash   string           `json:"at_hash"`
	Tenant   string           `json:"tid"`
	AuthTime *jwt.NumericDate `json:"auth_time"`
}

// verify checks an ID token as OpenID Connect Core §3.1.3.7 says and returns
// its claims. It believes no header but those that select a key.
func (f *flow) verify(ctx context.Context, at endpoints, raw, nonce, access string) (map[string]any, error) {
	if raw == "" {
		return nil, fail(errIDToken, "there is no ID token in the answer")
	}
	if len(raw) > maxToken {
		return nil, fail(errIDToken, "the ID token is longer than %d bytes", maxToken)
	}
	jws, err := jose.ParseSignedCompact(raw, f.id.permitted(at))
	if err != nil {
		return nil, fail(errIDToken, "%w", err)
	}
	if typ, _ := jws.Signatures[0].Header.ExtraHeaders[jose.HeaderType].(string); f.id.typ != "" && typ != f.id.typ {
		return nil, fail(errIDToken, "it is of type %q", typ)
	}
	payload, keyIssuer, err := f.set.checkSignature(ctx, at.jwks, jws)
	if err != nil {
		return nil, err
	}
	var c idClaims
	var all map[string]any
	decoder := stdjson.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	if err := decoder.Decode(&all); err != nil {
		return nil, fail(errIDToken, "claims: %w", err)
	}
	// This decoder heeds the case of names and refuses a name that comes twice:
	// a claim of the guest's making must not pass for one of the provider's.
	if err := json.Unmarshal(payload, &c); err != nil {
		return nil, fail(errIDToken, "claims: %w", err)
	}
	if err := f.id.check(&c, at, f.clientID, nonce, f.set.now()); err != nil {
		return nil, err
	}
	if !keyMaySign(keyIssuer, c.Issuer, c.Tenant) {
		return nil, fail(errIDToken, "its key signs for %s alone, and the issuer is %s", keyIssuer, c.Issuer)
	}
	if c.AtHash != "" && access != "" && c.AtHash != atHash(jws.Signatures[0].Header.Algorithm, access) {
		return nil, fail(errIDToken, "it belongs to another access token") // Core §3.1.3.8
	}
	return all, nil
}

// permitted lists the algorithms that a token may be signed with.
func (r *idRules) permitted(at endpoints) []jose.SignatureAlgorithm {
	wanted := r.algorithms
	if len(wanted) == 0 {
		wanted = at.algorithms
	}
	if len(wanted) == 0 {
		return algorithms
	}
	var list []jose.SignatureAlgorithm
	for _, a := range algorithms {
		if slices.Contains(wanted, string(a)) {
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		return []jose.SignatureAlgorithm{jose.RS256} // Core §3.1.3.7: the default; an empty list is no list
	}
	return list
}

// check holds the claims against the rules.
func (r *idRules) check(c *idClaims, at endpoints, clientID, nonce string, now time.Time) error {
	audiences := r.audiences
	if len(audiences) == 0 {
		audiences = []string{clientID}
	}
	slack := leeway
	if r.leeway > 0 {
		slack = min(r.leeway, maxLeeway)
	}
	switch {
	case !r.from(c, at):
		return fail(errIDToken, "it was issued by %q, and %q was asked", c.Issuer, at.issuer)
	case c.Expiry == nil || c.IssuedAt == nil: // Core §2
		return fail(errIDToken, "it lacks exp or iat")
	case c.Subject == "" || len(c.Subject) > maxSubject || r.subject != "" && c.Subject != r.subject:
		return fail(errIDToken, "its sub is empty, longer than %d characters or not the one that may come", maxSubject)
	case len(c.Audience) > 1 && c.Party == "", c.Party != "" && !slices.Contains(audiences, c.Party) && c.Party != clientID: // Core §3.1.3.7, 4 and 5
		return fail(errIDToken, "it was issued to %q, for %q", c.Party, []string(c.Audience))
	case nonce == "" || subtle.ConstantTimeCompare([]byte(c.Nonce), []byte(nonce)) != 1: // Core §3.1.3.7, 11
		return fail(errIDToken, "its nonce is not that of this attempt")
	case r.maxAge > 0 && now.After(c.IssuedAt.Time().Add(r.maxAge+slack)):
		return fail(errIDToken, "it was issued at %v, which is too long ago", c.IssuedAt.Time().UTC())
	case r.maxAuthAge > 0 && (c.AuthTime == nil || now.After(c.AuthTime.Time().Add(r.maxAuthAge+slack))): // Core §3.1.3.7, 13
		return fail(errIDToken, "the guest signed in there too long ago")
	}
	if err := c.ValidateWithLeeway(jwt.Expected{AnyAudience: audiences, Time: now}, slack); err != nil {
		return fail(errIDToken, "audience %q, issued %v, ends %v, now %v: %w",
			[]string(c.Audience), c.IssuedAt.Time().UTC(), c.Expiry.Time().UTC(), now.UTC(), err)
	}
	return nil
}

// from reports whether the issuer of a token is the one that was asked.
func (r *idRules) from(c *idClaims, at endpoints) bool {
	switch {
	case c.Issuer == "":
		return false
	case r.matches != nil:
		return r.matches(c.Issuer, c.Tenant)
	case r.anyIssuer:
		return true
	case len(r.issuers) > 0:
		return slices.Contains(r.issuers, c.Issuer)
	}
	return c.Issuer == at.issuer
}

// atHash is the left half of an access token's hash (Core §3.1.3.6).
func atHash(algorithm, access string) string {
	var h hash.Hash
	switch algorithm[len(algorithm)-3:] {
	case "384":
		h = sha512.New384()
	case "512", "DSA": // EdDSA signs with Ed25519, which hashes with SHA-512
		h = sha512.New()
	default:
		h = sha256.New()
	}
	h.Write([]byte(access)) // a hash takes everything
	sum := h.Sum(nil)
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
