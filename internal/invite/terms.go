package invite

import (
	"errors"
	"slices"
	"time"

	"golang.org/x/text/language"

	"guestlist"
	"guestlist/internal/store"
)

// The refusals of who issues invitations.
var (
	errRecipient        = guestlist.Refuse(guestlist.KindUnprocessable, "invitation.invalid_recipient")
	errSelf             = guestlist.Refuse(guestlist.KindUnprocessable, "invitation.self_invitation")
	errTerms            = guestlist.Refuse(guestlist.KindUnprocessable, "invitation.invalid_terms")
	errLanding          = guestlist.Refuse(guestlist.KindUnprocessable, "invitation.invalid_landing")
	errText             = guestlist.Refuse(guestlist.KindUnprocessable, "invitation.invalid_text")
	errUnknownReference = guestlist.Refuse(guestlist.KindUnprocessable, "invitation.unknown_reference")
	errTaken            = guestlist.Refuse(guestlist.KindUnprocessable, "entity.unique_integrity_violation")

	// ErrGrantsNotAllowed says that the host may not give what the invitation
	// would give.
	ErrGrantsNotAllowed = guestlist.Refuse(guestlist.KindForbidden, "invitation.grants_not_allowed")
)

// settingInvitations names the setting that holds the host's rules.
const settingInvitations = "invitations"

// Settings returns the rules for invitations; absent ones are the defaults.
func Settings(tx *store.Tx) (guestlist.InvitationSettings, error) {
	s := guestlist.DefaultInvitationSettings()
	return s, tx.SettingJSON(settingInvitations, &s)
}

// PutSettings writes the rules for invitations, for those that are issued or
// changed from now on. Ones that exclude each other are invitation.invalid_terms.
func PutSettings(tx *store.Tx, s guestlist.InvitationSettings) error {
	least := int(guestlist.MinInvitationTTL / time.Second)
	if s.ExpiresIn < least || s.MaxExpiresIn < s.ExpiresIn || s.MaxExpiresIn > int(guestlist.MaxPeriod/time.Second) {
		return errTerms.Saying("The usual time is at least %d seconds, and no longer than the longest; that is at most %d seconds.",
			least, int(guestlist.MaxPeriod/time.Second))
	}
	return tx.PutSettingJSON(settingInvitations, s)
}

// CheckTerms holds terms against the rules and what there is, fills in what is
// left out, and returns them in the form in which they are kept. Whoever issues
// many invitations of the same terms asks once.
func (h Host) CheckTerms(tx *store.Tx, kind guestlist.InvitationKind, t guestlist.InvitationTerms) (guestlist.InvitationTerms, error) {
	rules, err := Settings(tx)
	if err != nil {
		return t, err
	}
	if t.TTL == 0 {
		t.TTL = rules.ExpiresIn
	}
	if t.TTL < int(guestlist.MinInvitationTTL/time.Second) || t.TTL > rules.MaxExpiresIn {
		return t, errExpiry(rules)
	}
	if t.Landing == "" {
		t.Landing = guestlist.LandingHosted
	}
	if t.Binding == "" {
		t.Binding = guestlist.BindExact
	}
	for _, check := range []func(*store.Tx, guestlist.InvitationKind, *guestlist.InvitationTerms) error{
		h.checkLanding, h.checkBinding, checkSteps, checkReminders,
	} {
		if err := check(tx, kind, &t); err != nil {
			return t, err
		}
	}
	if !CheckText(t.Message, guestlist.MaxInvitationMessage, true) {
		return t, errText.WithArgs(map[string]any{"max": guestlist.MaxInvitationMessage})
	}
	return t, h.CheckGrants(tx, t.Grants)
}

// errExpiry says between what an end may lie.
func errExpiry(rules guestlist.InvitationSettings) error {
	const day = 24 * 60 * 60
	return guestlist.Refuse(guestlist.KindUnprocessable, "invitation.invalid_expiry").
		WithArgs(map[string]any{"seconds": int(guestlist.MinInvitationTTL / time.Second), "days": (rules.MaxExpiresIn + day - 1) / day})
}

// checkLanding lets links lead to nobody but the application itself: to where
// its redirect URIs are, or the origins that it lists.
func (h Host) checkLanding(tx *store.Tx, _ guestlist.InvitationKind, t *guestlist.InvitationTerms) error {
	if t.Landing != guestlist.LandingHosted && t.Landing != guestlist.LandingApplication {
		return errLanding
	}
	var app guestlist.Application
	if t.ApplicationID != "" {
		var err error
		if app, err = h.application(tx, t.ApplicationID); err != nil {
			return err
		}
		if !app.Type.MayRedirect() {
			return errUnknownReference.WithArgs(map[string]any{"name": "application", "id": clip(string(t.ApplicationID))})
		}
	}
	if t.Landing == guestlist.LandingHosted {
		if t.LandingURL != "" {
			return errLanding
		}
		return nil
	}
	if t.ApplicationID == "" || !app.AllowsLanding(t.LandingURL) {
		return errLanding
	}
	return nil
}

func (h Host) checkBinding(tx *store.Tx, kind guestlist.InvitationKind, t *guestlist.InvitationTerms) error {
	known := []guestlist.IdentityBinding{guestlist.BindExact, guestlist.BindDomain, guestlist.BindConnector, guestlist.BindAny}
	if !slices.Contains(known, t.Binding) || len(t.AllowedDomains) > guestlist.MaxInvitationDomains ||
		len(t.AllowedConnectors) > guestlist.MaxInvitationConnectors {
		return errTerms
	}
	domains := make([]string, 0, len(t.AllowedDomains))
	for _, d := range t.AllowedDomains {
		domain, ok := ASCIIDomain(d)
		if !ok || !guestlist.IsEmail("x@"+domain) {
			return errTerms.Saying("%q is no domain of addresses.", clip(d))
		}
		domains = append(domains, domain)
	}
	slices.Sort(domains)
	if t.AllowedDomains = slices.Compact(domains); len(domains) == 0 {
		t.AllowedDomains = nil
	}
	if t.Binding == guestlist.BindDomain && kind == guestlist.InvitationShared && len(domains) == 0 {
		return errTerms.Saying("Name the domains whose addresses may accept.")
	}
	return h.checkConnectors(tx, t.AllowedConnectors)
}

// checkConnectors refuses what is neither the target of a social connector nor
// an enterprise connector.
func (h Host) checkConnectors(tx *store.Tx, names []string) error {
	if len(names) == 0 {
		return nil
	}
	social, err := tx.Connectors(store.Page{})
	if err != nil {
		return err
	}
	targets := map[string]bool{}
	for _, c := range social {
		if h.TargetOf != nil {
			targets[h.TargetOf(c)] = true
		}
	}
	for _, name := range names {
		if targets[name] && name != "" {
			continue
		}
		if _, err := tx.SSOConnector(guestlist.ConnectorID(name)); err != nil {
			return orUnknown(err, "connector", name)
		}
	}
	return nil
}

func checkSteps(_ *store.Tx, _ guestlist.InvitationKind, t *guestlist.InvitationTerms) error {
	known := []guestlist.InvitationStep{guestlist.StepPassword, guestlist.StepTerms, guestlist.StepProfile}
	var steps []guestlist.InvitationStep
	for _, s := range known { // in one order, each once
		if slices.Contains(t.RequiredSteps, s) {
			steps = append(steps, s)
		}
	}
	for _, s := range t.RequiredSteps {
		if !slices.Contains(known, s) {
			return errTerms
		}
	}
	t.RequiredSteps = steps
	return nil
}

func checkReminders(_ *store.Tx, kind guestlist.InvitationKind, t *guestlist.InvitationTerms) error {
	const day = 24 * 60 * 60
	for _, days := range []*[]int{&t.RemindAfter, &t.RemindBeforeEnd} {
		if len(*days) > guestlist.MaxInvitationReminders {
			return errTerms.Saying("There are at most %d reminders of each sort.", guestlist.MaxInvitationReminders)
		}
		for _, n := range *days {
			if n < 1 || n*day >= t.TTL || kind == guestlist.InvitationShared {
				return errTerms.Saying("Reminders go out between the first mail of a personal invitation and its end.")
			}
		}
		sorted := slices.Clone(*days)
		slices.Sort(sorted)
		*days = slices.Compact(sorted)
	}
	return nil
}

// checkLocale takes languages by their tags (BCP 47).
func checkLocale(locale string) error {
	if locale == "" {
		return nil
	}
	if _, err := language.Parse(locale); err != nil || len(locale) > guestlist.MaxLangTag {
		return errTerms.Saying("%q is no language tag.", clip(locale))
	}
	return nil
}

// checkOwn bounds what one invitation alone gives.
func checkOwn(own guestlist.InvitationOwn) error {
	if len(own.CustomData) > guestlist.MaxInvitationCustomData {
		return errTerms.Saying("Custom data has at most %d bytes.", guestlist.MaxInvitationCustomData)
	}
	return nil
}

// orOpen turns "not found" into false.
func orOpen(i guestlist.Invitation, err error) (guestlist.Invitation, bool, error) {
	if errors.Is(err, store.ErrNotFound) {
		return i, false, nil
	}
	return i, err == nil, err
}
