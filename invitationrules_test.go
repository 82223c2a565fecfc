package guestlist_test

import (
	"errors"
	"testing"

	"guestlist"
)

func email(s string) guestlist.Identifier {
	return guestlist.Identifier{Type: guestlist.IdentifierEmail, Value: s}
}

func proved(addresses ...string) (list []guestlist.Identifier) {
	for _, a := range addresses {
		list = append(list, email(a))
	}
	return list
}

// TestAdmitsAs is the decision table of acceptance.
func TestAdmitsAs(t *testing.T) {
	personal := func(b guestlist.IdentityBinding, change ...func(*guestlist.Invitation)) guestlist.Invitation {
		i := guestlist.Invitation{Kind: guestlist.InvitationPersonal, RecipientEmail: "Grace@Example.com", Seats: 1}
		i.Binding = b
		for _, c := range change {
			c(&i)
		}
		return i
	}
	domains := func(list ...string) func(*guestlist.Invitation) {
		return func(i *guestlist.Invitation) { i.AllowedDomains = list }
	}
	connectors := func(list ...string) func(*guestlist.Invitation) {
		return func(i *guestlist.Invitation) { i.AllowedConnectors = list }
	}
	shared := func(i *guestlist.Invitation) { i.Kind, i.RecipientEmail = guestlist.InvitationShared, "" }
	byPhone := func(i *guestlist.Invitation) { i.RecipientEmail, i.RecipientPhone = "", "4915112345678" }
	strict := func(i *guestlist.Invitation) { i.Strict = true }
	proof, wrong, confirm := guestlist.ErrInvitationNeedsProof, guestlist.ErrWrongIdentity, guestlist.ErrInvitationConfirm
	for name, c := range map[string]struct {
		i    guestlist.Invitation
		a    guestlist.Arrival
		want error
	}{
		"exact: nothing proved":          {personal("exact"), guestlist.Arrival{}, proof},
		"exact: the recipient, any case": {personal("exact"), guestlist.Arrival{Proved: proved("grace@example.com")}, nil},
		"exact: somebody else":           {personal("exact"), guestlist.Arrival{Proved: proved("eve@example.com")}, wrong},
		"exact: a provider's unproved word": {
			personal("exact"), guestlist.Arrival{Connector: "google"}, proof,
		},
		"exact: both, as an account with two addresses": {personal("exact"), guestlist.Arrival{Proved: proved("eve@example.com", "grace@example.com")}, nil},
		"exact: their word does not help":               {personal("exact"), guestlist.Arrival{Proved: proved("eve@example.com"), Confirmed: true}, wrong},
		"exact by phone": {personal("exact", byPhone), guestlist.Arrival{
			Proved: []guestlist.Identifier{{Type: guestlist.IdentifierPhone, Value: "4915112345678"}},
		}, nil},
		"exact by phone: nothing proved":             {personal("exact", byPhone), guestlist.Arrival{}, proof},
		"exact by phone: an address proves nothing":  {personal("exact", byPhone), guestlist.Arrival{Proved: proved("grace@example.com")}, wrong},
		"strict: an old proof":                       {personal("exact", strict), guestlist.Arrival{Proved: proved("grace@example.com")}, proof},
		"strict: somebody else, freshly or not":      {personal("exact", strict), guestlist.Arrival{Proved: proved("eve@example.com")}, wrong},
		"strict: a fresh one":                        {personal("exact", strict), guestlist.Arrival{Proved: proved("grace@example.com"), FreshProof: true}, nil},
		"strict and wrong":                           {personal("exact", strict), guestlist.Arrival{Proved: proved("eve@example.com"), FreshProof: true}, wrong},
		"domain: the recipient's":                    {personal("domain"), guestlist.Arrival{Proved: proved("ada@EXAMPLE.com")}, nil},
		"domain: another":                            {personal("domain"), guestlist.Arrival{Proved: proved("ada@example.org")}, wrong},
		"domain: one that only ends alike":           {personal("domain"), guestlist.Arrival{Proved: proved("ada@notexample.com")}, wrong},
		"domain: a list of them":                     {personal("domain", domains("example.org")), guestlist.Arrival{Proved: proved("ada@example.org")}, nil},
		"domain: a list without the recipient's own": {personal("domain", domains("example.org")), guestlist.Arrival{Proved: proved("grace@example.com")}, wrong},
		"domain: nothing proved":                     {personal("domain"), guestlist.Arrival{Connector: "x"}, proof},
		"connector: by it":                           {personal("connector", connectors("okta")), guestlist.Arrival{Connector: "okta"}, nil},
		"connector: by another":                      {personal("connector", connectors("okta")), guestlist.Arrival{Connector: "google", Proved: proved("grace@example.com")}, wrong},
		"connector: by none":                         {personal("connector", connectors("okta")), guestlist.Arrival{Proved: proved("grace@example.com")}, wrong},
		"connector with a domain":                    {personal("connector", connectors("okta"), domains("example.com")), guestlist.Arrival{Connector: "okta", Proved: proved("ada@example.com")}, nil},
		"connector with a domain, unproved":          {personal("connector", connectors("okta"), domains("example.com")), guestlist.Arrival{Connector: "okta"}, proof},
		"any: the recipient":                         {personal("any_confirmed"), guestlist.Arrival{Proved: proved("grace@example.com")}, nil},
		"any: another, silently":                     {personal("any_confirmed"), guestlist.Arrival{Proved: proved("eve@example.org")}, confirm},
		"any: another, by their word":                {personal("any_confirmed"), guestlist.Arrival{Proved: proved("eve@example.org"), Confirmed: true}, nil},
		"any: by a provider without an address":      {personal("any_confirmed"), guestlist.Arrival{Connector: "github", Confirmed: true}, proof},
		"any: nothing proved":                        {personal("any_confirmed"), guestlist.Arrival{Confirmed: true}, proof},
		"shared: any proved address":                 {personal("exact", shared), guestlist.Arrival{Proved: proved("ada@example.org")}, nil},
		"shared: nothing proved":                     {personal("exact", shared), guestlist.Arrival{}, proof},
		"shared: of its domains":                     {personal("domain", shared, domains("example.com")), guestlist.Arrival{Proved: proved("ada@example.com")}, nil},
		"shared: of others":                          {personal("exact", shared, domains("example.com")), guestlist.Arrival{Proved: proved("ada@example.org")}, wrong},
	} {
		if got := c.i.AdmitsAs(c.a); !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestInvitationRefusal: what is stored is not believed once its time is over.
func TestInvitationRefusal(t *testing.T) {
	const now = guestlist.Time(1000)
	later := now + 1
	i := guestlist.Invitation{Kind: guestlist.InvitationPersonal, Status: guestlist.InvitationPending, Seats: 1, ExpiresAt: later}
	with := func(change func(*guestlist.Invitation)) guestlist.Invitation { c := i; change(&c); return c }
	for name, c := range map[string]struct {
		i      guestlist.Invitation
		want   error
		status guestlist.InvitationStatus
	}{
		"good":      {i, nil, guestlist.InvitationPending},
		"overdue":   {with(func(i *guestlist.Invitation) { i.ExpiresAt = now }), guestlist.ErrInvitationExpired, guestlist.InvitationExpired},
		"not yet":   {with(func(i *guestlist.Invitation) { i.NotBefore = &later }), guestlist.ErrInvitationNotYet, guestlist.InvitationScheduled},
		"revoked":   {with(func(i *guestlist.Invitation) { i.Status = guestlist.InvitationRevoked }), guestlist.ErrInvitationRevoked, guestlist.InvitationRevoked},
		"declined":  {with(func(i *guestlist.Invitation) { i.Status = guestlist.InvitationDeclined }), guestlist.ErrInvitationDeclined, guestlist.InvitationDeclined},
		"accepted":  {with(func(i *guestlist.Invitation) { i.Status = guestlist.InvitationAccepted }), guestlist.ErrInvitationAccepted, guestlist.InvitationAccepted},
		"exhausted": {with(func(i *guestlist.Invitation) { i.Kind, i.Status = "shared", "accepted" }), guestlist.ErrInvitationExhausted, guestlist.InvitationAccepted},
		"full":      {with(func(i *guestlist.Invitation) { i.Taken = 1 }), guestlist.ErrInvitationExhausted, guestlist.InvitationPending},
		"revoked and overdue": {
			with(func(i *guestlist.Invitation) { i.Status, i.ExpiresAt = guestlist.InvitationRevoked, now }),
			guestlist.ErrInvitationRevoked, guestlist.InvitationRevoked,
		},
	} {
		if got := c.i.Refusal(now); !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if got := c.i.StatusAt(now); got != c.status {
			t.Errorf("%s: %s, want %s", name, got, c.status)
		}
	}
}
