package management

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"guestlist"
	"guestlist/internal/store"
)

// version reads the thing that a route's path names, as far as it counts for
// whether somebody else changed it. Two readings of the same are equal.
type version func(*call, *store.Tx) (any, error)

var errStale = guestlist.Refuse(guestlist.KindStale, "request.stale")

// of gives a route the version of the thing that its path names. GET answers
// with its ETag, and what writes heeds If-Match (RFC 9110 §13.1.1) in the very
// transaction that writes: no two writers of one thing overlap, and the second
// of two who read the same is refused with 412 request.stale if it said what
// it had read. Whoever says nothing overwrites, as on the wire.
func (rt route) of(v version) route {
	rt.version = v
	return rt
}

// watchVersion makes the transactions of a call heed the version. In a read
// the tag is found before the thing itself: where somebody writes between the
// two the tag is the older one, and a writer is refused once too often rather
// than once too seldom.
func (c *call) watchVersion() {
	if c.route.version == nil {
		return
	}
	first := c.readTag
	if c.r.Method != http.MethodGet {
		first = c.heedTag
	}
	c.r = c.r.WithContext(store.WithFirst(c.r.Context(), first))
}

func (c *call) readTag(tx *store.Tx) error {
	tag, err := c.versionTag(tx)
	c.tag = tag
	return err
}

// heedTag judges in what writes alone: a route may look before it writes, and
// at what it wrote. It writes in one Update.
func (c *call) heedTag(tx *store.Tx) error {
	if !tx.Writes() {
		return nil
	}
	if err := tx.LockName(thingOf(c.r.URL.Path)); err != nil {
		return err
	}
	wanted := strings.Join(c.r.Header.Values("If-Match"), ",")
	if wanted == "" {
		return nil
	}
	tag, err := c.versionTag(tx)
	if err != nil || tag == "" {
		return err // what is not there, the route itself says
	}
	if !matches(wanted, tag) {
		return errStale
	}
	return nil
}

// thingOf returns what a path names, e.g. /api/users/1 of
// /api/users/1/is-suspended.
func thingOf(path string) string {
	const parts = 4 // the first is empty
	split := strings.SplitN(path, "/", parts+1)
	return strings.Join(split[:min(parts, len(split))], "/")
}

// versionTag returns the entity tag of the thing, "" if there is none.
func (c *call) versionTag(tx *store.Tx) (string, error) {
	v, err := c.route.version(c, tx)
	if guestlist.KindOf(err) == guestlist.KindNotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`, nil
}

// matches reads If-Match. A proxy that compresses answers makes tags weak; they
// still name the same state here.
func matches(wanted, tag string) bool {
	for part := range strings.SplitSeq(wanted, ",") {
		part = strings.TrimSpace(part)
		if part == "*" || strings.TrimPrefix(part, "W/") == tag {
			return true
		}
	}
	return false
}

// The versions of things. Fields that change by themselves do not count.

func userVersion(c *call, tx *store.Tx) (any, error) {
	u, err := tx.User(guestlist.UserID(c.r.PathValue("userId")))
	u.LastSignInAt, u.UpdatedAt = nil, 0
	return u, err
}

func applicationVersion(c *call, tx *store.Tx) (any, error) {
	var shown shownApplication
	var err error
	if shown.Application, err = tx.Application(guestlist.ApplicationID(c.r.PathValue("id"))); err != nil {
		return nil, err
	}
	shown.IsAdmin, err = isAdmin(tx, shown.ID)
	return shown, err
}

// brandingVersion is that of an application's own branding. Until it has one
// there is nothing to overwrite.
func brandingVersion(c *call, tx *store.Tx) (any, error) {
	text, err := tx.ApplicationExperience(guestlist.ApplicationID(c.r.PathValue("id")))
	return string(text), err
}

// invitationVersion is that of what a host can change of an invitation; how far
// it came is not.
func invitationVersion(c *call, tx *store.Tx) (any, error) {
	i, err := tx.Invitation(guestlist.InvitationID(c.r.PathValue("id")))
	return []any{i.Name, i.Message, i.Locale, i.Grants, i.Own, i.ExpiresAt}, err
}

func roleVersion(c *call, tx *store.Tx) (any, error) {
	return tx.Role(guestlist.RoleID(c.r.PathValue("id")))
}

func resourceVersion(c *call, tx *store.Tx) (any, error) {
	return tx.Resource(guestlist.ResourceID(c.r.PathValue("id")))
}

func hookVersion(c *call, tx *store.Tx) (any, error) {
	return tx.Hook(guestlist.HookID(c.r.PathValue("id")))
}

func connectorVersion(c *call, tx *store.Tx) (any, error) {
	return tx.Connector(guestlist.ConnectorID(c.r.PathValue("id")))
}

func phrasesVersion(c *call, tx *store.Tx) (any, error) {
	return tx.CustomPhrasesIn(c.r.PathValue("languageTag"))
}

func templateVersion(c *call, tx *store.Tx) (any, error) {
	return tx.Template(guestlist.TemplateID(c.r.PathValue("id")))
}

// profileFieldVersion leaves out the place, which is set by a route of its own.
func profileFieldVersion(c *call, tx *store.Tx) (any, error) {
	f, err := tx.ProfileField(c.r.PathValue("name"))
	f.SIEOrder = 0
	return f, err
}

func experienceVersion(_ *call, tx *store.Tx) (any, error) { return tx.SignInExperience() }

func ssoConnectorVersion(c *call, tx *store.Tx) (any, error) {
	return tx.SSOConnector(guestlist.ConnectorID(c.r.PathValue("id")))
}

func organizationVersion(c *call, tx *store.Tx) (any, error) {
	return tx.Organization(guestlist.OrganizationID(c.r.PathValue("id")))
}

func organizationRoleVersion(c *call, tx *store.Tx) (any, error) {
	return tx.OrganizationRole(guestlist.OrganizationRoleID(c.r.PathValue("id")))
}

func organizationScopeVersion(c *call, tx *store.Tx) (any, error) {
	return tx.OrganizationScope(guestlist.OrganizationScopeID(c.r.PathValue("id")))
}
