package signin

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/store"
)

// SocialKind is what the desk has to know of a factory of social connectors.
type SocialKind struct {
	guestlist.ConnectorTraits
	// TrustedEmailDomains is for addresses of which domains the provider's word
	// is taken where the connector's row says nothing.
	TrustedEmailDomains []string
}

// directory is every outside provider that is set up, as the cache holds it.
// Its values are shared and must not be changed.
type directory struct {
	social  map[guestlist.ConnectorID]socialEntry
	sso     map[guestlist.ConnectorID]guestlist.SSOConnector
	senders map[guestlist.ConnectorID]bool     // connectors of another type
	order   []guestlist.ConnectorID            // available social ones, the oldest first
	ssoList []guestlist.ConnectorID            // available enterprise ones, the oldest first
	domains map[string][]guestlist.ConnectorID // available enterprise ones, by folded domain
}

type socialEntry struct {
	guestlist.Connector
	kind SocialKind
}

func (e socialEntry) target() string { return e.kind.Target }

// trusts lists the domains that the connector may vouch for.
func (e socialEntry) trusts() []string {
	if e.TrustedEmailDomains != nil {
		return *e.TrustedEmailDomains
	}
	return e.kind.TrustedEmailDomains
}

// maxProviders bounds how many connectors of each way are looked at.
const maxProviders = 1000

// directory reads what is set up. Rows are cached, like all configuration: a
// change is seen here at once where it was made, and within a second elsewhere.
func (d *Desk) directory(ctx context.Context) (*directory, error) {
	return store.Cached(ctx, d.Store, "signin/directory", func(tx *store.Tx) (*directory, error) {
		dir := &directory{
			social: map[guestlist.ConnectorID]socialEntry{}, sso: map[guestlist.ConnectorID]guestlist.SSOConnector{},
			senders: map[guestlist.ConnectorID]bool{}, domains: map[string][]guestlist.ConnectorID{},
		}
		list, err := tx.Connectors(store.Page{Limit: maxProviders})
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			d.enterSocial(dir, c)
		}
		enterprise, _, err := tx.SSOConnectors(store.Page{Limit: maxProviders})
		if err != nil {
			return nil, err
		}
		for _, c := range enterprise {
			d.enterSSO(dir, c)
		}
		return dir, nil
	})
}

func (d *Desk) enterSocial(dir *directory, c guestlist.Connector) {
	if d.SocialKind != nil {
		if kind, ok := d.SocialKind(c.FactoryID); ok {
			kind.ConnectorTraits = c.View(guestlist.ConnectorFactory{ConnectorTraits: kind.ConnectorTraits}).ConnectorTraits
			dir.social[c.ID] = socialEntry{c, kind}
			if d.leadsSomewhere(c) {
				dir.order = append(dir.order, c.ID)
			}
			return
		}
	}
	dir.senders[c.ID] = true
}

// leadsSomewhere reports whether a social connector is set up to its end. One
// that is not has no button, as the public settings list none for it.
func (d *Desk) leadsSomewhere(c guestlist.Connector) bool {
	if d.OpenSocial == nil {
		return false
	}
	_, err := d.OpenSocial(c)
	return err == nil
}

// enterSSO notes an enterprise connector. It is available when its config is
// complete; for addresses, when it has domains.
func (d *Desk) enterSSO(dir *directory, c guestlist.SSOConnector) {
	dir.sso[c.ID] = c
	if d.OpenSSO == nil {
		return
	}
	if _, err := d.OpenSSO(c); err != nil {
		return
	}
	dir.ssoList = append(dir.ssoList, c.ID)
	for _, domain := range c.Domains {
		key := domainKey(domain)
		if !slices.Contains(dir.domains[key], c.ID) {
			dir.domains[key] = append(dir.domains[key], c.ID)
		}
	}
}

// find refuses an id that no connector of the way has.
func (dir *directory) find(way guestlist.Way, id guestlist.ConnectorID) error {
	if way == guestlist.WaySSO {
		if _, ok := dir.sso[id]; !ok {
			args := map[string]any{"name": "sso_connectors", "id": id}
			return guestlist.Refuse(guestlist.KindNotFound, "entity.not_exists_with_id").WithArgs(args)
		}
		return nil
	}
	if dir.senders[id] {
		return guestlist.Refuse(guestlist.KindInvalid, "connector.unexpected_type")
	}
	if _, ok := dir.social[id]; !ok {
		return store.ErrNotFound
	}
	return nil
}

// mayUse refuses a connector that does not exist, or that the settings in
// force do not offer: a social one whose target is not listed, an enterprise
// one while single sign-on is off.
func (dir *directory) mayUse(exp guestlist.SignInExperience, way guestlist.Way, id guestlist.ConnectorID) error {
	if err := dir.find(way, id); err != nil {
		return err
	}
	offered := exp.SingleSignOnEnabled
	if way == guestlist.WaySocial {
		offered = slices.Contains(exp.SocialSignInConnectorTargets, dir.social[id].target())
	}
	if !offered {
		return errMethodNotEnabled
	}
	return nil
}

// open makes a connector ready to be asked.
func (d *Desk) open(dir *directory, way guestlist.Way, id guestlist.ConnectorID) (connector.Provider, error) {
	if err := dir.find(way, id); err != nil {
		return nil, err
	}
	switch {
	case way == guestlist.WaySSO && d.OpenSSO != nil:
		return d.OpenSSO(dir.sso[id])
	case way == guestlist.WaySocial && d.OpenSocial != nil:
		return d.OpenSocial(dir.social[id].Connector)
	}
	return nil, store.ErrNotFound
}

// syncs reports whether a connector keeps name and avatar up to date.
func (dir *directory) syncs(way guestlist.Way, id guestlist.ConnectorID) bool {
	if way == guestlist.WaySSO {
		return dir.sso[id].SyncProfile
	}
	return dir.social[id].SyncProfile
}

// voucher says what the word of a provider is worth for an identity.
type voucher struct {
	email, phone string // what counts as proved; empty for what does not
	why          error  // why the address does not, for the audit log
}

// vouch weighs what a provider says of addresses: it has to assert that its
// holder reads them, and the connector has to be believed for their domain. A
// phone has no domain, so only whoever is believed for all vouches for it.
func (dir *directory) vouch(way guestlist.Way, o Outside) voucher {
	var v voucher
	if dir == nil || o.Identity == nil {
		return v
	}
	id, asserted, domains := o.Identity, o.Identity.EmailVerified, []string(nil)
	if way == guestlist.WaySSO {
		c := dir.sso[o.ConnectorID]
		domains, asserted = c.Domains, asserted || trustsUnverified(c)
	} else if c, ok := dir.social[o.ConnectorID]; ok {
		domains = c.trusts()
		if id.PhoneVerified && slices.Contains(domains, guestlist.AnyDomain) {
			v.phone = id.Phone
		}
	}
	switch {
	case id.Email == "":
		v.why = errors.New("the provider tells no e-mail address")
	case !asserted:
		v.why = errors.New("the provider does not assert that the e-mail address was verified")
	case !guestlist.MayVouch(domains, id.Email) && !guestlist.MayVouch(domains, "@"+domainOf(id.Email)):
		v.why = errors.New("the connector may not vouch for e-mail addresses of " + domainOf(id.Email))
	default:
		v.email = id.Email
	}
	return v
}

// trustsUnverified reads the setting of enterprise connectors that lets any
// address within their domains count as asserted.
func trustsUnverified(c guestlist.SSOConnector) bool {
	var config struct {
		Trust bool `json:"trustUnverifiedEmail"`
	}
	return json.Unmarshal(c.Config, &config) == nil && config.Trust
}

// domainOf returns the domain of an address in its one form, or "".
func domainOf(email string) string {
	return domainKey(email[strings.LastIndexByte(email, '@')+1:])
}

// domainKey is the one form of a domain, so that an organization is found
// whichever way its name is written; what is no domain is folded.
func domainKey(domain string) string {
	key := guestlist.EmailKey(domain)
	if ascii, ok := ASCIIDomain(key); ok {
		return ascii
	}
	return key
}

// ssoOnly refuses an address whose domain signs in by an enterprise provider.
func (r *run) ssoOnly(email string) error {
	if email == "" || r.dir == nil || !r.exp.SingleSignOnEnabled {
		return nil
	}
	ids := r.dir.domains[domainOf(email)]
	if len(ids) == 0 {
		return nil
	}
	list := make([]map[string]any, len(ids))
	for n, id := range ids {
		list[n] = r.d.ssoFace(r.dir.sso[id]).wire()
	}
	return guestlist.Refuse(guestlist.KindUnprocessable, "session.sso_enabled").With(map[string]any{"ssoConnectors": list})
}

// ssoOnlyBut is ssoOnly for the address of a new account, which its employer's
// own identity may have.
func (r *run) ssoOnlyBut(p Profile) error {
	if p.SSO != nil && r.dir != nil && slices.Contains(r.dir.domains[domainOf(p.Email)], p.SSO.ConnectorID) {
		return nil
	}
	return r.ssoOnly(p.Email)
}
