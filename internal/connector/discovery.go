package connector

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// metadata is what we read of a discovery document (OpenID Connect Discovery
// §3, RFC 8414 §2, RFC 9207 §3).
type metadata struct {
	Issuer      string   `json:"issuer"`
	Authorize   string   `json:"authorization_endpoint"`
	Token       string   `json:"token_endpoint"`
	UserInfo    string   `json:"userinfo_endpoint"`
	JWKS        string   `json:"jwks_uri"`
	Algorithms  []string `json:"id_token_signing_alg_values_supported"`
	AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	SendsIssuer bool     `json:"authorization_response_iss_parameter_supported"`
}

// endpointsNow returns where the provider is asked, from its metadata where
// they are not known beforehand.
func (f *flow) endpointsNow(ctx context.Context) (endpoints, error) {
	if !f.discover {
		return f.endpoints, nil
	}
	m, err := f.set.discover(ctx, f.issuer, f.id.matches)
	if err != nil {
		return endpoints{}, err
	}
	return endpoints{
		authorize: m.Authorize, token: m.Token, userInfo: m.UserInfo, jwks: m.JWKS,
		issuer: m.Issuer, algorithms: m.Algorithms, sendsIssuer: m.SendsIssuer, method: m.method(),
	}, nil
}

// method chooses how the client proves itself: in the form where that is
// offered, since of Basic there are two readings of special characters; by
// Basic where nothing is said (Discovery §3).
func (m metadata) method() string {
	for _, method := range []string{methodPost, methodBasic, methodJWT} {
		if slices.Contains(m.AuthMethods, method) {
			return method
		}
	}
	return methodBasic
}

// discover reads the metadata of an issuer (Discovery §4). The issuer in the
// document must be the one that was asked (§4.3), or what matches accepts.
func (s *Set) discover(ctx context.Context, issuer string, matches func(issuer, tenant string) bool) (metadata, error) {
	address := strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
	value, err := s.documents.get(ctx, address, s.now(), false, func(ctx context.Context) (any, http.Header, error) {
		var m metadata
		header, err := s.getJSON(ctx, address, "", &m)
		if err != nil {
			return nil, nil, err
		}
		return m, header, m.check(issuer, matches)
	})
	if err != nil {
		return metadata{}, err
	}
	m := value.(metadata)
	return m, m.check(issuer, matches) // who shares the document may not share the rule
}

// check finds what would make a document unusable or dangerous.
func (m metadata) check(issuer string, matches func(issuer, tenant string) bool) error {
	same := m.Issuer == issuer
	if matches != nil {
		same = matches(m.Issuer, "")
	}
	if !same {
		return fail(errResponse, "metadata: they are of %q, and %q was asked", m.Issuer, issuer)
	}
	secure := strings.HasPrefix(issuer, "https:")
	for name, address := range map[string]string{
		"authorization_endpoint": m.Authorize, "token_endpoint": m.Token, "jwks_uri": m.JWKS,
	} {
		if !usable(address, secure) {
			return fail(errResponse, "metadata: %s is missing or no https URL", name)
		}
	}
	if m.UserInfo != "" && !usable(m.UserInfo, secure) {
		return fail(errResponse, "metadata: userinfo_endpoint is no https URL")
	}
	return nil
}

// usable reports whether an address of a document can be asked. A document that
// came over https must not lead away from it.
func usable(address string, secure bool) bool {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Fragment != "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" || (!secure && u.Scheme == "http" && closeBy(u.Hostname()))
}
