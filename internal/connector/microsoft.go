package connector

import (
	"context"
	"net/url"
	"regexp"
	"strings"

	"guestlist"
)

// microsoftCloud is the cloud of everybody who is not in one of a state.
const microsoftCloud = "https://login.microsoftonline.com"

// microsoftGraphs are the addresses of Microsoft Graph by the cloud that signs
// people in.
var microsoftGraphs = map[string]string{
	"login.microsoftonline.us":         "https://graph.microsoft.us",
	"login.partner.microsoftonline.cn": "https://microsoftgraph.chinacloudapi.cn",
	"login.chinacloudapi.cn":           "https://microsoftgraph.chinacloudapi.cn",
}

// The names that stand for many tenants, and the tenant of private accounts.
const (
	tenantOrganizations = "organizations"
	tenantConsumers     = "consumers"
	tenantPrivate       = "9188040d-6c67-4c5b-b112-36a304b66dad"
)

var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

type microsoftConfig struct {
	ClientID      string   `json:"clientId"`
	ClientSecret  string   `json:"clientSecret"`
	CloudInstance string   `json:"cloudInstance"`
	TenantID      string   `json:"tenantId"`
	Prompts       []string `json:"prompts"`
	Scopes        string   `json:"scopes"`
}

func microsoftPreset() preset {
	return preset{
		id: "azuread-universal", target: "azuread", name: sameName("Microsoft"), description: accountAt("Microsoft"),
		form: []guestlist.FormItem{
			clientID(), clientSecret(),
			{Type: guestlist.FormText, Key: "cloudInstance", Label: "Cloud", Placeholder: microsoftCloud, Required: true, DefaultValue: microsoftCloud},
			{Type: guestlist.FormText, Key: "tenantId", Label: "Tenant", Placeholder: "<tenant-id>", Required: true,
				Description: "The id of a tenant, or common, organizations or consumers."},
			{Type: guestlist.FormMultiSelect, Key: "prompts", Label: "Prompts", SelectItems: choices("none", "login", "consent", "select_account")},
			{Type: guestlist.FormText, Key: "scopes", Label: "Scopes", Placeholder: "User.Read"},
		},
		check: func(is *issues, config guestlist.JSONObject) {
			c, err := parse[microsoftConfig](config)
			if err != nil {
				is.decoding(err)
				return
			}
			is.endpoint("cloudInstance", c.CloudInstance, false)
			if strings.ContainsAny(c.TenantID, "/?#% ") {
				is.add("tenantId", "Expected the id or the domain of a tenant, or common, organizations or consumers")
			}
		},
		social: func(s *Set, row guestlist.Connector) (Provider, error) {
			c, err := configOf[microsoftConfig](row)
			if err != nil {
				return nil, err
			}
			return s.microsoft(c), nil
		},
	}
}

func (s *Set) microsoft(c microsoftConfig) Provider {
	cloud := strings.TrimSuffix(first(c.CloudInstance, microsoftCloud), "/")
	params := map[string]string{}
	if len(c.Prompts) > 0 {
		params["prompt"] = strings.Join(c.Prompts, " ")
	}
	graph := "https://graph.microsoft.com"
	if u, err := url.Parse(cloud); err == nil && microsoftGraphs[u.Hostname()] != "" {
		graph = microsoftGraphs[u.Hostname()]
	}
	scopes := scopesOr(c.Scopes, "User.Read")
	for _, needed := range []string{"email", "profile", scopeOpenID} { // without profile the token lacks oid and tid
		if !strings.Contains(" "+strings.Join(scopes, " ")+" ", " "+needed+" ") {
			scopes = append([]string{needed}, scopes...)
		}
	}
	return &flow{set: s, terms: terms{
		endpoints: endpoints{issuer: cloud + "/" + c.TenantID + "/v2.0"}, discover: true,
		clientID: c.ClientID, clientSecret: c.ClientSecret, scopes: scopes, params: params, hint: "login_hint",
		id: &idRules{matches: microsoftIssuer(cloud, c.TenantID)},
		identify: func(ctx context.Context, v *visit) (guestlist.OutsideIdentity, error) {
			return microsoftIdentity(ctx, v, graph+"/v1.0/me")
		},
	}}
}

// microsoftIssuer checks issuers of a cloud where many tenants share one set of
// keys. The issuer in the metadata is a pattern with {tenantid} in it; that of a
// token must be the pattern filled with the token's own tid, which in turn must
// be of the tenants that were asked.
func microsoftIssuer(cloud, asked string) func(issuer, tenant string) bool {
	asked = strings.ToLower(asked)
	return func(issuer, tenant string) bool {
		rest, ok := strings.CutPrefix(issuer, cloud+"/")
		named, ok2 := strings.CutSuffix(rest, "/v2.0")
		if !ok || !ok2 {
			return false
		}
		if tenant == "" {
			return named == tenantMark || guid.MatchString(named)
		}
		if named != tenant || !guid.MatchString(tenant) {
			return false
		}
		switch {
		case asked == tenantConsumers:
			return tenant == tenantPrivate
		case asked == tenantOrganizations:
			return tenant != tenantPrivate
		case guid.MatchString(asked):
			return tenant == asked
		}
		return true // common, or a domain: the metadata were of that tenant
	}
}

// microsoftIdentity asks Microsoft Graph who it is. The address there (mail) is
// what an administrator of any tenant typed, and is verified only if the ID
// token has it too and says that the domain's owner is the tenant (xms_edov).
func microsoftIdentity(ctx context.Context, v *visit, me string) (guestlist.OutsideIdentity, error) {
	user, err := v.ask(ctx, me)
	if err != nil {
		return guestlist.OutsideIdentity{}, err
	}
	who := guestlist.OutsideIdentity{
		Issuer: text(v.claims, "iss"), Subject: text(user, "id"), Email: text(user, "mail"), Name: text(user, "displayName"), Raw: rawOf(user),
	}
	if oid := text(v.claims, "oid"); oid != "" && graphID(oid) != graphID(who.Subject) {
		return guestlist.OutsideIdentity{}, fail(errResponse, "Graph speaks of another person than the ID token")
	}
	who.EmailVerified = truth(v.claims, "xms_edov", true) && strings.EqualFold(text(v.claims, claimEmail), who.Email)
	return who, nil
}

// graphID is the id of an account as Graph writes it: that of a private account
// has 16 digits there, and in tokens it is filled up to a GUID.
func graphID(id string) string {
	return strings.TrimLeft(strings.ReplaceAll(strings.ToLower(id), "-", ""), "0")
}
