package management

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guestlist"
	"guestlist/client"
)

// TestClientSpeaksOfTheWaysAsTheDoorDoes plays what the console does with
// connectors, profile fields and captchas through the client.
func TestClientSpeaksOfTheWaysAsTheDoorDoes(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		c := &client.Client{Endpoint: f.srv.URL, HTTP: f.srv.Client(), Token: func(context.Context) (string, error) { return f.good, nil }}
		factories, err := c.ConnectorFactories(ctx)
		if err != nil || len(factories) < 20 {
			t.Errorf("%d factories: %v", len(factories), err)
		}
		domains := []string{"acme.example"}
		made, err := c.CreateConnector(ctx, "google-universal", client.ConnectorSettings{
			Config: guestlist.JSONObject(`{"clientId":"a","clientSecret":"b"}`), TrustedEmailDomains: &domains,
		})
		if err != nil || made.Target != "google" || made.FactoryID != "google-universal" {
			t.Fatalf("%+v: %v", made, err)
		}
		on := true
		if made, err = c.UpdateConnector(ctx, made.ID, client.ConnectorSettings{SyncProfile: &on}); err != nil || !made.SyncProfile {
			t.Errorf("%+v: %v", made, err)
		}
		again, err := c.Connector(ctx, made.ID)
		if diff := cmp.Diff(made, again); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if list, err := c.Connectors(ctx); err != nil || len(list) != 1 {
			t.Errorf("%v: %v", list, err)
		}
		if err := c.DeleteConnector(ctx, made.ID); err != nil {
			t.Error(err)
		}
		playFields(ctx, t, c)
		playSSO(ctx, t, c)
		provider, err := c.PutCaptchaProvider(ctx, guestlist.CaptchaConfig{Type: guestlist.CaptchaTurnstile, SiteKey: "a", SecretKey: "b"})
		if read, readErr := c.CaptchaProvider(ctx); err != nil || readErr != nil || read != provider {
			t.Errorf("%#v %v, %#v %v", provider, err, read, readErr)
		}
		if err := c.DeleteCaptchaProvider(ctx); err != nil {
			t.Error(err)
		}
		if exp, err := c.SignInExperience(ctx); err != nil || exp.SignInMode != guestlist.ModeSignInAndRegister {
			t.Errorf("%+v: %v", exp, err)
		}
	})
}

func playFields(ctx context.Context, t *testing.T, c *client.Client) {
	t.Helper()
	for _, name := range []string{"one", "two"} {
		if _, err := c.CreateProfileField(ctx, name, client.ProfileFieldSettings{Type: guestlist.ProfileDate}); err != nil {
			t.Error(err)
		}
	}
	if err := c.OrderProfileFields(ctx, "two", "one"); err != nil {
		t.Error(err)
	}
	changed, err := c.PutProfileField(ctx, "one", client.ProfileFieldSettings{
		Type: guestlist.ProfileSelect, Label: "One", Config: &guestlist.ProfileFieldConfig{Options: []guestlist.ProfileOption{{Value: "x"}}},
	})
	if err != nil || changed.Label != "One" {
		t.Errorf("%+v: %v", changed, err)
	}
	fields, err := c.ProfileFields(ctx)
	if err != nil || len(fields) != 2 || fields[0].Name != "two" {
		t.Errorf("%+v: %v", fields, err)
	}
	if err := c.DeleteProfileField(ctx, "one"); err != nil {
		t.Error(err)
	}
	if err := c.DeleteProfileField(ctx, "one"); guestlist.CodeOf(err) != "entity.not_found" {
		t.Error(err)
	}
}

func playSSO(ctx context.Context, t *testing.T, c *client.Client) {
	t.Helper()
	if kinds, err := c.SSOProviders(ctx); err != nil || len(kinds) == 0 {
		t.Errorf("%v: %v", kinds, err)
	}
	domains := []string{"acme.example"}
	made, err := c.CreateSSOConnector(ctx, "SAML", client.SSOSettings{ConnectorName: "acme", Domains: &domains})
	if err != nil {
		t.Fatal(err)
	}
	changed, err := c.UpdateSSOConnector(ctx, made.ID, client.SSOSettings{Branding: &guestlist.SSOBranding{DisplayName: "Acme"}})
	if err != nil || changed.Branding.DisplayName != "Acme" || changed.ConnectorName != "acme" || changed.ProviderConfig == nil {
		t.Errorf("%+v: %v", changed, err)
	}
	read, err := c.SSOConnector(ctx, made.ID)
	if diff := cmp.Diff(changed, read); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if list, err := c.SSOConnectors(ctx, 1, 10); err != nil || len(list) != 1 {
		t.Errorf("%v: %v", list, err)
	}
	if err := c.DeleteSSOConnector(ctx, made.ID); err != nil {
		t.Error(err)
	}
}
