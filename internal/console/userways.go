package console

import (
	"strings"

	"guestlist"
	"guestlist/internal/console/ui"
)

// ways are the identifiers that people sign in by as things are.
func (v *visit) ways() ([]guestlist.IdentifierType, error) {
	var exp guestlist.SignInExperience
	if err := v.api.Do(v.ctx(), "GET", "/sign-in-exp", nil, &exp); err != nil {
		return nil, err
	}
	var list []guestlist.IdentifierType
	for _, m := range exp.SignIn.Methods {
		list = append(list, m.Identifier)
	}
	return list, nil
}

// waysText names them.
func (v *visit) waysText(ways []guestlist.IdentifierType) string {
	var names []string
	for _, w := range ways {
		names = append(names, v.T("users.way."+string(w)))
	}
	return strings.Join(names, ", ")
}

// stranded says that somebody who never came in has nothing to sign in by, as
// happens to an account with an address alone where people use names. It is
// nothing, and no block, for everybody else.
func (v *visit) stranded(u guestlist.User) ([]ui.Block, error) {
	if u.LastSignInAt != nil || len(u.Identities) > 0 {
		return nil, nil
	}
	ways, err := v.ways()
	if err != nil || len(ways) == 0 {
		return nil, err
	}
	has := map[guestlist.IdentifierType]*string{
		guestlist.IdentifierUsername: u.Username, guestlist.IdentifierEmail: u.PrimaryEmail, guestlist.IdentifierPhone: u.PrimaryPhone,
	}
	for _, w := range ways {
		if s := has[w]; s != nil && *s != "" {
			return nil, nil
		}
	}
	return []ui.Block{ui.Notice{
		Tone: ui.Warn, Title: v.T("users.stranded", "name", userName(u)), Text: v.T("users.stranded_text", "ways", v.waysText(ways)),
		Actions: []ui.Action{{Text: v.T("users.stranded_do"), Href: signInTab().path()}},
	}}, nil
}
