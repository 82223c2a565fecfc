package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

func ssoConnector(name string, domains ...string) guestlist.SSOConnector {
	if domains == nil {
		domains = []string{}
	}
	return guestlist.SSOConnector{
		TenantID: guestlist.TenantID, ID: guestlist.ConnectorID(crypt.ShortID()), ProviderName: "OIDC", ConnectorName: name,
		Config: json.RawMessage(`{"clientSecret":"s3cret-of-a-company"}`), Domains: domains,
		Branding: guestlist.SSOBranding{DisplayName: "Acme"}, SyncProfile: true, EnableTokenStorage: true, CreatedAt: 7,
	}
}

func TestEnterpriseConnectorsComeBackAsTheyWere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		c, other := ssoConnector("acme", "z.example", "a.example"), ssoConnector("other")
		other.CreatedAt = 8
		update(t, st, func(tx *store.Tx) error {
			return errors.Join(tx.InsertSSOConnector(other), tx.InsertSSOConnector(c))
		})
		update(t, st, func(tx *store.Tx) error {
			list, total, err := tx.SSOConnectors(store.Page{Limit: 1})
			if diff := cmp.Diff([]guestlist.SSOConnector{c}, list); diff != "" || total != 2 {
				t.Errorf("%d connectors (-want +got):\n%s", total, diff)
			}
			return err
		})
		c.ConnectorName, c.SyncProfile, c.Config = "renamed", false, json.RawMessage(`{"a":1}`)
		update(t, st, func(tx *store.Tx) error { return tx.UpdateSSOConnector(c) })
		update(t, st, func(tx *store.Tx) error {
			got, err := tx.SSOConnector(c.ID)
			if diff := cmp.Diff(c, got); diff != "" {
				t.Errorf("connector (-want +got):\n%s", diff)
			}
			return err
		})
		update(t, st, func(tx *store.Tx) error { return tx.DeleteSSOConnector(c.ID) })
		for name, fn := range map[string]func(tx *store.Tx) error{
			"read":   func(tx *store.Tx) error { _, err := tx.SSOConnector(c.ID); return err },
			"update": func(tx *store.Tx) error { return tx.UpdateSSOConnector(c) },
			"delete": func(tx *store.Tx) error { return tx.DeleteSSOConnector(c.ID) },
		} {
			if err := st.Update(t.Context(), fn); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s of a deleted connector: %v", name, err)
			}
		}
	})
}

func TestNameOfAnEnterpriseConnectorIsTakenOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(tx *store.Tx) error {
			return errors.Join(tx.InsertSSOConnector(ssoConnector("acme")), tx.InsertSSOConnector(ssoConnector("ACME")))
		})
		err := st.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertSSOConnector(ssoConnector("acme")) })
		if guestlist.CodeOf(err) != "single_sign_on.duplicate_connector_name" {
			t.Error(err)
		}
	})
}

func TestEnterpriseConnectorsAreFoundByWholeDomain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		first, second := ssoConnector("first", "acme.example", "both.example"), ssoConnector("second", "both.example")
		second.CreatedAt = 8
		update(t, st, func(tx *store.Tx) error {
			return errors.Join(tx.InsertSSOConnector(second), tx.InsertSSOConnector(first))
		})
		found := func(domain string) string {
			t.Helper()
			var names []string
			view(t, st, func(tx *store.Tx) error {
				list, err := tx.SSOConnectorsOfDomain(domain)
				for _, c := range list {
					names = append(names, c.ConnectorName)
				}
				return err
			})
			return strings.Join(names, " ")
		}
		for domain, want := range map[string]string{
			"acme.example": "first", "ACME.Example": "first", "both.example": "first second",
			"sub.acme.example": "", "example": "", "": "", "%": "",
		} {
			if got := found(domain); got != want {
				t.Errorf("%q leads to %q, want %q", domain, got, want)
			}
		}
		first.Domains = []string{"new.example"}
		update(t, st, func(tx *store.Tx) error { return tx.UpdateSSOConnector(first) })
		update(t, st, func(tx *store.Tx) error { return tx.DeleteSSOConnector(second.ID) })
		if got := found("acme.example") + found("both.example") + found("new.example"); got != "first" {
			t.Errorf("after the change: %q", got)
		}
	})
}

func TestTrustedDomainsMayBeUnsaidOrNone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		for i, trusted := range []*[]string{nil, {}, {"*"}, {"a.example", "b.example"}} {
			c := guestlist.Connector{
				ID: guestlist.ConnectorID(fmt.Sprint("c", i)), FactoryID: "oidc", Config: json.RawMessage(`{}`),
				TrustedEmailDomains: trusted,
			}
			update(t, st, func(tx *store.Tx) error { return tx.InsertConnector(guestlist.ConnectorSocial, c) })
			update(t, st, func(tx *store.Tx) error { return tx.UpdateConnector(c) })
			view(t, st, func(tx *store.Tx) error {
				got, err := tx.Connector(c.ID)
				if diff := cmp.Diff(c, got); diff != "" {
					t.Errorf("connector (-want +got):\n%s", diff)
				}
				return err
			})
		}
	})
}

func TestProfileFieldsComeBackInTheOrderOfPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		least, about := 2, "where you work"
		company := guestlist.ProfileField{
			TenantID: guestlist.TenantID, ID: "f1", Name: "company", Type: guestlist.ProfileText, Label: "Company", Description: &about,
			Required: true, Config: guestlist.ProfileFieldConfig{MinLength: &least}, SIEOrder: 2, CreatedAt: 7,
		}
		size := guestlist.ProfileField{
			TenantID: guestlist.TenantID, ID: "f2", Name: "size", Type: guestlist.ProfileSelect, SIEOrder: 1, CreatedAt: 8,
			Config: guestlist.ProfileFieldConfig{Options: []guestlist.ProfileOption{{Value: "s"}, {Value: "m", Label: "Medium"}}},
		}
		update(t, st, func(tx *store.Tx) error {
			return errors.Join(tx.InsertProfileField(company), tx.InsertProfileField(size))
		})
		check := func(want ...guestlist.ProfileField) {
			t.Helper()
			view(t, st, func(tx *store.Tx) error {
				got, err := tx.ProfileFields()
				if diff := cmp.Diff(guestlist.ProfileFields(want), got); diff != "" {
					t.Errorf("fields (-want +got):\n%s", diff)
				}
				return err
			})
		}
		check(size, company)
		company.SIEOrder, company.Required, company.Description = 0, false, nil
		update(t, st, func(tx *store.Tx) error { return tx.UpdateProfileField(company) })
		check(company, size)
		err := st.Update(t.Context(), func(tx *store.Tx) error {
			again := size
			again.ID = "f3"
			return tx.InsertProfileField(again)
		})
		if guestlist.CodeOf(err) != "custom_profile_fields.name_exists" {
			t.Error(err)
		}
		update(t, st, func(tx *store.Tx) error { return tx.DeleteProfileField("size") })
		check(company)
		for name, fn := range map[string]func(tx *store.Tx) error{
			"read":   func(tx *store.Tx) error { _, err := tx.ProfileField("size"); return err },
			"update": func(tx *store.Tx) error { return tx.UpdateProfileField(size) },
			"delete": func(tx *store.Tx) error { return tx.DeleteProfileField("size") },
		} {
			if err := st.Update(t.Context(), fn); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s of a deleted field: %v", name, err)
			}
		}
	})
}

func TestThereIsOneCaptchaProvider(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		p := guestlist.CaptchaProvider{
			TenantID: guestlist.TenantID, ID: "c1", CreatedAt: 7, UpdatedAt: 7,
			Config: guestlist.CaptchaConfig{Type: guestlist.CaptchaTurnstile, SiteKey: "site", SecretKey: "s3cret-of-captcha"},
		}
		update(t, st, func(tx *store.Tx) error { return tx.PutCaptchaProvider(p) })
		other := p
		other.ID, other.CreatedAt, other.UpdatedAt, other.Config.Type = "c2", 9, 9, guestlist.CaptchaHCaptcha
		update(t, st, func(tx *store.Tx) error { return tx.PutCaptchaProvider(other) })
		view(t, st, func(tx *store.Tx) error {
			other.ID, other.CreatedAt = p.ID, p.CreatedAt
			got, err := tx.CaptchaProvider()
			if got != other {
				t.Errorf("%#v, want %#v", got, other)
			}
			return err
		})
		update(t, st, func(tx *store.Tx) error { return tx.DeleteCaptchaProvider() })
		err := st.Update(t.Context(), func(tx *store.Tx) error { return tx.DeleteCaptchaProvider() })
		if !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
	})
}

// TestSecretsOfTheWaysAreSealed looks into the columns themselves.
func TestSecretsOfTheWaysAreSealed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(tx *store.Tx) error {
			return errors.Join(
				tx.InsertSSOConnector(ssoConnector("acme")),
				tx.InsertConnector(guestlist.ConnectorSocial, guestlist.Connector{ID: "c", FactoryID: "oidc", Config: json.RawMessage(`{"clientSecret":"s3cret"}`)}),
				tx.PutCaptchaProvider(guestlist.CaptchaProvider{ID: "c", Config: guestlist.CaptchaConfig{SecretKey: "s3cret"}}),
			)
		})
		for _, table := range []string{"sso_connectors", "connectors", "captcha_providers"} {
			view(t, st, func(tx *store.Tx) error {
				texts, err := tx.TextsOf(table, "config")
				if len(texts) != 1 || strings.Contains(strings.Join(texts, ""), "ecret") {
					t.Errorf("%s has %q", table, texts)
				}
				return err
			})
		}
	})
}

func TestEnterpriseConnectorsAreFoundWithoutReadingAll(t *testing.T) {
	const connectors = 100_000
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		update(t, st, func(tx *store.Tx) error { return tx.FillSSOConnectors(connectors) })
		view(t, st, func(tx *store.Tx) error {
			domain, err := tx.PlanOfDomain("d500.example")
			if err != nil {
				return err
			}
			rows, err := tx.PlanOfSSOConnectors()
			for _, through := range []string{"SCAN sso_connectors\n", "SCAN sso_identities", "SCAN sso_connector_domains", "Seq Scan"} {
				if strings.Contains(domain+"\n"+rows+"\n", through) {
					t.Errorf("the plan reads all rows:\n%s\n%s", domain, rows)
				}
			}
			return err
		})
	})
}
