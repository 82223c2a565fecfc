package connector

import (
	"testing"

	"guestlist"
)

func enterprise(t *testing.T, s *Set, provider string, config map[string]any, domains ...string) Provider {
	t.Helper()
	valid, err := ValidateSSOConfig(provider, row("", basic(config)).Config)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.SSO(guestlist.SSOConnector{ID: "abc", ProviderName: provider, Config: valid, Domains: domains})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAGuestOfAnEnterpriseComesBackByOpenIDConnect(t *testing.T) {
	u, s := upstream(t)
	for _, provider := range []string{SSOOIDC, SSOOkta} {
		who, err := visitTo(t, enterprise(t, s, provider, map[string]any{"issuer": u.Issuer}), as(u, "grace"))
		if err != nil {
			t.Fatal(err)
		}
		if who.Issuer != u.Issuer || who.Subject != "grace" || who.Email != "grace@example.com" || !who.EmailVerified {
			t.Errorf("%s: %+v", provider, who)
		}
	}
}

// Everybody may have an account at Google, and every organization may host its
// people there: the workspace is that of the connector's domains.
func TestGoogleWorkspaceLetsInItsOwnOrganizationAlone(t *testing.T) {
	w, s, _ := worldOf(t)
	for name, tt := range map[string]struct {
		domains []string
		person  string
		in      bool
	}{
		"of the organization":        {[]string{"acme.example"}, "109", true},
		"of one of several":          {[]string{"b.example", "ACME.example"}, "109", true},
		"of any, without domains":    {nil, "109", true},
		"of another organization":    {[]string{"b.example"}, "109", false},
		"of a domain above":          {[]string{"example"}, "109", false},
		"a private mailbox":          {[]string{"gmail.com"}, "108", false},
		"a private account":          {nil, "108", false},
		"an account with an address": {[]string{"elsewhere.example"}, "110", false},
	} {
		t.Run(name, func(t *testing.T) {
			who, err := visitTo(t, enterprise(t, s, SSOGoogleWorkspace, nil, tt.domains...), as(w.Google, tt.person))
			if !tt.in {
				wantCode(t, err, "connector.authorization_failed")
				return
			}
			if err != nil || who.Subject != tt.person || !who.EmailVerified {
				t.Errorf("%+v, %v", who, err)
			}
		})
	}
}

func TestMicrosoftTenantsDoNotSpeakForEachOther(t *testing.T) {
	const cloud = "https://login.microsoftonline.com/"
	const owned, eve, private = "aaaaaaaa-0000-4000-8000-000000000002", "aaaaaaaa-0000-4000-8000-000000000003", "00000000-0000-0000-66f3-3332eca7ea81"
	w, s, _ := worldOf(t)
	w.Microsoft.People[3].Claims["xms_edov"] = false // so that the ID token has the address
	for name, tt := range map[string]struct {
		tenant, person string
		in, verified   bool
	}{
		"the tenant's own":              {acmeTenant, owned, true, true},
		"another tenant's":              {acmeTenant, eve, false, false},
		"a private account":             {acmeTenant, private, false, false},
		"an organization":               {"organizations", owned, true, true},
		"an organization without proof": {"organizations", eve, true, false},
		"no organization":               {"organizations", private, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			who, err := visitTo(t, enterprise(t, s, SSOAzureADOIDC, map[string]any{"issuer": cloud + tt.tenant + "/v2.0"}), as(w.Microsoft, tt.person))
			if !tt.in {
				wantCode(t, err, "connector.social_invalid_id_token")
				return
			}
			if err != nil || who.Subject != "pairwise-"+tt.person || who.EmailVerified != tt.verified {
				t.Errorf("%+v, %v", who, err)
			}
		})
	}
}

// An address that nobody verified counts within one organization that is
// trusted to know its people, and never where anybody could claim it.
func TestUnverifiedAddressesAreTrustedOneOrganizationAtATime(t *testing.T) {
	w, s, _ := worldOf(t)
	const cloud = "https://login.microsoftonline.com/"
	w.Microsoft.People[0].Claims["xms_edov"] = false
	who, err := visitTo(t, enterprise(t, s, SSOAzureADOIDC, map[string]any{"issuer": cloud + acmeTenant + "/v2.0", "trustUnverifiedEmail": true}),
		as(w.Microsoft, "aaaaaaaa-0000-4000-8000-000000000001"))
	if err != nil || !who.EmailVerified {
		t.Errorf("%+v, %v", who, err)
	}
	for _, tenant := range []string{"common", "organizations", "consumers", "Organizations", "{tenantid}"} {
		_, err := ValidateSSOConfig(SSOAzureADOIDC, row("", basic(map[string]any{"issuer": cloud + tenant + "/v2.0", "trustUnverifiedEmail": true})).Config)
		if guestlist.CodeOf(err) != "connector.invalid_config" {
			t.Errorf("%s: %v", tenant, err)
		}
	}
}
