package oidc

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"

	"guestlist/internal/token"
	"guestlist/internal/web"
)

// documents keeps the public documents ready to be sent, as long as the key
// ring that they were made of is in force.
type documents struct{ now atomic.Pointer[document] }

type document struct {
	ring            *token.Keys
	discovery, keys *web.Asset
}

const (
	discoveryCache = "public, max-age=300"
	keysCache      = "no-cache, max-age=0, must-revalidate"
)

// anyOrigin lets every page read a public document; shared, never written to.
var (
	anyOrigin   = []string{"*"}
	crossOrigin = []string{"cross-origin"}
)

func (d *Door) discovery(w http.ResponseWriter, r *http.Request) error {
	doc, err := d.document(r)
	if err != nil {
		return err
	}
	open(w)
	doc.discovery.ServeHTTP(w, r)
	return nil
}

func (d *Door) keys(w http.ResponseWriter, r *http.Request) error {
	doc, err := d.document(r)
	if err != nil {
		return err
	}
	open(w)
	doc.keys.ServeHTTP(w, r)
	return nil
}

func open(w http.ResponseWriter) {
	h := w.Header()
	h["Access-Control-Allow-Origin"] = anyOrigin
	h["Cross-Origin-Resource-Policy"] = crossOrigin
}

func (d *Door) document(r *http.Request) (*document, error) {
	ring, err := d.Mint.Keys(r.Context())
	if err != nil {
		return nil, err
	}
	if doc := d.documents.now.Load(); doc != nil && doc.ring == ring {
		return doc, nil
	}
	text, err := json.Marshal(d.metadata(ring))
	if err != nil {
		return nil, fmt.Errorf("oidc: discovery: %w", err)
	}
	doc := &document{
		ring:      ring,
		discovery: web.NewAsset("application/json; charset=utf-8", discoveryCache, text),
		keys:      web.NewAsset("application/jwk-set+json; charset=utf-8", keysCache, ring.JWKS),
	}
	d.documents.now.Store(doc)
	return doc, nil
}

// metadata is the discovery document (OpenID Connect Discovery §3, RFC 8414
// §2). It names what works here and nothing else.
type metadata struct {
	Authorization     string   `json:"authorization_endpoint"`
	ClaimsParameter   bool     `json:"claims_parameter_supported"`
	Claims            []string `json:"claims_supported"`
	ChallengeMethods  []string `json:"code_challenge_methods_supported"`
	EndSession        string   `json:"end_session_endpoint"`
	Grants            []string `json:"grant_types_supported"`
	Issuer            string   `json:"issuer"`
	Keys              string   `json:"jwks_uri"`
	ResponseIssuer    bool     `json:"authorization_response_iss_parameter_supported"`
	ResponseModes     []string `json:"response_modes_supported"`
	ResponseTypes     []string `json:"response_types_supported"`
	Scopes            []string `json:"scopes_supported"`
	SubjectTypes      []string `json:"subject_types_supported"`
	AuthMethods       []string `json:"token_endpoint_auth_methods_supported"`
	Token             string   `json:"token_endpoint"`
	IDTokenAlgorithms []string `json:"id_token_signing_alg_values_supported"`
	Push              string   `json:"pushed_authorization_request_endpoint"`
	RequestURI        bool     `json:"request_uri_parameter_supported"`
	UserInfo          string   `json:"userinfo_endpoint"`
	Introspection     string   `json:"introspection_endpoint"`
	Revocation        string   `json:"revocation_endpoint"`
	Backchannel       bool     `json:"backchannel_logout_supported"`
	BackchannelSID    bool     `json:"backchannel_logout_session_supported"`
	ClaimTypes        []string `json:"claim_types_supported"`
}

func (d *Door) metadata(ring *token.Keys) metadata {
	return metadata{
		Authorization: d.Endpoint + pathAuthorize,
		Claims: []string{
			"sub", "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile",
			"picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at", "username", "created_at",
			"email", "email_verified", "phone_number", "phone_number_verified", "address", "custom_data", "identities",
			"sso_identities", "roles", "organizations", "organization_data", "organization_roles", "sid", "auth_time", "iss",
		},
		ChallengeMethods:  []string{"S256"},
		EndSession:        d.Endpoint + pathEndSession,
		Grants:            []string{grantCode, grantRefresh, grantMachine},
		Issuer:            d.issuer(),
		Keys:              d.Endpoint + pathKeys,
		ResponseIssuer:    true,
		ResponseModes:     []string{modeFormPost, modeFragment, modeQuery},
		ResponseTypes:     []string{"code"},
		Scopes:            token.UserScopes,
		SubjectTypes:      []string{"public"},
		AuthMethods:       []string{"client_secret_basic", "client_secret_post", "none"},
		Token:             d.Endpoint + pathToken,
		IDTokenAlgorithms: ring.Algorithms,
		Push:              d.Endpoint + pathPush,
		UserInfo:          d.Endpoint + pathUserInfo,
		Introspection:     d.Endpoint + pathIntrospect,
		Revocation:        d.Endpoint + pathRevoke,
		Backchannel:       true,
		BackchannelSID:    true,
		ClaimTypes:        []string{"normal"},
	}
}
