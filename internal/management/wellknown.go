package management

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) wellKnownRoutes() []route {
	const contentType = "application/json; charset=utf-8"
	experience := func(path string) route {
		return raw(http.MethodGet, path, "How people come in, for pages of your own", contentType, a.publicExperience).anonymous()
	}
	return []route{
		experience("/api/.well-known/sign-in-exp"),
		experience("/api/.well-known/experience"),
		raw(http.MethodGet, "/api/.well-known/phrases", "What pages say, for pages of your own", contentType, a.publicPhrases).anonymous(),
	}
}

// publicExperience is the record without what strangers need not know, and
// with what pages need to draw themselves.
func (a *API) publicExperience(c *call) error {
	query, err := web.Query(c.r)
	if err != nil {
		return err
	}
	members, err := store.Cached(c.ctx(), a.Store, "management.experience", publicMembers)
	if err != nil {
		return err
	}
	if id := guestlist.ApplicationID(query.Get("appId")); id != "" {
		if members, err = a.dressed(c.ctx(), id, members); err != nil {
			return err
		}
	}
	body, err := json.Marshal(members)
	if err != nil {
		return err
	}
	return c.tagged(body)
}

// tagged answers what may be kept as long as it is asked whether it still
// holds.
func (c *call) tagged(body []byte) error {
	c.w.Header().Set("Cache-Control", "public, max-age=0, must-revalidate")
	web.WriteTagged(c.w, c.r, "application/json; charset=utf-8", body)
	return nil
}

// private are the members of the record that only administrators see.
var private = []string{"emailBlocklistPolicy", "forgotPasswordMethods", "oneTimeTokenConfirmation", "hideOneTimeTokens"}

func publicMembers(tx *store.Tx) (map[string]any, error) {
	exp, err := tx.SignInExperience()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(exp)
	if err != nil {
		return nil, err
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(text, &given); err != nil {
		return nil, err
	}
	members := make(map[string]any, len(given))
	for name, value := range given {
		if !slices.Contains(private, name) {
			members[name] = value
		}
	}
	forgot := map[string]bool{}
	for name, channel := range map[string]guestlist.Channel{"email": guestlist.ChannelEmail, "phone": guestlist.ChannelSMS} {
		connected, err := tx.CanSend(channel)
		if err != nil {
			return nil, err
		}
		method := map[string]string{"email": "EmailVerificationCode", "phone": "PhoneVerificationCode"}[name]
		forgot[name] = connected && (exp.ForgotPasswordMethods == nil || slices.Contains(*exp.ForgotPasswordMethods, method))
	}
	members["forgotPassword"] = forgot
	members["isDevelopmentTenant"] = false
	return members, publicWays(tx, exp, members)
}

// publicSocial is a social connector as pages show it.
type publicSocial struct {
	ID         guestlist.ConnectorID  `json:"id"`
	Target     string                 `json:"target"`
	Platform   *string                `json:"platform"`
	Name       guestlist.Translations `json:"name"`
	Logo       string                 `json:"logo"`
	LogoDark   *string                `json:"logoDark"`
	IsStandard bool                   `json:"isStandard,omitempty"`
}

// publicWays adds what pages need to know of the other ways in: which providers
// are offered, what new people are asked, and which captcha is shown.
func publicWays(tx *store.Tx, exp guestlist.SignInExperience, members map[string]any) error {
	social, err := offeredSocial(tx, exp.SocialSignInConnectorTargets)
	if err != nil {
		return err
	}
	members["socialConnectors"] = social
	enterprise := []publicSSO{}
	if exp.SingleSignOnEnabled {
		if enterprise, err = offeredSSO(tx); err != nil {
			return err
		}
	}
	members["ssoConnectors"] = enterprise
	fields, err := tx.ProfileFields()
	if err != nil {
		return err
	}
	members["customProfileFields"] = fields.Asked(exp.SignUpProfileFields)
	members["customProfileFieldCatalog"] = fields
	if !isTrue(exp.CaptchaPolicy.Enabled) {
		return nil
	}
	captcha, err := tx.CaptchaProvider()
	if found, err := has(err); !found {
		return err
	}
	members["captchaConfig"] = captcha.Config.Public()
	return nil
}

// offeredSocial lists the connectors of targets in the order of the targets.
// One that is not set up to its end leads nowhere, and is left out.
func offeredSocial(tx *store.Tx, targets []string) ([]publicSocial, error) {
	offered := []publicSocial{}
	views, err := viewConnectors(tx)
	for _, target := range targets {
		for _, v := range views {
			if v.Type != guestlist.ConnectorSocial || v.Target != target || connector.ValidateConfig(v.FactoryID, v.Config) != nil {
				continue
			}
			offered = append(offered, publicSocial{
				ID: v.ID, Target: v.Target, Platform: v.Platform, Name: v.Name, Logo: v.Logo, LogoDark: v.LogoDark, IsStandard: v.IsStandard,
			})
		}
	}
	return offered, err
}

// dressed puts an application's own branding over that of the tenant. The
// members given are shared and stay as they are.
func (a *API) dressed(ctx context.Context, id guestlist.ApplicationID, members map[string]any) (map[string]any, error) {
	var own map[string]json.RawMessage
	err := a.Store.View(ctx, func(tx *store.Tx) error {
		text, err := tx.ApplicationExperience(id)
		if found, err := has(err); !found {
			return err
		}
		return json.Unmarshal(text, &own)
	})
	out := make(map[string]any, len(members))
	for name, value := range members {
		out[name] = value
		if name != "tenantId" && len(own[name]) > 0 && string(own[name]) != "null" && string(own[name]) != "{}" {
			out[name] = own[name]
		}
	}
	if color, ok := own["color"]; ok {
		base, _ := members["color"].(json.RawMessage)
		merged, mergeErr := guestlist.MergeObjects(base, color)
		if mergeErr != nil {
			return nil, mergeErr
		}
		out["color"] = merged
	}
	return out, err
}

// wording is what pages say in one language, ready to be sent.
type wording struct {
	language string
	body     []byte
}

func (a *API) publicPhrases(c *call) error {
	query, err := web.Query(c.r)
	if err != nil {
		return err
	}
	custom, err := store.Cached(c.ctx(), a.Store, "management.phrases", loadWording)
	if err != nil {
		return err
	}
	lang := a.Phrases.Match(query.Get("lng"), c.r.Header.Get("Accept-Language"), custom.info.AutoDetect,
		custom.info.FallbackLanguage, custom.tags...)
	words, err := store.Cached(c.ctx(), a.Store, "management.phrases."+lang, func(*store.Tx) (wording, error) {
		phrases := a.Phrases
		if tree, ok := custom.trees[lang]; ok {
			phrases = phrases.With(lang, tree)
		}
		body, err := json.Marshal(phrases.Nested(lang))
		return wording{language: lang, body: body}, err
	})
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Language", words.language)
	c.w.Header().Add("Vary", "Accept-Language")
	return c.tagged(words.body)
}

// customWording is the tenant's own wording by language, with the rules that
// choose one.
type customWording struct {
	info  guestlist.LanguageInfo
	tags  []string
	trees map[string]map[string]any
}

func loadWording(tx *store.Tx) (customWording, error) {
	exp, err := tx.SignInExperience()
	if err != nil {
		return customWording{}, err
	}
	all, err := tx.CustomPhrases()
	if err != nil {
		return customWording{}, err
	}
	w := customWording{info: exp.LanguageInfo, trees: map[string]map[string]any{}}
	for _, p := range all {
		var tree map[string]any
		if err := json.Unmarshal(p.Translation, &tree); err != nil {
			return customWording{}, err
		}
		w.tags, w.trees[p.LanguageTag] = append(w.tags, p.LanguageTag), tree
	}
	return w, nil
}
