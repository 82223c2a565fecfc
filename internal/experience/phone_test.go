package experience_test

import (
	"net/url"
	"strings"
	"testing"

	"guestlist"
)

func withPhones(region string) func(*guestlist.SignInExperience) {
	return func(e *guestlist.SignInExperience) {
		e.PhoneRegion = region
		e.SignUp = guestlist.SignUpSettings{Identifiers: []guestlist.IdentifierType{guestlist.IdentifierPhone}, Verify: true}
	}
}

// A number without a country code is one of where the guest is: as the host
// says, or else as the guest's languages do.
func TestNumbersAreReadWhereTheGuestIs(t *testing.T) {
	for name, c := range map[string]struct {
		region, accept, locales, typed, shows string
	}{
		"the host's region":    {region: "GB", accept: "de-AT", typed: "07700 900123", shows: "+447700900123"},
		"the language's":       {accept: "de-AT,en", typed: "0664 1234567", shows: "+436641234567"},
		"a later language's":   {accept: "en,de-AT;q=0.5", typed: "0664 1234567", shows: "+436641234567"},
		"what the request has": {accept: "en-US", locales: "de-CH", typed: "078 123 45 67", shows: "+41781234567"},
		"home of a language":   {accept: "de", typed: "0170 1234567", shows: "+491701234567"},
		"international":        {region: "US", typed: "+49 170 1234567", shows: "+491701234567"},
		"from abroad":          {region: "US", typed: "0049 170 1234567", shows: "+491701234567"},
		"a zero too much":      {typed: "+44 (0)7700 900123", shows: "+447700900123"},
		"no region":            {accept: "en", typed: "07700 900123"},
		"a script":             {accept: "zh-Hant", typed: "07700 900123"},
		"a word":               {region: "US", typed: "my number"},
		"too short":            {region: "US", typed: "123"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, withPhones(c.region))
			b := h.browser()
			b.Header.Set("Accept-Language", c.accept)
			params := url.Values{}
			if c.locales != "" {
				params.Set("ui_locales", c.locales)
			}
			a := h.open(b, "/register", params)
			a = b.Submit(a, "form.form", form{"identifier": c.typed})
			if c.shows == "" {
				at(t, a, 422, "register")
				if !a.Has("#f-identifier-error") || a.One("#f-identifier").Attr("value") != c.typed {
					t.Errorf("the page does not say what is wrong: %s", a.One("main").Text())
				}
				return
			}
			at(t, a, 200, "verification-code")
			if lead := a.One(".lead").Text(); !strings.Contains(lead, c.shows) {
				t.Errorf("the code went to %q, want %s", lead, c.shows)
			}
		})
	}
}
