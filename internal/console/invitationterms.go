package console

import (
	"slices"
	"strconv"
	"strings"

	"guestlist"
	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

// The lists of what an invitation can name. Who may only invite gets these and
// no others.
const (
	offerApplications      = "applications"
	offerRoles             = "roles"
	offerOrganizations     = "organizations"
	offerOrganizationRoles = "organization-roles"
)

// offered are the names of what an invitation can lead to or give, and how many
// there are besides those. They are asked for once in a visit.
func (v *visit) offered(what string) (options []ui.Option, besides int, err error) {
	if known, ok := v.offers[what]; ok {
		return known.options, known.besides, nil
	}
	if !v.may(guestlist.ScopeRead, guestlist.ScopeInvitationsWrite) {
		return nil, 0, nil
	}
	var rows []struct{ ID, Name string }
	answer, err := v.api.List(v.ctx(), "/invitation-choices/"+what, nil, 1, maxChoices, &rows)
	if err != nil {
		return nil, 0, err
	}
	for _, r := range rows {
		options = append(options, ui.Option{Value: r.ID, Text: r.Name})
	}
	if v.offers == nil {
		v.offers = map[string]offer{}
	}
	o := offer{options, max(0, answer.Total-len(rows))}
	v.offers[what] = o
	return o.options, o.besides, nil
}

type offer struct {
	options []ui.Option
	besides int
}

// offeredName is what something is called that an invitation names, its id where
// that is not known.
func (v *visit) offeredName(what, id string) string {
	options, _, err := v.offered(what)
	if err == nil {
		for _, o := range options {
			if o.Value == id && o.Text != "" {
				return o.Text
			}
		}
	}
	return id
}

// termSections are the fields that all invitations share: what they say, where
// they lead, what they give, and what they ask. Codes are for nobody in
// particular, so that nothing can be sent to them at acceptance.
func (v *visit) termSections(kind guestlist.InvitationKind, more ...ui.Field) ([]ui.FormSection, error) {
	terms, err := v.termFields()
	if err != nil {
		return nil, err
	}
	sections := []ui.FormSection{{Title: v.T("invitations.terms"), Fields: append(terms, more...)}}
	orgs, err := v.organizationField()
	if err != nil {
		return nil, err
	}
	if orgs != nil {
		sections = append(sections, ui.FormSection{Title: v.T("invitations.organizations"), Folded: true, Fields: []ui.Field{*orgs}})
	}
	return append(sections, ui.FormSection{Title: v.T("invitations.acceptance"), Folded: true, Fields: v.acceptanceFields(kind)}), nil
}

func (v *visit) termFields() ([]ui.Field, error) {
	var rules guestlist.InvitationSettings
	if err := v.api.Do(v.ctx(), "GET", "/configs/invitations", nil, &rules); err != nil {
		return nil, err
	}
	apps, besides, err := v.offered(offerApplications)
	if err != nil {
		return nil, err
	}
	least, most := 1, max(1, rules.MaxExpiresIn/secondsOfDay)
	app := ui.Field{
		Kind: ui.KindSelect, Name: "applicationId", Label: v.T("invitations.application"), Help: v.helpOf("invitations.application_help", besides),
		Options: append([]ui.Option{{Text: v.T("invitations.account_alone")}}, apps...), Partial: true,
	}
	if len(apps) > 0 {
		app.Value = apps[0].Value
	}
	fields := []ui.Field{
		{
			Kind: ui.KindTextarea, Name: "message", Label: v.T("invitations.message"), Help: v.T("invitations.message_help"), Rows: 4,
			Max: guestlist.MaxInvitationMessage, Optional: true,
		},
		app,
		{
			Kind: ui.KindNumber, Name: "days", API: "expiresIn", Label: v.T("invitations.good_for"), Suffix: v.T("invitations.unit_days"),
			Value: strconv.Itoa(max(1, rules.ExpiresIn/secondsOfDay)), Least: &least, Most: &most,
		},
	}
	roles, besides, err := v.offered(offerRoles)
	if err == nil && len(roles) > 0 {
		fields = append(fields, ui.Field{
			Kind: ui.KindChecks, Name: "roles", API: "grants.roleIds", Label: v.T("invitations.roles"), Help: v.helpOf("invitations.roles_help", besides),
			Options: slices.Clone(roles), Partial: true,
		})
	}
	return fields, err
}

// helpOf is the help of a choice, which says if it has not all.
func (v *visit) helpOf(key string, besides int) string {
	if besides == 0 {
		return v.T(key)
	}
	return v.T(key) + " " + v.N("invitations.besides", besides)
}

// inOrganization parts an organization from a role in it, in a value of the
// field of organizations. No id has it.
const inOrganization = "/"

// organizationField offers each organization, and each role in it; nil where
// there is none.
func (v *visit) organizationField() (*ui.Field, error) {
	orgs, besides, err := v.offered(offerOrganizations)
	if err != nil || len(orgs) == 0 {
		return nil, err
	}
	roles, _, err := v.offered(offerOrganizationRoles)
	if err != nil {
		return nil, err
	}
	f := &ui.Field{
		Kind: ui.KindChecks, Name: "organizations", API: "grants.organizations", Label: v.T("invitations.organizations"),
		Help: v.helpOf("invitations.organizations_help", besides), Partial: true,
	}
	for _, o := range orgs {
		if len(roles) == 0 {
			f.Options = append(f.Options, o)
			continue
		}
		f.Options = append(f.Options, ui.Option{Group: o.Text, Value: o.Value, Text: v.T("invitations.member")})
		for _, r := range roles {
			f.Options = append(f.Options, ui.Option{Value: o.Value + inOrganization + r.Value, Text: v.T("invitations.member_as", "role", r.Text)})
		}
	}
	return f, nil
}

// typedOrganizations is what was chosen in organizationField. A role in an
// organization makes a member of it.
func (v *visit) typedOrganizations() []guestlist.InvitationOrganization {
	var list []guestlist.InvitationOrganization
	for _, value := range ui.ListOf(v.form, "organizations") {
		id, role, has := strings.Cut(value, inOrganization)
		at := slices.IndexFunc(list, func(o guestlist.InvitationOrganization) bool { return string(o.ID) == id })
		if at < 0 {
			at, list = len(list), append(list, guestlist.InvitationOrganization{ID: guestlist.OrganizationID(id)})
		}
		if has {
			list[at].RoleIDs = append(list[at].RoleIDs, guestlist.OrganizationRoleID(role))
		}
	}
	return list
}

// organizationValues are the values of organizationField that were chosen.
func organizationValues(list []guestlist.InvitationOrganization) []string {
	var values []string
	for _, o := range list {
		values = append(values, string(o.ID))
		for _, r := range o.RoleIDs {
			values = append(values, string(o.ID)+inOrganization+string(r))
		}
	}
	return values
}

var steps = []guestlist.InvitationStep{guestlist.StepPassword, guestlist.StepTerms, guestlist.StepProfile}

// acceptanceFields say where the link leads, and what acceptance asks.
func (v *visit) acceptanceFields(kind guestlist.InvitationKind) []ui.Field {
	required := ui.Field{
		Kind: ui.KindChecks, Name: "requiredSteps", Label: v.T("invitations.steps"), Help: v.T("invitations.steps_help"),
	}
	for _, s := range steps {
		required.Options = append(required.Options, ui.Option{Value: string(s), Text: v.T("invitations.step." + string(s))})
	}
	own := []ui.When{{Field: "landing", Value: string(guestlist.LandingApplication), Text: v.T("invitations.if_own_landing")}}
	fields := []ui.Field{
		{
			Kind: ui.KindRadio, Name: "landing", Label: v.T("invitations.landing"), Value: string(guestlist.LandingHosted), Options: []ui.Option{
				{Value: string(guestlist.LandingHosted), Text: v.T("invitations.landing_hosted"), Help: v.T("invitations.landing_hosted_help")},
				{Value: string(guestlist.LandingApplication), Text: v.T("invitations.landing_application"), Help: v.T("invitations.landing_application_help")},
			},
		},
		{
			Name: "landingUrl", Label: v.T("invitations.landing_url"), Help: v.T("invitations.landing_url_help"), Type: "url",
			Placeholder: "https://app.example.com/welcome", Max: guestlist.MaxRedirectURILength, When: own,
		},
		required,
	}
	if kind == guestlist.InvitationPersonal {
		fields = append(fields, ui.Field{Kind: ui.KindSwitch, Name: "strict", Label: v.T("invitations.strict"), Help: v.T("invitations.strict_help")})
	}
	return fields
}

// languageField asks in which language mails go out.
func (v *visit) languageField(value string) ui.Field {
	languages := []ui.Option{{Text: v.T("invitations.language_any")}}
	if value != "" && !slices.Contains(web.Languages, value) {
		languages = append(languages, ui.Option{Value: value, Text: ui.LanguageName(value)})
	}
	for _, l := range web.Languages {
		languages = append(languages, ui.Option{Value: l, Text: ui.LanguageName(l)})
	}
	return ui.Field{Kind: ui.KindSelect, Name: "locale", Label: v.T("invitations.language"), Value: value, Options: languages}
}

// terms is what was typed into termSections, as the API takes it. What cannot be
// read is marked.
func (v *visit) terms(form *ui.Form) map[string]any {
	days, err := strconv.Atoi(strings.TrimSpace(v.form.Get("days")))
	if err != nil || days < 1 {
		form.Mark("expiresIn", v.T("ui.issue.number"))
	}
	body := map[string]any{"expiresIn": min(days, maxDaysTyped) * secondsOfDay}
	if text := strings.TrimSpace(plainLines(v.form.Get("message"))); text != "" {
		body["message"] = text
	}
	app := strings.TrimSpace(v.form.Get("applicationId"))
	if app != "" {
		body["applicationId"] = app
	}
	grants := map[string]any{}
	if roles := ui.ListOf(v.form, "roles"); len(roles) > 0 {
		grants["roleIds"] = roles
	}
	if orgs := v.typedOrganizations(); len(orgs) > 0 {
		grants["organizations"] = orgs
	}
	if len(grants) > 0 {
		body["grants"] = grants
	}
	if v.form.Get("landing") == string(guestlist.LandingApplication) {
		body["landing"], body["landingUrl"] = guestlist.LandingApplication, strings.TrimSpace(v.form.Get("landingUrl"))
		switch {
		case app == "":
			form.Mark("applicationId", v.T("invitations.landing_needs_application"))
		case body["landingUrl"] == "":
			form.Mark("landingUrl", v.T("ui.issue.required"))
		}
	}
	if required := ui.ListOf(v.form, "requiredSteps"); len(required) > 0 {
		body["requiredSteps"] = required
	}
	if v.on("strict") {
		body["strict"] = true
	}
	return body
}

// maxDaysTyped keeps what is typed within what the API counts in.
const maxDaysTyped = guestlist.MaxPeriodDays

// termProblems says which refusal of terms is about which field.
var termProblems = []string{
	"invitation.invalid_text", "message", "invitation.invalid_expiry", "expiresIn", "invitation.unknown_reference", "applicationId",
	"invitation.invalid_landing", "landingUrl",
}

// fillTerms writes what was chosen before into the fields.
func fillTerms(form *ui.Form, t guestlist.InvitationTerms) {
	text := func(name, value string) {
		if f := form.Field(name); f != nil && value != "" {
			f.Value = value
		}
	}
	list := func(name string, values []string) {
		if f := form.Field(name); f != nil {
			f.Values = append(f.Values, values...)
		}
	}
	text("message", t.Message)
	text("applicationId", string(t.ApplicationID))
	if t.TTL > 0 {
		text("days", strconv.Itoa(max(1, t.TTL/secondsOfDay)))
	}
	text("landing", string(t.Landing))
	text("landingUrl", t.LandingURL)
	var roles, required []string
	for _, id := range t.Grants.RoleIDs {
		roles = append(roles, string(id))
	}
	for _, s := range t.RequiredSteps {
		required = append(required, string(s))
	}
	list("roles", roles)
	list("requiredSteps", required)
	list("organizations", organizationValues(t.Grants.Organizations))
	if f := form.Field("strict"); f != nil {
		f.On = t.Strict
	}
}

// termFacts are what an invitation gives, asks and says.
func (v *visit) termFacts(i invitation) []ui.Fact {
	facts := v.grantFacts(i.InvitationTerms)
	if i.NotBefore != nil {
		facts = append(facts, ui.Fact{Term: v.T("invitations.begins"), Cell: ui.At(*i.NotBefore)})
	}
	facts = append(facts, ui.Fact{Term: v.T("invitations.ends"), Cell: v.invitationEnd(i)})
	return append(facts, v.askFacts(i.InvitationTerms, i.Locale)...)
}

// grantFacts are where a guest goes, and what they get.
func (v *visit) grantFacts(t guestlist.InvitationTerms) []ui.Fact {
	facts := []ui.Fact{
		{Term: v.T("invitations.application"), Cell: v.applicationCell(t.ApplicationID)},
		{Term: v.T("invitations.roles"), Cell: ui.Cell{Tags: v.roleNames(t.Grants.RoleIDs)}},
	}
	for _, o := range t.Grants.Organizations {
		cell := ui.Text(v.offeredName(offerOrganizations, string(o.ID)))
		var names []string
		for _, r := range o.RoleIDs {
			names = append(names, v.offeredName(offerOrganizationRoles, string(r)))
		}
		cell.Sub = v.enumerated(names)
		facts = append(facts, ui.Fact{Term: v.T("invitations.organization"), Cell: cell})
	}
	return facts
}

// askFacts are where a link leads, what acceptance asks, and what is said.
func (v *visit) askFacts(t guestlist.InvitationTerms, locale string) []ui.Fact {
	var facts []ui.Fact
	if t.Landing == guestlist.LandingApplication {
		facts = append(facts, ui.Fact{Term: v.T("invitations.landing"), Cell: ui.Cell{Text: t.LandingURL, Code: true}})
	}
	if len(t.RequiredSteps) > 0 {
		var names []string
		for _, s := range t.RequiredSteps {
			names = append(names, v.T("invitations.step."+string(s)))
		}
		facts = append(facts, ui.Fact{Term: v.T("invitations.steps"), Cell: ui.Cell{Tags: names}})
	}
	if t.Strict {
		facts = append(facts, ui.Fact{Term: v.T("invitations.strict_short"), Cell: ui.Text(v.T("invitations.strict_yes"))})
	}
	if locale != "" {
		facts = append(facts, ui.Fact{Term: v.T("invitations.language"), Cell: ui.Text(ui.LanguageName(locale))})
	}
	if len(t.AllowedDomains) > 0 {
		facts = append(facts, ui.Fact{Term: v.T("invitations.domains"), Cell: ui.Cell{Tags: t.AllowedDomains}})
	}
	if t.Message != "" {
		facts = append(facts, ui.Fact{Term: v.T("invitations.message"), Cell: ui.Text(t.Message)})
	}
	return facts
}

func (v *visit) applicationCell(id guestlist.ApplicationID) ui.Cell {
	if id == "" {
		return ui.Text(v.T("invitations.account_alone"))
	}
	name := v.offeredName(offerApplications, string(id))
	if name == string(id) && v.reads() {
		name = v.names().of(payload{ApplicationID: id})
	}
	if name == "" || name == string(id) {
		return ui.Code(string(id))
	}
	return ui.Cell{Text: name, Href: v.link(pathApplications, string(id))}
}

// roleNames names roles, by their ids where nobody offers them any more.
func (v *visit) roleNames(ids []guestlist.RoleID) []string {
	var names []string
	for _, id := range ids {
		names = append(names, v.offeredName(offerRoles, string(id)))
	}
	return names
}
