package console

import (
	"context"
	"embed"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

//go:embed phrases/*.json
var phraseFiles embed.FS

// Path is where the console is mounted.
const Path = "/console"

// Door serves the console. Wire it by struct literal.
type Door struct {
	Endpoint string       // of the server, without a trailing slash
	HTTP     *http.Client // reaches the server, in process
	Manners  *web.Manners
	Cookies  web.Cookies
	Now      func() time.Time

	// Seal encrypts a text for a purpose, and Open returns what Seal was given
	// or an error.
	Seal func(purpose, plain string) string
	Open func(purpose, sealed string) (string, error)

	// HasAdministrator reports whether there is anybody to sign in as.
	HasAdministrator func(context.Context) (bool, error)

	// Mailbox is where the mail of the development mode is read, "" outside of it.
	Mailbox string

	set   *ui.Set
	paths map[string]bool // of the pages that there are

	mu       sync.Mutex
	provider *oidc.Provider
}

// route is a page, or what a form of one does.
type route struct {
	method, path string
	do           func(*visit) error
}

func get(path string, do func(*visit) error) route  { return route{http.MethodGet, path, do} }
func post(path string, do func(*visit) error) route { return route{http.MethodPost, path, do} }

// routes is everything that an administrator can open or do, area by area. A
// page that stands here and in places appears in the navigation by itself.
func (d *Door) routes() []route {
	return slices.Concat(
		overviewRoutes(),
		userRoutes(),
		userImportRoutes(),
		invitationRoutes(),
		invitationActionRoutes(),
		invitationCodeRoutes(),
		waitlistRoutes(),
		campaignRoutes(),
		invitedRoutes(),
		experienceRoutes(),
		applicationRoutes(),
		resourceRoutes(),
		roleRoutes(),
		connectorRoutes(),
		ssoRoutes(),
		webhookRoutes(),
		logRoutes(),
		settingRoutes(),
		findRoutes(),
		preferenceRoutes(),
	)
}

// Mount reads phrases and templates and adds the routes. It fails only if the
// build is broken.
func (d *Door) Mount(mux *web.Mux) error {
	phrases, err := loadPhrases()
	if err != nil {
		return err
	}
	if d.set, err = ui.NewSet(phrases); err != nil {
		return err
	}
	d.paths = map[string]bool{}
	for _, r := range d.routes() {
		if r.method == http.MethodGet {
			d.paths[r.path] = true
		}
		mux.Page(r.method+" "+r.path, d.signedIn(r.do))
	}
	mux.Page("GET "+ui.AssetPath+"{version}/{file}", d.set.Asset)
	mux.Page("GET "+pathSignIn, d.open(getSignIn))
	mux.Page("GET "+pathCallback, d.open(getCallback))
	mux.Page("POST "+pathSignOut, d.open(postSignOut))
	mux.Page("GET "+pathSignedOut, d.open(getSignedOut))
	return nil
}

// loadPhrases reads the phrases of every area that has a file in English.
func loadPhrases() (*web.Phrases, error) {
	entries, err := phraseFiles.ReadDir("phrases")
	if err != nil {
		return nil, err
	}
	var areas []string
	for _, e := range entries {
		if area, ok := strings.CutSuffix(e.Name(), "."+web.Fallback+".json"); ok {
			areas = append(areas, area)
		}
	}
	return web.LoadFrom(phraseFiles, areas...)
}
