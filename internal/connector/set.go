package connector

import (
	"net/http"
	"time"

	"guestlist"
)

// Set makes providers of connectors and remembers what they publish: metadata
// and keys. One Set serves the whole process; it is safe for concurrent use,
// and must not be copied after first use.
type Set struct {
	// Client makes every request. Give it one that refuses addresses that are
	// not public. Redirects are not followed, whatever it says.
	Client *http.Client
	// Endpoint is where this server is reached, without a slash at the end.
	Endpoint string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Hosts puts fakes in the place of providers, for tests alone: a host name
	// of a URL, such as "github.com", to the base URL that stands in for it.
	Hosts map[string]string

	documents cache
}

// NewSet returns a Set for a server that is reached at endpoint.
func NewSet(client *http.Client, endpoint string, now func() time.Time) *Set {
	return &Set{Client: client, Endpoint: endpoint, Now: now}
}

// Social returns the provider that a social connector stands for. It makes no
// request. Errors: those of ValidateConfig.
func (s *Set) Social(c guestlist.Connector) (Provider, error) {
	if err := ValidateConfig(c.FactoryID, c.Config); err != nil {
		return nil, err
	}
	p, _ := presetOf(c.FactoryID)
	return p.social(s, c)
}
