package client

import (
	"context"
	"net/http"

	"guestlist"
)

// SignInExperience returns how people come in.
func (c *Client) SignInExperience(ctx context.Context) (guestlist.SignInExperience, error) {
	var exp guestlist.SignInExperience
	err := c.Do(ctx, http.MethodGet, "/sign-in-exp", nil, &exp)
	return exp, err
}

// SetSignInExperience changes the sign-in experience; only the members that
// are given change.
func (c *Client) SetSignInExperience(ctx context.Context, change map[string]any) error {
	return c.Do(ctx, http.MethodPatch, "/sign-in-exp", change, nil)
}

// ProfileFields lists what new people may be asked, in the order of pages.
func (c *Client) ProfileFields(ctx context.Context) (guestlist.ProfileFields, error) {
	var fields guestlist.ProfileFields
	err := c.Do(ctx, http.MethodGet, "/custom-profile-fields", nil, &fields)
	return fields, err
}

// ProfileFieldSettings are what a custom profile field is created and replaced
// with.
type ProfileFieldSettings struct {
	Type        guestlist.ProfileFieldType    `json:"type"`
	Label       string                        `json:"label,omitempty"`
	Description string                        `json:"description,omitempty"`
	Required    bool                          `json:"required"`
	Config      *guestlist.ProfileFieldConfig `json:"config,omitempty"`
}

// CreateProfileField creates a custom profile field.
func (c *Client) CreateProfileField(ctx context.Context, name string, s ProfileFieldSettings) (guestlist.ProfileField, error) {
	var created guestlist.ProfileField
	err := c.Do(ctx, http.MethodPost, "/custom-profile-fields", struct {
		Name string `json:"name"`
		ProfileFieldSettings
	}{name, s}, &created)
	return created, err
}

// PutProfileField replaces a custom profile field.
func (c *Client) PutProfileField(ctx context.Context, name string, s ProfileFieldSettings) (guestlist.ProfileField, error) {
	var changed guestlist.ProfileField
	err := c.Do(ctx, http.MethodPut, "/custom-profile-fields/"+escape(name), s, &changed)
	return changed, err
}

// DeleteProfileField deletes a custom profile field. What people answered stays
// with them.
func (c *Client) DeleteProfileField(ctx context.Context, name string) error {
	return c.Do(ctx, http.MethodDelete, "/custom-profile-fields/"+escape(name), nil, nil)
}

// OrderProfileFields puts custom profile fields in an order, the first first.
func (c *Client) OrderProfileFields(ctx context.Context, names ...string) error {
	type place struct {
		Name     string `json:"name"`
		SIEOrder int    `json:"sieOrder"`
	}
	order := make([]place, len(names))
	for i, name := range names {
		order[i] = place{name, i + 1}
	}
	return c.Do(ctx, http.MethodPost, "/custom-profile-fields/properties/sie-order", map[string]any{"order": order}, nil)
}

// CaptchaProvider returns the captcha provider with its secret;
// entity.not_found if none is set up.
func (c *Client) CaptchaProvider(ctx context.Context) (guestlist.CaptchaProvider, error) {
	var provider guestlist.CaptchaProvider
	err := c.Do(ctx, http.MethodGet, "/captcha-provider", nil, &provider)
	return provider, err
}

// PutCaptchaProvider sets the captcha provider up.
func (c *Client) PutCaptchaProvider(ctx context.Context, config guestlist.CaptchaConfig) (guestlist.CaptchaProvider, error) {
	var provider guestlist.CaptchaProvider
	err := c.Do(ctx, http.MethodPut, "/captcha-provider", map[string]any{"config": config}, &provider)
	return provider, err
}

// DeleteCaptchaProvider removes the captcha provider; no captcha is asked any
// more.
func (c *Client) DeleteCaptchaProvider(ctx context.Context) error {
	return c.Do(ctx, http.MethodDelete, "/captcha-provider", nil, nil)
}
