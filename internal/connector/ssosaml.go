package connector

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"guestlist"
	"guestlist/internal/saml"
)

// ssoEntityID is the name that enterprise providers know us by: each connector
// has its own, so that no provider's assertion is good at another's.
func (s *Set) ssoEntityID(id guestlist.ConnectorID) string {
	return s.under("enterprise-sso", string(id))
}

func (s *Set) ssoACS(id guestlist.ConnectorID) string {
	return s.under("api", "authn", "single-sign-on", "saml", string(id))
}

// ssoService is ourselves, for one enterprise connector.
func (s *Set) ssoService(id guestlist.ConnectorID, c ssoSAMLConfig) (saml.ServiceProvider, error) {
	sp := saml.ServiceProvider{EntityID: s.ssoEntityID(id), ACS: s.ssoACS(id)}
	if !c.SignAuthnRequest {
		return sp, nil
	}
	key, err := signingKey(c.PrivateKey, c.Certificate, c.SignatureAlgorithm)
	if err != nil {
		return sp, fail(errInvalidConfig, "requests are to be signed: %w", err)
	}
	sp.Key = key
	return sp, nil
}

// ssoSAML makes a provider of the SAML family.
func (s *Set) ssoSAML(id guestlist.ConnectorID, c ssoSAMLConfig) (*samlProvider, error) {
	sp, err := s.ssoService(id, c)
	if err != nil {
		return nil, err
	}
	return &samlProvider{set: s, sp: sp, idp: s.ssoDescription(c), claims: c.claims()}, nil
}

// ssoDescription returns how the description of a provider is had: fetched, or
// read from the config each time it is needed.
func (s *Set) ssoDescription(c ssoSAMLConfig) func(context.Context, bool) (saml.IdentityProvider, bool, error) {
	if c.MetadataURL != "" {
		return func(ctx context.Context, newer bool) (saml.IdentityProvider, bool, error) {
			idp, err := s.fetchMetadata(ctx, c.MetadataURL, newer)
			return idp, err == nil, err
		}
	}
	return func(_ context.Context, newer bool) (saml.IdentityProvider, bool, error) {
		idp, err := c.provider()
		if err != nil {
			err = fail(errInvalidConfig, "%w", err)
		}
		return idp, !newer, err
	}
}

// fetchMetadata reads the metadata at a URL, at most as often as its provider's
// answers allow.
func (s *Set) fetchMetadata(ctx context.Context, address string, newer bool) (saml.IdentityProvider, error) {
	key := address + "#saml" // the same address may have been given for another kind of document
	value, err := s.documents.get(ctx, key, s.now(), newer, func(ctx context.Context) (any, http.Header, error) {
		body, header, err := s.getXML(ctx, address)
		if err != nil {
			return nil, nil, err
		}
		idp, err := saml.ParseMetadata(body)
		if err == nil && !idp.ValidUntil.IsZero() && s.now().After(idp.ValidUntil) {
			err = fmt.Errorf("they were valid until %s", idp.ValidUntil)
		}
		if err != nil {
			return nil, nil, fail(errInvalidMetadata, "metadata at %s: %w", hostOf(address), err)
		}
		return idp, header, nil
	})
	if err != nil {
		return saml.IdentityProvider{}, err
	}
	idp, ok := value.(saml.IdentityProvider)
	if !ok {
		return idp, fail(errInvalidMetadata, "%s is no metadata of SAML", hostOf(address))
	}
	return idp, nil
}

// getXML fetches a document of bounded size.
func (s *Set) getXML(ctx context.Context, address string) ([]byte, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, fail(errGeneral, "%s: %w", hostOf(address), err)
	}
	req.Header.Set("Accept", "application/samlmetadata+xml, application/xml, text/xml") // SAML Metadata §4.1.1
	resp, err := s.client().Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, nil, fail(errGeneral, "%s: %w", hostOf(address), err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, nil, fail(errGeneral, "%s: status %d", hostOf(address), resp.StatusCode)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, nil, fail(errGeneral, "%s: %w", hostOf(address), err)
	}
	return body, resp.Header, nil
}

// describeSAML is DescribeSSO of the SAML family. What the provider has to know
// of us is there from the start.
func (s *Set) describeSAML(ctx context.Context, c guestlist.SSOConnector) (map[string]any, error) {
	said := map[string]any{
		"defaultAttributeMapping": ssoClaims,
		"serviceProvider": map[string]any{
			"entityId": s.ssoEntityID(c.ID), "assertionConsumerServiceUrl": s.ssoACS(c.ID),
		},
	}
	config, err := readSSO[ssoSAMLConfig](c)
	if err != nil {
		return said, nil //nolint:nilerr // not set up yet
	}
	idp, _, err := s.ssoDescription(config)(ctx, false)
	if err != nil {
		if config.MetadataURL != "" {
			return nil, notFetched(errInvalidMetadata, err, map[string]any{"metadataUrl": config.MetadataURL})
		}
		return nil, err
	}
	cert, valid := shownCertificate(idp, s.now())
	said["identityProvider"] = map[string]any{
		"entityId": idp.EntityID, "signInEndpoint": idp.SignInEndpoint, "x509Certificate": saml.PEM(cert),
		"certificateExpiresAt": guestlist.TimeOf(cert.NotAfter), "isCertificateValid": valid,
	}
	return said, nil
}

// shownCertificate returns the certificate that is shown of several: the first
// that is valid, or else the first.
func shownCertificate(idp saml.IdentityProvider, now time.Time) (cert *x509.Certificate, valid bool) {
	for _, c := range idp.Certificates {
		if !now.Before(c.NotBefore) && !now.After(c.NotAfter) {
			return c, true
		}
	}
	return idp.Certificates[0], false
}

// SPMetadata returns what an enterprise provider has to know of us, as XML
// (SAML Metadata §2.4.4). It is public, and there before the connector's config
// is. A connector that speaks no SAML gives entity.not_found.
func (s *Set) SPMetadata(c guestlist.SSOConnector) ([]byte, error) {
	if !isSAML(c.ProviderName) {
		return nil, guestlist.Refuse(guestlist.KindNotFound, "entity.not_found")
	}
	config, err := readSSO[ssoSAMLConfig](c)
	if err != nil {
		config = ssoSAMLConfig{} //nolint:wastedassign // only a part may have been read
	}
	sp, err := s.ssoService(c.ID, config)
	if err != nil {
		return nil, err
	}
	return sp.Metadata()
}
