package console

import (
	"slices"
	"strings"

	"guestlist"
)

// inviting are the parts of the console that narrower scopes open, by the paths
// under which they lie.
var inviting = []string{pathInvitations, pathActions, pathCodes, pathCampaigns, pathWaitlist}

// may reports whether one of these scopes is among those of whoever looks. It
// only says what is worth showing: what may be done, the API decides.
func (v *visit) may(scopes ...string) bool {
	return slices.ContainsFunc(append(scopes, guestlist.ScopeAll), func(s string) bool { return slices.Contains(v.who.Scopes, s) })
}

// owns reports whether whoever looks may do everything.
func (v *visit) owns() bool { return v.may() }

// reads reports whether they may look at all that is no secret.
func (v *visit) reads() bool { return v.may(guestlist.ScopeRead) }

// invites reports whether they may issue invitations.
func (v *visit) invites() bool { return v.may(guestlist.ScopeInvitationsWrite) }

// opens reports whether a page is open to them. The overview is: it shows what
// they may see.
func (v *visit) opens(path string) bool {
	if path == Path || v.reads() {
		return true
	}
	return v.may(guestlist.ScopeInvitationsRead) && slices.ContainsFunc(inviting, func(at string) bool {
		return path == at || strings.HasPrefix(path, at+"/")
	})
}
