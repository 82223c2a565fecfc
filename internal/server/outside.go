package server

import (
	"guestlist"
	"guestlist/internal/connector"
	"guestlist/internal/signin"
)

// outside lets the desk ask outside identity providers, by the client that
// refuses addresses which are not public.
func (p *parts) outside(s *Server) {
	set := connector.NewSet(p.guarded, s.o.Endpoint, s.store.Clock())
	p.desk.OpenSocial = set.Social
	p.desk.SocialKind = socialKind
}

// socialKind tells the desk of a factory.
func socialKind(id string) (signin.SocialKind, bool) {
	f, ok := connector.Factory(id)
	return signin.SocialKind{
		ConnectorTraits:     f.ConnectorTraits,
		TrustedEmailDomains: connector.VouchedDomains(guestlist.Connector{FactoryID: id}),
	}, ok
}
