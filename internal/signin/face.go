package signin

import (
	"context"

	"guestlist"
	"guestlist/internal/store"
)

// ConnectorFace is how an outside identity provider shows itself to guests:
// what a button needs, and nothing of how it is asked.
type ConnectorFace struct {
	Way      guestlist.Way
	ID       guestlist.ConnectorID
	Target   string // social ones only, e.g. "github"
	Name     guestlist.Translations
	Logo     string // URL or data URI, or empty
	LogoDark string
	Platform *string // "Native", "Universal", "Web"; nil for enterprise ones
}

// SocialFaces lists the social connectors that the settings offer, in the
// order of socialSignInConnectorTargets; of one target the oldest first.
func (d *Desk) SocialFaces(ctx context.Context) ([]ConnectorFace, error) {
	dir, exp, err := d.offers(ctx)
	if err != nil {
		return nil, err
	}
	return dir.faces(exp), nil
}

// faces lists the social connectors that settings offer.
func (dir *directory) faces(exp guestlist.SignInExperience) []ConnectorFace {
	faces := []ConnectorFace{}
	for _, target := range exp.SocialSignInConnectorTargets {
		for _, id := range dir.order {
			if c := dir.social[id]; c.target() == target {
				faces = append(faces, socialFace(c))
			}
		}
	}
	return faces
}

// SSOFaces lists the available enterprise connectors that addresses like this
// one come in by; without an address, all. While single sign-on is off there
// are none.
func (d *Desk) SSOFaces(ctx context.Context, email string) ([]ConnectorFace, error) {
	dir, exp, err := d.offers(ctx)
	if err != nil {
		return nil, err
	}
	faces := []ConnectorFace{}
	if !exp.SingleSignOnEnabled {
		return faces, nil
	}
	ids := dir.ssoList
	if email != "" {
		ids = dir.domains[domainOf(email)]
	}
	for _, id := range ids {
		faces = append(faces, d.ssoFace(dir.sso[id]))
	}
	return faces, nil
}

// Face returns a connector that guests may use, of either way;
// entity.not_found if there is none of that id, or the settings do not offer
// it.
func (d *Desk) Face(ctx context.Context, id guestlist.ConnectorID) (ConnectorFace, error) {
	dir, exp, err := d.offers(ctx)
	if err != nil {
		return ConnectorFace{}, err
	}
	if dir.mayUse(exp, guestlist.WaySocial, id) == nil {
		return socialFace(dir.social[id]), nil
	}
	if dir.mayUse(exp, guestlist.WaySSO, id) == nil {
		return d.ssoFace(dir.sso[id]), nil
	}
	return ConnectorFace{}, store.ErrNotFound
}

func (d *Desk) offers(ctx context.Context) (*directory, guestlist.SignInExperience, error) {
	exp, err := d.Experience(ctx)
	if err != nil {
		return nil, exp, err
	}
	dir, err := d.directory(ctx)
	return dir, exp, err
}

func socialFace(c socialEntry) ConnectorFace {
	f := ConnectorFace{
		Way: guestlist.WaySocial, ID: c.ID, Target: c.target(), Name: c.kind.Name, Logo: c.kind.Logo, Platform: c.kind.Platform,
	}
	if c.kind.LogoDark != nil {
		f.LogoDark = *c.kind.LogoDark
	}
	return f
}

// ssoFace shows the connector's own branding, or else that of its provider.
func (d *Desk) ssoFace(c guestlist.SSOConnector) ConnectorFace {
	f := ConnectorFace{
		Way: guestlist.WaySSO, ID: c.ID, Name: guestlist.Translations{"en": c.ConnectorName},
		Logo: c.Branding.Logo, LogoDark: c.Branding.DarkLogo,
	}
	if c.Branding.DisplayName != "" {
		f.Name = guestlist.Translations{"en": c.Branding.DisplayName}
	}
	if f.Logo == "" && d.SSOKind != nil {
		if kind, ok := d.SSOKind(c.ProviderName); ok {
			f.Logo, f.LogoDark = kind.Logo, withDefault(f.LogoDark, kind.LogoDark)
		}
	}
	return f
}

// wire is what errors tell of an enterprise connector: never its config.
func (f ConnectorFace) wire() map[string]any {
	m := map[string]any{"id": f.ID, "connectorName": f.Name.In("en"), "logo": f.Logo}
	if f.LogoDark != "" {
		m["darkLogo"] = f.LogoDark
	}
	return m
}

// FacesFor lists the providers by which whoever has an address may prove that
// it is theirs: those of its organization, which then are the only ones, or the
// social ones that may vouch for it.
func (d *Desk) FacesFor(ctx context.Context, email string) (faces []ConnectorFace, enterprise bool, err error) {
	if faces, err = d.SSOFaces(ctx, email); err != nil || len(faces) > 0 {
		return faces, len(faces) > 0, err
	}
	all, err := d.SocialFaces(ctx)
	if err != nil {
		return nil, false, err
	}
	dir, err := d.directory(ctx)
	if err != nil {
		return nil, false, err
	}
	for _, f := range all {
		if guestlist.MayVouch(dir.social[f.ID].trusts(), email) {
			faces = append(faces, f)
		}
	}
	return faces, false, nil
}
